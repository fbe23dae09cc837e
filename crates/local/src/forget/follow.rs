//! Events and carts → the trace of a person.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use carts::persons::Links;
use events::hash;
use events::lake::LakeFile;
use events::parquet_io::{self, Reader};
use rayon::prelude::*;

use super::Trace;
use crate::{Error, everyone};

const EVENTS: [&str; 7] = ["event_id", "line", "ts", "source", "visitor_id", "customer_id", "session_id"];
/// Moments of a cart or order, where a table has them: from the first to the last.
const MOMENTS: [&str; 4] = ["opened_at", "ordered_at", "last_activity_at", "purchased_at"];

impl Trace {
    /// Learns which rows are the person's, by the rules of persons over all events of these files, whatever their date,
    /// and in which carts and orders of each generation they are. `judged` has the moment as of which a generation's carts
    /// were judged; one that it has not has no carts.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn follow(&mut self, files: &[LakeFile], judged: &BTreeMap<String, i64>) -> Result<(), Error> {
        let events = files.iter().filter(|file| ["events", "state/news"].contains(&file.table()));
        let events: Vec<PathBuf> = events.map(|file| file.path().to_path_buf()).collect();
        let links = everyone::links(&events, i64::MAX)?;
        let persons: Vec<String> = self.persons.iter().cloned().collect();
        let parts = events.par_iter().map(|file| {
            let mut part = Self::of(&persons);
            for batch in Reader::open(file, &EVENTS)? {
                part.learn(&batch?, &links)?;
            }
            Ok(part)
        });
        let learnt = parts.try_reduce(Self::default, |mut left, right| {
            left.merge(right);
            Ok::<_, Error>(left)
        })?;
        self.merge(learnt);
        for (generation, as_of) in judged.iter().filter(|_| !self.shared.is_empty()) {
            let events = files.iter().filter(|file| file.table() == "events" && file.is_in(generation));
            let events: Vec<PathBuf> = events.map(|file| file.path().to_path_buf()).collect();
            let given = self.given_to_others(&events, *as_of)?;
            let known = self.elsewhere.entry(generation.clone()).or_default();
            for (person, moment) in given {
                known.entry(person).or_default().insert(moment);
            }
        }
        let ascribed = files.par_iter().map(|file| self.ascribed_in(file)).collect::<Result<Vec<_>, Error>>()?;
        for (generation, id) in ascribed.into_iter().flatten() {
            self.ascribed.entry(generation).or_default().insert(id);
        }
        Ok(())
    }

    /// To whom a generation gave the person's rows that are his by their session; with their moments.
    fn given_to_others(&self, events: &[PathBuf], as_of: i64) -> Result<Vec<(String, i64)>, Error> {
        let links = everyone::links(events, as_of)?;
        let given = events.par_iter().map(|file| {
            let mut given = Vec::new();
            for batch in Reader::open(file, &EVENTS)? {
                let batch = batch?;
                let [visitors, customers, sessions] =
                    ["visitor_id", "customer_id", "session_id"].map(|name| Text::of(&batch, name));
                let (visitors, customers, sessions) = (visitors?, customers?, sessions?);
                let ts = batch.column_by_name("ts").expect("asked for").as_primitive::<TimestampMicrosecondType>();
                for row in 0..batch.num_rows() {
                    let (Some(visitor), None) = (visitors.get(row), customers.get(row)) else { continue };
                    let session = sessions.get(row);
                    let person = links.person(None, Some(visitor), session).map(|person| person.to_string());
                    let others = person.filter(|_| self.owns_by_session(visitor, session));
                    given.extend(others.filter(|person| !self.is_name(person)).map(|person| (person, ts.value(row))));
                }
            }
            Ok(given)
        });
        Ok(given.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect())
    }

    fn learn(&mut self, batch: &RecordBatch, links: &Links) -> Result<(), Error> {
        let text = |name: &str| Text::of(batch, name);
        let (visitors, customers, sessions) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let (sources, event_ids) = (text("source")?, text("event_id")?);
        let numbers = batch.column_by_name("line").expect("asked for").as_primitive::<UInt16Type>();
        for row in 0..batch.num_rows() {
            let (customer, visitor, session) = (customers.get(row), visitors.get(row), sessions.get(row));
            let Some(person) = links.person(customer, visitor, session) else { continue };
            let person = person.to_string();
            let is_his = self.persons.contains(&person);
            if !is_his {
                let is_namesake = |visitor: &str| self.persons.iter().any(|person| person[2..] == *visitor);
                if self.namesakes.len() < 4 && visitor.is_some_and(is_namesake) {
                    self.namesakes.insert(person);
                }
                continue;
            }
            self.events += 1;
            let source = sources.get(row).unwrap_or_default();
            let event_id = event_ids.get(row).unwrap_or_default();
            let line = numbers.value(row).to_le_bytes();
            let fields = [Some(source.as_bytes()), Some(event_id.as_bytes()), Some(&line[..])];
            self.rows.insert(hash::hex(hash::of_fields(fields)));
            let Some(visitor) = visitor else { continue };
            if !links.is_shared(visitor) {
                self.visitors.insert(visitor.to_owned());
            } else if customer.is_none() {
                self.shared.entry(visitor.to_owned()).or_default().insert(session.map(str::to_owned));
            }
        }
        Ok(())
    }

    /// Ids of the carts and orders in this file that are the person's, or have rows of the person in them, each with the
    /// generation that says so.
    fn ascribed_in(&self, file: &LakeFile) -> Result<Vec<(String, String)>, Error> {
        let schema = parquet_io::schema(file.path())?;
        let has = |name: &&str| schema.column_with_name(name).is_some();
        let ids: Vec<&str> = ["cart_id", "order_key"].into_iter().filter(has).collect();
        if ids.is_empty() || !has(&"person_id") {
            return Ok(Vec::new());
        }
        let moments: Vec<&str> = MOMENTS.into_iter().filter(has).collect();
        let mut ascribed = Vec::new();
        for batch in Reader::open(file.path(), &[&["person_id"], &ids[..], &moments[..]].concat())? {
            let batch = batch?;
            let persons = Text::of(&batch, "person_id")?;
            let ids: Vec<Text> = ids.iter().map(|name| Text::of(&batch, name)).collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                let person = persons.get(row).unwrap_or_default();
                let span = span(&batch, row);
                let is_mixed =
                    |generation: &&str| span.is_some_and(|(from, to)| self.is_mixed(generation, person, from, to));
                for generation in file.generations().filter(|generation| self.is_name(person) || is_mixed(generation)) {
                    let ids = ids.iter().filter_map(|ids| ids.get(row));
                    ascribed.extend(ids.map(|id| (generation.to_owned(), id.to_owned())));
                }
            }
        }
        Ok(ascribed)
    }
}

/// The first and the last moment of a row.
fn span(batch: &RecordBatch, row: usize) -> Option<(i64, i64)> {
    let columns = MOMENTS.iter().filter_map(|name| batch.column_by_name(name));
    let columns = columns.filter_map(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let moments = columns.filter(|column| column.is_valid(row)).map(|column| column.value(row));
    moments.map(|moment| (moment, moment)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}
