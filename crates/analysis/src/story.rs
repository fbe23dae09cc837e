//! events → what happened to one person, visit by visit, or to one cart, event by event.
//!
//! Events lie by visitor: only the buckets of the person's browsers and devices are read, of all rows their ids, and
//! whole only the rows that are the person's.

mod moments;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use events::time::{self, DAY};
use events::{hash, lake};
use serde::Serialize;

use crate::customers::People;
use crate::follow_up::Row;
use crate::{Error, Settings};
pub use moments::{Item, Moment, Visit, What};
pub use read::{devices, tell};

/// What happened to a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Story {
    /// `c:<customer_id>` or `v:<visitor_id>`.
    pub person_id: String,
    /// Browsers and devices that it happened on.
    pub devices: u64,
    /// Visits, and what came to the person in between, in order of time.
    pub visits: Vec<Visit>,
}

/// Which events to tell.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// `c:<customer_id>` or `v:<visitor_id>`.
    pub person_id: &'a str,
    /// Browsers and devices that the person was seen with, beside others that may share them.
    pub visitors: BTreeSet<String>,
    /// First moment.
    pub from: i64,
    /// Last moment.
    pub until: i64,
}

/// The stories of persons on the follow-up list, from the day before their cart was opened.
pub(crate) fn of_rows(folder: &Path, people: &People, rows: &[&Row], settings: &Settings) -> Result<Vec<Story>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: HashSet<&str> = rows.iter().map(|row| row.person_id.as_str()).collect();
    let from = rows.iter().map(|row| row.opened_at - DAY).min().unwrap_or(settings.as_of);
    let files = files(folder, from, settings.as_of)?;
    let who = |customer: Option<&str>, visitor: Option<&str>, session: Option<&str>| {
        people.who.person(customer, visitor, session).map(|person| person.to_string())
    };
    let found = read::events(
        &files,
        &|ids| who(ids[0], ids[1], ids[2]).filter(|person| wanted.contains(person.as_str())),
        (from, settings.as_of),
        settings,
    )?;
    let mut by_person: BTreeMap<String, Vec<read::Event>> = BTreeMap::new();
    for (person, event) in found {
        by_person.entry(person).or_default().push(event);
    }
    Ok(rows
        .iter()
        .map(|row| {
            let mut events = by_person.get(&row.person_id).cloned().unwrap_or_default();
            events.retain(|event| event.ts >= row.opened_at - DAY);
            moments::story(&row.person_id, &events)
        })
        .collect())
}

/// Event files of these days, by name.
fn files(folder: &Path, from: i64, until: i64) -> Result<Vec<PathBuf>, Error> {
    let days = time::utc_day(from)..=time::utc_day(until);
    let mut files = lake::parquet_files(folder)?;
    files.retain(|file| part(file, "day=").and_then(time::parse_day).is_none_or(|day| days.contains(&day)));
    Ok(files)
}

/// What a folder of a file is named after `key`.
fn part<'a>(file: &'a Path, key: &str) -> Option<&'a str> {
    file.components().rev().find_map(|part| part.as_os_str().to_str()?.strip_prefix(key))
}

/// The bucket that a file holds; `None` where its folders do not say.
fn bucket(file: &Path) -> Option<u32> {
    part(file, "bucket=")?.parse().ok()
}

/// Buckets in which rows of a person can lie.
fn buckets(asked: &Asked<'_>) -> BTreeSet<u32> {
    let own = asked.person_id.get(2..).unwrap_or_default();
    asked.visitors.iter().map(String::as_str).chain([own]).map(hash::bucket).collect()
}
