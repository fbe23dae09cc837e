//! Everybody's orders and refunds, from night to night.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use carts::segments::{Spend, Spender};
use events::parquet_io::{Reader, Writer};
use events::schema::{Table, Type, required};
use events::{Amount, money};

use crate::Error;

const SPEND: Table = Table {
    name: "spend",
    row: "order or refund, as far as it counts for where a person stands",
    columns: &[
        required("person_id", Type::Text, "whose, as known at as_of"),
        required("known_at", Type::Moment, "from this moment on it can count"),
        required("counts_at", Type::Moment, "the moment for which it counts"),
        required("amount", Type::Money, "what it adds, in the base currency; negative for refunds"),
        required("is_order", Type::Flag, "whether it is an order"),
    ],
};

const COLUMNS: [&str; 5] = ["person_id", "known_at", "counts_at", "amount", "is_order"];

fn path(generation: &Path) -> PathBuf {
    generation.join(crate::STATE).join(SPEND.name).join("part-0.parquet")
}

/// What a generation knows of everybody, sorted by person.
pub(crate) fn read(generation: &Path) -> Result<Vec<Spender>, Error> {
    let mut spenders: Vec<Spender> = Vec::new();
    for batch in Reader::open(&path(generation), &COLUMNS)? {
        let batch = batch?;
        let persons = batch.column(0).as_string::<i32>();
        let [known, counts] = [1, 2].map(|at| batch.column(at).as_primitive::<TimestampMicrosecondType>());
        let (amounts, orders) = (batch.column(3).as_primitive::<Decimal128Type>(), batch.column(4).as_boolean());
        for row in 0..batch.num_rows() {
            let spend = Spend {
                known_at: known.value(row),
                counts_at: counts.value(row),
                amount: Amount(amounts.value(row)),
                is_order: orders.value(row),
            };
            match spenders.last_mut().filter(|spender| spender.person == persons.value(row)) {
                Some(spender) => spender.spend.push(spend),
                None => spenders.push(Spender { person: persons.value(row).to_owned(), spend: vec![spend] }),
            }
        }
    }
    Ok(spenders)
}

pub(super) fn write(spenders: &[Spender], generation: &Path) -> Result<(), Error> {
    let rows: Vec<(&str, &Spend)> = spenders
        .iter()
        .flat_map(|spender| spender.spend.iter().map(|spend| (spender.person.as_str(), spend)))
        .collect();
    let moments = |of: fn(&Spend) -> i64| -> ArrayRef {
        let moments = rows.iter().map(|(_, spend)| of(spend));
        Arc::new(TimestampMicrosecondArray::from_iter_values(moments).with_timezone("UTC"))
    };
    let amounts = Decimal128Array::from_iter_values(rows.iter().map(|(_, spend)| spend.amount.0));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|(person, _)| Some(*person)).collect::<StringArray>()),
        moments(|spend| spend.known_at),
        moments(|spend| spend.counts_at),
        Arc::new(amounts.with_precision_and_scale(money::SUM_PRECISION, money::SCALE)?),
        Arc::new(rows.iter().map(|(_, spend)| Some(spend.is_order)).collect::<BooleanArray>()),
    ];
    let mut writer = Writer::create_brief(&path(generation), &SPEND)?;
    writer.write(&RecordBatch::try_new(SPEND.schema(), columns)?)?;
    writer.finish()?;
    Ok(())
}

/// What is known now: of the persons made anew what was made, of all others what was known. Returns also the moment up
/// to which everybody stands where they stood: the first at which spend counts that was not there, or is no more.
pub(super) fn merge(known: Vec<Spender>, made: Vec<Spender>, anew: &HashMap<String, Vec<u64>>) -> (Vec<Spender>, i64) {
    let (gone, stays): (Vec<Spender>, Vec<Spender>) =
        known.into_iter().partition(|spender| anew.contains_key(&spender.person));
    let (gone, came) = (entries(&gone), entries(&made));
    let differs = gone.iter().filter(|(entry, count)| came.get(*entry) != Some(count));
    let differs = differs.chain(came.iter().filter(|(entry, count)| gone.get(*entry) != Some(count)));
    let changed_since = differs.map(|((_, known_at, counts_at, ..), _)| *known_at.max(counts_at)).min();
    let changed_since = changed_since.unwrap_or(i64::MAX);
    let mut spenders = stays;
    spenders.extend(made);
    spenders.sort_unstable_by(|a, b| a.person.cmp(&b.person));
    debug_assert_eq!(spenders.iter().map(|s| &s.person).collect::<BTreeSet<_>>().len(), spenders.len());
    (spenders, changed_since)
}

/// Each order and refund, and how often there is one like it.
fn entries(spenders: &[Spender]) -> BTreeMap<(&str, i64, i64, Amount, bool), u32> {
    let mut entries = BTreeMap::new();
    for spender in spenders {
        for Spend { known_at, counts_at, amount, is_order } in &spender.spend {
            *entries.entry((spender.person.as_str(), *known_at, *counts_at, *amount, *is_order)).or_default() += 1;
        }
    }
    entries
}
