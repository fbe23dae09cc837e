//! The search, judged on attempts of which it is known what was planted in them.

mod figures;
mod world;

use world::{CALM, Plant, Weather, attempts, slice_of};

use super::assemble::{Case, Course};
use super::attempts::{Attempts, Slice};
use super::gather::Night;
use super::localise::search;
use super::price::Toll;
use super::stream::Words;

fn planted(seed: u64, order: usize, share: f64, odds_ratio: f64) -> Plant {
    let slice = slice_of(&mut world::Dice::new(seed), order, share);
    Plant { slice, odds_ratio, from: 24.0, until: 0.0 }
}

/// What is reported of these attempts: the slice, whether it is an alert, its course and its toll; and how many slices
/// another mix explains.
fn reported(attempts: &Attempts) -> (Vec<(Slice, bool, Course, Toll)>, usize) {
    let search = search(attempts, 4);
    let others = super::others(attempts, &search);
    let night =
        Night { carts: Vec::new(), attempts: Vec::new(), words: Words::new(), gaps: Vec::new(), missing: Vec::new() };
    let mut reported = Vec::new();
    let mut explained = search.explained.len();
    for found in &search.found {
        let case = Case { night: &night, attempts, found, others: &others, as_of: attempts.cut, zone: chrono_tz::UTC };
        if super::is_mix(&case.barrier().barrier) {
            explained += 1;
            continue;
        }
        let course = case.course();
        let toll = case.toll(&course, false);
        reported.push((found.verdict.slice, found.is_alert, course, toll));
    }
    if explained > 0 {
        reported.retain(|(_, is_alert, ..)| *is_alert);
    }
    (reported, explained)
}

/// The slices that are reported.
fn slices(attempts: &Attempts) -> Vec<Slice> {
    reported(attempts).0.into_iter().map(|(slice, ..)| slice).collect()
}

const WINDY: Weather = Weather { day_sd: 0.10, value_sd: 0.05, ..CALM };

#[test]
fn a_shop_in_which_nothing_is_planted_raises_no_alarm() {
    for seed in 0..3 {
        let (attempts, _) = attempts(seed, &WINDY, &[]);
        let alerts: Vec<Slice> =
            reported(&attempts).0.into_iter().filter(|found| found.1).map(|found| found.0).collect();
        assert!(alerts.is_empty(), "{seed}: {alerts:?}");
    }
}

#[test]
fn a_large_barrier_is_found_exactly_where_it_stands() {
    for (seed, order) in [(1, 1), (2, 2), (3, 3)] {
        let plant = planted(seed, order, 0.03, 6.0);
        let (attempts, _) = attempts(seed, &WINDY, &[plant]);
        assert_eq!(slices(&attempts), [plant.slice], "{seed}");
    }
}

/// Findings on a generation's folder, named by `LEFTCART_BARRIERS_ON`; several are parted by colons.
#[test]
#[ignore = "for looking at a lake"]
#[expect(clippy::print_stdout, reason = "it is run to be read")]
fn on_a_lake() {
    let folders = std::env::var("LEFTCART_BARRIERS_ON").expect("LEFTCART_BARRIERS_ON names generations");
    for folder in folders.split(':').map(std::path::Path::new) {
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let earlier: i64 = std::env::var("LEFTCART_NIGHTS_AGO").map_or(0, |nights| nights.parse().unwrap());
        let as_of = events::time::parse(manifest["as_of"].as_str().unwrap()).unwrap() - earlier * events::time::DAY;
        let settings = crate::Settings {
            as_of,
            rates: events::money::Rates::new("EUR", []).unwrap(),
            zone: chrono_tz::UTC,
            ..crate::testing::settings()
        };
        let started = std::time::Instant::now();
        let tables = crate::Tables::of(folder).after(None);
        let barriers = super::find(&tables, &settings).unwrap();
        println!(
            "{}",
            serde_json::json!({"on": folder, "secs": started.elapsed().as_secs_f64(), "barriers": barriers})
        );
    }
}
