//! A file made of bytes, read as a night reads it, and the laws of reading.
//!
//! The first byte says how: behind which door, whether the bytes are the whole file or follow a head by which its format
//! is known, and in pieces of which length it is read a second time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use events::time;
use ingest::pseudonym::Key;
use ingest::trial::{EVENTS_PER_ROW, Outcome, Told, Trial, ink, place};
use ingest::{Door, Future, InputFile, Mapping, Privacy, Wanted};

/// How files of a format are made of bytes, and read.
pub(crate) struct Reader {
    /// The lines that a file begins with, so that its format is known.
    pub(crate) head: &'static str,
    /// The file.
    pub(crate) file: InputFile,
}

impl Reader {
    pub(crate) fn new(head: &'static str, wanted: Wanted, mapping: Option<Mapping>) -> Self {
        // The path is of no file: should a reader open it, it finds nothing.
        let mut file = InputFile::new("no/such/file".into(), "shop", wanted);
        file.mapping = mapping.map(Arc::new);
        Self { head, file }
    }

    /// Reads the file that these bytes make, whole and in small pieces.
    pub(crate) fn check(&self, data: &[u8]) {
        let Some((options, body)) = data.split_first() else { return };
        let options = Options::of(*options);
        let mut bytes = Vec::with_capacity(self.head.len() + body.len());
        if !options.is_bare {
            bytes.extend_from_slice(self.head.as_bytes());
        }
        bytes.extend_from_slice(body);
        let read = |usual: usize| TRIALS.with_borrow_mut(|trials| trials[options.door].read(&self.file, &bytes, usual));
        // What is not known as the format that is asked for is refused whole, and says why.
        let outcome = match read(bytes.len() + 1) {
            Ok(outcome) => outcome,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
        };
        if let Some(outcome) = &outcome {
            let head = (!options.is_bare && !self.head.is_empty()).then_some(self.head.as_bytes());
            laws(outcome, &bytes, head);
        }
        if let Some(piece) = options.piece {
            let in_pieces = read(piece).expect("it was read before");
            assert_eq!(in_pieces.map(in_order), outcome.map(in_order), "read in pieces of {piece} bytes, and whole");
        }
    }
}

/// The outcome in the order of rows: a row that cannot be read may come before the rest of an order around it, or after.
fn in_order(mut outcome: Outcome) -> Outcome {
    if outcome.told == Told::ByRuns {
        outcome.rows.sort_by_key(|row| (row.position, row.line));
        outcome.records.sort_by_key(|record| record.row);
        outcome.records.iter_mut().for_each(|record| record.rows_before = 0);
    }
    outcome
}

/// What the first byte says.
#[derive(Clone, Copy, Debug)]
struct Options {
    door: usize,
    is_bare: bool,
    piece: Option<usize>,
}

impl Options {
    /// Two bits for the door, one for the head, two for whether it is read in pieces, which takes longest, and three for
    /// their length. A blank is a plain door, a head, and pieces of some bytes.
    fn of(byte: u8) -> Self {
        let length = usize::from(byte >> 5);
        let is_cut = (byte >> 3).is_multiple_of(4);
        Self { door: usize::from(byte & 3), is_bare: byte & 4 != 0, piece: is_cut.then(|| 1 + length * length * 20) }
    }
}

/// No hiding; with pseudonyms for customers; for all; and moments from the future clamped.
static DOORS: LazyLock<[Door; 4]> = LazyLock::new(|| {
    let key = Key::parse(&"0123456789abcdef".repeat(4)).expect("64 digits");
    let hiding = |visitors: bool| Door { privacy: Some(Privacy { key: key.clone(), visitors }), ..Door::default() };
    [Door::default(), hiding(false), hiding(true), Door { future: Future::Clamp, ..Door::default() }]
});

thread_local! {
    /// Readers are used again and again, as by a night with many files.
    static TRIALS: RefCell<[Trial<'static>; 4]> = {
        let clock = time::parse("2026-06-01").expect("a day");
        RefCell::new(DOORS.each_ref().map(|door| Trial::new(clock, door)))
    };
}

/// What holds of every file. `head` are the bytes before those at hand, if any.
fn laws(outcome: &Outcome, bytes: &[u8], head: Option<&[u8]>) {
    books_balance(outcome);
    every_record_has_rows(outcome);
    places_are_its_own(outcome);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match outcome.told {
        Told::ByLines => every_line_is_a_record(outcome, text),
        Told::ByCsv => {
            places_are_within(outcome, text);
            let of_records: usize = outcome.records.iter().map(|record| record.ink).sum();
            // Whatever is not white space is in the header or in a record.
            let (whole, header) = (ink(text), head.map(ink));
            assert!(of_records <= whole, "{of_records} of {whole} bytes");
            assert!(header.is_none_or(|header| of_records + header == whole), "{of_records} of {whole} bytes");
        }
        Told::ByRuns => {
            places_are_within(outcome, text);
            let of_records: usize = outcome.records.iter().map(|record| record.ink).sum();
            // A record that cannot be read may stand among the lines of an order, and counts twice.
            let least = head.map_or(0, |head| ink(text) - ink(head));
            assert!(of_records >= least, "{of_records} of at least {least} bytes");
        }
        Told::ByDocument => {
            let counted: Vec<u64> = (1..).take(outcome.records.len()).collect();
            let rows: Vec<u64> = outcome.records.iter().map(|record| record.row).collect();
            assert_eq!(rows, counted, "records are counted from 1");
            let of_records: usize = outcome.records.iter().map(|record| record.ink).sum();
            assert!(of_records <= ink(text));
            if let Some(elements) = elements(text) {
                assert_eq!(outcome.records.len(), elements, "each element of a list is a record");
            }
        }
    }
}

/// Every row is an event or in quarantine, and the night's books say so.
fn books_balance(outcome: &Outcome) {
    let refused = outcome.rows.iter().filter(|row| row.refused.is_some()).count();
    assert_eq!(outcome.read, outcome.rows.len() as u64);
    assert_eq!(outcome.rejected.values().sum::<u64>(), refused as u64);
}

/// No record is passed over.
fn every_record_has_rows(outcome: &Outcome) {
    let begins = outcome.records.iter().map(|record| record.rows_before);
    let ends = begins.clone().skip(1).chain([outcome.rows.len()]);
    for (record, (begin, end)) in outcome.records.iter().zip(begins.zip(ends)) {
        assert!(begin < end, "record {} has no row", record.row);
        let rows = &outcome.rows[begin..end];
        assert!(rows.iter().all(|row| row.row == record.row), "a row of record {} is elsewhere", record.row);
        let is_refused = |row: &ingest::trial::Row| row.refused.is_some();
        assert!(!rows.iter().any(is_refused) || rows.len() == 1, "the rows of a record stand or fall together");
    }
}

/// No two rows have one place.
fn places_are_its_own(outcome: &Outcome) {
    let mut known = BTreeSet::new();
    for row in &outcome.rows {
        let first = place(row.row);
        assert!((first..first + EVENTS_PER_ROW).contains(&row.position), "{row:?}");
        assert!(known.insert((row.position, row.line)), "{row:?} has the place of another row");
    }
}

/// What separates lines: a line feed, or in files without any a carriage return.
fn line_end(text: &[u8]) -> u8 {
    if text.contains(&b'\n') { b'\n' } else { b'\r' }
}

fn places_are_within(outcome: &Outcome, text: &[u8]) {
    let end = line_end(text);
    let lines = text.split(|byte| *byte == end).count() as u64;
    assert!(outcome.rows.iter().all(|row| (1..=lines).contains(&row.row)), "a row is beyond line {lines}");
}

/// Each line that is not blank is a record, with its number and all its bytes.
fn every_line_is_a_record(outcome: &Outcome, text: &[u8]) {
    let end = line_end(text);
    let is_blank = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| line.trim().is_empty());
    let lines = (1..).zip(text.split(|byte| *byte == end)).filter(|(_, line)| !is_blank(line));
    let wanted: Vec<(u64, usize)> = lines.map(|(number, line)| (number, ink(line))).collect();
    let found: Vec<(u64, usize)> = outcome.records.iter().map(|record| (record.row, record.ink)).collect();
    assert_eq!(found, wanted);
}

/// How many elements a JSON list of objects has, none of which could be taken for a wrapper; `None` of all else.
fn elements(text: &[u8]) -> Option<usize> {
    const WRAPPERS: [&str; 10] = [
        "checkouts",
        "checkout",
        "data",
        "abandonedCheckouts",
        "abandonedCheckout",
        "nodes",
        "edges",
        "node",
        "errors",
        "pageInfo",
    ];
    let list: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_slice(text).ok()?;
    let is_plain = list.iter().all(|object| !WRAPPERS.iter().any(|name| object.contains_key(*name)));
    is_plain.then_some(list.len())
}
