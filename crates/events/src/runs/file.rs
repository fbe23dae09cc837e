//! One run as a Parquet file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{BinaryBuilder, RecordBatch, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use crate::parquet_io::{BATCH_ROWS, Error};
use crate::schema::{VERSION, VERSION_KEY, is_readable};

/// Entries on a page: the least that a look-up reads. Few, because keys are hashes and lie anywhere.
const PAGE_ROWS: usize = 64;
/// Entries that share a filter.
const GROUP_ROWS: usize = 1 << 17;
/// Bytes of entries that are handed to the encoder at once.
const BATCH_BYTES: usize = 1 << 20;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = vec![Field::new("key", DataType::UInt64, false), Field::new("entry", DataType::Binary, false)];
    Arc::new(Schema::new_with_metadata(fields, [(VERSION_KEY.to_owned(), VERSION.to_string())].into()))
});

/// Writes one run, entry by entry in the order of keys.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    inner: ArrowWriter<File>,
    keys: UInt64Builder,
    entries: BinaryBuilder,
    bytes: usize,
    rows: usize,
    last: u64,
}

impl Writer {
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_path_buf(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_column_encoding("key".into(), Encoding::PLAIN)
            .set_column_encoding("entry".into(), Encoding::PLAIN)
            .set_column_statistics_enabled("entry".into(), EnabledStatistics::None)
            // Most keys that a night asks for are new: a filter says so without a page being read.
            .set_column_bloom_filter_fpp("key".into(), 0.01)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_write_batch_size(PAGE_ROWS)
            .build();
        let file = File::create(path).map_err(io)?;
        let inner = ArrowWriter::try_new(file, SCHEMA.clone(), Some(properties))
            .map_err(|source| Error::Write { path: path.to_path_buf(), source })?;
        let (keys, entries) = (UInt64Builder::new(), BinaryBuilder::new());
        Ok(Self { path: path.to_path_buf(), inner, keys, entries, bytes: 0, rows: 0, last: 0 })
    }

    /// Appends an entry; its key is none below the last one's.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, key: u64, entry: &[u8]) -> Result<(), Error> {
        debug_assert!(self.last <= key, "a run is sorted by key");
        self.last = key;
        self.keys.append_value(key);
        self.entries.append_value(entry);
        self.bytes += entry.len();
        self.rows += 1;
        if self.rows == BATCH_ROWS || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        (self.bytes, self.rows) = (0, 0);
        let columns = vec![Arc::new(self.keys.finish()) as _, Arc::new(self.entries.finish()) as _];
        let batch = RecordBatch::try_new(SCHEMA.clone(), columns).expect("columns grow together, entry by entry");
        self.inner.write(&batch).map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    /// Writes the footer.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        let Self { path, inner, .. } = self;
        inner.close().map_err(|source| Error::Write { path, source })?;
        Ok(())
    }
}

/// Batches of a run.
pub(super) struct Reader {
    path: PathBuf,
    inner: ParquetRecordBatchReader,
}

impl Reader {
    /// Everything.
    pub(super) fn all(path: &Path) -> Result<Self, Error> {
        Self::build(path, open(path, false)?)
    }

    /// The pages that can hold one of these keys, which are sorted.
    pub(super) fn seek(path: &Path, keys: &[u64]) -> Result<Self, Error> {
        let builder = open(path, true)?;
        let parquet = |source| Error::Parquet { path: path.to_path_buf(), source };
        let selection = selection(&builder, keys).map_err(parquet)?;
        Self::build(
            path,
            match selection {
                Some(selection) => builder.with_row_selection(selection),
                None => builder,
            },
        )
    }

    fn build(path: &Path, builder: ParquetRecordBatchReaderBuilder<File>) -> Result<Self, Error> {
        let parquet = |source| Error::Parquet { path: path.to_path_buf(), source };
        let inner = builder.with_batch_size(BATCH_ROWS).build().map_err(parquet)?;
        Ok(Self { path: path.to_path_buf(), inner })
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.inner.next()?;
        Some(batch.map_err(|source| Error::Rows { path: self.path.clone(), source }))
    }
}

fn open(path: &Path, with_pages: bool) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
    let options = ArrowReaderOptions::new().with_page_index_policy(if with_pages {
        PageIndexPolicy::Required
    } else {
        PageIndexPolicy::Skip
    });
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|source| Error::Parquet { path: path.to_path_buf(), source })?;
    let found = builder.schema().metadata().get(VERSION_KEY).map_or("none", String::as_str);
    if !is_readable(found) {
        return Err(Error::Version { path: path.to_path_buf(), found: found.to_owned() });
    }
    Ok(builder)
}

/// The rows of all pages that can hold one of these keys; `None` if the file does not say what its pages hold.
fn selection(
    builder: &ParquetRecordBatchReaderBuilder<File>,
    keys: &[u64],
) -> Result<Option<RowSelection>, ParquetError> {
    let metadata = builder.metadata();
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else { return Ok(None) };
    let mut selectors = Vec::new();
    for (group, row_group) in metadata.row_groups().iter().enumerate() {
        let (ColumnIndexMetaData::INT64(index), pages) = (&columns[group][0], offsets[group][0].page_locations())
        else {
            return Ok(None);
        };
        // Unsigned numbers are stored as the signed ones of the same bits.
        let lows = index.min_values().iter().map(|low| low.cast_unsigned());
        let highs = index.max_values().iter().map(|high| high.cast_unsigned());
        // A run is sorted, so that only a part of the keys can be in a group.
        let from = lows.clone().next().map_or(0, |low| keys.partition_point(|key| *key < low));
        let until = highs.clone().next_back().map_or(0, |high| keys.partition_point(|key| *key <= high));
        let keys = keys.get(from..until).unwrap_or_default();
        let filter = if keys.is_empty() { None } else { builder.get_row_group_column_bloom_filter(group, 0)? };
        let may_be_in = |key: &&u64| filter.as_ref().is_none_or(|filter| filter.check(&key.cast_signed()));
        let mut keys = keys.iter().filter(may_be_in).copied().peekable();
        let ends = pages.iter().map(|page| page.first_row_index).skip(1).chain([row_group.num_rows()]);
        for ((page, end), (low, high)) in pages.iter().zip(ends).zip(lows.zip(highs)) {
            let rows = usize::try_from(end - page.first_row_index).expect("pages follow each other");
            while keys.next_if(|key| *key < low).is_some() {}
            let is_wanted = keys.peek().is_some_and(|key| *key <= high);
            selectors.push(if is_wanted { RowSelector::select(rows) } else { RowSelector::skip(rows) });
        }
    }
    Ok(Some(selectors.into()))
}
