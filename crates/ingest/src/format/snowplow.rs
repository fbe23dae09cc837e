//! Snowplow's enriched events: as TSV ([`enriched`]) and as the Analytics SDKs' JSON lines ([`sdk_json`]).
//!
//! Both say the same in two spellings: fields of the event ([`atomic`]), and objects attached to it ([`entity`]).
//! - **Event** `event_id` is the id. The moment is `true_tstamp`, else `derived_tstamp` (the device's clock, corrected),
//!   else `collector_tstamp`.
//! - **Person** `domain_userid`, else the user of the client session that apps send, else `network_userid` is the
//!   visitor; `user_id`, else the `user` entity unless it is a guest, is the customer.
//! - **Visit** `domain_sessionid`, else the client session.
//! - **Names** are the types of `snowplow_ecommerce_action`; page and screen views; the legacy events for cart, search
//!   and transactions; a structured event whose action spells out a kind of the contract. All else becomes `other`.
//! - **Items** are the `product` entities, each in its own currency.
//! - **An order's value** is the transaction's `revenue` (of legacy transactions `tr_total`, which may hold shipping
//!   and tax: nothing else is given), a refund's `refund_amount`.
//! - A transaction's **error** is a `checkout_error` with the error's code, else its short code, and description.
//!
//! Postal addresses and codes, e-mail addresses and IPs are not kept; that an address was given is what a step of the
//! checkout is told by.

mod atomic;
pub(super) mod enriched;
mod entity;
mod origin;
pub(super) mod sdk_json;

use std::borrow::Cow;

use events::Kind;
use serde_json::value::RawValue;

use super::Sink;
use super::commerce::{self, Item, Scalar, number, text};
use crate::ids;
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use atomic::{Atomic, Fields};
use entity::{Action, Cart, CheckoutStep, Entities, LegacyItem, Product, Refund, Schema, Session, Transaction, User};

/// An event, from whichever spelling.
struct Event<'a> {
    fields: Fields<'a>,
    entities: Entities<'a>,
}

/// The entities that say what an e-commerce action was about.
#[derive(Default)]
struct Parts<'a> {
    step: CheckoutStep<'a>,
    transaction: Transaction<'a>,
    refund: Refund<'a>,
    cart: Cart<'a>,
}

/// The rows of an event.
fn rows<'a, S: Sink>(event: &Event<'a>, sink: &mut S) -> Result<Vec<RawRow<'a>>, Reject> {
    let entities = &event.entities;
    let parts = Parts {
        step: entities.read(Schema::CheckoutStep)?,
        transaction: entities.read(Schema::Transaction)?,
        refund: entities.read(Schema::Refund)?,
        cart: entities.read(Schema::Cart)?,
    };
    let (kind, name) = kind(event, &parts)?;
    let kind = kind.unwrap_or_else(|| {
        sink.unmapped(&name);
        Kind::Other
    });
    let head = head(event, &parts, kind, sink)?;
    let order_value = match kind {
        Kind::Purchase => number(parts.transaction.revenue).or_else(|| event.fields.get(Atomic::TrTotal)),
        Kind::Refund => number(parts.refund.refund_amount),
        _ => None,
    };
    Ok(commerce::rows(&head, items(event)?, order_value))
}

/// What happened, and its name where the contract has no kind for it.
fn kind<'a>(event: &Event<'a>, parts: &Parts<'a>) -> Result<(Option<Kind>, Cow<'a, str>), Reject> {
    let get = |field| event.fields.get(field);
    let entities = &event.entities;
    if entities.has(Schema::Action) {
        let action: Action<'a> = entities.read(Schema::Action)?;
        let name = text(action.action_type).unwrap_or(Cow::Borrowed("snowplow_ecommerce_action"));
        return Ok((action_kind(name.trim(), parts), name));
    }
    let event_type = get(Atomic::Event).unwrap_or_default();
    let name = match event_type.as_ref() {
        "struct" => get(Atomic::SeAction).or_else(|| get(Atomic::EventName)),
        _ => get(Atomic::EventName),
    };
    let name = name.unwrap_or_else(|| event_type.clone());
    let kind = match event_type.as_ref() {
        "page_view" | "pv" => Some(Kind::PageView),
        "transaction" | "transaction_item" => Some(Kind::Purchase),
        "struct" => commerce::kind_by_name(&name.trim().to_lowercase()),
        _ if entities.has(Schema::LegacyAdd) => Some(Kind::AddToCart),
        _ if entities.has(Schema::LegacyRemove) => Some(Kind::RemoveFromCart),
        _ if entities.has(Schema::SiteSearch) => Some(Kind::Search),
        _ if entities.has(Schema::ScreenView) => Some(Kind::PageView),
        _ => None,
    };
    Ok((kind, name))
}

fn action_kind(name: &str, parts: &Parts<'_>) -> Option<Kind> {
    Some(match name {
        "add_to_cart" => Kind::AddToCart,
        "remove_from_cart" => Kind::RemoveFromCart,
        "product_view" => Kind::ViewItem,
        "checkout_step" => {
            let step = &parts.step;
            let given = |values: &[Scalar<'_>]| values.iter().any(|value| text(*value).is_some());
            let shipping = given(&[
                step.delivery_method,
                step.delivery_provider,
                step.shipping_full_address,
                step.shipping_postcode,
            ]);
            return commerce::checkout_step(text(step.step).as_deref(), shipping, given(&[step.payment_method]));
        }
        "transaction" => Kind::Purchase,
        "refund" => Kind::Refund,
        "trns_error" => Kind::CheckoutError,
        _ => return None,
    })
}

/// What all rows of an event share.
fn head<'a, S: Sink>(event: &Event<'a>, parts: &Parts<'a>, kind: Kind, sink: &mut S) -> Result<RawRow<'a>, Reject> {
    let (fields, entities) = (&event.fields, &event.entities);
    let person = |field| fields.get(field).and_then(ids::person);
    let session: Session<'a> = entities.read(Schema::Session)?;
    let user: User<'a> = entities.read(Schema::User)?;
    let mut row = RawRow::default();
    row.set_some(Field::EventId, fields.get(Atomic::EventId));
    let moments = [Atomic::TrueTstamp, Atomic::DerivedTstamp, Atomic::CollectorTstamp];
    row.set_some(Field::Ts, moments.into_iter().find_map(|field| fields.get(field)));
    row.set(Field::Kind, kind.name());
    let visitor = person(Atomic::DomainUserid)
        .or_else(|| text(session.user_id).and_then(ids::person))
        .or_else(|| person(Atomic::NetworkUserid));
    row.set_some(Field::VisitorId, visitor);
    let is_guest = text(user.is_guest).is_some_and(|flag| flag == "true");
    let named = || text(user.id).filter(|_| !is_guest).and_then(ids::person);
    row.set_some(Field::CustomerId, person(Atomic::UserId).or_else(named));
    let of_domain = fields.get(Atomic::DomainSessionid);
    row.set_some(Field::SessionId, of_domain.or_else(|| text(session.session_id)));
    set_order(&mut row, event, parts, kind);
    let (step, transaction) = (&parts.step, &parts.transaction);
    row.set_some(Field::PaymentMethod, text(transaction.payment_method).or_else(|| text(step.payment_method)));
    row.set_some(Field::ShippingMethod, text(step.delivery_method).or_else(|| text(step.delivery_provider)));
    row.set_some(Field::Coupon, text(transaction.discount_code).or_else(|| text(step.coupon_code)));
    if kind == Kind::CheckoutError {
        let error: entity::TransactionError<'a> = entities.read(Schema::TransactionError)?;
        row.set_some(Field::ErrorCode, text(error.error_code).or_else(|| text(error.error_shortcode)));
        row.set_some(Field::ErrorMessage, text(error.error_description));
    }
    origin::set(&mut row, fields, entities, sink)?;
    Ok(row)
}

/// The order, and the currency of what the event itself says about money.
fn set_order<'a>(row: &mut RawRow<'a>, event: &Event<'a>, parts: &Parts<'a>, kind: Kind) {
    let get = |field| event.fields.get(field);
    let (order, currency) = match kind {
        Kind::Purchase => (
            text(parts.transaction.transaction_id)
                .or_else(|| get(Atomic::TrOrderid))
                .or_else(|| get(Atomic::TiOrderid)),
            text(parts.transaction.currency).or_else(|| get(Atomic::TrCurrency)),
        ),
        Kind::Refund => (text(parts.refund.transaction_id), text(parts.refund.currency)),
        _ => (None, None),
    };
    row.set_some(Field::OrderId, order);
    row.set_some(Field::Currency, currency.or_else(|| text(parts.cart.currency)));
}

/// The products of an event, however it names them.
fn items<'a>(event: &Event<'a>) -> Result<Vec<Item<'a>>, Reject> {
    let entities = &event.entities;
    let mut items: Vec<Item<'a>> = entities.products()?.iter().map(item).collect();
    for schema in [Schema::LegacyAdd, Schema::LegacyRemove] {
        if entities.has(schema) {
            items.push(legacy_item(&entities.read(schema)?));
        }
    }
    let get = |field| event.fields.get(field);
    if get(Atomic::Event).as_deref() == Some("transaction_item") {
        items.push(Item {
            id: get(Atomic::TiSku),
            name: get(Atomic::TiName),
            category: get(Atomic::TiCategory),
            price: get(Atomic::TiPrice),
            quantity: get(Atomic::TiQuantity),
            currency: get(Atomic::TiCurrency),
            ..Item::default()
        });
    }
    Ok(items)
}

fn item<'a>(product: &Product<'a>) -> Item<'a> {
    Item {
        id: text(product.id),
        name: text(product.name),
        category: text(product.category),
        brand: text(product.brand),
        price: number(product.price),
        quantity: number(product.quantity),
        currency: text(product.currency),
        coupon: None,
    }
}

fn legacy_item<'a>(item: &LegacyItem<'a>) -> Item<'a> {
    Item {
        id: text(item.sku),
        name: text(item.name),
        category: text(item.category),
        price: number(item.unit_price),
        quantity: number(item.quantity),
        currency: text(item.currency),
        ..Item::default()
    }
}

/// Hands an event's rows over, or its reject.
fn hand_over<S: Sink>(line: u64, raw: &str, event: Result<Event<'_>, Reject>, sink: &mut S) {
    match event.and_then(|event| rows(&event, sink)) {
        Ok(mut rows) => sink.record(line, raw.as_bytes().into(), &mut rows),
        Err(reject) => sink.reject(line, raw.as_bytes().into(), reject),
    }
}

/// An object of which nothing but its presence is known yet.
type Data<'a> = &'a RawValue;

#[cfg(test)]
mod tests;
