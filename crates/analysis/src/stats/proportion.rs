//! A share of independent observations.

use super::Z95;
use crate::Estimate;

/// The share `hits` of `n` with Wilson's score interval, 95 %; `None` where `n` is 0.
///
/// Unlike the textbook interval it never leaves 0..=1, and is of use with few observations and with shares near 0
/// or 1. Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927),
/// 209-212; recommended by Brown, Cai and `DasGupta`, Interval estimation for a binomial proportion, Statistical
/// Science 16 (2001), 101-133.
///
/// # Panics
/// If there are more hits than observations.
#[must_use]
pub fn wilson(hits: u64, n: u64) -> Option<Estimate> {
    assert!(hits <= n, "{hits} hits among {n} observations");
    if n == 0 {
        return None;
    }
    let (total, point) = (n as f64, hits as f64 / n as f64);
    let z2 = Z95 * Z95;
    let scale = 1.0 + z2 / total;
    let centre = (point + z2 / (2.0 * total)) / scale;
    let half = Z95 * (point * (1.0 - point) / total + z2 / (4.0 * total * total)).sqrt() / scale;
    // At 0 and 1 the interval ends exactly there, but for the last bit.
    Some(Estimate { point, low: (centre - half).clamp(0.0, point), high: (centre + half).clamp(point, 1.0), n })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.binomtest(k, n).proportion_ci(method="wilson")`, `SciPy` 1.17.1.
    const SCIPY: [(u64, u64, f64, f64); 9] = [
        (0, 1, 0.0, 0.793_450_685_622_762_6),
        (1, 1, 0.206_549_314_377_237_45, 1.0),
        (0, 10, 0.0, 0.277_532_799_862_889_26),
        (1, 10, 0.017_876_213_095_072_896, 0.404_150_026_795_238_5),
        (5, 10, 0.236_593_090_512_564, 0.763_406_909_487_436_1),
        (9, 10, 0.595_849_973_204_761_5, 0.982_123_786_904_927_1),
        (169, 316, 0.479_727_165_205_752_15, 0.589_056_913_259_614_6),
        (54, 60, 0.798_505_352_760_212_3, 0.953_357_165_526_115_8),
        (3, 100_000, 1.020_275_854_451_734_1e-5, 8.820_804_925_176_73e-5),
    ];

    #[test]
    fn wilson_intervals_match_scipy() {
        for (hits, n, low, high) in SCIPY {
            let estimate = wilson(hits, n).unwrap();
            assert!(
                (estimate.low - low).abs() < 1e-12 && (estimate.high - high).abs() < 1e-12,
                "{hits}/{n} {estimate:?}"
            );
            assert!((estimate.point - hits as f64 / n as f64).abs() < 1e-15 && estimate.n == n);
        }
    }

    #[test]
    fn nothing_observed_gives_no_share() {
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn the_interval_stays_within_0_and_1_and_holds_the_share() {
        for n in [1, 2, 3, 10, 1_000, 1_000_000_007] {
            for hits in [0, 1, n / 2, n - 1, n] {
                let Estimate { point, low, high, .. } = wilson(hits, n).unwrap();
                assert!(0.0 <= low && low <= point && point <= high && high <= 1.0, "{hits}/{n}");
            }
        }
    }
}
