//! Accepted rows into the events table: by day and bucket, sorted by visitor and time.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type};
use arrow::error::ArrowError;
use events::exchange::{self, Exchange};
use events::schema::EVENTS;
use events::{Begin, Kind, bots, hash, parquet_io, time};
use rayon::prelude::*;

use crate::batch::{self, POSITION, Position};
use crate::dedupe::Verdict;
use crate::gather::Gather;
use crate::row::Field;
use crate::supersede::{self, Listing, Place, TakenBack};

/// Days are dealt into this many groups, so that one task holds the rows of one bucket and group only.
const DAY_GROUPS: u32 = 8;
/// Partitions of the rows' exchange.
pub(crate) const PARTITIONS: u32 = hash::BUCKETS * DAY_GROUPS;

/// The partition in which a row waits to be written.
pub(crate) fn partition(visitor: &str, ts: i64) -> u32 {
    partition_of(hash::bucket(visitor), time::utc_day(ts))
}

fn partition_of(bucket: u32, day: i32) -> u32 {
    bucket * DAY_GROUPS + day.rem_euclid(DAY_GROUPS.cast_signed()).cast_unsigned()
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
    /// A folder could not be listed.
    #[error(transparent)]
    Lake(#[from] events::lake::Error),
}

/// Where accepted rows go.
pub(crate) struct Targets<'a> {
    /// The folder of the events table in the making.
    pub(crate) events: &'a Path,
    /// Which visitors are programs, by what they do within a day.
    pub(crate) bots: &'a bots::Rules,
    /// The events table of the night before, whose files are taken up where rows of tonight belong in them.
    pub(crate) earlier: Option<&'a Path>,
    /// Rows accepted for the first time, once more by themselves, for who has to know what a night brought.
    pub(crate) news: Option<News>,
    /// Rows in these files that are there no more.
    pub(crate) taken_back: &'a TakenBack,
    /// Where these go as they were, if there are any.
    pub(crate) as_they_were: Option<Mutex<parquet_io::Writer>>,
    /// Told of every row of a table that may be superseded one day.
    pub(crate) listing: &'a Listing<'a>,
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) files: u64,
    /// Files of the night before of which no row is left.
    pub(crate) emptied: Vec<PathBuf>,
    /// Whether a row is gone that said whose its visit was.
    pub(crate) unlinks: bool,
}

/// The rows that a night adds.
pub(crate) struct News {
    writer: Mutex<parquet_io::Writer>,
    /// Rows from this position on are new.
    from: Position,
}

impl News {
    pub(crate) fn new(path: &Path, from: Position) -> Result<Self, Error> {
        Ok(Self { writer: Mutex::new(parquet_io::Writer::create(path, &EVENTS, &[])?), from })
    }
}

/// Writes every accepted row. Files of the night before that no row belongs in, or goes from, are not touched.
pub(crate) fn events(rows: &Exchange, verdict: &Verdict, targets: Targets<'_>) -> Result<Written, Error> {
    let parts: Vec<Written> = (0..PARTITIONS)
        .into_par_iter()
        .map(|partition| write_partition(rows, verdict, &targets, partition))
        .collect::<Result<_, _>>()?;
    let mut written = Written::default();
    for part in parts {
        written.files += part.files;
        written.emptied.extend(part.emptied);
        written.unlinks |= part.unlinks;
    }
    if let Some(news) = targets.news {
        news.writer.into_inner().expect("no thread panics while it writes").finish()?;
    }
    if let Some(writer) = targets.as_they_were {
        writer.into_inner().expect("no thread panics while it writes").finish()?;
    }
    Ok(written)
}

fn write_partition(
    rows: &Exchange,
    verdict: &Verdict,
    targets: &Targets<'_>,
    partition: u32,
) -> Result<Written, Error> {
    let mut batches = Vec::new();
    rows.drain::<exchange::Error>(partition, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let mut keys: Vec<Keys<'_>> = batches.iter().map(Keys::new).collect();
    let mut order = entries(&keys, 0, |key, row| verdict.accepts(partition, (key.position[row], key.line[row])));
    let bucket = partition / DAY_GROUPS;
    targets.list(&keys, &order, bucket)?;
    let mut days: BTreeSet<i32> = order.iter().map(|entry| entry.day).collect();
    let taken_back = targets.taken_back_of(partition);
    days.extend(taken_back.keys());
    let earlier = match targets.earlier {
        Some(folder) => take_up(days.iter().map(|day| file(folder, *day, bucket)))?,
        None => Vec::new(),
    };
    keys.extend(earlier.iter().map(Keys::new));
    let mut buffer = Vec::new();
    let mut fate = |key: &Keys<'_>, row: usize| {
        let of_day = taken_back.get(&time::utc_day(key.ts[row]))?;
        of_day.get(&key.identity(row, &mut buffer)).copied()
    };
    order.extend(entries(&keys, batches.len(), |key, row| fate(key, row).is_none()));
    let gone = if taken_back.is_empty() {
        Vec::new()
    } else {
        entries(&keys, batches.len(), |key, row| fate(key, row).is_some())
    };
    let batches: Vec<&RecordBatch> = batches.iter().chain(&earlier).collect();
    order.sort_unstable_by(|a, b| a.order(b).then_with(|| Keys::compare(&keys, a, b)));
    let visitors = crate::bots::Columns::of(&batches);
    let gather = Gather::new(&events::schema::events(), &batches);
    // Who is a bot is found out only when a day is written.
    let blank: Vec<usize> = gather.blank().filter(|at| *at != Field::Bot as usize).collect();
    // What changes is the content of an event that says the same of who it is.
    let says_who = |entry: &Entry| {
        let (key, row) = (&keys[entry.batch as usize], entry.row as usize);
        key.customer.is_valid(row) && fate(key, row) == Some(false)
    };
    let mut written = Written { unlinks: gone.iter().any(says_who), ..Written::default() };
    if let Some(writer) = &targets.as_they_were {
        for part in gone.chunks(parquet_io::BATCH_ROWS) {
            let part = gather.rows(&places(part))?;
            writer.lock().expect("no thread panics while it writes").write(&part)?;
        }
    }
    for day in order.chunk_by(|a, b| a.day == b.day) {
        let path = file(targets.events, day[0].day, bucket);
        let bot = visitors.bot(&places(day), targets.bots);
        let no_bot = (bot.null_count() == bot.len()).then_some(Field::Bot as usize);
        let blank: Vec<usize> = blank.iter().copied().chain(no_bot).collect();
        let mut writer = parquet_io::Writer::create_filled(day.len(), &path, &EVENTS, &["visitor_id", "ts"], &blank)?;
        for (at, part) in day.chunks(parquet_io::BATCH_ROWS).enumerate() {
            let bot = bot.slice(at * parquet_io::BATCH_ROWS, part.len());
            writer.write(&crate::bots::with(&gather.rows(&places(part))?, bot))?;
        }
        writer.finish()?;
        written.files += 1;
        days.remove(&day[0].day);
    }
    // Of days in which rows were to be put, all have some.
    written.emptied.extend(days.into_iter().map(|day| file(targets.events, day, bucket)));
    if let Some(news) = &targets.news {
        let is_new = |entry: &Entry| keys[entry.batch as usize].position[entry.row as usize] >= news.from;
        order.retain(is_new);
        for part in order.chunks(parquet_io::BATCH_ROWS) {
            let part = gather.rows(&places(part))?;
            news.writer.lock().expect("no thread panics while it writes").write(&part)?;
        }
    }
    Ok(written)
}

impl Targets<'_> {
    /// Rows that go from the files of a partition, by day.
    fn taken_back_of(&self, partition: u32) -> BTreeMap<i32, &BTreeMap<u128, bool>> {
        let is_of = |place: &Place| partition_of(place.bucket.into(), place.day) == partition;
        self.taken_back.iter().filter(|(place, _)| is_of(place)).map(|(place, rows)| (place.day, rows)).collect()
    }

    /// Tells of the rows of tables.
    fn list(&self, keys: &[Keys<'_>], order: &[Entry], bucket: u32) -> Result<(), Error> {
        if self.listing.is_empty() {
            return Ok(());
        }
        let bucket = u16::try_from(bucket).expect("few buckets");
        let mut by_table: BTreeMap<usize, Vec<(u128, Place)>> = BTreeMap::new();
        let mut buffer = Vec::new();
        for entry in order {
            let (key, row) = (&keys[entry.batch as usize], entry.row as usize);
            if let Some(table) = self.listing.table(key.position[row]) {
                let listed = (key.identity(row, &mut buffer), Place { day: entry.day, bucket });
                by_table.entry(table).or_default().push(listed);
            }
        }
        by_table.into_iter().try_for_each(|(table, rows)| Ok(self.listing.push(table, &rows)?))
    }
}

/// The rows of the batches from `first` on for which `is_in` holds.
fn entries(keys: &[Keys<'_>], first: usize, mut is_in: impl FnMut(&Keys<'_>, usize) -> bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, key) in keys.iter().enumerate().skip(first) {
        let rows = (0..key.ts.len()).filter(|row| is_in(key, *row));
        entries.extend(rows.map(|row| Entry {
            day: time::utc_day(key.ts[row]),
            begin: Begin::of(key.visitor(row)),
            ts: key.ts[row],
            batch: u32::try_from(at).expect("fewer batches than rows of a partition"),
            row: u32::try_from(row).expect("batches are small"),
        }));
    }
    entries
}

/// The rows of files of the night before, which were accepted before all others; a day that is new has no file.
fn take_up(files: impl Iterator<Item = PathBuf>) -> Result<Vec<RecordBatch>, Error> {
    let names: Vec<&str> = EVENTS.columns.iter().map(|column| column.name).collect();
    let mut batches = Vec::new();
    for path in files.filter(|path| path.exists()) {
        for batch in parquet_io::Reader::open(&path, &names)? {
            let batch = batch?;
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(UInt64Array::from(vec![0; batch.num_rows()])));
            batches.push(RecordBatch::try_new(batch::schema(), columns)?);
        }
    }
    Ok(batches)
}

/// The file of a day and bucket.
pub(crate) fn file(folder: &Path, day: i32, bucket: u32) -> PathBuf {
    folder.join(format!("day={}", time::day_name(day))).join(format!("bucket={bucket}")).join("part-0.parquet")
}

/// A row's place, with what decides most comparisons beside it.
struct Entry {
    day: i32,
    begin: Begin,
    ts: i64,
    batch: u32,
    row: u32,
}

impl Entry {
    fn place(&self) -> (usize, usize) {
        (self.batch as usize, self.row as usize)
    }

    /// By day, visitor and time, as far as these decide.
    fn order(&self, other: &Self) -> Ordering {
        let by_visitor = (self.day, self.begin).cmp(&(other.day, other.begin));
        // The times of two visitors say nothing, and long names may be those of two.
        if self.begin.is_whole() { by_visitor.then(self.ts.cmp(&other.ts)) } else { by_visitor }
    }
}

/// The columns of a batch by which rows are judged and sorted.
struct Keys<'a> {
    visitor: &'a StringArray,
    customer: &'a StringArray,
    ts: &'a [i64],
    rank: Vec<u8>,
    event_id: &'a StringArray,
    sources: Vec<Option<&'a str>>,
    source: &'a [i32],
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
        let sources = batch.column(Field::Source as usize).as_dictionary::<Int32Type>();
        let position = batch.column_by_name(POSITION).expect("every batch on its way has it");
        Self {
            visitor: text(Field::VisitorId),
            customer: text(Field::CustomerId),
            ts: batch.column(Field::Ts as usize).as_primitive::<TimestampMicrosecondType>().values(),
            rank,
            event_id: text(Field::EventId),
            sources: sources.values().as_string::<i32>().iter().collect(),
            source: sources.keys().values(),
            line: batch.column(Field::Line as usize).as_primitive::<UInt16Type>().values(),
            position: position.as_primitive::<UInt64Type>().values(),
        }
    }

    /// The visitor, or the customer of a row that names no visitor; the same as decides the bucket.
    fn visitor(&self, row: usize) -> &str {
        if self.visitor.is_valid(row) { self.visitor.value(row) } else { self.customer.value(row) }
    }

    fn source(&self, row: usize) -> Option<&str> {
        self.sources[usize::try_from(self.source[row]).expect("a valid key")]
    }

    fn identity(&self, row: usize, buffer: &mut Vec<u8>) -> u128 {
        let event_id = self.event_id.is_valid(row).then(|| self.event_id.value(row));
        supersede::identity(buffer, self.source(row), event_id, self.line[row])
    }

    /// A total order: no two accepted rows have source, `event_id` and line in common.
    fn compare(all: &[Self], a: &Entry, b: &Entry) -> Ordering {
        let (left, i) = (&all[a.batch as usize], a.row as usize);
        let (right, j) = (&all[b.batch as usize], b.row as usize);
        left.visitor(i)
            .cmp(right.visitor(j))
            .then_with(|| (left.ts[i], left.rank[i]).cmp(&(right.ts[j], right.rank[j])))
            .then_with(|| left.event_id.value(i).cmp(right.event_id.value(j)))
            .then_with(|| left.line[i].cmp(&right.line[j]))
            .then_with(|| left.source(i).cmp(&right.source(j)))
    }
}

fn places(entries: &[Entry]) -> Vec<(usize, usize)> {
    entries.iter().map(Entry::place).collect()
}
