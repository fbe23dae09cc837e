//! Who was seen with whom, and since when.

use std::collections::{BTreeMap, BTreeSet};

use events::runs::Runs;
use rayon::prelude::*;

use super::Id;
use crate::Error;

/// The customers of visitors or sessions, or the visitors of customers.
pub(crate) type Linked = BTreeMap<String, BTreeSet<String>>;

/// The same, each with the first moment at which they were seen together.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, BTreeMap<String, i64>>);

impl Seen {
    fn observe(&mut self, one: &str, other: &str, since: i64) {
        let others = match self.0.get_mut(one) {
            Some(others) => others,
            None => self.0.entry(one.to_owned()).or_default(),
        };
        match others.get_mut(other) {
            Some(known) => *known = since.min(*known),
            None => _ = others.insert(other.to_owned(), since),
        }
    }

    /// Adds what another part of the runs tells.
    pub(crate) fn extend(&mut self, other: Self) {
        for (one, others) in other.0 {
            for (other, since) in others {
                self.observe(&one, &other, since);
            }
        }
    }

    /// Who was seen with whom up to a moment. Who was seen with nobody is not in the answer.
    pub(crate) fn as_of(&self, moment: i64) -> Linked {
        let mut linked = Linked::new();
        for (one, others) in &self.0 {
            let others: BTreeSet<String> =
                others.iter().filter(|(_, since)| **since <= moment).map(|(other, _)| other.clone()).collect();
            if !others.is_empty() {
                linked.insert(one.clone(), others);
            }
        }
        linked
    }

    fn since(&self, one: &str, other: &str) -> Option<i64> {
        self.0.get(one)?.get(other).copied()
    }
}

/// Pairs that a night's rows tell of, with the first moment of each. A visitor is seen with few customers, so these are
/// few compared with the rows.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    visitors: BTreeMap<(String, String), i64>,
    sessions: BTreeMap<(String, String), i64>,
}

impl Pairs {
    pub(crate) fn observe(&mut self, visitor: Option<&str>, customer: &str, session: Option<&str>, ts: i64) {
        for (pairs, other) in [(&mut self.visitors, visitor), (&mut self.sessions, session)] {
            if let Some(other) = other {
                let since = pairs.entry((other.to_owned(), customer.to_owned())).or_insert(ts);
                *since = ts.min(*since);
            }
        }
    }

    /// Visitors that were seen with a customer.
    pub(crate) fn visitors(&self) -> impl Iterator<Item = &str> {
        self.visitors.keys().map(|(visitor, _)| visitor.as_str())
    }

    /// Writes down what was not known: `links` are of visitors and customers, `sessions` of sessions and customers.
    pub(super) fn write(&self, links: &Runs, sessions: &Runs, name: &str) -> Result<(), Error> {
        let known = look_up(links, self.visitors().map(Id::Visitor))?;
        let mut entries: Vec<(u64, Vec<u8>)> = Vec::new();
        for ((visitor, customer), since) in &self.visitors {
            if known.since(visitor, customer).is_none_or(|known| *since < known) {
                entries.push((Id::Visitor(visitor).key(), entry(visitor, customer, *since)));
                entries.push((Id::Customer(customer).key(), entry(customer, visitor, *since)));
            }
        }
        write(entries, links, name)?;
        let entries = self
            .sessions
            .iter()
            .map(|((session, customer), since)| (Id::Session(session).key(), entry(session, customer, *since)));
        write(entries.collect(), sessions, name)
    }
}

fn write(mut entries: Vec<(u64, Vec<u8>)>, runs: &Runs, name: &str) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    entries.sort_unstable();
    let mut writer = runs.add(name)?;
    entries.iter().try_for_each(|(key, entry)| writer.push(*key, entry))?;
    Ok(writer.finish()?)
}

/// The moment, the length of the first id, both ids.
fn entry(one: &str, other: &str, since: i64) -> Vec<u8> {
    let length = u32::try_from(one.len()).expect("a row is smaller than 4 GiB");
    [&since.to_le_bytes()[..], &length.to_le_bytes(), one.as_bytes(), other.as_bytes()].concat()
}

pub(crate) fn parse(entry: &[u8]) -> Option<(&str, &str, i64)> {
    let (since, rest) = entry.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (one, other) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some((std::str::from_utf8(one).ok()?, std::str::from_utf8(other).ok()?, i64::from_le_bytes(*since)))
}

/// With whom each of these ids, all of one kind, was ever seen.
pub(crate) fn look_up<'a>(runs: &Runs, ids: impl IntoIterator<Item = Id<'a>>) -> Result<Seen, Error> {
    let mut asked: Vec<(u64, &str)> = ids
        .into_iter()
        .map(|id| {
            let (Id::Visitor(text) | Id::Customer(text) | Id::Session(text)) = id;
            (id.key(), text)
        })
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let mut keys: Vec<u64> = asked.iter().map(|(key, _)| *key).collect();
    keys.dedup();
    let part = |keys: &[u64]| {
        let mut seen = Seen::default();
        runs.look_up(keys, |key, entry| {
            if let Some((one, other, since)) = parse(entry)
                && asked.binary_search(&(key, one)).is_ok()
            {
                seen.observe(one, other, since);
            }
        })?;
        Ok(seen)
    };
    let parts = keys.par_chunks(super::at_once(&keys)).map(part).collect::<Result<Vec<_>, Error>>()?;
    let mut parts = parts.into_iter();
    let mut seen = parts.next().unwrap_or_default();
    parts.for_each(|part| seen.extend(part));
    Ok(seen)
}
