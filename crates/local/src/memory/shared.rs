//! Sessions of shared devices.
//!
//! Only where a visitor was seen with several customers does a session decide whose a row is. Such visitors are few, so
//! their sessions are one small table, read whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use carts::columns::Text;
use events::parquet_io::{Reader, Writer};
use events::schema::{Table, Type, optional, required};

use super::links::{self, Pairs};
use super::rows::Codec;
use super::{Id, Memory};
use crate::Error;

pub(super) const SHARED: Table = Table {
    name: "shared",
    row: "visitor that was seen with several customers, or session of one with events of no customer",
    columns: &[
        required("visitor_id", Type::Text, "the visitor"),
        optional("session_id", Type::Text, "the session; null in the row that says that the visitor is shared"),
    ],
};

/// Visitors seen with several customers, each with the sessions of its events that name no customer.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    sessions: BTreeMap<String, BTreeSet<String>>,
    changed: bool,
}

impl Shared {
    fn path(state: &Path) -> PathBuf {
        state.join(SHARED.name).join("part-0.parquet")
    }

    pub(super) fn read(state: &Path) -> Result<Self, Error> {
        let path = Self::path(state);
        let mut shared = Self::default();
        if path.exists() {
            for batch in Reader::open(&path, &["visitor_id", "session_id"])? {
                let batch = batch?;
                let [visitors, sessions] = [0, 1].map(|at| batch.column(at).as_string::<i32>());
                for (visitor, session) in visitors.iter().flatten().zip(sessions) {
                    let known = shared.sessions.entry(visitor.to_owned()).or_default();
                    known.extend(session.map(str::to_owned));
                }
            }
        }
        Ok(shared)
    }

    pub(super) fn write(&mut self, state: &Path) -> Result<(), Error> {
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let path = Self::path(state);
        // What lies there may be the file of an earlier night, which must stay as it is.
        let _ = std::fs::remove_file(&path);
        let visitors = self.sessions.keys().map(|visitor| (visitor.as_str(), None));
        let rows: Vec<(&str, Option<&str>)> =
            visitors.chain(self.pairs().map(|(visitor, session)| (visitor, Some(session)))).collect();
        let visitors: StringArray = rows.iter().map(|(visitor, _)| Some(*visitor)).collect();
        let sessions: StringArray = rows.iter().map(|(_, session)| *session).collect();
        let mut writer = Writer::create_for(rows.len(), &path, &SHARED, &[])?;
        writer.write(&RecordBatch::try_new(SHARED.schema(), vec![Arc::new(visitors), Arc::new(sessions)])?)?;
        writer.finish()?;
        Ok(())
    }

    fn add(&mut self, visitor: &str, session: &str) {
        self.changed |= self.sessions.entry(visitor.to_owned()).or_default().insert(session.to_owned());
    }

    /// Every visitor with every session.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sessions
            .iter()
            .flat_map(|(visitor, sessions)| sessions.iter().map(move |session| (visitor.as_str(), session.as_str())))
    }

    /// The sessions of a visitor; none of one that is not shared.
    pub(crate) fn of(&self, visitor: &str) -> impl Iterator<Item = &str> {
        self.sessions.get(visitor).into_iter().flatten().map(String::as_str)
    }
}

/// Takes up the sessions of visitors that turned out to be shared, and new sessions of those that are known to be.
/// The rows of `files` are in `memory` already, and `pairs` are theirs.
pub(super) fn learn(memory: &mut Memory, files: &[PathBuf], pairs: &Pairs) -> Result<(), Error> {
    let seen = links::look_up(&memory.links, pairs.visitors().map(Id::Visitor))?.as_of(i64::MAX);
    let is_new = |visitor: &String| !memory.shared.sessions.contains_key(visitor);
    let turned: BTreeSet<String> = seen
        .into_iter()
        .filter(|(_, customers)| customers.len() > 1)
        .map(|(visitor, _)| visitor)
        .filter(is_new)
        .collect();
    let known: BTreeSet<String> = memory.shared.sessions.keys().cloned().collect();
    for file in files.iter().filter(|_| !known.is_empty()) {
        for batch in Reader::open(file, &["visitor_id", "customer_id", "session_id"])? {
            sessions(&batch?, &known, &mut memory.shared)?;
        }
    }
    if turned.is_empty() {
        return Ok(());
    }
    let mut keys: Vec<u64> = turned.iter().map(|visitor| Id::Visitor(visitor).key()).collect();
    keys.sort_unstable();
    let codec = Codec::new();
    for (runs, codec) in [(&memory.cart_rows, &codec.cart_rows), (&memory.presence, &codec.presence)] {
        sessions(&codec.look_up(runs, &keys)?, &turned, &mut memory.shared)?;
    }
    memory.shared.changed = true;
    for visitor in turned {
        memory.shared.sessions.entry(visitor).or_default();
    }
    Ok(())
}

/// Adds the sessions of these visitors in which a row names no customer.
fn sessions(batch: &RecordBatch, of: &BTreeSet<String>, into: &mut Shared) -> Result<(), Error> {
    let [visitor, customer, session] = ["visitor_id", "customer_id", "session_id"].map(|name| Text::of(batch, name));
    let (visitor, customer, session) = (visitor?, customer?, session?);
    for row in 0..batch.num_rows() {
        if let (Some(visitor), None, Some(session)) = (visitor.get(row), customer.get(row), session.get(row))
            && of.contains(visitor)
        {
            into.add(visitor, session);
        }
    }
    Ok(())
}
