//! One input, opened, recognised, and cut into pieces of work.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use events::lake::Columns;

use crate::chunk::{Boundary, Chunk, Chunks};
use crate::columns;
use crate::documents::Documents;
use crate::format::{
    BYTE_ORDER_MARK, Format, HEAD, Mapped, ParquetRows, Parser, Sink, Unrecognised, Wanted, parse_columns,
};
use crate::read::InputFile;
use crate::source::{self, Fingerprint, Growth, fill};

/// Why an input cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Its format is not known.
    #[error("{0}")]
    Unrecognised(#[from] Unrecognised),
    /// It is packed, and nothing comes out.
    #[error("it is packed, and cut short or damaged before anything of it can be read; get it again")]
    Damaged,
    /// It begins like Parquet and is not.
    #[error("it is no readable Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

/// A piece of a file that a worker can parse by itself.
pub(crate) enum Piece {
    Text(Chunk),
    Columns(u64, RecordBatch),
    /// The file could not be read on from this row; nothing follows.
    Failed(u64, String),
}

/// An open file.
pub(crate) struct Stream {
    pub(crate) format: Format,
    pub(crate) parser: Arc<Parser>,
    pub(crate) unused_columns: Vec<String>,
    /// The columns that its header or schema names.
    pub(crate) columns: Option<Box<Columns>>,
    bytes: Bytes,
    fingerprint: Option<Arc<Mutex<Fingerprint>>>,
}

enum Bytes {
    Text(Chunks<Box<dyn Read + Send>>),
    Documents(Documents<Box<dyn Read + Send>>),
    Columns(Box<ParquetRows>),
    Ended,
}

impl Bytes {
    fn in_chunks_of(self, usual: usize) -> Self {
        match self {
            Self::Text(chunks) => Self::Text(chunks.in_chunks_of(usual)),
            Self::Documents(documents) => Self::Documents(documents.in_chunks_of(usual)),
            other => other,
        }
    }
}

impl Stream {
    /// Opens an input; `None` if there is nothing in it.
    pub(crate) fn open(file: &InputFile) -> Result<Option<Self>, OpenError> {
        let mut opened = source::open(&file.path)?;
        let mut head = vec![0; HEAD];
        // A damaged packed file fails here or later; what comes before the damage is read either way.
        let Ok(filled) = fill(&mut opened.bytes, &mut head) else { return Self::damaged(file) };
        head.truncate(filled);
        Self::with_head(file, head, opened.bytes, (opened.fingerprint, opened.growth))
    }

    /// A packed file whose damage lies within the head: read byte by byte up to it.
    fn damaged(file: &InputFile) -> Result<Option<Self>, OpenError> {
        let mut opened = source::open(&file.path)?;
        let mut head = Vec::new();
        let mut byte = [0];
        while let Ok(1) = opened.bytes.read(&mut byte) {
            head.push(byte[0]);
        }
        if head.is_empty() {
            // Not the same as a file with nothing in it: there were rows.
            return Err(OpenError::Damaged);
        }
        Self::with_head(file, head, Box::new(Broken), (opened.fingerprint, opened.growth))
    }

    /// The same of bytes that are at hand, in chunks of about so many; there is no file behind `file`.
    pub(crate) fn of_bytes(file: &InputFile, bytes: &[u8], usual: usize) -> Result<Option<Self>, OpenError> {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD));
        let opened = Self::with_head(
            file,
            head.to_vec(),
            Box::new(Cursor::new(rest.to_vec())),
            (Arc::default(), Growth::default()),
        )?;
        Ok(opened.map(|stream| Self { bytes: stream.bytes.in_chunks_of(usual), ..stream }))
    }

    fn with_head(
        file: &InputFile,
        mut head: Vec<u8>,
        rest: Box<dyn Read + Send>,
        (fingerprint, growth): (Arc<Mutex<Fingerprint>>, Growth),
    ) -> Result<Option<Self>, OpenError> {
        if head.starts_with(BYTE_ORDER_MARK) {
            head.drain(..BYTE_ORDER_MARK.len());
        }
        // Lines of old Macintoshes end with a carriage return alone.
        let is_macintosh = !head.starts_with(b"PAR1") && head.contains(&b'\r') && !head.contains(&b'\n');
        let rest: Box<dyn Read + Send> = if is_macintosh {
            CrToLf::translate(&mut head);
            Box::new(CrToLf(rest))
        } else {
            rest
        };
        let (format, mut parser) = match recognise(&head, file) {
            Err(Unrecognised::Empty) => return Ok(None),
            detected => detected?,
        };
        let mut unused_columns = parser.unused_columns().to_vec();
        let mut columns = parser.header().map(columns::of_header);
        let (bytes, fingerprint) = if let Some(rows) = parquet_rows(&parser, file)? {
            columns = Some(columns::of_header(rows.names()));
            if let Parser::Mapped(mapped) = &mut parser {
                mapped.judge(rows.names())?;
                unused_columns = mapped.unused().to_vec();
            } else if rows.has_contract_columns() {
                unused_columns = rows.unused_columns().to_vec();
            } else {
                return Err(Unrecognised::Head("Parquet, but without columns ts and kind".to_owned()).into());
            }
            (Bytes::Columns(Box::new(rows)), None)
        } else {
            let whole: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(rest));
            let bytes = match parser.boundary() {
                Boundary::Document => Bytes::Documents(Documents::new(whole)),
                boundary => Bytes::Text(Chunks::of_file(whole, boundary, growth)),
            };
            (bytes, Some(fingerprint))
        };
        Ok(Some(Self {
            format,
            parser: Arc::new(parser),
            unused_columns,
            columns: columns.map(Box::new),
            bytes,
            fingerprint,
        }))
    }

    /// The next piece; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Piece> {
        let piece = match &mut self.bytes {
            Bytes::Text(chunks) => match chunks.next() {
                Some(chunk) => Some(Piece::Text(chunk)),
                None => chunks.failure().map(|(line, error)| Piece::Failed(line, error.to_string())),
            },
            Bytes::Documents(documents) => match documents.next() {
                Some(chunk) => Some(Piece::Text(chunk)),
                None => documents.failure().map(|(record, error)| Piece::Failed(record, error.to_string())),
            },
            Bytes::Columns(rows) => rows.next().map(|batch| match batch {
                Ok((first, batch)) => Piece::Columns(first, batch),
                Err(error) => Piece::Failed(rows.row(), error.to_string()),
            }),
            Bytes::Ended => None,
        };
        if matches!(piece, None | Some(Piece::Failed(..))) {
            self.bytes = Bytes::Ended;
        }
        piece
    }

    /// Size and blake3 hash of the file, once it has been read to its end.
    pub(crate) fn fingerprint(&self, path: &Path) -> std::io::Result<(u64, String)> {
        match &self.fingerprint {
            Some(print) => {
                let print = print.lock().expect("hashing does not panic");
                Ok((print.size(), print.blake3()))
            }
            None => fingerprint(path),
        }
    }
}

fn recognise(head: &[u8], file: &InputFile) -> Result<(Format, Parser), Unrecognised> {
    match (file.wanted, &file.mapping) {
        (Wanted::Only(Format::Mapping), None) => Err(Unrecognised::NoMapping),
        (Wanted::Only(Format::Mapping) | Wanted::Auto, Some(mapping)) => {
            Ok((Format::Mapping, Parser::Mapped(Box::new(Mapped::new(head, mapping)?))))
        }
        _ => Parser::detect(head, file.wanted, &file.access_log),
    }
}

/// The rows of a file that is read by columns.
fn parquet_rows(parser: &Parser, file: &InputFile) -> Result<Option<ParquetRows>, OpenError> {
    let is_parquet = match parser {
        Parser::Parquet => true,
        Parser::Mapped(mapped) => mapped.is_parquet(),
        _ => false,
    };
    Ok(if is_parquet { Some(ParquetRows::open(&file.path)?) } else { None })
}

/// Size and blake3 hash of a file.
pub(crate) fn fingerprint(path: &Path) -> std::io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(path)?)?;
    Ok((hasher.count(), hasher.finalize().to_hex().to_string()))
}

/// Parses a piece.
pub(crate) fn parse(parser: &Parser, piece: &Piece, sink: &mut impl Sink) {
    match piece {
        Piece::Text(chunk) => parser.parse(chunk, sink),
        Piece::Columns(first, batch) => match parser {
            Parser::Mapped(mapped) => mapped.columns(*first, batch, sink),
            _ => parse_columns(*first, batch, sink),
        },
        Piece::Failed(row, error) => {
            let detail = format!("the file cannot be read on from here: {error}");
            sink.reject(*row, b"".as_slice().into(), crate::reject::Reject::unreadable(detail));
        }
    }
}

/// Carriage returns as line feeds.
struct CrToLf(Box<dyn Read + Send>);

impl CrToLf {
    fn translate(bytes: &mut [u8]) {
        bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    }
}

impl Read for CrToLf {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(bytes)?;
        Self::translate(&mut bytes[..count]);
        Ok(count)
    }
}

/// The end of a damaged stream.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the packed data are cut short or damaged"))
    }
}
