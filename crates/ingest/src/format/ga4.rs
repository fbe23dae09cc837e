//! GA4's `BigQuery` export as JSON: a line for each event, as `bq extract` writes it, or one list, as the console and `bq
//! query` do, indented or not.
//!
//! Integers come as strings or numbers, absent fields and nulls mean the same, and an event carries its items in a list:
//! each becomes an item line, but of an event that becomes `other`. An event has no id: its identity is the hash of stream, user, session, name, moment, parameters, batch
//! position and items, so that the same event delivered again, with later additions such as `user_ltv`, is the same.
#![expect(clippy::struct_field_names, reason = "fields are named as in the export")]

mod channel;

use std::borrow::Cow;

use events::{Kind, hash};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::native_json::scalar;
use super::{Sink, few};
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use crate::{ids, url};

type Scalar<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event_timestamp: Scalar<'a>,
    #[serde(borrow)]
    event_name: Scalar<'a>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    event_params: Option<Vec<Param<'a>>>,
    #[serde(borrow)]
    user_id: Scalar<'a>,
    #[serde(borrow)]
    user_pseudo_id: Scalar<'a>,
    #[serde(borrow)]
    stream_id: Scalar<'a>,
    #[serde(borrow, default)]
    device: Option<Device<'a>>,
    #[serde(borrow, default)]
    geo: Option<Geo<'a>>,
    #[serde(borrow, default)]
    app_info: Option<AppInfo<'a>>,
    #[serde(borrow, default)]
    traffic_source: Option<channel::Source<'a>>,
    #[serde(borrow, default)]
    collected_traffic_source: Option<channel::Collected<'a>>,
    #[serde(borrow, default)]
    session_traffic_source_last_click: Option<channel::LastClick<'a>>,
    #[serde(borrow, default)]
    ecommerce: Option<Ecommerce<'a>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    items: Option<Vec<Item<'a>>>,
    #[serde(borrow)]
    batch_page_id: Scalar<'a>,
    #[serde(borrow)]
    batch_ordering_id: Scalar<'a>,
    #[serde(borrow)]
    batch_event_index: Scalar<'a>,
}

#[derive(Deserialize)]
struct Param<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Option<ParamValue<'a>>,
}

/// One of these is set; which one differs from row to row for the same key.
#[derive(Deserialize)]
struct ParamValue<'a> {
    #[serde(borrow)]
    string_value: Scalar<'a>,
    #[serde(borrow)]
    int_value: Scalar<'a>,
    #[serde(borrow)]
    float_value: Scalar<'a>,
    #[serde(borrow)]
    double_value: Scalar<'a>,
}

#[derive(Deserialize)]
struct Device<'a> {
    #[serde(borrow)]
    category: Scalar<'a>,
    #[serde(borrow)]
    operating_system: Scalar<'a>,
    #[serde(borrow)]
    browser: Scalar<'a>,
    #[serde(borrow, default)]
    web_info: Option<WebInfo<'a>>,
}

#[derive(Deserialize)]
struct WebInfo<'a> {
    #[serde(borrow)]
    browser: Scalar<'a>,
}

#[derive(Deserialize)]
struct Geo<'a> {
    #[serde(borrow)]
    country: Scalar<'a>,
}

#[derive(Deserialize)]
struct AppInfo<'a> {
    #[serde(borrow)]
    version: Scalar<'a>,
}

#[derive(Deserialize)]
struct Ecommerce<'a> {
    #[serde(borrow)]
    purchase_revenue: Scalar<'a>,
    #[serde(borrow)]
    refund_value: Scalar<'a>,
    #[serde(borrow)]
    transaction_id: Scalar<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    item_id: Scalar<'a>,
    #[serde(borrow)]
    item_name: Scalar<'a>,
    #[serde(borrow)]
    item_brand: Scalar<'a>,
    #[serde(borrow)]
    item_category: Scalar<'a>,
    #[serde(borrow)]
    price: Scalar<'a>,
    #[serde(borrow)]
    quantity: Scalar<'a>,
    #[serde(borrow)]
    coupon: Scalar<'a>,
}

/// Whether a file with this head holds events that are not each on a line of their own.
pub(super) fn is_document(head: &str) -> bool {
    head.trim_start().starts_with(['{', '['])
        && ["\"event_name\"", "\"event_timestamp\""].iter().all(|key| head.contains(key))
}

/// Reads one event.
pub(super) fn record<S: Sink>(line: u64, text: &str, sink: &mut S) {
    // serde would read an array as the fields in order.
    if !text.trim_start().starts_with('{') {
        return sink.reject(line, text.as_bytes().into(), Reject::unreadable("not a JSON object"));
    }
    match serde_json::from_str::<Event<'_>>(text) {
        Ok(event) => {
            let mut rows = rows(&event, sink);
            sink.record(line, text.as_bytes().into(), &mut rows);
        }
        Err(error) => sink.reject(line, text.as_bytes().into(), Reject::unreadable(error.to_string())),
    }
}

/// GA4 writes these where it has no value.
const PLACEHOLDERS: [&str; 4] = ["(not set)", "<Other>", "(data deleted)", ""];

/// The text of a scalar; `None` for null, placeholders and what is no scalar.
fn text(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    scalar(value?).ok().flatten().filter(|text| !PLACEHOLDERS.contains(&text.trim()))
}

impl<'a> Event<'a> {
    /// The first value that is set, of the four that a parameter may have.
    fn param(&self, key: &str) -> Option<Cow<'a, str>> {
        let param = self.event_params.iter().flatten().find(|param| param.key == key)?;
        let value = param.value.as_ref()?;
        [value.string_value, value.int_value, value.double_value, value.float_value].into_iter().find_map(text)
    }

    /// Where in the stream the visit is: `ga_session_id` alone is only the second at which it began.
    fn session(&self) -> Option<String> {
        let visitor = text(self.user_pseudo_id)?;
        let session = self.param("ga_session_id")?;
        Some(format!("{}.{visitor}.{session}", text(self.stream_id).unwrap_or_default()))
    }

    fn id(&self) -> String {
        let head = [
            self.stream_id,
            self.user_pseudo_id,
            self.user_id,
            self.event_name,
            self.event_timestamp,
            self.batch_page_id,
            self.batch_ordering_id,
            self.batch_event_index,
        ];
        let items =
            self.items.iter().flatten().flat_map(|item| [item.item_id, item.item_name, item.price, item.quantity]);
        // Escapes undone and quotes taken off: the exports write the same value in different ways.
        let plain = |value: Scalar<'a>| scalar(value?).ok().flatten();
        let plain: Vec<Option<Cow<'_, str>>> = head.into_iter().chain(items).map(plain).collect();
        let mut params: Vec<(&str, Option<Cow<'_, str>>)> =
            self.event_params.iter().flatten().map(|param| (param.key.as_ref(), self.param(&param.key))).collect();
        params.sort();
        let params = params.iter().flat_map(|(key, value)| [Some(key.as_bytes()), value.as_deref().map(str::as_bytes)]);
        let (head, items) = plain.split_at(head.len());
        let head = head.iter().map(|value| value.as_deref().map(str::as_bytes));
        let items = items.iter().map(|value| value.as_deref().map(str::as_bytes));
        hash::hex(hash::of_fields(head.chain(params).chain(items)))
    }
}

fn kind(name: &str, sink: &mut impl Sink) -> Kind {
    match name {
        "ecommerce_purchase" | "in_app_purchase" => Kind::Purchase,
        "view_search_results" => Kind::Search,
        "screen_view" => Kind::PageView,
        _ => Kind::parse(name).unwrap_or_else(|| {
            sink.unmapped(name);
            Kind::Other
        }),
    }
}

/// One row per item, or one row where there is none.
fn rows<'a, S: Sink>(event: &Event<'a>, sink: &mut S) -> Vec<RawRow<'a>> {
    let kind = kind(&text(event.event_name).unwrap_or_default(), sink);
    let head = head(event, kind);
    let no_items = Vec::new();
    // A list of products shown is no item line of a cart.
    let items = event.items.as_ref().filter(|_| kind != Kind::Other).unwrap_or(&no_items);
    let mut rows: Vec<RawRow<'a>> = items.iter().map(|item| with_item(head.clone(), item)).collect();
    if rows.is_empty() {
        rows.push(head);
    }
    for (line, row) in rows.iter_mut().enumerate() {
        row.set(Field::Line, line.to_string());
    }
    if matches!(kind, Kind::Purchase | Kind::Refund) {
        rows[0].set_some(Field::OrderValue, order_value(event, kind));
    }
    rows
}

/// What all rows of an event share.
fn head<'a>(event: &Event<'a>, kind: Kind) -> RawRow<'a> {
    let mut row = RawRow::default();
    row.set(Field::EventId, event.id());
    row.set_some(Field::Ts, text(event.event_timestamp).map(|micros| moment(&micros)));
    row.set(Field::Kind, kind.name());
    row.set_some(Field::VisitorId, text(event.user_pseudo_id).and_then(ids::person));
    row.set_some(Field::CustomerId, text(event.user_id).and_then(ids::person));
    row.set_some(Field::SessionId, event.session());
    if matches!(kind, Kind::Purchase | Kind::Refund) {
        let of_order = event.ecommerce.as_ref().and_then(|order| text(order.transaction_id));
        row.set_some(Field::OrderId, of_order.or_else(|| event.param("transaction_id")));
    }
    row.set_some(Field::Currency, event.param("currency"));
    if let Some(device) = &event.device {
        row.set_some(Field::Device, text(device.category));
        row.set_some(Field::Os, text(device.operating_system));
        let of_web = device.web_info.as_ref().and_then(|web| text(web.browser));
        row.set_some(Field::Browser, of_web.or_else(|| text(device.browser)));
    }
    row.set_some(Field::Country, event.geo.as_ref().and_then(|geo| text(geo.country)));
    row.set_some(Field::Channel, channel::channel(event));
    row.set_some(Field::Page, event.param("page_location").map(|url| url::page(&url).into_owned()));
    row.set_some(Field::Release, event.app_info.as_ref().and_then(|app| text(app.version)));
    row.set_some(Field::Coupon, event.param("coupon"));
    for (field, key) in PARAMS {
        row.set_some(field, event.param(key));
    }
    row
}

/// Parameters, GA4's own and a shop's, that are contract columns as they are.
const PARAMS: [(Field, &str); 8] = [
    (Field::PaymentMethod, "payment_type"),
    (Field::ShippingMethod, "shipping_tier"),
    (Field::ErrorCode, "error_code"),
    (Field::ErrorMessage, "error_message"),
    (Field::HttpStatus, "http_status"),
    (Field::LatencyMs, "latency_ms"),
    (Field::Rating, "rating"),
    (Field::Comment, "comment"),
];

fn with_item<'a>(mut row: RawRow<'a>, item: &Item<'a>) -> RawRow<'a> {
    row.set_some(Field::ProductId, text(item.item_id));
    row.set_some(Field::ProductName, text(item.item_name));
    row.set_some(Field::Brand, text(item.item_brand));
    row.set_some(Field::Category, text(item.item_category));
    row.set_some(Field::UnitPrice, text(item.price));
    row.set_some(Field::Quantity, text(item.quantity));
    if row.get(Field::Coupon).is_none() {
        row.set_some(Field::Coupon, text(item.coupon));
    }
    row
}

/// The order's money in local currency; `value` is what shops set where the export has no total.
fn order_value<'a>(event: &Event<'a>, kind: Kind) -> Option<Cow<'a, str>> {
    let order = event.ecommerce.as_ref();
    let total = match kind {
        Kind::Refund => order.and_then(|order| text(order.refund_value)),
        _ => order.and_then(|order| text(order.purchase_revenue)),
    };
    total.or_else(|| event.param("value"))
}

/// GA4's moments are always microseconds, also those that are too short for it to show.
fn moment(micros: &str) -> String {
    micros.trim().parse().map_or_else(|_| micros.to_owned(), events::time::format)
}

#[cfg(test)]
mod tests;
