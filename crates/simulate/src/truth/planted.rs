//! `_truth/barriers.json`: what was planted, and what it did until the logs end.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    calendar::rfc3339,
    event::{Kind, Money},
    scenario::{Barrier, Condition, Decoy, Lure, Obstacle, Planted, Span},
    truth::{CartTruth, WINDOW},
};

/// All that was planted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlantedTruth {
    barriers: Vec<BarrierTruth>,
    decoys: Vec<DecoyTruth>,
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

/// Abandonment that would not have been: of carts whose three days were over when the logs ended.
#[derive(Debug, Clone, Default, Serialize)]
struct Excess {
    /// Carts abandoned that would have been bought within three days.
    abandoned: u64,
    /// What was in them at three days.
    gross: Money,
    /// The part of it that was bought later, before the logs end.
    bought_later: Money,
    /// The rest.
    net: Money,
}

impl Excess {
    /// Counts a cart, given when it would have been bought.
    fn count(&mut self, cart: &CartTruth, would_at: Option<i64>, end: i64) {
        if !cart.is_abandoned_by(end) || !cart.in_time(would_at) {
            return;
        }
        self.abandoned += 1;
        self.gross += cart.value_at_window;
        if cart.purchased_at.is_some_and(|at| at < end) {
            self.bought_later += cart.value_at_window;
        } else {
            self.net += cart.value_at_window;
        }
    }
}

/// One barrier and its toll.
#[derive(Debug, Clone, Serialize)]
struct BarrierTruth {
    name: &'static str,
    /// `error`, or `silent`: no error is logged.
    kind: &'static str,
    /// Column and value; all have to hold.
    #[serde(rename = "where")]
    conditions: BTreeMap<&'static str, String>,
    onset: String,
    /// Null where it stands to the end of the logs.
    end: Option<String>,
    step: Kind,
    error_code: Option<&'static str>,
    failure_rate: f64,
    /// By how much steps of the till take longer in its slice.
    slowness: f64,
    /// Carts that it stopped at least once.
    carts_hit: u64,
    excess: Excess,
    /// Of those hit: would have been bought, and never were.
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

/// One decoy, and what it only seems to cost.
#[derive(Debug, Clone, Serialize)]
struct DecoyTruth {
    name: &'static str,
    kind: &'static str,
    /// Column and value; all have to hold.
    #[serde(rename = "where")]
    conditions: BTreeMap<&'static str, String>,
    /// Null where it has always been there.
    onset: Option<String>,
    /// Null where it stays to the end of the logs.
    end: Option<String>,
    step: Option<Kind>,
    error_code: Option<&'static str>,
    /// Carts that met it: were shown the error, came by the campaign, came from elsewhere than usual, are less inclined.
    carts_met: u64,
    /// Of those whose three days were over when the logs ended: abandoned.
    carts_abandoned: u64,
    /// Abandonment that would not have been without it. It keeps nobody from buying: these people, or others in their
    /// place, would have wanted to buy.
    excess: Excess,
}

impl PlantedTruth {
    pub(crate) fn new(planted: &Planted) -> Self {
        let span = |span: Span| SpanTruth { from: rfc3339(span.from), until: rfc3339(span.until) };
        Self {
            barriers: planted.barriers.iter().map(BarrierTruth::new).collect(),
            decoys: planted.decoys.iter().map(DecoyTruth::new).collect(),
            promo: planted.promo().map(span),
            outage: planted.outage().map(span),
            bots: planted.bots().map(|time| {
                let SpanTruth { from, until } = span(time);
                BotsTruth { from, until, visitor_ids: BTreeSet::new() }
            }),
        }
    }

    /// Counts a cart, unless it met its barrier only after the logs end.
    pub(crate) fn count(&mut self, cart: &CartTruth, end: i64) {
        if cart.hit_at.is_some_and(|at| at < end)
            && let Some(barrier) = self.barriers.iter_mut().find(|barrier| Some(barrier.name) == cart.hit_barrier)
        {
            barrier.count(cart, end);
        }
        if let Some(decoy) = self.decoys.iter_mut().find(|decoy| Some(decoy.name) == cart.met_decoy) {
            decoy.carts_met += 1;
            decoy.carts_abandoned += u64::from(cart.is_abandoned_by(end));
            decoy.excess.count(cart, cart.without_decoy_purchased_at, end);
        }
    }

    /// Notes a bot's browser.
    pub(crate) fn saw_bot(&mut self, visitor: String) {
        if let Some(bots) = &mut self.bots {
            bots.visitor_ids.insert(visitor);
        }
    }
}

fn moment(at: i64) -> Option<String> {
    (at != Span::ALWAYS.from && at != Span::ALWAYS.until).then(|| rfc3339(at))
}

impl BarrierTruth {
    fn new(barrier: &Barrier) -> Self {
        let failure = match barrier.obstacle {
            Obstacle::Error(failure) => Some(failure),
            Obstacle::Silence => None,
        };
        Self {
            name: barrier.name,
            kind: if failure.is_some() { "error" } else { "silent" },
            conditions: Condition::columns(&barrier.conditions),
            onset: rfc3339(barrier.span.from),
            end: moment(barrier.span.until),
            step: barrier.step,
            error_code: failure.map(|failure| failure.code),
            failure_rate: barrier.failure_rate,
            slowness: barrier.slowness,
            carts_hit: 0,
            excess: Excess::default(),
            carts_lost: 0,
            lost_value: Money(0),
            carts_delayed: 0,
            carts_undeterred: 0,
            carts_without_intent: 0,
            lost: Vec::new(),
        }
    }

    fn count(&mut self, cart: &CartTruth, end: i64) {
        self.carts_hit += 1;
        self.excess.count(cart, cart.counterfactual_purchased_at, end);
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

impl DecoyTruth {
    fn new(decoy: &Decoy) -> Self {
        let code = match decoy.lure {
            Lure::Error(_, failure) => Some(failure.code),
            _ => None,
        };
        Self {
            name: decoy.name,
            kind: decoy.lure.as_str(),
            conditions: Condition::columns(&decoy.conditions),
            onset: moment(decoy.span.from),
            end: moment(decoy.span.until),
            step: decoy.step,
            error_code: code,
            carts_met: 0,
            carts_abandoned: 0,
            excess: Excess::default(),
        }
    }
}
