//! What really happened, for judging what an analysis says about it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    calendar::{DAY, as_text, as_text_or_null, rfc3339},
    event::{Kind, Money},
    journey::{Intent, Walk},
    scenario::{Barrier, Planted, Span},
};

/// A cart not bought within this time is abandoned.
pub(crate) const WINDOW: i64 = 3 * DAY;

/// One cart as it really was, to its very end, also beyond the end of the logs. Amounts are euros.
///
/// Times are microseconds since the epoch here, and RFC 3339 in the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CartTruth {
    /// The add to cart that opened it: the key for finding it in the logs.
    pub opening_event_id: String,
    /// The account, where any event of the cart shows it, else the first visitor.
    pub person: String,
    /// The account, where any event of the cart shows it.
    pub customer_id: Option<String>,
    /// All browsers that the cart was seen in.
    pub visitor_ids: BTreeSet<String>,
    /// Whether one of them belongs to several accounts, so that the logs may not tell whose cart it is.
    pub shared_device: bool,
    /// When it was opened.
    #[serde(serialize_with = "as_text")]
    pub opened_at: i64,
    /// Its last event as a cart.
    #[serde(serialize_with = "as_text")]
    pub last_activity_at: i64,
    /// What was intended.
    pub intent: Intent,
    /// When the purchase was intended.
    #[serde(serialize_with = "as_text_or_null")]
    pub planned_purchase_at: Option<i64>,
    /// When it was bought.
    #[serde(serialize_with = "as_text_or_null")]
    pub purchased_at: Option<i64>,
    /// The order that bought it.
    pub order_id: Option<String>,
    /// At three days: `purchased` or `abandoned`.
    pub outcome: &'static str,
    /// Abandoned at three days, and bought later.
    pub recovered: bool,
    /// Everything was taken out again.
    pub emptied: bool,
    /// Last step of the funnel that it reached.
    pub furthest_step: Kind,
    /// Content just before the purchase, else at the end; products without a price count nothing.
    pub value: Money,
    /// Content at three days, or just before the purchase if that was earlier.
    pub value_at_window: Money,
    /// The most it ever held.
    pub peak_value: Money,
    /// The last error seen at the till.
    pub last_error_code: Option<&'static str>,
    /// The planted barrier that stopped it at least once.
    pub hit_barrier: Option<&'static str>,
    /// When that was.
    #[serde(serialize_with = "as_text_or_null")]
    pub hit_at: Option<i64>,
    /// When it would have been bought without any planted barrier.
    #[serde(serialize_with = "as_text_or_null")]
    pub counterfactual_purchased_at: Option<i64>,
    /// What was in it when the barrier was hit first.
    #[serde(skip)]
    pub(crate) value_at_hit: Money,
}

impl CartTruth {
    /// Reads the truth off a finished walk; `None` if nothing was ever put into a cart.
    pub(crate) fn new(walk: &Walk, last_activity_at: i64, would_have_at: Option<i64>) -> Option<Self> {
        let events = || walk.pen.events.iter().filter(|event| event.kind.is_cart_event());
        let opening = events().find(|event| event.kind == Kind::AddToCart)?;
        let customer_id = events().find_map(|event| event.visit.customer).map(|customer| customer.to_string());
        let visitors: Vec<_> = events().filter_map(|event| event.visit.visitor).collect();
        let shared = walk.pen.person.devices.iter().filter(|device| device.shared);
        let purchased_at = walk.bought.map(|(at, _)| at);
        let window = opening.ts + WINDOW;
        let in_time = purchased_at.is_some_and(|at| at <= window);
        let steps = events().map(|event| event.kind);
        let steps = steps.filter(|kind| !matches!(kind, Kind::RemoveFromCart | Kind::CheckoutError));
        Some(Self {
            opening_event_id: opening.id.to_string(),
            person: customer_id.clone().or_else(|| visitors.first().map(ToString::to_string)).unwrap_or_default(),
            customer_id,
            shared_device: shared.into_iter().any(|device| visitors.contains(&device.visitor)),
            visitor_ids: visitors.iter().map(ToString::to_string).collect(),
            opened_at: opening.ts,
            last_activity_at,
            intent: walk.plan.intent,
            planned_purchase_at: walk.plan.planned_at,
            purchased_at,
            order_id: walk.bought.map(|(_, order)| order.id.to_string()),
            outcome: if in_time { "purchased" } else { "abandoned" },
            recovered: purchased_at.is_some() && !in_time,
            emptied: walk.basket.is_empty(),
            furthest_step: steps.max().unwrap_or(Kind::AddToCart),
            value: walk.basket.value(),
            value_at_window: walk.basket.value_at(purchased_at.unwrap_or(window).min(window)),
            peak_value: walk.basket.peak(),
            last_error_code: walk.failed,
            hit_barrier: walk.hit.map(|hit| walk.pen.world.planted.barriers[hit.barrier].name),
            hit_at: walk.hit.map(|hit| hit.at),
            counterfactual_purchased_at: would_have_at,
            value_at_hit: walk.hit.map(|hit| hit.value).unwrap_or_default(),
        })
    }
}

/// `_truth/barriers.json`: what was planted, and what it did until the logs end.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlantedTruth {
    pub(crate) barriers: Vec<BarrierTruth>,
    promo: Option<SpanTruth>,
    outage: Option<SpanTruth>,
    bots: Option<BotsTruth>,
}

#[derive(Debug, Clone, Serialize)]
struct SpanTruth {
    from: String,
    until: String,
}

#[derive(Debug, Clone, Serialize)]
struct BotsTruth {
    from: String,
    until: String,
    visitor_ids: BTreeSet<String>,
}

/// One barrier and its toll.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BarrierTruth {
    name: &'static str,
    /// Column and value; all have to hold.
    #[serde(rename = "where")]
    conditions: std::collections::BTreeMap<&'static str, &'static str>,
    onset: String,
    step: Kind,
    error_code: &'static str,
    failure_rate: f64,
    /// Carts that it stopped at least once.
    carts_hit: u64,
    /// Of those: would have been bought, and never were.
    carts_lost: u64,
    /// What was in them.
    lost_value: Money,
    /// Would have been bought within three days, and were bought only later.
    carts_delayed: u64,
    /// Bought within three days all the same, by another try or another way.
    carts_undeterred: u64,
    /// Would not have been bought anyway.
    carts_without_intent: u64,
    /// The lost carts, by the event that opened them.
    lost: Vec<String>,
}

impl PlantedTruth {
    pub(crate) fn new(planted: &Planted) -> Self {
        let span = |span: Span| SpanTruth { from: rfc3339(span.from), until: rfc3339(span.until) };
        Self {
            barriers: planted.barriers.iter().map(BarrierTruth::new).collect(),
            promo: planted.promo.map(span),
            outage: planted.outage.map(span),
            bots: planted.bots.map(|time| {
                let SpanTruth { from, until } = span(time);
                BotsTruth { from, until, visitor_ids: BTreeSet::new() }
            }),
        }
    }

    /// Counts a cart, unless it met its barrier only after the logs end.
    pub(crate) fn count(&mut self, cart: &CartTruth, end: i64) {
        let Some(at) = cart.hit_at else {
            return;
        };
        if at < end
            && let Some(barrier) = self.barriers.iter_mut().find(|barrier| Some(barrier.name) == cart.hit_barrier)
        {
            barrier.count(cart);
        }
    }

    /// Notes a bot's browser.
    pub(crate) fn saw_bot(&mut self, visitor: String) {
        if let Some(bots) = &mut self.bots {
            bots.visitor_ids.insert(visitor);
        }
    }
}

impl BarrierTruth {
    fn new(barrier: &Barrier) -> Self {
        Self {
            name: barrier.name,
            conditions: barrier.conditions.iter().map(|condition| condition.column()).collect(),
            onset: rfc3339(barrier.onset),
            step: barrier.step,
            error_code: barrier.failure.code,
            failure_rate: barrier.failure_rate,
            carts_hit: 0,
            carts_lost: 0,
            lost_value: Money(0),
            carts_delayed: 0,
            carts_undeterred: 0,
            carts_without_intent: 0,
            lost: Vec::new(),
        }
    }

    fn count(&mut self, cart: &CartTruth) {
        self.carts_hit += 1;
        let window = cart.opened_at + WINDOW;
        match (cart.counterfactual_purchased_at, cart.purchased_at) {
            (None, _) => self.carts_without_intent += 1,
            (Some(_), None) => {
                self.carts_lost += 1;
                self.lost_value += cart.value_at_hit;
                self.lost.push(cart.opening_event_id.clone());
            }
            (Some(would), Some(did)) if would <= window && did > window => self.carts_delayed += 1,
            (Some(_), Some(_)) => self.carts_undeterred += 1,
        }
    }
}
