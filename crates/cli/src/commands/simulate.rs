//! `leftcart simulate`: logs of a shop that does not exist.

use anyhow::{Context, Result};

use crate::args::{ShopArgs, SimulateArgs};
use crate::show;

pub(crate) fn run(args: &SimulateArgs) -> Result<()> {
    let config = shop(&args.shop);
    let summary = simulate::simulate(&config, args.format, &args.out)
        .with_context(|| format!("failed to simulate a shop into {}", args.out.display()))?;
    if args.json {
        show::json(&serde_json::to_value(&summary)?);
        return Ok(());
    }
    show::line(&format!(
        "{} rows in {} files below {}; the truth is in {}",
        show::thousands(summary.rows),
        summary.files,
        args.out.display(),
        args.out.join("_truth").display()
    ));
    Ok(())
}

/// The simulator's settings.
pub(crate) fn shop(args: &ShopArgs) -> simulate::Config {
    simulate::Config {
        days: args.days,
        carts_per_day: args.carts_per_day,
        seed: args.seed,
        scenario: args.scenario,
        ..simulate::Config::default()
    }
}
