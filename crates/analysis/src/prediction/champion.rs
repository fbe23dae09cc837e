//! Which method is used: decided once a week, from what was known when the week began, so that every night of the week
//! and every repetition of a night decides alike.

use std::collections::BTreeMap;

use super::model::{Method, Scores};
use crate::stats::logistic::log_loss;

/// Folds that are looked at.
pub(super) const FOLDS: usize = 4;
/// By how much of its log-loss the boosted trees have to beat the logistic regression.
const MARGIN: f64 = 0.003;
/// Fewest scored rows to judge by.
const FEWEST: usize = 200;
/// Repetitions of the bootstrap.
const REPEATS: u32 = 400;

/// A cart at a landmark, scored by what had seen nothing after that moment.
#[derive(Clone, Debug)]
pub(super) struct Scored {
    /// Position of its row.
    pub(super) row: usize,
    /// Number of its fold.
    pub(super) fold: usize,
    /// The day on which the cart was opened, as days since 1970 on the shop's clock.
    pub(super) day: i32,
    pub(super) landmark: usize,
    /// When its outcome was known.
    pub(super) known_at: i64,
    pub(super) scores: Scores,
    pub(super) abandoned: bool,
}

/// A method with the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) method: Method,
    pub(super) why: Why,
}

/// Why a method is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It had the lowest log-loss on the latest folds.
    BestOnFolds,
    /// A model was there, but did no better than this simple method.
    ModelNoBetter,
    /// There is too little data for a model, or for judging one.
    TooLittleData,
}

/// The mean log-loss of a method over rows that all methods scored.
fn losses(scored: &[&Scored], method: Method) -> Option<f64> {
    let place = place(method);
    let mut sum = 0.0;
    for row in scored {
        sum += log_loss(row.scores[place]?, row.abandoned);
    }
    (!scored.is_empty()).then(|| sum / scored.len() as f64)
}

pub(super) fn place(method: Method) -> usize {
    method as usize
}

/// The choice for a week that begins at `origin`, from folds before `fold` as far as their outcomes were known by then.
pub(super) fn choose(scored: &[Scored], fold: usize, origin: i64) -> Choice {
    let latest = fold.saturating_sub(FOLDS)..fold;
    let known: Vec<&Scored> = scored
        .iter()
        .filter(|row| latest.contains(&row.fold) && row.known_at <= origin)
        .filter(|row| Method::SIMPLE.iter().all(|method| row.scores[place(*method)].is_some()))
        .collect();
    if known.len() < FEWEST {
        return Choice { method: Method::AgeCurve, why: Why::TooLittleData };
    }
    let simple = Method::SIMPLE
        .into_iter()
        .filter_map(|method| Some((method, losses(&known, method)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((simple, of_simple)) = simple else {
        return Choice { method: Method::AgeCurve, why: Why::TooLittleData };
    };
    let with_model: Vec<&Scored> =
        known.iter().copied().filter(|row| row.scores[place(Method::SplineLogit)].is_some()).collect();
    if with_model.len() * 2 < known.len() {
        return Choice { method: simple, why: Why::TooLittleData };
    }
    // Judged on the same rows: where there was no model yet, there is nothing to compare.
    let of_simple = losses(&with_model, simple).unwrap_or(of_simple);
    let Some(of_spline) = losses(&with_model, Method::SplineLogit) else {
        return Choice { method: simple, why: Why::TooLittleData };
    };
    let (mut method, mut least) = (Method::SplineLogit, of_spline);
    if let Some(of_boosting) = losses(&with_model, Method::Boosting)
        && of_boosting < (1.0 - MARGIN) * of_spline
        && improves(&with_model)
    {
        (method, least) = (Method::Boosting, of_boosting);
    }
    if least < of_simple {
        Choice { method, why: Why::BestOnFolds }
    } else {
        Choice { method: simple, why: Why::ModelNoBetter }
    }
}

/// The same for a week in which no model could be trained.
pub(super) fn without_model(choice: Choice) -> Choice {
    if Method::SIMPLE.contains(&choice.method) {
        return choice;
    }
    Choice { method: Method::AgeCurve, why: Why::TooLittleData }
}

/// Whether boosting beats the logistic regression with 90 % confidence, days drawn as blocks.
fn improves(scored: &[&Scored]) -> bool {
    let mut days: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for row in scored {
        let loss = |method| row.scores[place(method)].map_or(0.0, |p| log_loss(p, row.abandoned));
        let day = days.entry(row.day).or_default();
        day.0 += loss(Method::SplineLogit) - loss(Method::Boosting);
        day.1 += 1.0;
    }
    let days: Vec<(f64, f64)> = days.into_values().collect();
    let gains = resampled(&days);
    gains.get(gains.len() / 20).is_some_and(|low| *low > 0.0)
}

/// Means of `(sum, weight)` over days drawn with replacement, sorted. The draws are the same every time.
pub(super) fn resampled(days: &[(f64, f64)]) -> Vec<f64> {
    if days.is_empty() {
        return Vec::new();
    }
    let mut dice = Dice(0x5EED);
    let mut means: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for _ in 0..days.len() {
                let day = days[dice.below(days.len())];
                sum += day.0;
                weight += day.1;
            }
            if weight > 0.0 { sum / weight } else { 0.0 }
        })
        .collect();
    means.sort_by(f64::total_cmp);
    means
}

/// Numbers that look random (splitmix64), the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let wide = u128::from(bits ^ (bits >> 31)) * limit as u128;
        usize::try_from(wide >> 64).expect("below a usize")
    }
}
