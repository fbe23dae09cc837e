//! Whom a night concerns: the persons whose rows changed, and where those rows are remembered.
//!
//! A row that is new, or that `as_of` has reached, concerns its person. A login concerns everybody whose rows it moves:
//! a visitor first seen with a customer brings that customer all earlier rows of the visitor; one seen with a second
//! customer turns out to be a shared device, and loses them again, session by session.

mod bots;
mod gather;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use carts::persons::{Links, Person};
use events::parquet_io::{self, Reader};
use events::runs::Runs;

use crate::Error;
use crate::memory::links::{self, Linked};
use crate::memory::{Id, Memory};

pub(crate) use gather::{Then, gather};

/// The ids of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ids {
    visitor: Option<String>,
    customer: Option<String>,
    session: Option<String>,
}

/// Distinct ids of rows that changed between two nights.
pub(crate) type Changed = BTreeSet<Ids>;

/// Adds the ids of rows of these files whose moment is within `from` (exclusive) to `to` (inclusive).
pub(crate) fn changed(files: &[PathBuf], from: i64, to: i64, into: &mut Changed) -> Result<(), Error> {
    for file in files {
        if parquet_io::range(file, "ts")?.is_none_or(|(first, last)| last <= from || first > to) {
            continue;
        }
        for batch in Reader::open(file, &["ts", "visitor_id", "customer_id", "session_id"])? {
            let batch = batch?;
            let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
            let [visitor, customer, session] =
                ["visitor_id", "customer_id", "session_id"].map(|name| Text::of(&batch, name));
            let (visitor, customer, session) = (visitor?, customer?, session?);
            for row in (0..batch.num_rows()).filter(|row| (from < ts[*row] || from == i64::MIN) && ts[*row] <= to) {
                let [visitor, customer, session] =
                    [visitor.get(row), customer.get(row), session.get(row)].map(|id| id.map(str::to_owned));
                into.insert(Ids { visitor, customer, session });
            }
        }
    }
    Ok(())
}

/// Whom a night concerns.
#[derive(Debug)]
pub(crate) struct Touched {
    /// Persons whose carts are made again, by `person_id`, with the keys under which all their rows are remembered; rows
    /// of others may be among them.
    pub(crate) persons: HashMap<String, Vec<u64>>,
    /// Who is who, for every row under these keys.
    pub(crate) links: Links,
    /// Who was who in the night before.
    pub(crate) links_then: Links,
}

impl Touched {
    /// The keys of these persons, sorted.
    fn keys<'a>(&self, persons: impl Iterator<Item = &'a String>) -> Vec<u64> {
        let mut keys: Vec<u64> = persons.filter_map(|person| self.persons.get(person)).flatten().copied().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// What the nights before remembered, of which tables were made as of a moment.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) links: Runs,
    pub(crate) sessions: Runs,
    pub(crate) cart_rows: Runs,
    pub(crate) presence: Runs,
}

impl Known {
    pub(crate) fn of(memory: &Memory) -> Self {
        let Memory { links, sessions, cart_rows, presence, .. } = memory;
        let [links, sessions, cart_rows, presence] = [links, sessions, cart_rows, presence].map(Runs::clone);
        Self { links, sessions, cart_rows, presence }
    }
}

/// Finds out whom the changed rows concern. `before` is what the nights before knew, judged as of `judged_at`; `memory`
/// holds tonight's as well.
pub(crate) fn touched(
    changed: &Changed,
    before: &Known,
    judged_at: i64,
    memory: &Memory,
    as_of: i64,
) -> Result<Touched, Error> {
    let who = Who { memory, before, judged_at, as_of };
    let persons = who.persons(changed)?;
    who.rows_of(persons)
}

struct Who<'a> {
    memory: &'a Memory,
    before: &'a Known,
    judged_at: i64,
    as_of: i64,
}

/// As far as whose rows they are is concerned, several customers are as good as several others.
fn standing<'a>(linked: &'a Linked, id: &str) -> (usize, Option<&'a String>) {
    let customers = linked.get(id).filter(|customers| customers.len() == 1);
    (linked.get(id).map_or(0, BTreeSet::len).min(2), customers.and_then(BTreeSet::first))
}

/// Everybody with whom this id was seen.
fn customers<'a>(linked: &'a Linked, id: &str) -> impl Iterator<Item = Person<'a>> {
    linked.get(id).into_iter().flatten().map(|customer| Person::Customer(customer))
}

impl Who<'_> {
    fn links<'i>(&self, ids: impl IntoIterator<Item = Id<'i>>) -> Result<Linked, Error> {
        Ok(links::look_up(&self.memory.links, ids)?.as_of(self.as_of))
    }

    /// With whom these are seen now, and with whom they were in the night before.
    fn now_and_then<'i>(
        &self,
        now: &Runs,
        then: &Runs,
        ids: impl IntoIterator<Item = Id<'i>> + Clone,
    ) -> Result<(Linked, Linked), Error> {
        let mut seen = links::look_up(then, ids.clone())?;
        let before = seen.as_of(self.judged_at);
        seen.extend(links::look_up(&now.newer(then), ids)?);
        Ok((seen.as_of(self.as_of), before))
    }

    fn persons(&self, changed: &Changed) -> Result<HashSet<String>, Error> {
        let visitors: BTreeSet<&str> = changed.iter().filter_map(|ids| ids.visitor.as_deref()).collect();
        let with_customer = changed.iter().filter(|ids| ids.customer.is_some());
        let told: BTreeSet<&str> = with_customer.filter_map(|ids| ids.session.as_deref()).collect();
        let ids = visitors.iter().map(|visitor| Id::Visitor(visitor));
        let (visitors_now, visitors_then) = self.now_and_then(&self.memory.links, &self.before.links, ids)?;
        let moved: Vec<&str> = visitors
            .iter()
            .copied()
            .filter(|visitor| {
                let now = standing(&visitors_now, visitor);
                // What is done on a shared device can tell that a program is at it, also on rows of the others.
                now.0 > 1 || now != standing(&visitors_then, visitor)
            })
            .collect();
        // Sessions that decide whose a row is, and what is known of them.
        let mut by_session: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (visitor, session) in self.memory.shared.pairs() {
            by_session.entry(session).or_default().push(visitor);
        }
        let decided: Vec<&str> = told.iter().copied().filter(|session| by_session.contains_key(session)).collect();
        let of_changed = changed.iter().filter(|ids| ids.customer.is_none());
        let of_changed = of_changed.filter_map(|ids| ids.session.as_deref()).filter(|s| by_session.contains_key(s));
        let of_moved: Vec<&str> = moved.iter().flat_map(|visitor| self.memory.shared.of(visitor)).collect();
        let sessions: BTreeSet<&str> =
            decided.iter().copied().chain(of_changed).chain(of_moved.iter().copied()).collect();
        let ids = sessions.iter().map(|session| Id::Session(session));
        let (sessions_now, sessions_then) = self.now_and_then(&self.memory.sessions, &self.before.sessions, ids)?;

        let known = links_of(&visitors_now, &sessions_now);
        let mut persons: Vec<Person<'_>> = changed
            .iter()
            .filter_map(|ids| known.person(ids.customer.as_deref(), ids.visitor.as_deref(), ids.session.as_deref()))
            .collect();
        for visitor in &moved {
            persons.push(Person::Visitor(visitor));
            persons.extend(customers(&visitors_now, visitor));
        }
        for session in of_moved {
            persons.extend(customers(&sessions_now, session));
        }
        for session in decided.into_iter().filter(|id| standing(&sessions_now, id) != standing(&sessions_then, id)) {
            persons.extend(by_session[session].iter().map(|visitor| Person::Visitor(visitor)));
            persons.extend(customers(&sessions_now, session));
        }
        Ok(persons.iter().map(Person::to_string).collect())
    }

    /// Where all rows of these persons are.
    fn rows_of(&self, persons: HashSet<String>) -> Result<Touched, Error> {
        let customers: Vec<&str> = persons.iter().filter_map(|person| person.strip_prefix("c:")).collect();
        let mut seen_on = self.links(customers.iter().map(|customer| Id::Customer(customer)))?;
        // Rows of a shared visitor may be theirs by their session alone.
        let sessions: BTreeSet<&str> = self.memory.shared.pairs().map(|(_, session)| session).collect();
        let sessions = sessions.iter().map(|session| Id::Session(session));
        let (sessions, sessions_then) = self.now_and_then(&self.memory.sessions, &self.before.sessions, sessions)?;
        for (visitor, session) in self.memory.shared.pairs() {
            for customer in sessions.get(session).into_iter().flatten() {
                if persons.contains(&Person::Customer(customer).to_string()) {
                    seen_on.entry(customer.clone()).or_default().insert(visitor.to_owned());
                }
            }
        }
        let mut visitors: BTreeSet<&str> = persons.iter().filter_map(|person| person.strip_prefix("v:")).collect();
        visitors.extend(seen_on.values().flatten().map(String::as_str));
        let visitors = visitors.iter().map(|visitor| Id::Visitor(visitor));
        let (linked, linked_then) = self.now_and_then(&self.memory.links, &self.before.links, visitors)?;
        let keys = |person: &String| match person.split_at(2) {
            ("c:", customer) => {
                let visitors = seen_on.get(customer).into_iter().flatten();
                visitors.map(|visitor| Id::Visitor(visitor)).chain([Id::Customer(customer)]).map(Id::key).collect()
            }
            (_, visitor) => vec![Id::Visitor(visitor).key()],
        };
        let persons = persons.into_iter().map(|person| (keys(&person), person)).map(|(keys, person)| (person, keys));
        Ok(Touched {
            links: links_of(&linked, &sessions),
            links_then: links_of(&linked_then, &sessions_then),
            persons: persons.collect(),
        })
    }
}

/// What is known of visitors and sessions, as the rules of persons want it.
fn links_of(visitors: &Linked, sessions: &Linked) -> Links {
    let mut links = Links::default();
    for (visitor, customers) in visitors {
        for customer in customers {
            links.observe_visitor(visitor, customer);
        }
    }
    for (session, customers) in sessions {
        links.want_session(session);
        for customer in customers {
            links.observe_session(session, customer);
        }
    }
    links
}
