//! The difference of two shares.

use serde::Serialize;

use crate::Estimate;

/// A difference of shares with its 95 % interval; each is in -1..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The first share less the second.
    pub point: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The first share less the second, of independent observations, with the hybrid score interval: method 10 of
/// Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
/// 873-890. It is made of Wilson's intervals and never leaves -1..=1.
#[must_use]
pub fn newcombe(first: Estimate, second: Estimate) -> Difference {
    let point = first.point - second.point;
    let half = |a: f64, b: f64| a.hypot(b);
    Difference {
        point,
        low: point - half(first.point - first.low, second.high - second.point),
        high: point + half(first.high - first.point, second.point - second.low),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::proportion::wilson;

    /// Table II of the paper, method 10.
    #[test]
    fn intervals_are_those_of_the_paper() {
        let cases = [
            (56, 70, 48, 80, 0.2, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.6, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.5714, 0.0582, 0.8062),
            (5, 56, 0, 29, 0.0893, -0.0381, 0.1926),
            (0, 10, 0, 20, 0.0, -0.1611, 0.2775),
            (10, 10, 0, 10, 1.0, 0.6075, 1.0),
        ];
        for (a, m, b, n, point, low, high) in cases {
            let found = newcombe(wilson(a, m).unwrap(), wilson(b, n).unwrap());
            for (found, wanted) in [(found.point, point), (found.low, low), (found.high, high)] {
                assert!((found - wanted).abs() < 5.1e-5, "{a}/{m} - {b}/{n}: {found} instead of {wanted}");
            }
        }
    }
}
