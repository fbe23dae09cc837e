//! How much of an excess of failures an error stands for.

/// When an error is taken for what stands behind an excess.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blame {
    /// Share of the excess that it has to stand for.
    share: f64,
    /// How many times as often as usual it has to be met.
    lift: f64,
}

impl Blame {
    /// Where the excess is beyond doubt already, against the slice's own past.
    pub(super) const OF_A_CHANGE: Self = Self { share: 0.3, lift: 2.0 };
    /// Where the error is part of the proof, because others are compared with, who may differ anyway.
    pub(super) const BESIDE_OTHERS: Self = Self { share: 0.5, lift: 3.0 };

    /// Whether an error that was met by so many, and usually would have been by so many, stands for the excess. Below one it
    /// is not known how usual an error is.
    pub(super) fn stands_for(self, met: f64, usual: f64, excess: f64) -> bool {
        met - usual >= self.share * excess && met >= self.lift * usual.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Blame;

    #[test]
    fn an_error_stands_for_an_excess_that_it_explains_and_that_it_is_no_usual_companion_of() {
        for (met, usual, excess, of_a_change, beside_others) in [
            (60.0, 0.0, 100.0, true, true),
            (40.0, 0.0, 100.0, true, false),
            (20.0, 0.0, 100.0, false, false),
            // Frequent, and frequent before.
            (200.0, 120.0, 100.0, false, false),
            (250.0, 120.0, 100.0, true, false),
            // One is no pattern.
            (1.0, 0.0, 1.0, false, false),
            (2.0, 0.1, 2.0, true, false),
        ] {
            let stands = [Blame::OF_A_CHANGE, Blame::BESIDE_OTHERS].map(|blame| blame.stands_for(met, usual, excess));
            assert_eq!(stands, [of_a_change, beside_others], "{met} met, {usual} usual, {excess} too many");
        }
    }
}
