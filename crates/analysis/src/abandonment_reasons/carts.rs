//! The carts table, as much of it as reasons need.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use events::lake;
use events::parquet_io::Reader;

use super::signals::Signals;
use crate::Error;

/// Columns of the carts table that a barrier's conditions can name.
pub(super) const WORDS: [&str; 8] =
    ["device", "os", "browser", "country", "channel", "release", "payment_method", "shipping_method"];

/// A cart and what was seen of it.
#[derive(Clone, Debug)]
pub(super) struct Cart {
    pub(super) id: String,
    pub(super) person_id: String,
    pub(super) visitor_id: Option<String>,
    pub(super) opened_at: i64,
    pub(super) purchased_at: Option<i64>,
    /// Whether it was not bought within the window, which has passed.
    pub(super) abandoned: bool,
    pub(super) emptied: bool,
    /// As [`WORDS`].
    pub(super) words: [Option<Arc<str>>; WORDS.len()],
    pub(super) signals: Signals,
}

const COLUMNS: [&str; 7] = ["cart_id", "person_id", "visitor_id", "opened_at", "purchased_at", "outcome", "emptied"];

/// Carts opened at `from` or later, by person and time.
pub(super) fn read(folder: &Path, from: i64) -> Result<Vec<Cart>, Error> {
    let mut columns = COLUMNS.to_vec();
    columns.extend(WORDS);
    let mut carts = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &columns)? {
            decode(&batch?, from, &mut carts).map_err(|source| Error::Query {
                what: "the reasons of carts",
                source: format!("{}: {source}", file.display()).into(),
            })?;
        }
    }
    carts.sort_by(|a, b| (&a.person_id, a.opened_at, &a.id).cmp(&(&b.person_id, b.opened_at, &b.id)));
    Ok(carts)
}

fn decode(batch: &RecordBatch, from: i64, into: &mut Vec<Cart>) -> Result<(), carts::columns::Error> {
    let text = |name: &str| Text::of(batch, name);
    let moment =
        |name: &str| batch.column_by_name(name).expect("asked for").as_primitive::<TimestampMicrosecondType>().clone();
    let (cart_id, person_id, visitor_id, outcome) =
        (text("cart_id")?, text("person_id")?, text("visitor_id")?, text("outcome")?);
    let [opened_at, purchased_at] = ["opened_at", "purchased_at"].map(moment);
    let emptied = batch.column_by_name("emptied").expect("asked for").as_boolean();
    let words = WORDS.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
    // Words repeat from row to row: the same text is kept once.
    let mut last: [Option<Arc<str>>; WORDS.len()] = Default::default();
    for row in (0..batch.num_rows()).filter(|row| opened_at.value(*row) >= from) {
        for (last, column) in last.iter_mut().zip(&words) {
            let word = column.get(row);
            if last.as_deref() != word {
                *last = word.map(Arc::from);
            }
        }
        into.push(Cart {
            id: cart_id.get(row).unwrap_or_default().to_owned(),
            person_id: person_id.get(row).unwrap_or_default().to_owned(),
            visitor_id: visitor_id.get(row).map(str::to_owned),
            opened_at: opened_at.value(row),
            purchased_at: purchased_at.is_valid(row).then(|| purchased_at.value(row)),
            abandoned: outcome.get(row) == Some("abandoned"),
            emptied: emptied.value(row),
            words: last.clone(),
            signals: Signals::default(),
        });
    }
    Ok(())
}
