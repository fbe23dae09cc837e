//! One night's answers → what somebody should be told tonight.
//!
//! ```text
//! Analysis, intake ──rules──> alerts tonight ──┬─> new, open since, resolved
//! alerts of the night before ──────────────────┘
//! ```
//!
//! An alert has the same id every night for as long as its cause lasts, so that it is told once when it comes and once
//! when it goes.

mod rules;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::{Activity, Analysis, Error, text};
pub use rules::Rules;

/// Why an alert was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Something breaks the checkout.
    Barrier,
    /// A source sends nothing any more, or a tenth of the usual.
    QuietSource,
    /// Many rows could not be used.
    Rejected,
    /// Many orders came without any cart in the logs.
    TrackingGap,
    /// A day's carts were abandoned far more, or less, than was forecast.
    Forecast,
    /// The carts of late are other than those that forecasts learnt from.
    Drift,
    /// What forecasts say is off day after day.
    Calibration,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 7] = [
        Self::Barrier,
        Self::QuietSource,
        Self::Rejected,
        Self::TrackingGap,
        Self::Forecast,
        Self::Drift,
        Self::Calibration,
    ];

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Barrier => "barrier",
            Self::QuietSource => "quiet_source",
            Self::Rejected => "rejected",
            Self::TrackingGap => "tracking_gap",
            Self::Forecast => "forecast",
            Self::Drift => "drift",
            Self::Calibration => "calibration",
        }
    }
}

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The answers are doubtful, or sales are being lost: now.
    High,
    /// This week.
    Medium,
}

impl Severity {
    /// Both, the more urgent first.
    pub const ALL: [Self; 2] = [Self::High, Self::Medium];

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
        }
    }
}

/// What became of it since the night before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Raised tonight.
    New,
    /// Raised on an earlier night, and its cause is still there.
    Open,
    /// Its cause is gone; it is told a last time.
    Resolved,
}

impl Status {
    /// All of them, in the order in which alerts are listed.
    pub const ALL: [Self; 3] = [Self::New, Self::Open, Self::Resolved];

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// Something that somebody should be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// The same on every night as long as the cause lasts.
    pub id: String,
    /// Why it was raised.
    pub rule: Rule,
    /// How soon somebody should look.
    pub severity: Severity,
    /// What became of it since the night before.
    pub status: Status,
    /// One sentence. It holds words from the logs, such as a source's name: escape it where it is shown.
    pub what: String,
    /// `as_of` of the night that raised it, microseconds since 1970; ISO 8601 in JSON.
    #[serde(serialize_with = "text::moment")]
    pub since: i64,
    /// The figures behind it, by name.
    pub evidence: BTreeMap<String, String>,
    /// Top customers whose carts it concerns.
    pub top_customers: u64,
}

impl Alert {
    /// Whether its cause is there tonight.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.status != Status::Resolved
    }
}

/// What the night read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Rows of tonight's files.
    pub rows: u64,
    /// Of these, rows that could not be used.
    pub rejected: u64,
}

/// An alert before it is held against those of the night before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    pub(crate) rule: Rule,
    /// What of, such as the source; blank where there is one such cause only.
    pub(crate) subject: String,
    pub(crate) severity: Severity,
    pub(crate) what: String,
    pub(crate) evidence: BTreeMap<String, String>,
    pub(crate) top_customers: u64,
}

impl Cause {
    fn id(&self) -> String {
        if self.subject.is_empty() {
            return self.rule.name().to_owned();
        }
        format!("{}:{}", self.rule.name(), self.subject)
    }
}

/// Tonight's alerts, and those of the night before whose cause is gone: new ones first, then open, then resolved ones;
/// urgent before others. `before` is the folder of the alerts table of the night before.
///
/// # Errors
/// When that table cannot be read.
pub fn raise(
    analysis: &Analysis,
    activity: &[Activity],
    intake: Intake,
    rules: &Rules,
    before: Option<&Path>,
) -> Result<Vec<Alert>, Error> {
    let before = before.map(table::read).transpose()?.unwrap_or_default();
    Ok(follow(rules::causes(analysis, activity, intake, rules), before, analysis.as_of))
}

/// The alerts of a published generation, by the folder of their table.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Alert>, Error> {
    table::read(folder)
}

fn follow(causes: Vec<Cause>, before: Vec<Alert>, as_of: i64) -> Vec<Alert> {
    // A night that is made again is no later night.
    let raised = before.into_iter().filter(|alert| alert.is_raised() && alert.since <= as_of);
    let mut raised: BTreeMap<String, Alert> = raised.map(|alert| (alert.id.clone(), alert)).collect();
    let mut seen = BTreeSet::new();
    let mut alerts = Vec::new();
    for cause in causes {
        let id = cause.id();
        if !seen.insert(id.clone()) {
            continue;
        }
        let since = raised.remove(&id).map(|alert| alert.since).filter(|since| *since < as_of);
        alerts.push(Alert {
            id,
            rule: cause.rule,
            severity: cause.severity,
            status: if since.is_some() { Status::Open } else { Status::New },
            what: cause.what,
            since: since.unwrap_or(as_of),
            evidence: cause.evidence,
            top_customers: cause.top_customers,
        });
    }
    let gone = raised.into_values().filter(|alert| alert.since < as_of);
    alerts.extend(gone.map(|alert| Alert { status: Status::Resolved, ..alert }));
    alerts.sort_by(|a, b| (a.status, a.severity, a.rule, &a.id).cmp(&(b.status, b.severity, b.rule, &b.id)));
    alerts
}

#[cfg(test)]
mod tests;
