//! Parquet with the contract's column names, whatever types its writer gave them.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::{Raw, Sink};
use crate::reject::Reject;
use crate::row::{Field, RawRow};

/// Batches of one Parquet file, with the number of their first row.
pub(crate) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    next_row: u64,
    names: Vec<String>,
    unused: Vec<String>,
    has_contract_columns: bool,
}

impl ParquetRows {
    pub(crate) fn open(path: &Path) -> Result<Self, ParquetError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let has = |wanted: Field| names.iter().any(|name| Field::named(name) == Some(wanted));
        let has_contract_columns = has(Field::Ts) && has(Field::Kind);
        let unused = names.iter().filter(|name| Field::named(name).is_none()).cloned().collect();
        let reader = builder.with_batch_size(events::parquet_io::BATCH_ROWS).build()?;
        Ok(Self { reader, next_row: 1, names, unused, has_contract_columns })
    }

    /// Whether the file has the columns that every row needs.
    pub(crate) const fn has_contract_columns(&self) -> bool {
        self.has_contract_columns
    }

    /// The columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Columns that the contract has no place for.
    pub(crate) fn unused_columns(&self) -> &[String] {
        &self.unused
    }

    /// The next rows, and the number of the first of them, from 1.
    pub(crate) fn next(&mut self) -> Option<Result<(u64, RecordBatch), ArrowError>> {
        let batch = self.reader.next()?;
        let first = self.next_row;
        Some(batch.map(|batch| {
            self.next_row += batch.num_rows() as u64;
            (first, batch)
        }))
    }

    /// The row at which reading stopped.
    pub(crate) const fn row(&self) -> u64 {
        self.next_row
    }
}

/// Reads every row of a batch; `raw` rows are JSON-like renderings, since Parquet has no lines to keep.
pub(crate) fn parse(first_row: u64, batch: &RecordBatch, sink: &mut impl Sink) {
    let mut columns: Vec<(Field, Result<ArrayRef, ArrowError>)> = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Some(field) = Field::named(field.name()) {
            columns.push((field, text(array)));
        }
    }
    let rendering = Rendering::new(batch);
    for at in 0..batch.num_rows() {
        let raw = || rendering.row(at);
        let mut row = RawRow::default();
        let mut unreadable = None;
        for (field, array) in &columns {
            match array {
                Ok(array) if array.is_valid(at) => row.set(*field, array.as_string::<i32>().value(at)),
                Ok(_) => {}
                Err(error) => unreadable = Some(error.to_string()),
            }
        }
        let line = first_row + at as u64;
        match unreadable {
            Some(detail) => sink.reject(line, Raw::Rendered(&raw), Reject::unreadable(detail)),
            None => sink.record(line, Raw::Rendered(&raw), std::slice::from_mut(&mut row)),
        }
    }
}

/// Rows as JSON-like text.
pub(super) struct Rendering<'a>(Vec<(&'a String, ArrayFormatter<'a>)>);

impl<'a> Rendering<'a> {
    pub(super) fn new(batch: &'a RecordBatch) -> Self {
        let options = FormatOptions::default().with_null("null");
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let cells = fields
            .filter_map(|(field, array)| Some((field.name(), ArrayFormatter::try_new(array.as_ref(), &options).ok()?)));
        Self(cells.collect())
    }

    /// A row of the batch.
    pub(super) fn row(&self, at: usize) -> String {
        let cells: Vec<String> =
            self.0.iter().map(|(name, cells)| format!("{name:?}: {:?}", cells.value(at).to_string())).collect();
        format!("{{{}}}", cells.join(", "))
    }
}

/// A column as text in the form that native rows have.
pub(super) fn text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Timestamp(_, zone) => {
            // Without a zone it is UTC, as everywhere in native files.
            let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let moments = cast(&micros, &DataType::Int64)?;
            let moments = moments.as_primitive::<arrow::datatypes::Int64Type>();
            let texts: arrow::array::StringArray =
                moments.iter().map(|micros| micros.map(events::time::format)).collect();
            Ok(std::sync::Arc::new(texts))
        }
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            Err(ArrowError::CastError("a binary column where text or a number is expected".to_owned()))
        }
        _ => cast(array, &DataType::Utf8),
    }
}
