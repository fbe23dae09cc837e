//! Both methods, week by week, on carts whose window ended in the week: by what was known when it began.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::super::backtest::origins;
use super::super::champion::{Why, resampled};
use super::super::landmark::{Frame, Row};
use super::super::model::Method;
use super::super::quality::Skill;
use super::super::shelf::Shelf;
use super::{Learnt, Parts, at_window};
use crate::Settings;
use crate::stats::logistic::log_loss;
use crate::stats::scoring;
use events::time;

/// Fewest carts to judge by.
const FEWEST: usize = 200;
/// Groups of equal size for the calibration error.
const BINS: usize = 15;

/// A cart as it was judged at the end of its window.
#[derive(Clone, Copy, Debug)]
pub(in crate::prediction) struct Told {
    /// Position of its cart.
    #[cfg(test)]
    pub(in crate::prediction) cart: u32,
    pub(in crate::prediction) day: i32,
    /// When it was known whether it is bought by the last age.
    known_at: i64,
    /// Probability to be, by the model and by similar carts; `None` where there was no model.
    pub(in crate::prediction) model: Option<f64>,
    pub(in crate::prediction) groups: f64,
    pub(in crate::prediction) bought: bool,
}

/// How good the probabilities of past weeks were, on carts that the model was there for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaterQuality {
    /// Carts not bought within the window, judged as of its end.
    pub carts: u64,
    /// Those of them that were bought by the last age.
    pub bought: u64,
    /// Their mean probability, by the model.
    pub mean: f64,
    /// Mean log-loss of the model.
    pub log_loss: f64,
    /// By how much of its log-loss similar carts were beaten.
    pub skill: Skill,
    /// Area under the ROC curve; `None` where all ended alike.
    pub auc: Option<f64>,
    /// Expected calibration error over 15 bins of equal mass.
    pub calibration_error: f64,
}

/// What the weeks say.
pub(super) struct Judged {
    pub(super) choice: (Method, Why),
    /// When the present week began: its model is that of tonight.
    pub(super) origin: i64,
    pub(super) quality: Option<LaterQuality>,
}

/// Judges every week whose carts have shown by now what became of them.
pub(in crate::prediction) fn told(frame: &Frame, settings: &Settings, parts: &Parts, shelf: &mut Shelf) -> Vec<Told> {
    let origins = origins(settings.as_of, settings.zone);
    let mut all = Vec::new();
    for week in origins.windows(2) {
        let [origin, until] = [week[0], week[1]];
        let rows: Vec<&Row> = at_window(frame)
            .map(|(_, row)| row)
            .filter(|row| (origin..until).contains(&row.moment))
            .filter(|row| frame.carts[row.cart as usize].opened_at + parts.last() <= settings.as_of)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let learnt = Learnt::of(frame, origin, parts, shelf);
        let bought = |kept: &[f64]| 1.0 - kept.iter().product::<f64>();
        let told = |row: &&Row| {
            let cart = &frame.carts[row.cart as usize];
            Told {
                #[cfg(test)]
                cart: row.cart,
                day: time::utc_day(cart.opened_at),
                known_at: cart.opened_at + parts.last(),
                model: learnt.hazards.as_ref().map(|hazards| bought(&hazards.kept(&row.features))),
                groups: bought(&learnt.groups.kept(Some(&row.features), parts)),
                bought: parts.is_bought(cart, parts.ends.len() - 1),
            }
        };
        let of_week: Vec<Told> = rows.par_iter().map(told).collect();
        all.extend(of_week);
    }
    all
}

pub(super) fn run(frame: &Frame, settings: &Settings, parts: &Parts, shelf: &mut Shelf) -> Judged {
    let told = told(frame, settings, parts, shelf);
    let origins = origins(settings.as_of, settings.zone);
    let origin = *origins.last().expect("the present week is one");
    let known: Vec<&Told> = told.iter().filter(|told| told.known_at <= origin).collect();
    Judged { choice: choose(&known), origin, quality: quality(&told.iter().collect::<Vec<_>>()) }
}

/// By the carts that both methods judged.
fn choose(known: &[&Told]) -> (Method, Why) {
    let losses: Vec<(f64, f64)> = known
        .iter()
        .filter_map(|told| Some((log_loss(told.model?, told.bought), log_loss(told.groups, told.bought))))
        .collect();
    if losses.len() < FEWEST {
        return (Method::GroupRate, Why::TooLittleData);
    }
    let sum = losses.iter().fold((0.0, 0.0), |sum, loss| (sum.0 + loss.0, sum.1 + loss.1));
    if sum.0 < sum.1 { (Method::SplineLogit, Why::BestOnFolds) } else { (Method::GroupRate, Why::ModelNoBetter) }
}

fn quality(told: &[&Told]) -> Option<LaterQuality> {
    let judged: Vec<(&Told, f64)> = told.iter().filter_map(|told| Some((*told, told.model?))).collect();
    let pairs: Vec<(f64, bool)> = judged.iter().map(|(told, p)| (*p, told.bought)).collect();
    let mut days: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for (told, p) in &judged {
        let simple = log_loss(told.groups, told.bought);
        let day = days.entry(told.day).or_default();
        *day = (day.0 + simple - log_loss(*p, told.bought), day.1 + simple);
    }
    let days: Vec<(f64, f64)> = days.into_values().collect();
    let (gain, simple) = days.iter().fold((0.0, 0.0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    let drawn = resampled(&days);
    let end = |share: usize| drawn.get((drawn.len().checked_sub(1)?) * share / 20).copied();
    let skill = Skill {
        over: Method::GroupRate,
        skill: if simple > 0.0 { gain / simple } else { 0.0 },
        low: end(1)?,
        high: end(19)?,
    };
    Some(LaterQuality {
        carts: pairs.len() as u64,
        bought: pairs.iter().filter(|(_, bought)| *bought).count() as u64,
        mean: pairs.iter().map(|(p, _)| p).sum::<f64>() / pairs.len() as f64,
        log_loss: scoring::mean_log_loss(&pairs)?,
        skill,
        auc: scoring::auc(&pairs),
        calibration_error: scoring::calibration_error(&scoring::reliability(&pairs, BINS)),
    })
}
