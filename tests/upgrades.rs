//! Lakes that earlier versions made open, or say in words how to bring them forward; and what is brought forward is what this
//! version would have made.
//!
//! `tests/upgrades/v1.zst` is the lake that leftcart 0.1.0 made of `one.csv` and `two.csv`, night by night, as tables of
//! version 1: for each file a line with its path below `data/`, a tab and its length, then its bytes. Links are left out. A
//! version of the tables that differs from the last one gets a file of its own beside it, and a line in [`KEPT`].

use std::path::Path;

use serde_json::Value;
use support::lake::Lake;
use support::table;

use crate::lake;
use crate::nights::{assert_same_rows, rows};

/// What earlier versions left, by the version of their tables.
const KEPT: [(u64, &[u8]); 1] = [(1, include_bytes!("upgrades/v1.zst"))];
const NIGHTS: [&str; 2] = [include_str!("upgrades/one.csv"), include_str!("upgrades/two.csv")];
/// What comes after the upgrade: a purchase of a cart that is still open, and a row that is old.
const LATER: &str = "ts,kind,event_id,visitor_id,customer_id,product_id,quantity,unit_price,currency,order_id,device
2026-01-05T10:00:00Z,add_to_cart,a1,ann,,mug,1,12.50,EUR,,mobile
2026-01-10T12:00:00Z,purchase,e2,eve,,jar,1,3.00,EUR,E1,tablet
";

/// A folder with such a lake in `data`, and its logs.
fn earlier(kept: &[u8]) -> Lake {
    let mut lake = lake();
    "2026-01-11T03:00:00Z".clone_into(&mut lake.clock);
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 0.5\n");
    for (name, text) in ["one.csv", "two.csv"].iter().zip(NIGHTS) {
        lake.write(name, text);
    }
    lake.write("later.csv", LATER);
    let bytes = zstd::decode_all(kept).expect("packed as it says");
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a line");
        let line = std::str::from_utf8(&rest[..end]).expect("UTF-8");
        let (path, length) = line.split_once('\t').expect("a path and a length");
        let length: usize = length.parse().expect("a number");
        let body = &rest[end + 1..];
        lake.write(&format!("data/{path}"), &body[..length]);
        rest = &body[length..];
    }
    lake
}

fn manifest(lake: &Lake, data: &str) -> Value {
    let path = lake.path().join(data).join("current/manifest.json");
    serde_json::from_slice(&std::fs::read(path).expect("a published night")).expect("a manifest")
}

/// A lake that this version made of the same files, in `fresh`.
fn fresh(lake: &Lake, files: &[&str]) {
    for file in files {
        drop(lake.json(&["run", "--data", "fresh", "--reports", "pages", file]));
    }
}

/// Says of the lake's only generations that another leftcart made them.
fn made_by(lake: &Lake, version: &str) {
    for entry in std::fs::read_dir(lake.path().join("data/generations")).expect("generations") {
        let path = entry.expect("an entry").path().join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("a manifest");
        manifest["code_version"] = version.into();
        std::fs::write(path, manifest.to_string()).expect("a manifest can be written");
    }
}

fn versions(generation: &Path) -> Vec<String> {
    let version = |file: &std::path::PathBuf| {
        let schema = events::parquet_io::schema(file).expect("Parquet");
        schema.metadata()[events::schema::VERSION_KEY].clone()
    };
    let mut versions: Vec<String> = table::files(generation).iter().map(version).collect();
    versions.sort();
    versions.dedup();
    versions
}

#[test]
fn carts_of_an_earlier_leftcart_are_brought_forward_and_are_what_this_one_would_have_made() {
    for (version, kept) in KEPT {
        let lake = earlier(kept);
        let is_older = version < u64::from(events::schema::VERSION);
        let done = lake.run(&["describe", "--quiet"]);
        if is_older {
            assert_eq!(done.code, 1);
            assert!(done.stderr.contains("`leftcart migrate` brings it forward"), "{}", done.stderr);
        } else {
            assert_eq!((done.code, done.stderr.as_str()), (0, ""), "it opens as it is");
        }
        // Also where tables are the same, another leftcart may make other carts.
        made_by(&lake, "0.0.9");
        let said = lake.json(&["migrate"]);
        assert_eq!(said["from"], version);
        assert_eq!(said["to"], events::schema::VERSION);
        assert_eq!(said["files"].as_u64().is_some_and(|files| files > 0), is_older, "{said:#}");
        assert_eq!(manifest(&lake, "data")["code_version"], env!("CARGO_PKG_VERSION"));
        let expected = [events::schema::VERSION.to_string()];
        assert_eq!(versions(&lake.path().join("data/current/")), expected, "every file is of this version");
        fresh(&lake, &["one.csv", "two.csv"]);
        assert_same_rows("brought forward", &rows(&lake, "data"), &rows(&lake, "fresh"));
        let again = lake.run(&["migrate"]);
        assert_eq!((again.code, again.stdout.starts_with("nothing to do")), (0, true), "{}", again.stdout);
        drop(lake.json(&["report"]));
        drop(lake.json(&["run", "later.csv"]));
        fresh(&lake, &["later.csv"]);
        assert_same_rows("and gone on with", &rows(&lake, "data"), &rows(&lake, "fresh"));
        assert_eq!(lake.rows("runs").len(), 4, "every run is on record, those of the earlier leftcart too");
    }
}

#[test]
fn carts_of_an_earlier_leftcart_are_gone_on_with_by_the_next_run() {
    for (_, kept) in KEPT {
        let lake = earlier(kept);
        let said = lake.json(&["run", "later.csv"]);
        assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["duplicates"]), (&1.into(), &1.into()));
        fresh(&lake, &["one.csv", "two.csv", "later.csv"]);
        assert_same_rows("gone on with", &rows(&lake, "data"), &rows(&lake, "fresh"));
    }
}

#[test]
fn carts_of_a_later_leftcart_are_left_alone() {
    let lake = earlier(KEPT[0].1);
    for entry in std::fs::read_dir(lake.path().join("data/generations")).expect("generations") {
        let path = entry.expect("an entry").path().join("manifest.json");
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        std::fs::write(path, text.replace("\"schema_version\": 1", "\"schema_version\": 999")).expect("a manifest");
    }
    for args in
        [&["run", "later.csv"][..], &["migrate"], &["analyze"], &["report"], &["describe"], &["forget", "c:C-1"]]
    {
        let done = lake.run(args);
        assert_eq!(done.code, 1, "{args:?}: {}", done.stderr);
        for word in ["with tables of version 999", "install that leftcart or a later one", "--rebuild"] {
            assert!(done.stderr.contains(word), "{args:?}: {word}: {}", done.stderr);
        }
    }
}
