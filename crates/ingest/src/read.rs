//! Files into the exchanges: workers take pieces of files, parse them, and deal the rows out.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use arrow::datatypes::SchemaRef;
use events::exchange::{self, Exchange};
use events::lake::Columns;

use crate::batch::{Batch, Position};
use crate::columns::{self, Keys};
use crate::dedupe::{self, Mark, Marks};
use crate::door::Door;
use crate::format::{AccessLog, Format, Mapping, Wanted};
use crate::names::Names;
use crate::quarantine::{self, Quarantine};
use crate::reject::{Reason, Reject};
use crate::row::Event;
use crate::stream::{self, OpenError, Stream};
use crate::worker::{Outlet, Worker};
use crate::write;

/// A file to read.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Where it is.
    pub path: PathBuf,
    /// The configured source that it belongs to.
    pub source: String,
    /// The format to read it as.
    pub wanted: Wanted,
    /// How it is read if it is an access log.
    pub access_log: Arc<AccessLog>,
    /// How it is read if its format is `mapping`, or is not asked for.
    pub mapping: Option<Arc<Mapping>>,
}

impl InputFile {
    /// A file that, if it is an access log, has no map of routes of its own, and no mapping.
    #[must_use]
    pub fn new(path: PathBuf, source: impl Into<String>, wanted: Wanted) -> Self {
        Self { path, source: source.into(), wanted, access_log: AccessLog::shared_default(), mapping: None }
    }
}

/// What became of a file's rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) read: u64,
    pub(crate) ahead: u64,
    pub(crate) clamped: u64,
    pub(crate) rejected: BTreeMap<Reason, u64>,
    pub(crate) format: Option<Format>,
    pub(crate) unused_columns: Vec<String>,
    /// Columns that its header or schema names.
    pub(crate) columns: Option<Columns>,
    /// Keys of its records, if it has no header.
    pub(crate) keys: Keys,
    /// Columns of the contract that depend on columns of the file.
    pub(crate) wanted: Vec<columns::Wanted>,
    pub(crate) size: u64,
    pub(crate) blake3: String,
}

impl Tally {
    /// What the file calls its columns, taken out.
    pub(crate) fn columns(&mut self) -> Option<Columns> {
        let mut columns = self.columns.take().or_else(|| std::mem::take(&mut self.keys).columns())?;
        columns.absent = columns::absent(&columns, &self.wanted);
        Some(columns)
    }
}

/// What was learnt while reading.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: BTreeMap<u32, Tally>,
    /// Events that became `other`, by their source's name for them.
    pub(crate) unmapped: Names,
}

impl Found {
    pub(crate) fn merge(&mut self, other: Self) {
        for (file, tally) in other.files {
            let mine = self.files.entry(file).or_default();
            mine.read += tally.read;
            mine.ahead += tally.ahead;
            mine.clamped += tally.clamped;
            for (reason, count) in tally.rejected {
                *mine.rejected.entry(reason).or_default() += count;
            }
            if tally.format.is_some() {
                mine.format = tally.format;
                mine.unused_columns = tally.unused_columns;
                mine.columns = tally.columns;
                mine.wanted = tally.wanted;
            }
            mine.keys.merge(tally.keys);
            if !tally.blake3.is_empty() {
                (mine.size, mine.blake3) = (tally.size, tally.blake3);
            }
        }
        self.unmapped.merge(other.unmapped);
    }
}

/// Where rows go.
pub(crate) struct Targets {
    pub(crate) schema: SchemaRef,
    pub(crate) rows: Exchange,
    pub(crate) marks: Marks,
    pub(crate) quarantine: Quarantine,
    /// Numbers of files whose rows are counted and nothing else.
    pub(crate) idle: HashSet<u32>,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read at all.
    #[error("failed to read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// Rows could not be set aside.
    #[error(transparent)]
    Exchange(#[from] exchange::Error),
}

/// How far reading has come; called from several threads.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Reads every file. The number of a file is its place in `files` plus one: 0 is for rows of earlier nights.
pub(crate) fn read(
    files: &[InputFile],
    clock: i64,
    door: &Door,
    targets: &Targets,
    progress: Progress<'_>,
) -> Result<Found, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = Queue::new(files.len(), threads);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let result =
                        work(files, targets, Worker::new(Outgoing::new(targets), clock, door), &queue, &stop, progress);
                    if result.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    result
                })
            })
            .collect();
        let mut found = Found::default();
        let mut first_error = None;
        for worker in workers {
            match worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                Ok(more) => found.merge(more),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(found), Err)
    })
}

fn work(
    files: &[InputFile],
    targets: &Targets,
    mut worker: Worker<'_, Outgoing<'_>>,
    queue: &Queue,
    stop: &AtomicBool,
    progress: Progress<'_>,
) -> Result<Found, Error> {
    while let Some(next) = queue.take() {
        let mut lease = Lease { queue, back: None };
        if stop.load(Ordering::Relaxed) {
            continue;
        }
        let (number, mut stream) = match next {
            Next::Continue(number, stream) => (number, stream),
            Next::Open(at) => {
                let file = &files[at];
                let number = u32::try_from(at + 1).expect("far fewer files");
                let opened = Stream::open(file).map_err(|source| Error::Open { path: file.path.clone(), source })?;
                let tally = worker.found.files.entry(number).or_default();
                if let Some(stream) = opened {
                    tally.format = Some(stream.format);
                    tally.unused_columns.clone_from(&stream.unused_columns);
                    tally.columns = stream.columns.as_deref().cloned();
                    tally.wanted = stream.parser.wanted_columns();
                    (number, stream)
                } else {
                    (tally.size, tally.blake3) = print_of(&file.path)?;
                    continue;
                }
            }
        };
        let file = &files[number as usize - 1];
        let Some(piece) = stream.next() else {
            let print = stream.fingerprint(&file.path).map_err(|error| open_error(&file.path, error))?;
            let tally = worker.found.files.entry(number).or_default();
            (tally.size, tally.blake3) = print;
            continue;
        };
        let parser = stream.parser.clone();
        // The stream goes back before parsing, so that another worker reads on meanwhile.
        lease.back = Some((number, stream));
        drop(lease);
        worker.parse(number, &file.source, targets.idle.contains(&number), &parser, &piece);
        worker.outlet.failure()?;
        progress(worker.take_rows());
    }
    let Worker { outlet, found, .. } = worker;
    outlet.finish()?;
    Ok(found)
}

fn print_of(path: &Path) -> Result<(u64, String), Error> {
    stream::fingerprint(path).map_err(|error| open_error(path, error))
}

fn open_error(path: &Path, error: std::io::Error) -> Error {
    Error::Open { path: path.to_path_buf(), source: error.into() }
}

/// Files not yet opened, and open files that nobody is reading from.
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    most_open: usize,
}

struct State {
    unopened: std::collections::VecDeque<usize>,
    idle: Vec<(u32, Stream)>,
    leased: usize,
}

enum Next {
    Open(usize),
    Continue(u32, Stream),
}

impl Queue {
    fn new(files: usize, most_open: usize) -> Self {
        let state = State { unopened: (0..files).collect(), idle: Vec::new(), leased: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new(), most_open }
    }

    /// The next file to read from; `None` once every file is read. Waits while others hold all that is left.
    fn take(&self) -> Option<Next> {
        let mut state = self.state.lock().expect("no thread panics while it holds the queue");
        loop {
            let open = state.idle.len() + state.leased;
            let next = if open < self.most_open && !state.unopened.is_empty() {
                state.unopened.pop_front().map(Next::Open)
            } else {
                state.idle.pop().map(|(number, stream)| Next::Continue(number, stream))
            };
            if next.is_some() {
                state.leased += 1;
                return next;
            }
            if state.leased == 0 && state.unopened.is_empty() {
                return None;
            }
            state = self.changed.wait(state).expect("as above");
        }
    }
}

/// A worker's hold on a file; given back when dropped, also when the worker fails.
struct Lease<'a> {
    queue: &'a Queue,
    back: Option<(u32, Stream)>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.queue.state.lock() {
            state.leased -= 1;
            state.idle.extend(self.back.take());
        }
        self.queue.changed.notify_all();
    }
}

/// Rows into exchanges, and what is to be judged of them.
struct Outgoing<'a> {
    targets: &'a Targets,
    batches: Vec<Batch>,
    marks: dedupe::Collector<'a>,
    quarantine: quarantine::Collector<'a>,
    buffer: Vec<u8>,
    /// Readers cannot fail, so the first error waits here until the piece is done.
    error: Option<exchange::Error>,
}

/// Rows collected for a partition before they go to the exchange.
const BATCH_ROWS: usize = 2_048;

impl<'a> Outgoing<'a> {
    fn new(targets: &'a Targets) -> Self {
        Self {
            targets,
            batches: (0..write::PARTITIONS).map(|_| Batch::new(targets.schema.clone())).collect(),
            marks: targets.marks.collector(),
            quarantine: targets.quarantine.collector(),
            buffer: Vec::new(),
            error: None,
        }
    }

    fn note(&mut self, result: Result<(), exchange::Error>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn failure(&mut self) -> Result<(), Error> {
        self.error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn finish(mut self) -> Result<(), Error> {
        for (partition, batch) in (0..).zip(&mut self.batches) {
            self.targets.rows.push(partition, batch.take())?;
        }
        self.marks.finish()?;
        self.quarantine.flush()?;
        Ok(())
    }
}

impl Outlet for Outgoing<'_> {
    fn accept(&mut self, event: &Event<'_>, position: Position) {
        let partition = write::partition(event.visitor(), event.ts);
        let mark = Mark {
            identity: event.identity(&mut self.buffer),
            content: event.content(&mut self.buffer),
            position,
            line: event.line,
            partition,
        };
        let batch = &mut self.batches[partition as usize];
        batch.append(event, position);
        let mut result = self.marks.push(mark);
        if batch.rows() == BATCH_ROWS {
            result = result.and_then(|()| self.targets.rows.push(partition, batch.take()));
        }
        self.note(result);
    }

    fn reject(&mut self, position: Position, reject: Reject, raw: &[u8]) {
        let result = self.quarantine.push(position, reject, raw);
        self.note(result);
    }
}
