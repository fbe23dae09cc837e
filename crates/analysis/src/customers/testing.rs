//! Persons made up for tests.

use std::collections::HashMap;

use events::Amount;

use super::{Contact, Customer, PastCart, People, Voice};
use crate::testing::NOON;

/// Persons of these names, with nothing but their names.
pub(crate) fn people(names: &[&str]) -> People {
    let rows: Vec<Customer> = names
        .iter()
        .map(|name| Customer { person_id: (*name).to_owned(), segment: "d1".to_owned(), ..Customer::default() })
        .collect();
    People {
        at: rows.iter().zip(0_u32..).map(|(row, at)| (row.person_id.as_str().into(), at)).collect(),
        rows,
        carts: Vec::new(),
        orders: Vec::new(),
        voices: Vec::new(),
        contacts: Vec::new(),
        met: HashMap::new(),
        order_ids: HashMap::new(),
        channels: HashMap::new(),
        currencies: std::collections::BTreeSet::new(),
        since: 0,
        who: carts::persons::Links::default(),
    }
}

/// A cart of 100.00 EUR that was opened this long after noon, left an hour later, and is abandoned.
pub(crate) fn left(person: u32, after: i64) -> PastCart {
    let opened_at = NOON + after;
    PastCart {
        cart_id: format!("cart-{person}-{after}").into(),
        person,
        opened_at,
        last_activity_at: opened_at + events::time::HOUR,
        purchased_at: None,
        expired: false,
        emptied: false,
        outcome: "abandoned".into(),
        furthest_step: "add_to_cart".into(),
        errors: 0,
        last_error_code: None,
        value: Amount(1_000_000),
        currency: Some("EUR".into()),
        items: 1,
        payment_method: None,
        segment: "d1".into(),
        top1: false,
    }
}

/// Feedback this long after noon.
pub(crate) fn said(person: u32, after: i64, rating: Option<f64>, comment: Option<&str>) -> Voice {
    Voice { person, at: NOON + after, is_support: false, rating, comment: comment.map(Box::from), channel: None }
}

/// A contact by e-mail this long after noon.
pub(crate) fn contacted(person: u32, after: i64) -> Contact {
    Contact { at: NOON + after, person, channel: Some("email".into()) }
}
