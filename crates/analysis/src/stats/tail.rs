//! How heavy the upper tail of a sample is.

/// Values below which no tail index is estimated.
pub const FEWEST: usize = 50;
/// Tail index below which a sum has no variance: a few values decide it, and no interval can be had from a sample.
pub const HEAVY: f64 = 2.0;

/// Hill's estimate of the tail index from the largest sqrt(n) values: P(X > x) falls as x to the minus this. `descending`
/// are positive values, largest first; `None` for fewer than [`FEWEST`], infinite where the largest are all equal.
///
/// Hill, A simple general approach to inference about the tail of a distribution, Annals of Statistics 3 (1975),
/// 1163-1174.
#[must_use]
pub fn hill(descending: &[f64]) -> Option<f64> {
    if descending.len() < FEWEST {
        return None;
    }
    let k = descending.len().isqrt();
    let threshold = descending[k].ln();
    let mean = descending[..k].iter().map(|value| value.ln() - threshold).sum::<f64>() / k as f64;
    Some(1.0 / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quantiles of a Pareto distribution with this tail index.
    fn pareto(index: f64, n: u32) -> Vec<f64> {
        (0..n).map(|rank| ((f64::from(rank) + 0.5) / f64::from(n)).powf(-1.0 / index)).collect()
    }

    #[test]
    fn the_index_of_a_pareto_tail_is_found() {
        for index in [1.0, 1.5, 2.5, 4.0] {
            let found = hill(&pareto(index, 40_000)).unwrap();
            assert!((found / index - 1.0).abs() < 0.03, "{found} instead of {index}");
        }
    }

    #[test]
    fn few_values_have_no_tail_and_equal_ones_none_at_all() {
        assert_eq!(hill(&pareto(2.0, 49)), None);
        assert_eq!(hill(&[3.0; 60]), Some(f64::INFINITY));
    }
}
