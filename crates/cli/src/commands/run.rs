//! `leftcart run`: logs in, report out.

use anyhow::Result;

use super::{analyze, ingest, report};
use crate::args::RunArgs;
use crate::inputs;
use crate::night::Night;
use crate::show;

pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let mut night = Night::begin(&args.lake, args.input.rebuild)?;
    let files = inputs::find(&args.input, &night.config)?;
    let ingested = night.ingest(&files)?;
    let (made, analysis) = night.analyze(args.as_of.as_of)?;
    let progress = night.progress.clone();
    let generation = night.publish()?;
    progress.phase("writing the report");
    let page = report::write(&generation, &analysis, &args.reports.reports, &args.lake.data, &ingested)?;
    progress.finish();
    let drifts = ingest::drifts(&generation, &ingested, args.lake.quiet);
    if args.lake.json {
        show::json(&serde_json::json!({
            "generation": generation.manifest().id,
            "ingest": ingest::json(&ingested, &drifts),
            "analysis": analyze::json(&generation, &made, &analysis),
            "report": page,
        }));
        return Ok(());
    }
    ingest::show(&ingested);
    show::line("");
    analyze::show(&made, &analysis);
    show::line(&format!("report: {}", page.display()));
    Ok(())
}
