//! A sink for tests of readers: it keeps rows as the format gave them, and rejects as the run would.

use std::sync::Arc;

use super::{AccessLog, Format, Parser, Raw, Sink, Wanted};
use crate::agent::{Agent, Agents};
use crate::chunk::{Boundary, Chunks};
use crate::documents::Documents;
use crate::door::Door;
use crate::reject::Reject;
use crate::row::{Event, Field, RawRow, Rules};

/// A row's columns that have a value, in the order of the table.
pub(super) type Columns = Vec<(Field, String)>;

#[derive(Debug, Default)]
pub(super) struct Found {
    /// Rows that are accepted.
    pub(super) rows: Vec<Columns>,
    /// Records that are not, with their lines.
    pub(super) rejects: Vec<(u64, Reject)>,
    pub(super) unmapped: Vec<String>,
}

impl Sink for Found {
    fn record(&mut self, line: u64, _: Raw<'_>, rows: &mut [RawRow<'_>]) {
        let clock = events::time::parse("2026-06-01").expect("a day");
        let rules = Rules { source: "test", clock, door: &Door::default() };
        for row in rows.iter() {
            if let Err(reject) = Event::from_raw(&mut row.clone(), &rules, b"") {
                return self.rejects.push((line, reject));
            }
        }
        for row in rows {
            let set = |field: Field| Some((field, row.get(field)?.to_owned()));
            self.rows.push(Field::ALL.into_iter().filter_map(set).collect());
        }
    }

    fn reject(&mut self, line: u64, _: Raw<'_>, reject: Reject) {
        self.rejects.push((line, reject));
    }

    fn unmapped(&mut self, name: &str) {
        self.unmapped.push(name.to_owned());
    }

    fn agent(&mut self, text: &str) -> Agent {
        Agents::default().read(text)
    }
}

/// A column of a row.
pub(super) fn value(row: &[(Field, String)], field: Field) -> Option<&str> {
    row.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
}

/// What a file with this text holds, cut into chunks as in a run.
pub(super) fn read(text: &str) -> (Format, Found) {
    read_as(text, &AccessLog::shared_default())
}

/// The same, with the options of an access log.
pub(super) fn read_as(text: &str, access_log: &Arc<AccessLog>) -> (Format, Found) {
    let (format, parser) = Parser::detect(text.as_bytes(), Wanted::Auto, access_log).expect("a format");
    let mut found = Found::default();
    if parser.boundary() == Boundary::Document {
        let mut documents = Documents::new(text.as_bytes());
        while let Some(chunk) = documents.next() {
            parser.parse(&chunk, &mut found);
        }
    } else {
        let mut chunks = Chunks::new(text.as_bytes(), parser.boundary());
        while let Some(chunk) = chunks.next() {
            parser.parse(&chunk, &mut found);
        }
    }
    (format, found)
}

/// A row as `column=value …`, in the order of the table; a person's hashed address as `email:…`.
pub(super) fn shown(row: &[(Field, String)]) -> String {
    let cell = |(field, text): &(Field, String)| {
        let name = events::schema::EVENTS.columns[*field as usize].name;
        let text = if text.starts_with("email:") { "email:…" } else { text };
        format!("{name}={text}")
    };
    row.iter().map(cell).collect::<Vec<_>>().join(" ")
}

/// Rejects as `line: reason: detail`.
pub(super) fn refused(found: &Found) -> Vec<String> {
    found.rejects.iter().map(|(line, reject)| format!("{line}: {}: {}", reject.reason, reject.detail)).collect()
}
