//! How good the forecasts of the past weeks were, beside the simple ones that they have to beat.

use std::collections::BTreeMap;

use serde::Serialize;

use super::BacktestRow;
use super::champion::resampled;
use super::model::Method;
use crate::stats::logistic::log_loss;
use crate::stats::scoring::{self, Bin};

/// Bins of equal mass behind calibration errors.
const BINS: usize = 15;
/// Bins of equal width in the diagram.
pub(crate) const WIDTHS: u32 = 20;

/// By how much of its log-loss a simple method was beaten.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Skill {
    /// What is beaten.
    pub over: Method,
    /// 1 - log-loss / log-loss of the simple method: above 0 is better, 1 would be certainty.
    pub skill: f64,
    /// Lower end of its 90 % interval (days drawn as blocks).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Scores of some carts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Carts at an age.
    pub n: u64,
    /// Those not bought in time.
    pub abandoned: u64,
    /// Their mean probability.
    pub mean: f64,
    /// Mean log-loss.
    pub log_loss: f64,
    /// Mean squared error of the probabilities.
    pub brier: f64,
    /// Area under the ROC curve; `None` where all ended alike.
    pub auc: Option<f64>,
    /// Expected calibration error over 15 bins of equal mass.
    pub calibration_error: f64,
    /// The same without what chance alone adds.
    pub debiased_calibration_error: f64,
    /// Over each simple method.
    pub skills: Vec<Skill>,
}

/// Scores of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// What the group has in common: an age in hours, or a segment.
    pub name: String,
    /// Its scores.
    pub score: Score,
}

/// Scores of all carts of the folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Of all.
    pub overall: Score,
    /// By age.
    pub by_age: Vec<Group>,
    /// By segment, as known at the moment of the score.
    pub by_segment: Vec<Group>,
    /// Bins of a twentieth of probability each; empty ones are left out.
    pub bins: Vec<Bin>,
}

/// Scores these rows; `None` for none.
pub(super) fn quality(rows: &[BacktestRow]) -> Option<Quality> {
    let all: Vec<&BacktestRow> = rows.iter().collect();
    let overall = score(&all)?;
    let mut ages: BTreeMap<u64, Vec<&BacktestRow>> = BTreeMap::new();
    let mut segments: BTreeMap<(u8, &str), Vec<&BacktestRow>> = BTreeMap::new();
    for row in rows {
        ages.entry(row.age_hours.to_bits()).or_default().push(row);
        let segment = row.segment.as_deref().unwrap_or_default();
        segments.entry((crate::segment::rank(segment), segment)).or_default().push(row);
    }
    let group = |name: String, rows: &[&BacktestRow]| Some(Group { name, score: score(rows)? });
    Some(Quality {
        overall,
        by_age: ages.iter().filter_map(|(age, rows)| group(f64::from_bits(*age).to_string(), rows)).collect(),
        by_segment: segments.iter().filter_map(|((_, name), rows)| group((*name).to_owned(), rows)).collect(),
        bins: bins(rows),
    })
}

fn score(rows: &[&BacktestRow]) -> Option<Score> {
    let pairs: Vec<(f64, bool)> = rows.iter().map(|row| (row.p_abandon, row.abandoned)).collect();
    let bins = scoring::reliability(&pairs, BINS);
    Some(Score {
        n: pairs.len() as u64,
        abandoned: pairs.iter().filter(|(_, abandoned)| *abandoned).count() as u64,
        mean: pairs.iter().map(|(p, _)| p).sum::<f64>() / pairs.len() as f64,
        log_loss: scoring::mean_log_loss(&pairs)?,
        brier: scoring::brier(&pairs)?,
        auc: scoring::auc(&pairs),
        calibration_error: scoring::calibration_error(&bins),
        debiased_calibration_error: scoring::debiased_calibration_error(&bins),
        skills: Method::SIMPLE.into_iter().enumerate().filter_map(|(at, over)| skill(rows, at, over)).collect(),
    })
}

/// Days differ as a whole, so they are drawn as a whole.
fn skill(rows: &[&BacktestRow], at: usize, over: Method) -> Option<Skill> {
    let mut days: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let day = days.entry(row.day).or_default();
        let simple = log_loss(row.baselines[at], row.abandoned);
        day.0 += simple - log_loss(row.p_abandon, row.abandoned);
        day.1 += simple;
    }
    let days: Vec<(f64, f64)> = days.into_values().collect();
    let (gain, simple) = days.iter().fold((0.0, 0.0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    let drawn = resampled(&days);
    let end = |share: usize| drawn.get((drawn.len() - 1) * share / 20).copied();
    (simple > 0.0).then_some(Skill { over, skill: gain / simple, low: end(1)?, high: end(19)? })
}

fn bins(rows: &[BacktestRow]) -> Vec<Bin> {
    let mut bins: BTreeMap<u32, (u64, f64, u64)> = BTreeMap::new();
    for row in rows {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "probabilities are in 0..=1")]
        let bin = (row.p_abandon * f64::from(WIDTHS)).floor() as u32;
        let bin = bins.entry(bin.min(WIDTHS - 1)).or_default();
        *bin = (bin.0 + 1, bin.1 + row.p_abandon, bin.2 + u64::from(row.abandoned));
    }
    bins.into_values().map(|(n, sum, happened)| Bin { n, predicted: sum / n as f64, happened }).collect()
}
