//! Whose event it is.

use std::collections::{BTreeMap, BTreeSet};

use super::events::Event;

/// The person of each event, in the events' order, as known from these events.
pub(super) fn persons(events: &[Event]) -> Vec<String> {
    let mut of_visitor: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut of_session: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events {
        let Some(customer) = event.customer_id.as_deref() else { continue };
        if let Some(visitor) = event.visitor_id.as_deref() {
            of_visitor.entry(visitor).or_default().insert(customer);
        }
        if let Some(session) = event.session_id.as_deref() {
            of_session.entry(session).or_default().insert(customer);
        }
    }

    let person = |event: &Event| {
        if let Some(customer) = &event.customer_id {
            return format!("c:{customer}");
        }
        let visitor = event.visitor_id.as_deref().expect("a row without customer has a visitor: others are rejected");
        let customers = of_visitor.get(visitor).into_iter().flatten().collect::<Vec<_>>();
        if let [customer] = customers[..] {
            return format!("c:{customer}");
        }
        if !customers.is_empty() {
            let session = event.session_id.as_deref().and_then(|session| of_session.get(session));
            if let [customer] = session.into_iter().flatten().collect::<Vec<_>>()[..] {
                return format!("c:{customer}");
            }
        }
        format!("v:{visitor}")
    };
    events.iter().map(person).collect()
}
