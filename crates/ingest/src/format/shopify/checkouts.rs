//! Checkouts of the online store, as `GET checkouts.json` (REST) and `abandonedCheckouts` (GraphQL) give them: mostly
//! abandoned ones, also ones that were completed later.
//!
//! A checkout is a state, not an event. What it says of its past becomes events:
//!
//! | event | when | if |
//! | --- | --- | --- |
//! | `begin_checkout`, with the line items | created | always |
//! | `add_shipping_info` | updated | it has a shipping line; in GraphQL, which has none, a shipping address |
//! | `add_payment_info` | updated | it has a gateway (REST) |
//! | `purchase`, with the line items | completed | it is completed |
//!
//! Steps are dated when the checkout was last changed, because nothing closer is known, but not after it was completed.
//! Their ids hold that moment: when the same checkout comes again after a change, its steps are new events, while
//! `begin_checkout` and `purchase` are the same events as before.

mod graphql;
mod rest;

use std::borrow::Cow;

use events::{Kind, time};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::email;
use crate::format::Sink;
use crate::reject::Reject;
use crate::row::{Field, RawRow};

type Text<'a> = Option<Cow<'a, str>>;

/// What both APIs say of a checkout.
#[derive(Debug, Default)]
struct Checkout<'a> {
    id: Cow<'a, str>,
    name: Text<'a>,
    cart_token: Text<'a>,
    customer_id: Text<'a>,
    email: Text<'a>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
    completed_at: Text<'a>,
    currency: Text<'a>,
    total: Text<'a>,
    country: Text<'a>,
    coupon: Text<'a>,
    channel: Text<'a>,
    has_shipping: bool,
    shipping_method: Text<'a>,
    gateway: Text<'a>,
    items: Vec<Item<'a>>,
}

#[derive(Debug, Default)]
struct Item<'a> {
    product_id: Text<'a>,
    name: Text<'a>,
    brand: Text<'a>,
    quantity: Text<'a>,
    unit_price: Text<'a>,
    currency: Text<'a>,
}

/// The shape of a record, by the key that every checkout has.
#[derive(Deserialize)]
struct Shape {
    created_at: Option<IgnoredAny>,
    #[serde(rename = "createdAt")]
    created_at_of_graphql: Option<IgnoredAny>,
}

/// Whether a line of a file is a checkout by itself.
pub(in crate::format) fn is_checkout(object: &serde_json::Map<String, serde_json::Value>) -> bool {
    let has = |names: [&str; 3]| names.into_iter().all(|name| object.contains_key(name));
    has(["created_at", "line_items", "abandoned_checkout_url"])
        || has(["created_at", "line_items", "completed_at"])
        || has(["createdAt", "lineItems", "abandonedCheckoutUrl"])
        || has(["createdAt", "lineItems", "completedAt"])
}

/// Whether a file with this head is a document that holds checkouts.
pub(in crate::format) fn is_document(head: &str) -> bool {
    let head = head.trim_start();
    let has = |names: &[&str]| names.iter().any(|name| head.contains(name));
    let first_key = head.trim_start_matches(['{', '[', ' ', '\r', '\n', '\t']);
    head.starts_with(['{', '['])
        && (first_key.starts_with("\"checkouts\"")
            || has(&["\"abandonedCheckouts\"", "\"abandonedCheckoutUrl\"", "\"abandoned_checkout_url\""]))
}

/// Reads a checkout.
pub(in crate::format) fn record<S: Sink>(number: u64, text: &str, sink: &mut S) {
    match read(text) {
        Ok(checkout) => sink.record(number, text.as_bytes().into(), &mut checkout.rows()),
        Err(detail) => sink.reject(number, text.as_bytes().into(), Reject::unreadable(detail)),
    }
}

fn read(text: &str) -> Result<Checkout<'_>, String> {
    if !text.starts_with('{') {
        return Err("no checkout: no object".to_owned());
    }
    let words = |error: serde_json::Error| error.to_string();
    let shape: Shape = serde_json::from_str(text).map_err(words)?;
    let checkout = if shape.created_at.is_some() {
        serde_json::from_str::<rest::Checkout<'_>>(text).map_err(words)?.into()
    } else if shape.created_at_of_graphql.is_some() {
        serde_json::from_str::<graphql::Checkout<'_>>(text).map_err(words)?.into()
    } else {
        return Err("no checkout: neither created_at nor createdAt".to_owned());
    };
    let Checkout { id, .. } = &checkout;
    if id.trim().is_empty() { Err("no checkout: no id".to_owned()) } else { Ok(checkout) }
}

impl<'a> Checkout<'a> {
    fn rows(&self) -> Vec<RawRow<'a>> {
        let mut rows = self.with_items(&self.event(Kind::BeginCheckout, self.created_at.clone()));
        let step_at = self.step_at();
        if self.has_shipping {
            rows.push(self.step(Kind::AddShippingInfo, &step_at));
        }
        if self.gateway.is_some() {
            rows.push(self.step(Kind::AddPaymentInfo, &step_at));
        }
        if self.completed_at.is_some() {
            let mut purchase = self.event(Kind::Purchase, self.completed_at.clone());
            let order = self.name.clone().unwrap_or_else(|| Cow::Owned(format!("#{}", self.id)));
            purchase.set(Field::OrderId, order);
            let first = rows.len();
            rows.extend(self.with_items(&purchase));
            rows[first].set_some(Field::OrderValue, self.total.clone());
        }
        rows
    }

    /// When the steps were taken, at the latest.
    fn step_at(&self) -> Text<'a> {
        let updated = self.updated_at.as_ref().or(self.created_at.as_ref())?;
        let Some(moment) = time::parse(updated) else { return Some(updated.clone()) };
        let completed = self.completed_at.as_ref().and_then(|completed| time::parse(completed));
        Some(Cow::Owned(time::format(completed.map_or(moment, |completed| completed.min(moment)))))
    }

    /// What all rows of an event share.
    fn event(&self, kind: Kind, at: Text<'a>) -> RawRow<'a> {
        let mut row = RawRow::default();
        row.set(Field::EventId, format!("{}.{kind}", self.id));
        row.set(Field::Line, "0");
        row.set_some(Field::Ts, at);
        row.set(Field::Kind, kind.name());
        let visitor = self.cart_token.clone().unwrap_or_else(|| Cow::Owned(format!("checkout:{}", self.id)));
        row.set(Field::VisitorId, visitor);
        let of_email = || self.email.as_ref().map(|address| Cow::Owned(email::hash(address)));
        row.set_some(Field::CustomerId, self.customer_id.clone().or_else(of_email));
        row.set_some(Field::Currency, self.currency.clone());
        row.set_some(Field::Country, self.country.clone());
        row.set_some(Field::Channel, self.channel.clone());
        row.set_some(Field::Coupon, self.coupon.clone());
        if kind != Kind::BeginCheckout {
            row.set_some(Field::ShippingMethod, self.shipping_method.clone());
            row.set_some(Field::PaymentMethod, self.gateway.clone());
        }
        row
    }

    fn step(&self, kind: Kind, at: &Text<'a>) -> RawRow<'a> {
        let mut row = self.event(kind, at.clone());
        row.set(Field::EventId, format!("{}.{kind}.{}", self.id, at.as_deref().unwrap_or_default()));
        row
    }

    fn with_items(&self, event: &RawRow<'a>) -> Vec<RawRow<'a>> {
        if self.items.is_empty() {
            return vec![event.clone()];
        }
        let row = |(line, item): (usize, &Item<'a>)| {
            let mut row = event.clone();
            row.set(Field::Line, line.to_string());
            row.set_some(Field::ProductId, item.product_id.clone());
            row.set_some(Field::ProductName, item.name.clone());
            row.set_some(Field::Brand, item.brand.clone());
            row.set_some(Field::Quantity, item.quantity.clone());
            row.set_some(Field::UnitPrice, item.unit_price.clone());
            row.set_some(Field::Currency, item.currency.clone());
            row
        };
        self.items.iter().enumerate().map(row).collect()
    }
}

/// Several codes as the order export writes them.
fn joined(codes: Vec<Cow<'_, str>>) -> Text<'_> {
    codes.into_iter().reduce(|all, code| Cow::Owned(format!("{all}, {code}")))
}

/// The number at the end of `gid://shopify/Customer/900700002`; what is no such id stays.
fn number(id: Cow<'_, str>) -> Cow<'_, str> {
    match id.strip_prefix("gid://").and_then(|path| path.rsplit('/').next()) {
        Some(number) => Cow::Owned(number.split('?').next().unwrap_or_default().to_owned()),
        None => id,
    }
}

#[cfg(test)]
mod tests;
