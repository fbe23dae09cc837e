//! Which of the visitors whose rows are brought back were programs, and on which days.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use events::bots::{self, Row, Rules, judge};
use events::{Kind, time};

use crate::Error;

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

    /// Adds what was found out about others.
    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Judges everybody whose rows are in `batches`, by those that are wanted, as ingest judges the rows of a day. All rows
    /// of a visitor must be there.
    pub(super) fn judge(&mut self, batches: &[&RecordBatch], rules: &Rules, as_of: i64) -> Result<(), Error> {
        let mut days = Days::new();
        for batch in batches {
            collect(batch, as_of, &mut days)?;
        }
        for ((who, day), mut rows) in days {
            rows.sort_unstable_by_key(|row| row.ts);
            if judge(&rows, bots::is_network(&who), rules).is_some() {
                self.0.insert((who, day));
            }
        }
        Ok(())
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
