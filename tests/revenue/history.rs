//! Simulated shops: the sums are those of the truth, and nothing after a cart was opened moves its customer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulate::{Config, Format, Scenario};
use support::lake::Lake;
use support::world::micros;

use super::{scaled, sums};
use crate::lake;

/// The truth about carts, by the event that opened them.
fn truth(lake: &Lake) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(lake.path().join("logs/_truth/carts.ndjson")).expect("the truth");
    let carts = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    carts.map(|cart| (cart["opening_event_id"].as_str().expect("an id").to_owned(), cart)).collect()
}

fn euros(value: &Value) -> i128 {
    // The truth has cents, as text or as a number.
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<4}").parse().expect("an amount")
}

#[test]
fn gross_recovered_and_net_are_those_of_the_truth_to_the_cent() {
    for (seed, scenario) in [(3, Scenario::TwoBarriers), (4, Scenario::Barrier)] {
        let lake = lake();
        let config =
            Config { days: 60, carts_per_day: 40, seed, scenario, late: 0.0, broken: 0.0, ..Config::default() };
        simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
        let said = lake.json(&["run", "logs"]);
        let as_of = micros(said["analysis"]["as_of"].as_str().expect("a moment"));
        let truth = truth(&lake);
        let (mut gross, mut recovered, mut exact) = (0, 0, 0);
        let (mut other_gross, mut other_recovered) = (0, 0);
        for cart in lake.rows("carts").iter().filter(|cart| cart["outcome"].as_deref() == Some("abandoned")) {
            let id = cart["opening_event_id"].as_deref().expect("an id");
            let was_recovered = cart["recovered"].as_deref() == Some("true");
            if let Some(truth) = truth.get(id).filter(|truth| truth["shared_device"] == false) {
                exact += 1;
                let value = euros(&truth["value_at_window"]);
                let bought = truth["purchased_at"].as_str().is_some_and(|at| micros(at) <= as_of);
                assert_eq!((truth["outcome"].as_str(), bought), (Some("abandoned"), was_recovered), "{id}");
                gross += value;
                recovered += if bought { value } else { 0 };
            } else {
                // On a shared device the logs cannot tell.
                let value = scaled(cart["value_at_window"].as_deref().expect("matured"));
                other_gross += value;
                other_recovered += if was_recovered { value } else { 0 };
            }
        }
        let sums = sums(&lake, "EUR");
        assert!(exact > 1_000 && gross > 20 * other_gross, "{exact} carts, {gross} and {other_gross}");
        assert_eq!(sums["gross"], gross + other_gross);
        assert_eq!(sums["recovered"], recovered + other_recovered);
        assert_eq!(sums["net"], gross - recovered + other_gross - other_recovered);
    }
}

#[test]
fn no_segment_changes_with_anything_after_the_cart_opened() {
    const COLUMNS: [&str; 5] = ["cart_id", "segment", "top1", "prior_orders", "prior_spend"];
    let config = Config { days: 40, carts_per_day: 40, seed: 11, late: 0.0, broken: 0.0, ..Config::default() };
    let plain = lake();
    simulate::simulate(&config, Format::NativeCsv, &plain.path().join("logs")).expect("a shop");
    drop(plain.json(&["run", "logs"]));
    for day in ["2026-01-19", "2026-01-29"] {
        let changed = lake();
        let mut mutated = 0;
        for entry in std::fs::read_dir(plain.path().join("logs")).expect("logs") {
            let path = entry.expect("a file").path();
            if !path.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let mut lines = text.lines();
            let header = lines.next().expect("a header");
            let column = |name: &str| header.split(',').position(|other| other == name).expect("a column");
            let (ts, kind, value, price) = (column("ts"), column("kind"), column("order_value"), column("unit_price"));
            let mut out = format!("{header}\n");
            for line in lines {
                let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
                // Whose cart it is depends on logins, which stay; what was ordered and given back after the day does not.
                let is_money = ["purchase", "refund"].contains(&cells[kind].as_str());
                if !line.contains('"') && is_money && cells[ts].as_str() >= day {
                    mutated += 1;
                    if cells[kind] == "refund" {
                        continue;
                    }
                    for cell in [value, price] {
                        if !cells[cell].is_empty() {
                            cells[cell] = format!("9{}", cells[cell]);
                        }
                    }
                }
                out.push_str(&cells.join(","));
                out.push('\n');
            }
            changed.write(&format!("logs/{}", path.file_name().expect("a name").to_string_lossy()), out);
        }
        assert!(mutated > 50, "{mutated} rows are others");
        drop(changed.json(&["run", "logs"]));
        let told = |lake: &Lake| -> BTreeSet<Vec<Option<String>>> {
            let carts = lake.rows("carts");
            let before = carts.iter().filter(|cart| cart["opened_at"].as_deref() < Some(day));
            before.map(|cart| COLUMNS.map(|column| cart[column].clone()).to_vec()).collect()
        };
        let (before, after) = (told(&plain), told(&changed));
        assert!(before.len() > 300 && before.iter().any(|cart| cart[1].as_deref() == Some("d1")), "{day}");
        assert_eq!(before, after, "carts opened before {day}");
        assert_ne!(plain.rows("revenue"), changed.rows("revenue"), "what was changed is looked at");
    }
}
