//! How much everybody fared differently from one stretch of nights to another: taken out before a slice is judged.

use std::collections::BTreeMap;

use super::attempts::Attempts;
use crate::stats::logistic::{logit, sigmoid};

/// Attempts in the history of a stratum below which it does not help to find the shift.
const LEAST: u64 = 20;
/// A stratum that has so many times the attempts that it had is of newcomers.
pub(super) const NEWCOMER: f64 = 3.0;

/// Attempts and failures by stratum and block.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    blocks: usize,
    /// By stratum, ascending: (attempts, failures) of every block.
    strata: Vec<Vec<(u64, u64)>>,
}

/// Nights `from..until` counted from the newest, 0.
pub(super) type Nights = std::ops::Range<usize>;

impl Mix {
    /// Counts the attempts that `keep` names (all if it is `None`).
    pub(super) fn of(attempts: &Attempts, keep: Option<&[bool]>) -> Self {
        let mut strata: BTreeMap<u16, Vec<(u64, u64)>> = BTreeMap::new();
        for row in (0..attempts.len()).filter(|row| keep.is_none_or(|keep| keep[*row])) {
            let blocks = strata.entry(attempts.strata[row]).or_insert_with(|| vec![(0, 0); attempts.blocks]);
            let cell = &mut blocks[usize::from(attempts.block[row])];
            cell.0 += 1;
            cell.1 += u64::from(attempts.failed[row]);
        }
        Self { blocks: attempts.blocks, strata: strata.into_values().collect() }
    }

    /// Attempts and failures of a night.
    pub(super) fn count(&self, night: usize) -> (f64, f64) {
        let cells = self.strata.iter().filter_map(|blocks| blocks.get(night));
        cells.fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0 as f64, sum.1 + cell.1 as f64))
    }

    /// The same without strata that have grown several times more than all: they are of newcomers, who are not who they
    /// were.
    pub(super) fn settled(&self, nights: &Nights, baseline: &Nights) -> Self {
        let each = |nights: &Nights, n: u64| n as f64 / (nights.end - nights.start).max(1) as f64;
        let sum = |nights: &Nights| (0..self.strata.len()).map(|at| self.total(at, nights).0).sum::<u64>();
        let growth = each(nights, sum(nights)) / each(baseline, sum(baseline)).max(1e-9);
        let is_settled = |at: &usize| {
            let (now, then) = (self.total(*at, nights).0, self.total(*at, baseline).0);
            now < LEAST || each(nights, now) <= NEWCOMER * growth.min(1.0) * each(baseline, then)
        };
        let strata = (0..self.strata.len()).filter(is_settled).map(|at| self.strata[at].clone()).collect();
        Self { blocks: self.blocks, strata }
    }

    fn total(&self, stratum: usize, nights: &Nights) -> (u64, u64) {
        let cells = &self.strata[stratum][nights.start.min(self.blocks)..nights.end.min(self.blocks)];
        cells.iter().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1))
    }

    /// By how much, on the log-odds, failures of `nights` exceed those of `baseline` for the same mix of strata.
    /// Strata without history say nothing. 0 where there is nothing to compare.
    pub(super) fn shift(&self, nights: &Nights, baseline: &Nights) -> f64 {
        let history: Vec<(u64, u64)> = (0..self.strata.len()).map(|at| self.total(at, baseline)).collect();
        let all = history.iter().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
        let overall = (all.1 as f64 + 0.5) / (all.0 as f64 + 1.0);
        let mut cells = Vec::new();
        let mut observed = 0.0;
        for (at, (n, k)) in history.into_iter().enumerate() {
            if n < LEAST {
                continue;
            }
            let rate = (k as f64 + 5.0 * overall) / (n as f64 + 5.0);
            let (tonight, failed) = self.total(at, nights);
            if tonight > 0 {
                cells.push((tonight as f64, logit(rate)));
                observed += failed as f64;
            }
        }
        let n: f64 = cells.iter().map(|(n, _)| n).sum();
        if n < 1.0 {
            return 0.0;
        }
        // A few Newton steps; a little is added so that all or nothing failing stays finite.
        let target = (observed + 0.5) * n / (n + 1.0);
        let mut delta = 0.0_f64;
        for _ in 0..12 {
            let (mut mean, mut slope) = (0.0, 1e-9);
            for (n, rate) in &cells {
                let p = sigmoid(rate + delta);
                mean += n * p;
                slope += n * p * (1.0 - p);
            }
            delta = (delta + ((target - mean) / slope).clamp(-2.0, 2.0)).clamp(-8.0, 8.0);
        }
        delta
    }
}
