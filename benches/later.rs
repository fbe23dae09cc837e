//! How good the probabilities of later purchases are, on simulated shops of which it is known what happens after the night:
//! `cargo bench -p benches -p analysis --bench later -- [FROM..UNTIL] [CARTS_A_DAY] [DAYS]`

use std::collections::HashMap;
use std::io::Write as _;

use analysis::prediction::later::LaterCart;
use analysis::stats::scoring::{auc, brier, calibration_error, debiased_calibration_error, mean_log_loss, reliability};
use analysis::{Tables, prediction};
use carts::columns::Text;
use events::lake;
use events::parquet_io::Reader;
use events::time;
use serde_json::Value;
use shop::Shop;
use simulate::{Config, Format, Scenario};

/// Bins, and shops of perfect probabilities that say how large the error is by chance.
const BINS: usize = 15;
const PERFECT: usize = 400;

/// What was said of each cart that could still be bought, and whether it was.
fn pairs(shop: &Shop) -> Vec<(f64, bool)> {
    let settings = shop.settings();
    let truth = std::fs::read_to_string(shop.logs().join("_truth/carts.ndjson")).expect("the truth");
    let bought: HashMap<String, bool> = truth
        .lines()
        .map(|line| {
            let cart: Value = serde_json::from_str(line).expect("JSON");
            let at = cart["purchased_at"].as_str().and_then(time::parse);
            let id = cart["opening_event_id"].as_str().expect("an id").to_owned();
            (id, at.is_some_and(|at| at > settings.as_of))
        })
        .collect();
    let mut open = HashMap::new();
    for file in lake::parquet_files(&shop.tables().join("carts")).expect("the carts table") {
        for batch in Reader::open(&file, &["cart_id", "opening_event_id", "state"]).expect("the carts table") {
            let batch = batch.expect("rows");
            let text = |name: &str| Text::of(&batch, name).expect("a column of text");
            let (carts, events, states) = (text("cart_id"), text("opening_event_id"), text("state"));
            for row in (0..batch.num_rows()).filter(|row| states.get(*row) == Some("open")) {
                let id = |of: &Text| of.get(row).unwrap_or_default().to_owned();
                open.insert(id(&carts), id(&events));
            }
        }
    }
    let prediction = prediction::predict(&Tables::of(&shop.tables()), &settings).expect("forecasts");
    let known =
        |row: &LaterCart| open.get(&row.cart_id).and_then(|event| bought.get(event)).map(|bought| (row.now, *bought));
    prediction.later.rows.iter().filter_map(known).collect()
}

/// The error that perfect probabilities would stay below in 95 of 100 cases.
fn perfect(pairs: &[(f64, bool)]) -> f64 {
    let mut dice = 1_u64;
    let mut luck = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut errors: Vec<f64> = (0..PERFECT)
        .map(|_| {
            let drawn: Vec<(f64, bool)> = pairs.iter().map(|(p, _)| (*p, luck() < *p)).collect();
            calibration_error(&reliability(&drawn, BINS))
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    errors[PERFECT * 95 / 100]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let (from, until) = arguments.first().map_or("1..2", String::as_str).split_once("..").expect("FROM..UNTIL");
    let number = |at: usize, usual: u32| arguments.get(at).map_or(usual, |text| text.parse().expect("a number"));
    let (carts_per_day, days) = (number(1, 1_200), number(2, 60));
    let mut out = std::io::stdout().lock();
    writeln!(out, "seed\topen\tsaid\tbought\tlog-loss\tBrier\tAUC\terror\tperfect 95 %\tdebiased").expect("written");
    for seed in from.parse().expect("a seed")..until.parse().expect("a seed") {
        let config = Config { days, carts_per_day, seed, scenario: Scenario::Calm, ..Config::default() };
        let shop = Shop::new(config, Format::NativeCsv);
        assert!(shop.ingest().accepted <= shop.rows, "what is read is what was written");
        shop.carts();
        let pairs = pairs(&shop);
        let bins = reliability(&pairs, BINS);
        let n = pairs.len() as f64;
        let said = pairs.iter().map(|(p, _)| p).sum::<f64>() / n;
        let bought = pairs.iter().filter(|(_, bought)| *bought).count() as f64 / n;
        writeln!(
            out,
            "{seed}\t{n}\t{said:.4}\t{bought:.4}\t{:.4}\t{:.4}\t{:.3}\t{:.4}\t{:.4}\t{:.4}",
            mean_log_loss(&pairs).unwrap_or(f64::NAN),
            brier(&pairs).unwrap_or(f64::NAN),
            auc(&pairs).unwrap_or(f64::NAN),
            calibration_error(&bins),
            perfect(&pairs),
            debiased_calibration_error(&bins)
        )
        .expect("written");
        for bin in bins {
            writeln!(out, "# {} carts: said {:.4}, bought {:.4}", bin.n, bin.predicted, bin.observed())
                .expect("written");
        }
    }
}
