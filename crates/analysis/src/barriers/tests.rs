//! The search, judged on attempts of which it is known what was planted in them.

mod figures;
mod rivals;
mod world;

use world::{CALM, Plant, Weather, attempts, slice_of};

use super::assemble::{Case, Course};
use events::time::HOUR;

use super::attempts::{Attempts, Slice};
use super::gather::Night;
use super::localise::search;
use super::price::Toll;
use super::stream::Words;

fn planted(seed: u64, order: usize, share: f64, odds_ratio: f64) -> Plant {
    let slice = slice_of(&mut world::Dice::new(seed), order, share);
    Plant { slice, odds_ratio, from: 24.0, until: 0.0, error: false }
}

/// What is reported of these attempts: the slice, whether it is an alert, its course and its toll; and how many slices
/// another mix explains.
fn reported(attempts: &Attempts) -> (Vec<(Slice, bool, Course, Toll)>, usize) {
    let search = search(attempts, 4);
    let others = super::others(attempts, &search);
    let mut words = Words::new();
    words.by_number[super::stream::ERROR].push("REL-500".to_owned());
    let night = Night { carts: Vec::new(), attempts: Vec::new(), words, gaps: Vec::new(), missing: Vec::new() };
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

/// Within two of the half-widths that eight shops of ten are within.
fn assert_is_near(toll: &Toll, truth: f64) {
    let range = toll.excess();
    assert!((truth - range.point).abs() <= 2.0 * (range.high - range.point), "{range:?} {truth}");
}

/// Everybody's attempts of the last night, or those with a release.
fn everybody(parts: &[(u8, u8)], odds_ratio: f64, from: f64, error: bool) -> Plant {
    Plant { slice: Slice::new(parts), odds_ratio, from, until: 0.0, error }
}

const NEW_RELEASE: (u8, u8) = (world::RELEASE, world::NEW);

#[test]
fn a_failure_of_everybody_is_found_as_everybodys() {
    for (seed, error) in [(1, true), (2, true), (3, false)] {
        let odds_ratio = if error { 2.5 } else { 6.0 };
        let (attempts, truth) = attempts(seed, &WINDY, &[everybody(&[], odds_ratio, 20.0, error)]);
        let found = reported(&attempts).0;
        let (slice, is_alert, course, toll) = &found[0];
        assert_eq!((found.len(), *slice, *is_alert), (1, Slice::default(), true), "{seed}");
        let onset = course.onset.unwrap().at;
        assert!((onset - (world::CUT - 20 * HOUR)).abs() < 2 * HOUR, "{seed}");
        assert_is_near(toll, truth.excess[0]);
    }
}

#[test]
fn without_an_error_to_show_for_it_a_bad_day_of_everybody_is_only_watched() {
    let (attempts, _) = attempts(4, &CALM, &[everybody(&[], 1.45, 24.0, false)]);
    let found = reported(&attempts).0;
    assert_eq!(found.iter().map(|found| (found.0, found.1)).collect::<Vec<_>>(), [(Slice::default(), false)]);
}

#[test]
fn a_release_that_everybody_gets_is_named() {
    let weather = Weather { release: Some((30.0, 1.0)), ..WINDY };
    let (attempts, _) = attempts(5, &weather, &[everybody(&[NEW_RELEASE], 2.5, 30.0, true)]);
    let found = reported(&attempts).0;
    assert_eq!(found.iter().map(|found| (found.0, found.1)).collect::<Vec<_>>(), [(Slice::new(&[NEW_RELEASE]), true)]);
}

#[test]
fn a_release_that_some_get_is_held_against_what_it_replaced() {
    let weather = Weather { release: Some((20.0, 0.3)), ..WINDY };
    for error in [false, true] {
        let (attempts, truth) = attempts(6, &weather, &[everybody(&[NEW_RELEASE], 2.0, 20.0, error)]);
        let found = reported(&attempts).0;
        let (slice, is_alert, course, toll) = &found[0];
        assert_eq!((found.len(), *slice, *is_alert), (1, Slice::new(&[NEW_RELEASE]), true));
        assert!(!course.before.is_empty(), "what it replaced is its history");
        assert_is_near(toll, truth.excess[0]);
    }
    // One that fails no more often is no finding.
    assert_eq!(slices(&attempts(6, &weather, &[]).0), []);
}

#[test]
fn a_release_that_was_well_for_all_is_no_finding_beside_the_next_one() {
    // Days differ, and those of the one release are not those of the other.
    let weather = Weather { release: Some((7.0 * 24.0, 1.0)), day_sd: 0.15, ..WINDY };
    for seed in 40..43 {
        let alerts: Vec<Slice> =
            reported(&attempts(seed, &weather, &[]).0).0.iter().filter(|found| found.1).map(|found| found.0).collect();
        assert_eq!(alerts, [], "{seed}");
    }
}

#[test]
fn a_new_release_that_fails_with_one_way_to_pay_is_told_as_both() {
    let weather = Weather { release: Some((20.0, 0.4)), ..WINDY };
    let both = [(10, 2), NEW_RELEASE];
    let (attempts, _) = attempts(7, &weather, &[everybody(&both, 6.0, 20.0, false)]);
    assert_eq!(slices(&attempts), [Slice::new(&both)]);
}

#[test]
fn a_new_kind_of_customer_is_no_barrier_without_an_error() {
    // Programs that nobody knows as such: a browser that was never seen, from which nobody gets on.
    let (attempts, _) = attempts(8, &Weather { programs: 400, ..WINDY }, &[]);
    assert_eq!(slices(&attempts), []);
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
