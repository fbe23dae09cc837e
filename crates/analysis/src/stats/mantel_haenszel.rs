//! Two groups compared within strata, so that another mix of strata cannot look like a difference.

use super::Z95;

/// One stratum: events and non-events of both groups.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Table {
    /// Events among the exposed.
    pub a: f64,
    /// Non-events among the exposed.
    pub b: f64,
    /// Events among the others.
    pub c: f64,
    /// Non-events among the others.
    pub d: f64,
}

/// An odds ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OddsRatio {
    /// The ratio, above 0.
    pub point: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The common odds ratio of these strata; `None` where no stratum has both groups with an event and a non-event
/// between them.
///
/// Source: Mantel and Haenszel, Statistical aspects of the analysis of data from retrospective studies, JNCI 22 (1959),
/// 719-748; variance: Robins, Breslow and Greenland, Estimators of the Mantel-Haenszel variance consistent in both
/// sparse data and large-strata limiting models, Biometrics 42 (1986), 311-323.
#[must_use]
pub fn odds_ratio(strata: &[Table]) -> Option<OddsRatio> {
    let (mut sum_r, mut sum_s, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for table in strata {
        let Table { a, b, c, d } = *table;
        let n = a + b + c + d;
        if a + b == 0.0 || c + d == 0.0 {
            continue;
        }
        let (like, unlike) = ((a + d) / n, (b + c) / n);
        let (for_it, against) = (a * d / n, b * c / n);
        sum_r += for_it;
        sum_s += against;
        pr += like * for_it;
        ps_qr += like * against + unlike * for_it;
        qs += unlike * against;
    }
    if sum_r <= 0.0 || sum_s <= 0.0 {
        return None;
    }
    let point = sum_r / sum_s;
    let variance = pr / (2.0 * sum_r * sum_r) + ps_qr / (2.0 * sum_r * sum_s) + qs / (2.0 * sum_s * sum_s);
    let half = Z95 * variance.sqrt();
    Some(OddsRatio { point, low: point * (-half).exp(), high: point * half.exp() })
}

/// The risk ratio that an unseen factor would need with both the exposure and the event to explain a risk ratio away;
/// 1 where there is nothing to explain.
///
/// Source: `VanderWeele` and Ding, Sensitivity analysis in observational research: introducing the E-value, Annals of
/// Internal Medicine 167 (2017), 268-274.
#[must_use]
pub fn e_value(risk_ratio: f64) -> f64 {
    if risk_ratio <= 1.0 { 1.0 } else { risk_ratio + (risk_ratio * (risk_ratio - 1.0)).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stratum_is_the_plain_odds_ratio() {
        let one = odds_ratio(&[Table { a: 20.0, b: 80.0, c: 10.0, d: 90.0 }]).unwrap();
        assert!((one.point - 2.25).abs() < 1e-12);
        // Woolf's variance of one table is what the general formula comes to: 1/a + 1/b + 1/c + 1/d.
        let half = Z95 * (1.0 / 20.0 + 1.0 / 80.0 + 1.0 / 10.0 + 1.0 / 90.0_f64).sqrt();
        assert!((one.high / one.point - half.exp()).abs() < 1e-9, "{one:?}");
    }

    #[test]
    fn what_only_the_mix_does_is_taken_out() {
        // Within each stratum both groups fare alike; the exposed are mostly where more fail.
        let strata = [Table { a: 80.0, b: 80.0, c: 10.0, d: 10.0 }, Table { a: 2.0, b: 18.0, c: 16.0, d: 144.0 }];
        assert!((odds_ratio(&strata).unwrap().point - 1.0).abs() < 1e-12);
        let crude = odds_ratio(&[Table { a: 82.0, b: 98.0, c: 26.0, d: 154.0 }]).unwrap();
        assert!(crude.point > 4.0);
    }

    #[test]
    fn strata_with_one_group_say_nothing() {
        assert_eq!(odds_ratio(&[Table { a: 3.0, b: 4.0, c: 0.0, d: 0.0 }]), None);
        assert_eq!(odds_ratio(&[]), None);
    }

    #[test]
    fn the_e_value_of_a_doubled_risk_is_as_published() {
        // The example of the paper: a risk ratio of 3.9 needs 7.26.
        assert!((e_value(3.9) - 7.26).abs() < 0.01);
        assert!((e_value(0.5) - 1.0).abs() < 1e-12);
    }
}
