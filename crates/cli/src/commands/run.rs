//! `leftcart run`: logs in, report out.

use anyhow::{Context, Result};

use super::{analyze, ingest, report};
use crate::args::RunArgs;
use crate::inputs;
use crate::night::Night;
use crate::show;
use crate::watch::{self, Watched};

pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let mut night = Night::begin(&args.lake, args.input.rebuild)?;
    let files = inputs::find(&args.input, &night.config)?;
    let ingested = night.ingest(&files)?;
    let (made, analysis) = night.analyze(args.as_of.as_of)?;
    let (progress, config, clock) = (night.progress.clone(), night.config.clone(), night.clock);
    let told = std::mem::take(&mut night.told);
    let (generation, clearing) = night.publish()?;
    progress.phase("writing the report");
    let page = report::write(&generation, &analysis, &args.reports.reports, &args.lake.data, (&ingested, &config))
        .context("the night is published in the lake, but not its report: mend this, then run `leftcart report`")?;
    let read = &ingested.summary.files;
    let watched = Watched { config: &config, generation: &generation, analysis: &analysis, told: &told, read, clock };
    watched.tell(&args.watch, &progress)?;
    clearing.finish()?;
    progress.finish();
    let drifts = ingest::drifts(&generation, &ingested, args.lake.quiet);
    if args.lake.json {
        show::json(&serde_json::json!({
            "generation": generation.manifest().id,
            "ingest": ingest::json(&ingested, &drifts),
            "analysis": analyze::json(&generation, &made, &analysis),
            "report": page,
        }));
        return watch::conclude(&args.watch, &analysis.alerts);
    }
    ingest::show(&ingested);
    show::line("");
    analyze::show(&made, &analysis);
    show::line(&format!("report: {}", page.display()));
    watch::conclude(&args.watch, &analysis.alerts)
}
