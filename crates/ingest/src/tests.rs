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
        door: &Door::default(),
        scratch: &folder.join("scratch"),
        events: &folder.join("events"),
        quarantine: &folder.join("quarantine.parquet"),
        memory: 1 << 24,
        tables: ExportTables { folder: &folder.join("tables"), before: None, night: "1" },
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

/// The `bot` column of the rows in the events table, by visitor and time.
fn bots(folder: &Path) -> Vec<Option<String>> {
    use arrow::array::AsArray;
    let mut bots = Vec::new();
    for file in events::lake::parquet_files(&folder.join("events")).expect("a table") {
        for batch in events::parquet_io::Reader::open(&file, &["bot"]).expect("events") {
            let batch = events::parquet_io::plain(&batch.expect("rows")).expect("text");
            bots.extend(batch.column(0).as_string::<i32>().iter().map(|bot| bot.map(str::to_owned)));
        }
    }
    bots
}

#[test]
fn what_says_that_it_is_a_program_is_marked_and_what_a_log_says_of_bots_is_not_believed() {
    let request = |agent: &str, address: &str| {
        format!(
            "{address} - - [11/Mar/2026:10:06:39 +0100] \"POST /cart/add?sku=1 HTTP/1.1\" 302 0 \"-\" \"{agent}\"\n"
        )
    };
    let log = [request("Googlebot/2.1", "192.0.2.1"), request("Mozilla/5.0 (Windows NT 10.0)", "192.0.2.1")].concat();
    let folder = folder("programs");
    assert_eq!(ingested(&folder, &[&log]).accepted, 2);
    let mut found = bots(&folder);
    found.sort();
    assert_eq!(found, [None, Some("user agent".to_owned())]);

    let folder = self::folder("believed");
    ingested(&folder, &["ts,kind,visitor_id,bot\n2026-03-11,add_to_cart,ann,user agent\n"]);
    assert_eq!(bots(&folder), [None]);
}

#[test]
fn a_day_is_judged_by_all_of_its_rows_and_anew_when_there_are_more() {
    let add = |n: i64| format!("2026-03-11T10:{:02}:{:02}Z,add_to_cart,bot,e{n}\n", n * 20 / 60, n * 20 % 60);
    let log =
        |rows: std::ops::Range<i64>| format!("ts,kind,visitor_id,event_id\n{}", rows.map(add).collect::<String>());
    let folder = folder("days");
    ingested(&folder, &[&log(0..20)]);
    assert_eq!(bots(&folder), vec![None; 20], "nineteen equal distances may be chance");
    ingested(&folder, &[&log(0..20), &log(20..21)]);
    assert_eq!(bots(&folder), vec![Some("regular adds".to_owned()); 21]);
}
