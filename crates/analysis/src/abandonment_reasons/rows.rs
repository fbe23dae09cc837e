//! The events table, a day at a time and in order, to the carts that its rows tell of.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use carts::persons::{Links, Person};
use events::parquet_io::{self, Reader};
use events::time::DAY;
use events::{Kind, bots, hash, lake, time};
use rayon::prelude::*;

use super::carts::Cart;
use super::signals::Row;
use crate::{Error, Settings};

/// Hands every row of the span that tells of a cart, from its opening to its window, to the cart. `carts` are sorted by
/// person and time.
pub(super) fn replay(folder: &Path, settings: &Settings, from: i64, carts: &mut [Cart]) -> Result<(), Error> {
    let days = files(folder, from, settings.as_of)?;
    let owners = Owners::new(&days, settings.as_of, carts)?;
    for files in days.values() {
        let parts: Vec<Vec<Row>> =
            files.par_iter().map(|file| read(file, settings, &owners)).collect::<Result<_, Error>>()?;
        let mut rows: Vec<Row> = parts.into_iter().flatten().collect();
        rows.par_sort_unstable_by_key(|row| (row.ts, row.kind.rank(), row.event, row.line));
        for row in &rows {
            let of_person = &mut carts[owners.carts_of(row.person)];
            let open = of_person.partition_point(|cart| cart.opened_at <= row.ts);
            let Some(cart) = open.checked_sub(1).map(|at| &mut of_person[at]) else { continue };
            let until = cart.opened_at + settings.window;
            if row.ts <= cart.purchased_at.map_or(until, |at| at.min(until)) {
                cart.signals.take(row);
            }
        }
    }
    Ok(())
}

/// Files by UTC day.
fn files(folder: &Path, from: i64, until: i64) -> Result<BTreeMap<i32, Vec<PathBuf>>, Error> {
    let mut days: BTreeMap<i32, Vec<PathBuf>> = BTreeMap::new();
    for file in lake::parquet_files(folder)? {
        let named = file.components().rev().find_map(|part| part.as_os_str().to_str()?.strip_prefix("day="));
        let day = match named.and_then(time::parse_day) {
            Some(day) => Some(day),
            None => parquet_io::range(&file, "ts")?.map(|(first, _)| time::utc_day(first)),
        };
        if let Some(day) = day.filter(|day| i64::from(*day) * DAY >= from - DAY && *day <= time::utc_day(until)) {
            days.entry(day).or_default().push(file);
        }
    }
    Ok(days)
}

/// Whose a row is, if it is of somebody with carts.
struct Owners {
    links: Links,
    /// Positions by `person_id`.
    persons: HashMap<String, u32>,
    /// Where the carts of each person begin, and where the last one's end.
    starts: Vec<usize>,
}

impl Owners {
    /// Links are learnt from the rows of the span, and from the carts, which know older ones.
    fn new(days: &BTreeMap<i32, Vec<PathBuf>>, as_of: i64, carts: &[Cart]) -> Result<Self, Error> {
        let files: Vec<&PathBuf> = days.values().flatten().collect();
        let mut links = Links::default();
        for cart in carts {
            if let (Some(visitor), Some(customer)) = (&cart.visitor_id, cart.person_id.strip_prefix("c:")) {
                links.observe_visitor(visitor, customer);
            }
        }
        for part in learn(&files, as_of, |links, visitor, customer, _| {
            if let (Some(visitor), Some(customer)) = (visitor, customer) {
                links.observe_visitor(visitor, customer);
            }
        })? {
            links.merge(part);
        }
        if links.any_shared() {
            let known = &links;
            let wanted = learn(&files, as_of, |links, visitor, _, session| {
                if let (true, Some(session)) = (visitor.is_some_and(|visitor| known.is_shared(visitor)), session) {
                    links.want_session(session);
                }
            })?;
            for part in wanted {
                links.merge(part);
            }
            let known = &links;
            let seen = learn(&files, as_of, |links, _, customer, session| {
                if let (Some(customer), Some(session)) = (customer, session.filter(|session| known.is_wanted(session)))
                {
                    links.want_session(session);
                    links.observe_session(session, customer);
                }
            })?;
            for part in seen {
                links.merge(part);
            }
        }
        let (mut persons, mut starts) = (HashMap::new(), Vec::new());
        for (at, cart) in carts.iter().enumerate() {
            if at == 0 || carts[at - 1].person_id != cart.person_id {
                persons.insert(cart.person_id.clone(), u32::try_from(starts.len()).expect("fewer persons than rows"));
                starts.push(at);
            }
        }
        starts.push(carts.len());
        Ok(Self { links, persons, starts })
    }

    fn carts_of(&self, person: u32) -> std::ops::Range<usize> {
        let at = person as usize;
        self.starts[at]..self.starts[at + 1]
    }

    fn of(
        &self,
        customer: Option<&str>,
        visitor: Option<&str>,
        session: Option<&str>,
        key: &mut String,
    ) -> Option<u32> {
        key.clear();
        let (kind, id) = match self.links.person(customer, visitor, session)? {
            Person::Customer(id) => ("c:", id),
            Person::Visitor(id) => ("v:", id),
        };
        key.push_str(kind);
        key.push_str(id);
        self.persons.get(key.as_str()).copied()
    }
}

/// What each file's rows up to `as_of` tell of who is who: `see` gets visitor, customer and session.
fn learn(
    files: &[&PathBuf],
    as_of: i64,
    see: impl Fn(&mut Links, Option<&str>, Option<&str>, Option<&str>) + Sync,
) -> Result<Vec<Links>, Error> {
    let of_file = |file: &&PathBuf| {
        let mut links = Links::default();
        for batch in Reader::open(file, &["ts", "visitor_id", "customer_id", "session_id"])? {
            let batch = batch?;
            let ts = primitive::<TimestampMicrosecondType>(&batch, "ts");
            let [visitor, customer, session] =
                texts(&batch, ["visitor_id", "customer_id", "session_id"]).map_err(|source| failed(file, &source))?;
            for row in (0..batch.num_rows()).filter(|row| ts.value(*row) <= as_of) {
                see(&mut links, visitor.get(row), customer.get(row), session.get(row));
            }
        }
        Ok(links)
    };
    files.par_iter().map(of_file).collect()
}

const COLUMNS: [&str; 12] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "source",
    "visitor_id",
    "customer_id",
    "session_id",
    "product_id",
    "product_name",
    "bot",
    "error_code",
];

fn read(file: &Path, settings: &Settings, owners: &Owners) -> Result<Vec<Row>, Error> {
    // Of a day that is looked at from within, what comes later says nothing of who is a program.
    let judged = bots::as_of(file, settings.as_of, &settings.bots)?;
    let mut rows = Vec::new();
    let mut first = 0;
    for batch in Reader::open(file, &COLUMNS)? {
        let batch = batch?;
        let judged = judged.as_ref().map(|rules| &rules[first..first + batch.num_rows()]);
        first += batch.num_rows();
        decode(&batch, settings.as_of, judged, owners, &mut rows).map_err(|source| failed(file, &source))?;
    }
    Ok(rows)
}

fn decode(
    batch: &RecordBatch,
    as_of: i64,
    judged: Option<&[Option<&'static str>]>,
    owners: &Owners,
    into: &mut Vec<Row>,
) -> Result<(), carts::columns::Error> {
    let ts = primitive::<TimestampMicrosecondType>(batch, "ts");
    let line = primitive::<UInt16Type>(batch, "line");
    let [event_id, kind, source, bot, code] = texts(batch, ["event_id", "kind", "source", "bot", "error_code"])?;
    let [visitor, customer, session] = texts(batch, ["visitor_id", "customer_id", "session_id"])?;
    let [product, name] = texts(batch, ["product_id", "product_name"])?;
    let mut key = String::new();
    for row in 0..batch.num_rows() {
        let is_bot = judged.map_or_else(|| bot.get(row).is_some(), |rules| rules[row].is_some());
        if ts.value(row) > as_of || is_bot {
            continue;
        }
        let Some(person) = owners.of(customer.get(row), visitor.get(row), session.get(row), &mut key) else { continue };
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let (source, event) = (bytes(source.get(row)), bytes(event_id.get(row)));
        into.push(Row {
            ts: ts.value(row),
            kind: kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other),
            event: hash::of_fields([source.as_deref(), event.as_deref()]),
            line: line.value(row),
            person,
            session: short(session.get(row)),
            product: short(product.get(row).or_else(|| name.get(row))),
            error_code: code.get(row).map(Arc::from),
        });
    }
    Ok(())
}

/// Half a hash that stands for the text; 0 for none.
fn short(text: Option<&str>) -> u64 {
    text.map_or(0, |text| (hash::of_bytes(text.as_bytes()) >> 64) as u64 | 1)
}

fn primitive<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> PrimitiveArray<T> {
    batch.column_by_name(name).expect("asked for").as_primitive::<T>().clone()
}

fn texts<const N: usize>(batch: &RecordBatch, names: [&str; N]) -> Result<[Text; N], carts::columns::Error> {
    let texts: Vec<Text> = names.iter().map(|name| Text::of(batch, name)).collect::<Result<_, _>>()?;
    Ok(texts.try_into().expect("one for each name"))
}

fn failed(file: &Path, source: &carts::columns::Error) -> Error {
    Error::Query { what: "the reasons of carts", source: format!("{}: {source}", file.display()).into() }
}
