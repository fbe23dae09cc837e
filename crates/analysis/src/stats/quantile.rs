//! Quantiles of a sample.

/// The `share` quantile (0 to 1) of values in ascending order, linear between order statistics; `None` for no value.
///
/// Definition 7 of Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996),
/// 361-365: the default of R and `NumPy`, and `quantile_cont` in SQL.
///
/// # Panics
/// If `share` is not in 0..=1.
#[must_use]
pub fn linear(ascending: &[f64], share: f64) -> Option<f64> {
    assert!((0.0..=1.0).contains(&share), "the share {share} is not in 0..=1");
    let last = ascending.len().checked_sub(1)?;
    let at = last as f64 * share;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at is in 0..=last, rounded down")]
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    Some(ascending[below] + (ascending[above] - ascending[below]) * (at - at.floor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_match_r() {
        // R: quantile(c(1, 2, 4, 8, 16, 32), c(0, .1, .25, .5, .9, 1), type = 7)
        let values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
        let expected = [(0.0, 1.0), (0.1, 1.5), (0.25, 2.5), (0.5, 6.0), (0.9, 24.0), (1.0, 32.0)];
        for (share, quantile) in expected {
            assert!((linear(&values, share).unwrap() - quantile).abs() < 1e-12, "{share}");
        }
    }

    #[test]
    fn few_values_have_quantiles_too() {
        assert_eq!(linear(&[], 0.5), None);
        assert_eq!(linear(&[7.0], 0.9), Some(7.0));
        assert_eq!(linear(&[3.0, 3.0, 3.0], 0.5), Some(3.0));
    }
}
