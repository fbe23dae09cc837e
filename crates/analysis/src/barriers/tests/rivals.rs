//! Two other ways to rank conditions, on the same attempts, side by side with the search: figures, printed. `cargo test
//! --release -p ingest -p analysis --lib barriers::tests::rivals -- --ignored --nocapture`
//!
//! - *odds ratios*, as product analytics tools rank properties by how they go with not converting: smoothed by one, values
//!   with less than min(25, 2 %) of the attempts left out, the ten highest.
//! - *risk ratios*, as explanation engines search them: every condition of up to three parts with enough support among the
//!   failures and enough of a ratio, and none that adds to one that has both.

#![expect(clippy::print_stdout, reason = "it is run to be read")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of a small made-up world")]

use std::collections::HashSet;

use super::figures::{is_related, jaccard, reps};
use super::world::{self, CALM, Plant, Weather, attempts, slice_of};
use super::{WINDY, slices};
use crate::barriers::attempts::{Attempts, BASELINE, Slice};
use crate::barriers::cube;
use crate::barriers::power;

/// A slice in the last night: attempts and failures; and the failures of the nights before it.
struct Counts {
    slice: Slice,
    n: f64,
    k: f64,
    before: f64,
}

fn counts(attempts: &Attempts) -> (Counts, Vec<Counts>) {
    let cube = cube::count(attempts, None);
    let mut all = cube.slices.iter().map(|counted| Counts {
        slice: counted.slice,
        n: f64::from(counted.n[0]),
        k: f64::from(counted.k[0]),
        before: f64::from(counted.k[1..=BASELINE].iter().sum::<u32>()),
    });
    let whole = all.next().expect("the step itself comes first");
    (whole, all.collect())
}

/// The ten highest odds of failing with a condition against without, of at most so many parts.
fn by_odds_ratio(attempts: &Attempts, parts: usize, least: f64) -> Vec<Slice> {
    let (all, slices) = counts(attempts);
    let floor = (0.02 * all.n).min(25.0);
    let mut ranked: Vec<(f64, Slice)> = slices
        .iter()
        .filter(|counts| counts.slice.order() <= parts && counts.n >= floor)
        .map(|counts| {
            let (with, without) = ((counts.k, counts.n - counts.k), (all.k - counts.k, all.n - counts.n));
            let odds = (with.0 + 1.0) * (without.1 - without.0 + 1.0) / ((with.1 + 1.0) * (without.0 + 1.0));
            (odds, counts.slice)
        })
        .filter(|(odds, _)| *odds > least)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().take(10).map(|(_, slice)| slice).collect()
}

/// All minimal conditions with this support and ratio. Outliers are the failures of the night; inliers are its other
/// attempts, or, `against_past`, the failures of the nights before.
fn by_risk_ratio(attempts: &Attempts, support: f64, ratio: f64, against_past: bool) -> Vec<Slice> {
    let (all, mut slices) = counts(attempts);
    slices.sort_by(|a, b| a.slice.order().cmp(&b.slice.order()).then(a.slice.cmp(&b.slice)));
    let inliers = |counts: &Counts| if against_past { counts.before } else { counts.n - counts.k };
    let mut taken = HashSet::new();
    let mut said = Vec::new();
    for counts in &slices {
        let covers = |own: &Slice| own.parts().all(|part| counts.slice.parts().any(|other| other == part));
        if taken.iter().any(covers) || counts.k < support * all.k {
            continue;
        }
        let (with, without) = (inliers(counts), inliers(&all) - inliers(counts));
        let exposed = counts.k / (counts.k + with).max(1.0);
        let others = (all.k - counts.k) / (all.k - counts.k + without).max(1.0);
        if exposed >= ratio * others {
            taken.insert(counts.slice);
            said.push(counts.slice);
        }
    }
    said
}

type Ranking = (&'static str, fn(&Attempts) -> Vec<Slice>);

const RANKINGS: [Ranking; 8] = [
    ("this search", slices),
    ("odds ratio, one condition, top 10", |attempts| by_odds_ratio(attempts, 1, 0.0)),
    ("odds ratio, one condition, above 1.5", |attempts| by_odds_ratio(attempts, 1, 1.5)),
    ("odds ratio, up to three, top 10", |attempts| by_odds_ratio(attempts, 3, 0.0)),
    ("risk ratio 3, support 0.1", |attempts| by_risk_ratio(attempts, 0.1, 3.0, false)),
    ("risk ratio 1.5, support 0.2", |attempts| by_risk_ratio(attempts, 0.2, 1.5, false)),
    ("risk ratio 1.5, support 0.01", |attempts| by_risk_ratio(attempts, 0.01, 1.5, false)),
    ("risk ratio 1.5, support 0.01, against its past", |attempts| by_risk_ratio(attempts, 0.01, 1.5, true)),
];

#[derive(Clone, Copy, Default)]
struct Score {
    shops: f64,
    exact: f64,
    near: f64,
    said: f64,
    related: f64,
}

impl Score {
    fn count(&mut self, planted: Option<Slice>, said: &[Slice]) {
        self.shops += 1.0;
        self.said += said.len() as f64;
        if let Some(slice) = planted {
            self.exact += f64::from(u8::from(said.contains(&slice)));
            self.near += f64::from(u8::from(said.iter().any(|other| jaccard(slice, *other) >= 0.5)));
            self.related += said.iter().filter(|other| is_related(slice, **other)).count() as f64;
        }
    }
}

#[test]
#[ignore = "prints figures"]
fn side_by_side() {
    let (mut with, mut without) = ([Score::default(); RANKINGS.len()], [Score::default(); RANKINGS.len()]);
    for order in 1..=3 {
        for odds_ratio in [1.5, 2.0, 3.0, 6.0] {
            for about in [0.005, 0.01, 0.02, 0.05, 0.10] {
                for rep in 0..reps(3) {
                    let seed =
                        rep + 17 * order as u64 + (1_000.0 * about) as u64 * 101 + (odds_ratio * 10.0) as u64 + 500_000;
                    let slice = slice_of(&mut world::Dice::new(seed), order, about);
                    let plant = Plant { slice, odds_ratio, from: 24.0, until: 0.0, error: false };
                    let (attempts, truth) = attempts(seed, &WINDY, &[plant]);
                    if (truth.attempts[0] as f64) < power::needed_attempts(0.45, odds_ratio, 70_000, 4) {
                        continue;
                    }
                    for (score, (_, rank)) in with.iter_mut().zip(RANKINGS) {
                        score.count(Some(slice), &rank(&attempts));
                    }
                }
            }
        }
    }
    for seed in 0..10 * reps(3) {
        let (attempts, _) = attempts(700_000 + seed, &WINDY, &[]);
        for (score, (_, rank)) in without.iter_mut().zip(RANKINGS) {
            score.count(None, &rank(&attempts));
        }
    }
    for ((name, _), (with, without)) in RANKINGS.iter().zip(with.iter().zip(&without)) {
        println!(
            "{name}: of {} barriers near {:.2} exact {:.2}, precision {:.2}; said a night with one {:.1}, without any (of {}) {:.1}",
            with.shops,
            with.near / with.shops,
            with.exact / with.shops,
            with.related / with.said,
            with.said / with.shops,
            without.shops,
            without.said / without.shops
        );
    }
}

/// The rivals do what they are said to do, on a barrier that nobody overlooks.
#[test]
fn rivals_find_what_is_plain_to_see() {
    let slice = Slice::new(&[(world::COUNTRY as u8, 2)]);
    let plant = Plant { slice, odds_ratio: 60.0, from: 24.0, until: 0.0, error: false };
    let (attempts, _) = attempts(11, &Weather { base: 0.15, ..CALM }, &[plant]);
    assert_eq!(by_odds_ratio(&attempts, 1, 0.0)[0], slice);
    assert!(by_risk_ratio(&attempts, 0.1, 3.0, false).contains(&slice));
    assert_eq!(by_risk_ratio(&attempts, 0.1, 3.0, true), by_risk_ratio(&attempts, 0.1, 3.0, true));
    assert_eq!(slices(&attempts), [slice]);
}
