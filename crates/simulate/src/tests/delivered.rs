//! What arrives in the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::small;
use crate::{Config, Format, Scenario, Summary, simulate};

/// All files below the folder, by their names.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn run(config: &Config, format: Format) -> (Summary, BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let summary = simulate(config, format, folder.path()).unwrap();
    (summary, files(folder.path()))
}

/// The lines of the events, in the order of the files.
fn lines(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let days = files.iter().filter(|(name, _)| name.starts_with("events_"));
    days.flat_map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for format in Format::ALL {
        let config = small(Scenario::Barrier);
        let ((one, first), (two, second)) = (run(&config, format), run(&config, format));
        assert_eq!(one, two);
        assert!(first == second, "{format}");
    }
}

#[test]
fn a_longer_horizon_leaves_earlier_files_as_they_were() {
    let short = Config { late: 0.02, duplicates: 0.02, ..small(Scenario::Calm) };
    let long = Config { days: short.days + 3, ..short.clone() };
    let ((_, short), (_, long)) = (run(&short, Format::NativeCsv), run(&long, Format::NativeCsv));
    for (name, bytes) in short.iter().filter(|(name, _)| name.starts_with("events_")) {
        assert!(long[name] == *bytes, "{name}");
    }
}

#[test]
fn another_format_tells_the_same_story() {
    let config = small(Scenario::Barrier);
    let (csv, csv_files) = run(&config, Format::NativeCsv);
    for format in [Format::NativeNdjson, Format::Ga4, Format::Rees46] {
        let (other, other_files) = run(&config, format);
        assert_eq!(csv.events_by_kind, other.events_by_kind);
        assert_eq!((csv.purchases, csv.refunds, csv.carts), (other.purchases, other.refunds, other.carts));
        assert_eq!((csv.first_ts, csv.last_ts), (other.first_ts, other.last_ts));
        for name in ["_truth/carts.ndjson", "_truth/barriers.json"] {
            assert!(csv_files[name] == other_files[name], "{name} of {format}");
        }
    }
}

#[test]
fn the_files_hold_the_purchases_that_the_summary_counts() {
    let config = Config { broken: 0.0, ..small(Scenario::Barrier) };
    let orders = |format, order: fn(&str) -> Option<String>| {
        let (summary, files) = run(&config, format);
        let found: BTreeSet<String> = lines(&files).iter().filter_map(|line| order(line)).collect();
        assert_eq!(found.len() as u64, summary.purchases, "{format}");
    };
    orders(Format::NativeCsv, |line| {
        let mut fields = line.split(',');
        (fields.nth(3) == Some("purchase")).then(|| fields.nth(3).unwrap().to_owned())
    });
    orders(Format::NativeNdjson, |line| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["kind"] == "purchase").then(|| row["order_id"].to_string())
    });
    orders(Format::Ga4, |line| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["event_name"] == "purchase").then(|| row["ecommerce"]["transaction_id"].to_string())
    });
    // No visit has more than one order.
    orders(Format::Rees46, |line| {
        let mut fields = line.split(',');
        (fields.nth(1) == Some("purchase")).then(|| fields.nth(6).unwrap().to_owned())
    });
}

#[test]
fn ga4_writes_integers_as_text_and_orders_without_shipping() {
    let config = Config { duplicates: 0.0, broken: 0.0, ..small(Scenario::Calm) };
    let rows = |format| {
        let (_, files) = run(&config, format);
        lines(&files).iter().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let cents = |amount: &Value| (amount.as_f64().unwrap() * 100.0).round();
    let totals: BTreeMap<String, f64> = rows(Format::NativeNdjson)
        .iter()
        .filter(|row| row["kind"] == "purchase" && row["order_value"].is_number())
        .map(|row| (row["order_id"].as_str().unwrap().to_owned(), cents(&row["order_value"])))
        .collect();
    let mut orders = BTreeSet::new();
    for row in rows(Format::Ga4) {
        assert!(row["event_timestamp"].is_string());
        for item in row["items"].as_array().unwrap() {
            assert!(item["quantity"].is_string() && !item["price"].is_string());
        }
        if row["event_name"] == "purchase" {
            let sale = &row["ecommerce"];
            let order = sale["transaction_id"].as_str().unwrap();
            let total = cents(&sale["purchase_revenue"]) + cents(&sale["shipping_value"]);
            assert!((totals[order] - total).abs() < 0.5, "{row}");
            orders.insert(order.to_owned());
        }
    }
    assert_eq!(orders.len(), totals.len());
}

#[test]
fn rows_add_up_in_every_format() {
    let config = Config { duplicates: 0.02, late: 0.02, broken: 0.02, ..small(Scenario::Calm) };
    for format in Format::ALL {
        let (summary, files) = run(&config, format);
        let lines = lines(&files);
        let headers = if format.extension() == "csv" { summary.files } else { 0 };
        assert_eq!(lines.len() as u64, summary.rows + headers, "{format}");
        // Broken copies differ from all sound rows, and so do all sound rows from each other.
        let broken: u64 = summary.broken_rows.values().sum();
        let distinct: BTreeSet<&String> = lines.iter().collect();
        let copies = lines.len() - distinct.len();
        let repeated_headers = headers.saturating_sub(1);
        assert_eq!(copies as u64, summary.duplicate_rows + repeated_headers, "{format}");
        assert!(broken > 50 && summary.late_rows > 50 && summary.duplicate_rows > 50, "{summary:?}");
    }
}

#[test]
fn late_rows_lie_in_the_file_of_a_later_day() {
    let config = Config { late: 0.05, ..small(Scenario::Calm) };
    let (summary, files) = run(&config, Format::Ga4);
    let mut late = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("events_")) {
        let day = &name["events_".len()..][..8];
        let events = String::from_utf8(bytes.clone()).unwrap();
        for event in events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let happened = event["event_date"].as_str().unwrap();
            assert!(happened <= day);
            late += u64::from(happened < day);
        }
    }
    // Duplicates and broken copies arrive on later days too.
    assert!(late >= summary.late_rows, "{late} {}", summary.late_rows);
    assert!(!summary.undelivered_events.is_empty());
}

#[test]
fn an_outage_leaves_a_gap_and_nothing_else() {
    let (calm, _) = run(&small(Scenario::Calm), Format::NativeCsv);
    let (outage, _) = run(&small(Scenario::Outage), Format::NativeCsv);
    assert!(outage.events_lost_in_outage > 50, "{outage:?}");
    let missing =
        calm.events + calm.undelivered_events.len() as u64 - outage.events - outage.undelivered_events.len() as u64;
    assert_eq!(missing, outage.events_lost_in_outage);
}

#[test]
fn without_mishaps_every_row_is_sound() {
    let config = Config { duplicates: 0.0, late: 0.0, broken: 0.0, ..small(Scenario::Calm) };
    let (summary, files) = run(&config, Format::NativeNdjson);
    assert_eq!((summary.duplicate_rows, summary.late_rows), (0, 0));
    assert!(summary.broken_rows.is_empty() && summary.undelivered_events.is_empty());
    for line in lines(&files) {
        let row: Value = serde_json::from_str(&line).unwrap();
        assert!(row["ts"].is_string() && row["kind"].is_string());
        assert!(row["visitor_id"].is_string() || row["customer_id"].is_string());
    }
}

#[test]
fn a_later_simulation_replaces_an_earlier_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    simulate(&small(Scenario::Calm), Format::NativeCsv, folder.path()).unwrap();
    let config = Config { days: 3, ..small(Scenario::Calm) };
    simulate(&config, Format::Ga4, folder.path()).unwrap();
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "_truth/barriers.json",
            "_truth/carts.ndjson",
            "_truth/summary.json",
            "events_20260105.ndjson",
            "events_20260106.ndjson",
            "events_20260107.ndjson",
            "notes.txt",
        ]
    );
}

#[test]
fn a_shop_without_carts_writes_empty_days() {
    let config = Config { carts_per_day: 0, days: 2, ..small(Scenario::Calm) };
    let (summary, files) = run(&config, Format::Rees46);
    assert_eq!((summary.rows, summary.carts, summary.files), (0, 0, 2));
    assert_eq!(lines(&files).len(), 2);
}
