//! The events table, a day at a time, as much of it as attempts need: rows of the checkout, and how many rows of any kind
//! came hour by hour.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use events::money::Rates;
use events::parquet_io::{self, Reader};
use events::time::HOUR;
use events::{Amount, Kind, bots, hash, lake, time};
use rayon::prelude::*;

use crate::Error;

/// Columns whose words are kept, by position in [`Row::words`].
pub(super) const WORDS: [&str; 10] = [
    "device",
    "os",
    "browser",
    "country",
    "channel",
    "release",
    "category",
    "shipping_method",
    "payment_method",
    "error_code",
];

/// Position of the error among the words.
pub(super) const ERROR: usize = 9;
/// HTTP statuses from which on a request has failed.
const FAILED: u16 = 500;

/// An event row of the checkout.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) ts: i64,
    pub(super) kind: Kind,
    pub(super) line: u16,
    /// Hash of the event: the same for all its lines.
    pub(super) event: u64,
    /// Hash of the row, as carts are named by; 0 unless it could open one.
    pub(super) cart: u128,
    /// Hashes; 0 for none.
    pub(super) visitor: u64,
    pub(super) customer: u64,
    /// Quantity times price in the base currency, in ten-thousandths; `None` without a price.
    pub(super) value: Option<i64>,
    pub(super) coupon: bool,
    /// Numbers of words in [`Words`]; 0 for none.
    pub(super) words: [u16; WORDS.len()],
}

/// The words of every column, by number; the first one stands for none.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) by_number: Vec<Vec<String>>,
    numbers: Vec<HashMap<String, u16>>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self { by_number: vec![vec![String::new()]; WORDS.len()], numbers: vec![HashMap::new(); WORDS.len()] }
    }

    /// The number of a word; beyond 65,000 of a column there is none for new ones.
    fn number(&mut self, column: usize, word: &str) -> u16 {
        if let Some(number) = self.numbers[column].get(word) {
            return *number;
        }
        let next = self.by_number[column].len();
        match u16::try_from(next) {
            Ok(number) if number < 65_000 => {
                self.by_number[column].push(word.to_owned());
                self.numbers[column].insert(word.to_owned(), number);
                number
            }
            _ => 0,
        }
    }
}

/// Events of any kind by source and hour since 1970.
pub(super) type Volume = BTreeMap<(String, i64), u64>;

/// What was read.
pub(super) struct Log {
    pub(super) words: Words,
    pub(super) volume: Volume,
    /// Rows of the checkout by source.
    pub(super) checkout: BTreeMap<String, u64>,
}

/// Which events are read, and by which rules.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) rates: &'a Rates,
    pub(super) bots: &'a bots::Rules,
}

/// Calls `take` for every row of the checkout but those of bots, in order; a day at a time is in memory.
pub(super) fn replay(folder: &Path, span: Span<'_>, mut take: impl FnMut(&Row)) -> Result<Log, Error> {
    let (mut words, mut volume, mut checkout) = (Words::new(), Volume::new(), BTreeMap::new());
    for files in days(folder, span.from, span.until)?.into_values() {
        let parts: Vec<Part> = files.par_iter().map(|file| read(file, span)).collect::<Result<_, Error>>()?;
        let mut rows = Vec::new();
        for part in parts {
            for (key, count) in part.volume {
                *volume.entry(key).or_default() += count;
            }
            for (source, count) in part.checkout {
                *checkout.entry(source).or_default() += count;
            }
            let numbers: Vec<Vec<u16>> = part
                .words
                .by_number
                .iter()
                .enumerate()
                .map(|(column, own)| {
                    let named =
                        own.iter().enumerate().map(|(at, word)| if at == 0 { 0 } else { words.number(column, word) });
                    named.collect()
                })
                .collect();
            rows.extend(part.rows.into_iter().map(|mut row| {
                for (number, of) in row.words.iter_mut().zip(&numbers) {
                    *number = of[usize::from(*number)];
                }
                row
            }));
        }
        rows.par_sort_unstable_by_key(|row: &Row| (row.ts, row.kind.rank(), row.event, row.line, row.cart));
        rows.iter().for_each(&mut take);
    }
    Ok(Log { words, volume, checkout })
}

/// Files by UTC day, those that may hold moments of the span.
pub(super) fn days(folder: &Path, from: i64, until: i64) -> Result<BTreeMap<i32, Vec<PathBuf>>, Error> {
    let mut days: BTreeMap<i32, Vec<PathBuf>> = BTreeMap::new();
    for file in lake::parquet_files(folder)? {
        let named = file.components().rev().find_map(|part| part.as_os_str().to_str()?.strip_prefix("day="));
        let day = match named.and_then(time::parse_day) {
            Some(day) => day,
            None => match parquet_io::range(&file, "ts")? {
                Some((first, _)) => time::utc_day(first),
                None => continue,
            },
        };
        if (time::utc_day(from)..=time::utc_day(until)).contains(&day) {
            days.entry(day).or_default().push(file);
        }
    }
    Ok(days)
}

struct Part {
    rows: Vec<Row>,
    words: Words,
    volume: Volume,
    checkout: BTreeMap<String, u64>,
}

const COLUMNS: [&str; 13] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "source",
    "visitor_id",
    "customer_id",
    "quantity",
    "unit_price",
    "currency",
    "coupon",
    "http_status",
    "bot",
];

fn read(file: &Path, span: Span<'_>) -> Result<Part, Error> {
    let mut columns = COLUMNS.to_vec();
    columns.extend(WORDS);
    // Of a day that is looked at from within, what comes later says nothing of who is a program.
    let judged = bots::as_of(file, span.until, span.bots)?;
    let mut part = Part { rows: Vec::new(), words: Words::new(), volume: Volume::new(), checkout: BTreeMap::new() };
    let mut first = 0;
    for batch in Reader::open(file, &columns)? {
        let batch = batch?;
        let judged = judged.as_ref().map(|rules| &rules[first..first + batch.num_rows()]);
        first += batch.num_rows();
        decode(&batch, span, judged, &mut part).map_err(|source| Error::Query {
            what: "the attempts at the checkout",
            source: format!("{}: {source}", file.display()).into(),
        })?;
    }
    Ok(part)
}

pub(super) fn primitive<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> PrimitiveArray<T> {
    batch.column_by_name(name).expect("asked for").as_primitive::<T>().clone()
}

/// The hash of an id; 0 for none.
pub(super) fn id(text: Option<&str>) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
    text.map_or(0, |text| (hash::of_bytes(text.as_bytes()) as u64).max(1))
}

fn decode(
    batch: &RecordBatch,
    span: Span<'_>,
    judged: Option<&[Option<&'static str>]>,
    part: &mut Part,
) -> Result<(), carts::columns::Error> {
    let text = |name: &str| Text::of(batch, name);
    let ts = primitive::<TimestampMicrosecondType>(batch, "ts");
    let line = primitive::<UInt16Type>(batch, "line");
    let status = primitive::<UInt16Type>(batch, "http_status");
    let quantity = primitive::<Int32Type>(batch, "quantity");
    let price = primitive::<Decimal128Type>(batch, "unit_price");
    let (kind, bot, source, event_id) = (text("kind")?, text("bot")?, text("source")?, text("event_id")?);
    let (visitor, customer) = (text("visitor_id")?, text("customer_id")?);
    let (currency, coupon) = (text("currency")?, text("coupon")?);
    let words = WORDS.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
    let mut hour = (String::new(), i64::MIN, 0_u64);
    for row in 0..batch.num_rows() {
        let at = ts.value(row);
        let is_bot = judged.map_or_else(|| bot.get(row).is_some(), |rules| rules[row].is_some());
        if at > span.until || at < span.from || is_bot {
            continue;
        }
        let (source, event_id) = (source.get(row).unwrap_or_default(), event_id.get(row).unwrap_or_default());
        let line = line.value(row);
        if line == 0 {
            if hour.1 != at.div_euclid(HOUR) || hour.0 != source {
                flush(&mut part.volume, &hour);
                hour = (source.to_owned(), at.div_euclid(HOUR), 0);
            }
            hour.2 += 1;
        }
        let kind = kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other);
        let status = status.is_valid(row).then(|| status.value(row));
        let is_failure = kind == Kind::CheckoutError || status.is_some_and(|status| status >= FAILED);
        if !is_failure && (!kind.is_cart_event() || kind == Kind::ViewCart) {
            continue;
        }
        match part.checkout.get_mut(source) {
            Some(count) => *count += 1,
            None => drop(part.checkout.insert(source.to_owned(), 1)),
        }
        let opens = matches!(kind, Kind::AddToCart | Kind::BeginCheckout);
        let number = line.to_le_bytes();
        let mut numbers = [0; WORDS.len()];
        for (column, text) in words.iter().enumerate() {
            if let Some(word) = text.get(row) {
                numbers[column] = part.words.number(column, word);
            }
        }
        if is_failure && numbers[ERROR] == 0 {
            let named = status.map_or_else(|| "error".to_owned(), |status| format!("HTTP {status}"));
            numbers[ERROR] = part.words.number(ERROR, &named);
        }
        let pieces = if quantity.is_valid(row) { i64::from(quantity.value(row)) } else { 1 };
        let base = span.rates.base();
        let value = price.is_valid(row).then(|| Amount(price.value(row)));
        let value = value.and_then(|price| span.rates.convert(price, currency.get(row).unwrap_or(base), base));
        let fields = [Some(source.as_bytes()), Some(event_id.as_bytes())];
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
        let event = hash::of_fields(fields) as u64;
        part.rows.push(Row {
            ts: at,
            // Whatever kind of request failed, it is an error.
            kind: if is_failure { Kind::CheckoutError } else { kind },
            line,
            event,
            cart: if opens { hash::of_fields([fields[0], fields[1], Some(&number[..])]) } else { 0 },
            visitor: id(visitor.get(row)),
            customer: id(customer.get(row)),
            value: value.and_then(|price| i64::try_from(price.times(pieces).0).ok()),
            coupon: coupon.get(row).is_some(),
            words: numbers,
        });
    }
    flush(&mut part.volume, &hour);
    Ok(())
}

fn flush(volume: &mut Volume, (source, hour, count): &(String, i64, u64)) {
    if *count > 0 {
        *volume.entry((source.clone(), *hour)).or_default() += count;
    }
}
