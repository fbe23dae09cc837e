//! An exchange: batches go in by partition, and come out partition by partition.
//!
//! What does not fit the memory budget waits on disk, so memory stays bounded whatever the input's size. Batches may
//! lack columns that are null throughout; [`align`] puts them back.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

/// What went wrong with a spill file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be written or read.
    #[error("failed to use the spill file {}: {source}; is the disk full?", path.display())]
    Io {
        /// The spill file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A batch could not be encoded or decoded.
    #[error("failed to exchange rows: {0}")]
    Arrow(#[from] ArrowError),
}

/// Partitions of record batches, in memory up to a budget and on disk beyond it.
#[expect(missing_debug_implementations, reason = "a stream writer has none")]
pub struct Exchange {
    schema: SchemaRef,
    partitions: Vec<Mutex<Partition>>,
    folder: PathBuf,
    name: String,
    budget: usize,
    in_memory: AtomicUsize,
}

#[derive(Default)]
struct Partition {
    batches: Vec<RecordBatch>,
    bytes: usize,
    spill: Option<Spill>,
    /// Spill files so far.
    files: usize,
}

/// The spill file at hand. It has the columns that its batches have: of a wide table most logs fill few.
struct Spill {
    schema: SchemaRef,
    writer: StreamWriter<BufWriter<File>>,
}

impl Spill {
    fn has(&self, batch: &RecordBatch) -> bool {
        batch.schema_ref().fields().iter().all(|field| self.schema.column_with_name(field.name()).is_some())
    }
}

impl Exchange {
    /// An exchange of `count` partitions whose batches together stay under `budget` bytes in memory. Spill files are
    /// named after `name` and lie in `folder`, which must exist; they go with the folder.
    #[must_use]
    pub fn new(schema: SchemaRef, count: u32, folder: &Path, name: &str, budget: usize) -> Self {
        let partitions = (0..count).map(|_| Mutex::default()).collect();
        let (folder, name) = (folder.to_path_buf(), name.to_owned());
        Self { schema, partitions, folder, name, budget, in_memory: AtomicUsize::new(0) }
    }

    /// Puts rows into a partition. Rows of several threads may come in any order.
    ///
    /// # Errors
    /// When the budget is spent and the disk refuses.
    ///
    /// # Panics
    /// If there is no such partition, or another thread panicked while it held it.
    pub fn push(&self, partition: u32, batch: RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let bytes = batch.get_array_memory_size();
        let mut slot = self.partitions[partition as usize].lock().expect("no thread panics while it holds a partition");
        slot.batches.push(batch);
        slot.bytes += bytes;
        let total = self.in_memory.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // A partition that holds more than its share gives way, so that one large partition cannot push
        // many small ones to disk one tiny batch at a time.
        if total > self.budget && slot.bytes * self.partitions.len() >= self.budget / 2 {
            self.spill(partition, &mut slot)?;
        }
        Ok(())
    }

    fn spill(&self, partition: u32, slot: &mut Partition) -> Result<(), Error> {
        let batches = std::mem::take(&mut slot.batches);
        let spill = match slot.spill.take() {
            Some(spill) if batches.iter().all(|batch| spill.has(batch)) => slot.spill.insert(spill),
            before => {
                let schema = self.narrowed(&batches, before.as_ref());
                if let Some(mut before) = before {
                    before.writer.finish()?;
                }
                let path = self.path(partition, slot.files);
                let file = File::create(&path).map_err(|source| Error::Io { path, source })?;
                slot.files += 1;
                let writer = StreamWriter::try_new(BufWriter::with_capacity(1 << 20, file), &schema)?;
                slot.spill.insert(Spill { schema, writer })
            }
        };
        for batch in batches {
            spill.writer.write(&align(&batch, &spill.schema)?)?;
        }
        self.in_memory.fetch_sub(std::mem::take(&mut slot.bytes), Ordering::Relaxed);
        Ok(())
    }

    /// The columns that these batches have, and those of the file before.
    fn narrowed(&self, batches: &[RecordBatch], before: Option<&Spill>) -> SchemaRef {
        let schemas = batches.iter().map(RecordBatch::schema_ref).chain(before.map(|spill| &spill.schema));
        let schemas: Vec<&SchemaRef> = schemas.collect();
        let is_there = |name: &str| schemas.iter().any(|schema| schema.column_with_name(name).is_some());
        let fields: Vec<_> = self
            .schema
            .fields()
            .iter()
            .filter(|field| !field.is_nullable() || is_there(field.name()))
            .cloned()
            .collect();
        Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()))
    }

    fn path(&self, partition: u32, file: usize) -> PathBuf {
        self.folder.join(format!("{}-{partition}-{file}.arrow", self.name))
    }

    /// The columns of every batch that comes out.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of partitions.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.partitions.len()).expect("made from a u32")
    }

    /// Takes everything out of a partition, calling `each` with one batch after another.
    ///
    /// # Errors
    /// When a spill file cannot be read back, or `each` fails.
    ///
    /// # Panics
    /// As [`Exchange::push`].
    pub fn drain<E: From<Error>>(
        &self,
        partition: u32,
        mut each: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut slot = self.partitions[partition as usize].lock().expect("no thread panics while it holds a partition");
        let slot = std::mem::take(&mut *slot);
        if let Some(mut spill) = slot.spill {
            spill.writer.finish().map_err(Error::from)?;
        }
        for file in 0..slot.files {
            let path = self.path(partition, file);
            let io = |source| Error::Io { path: path.clone(), source };
            let file = File::open(&path).map_err(io)?;
            for batch in StreamReader::try_new_buffered(file, None).map_err(Error::from)? {
                each(align(&batch.map_err(Error::from)?, &self.schema).map_err(Error::from)?)?;
            }
            std::fs::remove_file(&path).map_err(io)?;
        }
        for batch in slot.batches {
            each(align(&batch, &self.schema).map_err(Error::from)?)?;
        }
        self.in_memory.fetch_sub(slot.bytes, Ordering::Relaxed);
        Ok(())
    }
}

/// The batch with exactly the columns of `schema`: absent ones are null, others left out.
///
/// # Errors
/// When a required column is absent or a type differs.
pub fn align(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => column.clone(),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    RecordBatch::try_new(schema.clone(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type};

    fn batch(numbers: std::ops::Range<i64>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("number", DataType::Int64, false)]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int64Array::from_iter_values(numbers))]).unwrap()
    }

    fn drained(budget: usize) -> Vec<Vec<i64>> {
        let folder = std::env::temp_dir().join(format!("leftcart-exchange-{}-{budget}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let schema = Arc::new(Schema::new(vec![
            Field::new("number", DataType::Int64, false),
            Field::new("absent", DataType::Utf8, true),
        ]));
        let exchange = Exchange::new(schema, 3, &folder, "test", budget);
        for start in 0..30 {
            exchange.push(u32::try_from(start % 3).unwrap(), batch(start * 100..(start + 1) * 100)).unwrap();
        }
        let mut out = Vec::new();
        for partition in 0..exchange.count() {
            let mut numbers = Vec::new();
            exchange
                .drain::<Error>(partition, |batch| {
                    assert_eq!(batch.column(1).null_count(), batch.num_rows());
                    numbers.extend(batch.column(0).as_primitive::<Int64Type>().values());
                    Ok(())
                })
                .unwrap();
            out.push(numbers);
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "spill files are gone once they are read");
        std::fs::remove_dir(&folder).unwrap();
        out
    }

    #[test]
    fn what_is_spilled_comes_back_as_what_stays_in_memory() {
        let in_memory = drained(usize::MAX);
        assert_eq!(in_memory.concat().len(), 3_000);
        assert_eq!(drained(0), in_memory);
        assert_eq!(drained(5_000), in_memory);
    }

    #[test]
    fn columns_that_come_late_are_spilled_too() {
        let folder = std::env::temp_dir().join(format!("leftcart-exchange-{}-late", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let number = Field::new("number", DataType::Int64, false);
        let texts = ["a", "b"].map(|name| Field::new(name, DataType::Utf8, true));
        let schema = |fields: Vec<Field>| Arc::new(Schema::new(fields));
        let all = schema([&[number.clone()][..], &texts[..]].concat());
        let exchange = Exchange::new(all, 1, &folder, "test", 0);
        let with = |text: usize| {
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(vec![7])),
                Arc::new(StringArray::from(vec![texts[text].name().as_str()])),
            ];
            RecordBatch::try_new(schema(vec![number.clone(), texts[text].clone()]), columns).unwrap()
        };
        for piece in [batch(0..1), with(1), batch(1..2), with(0), with(1)] {
            exchange.push(0, piece).unwrap();
        }
        let mut rows = Vec::new();
        exchange
            .drain::<Error>(0, |batch| {
                let text =
                    |column: usize| batch.column(column).as_string::<i32>().iter().next().flatten().map(str::to_owned);
                rows.push((text(1), text(2)));
                Ok(())
            })
            .unwrap();
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        assert_eq!(rows, [(None, None), (None, b.clone()), (None, None), (a, None), (None, b)]);
        std::fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_missing_required_column_is_an_error() {
        let schema = Arc::new(Schema::new(vec![Field::new("other", DataType::Utf8, false)]));
        assert!(align(&batch(0..1), &schema).is_err());
        let _ = StringArray::from(vec!["a"]);
    }
}
