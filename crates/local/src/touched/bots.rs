//! Which of the visitors whose rows are brought back were programs, and on which days.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use events::bots::{self, Row, Rules, judge};
use events::{Kind, time};

use super::gather::KEYS_AT_ONCE;
use crate::Error;
use crate::memory::Memory;
use crate::memory::rows::{Codec, Entries};
use crate::stage::Wanted;

/// Visitors (customers, where rows name no visitor) and UTC days that a rule has taken for a program's.
#[derive(Debug, Default)]
pub(super) struct Bots(HashSet<(String, i32)>);

/// Rows by visitor and UTC day.
type Days = BTreeMap<(String, i32), Vec<Row>>;

impl Bots {
    pub(super) fn has(&self, visitor: Option<&str>, customer: Option<&str>, ts: i64) -> bool {
        let who = visitor.or(customer).unwrap_or_default();
        !self.0.is_empty() && self.0.contains(&(who.to_owned(), time::utc_day(ts)))
    }

    /// Judges everybody under these keys by all rows that are wanted, as ingest judges the rows of a day.
    pub(super) fn among(keys: &[u64], memory: &Memory, codec: &Codec, wanted: &Wanted<'_>) -> Result<Self, Error> {
        let mut found = Self::default();
        let Some(rules) = wanted.without_bots.filter(|rules| **rules != Rules::OFF) else { return Ok(found) };
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let mut days: Days = Days::new();
            // Most visitors add little to carts, and most rules look at nothing else.
            let with_views = rules.adds_without_views > 0;
            let presence = with_views.then_some((&memory.presence, &codec.presence));
            for (runs, codec) in [(&memory.cart_rows, &codec.cart_rows)].into_iter().chain(presence) {
                let mut entries = Entries::default();
                runs.look_up(keys, |key, entry| entries.push(key, entry))?;
                if entries.len() > 0 {
                    collect(&codec.decode(&entries)?, wanted.as_of, &mut days)?;
                }
            }
            for ((who, day), mut rows) in days {
                rows.sort_unstable_by_key(|row| row.ts);
                if judge(&rows, bots::is_network(&who), rules).is_some() {
                    found.0.insert((who, day));
                }
            }
        }
        Ok(found)
    }
}

/// Sorts rows by their visitor's day, as far as they are known at `as_of`.
fn collect(batch: &RecordBatch, as_of: i64, into: &mut Days) -> Result<(), Error> {
    let text = |name: &str| Text::of(batch, name);
    let (visitor, customer, kind) = (text("visitor_id")?, text("customer_id")?, text("kind")?);
    let ts = batch.column_by_name("ts").expect("always kept").as_primitive::<TimestampMicrosecondType>().values();
    for row in (0..batch.num_rows()).filter(|row| ts[*row] <= as_of) {
        let who = visitor.get(row).or(customer.get(row)).unwrap_or_default();
        let kind = kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other);
        into.entry((who.to_owned(), time::utc_day(ts[row]))).or_default().push(Row { ts: ts[row], kind });
    }
    Ok(())
}
