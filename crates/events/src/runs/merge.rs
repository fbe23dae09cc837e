//! Several sorted runs into one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;

use super::file::{Reader, Writer};
use crate::parquet_io::Error;

/// Merges runs, oldest first, into one; entries of one key stay in the order of their runs.
pub(super) fn merge(paths: &[&Path], into: &Path) -> Result<(), Error> {
    let mut cursors = Vec::with_capacity(paths.len());
    let mut heap = BinaryHeap::new();
    for (run, path) in paths.iter().enumerate() {
        let mut cursor = Cursor { reader: Reader::all(path)?, batch: None, at: 0 };
        if let Some(key) = cursor.advance()? {
            heap.push(Reverse((key, run)));
        }
        cursors.push(cursor);
    }
    let mut writer = Writer::create(into)?;
    while let Some(Reverse((key, run))) = heap.pop() {
        let cursor = &mut cursors[run];
        writer.push(key, cursor.entry())?;
        if let Some(key) = cursor.advance()? {
            heap.push(Reverse((key, run)));
        }
    }
    writer.finish()
}

/// A place in a run.
struct Cursor {
    reader: Reader,
    batch: Option<RecordBatch>,
    /// The entry after the one at hand.
    at: usize,
}

impl Cursor {
    /// Goes on to the next entry; returns its key.
    fn advance(&mut self) -> Result<Option<u64>, Error> {
        loop {
            if let Some(batch) = &self.batch
                && self.at < batch.num_rows()
            {
                self.at += 1;
                return Ok(Some(batch.column(0).as_primitive::<UInt64Type>().value(self.at - 1)));
            }
            self.batch = self.reader.next().transpose()?;
            self.at = 0;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }

    fn entry(&self) -> &[u8] {
        let batch = self.batch.as_ref().expect("advance found an entry in it");
        batch.column(1).as_binary::<i32>().value(self.at - 1)
    }
}
