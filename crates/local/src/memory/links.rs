//! Who was seen with whom, and since when.

use std::collections::{BTreeMap, BTreeSet};

use events::runs::Runs;

use super::Id;
use crate::Error;

/// The customers of visitors or sessions, or the visitors of customers.
pub(crate) type Linked = BTreeMap<String, BTreeSet<String>>;

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

    pub(super) fn write(&self, runs: &Runs, name: &str) -> Result<(), Error> {
        let mut entries: Vec<(u64, Vec<u8>)> = Vec::new();
        for ((visitor, customer), since) in &self.visitors {
            entries.push((Id::Visitor(visitor).key(), entry(visitor, customer, *since)));
            entries.push((Id::Customer(customer).key(), entry(customer, visitor, *since)));
        }
        for ((session, customer), since) in &self.sessions {
            entries.push((Id::Session(session).key(), entry(session, customer, *since)));
        }
        if entries.is_empty() {
            return Ok(());
        }
        entries.sort_unstable();
        let mut writer = runs.add(name)?;
        entries.iter().try_for_each(|(key, entry)| writer.push(*key, entry))?;
        Ok(writer.finish()?)
    }
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

/// With whom each of these ids, all of one kind, was seen up to `as_of`. Who was seen with nobody is not in the answer.
pub(crate) fn look_up<'a>(runs: &Runs, ids: impl IntoIterator<Item = Id<'a>>, as_of: i64) -> Result<Linked, Error> {
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
    let mut linked = Linked::new();
    runs.look_up(&keys, |key, entry| {
        if let Some((one, other, since)) = parse(entry)
            && since <= as_of
            && asked.binary_search(&(key, one)).is_ok()
        {
            match linked.get_mut(one) {
                Some(others) => {
                    if !others.contains(other) {
                        others.insert(other.to_owned());
                    }
                }
                None => {
                    linked.insert(one.to_owned(), BTreeSet::from([other.to_owned()]));
                }
            }
        }
    })?;
    Ok(linked)
}
