//! The mean of independent observations.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean itself.
    pub point: f64,
    /// Lower end of the interval; `None` of a single observation.
    pub low: Option<f64>,
    /// Upper end of the interval; `None` of a single observation.
    pub high: Option<f64>,
    /// Observations behind it, at least 1.
    pub n: u64,
}

/// The mean with Student's interval; `None` without observations.
#[must_use]
pub fn student(values: &[f64]) -> Option<Mean> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let point = values.iter().sum::<f64>() / n;
    let half = (values.len() > 1).then(|| {
        let variance = values.iter().map(|value| (value - point).powi(2)).sum::<f64>() / (n - 1.0);
        let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("at least one degree of freedom").inverse_cdf(0.975);
        t * (variance / n).sqrt()
    });
    let (low, high) = (half.map(|half| point - half), half.map(|half| point + half));
    Some(Mean { point, low, high, n: values.len() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.interval(0.95, n - 1, mean, sem(values))`, `SciPy` 1.17.1.
    #[test]
    fn the_interval_is_scipy_s() {
        for (values, point, low, high) in [
            (&[1.0, 2.0, 3.0, 4.0, 5.0][..], 3.0, 1.036_756_838_522_439, 4.963_243_161_477_561),
            (&[5.0, 4.0], 4.5, -1.853_102_368_087_358_6, 10.853_102_368_087_358),
        ] {
            let mean = student(values).unwrap();
            assert!((mean.point - point).abs() < 1e-12);
            assert!((mean.low.unwrap() - low).abs() < 1e-8 && (mean.high.unwrap() - high).abs() < 1e-8, "{mean:?}");
        }
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_no_mean() {
        assert_eq!(student(&[4.0]), Some(Mean { point: 4.0, low: None, high: None, n: 1 }));
        assert_eq!(student(&[]), None);
        let equal = student(&[3.0; 9]).unwrap();
        assert_eq!((equal.low, equal.high), (Some(3.0), Some(3.0)));
    }
}
