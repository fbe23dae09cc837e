//! Columns of the analysis' own tables → Arrow.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use events::parquet_io::{self, Writer};
use events::schema::Table;
use events::{Amount, money};

use crate::Error;

/// Writes the one file of a table, also where it is empty.
pub(crate) fn write(
    generation: &Path,
    table: &Table,
    rows: usize,
    sorted_by: &[&str],
    columns: Vec<ArrayRef>,
) -> Result<(), Error> {
    let path = generation.join(table.name).join(format!("{}.parquet", table.name));
    let mut writer = Writer::create_for(rows, &path, table, sorted_by)?;
    let batch =
        RecordBatch::try_new(table.schema(), columns).map_err(|source| parquet_io::Error::Arrow { path, source })?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}

pub(crate) fn words<'a>(words: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(words.collect::<DictionaryArray<Int32Type>>())
}

pub(crate) fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

pub(crate) fn moments(moments: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

pub(crate) fn floats(floats: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(floats.collect::<Float64Array>())
}

pub(crate) fn counts(counts: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(counts.map(u64::cast_signed)))
}

pub(crate) fn whole(numbers: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(numbers.collect::<Int64Array>())
}

pub(crate) fn flags(flags: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(flags.map(Some).collect::<BooleanArray>())
}

pub(crate) fn amounts(amounts: impl Iterator<Item = Amount>) -> ArrayRef {
    let scaled = Decimal128Array::from_iter_values(amounts.map(|amount| amount.0));
    Arc::new(scaled.with_precision_and_scale(money::SUM_PRECISION, money::SCALE).expect("the type of every sum"))
}

pub(crate) fn optional_amounts(amounts: impl Iterator<Item = Option<Amount>>) -> ArrayRef {
    let scaled = amounts.map(|amount| amount.map(|amount| amount.0)).collect::<Decimal128Array>();
    Arc::new(scaled.with_precision_and_scale(money::SUM_PRECISION, money::SCALE).expect("the type of every sum"))
}
