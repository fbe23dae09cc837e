//! A stream of JSON documents into chunks of records, one after another, however the lists that hold them are wrapped.
//!
//! ```text
//! {"checkouts":[{…},{…}]}   {"data":{"abandonedCheckouts":{"nodes":[{…}], "pageInfo":{…}}}}   [{…},{…}]   {…} {…}
//!               ^^^ ^^^                                             ^^^                        ^^^ ^^^    ^^^ ^^^
//! ```
//! An object is a **record** unless its first key is one that only wrappers have: then its values are looked into. What
//! is neither is a record of its own, for the parser to refuse, so that nothing is passed over in silence. Only
//! the record at hand is held in memory, never the document.

use std::io::{self, Read};

use crate::chunk::Chunk;

/// Bytes in a usual chunk.
const CHUNK: usize = 1 << 20;
/// Bytes read at a time.
const BLOCK: usize = 1 << 16;
/// A record longer than this is none: from there to the end of the stream nothing is told apart any more.
const LONGEST_RECORD: usize = 1 << 24;

/// Keys that stand first in objects around records.
const WRAPPERS: [&[u8]; 10] = [
    b"checkouts",
    b"checkout",
    b"data",
    b"abandonedCheckouts",
    b"abandonedCheckout",
    b"nodes",
    b"edges",
    b"node",
    b"errors",
    b"pageInfo",
];
/// Keys of such objects whose values say nothing of records.
const ASIDE: [&[u8]; 4] = [b"pageInfo", b"extensions", b"cursor", b"__typename"];

/// Cuts a stream into chunks of records. Lines of these chunks are the records' numbers, from 1.
pub(crate) struct Documents<R> {
    reader: R,
    block: Vec<u8>,
    at: usize,
    scanner: Scanner,
    next_record: u64,
    ended: bool,
    failure: Option<io::Error>,
    /// Bytes in a usual chunk.
    usual: usize,
}

impl<R: Read> Documents<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            block: Vec::new(),
            at: 0,
            scanner: Scanner::default(),
            next_record: 1,
            ended: false,
            failure: None,
            usual: CHUNK,
        }
    }

    /// The same in chunks of about so many bytes, as of [`crate::chunk::Chunks`].
    pub(crate) fn in_chunks_of(self, usual: usize) -> Self {
        Self { usual: usual.max(1), ..self }
    }

    /// The next chunk; `None` at the end of the stream. As with lines, a stream that fails ends there.
    pub(crate) fn next(&mut self) -> Option<Chunk> {
        let mut records = Records::default();
        while !self.ended && records.whole() < self.usual {
            if self.at == self.block.len() && !self.read() {
                break;
            }
            while self.at < self.block.len() && records.whole() < self.usual {
                self.scanner.take(self.block[self.at], &mut records);
                self.at += 1;
            }
        }
        if self.ended {
            self.end(&mut records);
        }
        let first_line = self.next_record;
        self.next_record += records.ends.len() as u64;
        let Records { bytes, ends } = records;
        (!ends.is_empty()).then_some(Chunk { bytes, first_line, fault: None, ends })
    }

    /// Why the stream ended before its end, and at which record; taken out, so that it is told once.
    pub(crate) fn failure(&mut self) -> Option<(u64, io::Error)> {
        self.failure.take().map(|error| (self.next_record, error))
    }

    /// Reads a block; `false` at the end.
    fn read(&mut self) -> bool {
        self.block.resize(BLOCK, 0);
        self.at = 0;
        let count = loop {
            match self.reader.read(&mut self.block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    break 0;
                }
                Ok(count) => break count,
            }
        };
        self.block.truncate(count);
        self.ended = count == 0;
        !self.ended
    }

    /// A stream that ends within a record is told by that record, which the parser refuses.
    fn end(&mut self, records: &mut Records) {
        if records.at_hand() > 0 {
            records.end();
        } else if self.scanner.is_open() && self.failure.is_none() {
            let words = "a list or object is never closed";
            self.failure = Some(io::Error::new(io::ErrorKind::UnexpectedEof, words));
        }
        self.scanner = Scanner::default();
    }
}

/// Records found so far, back to back; what follows the last end is the record at hand.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    /// Bytes of whole records; 0 while one is at hand, because chunks end with records.
    fn whole(&self) -> usize {
        if self.at_hand() == 0 { self.bytes.len() } else { 0 }
    }

    fn at_hand(&self) -> usize {
        self.bytes.len() - self.ends.last().copied().unwrap_or(0)
    }

    fn end(&mut self) {
        if self.at_hand() > 0 {
            self.ends.push(self.bytes.len());
        }
    }

    fn discard(&mut self) {
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    Object,
    List,
}

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Outside records.
    #[default]
    Between,
    /// In a key of a wrapper.
    Key,
    /// In an object of which it is not known yet whether it is a wrapper.
    Undecided,
    /// In a record.
    Record,
    /// In something that belongs to no record, up to the end of its line.
    Stray,
    /// Behind a record that was too long.
    Lost,
    /// In a value of a wrapper that says nothing of records.
    Aside,
}

/// Follows the structure byte by byte.
#[derive(Debug, Default)]
struct Scanner {
    place: Place,
    /// Wrappers around the place.
    open: Vec<Wrapper>,
    /// Objects and lists open within the record or the value at hand.
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// The last key of a wrapper, or the first of an object that is not decided.
    key: Vec<u8>,
    /// Whether a colon was seen behind the key.
    has_colon: bool,
}

impl Scanner {
    /// Whether there are wrappers that wait to be closed.
    fn is_open(&self) -> bool {
        !self.open.is_empty() || self.place == Place::Aside
    }

    fn take(&mut self, byte: u8, records: &mut Records) {
        match self.place {
            Place::Between => self.between(byte, records),
            Place::Key => {
                if self.text_ends(byte) {
                    self.place = Place::Between;
                } else {
                    self.key.push(byte);
                }
            }
            Place::Undecided => self.undecided(byte, records),
            Place::Record => self.record(byte, records),
            Place::Stray => {
                let ends = byte == b'\n' || self.open.last() == Some(&Wrapper::List) && matches!(byte, b',' | b']');
                if ends {
                    records.end();
                    self.place = Place::Between;
                    self.between(byte, records);
                } else {
                    records.bytes.push(byte);
                    self.limit(records);
                }
            }
            Place::Lost => {
                records.bytes.push(byte);
                self.limit(records);
            }
            Place::Aside => {
                if self.value_ends(byte) {
                    self.place = Place::Between;
                    self.has_colon = false;
                }
            }
        }
    }

    fn between(&mut self, byte: u8, records: &mut Records) {
        let in_object = self.open.last() == Some(&Wrapper::Object);
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b':' => self.has_colon = true,
            b',' => self.has_colon = false,
            b'}' | b']' => {
                self.open.pop();
                self.has_colon = false;
            }
            b'"' if in_object && !self.has_colon => {
                self.key.clear();
                self.in_text = true;
                self.place = Place::Key;
            }
            b'"' if in_object => {
                (self.depth, self.in_text) = (0, true);
                self.place = Place::Aside;
            }
            b'{' | b'[' if in_object && ASIDE.contains(&self.key.as_slice()) => {
                self.depth = 1;
                self.place = Place::Aside;
            }
            b'[' => {
                self.open.push(Wrapper::List);
            }
            b'{' => {
                records.bytes.push(byte);
                self.depth = 1;
                self.key.clear();
                self.place = Place::Undecided;
            }
            // A number, true, false or null beside the records.
            _ if in_object => {}
            _ => {
                records.bytes.push(byte);
                self.place = Place::Stray;
            }
        }
    }

    /// In an object before the end of its first key.
    fn undecided(&mut self, byte: u8, records: &mut Records) {
        if self.in_text && byte == b'\n' {
            self.record(byte, records);
            return;
        }
        records.bytes.push(byte);
        if self.in_text {
            if !self.text_ends(byte) {
                self.key.push(byte);
            } else if WRAPPERS.contains(&self.key.as_slice()) {
                records.discard();
                self.open.push(Wrapper::Object);
                self.has_colon = false;
                self.place = Place::Between;
            } else {
                self.place = Place::Record;
            }
        } else if byte == b'"' {
            self.in_text = true;
        } else if !byte.is_ascii_whitespace() {
            // `{}`, or no JSON at all.
            self.place = Place::Record;
            records.bytes.pop();
            self.record(byte, records);
        }
        self.limit(records);
    }

    fn record(&mut self, byte: u8, records: &mut Records) {
        if self.in_text && byte == b'\n' {
            // JSON has no line feeds within quotes: the record is broken, and ends here, so that others do not.
            records.end();
            *self = Self::default();
            return;
        }
        records.bytes.push(byte);
        if self.value_ends(byte) {
            records.end();
            self.place = Place::Between;
            self.has_colon = false;
        } else {
            self.limit(records);
        }
    }

    /// Takes a byte of a value; whether the value ends with it.
    fn value_ends(&mut self, byte: u8) -> bool {
        if self.in_text {
            return self.text_ends(byte) && self.depth == 0;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    /// Takes a byte of a text; whether it is the quote that closes it.
    fn text_ends(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_text = false;
                return true;
            }
            _ => {}
        }
        false
    }

    fn limit(&mut self, records: &mut Records) {
        if records.at_hand() > LONGEST_RECORD {
            records.end();
            *self = Self { place: Place::Lost, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests;
