//! The stage itself: whose rows, the kernel over them, the tables.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use arrow::compute::concat_batches;
use carts::columns::Columns;
use carts::segments::Spender;
use carts::{Rules, reconstruct};
use events::bots;
use events::exchange::{self, Exchange};
use events::lake::parquet_files;
use rayon::prelude::*;

use crate::memory::Memory;
use crate::tables::{self, Made, Tables};
use crate::touched::{self, Changed, Known};
use crate::{Error, PARTITIONS, STATE, everyone};

/// What to do and where to put it.
pub struct Job<'a> {
    /// The folder of the events table.
    pub events: &'a Path,
    /// The rules of a cart.
    pub rules: &'a Rules,
    /// The rules by which rows of bots are left out; `None` keeps them in.
    pub without_bots: Option<&'a bots::Rules>,
    /// A folder for temporary files.
    pub scratch: &'a Path,
    /// The generation in the making: tables go into folders of their names below it.
    pub generation: &'a Path,
    /// Bytes of rows that may wait in memory; what is more waits in `scratch`.
    pub memory: usize,
    /// What is to be remembered from night to night, in [`STATE`] below `generation`, where the runs of earlier nights
    /// lie already; `None` if nobody will ask.
    pub remembered: Option<Remembered<'a>>,
}

/// Which rows make carts.
pub(crate) struct Wanted<'a> {
    /// Rows up to this moment.
    pub(crate) as_of: i64,
    /// The rules by which rows of bots are left out; `None` keeps them in.
    pub(crate) without_bots: Option<&'a bots::Rules>,
}

/// A night among others.
pub struct Remembered<'a> {
    /// The name of this night, which sorts after those of earlier ones.
    pub night: &'a str,
    /// Files with the rows that came into the lake since anything was remembered.
    pub news: &'a [PathBuf],
    /// Files with the rows that left it since then, none of which said who its visitor is.
    pub taken_back: &'a [PathBuf],
    /// The night before, if its carts were made by the same rules; else all carts are made again.
    pub before: Option<Before<'a>>,
}

/// The tables of an earlier night.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The folder of its generation.
    pub generation: &'a Path,
    /// The moment as of which it was judged.
    pub as_of: i64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Persons whose carts were made again; `None` if everybody's were.
    pub persons: Option<u64>,
    /// Prices and order values without an exchange rate, which count 0, in the carts that were made again.
    pub unconverted: u64,
}

/// Makes carts, cart items and orders from events.
///
/// # Errors
/// When a file cannot be read or written.
pub fn carts(job: &Job<'_>) -> Result<Summary, Error> {
    let rows = Exchange::new(everyone::SCHEMA.clone(), PARTITIONS, job.scratch, "persons", job.memory);
    let persons = gather(job, &rows)?;
    let made = Made::new(job.scratch, job.memory, job.rules.zone);
    let parts: Vec<(Vec<Spender>, u64)> = (0..PARTITIONS)
        .into_par_iter()
        .map(|partition| run_kernel(job.rules, &rows, partition, &made))
        .collect::<Result<_, _>>()?;
    let unconverted = parts.iter().map(|(_, unconverted)| unconverted).sum();
    let mut spenders: Vec<Spender> = parts.into_iter().flat_map(|(spenders, _)| spenders).collect();
    spenders.sort_unstable_by(|a, b| a.person.cmp(&b.person));
    let before = job.remembered.as_ref().and_then(|remembered| remembered.before);
    let before = before.zip(persons.as_ref());
    let tables = Tables {
        rules: job.rules,
        generation: job.generation,
        made: &made,
        before: before.map(|(before, persons)| tables::Before { generation: before.generation, persons }),
    };
    tables.write(spenders)?;
    Ok(Summary { persons: persons.map(|persons| persons.len() as u64), unconverted })
}

/// Brings the rows together of everybody whose carts are to be made; returns who that is, unless it is everybody.
fn gather(job: &Job<'_>, into: &Exchange) -> Result<Option<HashMap<String, Vec<u64>>>, Error> {
    let wanted = Wanted { as_of: job.rules.as_of, without_bots: job.without_bots };
    let Some(remembered) = &job.remembered else {
        everyone::gather(&parquet_files(job.events)?, &wanted, into)?;
        return Ok(None);
    };
    let state = job.generation.join(STATE);
    let mut memory = Memory::open(&state)?;
    if memory.is_empty() {
        let all = parquet_files(job.events)?;
        memory.add(&all, &state, remembered.night)?;
        memory.compact()?;
        everyone::gather(&all, &wanted, into)?;
        return Ok(None);
    }
    let before_tonight = Known { links: memory.links.clone(), sessions: memory.sessions.clone() };
    memory.add(remembered.news, &state, remembered.night)?;
    memory.take_back(remembered.taken_back, &state, remembered.night)?;
    let persons = if let Some(before) = remembered.before.filter(|before| before.as_of <= job.rules.as_of) {
        let changed = changed(job, &[remembered.news, remembered.taken_back].concat(), before.as_of)?;
        let touched = touched::touched(&changed, &before_tonight, before.as_of, &memory, job.rules.as_of)?;
        touched::gather(&touched, &memory, &wanted, into)?;
        Some(touched.persons)
    } else {
        everyone::gather(&parquet_files(job.events)?, &wanted, into)?;
        None
    };
    memory.compact()?;
    Ok(persons)
}

/// Rows that are new or gone, and rows that were in the lake but later than the moment of the night before.
fn changed(job: &Job<'_>, news: &[PathBuf], judged_at: i64) -> Result<Changed, Error> {
    let mut changed = Changed::new();
    touched::changed(news, i64::MIN, job.rules.as_of, &mut changed)?;
    let since = events::time::utc_day(judged_at);
    let days =
        std::fs::read_dir(job.events).map_err(|source| Error::Link { path: job.events.to_path_buf(), source })?;
    for day in days {
        let day = day.map_err(|source| Error::Link { path: job.events.to_path_buf(), source })?.path();
        let name = day.file_name().and_then(|name| name.to_str()?.strip_prefix("day="));
        if name.and_then(events::time::parse_day).is_some_and(|day| day >= since) {
            touched::changed(&parquet_files(&day)?, judged_at, job.rules.as_of, &mut changed)?;
        }
    }
    Ok(changed)
}

fn run_kernel(rules: &Rules, by_person: &Exchange, partition: u32, made: &Made) -> Result<(Vec<Spender>, u64), Error> {
    let mut batches = Vec::new();
    by_person.drain::<exchange::Error>(partition, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let events = Columns::of(&concat_batches(&everyone::SCHEMA, &batches)?)?;
    drop(batches);
    let tables = reconstruct(&events, rules)?;
    made.add(&tables)?;
    Ok((tables.spenders, tables.unconverted))
}
