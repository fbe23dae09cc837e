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
    let rows = Rows::new(job);
    let before = job.remembered.as_ref().and_then(|remembered| remembered.before);
    let known = || before.map_or_else(|| Ok(Vec::new()), |before| tables::spenders(before.generation));
    let (persons, known) = rayon::join(|| gather(job, &rows), known);
    let persons = persons?;
    match tables(job, &rows, before.zip(persons.as_ref()), known) {
        // Another version made them, by other rules than it said: then all of them are made anew.
        Err(Error::Astray { .. }) => {
            for table in carts::schema::TABLES {
                let folder = job.generation.join(table.name);
                match std::fs::remove_dir_all(&folder) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::Link { path: folder, source });
                    }
                    _ => {}
                }
            }
            let rows = Rows::new(job);
            everyone::gather(&parquet_files(job.events)?, &wanted(job), &rows.now)?;
            tables(job, &rows, None, Ok(Vec::new()))
        }
        made => made,
    }
}

/// Makes the tables of these rows, beside what stays of those of the night before.
fn tables(
    job: &Job<'_>,
    rows: &Rows,
    before: Option<(Before<'_>, &HashMap<String, Vec<u64>>)>,
    known: Result<Vec<Spender>, Error>,
) -> Result<Summary, Error> {
    let made = Made::new(job.scratch, job.memory, job.rules);
    let rules_then = before.map(|(before, _)| Rules { as_of: before.as_of, ..job.rules.clone() });
    let parts: Vec<(Vec<Spender>, u64)> = (0..PARTITIONS)
        .into_par_iter()
        .map(|partition| make(job.rules, rules_then.as_ref(), rows, partition, &made))
        .collect::<Result<_, _>>()?;
    let unconverted = parts.iter().map(|(_, unconverted)| unconverted).sum();
    let mut spenders: Vec<Spender> = parts.into_iter().flat_map(|(spenders, _)| spenders).collect();
    spenders.sort_unstable_by(|a, b| a.person.cmp(&b.person));
    let tables = Tables {
        rules: job.rules,
        generation: job.generation,
        made: &made,
        before: before.map(|(before, persons)| tables::Before { generation: before.generation, persons }),
    };
    // What nobody asks need not be readable.
    let known = before.map_or_else(|| Ok(Vec::new()), |_| known)?;
    tables.write(known, spenders)?;
    Ok(Summary { persons: before.map(|(_, persons)| persons.len() as u64), unconverted })
}

/// Rows by the partition of their person.
pub(crate) struct Rows {
    /// Those of which carts are made.
    pub(crate) now: Exchange,
    /// Those of which the night before made carts of the same persons, where it is known.
    pub(crate) then: Exchange,
}

impl Rows {
    fn new(job: &Job<'_>) -> Self {
        let exchange = |name| Exchange::new(everyone::SCHEMA.clone(), PARTITIONS, job.scratch, name, job.memory);
        Self { now: exchange("persons"), then: exchange("persons-then") }
    }
}

fn wanted<'a>(job: &Job<'a>) -> Wanted<'a> {
    Wanted { as_of: job.rules.as_of, without_bots: job.without_bots }
}

/// Brings the rows together of everybody whose carts are to be made; returns who that is, unless it is everybody.
fn gather(job: &Job<'_>, into: &Rows) -> Result<Option<HashMap<String, Vec<u64>>>, Error> {
    let wanted = wanted(job);
    let Some(remembered) = &job.remembered else {
        everyone::gather(&parquet_files(job.events)?, &wanted, &into.now)?;
        return Ok(None);
    };
    let state = job.generation.join(STATE);
    let mut memory = Memory::open(&state)?;
    if memory.is_empty() {
        let all = parquet_files(job.events)?;
        memory.add(&all, &state, remembered.night)?;
        memory.compact()?;
        everyone::gather(&all, &wanted, &into.now)?;
        return Ok(None);
    }
    let before_tonight = Known::of(&memory);
    memory.add(remembered.news, &state, remembered.night)?;
    memory.take_back(remembered.taken_back, &state, remembered.night)?;
    let before = remembered.before.filter(|before| before.as_of <= job.rules.as_of);
    let is_laid_out = before.map_or(Ok(false), |before| tables::is_laid_out(before.generation))?;
    let persons = if let Some(before) = before.filter(|_| is_laid_out) {
        let changed = changed(job, &[remembered.news, remembered.taken_back].concat(), before.as_of)?;
        let touched = touched::touched(&changed, &before_tonight, before.as_of, &memory, job.rules.as_of)?;
        let then = touched::Then { known: &before_tonight, as_of: before.as_of };
        touched::gather(&touched, &memory, &then, &wanted, into)?;
        Some(touched.persons)
    } else {
        everyone::gather(&parquet_files(job.events)?, &wanted, &into.now)?;
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

/// Makes the carts of a partition, and tells how they differ from those of the night before.
fn make(
    rules: &Rules,
    rules_then: Option<&Rules>,
    rows: &Rows,
    partition: u32,
    made: &Made<'_>,
) -> Result<(Vec<Spender>, u64), Error> {
    let now = run_kernel(rules, &rows.now, partition)?;
    match rules_then {
        Some(rules) => made.add(&now, Some((&run_kernel(rules, &rows.then, partition)?, rules)))?,
        None => made.add(&now, None)?,
    }
    Ok((now.spenders, now.unconverted))
}

fn run_kernel(rules: &Rules, by_person: &Exchange, partition: u32) -> Result<carts::Tables, Error> {
    let mut batches = Vec::new();
    by_person.drain::<exchange::Error>(partition, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let events = Columns::of(&concat_batches(&everyone::SCHEMA, &batches)?)?;
    drop(batches);
    Ok(reconstruct(&events, rules)?)
}
