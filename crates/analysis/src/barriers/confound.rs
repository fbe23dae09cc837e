//! Could another mix of customers be behind it? A slice is compared with its own history within strata.

use std::collections::BTreeMap;

use super::attempts::{Attempts, STRATA};
use super::finding::Confounding;
use super::judge::Verdict;
use super::shift::{Mix, NEWCOMER, Nights};
use crate::stats::logistic::{logit, sigmoid};
use crate::stats::mantel_haenszel::{self, Table, e_value};

/// A mix that explains so much of an excess makes it no finding.
pub(super) const EXPLAINED: f64 = 0.5;
/// One that explains so much does so too where the rest stands out by fewer standard deviations than these.
const PARTLY: f64 = 0.2;
const STILL: f64 = 5.0;
/// The name of all strata together.
const TOGETHER: &str = "device, channel and segment";
/// Attempts below which a stratum is no crowd.
const LEAST: f64 = 20.0;

/// Counts of a stratum: tonight and before.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    n: f64,
    k: f64,
    before: f64,
    failed_before: f64,
}

/// Members of a slice by stratum.
fn cells<K: Ord>(
    attempts: &Attempts,
    members: impl Iterator<Item = usize>,
    tonight: &Nights,
    baseline: &Nights,
    stratum: impl Fn(usize) -> K,
) -> BTreeMap<K, Cell> {
    let mut cells: BTreeMap<K, Cell> = BTreeMap::new();
    for row in members {
        let block = usize::from(attempts.block[row]);
        let failed = f64::from(u8::from(attempts.failed[row]));
        if tonight.contains(&block) {
            let cell = cells.entry(stratum(row)).or_default();
            cell.n += 1.0;
            cell.k += failed;
        } else if baseline.contains(&block) {
            let cell = cells.entry(stratum(row)).or_default();
            cell.before += 1.0;
            cell.failed_before += failed;
        }
    }
    cells
}

/// The column whose mix explains most of the excess and what share of it; `None` unless that is enough to dismiss the
/// slice.
pub(super) fn explanation(attempts: &Attempts, keep: &[bool], verdict: &Verdict) -> Option<(&'static str, f64)> {
    let baseline = verdict.window.baseline(attempts.blocks);
    let is_compared = |row: &usize| {
        let stands_in = baseline.contains(&usize::from(attempts.block[*row])) && attempts.is_in(*row, verdict.like);
        keep[*row] && (stands_in || attempts.is_in(*row, verdict.slice))
    };
    let members: Vec<usize> = (0..attempts.len()).filter(is_compared).collect();
    worst(attempts, &members, verdict.shift, verdict)
        .filter(|(_, share)| *share > EXPLAINED || (*share > PARTLY && verdict.z * (1.0 - share) < STILL))
}

/// The column whose mix explains most of the excess.
fn worst(attempts: &Attempts, members: &[usize], shift: f64, verdict: &Verdict) -> Option<(&'static str, f64)> {
    let (tonight, baseline) = (verdict.window.tonight(), verdict.window.baseline(attempts.blocks));
    let excess = f64::from(verdict.failed) - verdict.expected;
    let mut worst: Option<(&'static str, f64)> = None;
    for (at, attribute) in attempts.attributes.iter().enumerate() {
        // A release is no customer: what comes with a new one is no mix.
        if attribute.name == "release" || verdict.slice.parts().any(|(own, _)| own == at) || excess <= 0.0 {
            continue;
        }
        let cells =
            cells(attempts, members.iter().copied(), &tonight, &baseline, |row| attempts.attributes[at].codes[row]);
        let beyond = within(cells.values(), verdict.history_rate, shift);
        let share = (1.0 - beyond / excess).clamp(0.0, 1.0);
        if worst.is_none_or(|(_, known)| share > known) {
            worst = Some((attribute.name, share));
        }
    }
    if excess > 0.0 {
        let cells = cells(attempts, members.iter().copied(), &tonight, &baseline, |row| attempts.strata[row]);
        let share = (1.0 - within(cells.values(), verdict.history_rate, shift) / excess).clamp(0.0, 1.0);
        if worst.is_none_or(|(_, known)| share > known) {
            worst = Some((TOGETHER, share));
        }
    }
    worst
}

/// Failures beyond those expected within strata. Of newcomers nothing can be said: they have no history of their own.
fn within<'a>(cells: impl Iterator<Item = &'a Cell> + Clone, rate: f64, shift: f64) -> f64 {
    let (n, before) = cells.clone().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.n, sum.1 + cell.before));
    let usual = if before > 0.0 { n / before } else { 1.0 };
    let mut beyond = 0.0;
    for cell in cells {
        let is_newcomer = cell.n > NEWCOMER * (cell.before + 1.0) * usual && cell.n >= LEAST;
        if is_newcomer {
            continue;
        }
        let own = (cell.failed_before + 10.0 * rate) / (cell.before + 10.0);
        beyond += cell.k - cell.n * sigmoid(logit(own) + shift);
    }
    beyond
}

/// Everything that was looked at for a finding whose attempts are `members`; `tonight` is where it stands, `baseline`
/// before it.
pub(super) fn confounding(
    attempts: &Attempts,
    members: &[bool],
    mix: &Mix,
    verdict: &Verdict,
    (tonight, baseline): (&Nights, &Nights),
) -> Confounding {
    let rows: Vec<usize> = (0..attempts.len()).filter(|row| members[*row]).collect();
    let strata: Vec<usize> = (0..attempts.attributes.len())
        .filter(|at| STRATA.contains(&attempts.attributes[*at].name))
        .filter(|at| !verdict.slice.parts().any(|(own, _)| own == *at))
        .collect();
    let stratum = |row: usize| strata.iter().map(|at| attempts.attributes[*at].codes[row]).collect::<Vec<u8>>();
    let cells = cells(attempts, rows.iter().copied(), tonight, baseline, stratum);
    let table = |cell: &Cell| Table {
        a: cell.k,
        b: cell.n - cell.k,
        c: cell.failed_before,
        d: cell.before - cell.failed_before,
    };
    let tables: Vec<Table> = cells.values().map(table).collect();
    let sum = tables.iter().fold(Table::default(), |sum, table| Table {
        a: sum.a + table.a,
        b: sum.b + table.b,
        c: sum.c + table.c,
        d: sum.d + table.d,
    });
    let crude = mantel_haenszel::odds_ratio(&[sum]);
    let adjusted = mantel_haenszel::odds_ratio(&tables).or(crude);
    let (rate_part, mix_part) = kitagawa(cells.values());
    // Of what has no history of its own, or is everybody's, the others say nothing more.
    let own = verdict.slice == verdict.like && verdict.slice.order() > 0;
    let (then, before) = (verdict.window.tonight(), verdict.window.baseline(attempts.blocks));
    let shift = if own { mix.shift(&then, &before) } else { verdict.shift };
    let worst = worst(attempts, &rows, shift, verdict);
    let ratio = f64::from(verdict.failed) / verdict.expected.max(1e-9);
    let low = ratio * (-1.96 * relative_error(verdict)).exp();
    Confounding {
        crude_odds_ratio: crude.map_or(f64::NAN, |ratio| ratio.point),
        odds_ratio: adjusted.map_or(f64::NAN, |ratio| ratio.point),
        odds_ratio_low: adjusted.map_or(f64::NAN, |ratio| ratio.low),
        odds_ratio_high: adjusted.map_or(f64::NAN, |ratio| ratio.high),
        strata: strata.iter().map(|at| attempts.attributes[*at].name).collect(),
        rate_part,
        mix_part,
        worst_column: worst.map(|(column, _)| column),
        worst_share: worst.map_or(0.0, |(_, share)| share),
        e_value: e_value(ratio),
        e_value_low: e_value(low),
        placebo_as_extreme: 0,
        placebo_nights: 0,
    }
}

/// Standard error of the logarithm of observed over expected.
pub(super) fn relative_error(verdict: &Verdict) -> f64 {
    let rate = f64::from(verdict.failed) / f64::from(verdict.attempts).max(1.0);
    let observed = verdict.phi * (1.0 - rate) / f64::from(verdict.failed).max(1.0);
    let failed_before = f64::from(verdict.history) * verdict.history_rate;
    (observed + (1.0 - verdict.history_rate) / failed_before.max(1.0)).sqrt()
}

/// How much of the change of a rate is behaviour within strata, and how much their mix. Source: Kitagawa, Components of a
/// difference between two rates, JASA 50 (1955), 1168-1194.
fn kitagawa<'a>(cells: impl Iterator<Item = &'a Cell> + Clone) -> (f64, f64) {
    let (n, before) = cells.clone().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.n, sum.1 + cell.before));
    if n == 0.0 || before == 0.0 {
        return (0.0, 0.0);
    }
    let (mut rate, mut mix) = (0.0, 0.0);
    for cell in cells {
        let (w0, w1) = (cell.before / before, cell.n / n);
        // A stratum that is empty on one side has no rate there: all of its part is mix.
        let r0 = if cell.before > 0.0 { cell.failed_before / cell.before } else { cell.k / cell.n.max(1.0) };
        let r1 = if cell.n > 0.0 { cell.k / cell.n } else { r0 };
        rate += f64::midpoint(w0, w1) * (r1 - r0);
        mix += f64::midpoint(r0, r1) * (w1 - w0);
    }
    (rate, mix)
}
