//! The stage itself: kernel over partitions, segments over all of them, tables.

use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Columns;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use carts::segments::{Segment, Spender, segments};
use carts::{Rules, Tables, reconstruct};
use chrono::NaiveDate;
use events::exchange::{self, Exchange};
use events::parquet_io::Writer;
use events::schema::Table;
use events::{bots, time};
use rayon::prelude::*;

use crate::{Error, PARTITIONS, persons, regroup};

/// What to do and where to put it.
pub struct Job<'a> {
    /// Files of the events table.
    pub events: &'a [PathBuf],
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
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events up to `as_of`, without those of bots that are left out.
    pub events: u64,
    /// Rows of each table.
    pub carts: u64,
    /// Rows of `cart_items`.
    pub cart_items: u64,
    /// Rows of `orders`.
    pub orders: u64,
    /// Prices and order values without an exchange rate, which count 0.
    pub unconverted: u64,
}

/// Makes carts, cart items and orders from events.
///
/// # Errors
/// When a file cannot be read or written.
pub fn carts(job: &Job<'_>) -> Result<Summary, Error> {
    let links = persons::links(job.events, job.rules.as_of)?;
    let by_person = Exchange::new(regroup::SCHEMA.clone(), PARTITIONS, job.scratch, "persons", job.memory);
    let events = regroup::regroup(job, &links, &by_person)?;
    drop(links);
    let parts: Vec<Part> = (0..PARTITIONS)
        .into_par_iter()
        .map(|partition| run_kernel(job, &by_person, partition))
        .collect::<Result<_, _>>()?;
    let ranked = rank(&parts, job.rules);
    parts.iter().zip(ranked).zip(0..PARTITIONS).par_bridge().try_for_each(|((part, segments), partition)| {
        write(job, &CARTS, partition, &Tables::with_segments(&part.carts, &segments))
    })?;
    let mut summary = Summary { events, ..Summary::default() };
    for part in &parts {
        summary.carts += part.carts.num_rows() as u64;
        summary.cart_items += part.cart_items;
        summary.orders += part.orders;
        summary.unconverted += part.unconverted;
    }
    Ok(summary)
}

/// What a partition leaves behind until segments are known.
struct Part {
    carts: RecordBatch,
    /// Per cart: its opening day, and the position of its person among `spenders`; `None` for who never bought.
    asked: Vec<(NaiveDate, Option<u32>)>,
    spenders: Vec<Spender>,
    cart_items: u64,
    orders: u64,
    unconverted: u64,
}

fn run_kernel(job: &Job<'_>, by_person: &Exchange, partition: u32) -> Result<Part, Error> {
    let mut batches = Vec::new();
    by_person.drain::<exchange::Error>(partition, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let events = Columns::of(&concat_batches(&regroup::SCHEMA, &batches)?)?;
    drop(batches);
    let tables = reconstruct(&events, job.rules)?;
    write(job, &CART_ITEMS, partition, &tables.cart_items)?;
    write(job, &ORDERS, partition, &tables.orders)?;
    let persons = tables.carts.column_by_name("person_id").expect("ours").as_string::<i32>();
    let opened = tables.carts.column_by_name("opened_at").expect("ours").as_primitive::<TimestampMicrosecondType>();
    let asked = persons
        .iter()
        .zip(opened.values())
        .map(|(person, opened_at)| {
            let at = tables.spenders.binary_search_by(|spender| Some(spender.person.as_str()).cmp(&person)).ok();
            (time::local_date(*opened_at, job.rules.zone), at.map(|at| u32::try_from(at).expect("fewer than rows")))
        })
        .collect();
    Ok(Part {
        asked,
        cart_items: tables.cart_items.num_rows() as u64,
        orders: tables.orders.num_rows() as u64,
        unconverted: tables.unconverted,
        spenders: tables.spenders,
        carts: tables.carts,
    })
}

/// The segment of every cart, by partition. Segments rank everybody, so they wait for all partitions.
fn rank(parts: &[Part], rules: &Rules) -> Vec<Vec<Segment>> {
    let mut everybody: Vec<(&Spender, usize, usize)> = parts
        .iter()
        .enumerate()
        .flat_map(|(part, of)| of.spenders.iter().enumerate().map(move |(at, spender)| (spender, part, at)))
        .collect();
    everybody.sort_unstable_by(|a, b| a.0.person.cmp(&b.0.person));
    let mut position: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.spenders.len()]).collect();
    for (rank, (_, part, at)) in (0..).zip(&everybody) {
        position[*part][*at] = rank;
    }
    let spenders: Vec<Spender> = everybody.into_iter().map(|(spender, ..)| spender.clone()).collect();
    let mut questions = Vec::new();
    for (part, position) in parts.iter().zip(&position) {
        let known = part.asked.iter().filter_map(|(day, at)| Some((*day, position[(*at)? as usize])));
        questions.extend(known);
    }
    let mut answers = segments(&spenders, &questions, rules.zone).into_iter();
    let mut answer = |(_, at): &(NaiveDate, Option<u32>)| match at {
        Some(_) => answers.next().expect("one answer per question, in the order of the questions"),
        None => Segment::New,
    };
    parts.iter().map(|part| part.asked.iter().map(&mut answer).collect()).collect()
}

/// Writes a partition's file of a table; none where there is no row.
fn write(job: &Job<'_>, table: &Table, partition: u32, batch: &RecordBatch) -> Result<(), Error> {
    if batch.num_rows() == 0 {
        return Ok(());
    }
    let path = job.generation.join(table.name).join(format!("part-{partition}.parquet"));
    let mut writer = Writer::create_for(batch.num_rows(), &path, table, &["person_id"])?;
    writer.write(batch)?;
    writer.finish()?;
    Ok(())
}
