//! Events from files by visitor into an exchange by person.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringBuilder, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use carts::columns::{PERSON, Text};
use carts::persons::{Links, Person};
use carts::schema::event_columns;
use events::exchange::Exchange;
use events::parquet_io::{BATCH_ROWS, Reader};
use events::{bots, hash};
use rayon::prelude::*;

use super::shoppers::{Shoppers, touches_carts};
use crate::stage::Wanted;
use crate::{Error, PARTITIONS};

/// Columns that events which touch no cart are reduced to: they only tell when a person was there.
pub(crate) const PRESENCE: [&str; 4] = [PERSON, "ts", "kind", "session_id"];

/// Rows in the exchange: the person, then the columns that the kernel reads. Any but the person may be absent.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let events = events::schema::events();
    let mut fields = vec![Arc::new(Field::new(PERSON, DataType::Utf8, false))];
    let of_events = |name: &&str| events.field_with_name(name).expect("ours").clone().with_nullable(true);
    fields.extend(event_columns().iter().map(|name| Arc::new(of_events(name))));
    Arc::new(Schema::new(fields))
});

/// Deals every event up to `as_of` into the partition of its person; bots are left out unless they are to be kept.
pub(crate) fn regroup(files: &[PathBuf], wanted: &Wanted<'_>, whose: &Whose, into: &Exchange) -> Result<(), Error> {
    files.par_iter().try_for_each(|file| {
        let mut columns = event_columns();
        columns.push("bot");
        let mut waiting = Waiting::new(into);
        let judged = wanted.without_bots.map(|rules| bots::as_of(file, wanted.as_of, rules)).transpose()?.flatten();
        let mut kept = Kept { wanted, judged, first: 0 };
        for batch in Reader::open_filled(file, &columns)? {
            let batch = batch?;
            deal(&batch, &kept, whose, &mut waiting)?;
            kept.first += batch.num_rows();
        }
        waiting.finish()
    })
}

/// Whose a row is, and whether it matters.
pub(super) struct Whose {
    pub(super) links: Links,
    pub(super) shoppers: Shoppers,
}

/// The name of a person in tables, in place of what is there.
pub(super) fn write_name(person: Person<'_>, name: &mut String) {
    name.clear();
    std::fmt::Write::write_fmt(name, format_args!("{person}")).expect("a String takes any text");
}

/// Which rows of a file count.
struct Kept<'a> {
    wanted: &'a Wanted<'a>,
    /// The rules of the file's rows where its `bot` column knows of rows after `as_of`.
    judged: Option<Vec<Option<&'static str>>>,
    /// The row of the file with which the batch at hand begins.
    first: usize,
}

impl Kept<'_> {
    fn has(&self, row: usize, ts: i64, bot: Option<&Text>) -> bool {
        let is_bot = || match &self.judged {
            Some(rules) => rules[self.first + row].is_some(),
            None => bot.is_some_and(|bot| bot.get(row).is_some()),
        };
        ts <= self.wanted.as_of && (self.wanted.without_bots.is_none() || !is_bot())
    }
}

fn deal(batch: &RecordBatch, kept: &Kept<'_>, whose: &Whose, waiting: &mut Waiting<'_>) -> Result<(), Error> {
    // Columns without a value in the whole file are not there.
    let text = |name: &str| batch.column_by_name(name).map(|_| Text::of(batch, name)).transpose();
    let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
    let bot = text("bot")?;
    let kinds = carts::columns::kinds(batch)?;
    let ts = batch.column_by_name("ts").expect("every row has one").as_primitive::<TimestampMicrosecondType>().values();
    let mut persons = StringBuilder::with_capacity(batch.num_rows(), batch.num_rows() * 16);
    let mut cart_rows: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS as usize];
    let mut presence_rows = cart_rows.clone();
    let mut name = String::new();
    for row in 0..batch.num_rows() {
        let [visitor, customer, session] =
            [&visitor, &customer, &session].map(|text| text.as_ref().and_then(|text| text.get(row)));
        let person = whose.links.person(customer, visitor, session);
        let Some(person) = person.filter(|_| kept.has(row, ts[row], bot.as_ref())) else {
            persons.append_value("");
            continue;
        };
        write_name(person, &mut name);
        persons.append_value(&name);
        let partition = hash::partition(&name, PARTITIONS) as usize;
        let at = u32::try_from(row).expect("batches are small");
        if touches_carts(kinds[row]) {
            cart_rows[partition].push(at);
        } else if session.is_some() && whose.shoppers.may_have(&name) {
            presence_rows[partition].push(at);
        }
    }
    let belonging = with_persons(batch, Arc::new(persons.finish()))?;
    let presence: Vec<usize> = PRESENCE.iter().filter_map(|name| belonging.schema().index_of(name).ok()).collect();
    let presence = belonging.project(&presence)?;
    for (partition, (cart_rows, presence_rows)) in (0..).zip(cart_rows.into_iter().zip(presence_rows)) {
        waiting.push(partition, Part::Cart, &belonging, cart_rows)?;
        waiting.push(partition, Part::Presence, &presence, presence_rows)?;
    }
    Ok(())
}

/// The columns of [`SCHEMA`] that the batch has, behind the persons.
fn with_persons(batch: &RecordBatch, persons: ArrayRef) -> Result<RecordBatch, Error> {
    let (mut fields, mut columns) = (vec![Arc::new(SCHEMA.field(0).clone())], vec![persons]);
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Ok(field) = SCHEMA.field_with_name(field.name()) {
            fields.push(Arc::new(field.clone()));
            columns.push(column.clone());
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

#[derive(Clone, Copy)]
enum Part {
    Cart,
    Presence,
}

/// Small pieces collected into batches worth sending.
struct Waiting<'a> {
    into: &'a Exchange,
    pieces: Vec<[(Vec<RecordBatch>, usize); 2]>,
}

impl<'a> Waiting<'a> {
    fn new(into: &'a Exchange) -> Self {
        Self { into, pieces: (0..PARTITIONS).map(|_| Default::default()).collect() }
    }

    fn push(&mut self, partition: u32, part: Part, from: &RecordBatch, rows: Vec<u32>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let (pieces, count) = &mut self.pieces[partition as usize][part as usize];
        *count += rows.len();
        pieces.push(take_record_batch(from, &UInt32Array::from(rows))?);
        if *count >= BATCH_ROWS { Self::send(self.into, partition, pieces, count) } else { Ok(()) }
    }

    fn send(into: &Exchange, partition: u32, pieces: &mut Vec<RecordBatch>, count: &mut usize) -> Result<(), Error> {
        if let Some(first) = pieces.first() {
            into.push(partition, concat_batches(&first.schema(), pieces.iter())?)?;
        }
        pieces.clear();
        *count = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<(), Error> {
        for (partition, parts) in (0..).zip(&mut self.pieces) {
            for (pieces, count) in parts {
                Self::send(self.into, partition, pieces, count)?;
            }
        }
        Ok(())
    }
}
