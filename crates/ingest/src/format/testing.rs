//! A sink for tests of readers: it keeps rows as the format gave them, and rejects as the run would.

use super::{Raw, Sink};
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
        let rules = Rules { source: "test", clock: events::time::parse("2026-06-01").expect("a day") };
        for row in rows.iter() {
            if let Err(reject) = Event::from_raw(row.clone(), &rules, b"") {
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
}

/// The columns of a golden row.
pub(super) fn columns(columns: &[(Field, &str)]) -> Columns {
    columns.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
}

/// A column of a row.
pub(super) fn value(row: &[(Field, String)], field: Field) -> Option<&str> {
    row.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
}
