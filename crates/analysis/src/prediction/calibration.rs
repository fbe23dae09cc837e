//! What a model calls 70 % should happen in 70 of 100 cases: log-odds are shifted and stretched (Platt 1999) to fit carts
//! that are later than those the model was fitted on, at each landmark by itself as far as there are enough.

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

/// One [`Platt`] for each landmark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration([Platt; LANDMARKS.len()]);

impl Calibration {
    /// Log-odds stay as they are.
    #[cfg(test)]
    pub(super) const NONE: Self = Self([Platt::NONE; LANDMARKS.len()]);

    /// From (landmark, log-odds, abandoned): first over all landmarks, then each around that.
    pub(super) fn fit(rows: &[(usize, f64, bool)]) -> Self {
        let pairs = |is: &dyn Fn(usize) -> bool| -> Vec<(f64, bool)> {
            rows.iter().filter(|row| is(row.0)).map(|(_, log_odds, happened)| (*log_odds, *happened)).collect()
        };
        let pooled = Platt::fit(&pairs(&|_| true), Platt::NONE);
        Self(std::array::from_fn(|landmark| Platt::fit(&pairs(&|of| of == landmark), pooled)))
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
    fn cases(log_odds: f64, share: f64, n: u32) -> impl Iterator<Item = (usize, f64, bool)> {
        (0..n).map(move |at| (3, log_odds, f64::from(at) < share * f64::from(n)))
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
