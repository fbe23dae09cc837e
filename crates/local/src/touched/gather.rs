//! The rows of touched persons, from what is remembered.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use carts::columns::{PERSON, Text};
use carts::persons::Links;
use events::bots::Rules;
use events::exchange::Exchange;
use events::hash;
use rayon::prelude::*;

use super::bots::Bots;
use super::{Known, Touched};
use crate::everyone::SCHEMA;
use crate::memory::rows::Codec;
use crate::memory::{Memory, at_once};
use crate::stage::{Rows, Wanted};
use crate::{Error, PARTITIONS};

/// The night before.
pub(crate) struct Then<'a> {
    /// What it remembered.
    pub(crate) known: &'a Known,
    /// The moment as of which it judged.
    pub(crate) as_of: i64,
}

/// Deals every row of the touched persons that is wanted into the partition of its person, and every row of which the
/// night before made carts of these persons into the partition of the person that it was of then.
pub(crate) fn gather(
    touched: &Touched,
    memory: &Memory,
    then: &Then<'_>,
    wanted: &Wanted<'_>,
    into: &Rows,
) -> Result<(), Error> {
    let codec = Codec::new();
    let look_up = LookUp { touched, memory, then, wanted, into, codec };
    // A visitor's rows are all under one key, so that parts of the keys know nothing of each other.
    let keys = touched.keys(touched.persons.keys());
    let parts = keys.par_chunks(at_once(&keys)).map(|keys| look_up.cart_rows(keys));
    let (now, before) =
        parts.try_reduce(Default::default, |one, other| Ok((one.0.with(other.0), one.1.with(other.1))))?;
    // Who never had a cart has no row in any table, and need not be looked up.
    let keys = touched.keys(now.shoppers.union(&before.shoppers));
    keys.par_chunks(at_once(&keys)).try_for_each(|keys| look_up.presence(keys, &now, &before))
}

struct LookUp<'a> {
    touched: &'a Touched,
    memory: &'a Memory,
    then: &'a Then<'a>,
    wanted: &'a Wanted<'a>,
    into: &'a Rows,
    codec: Codec,
}

impl LookUp<'_> {
    /// Deals the rows under these keys that make carts; returns what is found out about their persons now, and as of the
    /// night before.
    fn cart_rows(&self, keys: &[u64]) -> Result<(Found, Found), Error> {
        let (memory, known) = (self.memory, self.then.known);
        let rows = self.codec.cart_rows.look_up_both(&memory.cart_rows, &known.cart_rows, keys)?;
        let [mut now, mut before] = [Found::default(), Found::default()];
        if let Some(rules) = self.wanted.without_bots.filter(|rules| **rules != Rules::OFF) {
            // Most rules look at what is added alone.
            let look_up = || self.codec.presence.look_up_both(&memory.presence, &known.presence, keys);
            let views = (rules.adds_without_views > 0).then(look_up).transpose()?;
            let batches = rows.now.iter().chain(views.iter().flat_map(|views| &views.now));
            now.bots.judge(&batches.collect::<Vec<_>>(), rules, self.wanted.as_of)?;
            let batches = [&rows.then].into_iter().chain(views.iter().map(|views| &views.then));
            before.bots.judge(&batches.collect::<Vec<_>>(), rules, self.then.as_of)?;
        }
        let is_touched = |person: &str| self.touched.persons.contains_key(person);
        for rows in &rows.now {
            let shoppers = self.now(&now.bots).deal(rows, is_touched)?;
            now.shoppers.extend(shoppers);
        }
        before.shoppers = self.before(&before.bots).deal(&rows.then, is_touched)?;
        Ok((now, before))
    }

    /// Deals the other rows under these keys, of those who shop.
    fn presence(&self, keys: &[u64], now: &Found, before: &Found) -> Result<(), Error> {
        let rows = self.codec.presence.look_up_both(&self.memory.presence, &self.then.known.presence, keys)?;
        for rows in &rows.now {
            self.now(&now.bots).deal(rows, |person| now.shoppers.contains(person))?;
        }
        self.before(&before.bots).deal(&rows.then, |person| before.shoppers.contains(person))?;
        Ok(())
    }

    fn now<'b>(&'b self, bots: &'b Bots) -> Dealer<'b> {
        let (as_of, without_bots) = (self.wanted.as_of, self.wanted.without_bots.is_some());
        Dealer { links: &self.touched.links, as_of, without_bots, bots, into: &self.into.now }
    }

    fn before<'b>(&'b self, bots: &'b Bots) -> Dealer<'b> {
        let (as_of, without_bots) = (self.then.as_of, self.wanted.without_bots.is_some());
        Dealer { links: &self.touched.links_then, as_of, without_bots, bots, into: &self.into.then }
    }
}

/// What rows tell of the persons whose they are.
#[derive(Debug, Default)]
struct Found {
    bots: Bots,
    /// Persons with rows that make carts.
    shoppers: HashSet<String>,
}

impl Found {
    fn with(mut self, other: Self) -> Self {
        self.bots.extend(other.bots);
        self.shoppers.extend(other.shoppers);
        self
    }
}

struct Dealer<'a> {
    links: &'a Links,
    as_of: i64,
    without_bots: bool,
    bots: &'a Bots,
    into: &'a Exchange,
}

impl Dealer<'_> {
    /// Deals the rows of persons that are wanted; returns who these are.
    fn deal(&self, batch: &RecordBatch, is_wanted: impl Fn(&str) -> bool) -> Result<HashSet<String>, Error> {
        let text = |name: &str| Text::of(batch, name);
        let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let bot = text("bot")?;
        let ts = batch.column_by_name("ts").expect("always kept").as_primitive::<TimestampMicrosecondType>().values();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS as usize];
        let mut persons = Vec::with_capacity(batch.num_rows());
        let mut dealt = HashSet::new();
        for row in 0..batch.num_rows() {
            let person = self.links.person(customer.get(row), visitor.get(row), session.get(row));
            let is_bot = || bot.get(row).is_some() || self.bots.has(visitor.get(row), customer.get(row), ts[row]);
            let person = person.filter(|_| ts[row] <= self.as_of && !(self.without_bots && is_bot()));
            let person = person.map(|person| person.to_string()).filter(|person| is_wanted(person));
            if let Some(person) = &person {
                let partition = hash::partition(person, PARTITIONS) as usize;
                rows[partition].push(u32::try_from(row).expect("fewer rows than 2^32 are brought back at once"));
                if !dealt.contains(person) {
                    dealt.insert(person.clone());
                }
            }
            persons.push(person);
        }
        let whole = with_persons(batch, &persons)?;
        for (partition, rows) in (0..).zip(rows).filter(|(_, rows)| !rows.is_empty()) {
            self.into.push(partition, take_record_batch(&whole, &UInt32Array::from(rows))?)?;
        }
        Ok(dealt)
    }
}

/// The columns that the kernel reads, as far as they were kept, behind the person of each row.
fn with_persons(batch: &RecordBatch, persons: &[Option<String>]) -> Result<RecordBatch, Error> {
    let names = persons.iter().map(|person| Some(person.as_deref().unwrap_or_default()));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(names.collect::<StringArray>())];
    let mut fields = vec![SCHEMA.field_with_name(PERSON)?.clone()];
    for field in SCHEMA.fields().iter().skip(1) {
        if let Some(column) = batch.column_by_name(field.name()) {
            columns.push(cast(column, field.data_type())?);
            fields.push(field.as_ref().clone());
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
