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

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use events::Amount;
use events::time::{self, HOUR};
use serde::Serialize;

use crate::{Error, Settings, Tables, text};
use backtest::Backtest;
use cohort::{Cohort, DayEffect};
use drift::Drift;
use features::at;
use landmark::{Cart, Folders, Frame, Purpose, Row};
use model::{Plan, Trained};
use nowcast::Slice;
use quality::Quality;
use shelf::Shelf;
use tiers::{Tier, TierForecast};

pub use champion::Why;
pub use cohort::{Bounds, LEVEL, LEVELS};
pub use landmark::LANDMARKS;
pub use later::Later;
pub use model::Method;
pub(crate) use shelf::FOLDER as MODELS;
pub use shelf::Kept;

/// Nights whose forecasts are judged.
pub const NIGHTS: usize = 60;
/// A day counts as over once so much of it has passed: logs of a day rarely end with its last second.
const DAY_IS_OVER: i64 = 22 * HOUR;

/// What is expected of the carts that are still open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// What the probabilities come from.
    pub method: Method,
    /// Why that.
    pub why: Why,
    /// Carts that it was trained on.
    pub trained_on: u64,
    /// Hash of everything that the model learnt; `None` for simple methods.
    pub fingerprint: Option<String>,
    /// The newest day that is over: its carts, as forecast tonight; `None` where no forecast can be made.
    pub tonight: Option<CohortForecast>,
    /// Of the carts of that day that are not bought yet, the share expected not to be bought in time.
    pub tonight_open_rate: Option<f64>,
    /// The open carts of that day by how well their customers are known; empty where no forecast can be made.
    pub tiers: Vec<TierForecast>,
    /// All days whose carts have not all matured, newest first.
    pub pending_days: Vec<CohortForecast>,
    /// Open carts at risk.
    pub at_risk: AtRisk,
    /// Kinds of cart whose checkouts of the last day were unusual; empty on ordinary nights.
    pub unusual: Vec<Slice>,
    /// How the forecasts of past nights turned out.
    pub track: Track,
    /// How good the probabilities of past weeks were; `None` before there are any.
    pub quality: Option<Quality>,
    /// What is bought after the window.
    pub later: Later,
    /// Whether carts, and what comes of forecasts, have changed of late.
    pub drift: Drift,
    /// Rows of [`crate::schema::PREDICTIONS`].
    #[serde(skip)]
    pub carts: Vec<PredictedCart>,
    /// Rows of [`crate::schema::BACKTEST`].
    #[serde(skip)]
    pub backtest: Vec<BacktestRow>,
    /// Rows of [`crate::schema::FORECASTS`].
    #[serde(skip)]
    pub forecasts: Vec<CohortForecast>,
    /// Models for the next night, so that it need not make them again.
    #[serde(skip)]
    pub models: Vec<Kept>,
}

/// The forecast of a day's new carts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CohortForecast {
    /// The day, on the shop's clock, on which the carts were opened.
    pub day: NaiveDate,
    /// When the forecast was made; carts opened later are not in it.
    #[serde(serialize_with = "text::moment")]
    pub made_at: i64,
    /// Whether it was worked out afterwards, from what was known at `made_at`.
    pub replayed: bool,
    /// Days since this was the newest day: 0 for a night's own forecast.
    pub age_days: i32,
    /// Carts opened.
    pub carts: u64,
    /// Those of them not bought at `made_at`.
    pub open: u64,
    /// Expected share of `carts` not bought in time, 0..=1.
    pub expected_rate: f64,
    /// Lower end of its range.
    pub low: f64,
    /// Upper end of its range.
    pub high: f64,
    /// Share of nights on which the range should hold.
    pub level: f64,
    /// The range that should hold on 80 % of nights; `None` for forecasts of versions that made none.
    pub range_80: Option<Bounds>,
    /// The range that should hold on 95 % of nights; likewise.
    pub range_95: Option<Bounds>,
    /// `expected_rate` with the last day's checkouts taken into account, where these were unusual.
    pub nowcast_rate: Option<f64>,
    /// What it came to, once all of the day's carts have matured.
    pub actual_rate: Option<f64>,
}

impl CohortForecast {
    /// Whether the range held; `None` as long as that is not known.
    #[must_use]
    pub fn held(&self) -> Option<bool> {
        self.actual_rate.map(|actual| (self.low..=self.high).contains(&actual))
    }

    /// The range of one of [`LEVELS`], if it was told.
    #[must_use]
    pub fn range(&self, level: f64) -> Option<Bounds> {
        let [narrow, _, wide] = LEVELS;
        let is = |other: f64| (level - other).abs() < 1e-9;
        if is(narrow) {
            self.range_80
        } else if is(wide) {
            self.range_95
        } else {
            is(self.level).then_some(Bounds { low: self.low, high: self.high })
        }
    }
}

/// Pending carts, and what they may cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AtRisk {
    /// Pending carts with a probability.
    pub carts: u64,
    /// How many of them are expected not to be bought in time.
    pub expected_abandoned: f64,
    /// By currency.
    pub by_currency: Vec<ExpectedLoss>,
}

/// Pending carts of one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectedLoss {
    /// ISO 4217 code.
    pub currency: String,
    /// Carts in it.
    pub carts: u64,
    /// What is in them.
    #[serde(serialize_with = "text::amount")]
    pub value: Amount,
    /// Value times probability, summed: gross, before what will be bought later.
    #[serde(serialize_with = "text::amount")]
    pub expected_loss: Amount,
}

/// Forecasts of past nights whose outcome is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Track {
    /// Nights judged, at most [`NIGHTS`].
    pub nights: u64,
    /// Those on which the range held.
    pub held: u64,
    /// Those of `nights` that were worked out afterwards, because no run was made then.
    pub replayed: u64,
    /// The same for every level at which ranges are told, rising.
    pub levels: Vec<Held>,
    /// The nights themselves, oldest first.
    pub forecasts: Vec<CohortForecast>,
}

/// How often the ranges of one level held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Held {
    /// Share of nights on which they should.
    pub level: f64,
    /// Nights judged.
    pub nights: u64,
    /// Those on which they did.
    pub held: u64,
}

/// A pending cart.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedCart {
    /// The cart.
    pub cart_id: String,
    /// When it was opened, microseconds since 1970.
    pub opened_at: i64,
    /// Its age at `as_of`.
    pub age_hours: f64,
    /// Probability not to be bought in time.
    pub p_abandon: f64,
    /// The same with the last day's checkouts taken into account.
    pub p_nowcast: f64,
    /// Where `p_abandon` comes from.
    pub method: Method,
    /// What is in it.
    pub value: Amount,
    /// ISO 4217 code; `None` where nothing has a price.
    pub currency: Option<String>,
    /// `value` x `p_abandon`.
    pub expected_loss: Amount,
    /// Segment of its person as known at `as_of`; `None` for carts that were not found in the events.
    pub segment: Option<String>,
    /// What moves its odds most, in words.
    pub reasons: String,
}

/// A past cart at an age.
#[derive(Clone, Debug, PartialEq)]
pub struct BacktestRow {
    /// The cart.
    pub cart_id: String,
    /// The landmark, in hours.
    pub age_hours: f64,
    /// Monday of the week.
    pub fold: NaiveDate,
    /// When it was scored.
    pub scored_at: i64,
    /// The method of the week.
    pub method: Method,
    /// Its probability.
    pub p_abandon: f64,
    /// Those of [`Method::SIMPLE`].
    pub baselines: [f64; 3],
    /// Segment as known at `scored_at`.
    pub segment: Option<String>,
    /// Whether it was not bought in time.
    pub abandoned: bool,
    /// UTC day of the opening, as days since 1970.
    pub day: i32,
}

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
        day: *day,
        made_at: cohort.made_at,
        replayed: true,
        age_days: 0,
        carts: cohort.carts,
        open: cohort.open.len() as u64,
        expected_rate: range.expected,
        low: range.main().low,
        high: range.main().high,
        level: LEVEL,
        range_80: Some(range.ends[0]),
        range_95: Some(range.ends[2]),
        nowcast_rate: None,
        actual_rate: (cohort.known_at <= settings.as_of).then(|| cohort.actual()),
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
        track: track(&forecasts, settings.as_of),
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

/// A share of an amount, rounded to four decimals.
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

/// What the days' forecasts are made from.
struct Night<'a> {
    frame: &'a Frame,
    backtest: &'a Backtest,
    settings: &'a Settings,
    newest: NaiveDate,
    after: i64,
}

/// The days before the newest one, each as it was when its forecast was made, with what its week's model said.
struct Past {
    days: Vec<NaiveDate>,
    cohorts: Vec<Cohort>,
    /// The open carts of these days, by [`Tier`].
    by_tier: [Vec<Cohort>; Tier::ALL.len()],
}

impl Night<'_> {
    fn day(&self, cart: &Cart) -> NaiveDate {
        time::local_date(cart.opened_at, self.settings.zone)
    }

    fn end(&self, day: NaiveDate) -> i64 {
        time::start_of_day(day + Days::new(1), self.settings.zone)
    }

    fn past(&self) -> Past {
        let rows: HashMap<u32, &Row> =
            self.frame.rows.iter().filter(|row| row.purpose == Purpose::Forecast).map(|row| (row.cart, row)).collect();
        let mut days: BTreeMap<NaiveDate, (Cohort, [Cohort; Tier::ALL.len()])> = BTreeMap::new();
        // Days of which nothing could be said at the time.
        let mut unknown = BTreeSet::new();
        for (at, cart) in (0_u32..).zip(&self.frame.carts) {
            let day = self.day(cart);
            let made_at = self.end(day) + self.after;
            let is_asked = cart.id % self.frame.one_in as u128 == 0;
            if day >= self.newest || cart.opened_at > made_at || !is_asked {
                continue;
            }
            let Some(fold) = self.backtest.fold_of(cart.opened_at) else { continue };
            let row = rows.get(&at);
            let p = if cart.is_unbought(made_at) {
                let age_hours = (made_at - cart.opened_at) as f64 / HOUR as f64;
                let said = row.and_then(|row| fold.trained.score(row, fold.choice.method));
                let Some(p) = said.or_else(|| fold.trained.unseen(age_hours)) else {
                    unknown.insert(day);
                    continue;
                };
                Some(p)
            } else {
                None
            };
            let (cohort, tiers) = days.entry(day).or_default();
            for cohort in std::iter::once(&mut *cohort).chain(&mut *tiers) {
                (cohort.made_at, cohort.known_at) = (made_at, self.end(day) + self.settings.window);
            }
            cohort.carts += 1;
            let Some(p) = p else { continue };
            let abandoned = u64::from(cart.is_abandoned(self.settings.window));
            cohort.open.push(p);
            cohort.abandoned += abandoned;
            if let Some(row) = row {
                let tier = &mut tiers[Tier::of(self.segment(row)) as usize];
                tier.carts += 1;
                tier.open.push(p);
                tier.abandoned += abandoned;
            }
        }
        let mut past = Past { days: Vec::new(), cohorts: Vec::new(), by_tier: Default::default() };
        for (day, (cohort, tiers)) in days.into_iter().filter(|(day, _)| !unknown.contains(day)) {
            past.days.push(day);
            past.cohorts.push(cohort);
            past.by_tier.iter_mut().zip(tiers).for_each(|(all, tier)| all.push(tier));
        }
        past
    }

    fn segment(&self, row: &Row) -> Option<&str> {
        self.frame.vocabularies[at::SEGMENT].word(row.features.words[at::SEGMENT])
    }

    /// What is said of the newest day's open carts, by tier.
    fn newest_by_tier(&self, carts: &[PredictedCart]) -> [Vec<f64>; Tier::ALL.len()] {
        let mut tiers: [Vec<f64>; Tier::ALL.len()] = Default::default();
        // Carts that were not found in the events are of nobody known.
        for cart in carts.iter().filter(|cart| cart.segment.is_some()) {
            if time::local_date(cart.opened_at, self.settings.zone) == self.newest {
                tiers[Tier::of(cart.segment.as_deref()) as usize].push(cart.p_abandon);
            }
        }
        tiers
    }

    /// Tonight's forecasts of all days with carts that may still be bought in time, newest first.
    fn pending(&self, carts: &[PredictedCart], effect: DayEffect, is_unusual: bool) -> Vec<CohortForecast> {
        let mut open: BTreeMap<NaiveDate, Vec<&PredictedCart>> = BTreeMap::new();
        for cart in carts {
            open.entry(time::local_date(cart.opened_at, self.settings.zone)).or_default().push(cart);
        }
        let mut opened: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
        for cart in &self.frame.carts {
            let day = opened.entry(self.day(cart)).or_default();
            day.0 += 1;
            let matured = cart.opened_at + self.settings.window <= self.settings.as_of;
            day.1 += u64::from(matured && cart.is_abandoned(self.settings.window));
        }
        let is_open =
            |day: &NaiveDate| *day <= self.newest && self.end(*day) + self.settings.window > self.settings.as_of;
        let forecast = |(day, (all, abandoned)): (NaiveDate, (u64, u64))| {
            let pending = open.get(&day).map(Vec::as_slice).unwrap_or_default();
            let said: Vec<f64> = pending.iter().map(|cart| cart.p_abandon).collect();
            if (carts.is_empty() && self.has_unknown(day)) || (said.is_empty() && day != self.newest) {
                return None;
            }
            let n = all as f64;
            let certain = abandoned as f64 / n;
            let range = cohort::range(all, &said, effect).above(certain);
            let moved: Vec<f64> = pending.iter().map(|cart| cart.p_nowcast).collect();
            Some(CohortForecast {
                day,
                made_at: self.settings.as_of,
                replayed: false,
                age_days: i32::try_from((self.newest - day).num_days()).unwrap_or(i32::MAX),
                carts: all,
                open: said.len() as u64,
                expected_rate: range.expected,
                low: range.main().low,
                high: range.main().high,
                level: LEVEL,
                range_80: Some(range.ends[0]),
                range_95: Some(range.ends[2]),
                nowcast_rate: is_unusual.then(|| certain + cohort::range(all, &moved, effect).expected),
                actual_rate: None,
            })
        };
        opened.into_iter().rev().filter(|(day, _)| is_open(day)).filter_map(forecast).collect()
    }

    /// Whether carts of a day are pending.
    fn has_unknown(&self, day: NaiveDate) -> bool {
        self.frame.carts.iter().any(|cart| cart.is_pending && self.day(cart) == day)
    }

    /// All forecasts: those of earlier nights as they were made, tonight's, and for nights without a run what would have
    /// been said. What came of them is filled in.
    fn record(
        &self,
        earlier: Vec<CohortForecast>,
        replayed: Vec<CohortForecast>,
        tonight: &[CohortForecast],
    ) -> Vec<CohortForecast> {
        let mut all = earlier;
        for forecast in tonight {
            if !all.iter().any(|made| made.day == forecast.day && made.made_at == forecast.made_at) {
                all.push(forecast.clone());
            }
        }
        let own: BTreeSet<NaiveDate> = all
            .iter()
            .filter(|made| made.age_days == 0 && made.made_at <= self.settings.as_of)
            .map(|made| made.day)
            .collect();
        let recent = replayed.len().saturating_sub(NIGHTS);
        all.extend(replayed.into_iter().skip(recent).filter(|forecast| !own.contains(&forecast.day)));
        for forecast in &mut all {
            let is_known = self.end(forecast.day) + self.settings.window <= self.settings.as_of;
            if forecast.actual_rate.is_none() && is_known && forecast.made_at <= self.settings.as_of {
                forecast.actual_rate = self.actual(forecast);
            }
        }
        all.sort_by_key(|forecast| (forecast.day, forecast.made_at, forecast.replayed));
        all
    }

    /// What a forecast came to; `None` where its carts are older than what is read.
    fn actual(&self, forecast: &CohortForecast) -> Option<f64> {
        let carts = &self.frame.carts;
        let opened = |moment: i64| carts.partition_point(|cart| cart.opened_at < moment);
        let from = opened(time::start_of_day(forecast.day, self.settings.zone));
        let until = opened(self.end(forecast.day).min(forecast.made_at + 1));
        let abandoned = carts[from..until].iter().filter(|cart| cart.is_abandoned(self.settings.window)).count();
        (until > from).then(|| abandoned as f64 / (until - from) as f64)
    }
}

/// The last nights whose own forecast has an outcome.
fn track(forecasts: &[CohortForecast], as_of: i64) -> Track {
    let mut days: BTreeMap<NaiveDate, &CohortForecast> = BTreeMap::new();
    for forecast in forecasts {
        if forecast.age_days == 0 && forecast.actual_rate.is_some() && forecast.made_at <= as_of {
            // Of several runs in a night the first one counts: what was said first.
            days.entry(forecast.day).or_insert(forecast);
        }
    }
    let judged: Vec<CohortForecast> =
        days.into_values().rev().take(NIGHTS).cloned().collect::<Vec<_>>().into_iter().rev().collect();
    let number = |is: &dyn Fn(&CohortForecast) -> bool| judged.iter().filter(|forecast| is(forecast)).count() as u64;
    let at = |level: f64| {
        let told = judged.iter().filter_map(|forecast| Some(forecast.range(level)?.hold(forecast.actual_rate?)));
        told.fold(Held { level, nights: 0, held: 0 }, |sum, held| Held {
            nights: sum.nights + 1,
            held: sum.held + u64::from(held),
            ..sum
        })
    };
    Track {
        nights: judged.len() as u64,
        held: number(&|forecast| forecast.held() == Some(true)),
        replayed: number(&|forecast| forecast.replayed),
        levels: LEVELS.map(at).to_vec(),
        forecasts: judged,
    }
}
