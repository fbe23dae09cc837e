//! Simulated shops, whole.

use std::path::Path;

use simulate::{Config, Format, Scenario};
use support::oracle::{self, Settings};
use support::world::micros;

use super::compare;
use crate::lake;

pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A shop with more late, doubled and broken rows than shops usually have.
fn shop(seed: u64, days: u32, carts_per_day: u32) -> Config {
    let scenario = Scenario::ALL[usize::try_from(seed).expect("a small seed") % Scenario::ALL.len()];
    Config { days, carts_per_day, seed, scenario, duplicates: 0.02, late: 0.03, broken: 0.01, ..Config::default() }
}

/// What is told to a run of the oracle where a test says nothing else.
pub(super) fn settings() -> Settings {
    Settings {
        base: "EUR".to_owned(),
        rates: [].into(),
        zone: chrono_tz::UTC,
        window_micros: 3 * DAY,
        expiry_micros: 30 * DAY,
        as_of: None,
        clock: micros("2030-01-01T00:00:00Z"),
    }
}

/// The files of a folder by name, in the order of their names.
pub(super) fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_file() {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            texts.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
        }
    }
    texts.sort();
    texts
}

/// REES46 rows in native columns, under the ids that the program gives rows without any. The oracle has ids of its
/// own for such rows; which of two rows of the same second comes first depends on them.
pub(super) fn with_ids(files: &[(String, String)]) -> Vec<(String, String)> {
    let translated = |text: &str| {
        let mut native = "event_id,ts,kind,product_id,category,brand,unit_price,visitor_id,session_id\n".to_owned();
        for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
            let cells: Vec<&str> = line.split(',').collect();
            let [ts, kind, product, _, category, brand, price, visitor, session] = cells[..] else {
                native.push_str(line);
                native.push('\n');
                continue;
            };
            let kind = match kind {
                "view" => "view_item",
                "cart" => "add_to_cart",
                "purchase" | "remove_from_cart" => kind,
                _ => "other",
            };
            let id = events::hash::hex(events::hash::of_bytes(line.as_bytes()));
            let ts = ts.trim_end_matches(" UTC");
            native.push_str(&[&id, ts, kind, product, category, brand, price, visitor, session].join(","));
            native.push('\n');
        }
        native
    };
    files.iter().map(|(name, text)| (name.clone(), translated(text))).collect()
}

fn assert_shop_agrees(config: &Config, format: Format, zone: chrono_tz::Tz, as_of: Option<i64>) {
    let name = format!("{format} shop of seed {}, {}", config.seed, config.scenario);
    let lake = lake();
    simulate::simulate(config, format, &lake.path().join("logs")).expect("a shop");
    lake.write("leftcart.toml", format!("[shop]\ntime_zone = \"{zone}\"\n"));
    let logs = texts(&lake.path().join("logs"));
    let settings = Settings { zone, as_of, ..settings() };
    let expected = match format {
        Format::NativeCsv => oracle::run_csv(&logs, "logs", &settings),
        Format::NativeNdjson => oracle::run_ndjson(&logs, "logs", &settings),
        Format::Rees46 => {
            let expected = oracle::run_csv(&with_ids(&logs), "logs", &settings);
            assert_eq!(oracle::run_rees46(&logs, "logs", &settings).balance, expected.balance, "{name}");
            expected
        }
        Format::Ga4 => unreachable!("the oracle does not read it"),
    };
    assert!(expected.balance.duplicates > 0 && !expected.balance.quarantined.is_empty(), "{name} is too tidy");
    assert_eq!(compare::run(&lake, &expected, as_of), [""; 0], "{name}");
}

#[test]
fn carts_of_shops_that_log_csv_are_those_of_the_contract() {
    for seed in 1..=9 {
        // Two are long enough for carts to expire.
        let days = if seed <= 2 { 40 } else { 14 };
        assert_shop_agrees(&shop(seed, days, 20), Format::NativeCsv, chrono_tz::UTC, None);
    }
}

#[test]
fn carts_of_shops_that_log_ndjson_are_those_of_the_contract() {
    for seed in 11..=18 {
        // Some are judged while they go on, some when all is long over.
        let days_on = [8, 17, 60][usize::try_from(seed).expect("a small seed") % 3];
        let as_of = micros("2026-01-05T00:00:00Z") + days_on * DAY;
        assert_shop_agrees(&shop(seed, 14, 20), Format::NativeNdjson, chrono_tz::Europe::Berlin, Some(as_of));
    }
}

#[test]
fn carts_of_shops_that_log_like_rees46_are_those_of_the_contract() {
    for seed in 21..=25 {
        assert_shop_agrees(&shop(seed, 12, 20), Format::Rees46, chrono_tz::America::New_York, None);
    }
}
