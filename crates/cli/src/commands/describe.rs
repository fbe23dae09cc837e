//! `leftcart describe`: what the lake holds, and what these logs can and cannot answer.

mod answers;
mod days;
mod scan;

use std::collections::BTreeMap;
use std::path::PathBuf;

use analysis::automation::automation;
use anyhow::Result;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use events::lake::Lake;
use events::schema::{EVENTS, QUARANTINE, Table};
use events::{parquet_io, time};
use serde_json::{Value, json};

use crate::args::DescribeArgs;
use crate::config::Config;
use crate::drift;
use crate::night;
use crate::progress::Progress;
use crate::runs::RUNS;
use crate::show;
use answers::Grounds;

pub(crate) fn run(args: &DescribeArgs) -> Result<()> {
    let progress = Progress::silent(&args.lake);
    progress.phase("reading the lake");
    let config = Config::load(args.lake.config.as_deref())?;
    let lake = Lake::at(&args.lake.data);
    let generation = lake.published()?;
    let mut tables = Vec::new();
    for table in [EVENTS, QUARANTINE, CARTS, CART_ITEMS, ORDERS, RUNS].iter().chain(&analysis::schema::TABLES) {
        tables.push((table.to_owned(), Filled::of(table, &generation.files(table.name)?)?));
    }
    let events = generation.files(EVENTS.name)?;
    let seen = scan::scan(&events)?;
    let (first, last) = span(&events)?;
    let manifest = generation.manifest();
    let window = manifest.settings.get("cart.window").and_then(|window| time::parse_span(window));
    let grounds = Grounds {
        events: &tables[0].1,
        seen: &seen,
        span: first.zip(last).map_or(0, |(first, last)| last - first),
        window: window.unwrap_or(3 * time::DAY),
    };
    let answers = grounds.answers();
    let drifts = drift::of(&manifest.inputs, manifest.inputs.len());
    let as_of = generation.manifest().as_of.as_deref().and_then(time::parse).or(last);
    let automation = match as_of {
        Some(as_of) => Some(automation(&generation.table(EVENTS.name), as_of, &config.bots.rules)?),
        None => None,
    };
    progress.finish();
    if args.lake.json {
        let tables: Vec<Value> = tables.iter().map(|(table, filled)| filled.json(table)).collect();
        let kinds: BTreeMap<&str, u64> = seen.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
        let span = [first, last].map(|moment| moment.map(time::format));
        let answers: Vec<Value> =
            answers.iter().map(|answer| json!({ "can": answer.can, "what": answer.what })).collect();
        let (days, gaps) = days::json(&seen.days);
        show::json(&json!({
            "generation": manifest.id, "as_of": manifest.as_of, "settings": manifest.settings,
            "first_event": span[0], "last_event": span[1], "kinds": kinds, "tables": tables, "answers": answers,
            "automation": automation,
            "days": days, "gaps": gaps, "columns": drift::json(&drifts, &manifest.inputs),
        }));
        return Ok(());
    }
    show::line(&format!("generation {}, carts as of {}", manifest.id, manifest.as_of.as_deref().unwrap_or("never")));
    if !lake.is_linked() {
        show::line(&night::unlinked(&lake, &generation));
    }
    if let (Some(first), Some(last)) = (first, last) {
        show::line(&format!("events from {} to {}", time::format(first), time::format(last)));
    }
    let kinds = seen.kinds.iter().map(|(kind, count)| format!("{kind} {}", show::thousands(*count)));
    let kinds: Vec<String> = kinds.collect();
    show::line(&format!("kinds: {}", if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }));
    if let Some(automation) = &automation {
        show::line(&crate::answers::automation(automation));
    }
    show::line("");
    show::line("what these logs can and cannot answer:");
    for answer in &answers {
        show::line(&format!("  {} {}", if answer.can { "yes" } else { "NO " }, answer.what));
    }
    days::show(&seen.days);
    for line in drift::lines(&drifts, &manifest.inputs) {
        show::line(&line);
    }
    for (table, filled) in &tables {
        filled.show(table);
    }
    Ok(())
}

/// How full a table is.
struct Filled {
    rows: u64,
    files: usize,
    /// Rows with a value, by column.
    values: Vec<u64>,
}

impl Filled {
    fn of(table: &Table, files: &[PathBuf]) -> Result<Self> {
        let mut filled = Self { rows: 0, files: files.len(), values: vec![0; table.columns.len()] };
        for file in files {
            let footer = parquet_io::fill(file, table)?;
            filled.rows += footer.rows;
            for (sum, values) in filled.values.iter_mut().zip(footer.values) {
                *sum += values;
            }
        }
        Ok(filled)
    }

    fn share(&self, table: &Table, column: &str) -> f64 {
        let at = table.columns.iter().position(|known| known.name == column);
        at.filter(|_| self.rows > 0).map_or(0.0, |at| self.values[at] as f64 / self.rows as f64)
    }

    fn show(&self, table: &Table) {
        show::line("");
        show::line(&format!(
            "{}: {} rows in {} files, one per {}",
            table.name,
            show::thousands(self.rows),
            self.files,
            table.row
        ));
        for column in table.columns {
            let filled = format!("{:.0} %", 100.0 * self.share(table, column.name));
            let ty = format!("{:?}", column.ty).to_lowercase();
            show::line(&format!("  {:20} {ty:7} {filled:>6}  {}", column.name, column.meaning));
        }
    }

    fn json(&self, table: &Table) -> Value {
        let columns: Vec<Value> = table
            .columns
            .iter()
            .map(|column| {
                json!({
                    "name": column.name, "type": format!("{:?}", column.ty).to_lowercase(),
                    "filled": self.share(table, column.name), "meaning": column.meaning,
                })
            })
            .collect();
        json!({ "name": table.name, "row": table.row, "rows": self.rows, "files": self.files, "columns": columns })
    }
}

fn span(files: &[PathBuf]) -> Result<(Option<i64>, Option<i64>)> {
    let (mut first, mut last) = (None, None);
    for file in files {
        if let Some((low, high)) = parquet_io::range(file, "ts")? {
            first = Some(first.map_or(low, |first: i64| first.min(low)));
            last = last.max(Some(high));
        }
    }
    Ok((first, last))
}
