//! Accepted rows into the events table: by day and bucket, sorted by visitor and time.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::interleave;
use arrow::datatypes::{Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type};
use arrow::error::ArrowError;
use events::exchange::{self, Exchange};
use events::schema::EVENTS;
use events::{Kind, bots, hash, parquet_io, time};
use rayon::prelude::*;

use crate::batch::POSITION;
use crate::dedupe::Verdict;
use crate::row::{FIELDS, Field};

/// Days are dealt into this many groups, so that one task holds the rows of one bucket and group only.
const DAY_GROUPS: u32 = 8;
/// Partitions of the rows' exchange.
pub(crate) const PARTITIONS: u32 = hash::BUCKETS * DAY_GROUPS;

/// The partition in which a row waits to be written.
pub(crate) fn partition(visitor: &str, ts: i64) -> u32 {
    hash::bucket(visitor) * DAY_GROUPS + time::utc_day(ts).rem_euclid(DAY_GROUPS.cast_signed()).cast_unsigned()
}

/// What went wrong while events were written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Rows could not be brought back from the exchange.
    #[error(transparent)]
    Exchange(#[from] exchange::Error),
    /// Rows could not be rearranged.
    #[error("failed to sort events: {0}")]
    Arrow(#[from] ArrowError),
    /// A file could not be written.
    #[error(transparent)]
    Parquet(#[from] parquet_io::Error),
}

/// Writes every accepted row below `folder`; returns rows and files.
pub(crate) fn events(
    rows: &Exchange,
    verdict: &Verdict,
    rules: &bots::Rules,
    folder: &Path,
) -> Result<(u64, u64), Error> {
    (0..PARTITIONS)
        .into_par_iter()
        .map(|partition| write_partition(rows, verdict, rules, folder, partition))
        .try_reduce(|| (0, 0), |a, b| Ok((a.0 + b.0, a.1 + b.1)))
}

fn write_partition(
    rows: &Exchange,
    verdict: &Verdict,
    rules: &bots::Rules,
    folder: &Path,
    partition: u32,
) -> Result<(u64, u64), Error> {
    let mut batches = Vec::new();
    rows.drain::<exchange::Error>(partition, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let keys: Vec<Keys<'_>> = batches.iter().map(Keys::new).collect();
    let mut order: Vec<Entry> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        for row in 0..key.ts.len() {
            if verdict.accepts(partition, (key.position[row], key.line[row])) {
                order.push(Entry {
                    day: time::utc_day(key.ts[row]),
                    prefix: prefix(key.visitor(row)),
                    batch: u32::try_from(at).expect("fewer batches than rows of a partition"),
                    row: u32::try_from(row).expect("batches are small"),
                });
            }
        }
    }
    order.sort_unstable_by(|a, b| (a.day, a.prefix).cmp(&(b.day, b.prefix)).then_with(|| Keys::compare(&keys, a, b)));
    let visitors = crate::bots::Columns::of(&batches);
    let bucket = partition / DAY_GROUPS;
    let mut written = (0, 0);
    for day in order.chunk_by(|a, b| a.day == b.day) {
        let path = file(folder, day[0].day, bucket);
        let mut writer = parquet_io::Writer::create_for(day.len(), &path, &EVENTS, &["visitor_id", "ts"])?;
        let bot = visitors.bot(&day.iter().map(Entry::place).collect::<Vec<_>>(), rules);
        for (at, part) in day.chunks(parquet_io::BATCH_ROWS).enumerate() {
            let bot = bot.slice(at * parquet_io::BATCH_ROWS, part.len());
            writer.write(&crate::bots::with(&gather(&batches, part)?, bot))?;
        }
        written.0 += writer.finish()?;
        written.1 += 1;
    }
    Ok(written)
}

fn file(folder: &Path, day: i32, bucket: u32) -> PathBuf {
    folder.join(format!("day={}", time::day_name(day))).join(format!("bucket={bucket}")).join("part-0.parquet")
}

/// A row's place, with what decides most comparisons beside it.
struct Entry {
    day: i32,
    prefix: u64,
    batch: u32,
    row: u32,
}

impl Entry {
    fn place(&self) -> (usize, usize) {
        (self.batch as usize, self.row as usize)
    }
}

/// The first eight bytes of a text, in its order.
fn prefix(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = text.len().min(8);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

/// The columns of a batch by which rows are judged and sorted.
struct Keys<'a> {
    visitor: &'a StringArray,
    customer: &'a StringArray,
    ts: &'a [i64],
    rank: Vec<u8>,
    event_id: &'a StringArray,
    line: &'a [u16],
    position: &'a [u64],
}

impl<'a> Keys<'a> {
    fn new(batch: &'a RecordBatch) -> Self {
        let text = |field: Field| batch.column(field as usize).as_string::<i32>();
        let kinds = batch.column(Field::Kind as usize).as_dictionary::<Int32Type>();
        let names = kinds.values().as_string::<i32>();
        let ranks: Vec<u8> =
            names.iter().map(|name| name.and_then(Kind::parse).unwrap_or(Kind::Other).rank()).collect();
        let rank = kinds.keys().values().iter().map(|key| ranks[usize::try_from(*key).expect("a valid key")]).collect();
        let position = batch.column_by_name(POSITION).expect("every batch on its way has it");
        Self {
            visitor: text(Field::VisitorId),
            customer: text(Field::CustomerId),
            ts: batch.column(Field::Ts as usize).as_primitive::<TimestampMicrosecondType>().values(),
            rank,
            event_id: text(Field::EventId),
            line: batch.column(Field::Line as usize).as_primitive::<UInt16Type>().values(),
            position: position.as_primitive::<UInt64Type>().values(),
        }
    }

    /// The visitor, or the customer of a row that names no visitor; the same as decides the bucket.
    fn visitor(&self, row: usize) -> &str {
        if self.visitor.is_valid(row) { self.visitor.value(row) } else { self.customer.value(row) }
    }

    fn compare(all: &[Self], a: &Entry, b: &Entry) -> Ordering {
        let (left, i) = (&all[a.batch as usize], a.row as usize);
        let (right, j) = (&all[b.batch as usize], b.row as usize);
        left.visitor(i)
            .cmp(right.visitor(j))
            .then_with(|| (left.ts[i], left.rank[i]).cmp(&(right.ts[j], right.rank[j])))
            .then_with(|| left.event_id.value(i).cmp(right.event_id.value(j)))
            .then_with(|| (left.line[i], left.position[i]).cmp(&(right.line[j], right.position[j])))
    }
}

fn gather(batches: &[RecordBatch], entries: &[Entry]) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<(usize, usize)> = entries.iter().map(Entry::place).collect();
    let columns: Vec<ArrayRef> = (0..FIELDS)
        .map(|column| {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
            interleave(&parts, &rows)
        })
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(events::schema::events(), columns)
}
