//! The step as a whole against its own nights. What everybody meets is in the shift of the day, so that no slice shows it:
//! a release that all get, a provider that is down.
//!
//! ```text
//! nights before ──> shift of each, its weekday taken out ──> how much nights differ, and how much they follow each other
//! tonight's shift, beyond the usual one of its weekday ──> Student's t
//! ```
//!
//! A whole shop has bad days for many reasons that no log tells of, so more is asked than of a slice: an error in these
//! attempts that stands for the excess, or odds of failing that are far beyond anything before.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::assemble::beside;
use super::attempts::{Attempts, OTHER, Slice};
use super::blame::Blame;
use super::confound;
use super::judge::{LEAST_HISTORY, LEAST_NIGHTS, LEAST_TONIGHT, Verdict, Window};
use super::localise::{Explained, Found, LEVEL};
use super::onset;
use super::shift::{Mix, Nights};
use crate::stats::logistic::{logit, sigmoid};

/// Days of a week: nights of one weekday are alike.
const WEEK: usize = 7;
/// Nights from which weekdays are told apart.
const WEEKS: usize = 2 * WEEK;
/// Standard deviation of a night on the log-odds that is believed in before any was seen, and the nights that this counts as.
const USUAL: f64 = 0.10;
const PRIOR: f64 = 10.0;
/// How much a night is believed to be like the one before, before any was seen; and at most.
const FOLLOWS: f64 = 0.3;
const MOST_ALIKE: f64 = 0.9;
/// A night counts at most so many robust standard deviations: one old failure must not hide the next.
const MOST_UNUSUAL: f64 = 4.0;
/// A night with fewer attempts than this part of the usual number says nothing of how nights differ.
const HALF: f64 = 0.5;
/// Without an error to show for it: the odds ratio, and the error rate, that are beyond what shops do by themselves.
const PLAIN: f64 = 1.5;
const SURE: f64 = 0.001;
/// A condition without which everything is as usual, up to this part of the shift, is the one.
const REST: f64 = 0.25;
/// Others that it takes to say so.
const LEAST_OTHERS: usize = 100;
/// A slice stands beside a failure of everybody if it stands out by so many standard deviations from it.
const BESIDE: f64 = 4.0;
/// A release that all attempts since the onset have, but for some, and none before.
const ALL: f64 = 0.95;

/// How nights of a step differ by themselves.
struct Climate {
    /// Shift to be expected of each weekday, by block modulo seven.
    usual: [f64; WEEK],
    /// Variance of a night beyond its weekday and beyond counting.
    variance: f64,
    /// Correlation of a night with the one before.
    follows: f64,
    nights: f64,
}

impl Climate {
    fn of(mix: &Mix, baseline: &Nights) -> Option<Self> {
        let counts: Vec<(usize, (f64, f64))> = baseline.clone().map(|night| (night, mix.count(night))).collect();
        let mut sizes: Vec<f64> = counts.iter().map(|(_, (n, _))| *n).collect();
        sizes.sort_by(f64::total_cmp);
        let least = HALF * sizes.get(sizes.len() / 2)?;
        let nights: Vec<(usize, f64, f64)> = counts
            .into_iter()
            .filter(|(_, (n, _))| *n >= least.max(1.0))
            .map(|(night, (n, k))| {
                let p = (k + 0.5) / (n + 1.0);
                (night, mix.shift(&(night..night + 1), baseline), 1.0 / (n * p * (1.0 - p)).max(1.0))
            })
            .collect();
        if nights.len() < LEAST_NIGHTS {
            return None;
        }
        let usual = weekdays(&nights);
        let mut rest: Vec<(usize, f64)> =
            nights.iter().map(|(night, shift, _)| (*night, shift - usual[night % WEEK])).collect();
        let mut sizes: Vec<f64> = rest.iter().map(|(_, rest)| rest.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let most = MOST_UNUSUAL * (1.4826 * sizes[sizes.len() / 2]).max(0.25 * USUAL);
        for (_, rest) in &mut rest {
            *rest = rest.clamp(-most, most);
        }
        let (n, squares) = (rest.len() as f64, rest.iter().map(|(_, rest)| rest * rest).sum::<f64>());
        let counting = nights.iter().map(|(.., counting)| counting).sum::<f64>() / n;
        let beyond = (squares - n * counting).max(0.0);
        let pairs: Vec<f64> =
            rest.windows(2).filter(|pair| pair[0].0 + 1 == pair[1].0).map(|pair| pair[0].1 * pair[1].1).collect();
        let alike = if squares > 0.0 { pairs.iter().sum::<f64>() / squares } else { 0.0 };
        Some(Self {
            usual,
            variance: (PRIOR * USUAL * USUAL + beyond) / (PRIOR + n - 1.0),
            follows: ((n * alike + PRIOR * FOLLOWS) / (n + PRIOR)).clamp(0.0, MOST_ALIKE),
            nights: n,
        })
    }

    /// Shift to be expected of these nights.
    fn usual(&self, nights: &Nights) -> f64 {
        let length = (nights.end - nights.start).max(1) as f64;
        nights.clone().map(|night| self.usual[night % WEEK]).sum::<f64>() / length
    }

    /// Variance of the mean of so many nights in a row.
    fn of_mean(&self, nights: f64) -> f64 {
        let (mut sum, mut power, mut apart) = (1.0, self.follows, 1.0);
        while apart < nights {
            sum += 2.0 * (1.0 - apart / nights) * power;
            power *= self.follows;
            apart += 1.0;
        }
        self.variance * sum / nights
    }
}

/// What each weekday is usually off, drawn towards the mean of all as far as weekdays do not differ beyond chance.
fn weekdays(nights: &[(usize, f64, f64)]) -> [f64; WEEK] {
    let mean = |days: &[f64]| days.iter().sum::<f64>() / days.len().max(1) as f64;
    let all = mean(&nights.iter().map(|(_, shift, _)| *shift).collect::<Vec<_>>());
    let mut usual = [all; WEEK];
    if nights.len() < WEEKS {
        return usual;
    }
    let days: Vec<Vec<f64>> = (0..WEEK)
        .map(|day| nights.iter().filter(|(night, ..)| night % WEEK == day).map(|(_, shift, _)| *shift).collect())
        .collect();
    let within: f64 = days.iter().map(|day| day.iter().map(|shift| (shift - mean(day)).powi(2)).sum::<f64>()).sum();
    let within = within / (nights.len() as f64 - WEEK as f64).max(1.0);
    let between = days.iter().map(|day| (mean(day) - all).powi(2)).sum::<f64>() / (WEEK as f64 - 1.0);
    let each = nights.len() as f64 / WEEK as f64;
    let own = (between - within / each).max(0.0);
    for (usual, day) in usual.iter_mut().zip(&days).filter(|(_, day)| !day.is_empty()) {
        let trust = own / (own + within / day.len() as f64).max(1e-12);
        *usual = all + trust * (mean(day) - all);
    }
    usual
}

/// The step as a whole in one window; `usual` is the shift to be expected of every block.
struct Judged {
    verdict: Verdict,
    usual: Vec<f64>,
}

/// Judges a window of so many blocks, as one of so many tests.
fn judge(everybody: &Mix, blocks: usize, window: Window, tests: f64) -> Option<Judged> {
    let (tonight, baseline) = (window.tonight(), window.baseline(blocks));
    let mix = everybody.settled(&tonight, &baseline);
    let climate = Climate::of(&mix, &baseline)?;
    let count = |nights: &Nights| {
        nights
            .clone()
            .map(|night| everybody.count(night))
            .fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1))
    };
    let ((n, k), (history, failed_before)) = (count(&tonight), count(&baseline));
    if n < f64::from(LEAST_TONIGHT) || history < f64::from(LEAST_HISTORY) {
        return None;
    }
    let usual = climate.usual(&tonight);
    let beyond = mix.shift(&tonight, &baseline) - usual;
    let rate = ((k + 0.5) / (n + 1.0)).clamp(1e-6, 1.0 - 1e-6);
    let p0 = sigmoid(logit(rate) - beyond);
    // Counted as if failures were as frequent as expected, which is what chance would have to do.
    let counting = (1.0 + n / history) / (n * p0 * (1.0 - p0)).max(1e-9);
    let nights = window.nights as f64;
    let variance = climate.of_mean(nights) + climate.of_mean(climate.nights) + counting;
    let z = beyond / variance.sqrt();
    let student = StudentsT::new(0.0, 1.0, PRIOR + climate.nights - 1.0).expect("more than no degree of freedom");
    let p = if z > 0.0 { student.sf(z) } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    let whole = |count: f64| count as u32;
    let verdict = Verdict {
        slice: Slice::default(),
        like: Slice::default(),
        window,
        attempts: whole(n),
        failed: whole(k),
        expected: n * p0,
        shift: usual,
        history_rate: (failed_before + 0.5) / (history + 1.0),
        history: whole(history),
        phi: (variance / counting).max(1.0),
        z,
        p,
        q: (p * tests).min(1.0),
        q_dependent: (p * tests).min(1.0),
    };
    Some(Judged { verdict, usual: (0..blocks).map(|block| climate.usual[block % WEEK]).collect() })
}

/// What the step as a whole came to.
pub(super) enum Whole {
    /// As usual.
    Usual,
    /// Worse for everybody, or under the one condition that makes it so.
    Found(Box<Found>),
    /// Worse, by another mix of customers.
    Explained(Explained),
}

/// Holds the attempts that `keep` names against the nights before; `steps` are searched in one night.
pub(super) fn whole(attempts: &Attempts, keep: &[bool], steps: usize) -> Whole {
    let windows = Window::all(attempts.blocks);
    let tests = (windows.len() * steps) as f64;
    let everybody = Mix::of(attempts, Some(keep));
    let judged = windows
        .into_iter()
        .filter_map(|window| judge(&everybody, attempts.blocks, window, tests))
        .filter(|judged| judged.verdict.q < LEVEL && judged.verdict.matters())
        .max_by(|a, b| a.verdict.z.total_cmp(&b.verdict.z));
    let Some(Judged { verdict, usual }) = judged else { return Whole::Usual };
    if let Some((by, share)) = confound::explanation(attempts, keep, &verdict) {
        return Whole::Explained(Explained { slice: verdict.slice, by, share });
    }
    let beyond = logit(f64::from(verdict.failed) / f64::from(verdict.attempts))
        - logit(verdict.expected / f64::from(verdict.attempts));
    let is_alert = has_an_error(attempts, keep, &verdict) || (verdict.q < SURE && beyond >= PLAIN.ln());
    if let Some(narrowed) = narrowed(attempts, keep, &verdict, beyond) {
        return Whole::Found(Box::new(Found::new(attempts, keep, narrowed, is_alert)));
    }
    let verdict = Verdict { slice: release(attempts, keep, &verdict), ..verdict };
    Whole::Found(Box::new(Found { usual: Some(usual), ..Found::new(attempts, keep, verdict, is_alert) }))
}

/// Whether an error stands for much of the excess.
fn has_an_error(attempts: &Attempts, keep: &[bool], verdict: &Verdict) -> bool {
    let (tonight, baseline) = (verdict.window.tonight(), verdict.window.baseline(attempts.blocks));
    let mut errors = BTreeMap::<u16, (f64, f64)>::new();
    for row in (0..attempts.facts.len()).filter(|row| keep[*row] && attempts.facts[*row].error != 0) {
        let block = usize::from(attempts.block[row]);
        let met = errors.entry(attempts.facts[row].error).or_default();
        met.0 += f64::from(u8::from(tonight.contains(&block)));
        met.1 += f64::from(u8::from(baseline.contains(&block)));
    }
    let growth = f64::from(verdict.attempts) / f64::from(verdict.history);
    let excess = f64::from(verdict.failed) - verdict.expected;
    errors.into_values().any(|(met, before)| Blame::OF_A_CHANGE.stands_for(met, before * growth, excess))
}

/// The one condition that is worse while everybody without it is as usual: one so frequent that it is most of the shift,
/// and no slice stands out from it.
fn narrowed(attempts: &Attempts, keep: &[bool], verdict: &Verdict, beyond: f64) -> Option<Verdict> {
    let (tonight, baseline) = (verdict.window.tonight(), verdict.window.baseline(attempts.blocks));
    let mut best: Option<Verdict> = None;
    for (at, attribute) in attempts.attributes.iter().enumerate() {
        for code in (OTHER + 1..=u8::MAX).take(attribute.words.len().saturating_sub(usize::from(OTHER) + 1)) {
            let others: Vec<bool> =
                keep.iter().zip(&attribute.codes).map(|(keep, other)| *keep && *other != code).collect();
            let (mut own, mut own_before, mut rest) = ((0_u32, 0_u32), (0_u32, 0_u32), 0);
            for row in (0..attempts.len()).filter(|row| keep[*row]) {
                let block = usize::from(attempts.block[row]);
                let failed = u32::from(attempts.failed[row]);
                match (others[row], tonight.contains(&block), baseline.contains(&block)) {
                    (false, true, _) => own = (own.0 + 1, own.1 + failed),
                    (false, _, true) => own_before = (own_before.0 + 1, own_before.1 + failed),
                    (true, true, _) => rest += 1,
                    _ => {}
                }
            }
            let is_known = own.0 >= LEAST_TONIGHT && own_before.0 >= LEAST_HISTORY && rest >= LEAST_OTHERS;
            if !is_known || best.is_some_and(|best| best.attempts <= own.0) {
                continue;
            }
            let shift = Mix::of(attempts, Some(&others)).shift(&tonight, &baseline);
            let history_rate = (f64::from(own_before.1) + 0.5) / (f64::from(own_before.0) + 1.0);
            let slice = Slice::new(&[(u8::try_from(at).expect("few attributes"), code)]);
            let narrow = Verdict {
                slice,
                like: slice,
                attempts: own.0,
                failed: own.1,
                expected: f64::from(own.0) * sigmoid(logit(history_rate) + shift),
                shift,
                history_rate,
                history: own_before.0,
                phi: verdict.phi.min(3.0),
                ..*verdict
            };
            if shift - verdict.shift <= REST * beyond && narrow.matters() {
                best = Some(narrow);
            }
        }
    }
    best
}

/// The release that came when it began and that everybody has since; else everybody.
fn release(attempts: &Attempts, keep: &[bool], verdict: &Verdict) -> Slice {
    let Some(at) = attempts.attributes.iter().position(|attribute| attribute.name == "release") else {
        return verdict.slice;
    };
    let codes = &attempts.attributes[at].codes;
    let rows: Vec<usize> = (0..attempts.len()).filter(|row| keep[*row]).collect();
    let series: Vec<(i64, bool)> = rows.iter().map(|row| (attempts.at[*row], attempts.failed[*row])).collect();
    let Some(course) = onset::course(&series, attempts.cut, verdict.phi.min(3.0)) else { return verdict.slice };
    let mut first = BTreeMap::<u8, i64>::new();
    for row in &rows {
        first.entry(codes[*row]).or_insert(attempts.at[*row]);
    }
    let until = course.end.unwrap_or(i64::MAX);
    let new = first.into_iter().filter(|(code, at)| *code > OTHER && beside(&course.onset, *at)).find(|(code, at)| {
        let since: Vec<&usize> = rows.iter().filter(|row| (*at..until).contains(&attempts.at[**row])).collect();
        since.iter().filter(|row| codes[***row] == *code).count() as f64 >= ALL * since.len() as f64
    });
    new.map_or(verdict.slice, |(code, _)| Slice::new(&[(u8::try_from(at).expect("few attributes"), code)]))
}

/// Whether a slice is worse than a failure that hits everybody alike makes it: the same share of those who would have
/// passed is stopped, which is more on the log-odds where few failed before.
pub(super) fn is_beside(attempts: &Attempts, found: &Found, whole: &Verdict) -> bool {
    let (tonight, baseline) = (whole.window.tonight(), whole.window.baseline(attempts.blocks));
    let (mut now, mut then) = ((0.0, 0.0), (0.5, 1.0));
    for row in (0..attempts.len()).filter(|row| found.trail[*row]) {
        let block = usize::from(attempts.block[row]);
        let failed = f64::from(u8::from(attempts.failed[row]));
        if tonight.contains(&block) {
            now = (now.0 + failed, now.1 + 1.0);
        } else if baseline.contains(&block) {
            then = (then.0 + failed, then.1 + 1.0);
        }
    }
    let n = f64::from(whole.attempts);
    let left = (n - f64::from(whole.failed)) / (n - whole.expected).max(1e-9);
    let p = (1.0 - (1.0 - then.0 / then.1) * left).clamp(1e-6, 1.0 - 1e-6);
    let spread = (found.verdict.phi * now.1 * p * (1.0 - p) * (1.0 + now.1 / then.1)).sqrt();
    now.0 - now.1 * p >= BESIDE * spread
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nights of so many attempts whose shifts on the log-odds are these, the newest first.
    fn nights(shifts: &[f64]) -> Vec<(usize, f64, f64)> {
        shifts.iter().enumerate().map(|(night, shift)| (night, *shift, 0.0)).collect()
    }

    #[test]
    fn a_weekday_that_is_always_off_is_expected_to_be() {
        let shifts: Vec<f64> =
            (0..28).map(|night| if night % 7 == 3 { 0.4 } else { 0.01 * f64::from(night % 3) }).collect();
        let usual = weekdays(&nights(&shifts));
        assert!(usual[3] > 0.35 && usual[0] < 0.1, "{usual:?}");
    }

    #[test]
    fn weekdays_that_differ_by_chance_are_alike() {
        let shifts: Vec<f64> = (0..28).map(|night| 0.1 * f64::from(night * 37 % 11 - 5)).collect();
        let usual = weekdays(&nights(&shifts));
        assert!(usual.iter().all(|usual| usual.abs() < 0.1), "{usual:?}");
        assert!(weekdays(&nights(&shifts[..9])).windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-12));
    }

    #[test]
    fn nights_that_follow_each_other_say_less_together() {
        let climate = |follows| Climate { usual: [0.0; WEEK], variance: 0.01, follows, nights: 28.0 };
        assert!((climate(0.0).of_mean(7.0) - 0.01 / 7.0).abs() < 1e-12);
        assert!(climate(0.8).of_mean(7.0) > 4.0 * climate(0.0).of_mean(7.0));
        assert!((climate(0.8).of_mean(1.0) - 0.01).abs() < 1e-12);
    }
}
