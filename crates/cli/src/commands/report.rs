//! `leftcart report`: the pages of what the lake holds.

use std::path::{Path, PathBuf};

use analysis::{Analysis, Tables};
use anyhow::{Context, Result, bail};
use events::lake::{Generation, Lake};
use events::time;
use report::lint::{self, Persons};

use crate::args::ReportArgs;
use crate::config::{self, Config};
use crate::night::{Ingested, settings};
use crate::progress::Progress;
use crate::show;

pub(crate) fn run(args: &ReportArgs) -> Result<()> {
    let progress = Progress::silent(&args.lake);
    progress.phase("analysing");
    let config = Config::load(args.lake.config.as_deref())?;
    let generation = Lake::at(&args.lake.data).published()?;
    let manifest = generation.manifest();
    let Some(as_of) = manifest.as_of.as_deref() else {
        bail!("the lake holds events but no carts yet; run `leftcart analyze` first");
    };
    if manifest.settings != config.settings() {
        bail!("the settings have changed since the tables were made; run `leftcart analyze` first");
    }
    let as_of = time::parse(as_of).with_context(|| format!("the manifest's as_of `{as_of}` is no moment"))?;
    let tables = Tables::of(generation.path());
    let mut analysis = analysis::analyze_with(&tables, &settings(&config, as_of), &config::contacting(&config))?;
    analysis.alerts = analysis::alerts::read(&generation.table(analysis::schema::ALERTS.name))?;
    progress.phase("writing the report");
    let nothing_new = Ingested { summary: ingest::Summary::default(), events: 0, unchanged: Vec::new() };
    let page = write(&generation, &analysis, &args.reports.reports, &args.lake.data, (&nothing_new, &config))?;
    progress.finish();
    if args.check {
        check(&page, config.follow_up.show_customers)?;
    }
    if args.lake.json {
        show::json(&serde_json::json!({ "generation": manifest.id, "report": page }));
    } else {
        show::line(&format!("report: {}", page.display()));
    }
    Ok(())
}

/// Holds every page of the night against the rules of [`report::lint`].
fn check(index: &Path, show_customers: bool) -> Result<()> {
    let folder = index.parent().context("the report has no folder")?;
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "html") {
            let html = std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
            let persons = Persons { shown: show_customers, ids: None };
            faults.extend(lint::page(&html, persons).iter().map(|fault| format!("{}: {fault}", path.display())));
        }
    }
    faults.sort();
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n")) }
}

/// Writes the night's folder and the list of all nights; returns the page to open.
pub(crate) fn write(
    generation: &Generation,
    analysis: &Analysis,
    reports: &Path,
    data: &Path,
    (ingested, config): (&Ingested, &Config),
) -> Result<PathBuf> {
    let manifest = generation.manifest();
    let provenance = report::Provenance {
        generation: manifest.id.clone(),
        code_version: manifest.code_version.clone(),
        data: Lake::at(data).shown(generation).display().to_string(),
        inputs: manifest.inputs.clone(),
        unmapped: ingested.summary.unmapped.clone(),
        unused_columns: ingested.summary.unused_columns.clone(),
        show_customers: config.follow_up.show_customers,
        notes: Vec::new(),
    };
    let written = report::render(analysis, &provenance, &reports.join(report::night(analysis)))?;
    report::nights(reports)?;
    Ok(written.index())
}
