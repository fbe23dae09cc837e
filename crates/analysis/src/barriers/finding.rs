//! What the search for barriers says: plain structs, in the units of the table.

use chrono::NaiveDate;
use events::{Amount, Kind};
use serde::Serialize;

use crate::funnel::Step;
use crate::{Estimate, text};

/// What keeps people from buying, since when, for whom, and what it costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Barriers {
    /// Whether the logs of the window can be trusted; what they cannot answer was not judged.
    pub data: Vec<DataWarning>,
    /// What was found, the costliest for top customers first; then what is only watched, then what is over.
    pub findings: Vec<Barrier>,
    /// Conditions under which more is left than elsewhere, night after night, with no error to show for it: a matter of
    /// taste as far as logs can tell.
    pub differences: Vec<Difference>,
    /// Unusual conditions that another mix of customers explains.
    pub explained: Vec<Explained>,
    /// What was looked at, and how small a barrier could have been seen.
    pub steps: Vec<StepScan>,
}

/// How sure the search is of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Beyond doubt on this night, or unusual on two nights running: somebody should look at it today.
    Alert,
    /// Unusual on this night; one such night in twenty is chance.
    Watch,
}

/// How a finding goes on from night to night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Found tonight for the first time.
    New,
    /// Known, and much as it was.
    Open,
    /// Known, and worse in the last 24 hours than before.
    Worse,
    /// Over: two nights in which attempts went as they used to.
    Resolved,
}

/// What kind of barrier it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It came up at some moment.
    Onset,
    /// It was there as long as the logs reach: worse than comparable attempts elsewhere, with errors to show for it.
    Standing,
}

/// How far the evidence goes. Words in reports are no stronger than the rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// 1: unusual.
    Unusual,
    /// 2: concentrated in the smallest condition that explains it, and not by another mix of customers.
    Localised,
    /// 3: together with errors in the same attempts, while what should not have changed did not.
    Corroborated,
    /// 4: began when a new release of the shop came, and only there.
    Aligned,
}

impl Rung {
    /// Its number, 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unusual => 1,
            Self::Localised => 2,
            Self::Corroborated => 3,
            Self::Aligned => 4,
        }
    }
}

/// One part of the condition under which a barrier stands: a column and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    /// Column of the events or carts table; `price_band`, `login` and `coupon` are made of them.
    pub column: &'static str,
    /// Its value, as logged.
    pub value: String,
}

/// A number with its 80 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Range {
    /// One in ten such figures is below: "at least".
    pub low: f64,
    /// The middle.
    pub point: f64,
    /// One in ten such figures is above.
    pub high: f64,
}

/// Money with its 80 % interval, in the base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoneyRange {
    /// "At least".
    #[serde(serialize_with = "text::amount")]
    pub low: Amount,
    /// The middle.
    #[serde(serialize_with = "text::amount")]
    pub point: Amount,
    /// Upper end.
    #[serde(serialize_with = "text::amount")]
    pub high: Amount,
}

/// When something began, with the 95 % interval of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Onset {
    /// The likeliest moment, microseconds since 1970.
    #[serde(serialize_with = "text::moment")]
    pub at: i64,
    /// Not before.
    #[serde(serialize_with = "text::moment")]
    pub earliest: i64,
    /// Not after.
    #[serde(serialize_with = "text::moment")]
    pub latest: i64,
}

/// A finding. Counts are of *attempts*: the first of a person at a step within an hour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Barrier {
    /// The same from night to night.
    pub id: String,
    /// Place in the list, from 1.
    pub rank: u32,
    /// Alert, or only watched.
    pub level: Level,
    /// New, known, worse, over.
    pub status: Status,
    /// With an onset, or always there.
    pub nature: Nature,
    /// How far the evidence goes.
    pub rung: Rung,
    /// The night (its `as_of`) that found it first, microseconds since 1970.
    #[serde(serialize_with = "text::moment")]
    pub first_seen: i64,
    /// The step that was reached.
    pub step: Step,
    /// The step that was not reached in time.
    pub next_step: Step,
    /// Where: all of these hold; empty for the whole step.
    pub conditions: Vec<Condition>,
    /// The error that these attempts met, if one stands out.
    pub error_code: Option<String>,
    /// When it began; `None` of standing ones.
    pub onset: Option<Onset>,
    /// When it was over, microseconds since 1970; `None` while it stands.
    #[serde(serialize_with = "text::optional_moment")]
    pub end: Option<i64>,
    /// Attempts since the onset.
    pub attempts: u64,
    /// Those that did not get on in time.
    pub failed: u64,
    /// `failed` of `attempts`.
    pub rate: Estimate,
    /// The share expected from the slice's own history and everybody else's day.
    pub expected_rate: f64,
    /// Whether one of its values is new, a release that is a day old: then the history is that of what it replaced.
    pub no_own_history: bool,
    /// Observed over expected failures, 80 % interval, drawn towards 1.
    pub ratio: Range,
    /// Failed attempts beyond those expected, since the onset.
    pub excess: Range,
    /// The same in the last 24 hours that can be judged.
    pub excess_last_day: f64,
    /// Carts not bought because of it, late purchases taken out.
    pub lost_carts: Range,
    /// Share of failed attempts whose cart is bought later all the same, 0 to 1.
    pub recovered_share: f64,
    /// What these carts would have been worth since the onset, net of late purchases; `None` where nothing has a price.
    pub lost: Option<MoneyRange>,
    /// False discovery rate at which the finding would just be made (Benjamini-Hochberg).
    pub q_value: f64,
    /// Standard deviations between observed and expected failures.
    pub z: f64,
    /// Nights over which it was found: 1, or more where it took that many to see it.
    pub nights: u32,
    /// Carts with a failed attempt.
    pub carts: u64,
    /// Persons with a failed attempt.
    pub persons: u64,
    /// Carts of top customers (top tenth of spend) with a failed attempt.
    pub top_customer_carts: Vec<String>,
    /// Ids of all carts with a failed attempt, by id; rows of the table `barrier_carts`.
    #[serde(skip)]
    pub cart_ids: Vec<String>,
    /// What is seen before, after, and elsewhere.
    pub comparison: Comparison,
    /// Errors that these attempts met, most frequent first.
    pub errors: Vec<ErrorSeen>,
    /// Typical carts, chosen by a fixed rule.
    pub journeys: Vec<Journey>,
    /// What customers wrote within a day after such an attempt.
    pub words: Vec<Words>,
    /// What else was looked at as a reason.
    pub confounding: Confounding,
    /// What should not have changed.
    pub controls: Vec<Control>,
    /// What else could explain it, most likely first, with the check that would tell.
    pub doubts: Vec<Doubt>,
}

/// Attempts of the condition before and after the onset, and of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The condition, in the nights before.
    pub before: Share,
    /// The condition, since the onset.
    pub since: Share,
    /// Everybody else, in the nights before.
    pub elsewhere_before: Share,
    /// Everybody else, since the onset.
    pub elsewhere_since: Share,
}

/// A share of attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Attempts.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that met an error.
    pub with_error: u64,
}

/// An error as customers met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorSeen {
    /// Its code.
    pub code: String,
    /// Its message, verbatim: hostile until escaped.
    pub message: Option<String>,
    /// Attempts of the condition since the onset that met it first.
    pub attempts: u64,
    /// Attempts of the condition before the onset that met it first.
    pub before: u64,
    /// Attempts of everybody else since the onset that met it first.
    pub elsewhere: u64,
}

/// Why a cart was chosen to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// The largest value.
    Largest,
    /// The middle value.
    Median,
    /// The first by the hash of its id.
    ByHash,
}

/// What happened to one cart around the failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Journey {
    /// The cart.
    pub cart_id: String,
    /// Why this one.
    pub chosen: Chosen,
    /// Its value at the attempt, in the base currency.
    #[serde(serialize_with = "text::optional_amount")]
    pub value: Option<Amount>,
    /// Segment of its person.
    pub segment: Option<String>,
    /// Whether it was bought later.
    pub bought: bool,
    /// Its cart events and errors in order, at most 20 around the attempt.
    pub events: Vec<Moment>,
}

/// One event of a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When, microseconds since 1970.
    #[serde(serialize_with = "text::moment")]
    pub at: i64,
    /// What happened.
    #[serde(serialize_with = "text::kind")]
    pub kind: Kind,
    /// Means of payment, way of delivery, error code, as far as the event has them.
    pub detail: Option<String>,
}

/// What a customer wrote. Verbatim: hostile until escaped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Words {
    /// When, microseconds since 1970.
    #[serde(serialize_with = "text::moment")]
    pub at: i64,
    /// `feedback` or `support_contact`.
    #[serde(serialize_with = "text::kind")]
    pub kind: Kind,
    /// The cart of the attempt: it tells whose words these are.
    pub cart_id: Option<String>,
    /// The text.
    pub comment: String,
    /// Stars, if given.
    pub rating: Option<f32>,
}

/// Whether another mix of customers could be behind it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Confounding {
    /// Odds of failing since the onset against before, by the slice alone.
    pub crude_odds_ratio: f64,
    /// The same within strata of device, channel and segment (Mantel-Haenszel), 95 % interval.
    pub odds_ratio: f64,
    /// Lower end.
    pub odds_ratio_low: f64,
    /// Upper end.
    pub odds_ratio_high: f64,
    /// Columns of the strata.
    pub strata: Vec<&'static str>,
    /// Change of the slice's failure rate by other behaviour within strata (Kitagawa), in 0..=1.
    pub rate_part: f64,
    /// Change of the slice's failure rate by another mix of strata.
    pub mix_part: f64,
    /// The column whose mix explains most of the excess.
    pub worst_column: Option<&'static str>,
    /// Share of the excess, 0 to 1, that the mix of that column explains.
    pub worst_share: f64,
    /// Risk ratio that an unseen factor would need on both sides to explain the finding away.
    pub e_value: f64,
    /// The same for the lower end of the interval.
    pub e_value_low: f64,
    /// How many of the nights before were as unusual for the slice.
    pub placebo_as_extreme: u32,
    /// Nights that this was tried on.
    pub placebo_nights: u32,
}

/// Something that a barrier at this step should leave as it was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Control {
    /// What.
    pub what: ControlKind,
    /// Observed over expected.
    pub ratio: f64,
    /// Standard deviations from expected.
    pub z: f64,
    /// Whether it stayed as it was.
    pub quiet: bool,
}

/// What is looked at as a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// Attempts of the condition at this step: traffic.
    Attempts,
    /// Failures at the step before under the same condition.
    EarlierStep,
    /// Events of any kind per attempt, over the whole log.
    EventVolume,
}

/// What else could explain a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The next step is no longer logged for these attempts; orders in the back office would tell.
    Tracking,
    /// Another mix of customers; the strata shown would tell.
    Mix,
    /// More or other traffic; campaigns would tell.
    Traffic,
    /// A change of prices, stock or terms; the catalogue would tell.
    Offer,
    /// The provider of payment or delivery, not the shop; its status page would tell.
    Provider,
    /// A release of the shop; rolling it back would tell.
    Release,
    /// Chance; the next night would tell.
    Chance,
}

/// A stable difference without a sign that anything is broken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The step that was reached.
    pub step: Step,
    /// Where.
    pub conditions: Vec<Condition>,
    /// Attempts in the span.
    pub attempts: u64,
    /// Share that failed.
    pub rate: Estimate,
    /// Share expected from the mix of device, channel, segment and value.
    pub expected_rate: f64,
    /// Share of these attempts that met an error.
    pub error_rate: f64,
}

/// An unusual condition that is no barrier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The step that was reached.
    pub step: Step,
    /// Where.
    pub conditions: Vec<Condition>,
    /// The column whose mix explains it.
    pub by: &'static str,
    /// Share of the excess, 0 to 1, that it explains.
    pub share: f64,
}

/// One step, as it was searched.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepScan {
    /// The step that is reached.
    pub step: Step,
    /// The step that has to follow.
    pub next_step: Step,
    /// Minutes within which it has to.
    pub horizon_minutes: i64,
    /// Attempts in the last 24 hours that can be judged.
    pub attempts: u64,
    /// Those that did not get on in time; `None` without attempts.
    pub failure_rate: Option<Estimate>,
    /// Nights of history.
    pub nights: u32,
    /// Conditions that had enough attempts to be judged.
    pub slices: u64,
    /// Tests made of them.
    pub tests: u64,
    /// The smallest barriers that would have been seen in one night.
    pub smallest: Vec<Smallest>,
}

/// A barrier that would have been seen on four nights of five.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Smallest {
    /// Odds ratio of failing.
    pub odds_ratio: f64,
    /// Attempts of the condition that it takes.
    pub attempts: u64,
    /// As a share of the night's attempts at the step, which may exceed 1: then it could not have been seen.
    pub share: f64,
}

/// Something about the logs that makes judging impossible or unsafe. Never a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DataWarning {
    /// Far fewer events than at this time of other weeks: attempts in it were not judged.
    Outage {
        /// The source; `None` for all of them together.
        source: Option<String>,
        /// First hour, microseconds since 1970.
        #[serde(serialize_with = "text::moment")]
        from: i64,
        /// End of the last hour.
        #[serde(serialize_with = "text::moment")]
        until: i64,
        /// Events expected.
        expected: f64,
        /// Events seen.
        seen: u64,
    },
    /// Too few nights to compare with.
    ShortHistory {
        /// Nights there are.
        nights: u32,
        /// Nights it takes.
        needed: u32,
    },
    /// Nothing was logged of any step of the checkout.
    NoSteps,
    /// Days without any event within the span.
    MissingDays {
        /// The days, UTC.
        days: Vec<NaiveDate>,
    },
}
