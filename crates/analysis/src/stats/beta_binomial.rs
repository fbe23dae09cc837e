//! Counts that vary more than the binomial, because what they have in common varies.

use statrs::function::beta::ln_beta;
use statrs::function::factorial::ln_binomial;

/// The probability of `k` or more of `n`, where each has probability `mean` and any two are correlated by `rho`
/// (0 is the binomial itself).
///
/// Source: Skellam, A probability distribution derived from the binomial distribution by regarding the probability of
/// success as variable, JRSS B 10 (1948), 257-261; `a = mean (1/rho - 1)`, `b = (1 - mean)(1/rho - 1)`.
///
/// # Panics
/// If `mean` is not within 0..=1 or `rho` not within 0..1.
#[must_use]
pub fn upper_tail(k: u32, n: u32, mean: f64, rho: f64) -> f64 {
    assert!((0.0..=1.0).contains(&mean) && (0.0..1.0).contains(&rho), "mean {mean}, rho {rho}");
    if k == 0 || mean >= 1.0 {
        return 1.0;
    }
    if k > n || mean <= 0.0 {
        return 0.0;
    }
    // So little correlation is none, and the formulas need some.
    let rho = rho.max(1e-9);
    let scale = 1.0 / rho - 1.0;
    let (a, b) = (mean * scale, (1.0 - mean) * scale);
    let (start, size) = (f64::from(k), f64::from(n));
    let first = ln_binomial(u64::from(n), u64::from(k)) + ln_beta(start + a, size - start + b) - ln_beta(a, b);
    let (mut term, mut sum, mut hits) = (1.0, 1.0, start);
    while hits < size {
        term *= (size - hits) / (hits + 1.0) * (hits + a) / (size - hits - 1.0 + b);
        sum += term;
        hits += 1.0;
    }
    (first + f64::ln(sum)).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_match_sums_of_fractions() {
        for (k, n, mean, rho, expected) in TAILS {
            let tail = upper_tail(k, n, mean, rho);
            assert!((tail / expected - 1.0).abs() < 1e-6, "{k} of {n}: {tail}, not {expected}");
        }
    }

    #[test]
    fn nothing_is_certain_and_more_than_all_impossible() {
        assert_eq!((upper_tail(0, 10, 0.3, 0.1), upper_tail(11, 10, 0.3, 0.1)), (1.0, 0.0));
        assert_eq!((upper_tail(1, 10, 0.0, 0.1), upper_tail(1, 10, 1.0, 0.1)), (0.0, 1.0));
    }

    #[test]
    fn correlation_makes_tails_heavier() {
        assert!(upper_tail(30, 50, 0.3, 0.05) > 10.0 * upper_tail(30, 50, 0.3, 0.0));
    }

    /// Summed exactly, as fractions of whole numbers.
    const TAILS: [(u32, u32, f64, f64, f64); 4] = [
        (30, 50, 0.3, 1.0 / 21.0, 0.012_214_425_902_315_518),
        (9, 60, 0.02, 1.0 / 101.0, 0.000_721_849_108_046_484_3),
        (200, 1000, 0.15, 1.0 / 501.0, 0.008_272_942_785_238_463),
        (25, 50, 0.3, 0.0, 0.002_369_547_848_982_263_5),
    ];
}
