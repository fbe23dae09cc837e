//! How large a share of a day's new carts will not be bought in time, with a range that holds what it promises.
//!
//! Carts of one day share the day: weather, campaigns and outages move all of them, so that a binomial interval is far too
//! narrow. Past days tell by how much (`tau`, on the log-odds) and in which direction days of late went (`shift`).

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use crate::stats::logistic::{logit, sigmoid};

/// Share of nights on which the range should hold.
pub const LEVEL: f64 = LEVELS[MAIN];
/// The same of every range that is told, rising.
pub const LEVELS: [f64; 3] = [0.80, 0.90, 0.95];
/// Place of [`LEVEL`] among [`LEVELS`].
const MAIN: usize = 1;
/// Days of late whose common direction is followed.
const LATE: usize = 7;
/// Days that say how far it is followed, and how much days differ.
const DAYS: usize = 56;
/// Standard deviation of days on the log-odds, as long as fewer than so many days have shown theirs.
const PRIOR: (f64, usize) = (0.10, 28);
/// How fast the level of the range answers to nights on which it held or failed (Gibbs and Candès 2021).
const PACE: f64 = 0.02;
/// Places at which the day effect is taken.
const NODES: u32 = 101;

/// The carts of a day when their forecast was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Cohort {
    /// All carts opened until then.
    pub(super) carts: u64,
    /// Of those not bought by then: probabilities not to be bought in time.
    pub(super) open: Vec<f64>,
    /// How many of `open` were not bought in time; known from `known_at` on.
    pub(super) abandoned: u64,
    /// When the forecast was made.
    pub(super) made_at: i64,
    pub(super) known_at: i64,
}

impl Cohort {
    /// The share not bought in time.
    pub(super) fn actual(&self) -> f64 {
        self.abandoned as f64 / self.carts.max(1) as f64
    }
}

/// A share with its ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) expected: f64,
    /// One for each of [`LEVELS`]; each lies within the next.
    pub(super) ends: [Bounds; LEVELS.len()],
}

impl Range {
    const NONE: Self = Self { expected: 0.0, ends: [Bounds { low: 0.0, high: 0.0 }; LEVELS.len()] };

    /// That of [`LEVEL`].
    pub(super) fn main(&self) -> Bounds {
        self.ends[MAIN]
    }

    /// Moved up by a share that is certain.
    pub(super) fn above(self, certain: f64) -> Self {
        let moved = |ends: Bounds| Bounds { low: certain + ends.low, high: certain + ends.high };
        Self { expected: certain + self.expected, ends: self.ends.map(moved) }
    }
}

/// Both ends of a range; `low <= high`, both 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Bounds {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Bounds {
    /// Whether a share lies within.
    #[must_use]
    pub fn hold(&self, share: f64) -> bool {
        (self.low..=self.high).contains(&share)
    }
}

/// What past days say about coming ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DayEffect {
    /// Log-odds by which days of late were above what had been said.
    pub(super) shift: f64,
    /// Standard deviation of days around that.
    pub(super) tau: f64,
    /// 1 - the level at which each range is taken, so that it holds at its one of [`LEVELS`].
    pub(super) alphas: [f64; LEVELS.len()],
}

/// A day that is over: how far its log-odds were from those said, and the variance that chance alone gives.
#[derive(Clone, Copy, Debug)]
struct Residual {
    known_at: i64,
    distance: f64,
    noise: f64,
}

fn residual(cohort: &Cohort) -> Option<Residual> {
    let n = cohort.open.len() as f64;
    let said = cohort.open.iter().sum::<f64>() / n;
    let noise = cohort.open.iter().map(|p| p * (1.0 - p)).sum::<f64>() / n;
    // Days on which everything was certain say nothing.
    if cohort.open.len() < 10 || noise < 1e-3 {
        return None;
    }
    let k = cohort.abandoned as f64;
    let distance = ((k + 0.5) / (n - k + 0.5)).ln() - logit(said);
    // On the log-odds of the mean the slope is said (1 - said); chance within the day is that of the single carts.
    let slope = said * (1.0 - said);
    Some(Residual { known_at: cohort.known_at, distance, noise: noise / (n * slope * slope) })
}

/// What was known of day effects at a moment, from days in order.
fn effect(days: &[Residual], moment: i64) -> (f64, f64) {
    let known: Vec<Residual> = days.iter().copied().filter(|day| day.known_at <= moment).collect();
    let late = |until: usize, moment: i64| -> Option<f64> {
        let before: Vec<f64> =
            known[..until].iter().filter(|day| day.known_at <= moment).map(|day| day.distance).collect();
        let last = &before[before.len().saturating_sub(LATE)..];
        (last.len() >= 3).then(|| last.iter().sum::<f64>() / last.len() as f64)
    };
    let from = known.len().saturating_sub(DAYS);
    // What each day's forecast could have known: days that were over some three days before.
    let pairs: Vec<(f64, Residual)> = (from..known.len())
        .filter_map(|at| Some((late(at, known[at].known_at - 3 * events::time::DAY)?, known[at])))
        .collect();
    let (xy, xx) = pairs.iter().fold((0.0, 0.0), |sum, (x, day)| (sum.0 + x * day.distance, sum.1 + x * x));
    let follow = if pairs.len() >= 2 * LATE && xx > 0.0 { (xy / xx).clamp(0.0, 1.0) } else { 0.0 };
    let surplus = |(before, day): &(f64, Residual)| (day.distance - follow * before).powi(2) - day.noise;
    let without = |day: &Residual| day.distance.powi(2) - day.noise;
    let (sum, n) = if pairs.is_empty() {
        (known[from..].iter().map(without).sum::<f64>(), known.len() - from)
    } else {
        (pairs.iter().map(surplus).sum::<f64>(), pairs.len())
    };
    let prior = PRIOR.1.saturating_sub(n) as f64;
    let variance = (sum + prior * PRIOR.0.powi(2)) / (n as f64 + prior).max(1.0);
    (follow * late(known.len(), moment).unwrap_or(0.0), variance.max(0.0).sqrt())
}

/// The ranges of a cohort.
pub(super) fn range(carts: u64, open: &[f64], effect: DayEffect) -> Range {
    if carts == 0 {
        return Range::NONE;
    }
    let groups = grouped(open);
    let day = StudentsT::new(0.0, 1.0, 54.0).expect("a valid distribution");
    let moments: Vec<(f64, f64)> = (0..NODES)
        .map(|node| {
            let moved = effect.shift + effect.tau * day.inverse_cdf((f64::from(node) + 0.5) / f64::from(NODES));
            groups.iter().fold((0.0, 0.0), |sum, (log_odds, n)| {
                let p = sigmoid(log_odds + moved);
                (sum.0 + n * p, sum.1 + n * p * (1.0 - p))
            })
        })
        .collect();
    let expected = moments.iter().map(|(mean, _)| mean).sum::<f64>() / f64::from(NODES);
    let n = carts as f64;
    let quantile = |share: f64| {
        let (mut low, mut high) = (-1.0, open.len() as f64 + 1.0);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            let below: f64 = moments.iter().map(|(mean, variance)| below(middle, *mean, *variance)).sum();
            if below / f64::from(NODES) < share { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    };
    let expected = expected / n;
    // Carts are whole: the ends include the carts that they cut through.
    let mut within = Bounds { low: expected, high: expected };
    let ends = effect.alphas.map(|alpha| {
        let low = (quantile(alpha / 2.0) - 0.5).max(0.0) / n;
        let high = (quantile(1.0 - alpha / 2.0) + 0.5).min(open.len() as f64) / n;
        // A range that should hold more often is never the narrower one, however the nights before went.
        within = Bounds { low: low.min(within.low), high: high.max(within.high) };
        within
    });
    Range { expected, ends }
}

fn below(carts: f64, mean: f64, variance: f64) -> f64 {
    if variance <= 1e-12 {
        return if carts < mean { 0.0 } else { 1.0 };
    }
    Normal::new(mean, variance.sqrt()).map_or(0.5, |normal| {
        debug_assert!(normal.pdf(mean) > 0.0);
        normal.cdf(carts)
    })
}

/// Log-odds in steps of a twentieth with the number of carts at each: a day has thousands of carts.
fn grouped(open: &[f64]) -> Vec<(f64, f64)> {
    let mut groups: std::collections::BTreeMap<i64, (f64, f64)> = std::collections::BTreeMap::new();
    for p in open {
        let log_odds = logit(*p);
        #[expect(clippy::cast_possible_truncation, reason = "log-odds are within ±14")]
        let group = groups.entry((log_odds * 20.0).round() as i64).or_default();
        *group = (group.0 + log_odds, group.1 + 1.0);
    }
    groups.into_values().map(|(sum, n)| (sum / n, n)).collect()
}

/// Forecasts of past days as each would have been made on its night, and what that says for tonight. `cohorts` must be in
/// order of time, and tell of each day what was said of its carts on its night.
pub(super) fn replay(cohorts: &[Cohort], as_of: i64) -> (Vec<Range>, DayEffect) {
    let residuals: Vec<Residual> = cohorts.iter().filter_map(residual).collect();
    let mut ranges: Vec<Range> = Vec::new();
    let mut alphas = LEVELS.map(|level| 1.0 - level);
    let mut learnt = 0;
    let mut learn = |ranges: &[Range], moment: i64| {
        while let Some(cohort) = cohorts.get(learnt).filter(|cohort| cohort.known_at <= moment && learnt < ranges.len())
        {
            for ((alpha, level), ends) in alphas.iter_mut().zip(LEVELS).zip(ranges[learnt].ends) {
                let missed = f64::from(u8::from(!ends.hold(cohort.actual())));
                *alpha = (*alpha + PACE * (1.0 - level - missed)).clamp(0.001, 0.5);
            }
            learnt += 1;
        }
        alphas
    };
    for cohort in cohorts {
        let alphas = learn(&ranges, cohort.made_at);
        let (shift, tau) = effect(&residuals, cohort.made_at);
        ranges.push(range(cohort.carts, &cohort.open, DayEffect { shift, tau, alphas }));
    }
    let alphas = learn(&ranges, as_of);
    let (shift, tau) = effect(&residuals, as_of);
    (ranges, DayEffect { shift, tau, alphas })
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::time::DAY;
    use statrs::distribution::{Binomial, DiscreteCDF};

    /// Numbers that look random (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            Normal::new(0.0, 1.0).unwrap().inverse_cdf(self.uniform().clamp(1e-12, 1.0 - 1e-12))
        }
    }

    /// Days whose log-odds wander (first-order autoregression) around what a perfect model of single carts says.
    fn series(days: u32, carts: u32, deviation: f64, persistence: f64, seed: u64) -> Vec<Cohort> {
        wandering(days, carts, deviation, persistence, seed).0
    }

    /// Days, and how they wandered.
    type Series = (Vec<Cohort>, Vec<f64>);

    /// The same with the wandering itself.
    fn wandering(days: u32, carts: u32, deviation: f64, persistence: f64, seed: u64) -> Series {
        let mut dice = Dice(seed);
        let mut wander = 0.0;
        let mut wanders = Vec::new();
        let cohorts = (0..days)
            .map(|day| {
                wander = persistence * wander + (1.0 - persistence * persistence).sqrt() * deviation * dice.normal();
                wanders.push(wander);
                let open: Vec<f64> = (0..carts).map(|_| sigmoid(0.85 + 0.9 * dice.normal())).collect();
                let abandoned = open.iter().filter(|p| dice.uniform() < sigmoid(logit(**p) + wander)).count() as u64;
                let made_at = i64::from(day) * DAY;
                Cohort { carts: carts.into(), open, abandoned, made_at, known_at: made_at + 3 * DAY }
            })
            .collect();
        (cohorts, wanders)
    }

    /// Mean widths for whoever knows how days wander, and what the last day that is over was like.
    fn best_widths((deviation, persistence): (f64, f64), (cohorts, wanders): &Series) -> [f64; LEVELS.len()] {
        let tau = deviation * (1.0 - persistence.powi(6)).sqrt();
        let judged = cohorts.iter().enumerate().skip(30);
        let range_of = |(day, cohort): (usize, &Cohort)| {
            let shift = persistence.powi(3) * wanders[day - 3];
            let alphas = LEVELS.map(|level| 1.0 - level);
            range(cohort.carts, &cohort.open, DayEffect { shift, tau, alphas })
        };
        let ranges: Vec<Range> = judged.map(range_of).collect();
        std::array::from_fn(|at| ranges.iter().map(|range| width(range, at)).sum::<f64>() / ranges.len() as f64)
    }

    fn width(range: &Range, at: usize) -> f64 {
        range.ends[at].high - range.ends[at].low
    }

    /// Of each level the share of nights on which its range held, and its mean width.
    fn coverages(cohorts: &[Cohort], skip: usize) -> [(f64, f64); LEVELS.len()] {
        let (ranges, _) = replay(cohorts, i64::MAX);
        let judged: Vec<_> = ranges.iter().zip(cohorts).skip(skip).collect();
        let n = judged.len() as f64;
        std::array::from_fn(|at| {
            let held = judged.iter().filter(|(range, cohort)| range.ends[at].hold(cohort.actual())).count();
            (held as f64 / n, judged.iter().map(|(range, _)| width(range, at)).sum::<f64>() / n)
        })
    }

    fn coverage(cohorts: &[Cohort], skip: usize) -> f64 {
        coverages(cohorts, skip)[MAIN].0
    }

    #[test]
    fn the_range_holds_on_nine_of_ten_nights_however_much_days_differ() {
        for (deviation, persistence) in [(0.0, 0.0), (0.08, 0.5), (0.15, 0.8)] {
            let of_seed = |seed| coverage(&series(230, 400, deviation, persistence, seed), 30);
            let mean = (1..=4).map(of_seed).sum::<f64>() / 4.0;
            assert!((0.87..=0.94).contains(&mean), "days differ by {deviation}: {mean}");
        }
    }

    #[test]
    #[ignore = "minutes: 12 series of 400 nights for each of four kinds of days; figures in docs/evaluation.md"]
    #[expect(clippy::print_stdout, reason = "it is run for its figures")]
    fn coverage_and_width_over_many_nights() {
        for days in [(0.0, 0.0), (0.08, 0.5), (0.15, 0.5), (0.15, 0.8)] {
            for carts in [40, 300, 3_000] {
                let all: Vec<_> = (1..=12).map(|seed| wandering(430, carts, days.0, days.1, seed)).collect();
                let told: Vec<_> = all.iter().map(|series| coverages(&series.0, 30)).collect();
                let best: Vec<_> = all.iter().map(|series| best_widths(days, series)).collect();
                for (at, level) in LEVELS.into_iter().enumerate() {
                    let held: Vec<f64> = told.iter().map(|of| of[at].0).collect();
                    let mean = held.iter().sum::<f64>() / 12.0;
                    let width = told.iter().map(|of| of[at].1).sum::<f64>() / 12.0;
                    let best = best.iter().map(|of| of[at]).sum::<f64>() / 12.0;
                    println!(
                        "days {days:?}, {carts} carts, level {level}: held {:.1} % ({:.1} to {:.1} of a series), width {:.1} \
                         points, {:.3} of the best",
                        100.0 * mean,
                        100.0 * held.iter().copied().fold(1.0, f64::min),
                        100.0 * held.iter().copied().fold(0.0, f64::max),
                        100.0 * width,
                        width / best
                    );
                    assert!((mean - level).abs() < 0.03);
                    assert!(width < 1.15 * best);
                }
            }
        }
    }

    #[test]
    fn a_binomial_range_would_fail_where_days_differ() {
        let cohorts = series(200, 3_000, 0.08, 0.5, 9);
        let held = cohorts.iter().filter(|cohort| {
            let binomial = Binomial::new(cohort.open.iter().sum::<f64>() / 3_000.0, 3_000).unwrap();
            let (low, high) = (binomial.inverse_cdf(0.05), binomial.inverse_cdf(0.95));
            (low..=high).contains(&cohort.abandoned)
        });
        assert!(held.count() < 160);
        assert!(coverage(&cohorts, 30) > 0.84);
    }

    #[test]
    fn what_is_certain_has_no_range() {
        let effect = DayEffect { shift: 0.0, tau: 0.1, alphas: [0.2, 0.1, 0.05] };
        assert_eq!(range(0, &[], effect), Range::NONE);
        assert_eq!(range(40, &[], effect), Range::NONE, "all are bought");
        let one = range(1, &[0.7], effect);
        let ends = one.main();
        assert!((one.expected - 0.7).abs() < 0.01 && ends.low < 0.01 && ends.high > 0.99, "{one:?}");
    }

    #[test]
    fn a_range_that_should_hold_more_often_holds_the_others() {
        let (ranges, tonight) = replay(&series(120, 300, 0.15, 0.8, 8), i64::MAX);
        for range in &ranges {
            for pair in range.ends.windows(2) {
                assert!(pair[1].low <= pair[0].low && pair[0].high <= pair[1].high, "{range:?}");
            }
        }
        // Also where the nights before went otherwise.
        let turned = range(300, &[0.6; 300], DayEffect { alphas: [0.05, 0.1, 0.2], ..tonight });
        assert_eq!(turned.ends[0], turned.ends[2]);
    }

    #[test]
    fn a_drift_of_the_last_days_is_followed() {
        let mut cohorts = series(60, 2_000, 0.0, 0.0, 3);
        for cohort in &mut cohorts {
            let open: f64 = cohort.open.iter().map(|p| sigmoid(logit(*p) + 0.3)).sum();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let moved = open.round() as u64;
            cohort.abandoned = moved;
        }
        let (ranges, tonight) = replay(&cohorts, i64::MAX);
        assert!((tonight.shift - 0.3).abs() < 0.05, "{tonight:?}");
        assert!((ranges[59].expected - cohorts[59].actual()).abs() < 0.01);
    }

    #[test]
    fn a_day_that_is_not_over_changes_nothing() {
        let cohorts = series(40, 300, 0.1, 0.5, 5);
        let as_of = cohorts[39].made_at;
        let mut other = cohorts.clone();
        for cohort in other.iter_mut().filter(|cohort| cohort.known_at > as_of) {
            cohort.abandoned = 0;
        }
        assert_eq!(replay(&cohorts, as_of), replay(&other, as_of));
    }
}
