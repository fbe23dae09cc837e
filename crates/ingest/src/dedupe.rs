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
use crate::supersede::Going;
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
    /// content a conflict. What is `going` has no say; rows from `first_new` on are tonight's.
    pub(crate) fn judge(
        &self,
        partitions: u32,
        going: &Going,
        first_new: Position,
        mut memory: Option<&mut Memory>,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::new(partitions);
        let forgotten = by_partition(going);
        // Who is alone stands, and where nothing is known, remembered or going, that is all there is to say of him.
        let only_repeated = memory.is_none() && going.identities().next().is_none();
        for group in self.groups() {
            let take = |partition: &u32| if only_repeated { self.repeated(*partition) } else { self.take(*partition) };
            let marks: Vec<Vec<Mark>> = group.par_iter().map(take).collect::<Result<_, _>>()?;
            let known = match &memory {
                Some(memory) => known(&memory.known, &marks)?,
                None => Known::new(),
            };
            let settle = |same| settle(same, &known, going, first_new);
            let parts: Vec<Verdict> = marks.par_iter().map(|marks| judge(marks, &settle, partitions)).collect();
            if let Some(memory) = &mut memory {
                // Partitions are by the top bits, so one after the other is the order of keys.
                for (partition, marks) in group.iter().zip(&marks) {
                    remember(marks, &settle, &forgotten[*partition as usize], &mut memory.learnt)?;
                }
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
            marks.extend(unpack(&batch, |_| true));
            Ok(())
        })?;
        marks.sort_unstable_by_key(|mark| (mark.identity, mark.position));
        Ok(marks)
    }

    /// As [`Marks::take`], without most marks that are the only ones of their identity. Halves of identities are sorted
    /// instead of marks, and in most logs hardly any comes twice.
    fn repeated(&self, partition: u32) -> Result<Vec<Mark>, exchange::Error> {
        let mut batches = Vec::new();
        let mut halves = Vec::with_capacity(self.counts[partition as usize].load(Ordering::Relaxed));
        self.exchange.drain::<exchange::Error>(partition, |batch| {
            halves.extend_from_slice(batch.column(0).as_primitive::<UInt64Type>().values());
            batches.push(batch);
            Ok(())
        })?;
        halves.sort_unstable();
        let mut repeated: Vec<u64> = halves.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        repeated.dedup();
        let mut marks = Vec::new();
        if !repeated.is_empty() {
            let is_repeated = |half: u64| repeated.binary_search(&half).is_ok();
            marks.extend(batches.iter().flat_map(|batch| unpack(batch, is_repeated)));
        }
        marks.sort_unstable_by_key(|mark| (mark.identity, mark.position));
        Ok(marks)
    }
}

/// What becomes of the rows of one identity.
struct Settled<'m> {
    /// Content of the row that stands, if one does.
    content: Option<u64>,
    /// Whether that was not known before.
    is_new: bool,
    /// Rows of the lake that go, where these are read again.
    going: &'m [Mark],
    /// The first row of tonight that has what a row that was going has: that one stays.
    kept: Option<&'m Mark>,
    /// Whether a row that was going comes with other content.
    is_changed: bool,
    /// Rows that repeat the one that stands.
    repeated: &'m [Mark],
}

fn settle<'m>(same: &'m [Mark], known: &Known, going: &Going, first_new: Position) -> Settled<'m> {
    let (first, others) = same.split_first().expect("a chunk has a first");
    let known = known.get(&first.identity).copied();
    let settled = |content, is_new, repeated| Settled {
        content: Some(content),
        is_new,
        going: &[],
        kept: None,
        is_changed: false,
        repeated,
    };
    if !going.has(first.identity) {
        return known.map_or_else(|| settled(first.content, true, others), |content| settled(content, false, same));
    }
    let (of_lake, new) = same.split_at(same.partition_point(|mark| mark.position < first_new));
    let before = of_lake.first().map(|mark| mark.content).or(known);
    match new.split_first() {
        None => Settled { content: None, is_new: false, going: of_lake, kept: None, is_changed: false, repeated: &[] },
        Some((first, repeated)) if Some(first.content) == before => {
            Settled { kept: Some(first), ..settled(first.content, known.is_none(), repeated) }
        }
        Some((first, repeated)) => {
            Settled { going: of_lake, is_changed: true, ..settled(first.content, true, repeated) }
        }
    }
}

fn judge<'m>(marks: &'m [Mark], settle: &impl Fn(&'m [Mark]) -> Settled<'m>, partitions: u32) -> Verdict {
    let mut verdict = Verdict::new(partitions);
    for same in marks.chunk_by(|a, b| a.identity == b.identity) {
        let settled = settle(same);
        for mark in settled.going.iter().chain(settled.kept) {
            verdict.leave_out(mark);
        }
        verdict.kept.extend(settled.kept.map(|mark| (mark.identity, mark.position)));
        if settled.is_changed {
            verdict.changed.push(same[0].identity);
        }
        for mark in settled.repeated {
            verdict.drop_row(mark, Some(mark.content) != settled.content);
        }
    }
    verdict
}

/// Identities of rows that go, sorted, by the partition of their marks.
fn by_partition(going: &Going) -> Vec<Vec<u128>> {
    let mut partitions = vec![Vec::new(); PARTITIONS as usize];
    for identity in going.identities() {
        partitions[partition(identity) as usize].push(identity);
    }
    for identities in &mut partitions {
        identities.sort_unstable();
    }
    partitions
}

/// The top bits pick the partition: those of a good hash are as even as any.
fn partition(identity: u128) -> u32 {
    u32::try_from(identity >> 123).expect("5 bits")
}

/// Which of these identities earlier nights accepted, and with what content.
fn known(runs: &Runs, marks: &[Vec<Mark>]) -> Result<Known, Error> {
    let mut keys: Vec<u64> = marks.iter().flatten().map(|mark| halves(mark.identity).0).collect();
    keys.dedup();
    let mut known = Known::new();
    runs.look_up(&keys, |high, entry| {
        if let Some((low, content)) = parse(entry) {
            let identity = (u128::from(high) << 64) | u128::from(low);
            // Entries come oldest first: the last word counts.
            match content {
                Some(content) => _ = known.insert(identity, content),
                None => _ = known.remove(&identity),
            }
        }
    })?;
    Ok(known)
}

/// Writes down which identities are accepted for the first time or with other content, and, of those that `went`, which
/// are not known any more.
fn remember<'m>(
    marks: &'m [Mark],
    settle: &impl Fn(&'m [Mark]) -> Settled<'m>,
    went: &[u128],
    into: &mut runs::Writer,
) -> Result<(), Error> {
    let mut push = |identity: u128, content: Option<u64>| {
        let (high, low) = halves(identity);
        let mut entry = low.to_le_bytes().to_vec();
        entry.extend(content.iter().flat_map(|content| content.to_le_bytes()));
        into.push(high, &entry)
    };
    let mut went = went.iter().copied().peekable();
    for same in marks.chunk_by(|a, b| a.identity == b.identity) {
        let identity = same[0].identity;
        while let Some(gone) = went.next_if(|gone| *gone < identity) {
            push(gone, None)?;
        }
        let settled = settle(same);
        let is_gone = went.next_if_eq(&identity).is_some() && settled.content.is_none();
        if settled.is_new || is_gone {
            push(identity, settled.content)?;
        }
    }
    went.try_for_each(|gone| push(gone, None))?;
    Ok(())
}

/// The lower half of an identity, and the content that it was accepted with; `None` if it is known no more.
fn parse(entry: &[u8]) -> Option<(u64, Option<u64>)> {
    let (low, content) = entry.split_first_chunk()?;
    let content = if content.is_empty() { None } else { Some(u64::from_le_bytes(content.try_into().ok()?)) };
    Some((u64::from_le_bytes(*low), content))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a 128-bit hash")]
pub(crate) const fn halves(identity: u128) -> (u64, u64) {
    ((identity >> 64) as u64, identity as u64)
}

/// Collects the marks of one worker.
pub(crate) struct Collector<'a> {
    marks: &'a Marks,
    pending: Vec<Vec<Mark>>,
}

impl Collector<'_> {
    pub(crate) fn push(&mut self, mark: Mark) -> Result<(), exchange::Error> {
        let partition = partition(mark.identity);
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

/// The marks of a batch of whose identities the upper half is wanted.
fn unpack(batch: &RecordBatch, is_wanted: impl Fn(u64) -> bool) -> Vec<Mark> {
    let numbers = |at: usize| batch.column(at).as_primitive::<UInt64Type>().values();
    let (high, low, content, position) = (numbers(0), numbers(1), numbers(2), numbers(3));
    let line = batch.column(4).as_primitive::<UInt16Type>().values();
    let partition = batch.column(5).as_primitive::<UInt32Type>().values();
    (0..batch.num_rows())
        .filter(|at| is_wanted(high[*at]))
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
    /// Rows that were going and stay, because tonight's row of this position says the same.
    pub(crate) kept: Vec<(u128, Position)>,
    /// Rows that were going and come with other content.
    pub(crate) changed: Vec<u128>,
}

impl Verdict {
    fn new(partitions: u32) -> Self {
        Self {
            dropped: (0..partitions).map(|_| Vec::new()).collect(),
            duplicates: BTreeMap::new(),
            conflicts: BTreeSet::new(),
            kept: Vec::new(),
            changed: Vec::new(),
        }
    }

    fn leave_out(&mut self, mark: &Mark) {
        self.dropped[mark.partition as usize].push((mark.position, mark.line));
    }

    fn drop_row(&mut self, mark: &Mark, is_conflict: bool) {
        self.leave_out(mark);
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
        self.kept.extend(other.kept);
        self.changed.extend(other.changed);
    }

    /// Whether the row of this partition is accepted.
    pub(crate) fn accepts(&self, partition: u32, row: (Position, u16)) -> bool {
        let dropped = &self.dropped[partition as usize];
        dropped.is_empty() || dropped.binary_search(&row).is_err()
    }
}
