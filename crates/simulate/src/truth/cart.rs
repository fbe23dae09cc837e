//! One cart as it really was.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    calendar::{as_text, as_text_or_null},
    event::{Kind, Money},
    journey::{Intent, Motive, Walk},
    truth::WINDOW,
};

/// Why a cart was not bought within three days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Wanted to buy, was stopped at the till within the three days, and gave up.
    Barrier,
    /// Wants to buy later.
    WishList,
    /// Took everything out again.
    Emptied,
    /// Left on seeing what delivery adds.
    Costs,
    /// Looked at many others, and took none of them here.
    Comparison,
    /// Never meant to go to the till.
    LeftBeforeCheckout,
    /// Something that logs do not show.
    Unknown,
}

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
    /// Why it was not bought within three days; none where it was.
    pub why: Option<Why>,
    /// Of those who were stopped: by which planted barrier, else by which error.
    pub why_barrier: Option<&'static str>,
    /// The planted decoy that it met.
    pub met_decoy: Option<&'static str>,
    /// When it would have been bought without any planted decoy.
    #[serde(serialize_with = "as_text_or_null")]
    pub without_decoy_purchased_at: Option<i64>,
    /// What was in it when the barrier was hit first.
    #[serde(skip)]
    pub(crate) value_at_hit: Money,
}

impl CartTruth {
    /// Reads the truth off a finished walk; `None` if nothing was ever put into a cart.
    pub(crate) fn new(
        walk: &Walk,
        last_activity_at: i64,
        would_have_at: Option<i64>,
        without_decoy_at: Option<i64>,
    ) -> Option<Self> {
        let events = || walk.pen.events.iter().filter(|event| event.kind.is_cart_event());
        let opening = events().find(|event| event.kind == Kind::AddToCart)?;
        let customer_id = events().find_map(|event| event.visit.customer).map(|customer| customer.to_string());
        let visitors: Vec<_> = events().filter_map(|event| event.visit.visitor).collect();
        let shared = walk.pen.person.devices.iter().filter(|device| device.shared);
        let purchased_at = walk.bought.map(|(at, _)| at);
        let window = opening.ts + WINDOW;
        let in_time = purchased_at.is_some_and(|at| at <= window);
        let stopped_by = walk.stop.filter(|stop| stop.at <= window).map(|stop| stop.by);
        let why = (!in_time).then(|| match walk.plan.motive {
            _ if stopped_by.is_some() => Why::Barrier,
            _ if walk.basket.is_empty() => Why::Emptied,
            Motive::WishList => Why::WishList,
            Motive::Costs => Why::Costs,
            Motive::Compare => Why::Comparison,
            Motive::Browse => Why::LeftBeforeCheckout,
            Motive::Buy | Motive::Other => Why::Unknown,
        });
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
            why,
            why_barrier: stopped_by.filter(|_| why.is_some()),
            met_decoy: walk.lured.map(|decoy| decoy.name),
            without_decoy_purchased_at: without_decoy_at,
            value_at_hit: walk.hit.map(|hit| hit.value).unwrap_or_default(),
        })
    }

    /// Whether its three days were over at `end`, without a purchase.
    pub(crate) fn is_abandoned_by(&self, end: i64) -> bool {
        self.opened_at + WINDOW <= end && self.outcome == "abandoned"
    }

    /// Whether a purchase at that time would have been in time.
    pub(crate) fn in_time(&self, purchased_at: Option<i64>) -> bool {
        purchased_at.is_some_and(|at| at <= self.opened_at + WINDOW)
    }
}
