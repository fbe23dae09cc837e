//! Reasons as Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use events::parquet_io::{self, Writer};

use super::AbandonmentReasons;
use crate::Error;
use crate::schema::REASONS;

/// Writes the table below `generation`, also where it is empty.
pub(crate) fn write(reasons: &AbandonmentReasons, generation: &Path) -> Result<(), Error> {
    let rows = &reasons.rows;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.cart_id.as_str()))),
        Arc::new(rows.iter().map(|row| Some(row.reason.name())).collect::<DictionaryArray<Int32Type>>()),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.confidence))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.evidence.as_str()))),
        Arc::new(rows.iter().map(|row| row.barrier.as_deref()).collect::<StringArray>()),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.p_later))),
    ];
    let path = generation.join(REASONS.name).join(format!("{}.parquet", REASONS.name));
    let mut writer = Writer::create_for(rows.len(), &path, &REASONS, &[])?;
    let batch =
        RecordBatch::try_new(REASONS.schema(), columns).map_err(|source| parquet_io::Error::Arrow { path, source })?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}
