//! Bytes into rows of events, and these into what the kernel and the oracle take.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt16Array,
};
use carts::columns::PERSON;
use carts::persons::Links;
use carts::schema::event_columns;
use events::time::{DAY, HOUR, MINUTE, SECOND};
use events::{Amount, Kind, money, time};

use super::SOURCE;

/// More rows take time and say little that is new. Fewer than 21 adds are never taken for a program's.
const MOST_ROWS: usize = 12;
/// Bytes of a row.
const BYTES: usize = 8;
/// 2025-03-01, so that clocks change and years begin within reach.
const START: i64 = 20_148 * DAY;

/// A row of an event, each column as both have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) ts: i64,
    kind: &'static str,
    event_id: String,
    line: u16,
    visitor: Option<&'static str>,
    customer: Option<&'static str>,
    session: Option<&'static str>,
    order: Option<&'static str>,
    product: Option<&'static str>,
    name: Option<&'static str>,
    category: Option<&'static str>,
    quantity: Option<i32>,
    price: Option<&'static str>,
    order_value: Option<&'static str>,
    currency: Option<&'static str>,
    error: Option<&'static str>,
    device: Option<&'static str>,
    country: Option<&'static str>,
    coupon: Option<&'static str>,
    payment: Option<&'static str>,
    shipping: Option<&'static str>,
}

const KINDS: [&str; 16] = [
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "remove_from_cart",
    "view_cart",
    "begin_checkout",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "checkout_error",
    "purchase",
    "purchase",
    "refund",
    "page_view",
    "feedback",
    "other",
];

const GAPS: [i64; 16] = [
    0,
    1,
    SECOND,
    30 * MINUTE - 1,
    30 * MINUTE,
    30 * MINUTE + 1,
    HOUR,
    DAY,
    3 * DAY - 1,
    3 * DAY,
    3 * DAY + 1,
    30 * DAY - 1,
    30 * DAY,
    30 * DAY + 1,
    365 * DAY,
    -HOUR,
];

const PRICES: [Option<&str>; 8] = [
    None,
    Some("0"),
    Some("10"),
    Some("7.35"),
    Some("0.0001"),
    Some("0.3333"),
    Some("1999.9999"),
    Some("99999999999999.9999"),
];

const QUANTITIES: [Option<i32>; 8] = [None, Some(0), Some(1), Some(1), Some(2), Some(3), Some(7), Some(100_000)];

/// One of a list, by a number.
fn one<T: Copy>(of: &[T], by: u8) -> T {
    of[usize::from(by) % of.len()]
}

/// The rows that these bytes are. Each is an event of its own, or a further line of the one before.
pub(super) fn rows(bytes: &[u8]) -> Vec<Given> {
    let mut rows: Vec<Given> = Vec::new();
    let mut ts = START;
    for [kind, gap, who, what, pieces, price, order, rest] in
        bytes.as_chunks::<BYTES>().0.iter().take(MOST_ROWS).copied()
    {
        let mut row = Given {
            visitor: one(&[None, Some("v1"), Some("v2"), Some("v3")], who),
            customer: one(&[None, None, Some("ann"), Some("bob")], who >> 2),
            session: one(&[None, Some("s1"), Some("s2"), Some("s3")], who >> 4),
            product: one(&[None, Some("p1"), Some("p2"), Some("p3")], what),
            name: one(&[None, Some("cup"), Some("mug"), None], what >> 2),
            category: one(&[None, Some("cups"), Some("pots"), None], what >> 4),
            device: one(&[None, Some("mobile"), Some("desktop"), None], what >> 6),
            quantity: one(&QUANTITIES, pieces),
            coupon: one(&[None, None, Some("SPRING"), Some("X")], pieces >> 3),
            payment: one(&[None, None, Some("card"), Some("invoice")], pieces >> 5),
            price: one(&PRICES, price),
            currency: one(&[None, None, Some("EUR"), Some("GBP"), Some("SEK"), Some("XYZ")], price >> 3),
            order: one(&[None, Some("o1"), Some("o2"), Some("o3")], order),
            order_value: one(&PRICES, order >> 2),
            error: one(&[None, Some("declined"), Some("timeout"), None], order >> 5),
            country: one(&[None, Some("AT")], order >> 7),
            shipping: one(&[None, None, None, Some("Express")], rest >> 1),
            ..Given::default()
        };
        if row.visitor.is_none() && row.customer.is_none() {
            row.visitor = Some("v0");
        }
        if let Some(before) = rows.last().filter(|_| rest & 1 == 1) {
            (row.ts, row.kind, row.line) = (before.ts, before.kind, before.line + 1);
            row.event_id.clone_from(&before.event_id);
        } else {
            ts += one(&GAPS, gap);
            (row.ts, row.kind) = (ts, one(&KINDS, kind));
            // Ids in an order of their own: which of two events of a moment comes first depends on them.
            row.event_id = format!("e{:02}", (rows.len() * 37 + 11) % 97);
        }
        // Only these are settled by an order, and an amount below zero is a refund's alone.
        if row.kind != "purchase" && row.kind != "refund" {
            (row.order, row.order_value) = (None, None);
        }
        rows.push(row);
    }
    rows
}

impl Given {
    /// The row as a log in the contract's columns has it.
    pub(super) fn fields(&self) -> BTreeMap<String, String> {
        let columns = [
            ("ts", Some(time::format(self.ts))),
            ("kind", Some(self.kind.to_owned())),
            ("event_id", Some(self.event_id.clone())),
            ("line", Some(self.line.to_string())),
            ("quantity", self.quantity.map(|pieces| pieces.to_string())),
        ];
        let texts = self.texts().map(|(column, text)| (column, text.map(str::to_owned)));
        let all = columns.into_iter().chain(texts).chain([
            ("unit_price", self.price.map(str::to_owned)),
            ("order_value", self.order_value.map(str::to_owned)),
        ]);
        all.filter_map(|(column, text)| Some((column.to_owned(), text?))).collect()
    }

    fn texts(&self) -> [(&'static str, Option<&'static str>); 14] {
        [
            ("visitor_id", self.visitor),
            ("customer_id", self.customer),
            ("session_id", self.session),
            ("order_id", self.order),
            ("product_id", self.product),
            ("product_name", self.name),
            ("category", self.category),
            ("currency", self.currency),
            ("error_code", self.error),
            ("device", self.device),
            ("country", self.country),
            ("coupon", self.coupon),
            ("payment_method", self.payment),
            ("shipping_method", self.shipping),
        ]
    }

    fn text(&self, column: &str) -> Option<&'static str> {
        self.texts().into_iter().find(|(name, _)| *name == column).and_then(|(_, text)| text)
    }
}

/// Rows as the kernel takes them, each with its person.
pub(super) fn batch(rows: &[&Given]) -> RecordBatch {
    let text = |of: &dyn Fn(&Given) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<StringArray>())
    };
    let price = |of: fn(&Given) -> Option<&'static str>| -> ArrayRef {
        let amounts = rows.iter().map(|row| of(row).map(|text| Amount::parse(text).expect("a price").0));
        let array = amounts.collect::<Decimal128Array>();
        Arc::new(array.with_precision_and_scale(money::PRECISION, money::SCALE).expect("18 digits"))
    };
    let links = links(rows);
    let person = |row: &Given| links.person(row.customer, row.visitor, row.session).map(|person| person.to_string());
    let mut columns: Vec<(&str, ArrayRef)> = vec![(PERSON, text(&person))];
    for name in event_columns() {
        let column = match name {
            "event_id" => text(&|row| Some(row.event_id.clone())),
            "line" => Arc::new(UInt16Array::from_iter_values(rows.iter().map(|row| row.line))),
            "ts" => {
                let moments = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.ts));
                Arc::new(moments.with_timezone("UTC"))
            }
            "kind" => text(&|row| Some(row.kind.to_owned())),
            "source" => text(&|_| Some(SOURCE.to_owned())),
            "quantity" => Arc::new(rows.iter().map(|row| row.quantity).collect::<Int32Array>()),
            "unit_price" => price(|row| row.price),
            "order_value" => price(|row| row.order_value),
            name => Arc::new(rows.iter().map(|row| row.text(name)).collect::<StringArray>()),
        };
        columns.push((name, column));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .expect("columns of one length")
}

/// Who is who, by all rows.
fn links(rows: &[&Given]) -> Links {
    let mut links = Links::default();
    for row in rows {
        if let (Some(visitor), Some(customer)) = (row.visitor, row.customer) {
            links.observe_visitor(visitor, customer);
        }
    }
    for row in rows {
        if let (Some(visitor), Some(session)) = (row.visitor, row.session)
            && links.is_shared(visitor)
        {
            links.want_session(session);
        }
    }
    for row in rows {
        if let (Some(session), Some(customer)) = (row.session, row.customer)
            && links.is_wanted(session)
        {
            links.observe_session(session, customer);
        }
    }
    links
}

const _: () = assert!(Kind::ALL.len() == 17, "a kind more: is it in KINDS?");
