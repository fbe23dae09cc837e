//! carts + events → what percent of new carts will not be bought in time, for every open cart and for every day.
//!
//! ```text
//! events ──stream──> history ──features──┐       (as of a moment: nothing later has been taken in)
//! carts ───landmark─────────────────────>│frame: carts at 0, 1, 6, 24 and 48 hours, at each day's forecast, and tonight
//!                                        ├─> baseline       the simple forecasts: recent rate, group rate, age curve
//!                                        ├─> model          spline_logit, boosting; calibration on the latest carts
//!                                        ├─> backtest       a model per week, blind to what came after; champion
//!                                        ├─> cohort         each day's share with a range, replayed night by night
//!                                        ├─> nowcast        the last day's checkouts, where they were unusual
//!                                        └─> later          what is bought after the window, and what goes with it
//! ```
//!
//! Nothing is drawn by chance and nothing depends on the number of threads: the same tables and `as_of` give the same
//! bytes.

mod backtest;
mod baseline;
mod boosting;
mod bytes;
mod calibration;
mod champion;
mod cohort;
mod days;
mod design;
pub mod drift;
mod features;
mod history;
mod journey;
mod landmark;
pub mod later;
mod model;
pub mod nowcast;
pub mod quality;
mod reasons;
mod shelf;
mod spline_logit;
mod stream;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
pub mod tiers;
mod told;

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use events::Amount;
use events::time::{self, HOUR};

use crate::{Error, Settings, Tables};
use backtest::Backtest;
use days::{Night, Past};
use features::at;
use landmark::{Folders, Frame, Purpose, Row};
use model::{Plan, Trained};
use nowcast::Slice;
use shelf::Shelf;

pub use champion::Why;
pub use cohort::{Bounds, LEVEL, LEVELS};
pub use landmark::LANDMARKS;
pub use later::Later;
pub use model::Method;
pub(crate) use shelf::FOLDER as MODELS;
pub use shelf::Kept;
pub use told::{AtRisk, BacktestRow, CohortForecast, ExpectedLoss, Held, PredictedCart, Prediction, Track};

/// Nights whose forecasts are judged.
pub const NIGHTS: usize = 60;
/// A day counts as over once so much of it has passed: logs of a day rarely end with its last second.
const DAY_IS_OVER: i64 = 22 * HOUR;

/// The newest day that is over, and how long after its end it is.
fn newest_day(settings: &Settings) -> (NaiveDate, i64) {
    let day = time::local_date(settings.as_of - DAY_IS_OVER, settings.zone);
    (day, settings.as_of - time::start_of_day(day + Days::new(1), settings.zone))
}

/// Predictions as of `settings.as_of`, from the tables of one generation.
///
/// # Errors
/// When a table cannot be read.
pub fn predict(tables: &Tables, settings: &Settings) -> Result<Prediction, Error> {
    let (newest, after) = newest_day(settings);
    let end_of_day = |moment: i64| {
        let day = time::local_date(moment, settings.zone);
        time::start_of_day(day + Days::new(1), settings.zone)
    };
    let folders = Folders { events: &tables.events, carts: &tables.carts, orders: &tables.orders };
    let frame = landmark::frame(&folders, settings, |opened_at| end_of_day(opened_at) + after)?;
    let mut shelf = Shelf::open(tables.models.as_deref(), &frame)?;
    let backtest = backtest::run(&frame, settings.as_of, settings.window, settings.zone, &mut shelf);
    let penalty = backtest.folds.last().and_then(|fold| fold.trained.penalty);
    let boosting = backtest.choice.method == Method::Boosting;
    let plan = Plan { window: settings.window, boosting, penalty };
    let trained = model::train(&frame, settings.as_of, plan, &mut shelf);
    let choice = if trained.has_model() { backtest.choice } else { champion::without_model(backtest.choice) };
    let unusual = nowcast::slices(&frame.carts, settings.as_of, settings.window);
    let carts = score_pending(&frame, &trained, choice.method, settings, &unusual);

    let night = Night { frame: &frame, backtest: &backtest, settings, newest, after };
    let Past { days, cohorts, by_tier } = night.past();
    let (ranges, mut effect) = cohort::replay(&cohorts, settings.as_of);
    let rate_error = if trained.has_model() { 0.0 } else { rate_error(&carts, trained.carts) };
    effect.tau = effect.tau.hypot(rate_error);
    let pending_days = night.pending(&carts, effect, !unusual.is_empty());
    let tiers = tiers::forecasts(&by_tier, &night.newest_by_tier(&carts), rate_error, settings.as_of);
    let earlier = match &tables.forecasts {
        Some(folder) => tables::read_forecasts(folder)?,
        None => Vec::new(),
    };
    let replayed = days.iter().zip(&cohorts).zip(&ranges).map(|((day, cohort), range)| CohortForecast {
        replayed: true,
        actual_rate: (cohort.known_at <= settings.as_of).then(|| cohort.actual()),
        ..days::forecast(*day, cohort.made_at, (cohort.carts, cohort.open.len()), range)
    });
    let forecasts = night.record(earlier, replayed.collect(), &pending_days);
    let backtest_rows = backtest_rows(&frame, &backtest, settings);
    let tonight = pending_days.iter().find(|forecast| forecast.day == newest && forecast.carts > 0).cloned();
    let open = tonight.as_ref().filter(|forecast| forecast.open > 0);
    Ok(Prediction {
        method: choice.method,
        why: choice.why,
        trained_on: trained.carts,
        fingerprint: trained.fingerprint(choice.method),
        tonight_open_rate: open.map(|open| open.expected_rate * open.carts as f64 / open.open as f64),
        tonight,
        tiers,
        pending_days,
        at_risk: at_risk(&carts),
        unusual,
        track: days::track(&forecasts, settings.as_of),
        quality: quality::quality(&backtest_rows),
        later: later::later(&frame, settings, &mut shelf),
        drift: drift::drift(&frame, &backtest_rows, settings.as_of),
        carts,
        backtest: backtest_rows,
        forecasts,
        models: shelf.used(),
    })
}

/// The standard error, on the log-odds, of a rate from so many carts.
fn rate_error(carts: &[PredictedCart], trained_on: u64) -> f64 {
    let n = carts.len().max(1) as f64;
    let mean = carts.iter().map(|cart| cart.p_abandon).sum::<f64>() / n;
    (1.0 / (trained_on.max(1) as f64 * (mean * (1.0 - mean)).max(0.01))).sqrt()
}

fn score_pending(
    frame: &Frame,
    trained: &Trained,
    method: Method,
    settings: &Settings,
    unusual: &[Slice],
) -> Vec<PredictedCart> {
    let rows: HashMap<u32, &Row> =
        frame.rows.iter().filter(|row| row.purpose == Purpose::Tonight).map(|row| (row.cart, row)).collect();
    let mut predicted = Vec::with_capacity(rows.len());
    for (at, cart) in (0_u32..).zip(&frame.carts).filter(|(_, cart)| cart.is_pending) {
        let age_hours = (settings.as_of - cart.opened_at) as f64 / HOUR as f64;
        let row = rows.get(&at).copied();
        let scored = row.and_then(|row| Some((trained.score(row, method)?, method)));
        let scored = scored.or_else(|| Some((trained.unseen(age_hours)?, Method::AgeCurve)));
        // Without any cart that has matured nothing can be said.
        let Some((p, method)) = scored else { continue };
        let word = |at: usize| row.and_then(|row| frame.vocabularies[at].word(row.features.words[at]));
        let kinds = [
            ("device", word(at::DEVICE).or(cart.device.as_deref())),
            ("release", word(at::RELEASE).or(cart.release.as_deref())),
            ("payment_method", word(at::PAYMENT)),
        ];
        let reasons = match row {
            Some(row) => trained.contributions(row, method).map_or_else(
                || reasons::simple(row, method, &frame.vocabularies),
                |contributions| reasons::words(row, &contributions, &frame.vocabularies),
            ),
            None => "not found in the events: like all carts of its age".to_owned(),
        };
        predicted.push(PredictedCart {
            cart_id: cart.name.clone(),
            opened_at: cart.opened_at,
            age_hours,
            p_abandon: p,
            p_nowcast: nowcast::adjust(p, &kinds, unusual),
            method,
            value: cart.value,
            currency: cart.currency.clone(),
            expected_loss: share_of(cart.value, p),
            segment: word(at::SEGMENT).map(str::to_owned),
            reasons,
        });
    }
    predicted
}

/// This share of an amount, rounded half away from zero to four decimals.
pub(crate) fn share_of(value: Amount, share: f64) -> Amount {
    #[expect(clippy::cast_possible_truncation, reason = "an expectation need not be exact")]
    let scaled = (value.0 as f64 * share).round() as i128;
    Amount(scaled)
}

fn at_risk(carts: &[PredictedCart]) -> AtRisk {
    let mut currencies: BTreeMap<&str, ExpectedLoss> = BTreeMap::new();
    for cart in carts {
        let Some(currency) = cart.currency.as_deref() else { continue };
        let line = currencies.entry(currency).or_insert_with(|| ExpectedLoss {
            currency: currency.to_owned(),
            carts: 0,
            value: Amount::ZERO,
            expected_loss: Amount::ZERO,
        });
        line.carts += 1;
        line.value += cart.value;
        line.expected_loss += cart.expected_loss;
    }
    AtRisk {
        carts: carts.len() as u64,
        expected_abandoned: carts.iter().map(|cart| cart.p_abandon).sum(),
        by_currency: currencies.into_values().collect(),
    }
}

fn backtest_rows(frame: &Frame, backtest: &Backtest, settings: &Settings) -> Vec<BacktestRow> {
    let row_of = |scored: &champion::Scored| {
        let row = &frame.rows[scored.row];
        let fold = &backtest.folds[scored.fold];
        let simple = Method::SIMPLE.map(|method| scored.scores[champion::place(method)]);
        let [Some(recent), Some(group), Some(curve)] = simple else { return None };
        Some(BacktestRow {
            cart_id: frame.carts[row.cart as usize].name.clone(),
            age_hours: LANDMARKS[scored.landmark],
            fold: time::local_date(fold.origin, settings.zone),
            scored_at: row.moment,
            method: fold.choice.method,
            p_abandon: backtest.said(scored)?,
            baselines: [recent, group, curve],
            segment: frame.vocabularies[at::SEGMENT].word(row.features.words[at::SEGMENT]).map(str::to_owned),
            abandoned: scored.abandoned,
            day: scored.day,
        })
    };
    backtest.scored.iter().filter_map(row_of).collect()
}
