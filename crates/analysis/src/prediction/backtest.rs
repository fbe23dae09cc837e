//! Rolling origins: a model for every week of the last eight, trained on what was known when the week began, scores the
//! carts of that week.

use chrono::{Datelike, Days};
use chrono_tz::Tz;
use events::time;
use rayon::prelude::*;

use super::champion::{self, Choice, FOLDS, Scored, Why};
use super::landmark::{Frame, Purpose};
use super::model::{Method, Plan, Trained, train};
use super::shelf::Shelf;

/// Whole weeks before the present one.
const WEEKS: u64 = 8;
/// Carts from which boosted trees are tried.
const BOOSTING_CARTS: usize = 20_000;

/// The beginning of each week, oldest first; the last one is the present week's.
pub(super) fn origins(as_of: i64, zone: Tz) -> Vec<i64> {
    let today = time::local_date(as_of, zone);
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    (0..=WEEKS).rev().map(|weeks| time::start_of_day(monday - Days::new(7 * weeks), zone)).collect()
}

/// A week of the past, as it was forecast.
#[derive(Debug)]
pub(super) struct Fold {
    /// When the week began: nothing later was known to its model.
    pub(super) origin: i64,
    pub(super) choice: Choice,
    pub(super) trained: Trained,
}

/// All weeks, and what their models said of carts whose outcome is known by now.
#[derive(Debug)]
pub(super) struct Backtest {
    pub(super) folds: Vec<Fold>,
    pub(super) scored: Vec<Scored>,
    /// The method for tonight.
    pub(super) choice: Choice,
}

/// Whether boosted trees are worth a try with what was known at a moment.
fn is_large(frame: &Frame, origin: i64, window: i64) -> bool {
    frame.carts.partition_point(|cart| cart.opened_at + window <= origin) >= BOOSTING_CARTS * frame.one_in
}

/// Trains and scores week by week.
pub(super) fn run(frame: &Frame, as_of: i64, window: i64, zone: Tz, shelf: &mut Shelf) -> Backtest {
    let origins = origins(as_of, zone);
    let mut folds = Vec::new();
    let mut scored: Vec<Scored> = Vec::new();
    for (number, origin) in origins.iter().copied().enumerate() {
        let until = origins.get(number + 1).copied().unwrap_or(i64::MAX);
        let opened = |moment: i64| frame.carts.partition_point(|cart| cart.opened_at < moment);
        let choice = champion::choose(&scored, number, origin);
        // Boosted trees are only looked at where tonight's choice looks at them, or where they were chosen.
        let is_judged = (origins.len() - 1 - FOLDS..origins.len() - 1).contains(&number);
        let boosting = choice.method == Method::Boosting || (is_judged && is_large(frame, origin, window));
        let trained = train(frame, origin, Plan { window, boosting, penalty: None }, shelf);
        let mut choice = if trained.has_model() { choice } else { champion::without_model(choice) };
        if scored.is_empty() && trained.has_proven_itself(frame, origin, window) {
            // What the weeks before it had shown is not in view any more.
            choice = Choice { method: Method::SplineLogit, why: Why::BestOnFolds };
        }
        let carts = opened(origin)..opened(until);
        let from = frame.rows.partition_point(|row| row.moment < origin);
        let score = |at: usize| -> Option<Scored> {
            let row = &frame.rows[at];
            let Purpose::Landmark(landmark) = row.purpose else { return None };
            let cart = &frame.carts[row.cart as usize];
            let known_at = cart.opened_at + window;
            (carts.contains(&(row.cart as usize)) && known_at <= as_of).then(|| Scored {
                row: at,
                fold: number,
                day: time::utc_day(cart.opened_at),
                landmark: usize::from(landmark),
                known_at,
                scores: trained.scores(row),
                abandoned: cart.is_abandoned(window),
            })
        };
        let of_week: Vec<Scored> = (from..frame.rows.len()).into_par_iter().filter_map(score).collect();
        scored.extend(of_week);
        folds.push(Fold { origin, choice, trained });
    }
    let present = folds.len() - 1;
    let choice = champion::choose(&scored, present, origins[present]);
    Backtest { folds, scored, choice }
}

impl Backtest {
    /// The fold of a cart opened at this moment; `None` before the first week.
    pub(super) fn fold_of(&self, opened_at: i64) -> Option<&Fold> {
        let after = self.folds.partition_point(|fold| fold.origin <= opened_at);
        self.folds.get(after.checked_sub(1)?)
    }

    /// What was said of a scored cart by the method that its week had chosen.
    pub(super) fn said(&self, scored: &Scored) -> Option<f64> {
        scored.scores[champion::place(self.folds[scored.fold].choice.method)]
    }
}
