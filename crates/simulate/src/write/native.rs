//! The native format: the contract's columns, as CSV and as NDJSON.

use std::io::Write;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    calendar,
    delivery::Damage,
    event::{Event, Item, Kind, Money},
    write::{MISSING_TS, NO_IDENTITY, UNKNOWN_KIND, UNREADABLE_PRICE, UNREADABLE_QUANTITY, json},
};

const COLUMNS: [&str; 32] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "visitor_id",
    "customer_id",
    "session_id",
    "order_id",
    "product_id",
    "product_name",
    "category",
    "brand",
    "quantity",
    "unit_price",
    "order_value",
    "currency",
    "device",
    "os",
    "browser",
    "country",
    "channel",
    "page",
    "release",
    "payment_method",
    "shipping_method",
    "coupon",
    "error_code",
    "error_message",
    "http_status",
    "latency_ms",
    "rating",
    "comment",
];

/// Places of the columns that damage touches.
const TS: usize = 2;
const KIND: usize = 3;
const VISITOR: usize = 4;
const CUSTOMER: usize = 5;
const QUANTITY: usize = 12;
const UNIT_PRICE: usize = 13;

/// The value of one column.
#[derive(Debug, Clone, PartialEq)]
enum Cell<'e> {
    Empty,
    Word(&'e str),
    Text(String),
    Number(u64),
    Amount(Money),
    Stars(f32),
}

impl<'e> Cell<'e> {
    fn word(word: Option<&'e str>) -> Self {
        word.map_or(Self::Empty, Self::Word)
    }

    fn text(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Empty, |value| Self::Text(value.to_string()))
    }

    fn number(number: Option<impl Into<u64>>) -> Self {
        number.map_or(Self::Empty, |number| Self::Number(number.into()))
    }

    fn amount(amount: Option<Money>) -> Self {
        amount.map_or(Self::Empty, Self::Amount)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Amount(amount) => amount.serialize(serializer),
            Self::Stars(stars) => serializer.serialize_f32(*stars),
        }
    }
}

/// One row, in the order of the columns.
struct Row<'e>([Cell<'e>; COLUMNS.len()]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, cell) in COLUMNS.iter().zip(&self.0) {
            if *cell != Cell::Empty {
                map.serialize_entry(column, cell)?;
            }
        }
        map.end()
    }
}

/// First line of a CSV file.
pub(crate) fn header() -> String {
    COLUMNS.join(",") + "\n"
}

/// Appends the event as CSV.
pub(crate) fn csv(event: &Event, out: &mut Vec<u8>) -> u64 {
    rows(event).map(|row| write_csv(&row, out)).count() as u64
}

/// Appends the event as NDJSON.
pub(crate) fn ndjson(event: &Event, out: &mut Vec<u8>) -> u64 {
    rows(event).map(|row| json::line(&row, out)).count() as u64
}

/// Appends the event's first row as CSV, broken.
pub(crate) fn broken_csv(event: &Event, damage: Damage, out: &mut Vec<u8>) -> &'static str {
    let (row, reason) = broken(event, damage);
    write_csv(&row, out);
    reason
}

/// Appends the event's first row as NDJSON, broken.
pub(crate) fn broken_ndjson(event: &Event, damage: Damage, out: &mut Vec<u8>) -> &'static str {
    let (row, reason) = broken(event, damage);
    json::line(&row, out);
    reason
}

fn broken(event: &Event, damage: Damage) -> (Row<'_>, &'static str) {
    let Row(mut cells) = row(event, 0, event.items.first());
    let reason = match damage {
        Damage::Price => {
            cells[UNIT_PRICE] = Cell::Word("12,9O");
            UNREADABLE_PRICE
        }
        Damage::Quantity => {
            cells[QUANTITY] = Cell::Word("1.5");
            UNREADABLE_QUANTITY
        }
        Damage::Time => {
            cells[TS] = Cell::Empty;
            MISSING_TS
        }
        Damage::Kind => {
            cells[KIND] = Cell::Word("ad_to_cart");
            UNKNOWN_KIND
        }
        Damage::Identity => {
            cells[VISITOR] = Cell::Empty;
            cells[CUSTOMER] = Cell::Empty;
            NO_IDENTITY
        }
    };
    (Row(cells), reason)
}

/// One row per item, or one for an event without items.
fn rows(event: &Event) -> impl Iterator<Item = Row<'_>> {
    let bare = event.items.is_empty().then(|| row(event, 0, None));
    let lines = event.items.iter().zip(0..).map(|(item, line)| row(event, line, Some(item)));
    bare.into_iter().chain(lines)
}

fn row<'e>(event: &'e Event, line: u64, item: Option<&'e Item>) -> Row<'e> {
    let visit = &*event.visit;
    let product = item.map(|item| &*item.product);
    let is_priced = item.is_some_and(|item| item.price.is_some()) || event.order_value.is_some();
    // The total of an order stands on its first line only.
    let order_value = event.order_value.filter(|_| line == 0);
    let failure = event.failure;
    Row([
        Cell::Text(event.id.to_string()),
        Cell::Number(line),
        Cell::Text(calendar::rfc3339(event.ts)),
        Cell::Word(event.kind.as_str()),
        Cell::text(visit.visitor),
        Cell::text(visit.customer),
        Cell::text(visit.session.map(|session| session.id)),
        Cell::text(event.order.map(|order| order.id)),
        Cell::word(product.map(|product| product.sku.as_str())),
        Cell::word(product.map(|product| product.name.as_str())),
        Cell::word(product.map(|product| product.category)),
        Cell::word(product.map(|product| product.brand)),
        Cell::number(item.filter(|_| event.kind != Kind::ViewItem).map(|item| item.quantity)),
        Cell::amount(item.and_then(|item| item.price)),
        Cell::amount(order_value),
        Cell::word(is_priced.then_some("EUR")),
        Cell::word(visit.agent.map(|agent| agent.device)),
        Cell::word(visit.agent.map(|agent| agent.os)),
        Cell::word(visit.agent.map(|agent| agent.browser)),
        Cell::word(visit.country),
        Cell::word(visit.channel),
        Cell::text(event.path()),
        Cell::text(visit.release),
        Cell::word(event.payment_method),
        Cell::word(event.shipping_method),
        Cell::word(event.coupon),
        Cell::word(failure.map(|failure| failure.code)),
        Cell::word(failure.map(|failure| failure.message)),
        Cell::number(failure.map(|failure| failure.http_status)),
        Cell::number(failure.map(|failure| failure.latency_ms).or(event.latency_ms)),
        event.voice.and_then(|voice| voice.rating).map_or(Cell::Empty, Cell::Stars),
        Cell::word(event.voice.and_then(|voice| voice.comment)),
    ])
}

fn write_csv(row: &Row, out: &mut Vec<u8>) {
    for (place, cell) in row.0.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Word(word) => quote(word, out),
            Cell::Text(text) => quote(text, out),
            Cell::Number(number) => show(number, out),
            Cell::Amount(amount) => show(amount, out),
            Cell::Stars(stars) => show(stars, out),
        }
    }
    out.push(b'\n');
}

fn show(value: &impl std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("a buffer takes every byte");
}

/// A field as RFC 4180 has it.
fn quote(text: &str, out: &mut Vec<u8>) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_damage_touches_are_where_it_looks() {
        assert_eq!(COLUMNS[TS], "ts");
        assert_eq!(COLUMNS[KIND], "kind");
        assert_eq!(COLUMNS[VISITOR], "visitor_id");
        assert_eq!(COLUMNS[CUSTOMER], "customer_id");
        assert_eq!(COLUMNS[QUANTITY], "quantity");
        assert_eq!(COLUMNS[UNIT_PRICE], "unit_price");
    }

    #[test]
    fn quotes_and_commas_survive() {
        let mut out = Vec::new();
        quote("Hose, 20 m \"XL\"", &mut out);
        assert_eq!(out, br#""Hose, 20 m ""XL""""#);
    }
}
