//! Visits of two months → whether somebody comes more or less often.

/// How the visits of the last 30 days compare with those of the 30 days before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More than chance would bring.
    Rising,
    /// No more and no less.
    Steady,
    /// Fewer.
    Falling,
}

/// Below so many visits in both months nothing is said.
const FEW: u64 = 4;
/// The 90 % point of the normal distribution, two-sided.
const Z90: f64 = 1.644_853_626_951_472_2;

impl Trend {
    /// Its word in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Steady => "steady",
            Self::Falling => "falling",
        }
    }

    /// Of two equal rates the difference of counts has the variance of their sum (Przyborowski and Wilenski 1940).
    pub(super) fn of(last: u64, before: u64) -> Option<Self> {
        let both = last + before;
        if both < FEW {
            return None;
        }
        let z = (last as f64 - before as f64) / (both as f64).sqrt();
        Some(if z > Z90 {
            Self::Rising
        } else if z < -Z90 {
            Self::Falling
        } else {
            Self::Steady
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_more_than_a_visit_or_two() {
        assert_eq!(Trend::of(3, 0), None);
        assert_eq!(Trend::of(4, 0), Some(Trend::Rising));
        assert_eq!(
            [Trend::of(0, 6), Trend::of(1, 6), Trend::of(2, 6)].map(|trend| trend.map(Trend::name)),
            [Some("falling"), Some("falling"), Some("steady")]
        );
        assert_eq!(Trend::of(50, 50), Some(Trend::Steady));
    }
}
