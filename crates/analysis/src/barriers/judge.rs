//! Counts of a slice → is it worse than its own history, with everybody's day taken out?
//!
//! A window of nights is compared with the nights before it, in stretches of as many nights (at most seven). How much such
//! stretches differ by themselves, beyond the binomial, is estimated twice: pooled over all slices, and for the slice
//! itself.

use std::cmp::Ordering;
use std::collections::HashMap;

use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::attempts::{BASELINE, Slice, WINDOWS};
use super::cube::{Counted, Cube};
use super::fresh::Fresh;
use super::shift::{Mix, Nights};
use crate::stats::beta_binomial;
use crate::stats::logistic::{logit, sigmoid};

/// Attempts in the window, and times as many in the history, that a slice has to have.
pub(super) const LEAST_TONIGHT: u32 = 50;
pub(super) const LEAST_HISTORY: u32 = 300;
/// Nights of history without which nothing is judged.
pub(super) const LEAST_NIGHTS: usize = 7;
/// Degrees of freedom that the pooled overdispersion is worth.
const PRIOR: f64 = 25.0;
/// Slices whose history varies most are left out of the pool: an old barrier must not hide a new one.
const TRIMMED: f64 = 0.05;
/// Nights of a stretch: longer windows are several.
const LONGEST_STRETCH: usize = 7;
/// A stretch of the history counts at most so many standard deviations: nights of an old barrier must not hide it.
const MOST_UNUSUAL: f64 = 3.0;
/// Expected failures below which the normal distribution is not trusted.
const FEW: f64 = 20.0;

/// Gates: how much worse it has to be to matter.
const LEAST_RATIO: f64 = 1.15;
const LEAST_EXCESS: f64 = 15.0;
const LEAST_LOW: f64 = 1.05;
/// 95 % point of the normal distribution: lower end of a 90 % interval.
const Z90: f64 = 1.644_853_626_951_472_2;

/// A window: so many nights, that many nights ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) nights: usize,
    pub(super) ago: usize,
}

impl Window {
    /// Every window that is looked at tonight, by its number of nights.
    pub(super) fn all(blocks: usize) -> Vec<Self> {
        WINDOWS.iter().map(|nights| Self { nights: *nights, ago: 0 }).filter(|window| window.fits(blocks)).collect()
    }

    pub(super) fn fits(self, blocks: usize) -> bool {
        let history = blocks.saturating_sub(self.ago + self.nights);
        history >= LEAST_NIGHTS.max(self.nights)
    }

    /// The nights that are judged.
    pub(super) fn tonight(self) -> Nights {
        self.ago..self.ago + self.nights
    }

    /// The nights that they are compared with.
    pub(super) fn baseline(self, blocks: usize) -> Nights {
        let from = self.ago + self.nights;
        from..(from + BASELINE).min(blocks)
    }

    /// Nights of a stretch.
    fn stretch(self) -> usize {
        self.nights.min(LONGEST_STRETCH)
    }

    /// The history in stretches of as many nights as are judged, or a week.
    fn stretches(self, blocks: usize) -> Vec<Nights> {
        let Nights { start, end } = self.baseline(blocks);
        let length = self.stretch();
        (0..(end - start) / length).map(|at| start + at * length..start + (at + 1) * length).collect()
    }
}

/// A slice in a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) slice: Slice,
    /// The slice whose history it is held against: itself; or, where one of its values is new, the same without it.
    pub(super) like: Slice,
    pub(super) window: Window,
    pub(super) attempts: u32,
    pub(super) failed: u32,
    pub(super) expected: f64,
    /// How everybody else fared in the window, on the log-odds.
    pub(super) shift: f64,
    /// Share that failed in the history.
    pub(super) history_rate: f64,
    pub(super) history: u32,
    /// Overdispersion of a stretch.
    pub(super) phi: f64,
    pub(super) z: f64,
    pub(super) p: f64,
    /// Benjamini-Hochberg and Benjamini-Yekutieli, over everything that was tested at the step, times the steps.
    pub(super) q: f64,
    pub(super) q_dependent: f64,
}

impl Verdict {
    /// Whether it is bad enough to matter.
    pub(super) fn matters(&self) -> bool {
        let (observed, n) = (f64::from(self.failed), f64::from(self.attempts));
        let rate = observed / n;
        let spread = (n * rate * (1.0 - rate) * self.phi
            + self.expected * self.expected / (f64::from(self.history) * self.history_rate).max(1.0))
        .sqrt();
        observed >= LEAST_RATIO * self.expected
            && observed - self.expected >= LEAST_EXCESS
            && observed - Z90 * spread > LEAST_LOW * self.expected
    }
}

/// What is common to all slices in a window.
#[derive(Clone, Debug)]
pub(super) struct Common {
    window: Window,
    tonight: Nights,
    baseline: Nights,
    stretches: Vec<Nights>,
    shift: f64,
    shifts: Vec<f64>,
    /// Pooled overdispersion: the correlation of attempts of one slice in one stretch.
    pub(super) rho: f64,
    is_pooled: bool,
}

/// What one slice's own history says.
struct History {
    n: u32,
    k: u32,
    pearson: f64,
    stretches: f64,
    /// Sum of (attempts - 1) over stretches.
    weight: f64,
}

fn sum(counts: &[u32], nights: &Nights) -> u32 {
    counts[nights.clone()].iter().sum()
}

impl Common {
    /// Shifts and overdispersion of a window. `cube` and `mix` are counted from the same attempts.
    pub(super) fn of(cube: &Cube, mix: &Mix, window: Window, blocks: usize) -> Self {
        let (tonight, baseline, stretches) = (window.tonight(), window.baseline(blocks), window.stretches(blocks));
        let shift = mix.shift(&tonight, &baseline);
        let shifts = stretches.iter().map(|nights| mix.shift(nights, &baseline)).collect();
        let mut common = Self { window, tonight, baseline, stretches, shift, shifts, rho: 0.0, is_pooled: false };
        common.rho = common.pooled(cube);
        common.is_pooled = true;
        common
    }

    fn is_eligible(&self, counted: &Counted) -> bool {
        counted.slice.order() > 0
            && sum(&counted.n, &self.tonight) >= LEAST_TONIGHT
            && sum(&counted.n, &self.baseline) >= LEAST_HISTORY
    }

    fn history(&self, counted: &Counted) -> History {
        let (n, k) = (sum(&counted.n, &self.baseline), sum(&counted.k, &self.baseline));
        let rate = logit((f64::from(k) + 0.5) / (f64::from(n) + 1.0));
        let mut history = History { n, k, pearson: 0.0, stretches: 0.0, weight: 0.0 };
        for (nights, shift) in self.stretches.iter().zip(&self.shifts) {
            let (n, k) = (f64::from(sum(&counted.n, nights)), f64::from(sum(&counted.k, nights)));
            if n < 5.0 {
                continue;
            }
            let p = sigmoid(rate + shift);
            let usual = 1.0 + (n - 1.0) * self.rho;
            let pearson = (k - n * p).powi(2) / (n * p * (1.0 - p));
            // While the pool itself is estimated nothing is usual yet; its largest are left out instead.
            history.pearson += if self.is_pooled { pearson.min(MOST_UNUSUAL.powi(2) * usual) } else { pearson };
            history.stretches += 1.0;
            history.weight += n - 1.0;
        }
        history
    }

    fn pooled(&self, cube: &Cube) -> f64 {
        let mut slices: Vec<(f64, f64, f64)> = cube
            .slices
            .par_iter()
            .filter(|counted| self.is_eligible(counted))
            .map(|counted| self.history(counted))
            .filter(|history| history.stretches > 1.0)
            .map(|history| {
                let free = history.stretches - 1.0;
                (history.pearson, free, history.weight / history.stretches * free)
            })
            .collect();
        slices.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)).then(a.2.total_cmp(&b.2)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let kept = (slices.len() as f64 * (1.0 - TRIMMED)).ceil() as usize;
        slices.truncate(kept);
        let (mut beyond, mut weight) = (0.0, 0.0);
        for (pearson, free, n) in slices {
            beyond += pearson - free;
            weight += n;
        }
        if weight > 0.0 { (beyond / weight).max(0.0) } else { 0.0 }
    }

    /// Judges a slice whether or not it is large enough; `None` without any history or attempt.
    fn judge(&self, counted: &Counted) -> Option<Verdict> {
        self.held_against(counted, counted, self.shift, f64::INFINITY)
    }

    /// Judges a slice by the history of `like` and by how `others` attempts beside it fared.
    fn held_against(&self, counted: &Counted, like: &Counted, shift: f64, others: f64) -> Option<Verdict> {
        let history = self.history(like);
        let (attempts, failed) = (sum(&counted.n, &self.tonight), sum(&counted.k, &self.tonight));
        if attempts == 0 || history.n == 0 {
            return None;
        }
        let (n, k) = (f64::from(attempts), f64::from(failed));
        let history_rate = (f64::from(history.k) + 0.5) / (f64::from(history.n) + 1.0);
        let p0 = sigmoid(logit(history_rate) + shift);
        let expected = n * p0;
        let free = (history.stretches - 1.0).max(0.0);
        let in_stretch = n * self.window.stretch() as f64 / self.window.nights as f64;
        let own = PRIOR * (1.0 + (in_stretch - 1.0).max(0.0) * self.rho) + history.pearson;
        let phi = (own / (PRIOR + free)).max(1.0);
        let variance = expected * (1.0 - p0) * (1.0 + n / f64::from(history.n) + n / others) * phi;
        let z = (k - expected) / variance.sqrt();
        let p = if z > 1.0 { tail(z, PRIOR + free, (attempts, failed), p0, variance) } else { 1.0 };
        Some(Verdict {
            slice: counted.slice,
            like: like.slice,
            window: self.window,
            attempts,
            failed,
            expected,
            shift,
            history_rate,
            history: history.n,
            phi,
            z,
            p,
            q: 1.0,
            q_dependent: 1.0,
        })
    }

    fn judge_all(&self, cube: &Cube) -> Vec<Verdict> {
        let eligible = cube.slices.par_iter().filter(|counted| self.is_eligible(counted));
        eligible.filter_map(|counted| self.judge(counted)).collect()
    }

    /// Slices with a value that came up within the window, against those without it.
    fn judge_fresh(&self, cube: &Cube, fresh: &[Fresh]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for fresh in fresh.iter().filter(|fresh| fresh.window == self.window) {
            let known: HashMap<Slice, &Counted> = cube.slices.iter().map(|counted| (counted.slice, counted)).collect();
            for counted in &cube.slices {
                let Some(like) = counted.slice.without(fresh.attribute, fresh.code) else { continue };
                let Some(like) = known.get(&like) else { continue };
                let is_large = sum(&counted.n, &self.tonight) >= LEAST_TONIGHT
                    && sum(&counted.n, &self.baseline) < LEAST_HISTORY
                    && sum(&like.n, &self.baseline) >= LEAST_HISTORY;
                if is_large {
                    verdicts.extend(self.held_against(counted, like, fresh.shift, fresh.others));
                }
            }
        }
        verdicts
    }
}

/// Probability of so many failures or more by chance: Student's t, and the exact beta-binomial where there are few.
fn tail(z: f64, freedom: f64, (attempts, failed): (u32, u32), p0: f64, variance: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, freedom).expect("more than no degree of freedom").sf(z);
    let n = f64::from(attempts);
    let expected = n * p0;
    let few = expected.min(n - expected) < FEW;
    if !few && attempts >= 60 {
        return student;
    }
    let inflation = variance / (expected * (1.0 - p0));
    let rho = ((inflation - 1.0) / (n - 1.0).max(1.0)).clamp(0.0, 0.99);
    let exact = beta_binomial::upper_tail(failed, attempts, p0, rho);
    if attempts < 60 { exact } else { exact.max(student) }
}

/// All verdicts of these windows, with their false discovery rates as one family; `steps` such families are looked at
/// in one night.
pub(super) fn judge(
    cube: &Cube,
    mix: &Mix,
    windows: &[Window],
    fresh: &[Fresh],
    blocks: usize,
    steps: usize,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for window in windows {
        let common = Common::of(cube, mix, *window, blocks);
        verdicts.extend(common.judge_all(cube));
        verdicts.extend(common.judge_fresh(cube, fresh));
    }
    correct(&mut verdicts, steps);
    verdicts
}

/// Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 57 (1995), 289-300; Benjamini and Yekutieli,
/// The control of the false discovery rate in multiple testing under dependency, Annals of Statistics 29 (2001),
/// 1165-1188; weights: Genovese, Roeder and Wasserman, False discovery control with p-value weighting, Biometrika 93
/// (2006), 509-524.
fn correct(verdicts: &mut [Verdict], steps: usize) {
    // Conjunctions are many more than their parts: each length of them gets the same share of the errors.
    let mut of_order = [0.0_f64; 4];
    for verdict in verdicts.iter() {
        of_order[verdict.slice.order()] += 1.0;
    }
    let lengths = of_order.iter().filter(|count| **count > 0.0).count() as f64;
    let m = verdicts.len() as f64;
    let weighted: Vec<f64> =
        verdicts.iter().map(|verdict| verdict.p * lengths * of_order[verdict.slice.order()] / m.max(1.0)).collect();
    let mut order: Vec<usize> = (0..verdicts.len()).collect();
    order.sort_by(|a, b| weighted[*a].total_cmp(&weighted[*b]).then(a.cmp(b)));
    let harmonic: f64 = if verdicts.is_empty() { 1.0 } else { m.ln() + 0.577_215_664_901_532_9 + 0.5 / m };
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        let verdict = &mut verdicts[*at];
        least = least.min(weighted[*at] * m / (rank as f64 + 1.0));
        verdict.q = (least * steps as f64).min(1.0);
        verdict.q_dependent = (least * steps as f64 * harmonic).min(1.0);
    }
}

/// The strongest first; ties by the slice, so that no order of threads shows.
pub(super) fn by_strength(a: &Verdict, b: &Verdict) -> Ordering {
    b.z.total_cmp(&a.z).then(a.slice.order().cmp(&b.slice.order())).then(a.slice.cmp(&b.slice))
}
