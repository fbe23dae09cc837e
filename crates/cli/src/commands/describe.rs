//! `leftcart describe`: what the lake holds, and what these logs can and cannot answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use analysis::automation::automation;
use anyhow::Result;
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use events::Kind;
use events::lake::Lake;
use events::parquet_io::{self, Reader};
use events::schema::{EVENTS, QUARANTINE, Table};
use events::time;
use serde_json::{Value, json};

use crate::args::DescribeArgs;
use crate::config::Config;
use crate::runs::RUNS;
use crate::show;

pub(crate) fn run(args: &DescribeArgs) -> Result<()> {
    let config = Config::load(args.lake.config.as_deref())?;
    let generation = Lake::at(&args.lake.data).published()?;
    let mut tables = Vec::new();
    for table in [EVENTS, QUARANTINE, CARTS, CART_ITEMS, ORDERS, RUNS].iter().chain(&analysis::schema::TABLES) {
        tables.push((table.to_owned(), Filled::of(table, &generation.files(table.name)?)?));
    }
    let events = generation.files(EVENTS.name)?;
    let kinds = kinds(&events)?;
    let (first, last) = span(&events)?;
    let answers = answers(&tables[0].1, &kinds);
    let as_of = generation.manifest().as_of.as_deref().and_then(time::parse).or(last);
    let automation = match as_of {
        Some(as_of) => Some(automation(&generation.table(EVENTS.name), as_of, &config.bots.rules)?),
        None => None,
    };
    if args.lake.json {
        let tables: Vec<Value> = tables.iter().map(|(table, filled)| filled.json(table)).collect();
        let manifest = generation.manifest();
        let kinds: BTreeMap<&str, u64> = kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
        let span = [first, last].map(|moment| moment.map(events::time::format));
        let answers: Vec<Value> = answers.iter().map(|(good, text)| json!({ "can": good, "what": text })).collect();
        show::json(&json!({
            "generation": manifest.id, "as_of": manifest.as_of, "settings": manifest.settings,
            "first_event": span[0], "last_event": span[1], "kinds": kinds, "tables": tables, "answers": answers,
            "automation": automation,
        }));
        return Ok(());
    }
    let manifest = generation.manifest();
    show::line(&format!("generation {}, carts as of {}", manifest.id, manifest.as_of.as_deref().unwrap_or("never")));
    if let (Some(first), Some(last)) = (first, last) {
        show::line(&format!("events from {} to {}", events::time::format(first), events::time::format(last)));
    }
    let seen: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {}", show::thousands(*count))).collect();
    show::line(&format!("kinds: {}", if seen.is_empty() { "none".to_owned() } else { seen.join(", ") }));
    if let Some(automation) = &automation {
        show::line(&crate::answers::automation(automation));
    }
    show::line("");
    show::line("what these logs can and cannot answer:");
    for (good, text) in &answers {
        show::line(&format!("  {} {text}", if *good { "yes" } else { "NO " }));
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

fn kinds(files: &[PathBuf]) -> Result<BTreeMap<Kind, u64>> {
    let mut counts = BTreeMap::new();
    for file in files {
        for batch in Reader::open(file, &["kind"])? {
            let batch = batch?;
            let words = batch.column(0).as_dictionary::<Int32Type>();
            let names = words.values().as_string::<i32>();
            for key in words.keys().values() {
                let kind = Kind::parse(names.value(usize::try_from(*key)?)).unwrap_or(Kind::Other);
                *counts.entry(kind).or_default() += 1;
            }
            debug_assert_eq!(words.null_count(), 0);
        }
    }
    Ok(counts)
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

/// Below this share of rows a column is too empty to lean on.
const SPARSE: f64 = 0.05;

/// What can be answered, and why not where it cannot.
fn answers(events: &Filled, kinds: &BTreeMap<Kind, u64>) -> Vec<(bool, String)> {
    let count = |kind: Kind| kinds.get(&kind).copied().unwrap_or(0);
    let any = |wanted: &[Kind]| wanted.iter().any(|kind| count(*kind) > 0);
    let share = |column: &str| events.share(&EVENTS, column);
    let answer = |good: bool, yes: &str, no: &str| (good, if good { yes } else { no }.to_owned());
    let steps = [Kind::BeginCheckout, Kind::AddShippingInfo, Kind::AddPaymentInfo];
    vec![
        answer(
            count(Kind::AddToCart) + count(Kind::BeginCheckout) > 0 && count(Kind::Purchase) > 0,
            "how many carts are abandoned",
            "how many carts are abandoned: there are no carts, or no purchases",
        ),
        answer(
            any(&steps),
            "where in checkout carts stop",
            "where in checkout carts stop: there are no checkout steps between cart and purchase",
        ),
        answer(
            count(Kind::CheckoutError) > 0,
            "which errors stop checkout",
            "which errors stop checkout: there are no checkout_error events",
        ),
        answer(
            events.values[EVENTS.columns.iter().position(|column| column.name == "unit_price").unwrap_or(0)] > 0,
            "what abandoned carts are worth",
            "what abandoned carts are worth: no row has a price",
        ),
        answer(
            share("customer_id") >= SPARSE,
            "who comes back on another device: accounts are logged",
            "who comes back on another device: (nearly) no row names an account, so a person is a browser",
        ),
        answer(
            share("session_id") >= SPARSE,
            "whether people return to their carts: visits are logged",
            "whether people return to their carts: (nearly) no row names a visit",
        ),
        answer(
            any(&[Kind::Feedback, Kind::SupportContact]),
            "what customers said",
            "what customers said: there is no feedback and no support contact",
        ),
    ]
}
