//! The truth against the logs: whoever applies the rules of the cart to the events finds exactly the carts of the truth.

use std::collections::{BTreeMap, BTreeSet};

use super::small;
use crate::{
    Config, Event, Kind, Scenario, days,
    event::{CustomerId, EventId, Money, VisitorId},
    journey::EXPIRY,
    truth::WINDOW,
};

/// A cart as the events tell it.
#[derive(Debug, Default)]
struct Told {
    opened_at: i64,
    last_at: i64,
    purchased_at: Option<i64>,
    lines: BTreeMap<u64, (u32, Money)>,
    value_at_window: Money,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Customer(CustomerId),
    Visitor(VisitorId),
}

/// Events belong to their account, else to the only account that their visitor was ever seen with, else to the visitor.
fn by_person(events: &[Event]) -> BTreeMap<Who, Vec<&Event>> {
    let mut accounts = BTreeMap::<VisitorId, BTreeSet<CustomerId>>::new();
    for event in events {
        if let (Some(visitor), Some(customer)) = (event.visit.visitor, event.visit.customer) {
            accounts.entry(visitor).or_default().insert(customer);
        }
    }
    let mut persons = BTreeMap::<Who, Vec<&Event>>::new();
    for event in events.iter().filter(|event| event.kind.is_cart_event() && !event.resent) {
        let visitor = event.visit.visitor.expect("cart events happen in a browser");
        let known = accounts.get(&visitor).filter(|known| known.len() == 1);
        let customer = event.visit.customer.or_else(|| known.and_then(|known| known.first().copied()));
        persons.entry(customer.map_or(Who::Visitor(visitor), Who::Customer)).or_default().push(event);
    }
    persons
}

fn carts(events: &[Event]) -> BTreeMap<EventId, Told> {
    let mut carts = BTreeMap::new();
    for events in by_person(events).into_values() {
        let mut open: Option<EventId> = None;
        for event in events {
            if let Some(cart) = open.and_then(|id| carts.get(&id)).map(|cart: &Told| cart.last_at)
                && event.ts > cart + EXPIRY
            {
                open = None;
            }
            if open.is_none() && event.kind == Kind::AddToCart {
                open = Some(event.id);
                carts.insert(event.id, Told { opened_at: event.ts, ..Told::default() });
            }
            let Some(cart) = open.and_then(|id| carts.get_mut(&id)) else {
                assert!(event.express, "a cart event without a cart: {event:?}");
                continue;
            };
            cart.take(event);
            if event.kind == Kind::Purchase {
                open = None;
            }
        }
    }
    carts
}

impl Told {
    fn take(&mut self, event: &Event) {
        self.last_at = event.ts;
        if event.kind == Kind::Purchase {
            self.purchased_at = Some(event.ts);
            return;
        }
        for item in &event.items {
            let line = self.lines.entry(item.product.number).or_default();
            line.1 = item.price.unwrap_or_default();
            match event.kind {
                Kind::AddToCart => line.0 += item.quantity,
                Kind::RemoveFromCart => line.0 -= item.quantity,
                _ => {}
            }
        }
        if event.ts <= self.opened_at + WINDOW {
            self.value_at_window = self.lines.values().map(|(quantity, price)| price.times(*quantity)).sum();
        }
    }
}

#[test]
fn the_events_tell_the_carts_of_the_truth() {
    // Long enough for carts to expire and persons to come again.
    let config = Config { days: 75, carts_per_day: 40, ..small(Scenario::TwoBarriers) };
    let end = crate::summary::end(&config);
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    for day in days(&config) {
        events.extend(day.events);
        truth.extend(day.carts.into_iter().filter(|cart| cart.opened_at < end));
    }
    let told: BTreeMap<String, Told> = carts(&events).into_iter().map(|(id, cart)| (id.to_string(), cart)).collect();
    // Whose cart it is on a shared device, the logs cannot always tell.
    let (unclear, clear): (Vec<_>, Vec<_>) = truth.into_iter().partition(|cart| cart.shared_device);
    assert!(unclear.len() * 100 < clear.len(), "{}", unclear.len());
    assert!(told.len().abs_diff(unclear.len() + clear.len()) <= unclear.len());
    for cart in clear {
        let told = &told[&cart.opening_event_id];
        assert_eq!(told.opened_at, cart.opened_at);
        assert_eq!(told.purchased_at, cart.purchased_at.filter(|at| *at < end), "{cart:?}");
        if cart.opened_at + WINDOW <= end {
            assert_eq!(told.value_at_window, cart.value_at_window, "{cart:?}");
            let in_time = told.purchased_at.is_some_and(|at| at <= cart.opened_at + WINDOW);
            assert_eq!(cart.outcome == "purchased", in_time);
        }
        if cart.last_activity_at < end && cart.purchased_at.is_none() {
            let is_empty = told.lines.values().all(|(quantity, _)| *quantity == 0);
            assert_eq!(cart.emptied, is_empty, "{cart:?}");
            assert_eq!(told.last_at, cart.last_activity_at);
        }
    }
}
