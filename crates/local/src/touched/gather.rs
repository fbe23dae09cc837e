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

use super::bots::Bots;
use super::{Known, Touched};
use crate::everyone::SCHEMA;
use crate::memory::Memory;
use crate::memory::rows::Codec;
use crate::stage::{Rows, Wanted};
use crate::{Error, PARTITIONS};

/// Keys that are looked up at once: few enough that their rows fit into memory, enough that runs are read seldom.
const KEYS_AT_ONCE: usize = 1 << 16;

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
    let wanted_then = Wanted { as_of: then.as_of, ..*wanted };
    let dealer = |links, wanted, into| Dealer { links, wanted, into, bots: Bots::default(), shoppers: HashSet::new() };
    let mut now = dealer(&touched.links, wanted, &into.now);
    let mut before = dealer(&touched.links_then, &wanted_then, &into.then);
    for keys in touched.keys(touched.persons.keys()).chunks(KEYS_AT_ONCE) {
        let rows = codec.cart_rows.look_up_both(&memory.cart_rows, &then.known.cart_rows, keys)?;
        if let Some(rules) = wanted.without_bots.filter(|rules| **rules != Rules::OFF) {
            // Most rules look at what is added alone.
            let look_up = || codec.presence.look_up_both(&memory.presence, &then.known.presence, keys);
            let views = (rules.adds_without_views > 0).then(look_up).transpose()?;
            let batches = rows.now.iter().chain(views.iter().flat_map(|views| &views.now));
            now.bots.judge(&batches.collect::<Vec<_>>(), rules, wanted.as_of)?;
            let batches = [&rows.then].into_iter().chain(views.iter().map(|views| &views.then));
            before.bots.judge(&batches.collect::<Vec<_>>(), rules, then.as_of)?;
        }
        let is_touched = |person: &str| touched.persons.contains_key(person);
        rows.now.iter().try_for_each(|rows| now.deal(rows, is_touched))?;
        before.deal(&rows.then, is_touched)?;
    }
    // Who never had a cart has no row in any table, and need not be looked up.
    let [now_shopped, then_shopped] = [&mut now, &mut before].map(|dealer| std::mem::take(&mut dealer.shoppers));
    for keys in touched.keys(now_shopped.union(&then_shopped)).chunks(KEYS_AT_ONCE) {
        let rows = codec.presence.look_up_both(&memory.presence, &then.known.presence, keys)?;
        rows.now.iter().try_for_each(|rows| now.deal(rows, |person| now_shopped.contains(person)))?;
        before.deal(&rows.then, |person| then_shopped.contains(person))?;
    }
    Ok(())
}

struct Dealer<'a> {
    links: &'a Links,
    wanted: &'a Wanted<'a>,
    into: &'a Exchange,
    bots: Bots,
    /// Persons whose rows were dealt.
    shoppers: HashSet<String>,
}

impl Dealer<'_> {
    /// Deals the rows of persons that are wanted.
    fn deal(&mut self, batch: &RecordBatch, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let text = |name: &str| Text::of(batch, name);
        let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let bot = text("bot")?;
        let ts = batch.column_by_name("ts").expect("always kept").as_primitive::<TimestampMicrosecondType>().values();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS as usize];
        let mut persons = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let person = self.links.person(customer.get(row), visitor.get(row), session.get(row));
            let is_bot = || bot.get(row).is_some() || self.bots.has(visitor.get(row), customer.get(row), ts[row]);
            let leaves_out = self.wanted.without_bots.is_some();
            let person = person.filter(|_| ts[row] <= self.wanted.as_of && !(leaves_out && is_bot()));
            let person = person.map(|person| person.to_string()).filter(|person| is_wanted(person));
            if let Some(person) = &person {
                let partition = hash::partition(person, PARTITIONS) as usize;
                rows[partition].push(u32::try_from(row).expect("fewer rows than 2^32 are brought back at once"));
                if !self.shoppers.contains(person) {
                    self.shoppers.insert(person.clone());
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
