//! Barriers that were always there: no history shows them, only the comparison with others, and errors do.
//!
//! A condition whose attempts fail more often than those of others with the same device, channel, segment and value may be
//! broken, or liked less. It is called a barrier only where one error that others hardly meet stands for most of the
//! difference; else it is told as a difference.

use std::collections::BTreeMap;

use super::assemble::{Case, Course, Finding, conditions};
use super::attempts::{Attempts, Slice};
use super::blame::Blame;
use super::cube;
use super::finding::{Confounding, Difference, Nature};
use super::gather::Night;
use super::judge::{Verdict, Window};
use super::localise::{Found, Search};
use super::price::Toll;
use super::shift::Mix;
use super::stream::ERROR;
use crate::Settings;
use crate::stats::mantel_haenszel::{self, Table, e_value};
use crate::stats::proportion::wilson;

/// Attributes within which attempts are compared.
const STRATA: [&str; 4] = ["device", "channel", "segment", "price_band"];
/// Attempts over all nights that a condition needs.
const LEAST: u32 = 200;
/// Nights that it takes.
const LEAST_NIGHTS: usize = 14;
/// How much worse it has to be than comparable others, and by how many failures.
const RATIO: f64 = 1.3;
const EXCESS: f64 = 30.0;
/// Standard deviations that it has to stand out by: far beyond chance among all conditions.
const Z: f64 = 6.0;
/// Overdispersion that is allowed for.
const PHI: f64 = 1.5;
/// Conditions that are compared within strata.
const MOST: usize = 100;
/// Barriers and differences that are told of one step.
const TOLD: usize = 3;

/// A condition against comparable others.
struct Standing {
    slice: Slice,
    n: f64,
    k: f64,
    expected: f64,
    z: f64,
    /// The error that stands for the difference.
    error: Option<u16>,
    errors: f64,
    tables: Vec<Table>,
}

/// Standing barriers and stable differences at one step; attempts of what was found already are left out.
pub(super) fn standing(
    night: &Night,
    attempts: &Attempts,
    search: &Search,
    settings: &Settings,
) -> (Vec<Finding>, Vec<Difference>) {
    let (mut findings, mut differences) = (Vec::new(), Vec::new());
    if attempts.blocks < LEAST_NIGHTS || attempts.facts.is_empty() {
        return (findings, differences);
    }
    let mut keep: Vec<bool> = (0..attempts.len()).map(|row| !search.is_found(row)).collect();
    let mix = Mix::of(attempts, Some(&keep));
    for _ in 0..TOLD {
        let candidates = candidates(attempts, &keep);
        let strongest = candidates.first().map_or(0.0, |first| first.z);
        // The shortest of the strongest with an error to show for it.
        let broken = candidates
            .iter()
            .filter(|standing| standing.error.is_some() && standing.z >= 0.9 * strongest.min(standing.z.max(Z)))
            .min_by(|a, b| {
                let near = |standing: &Standing| standing.z < 0.97 * best_broken(&candidates);
                near(a).cmp(&near(b)).then(a.slice.order().cmp(&b.slice.order())).then(b.z.total_cmp(&a.z))
            });
        if differences.is_empty() {
            let tastes = candidates.iter().filter(|standing| standing.error.is_none() && standing.slice.order() == 1);
            differences = tastes.take(TOLD).map(|standing| difference(attempts, standing)).collect();
        }
        let Some(broken) = broken else { break };
        let members: Vec<bool> =
            (0..attempts.len()).map(|row| keep[row] && attempts.is_in(row, broken.slice)).collect();
        findings.push(finding(night, attempts, broken, members.clone(), &mix, settings));
        keep.iter_mut().zip(&members).for_each(|(keep, member)| *keep &= !member);
    }
    (findings, differences)
}

fn best_broken(candidates: &[Standing]) -> f64 {
    candidates.iter().filter(|standing| standing.error.is_some()).map(|standing| standing.z).fold(0.0, f64::max)
}

/// Conditions that are worse than comparable others, the most striking first.
fn candidates(attempts: &Attempts, keep: &[bool]) -> Vec<Standing> {
    let cube = cube::count(attempts, Some(keep));
    let total = |counts: &[u32]| f64::from(counts.iter().sum::<u32>());
    let (all, failed) = cube.slices.first().map_or((1.0, 0.0), |all| (total(&all.n).max(1.0), total(&all.k)));
    let rate = (failed / all).clamp(1e-6, 1.0 - 1e-6);
    let mut crude: Vec<(f64, Slice)> = cube
        .slices
        .iter()
        .filter(|counted| (1..=2).contains(&counted.slice.order()) && counted.n.iter().sum::<u32>() >= LEAST)
        // What was there for some nights only is no standing condition.
        .filter(|counted| 2 * counted.n.iter().filter(|n| **n > 0).count() > attempts.blocks && counted.lasts())
        .map(|counted| {
            let (n, k) = (total(&counted.n), total(&counted.k));
            ((k - n * rate) / (n * rate * (1.0 - rate)).sqrt(), counted.slice)
        })
        .filter(|(z, _)| *z > 4.0)
        .collect();
    crude.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    crude.truncate(MOST);
    let mut compared: Vec<Standing> = crude
        .into_iter()
        .map(|(_, slice)| compare(attempts, keep, slice))
        .filter(|standing| {
            standing.z >= Z && standing.k >= RATIO * standing.expected && standing.k - standing.expected >= EXCESS
        })
        .collect();
    compared.sort_by(|a, b| b.z.total_cmp(&a.z).then(a.slice.cmp(&b.slice)));
    compared
}

/// Failures and errors of a condition, and those that comparable others would have had.
fn compare(attempts: &Attempts, keep: &[bool], slice: Slice) -> Standing {
    let strata: Vec<usize> = (0..attempts.attributes.len())
        .filter(|at| STRATA.contains(&attempts.attributes[*at].name) && slice.parts().all(|(own, _)| own != *at))
        .collect();
    let mut cells: BTreeMap<Vec<u8>, Table> = BTreeMap::new();
    let mut errors: BTreeMap<u16, (f64, f64)> = BTreeMap::new();
    let (mut inside, mut outside) = (0.0, 0.0);
    for row in (0..attempts.len()).filter(|row| keep[*row]) {
        let key: Vec<u8> = strata.iter().map(|at| attempts.attributes[*at].codes[row]).collect();
        let table = cells.entry(key).or_default();
        let is_in = attempts.is_in(row, slice);
        let cell = match (is_in, attempts.failed[row]) {
            (true, true) => &mut table.a,
            (true, false) => &mut table.b,
            (false, true) => &mut table.c,
            (false, false) => &mut table.d,
        };
        *cell += 1.0;
        *(if is_in { &mut inside } else { &mut outside }) += 1.0;
        let error = attempts.facts[row].error;
        if error != 0 {
            let met = errors.entry(error).or_default();
            *(if is_in { &mut met.0 } else { &mut met.1 }) += 1.0;
        }
    }
    let (mut n, mut k, mut expected, mut variance) = (0.0, 0.0, 0.0, 0.0);
    for table in cells.values().filter(|table| table.c + table.d >= 10.0) {
        let (exposed, others) = (table.a + table.b, table.c + table.d);
        let rate = (table.c + 0.5) / (others + 1.0);
        n += exposed;
        k += table.a;
        expected += exposed * rate;
        variance += PHI * exposed * rate * (1.0 - rate) * (1.0 + exposed / others);
    }
    // One error that these meet far more often than others, and that stands for most of the difference.
    let error = errors
        .into_iter()
        .map(|(error, (met, elsewhere))| (error, met, inside * elsewhere / f64::max(outside, 1.0)))
        .filter(|(_, met, usual)| Blame::BESIDE_OTHERS.stands_for(*met, *usual, k - expected))
        .max_by(|a, b| (a.1 - a.2).total_cmp(&(b.1 - b.2)));
    Standing {
        slice,
        n,
        k,
        expected,
        z: (k - expected) / variance.sqrt().max(1e-9),
        error: error.map(|(error, ..)| error),
        errors: error.map_or(0.0, |(_, met, ..)| met),
        tables: cells.into_values().collect(),
    }
}

fn difference(attempts: &Attempts, standing: &Standing) -> Difference {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let (n, k) = (standing.n as u64, standing.k as u64);
    Difference {
        step: attempts.stage.step(),
        conditions: conditions(attempts, standing.slice),
        attempts: n,
        rate: wilson(k, n).expect("enough attempts"),
        expected_rate: standing.expected / standing.n,
        error_rate: standing.errors / standing.n,
    }
}

fn finding(
    night: &Night,
    attempts: &Attempts,
    standing: &Standing,
    members: Vec<bool>,
    mix: &Mix,
    settings: &Settings,
) -> Finding {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let (n, k) = (standing.n as u32, standing.k as u32);
    let verdict = Verdict {
        slice: standing.slice,
        like: standing.slice,
        window: Window { nights: attempts.blocks, ago: 0 },
        attempts: n,
        failed: k,
        expected: standing.expected,
        shift: 0.0,
        history_rate: standing.expected / standing.n,
        history: n,
        phi: PHI,
        z: standing.z,
        p: 0.0,
        q: 0.0,
        q_dependent: 0.0,
    };
    let found = Found { verdict, is_alert: true, trail: members.clone(), members, usual: None };
    let case = Case { night, attempts, found: &found, others: mix, as_of: settings.as_of, zone: settings.zone };
    let since: Vec<usize> = (0..attempts.len()).filter(|row| found.members[*row]).collect();
    let course =
        Course { onset: None, end: None, since, before: Vec::new(), standing: 0..attempts.blocks, baseline: 0..0 };
    let toll = Toll {
        attempts: standing.n,
        observed: standing.k,
        expected: standing.expected,
        history_failed: standing.expected,
        history: standing.n,
        phi: PHI,
        of_others: 0.0,
    };
    let nights = attempts.blocks as f64;
    let last = Toll {
        attempts: toll.attempts / nights,
        observed: toll.observed / nights,
        expected: toll.expected / nights,
        ..toll
    };
    let adjusted = mantel_haenszel::odds_ratio(&standing.tables);
    let ratio = standing.k / standing.expected.max(1e-9);
    let confounding = Confounding {
        crude_odds_ratio: f64::NAN,
        odds_ratio: adjusted.map_or(f64::NAN, |ratio| ratio.point),
        odds_ratio_low: adjusted.map_or(f64::NAN, |ratio| ratio.low),
        odds_ratio_high: adjusted.map_or(f64::NAN, |ratio| ratio.high),
        strata: STRATA.to_vec(),
        e_value: e_value(ratio),
        e_value_low: e_value(toll.ratio().low),
        ..Confounding::default()
    };
    let mut finding = case.finding(&course, &toll, &last, confounding, Nature::Standing);
    let word = |number: u16| night.words.by_number[ERROR][usize::from(number)].clone();
    finding.barrier.error_code = standing.error.map(word);
    finding
}
