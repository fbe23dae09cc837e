//! The events table, a day at a time and in the order in which things happened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use chrono::NaiveDate;
use events::money::Rates;
use events::parquet_io::{self, Reader};
use events::{Amount, Kind, bots, hash, lake, time};
use rayon::prelude::*;

use crate::Error;

/// Hash of an identity: of a visitor, an account, a visit, an order or a product. Never 0, which stands for none.
pub(super) type Id = u128;

/// A map by [`Id`]: an id is a hash already, so half of it will do as its hash.
pub(super) type ById<V> = std::collections::HashMap<Id, V, std::hash::BuildHasherDefault<HalfId>>;

/// The lower half of an [`Id`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HalfId(u64);

impl std::hash::Hasher for HalfId {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut half = [0; 8];
            half[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(half);
        }
    }
}

/// What a cart event says in words; columns as in [`WORDS`].
pub(super) type Words = [Option<Arc<str>>; WORDS.len()];

/// Columns of [`Words`].
pub(super) const WORDS: [&str; 11] = [
    "device",
    "os",
    "browser",
    "country",
    "channel",
    "release",
    "payment_method",
    "shipping_method",
    "category",
    "error_code",
    "coupon",
];

/// An event row, as much of it as features need.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) ts: i64,
    pub(super) kind: Kind,
    pub(super) line: u16,
    name: Box<str>,
    /// Hash of the event (source and id), the same for all its lines; 0 unless it is a cart event.
    pub(super) whole: Id,
    /// Hash of the row, as carts are named by; 0 unless the row could open one.
    pub(super) row: Id,
    pub(super) visitor: Id,
    pub(super) customer: Id,
    pub(super) session: Id,
    pub(super) order: Id,
    pub(super) product: Id,
    pub(super) quantity: i64,
    /// Price of one piece in the base currency; `None` where none is given or there is no rate.
    pub(super) price: Option<Amount>,
    /// The order's total, likewise.
    pub(super) order_value: Option<Amount>,
    /// `None` unless the row is of a cart event.
    pub(super) words: Option<Box<Words>>,
}

impl Event {
    /// The kernel's order of events: time, then the funnel, then what makes it total.
    fn order(&self) -> (i64, u8, &str, u16, Id) {
        (self.ts, self.kind.rank(), &self.name, self.line, self.whole)
    }
}

/// Which events are read.
pub(super) struct Span<'a> {
    /// First UTC day, as days since 1970.
    pub(super) from: i32,
    /// Nothing after this moment is read.
    pub(super) until: i64,
    pub(super) rates: &'a Rates,
    /// The rules by which bots are told.
    pub(super) bots: &'a bots::Rules,
}

/// Calls `take` for every event of the span but those of bots, in order; a day at a time is in memory.
pub(super) fn replay(folder: &Path, span: &Span<'_>, mut take: impl FnMut(&Event)) -> Result<(), Error> {
    let mut days: BTreeMap<i32, Vec<PathBuf>> = BTreeMap::new();
    for file in lake::parquet_files(folder)? {
        let day = match day_of(&file) {
            Some(day) => day,
            None => match parquet_io::range(&file, "ts")? {
                Some((first, _)) => time::utc_day(first),
                None => continue,
            },
        };
        days.entry(day).or_default().push(file);
    }
    for (_, files) in days.range(span.from..=time::utc_day(span.until)) {
        let parts: Vec<Vec<Event>> = files.par_iter().map(|file| read(file, span)).collect::<Result<_, _>>()?;
        let mut events: Vec<Event> = parts.into_iter().flatten().collect();
        events.par_sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        events.iter().for_each(&mut take);
    }
    Ok(())
}

/// The day of a file in a folder `day=2026-11-20`.
fn day_of(file: &Path) -> Option<i32> {
    let day = file.components().rev().find_map(|part| part.as_os_str().to_str()?.strip_prefix("day="))?;
    let midnight = day.parse::<NaiveDate>().ok()?.and_time(chrono::NaiveTime::MIN).and_utc();
    Some(time::utc_day(midnight.timestamp_micros()))
}

const COLUMNS: [&str; 17] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "source",
    "visitor_id",
    "customer_id",
    "session_id",
    "order_id",
    "product_id",
    "product_name",
    "quantity",
    "unit_price",
    "order_value",
    "currency",
    "bot",
    "category",
];

fn read(file: &Path, span: &Span<'_>) -> Result<Vec<Event>, Error> {
    let mut columns = COLUMNS.to_vec();
    columns.extend(WORDS.iter().filter(|name| !COLUMNS.contains(name)));
    // Of a day that is looked at from within, what comes later says nothing of who is a program.
    let judged = bots::as_of(file, span.until, span.bots)?;
    let mut events = Vec::new();
    let mut first = 0;
    for batch in Reader::open(file, &columns)? {
        let batch = batch?;
        let judged = judged.as_ref().map(|rules| &rules[first..first + batch.num_rows()]);
        first += batch.num_rows();
        decode(&batch, span, judged, &mut events).map_err(|source| Error::Query {
            what: "the features of carts",
            source: format!("{}: {source}", file.display()).into(),
        })?;
    }
    Ok(events)
}

fn primitive<T: arrow::array::ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> PrimitiveArray<T> {
    batch.column_by_name(name).expect("asked for").as_primitive::<T>().clone()
}

fn decode(
    batch: &RecordBatch,
    span: &Span<'_>,
    judged: Option<&[Option<&'static str>]>,
    into: &mut Vec<Event>,
) -> Result<(), carts::columns::Error> {
    let text = |name: &str| Text::of(batch, name);
    let ts = primitive::<TimestampMicrosecondType>(batch, "ts");
    let line = primitive::<UInt16Type>(batch, "line");
    let quantity = primitive::<Int32Type>(batch, "quantity");
    let [unit_price, order_value] = ["unit_price", "order_value"].map(|name| primitive::<Decimal128Type>(batch, name));
    let (kind, bot, source, event_id) = (text("kind")?, text("bot")?, text("source")?, text("event_id")?);
    let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
    let (order, product, name, currency) =
        (text("order_id")?, text("product_id")?, text("product_name")?, text("currency")?);
    let words = WORDS.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
    // Words repeat from row to row: the same text is kept once.
    let mut last: Words = Words::default();
    for row in 0..batch.num_rows() {
        let is_bot = judged.map_or_else(|| bot.get(row).is_some(), |rules| rules[row].is_some());
        if ts.value(row) > span.until || is_bot {
            continue;
        }
        let kind = kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other);
        let (source, event_id) = (source.get(row).unwrap_or_default(), event_id.get(row).unwrap_or_default());
        let money = |column: &Decimal128Array| {
            let base = span.rates.base();
            let amount = column.is_valid(row).then(|| Amount(column.value(row)))?;
            span.rates.convert(amount, currency.get(row).unwrap_or(base), base)
        };
        let opens = matches!(kind, Kind::AddToCart | Kind::BeginCheckout);
        let number = line.value(row).to_le_bytes();
        into.push(Event {
            ts: ts.value(row),
            kind,
            line: line.value(row),
            name: event_id.into(),
            whole: if kind.is_cart_event() {
                hash::of_fields([Some(source.as_bytes()), Some(event_id.as_bytes())])
            } else {
                0
            },
            row: if opens {
                hash::of_fields([Some(source.as_bytes()), Some(event_id.as_bytes()), Some(&number[..])])
            } else {
                0
            },
            visitor: id(visitor.get(row)),
            customer: id(customer.get(row)),
            session: id(session.get(row)),
            order: id(order.get(row)),
            product: id(product.get(row).or_else(|| name.get(row))),
            quantity: if quantity.is_valid(row) { i64::from(quantity.value(row)) } else { 1 },
            price: money(&unit_price),
            order_value: money(&order_value),
            words: kind.is_cart_event().then(|| {
                for (last, column) in last.iter_mut().zip(&words) {
                    let word = column.get(row);
                    if last.as_deref() != word {
                        *last = word.map(Arc::from);
                    }
                }
                Box::new(last.clone())
            }),
        });
    }
    Ok(())
}

/// The hash of an id; 0 for none.
pub(super) fn id(text: Option<&str>) -> Id {
    text.map_or(0, |text| hash::of_bytes(text.as_bytes()).max(1))
}
