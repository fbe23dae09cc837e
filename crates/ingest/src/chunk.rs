//! A stream of bytes into chunks that end where a record ends, so that workers can parse them apart.

use std::fmt;
use std::io::{self, Read};

use crate::source::Growth;

/// Bytes in a usual chunk; one record longer than this makes a longer chunk.
const CHUNK: usize = 1 << 20;
/// A quoted CSV field that goes on for longer than this was never meant to be quoted.
const LONGEST_QUOTED: usize = 1 << 20;
/// Records with the same value that go on for longer than this are cut apart.
const LONGEST_RUN: usize = 1 << 24;

/// A line longer than this is none: it is passed over, but for its first bytes, so that no line fills the memory.
const LONGEST_LINE: usize = 1 << 26;
/// Bytes that are kept of such a line.
const KEPT: usize = 1 << 16;

/// Where records end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// At every line feed.
    Line,
    /// At a line feed outside quotes (RFC 4180).
    Csv,
    /// As `Csv`, with this between the fields.
    Separated(u8),
    /// At a line feed outside quotes after which the value of a column is another one.
    CsvRuns(Runs),
    /// Where an object ends that is an element of a JSON document: [`crate::documents`] finds these.
    Document,
}

/// What makes neighbouring CSV records a run: that they have the same value, which is not blank. Records that cannot be read
/// end none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Runs {
    /// The column of the value, from 0.
    pub(crate) column: usize,
    /// Columns of a record that can be read.
    pub(crate) columns: usize,
}

/// Whole records, one after another.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    /// Line of the file on which the first record begins, from 1.
    pub(crate) first_line: u64,
    /// Why the chunk, which is a single line then, is no record.
    pub(crate) fault: Option<Fault>,
    /// Where each record ends, in formats whose records are not told apart by line feeds; else empty.
    pub(crate) ends: Vec<usize>,
}

/// Why a line is no record, whatever the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It opens a quote that is never closed.
    UnclosedQuote,
    /// It has so many bytes, of which only the first are here: no log has such lines.
    TooLong(u64),
    /// It has no end, and the file is no longer as long as when it was opened: somebody is writing it.
    Unfinished,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedQuote => f.write_str("a quote is opened and not closed"),
            Self::TooLong(bytes) => write!(f, "a line of {bytes} bytes, of which the first {KEPT} are kept here"),
            Self::Unfinished => f.write_str("the line was being written while it was read; read the file again later"),
        }
    }
}

/// Cuts a stream into chunks.
pub(crate) struct Chunks<R> {
    reader: R,
    boundary: Boundary,
    /// Bytes in a usual chunk.
    usual: usize,
    /// Read, not yet handed out.
    pending: Vec<u8>,
    line: u64,
    ended: bool,
    failure: Option<io::Error>,
    growth: Growth,
}

impl<R: Read> Chunks<R> {
    /// Chunks of what nobody writes to any more.
    #[cfg(test)]
    pub(crate) fn new(reader: R, boundary: Boundary) -> Self {
        Self::of_file(reader, boundary, Growth::default())
    }

    /// Chunks of a file that may be written to meanwhile: then its last line is no record before it has an end.
    pub(crate) fn of_file(reader: R, boundary: Boundary, growth: Growth) -> Self {
        Self { reader, boundary, usual: CHUNK, pending: Vec::new(), line: 1, ended: false, failure: None, growth }
    }

    /// The same in chunks of about so many bytes: what is read does not depend on where the stream is cut.
    pub(crate) fn in_chunks_of(self, usual: usize) -> Self {
        Self { usual: usual.max(1), ..self }
    }

    /// The next chunk; `None` at the end of the stream. A stream that fails ends there: what came before the failure
    /// is handed out, and [`Chunks::failure`] tells.
    pub(crate) fn next(&mut self) -> Option<Chunk> {
        let mut wanted = self.usual;
        loop {
            self.read_up_to(wanted);
            if self.pending.is_empty() {
                return None;
            }
            match self.cut() {
                Cut::At(end) => return Some(self.take(end, None)),
                Cut::UnclosedQuote { line_end } => return Some(self.take(line_end, Some(Fault::UnclosedQuote))),
                Cut::More if self.ended => {
                    let fault = self.growth.is_going_on().then_some(Fault::Unfinished);
                    return Some(self.take(self.pending.len(), fault));
                }
                Cut::More if self.pending.len() >= LONGEST_LINE => return Some(self.pass_over()),
                Cut::More => wanted = wanted.saturating_mul(2),
            }
        }
    }

    /// Why the stream ended before its end, and on which line; taken out, so that it is told once.
    pub(crate) fn failure(&mut self) -> Option<(u64, io::Error)> {
        self.failure.take().map(|error| (self.line, error))
    }

    fn read_up_to(&mut self, wanted: usize) {
        while !self.ended && self.pending.len() < wanted {
            let have = self.pending.len();
            self.pending.resize(wanted, 0);
            match self.reader.read(&mut self.pending[have..]) {
                Ok(count) => {
                    self.pending.truncate(have + count);
                    self.ended = count == 0;
                }
                Err(error) => {
                    self.pending.truncate(have);
                    if error.kind() != io::ErrorKind::Interrupted {
                        self.failure = Some(error);
                        self.ended = true;
                    }
                }
            }
        }
    }

    /// The beginning of a line that is too long; the rest of it is read and forgotten.
    fn pass_over(&mut self) -> Chunk {
        let mut length = 0;
        let kept = self.pending[..KEPT].to_vec();
        loop {
            let end = memchr::memchr(b'\n', &self.pending).map(|at| at + 1);
            length += end.unwrap_or(self.pending.len()) as u64;
            self.pending.drain(..end.unwrap_or(self.pending.len()));
            if end.is_some() || self.ended {
                break;
            }
            self.read_up_to(CHUNK);
        }
        let first_line = self.line;
        self.line += 1;
        Chunk { bytes: kept, first_line, fault: Some(Fault::TooLong(length)), ends: Vec::new() }
    }

    fn take(&mut self, end: usize, fault: Option<Fault>) -> Chunk {
        let rest = self.pending.split_off(end);
        let bytes = std::mem::replace(&mut self.pending, rest);
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Chunk { bytes, first_line, fault, ends: Vec::new() }
    }

    fn cut(&self) -> Cut {
        match self.boundary {
            Boundary::Line | Boundary::Document => {
                memchr::memrchr(b'\n', &self.pending).map_or(Cut::More, |at| Cut::At(at + 1))
            }
            Boundary::Csv => csv_cut(&self.pending, self.ended),
            Boundary::Separated(separator) => separated_cut(&self.pending, self.ended, separator),
            Boundary::CsvRuns(runs) => runs_cut(&self.pending, self.ended, runs),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Cut {
    /// The last record that is whole ends before this byte.
    At(usize),
    /// No record is whole yet.
    More,
    /// The first record opens a quote that nothing closes; its line ends before this byte.
    UnclosedQuote { line_end: usize },
}

/// The end of the last whole CSV record in `bytes`. A quote opens only at the start of a field, as CSV readers have
/// it: a stray one inside a field (5" pipe) is a character like any other.
fn csv_cut(bytes: &[u8], ended: bool) -> Cut {
    separated_cut(bytes, ended, b',')
}

/// The same where fields are separated by something else.
fn separated_cut(bytes: &[u8], ended: bool, separator: u8) -> Cut {
    if memchr::memchr(b'"', bytes).is_none() {
        return match memchr::memrchr(b'\n', bytes) {
            Some(at) => Cut::At(at + 1),
            None => Cut::More,
        };
    }
    let (mut record_start, mut at) = (0, 0);
    // Outside quotes: jump from one quote or line feed to the next.
    while let Some(found) = memchr::memchr2(b'"', b'\n', &bytes[at..]).map(|offset| at + offset) {
        if bytes[found] == b'\n' {
            record_start = found + 1;
            at = found + 1;
            continue;
        }
        let opens = found == 0 || bytes[found - 1] == b'\n' || bytes[found - 1] == separator;
        if !opens {
            at = found + 1;
            continue;
        }
        match closing_quote(bytes, found + 1) {
            Some(close) => at = close + 1,
            None if record_start > 0 => return Cut::At(record_start),
            None if ended || bytes.len() - found > LONGEST_QUOTED => {
                let line_end = memchr::memchr(b'\n', bytes).map(|at| at + 1).or_else(|| ended.then_some(bytes.len()));
                return line_end.map_or(Cut::More, |line_end| Cut::UnclosedQuote { line_end });
            }
            None => return Cut::More,
        }
    }
    if record_start > 0 { Cut::At(record_start) } else { Cut::More }
}

/// The end of the last whole run of CSV records in `bytes`. The run at hand may go on beyond them, so it waits for more.
fn runs_cut(bytes: &[u8], ended: bool, runs: Runs) -> Cut {
    match csv_cut(bytes, ended) {
        // Of what is left there may be a last record without a line feed; it is of the last run or one of its own.
        Cut::At(end) if ended => match csv_cut(&bytes[end..], ended) {
            Cut::UnclosedQuote { .. } => Cut::At(end),
            Cut::At(_) | Cut::More => Cut::At(bytes.len()),
        },
        Cut::At(end) => match last_run(&bytes[..end], runs) {
            0 if bytes.len() >= LONGEST_RUN => Cut::At(end),
            0 => Cut::More,
            start => Cut::At(start),
        },
        other => other,
    }
}

/// Where the last run of whole CSV records begins.
fn last_run(bytes: &[u8], runs: Runs) -> usize {
    let mut builder = csv::ReaderBuilder::new();
    let builder = builder.terminator(csv::Terminator::Any(b'\n')).has_headers(false).flexible(true);
    let mut reader = builder.from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut value = String::new();
    let mut start = 0;
    // A slice cannot fail to be read, and flexible records cannot be of a wrong length.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let is_readable = record.len() == runs.columns && record.iter().all(|field| std::str::from_utf8(field).is_ok());
        let Some(next) = record.get(runs.column).filter(|_| is_readable) else { continue };
        let next = std::str::from_utf8(next).unwrap_or_default().trim();
        if next.is_empty() || next != value {
            let at = record.position().map_or(0, csv::Position::byte);
            start = usize::try_from(at).unwrap_or(0);
            value.clear();
            value.push_str(next);
        }
    }
    start
}

/// The quote that closes the field opened before `start`; doubled quotes are a quote inside it.
fn closing_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let quote = at + memchr::memchr(b'"', &bytes[at..])?;
        if bytes.get(quote + 1) == Some(&b'"') {
            at = quote + 2;
        } else {
            return Some(quote);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(input: &[u8], boundary: Boundary) -> Vec<(String, u64, bool)> {
        let mut chunks = Chunks::new(input, boundary);
        let mut out = Vec::new();
        while let Some(chunk) = chunks.next() {
            out.push((String::from_utf8(chunk.bytes).unwrap(), chunk.first_line, chunk.fault.is_some()));
        }
        out
    }

    const RUNS: Runs = Runs { column: 0, columns: 2 };

    #[test]
    fn a_short_stream_comes_whole_with_its_last_line_even_if_that_does_not_end() {
        let expected = vec![("a\nb\n".into(), 1, false), ("c".into(), 3, false)];
        assert_eq!(texts(b"a\nb\nc", Boundary::Line), expected);
        assert_eq!(texts(b"a\nb\nc", Boundary::Csv), expected);
        assert_eq!(texts(b"", Boundary::Csv), []);
    }

    #[test]
    fn a_line_feed_inside_quotes_ends_no_record() {
        assert_eq!(csv_cut(b"a,\"x\ny\"\nb,\"z", false), Cut::At(8));
        assert_eq!(csv_cut(b"\"x\n\"\"y\"\nrest", false), Cut::At(8));
        assert_eq!(csv_cut(b"\"x\n", false), Cut::More);
    }

    #[test]
    fn a_quote_opens_after_whatever_separates_fields() {
        assert_eq!(separated_cut(b"a;\"x\ny\"\nb;\"z", false, b';'), Cut::At(8));
    }

    #[test]
    fn a_stray_quote_inside_a_field_is_a_character() {
        assert_eq!(csv_cut(b"5\" pipe,1\n6\" pipe,2\nx", false), Cut::At(20));
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let parts = texts(b"a,1\nb,\"2\nc,3\nd,4\n", Boundary::Csv);
        let expected = [("a,1\n", 1, false), ("b,\"2\n", 2, true), ("c,3\nd,4\n", 3, false)];
        assert_eq!(parts, expected.map(|(text, line, unclosed)| (text.to_owned(), line, unclosed)));
    }

    #[test]
    fn a_long_line_with_a_quote_that_is_never_closed_is_one_line() {
        let long = format!("a,1\nb,\"{}\nc,3\n", "x".repeat(5 * LONGEST_QUOTED));
        let parts = texts(long.as_bytes(), Boundary::Csv);
        let lengths: Vec<(usize, u64, bool)> =
            parts.iter().map(|(text, line, fault)| (text.len(), *line, *fault)).collect();
        assert_eq!(lengths, [(4, 1, false), (5 * LONGEST_QUOTED + 4, 2, true), (4, 3, false)]);
    }

    #[test]
    fn a_line_without_end_is_passed_over_but_for_its_beginning() {
        for boundary in [Boundary::Line, Boundary::Csv, Boundary::CsvRuns(RUNS)] {
            let ones = std::io::repeat(b'1').take(LONGEST_LINE as u64 + 5);
            let input = b"a\n".chain(ones).chain(&b"\nb\n"[..]);
            let mut chunks = Chunks::new(input, boundary);
            let mut found = Vec::new();
            while let Some(chunk) = chunks.next() {
                found.push((chunk.bytes.len(), chunk.first_line, chunk.fault));
            }
            let too_long = Fault::TooLong(LONGEST_LINE as u64 + 6);
            assert_eq!(found, [(2, 1, None), (KEPT, 2, Some(too_long)), (2, 3, None)], "{boundary:?}");
        }
    }

    #[test]
    fn the_last_line_of_a_file_that_grows_is_no_record_before_it_has_an_end() {
        use std::io::Write as _;
        let path = std::env::temp_dir().join(format!("leftcart-growing-{}", std::process::id()));
        let mut file = std::fs::File::create(&path).unwrap();
        let mut read = |text: &[u8], more: &[u8]| {
            file.write_all(text).unwrap();
            let opened = crate::source::open(&path).unwrap();
            file.write_all(more).unwrap();
            let mut chunks = Chunks::of_file(opened.bytes, Boundary::Csv, opened.growth);
            let mut found = Vec::new();
            while let Some(chunk) = chunks.next() {
                found.push((String::from_utf8(chunk.bytes).unwrap(), chunk.fault));
            }
            found
        };
        let whole = |text: &str| (text.to_owned(), None);
        let torn = |text: &str| (text.to_owned(), Some(Fault::Unfinished));
        assert_eq!(read(b"a,1\nb,", b""), [whole("a,1\n"), whole("b,")], "nobody writes to it");
        assert_eq!(read(b"2\nc,", b"3\n"), [whole("a,1\nb,2\n"), torn("c,")]);
        assert_eq!(read(b"", b"d,4\n"), [whole("a,1\nb,2\nc,3\n")], "what comes later is for the next night");
    }

    #[test]
    fn a_run_of_records_is_not_torn_apart() {
        let runs = Boundary::CsvRuns(RUNS);
        assert_eq!(runs_cut(b"a,1\nb,\"2\n\"\nb,3\n", false, RUNS), Cut::At(4));
        assert_eq!(runs_cut(b"b,1\nb,2\n", false, RUNS), Cut::More);
        assert_eq!(runs_cut(b",1\n,2\n", false, RUNS), Cut::At(3), "blank values are no run");
        assert_eq!(runs_cut(b"a,1\nb,1\nc\nc,\xff\nb,2\n", false, RUNS), Cut::At(4), "what cannot be read ends none");
        assert_eq!(texts(b"a,1\nb,2\nb,3", runs), [("a,1\nb,2\nb,3".to_owned(), 1, false)]);
        let parts = texts(b"a,1\na,\"2\na,3\n", runs);
        let expected = [("a,1\n", 1, false), ("a,\"2\n", 2, true), ("a,3\n", 3, false)];
        assert_eq!(parts, expected.map(|(text, line, unclosed)| (text.to_owned(), line, unclosed)));
        // Runs of some kilobytes over several chunks: wherever a chunk ends, the next begins with another value.
        let rows: Vec<String> = (0..40_000).map(|row| format!("{},{row}{}\n", row / 70, "x".repeat(60))).collect();
        let input = rows.concat();
        let parts = texts(input.as_bytes(), runs);
        assert!(parts.len() > 1);
        assert_eq!(parts.iter().map(|(text, ..)| text.as_str()).collect::<String>(), input);
        let value = |line: &str| line.split(',').next().unwrap().to_owned();
        for pair in parts.windows(2) {
            assert_ne!(value(pair[0].0.lines().last().unwrap()), value(pair[1].0.lines().next().unwrap()));
        }
    }

    #[test]
    fn a_run_without_end_is_cut() {
        let input = "a,1\n".repeat(6 << 20);
        let parts = texts(input.as_bytes(), Boundary::CsvRuns(RUNS));
        assert!(parts.len() > 1 && parts.iter().all(|(text, ..)| text.len() <= 2 * LONGEST_RUN));
    }

    #[test]
    fn chunks_are_whole_records_however_long_and_lines_keep_counting() {
        let long = "x".repeat(3 * CHUNK);
        let input = format!("a\n{long}\nb\n");
        let parts = texts(input.as_bytes(), Boundary::Line);
        assert_eq!(parts.iter().map(|(text, ..)| text.as_str()).collect::<String>(), input);
        assert!(parts.iter().all(|(text, ..)| text.ends_with('\n')));
        assert_eq!(parts.last().unwrap().1 + parts.last().unwrap().0.matches('\n').count() as u64, 4);
    }
}
