//! Which rows are new: by identity (source, `event_id`, line) over all files, the first in file order stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use arrow::array::{AsArray, RecordBatch, UInt16Array, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt16Type, UInt32Type, UInt64Type};
use events::exchange::{self, Exchange};
use events::runs::{self, Runs};
use rayon::prelude::*;

use crate::batch::{Position, origin};
use crate::write::Error;

/// Partitions by identity; each is judged in memory.
const PARTITIONS: u32 = 32;
/// Marks collected before they go to the exchange.
const BATCH: usize = 8_192;
/// Marks judged at once, as far as whole partitions allow: earlier nights are asked once for each such group.
const GROUP: usize = 1 << 20;

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
    counts: [AtomicUsize; PARTITIONS as usize],
}

/// What earlier nights accepted, and where what tonight accepts is remembered.
pub(crate) struct Memory {
    /// Identities of earlier nights.
    pub(crate) known: Runs,
    /// Those of tonight.
    pub(crate) learnt: runs::Writer,
}

/// The content that an identity was accepted with.
type Known = HashMap<u128, u64>;

impl Marks {
    pub(crate) fn new(scratch: &Path, budget: usize) -> Self {
        let exchange = Exchange::new(MARKS.clone(), PARTITIONS, scratch, "marks", budget);
        Self { exchange, counts: [const { AtomicUsize::new(0) }; PARTITIONS as usize] }
    }

    /// A worker's collector.
    pub(crate) fn collector(&self) -> Collector<'_> {
        Collector { marks: self, pending: (0..PARTITIONS).map(|_| Vec::new()).collect() }
    }

    /// Judges every row: the first of an identity stands, a row with the same content is a duplicate, one with other
    /// content a conflict.
    pub(crate) fn judge(&self, partitions: u32, mut memory: Option<&mut Memory>) -> Result<Verdict, Error> {
        let mut verdict = Verdict::new(partitions);
        for group in self.groups() {
            let mut marks: Vec<Vec<Mark>> =
                group.into_par_iter().map(|partition| self.take(partition)).collect::<Result<_, _>>()?;
            let known = match &memory {
                Some(memory) => known(&memory.known, &marks)?,
                None => Known::new(),
            };
            let parts: Vec<Verdict> = marks.par_iter().map(|marks| judge(marks, &known, partitions)).collect();
            if let Some(memory) = &mut memory {
                // Partitions are by the top bits, so one after the other is the order of keys.
                marks.iter_mut().try_for_each(|marks| remember(marks, &known, &mut memory.learnt))?;
            }
            for part in parts {
                verdict.merge(part);
            }
        }
        verdict.dropped.par_iter_mut().for_each(|rows| rows.sort_unstable());
        Ok(verdict)
    }

    /// Neighbouring partitions that together hold about [`GROUP`] marks.
    fn groups(&self) -> Vec<Vec<u32>> {
        let mut groups = Vec::new();
        let (mut group, mut size) = (Vec::new(), 0);
        for (partition, count) in (0..).zip(&self.counts) {
            let count = count.load(Ordering::Relaxed);
            if size + count > GROUP && !group.is_empty() {
                groups.push(std::mem::take(&mut group));
                size = 0;
            }
            size += count;
            group.push(partition);
        }
        groups.push(group);
        groups
    }

    /// A partition's marks by identity, within it in the order in which rows are accepted.
    fn take(&self, partition: u32) -> Result<Vec<Mark>, exchange::Error> {
        let mut marks = Vec::with_capacity(self.counts[partition as usize].load(Ordering::Relaxed));
        self.exchange.drain::<exchange::Error>(partition, |batch| {
            marks.extend(unpack(&batch));
            Ok(())
        })?;
        marks.sort_unstable_by_key(|mark| (mark.identity, mark.position));
        Ok(marks)
    }
}

fn judge(marks: &[Mark], known: &Known, partitions: u32) -> Verdict {
    let mut verdict = Verdict::new(partitions);
    for same in marks.chunk_by(|a, b| a.identity == b.identity) {
        let (first, repeated) = same.split_first().expect("a chunk has a first");
        let (accepted, repeated) = match known.get(&first.identity) {
            Some(content) => (*content, same),
            None => (first.content, repeated),
        };
        for mark in repeated {
            verdict.drop_row(mark, mark.content != accepted);
        }
    }
    verdict
}

/// Which of these identities earlier nights accepted, and with what content.
fn known(runs: &Runs, marks: &[Vec<Mark>]) -> Result<Known, Error> {
    let mut keys: Vec<u64> = marks.iter().flatten().map(|mark| halves(mark.identity).0).collect();
    keys.dedup();
    let mut known = Known::new();
    runs.look_up(&keys, |high, entry| {
        if let Some((low, content)) = parse(entry) {
            known.insert((u128::from(high) << 64) | u128::from(low), content);
        }
    })?;
    Ok(known)
}

/// Writes down which identities are accepted for the first time.
fn remember(marks: &mut Vec<Mark>, known: &Known, into: &mut runs::Writer) -> Result<(), Error> {
    marks.dedup_by_key(|mark| mark.identity);
    for mark in marks.iter().filter(|mark| !known.contains_key(&mark.identity)) {
        let (high, low) = halves(mark.identity);
        let mut entry = [0; 16];
        entry[..8].copy_from_slice(&low.to_le_bytes());
        entry[8..].copy_from_slice(&mark.content.to_le_bytes());
        into.push(high, &entry)?;
    }
    Ok(())
}

fn parse(entry: &[u8]) -> Option<(u64, u64)> {
    let (low, content) = entry.split_first_chunk()?;
    Some((u64::from_le_bytes(*low), u64::from_le_bytes(content.try_into().ok()?)))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a 128-bit hash")]
const fn halves(identity: u128) -> (u64, u64) {
    ((identity >> 64) as u64, identity as u64)
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
            self.marks.counts[partition as usize].fetch_add(BATCH, Ordering::Relaxed);
            self.marks.exchange.push(partition, pack(pending))?;
            pending.clear();
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), exchange::Error> {
        for (partition, pending) in (0..).zip(std::mem::take(&mut self.pending)) {
            self.marks.counts[partition as usize].fetch_add(pending.len(), Ordering::Relaxed);
            self.marks.exchange.push(partition, pack(&pending))?;
        }
        Ok(())
    }
}

fn pack(marks: &[Mark]) -> RecordBatch {
    let column = |of: fn(&Mark) -> u64| Arc::new(UInt64Array::from_iter_values(marks.iter().map(of)));
    RecordBatch::try_new(
        MARKS.clone(),
        vec![
            column(|mark| halves(mark.identity).0),
            column(|mark| halves(mark.identity).1),
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
    /// Conflicting rows.
    pub(crate) conflicts: BTreeSet<(Position, u16)>,
}

impl Verdict {
    fn new(partitions: u32) -> Self {
        Self {
            dropped: (0..partitions).map(|_| Vec::new()).collect(),
            duplicates: BTreeMap::new(),
            conflicts: BTreeSet::new(),
        }
    }

    fn drop_row(&mut self, mark: &Mark, is_conflict: bool) {
        self.dropped[mark.partition as usize].push((mark.position, mark.line));
        if is_conflict {
            self.conflicts.insert((mark.position, mark.line));
        } else {
            *self.duplicates.entry(origin(mark.position).0).or_default() += 1;
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
