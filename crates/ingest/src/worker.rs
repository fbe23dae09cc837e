//! Pieces of files into rows, and each row to where it belongs: the rules of a night, whoever keeps the rows.

use std::sync::Arc;

use crate::agent::{Agent, Agents};
use crate::batch::{Position, position};
use crate::door::Door;
use crate::format::{Parser, Raw, Sink};
use crate::read::{Found, Tally};
use crate::reject::Reject;
use crate::row::{self, Event, Field, RawRow, Rules};
use crate::stream::{self, Piece};

/// Keeps rows once it is decided what they are.
pub(crate) trait Outlet {
    /// Told of each record before it is judged.
    fn note_record(&mut self, _line: u64, _raw: Raw<'_>) {}
    /// A row that becomes an event.
    fn accept(&mut self, event: &Event<'_>, position: Position);
    /// A row that goes to quarantine.
    fn reject(&mut self, position: Position, reject: Reject, raw: &[u8]);
}

/// Parses pieces, judges their rows, and counts what becomes of them.
pub(crate) struct Worker<'a, O> {
    pub(crate) outlet: O,
    pub(crate) found: Found,
    clock: i64,
    door: &'a Door,
    agents: Agents,
    /// Of the piece at hand.
    file: u32,
    /// Whether its rows count for nothing.
    is_idle: bool,
    source: Arc<str>,
    tally: Tally,
    rows: u64,
}

impl<'a, O: Outlet> Worker<'a, O> {
    pub(crate) fn new(outlet: O, clock: i64, door: &'a Door) -> Self {
        Self {
            outlet,
            found: Found::default(),
            clock,
            door,
            agents: Agents::new(door.programs.clone()),
            file: 0,
            is_idle: false,
            source: "".into(),
            tally: Tally::default(),
            rows: 0,
        }
    }

    /// Takes a piece of the file of this number; the rows of an idle one are counted and nothing else.
    pub(crate) fn parse(&mut self, file: u32, source: &str, is_idle: bool, parser: &Parser, piece: &Piece) {
        self.file = file;
        self.is_idle = is_idle;
        if self.source.as_ref() != source {
            self.source = source.into();
        }
        stream::parse(parser, piece, self);
        if let (Piece::Text(chunk), true) = (piece, parser.has_keys()) {
            self.tally.keys.look_at(chunk);
        }
        let tally = std::mem::take(&mut self.tally);
        self.rows += tally.read;
        self.found.merge(Found { files: [(file, tally)].into(), ..Found::default() });
    }

    /// Rows since the last call.
    pub(crate) fn take_rows(&mut self) -> u64 {
        std::mem::take(&mut self.rows)
    }

    fn accept(&mut self, event: &Event<'_>, position: Position) {
        self.tally.read += 1;
        if self.is_idle {
            return;
        }
        self.tally.ahead += u64::from(event.is_ahead);
        self.tally.clamped += u64::from(event.delivered_ts.is_some());
        self.outlet.accept(event, position);
    }

    fn refuse(&mut self, line: u64, raw: Raw<'_>, reject: Reject) {
        self.tally.read += 1;
        if self.is_idle {
            return;
        }
        *self.tally.rejected.entry(reject.reason).or_default() += 1;
        self.outlet.reject(position(self.file, line, 0), reject, &raw.bytes());
    }
}

impl<O: Outlet> Sink for Worker<'_, O> {
    fn record(&mut self, line: u64, raw: Raw<'_>, rows: &mut [RawRow<'_>]) {
        self.outlet.note_record(line, raw);
        let source = self.source.clone();
        let rules = Rules { source: &source, clock: self.clock, door: self.door };
        let has_id = rows.iter().all(|row| row.get(Field::EventId).is_some());
        let bytes = if has_id { std::borrow::Cow::Borrowed(&[][..]) } else { raw.bytes() };
        if let [row] = rows {
            match Event::from_raw(row, &rules, &bytes) {
                Ok(event) => self.accept(&event, position(self.file, line, 0)),
                Err(reject) => self.refuse(line, raw, reject),
            }
            return;
        }
        let events = row::check_lines(rows).and_then(|()| {
            rows.iter_mut().map(|row| Event::from_raw(row, &rules, &bytes)).collect::<Result<Vec<_>, Reject>>()
        });
        match events {
            Ok(events) => {
                // Item lines count from 0 within an event, so a further 0 begins the record's next event.
                let mut nth = 0;
                for (at, event) in events.iter().enumerate() {
                    nth += u64::from(at > 0 && event.line == 0);
                    self.accept(event, position(self.file, line, nth));
                }
            }
            Err(reject) => self.refuse(line, raw, reject),
        }
    }

    fn reject(&mut self, line: u64, raw: Raw<'_>, reject: Reject) {
        self.outlet.note_record(line, raw);
        self.refuse(line, raw, reject);
    }

    fn unmapped(&mut self, name: &str) {
        if self.is_idle {
            return;
        }
        self.found.unmapped.count(name);
    }

    fn agent(&mut self, text: &str) -> Agent {
        self.agents.read(text)
    }
}
