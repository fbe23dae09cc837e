//! Segment's and `RudderStack`'s calls as JSON lines, as both write them to object storage.
//!
//! ```text
//! {"type":"track","event":"Product Added","messageId":"…","timestamp":"…","anonymousId":"…","context":{…},"properties":{…}}
//! ```
//! - **Event** `messageId` is the id. `timestamp` is the moment: it is the device's clock, corrected by the library;
//!   the other three are not, and a call without it is rejected.
//! - **Person** `anonymousId` is the visitor, `userId` the customer. `""` and the like are nobody.
//! - **Visit** `anonymousId` and `RudderStack`'s `context.sessionId`, which alone is only a moment; Segment has none.
//! - **Names** are those of the e-commerce spec, version 2 and 1, without regard to case, blanks and `_`; a shop's own
//!   name that spells out a kind of the contract is that kind. Page and screen calls are page views. Everything else,
//!   `identify` included, becomes `other`: such rows say which customer a visitor is.
//! - **Items** `products`, or the event's own product.
//! - **An order's value** is without shipping and tax wherever the call says it: `revenue`, else `subtotal`, else
//!   `total`, else `value`. A refund that says neither of the first two is worth the products that it lists, because
//!   `total` holds shipping and tax, and of a partial refund it is often the whole order's.
//! - **Currency** Absent means the base currency. (The spec says US dollars; shops that leave it out mean their own.)
//! - A **cancelled** order is a refund. An updated order becomes `other`: it repeats the order and tells no refund.
//! - A **denied coupon** is a `checkout_error` with the code `coupon_denied`.
//!
//! Traits, addresses, telephone numbers and IPs are not read.

mod call;
mod origin;

use std::borrow::Cow;

use events::Kind;
use serde_json::value::RawValue;

use super::commerce::{self, Item, Scalar, aside, number, text};
use super::few::Few;
use super::{Format, Sink};
use crate::ids;
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use call::{Call, Context, Product, Properties};

/// The format that a line is in, if it is a call: `RudderStack`'s differ in what its servers and SDKs add.
pub(super) fn recognise(call: &serde_json::Map<String, serde_json::Value>) -> Option<Format> {
    let has = |name: &str| call.contains_key(name);
    let person = has("anonymousId") || has("userId");
    if !(has("type") && person && (has("messageId") || has("originalTimestamp") || has("timestamp"))) {
        return None;
    }
    let context = call.get("context");
    let library = context.and_then(|context| context.pointer("/library/name")?.as_str()).unwrap_or_default();
    let channel = call.get("channel").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_rudder = has("rudderId")
        || has("request_ip")
        || context.is_some_and(|context| context.get("sessionId").is_some())
        || library.to_ascii_lowercase().contains("rudder")
        || matches!(channel, "web" | "mobile" | "sources");
    Some(if is_rudder { Format::Rudderstack } else { Format::Segment })
}

/// Reads one line.
pub(super) fn record<S: Sink>(line: u64, text: &str, sink: &mut S) {
    match read(text, sink) {
        Ok(mut rows) => sink.record(line, text.as_bytes().into(), &mut rows),
        Err(reject) => sink.reject(line, text.as_bytes().into(), reject),
    }
}

fn read<'a, S: Sink>(line: &'a str, sink: &mut S) -> Result<Vec<RawRow<'a>>, Reject> {
    // serde would read a list as the fields in order.
    if !line.trim_start().starts_with('{') {
        return Err(Reject::unreadable("no JSON object"));
    }
    let call: Call<'a> = serde_json::from_str(line).map_err(|error| Reject::unreadable(error.to_string()))?;
    let properties: Properties<'a> =
        call.properties.map_or_else(|| Ok(Properties::default()), |value| commerce::object("properties", value))?;
    let products = products(properties.products)?;
    let kind = kind(&call, &properties).unwrap_or_else(|| {
        sink.unmapped(&name(&call));
        Kind::Other
    });
    let mut items: Vec<Item<'a>> = products.iter().map(item).collect();
    if items.is_empty() && names_its_product(kind) {
        items.push(properties.item());
    }
    let has_prices = items.iter().any(|item| item.price.is_some());
    let order_value = order_value(&properties, kind, has_prices);
    Ok(commerce::rows(&head(&call, &properties, kind, sink), items, order_value))
}

/// The list of products; absent, null and empty are the same.
fn products(value: Scalar<'_>) -> Result<Vec<Product<'_>>, Reject> {
    let Some(value) = value else { return Ok(Vec::new()) };
    if !value.get().starts_with('[') {
        return Err(Reject::unreadable("`products` must be a list"));
    }
    let Few(list): Few<&RawValue> =
        serde_json::from_str(value.get()).map_err(|error| Reject::unreadable(format!("`products`: {error}")))?;
    list.into_iter().map(|product| commerce::object("products[]", product)).collect()
}

/// Kinds whose events have the product in their own properties. Of an event that becomes `other`, those may be
/// anything.
const fn names_its_product(kind: Kind) -> bool {
    matches!(kind, Kind::ViewItem | Kind::AddToCart | Kind::RemoveFromCart | Kind::AddToWishlist | Kind::Feedback)
}

fn item<'a>(product: &Product<'a>) -> Item<'a> {
    Item {
        id: [product.product_id, product.id, product.sku].into_iter().find_map(text),
        name: text(product.name),
        category: text(product.category),
        brand: text(product.brand),
        price: number(product.price),
        quantity: number(product.quantity),
        coupon: text(product.coupon),
        currency: text(product.currency),
    }
}

/// The name by which an event is counted that the contract has no kind for.
fn name<'a>(call: &Call<'a>) -> Cow<'a, str> {
    let call_type = text(call.call_type);
    let is_track = call_type.as_deref().is_none_or(|name| name.trim().eq_ignore_ascii_case("track"));
    let name = if is_track { text(call.event).or(call_type) } else { call_type };
    name.map_or(Cow::Borrowed("track"), |name| match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim()),
        Cow::Owned(name) => Cow::Owned(name.trim().to_owned()),
    })
}

/// A name without regard to case, `_` and how many blanks stand where.
fn folded(name: &str) -> String {
    let name = name.replace('_', " ").to_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kind(call: &Call<'_>, properties: &Properties<'_>) -> Option<Kind> {
    match text(call.call_type).map(|name| folded(&name)).as_deref() {
        Some("page" | "screen") => return Some(Kind::PageView),
        Some("track") | None => {}
        Some(_) => return None,
    }
    let name = folded(&text(call.event)?);
    Some(match name.as_str() {
        "product viewed" | "viewed product" => Kind::ViewItem,
        "products searched" | "searched products" => Kind::Search,
        "product added" | "added product" | "wishlist product added to cart" => Kind::AddToCart,
        "product removed" | "removed product" => Kind::RemoveFromCart,
        "product added to wishlist" => Kind::AddToWishlist,
        "cart viewed" | "viewed cart" => Kind::ViewCart,
        "checkout started" | "started checkout" | "started order" => Kind::BeginCheckout,
        "checkout step viewed" | "checkout step completed" | "viewed checkout step" | "completed checkout step" => {
            let given = |value| text(value).is_some();
            let (shipping, payment) = (given(properties.shipping_method), given(properties.payment_method));
            return commerce::checkout_step(text(properties.step).as_deref(), shipping, payment);
        }
        "payment info entered" | "entered payment info" => Kind::AddPaymentInfo,
        "order completed" | "completed order" => Kind::Purchase,
        "order refunded" | "refunded order" | "order cancelled" | "order canceled" | "cancelled order" => Kind::Refund,
        COUPON_DENIED => Kind::CheckoutError,
        "product reviewed" | "reviewed product" => Kind::Feedback,
        other => return commerce::kind_by_name(other),
    })
}

const COUPON_DENIED: &str = "coupon denied";

fn order_value<'a>(properties: &Properties<'a>, kind: Kind, has_prices: bool) -> Option<Cow<'a, str>> {
    let goods = [properties.revenue, properties.subtotal].into_iter().find_map(number);
    let all = || [properties.total, properties.value].into_iter().find_map(number);
    match kind {
        Kind::Refund if has_prices => goods,
        Kind::Purchase | Kind::Refund => goods.or_else(all),
        _ => None,
    }
}

/// What all rows of a call share.
fn head<'a>(call: &Call<'a>, properties: &Properties<'a>, kind: Kind, sink: &mut impl Sink) -> RawRow<'a> {
    let context: Context<'a> = aside(call.context).unwrap_or_default();
    let mut row = RawRow::default();
    row.set_some(Field::EventId, text(call.message_id));
    row.set_some(Field::Ts, text(call.timestamp));
    row.set(Field::Kind, kind.name());
    // An alias call may name the visitor only as what the customer was called before.
    let visitor = [call.anonymous_id, call.previous_id].into_iter().find_map(|id| text(id).and_then(ids::person));
    let session = text(context.session_id).and_then(|session| Some(format!("{}.{session}", visitor.as_deref()?)));
    row.set_some(Field::SessionId, session);
    row.set_some(Field::VisitorId, visitor);
    row.set_some(Field::CustomerId, text(call.user_id).and_then(ids::person));
    if matches!(kind, Kind::Purchase | Kind::Refund) {
        row.set_some(Field::OrderId, text(properties.order_id).or_else(|| text(properties.order_id_v1)));
    }
    row.set_some(Field::Currency, text(properties.currency));
    let coupon = [properties.coupon, properties.coupon_name, properties.coupon_id].into_iter().find_map(text);
    row.set_some(Field::Coupon, coupon);
    for (field, value) in properties.columns() {
        row.set_some(field, text(value));
    }
    if kind == Kind::CheckoutError && row.get(Field::ErrorCode).is_none() && folded(&name(call)) == COUPON_DENIED {
        row.set(Field::ErrorCode, "coupon_denied");
        row.set_some(Field::ErrorMessage, text(properties.reason));
    }
    origin::set(&mut row, call, &context, properties, sink);
    row
}

impl<'a> Properties<'a> {
    /// The product that the event itself is about.
    fn item(&self) -> Item<'a> {
        item(&Product {
            product_id: self.product_id,
            id: self.id,
            sku: self.sku,
            name: self.name,
            category: self.category,
            brand: self.brand,
            price: self.price,
            quantity: self.quantity,
            ..Product::default()
        })
    }

    /// Properties, the spec's and a shop's own, that are contract columns as they are.
    fn columns(&self) -> [(Field, Option<&'a RawValue>); 8] {
        [
            (Field::PaymentMethod, self.payment_method),
            (Field::ShippingMethod, self.shipping_method),
            (Field::ErrorCode, self.error_code),
            (Field::ErrorMessage, self.error_message),
            (Field::HttpStatus, self.http_status),
            (Field::LatencyMs, self.latency_ms),
            (Field::Rating, self.rating),
            (Field::Comment, self.review_body),
        ]
    }
}

#[cfg(test)]
mod tests;
