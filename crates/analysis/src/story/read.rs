//! The rows of a person out of the events table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float32Type, Int32Type, TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use carts::persons::Links;
use events::parquet_io::Reader;
use events::{Amount, Kind};
use rayon::prelude::*;

use super::{Asked, Story, bucket, buckets, files, moments};
use crate::{Error, Settings};

/// A row, as much of it as a reader wants to know.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) ts: i64,
    pub(crate) kind: Kind,
    pub(crate) line: u16,
    pub(crate) whole: (String, String),
    pub(crate) visitor: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) quantity: i64,
    pub(crate) price: Option<Amount>,
    pub(crate) order_value: Option<Amount>,
    pub(crate) currency: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) payment: Option<String>,
    pub(crate) shipping: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) rating: Option<f64>,
    pub(crate) comment: Option<String>,
    pub(crate) has_account: bool,
}

const IDS: [&str; 4] = ["ts", "customer_id", "visitor_id", "session_id"];

/// Customer, visitor and session of a row.
pub(super) type Ids<'a> = [Option<&'a str>; 3];

/// Visitors that were seen with this customer up to a moment, by a look at every row's ids: for lakes that do not
/// remember it.
///
/// # Errors
/// When a file cannot be read.
pub fn devices(folder: &Path, customer: &str, until: i64) -> Result<BTreeSet<String>, Error> {
    files(folder, i64::MIN / 2, until)?
        .par_iter()
        .map(|file| {
            let mut found = BTreeSet::new();
            ids(file, until, |row| {
                if row[0] == Some(customer) {
                    found.extend(row[1].map(str::to_owned));
                }
            })?;
            Ok(found)
        })
        .try_reduce(BTreeSet::new, |mut left, right| {
            left.extend(right);
            Ok(left)
        })
}

/// The story of a person, from the buckets in which the person's rows can lie. Where a device is shared, the visits that
/// these buckets know of decide whose a row is.
///
/// # Errors
/// When a file cannot be read.
pub fn tell(folder: &Path, asked: &Asked<'_>, settings: &Settings) -> Result<Story, Error> {
    let wanted = buckets(asked);
    let mut all = files(folder, i64::MIN / 2, asked.until)?;
    all.retain(|file| bucket(file).is_none_or(|bucket| wanted.contains(&bucket)));
    let who = who(&all, asked)?;
    let mut span = files(folder, asked.from, asked.until)?;
    span.retain(|file| all.contains(file));
    let is_theirs = |ids: Ids<'_>| {
        let person = who.person(ids[0], ids[1], ids[2]).map(|person| person.to_string());
        person.filter(|person| person == asked.person_id)
    };
    let found = events(&span, &is_theirs, (asked.from, asked.until), settings)?;
    Ok(moments::story(asked.person_id, &found.into_iter().map(|(_, event)| event).collect::<Vec<_>>()))
}

/// Whose rows of the asked visitors are.
fn who(files: &[PathBuf], asked: &Asked<'_>) -> Result<Links, Error> {
    let is_asked = |visitor: Option<&str>| {
        visitor.is_some_and(|visitor| asked.visitors.contains(visitor) || asked.person_id[2..] == *visitor)
    };
    let gather = |observe: &(dyn Fn(Ids<'_>, &mut Links) + Sync)| {
        files
            .par_iter()
            .map(|file| {
                let mut part = Links::default();
                ids(file, asked.until, |row| observe(row, &mut part))?;
                Ok::<_, Error>(part)
            })
            .try_reduce(Links::default, |mut left, right| {
                left.merge(right);
                Ok(left)
            })
    };
    let mut links = gather(&|row, part| {
        if let [Some(customer), Some(visitor), _] = row
            && is_asked(row[1])
        {
            part.observe_visitor(visitor, customer);
        }
    })?;
    if links.any_shared() {
        let seen = gather(&|row, part| {
            if let [Some(customer), _, Some(session)] = row {
                part.want_session(session);
                part.observe_session(session, customer);
            }
        })?;
        links.merge(seen);
    }
    Ok(links)
}

/// Calls `take` for the ids of every row up to a moment.
fn ids(file: &Path, until: i64, mut take: impl FnMut(Ids<'_>)) -> Result<(), Error> {
    for batch in Reader::open(file, &IDS)? {
        let batch = batch?;
        let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let [customer, visitor, session] =
            ["customer_id", "visitor_id", "session_id"].map(|name| Text::of(&batch, name).expect("a column of events"));
        for row in (0..batch.num_rows()).filter(|row| ts.value(*row) <= until) {
            take([customer.get(row), visitor.get(row), session.get(row)]);
        }
    }
    Ok(())
}

const COLUMNS: [&str; 25] = [
    "ts",
    "customer_id",
    "visitor_id",
    "session_id",
    "kind",
    "line",
    "event_id",
    "source",
    "order_id",
    "product_id",
    "product_name",
    "quantity",
    "unit_price",
    "order_value",
    "currency",
    "device",
    "channel",
    "payment_method",
    "shipping_method",
    "error_code",
    "error_message",
    "http_status",
    "rating",
    "comment",
    "bot",
];

/// The rows that `whose` gives to somebody, in order of time. A file's other columns are read only if it has any.
pub(super) fn events(
    files: &[PathBuf],
    whose: &(dyn Fn(Ids<'_>) -> Option<String> + Sync),
    (from, until): (i64, i64),
    settings: &Settings,
) -> Result<Vec<(String, Event)>, Error> {
    let parts = files.par_iter().map(|file| {
        let mut any = false;
        ids(file, until, |row| any |= whose(row).is_some())?;
        let mut found = Vec::new();
        if !any {
            return Ok(found);
        }
        let judged = events::bots::as_of(file, settings.as_of, &settings.bots)?;
        let mut first = 0;
        for batch in Reader::open(file, &COLUMNS)? {
            let batch = batch?;
            let judged = judged.as_ref().map(|rules| &rules[first..first + batch.num_rows()]);
            first += batch.num_rows();
            decode(&batch, whose, (from, until), judged, &mut found).map_err(|source| Error::Query {
                what: "a person's story",
                source: format!("{}: {source}", file.display()).into(),
            })?;
        }
        Ok(found)
    });
    let mut found: Vec<(String, Event)> = parts.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    found.sort_by(|(_, a), (_, b)| {
        (a.ts, a.kind.rank(), &a.whole, a.line).cmp(&(b.ts, b.kind.rank(), &b.whole, b.line))
    });
    Ok(found)
}

fn decode(
    batch: &RecordBatch,
    whose: &(dyn Fn(Ids<'_>) -> Option<String> + Sync),
    (from, until): (i64, i64),
    judged: Option<&[Option<&'static str>]>,
    into: &mut Vec<(String, Event)>,
) -> Result<(), carts::columns::Error> {
    fn primitive<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> PrimitiveArray<T> {
        batch.column_by_name(name).expect("asked for").as_primitive::<T>().clone()
    }
    fn value<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
        column.is_valid(row).then(|| column.value(row))
    }
    let text = |name: &str| Text::of(batch, name);
    let ts = primitive::<TimestampMicrosecondType>(batch, "ts");
    let lines = primitive::<UInt16Type>(batch, "line");
    let statuses = primitive::<UInt16Type>(batch, "http_status");
    let quantities = primitive::<Int32Type>(batch, "quantity");
    let ratings = primitive::<Float32Type>(batch, "rating");
    let [prices, totals] = ["unit_price", "order_value"].map(|name| primitive::<Decimal128Type>(batch, name));
    let (customers, visitors, sessions) = (text("customer_id")?, text("visitor_id")?, text("session_id")?);
    let (kinds, event_ids, sources, bots) = (text("kind")?, text("event_id")?, text("source")?, text("bot")?);
    let (orders, products, names, currencies) =
        (text("order_id")?, text("product_id")?, text("product_name")?, text("currency")?);
    let (devices, channels, payments, shippings) =
        (text("device")?, text("channel")?, text("payment_method")?, text("shipping_method")?);
    let (errors, messages, comments) = (text("error_code")?, text("error_message")?, text("comment")?);
    for row in (0..batch.num_rows()).filter(|row| (from..=until).contains(&ts.value(*row))) {
        let is_bot = judged.map_or_else(|| bots.get(row).is_some(), |rules| rules[row].is_some());
        if is_bot {
            continue;
        }
        let Some(person) = whose([customers.get(row), visitors.get(row), sessions.get(row)]) else { continue };
        let owned = |text: &Text| text.get(row).map(str::to_owned);
        let event = Event {
            ts: ts.value(row),
            kind: kinds.get(row).and_then(Kind::parse).unwrap_or(Kind::Other),
            line: lines.value(row),
            whole: (owned(&sources).unwrap_or_default(), owned(&event_ids).unwrap_or_default()),
            visitor: owned(&visitors),
            session: owned(&sessions),
            order: owned(&orders),
            product: owned(&names).or_else(|| owned(&products)),
            quantity: value(&quantities, row).map_or(1, i64::from),
            price: value(&prices, row).map(Amount),
            order_value: value(&totals, row).map(Amount),
            currency: owned(&currencies),
            device: owned(&devices),
            channel: owned(&channels),
            payment: owned(&payments),
            shipping: owned(&shippings),
            error: owned(&errors),
            message: owned(&messages),
            status: value(&statuses, row),
            rating: value(&ratings, row).map(f64::from).filter(|rating| rating.is_finite()),
            comment: owned(&comments),
            has_account: customers.get(row).is_some(),
        };
        into.push((person, event));
    }
    Ok(())
}
