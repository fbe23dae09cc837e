//! What a model calls 70 % should happen in 70 of 100 cases: log-odds are shifted and stretched (Platt 1999) to fit carts
//! that are later than those the model was fitted on, at each landmark by itself as far as there are enough.

use std::collections::BTreeMap;

use super::bytes::Bytes;
use super::design::nearness;
use super::landmark::LANDMARKS;
use crate::stats::logistic::sigmoid;

/// How firmly slope and level are held to what they would be without evidence: the inverse of a variance.
const FIRMNESS: (f64, f64) = (100.0, 4.0);
const MOST_STEPS: usize = 50;

/// Slope and level of the log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Platt {
    slope: f64,
    level: f64,
}

impl Platt {
    const NONE: Self = Self { slope: 1.0, level: 0.0 };

    /// The maximum of likelihood times a normal prior around `prior`, by Newton's method.
    fn fit(pairs: &[(f64, bool)], prior: Self) -> Self {
        let Self { mut slope, mut level } = prior;
        for _ in 0..MOST_STEPS {
            let mut gradient = (FIRMNESS.0 * (prior.slope - slope), FIRMNESS.1 * (prior.level - level));
            let (mut aa, mut ab, mut bb) = (FIRMNESS.0, 0.0, FIRMNESS.1);
            for (log_odds, happened) in pairs {
                let p = sigmoid(slope * log_odds + level);
                let (residual, weight) = (f64::from(u8::from(*happened)) - p, p * (1.0 - p));
                gradient.0 += residual * log_odds;
                gradient.1 += residual;
                aa += weight * log_odds * log_odds;
                ab += weight * log_odds;
                bb += weight;
            }
            let determinant = aa * bb - ab * ab;
            // A step is kept short: far from the maximum the curvature says little.
            let by = ((bb * gradient.0 - ab * gradient.1) / determinant).clamp(-1.0, 1.0);
            let up = ((aa * gradient.1 - ab * gradient.0) / determinant).clamp(-1.0, 1.0);
            slope += by;
            level += up;
            if by.abs() + up.abs() < 1e-10 {
                break;
            }
        }
        Self { slope, level }
    }
}

impl Platt {
    /// With the level at which as many of these, each with its weight, happen as are said to; held to `prior` as in
    /// [`Platt::fit`].
    fn levelled(mut self, rows: &[(f64, bool, f64)], prior: f64) -> Self {
        for _ in 0..MOST_STEPS {
            let (mut gradient, mut curvature) = (FIRMNESS.1 * (prior - self.level), FIRMNESS.1);
            for (log_odds, happened, weight) in rows {
                let p = sigmoid(self.slope * log_odds + self.level);
                gradient += weight * (f64::from(u8::from(*happened)) - p);
                curvature += weight * p * (1.0 - p);
            }
            let up = (gradient / curvature).clamp(-1.0, 1.0);
            self.level += up;
            if up.abs() < 1e-10 {
                break;
            }
        }
        self
    }
}

/// What a model said of a cart at a landmark, and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) landmark: usize,
    pub(super) log_odds: f64,
    pub(super) abandoned: bool,
    /// Day of the opening.
    pub(super) day: i32,
    /// Whether it is later than all that the model was fitted on.
    pub(super) is_later: bool,
}

/// Days after which a day counts half as much for the level. Shops that stand still are told best by all their days,
/// shops that move by the latest.
const HALF_LIVES: [f64; 4] = [f64::INFINITY, 28.0, 14.0, 7.0];
/// Days between the last that is known, and the middle of the week that is forecast.
const AHEAD: i32 = 7;
/// Latest days on which half-lives are tried.
const TRIED: i32 = 28;

/// Weight of what was so many days ago.
fn faded(days: i32, half_life: f64) -> f64 {
    (-f64::from(days) / half_life).exp2()
}

/// The half-life by which the days before would have foretold each of the latest days best.
fn half_life(rows: &[Said], platts: &[Platt]) -> f64 {
    // By day: what came above what was said, and its curvature.
    let mut days: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let p = sigmoid(platts[row.landmark].slope * row.log_odds + platts[row.landmark].level);
        let day = days.entry(row.day).or_default();
        *day = (day.0 + f64::from(u8::from(row.abandoned)) - p, day.1 + p * (1.0 - p));
    }
    let Some(newest) = days.keys().next_back().copied() else { return f64::INFINITY };
    let missed = |half_life: f64| -> f64 {
        let of_day = |(day, (above, weight)): (&i32, &(f64, f64))| {
            let before = days.range(..=day - AHEAD);
            let (sum, all) = before.fold((0.0, 0.0), |sum, (then, (above, weight))| {
                let faded = faded(day - then, half_life);
                (sum.0 + faded * above, sum.1 + faded * weight)
            });
            if all > 0.0 { weight * (above / weight.max(1e-9) - sum / all).powi(2) } else { 0.0 }
        };
        days.range(newest - TRIED..).map(of_day).sum()
    };
    let [slowest, others @ ..] = HALF_LIVES;
    let (mut best, mut least) = (slowest, missed(slowest));
    for half_life in others {
        let missed = missed(half_life);
        if missed < (1.0 - GAIN) * least {
            (best, least) = (half_life, missed);
        }
    }
    best
}

/// By how much a shorter half-life has to be better.
const GAIN: f64 = 0.02;

/// One [`Platt`] for each landmark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration([Platt; LANDMARKS.len()]);

impl Calibration {
    /// Log-odds stay as they are.
    #[cfg(test)]
    pub(super) const NONE: Self = Self([Platt::NONE; LANDMARKS.len()]);

    /// First over all landmarks, then each around that. Later rows tell how sure the model may be; how high the level is,
    /// all rows tell: the latest are of few days, and carts of a day share the day.
    pub(super) fn fit(rows: &[Said]) -> Self {
        let pairs = |is: &dyn Fn(&Said) -> bool| -> Vec<(f64, bool)> {
            rows.iter().filter(|row| row.is_later && is(row)).map(|row| (row.log_odds, row.abandoned)).collect()
        };
        let pooled = Platt::fit(&pairs(&|_| true), Platt::NONE);
        let platts: [Platt; LANDMARKS.len()] =
            std::array::from_fn(|landmark| Platt::fit(&pairs(&|row| row.landmark == landmark), pooled));
        let half_life = half_life(rows, &platts);
        let last = rows.iter().map(|row| row.day).max().unwrap_or(0);
        Self(std::array::from_fn(|landmark| {
            let of_landmark = rows.iter().filter(|row| row.landmark == landmark);
            let weighted: Vec<(f64, bool, f64)> =
                of_landmark.map(|row| (row.log_odds, row.abandoned, faded(last - row.day, half_life))).collect();
            platts[landmark].levelled(&weighted, pooled.level)
        }))
    }

    /// Slope and level of every landmark.
    pub(super) fn put(&self, into: &mut Vec<u8>) {
        self.0.iter().for_each(|platt| (platt.slope, platt.level).put(into));
    }

    /// What [`put`](Self::put) wrote.
    pub(super) fn take(from: &mut &[u8]) -> Option<Self> {
        let mut platts = [Platt::NONE; LANDMARKS.len()];
        for platt in &mut platts {
            (platt.slope, platt.level) = Bytes::take(from)?;
        }
        Some(Self(platts))
    }

    /// The calibrated log-odds at any age: between two landmarks, something between the two.
    pub(super) fn apply(&self, log_odds: f64, age_hours: f64) -> f64 {
        let at = self.0.iter().zip(nearness(age_hours));
        at.map(|(platt, near)| near * (platt.slope * log_odds + platt.level)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::logistic::logit;

    /// Log-odds of which `share` of the cases happened.
    fn cases(log_odds: f64, share: f64, n: u32) -> impl Iterator<Item = Said> {
        (0..n).map(move |at| said(log_odds, f64::from(at) < share * f64::from(n), 0))
    }

    fn said(log_odds: f64, abandoned: bool, day: i32) -> Said {
        Said { landmark: 3, log_odds, abandoned, day, is_later: true }
    }

    /// Fifty days of 400 carts of even odds, of which as many are abandoned as the day says.
    fn days(rate: impl Fn(i32) -> f64) -> Vec<Said> {
        let of_day = |day: i32| {
            let abandoned = 400.0 * rate(day);
            (0..400).map(move |at| said(0.0, f64::from(at) < abandoned, day))
        };
        (0..50).flat_map(of_day).collect()
    }

    #[test]
    fn a_shop_that_moves_is_told_by_its_latest_days_and_one_that_stands_still_by_all() {
        let level = |rows: &[Said]| sigmoid(Calibration::fit(rows).apply(0.0, 24.0));
        let rising = days(|day| 0.4 + 0.004 * f64::from(day));
        assert!(level(&rising) > 0.54, "it ended at 0.6, and its mean is 0.5: {}", level(&rising));
        let restless = days(|day| if day * 7 % 10 < 5 { 0.45 } else { 0.55 });
        assert!((level(&restless) - 0.5).abs() < 0.008, "{}", level(&restless));
    }

    #[test]
    fn too_sure_a_model_is_brought_back() {
        // It says 10, 50 and 90 %; 20, 50 and 80 % happen.
        let said = [(0.1, 0.2), (0.5, 0.5), (0.9, 0.8)];
        let rows: Vec<_> = said.iter().flat_map(|(said, share)| cases(logit(*said), *share, 20_000)).collect();
        let calibration = Calibration::fit(&rows);
        for (said, share) in said {
            assert!((sigmoid(calibration.apply(logit(said), 24.0)) - share).abs() < 0.005);
        }
    }

    #[test]
    fn without_evidence_nothing_is_changed() {
        assert_eq!(Calibration::fit(&[]), Calibration::NONE);
        assert!((Calibration::NONE.apply(1.25, 13.0) - 1.25).abs() < 1e-12);
        let few: Vec<_> = cases(0.0, 1.0, 3).collect();
        assert!(Calibration::fit(&few).apply(0.0, 24.0) < 0.7, "three cases are no evidence");
    }
}
