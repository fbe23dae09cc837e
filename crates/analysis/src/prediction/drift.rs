//! Whether the carts of late are still like those that the forecasts learnt from, and whether the forecasts of late came true.

use std::collections::BTreeMap;

use events::time::DAY;
use serde::Serialize;

use super::BacktestRow;
use super::features::{NUMBERS, Vocabularies, WORDS};
use super::landmark::{Frame, Purpose, Row};

/// Days of late.
pub const RECENT: i64 = 7;
/// Days before these that they are held against.
pub const BEFORE: i64 = 56;
/// Days whose forecasts are held against what came.
const JUDGED: i32 = 14;
/// Carts are compared as they were an hour after the opening: most of what is known is known by then, of young ones too.
const LANDMARK: u8 = 1;
/// Fewest carts of late, and before.
const FEWEST: (usize, usize) = (500, 2_000);
/// Fewest days judged.
const FEWEST_DAYS: usize = 10;
/// Parts of equal mass into which numbers are cut.
const PARTS: usize = 10;
/// A word with a smaller share is one of the others.
const LEAST_SHARE: f64 = 0.01;
/// What changes because the shop is worked on, and no sign of another kind of carts.
const MEANT: [&str; 1] = ["release"];

/// How far a feature has moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The feature.
    pub feature: &'static str,
    /// Population stability index: sum of (share of late - share before) x ln of their ratio. 0 is alike; 0.1 is usually called
    /// a small, 0.25 a large change.
    pub psi: f64,
    /// What chance alone gives on average.
    pub by_chance: f64,
}

impl Moved {
    /// Whether it has moved by so much, and clearly further than by chance.
    #[must_use]
    pub fn exceeds(&self, limit: f64) -> bool {
        self.psi >= limit && self.psi >= 3.0 * self.by_chance
    }
}

/// Forecasts of late, and what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Off {
    /// Days judged.
    pub days: u64,
    /// Carts, at their opening.
    pub carts: u64,
    /// Mean probability to be abandoned.
    pub said: f64,
    /// Share abandoned.
    pub came: f64,
    /// (said - came) in standard errors, days as blocks.
    pub z: f64,
}

impl Off {
    /// Whether said and came differ by so much, and more than days differ by chance.
    #[must_use]
    pub fn exceeds(&self, limit: f64) -> bool {
        (self.said - self.came).abs() >= limit && self.z.abs() > 3.0
    }
}

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drift {
    /// Every feature, the one that moved most first; empty where there are too few carts, or too few days before.
    pub features: Vec<Moved>,
    /// How the forecasts of the latest days came out; `None` where there are too few.
    pub calibration: Option<Off>,
}

pub(super) fn drift(frame: &Frame, backtest: &[BacktestRow], as_of: i64) -> Drift {
    Drift { features: features(frame, as_of), calibration: calibration(backtest) }
}

fn features(frame: &Frame, as_of: i64) -> Vec<Moved> {
    let from = |days: i64| as_of - days * DAY;
    let opened = |row: &&Row| frame.carts[row.cart as usize].opened_at;
    let compared = frame.rows.iter().filter(|row| row.purpose == Purpose::Landmark(LANDMARK));
    let (late, before): (Vec<&Row>, Vec<&Row>) =
        compared.filter(|row| opened(row) > from(RECENT + BEFORE)).partition(|row| opened(row) > from(RECENT));
    let has_history = frame.carts.first().is_some_and(|cart| cart.opened_at <= from(RECENT + BEFORE - 1));
    if late.len() < FEWEST.0 || before.len() < FEWEST.1 || !has_history {
        return Vec::new();
    }
    let numbers = (0..NUMBERS.len()).map(|at| moved(NUMBERS[at].name, &parts(&before, &late, at)));
    let words = (0..WORDS.len()).map(|at| moved(WORDS[at].name, &shares(&before, &late, at, &frame.vocabularies)));
    let mut all: Vec<Moved> = numbers.chain(words).filter(|moved| !MEANT.contains(&moved.feature)).collect();
    all.sort_by(|a, b| b.psi.total_cmp(&a.psi).then(a.feature.cmp(b.feature)));
    all
}

/// Carts before and of late, by part; what is not known is a part of its own.
fn parts(before: &[&Row], late: &[&Row], at: usize) -> Vec<(f64, f64)> {
    let mut known: Vec<f32> =
        before.iter().map(|row| row.features.numbers[at]).filter(|value| !value.is_nan()).collect();
    known.sort_by(f32::total_cmp);
    let mut ends: Vec<f32> = (1..PARTS).filter_map(|part| known.get(known.len() * part / PARTS).copied()).collect();
    ends.dedup();
    let mut counts = vec![(0.0, 0.0); ends.len() + 2];
    // An end belongs to the part above it, so that counts that are mostly 0 have a part for 0.
    let part = |row: &Row| {
        let value = row.features.numbers[at];
        if value.is_nan() { 0 } else { 1 + ends.partition_point(|end| *end <= value) }
    };
    for row in before {
        counts[part(row)].0 += 1.0;
    }
    for row in late {
        counts[part(row)].1 += 1.0;
    }
    counts
}

/// The same by word; rare ones are one part.
fn shares(before: &[&Row], late: &[&Row], at: usize, vocabularies: &Vocabularies) -> Vec<(f64, f64)> {
    let mut counts: BTreeMap<Option<&str>, (f64, f64)> = BTreeMap::new();
    let word = |row: &Row| vocabularies[at].word(row.features.words[at]);
    for row in before {
        counts.entry(word(row)).or_default().0 += 1.0;
    }
    for row in late {
        counts.entry(word(row)).or_default().1 += 1.0;
    }
    let (n_before, n_late) = (before.len() as f64, late.len() as f64);
    let is_rare = |(a, b): &(f64, f64)| *a < LEAST_SHARE * n_before && *b < LEAST_SHARE * n_late;
    let (rare, mut own): (Vec<_>, Vec<_>) = counts.into_values().partition(is_rare);
    own.push(rare.into_iter().fold((0.0, 0.0), |sum, (a, b)| (sum.0 + a, sum.1 + b)));
    own
}

fn moved(feature: &'static str, counts: &[(f64, f64)]) -> Moved {
    let counts: Vec<(f64, f64)> = counts.iter().copied().filter(|(before, late)| before + late > 0.0).collect();
    let parts = counts.len() as f64;
    let (before, late) = counts.iter().fold((0.0, 0.0), |sum, (a, b)| (sum.0 + a, sum.1 + b));
    // Half a cart in every part: what never was before is unlikely, not impossible.
    let share = |count: f64, of: f64| (count + 0.5) / (of + 0.5 * parts);
    let term = |(a, b): &(f64, f64)| {
        let (was, is) = (share(*a, before), share(*b, late));
        (is - was) * (is / was).ln()
    };
    Moved { feature, psi: counts.iter().map(term).sum(), by_chance: (parts - 1.0) * (1.0 / before + 1.0 / late) }
}

/// Of the latest days whose carts have all matured, at the opening of each cart.
fn calibration(backtest: &[BacktestRow]) -> Option<Off> {
    let newest = backtest.iter().map(|row| row.day).max()?;
    let mut days: BTreeMap<i32, (f64, f64, f64)> = BTreeMap::new();
    for row in backtest.iter().filter(|row| row.age_hours <= 0.0 && row.day > newest - JUDGED) {
        let day = days.entry(row.day).or_default();
        *day = (day.0 + 1.0, day.1 + row.p_abandon, day.2 + f64::from(u8::from(row.abandoned)));
    }
    let (n, said, came) = days.values().fold((0.0, 0.0, 0.0), |sum, day| (sum.0 + day.0, sum.1 + day.1, sum.2 + day.2));
    if days.len() < FEWEST_DAYS || n < FEWEST.0 as f64 {
        return None;
    }
    let off = (said - came) / n;
    let squares: f64 = days.values().map(|(carts, said, came)| (said - came - off * carts).powi(2)).sum();
    let count = days.len() as f64;
    let error = (squares * count / (count - 1.0)).sqrt() / n;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of carts")]
    let carts = n as u64;
    Some(Off {
        days: days.len() as u64,
        carts,
        said: said / n,
        came: came / n,
        z: if error > 0.0 { off / error } else { 0.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::model::Method;
    use events::time;

    #[test]
    fn the_index_is_0_where_nothing_moved_and_the_textbook_s_where_something_did() {
        let still = moved("device", &[(6_000.0, 600.0), (4_000.0, 400.0)]);
        assert!(still.psi < 1e-6 && !still.exceeds(0.1), "{still:?}");
        let turned = moved("device", &[(60_000.0, 3_000.0), (40_000.0, 7_000.0)]);
        let wanted = (0.3 - 0.6) * (0.3_f64 / 0.6).ln() + (0.7 - 0.4) * (0.7_f64 / 0.4).ln();
        assert!((turned.psi - wanted).abs() < 1e-3 && turned.exceeds(0.25), "{turned:?}");
        // Of few carts as much may be chance.
        assert!(!moved("device", &[(5.0, 2.0), (1.0, 3.0)]).exceeds(0.25));
    }

    /// Days of carts at their opening: of each day this share was abandoned, where 0.6 was said.
    fn days(came: impl Fn(i32) -> f64) -> Vec<BacktestRow> {
        let of_day = |day: i32| {
            let abandoned = 200.0 * came(day);
            (0..200).map(move |at| BacktestRow {
                cart_id: format!("{day}-{at}"),
                age_hours: 0.0,
                fold: time::date(day),
                scored_at: 0,
                method: Method::SplineLogit,
                p_abandon: 0.6,
                baselines: [0.6; 3],
                segment: None,
                abandoned: f64::from(at) < abandoned,
                day,
            })
        };
        (100..120).flat_map(of_day).collect()
    }

    #[test]
    fn forecasts_that_are_off_day_after_day_are_told_from_days_that_differ() {
        let off = calibration(&days(|day| 0.66 + 0.01 * f64::from(day % 3))).unwrap();
        assert!((off.said - 0.6).abs() < 1e-9 && off.exceeds(0.03) && off.z < 0.0, "{off:?}");
        assert_eq!((off.days, off.carts), (14, 2_800));
        let restless = calibration(&days(|day| if day % 2 == 0 { 0.45 } else { 0.78 })).unwrap();
        assert!(!restless.exceeds(0.01), "{restless:?}");
        assert_eq!(calibration(&days(|_| 0.6)[..1_000]), None, "five days say nothing");
    }
}
