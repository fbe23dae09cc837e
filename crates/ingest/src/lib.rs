//! Logs in any supported format into the `events` and `quarantine` tables.
//!
//! ```text
//! files ─ source ─ chunk ─ format ─> raw rows ─ row, words ─> events ─┬─ dedupe ─> write ─> events/day=…/bucket=…
//!         open,    cut at   read     by         door: check,          │
//!         unpack   records  records  column     hide, normalise       └──────────> quarantine
//! ```
//!
//! Every input row ends in exactly one place: accepted, duplicate or quarantined. Rows of several workers meet in
//! exchanges, which spill to disk, so memory does not grow with the input.

mod agent;
mod batch;
mod bots;
mod channel;
mod chunk;
mod clock;
mod columns;
mod conflicts;
mod dedupe;
mod documents;
mod door;
mod email;
mod format;
mod gather;
mod ids;
mod mask;
mod names;
mod network;
mod preview;
pub mod pseudonym;
mod quarantine;
mod read;
mod reject;
mod row;
mod source;
mod stream;
mod suggest;
mod supersede;
mod tables;
#[doc(hidden)]
pub mod trial;
mod url;
mod words;
mod worker;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use events::exchange::Exchange;
use events::lake::{Input, Superseded};
use events::parquet_io;
use events::runs::Runs;
use events::schema::EVENTS;
use supersede::{Listing, Plan};

pub use agent::{BadPattern, Programs};
pub use door::{Door, Future, Privacy};
pub use email::conceal;
pub use format::{
    AccessLog, BadMapping, BadRoute, Capture, Column, CurrencySigns, Format, Identity, LatencyUnit, MappedKind,
    Mapping, Paths, Route, Separator, TimeFormat, Unrecognised, Wanted,
};
pub use preview::{Preview, Rejected, preview};
pub use read::{Error as ReadError, InputFile, Progress};
pub use reject::{Reason, Reject};
pub use source::{Error as SourceError, STDIN, expand};
pub use stream::OpenError;
pub use suggest::suggest;
pub use supersede::ExportTables;
pub use tables::ExportTable;
pub use write::Error as WriteError;

/// What to ingest and where to put it.
pub struct Job<'a> {
    /// New files, in the order in which their rows are accepted.
    pub files: &'a [InputFile],
    /// What earlier nights accepted, before all that is new.
    pub earlier: Earlier<'a>,
    /// The run's clock, microseconds since 1970: rows more than a day after it are rejected.
    pub clock: i64,
    /// What is done to rows at the door.
    pub door: &'a Door,
    /// A folder for temporary files.
    pub scratch: &'a Path,
    /// Where the events table goes.
    pub events: &'a Path,
    /// The file that new quarantined rows go to.
    pub quarantine: &'a Path,
    /// Bytes of rows that may wait in memory; what is more waits in `scratch`.
    pub memory: usize,
    /// What is kept of tables of GA4's export, which supersede each other.
    pub tables: ExportTables<'a>,
    /// Told how many rows more were read.
    pub progress: Progress<'a>,
}

/// What earlier nights left.
#[derive(Clone, Copy, Debug)]
pub enum Earlier<'a> {
    /// Nothing: this is the first night.
    Nothing,
    /// Event files whose rows nobody has by heart: they are read once more, and remembered from tonight on.
    Unremembered {
        /// All files of the events table.
        events: &'a [PathBuf],
        /// What is to be remembered of this night.
        memory: Memory<'a>,
    },
    /// Events whose identities are remembered: only files in which rows of tonight belong are read and written anew.
    Remembered {
        /// The folder of the events table.
        events: &'a Path,
        /// What earlier nights remembered, and what is to be remembered of this one.
        memory: Memory<'a>,
    },
}

/// What a night leaves for the nights after it, beside the tables.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    /// The folder with the [runs](events::runs) of identities and contents of accepted rows.
    pub identities: &'a Path,
    /// The file that the newly accepted rows go to once more.
    pub news: &'a Path,
    /// The file that rows go to, as they were, which are in the lake no more.
    pub taken_back: &'a Path,
    /// The name of this night, which sorts after those of earlier ones.
    pub night: &'a str,
}

impl<'a> Earlier<'a> {
    const fn memory(self) -> Option<Memory<'a>> {
        match self {
            Self::Nothing => None,
            Self::Unremembered { memory, .. } | Self::Remembered { memory, .. } => Some(memory),
        }
    }
}

/// What became of the rows.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The new files, each with its balance.
    pub files: Vec<Input>,
    /// Rows newly in the events table.
    pub accepted: u64,
    /// Files of the events table that were written.
    pub event_files: u64,
    /// Rows newly in quarantine.
    pub quarantined: u64,
    /// Tables that were superseded, `rows` of each being those of tonight's files alone.
    pub superseded: Vec<Superseded>,
    /// Whether what was learnt of who is who has to be learnt anew, because rows that it was learnt from are gone.
    pub unlearns: bool,
    /// Files of the events table of the night before, as they would be called tonight, of which no row is left.
    pub emptied: Vec<PathBuf>,
    /// Events that the contract has no kind for, by the source's name for them.
    pub unmapped: BTreeMap<String, u64>,
    /// Columns that the contract has no place for, by file.
    pub unused_columns: BTreeMap<String, Vec<String>>,
}

/// Why nothing was ingested.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A table could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Rows could not be set aside.
    #[error(transparent)]
    Exchange(#[from] events::exchange::Error),
    /// Standard input could not be kept.
    #[error("failed to read standard input: {0}")]
    Stdin(std::io::Error),
}

/// Reads all files, settles duplicates and conflicts, and writes events and quarantine.
///
/// # Errors
/// When a file cannot be read at all or the disk refuses; bad rows are no error.
pub fn ingest(job: &Job<'_>) -> Result<Summary, Error> {
    let again = if let Earlier::Unremembered { events, .. } = job.earlier { events } else { &[] };
    let mut files: Vec<InputFile> =
        again.iter().map(|path| InputFile::new(path.clone(), "", Wanted::Only(Format::NativeParquet))).collect();
    let earlier = files.len();
    for file in job.files {
        files.push(spool(file, job.scratch)?);
    }
    let plan = Plan::of(job.files, job.tables)?;
    let going = plan.going()?;
    let schema = batch::schema();
    let targets = read::Targets {
        rows: Exchange::new(schema.clone(), write::PARTITIONS, job.scratch, "rows", job.memory),
        schema,
        marks: dedupe::Marks::new(job.scratch, job.memory / 4),
        quarantine: quarantine::Quarantine::new(job.scratch, job.memory / 8, job.door.privacy.is_some()),
        idle: plan.idle().iter().zip(number(earlier + 1)..).filter(|(idle, _)| **idle).map(|(_, file)| file).collect(),
    };
    let found = read::read(&files, job.clock, job.door, &targets, job.progress)?;
    let mut memory = job.earlier.memory().map(|memory| open(&memory)).transpose()?;
    let first_new = batch::position(number(earlier + 1), 0, 0);
    let verdict = targets.marks.judge(write::PARTITIONS, &going, first_new, memory.as_mut())?;
    if let Some(memory) = memory {
        memory.learnt.finish().map_err(WriteError::from)?;
    }
    let mut rejected = targets.quarantine.collector();
    conflicts::quarantine(&verdict.conflicts, &files, &mut rejected)?;
    rejected.flush()?;
    // Names are the caller's: a spooled input is still called what it was given as.
    let name = |number: u32| {
        let at = number as usize - 1;
        let file = if at < earlier { &files[at] } else { &job.files[at - earlier] };
        (file.path.display().to_string(), file.source.clone())
    };
    let quarantined = targets.quarantine.write(job.quarantine, name)?;
    let mut taken_back = going.taken_back(&verdict);
    let mut unlearns = false;
    if !matches!(job.earlier, Earlier::Remembered { .. }) {
        // All rows are dealt out anew, without those that go.
        unlearns = !std::mem::take(&mut taken_back).is_empty();
    }
    let as_they_were = job.earlier.memory().filter(|_| !taken_back.is_empty());
    let as_they_were =
        as_they_were.map(|memory| parquet_io::Writer::create(memory.taken_back, &EVENTS, &[])).transpose();
    let listing = Listing::new(&plan, earlier + 1, job.files, job.scratch, job.memory / 8);
    let written = write::events(
        &targets.rows,
        &verdict,
        write::Targets {
            events: job.events,
            bots: &job.door.bots,
            earlier: if let Earlier::Remembered { events, .. } = job.earlier { Some(events) } else { None },
            news: job.earlier.memory().map(|memory| write::News::new(memory.news, first_new)).transpose()?,
            taken_back: &taken_back,
            as_they_were: as_they_were.map_err(WriteError::from)?.map(Mutex::new),
            listing: &listing,
        },
    )?;
    let superseded = plan.write(&listing, &going, &verdict)?;
    let (event_files, emptied) = (written.files, written.emptied);
    unlearns |= written.unlinks;
    let mut summary = Summary {
        event_files,
        unlearns,
        emptied,
        quarantined,
        superseded,
        unmapped: found.unmapped.by_name(),
        ..Summary::default()
    };
    for at in 0..job.files.len() {
        let number = number(earlier + 1 + at);
        let (path, source) = name(number);
        let tally = found.files.get(&number).cloned().unwrap_or_default();
        if !tally.unused_columns.is_empty() {
            summary.unused_columns.insert(path.clone(), tally.unused_columns.clone());
        }
        let mut input = balance(number, path, source, tally, &verdict);
        input.table = plan.table(at).map(|table| table.to_string());
        if targets.idle.contains(&number) {
            input.supersede();
            let same =
                |told: &&mut Superseded| told.source == input.source && Some(&told.table) == input.table.as_ref();
            summary.superseded.iter_mut().filter(same).for_each(|told| told.rows += input.rows);
        }
        summary.files.push(input);
    }
    summary.accepted = summary.files.iter().map(|file| file.accepted).sum();
    Ok(summary)
}

/// The number of a file: its place among all, from 1.
fn number(place: usize) -> u32 {
    u32::try_from(place).expect("far fewer files")
}

fn open(memory: &Memory<'_>) -> Result<dedupe::Memory, Error> {
    let known = Runs::open(memory.identities).map_err(WriteError::from)?;
    let learnt = known.add(memory.night).map_err(WriteError::from)?;
    Ok(dedupe::Memory { known, learnt })
}

fn balance(number: u32, path: String, source: String, tally: read::Tally, verdict: &dedupe::Verdict) -> Input {
    let duplicates = verdict.duplicates.get(&number).copied().unwrap_or(0);
    let mut quarantined: BTreeMap<String, u64> =
        tally.rejected.iter().map(|(reason, count)| (reason.words().to_owned(), *count)).collect();
    let rows = (batch::position(number, 0, 0), 0)..(batch::position(number + 1, 0, 0), 0);
    let conflicts = verdict.conflicts.range(rows).count() as u64;
    if conflicts > 0 {
        quarantined.insert(Reason::Conflict.words().to_owned(), conflicts);
    }
    let rejected: u64 = quarantined.values().sum();
    let mut tally = tally;
    let columns = tally.columns();
    Input {
        path,
        source,
        format: tally.format.map_or("empty", Format::name).to_owned(),
        size: tally.size,
        blake3: tally.blake3,
        rows: tally.read,
        accepted: tally.read - duplicates - rejected,
        duplicates,
        quarantined,
        superseded: 0,
        table: None,
        ahead: tally.ahead,
        clamped: tally.clamped,
        columns,
    }
}

/// Standard input can be read only once, and conflicting rows need a second look: it is kept in a file.
fn spool(file: &InputFile, scratch: &Path) -> Result<InputFile, Error> {
    if file.path != Path::new(STDIN) {
        return Ok(file.clone());
    }
    let path = scratch.join("stdin");
    let copy = || -> std::io::Result<()> {
        let mut into = std::fs::File::create(&path)?;
        std::io::copy(&mut std::io::stdin().lock(), &mut into)?;
        Ok(())
    };
    copy().map_err(Error::Stdin)?;
    Ok(InputFile { path, ..file.clone() })
}

/// Size and blake3 hash of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn fingerprint(path: &Path) -> std::io::Result<(u64, String)> {
    stream::fingerprint(path)
}

#[cfg(test)]
mod tests;
