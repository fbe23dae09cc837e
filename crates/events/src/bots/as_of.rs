//! A day that is looked at from within: what is later than `as_of` may say nothing of what was before.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::{Rules, Seen, USER_AGENT, is_behaviour, judge_day};
use crate::Kind;
use crate::parquet_io::{self, Error, Reader};

const COLUMNS: [&str; 5] = ["ts", "kind", "visitor_id", "customer_id", "bot"];

/// The rule of every row of a file of the events table, in the order of the file, judged by its rows up to `as_of`
/// alone; rows after it have none. `None` where the file has no rows both before and after: its `bot` column stands.
///
/// # Errors
/// When the file cannot be read.
pub fn as_of(file: &Path, as_of: i64, rules: &Rules) -> Result<Option<Vec<Option<&'static str>>>, Error> {
    let straddles = parquet_io::range(file, "ts")?.is_some_and(|(first, last)| first <= as_of && as_of < last);
    if !straddles {
        return Ok(None);
    }
    let mut batches = Vec::new();
    for batch in Reader::open(file, &COLUMNS)? {
        let plain = parquet_io::plain(&batch?);
        batches.push(plain.map_err(|source| Error::Arrow { path: file.to_path_buf(), source })?);
    }
    let mut rules_of_rows = Vec::new();
    let mut known = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let seen = seen(batch, row);
            let is_known = seen.ts <= as_of;
            let bot = batch.column(4).as_string::<i32>();
            let stays = is_known && bot.is_valid(row) && !is_behaviour(bot.value(row));
            rules_of_rows.push((is_known, stays.then_some(USER_AGENT)));
            known.extend(is_known.then_some(seen));
        }
    }
    let mut judged = judge_day(&known, rules).into_iter();
    let rule = |(is_known, stays): (bool, Option<&'static str>)| {
        let judged = if is_known { judged.next().flatten() } else { None };
        stays.or(judged)
    };
    Ok(Some(rules_of_rows.into_iter().map(rule).collect()))
}

fn seen(batch: &RecordBatch, row: usize) -> Seen<'_> {
    let text = |at: usize| batch.column(at).as_string::<i32>();
    let (visitor, customer) = (text(2), text(3));
    Seen {
        who: if visitor.is_valid(row) { visitor.value(row) } else { customer.value(row) },
        ts: batch.column(0).as_primitive::<TimestampMicrosecondType>().value(row),
        kind: Kind::parse(text(1).value(row)).unwrap_or(Kind::Other),
    }
}
