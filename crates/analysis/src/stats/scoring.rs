//! How good probabilities were, once it is known what happened.

use super::logistic::log_loss;

/// Mean log-loss of `(probability, happened)` pairs; `None` for none.
#[must_use]
pub fn mean_log_loss(pairs: &[(f64, bool)]) -> Option<f64> {
    mean(pairs, |(p, happened)| log_loss(p, happened))
}

/// Mean squared distance between probability and what happened (Brier 1950), 0..=1; `None` for no pairs.
#[must_use]
pub fn brier(pairs: &[(f64, bool)]) -> Option<f64> {
    mean(pairs, |(p, happened)| (p - f64::from(u8::from(happened))).powi(2))
}

fn mean(pairs: &[(f64, bool)], of: impl Fn((f64, bool)) -> f64) -> Option<f64> {
    if pairs.is_empty() { None } else { Some(pairs.iter().map(|pair| of(*pair)).sum::<f64>() / pairs.len() as f64) }
}

/// Area under the ROC curve: how often something that happened had the higher probability than something that did not,
/// ties counting half (Hanley and `McNeil` 1982). `None` unless there are both. O(n log n).
#[must_use]
pub fn auc(pairs: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins, mut happened) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let hits = tied.iter().filter(|(_, happened)| *happened).count() as f64;
        let misses = tied.len() as f64 - hits;
        wins += hits * (below + misses / 2.0);
        below += misses;
        happened += hits;
    }
    (happened > 0.0 && below > 0.0).then(|| wins / (happened * below))
}

/// A bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Pairs in it.
    pub n: u64,
    /// Their mean probability.
    pub predicted: f64,
    /// How many of them happened.
    pub happened: u64,
}

impl Bin {
    /// The share that happened.
    #[must_use]
    pub fn observed(&self) -> f64 {
        self.happened as f64 / self.n as f64
    }
}

/// At most `bins` bins of equal mass, by rising probability; none for no pairs. Equal probabilities stay together.
#[must_use]
pub fn reliability(pairs: &[(f64, bool)], bins: usize) -> Vec<Bin> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut result = Vec::with_capacity(bins);
    let mut from = 0;
    for bin in 1..=bins {
        let mut until = (sorted.len() * bin).div_ceil(bins);
        while (1..sorted.len()).contains(&until) && sorted[until].0.total_cmp(&sorted[until - 1].0).is_eq() {
            until += 1;
        }
        if until <= from {
            continue;
        }
        let held = &sorted[from..until];
        result.push(Bin {
            n: held.len() as u64,
            predicted: held.iter().map(|(p, _)| p).sum::<f64>() / held.len() as f64,
            happened: held.iter().filter(|(_, happened)| *happened).count() as u64,
        });
        from = until;
    }
    result
}

/// Expected calibration error: the mean distance between predicted and observed over the bins, weighted by their size.
/// Even perfect probabilities have one above 0, about the square root of bins / n.
#[must_use]
pub fn calibration_error(bins: &[Bin]) -> f64 {
    weighted(bins, |bin| (bin.observed() - bin.predicted).abs())
}

/// The root of the mean squared distance, less what chance alone adds (Roelofs et al. 2020); 0 for perfect ones on average.
#[must_use]
pub fn debiased_calibration_error(bins: &[Bin]) -> f64 {
    let squared = weighted(bins, |bin| {
        let (observed, n) = (bin.observed(), bin.n as f64);
        (observed - bin.predicted).powi(2) - if bin.n > 1 { observed * (1.0 - observed) / (n - 1.0) } else { 0.0 }
    });
    squared.max(0.0).sqrt()
}

fn weighted(bins: &[Bin], of: impl Fn(&Bin) -> f64) -> f64 {
    let n: u64 = bins.iter().map(|bin| bin.n).sum();
    if n == 0 { 0.0 } else { bins.iter().map(|bin| bin.n as f64 * of(bin)).sum::<f64>() / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(f64, bool); 6] = [(0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.8, false), (0.9, true)];

    #[test]
    fn scores_agree_with_scikit_learn() {
        // p = [.1, .4, .35, .8, .8, .9]; y = [0, 0, 1, 1, 0, 1]
        // log_loss(y, p), brier_score_loss(y, p), roc_auc_score(y, p)
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-9;
        assert!(near(mean_log_loss(&PAIRS), 0.600_658_373_888));
        assert!(near(brier(&PAIRS), 0.213_75));
        assert!(near(auc(&PAIRS), 13.0 / 18.0));
        assert_eq!((auc(&[(0.5, true)]), brier(&[]), mean_log_loss(&[])), (None, None, None));
    }

    #[test]
    fn bins_hold_everything_once_and_never_part_equal_probabilities() {
        let bins = reliability(&PAIRS, 3);
        assert_eq!(bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [2, 3, 1]);
        assert!(
            (calibration_error(&bins) - (2.0 * 0.275 + 3.0 * (1.0_f64 / 3.0 - 2.0 / 3.0).abs() + 0.1) / 6.0).abs()
                < 1e-9
        );
        assert_eq!(reliability(&[], 3), []);
        assert!(calibration_error(&[]).abs() < 1e-12);
        assert_eq!(reliability(&[(0.5, true); 40], 15).len(), 1);
    }

    #[test]
    fn chance_is_taken_out_of_the_debiased_error() {
        // 2,000 pairs at each of .1 … .9 that happen in exactly the rounded share: as good as can be.
        let mut pairs = Vec::new();
        for tenth in 1..10_u32 {
            pairs.extend((0..2_000).map(|at| (f64::from(tenth) / 10.0, at < 200 * tenth)));
        }
        let bins = reliability(&pairs, 15);
        assert!(calibration_error(&bins) < 1e-9 && debiased_calibration_error(&bins) < 1e-9);
        let shifted: Vec<_> = pairs.iter().map(|(p, happened)| (p + 0.05, *happened)).collect();
        assert!((debiased_calibration_error(&reliability(&shifted, 15)) - 0.05).abs() < 0.002);
    }
}
