//! One row of a table, by its key.

use std::path::Path;

use anyhow::{Context, Result};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use carts::columns::Text;
use events::lake::parquet_files;
use events::parquet_io::Reader;
use events::schema::{Table, Type};
use events::{Amount, time};
use serde_json::{Map, Value};

/// The rows of a table for whose key `is_wanted` holds; files without such a row are read only as far as the key.
pub(crate) fn rows(
    folder: &Path,
    table: &Table,
    key: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Map<String, Value>>> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let mut found = Vec::new();
    for file in parquet_files(folder)? {
        let mut has = false;
        for batch in Reader::open(&file, &[key])? {
            let batch = batch?;
            let keys = Text::of(&batch, key).with_context(|| format!("failed to read {}", file.display()))?;
            has |= (0..batch.num_rows()).any(|row| keys.get(row).is_some_and(&is_wanted));
        }
        if !has {
            continue;
        }
        for batch in Reader::open(&file, &names)? {
            let batch = batch?;
            let keys = Text::of(&batch, key).with_context(|| format!("failed to read {}", file.display()))?;
            for row in (0..batch.num_rows()).filter(|row| keys.get(*row).is_some_and(&is_wanted)) {
                let cells = table.columns.iter().zip(batch.columns());
                found
                    .push(cells.map(|(column, array)| (column.name.to_owned(), cell(column.ty, array, row))).collect());
            }
        }
    }
    Ok(found)
}

/// A cell: amounts as text with four decimals, moments as ISO 8601.
fn cell(ty: Type, array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match ty {
        Type::Text => array.as_string::<i32>().value(row).into(),
        Type::Word => {
            let words = array.as_dictionary::<arrow::datatypes::Int32Type>();
            let at = words.key(row).unwrap_or_default();
            words.values().as_string::<i32>().value(at).into()
        }
        Type::Moment => time::format(array.as_primitive::<TimestampMicrosecondType>().value(row)).into(),
        Type::Price | Type::Money => Amount(array.as_primitive::<Decimal128Type>().value(row)).to_string().into(),
        Type::Flag => array.as_boolean().value(row).into(),
        Type::I64 => array.as_primitive::<Int64Type>().value(row).into(),
        Type::I32 => array.as_primitive::<arrow::datatypes::Int32Type>().value(row).into(),
        Type::F64 => array.as_primitive::<Float64Type>().value(row).into(),
        _ => Value::Null,
    }
}

/// A row's cell as text.
pub(crate) fn text<'a>(row: &'a Map<String, Value>, column: &str) -> Option<&'a str> {
    row.get(column)?.as_str()
}

/// A row's cell as a count.
pub(crate) fn count(row: &Map<String, Value>, column: &str) -> u64 {
    row.get(column).and_then(Value::as_u64).unwrap_or(0)
}

/// A row's cell as a moment.
pub(crate) fn moment(row: &Map<String, Value>, column: &str) -> Option<i64> {
    time::parse(text(row, column)?)
}

/// A row's cell as an amount in words.
pub(crate) fn amount(row: &Map<String, Value>, column: &str, currency: Option<&str>) -> String {
    let amount = text(row, column).and_then(Amount::parse).unwrap_or_default();
    currency.map_or_else(
        || format!("{:.2} (no currency logged)", amount.to_f64()),
        |currency| report::money(amount, currency),
    )
}
