//! Parquet as leftcart writes and reads it: zstd, page statistics, schema version in the footer.

mod retain;

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{RowGroupMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::statistics::Statistics;

use crate::lake;
use crate::schema::{self, Table, Type};
pub use retain::{renew, retain, schema, version};

/// Rows in one batch while reading; small enough for the cache, large enough to amortise the call.
pub const BATCH_ROWS: usize = 8_192;

/// Files of fewer rows than this are packed with snappy instead of zstd.
const FEW_ROWS: usize = 4_096;

/// The column that tells events apart.
const EVENT_ID: &str = "event_id";

/// What went wrong with a table's file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened, created or synced.
    #[error("failed to open {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not the Parquet that it should be.
    #[error("{} is not a readable Parquet file: {source}; {}", path.display(), lake::way_back(path))]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: ParquetError,
    },
    /// The file opened well, and not all of its rows can be read.
    #[error("{} is damaged: {source}; {}", path.display(), lake::way_back(path))]
    Rows {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: ArrowError,
    },
    /// The disk refuses.
    #[error("failed to write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: ParquetError,
    },
    /// The rows do not fit the table.
    #[error("rows do not fit the table in {}: {source}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// What Arrow said.
        source: ArrowError,
    },
    /// The file was written by a leftcart that is too old, or too new.
    #[error(
        "{} is of tables' version {found}, and this leftcart reads {} to {}; run the leftcart that wrote it, or this one with \
         --rebuild and all logs",
        path.display(), schema::OLDEST, schema::VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in its footer.
        found: String,
    },
    /// A column that the caller needs is not in the file.
    #[error("{} has no column `{column}`; run with --rebuild to write it anew", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
}

/// Writes one file of a table.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    schema: SchemaRef,
    inner: ArrowWriter<File>,
    rows: u64,
}

impl Writer {
    /// Creates the file, and the folders above it.
    ///
    /// `sorted_by` names the leading columns by which the caller's rows are sorted, for the footer.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path, table: &Table, sorted_by: &[&str]) -> Result<Self, Error> {
        Self::with_codec(path, table, sorted_by, &[], zstd())
    }

    /// As [`Writer::create`], for a file of about so many rows: zstd sets up a context per column, which costs more
    /// than it saves where there are few.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create_for(rows: usize, path: &Path, table: &Table, sorted_by: &[&str]) -> Result<Self, Error> {
        Self::create_filled(rows, path, table, sorted_by, &[])
    }

    /// As [`Writer::create`], for a file that the next night writes anew: what is quickest, however many rows.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create_brief(path: &Path, table: &Table) -> Result<Self, Error> {
        Self::with_codec(path, table, &[], &[], Compression::SNAPPY)
    }

    /// As [`Writer::create_for`], where no row has a value in the columns at the places `blank`: nothing is set up to pack
    /// them, or to find out which of their values repeat.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create_filled(
        rows: usize,
        path: &Path,
        table: &Table,
        sorted_by: &[&str],
        blank: &[usize],
    ) -> Result<Self, Error> {
        let codec = if rows < FEW_ROWS { Compression::SNAPPY } else { zstd() };
        Self::with_codec(path, table, sorted_by, blank, codec)
    }

    fn with_codec(
        path: &Path,
        table: &Table,
        sorted_by: &[&str],
        blank: &[usize],
        codec: Compression,
    ) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_path_buf(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let file = File::create(path).map_err(io)?;
        let schema = table.schema();
        let inner = ArrowWriter::try_new(file, schema.clone(), Some(properties(table, sorted_by, blank, codec)))
            .map_err(|source| Error::Write { path: path.to_path_buf(), source })?;
        Ok(Self { path: path.to_path_buf(), schema, inner, rows: 0 })
    }

    /// Appends rows; the batch must have the table's columns in the table's order.
    ///
    /// # Errors
    /// When the rows do not fit, or the disk refuses.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let batch = RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec())
            .map_err(|source| Error::Arrow { path: self.path.clone(), source })?;
        self.rows += batch.num_rows() as u64;
        self.inner.write(&batch).map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    /// Writes the footer; returns the number of rows. The file is synced when its generation is published.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<u64, Error> {
        let Self { path, inner, rows, .. } = self;
        inner.close().map_err(|source| Error::Write { path, source })?;
        Ok(rows)
    }
}

fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(1).expect("zstd knows level 1"))
}

fn properties(table: &Table, sorted_by: &[&str], blank: &[usize], codec: Compression) -> WriterProperties {
    let is_small = codec == Compression::SNAPPY;
    // Pages of a small file are one each: their statistics are those of the file.
    let statistics = if is_small { EnabledStatistics::Chunk } else { EnabledStatistics::Page };
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(codec)
        .set_max_row_group_row_count(Some(1 << 18))
        .set_statistics_enabled(statistics)
        .set_created_by(format!("leftcart {}", env!("CARGO_PKG_VERSION")));
    for column in table.columns.iter().filter(|column| column.ty == Type::Moment) {
        // Delta encoding is only a fallback while a dictionary is on, and moments hardly repeat.
        properties = properties
            .set_column_dictionary_enabled(column.name.into(), false)
            .set_column_encoding(column.name.into(), Encoding::DELTA_BINARY_PACKED);
    }
    for column in table.columns.iter().filter(|column| matches!(column.ty, Type::Price | Type::Money)) {
        // Where a dictionary grows too large, version 2 falls back to delta encoding, which polars cannot read here.
        properties = properties.set_column_encoding(column.name.into(), Encoding::PLAIN);
    }
    for column in table.columns.iter().filter(|column| column.ty == Type::Text && (is_small || column.name == EVENT_ID))
    {
        // Ids and names hardly repeat within so few rows, and ids of events nowhere: looking each up costs more than it
        // saves.
        properties = properties
            .set_column_dictionary_enabled(column.name.into(), false)
            .set_column_encoding(column.name.into(), Encoding::PLAIN);
    }
    for column in blank.iter().map(|at| &table.columns[*at]) {
        properties = properties
            .set_column_compression(column.name.into(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(column.name.into(), false)
            .set_column_encoding(column.name.into(), Encoding::PLAIN);
    }
    if table.columns.iter().any(|column| column.name == EVENT_ID) {
        // Rows do not lie by it, so that every page holds all beginnings.
        properties = properties.set_column_statistics_enabled(EVENT_ID.into(), EnabledStatistics::Chunk);
    }
    let sorting = sorted_by
        .iter()
        .filter_map(|name| table.columns.iter().position(|column| column.name == *name))
        .map(|at| SortingColumn {
            column_idx: i32::try_from(at).expect("few columns"),
            descending: false,
            nulls_first: true,
        })
        .collect();
    properties.set_sorting_columns(Some(sorting)).build()
}

/// Batches of one file, with the columns asked for, in the order asked for.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    inner: ParquetRecordBatchReader,
    order: Vec<usize>,
    rows: u64,
}

impl Reader {
    /// Opens a file of `table`, reading only `columns`.
    ///
    /// # Errors
    /// When it cannot be opened, is of another schema version, or lacks a column.
    pub fn open(path: &Path, columns: &[&str]) -> Result<Self, Error> {
        Self::open_some(path, columns, false)
    }

    /// As [`Reader::open`], without those columns in which the footer says that no row has a value.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_filled(path: &Path, columns: &[&str]) -> Result<Self, Error> {
        Self::open_some(path, columns, true)
    }

    fn open_some(path: &Path, columns: &[&str], only_filled: bool) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
        let parquet = |source| Error::Parquet { path: path.to_path_buf(), source };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(parquet)?;
        let found = builder.schema().metadata().get(schema::VERSION_KEY).map_or("none", String::as_str);
        if !schema::is_readable(found) {
            return Err(Error::Version { path: path.to_path_buf(), found: found.to_owned() });
        }
        let mut positions = Vec::with_capacity(columns.len());
        for column in columns {
            let (at, _) = builder
                .schema()
                .column_with_name(column)
                .ok_or_else(|| Error::Column { path: path.to_path_buf(), column: (*column).to_owned() })?;
            let is_blank = |group: &RowGroupMetaData| {
                let nulls = group.column(at).statistics().and_then(Statistics::null_count_opt);
                nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
            };
            if !only_filled || !builder.metadata().row_groups().iter().all(is_blank) {
                positions.push(at);
            }
        }
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let mask = ProjectionMask::roots(builder.parquet_schema(), positions.iter().copied());
        let mut sorted = positions.clone();
        sorted.sort_unstable();
        let order = positions.iter().map(|at| sorted.binary_search(at).expect("taken from there")).collect();
        let inner = builder.with_batch_size(BATCH_ROWS).with_projection(mask).build().map_err(parquet)?;
        Ok(Self { path: path.to_path_buf(), inner, order, rows })
    }

    /// Rows in the whole file, from its footer.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.inner.next()?.and_then(|batch| batch.project(&self.order));
        Some(batch.map_err(|source| Error::Rows { path: self.path.clone(), source }))
    }
}

/// The first and last moment in a column of a file, from its footer alone; `None` if the file has no row.
///
/// # Errors
/// When the file cannot be opened or has no such column.
pub fn range(path: &Path, column: &str) -> Result<Option<(i64, i64)>, Error> {
    let builder = footer(path)?;
    let (at, _) = builder
        .schema()
        .column_with_name(column)
        .ok_or_else(|| Error::Column { path: path.to_path_buf(), column: column.to_owned() })?;
    let ranges = builder.metadata().row_groups().iter().filter_map(|group| match group.column(at).statistics() {
        Some(Statistics::Int64(range)) => range.min_opt().copied().zip(range.max_opt().copied()),
        _ => None,
    });
    Ok(ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
}

fn footer(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|source| Error::Parquet { path: path.to_path_buf(), source })
}

/// The batch with every dictionary column as plain text; for readers that want one string type.
///
/// # Errors
/// Never for batches of leftcart's own tables.
pub fn plain(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Dictionary(_, value) => cast(column, value),
            _ => Ok(column.clone()),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()))
        .collect();
    RecordBatch::try_new(std::sync::Arc::new(arrow::datatypes::Schema::new(fields)), columns)
}

/// What a file's footer tells of how full it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Rows in the file.
    pub rows: u64,
    /// Rows with a value, for each column of the table; 0 for a column that the file lacks.
    pub values: Vec<u64>,
}

/// How full a file of `table` is, from its footer alone.
///
/// # Errors
/// When the file cannot be opened.
pub fn fill(path: &Path, table: &Table) -> Result<Fill, Error> {
    let builder = footer(path)?;
    let mut fill = Fill { rows: 0, values: vec![0; table.columns.len()] };
    for group in builder.metadata().row_groups() {
        let rows = u64::try_from(group.num_rows()).unwrap_or(0);
        fill.rows += rows;
        for (column, values) in table.columns.iter().zip(&mut fill.values) {
            if let Some((at, _)) = builder.schema().column_with_name(column.name) {
                let nulls = group.column(at).statistics().and_then(Statistics::null_count_opt).unwrap_or(0);
                *values += rows.saturating_sub(nulls);
            }
        }
    }
    Ok(fill)
}
