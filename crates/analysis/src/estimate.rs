//! A share with its uncertainty: no bare rate leaves this crate.

use serde::Serialize;

/// An estimated share with its 95 % interval. All three are fractions in 0..=1, and `low <= point <= high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The share itself.
    pub point: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// Observations behind it, at least 1: the denominator of a plain rate; at a point of a curve, all that entered it.
    pub n: u64,
}

impl Estimate {
    /// The share of those that are not in this one: 1 - point, with the ends of the interval swapped.
    #[must_use]
    pub fn complement(self) -> Self {
        Self { point: 1.0 - self.point, low: 1.0 - self.high, high: 1.0 - self.low, n: self.n }
    }
}
