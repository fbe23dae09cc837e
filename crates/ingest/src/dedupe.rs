//! Which rows are new: by identity (source, `event_id`, line) over all files, the first in file order stands.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use arrow::array::{AsArray, RecordBatch, UInt16Array, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt16Type, UInt32Type, UInt64Type};
use events::exchange::{self, Exchange};
use rayon::prelude::*;

use crate::batch::{Position, origin};

/// Partitions by identity; each is judged in memory.
const PARTITIONS: u32 = 32;
/// Marks collected before they go to the exchange.
const BATCH: usize = 8_192;

/// What is remembered of a row to judge it: 42 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) identity: u128,
    pub(crate) content: u64,
    pub(crate) position: Position,
    pub(crate) line: u16,
    /// Where in the rows' exchange the row lies.
    pub(crate) partition: u32,
}

static MARKS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let number = |name: &str, ty: DataType| Field::new(name, ty, false);
    Arc::new(Schema::new(vec![
        number("identity_high", DataType::UInt64),
        number("identity_low", DataType::UInt64),
        number("content", DataType::UInt64),
        number("position", DataType::UInt64),
        number("line", DataType::UInt16),
        number("partition", DataType::UInt32),
    ]))
});

/// The marks of all rows, by identity.
pub(crate) struct Marks {
    exchange: Exchange,
}

impl Marks {
    pub(crate) fn new(scratch: &Path, budget: usize) -> Self {
        Self { exchange: Exchange::new(MARKS.clone(), PARTITIONS, scratch, "marks", budget) }
    }

    /// A worker's collector.
    pub(crate) fn collector(&self) -> Collector<'_> {
        Collector { marks: self, pending: (0..PARTITIONS).map(|_| Vec::new()).collect() }
    }

    /// Judges every row: the first of an identity stands, a row with the same content is a duplicate, one with other
    /// content a conflict.
    pub(crate) fn judge(&self, partitions: u32) -> Result<Verdict, exchange::Error> {
        let verdict = Mutex::new(Verdict::new(partitions));
        (0..PARTITIONS).into_par_iter().try_for_each(|partition| {
            let mut marks = Vec::new();
            self.exchange.drain::<exchange::Error>(partition, |batch| {
                marks.extend(unpack(&batch));
                Ok(())
            })?;
            marks.sort_unstable_by_key(|mark| (mark.identity, mark.position));
            let mut found = Verdict::new(partitions);
            for same in marks.chunk_by(|a, b| a.identity == b.identity) {
                let first = same[0];
                for mark in &same[1..] {
                    found.drop_row(mark, (mark.content != first.content).then_some(first.position));
                }
            }
            verdict.lock().expect("no thread panics while it merges").merge(found);
            Ok::<(), exchange::Error>(())
        })?;
        let mut verdict = verdict.into_inner().expect("as above");
        verdict.dropped.iter_mut().for_each(|rows| rows.sort_unstable());
        Ok(verdict)
    }
}

/// Collects the marks of one worker.
pub(crate) struct Collector<'a> {
    marks: &'a Marks,
    pending: Vec<Vec<Mark>>,
}

impl Collector<'_> {
    pub(crate) fn push(&mut self, mark: Mark) -> Result<(), exchange::Error> {
        // The top bits pick the partition: those of a good hash are as even as any.
        let partition = u32::try_from(mark.identity >> 123).expect("5 bits");
        let pending = &mut self.pending[partition as usize];
        pending.push(mark);
        if pending.len() == BATCH {
            self.marks.exchange.push(partition, pack(pending))?;
            pending.clear();
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), exchange::Error> {
        for (partition, pending) in (0..).zip(std::mem::take(&mut self.pending)) {
            self.marks.exchange.push(partition, pack(&pending))?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a 128-bit hash")]
fn pack(marks: &[Mark]) -> RecordBatch {
    let column = |of: fn(&Mark) -> u64| Arc::new(UInt64Array::from_iter_values(marks.iter().map(of)));
    RecordBatch::try_new(
        MARKS.clone(),
        vec![
            column(|mark| (mark.identity >> 64) as u64),
            column(|mark| mark.identity as u64),
            column(|mark| mark.content),
            column(|mark| mark.position),
            Arc::new(UInt16Array::from_iter_values(marks.iter().map(|mark| mark.line))),
            Arc::new(UInt32Array::from_iter_values(marks.iter().map(|mark| mark.partition))),
        ],
    )
    .expect("columns of one length, as the schema says")
}

fn unpack(batch: &RecordBatch) -> Vec<Mark> {
    let numbers = |at: usize| batch.column(at).as_primitive::<UInt64Type>().values();
    let (high, low, content, position) = (numbers(0), numbers(1), numbers(2), numbers(3));
    let line = batch.column(4).as_primitive::<UInt16Type>().values();
    let partition = batch.column(5).as_primitive::<UInt32Type>().values();
    (0..batch.num_rows())
        .map(|at| Mark {
            identity: (u128::from(high[at]) << 64) | u128::from(low[at]),
            content: content[at],
            position: position[at],
            line: line[at],
            partition: partition[at],
        })
        .collect()
}

/// What became of rows that repeat an identity.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Rows that are not accepted, sorted, by the partition in which they lie.
    pub(crate) dropped: Vec<Vec<(Position, u16)>>,
    /// Duplicates by file.
    pub(crate) duplicates: BTreeMap<u32, u64>,
    /// Conflicting rows with the position of the row that stands.
    pub(crate) conflicts: BTreeMap<(Position, u16), Position>,
}

impl Verdict {
    fn new(partitions: u32) -> Self {
        Self {
            dropped: (0..partitions).map(|_| Vec::new()).collect(),
            duplicates: BTreeMap::new(),
            conflicts: BTreeMap::new(),
        }
    }

    fn drop_row(&mut self, mark: &Mark, conflicts_with: Option<Position>) {
        self.dropped[mark.partition as usize].push((mark.position, mark.line));
        match conflicts_with {
            Some(first) => {
                self.conflicts.insert((mark.position, mark.line), first);
            }
            None => *self.duplicates.entry(origin(mark.position).0).or_default() += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        for (rows, more) in self.dropped.iter_mut().zip(other.dropped) {
            rows.extend(more);
        }
        for (file, count) in other.duplicates {
            *self.duplicates.entry(file).or_default() += count;
        }
        self.conflicts.extend(other.conflicts);
    }

    /// Whether the row of this partition is accepted.
    pub(crate) fn accepts(&self, partition: u32, row: (Position, u16)) -> bool {
        let dropped = &self.dropped[partition as usize];
        dropped.is_empty() || dropped.binary_search(&row).is_err()
    }
}
