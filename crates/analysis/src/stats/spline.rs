//! Natural cubic splines: curves that are smooth between knots and straight beyond the outer ones.

/// Where the knots lie: the quantiles that Harrell, *Regression Modeling Strategies* (2nd ed., table 2.3) takes for four.
const QUANTILES: [f64; 4] = [0.05, 0.35, 0.65, 0.95];

/// A basis of natural cubic splines in one variable: the variable itself, and a curve for each inner knot but one.
#[derive(Clone, Debug, PartialEq)]
pub struct Spline {
    knots: Vec<f64>,
}

impl Spline {
    /// Knots at quantiles of these values, which must be sorted and finite. Where these hardly differ there is no curve,
    /// only the variable itself.
    #[must_use]
    pub fn of(sorted: &[f64]) -> Self {
        let mut knots: Vec<f64> = Vec::new();
        if let Some(last) = sorted.len().checked_sub(1) {
            for quantile in QUANTILES {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the slice")]
                let knot = sorted[(quantile * last as f64).round() as usize];
                if knots.last().is_none_or(|before| knot - before > 1e-9) {
                    knots.push(knot);
                }
            }
        }
        if knots.len() < 3 {
            knots.clear();
        }
        Self { knots }
    }

    /// With these knots, ascending; fewer than three make a straight line.
    #[must_use]
    pub const fn with_knots(knots: Vec<f64>) -> Self {
        Self { knots }
    }

    /// Its knots, ascending; none where it is only the variable itself.
    #[must_use]
    pub fn knots(&self) -> &[f64] {
        &self.knots
    }

    /// Number of functions in the basis, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        1 + self.knots.len().saturating_sub(2)
    }

    /// The basis at `x`, appended to `into`: [`width`](Self::width) values. Truncated powers as Harrell (2.25) has them,
    /// divided by the square of the distance of the outer knots.
    pub fn push(&self, x: f64, into: &mut Vec<f64>) {
        into.push(x);
        let [inner @ .., before_last, last] = self.knots.as_slice() else { return };
        let Some(first) = inner.first() else { return };
        let cube = |knot: f64| (x - knot).max(0.0).powi(3);
        let (scale, end) = ((last - first).powi(2), last - before_last);
        for knot in inner {
            let bent =
                cube(*knot) - cube(*before_last) * (last - knot) / end + cube(*last) * (before_last - knot) / end;
            into.push(bent / scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(spline: &Spline, x: f64) -> Vec<f64> {
        let mut basis = Vec::new();
        spline.push(x, &mut basis);
        basis
    }

    #[test]
    fn beyond_the_outer_knots_a_natural_spline_is_straight() {
        let values: Vec<f64> = (0..101).map(f64::from).collect();
        let spline = Spline::of(&values);
        assert_eq!(spline.width(), 3);
        for function in 0..3 {
            let of = |x| at(&spline, x)[function];
            assert!((of(-9.0) - 2.0 * of(-8.0) + of(-7.0)).abs() < 1e-9);
            assert!((of(120.0) - 2.0 * of(121.0) + of(122.0)).abs() < 1e-9);
        }
        // rms::rcspline.eval(50, knots = c(5, 35, 65, 95)) gives 11.25 and 0.4166667.
        assert!((at(&spline, 50.0)[1] - 11.25).abs() < 1e-9 && (at(&spline, 50.0)[2] - 3_375.0 / 8_100.0).abs() < 1e-9);
    }

    #[test]
    fn values_that_hardly_differ_get_a_straight_line() {
        for values in [vec![], vec![1.0], vec![0.0; 50], [vec![0.0; 50], vec![1.0; 50]].concat()] {
            assert_eq!(at(&Spline::of(&values), 7.0), [7.0]);
        }
    }
}
