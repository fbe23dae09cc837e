//! How many more leave after an error, or at a barrier, than at the same step without: what it can be the reason for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::BarrierFinding;
use super::carts::{Cart, WORDS};
use super::signals::Met;
use crate::Settings;
use crate::funnel::Step;

/// An error of few carts is taken for as bad as errors are on the whole: so many stops' worth.
const PRIOR_STOPS: f64 = 20.0;

/// Carts that were at a place, and those that got no further within the window.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    carts: f64,
    stopped: f64,
    /// Those of `carts` that would stop there anyway.
    expected: f64,
}

impl Count {
    fn rate(self) -> f64 {
        if self.carts > 0.0 { self.stopped / self.carts } else { 0.0 }
    }

    /// Of those who stopped, the share that would not have without it (the attributable fraction).
    fn excess(self) -> f64 {
        if self.stopped > 0.0 { ((self.stopped - self.expected) / self.stopped).max(0.0) } else { 0.0 }
    }
}

/// What was learnt of errors and barriers.
#[derive(Clone, Debug)]
pub(super) struct Lift {
    codes: BTreeMap<Arc<str>, f64>,
    findings: Vec<f64>,
}

impl Lift {
    /// From all carts whose window has passed, bought or not.
    pub(super) fn learn(carts: &[Cart], settings: &Settings, findings: &[BarrierFinding]) -> Self {
        let matured = || carts.iter().filter(|cart| cart.opened_at.saturating_add(settings.window) <= settings.as_of);
        let met = |cart: &Cart| findings.iter().any(|finding| is_at(finding, cart));
        // What happens anyway: without an error, and away from barriers.
        let mut base: BTreeMap<Step, Count> = BTreeMap::new();
        for cart in matured().filter(|cart| cart.signals.errors.is_empty() && !met(cart)) {
            let Some(furthest) = cart.signals.furthest else { continue };
            for step in STEPS.into_iter().filter(|step| *step <= furthest) {
                let count = base.entry(step).or_default();
                count.carts += 1.0;
                count.stopped += f64::from(u8::from(step == furthest));
            }
        }
        let anyway = |step: Step| base.get(&step).copied().unwrap_or_default().rate();
        let mut codes: BTreeMap<Arc<str>, Count> = BTreeMap::new();
        for signals in matured().map(|cart| &cart.signals) {
            for Met { code, step } in &signals.errors {
                let count = codes.entry(Arc::clone(code)).or_default();
                count.carts += 1.0;
                count.expected += anyway(*step);
                let stuck = signals.stuck.as_ref().is_some_and(|stuck| stuck.code == *code && stuck.step == *step);
                // Who tried again and then left at this step has been stopped by it too, or has not: as many as anyway.
                let left_there = !stuck && signals.furthest == Some(*step);
                count.stopped += f64::from(u8::from(stuck || left_there));
            }
        }
        // No single error decides what errors are like on the whole, however often it is shown.
        let all = codes.values().fold(Count::default(), |all, count| {
            let weight = (PRIOR_STOPS / count.stopped).min(1.0);
            Count {
                carts: all.carts + count.carts * weight,
                stopped: all.stopped + count.stopped * weight,
                expected: all.expected + count.expected * weight,
            }
        });
        let shrunk = |count: Count| {
            (count.excess() * count.stopped + all.excess() * PRIOR_STOPS) / (count.stopped + PRIOR_STOPS)
        };
        let of_finding = |finding: &BarrierFinding| {
            let mut count = Count::default();
            for cart in matured().filter(|cart| is_at(finding, cart)) {
                count.carts += 1.0;
                count.expected += anyway(finding.step);
                count.stopped += f64::from(u8::from(stopped_at(finding, cart)));
            }
            count.excess()
        };
        Self {
            codes: codes.iter().map(|(code, count)| (Arc::clone(code), shrunk(*count))).collect(),
            findings: findings.iter().map(of_finding).collect(),
        }
    }

    /// Of those who left after this error, the share that would not have left without it, 0..=1.
    pub(super) fn of_error(&self, code: &str) -> f64 {
        self.codes.get(code).copied().unwrap_or(0.0)
    }

    /// The barrier that stopped the cart, by its position, and how sure that is; the surest of several.
    pub(super) fn of_findings(&self, findings: &[BarrierFinding], cart: &Cart) -> Option<(usize, f64)> {
        let met = findings.iter().enumerate().filter(|(_, finding)| stopped_at(finding, cart));
        met.map(|(at, _)| (at, self.findings[at])).reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

/// Steps of the till before the order.
const STEPS: [Step; 3] = [Step::BeginCheckout, Step::AddShippingInfo, Step::AddPaymentInfo];

/// Whether the cart came to the barrier while it stood.
fn is_at(finding: &BarrierFinding, cart: &Cart) -> bool {
    let Some((_, at)) = cart.signals.last_step else { return false };
    cart.signals.furthest >= Some(finding.step)
        && at >= finding.onset
        && finding.end.is_none_or(|end| at <= end)
        && finding.conditions.iter().all(|(column, value)| {
            if column == "error_code" {
                return cart.signals.errors.iter().any(|met| *met.code == **value);
            }
            let place = WORDS.iter().position(|name| name == column);
            place.is_some_and(|place| cart.words[place].as_deref() == Some(value))
        })
}

fn stopped_at(finding: &BarrierFinding, cart: &Cart) -> bool {
    is_at(finding, cart) && cart.signals.furthest == Some(finding.step)
}
