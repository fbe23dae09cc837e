//! The pages, as a browser shows them, and what they say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use report::lint::{self, Persons};
use simulate::{Config, Format, Scenario};
use support::lake::Lake;
use support::table::{self, Row};
use support::tools;

use crate::lake;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/check.mjs");

/// What a browser finds wrong with the pages of these folders: in `every` look, or in `some`.
fn faults(browser: &tools::Browser, lake: &Lake, looks: &str, folders: &[&str]) -> Vec<String> {
    let pages: BTreeSet<PathBuf> = folders.iter().flat_map(|folder| html(&lake.path().join(folder))).collect();
    assert!(pages.iter().filter(|page| page.ends_with("index.html")).count() == folders_of(&pages), "{pages:?}");
    let output = Command::new("node")
        .arg(SCRIPT)
        .arg(&browser.chromium)
        .arg(looks)
        .args(pages)
        .env("LEFTCART_NODE", &browser.node)
        .output()
        .expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("faults as JSON")
}

/// In how many folders these pages lie.
fn folders_of(pages: &BTreeSet<PathBuf>) -> usize {
    pages.iter().filter_map(|page| page.parent()).collect::<BTreeSet<_>>().len()
}

fn assert_faultless(browser: &tools::Browser, lake: &Lake, looks: &str, folders: &[&str]) {
    let faults = faults(browser, lake, looks, folders);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_report_of_a_shop_s_carts_is_whole_in_itself_fits_any_screen_and_is_open_to_everybody() {
    let Some(browser) = tools::browser() else { return };
    let lake = lake();
    drop(lake.json(&["demo", "--days", "12", "--carts-per-day", "30"]));
    assert_faultless(&browser, &lake, "every", &["reports/demo/2026-01-16", "reports/demo"]);
}

/// A shop of the simulator's whose texts attack.
fn hostile_shop() -> Lake {
    let lake = lake();
    let config = Config { days: 12, carts_per_day: 60, seed: 3, scenario: Scenario::Hostile, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    drop(lake.json(&["run", "logs"]));
    lake
}

/// The folder of the only night.
fn night(lake: &Lake, reports: &str) -> String {
    let listed = std::fs::read_dir(lake.path().join(reports)).expect("reports");
    let folder = listed.map(|entry| entry.expect("an entry").path()).find(|path| path.is_dir()).expect("a night");
    folder.strip_prefix(lake.path()).expect("below the lake").display().to_string()
}

#[test]
fn the_report_of_a_shop_that_attacks_its_readers_is_as_good_as_any_other() {
    let Some(browser) = tools::browser() else { return };
    let lake = hostile_shop();
    assert_faultless(&browser, &lake, "every", &[&night(&lake, "reports"), "reports"]);
}

/// What log lines say must not become part of a page's own words, nor break its lines.
const HOSTILE: &str = "ts,kind,visitor_id,product_id,unit_price,currency,channel,country,release,browser,error_code
2026-01-05T10:00:00Z,add_to_cart,<b>ann,mug,12.50,EUR,<script>alert(1)</script>,<img src=x onerror=alert(2)>,r</td>,\
<svg onload=alert(3)>,
2026-01-05T10:01:00Z,checkout_error,<b>ann,,,,,,,,\"'><script src=http://evil.example/x.js></script>\"
2026-01-05T11:00:00Z,add_to_cart,bob,cup,8.00,GBP,\"--> ]]> \"\" ' & &amp; {{ 7 * 7 }}\",javascript:alert(4),,,
2026-01-05T11:00:00Z,add_to_cart,cid,cup,99999999999999,SEK,\
a-channel-whose-name-goes-on-and-on-and-on-without-any-place-where-a-line-could-be-broken-in-two-or-three,,,,
2026-01-09T11:00:00Z,page_view,eve,,,,,,,,
";

#[test]
fn the_report_shows_what_carts_were_told_and_never_does_it() {
    let Some(browser) = tools::browser() else { return };
    let lake = lake();
    lake.write("<script>alert(5)<.csv", HOSTILE);
    drop(lake.json(&["run", "<script>alert(5)<.csv"]));
    assert_faultless(&browser, &lake, "some", &["reports/2026-01-09", "reports"]);
}

#[test]
fn the_report_of_no_carts_at_all_is_a_page_too() {
    let Some(browser) = tools::browser() else { return };
    let lake = lake();
    lake.write("log.csv", "ts,kind,visitor_id\n2026-01-05T10:00:00Z,page_view,ann\n");
    drop(lake.json(&["run", "log.csv"]));
    assert_faultless(&browser, &lake, "some", &["reports/2026-01-05", "reports"]);
}

/// Everybody's ids, as the tables have them.
fn ids(lake: &Lake, data: &str) -> BTreeSet<String> {
    let carts = table::read(&lake.path().join(data).join("current/carts"));
    let of = |cart: &Row| ["person_id", "customer_id", "visitor_id"].map(|column| cart[column].clone());
    carts.iter().flat_map(of).flatten().collect()
}

#[test]
fn no_page_says_more_of_carts_than_is_known_or_who_somebody_is() {
    let demo = lake();
    drop(demo.json(&["demo", "--days", "40", "--carts-per-day", "60"]));
    let hostile = hostile_shop();
    for (lake, reports, data) in [(&demo, "reports/demo", "data/demo/lake"), (&hostile, "reports", "data")] {
        let (ids, folder) = (ids(lake, data), lake.path().join(night(lake, reports)));
        assert!(ids.len() > 500, "{}", ids.len());
        let mut pages = html(&folder);
        pages.extend(html(&lake.path().join(reports)));
        assert!(pages.len() > 7, "{}", pages.len());
        for page in pages {
            let text = std::fs::read_to_string(&page).expect("a page");
            let faults = lint::page(&text, Persons { shown: false, ids: Some(&ids) });
            assert_eq!(faults, [], "{}", page.display());
        }
    }
}

#[test]
fn the_whole_report_of_the_demo_s_carts_is_below_three_megabytes() {
    let lake = lake();
    drop(lake.json(&["demo"]));
    let size = size(&lake.path().join(night(&lake, "reports/demo")));
    assert!((1_000_000..3_000_000).contains(&size), "{size} bytes");
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let of = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().expect("metadata");
        if metadata.is_dir() { size(&entry.path()) } else { metadata.len() }
    };
    entries.map(of).sum()
}

#[test]
fn a_report_is_held_against_the_rules_where_that_is_asked_for() {
    let lake = lake();
    drop(lake.json(&["demo", "--days", "8", "--carts-per-day", "30"]));
    let asked = ["report", "--check", "--data", "data/demo/lake", "--reports", "reports/demo"];
    assert_eq!(lake.run(&asked).code, 0);
}

/// The pages in a folder, in the order of their names.
fn html(folder: &Path) -> BTreeSet<PathBuf> {
    let files = std::fs::read_dir(folder).expect("a folder of pages").map(|file| file.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|kind| kind == "html")).collect()
}
