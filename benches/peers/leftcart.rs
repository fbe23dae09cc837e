//! What the scripts beside this file do with other tools, with leftcart.
//!
//! ```text
//! peer ingest|carts|all FOLDER [LOG…]    carts from a REES46-shaped CSV
//! peer ga4 FOLDER LOG…                   GA4's export into the events table
//! peer simulate FOLDER CARTS_PER_DAY     such an export, in which nothing is broken and nothing comes twice
//! ```
//!
//! The stages are those of a night (`ingest::ingest`, `local::carts`), with the settings that `leftcart run` has by
//! default; what a night does beyond carts (forecasts, barriers, reasons, customers, the report) is left out, because the
//! others do not do it either.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints results and phases")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int32Type};
use carts::Rules;
use carts::columns::Text;
use events::lake::parquet_files;
use events::money::Rates;
use events::parquet_io::{self, Reader};
use events::{bots, time};
use ingest::{Door, Earlier, ExportTables, InputFile, Job, Wanted};
use simulate::{Config, Format};

/// `ingest.memory_mb`.
const MEMORY: usize = 128 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (what, folder) = args.next().zip(args.next()).ok_or("peer ingest|carts|all|ga4|simulate FOLDER …")?;
    let (folder, logs) = (PathBuf::from(folder), args.collect::<Vec<_>>());
    match what.as_str() {
        "ga4" => {
            ingest_logs(&folder, &logs)?;
            println!("{}", lines(&folder)?);
            return Ok(());
        }
        "simulate" => return simulate(&folder, &logs),
        _ => {}
    }
    let mut since = Instant::now();
    let mut phase = |name: &str| {
        eprintln!("{name}: {:.2} s", since.elapsed().as_secs_f64());
        since = Instant::now();
    };
    if what != "carts" {
        ingest_logs(&folder, &logs)?;
        phase("ingest");
    }
    if what != "ingest" {
        let segments = carts_of(&folder)?;
        phase("carts");
        println!("{}", told(&segments));
    }
    Ok(())
}

fn fresh(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

fn ingest_logs(folder: &Path, logs: &[String]) -> Result<(), Box<dyn Error>> {
    let scratch = folder.join("scratch");
    fresh(folder)?;
    fresh(&scratch)?;
    let files: Vec<InputFile> =
        ingest::expand(logs)?.into_iter().map(|path| InputFile::new(path, "logs", Wanted::Auto)).collect();
    let summary = ingest::ingest(&Job {
        files: &files,
        earlier: Earlier::Nothing,
        clock: i64::MAX / 2,
        door: &Door::default(),
        scratch: &scratch,
        events: &folder.join("events"),
        quarantine: &folder.join("quarantine/part-0.parquet"),
        memory: MEMORY,
        tables: ExportTables { folder: &folder.join("state/tables"), before: None, night: "1" },
        progress: &|_| {},
    })?;
    let count = |of: fn(&events::lake::Input) -> u64| summary.files.iter().map(of).sum::<u64>();
    let (rows, duplicates) = (count(|file| file.rows), count(|file| file.duplicates));
    eprintln!(
        "{rows} rows: {} accepted, {duplicates} duplicates, {} quarantined",
        summary.accepted, summary.quarantined
    );
    Ok(())
}

/// Rows of the events table, and what their items are worth, as `ga4_with_duckdb.py` says it.
fn lines(folder: &Path) -> Result<String, Box<dyn Error>> {
    let (mut rows, mut priced) = (0, 0);
    for file in parquet_files(&folder.join("events"))? {
        for batch in Reader::open(&file, &["unit_price", "quantity"])? {
            let batch = batch?;
            let price = batch.column(0).as_primitive::<Decimal128Type>();
            let quantity = batch.column(1).as_primitive::<Int32Type>();
            rows += batch.num_rows();
            priced += price
                .iter()
                .zip(quantity)
                .filter_map(|(price, pieces)| Some(price? * i128::from(pieces?)))
                .sum::<i128>();
        }
    }
    Ok(format!("{{\"rows\": {rows}, \"priced\": \"{}\"}}", cents(priced)))
}

fn simulate(folder: &Path, args: &[String]) -> Result<(), Box<dyn Error>> {
    let carts_per_day = args.first().ok_or("how many carts a day?")?.parse()?;
    let config = Config { days: 20, carts_per_day, seed: 7, duplicates: 0.0, broken: 0.0, ..Config::default() };
    let summary = simulate::simulate(&config, Format::Ga4, folder)?;
    eprintln!("{} events", summary.rows);
    Ok(())
}

/// Carts, abandoned carts, and what these lost and had back later.
type Sums = (u64, u64, i128, i128);

fn carts_of(folder: &Path) -> Result<BTreeMap<String, Sums>, Box<dyn Error>> {
    let (scratch, events) = (folder.join("scratch"), folder.join("events"));
    fresh(&scratch)?;
    for table in carts::schema::TABLES {
        fresh(&folder.join(table.name))?;
    }
    let rules = Rules {
        as_of: latest(&events)?,
        window: 3 * time::DAY,
        expiry: 30 * time::DAY,
        zone: chrono_tz::UTC,
        rates: Rates::new("EUR", [])?,
    };
    local::carts(&local::Job {
        events: &events,
        rules: &rules,
        without_bots: Some(&bots::Rules::default()),
        scratch: &scratch,
        generation: folder,
        memory: MEMORY,
        remembered: None,
    })?;
    let mut segments: BTreeMap<String, Sums> = BTreeMap::new();
    for file in parquet_files(&folder.join("carts"))? {
        for batch in Reader::open(&file, &["segment", "outcome", "recovered", "value_at_window"])? {
            let batch = batch?;
            let (segment, outcome) = (Text::of(&batch, "segment")?, Text::of(&batch, "outcome")?);
            let (recovered, value) = (batch.column(2).as_boolean(), batch.column(3).as_primitive::<Decimal128Type>());
            for row in 0..batch.num_rows() {
                let sums = segments.entry(segment.get(row).unwrap_or_default().to_owned()).or_default();
                sums.0 += 1;
                if outcome.get(row) == Some("abandoned") {
                    sums.1 += 1;
                    sums.2 += value.value(row);
                    sums.3 += if recovered.value(row) { value.value(row) } else { 0 };
                }
            }
        }
    }
    Ok(segments)
}

/// The latest moment in the events table, which lies by day.
fn latest(events: &Path) -> Result<i64, Box<dyn Error>> {
    let days = std::fs::read_dir(events)?.map(|day| Ok(day?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let mut latest = None;
    for file in parquet_files(days.iter().max().ok_or("no events")?)? {
        latest = latest.max(parquet_io::range(&file, "ts")?.map(|(_, last)| last));
    }
    Ok(latest.ok_or("no events")?)
}

/// An amount in ten-thousandths, to the cent.
fn cents(scaled: i128) -> String {
    let cents = (scaled + 50) / 100;
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// As `told.py` says it.
fn told(segments: &BTreeMap<String, Sums>) -> String {
    let line = |name: &str, sums: Sums| {
        format!("\"{name}\": [{}, {}, \"{}\", \"{}\"]", sums.0, sums.1, cents(sums.2), cents(sums.3))
    };
    let all = segments
        .values()
        .fold(Sums::default(), |all, one| (all.0 + one.0, all.1 + one.1, all.2 + one.2, all.3 + one.3));
    let lines = segments.iter().map(|(name, sums)| line(name, *sums));
    let lines: Vec<String> = std::iter::once(line("all", all)).chain(lines).collect();
    format!("{{{}}}", lines.join(", "))
}
