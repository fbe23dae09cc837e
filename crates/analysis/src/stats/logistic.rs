//! Log-odds: the scale on which probabilities are added up.

/// Probabilities are kept this far from 0 and 1 wherever their logarithm is taken.
pub const EDGE: f64 = 1e-6;

/// 1 / (1 + e^-x), in 0..=1.
#[must_use]
pub fn sigmoid(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + (-log_odds).exp())
    } else {
        let odds = log_odds.exp();
        odds / (1.0 + odds)
    }
}

/// ln(p / (1 - p)) of a probability, which is first kept [`EDGE`] away from 0 and 1.
#[must_use]
pub fn logit(probability: f64) -> f64 {
    let p = probability.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

/// -ln of the probability that was given to what happened.
#[must_use]
pub fn log_loss(probability: f64, happened: bool) -> f64 {
    let p = probability.clamp(EDGE, 1.0 - EDGE);
    -if happened { p.ln() } else { (1.0 - p).ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_and_probabilities_are_each_other_s_inverse() {
        for log_odds in [-12.0, -3.0, 0.0, 0.25, 9.5] {
            assert!((logit(sigmoid(log_odds)) - log_odds).abs() < 1e-9);
        }
        assert_eq!((sigmoid(-800.0), sigmoid(800.0)), (0.0, 1.0));
        assert!(logit(0.0).is_finite() && logit(1.0).is_finite());
    }

    #[test]
    fn being_sure_and_wrong_costs_most_but_never_everything() {
        assert!((log_loss(0.5, true) - std::f64::consts::LN_2).abs() < 1e-12);
        assert!(log_loss(0.0, true) > log_loss(0.1, true) && log_loss(0.0, true).is_finite());
    }
}
