//! Tables as rows of text, read with nothing of leftcart's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    UInt16Type, UInt32Type, UInt64Type,
};
use chrono::DateTime;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A row: text by column, `None` where it is null. Times are [`moment`]s, money is as [`money`] writes it.
pub type Row = BTreeMap<String, Option<String>>;

/// A moment (microseconds since 1970, UTC) to the microsecond.
///
/// # Panics
/// If no calendar has it.
#[must_use]
pub fn moment(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).expect("a moment").format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Ten-thousandths as decimal text with four decimals.
#[must_use]
pub fn money(amount: i128) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", amount.unsigned_abs() / 10_000, amount.unsigned_abs() % 10_000)
}

/// All rows of all Parquet files below a folder, file after file in the order of their names.
///
/// # Panics
/// If one cannot be read.
#[must_use]
pub fn read(folder: &Path) -> Vec<Row> {
    files(folder).iter().flat_map(|file| read_file(file)).collect()
}

/// The rows of one Parquet file.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn read_file(path: &Path) -> Vec<Row> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
    let mut rows = Vec::new();
    for batch in reader.unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
        let batch = batch.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        rows.extend((0..batch.num_rows()).map(|at| row(&batch, at)));
    }
    rows
}

/// All Parquet files below a folder, at any depth, in the order of their names.
///
/// # Panics
/// If a folder cannot be listed.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn row(batch: &RecordBatch, at: usize) -> Row {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns.map(|(field, array)| (field.name().clone(), cell(array, at))).collect()
}

fn cell(array: &dyn Array, at: usize) -> Option<String> {
    if array.is_null(at) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(at).to_owned(),
        DataType::Binary => format!("{:02x?}", array.as_binary::<i32>().value(at)),
        DataType::Dictionary(..) => {
            let words = array.as_dictionary::<Int32Type>();
            return cell(words.values(), usize::try_from(words.keys().value(at)).expect("a key"));
        }
        DataType::Timestamp(..) => moment(array.as_primitive::<TimestampMicrosecondType>().value(at)),
        DataType::Date32 => Date32Type::to_naive_date_opt(array.as_primitive::<Date32Type>().value(at))?.to_string(),
        DataType::Decimal128(_, 4) => money(array.as_primitive::<Decimal128Type>().value(at)),
        DataType::Boolean => array.as_boolean().value(at).to_string(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(at).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(at).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(at).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(at).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(at).to_string(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(at).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(at).to_string(),
        other => panic!("no table has a column of type {other}"),
    })
}

/// What a row says of some columns; a column that it does not have is null.
#[must_use]
pub fn pick(row: &Row, columns: &[&str]) -> Vec<Option<String>> {
    columns.iter().map(|column| row.get(*column).cloned().flatten()).collect()
}

/// Where two lists of rows differ, in words: whole rows by `key`, then column by column. Empty where they agree; the
/// order of the rows does not matter, their number does.
#[must_use]
pub fn differences(found: &[Row], expected: &[Row], key: &[&str]) -> Vec<String> {
    let sorted = |rows: &[Row]| {
        let mut rows = rows.to_vec();
        rows.sort_by_cached_key(|row| (pick(row, key), row.clone()));
        rows
    };
    let (found, expected) = (sorted(found), sorted(expected));
    let keys = |rows: &[Row]| rows.iter().map(|row| pick(row, key)).collect::<Vec<_>>();
    let (found_keys, expected_keys) = (keys(&found), keys(&expected));
    if found_keys != expected_keys {
        let (have, want): (BTreeSet<_>, BTreeSet<_>) = (found_keys.iter().collect(), expected_keys.iter().collect());
        let mut words = vec![format!("{} rows instead of {}", found.len(), expected.len())];
        words.extend(want.difference(&have).map(|key| format!("missing {key:?}")));
        words.extend(have.difference(&want).map(|key| format!("too much {key:?}")));
        return words;
    }
    let mut words = Vec::new();
    for (found, expected) in found.iter().zip(&expected) {
        let columns: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
        for column in columns {
            let (have, want) = (found.get(column).cloned().flatten(), expected.get(column).cloned().flatten());
            if have != want {
                words.push(format!("{:?}: {column} is {have:?} instead of {want:?}", pick(expected, key)));
            }
        }
    }
    words
}

/// Fails with the first differences of two lists of rows; see [`differences`].
///
/// # Panics
/// If they differ.
pub fn assert_same(what: &str, found: &[Row], expected: &[Row], key: &[&str]) {
    let words = differences(found, expected, key);
    let shown = words.iter().take(12).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(words.is_empty(), "{what}: {} differences\n  {shown}", words.len());
}
