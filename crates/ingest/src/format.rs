//! Log formats: what each is called, how it is recognised, and the one interface that their readers share.

mod access_log;
mod commerce;
mod csv_records;
mod few;
mod ga4;
mod mapping;
mod native_json;
mod native_parquet;
mod rees46;
mod retailrocket;
mod segment;
mod shopify;
mod snowplow;
#[cfg(test)]
mod testing;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use access_log::{AccessLog, BadRoute, Identity, LatencyUnit, Route};
pub use mapping::{
    BadMapping, Capture, Column, CurrencySigns, Found, MappedKind, Mapping, Paths, Separator, TimeFormat, find_in_json,
};

use crate::agent::Agent;
use crate::chunk::{Boundary, Chunk};
use crate::columns;
use crate::reject::Reject;
use crate::row::{Field, RawRow};
pub(crate) use mapping::Mapped;
pub(crate) use native_parquet::{ParquetRows, parse as parse_columns};

/// A format that leftcart reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// CSV with the contract's column names.
    NativeCsv,
    /// JSON lines with the contract's column names.
    NativeNdjson,
    /// Parquet with the contract's column names.
    NativeParquet,
    /// The REES46 multi-category store's CSV.
    Rees46,
    /// GA4's `BigQuery` export as JSON lines.
    Ga4,
    /// Segment's calls as JSON lines.
    Segment,
    /// `RudderStack`'s calls as JSON lines.
    Rudderstack,
    /// Snowplow's enriched events as TSV.
    Snowplow,
    /// Snowplow's enriched events as the Analytics SDKs' JSON lines.
    SnowplowJson,
    /// Retailrocket's recommender data set.
    Retailrocket,
    /// Shopify's abandoned checkouts, from the REST or the GraphQL admin API.
    ShopifyCheckouts,
    /// Shopify's order export as CSV.
    ShopifyOrders,
    /// A web server's access log in combined format.
    AccessLog,
    /// Any CSV, NDJSON or Parquet, read through a table of the configuration.
    Mapping,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 14] = [
        Self::NativeCsv,
        Self::NativeNdjson,
        Self::NativeParquet,
        Self::Rees46,
        Self::Ga4,
        Self::Segment,
        Self::Rudderstack,
        Self::Snowplow,
        Self::SnowplowJson,
        Self::Retailrocket,
        Self::ShopifyCheckouts,
        Self::ShopifyOrders,
        Self::AccessLog,
        Self::Mapping,
    ];

    /// The name in reports and manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NativeCsv => "native-csv",
            Self::NativeNdjson => "native-ndjson",
            Self::NativeParquet => "native-parquet",
            Self::Rees46 => "rees46",
            Self::Ga4 => "ga4",
            Self::Segment => "segment",
            Self::Rudderstack => "rudderstack",
            Self::Snowplow => "snowplow",
            Self::SnowplowJson => "snowplow-json",
            Self::Retailrocket => "retailrocket",
            Self::ShopifyCheckouts => "shopify-checkouts",
            Self::ShopifyOrders => "shopify-orders",
            Self::AccessLog => "access-log",
            Self::Mapping => "mapping",
        }
    }
}

impl Format {
    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `--format` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever the file's head looks like.
    #[default]
    Auto,
    /// One of the three native formats, whichever the head looks like.
    Native,
    /// This one.
    Only(Format),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => return Ok(Self::Auto),
            "native" => return Ok(Self::Native),
            _ => {}
        }
        Format::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .map(Self::Only)
            .ok_or_else(|| format!("`{text}` is no format; one of auto, native, {}", Format::names()))
    }
}

/// Why a file's format is not known.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unrecognised {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is no UTF-8.
    #[error("it is UTF-16; logs are read as UTF-8: convert it, for example with `iconv -f UTF-16 -t UTF-8`")]
    Utf16,
    /// Its head fits no format.
    #[error("its head looks like none of the formats ({names}): {0}; `leftcart check` on it drafts a table of its \
         columns for leftcart.toml", names = Format::names())]
    Head(String),
    /// It is to be read through a mapping, and there is none.
    #[error("format mapping needs a [[source]] of that name in leftcart.toml, with columns; see docs/definitions.md")]
    NoMapping,
    /// It does not fit its mapping.
    #[error("it does not fit its mapping: {0}")]
    Mapping(String),
    /// Its head does not fit the format asked for.
    #[error("it is not {wanted}: {found}")]
    NotAsked {
        /// The format asked for.
        wanted: &'static str,
        /// What was found instead.
        found: String,
    },
}

/// Reads the records of one file.
#[derive(Debug)]
pub(crate) enum Parser {
    Csv(csv_records::Columns),
    Rees46(csv_records::Columns),
    NativeJson,
    /// An event a line.
    Ga4,
    /// Events in JSON lists, or spread over lines.
    Ga4Documents,
    Segment,
    Snowplow,
    SnowplowJson,
    Retailrocket(csv_records::Columns),
    /// A checkout a line.
    ShopifyCheckouts,
    /// Checkouts in JSON documents.
    ShopifyDocuments,
    ShopifyOrders(Box<shopify::orders::Orders>),
    AccessLog(Arc<AccessLog>),
    Mapped(Box<Mapped>),
    Parquet,
}

/// A record as it came.
#[derive(Clone, Copy)]
pub(crate) enum Raw<'a> {
    /// Bytes of the file.
    Bytes(&'a [u8]),
    /// A rendering, made only where it is wanted, of a record that has no bytes of its own.
    Rendered(&'a dyn Fn() -> String),
}

impl<'a> From<&'a [u8]> for Raw<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> Raw<'a> {
    pub(crate) fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Rendered(render) => Cow::Owned(render().into_bytes()),
        }
    }
}

/// Takes what a parser finds.
pub(crate) trait Sink {
    /// A record and the rows it holds, which stand or fall together.
    fn record(&mut self, line: u64, raw: Raw<'_>, rows: &mut [RawRow<'_>]);
    /// A record that cannot be read.
    fn reject(&mut self, line: u64, raw: Raw<'_>, reject: Reject);
    /// The name of an event that the contract has no kind for, and that becomes `other`.
    fn unmapped(&mut self, name: &str);
    /// What a user agent string says, by the run's list of programs.
    fn agent(&mut self, text: &str) -> Agent;
}

/// What a file of text may begin with, and means nothing.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What may stand between columns of CSV, the likeliest first.
pub(crate) const SEPARATORS: [u8; 4] = *b",;\t|";
/// Bytes of a file's head that are looked at.
pub(crate) const HEAD: usize = 1 << 16;

impl Parser {
    /// The parser for a file with this head (without byte order mark), and the file's format. An access log is read as
    /// `access_log` says.
    pub(crate) fn detect(
        head: &[u8],
        wanted: Wanted,
        access_log: &Arc<AccessLog>,
    ) -> Result<(Format, Self), Unrecognised> {
        let (format, parser) = Self::recognise(head, access_log)?;
        let fits = match wanted {
            Wanted::Auto => true,
            Wanted::Native => matches!(format, Format::NativeCsv | Format::NativeNdjson | Format::NativeParquet),
            Wanted::Only(only) => only == format,
        };
        // Which of the two sent a call is not always written on it; they are read alike.
        if let (Wanted::Only(only @ (Format::Segment | Format::Rudderstack)), Parser::Segment) = (wanted, &parser) {
            return Ok((only, parser));
        }
        if fits {
            return Ok((format, parser));
        }
        let wanted = if let Wanted::Only(only) = wanted { only.name() } else { "native" };
        Err(Unrecognised::NotAsked { wanted, found: format!("its head looks like {format}") })
    }

    fn recognise(head: &[u8], access_log: &Arc<AccessLog>) -> Result<(Format, Self), Unrecognised> {
        if head.starts_with(b"PAR1") {
            return Ok((Format::NativeParquet, Self::Parquet));
        }
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(Unrecognised::Utf16);
        }
        let text = String::from_utf8_lossy(head);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().ok_or(Unrecognised::Empty)?;
        if text.trim() == "[]" {
            return Err(Unrecognised::Empty);
        }
        if first.trim_start().starts_with('{') {
            // A broken first line should not hide what the others say.
            let formats: Vec<(Format, Self)> =
                std::iter::once(first).chain(lines).take(100).filter_map(json_format).collect();
            let of_document = || document(&text);
            return settle(formats)
                .or_else(of_document)
                .ok_or_else(|| Unrecognised::Head(format!("JSON, but no event of any of them: {}", excerpt(first))));
        }
        if let Some(found) = document(&text) {
            return Ok(found);
        }
        if text.lines().take(100).any(access_log::is_line) {
            return Ok((Format::AccessLog, Self::AccessLog(access_log.clone())));
        }
        if text.lines().take(100).any(snowplow::enriched::recognise) {
            return Ok((Format::Snowplow, Self::Snowplow));
        }
        let columns = csv_records::Columns::from_header(head)
            .ok_or_else(|| Unrecognised::Head(format!("the first line is {}", excerpt(first))))?;
        if columns.is(&rees46::HEADER) {
            return Ok((Format::Rees46, Self::Rees46(columns)));
        }
        if columns.is(&retailrocket::HEADER) {
            return Ok((Format::Retailrocket, Self::Retailrocket(columns)));
        }
        if let Some(orders) = shopify::orders::Orders::from_header(&columns) {
            return Ok((Format::ShopifyOrders, Self::ShopifyOrders(Box::new(orders))));
        }
        if columns.has(Field::Ts) && columns.has(Field::Kind) {
            return Ok((Format::NativeCsv, Self::Csv(columns)));
        }
        Err(Unrecognised::Head(format!("the first line is {}", excerpt(first))))
    }

    pub(crate) fn boundary(&self) -> Boundary {
        match self {
            Self::Csv(_) | Self::Rees46(_) | Self::Retailrocket(_) => Boundary::Csv,
            Self::ShopifyOrders(orders) => Boundary::CsvRuns(orders.runs()),
            Self::ShopifyDocuments | Self::Ga4Documents => Boundary::Document,
            Self::Mapped(mapped) => mapped.boundary(),
            Self::NativeJson
            | Self::Ga4
            | Self::Segment
            | Self::Snowplow
            | Self::SnowplowJson
            | Self::ShopifyCheckouts
            | Self::AccessLog(_)
            | Self::Parquet => Boundary::Line,
        }
    }

    /// Columns of the file that the contract has no place for.
    pub(crate) fn unused_columns(&self) -> &[String] {
        match self {
            Self::Csv(columns) => columns.unused(),
            Self::Mapped(mapped) => mapped.unused(),
            _ => &[],
        }
    }

    /// The names in the file's header; `None` where it has none.
    pub(crate) fn header(&self) -> Option<&[String]> {
        match self {
            Self::Csv(columns) | Self::Rees46(columns) | Self::Retailrocket(columns) => Some(columns.written()),
            Self::ShopifyOrders(orders) => Some(orders.header()),
            Self::Mapped(mapped) => mapped.header(),
            _ => None,
        }
    }

    /// Whether its records are JSON objects, which name their columns themselves.
    pub(crate) const fn has_keys(&self) -> bool {
        match self {
            Self::NativeJson
            | Self::Ga4
            | Self::Ga4Documents
            | Self::Segment
            | Self::SnowplowJson
            | Self::ShopifyCheckouts
            | Self::ShopifyDocuments => true,
            Self::Mapped(mapped) => mapped.is_json(),
            _ => false,
        }
    }

    /// The columns of the contract that depend on columns of the file, and on which; of mapped files.
    pub(crate) fn wanted_columns(&self) -> Vec<columns::Wanted> {
        if let Self::Mapped(mapped) = self { mapped.wanted() } else { Vec::new() }
    }

    /// Reads every record of a chunk.
    pub(crate) fn parse(&self, chunk: &Chunk, sink: &mut impl Sink) {
        if let Some(fault) = chunk.fault {
            let line = chunk.bytes.strip_suffix(b"\n").unwrap_or(&chunk.bytes);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return sink.reject(chunk.first_line, line.into(), Reject::unreadable(fault.to_string()));
        }
        match self {
            Self::Csv(columns) => csv_records::each(chunk, columns, sink, csv_records::native),
            Self::Rees46(columns) => csv_records::each(chunk, columns, sink, rees46::row),
            Self::NativeJson => each_line(chunk, sink, native_json::record),
            Self::Ga4 => each_line(chunk, sink, ga4::record),
            Self::Segment => each_line(chunk, sink, segment::record),
            Self::Snowplow => each_line(chunk, sink, snowplow::enriched::record),
            Self::SnowplowJson => each_line(chunk, sink, snowplow::sdk_json::record),
            Self::Retailrocket(columns) => csv_records::each(chunk, columns, sink, retailrocket::row),
            Self::ShopifyCheckouts => each_line(chunk, sink, shopify::checkouts::record),
            Self::ShopifyDocuments => each_document(chunk, sink, shopify::checkouts::record),
            Self::Ga4Documents => each_document(chunk, sink, ga4::record),
            Self::ShopifyOrders(orders) => orders.each(chunk, sink),
            Self::AccessLog(log) => each_line(chunk, sink, |line, text, sink| log.record(line, text, sink)),
            Self::Mapped(mapped) => mapped.parse(chunk, sink),
            Self::Parquet => unreachable!("Parquet is read by columns, not in chunks of bytes"),
        }
    }
}

fn json_format(line: &str) -> Option<(Format, Parser)> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let has = |name: &str| object.contains_key(name);
    if has("event_name") && has("event_timestamp") {
        Some((Format::Ga4, Parser::Ga4))
    } else if has("ts") && has("kind") {
        Some((Format::NativeNdjson, Parser::NativeJson))
    } else if shopify::checkouts::is_checkout(&object) {
        Some((Format::ShopifyCheckouts, Parser::ShopifyCheckouts))
    } else if snowplow::sdk_json::recognise(&object) {
        Some((Format::SnowplowJson, Parser::SnowplowJson))
    } else {
        segment::recognise(&object).map(|format| (format, Parser::Segment))
    }
}

/// What a file with this head is, if its records lie in JSON documents and not each on a line.
fn document(head: &str) -> Option<(Format, Parser)> {
    if shopify::checkouts::is_document(head) {
        return Some((Format::ShopifyCheckouts, Parser::ShopifyDocuments));
    }
    ga4::is_document(head).then_some((Format::Ga4, Parser::Ga4Documents))
}

/// The format of a file whose lines look like these: the first line decides, but that a call is `RudderStack`'s can be
/// written on any of them.
fn settle(formats: Vec<(Format, Parser)>) -> Option<(Format, Parser)> {
    let is_rudder = formats.iter().any(|(format, _)| *format == Format::Rudderstack);
    let (format, parser) = formats.into_iter().next()?;
    Some((if format == Format::Segment && is_rudder { Format::Rudderstack } else { format }, parser))
}

/// Calls `record` for each record of a chunk of JSON documents, with its number.
fn each_document<S: Sink>(chunk: &Chunk, sink: &mut S, record: impl Fn(u64, &str, &mut S)) {
    let mut start = 0;
    for (number, end) in (chunk.first_line..).zip(&chunk.ends) {
        let bytes = &chunk.bytes[start..*end];
        match std::str::from_utf8(bytes) {
            Ok(text) => record(number, text.trim(), sink),
            Err(error) => sink.reject(number, bytes.into(), Reject::unreadable(format!("not UTF-8: {error}"))),
        }
        start = *end;
    }
}

/// A short, harmless piece of a line for a message.
fn excerpt(line: &str) -> String {
    let short: String = line.chars().take(80).collect();
    format!("{short:?}")
}

/// Calls `record` for each line that is not blank.
fn each_line<S: Sink>(chunk: &Chunk, sink: &mut S, record: impl Fn(u64, &str, &mut S)) {
    // Valid chunks, nearly all of them, are checked in one go.
    let valid = std::str::from_utf8(&chunk.bytes);
    let mut start = 0;
    let mut line = chunk.first_line;
    while start < chunk.bytes.len() {
        let end = memchr::memchr(b'\n', &chunk.bytes[start..]).map_or(chunk.bytes.len(), |at| start + at);
        let bytes = &chunk.bytes[start..end];
        let text = match valid {
            Ok(text) => Ok(&text[start..end]),
            Err(_) => std::str::from_utf8(bytes),
        };
        match text {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => record(line, text.trim_end_matches('\r'), sink),
            Err(error) => sink.reject(line, bytes.into(), Reject::unreadable(format!("not UTF-8: {error}"))),
        }
        start = end + 1;
        line += 1;
    }
}
