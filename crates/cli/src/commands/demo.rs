//! `leftcart demo`: a simulated shop from logs to report, in folders of its own.

use anyhow::{Context, Result};

use super::run;
use crate::args::{AsOfArgs, DemoArgs, InputArgs, LakeArgs, ReportsArgs, RunArgs, WatchArgs};
use crate::commands::simulate::shop;
use crate::show;

/// A lake of the demo's own, so that it never touches a real one.
const FOLDER: &str = "demo";

pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let data = args.lake.data.join(FOLDER);
    let logs = data.join("logs");
    if !args.lake.quiet {
        show::progress("leftcart: simulating a shop …");
    }
    let config = shop(&args.shop);
    let made = simulate::simulate(&config, simulate::Format::NativeCsv, &logs)
        .with_context(|| format!("failed to simulate a shop into {}", logs.display()))?;
    if !args.lake.json {
        show::line(&format!(
            "simulated {} days of a shop: {} rows of logs in {}",
            args.shop.days,
            show::thousands(made.rows),
            logs.display()
        ));
        show::line("");
    }
    run::run(&RunArgs {
        input: InputArgs {
            inputs: vec![logs.display().to_string()],
            format: ingest::Wanted::Auto,
            source: "demo".to_owned(),
            rebuild: true,
        },
        as_of: AsOfArgs { as_of: None },
        watch: WatchArgs::default(),
        reports: ReportsArgs { reports: args.reports.reports.join(FOLDER) },
        lake: LakeArgs { data: data.join("lake"), ..args.lake.clone() },
    })
}
