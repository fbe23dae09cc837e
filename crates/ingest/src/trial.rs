//! Bytes that are at hand, read as a night reads a file, with every row told apart: for tests of readers, and for fuzzing
//! them.
//!
//! Everything is the night's but the place where rows end up: format, chunks, records, rules and the door are the same
//! code, and rows are hashed and put into columns as on their way to the exchange. Then they are counted and let go.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::agent::Agents;
use crate::batch::{self, Batch, Position, position};
use crate::chunk::Boundary;
use crate::door::Door;
use crate::format::{Format, Raw};
use crate::read::InputFile;
use crate::reject::{Reason, Reject};
use crate::row::Event;
use crate::stream::{OpenError, Stream};
use crate::worker::{Outlet, Worker};
use crate::{channel, email, ids, mask, network, quarantine, url};

pub use crate::format::{Found, find_in_json};

/// Rows put into columns before they are let go.
const BATCH_ROWS: usize = 256;
/// The number that the file has.
const FILE: u32 = 1;

/// A row, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place: file, row of the file and event of the row in one.
    pub position: u64,
    /// The row of the file, from 1: its line, or the number of its record in a JSON document.
    pub row: u64,
    /// Item line within its event; 0 of a row that is refused.
    pub line: u16,
    /// Why it is in quarantine; `None` of an event.
    pub refused: Option<Reason>,
    /// Hash of all that an event holds; 0 of a row that is refused.
    pub content: u64,
}

/// A record of the file, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The row of the file, from 1.
    pub row: u64,
    /// Its bytes that are no white space.
    pub ink: usize,
    /// How many of the outcome's rows came before it.
    pub rows_before: usize,
}

/// How a file's records are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Each is a line.
    ByLines,
    /// Each is a record of CSV.
    ByCsv,
    /// Each is one or more records of CSV that belong together.
    ByRuns,
    /// Each is an element of a JSON document.
    ByDocument,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it was taken for.
    pub format: Format,
    /// How its records are told apart.
    pub told: Told,
    /// Its records, in the order in which they were read.
    pub records: Vec<Record>,
    /// Their rows, in the same order.
    pub rows: Vec<Row>,
    /// Rows that the night's own books count.
    pub read: u64,
    /// Rejected rows by the night's own books.
    pub rejected: BTreeMap<Reason, u64>,
}

/// Reads files that are held in memory, one after another.
pub struct Trial<'a> {
    worker: Worker<'a, Kept>,
}

impl<'a> Trial<'a> {
    /// At this clock, microseconds since 1970, and behind this door.
    #[must_use]
    pub fn new(clock: i64, door: &'a Door) -> Self {
        let kept = Kept {
            batch: Batch::new(batch::schema()),
            buffer: Vec::new(),
            withholds: door.privacy.is_some(),
            records: Vec::new(),
            rows: Vec::new(),
        };
        Self { worker: Worker::new(kept, clock, door) }
    }

    /// Reads bytes as a file of this source and format, in chunks of about so many bytes. `None` if there is nothing in
    /// it.
    ///
    /// # Errors
    /// When its format is not known.
    pub fn read(&mut self, file: &InputFile, bytes: &[u8], usual: usize) -> Result<Option<Outcome>, OpenError> {
        let Some(mut stream) = Stream::of_bytes(file, bytes, usual)? else { return Ok(None) };
        let (format, parser) = (stream.format, stream.parser.clone());
        let told = match parser.boundary() {
            Boundary::Line => Told::ByLines,
            Boundary::Csv | Boundary::Separated(_) => Told::ByCsv,
            Boundary::CsvRuns(_) => Told::ByRuns,
            Boundary::Document => Told::ByDocument,
        };
        while let Some(piece) = stream.next() {
            self.worker.parse(FILE, &file.source, false, &parser, &piece);
        }
        let tally = std::mem::take(&mut self.worker.found).files.remove(&FILE).unwrap_or_default();
        let kept = &mut self.worker.outlet;
        let (records, rows) = (std::mem::take(&mut kept.records), std::mem::take(&mut kept.rows));
        Ok(Some(Outcome { format, told, records, rows, read: tally.read, rejected: tally.rejected }))
    }
}

/// The place of the first event of a row of the file.
#[must_use]
pub fn place(row: u64) -> u64 {
    position(FILE, row, 0)
}

/// Events that one row of a file can hold.
pub const EVENTS_PER_ROW: u64 = batch::EVENTS_PER_ROW;

/// Bytes that are no white space.
#[must_use]
pub fn ink(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count()
}

struct Kept {
    batch: Batch,
    buffer: Vec<u8>,
    withholds: bool,
    records: Vec<Record>,
    rows: Vec<Row>,
}

impl Outlet for Kept {
    fn note_record(&mut self, row: u64, raw: Raw<'_>) {
        self.records.push(Record { row, ink: ink(&raw.bytes()), rows_before: self.rows.len() });
    }

    fn accept(&mut self, event: &Event<'_>, position: Position) {
        let identity = event.identity(&mut self.buffer);
        self.batch.append(event, position);
        if self.batch.rows() == BATCH_ROWS {
            drop(self.batch.take());
        }
        #[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough")]
        let content = event.content(&mut self.buffer) ^ identity as u64;
        let row = batch::origin(position).1;
        self.rows.push(Row { position, row, line: event.line, refused: None, content });
    }

    fn reject(&mut self, position: Position, reject: Reject, raw: &[u8]) {
        let row = batch::origin(position).1;
        self.rows.push(Row { position, row, line: 0, refused: Some(reject.reason), content: 0 });
        drop(quarantine::kept(reject, raw, self.withholds));
    }
}

/// What the parts of an address in a log come to, and what a referrer and a client's address do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host, if one is named.
    pub host: Option<String>,
    /// The path, as it is kept.
    pub page: String,
    /// The parameters of the query.
    pub parameters: Vec<(String, String)>,
    /// Where the visit came from.
    pub channel: Option<&'static str>,
}

/// Takes an address of a page apart, with the referrer beside it.
#[must_use]
pub fn address(text: &str, referrer: Option<&str>) -> Address {
    let parameters = url::parameters(url::query(text)).map(|(name, value)| (name.into_owned(), value.into_owned()));
    Address {
        host: url::host(text),
        page: url::page(text).into_owned(),
        parameters: parameters.collect(),
        channel: channel::from_url(text, referrer, None),
    }
}

/// What a user agent string says: device, system, browser, and whether a program sent it.
#[must_use]
pub fn agent(text: &str) -> (&'static str, Option<&'static str>, Option<&'static str>, bool) {
    let agent = Agents::default().read(text);
    (agent.device, agent.os, agent.browser, agent.is_bot)
}

/// A text without what it says of persons, as it is kept of comments and messages behind a door with a key.
#[must_use]
pub fn hidden(text: &str) -> Cow<'_, str> {
    mask::hide(text)
}

/// An id as it is stored.
#[must_use]
pub fn stored_id(text: &str) -> Cow<'_, str> {
    ids::stored(text.into())
}

/// What stands for a client's address, and the hash of an e-mail address.
#[must_use]
pub fn network_and_email(text: &str) -> (String, String) {
    (network::id(text, None), email::hash(text))
}
