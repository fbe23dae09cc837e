//! How long things last when some are still going on: the Kaplan-Meier curve.

use super::Z95;
use super::proportion::wilson;
use crate::Estimate;

/// A fitted Kaplan-Meier curve S: the share for which the event has not happened by a time.
///
/// Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958), 457-481. Intervals
/// are pointwise, 95 %, by Greenwood's variance on the log(-log S) scale (Kalbfleisch and Prentice, The Statistical
/// Analysis of Failure Time Data, 1980; R's `survfit(conf.type = "log-log")`), which keeps them within 0..=1.
///
/// That scale has no place for S = 1 and S = 0. Before the first event the interval is Wilson's for no event among those
/// at risk; once S is 0, it ends where the last interval above 0 ended (or is Wilson's where there was none).
#[derive(Clone, Debug)]
pub struct KaplanMeier {
    /// Every time of observation, ascending.
    times: Vec<f64>,
    /// One entry per distinct time of an event, ascending.
    drops: Vec<Drop>,
}

/// The curve just after a time at which events happened.
#[derive(Clone, Copy, Debug)]
struct Drop {
    time: f64,
    /// Observations at risk at that time.
    at_risk: u64,
    survival: f64,
    /// Greenwood's sum of d / (n (n - d)) so far: the variance of log S. Infinite once S is 0.
    variance: f64,
}

/// Where a curve starts: everything is still to come.
const START: Drop = Drop { time: f64::NEG_INFINITY, at_risk: 0, survival: 1.0, variance: 0.0 };

impl KaplanMeier {
    /// The curve of observations that lasted `times` (any unit), each ended by the event or, where `ended` is false,
    /// lost from sight then. Events come before losses of the same time. O(n log n).
    ///
    /// # Panics
    /// If the slices differ in length, or a time is negative or not finite.
    #[must_use]
    pub fn fit(times: &[f64], ended: &[bool]) -> Self {
        assert_eq!(times.len(), ended.len(), "every observation has a time and an end");
        assert!(times.iter().all(|time| time.is_finite() && *time >= 0.0), "times are finite and not negative");
        let mut observations: Vec<(f64, bool)> = times.iter().copied().zip(ended.iter().copied()).collect();
        observations.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut drops: Vec<Drop> = Vec::new();
        let mut current = START;
        let mut at_risk = observations.len() as u64;
        for tied in observations.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let events = tied.iter().filter(|(_, ended)| *ended).count() as u64;
            if events > 0 {
                let (n, d) = (at_risk as f64, events as f64);
                // Dividing last keeps the end exact: all of n gone is 0, not nearly 0.
                let survival = current.survival * (n - d) / n;
                current = Drop { time: tied[0].0, at_risk, survival, variance: current.variance + d / (n * (n - d)) };
                drops.push(current);
            }
            at_risk -= tied.len() as u64;
        }
        Self { times: observations.into_iter().map(|(time, _)| time).collect(), drops }
    }

    /// Observations that entered the curve.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.times.len() as u64
    }

    /// The longest time of observation; `None` for a curve of nothing.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.times.last().copied()
    }

    /// Observations that lasted at least until `time`, with the event not before it. O(log n).
    #[must_use]
    pub fn at_risk(&self, time: f64) -> u64 {
        (self.times.len() - self.times.partition_point(|other| *other < time)) as u64
    }

    /// Observations that lasted longer than `time`.
    fn beyond(&self, time: f64) -> u64 {
        (self.times.len() - self.times.partition_point(|other| *other <= time)) as u64
    }

    fn drop_at(&self, time: f64) -> Drop {
        self.drops[..self.drops.partition_point(|drop| drop.time <= time)].last().copied().unwrap_or(START)
    }

    /// Whether the curve is known at `time`: something lasted that long, or nothing was left before.
    fn reaches(&self, time: f64) -> bool {
        self.at_risk(time) > 0 || (self.n() > 0 && self.drop_at(time).survival <= 0.0)
    }

    /// S(time): the share for which the event has not happened by then, inclusive; its `n` is all observations.
    /// `None` beyond the last observation, unless S is 0 by then.
    #[must_use]
    pub fn survival(&self, time: f64) -> Option<Estimate> {
        self.ratio(f64::NEG_INFINITY, time)
    }

    /// S(to) / S(from): of those for which the event has not happened by `from`, the share for which it has not by
    /// `to` either. Its `n` is the observations that went on after `from`.
    /// `None` where none did, or beyond the last observation as in [`survival`](Self::survival).
    #[must_use]
    pub fn survival_after(&self, from: f64, to: f64) -> Option<Estimate> {
        self.ratio(from, to)
    }

    fn ratio(&self, from: f64, to: f64) -> Option<Estimate> {
        let n = self.beyond(from);
        if n == 0 || !self.reaches(to) {
            return None;
        }
        let (start, end) = (self.drop_at(from), self.drop_at(to));
        let point = end.survival / start.survival;
        let (low, high) = if end.variance <= start.variance {
            let none_lost = wilson(0, self.at_risk(to))?.complement();
            (none_lost.low, 1.0)
        } else if end.survival <= 0.0 {
            (0.0, self.high_before_the_end(start)?)
        } else {
            log_log(point, (end.variance - start.variance).sqrt() / point.ln().abs())
        };
        Some(Estimate { point, low, high, n })
    }

    /// Upper end of the interval of S(t) / `start` just before S fell to 0.
    fn high_before_the_end(&self, start: Drop) -> Option<f64> {
        let (end, before) = self.drops.split_last()?;
        match before.last().filter(|drop| drop.time > start.time) {
            Some(drop) => {
                let point = drop.survival / start.survival;
                Some(log_log(point, (drop.variance - start.variance).sqrt() / point.ln().abs()).1)
            }
            None => Some(wilson(0, end.at_risk)?.high),
        }
    }

    /// S(from) - S(to): the share of all for which the event happens after `from` and by `to`, inclusive.
    ///
    /// Its variance is that of a product of two factors, S(from) and the share lost after it, which are uncorrelated
    /// in large samples (delta method); the interval is then made as that of S. `None` as in
    /// [`survival_after`](Self::survival_after).
    #[must_use]
    pub fn lost_between(&self, from: f64, to: f64) -> Option<Estimate> {
        let after = self.survival_after(from, to)?;
        let (start, end) = (self.drop_at(from), self.drop_at(to));
        let (point, n) = (start.survival * (1.0 - after.point), self.n());
        if end.variance <= start.variance {
            return wilson(0, self.at_risk(to)).map(|none| Estimate { n, ..none });
        }
        let kept = 1.0 - point;
        if kept <= 0.0 {
            return Some(self.survival(to)?.complement());
        }
        // Where S(to) is 0 its own variance has no bound, and the share lost is S(from).
        let later = if end.survival > 0.0 { end.survival.powi(2) * (end.variance - start.variance) } else { 0.0 };
        let error = (point.powi(2) * start.variance + later).sqrt() / (kept * kept.ln().abs());
        let (low, high) = log_log(kept, error);
        Some(Estimate { point, low: 1.0 - high, high: 1.0 - low, n })
    }
}

/// The 95 % interval of a share strictly between 0 and 1 whose log(-log) has this standard error.
fn log_log(share: f64, error: f64) -> (f64, f64) {
    (share.powf((Z95 * error).exp()), share.powf((-Z95 * error).exp()))
}

#[cfg(test)]
mod tests;
