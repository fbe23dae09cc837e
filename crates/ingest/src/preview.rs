//! A look at the head of a file, as a run would read it, without writing anything.

use std::collections::BTreeMap;

use events::Kind;

use crate::agent::{Agent, Agents};
use crate::columns;
use crate::door::Door;
use crate::format::{Format, Raw, Sink};
use crate::read::{Error, InputFile};
use crate::reject::{Reason, Reject};
use crate::row::{self, Event, Field, RawRow, Rules};
use crate::stream::{self, Piece, Stream};

/// Once this many bytes have been looked at, the piece of the file at hand is the last. Pieces end where records end and
/// are of one MiB as a rule, so that a long file is looked at for about its first MiB.
const ENOUGH_BYTES: usize = 1 << 19;
/// The same for files that are read by columns.
const ENOUGH_ROWS: u64 = 1_000;

/// What the head of a file holds.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// What the file was taken for; `None` if it is empty.
    pub format: Option<Format>,
    /// Rows looked at.
    pub rows: u64,
    /// Whether these are all rows of the file.
    pub whole: bool,
    /// Rows that would be accepted, unless they turn out to be duplicates or conflicts.
    pub accepted: u64,
    /// Rows that would be quarantined, by reason.
    pub rejected: BTreeMap<Reason, Rejected>,
    /// Of the accepted rows, those up to a day ahead of the clock.
    pub ahead: u64,
    /// Of the accepted rows, those further ahead, whose moment would become the clock.
    pub clamped: u64,
    /// Accepted rows by kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Events that would become `other`, by the source's name for them.
    pub unmapped: BTreeMap<String, u64>,
    /// Of an access log, the paths of requests that mean nothing but that a page was seen.
    pub pages: BTreeMap<String, u64>,
    /// Columns that the contract has no place for.
    pub unused_columns: Vec<String>,
    /// The earliest and the latest accepted moment, microseconds since 1970.
    pub span: Option<(i64, i64)>,
}

/// Rows that would be quarantined for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// The first one's row in the file.
    pub first_row: u64,
    /// The value or message behind it.
    pub detail: String,
}

/// Reads the head of a file as a run at this clock would. A record that the head ends in is not looked at.
///
/// # Errors
/// When the file cannot be opened or its format is not known; bad rows are no error.
pub fn preview(file: &InputFile, clock: i64, door: &Door) -> Result<Preview, Error> {
    let opened = Stream::open(file).map_err(|source| Error::Open { path: file.path.clone(), source })?;
    let Some(mut stream) = opened else { return Ok(Preview { whole: true, ..Preview::default() }) };
    let preview =
        Preview { format: Some(stream.format), unused_columns: stream.unused_columns.clone(), ..Preview::default() };
    let mut looker = Looker { source: &file.source, clock, door, agents: Agents::new(door.programs.clone()), preview };
    let parser = stream.parser.clone();
    let mut bytes = 0;
    loop {
        let Some(piece) = stream.next() else {
            looker.preview.whole = true;
            break;
        };
        stream::parse(&parser, &piece, &mut looker);
        match &piece {
            Piece::Text(chunk) => bytes += chunk.bytes.len(),
            Piece::Columns(..) | Piece::Failed(..) => {}
        }
        let by_columns = matches!(piece, Piece::Columns(..));
        if bytes >= ENOUGH_BYTES || (by_columns && looker.preview.rows >= ENOUGH_ROWS) {
            looker.preview.whole = stream.next().is_none();
            break;
        }
    }
    Ok(looker.preview)
}

/// What counts of an accepted row.
struct Seen {
    kind: Kind,
    ts: i64,
    is_ahead: bool,
    is_clamped: bool,
    page: Option<String>,
}

struct Looker<'a> {
    source: &'a str,
    clock: i64,
    door: &'a Door,
    agents: Agents,
    preview: Preview,
}

impl Sink for Looker<'_> {
    fn record(&mut self, line: u64, raw: Raw<'_>, rows: &mut [RawRow<'_>]) {
        let rules = Rules { source: self.source, clock: self.clock, door: self.door };
        let is_access_log = self.preview.format == Some(Format::AccessLog);
        // Ids made from the row's bytes are not looked at.
        let event = |row: &mut RawRow<'_>| {
            let page = row.get(Field::Page).filter(|_| is_access_log).map(str::to_owned);
            Event::from_raw(row, &rules, b"").map(|event| Seen {
                kind: event.kind,
                ts: event.ts,
                is_ahead: event.is_ahead,
                is_clamped: event.delivered_ts.is_some(),
                page,
            })
        };
        let events: Result<Vec<Seen>, Reject> =
            row::check_lines(rows).and_then(|()| rows.iter_mut().map(event).collect());
        match events {
            Ok(events) => {
                let preview = &mut self.preview;
                preview.rows += events.len() as u64;
                preview.accepted += events.len() as u64;
                for Seen { kind, ts, is_ahead, is_clamped, page } in events {
                    if let Some(page) = page.filter(|_| kind == Kind::PageView) {
                        *preview.pages.entry(page).or_default() += 1;
                    }
                    preview.ahead += u64::from(is_ahead);
                    preview.clamped += u64::from(is_clamped);
                    *preview.kinds.entry(kind).or_default() += 1;
                    let (first, last) = preview.span.unwrap_or((ts, ts));
                    preview.span = Some((first.min(ts), last.max(ts)));
                }
            }
            Err(reject) => self.reject(line, raw, reject),
        }
    }

    fn reject(&mut self, line: u64, _: Raw<'_>, reject: Reject) {
        self.preview.rows += 1;
        let Reject { reason, detail } = reject;
        let rejected = self.preview.rejected.entry(reason);
        rejected.or_insert(Rejected { count: 0, first_row: line, detail }).count += 1;
    }

    fn unmapped(&mut self, name: &str) {
        *self.preview.unmapped.entry(columns::short(name).to_owned()).or_default() += 1;
    }

    fn agent(&mut self, text: &str) -> Agent {
        self.agents.read(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Wanted;

    fn looked_at(name: &str, text: &str) -> Preview {
        let path = std::env::temp_dir().join(format!("leftcart-preview-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let clock = events::time::parse("2026-06-01").unwrap();
        let preview = preview(&InputFile::new(path.clone(), "shop", Wanted::Auto), clock, &Door::default()).unwrap();
        std::fs::remove_file(path).unwrap();
        preview
    }

    #[test]
    fn the_head_of_a_long_file_ends_where_a_record_ends() {
        let row = "2026-01-05T10:00:00Z,page_view,ann,\"two\nlines\"\n";
        let preview = looked_at("long.csv", &format!("ts,kind,visitor_id,comment\n{}", row.repeat(100_000)));
        assert!(!preview.whole && preview.rows > 1_000 && preview.rows < 50_000, "{}", preview.rows);
        assert_eq!((preview.accepted, preview.rejected.len()), (preview.rows, 0));
    }

    #[test]
    fn a_short_file_is_looked_at_to_its_end_even_without_a_line_feed() {
        let text =
            "ts,kind,visitor_id,colour\n2026-01-05,page_view,ann,red\n2026-01-06,dance,bob,\nsoon,page_view,eve,";
        let preview = looked_at("short.csv", text);
        assert_eq!((preview.whole, preview.rows, preview.accepted), (true, 3, 1));
        let unreadable = Rejected { count: 1, first_row: 4, detail: "soon".to_owned() };
        assert_eq!(preview.rejected[&Reason::UnreadableTimestamp], unreadable);
        assert_eq!(preview.unused_columns, ["colour"]);
        assert!(looked_at("empty.csv", "").format.is_none());
    }
}
