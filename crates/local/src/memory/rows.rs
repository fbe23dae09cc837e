//! Event rows as the entries of runs, and back.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use events::runs::Runs;
use events::schema::EVENTS;

use crate::Error;

/// What is kept of a row that makes carts: what the kernel reads, and what says that it is a bot's.
pub(crate) static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut columns = carts::schema::event_columns();
    columns.push("bot");
    columns
});

/// What is kept of every other row: when somebody was there.
pub(crate) const PRESENCE: [&str; 6] = ["ts", "kind", "visitor_id", "customer_id", "session_id", "bot"];

fn schema(columns: &[&str]) -> SchemaRef {
    let events = EVENTS.schema();
    let fields: Vec<Field> = columns
        .iter()
        .map(|name| {
            let field = events.field_with_name(name).expect("a column of events").clone();
            match field.data_type() {
                DataType::Dictionary(_, value) => field.clone().with_data_type(value.as_ref().clone()),
                _ => field,
            }
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Begins the entry of a row that is in the lake no more: no row begins with it.
const TAKEN_BACK: u8 = 0xff;

/// Entries by key, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    /// Key, and where the entry ends among `bytes`.
    ends: Vec<(u64, usize)>,
    bytes: Vec<u8>,
}

impl Entries {
    pub(crate) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn push(&mut self, key: u64, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        self.ends.push((key, self.bytes.len()));
    }

    fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (key, end))| (*key, &self.bytes[start..*end]))
    }

    /// Without the entries of rows that are in the lake no more: for each that was taken back, one of its kind goes.
    fn standing(self) -> Self {
        let mut gone: HashMap<(u64, &[u8]), usize> = HashMap::new();
        for (key, entry) in self.iter() {
            if let Some(entry) = entry.strip_prefix(&[TAKEN_BACK]) {
                *gone.entry((key, entry)).or_default() += 1;
            }
        }
        if gone.is_empty() {
            return self;
        }
        let mut standing = Self::default();
        for (key, entry) in self.iter().filter(|(_, entry)| !entry.starts_with(&[TAKEN_BACK])) {
            match gone.get_mut(&(key, entry)).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => standing.push(key, entry),
            }
        }
        standing
    }

    /// Writes them as a run; none where there is nothing.
    pub(super) fn write(self, runs: &Runs, name: &str) -> Result<(), Error> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut sorted: Vec<(u64, &[u8])> = self.iter().collect();
        sorted.sort_by_key(|(key, _)| *key);
        let mut writer = runs.add(name)?;
        sorted.into_iter().try_for_each(|(key, entry)| writer.push(key, entry))?;
        Ok(writer.finish()?)
    }
}

/// Rows under some keys in the night before, and tonight.
pub(crate) struct Both {
    pub(crate) then: RecordBatch,
    pub(crate) now: Vec<RecordBatch>,
}

fn found(runs: &Runs, keys: &[u64]) -> Result<Entries, Error> {
    let mut entries = Entries::default();
    runs.look_up(keys, |key, entry| entries.push(key, entry))?;
    Ok(entries)
}

/// Rows of one set of columns to bytes and back.
#[derive(Debug)]
pub(crate) struct RowCodec {
    schema: SchemaRef,
    converter: RowConverter,
}

impl RowCodec {
    fn new(columns: &[&str]) -> Self {
        let schema = schema(columns);
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = RowConverter::new(fields).expect("columns of events can be rows");
        Self { schema, converter }
    }

    fn columns(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let fields = self.schema.fields().iter();
        fields.map(|field| batch.column_by_name(field.name()).expect("asked for").clone()).collect()
    }

    /// The rows of these runs under these keys, which are sorted.
    pub(crate) fn look_up(&self, runs: &Runs, keys: &[u64]) -> Result<RecordBatch, Error> {
        self.decode(&found(runs, keys)?.standing())
    }

    /// As [`RowCodec::look_up`], and the rows of those runs that were there `before`.
    pub(crate) fn look_up_both(&self, runs: &Runs, before: &Runs, keys: &[u64]) -> Result<Both, Error> {
        let (known, new) = (found(before, keys)?, found(&runs.newer(before), keys)?);
        if new.iter().any(|(_, entry)| entry.starts_with(&[TAKEN_BACK])) {
            let mut all = known.clone();
            new.iter().for_each(|(key, entry)| all.push(key, entry));
            return Ok(Both { then: self.decode(&known.standing())?, now: vec![self.decode(&all.standing())?] });
        }
        let then = self.decode(&known.standing())?;
        Ok(Both { now: vec![then.clone(), self.decode(&new)?], then })
    }

    /// The rows that [`Codec::encode`] made these entries of, whether or not they are in the lake.
    pub(crate) fn decode(&self, entries: &Entries) -> Result<RecordBatch, Error> {
        let parser = self.converter.parser();
        let rows = entries.iter().map(|(_, entry)| entry.strip_prefix(&[TAKEN_BACK]).unwrap_or(entry));
        let columns = self.converter.convert_rows(rows.map(|row| parser.parse(row)))?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Both kinds of rows.
#[derive(Debug)]
pub(crate) struct Codec {
    pub(crate) cart_rows: RowCodec,
    pub(crate) presence: RowCodec,
}

impl Codec {
    pub(crate) fn new() -> Self {
        Self { cart_rows: RowCodec::new(&COLUMNS), presence: RowCodec::new(&PRESENCE) }
    }

    /// Adds the rows of a batch without dictionaries to the entries where they belong, as taken back if they are in the
    /// lake no more.
    pub(super) fn encode(
        &self,
        batch: &RecordBatch,
        keys: &[u64],
        is_cart: &[bool],
        takes_back: bool,
        cart_rows: &mut Entries,
        presence: &mut Entries,
    ) -> Result<(), Error> {
        for (codec, into, wanted) in [(&self.cart_rows, cart_rows, true), (&self.presence, presence, false)] {
            let mask = is_cart.iter().map(|is| Some(*is == wanted)).collect::<BooleanArray>();
            let part = filter_record_batch(batch, &mask)?;
            let rows = codec.converter.convert_columns(&codec.columns(&part))?;
            let keys = keys.iter().zip(is_cart).filter(|(_, is)| **is == wanted).map(|(key, _)| *key);
            for (key, row) in keys.zip(&rows) {
                if takes_back {
                    into.push(key, &[&[TAKEN_BACK], row.as_ref()].concat());
                } else {
                    into.push(key, row.as_ref());
                }
            }
        }
        Ok(())
    }
}
