//! What is told of forecasts: tonight's, those of past nights, and how they turned out.

use chrono::NaiveDate;
use events::Amount;
use serde::Serialize;

use super::champion::Why;
use super::cohort::{Bounds, LEVELS};
use super::drift::Drift;
use super::later::Later;
use super::model::Method;
use super::nowcast::Slice;
use super::quality::Quality;
use super::shelf::Kept;
use super::tiers::TierForecast;
use crate::text;

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
    /// Nights judged, at most [`NIGHTS`](super::NIGHTS).
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
