//! `leftcart ingest`: logs into the lake.

use anyhow::Result;
use events::lake::{Generation, Superseded};
use serde_json::{Value, json};

use crate::args::IngestArgs;
use crate::drift::{self, Drift};
use crate::inputs;
use crate::night::{Ingested, Night};
use crate::show as out;

pub(crate) fn run(args: &IngestArgs) -> Result<()> {
    let mut night = Night::begin(&args.lake, args.input.rebuild)?;
    let files = inputs::find(&args.input, &night.config)?;
    let ingested = night.ingest(&files)?;
    night.carry_answers()?;
    let progress = night.progress.clone();
    let (generation, clearing) = night.publish()?;
    clearing.finish()?;
    progress.finish();
    let drifts = drifts(&generation, &ingested, args.lake.quiet);
    if args.lake.json {
        let ingest = json(&ingested, &drifts);
        out::json(&json!({ "generation": generation.manifest().id, "ingest": ingest }));
    } else {
        show(&ingested);
        out::line("events are in the lake; `leftcart analyze` makes carts from them");
    }
    Ok(())
}

/// What is other in this night's files than in those before them; said as well, unless nothing is to be said.
pub(crate) fn drifts(generation: &Generation, ingested: &Ingested, quiet: bool) -> Vec<Drift> {
    let files = &ingested.summary.files;
    let drifts = drift::of(&generation.manifest().inputs, files.len());
    if !quiet {
        for line in drift::lines(&drifts, files) {
            out::progress(&format!("leftcart: {line}"));
        }
    }
    drifts
}

/// The balance of rows and what is worth knowing of the files, in words.
pub(crate) fn show(ingested: &Ingested) {
    let summary = &ingested.summary;
    if !summary.files.is_empty() {
        out::balance(&summary.files);
    }
    for table in &summary.superseded {
        out::line(&superseded(table));
    }
    for file in &ingested.unchanged {
        out::line(&format!(
            "{}: read on an earlier night, not read again",
            out::printable(&file.display().to_string())
        ));
    }
    if !summary.unmapped.is_empty() {
        let mut names: Vec<_> = summary.unmapped.iter().collect();
        names.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), name.as_str()));
        let shown: Vec<String> = names
            .iter()
            .take(8)
            .map(|(name, count)| format!("{} {}", out::printable(name), out::thousands(**count)))
            .collect();
        out::line(&format!("events without a kind of their own, kept as `other`: {}", shown.join(", ")));
    }
    let mut columns: Vec<&str> = summary.unused_columns.values().flatten().map(String::as_str).collect();
    columns.sort_unstable();
    columns.dedup();
    if !columns.is_empty() {
        out::line(&format!("columns not used: {}", out::printable(&columns.join(", "))));
    }
}

/// What became of a table of GA4's export in whose place another one counts.
fn superseded(table: &Superseded) -> String {
    let count = out::thousands;
    let by = if table.by == table.table { "delivered again".to_owned() } else { format!("superseded by {}", table.by) };
    let of_lake = match table.events {
        0 => "none of them was in events".to_owned(),
        events => format!(
            "of {} that were in events, {} stay as they were, {} are changed and {} gone",
            count(events),
            count(table.unchanged),
            count(table.changed),
            count(table.gone())
        ),
    };
    format!(
        "{} of {}: {by}, rows that count no more: {}; {of_lake}",
        table.table,
        out::printable(&table.source),
        count(table.rows)
    )
}

/// The same as JSON.
pub(crate) fn json(ingested: &Ingested, drifts: &[Drift]) -> Value {
    let summary = &ingested.summary;
    let sum = |count: fn(&events::lake::Input) -> u64| summary.files.iter().map(count).sum::<u64>();
    json!({
        "read": sum(|file| file.rows),
        "accepted": sum(|file| file.accepted),
        "duplicates": sum(|file| file.duplicates),
        "quarantined": sum(out::rejected),
        "superseded": sum(|file| file.superseded),
        "superseded_tables": summary.superseded,
        "ahead_of_clock": sum(|file| file.ahead),
        "clamped": sum(|file| file.clamped),
        "events": ingested.events,
        "files": summary.files,
        "unchanged_files": ingested.unchanged,
        "unmapped_events": summary.unmapped,
        "unused_columns": summary.unused_columns,
        "columns": drift::json(drifts, &summary.files),
    })
}
