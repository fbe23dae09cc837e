//! From the published tables of one night to answers: who left, where, and what it cost.
//!
//! ```text
//! carts ──┬─> abandonment       how many were not bought within the window: by day, device, channel, …
//!         │     └─> changes     what is other than yesterday and last week, beyond noise
//!         ├─> funnel            how far they came, where they stopped, how long each step took
//!         ├─> checkout_curve    when carts are bought, from the first hour to the last day
//!         └─> revenue           what was lost, what came back later, what is still open
//! orders ───> orders            what was sold, and how much of it no cart was seen for
//! events ───> prediction        what percent of new carts will not be bought in time, cart by cart and day by day
//! events ───> abandonment_reasons  why carts were left behind, as far as logs can tell
//! events ───> automation        how much of the latest days' cart creation was done by programs
//! events ───> activity          which sources still send rows
//! all ──────> alerts            what somebody should be told tonight
//! all ──────> customers ─┬─> follow_up   whom to write a personal word, why, and whether writing helps
//!                        ├─> voice       what customers say, and around which carts
//!                        └─> story       what happened to one person, visit by visit
//! events ───> barriers          what breaks the checkout, since when, for whom, and what it costs
//! all ──────> headlines, queries, tables
//! ```
//!
//! Every result is a plain struct: the report draws it, the command line prints it as JSON, and
//! [`queries`](Analysis::queries) gives the SQL that leads to the same number from the published Parquet. Nothing here
//! prints or reads the clock, and polars goes no further than this crate. [`stats`] knows neither polars nor carts.

pub mod abandonment;
pub mod abandonment_reasons;
pub mod activity;
pub mod alerts;
pub mod automation;
pub mod barriers;
pub mod changes;
pub mod checkout_curve;
pub mod customers;
mod encode;
mod error;
mod estimate;
pub mod follow_up;
pub mod funnel;
pub mod headlines;
pub mod orders;
mod passed_on;
pub mod prediction;
pub mod queries;
pub mod revenue;
pub mod schema;
mod segment;
mod source;
pub mod stats;
pub mod story;
mod tables;
#[cfg(test)]
mod testing;
mod text;
pub mod voice;

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use events::money::Rates;
use serde::Serialize;

pub use abandonment::Abandonment;
pub use abandonment_reasons::AbandonmentReasons;
pub use activity::Activity;
pub use alerts::{Alert, Intake};
pub use automation::Automation;
pub use barriers::Barriers;
pub use changes::Changes;
pub use checkout_curve::CheckoutCurve;
pub use customers::Customers;
pub use error::Error;
pub use estimate::Estimate;
pub use follow_up::FollowUp;
pub use funnel::Funnel;
pub use headlines::Headlines;
pub use orders::OrderSummary;
pub use prediction::Prediction;
pub use queries::Query;
pub use revenue::Revenue;
pub use tables::write;
pub use voice::Voice;

/// Folders of the published tables that are read; Parquet files at any depth, a folder without any is an empty table.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Folder of [`carts::schema::CARTS`].
    pub carts: PathBuf,
    /// Folder of [`carts::schema::ORDERS`].
    pub orders: PathBuf,
    /// Folder of [`carts::schema::CART_ITEMS`].
    pub cart_items: PathBuf,
    /// Folder of everybody's orders and refunds, as far as they count for where a person stands.
    pub spend: PathBuf,
    /// Folder of [`events::schema::EVENTS`], in folders of UTC days.
    pub events: PathBuf,
    /// Folder of [`schema::FORECASTS`] in which earlier nights left theirs; `None` on the first night.
    pub forecasts: Option<PathBuf>,
    /// Folder in which earlier nights left their models; `None` on the first night.
    pub models: Option<PathBuf>,
    /// Folder of [`schema::FOLLOW_UPS`] in which earlier nights left theirs; `None` on the first night.
    pub follow_ups: Option<PathBuf>,
    /// Folder of [`schema::BARRIERS`] in which earlier nights left theirs; `None` on the first night.
    pub barriers: Option<PathBuf>,
}

impl Tables {
    /// The tables of a generation, published or in the making, by its folder.
    #[must_use]
    pub fn of(generation: &Path) -> Self {
        let table = |table: &events::schema::Table| generation.join(table.name);
        Self {
            carts: table(&carts::schema::CARTS),
            orders: table(&carts::schema::ORDERS),
            cart_items: table(&carts::schema::CART_ITEMS),
            spend: generation.join("state/spend"),
            events: table(&events::schema::EVENTS),
            forecasts: Some(table(&schema::FORECASTS)),
            models: Some(generation.join(prediction::MODELS)),
            follow_ups: Some(table(&schema::FOLLOW_UPS)),
            barriers: Some(table(&schema::BARRIERS)),
        }
    }

    /// The same with the forecasts, models, lists and findings that an earlier generation holds; one in the making has none yet.
    #[must_use]
    pub fn after(self, previous: Option<&Path>) -> Self {
        let earlier = |name: &str| previous.map(|generation| generation.join(name));
        Self {
            forecasts: earlier(schema::FORECASTS.name),
            models: earlier(prediction::MODELS),
            follow_ups: earlier(schema::FOLLOW_UPS.name),
            barriers: earlier(schema::BARRIERS.name),
            ..self
        }
    }
}

/// What the tables were made with; the analysis must be told the same.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The moment as of which carts were judged, microseconds since 1970, UTC.
    pub as_of: i64,
    /// Microseconds within which a cart has to be bought so as not to count as abandoned (`cart.window`).
    pub window: i64,
    /// Microseconds without a cart event after which a cart expires (`cart.expiry`).
    pub expiry: i64,
    /// The shop's time zone: it decides where a day begins.
    pub zone: Tz,
    /// Exchange rates, and the base currency.
    pub rates: Rates,
    /// The rules by which bots are told.
    pub bots: events::bots::Rules,
    /// The shop's own segments of customers.
    pub segments: Vec<revenue::SegmentRule>,
}

/// One night's answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// The moment as of which carts were judged, microseconds since 1970, UTC; ISO 8601 in JSON.
    #[serde(serialize_with = "text::moment")]
    pub as_of: i64,
    /// `cart.window` in microseconds; `3d` in JSON.
    #[serde(serialize_with = "text::span")]
    pub window: i64,
    /// `cart.expiry` in microseconds; `30d` in JSON.
    #[serde(serialize_with = "text::span")]
    pub expiry: i64,
    /// The shop's time zone, such as `Europe/Berlin`.
    pub zone: String,
    /// The base currency, ISO 4217.
    pub base: String,
    /// How many carts were not bought within the window.
    pub abandonment: Abandonment,
    /// What is other than yesterday and last week.
    pub changes: Changes,
    /// How far carts came.
    pub funnel: Funnel,
    /// When carts are bought.
    pub checkout_curve: CheckoutCurve,
    /// What abandoned carts were worth.
    pub revenue: Revenue,
    /// What was sold.
    pub orders: OrderSummary,
    /// What is expected of the carts that are still open.
    pub prediction: Prediction,
    /// Why carts were abandoned, as far as logs can tell.
    pub reasons: AbandonmentReasons,
    /// How much of the latest days' cart creation was done by programs.
    pub automation: Automation,
    /// Rows of each source, lately.
    pub activity: Vec<Activity>,
    /// What somebody should be told tonight; empty until [`alerts::raise`] or [`alerts::read`] says it.
    pub alerts: Vec<Alert>,
    /// Who the customers are.
    pub customers: Customers,
    /// Whom to write a personal word.
    pub follow_up: FollowUp,
    /// What customers say.
    pub voice: Voice,
    /// What breaks the checkout.
    pub barriers: Barriers,
}

/// Answers from one generation's tables, with the usual rules of whom to contact.
///
/// # Errors
/// When a table cannot be read, or is not of this version.
pub fn analyze(tables: &Tables, settings: &Settings) -> Result<Analysis, Error> {
    analyze_with(tables, settings, &follow_up::Rules::default())
}

/// The same where `contacting` says whom to contact, and whom not.
///
/// # Errors
/// When a table cannot be read, or is not of this version.
pub fn analyze_with(tables: &Tables, settings: &Settings, contacting: &follow_up::Rules) -> Result<Analysis, Error> {
    let carts = source::carts(&tables.carts, settings.zone)?;
    let orders = source::orders(&tables.orders)?;
    let abandonment = abandonment::rates(&carts, settings)?;
    let checkout_curve = checkout_curve::fit(&carts, settings)?;
    let prediction = prediction::predict(tables, settings)?;
    let barriers = barriers::find(tables, settings)?;
    let reasons =
        abandonment_reasons::reasons(tables, settings, &passed_on::met(&barriers), &passed_on::chances(&prediction))?;
    let (claims, of_carts, later) =
        (passed_on::claims(&barriers), passed_on::by_cart(&reasons), passed_on::later(&reasons));
    let known = revenue::Known {
        predictions: &prediction.carts,
        claims: &claims,
        reasons: Some(&of_carts),
        later: Some(&later),
    };
    let people = customers::people(tables, settings, contacting)?;
    Ok(Analysis {
        as_of: settings.as_of,
        window: settings.window,
        expiry: settings.expiry,
        zone: settings.zone.name().to_owned(),
        base: settings.rates.base().to_owned(),
        changes: changes::changes(&abandonment, settings.as_of, settings.window, settings.zone),
        abandonment,
        funnel: funnel::steps(&carts, settings)?,
        follow_up: follow_up::follow_up(tables, &people, &checkout_curve, settings, contacting)?,
        checkout_curve,
        revenue: revenue::losses(tables, &carts, settings, &known)?,
        orders: orders::summary(&orders, &settings.rates)?,
        prediction,
        barriers,
        reasons,
        customers: customers::summary(&people, settings),
        voice: voice::voice(&people, settings),
        automation: automation::automation(&tables.events, settings.as_of, &settings.bots)?,
        activity: activity::activity(&tables.events, settings.as_of)?,
        alerts: Vec::new(),
    })
}
