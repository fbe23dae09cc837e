//! A file once more, without some of its rows, whatever its table.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use super::{Error, FEW_ROWS, Reader, footer};
use crate::schema::{VERSION, VERSION_KEY};

/// The columns of a file, with name and version of its table.
///
/// # Errors
/// When the file cannot be opened.
pub fn schema(path: &Path) -> Result<SchemaRef, Error> {
    Ok(footer(path)?.schema().clone())
}

/// Writes the rows of the file `from` for which `keep` says true, in their order, to the new file `to`, with the columns
/// and the footer's words that `from` has. Returns their number.
///
/// # Errors
/// When `from` cannot be read, or the disk refuses.
///
/// # Panics
/// If `keep` is not as long as `from` has rows.
pub fn retain(from: &Path, to: &Path, keep: &[bool]) -> Result<u64, Error> {
    copy(from, to, &schema(from)?, Some(keep))
}

/// Writes the rows of the file `from`, which may be of an earlier version, to the new file `to` of this one. Returns their
/// number.
///
/// # Errors
/// When `from` cannot be read, or the disk refuses.
pub fn renew(from: &Path, to: &Path) -> Result<u64, Error> {
    let schema = schema(from)?;
    let mut words = schema.metadata().clone();
    words.insert(VERSION_KEY.to_owned(), VERSION.to_string());
    copy(from, to, &Arc::new(schema.as_ref().clone().with_metadata(words)), None)
}

/// The version of leftcart's tables that a file is of.
///
/// # Errors
/// When the file cannot be opened.
pub fn version(path: &Path) -> Result<Option<u32>, Error> {
    Ok(schema(path)?.metadata().get(VERSION_KEY).and_then(|version| version.parse().ok()))
}

fn copy(from: &Path, to: &Path, schema: &SchemaRef, keep: Option<&[bool]>) -> Result<u64, Error> {
    let footer = footer(from)?;
    let sorted = footer.metadata().row_groups().first().and_then(|group| group.sorting_columns().cloned());
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let rows = usize::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or(0);
    let kept = keep.map_or(rows, |keep| keep.iter().filter(|keep| **keep).count());
    let write = |source| Error::Write { path: to.to_path_buf(), source };
    let file = File::create(to).map_err(|source| Error::Io { path: to.to_path_buf(), source })?;
    let mut writer =
        ArrowWriter::try_new(file, schema.clone(), Some(properties(schema, sorted, kept))).map_err(write)?;
    let mut at = 0;
    for batch in Reader::open(from, &names)? {
        let mut batch = batch?;
        let here = at..at + batch.num_rows();
        at = here.end;
        let arrow = |source| Error::Arrow { path: from.to_path_buf(), source };
        if let Some(keep) = keep {
            let mask: BooleanArray = keep[here].iter().map(|keep| Some(*keep)).collect();
            batch = filter_record_batch(&batch, &mask).map_err(arrow)?;
        }
        let rows = RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).map_err(arrow)?;
        writer.write(&rows).map_err(write)?;
    }
    assert!(keep.is_none_or(|keep| at == keep.len()), "every row is kept or not");
    writer.close().map_err(write)?;
    Ok(kept as u64)
}

/// What a [`Writer`](super::Writer) of the table would ask for, by the types that its columns have in files.
fn properties(schema: &SchemaRef, sorted: Option<Vec<SortingColumn>>, rows: usize) -> WriterProperties {
    let (codec, statistics) = if rows < FEW_ROWS {
        (Compression::SNAPPY, EnabledStatistics::Chunk)
    } else {
        (Compression::ZSTD(ZstdLevel::try_new(1).expect("zstd knows level 1")), EnabledStatistics::Page)
    };
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(codec)
        .set_max_row_group_row_count(Some(1 << 18))
        .set_statistics_enabled(statistics)
        .set_created_by(format!("leftcart {}", env!("CARGO_PKG_VERSION")));
    for field in schema.fields() {
        let column = || field.name().as_str().into();
        properties = match field.data_type() {
            DataType::Timestamp(..) => properties
                .set_column_dictionary_enabled(column(), false)
                .set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED),
            DataType::Decimal128(..) => properties.set_column_encoding(column(), Encoding::PLAIN),
            _ => properties,
        };
    }
    properties.set_sorting_columns(sorted).build()
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array, StringArray};

    use super::*;
    use crate::parquet_io::Writer;
    use crate::schema::{Table, Type, required};

    const TABLE: Table = Table {
        name: "guests",
        row: "guest",
        columns: &[required("name", Type::Text, "the name"), required("visits", Type::I64, "how often")],
    };

    #[test]
    fn rows_that_stay_are_as_they_were_and_the_others_are_nowhere_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from.parquet", "to.parquet"].map(|name| folder.path().join(name));
        let mut writer = Writer::create_for(3, &from, &TABLE, &["name"]).unwrap();
        let names = StringArray::from(vec!["anastasia", "bob", "zacharias"]);
        let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(names), Arc::new(Int64Array::from(vec![1, 2, 3]))];
        writer.write(&RecordBatch::try_new(TABLE.schema(), columns).unwrap()).unwrap();
        writer.finish().unwrap();
        assert_eq!(retain(&from, &to, &[false, true, false]).unwrap(), 1);
        let rows: Vec<RecordBatch> = Reader::open(&to, &["name"]).unwrap().map(Result::unwrap).collect();
        assert_eq!(
            rows.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter()).collect::<Vec<_>>(),
            [Some("bob")]
        );
        assert_eq!(schema(&to).unwrap(), schema(&from).unwrap());
        let bytes = std::fs::read(&to).unwrap();
        for name in [&b"anastasia"[..], b"zacharias"] {
            assert!(!bytes.windows(name.len()).any(|part| part == name), "also not among the bounds of its pages");
        }
    }
}
