//! What is worth an alert.

use std::collections::BTreeMap;

use events::time;

use super::{Cause, Intake, Rule, Severity};
use crate::barriers::{Barrier, Level, Status};
use crate::funnel::Step;
use crate::prediction::CohortForecast;
use crate::prediction::drift::{BEFORE, Moved, Off, RECENT};
use crate::{Activity, Analysis};

/// When alerts are raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Whether for a barrier in the checkout that is beyond doubt, or found on two nights running.
    pub barrier: bool,
    /// Whether for a source that has gone quiet.
    pub quiet_source: bool,
    /// From this share, 0 to 1, of tonight's rows on that could not be used.
    pub rejected: f64,
    /// From this share, 0 to 1, of orders without a cart on; the lower end of its 95 % interval has to reach it.
    pub tracking_gap: f64,
    /// Whether for a day that came out far from its forecast.
    pub forecast: bool,
    /// From this population stability index of a feature on, of the carts of late against those before.
    pub drift: f64,
    /// From this distance, 0 to 1, between what the forecasts of two weeks said and what came on.
    pub calibration: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            barrier: true,
            quiet_source: true,
            rejected: 0.01,
            tracking_gap: 0.05,
            forecast: true,
            drift: 0.25,
            calibration: 0.03,
        }
    }
}

/// A source with this part of its usual rows, or less, has gone quiet.
const QUIET: u64 = 10;
/// A source that usually sends fewer rows a day is never quiet.
const LEAST_USUAL: u64 = 50;
/// Of fewer rows a share says nothing.
const LEAST_ROWS: u64 = 100;
/// A range of 90 %, widened so that about one night in a hundred is outside by chance: 2.576 / 1.645.
const WIDER: f64 = 1.566;
/// A cohort of fewer carts is no reason to wake anybody.
const LEAST_CARTS: u64 = 100;

/// Everything that is worth an alert tonight.
pub(super) fn causes(analysis: &Analysis, activity: &[Activity], intake: Intake, rules: &Rules) -> Vec<Cause> {
    let mut causes = Vec::new();
    if rules.barrier {
        causes.extend(analysis.barriers.findings.iter().filter_map(|found| barrier(found, &analysis.base)));
    }
    if rules.quiet_source {
        causes.extend(activity.iter().filter_map(quiet));
    }
    causes.extend(rejected(intake, rules.rejected));
    causes.extend(tracking_gap(analysis, rules.tracking_gap));
    if rules.forecast {
        causes.extend(newest_judged(analysis).and_then(missed));
    }
    causes.extend(drift(&analysis.prediction.drift.features, rules.drift));
    causes.extend(analysis.prediction.drift.calibration.and_then(|off| calibration(off, rules.calibration)));
    causes
}

fn barrier(found: &Barrier, base: &str) -> Option<Cause> {
    if found.level != Level::Alert || found.status == Status::Resolved {
        return None;
    }
    let parts: Vec<String> =
        found.conditions.iter().map(|part| format!("{} {}", part.column.replace('_', " "), part.value)).collect();
    let of_whom = if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(", ")) };
    let since = found.onset.map(|onset| format!(" since {}", minute(onset.at))).unwrap_or_default();
    let lost = found.lost.filter(|lost| lost.low.0 > 0);
    let lost = lost.map(|lost| {
        format!("; revenue lost with it: at least {} {base}", grouped(&format!("{:.0}", lost.low.to_f64())))
    });
    let top_customers = found.top_customer_carts.len() as u64;
    Some(Cause {
        rule: Rule::Barrier,
        subject: found.id.clone(),
        // Whoever stands before it is losing sales now.
        severity: Severity::High,
        what: format!(
            "{} of {} attempts{of_whom} do not get on after {}{since}: {:.0} % instead of {:.0} %{}.",
            grouped(&found.failed.to_string()),
            grouped(&found.attempts.to_string()),
            after(found.step),
            100.0 * found.rate.point,
            100.0 * found.expected_rate,
            lost.unwrap_or_default()
        ),
        evidence: evidence([
            ("attempts", found.attempts.to_string()),
            ("failed", found.failed.to_string()),
            ("expected_rate", format!("{:.4}", found.expected_rate)),
            ("excess_low", format!("{:.1}", found.excess.low)),
            ("excess_high", format!("{:.1}", found.excess.high)),
            ("rung", found.rung.number().to_string()),
        ]),
        top_customers,
    })
}

/// Digits in groups of three: `25,507`.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was done at a step, behind "after".
const fn after(step: Step) -> &'static str {
    match step {
        Step::AddToCart => "opening a cart",
        Step::ViewCart => "viewing the cart",
        Step::BeginCheckout => "starting the checkout",
        Step::AddShippingInfo => "giving the shipping",
        Step::AddPaymentInfo => "giving the payment",
        Step::Purchase => "buying",
    }
}

/// A moment for people, to the minute.
fn minute(micros: i64) -> String {
    let text = time::format(micros);
    text.get(..16).map_or(text.clone(), |minute| format!("{} UTC", minute.replace('T', " ")))
}

fn quiet(source: &Activity) -> Option<Cause> {
    let usual = source.usual().filter(|usual| *usual >= LEAST_USUAL)?;
    if source.latest * QUIET > usual {
        return None;
    }
    let what = match source.latest {
        0 => format!("No row of source “{}” in the last 24 hours; usual are {usual}.", source.source),
        rows => format!("Only {rows} rows of source “{}” in the last 24 hours; usual are {usual}.", source.source),
    };
    Some(Cause {
        rule: Rule::QuietSource,
        subject: source.source.clone(),
        severity: Severity::High,
        what,
        evidence: evidence([("rows", source.latest.to_string()), ("usual_rows", usual.to_string())]),
        top_customers: 0,
    })
}

fn rejected(intake: Intake, limit: f64) -> Option<Cause> {
    let share = intake.rejected as f64 / intake.rows.max(1) as f64;
    (intake.rows >= LEAST_ROWS && intake.rejected > 0 && share >= limit).then(|| Cause {
        rule: Rule::Rejected,
        subject: String::new(),
        severity: Severity::Medium,
        what: format!(
            "{} of {} rows read tonight could not be used ({:.1} %); the quarantine table says why.",
            grouped(&intake.rejected.to_string()),
            grouped(&intake.rows.to_string()),
            100.0 * share
        ),
        evidence: evidence([("rows", intake.rows.to_string()), ("rejected", intake.rejected.to_string())]),
        top_customers: 0,
    })
}

fn tracking_gap(analysis: &Analysis, limit: f64) -> Option<Cause> {
    let orders = &analysis.orders;
    let share = orders.without_cart_share.filter(|share| share.low >= limit)?;
    Some(Cause {
        rule: Rule::TrackingGap,
        subject: String::new(),
        severity: Severity::Medium,
        what: format!(
            "{} of {} orders came without any cart in the logs ({:.1} %, 95 % interval {:.1} to {:.1} %): the true share \
             of abandoned carts is lower than it looks.",
            grouped(&orders.without_cart.to_string()),
            grouped(&share.n.to_string()),
            100.0 * share.point,
            100.0 * share.low,
            100.0 * share.high
        ),
        evidence: evidence([("orders", share.n.to_string()), ("without_cart", orders.without_cart.to_string())]),
        top_customers: 0,
    })
}

/// The newest day whose carts have all matured, with the forecast of its own night.
fn newest_judged(analysis: &Analysis) -> Option<&CohortForecast> {
    analysis.prediction.track.forecasts.iter().filter(|forecast| forecast.actual_rate.is_some()).max_by_key(|f| f.day)
}

fn missed(forecast: &CohortForecast) -> Option<Cause> {
    let actual = forecast.actual_rate?;
    let (expected, low, high) = (forecast.expected_rate, forecast.low, forecast.high);
    let wide = (expected - WIDER * (expected - low), expected + WIDER * (high - expected));
    if forecast.carts < LEAST_CARTS || (wide.0..=wide.1).contains(&actual) {
        return None;
    }
    let (than, severity) = if actual > wide.1 { ("more", Severity::High) } else { ("fewer", Severity::Medium) };
    Some(Cause {
        rule: Rule::Forecast,
        subject: forecast.day.to_string(),
        severity,
        what: format!(
            "{:.1} % of the {} carts of {} were abandoned, {than} than forecast: {:.1} %, {:.0} % range {:.1} to {:.1} %.",
            100.0 * actual,
            forecast.carts,
            forecast.day,
            100.0 * expected,
            100.0 * forecast.level,
            100.0 * low,
            100.0 * high
        ),
        evidence: evidence([
            ("day", forecast.day.to_string()),
            ("carts", forecast.carts.to_string()),
            ("actual_rate", format!("{actual:.4}")),
            ("expected_rate", format!("{expected:.4}")),
            ("low", format!("{low:.4}")),
            ("high", format!("{high:.4}")),
        ]),
        top_customers: 0,
    })
}

/// Features that are named in a sentence; the evidence has all.
const NAMED: usize = 3;

fn drift(features: &[Moved], limit: f64) -> Option<Cause> {
    let moved: Vec<&Moved> = features.iter().filter(|moved| moved.exceeds(limit)).collect();
    let named: Vec<String> = moved
        .iter()
        .take(NAMED)
        .map(|moved| format!("{} ({:.2})", moved.feature.replace('_', " "), moved.psi))
        .collect();
    let more = moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!moved.is_empty()).then(|| Cause {
        rule: Rule::Drift,
        subject: String::new(),
        severity: Severity::Medium,
        what: format!(
            "The carts of the last {RECENT} days are other than those of the {BEFORE} days before, which forecasts learnt \
             from: {}{more} (population stability index; {limit} and more is a large change).",
            named.join(", ")
        ),
        evidence: moved.iter().map(|moved| (moved.feature.to_owned(), format!("{:.4}", moved.psi))).collect(),
        top_customers: 0,
    })
}

fn calibration(off: Off, limit: f64) -> Option<Cause> {
    off.exceeds(limit).then(|| Cause {
        rule: Rule::Calibration,
        subject: String::new(),
        severity: Severity::Medium,
        what: format!(
            "Forecasts of {} days said that {:.1} % of {} carts would be abandoned; {:.1} % were: {:.1} points {}, day after day.",
            off.days,
            100.0 * off.said,
            off.carts,
            100.0 * off.came,
            100.0 * (off.said - off.came).abs(),
            if off.said > off.came { "too many" } else { "too few" }
        ),
        evidence: evidence([
            ("days", off.days.to_string()),
            ("carts", off.carts.to_string()),
            ("said", format!("{:.4}", off.said)),
            ("came", format!("{:.4}", off.came)),
            ("z", format!("{:.1}", off.z)),
        ]),
        top_customers: 0,
    })
}

fn evidence<const N: usize>(figures: [(&str, String); N]) -> BTreeMap<String, String> {
    figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect()
}
