//! What a barrier costs: failed attempts beyond those expected → carts not bought → money.

use std::collections::BTreeMap;

use events::Amount;
use events::time::DAY;

use super::attempts::Attempts;
use super::finding::{MoneyRange, Range};
use crate::stats::survival::KaplanMeier;

/// 90 % point of the normal distribution: ends of an 80 % interval.
const Z80: f64 = 1.281_551_565_544_600_4;
/// Failures as expected that are added to both sides: what is picked out of many for being large is drawn back.
const PRIOR: f64 = 1.0;
/// How long a cart can still be bought, in days.
const LATE: f64 = 30.0;
/// Attempts below which a curve is not drawn for the slice alone.
const FEW: usize = 50;

/// Failures observed and expected since the onset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Toll {
    pub(super) attempts: f64,
    pub(super) observed: f64,
    pub(super) expected: f64,
    /// Failures and attempts of the history that `expected` comes from.
    pub(super) history_failed: f64,
    pub(super) history: f64,
    /// How much more counts vary than coins.
    pub(super) phi: f64,
    /// Variance of `expected` by what is not known of everybody else's nights.
    pub(super) of_others: f64,
}

impl Toll {
    /// Standard error of the logarithm of observed over expected.
    fn error(&self) -> f64 {
        let share = |k: f64, n: f64| (1.0 - k / n.max(1.0)).max(0.0) / k.max(1.0);
        (self.phi * share(self.observed, self.attempts) + share(self.history_failed, self.history)).sqrt()
    }

    /// Observed over expected, drawn towards 1.
    pub(super) fn ratio(&self) -> Range {
        let prior = PRIOR * self.phi;
        let point = (prior + self.observed) / (prior + self.expected.max(1e-9));
        let half = (Z80 * self.error()).exp();
        Range { low: point / half, point, high: point * half }
    }

    /// Failures beyond those expected. Those observed are known; what is not is how many of them would have been anyway.
    pub(super) fn excess(&self) -> Range {
        let point = self.expected * (self.ratio().point - 1.0);
        let anyway = (self.expected / self.attempts.max(1.0)).clamp(0.0, 1.0);
        let of_history = (1.0 - self.history_failed / self.history.max(1.0)).max(0.0) / self.history_failed.max(1.0);
        let variance =
            self.phi * self.expected * (1.0 - anyway) + self.expected * self.expected * of_history + self.of_others;
        let half = Z80 * variance.sqrt();
        Range { low: (point - half).max(0.0), point: point.max(0.0), high: (point + half).max(0.0) }
    }
}

/// How many of those who failed, or passed, bought within days of the attempt.
struct Curve {
    fitted: KaplanMeier,
    /// Longest time anybody was followed.
    reach: f64,
    n: usize,
}

impl Curve {
    fn of(attempts: &Attempts, rows: impl Iterator<Item = usize>, as_of: i64) -> Self {
        let (mut times, mut bought) = (Vec::new(), Vec::new());
        for row in rows {
            let fact = &attempts.facts[row];
            if fact.cart == u32::MAX {
                continue;
            }
            let until = fact.bought_at.unwrap_or(as_of).min(as_of);
            times.push((until - attempts.at[row]).max(0) as f64 / DAY as f64);
            bought.push(fact.bought_at.is_some_and(|at| at <= as_of));
        }
        let reach = times.iter().copied().fold(0.0, f64::max);
        Self { n: times.len(), fitted: KaplanMeier::fit(&times, &bought), reach }
    }

    /// Share bought within so many days.
    fn share(&self, days: f64) -> f64 {
        self.fitted.survival(days.min(self.reach)).map_or(0.0, |left| 1.0 - left.point)
    }
}

/// Purchases that follow attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// Share of excess failures that would have been bought, had they passed, and were not.
    pub(super) lost: f64,
    /// Share of failed attempts since the onset whose cart is bought later all the same.
    pub(super) recovered: f64,
}

/// What becomes of attempts that fail because of the barrier. `since` and `before` are the attempts of the slice; `all`
/// are those of the step.
pub(super) fn fate(attempts: &Attempts, since: &[usize], before: &[usize], as_of: i64) -> Option<Fate> {
    if attempts.facts.is_empty() {
        return None;
    }
    let is_failed = |row: &usize| attempts.failed[*row];
    let everybody: Vec<usize> = if before.len() < 2 * FEW { (0..attempts.len()).collect() } else { before.to_vec() };
    let passed = Curve::of(attempts, everybody.iter().copied().filter(|row| !is_failed(row)), as_of);
    let mut failed_before = Curve::of(attempts, everybody.iter().copied().filter(is_failed), as_of);
    if failed_before.n < FEW {
        failed_before = Curve::of(attempts, (0..attempts.len()).filter(is_failed), as_of);
    }
    if passed.n == 0 {
        return None;
    }
    let failed = Curve::of(attempts, since.iter().copied().filter(is_failed), as_of);
    // As far as they were followed their own curve, and from there on that of comparable carts.
    let late = failed_before.share(LATE);
    let recovered = if failed.n < FEW {
        late
    } else {
        let known = failed.share(failed.reach);
        let then = failed_before.share(failed.reach);
        known + (1.0 - known) * ((late - then) / (1.0 - then).max(1e-9)).max(0.0)
    };
    let rate = |rows: &[usize]| rows.iter().filter(|row| is_failed(row)).count() as f64 / rows.len().max(1) as f64;
    let (f1, f0) = (rate(since), rate(before).min(rate(since)));
    let of_excess = if f1 - f0 > 1e-6 { ((f1 * recovered - f0 * late) / (f1 - f0)).clamp(0.0, 1.0) } else { recovered };
    Some(Fate { lost: (passed.share(LATE) - of_excess).max(0.0), recovered })
}

/// Mean value of these attempts' carts in the base currency, each cart once, with its relative standard error; `None`
/// where nothing has a price.
fn mean_value(attempts: &Attempts, rows: &[usize]) -> Option<(f64, f64)> {
    let mut carts: BTreeMap<u32, i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| attempts.failed[**row]) {
        let fact = &attempts.facts[*row];
        if fact.value > 0 {
            carts.insert(fact.cart, fact.value);
        }
    }
    let n = carts.len() as f64;
    if n == 0.0 {
        return None;
    }
    let mean = carts.values().map(|value| *value as f64).sum::<f64>() / n;
    let spread = carts.values().map(|value| (*value as f64 - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    Some((mean, (spread / n).sqrt() / mean))
}

/// Carts lost, and what they were worth.
pub(super) fn loss(attempts: &Attempts, since: &[usize], toll: &Toll, fate: &Fate) -> (Range, Option<MoneyRange>) {
    let excess = toll.excess();
    let times =
        |factor: f64| Range { low: excess.low * factor, point: excess.point * factor, high: excess.high * factor };
    let carts = times(fate.lost);
    let money = mean_value(attempts, since).map(|(mean, error)| {
        let half = Z80 * error;
        let amount = |carts: f64, value: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "an estimate need not be exact")]
            let scaled = (carts * value).max(0.0).round() as i128;
            Amount(scaled)
        };
        MoneyRange {
            low: amount(carts.low, mean * (1.0 - half).max(0.0)),
            point: amount(carts.point, mean),
            high: amount(carts.high, mean * (1.0 + half)),
        }
    });
    (carts, money)
}
