//! The `bot` column of rows about to be written: what the rows of a day, together, say of each visitor.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use events::Kind;
use events::bots::{Rules, Seen, is_behaviour, judge_day};
use events::schema::Type;

use crate::row::Field;

/// The columns of batches by which visitors are judged.
pub(crate) struct Columns<'a> {
    batches: Vec<Batch<'a>>,
}

struct Batch<'a> {
    visitor: &'a StringArray,
    customer: &'a StringArray,
    ts: &'a [i64],
    kind: Words<'a>,
    /// By the key of a kind's name.
    kinds: Vec<Kind>,
    bot: Words<'a>,
}

/// A column of words.
struct Words<'a> {
    keys: &'a DictionaryArray<Int32Type>,
    values: &'a StringArray,
}

impl<'a> Words<'a> {
    fn of(batch: &'a RecordBatch, field: Field) -> Self {
        let keys = batch.column(field as usize).as_dictionary::<Int32Type>();
        Self { keys, values: keys.values().as_string() }
    }

    fn key(&self, row: usize) -> Option<usize> {
        self.keys.key(row)
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        self.key(row).map(|key| self.values.value(key))
    }
}

impl<'a> Columns<'a> {
    /// Of batches with the columns of the events table.
    pub(crate) fn of(batches: &[&'a RecordBatch]) -> Self {
        Self { batches: batches.iter().map(|batch| Batch::of(batch)).collect() }
    }

    /// The `bot` column of rows of one UTC day, given as batch and row, sorted by visitor and time. What was settled
    /// when a row was read stays; verdicts over an earlier state of the day are forgotten.
    pub(crate) fn bot(&self, rows: &[(usize, usize)], rules: &Rules) -> ArrayRef {
        let verdicts = if self.may_hold(rows, rules) {
            let seen: Vec<Seen<'_>> = rows.iter().map(|(batch, row)| self.batches[*batch].seen(*row)).collect();
            judge_day(&seen, rules)
        } else if self.batches.iter().all(|batch| batch.bot.keys.null_count() == batch.bot.keys.len()) {
            return new_null_array(&Type::Word.arrow(), rows.len());
        } else {
            vec![None; rows.len()]
        };
        let of_row =
            |(batch, row): &(usize, usize)| self.batches[*batch].bot.get(*row).filter(|rule| !is_behaviour(rule));
        let rules: DictionaryArray<Int32Type> =
            rows.iter().zip(verdicts).map(|(row, verdict)| of_row(row).or(verdict)).collect();
        Arc::new(rules)
    }

    /// Whether any visitor has as many adds as a rule asks for: on most days none has, and nobody needs to be judged.
    fn may_hold(&self, rows: &[(usize, usize)], rules: &Rules) -> bool {
        let Some(fewest) = rules.fewest_adds() else { return false };
        let adds = rows.iter().filter(|(batch, row)| self.batches[*batch].kind(*row) == Kind::AddToCart);
        let (mut visitor, mut count) = ("", 0);
        for (batch, row) in adds {
            let who = self.batches[*batch].who(*row);
            count = if who == visitor { count + 1 } else { 1 };
            visitor = who;
            if count >= fewest {
                return true;
            }
        }
        false
    }
}

impl<'a> Batch<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let text = |field: Field| batch.column(field as usize).as_string::<i32>();
        let kind = Words::of(batch, Field::Kind);
        let kinds = kind.values.iter().map(|name| name.and_then(Kind::parse).unwrap_or(Kind::Other)).collect();
        Self {
            visitor: text(Field::VisitorId),
            customer: text(Field::CustomerId),
            ts: batch.column(Field::Ts as usize).as_primitive::<TimestampMicrosecondType>().values(),
            kind,
            kinds,
            bot: Words::of(batch, Field::Bot),
        }
    }

    fn who(&self, row: usize) -> &'a str {
        let visitor = self.visitor;
        if visitor.is_valid(row) { visitor.value(row) } else { self.customer.value(row) }
    }

    fn kind(&self, row: usize) -> Kind {
        self.kind.key(row).map_or(Kind::Other, |key| self.kinds[key])
    }

    fn seen(&self, row: usize) -> Seen<'a> {
        Seen { who: self.who(row), ts: self.ts[row], kind: self.kind(row) }
    }
}

/// A batch of the events table with this `bot` column.
pub(crate) fn with(batch: &RecordBatch, bot: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[Field::Bot as usize] = bot;
    RecordBatch::try_new(batch.schema(), columns).expect("a column of the same type and length")
}
