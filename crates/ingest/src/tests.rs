//! Files through all of ingest.

use std::path::{Path, PathBuf};

use super::*;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("leftcart-ingest-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(path.join("scratch")).expect("a temporary folder");
    path
}

fn ingested(folder: &Path, texts: &[&str]) -> Summary {
    let file = |(at, text): (usize, &&str)| {
        let path = folder.join(format!("{at}.log"));
        std::fs::write(&path, text).expect("a file");
        InputFile::new(path, "shop", Wanted::Auto)
    };
    let files: Vec<InputFile> = texts.iter().enumerate().map(file).collect();
    let job = Job {
        files: &files,
        earlier: Earlier::Nothing,
        clock: events::time::parse("2026-06-01").expect("a day"),
        scratch: &folder.join("scratch"),
        events: &folder.join("events"),
        quarantine: &folder.join("quarantine.parquet"),
        memory: 1 << 24,
        progress: &|_| {},
    };
    ingest(&job).expect("files that can be read")
}

fn balance(summary: &Summary) -> Vec<(u64, u64, u64, u64)> {
    let of_file = |file: &Input| (file.rows, file.accepted, file.duplicates, file.quarantined.values().sum());
    summary.files.iter().map(of_file).collect()
}

#[test]
fn the_events_of_a_record_are_duplicates_each_for_itself() {
    let checkout = r#"{"id":1,"created_at":"2026-03-11T09:06:39Z","updated_at":"2026-03-11T09:07:00Z","completed_at":null,
        "gateway":"paypal","line_items":[{"sku":"A","quantity":1,"price":"2.00"},{"sku":"B","quantity":1,"price":"3.00"}]}"#;
    let bought = checkout.replace("null", r#""2026-03-11T09:09:00Z""#);
    let changed = bought.replace("3.00", "4.00");
    let document = |checkout: &str| format!(r#"{{"checkouts":[{checkout}]}}"#);
    let texts = [checkout, &bought, &changed].map(document);
    let summary = ingested(&folder("record"), &[&texts[0], &texts[1], &texts[2]]);
    // Begun with two lines and a step; then the same, bought with two lines; then another price of the second line.
    assert_eq!(balance(&summary), [(3, 3, 0, 0), (5, 2, 3, 0), (5, 0, 3, 2)]);
    assert_eq!((summary.accepted, summary.quarantined), (5, 2));
}
