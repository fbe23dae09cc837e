//! How something that was seen goes together with something that came: two groups compared, plainly and within strata.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::mantel_haenszel::{Table, odds_ratio};

/// The 95 % point of the standard normal distribution: intervals of associations are 90 % ones.
pub const Z90: f64 = 1.644_853_626_951_472_2;

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Whether it was seen.
    pub exposed: bool,
    /// Whether it came.
    pub happened: bool,
    /// What else is alike: observations are compared within it.
    pub stratum: u64,
    /// Observations of one cluster, such as a person, are not independent.
    pub cluster: u64,
}

/// A figure with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The figure.
    pub point: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Two groups compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Association {
    /// Observations with it, and those of them for which it came.
    pub exposed: (u64, u64),
    /// Observations without it, likewise.
    pub others: (u64, u64),
    /// Share with it / share without; `None` where either is 0.
    pub risk_ratio: Option<Interval>,
    /// Share with it less share without, -1..=1.
    pub risk_difference: Interval,
    /// Correlation of the two (phi), -1..=1.
    pub phi: Interval,
    /// Odds with it / odds without, within strata (Mantel-Haenszel); `None` where no stratum can say.
    pub odds_ratio: Option<Interval>,
    /// Two-sided, of the odds ratio being 1; of the difference being 0 where there is none.
    pub p: f64,
}

/// Sums of what each observation moves a figure by, over clusters.
#[derive(Default)]
struct Influence(BTreeMap<u64, f64>);

impl Influence {
    fn add(&mut self, cluster: u64, by: f64) {
        *self.0.entry(cluster).or_default() += by;
    }

    /// The standard error of the figure: the root of the sum of squares over clusters.
    fn error(&self) -> f64 {
        let clusters = self.0.len() as f64;
        (self.0.values().map(|by| by * by).sum::<f64>() * clusters / (clusters - 1.0).max(1.0)).sqrt()
    }
}

/// The usual table of two groups and two outcomes.
fn table<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> Table {
    let mut table = Table::default();
    for observation in observations {
        add(&mut table, observation);
    }
    table
}

fn add(table: &mut Table, observation: &Observation) {
    let cell = match (observation.exposed, observation.happened) {
        (true, true) => &mut table.a,
        (true, false) => &mut table.b,
        (false, true) => &mut table.c,
        (false, false) => &mut table.d,
    };
    *cell += 1.0;
}

/// Compares those with it to those without; `None` unless both are there, and both outcomes.
///
/// Standard errors are those of figures made linear (delta method), summed over clusters: with a cluster for each
/// observation they are the textbook's. That of the odds ratio is never below Robins', Breslow's and Greenland's for
/// independent observations (see [`odds_ratio`]), which holds where strata are sparse.
#[must_use]
pub fn associate(observations: &[Observation]) -> Option<Association> {
    let Table { a, b, c, d } = table(observations);
    let (with, without, came) = (a + b, c + d, a + c);
    let all = with + without;
    if with == 0.0 || without == 0.0 || came == 0.0 || came >= all {
        return None;
    }
    let (share_with, share_without) = (a / with, c / without);
    let standard = |mean: f64| (mean, (mean * (1.0 - mean)).sqrt());
    let (exposure, outcome) = (standard(with / all), standard(came / all));
    let phi = (a * d - b * c) / (all * all * exposure.1 * outcome.1);
    let [mut ratio, mut difference, mut correlation] = <[Influence; 3]>::default();
    for observation in observations {
        let [exposed, happened] = [observation.exposed, observation.happened].map(|is| f64::from(u8::from(is)));
        let (share, moved) = if observation.exposed {
            (share_with, (happened - share_with) / with)
        } else {
            (share_without, (share_without - happened) / without)
        };
        difference.add(observation.cluster, moved);
        ratio.add(observation.cluster, moved / share);
        let along = (exposed - exposure.0) / exposure.1;
        let up = (happened - outcome.0) / outcome.1;
        correlation.add(observation.cluster, (along * up - phi / 2.0 * (along * along + up * up)) / all);
    }
    let odds = adjusted(observations);
    let log_interval = |point: f64, error: f64| Interval {
        point,
        low: point * (-Z90 * error).exp(),
        high: point * (Z90 * error).exp(),
    };
    let (difference, half) = (share_with - share_without, Z90 * difference.error());
    let z = odds.map_or(Z90 * difference / half, |(point, error)| point.ln() / error);
    Some(Association {
        exposed: (count(with), count(a)),
        others: (count(without), count(c)),
        risk_ratio: (a > 0.0 && c > 0.0).then(|| log_interval(share_with / share_without, ratio.error())),
        risk_difference: Interval {
            point: difference,
            low: (difference - half).max(-1.0),
            high: (difference + half).min(1.0),
        },
        phi: fisher(phi, correlation.error()),
        odds_ratio: odds.map(|(point, error)| log_interval(point, error)),
        p: if z.is_nan() { 1.0 } else { 2.0 * Normal::standard().sf(z.abs()) },
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number that was counted")]
fn count(n: f64) -> u64 {
    n as u64
}

/// A correlation's interval on the scale of its inverse hyperbolic tangent (Fisher 1915), which keeps it within -1..=1.
fn fisher(phi: f64, error: f64) -> Interval {
    let inner = phi.clamp(-1.0 + 1e-12, 1.0 - 1e-12);
    let half = Z90 * error / (1.0 - inner * inner);
    Interval { point: phi, low: (inner.atanh() - half).tanh(), high: (inner.atanh() + half).tanh() }
}

/// The odds ratio within strata, and the standard error of its logarithm.
fn adjusted(observations: &[Observation]) -> Option<(f64, f64)> {
    let mut strata: BTreeMap<u64, Table> = BTreeMap::new();
    for observation in observations {
        add(strata.entry(observation.stratum).or_default(), observation);
    }
    let tables: Vec<Table> = strata.values().copied().collect();
    let plain = odds_ratio(&tables)?;
    let independent = (plain.high / plain.point).ln() / super::Z95;
    // a d / n and b c / n of a stratum, the two sums of whose ratio it is made.
    let parts = |table: &Table| {
        let n = table.a + table.b + table.c + table.d;
        (table.a * table.d / n, table.b * table.c / n, n)
    };
    let (for_it, against) = tables.iter().map(parts).fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    let mut influence = Influence::default();
    for observation in observations {
        let table = &strata[&observation.stratum];
        let (part_for, part_against, n) = parts(table);
        // How both change with one more of this kind.
        let (more_for, more_against) = match (observation.exposed, observation.happened) {
            (true, true) => (table.d / n, 0.0),
            (true, false) => (0.0, table.c / n),
            (false, true) => (0.0, table.b / n),
            (false, false) => (table.a / n, 0.0),
        };
        let by = (more_for - part_for / n) / for_it - (more_against - part_against / n) / against;
        influence.add(observation.cluster, by);
    }
    Some((plain.point, independent.max(influence.error())))
}

/// The false discovery rate at which each would just be found, when all of these are looked at together; in their order.
///
/// Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 57 (1995), 289-300.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    let mut q = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.into_iter().enumerate().rev() {
        least = least.min(p[at] * p.len() as f64 / (rank as f64 + 1.0));
        q[at] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many of each kind, each in a cluster of its own.
    fn crowd(counts: [usize; 4], stratum: u64, from: u64) -> Vec<Observation> {
        let kinds = [(true, true), (true, false), (false, true), (false, false)];
        let all = kinds.into_iter().zip(counts).flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
        let of = |(cluster, (exposed, happened))| Observation { exposed, happened, stratum, cluster };
        (from..).zip(all).map(of).collect()
    }

    #[test]
    fn of_independent_observations_the_figures_are_the_textbook_s() {
        let found = associate(&crowd([20, 80, 10, 90], 0, 0)).unwrap();
        assert_eq!((found.exposed, found.others), ((100, 20), (100, 10)));
        let ratio = found.risk_ratio.unwrap();
        assert!((ratio.point - 2.0).abs() < 1e-12);
        // 1/a - 1/(a+b) + 1/c - 1/(c+d), but for the correction for 200 clusters.
        let error = (1.0 / 20.0 - 0.01 + 0.1 - 0.01_f64).sqrt() * (200.0 / 199.0_f64).sqrt();
        assert!(((ratio.high / ratio.point).ln() - Z90 * error).abs() < 1e-9);
        let error = ((0.2 * 0.8 + 0.1 * 0.9) / 100.0 * 200.0 / 199.0_f64).sqrt();
        assert!((found.risk_difference.high - 0.1 - Z90 * error).abs() < 1e-9);
        // phi is the root of chi-squared / n: 200 (20 x 90 - 80 x 10)^2 / (100 x 100 x 30 x 170) / 200.
        assert!((found.phi.point - (1e6_f64 / (1e4 * 30.0 * 170.0)).sqrt()).abs() < 1e-12);
        assert!(found.phi.low < found.phi.point && found.phi.point < found.phi.high);
        assert!((found.odds_ratio.unwrap().point - 2.25).abs() < 1e-12);
        assert!((0.04..0.06).contains(&found.p), "{}", found.p);
    }

    #[test]
    fn what_only_the_mix_does_is_left_out_of_the_odds_ratio() {
        let mixed = [crowd([80, 80, 10, 10], 0, 0), crowd([2, 18, 16, 144], 1, 1_000)].concat();
        let found = associate(&mixed).unwrap();
        assert!(found.risk_ratio.unwrap().low > 2.0, "they do go together");
        let odds = found.odds_ratio.unwrap();
        assert!((odds.point - 1.0).abs() < 1e-12 && found.p > 0.99, "but not within strata: {odds:?}");
    }

    #[test]
    fn one_kind_of_outcome_or_group_says_nothing() {
        assert_eq!(associate(&[]), None);
        assert_eq!(associate(&crowd([5, 5, 0, 0], 0, 0)), None);
        assert_eq!(associate(&crowd([5, 0, 5, 0], 0, 0)), None);
        let none = associate(&crowd([0, 10, 5, 5], 0, 0)).unwrap();
        assert_eq!((none.risk_ratio, none.odds_ratio), (None, None));
        assert!(none.risk_difference.high < 0.0);
    }

    #[test]
    fn intervals_hold_where_one_person_has_many_carts_and_would_not_if_carts_were_independent() {
        let mut state = 7_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (mut held, mut held_if_independent) = ([0; 4], 0);
        for _ in 0..400 {
            let mut carts = Vec::new();
            for person in 0..150 {
                // Some persons buy all they leave, and some nothing; whether they come back is their habit as well.
                let (habit, buys) = (uniform() < 0.5, if uniform() < 0.3 { 0.7 } else { 0.1 });
                for _ in 0..6 {
                    let exposed = uniform() < if habit { 0.9 } else { 0.1 };
                    carts.push(Observation {
                        exposed,
                        happened: uniform() < buys,
                        stratum: person % 3,
                        cluster: person,
                    });
                }
            }
            let found = associate(&carts).unwrap();
            let holds = |interval: Interval, truth: f64| i32::from(interval.low <= truth && truth <= interval.high);
            held[0] += holds(found.risk_ratio.unwrap(), 1.0);
            held[1] += holds(found.risk_difference, 0.0);
            held[2] += holds(found.phi, 0.0);
            held[3] += holds(found.odds_ratio.unwrap(), 1.0);
            let alone: Vec<_> = (0..).zip(&carts).map(|(at, cart)| Observation { cluster: at, ..*cart }).collect();
            held_if_independent += holds(associate(&alone).unwrap().risk_ratio.unwrap(), 1.0);
        }
        for held in held {
            assert!((344..=380).contains(&held), "{held} of 400: 90 % are wanted");
        }
        assert!(held_if_independent < 330, "{held_if_independent} of 400");
    }

    #[test]
    fn false_discovery_rates_are_those_of_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "BH")
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
        for (found, wanted) in q.into_iter().zip([0.02, 0.04, 0.04, 0.02]) {
            assert!((found - wanted).abs() < 1e-12);
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
