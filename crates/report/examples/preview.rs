//! Reports of made-up nights, to look at: `cargo run --release -p report --example preview -- FOLDER`.

use std::path::PathBuf;

use report::{Error, Provenance, nights, render};

#[path = "../src/testing/mod.rs"]
mod testing;

fn main() -> Result<(), Error> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "preview".into()));
    let hostile = testing::Cart {
        words: [
            Some("<script>alert(1)</script>"),
            Some("\"><img src=x onerror=alert(1)>"),
            Some("</svg>"),
            Some("x".repeat(300).as_str()),
            Some("d1"),
        ]
        .map(|word| word.map(str::to_owned)),
        currency: Some("</svg>".to_owned()),
        ..testing::cart()
    };
    let shops = [
        ("large", testing::shop(14_000), 410),
        ("small", testing::shop(220), 3),
        ("one", vec![testing::cart()], 0),
        ("none", Vec::new(), 0),
        ("hostile", vec![hostile; 40], 0),
    ];
    for (name, carts, without_cart) in shops {
        let analysis = testing::analysis_of(&carts, without_cart);
        let analysis = match name {
            "large" => testing::with_findings(analysis, "paypal"),
            "hostile" => testing::with_findings(analysis, "</svg><script>alert(1)</script>"),
            _ => analysis,
        };
        render(&analysis, &testing::provenance(), &folder.join(name))?;
    }
    nights(&folder)
}
