//! How small a barrier could have been seen: to be read beside "no barrier found".

use statrs::distribution::{ContinuousCDF, Normal};

use super::attempts::Attempts;
use super::finding::Smallest;
use super::localise::LEVEL;

/// Odds ratios that are told.
const ODDS_RATIOS: [f64; 4] = [1.5, 2.0, 3.0, 6.0];
/// 80 % point of the normal distribution: seen on four nights of five.
const POWER: f64 = 0.841_621_233_572_914_2;
/// How much more counts vary than coins, on ordinary nights.
const PHI: f64 = 1.2;

/// The standard deviations that a slice has to stand out by, to be found alone among so many tests.
fn needed(tests: usize, steps: usize) -> f64 {
    // Conditions of one, two and three parts share the errors; most tests are of three.
    let level = LEVEL / 3.0 / (tests.max(1) * steps.max(1)) as f64;
    let normal = Normal::new(0.0, 1.0).expect("the standard normal");
    // Student's tails are longer.
    normal.inverse_cdf(1.0 - level) * 1.08
}

/// Attempts that a slice needs in one night for a barrier of this odds ratio to be seen, where `rate` fail anyway.
fn attempts(rate: f64, odds_ratio: f64, needed: f64) -> f64 {
    let odds = rate / (1.0 - rate) * odds_ratio;
    let worse = odds / (1.0 + odds);
    let spread = |p: f64| (PHI * p * (1.0 - p)).sqrt();
    let least = ((needed * spread(rate) + POWER * spread(worse)) / (worse - rate)).powi(2);
    // And enough to matter at all.
    least.max(15.0 / (worse - rate)).max(50.0)
}

/// The same, among so many tests at so many steps.
#[cfg(test)]
pub(super) fn needed_attempts(rate: f64, odds_ratio: f64, tests: usize, steps: usize) -> f64 {
    attempts(rate, odds_ratio, needed(tests, steps))
}

/// The smallest barriers that would have been seen at this step.
pub(super) fn smallest(of: &Attempts, tests: usize, steps: usize) -> Vec<Smallest> {
    let failed = of.failed.iter().filter(|failed| **failed).count() as f64;
    let rate = (failed + 0.5) / (of.len() as f64 + 1.0);
    let tonight = of.tonight().count();
    let needed = needed(tests, steps);
    ODDS_RATIOS
        .iter()
        .map(|odds_ratio| {
            let attempts = attempts(rate, *odds_ratio, needed);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let whole = attempts.ceil() as u64;
            Smallest { odds_ratio: *odds_ratio, attempts: whole, share: attempts / (tonight as f64).max(1.0) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_barriers_are_seen_in_smaller_slices() {
        let sizes: Vec<f64> = ODDS_RATIOS.iter().map(|ratio| attempts(0.35, *ratio, 4.0)).collect();
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        // More tests need more attempts.
        assert!(attempts(0.35, 2.0, needed(100_000, 4)) > attempts(0.35, 2.0, needed(1_000, 1)));
    }
}
