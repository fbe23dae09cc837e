//! CSV records by column name, and the native CSV format.

use std::io::Read;
use std::ops::Range;

use csv::{ByteRecord, ReaderBuilder, StringRecord, Terminator};

use super::{BYTE_ORDER_MARK, Sink};
use crate::chunk::Chunk;
use crate::reject::Reject;
use crate::row::{Field, RawRow};

/// A header: which position holds what.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// What stands between them.
    separator: u8,
    /// The line of the file on which they stand, from 1.
    line: u64,
    /// As they are written.
    written: Vec<String>,
    names: Vec<String>,
    fields: Vec<Option<Field>>,
    unused: Vec<String>,
}

impl Columns {
    /// Reads the header from a file's head; `None` where it is not even text.
    pub(super) fn from_header(head: &[u8]) -> Option<Self> {
        Self::separated(head, b',')
    }

    /// The same, with this between columns.
    pub(super) fn separated(head: &[u8], separator: u8) -> Option<Self> {
        let mut reader = builder(separator).from_reader(head);
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).ok()? && is_blank(record.as_byte_record()) {}
        let position = record.position()?;
        let ahead = head.get(usize::try_from(position.byte()).ok()?..).unwrap_or_default();
        let line = position.line() + ahead.iter().take_while(|byte| **byte == b'\n').count() as u64;
        let written: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
        let names: Vec<String> = written.iter().map(|name| name.to_ascii_lowercase()).collect();
        let fields: Vec<Option<Field>> = names.iter().map(|name| Field::named(name)).collect();
        let unused =
            names.iter().zip(&fields).filter(|(_, field)| field.is_none()).map(|(name, _)| name.clone()).collect();
        Some(Self { separator, line, written, names, fields, unused })
    }

    /// What stands between columns.
    pub(super) const fn separator(&self) -> u8 {
        self.separator
    }

    /// The names as they are written.
    pub(super) fn written(&self) -> &[String] {
        &self.written
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.fields.contains(&Some(field))
    }

    /// Where the column of this name stands, which is written in lower case.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        self.names == names
    }

    pub(super) fn unused(&self) -> &[String] {
        &self.unused
    }
}

/// Reads a record's fields, as many as the header has, into an empty row.
pub(super) type ReadRow<S> = for<'r> fn(&Columns, &[&'r str], &mut S, &mut RawRow<'r>);

/// Calls `read` for each record of the chunk; the header and blank lines are passed over.
pub(super) fn each<S: Sink>(chunk: &Chunk, columns: &Columns, sink: &mut S, read: ReadRow<S>) {
    if let Some(text) = plain(&chunk.bytes, columns.separator) {
        lines(chunk.first_line, text, columns, sink, read);
    } else {
        quoted(chunk, columns, sink, read);
    }
}

/// As [`each`], for chunks that need a reader of CSV.
fn quoted<S: Sink>(chunk: &Chunk, columns: &Columns, sink: &mut S, read: ReadRow<S>) {
    scan(chunk, columns, sink, |sink, line, span, record| {
        let fields: Vec<&str> = record.iter().collect();
        let mut row = RawRow::default();
        read(columns, &fields, sink, &mut row);
        sink.record(line, chunk.bytes[span].into(), std::slice::from_mut(&mut row));
    });
}

/// The text in which records are lines, and fields what lies between separators: without quotes. Most chunks are such, and
/// fields need not be copied out of them.
fn plain(bytes: &[u8], separator: u8) -> Option<&str> {
    let is_plain = separator.is_ascii() && memchr::memchr(b'"', bytes).is_none();
    if is_plain { std::str::from_utf8(bytes).ok() } else { None }
}

/// A reader of records that end with line feeds alone, so that each has a line of its own: a carriage return within a line
/// is a letter like others, and one before a line feed belongs to the end of the line ([`without_line_end`]).
fn builder(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(separator).terminator(Terminator::Any(b'\n')).has_headers(false).flexible(true);
    builder
}

/// Whether a record is an empty line that ends as on Windows.
fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && &record[0] == b"\r"
}

/// Takes the carriage return off that stood before the line feed.
fn without_line_end(record: &mut ByteRecord, buffer: &mut Vec<u8>) {
    let Some(last) = record.len().checked_sub(1) else { return };
    if let Some(field) = record[last].strip_suffix(b"\r") {
        buffer.clear();
        buffer.extend_from_slice(field);
        record.truncate(last);
        record.push_field(buffer);
    }
}

/// The same as [`scan`] for a chunk that is plain.
fn lines<S: Sink>(first_line: u64, text: &str, columns: &Columns, sink: &mut S, read: ReadRow<S>) {
    let mut row = RawRow::default();
    let mut fields: Vec<&str> = Vec::with_capacity(columns.names.len());
    let mut begin = 0;
    for line in first_line.. {
        let Some(rest) = text.get(begin..).filter(|rest| !rest.is_empty()) else { return };
        let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        begin += length + 1;
        let record = rest[..length].strip_suffix('\r').unwrap_or(&rest[..length]);
        if record.is_empty() || line == columns.line {
            continue;
        }
        fields.clear();
        let mut field = 0;
        for end in memchr::memchr_iter(columns.separator, record.as_bytes()) {
            fields.push(&record[field..end]);
            field = end + 1;
        }
        fields.push(&record[field..]);
        if fields.len() == columns.names.len() {
            row.clear();
            read(columns, &fields, sink, &mut row);
            sink.record(line, record.as_bytes().into(), std::slice::from_mut(&mut row));
        } else {
            let detail = format!("{} fields, where the header has {}", fields.len(), columns.names.len());
            sink.reject(line, record.as_bytes().into(), Reject::unreadable(detail));
        }
    }
}

/// Calls `found` for each record that has as many fields as the header, with its line and its place in the chunk; the
/// header and blank lines are passed over.
pub(super) fn scan<S: Sink>(
    chunk: &Chunk,
    columns: &Columns,
    sink: &mut S,
    mut found: impl FnMut(&mut S, u64, Range<usize>, &StringRecord),
) {
    // The reader of CSV passes over a byte order mark at the beginning of what it is given; behind an empty line it is text.
    let ahead = usize::from(chunk.bytes.starts_with(BYTE_ORDER_MARK));
    let bytes = b"\n"[..ahead].chain(chunk.bytes.as_slice());
    let mut reader = builder(columns.separator).from_reader(bytes);
    let place = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).saturating_sub(ahead).min(chunk.bytes.len());
    let mut record = ByteRecord::new();
    let mut buffer = Vec::new();
    // A slice cannot fail to be read, and flexible records cannot be of a wrong length.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if is_blank(&record) {
            continue;
        }
        without_line_end(&mut record, &mut buffer);
        let position = record.position().expect("set by the reader");
        let lines_before = position.line() - 1 - if position.byte() > 0 { ahead as u64 } else { 0 };
        let (blank_lines, span) =
            without_line_ends(&chunk.bytes, place(position.byte())..place(reader.position().byte()));
        let raw = &chunk.bytes[span.clone()];
        let line = chunk.first_line + lines_before + blank_lines;
        if line == columns.line {
            continue;
        }
        let text = match StringRecord::from_byte_record(std::mem::take(&mut record)) {
            Ok(text) => text,
            Err(error) => {
                sink.reject(line, raw.into(), Reject::unreadable(format!("not UTF-8: {}", error.utf8_error())));
                record = error.into_byte_record();
                continue;
            }
        };
        if text.len() == columns.names.len() {
            found(sink, line, span, &text);
        } else {
            let detail = format!("{} fields, where the header has {}", text.len(), columns.names.len());
            sink.reject(line, raw.into(), Reject::unreadable(detail));
        }
        record = text.into_byte_record();
    }
}

/// The record's place without the line ends around it, and how many empty lines came before it.
fn without_line_ends(bytes: &[u8], span: Range<usize>) -> (u64, Range<usize>) {
    let record = &bytes[span.clone()];
    let empty = record.iter().take_while(|byte| **byte == b'\n').count();
    let record = record[empty..].strip_suffix(b"\n").unwrap_or(&record[empty..]);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let start = span.start + empty;
    (empty as u64, start..start + record.len())
}

/// A row of the native format: columns are the contract's.
pub(super) fn native<'r, S: Sink>(columns: &Columns, fields: &[&'r str], _: &mut S, row: &mut RawRow<'r>) {
    for (field, text) in columns.fields.iter().zip(fields) {
        if let Some(field) = field {
            row.set(*field, *text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{Found, refused, shown};

    fn found(text: &str, first_line: u64, read: fn(&Chunk, &Columns, &mut Found, ReadRow<Found>)) -> Vec<String> {
        let columns = Columns::from_header(b"ts,kind,visitor_id,comment").unwrap();
        let chunk = Chunk { bytes: text.as_bytes().to_vec(), first_line, fault: None, ends: Vec::new() };
        let mut found = Found::default();
        read(&chunk, &columns, &mut found, native);
        found.rows.iter().map(|row| shown(row)).chain(refused(&found)).collect()
    }

    #[test]
    fn lines_without_quotes_are_read_as_a_reader_of_csv_reads_them() {
        let row = "2026-01-05,view_item,ann, so so ";
        for text in [
            format!("{row}\n{row}"),
            format!("\n\r\n{row}\r\n\n{row}\n"),
            format!("{row},more\n,,,\n   \n{row}\n,\n"),
            "2026-01-05,view_item,\u{e4}\u{1f6d2},\u{feff}x\n".to_owned(),
            format!("\u{feff}{row}\n\u{feff}\n{row}"),
            format!("{row}\ra\n\r\r\n\r{row}\r\n,\r,\r,\r\n{row}\r"),
            String::new(),
        ] {
            assert!(plain(text.as_bytes(), b',').is_some(), "{text:?}");
            for first_line in [1, 7] {
                assert_eq!(found(&text, first_line, each), found(&text, first_line, quoted), "{text:?}");
            }
        }
    }

    #[test]
    fn what_needs_a_reader_of_csv_is_left_to_it() {
        assert!(plain(b"a,\"b\"\n", b',').is_none());
        assert!(plain(b"a,\xff\n", b',').is_none());
        assert_eq!(plain(b"a\r\nb", b','), Some("a\r\nb"));
    }

    #[test]
    fn a_carriage_return_within_a_line_ends_no_record() {
        let row = "2026-01-05,view_item,ann,";
        let wanted = [format!("2: {row}so\rso"), format!("4: {row}x")];
        for (so, x) in [("so\rso", "x"), ("\"so\rso\"", "\"x\"\r")] {
            let columns = Columns::from_header(b"ts,kind,visitor_id,comment").unwrap();
            let bytes = format!("\r\n{row}{so}\r\n\r\n{row}{x}").into_bytes();
            let chunk = Chunk { bytes, first_line: 7, fault: None, ends: Vec::new() };
            let mut found = Vec::new();
            scan(&chunk, &columns, &mut Found::default(), |_, line, _, record| {
                found.push(format!("{}: {}", line - 6, record.iter().collect::<Vec<_>>().join(",")));
            });
            assert_eq!(found, wanted);
        }
    }
}
