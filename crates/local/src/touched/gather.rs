//! The rows of touched persons, from what is remembered.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use carts::columns::{PERSON, Text};
use events::bots::Rules;
use events::exchange::Exchange;
use events::hash;

use super::Touched;
use super::bots::Bots;
use crate::everyone::SCHEMA;
use crate::memory::Memory;
use crate::memory::rows::Codec;
use crate::stage::Wanted;
use crate::{Error, PARTITIONS};

/// Keys that are looked up at once: few enough that their rows fit into memory, enough that runs are read seldom.
const KEYS_AT_ONCE: usize = 1 << 16;

/// Deals every row of the touched persons that is wanted into the partition of its person.
pub(crate) fn gather(touched: &Touched, memory: &Memory, wanted: &Wanted<'_>, into: &Exchange) -> Result<(), Error> {
    let codec = Codec::new();
    let mut dealer = Dealer { touched, wanted, into, bots: Bots::default() };
    let mut shoppers = HashSet::new();
    for keys in touched.keys(touched.persons.keys()).chunks(KEYS_AT_ONCE) {
        let rows = codec.cart_rows.look_up(&memory.cart_rows, keys)?;
        if let Some(rules) = wanted.without_bots.filter(|rules| **rules != Rules::OFF) {
            // Most rules look at what is added alone.
            let views = (rules.adds_without_views > 0).then(|| codec.presence.look_up(&memory.presence, keys));
            let views = views.transpose()?;
            let batches: Vec<&RecordBatch> = [&rows].into_iter().chain(&views).collect();
            dealer.bots.judge(&batches, rules, wanted.as_of)?;
        }
        dealer.deal(&rows, |person| touched.persons.contains_key(person), &mut shoppers)?;
    }
    // Who never had a cart has no row in any table, and need not be looked up.
    for keys in touched.keys(shoppers.iter()).chunks(KEYS_AT_ONCE) {
        let rows = codec.presence.look_up(&memory.presence, keys)?;
        dealer.deal(&rows, |person| shoppers.contains(person), &mut HashSet::new())?;
    }
    Ok(())
}

struct Dealer<'a> {
    touched: &'a Touched,
    wanted: &'a Wanted<'a>,
    into: &'a Exchange,
    bots: Bots,
}

impl Dealer<'_> {
    /// Deals the rows of persons that are wanted, and adds to `found` whose rows there were.
    fn deal(
        &self,
        batch: &RecordBatch,
        is_wanted: impl Fn(&str) -> bool,
        found: &mut HashSet<String>,
    ) -> Result<(), Error> {
        let text = |name: &str| Text::of(batch, name);
        let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let bot = text("bot")?;
        let ts = batch.column_by_name("ts").expect("always kept").as_primitive::<TimestampMicrosecondType>().values();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS as usize];
        let mut persons = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let person = self.touched.links.person(customer.get(row), visitor.get(row), session.get(row));
            let is_bot = || bot.get(row).is_some() || self.bots.has(visitor.get(row), customer.get(row), ts[row]);
            let leaves_out = self.wanted.without_bots.is_some();
            let person = person.filter(|_| ts[row] <= self.wanted.as_of && !(leaves_out && is_bot()));
            let person = person.map(|person| person.to_string()).filter(|person| is_wanted(person));
            if let Some(person) = &person {
                let partition = hash::partition(person, PARTITIONS) as usize;
                rows[partition].push(u32::try_from(row).expect("fewer rows than 2^32 are brought back at once"));
                if !found.contains(person) {
                    found.insert(person.clone());
                }
            }
            persons.push(person);
        }
        let whole = with_persons(batch, &persons)?;
        for (partition, rows) in (0..).zip(rows).filter(|(_, rows)| !rows.is_empty()) {
            self.into.push(partition, take_record_batch(&whole, &UInt32Array::from(rows))?)?;
        }
        Ok(())
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
