//! What time alone does to carts: of a person without new events, only these columns change from one night to the next.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, TimestampMicrosecondType};

use crate::columns::{Error, Text};
use crate::kernel::Rules;
use crate::schema::CARTS;

/// The columns that [`is_due`] needs to see.
pub const COLUMNS: [&str; 4] = ["outcome", "state", "opened_at", "last_activity_at"];

/// Whether each cart has matured or expired since it was judged, as of `rules.as_of`.
///
/// # Errors
/// When a column of [`COLUMNS`] is absent or of another type.
pub fn is_due(carts: &RecordBatch, rules: &Rules) -> Result<Vec<bool>, Error> {
    let (outcome, state) = (Text::of(carts, "outcome")?, Text::of(carts, "state")?);
    let (opened, active) = (moments(carts, "opened_at")?, moments(carts, "last_activity_at")?);
    Ok((0..carts.num_rows())
        .map(|row| {
            matures(outcome.get(row), opened.value(row), rules) || expires(state.get(row), active.value(row), rules)
        })
        .collect())
}

/// The same carts as of `rules.as_of`, none of whose persons had an event since they were judged.
///
/// A pending cart whose window has passed is abandoned, and what was in it then is what is in it now; an open cart is
/// expired once its silence has lasted.
///
/// # Errors
/// When a column of [`CARTS`] is absent or of another type.
pub fn age(carts: &RecordBatch, rules: &Rules) -> Result<RecordBatch, Error> {
    let (outcome, state) = (Text::of(carts, "outcome")?, Text::of(carts, "state")?);
    let (opened, active) = (moments(carts, "opened_at")?, moments(carts, "last_activity_at")?);
    let expired_at = moments(carts, "expired_at")?;
    let (value, at_window) = (amounts(carts, "value")?, amounts(carts, "value_at_window")?);
    let rows = 0..carts.num_rows();
    let matures: Vec<bool> = rows.clone().map(|row| matures(outcome.get(row), opened.value(row), rules)).collect();
    let expires: Vec<bool> = rows.clone().map(|row| expires(state.get(row), active.value(row), rules)).collect();
    let columns = CARTS
        .columns
        .iter()
        .filter_map(|column| Some((column, carts.column_by_name(column.name)?)))
        .map(|(column, now)| match column.name {
            "outcome" => words(rows.clone().map(|row| if matures[row] { Some("abandoned") } else { outcome.get(row) })),
            "state" => words(rows.clone().map(|row| if expires[row] { Some("expired") } else { state.get(row) })),
            "value_at_window" => {
                let aged = rows.clone().map(|row| {
                    let from = if matures[row] { &value } else { &at_window };
                    from.is_valid(row).then(|| from.value(row))
                });
                let aged = aged.collect::<Decimal128Array>();
                Arc::new(aged.with_data_type(at_window.data_type().clone()))
            }
            "expired_at" => {
                let aged = rows.clone().map(|row| {
                    let silent_until = expires[row].then(|| active.value(row).saturating_add(rules.expiry));
                    silent_until.or_else(|| expired_at.is_valid(row).then(|| expired_at.value(row)))
                });
                Arc::new(aged.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            _ => now.clone(),
        })
        .collect();
    Ok(RecordBatch::try_new(carts.schema(), columns).expect("as many rows of the same types as before"))
}

fn matures(outcome: Option<&str>, opened_at: i64, rules: &Rules) -> bool {
    outcome == Some("pending") && opened_at.saturating_add(rules.window) <= rules.as_of
}

fn expires(state: Option<&str>, last_activity_at: i64, rules: &Rules) -> bool {
    state == Some("open") && last_activity_at.saturating_add(rules.expiry) < rules.as_of
}

fn words<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let texts: StringArray = values.collect();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    cast(&texts, &dictionary).expect("text packs into a dictionary")
}

fn moments(carts: &RecordBatch, name: &str) -> Result<TimestampMicrosecondArray, Error> {
    crate::columns::primitive::<TimestampMicrosecondType>(carts, name, "microseconds")
}

fn amounts(carts: &RecordBatch, name: &str) -> Result<Decimal128Array, Error> {
    crate::columns::primitive::<Decimal128Type>(carts, name, "decimal(38,4)")
}
