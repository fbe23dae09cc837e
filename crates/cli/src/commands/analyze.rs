//! `leftcart analyze`: carts, orders and revenue from the events in the lake.

use analysis::Analysis;
use anyhow::Result;
use events::lake::Generation;
use serde_json::{Value, json};

use crate::args::AnalyzeArgs;
use crate::night::Night;
use crate::show as out;
use crate::watch::{self, Watched};

pub(crate) fn run(args: &AnalyzeArgs) -> Result<()> {
    let mut night = Night::begin(&args.lake, false)?;
    night.carry_events()?;
    let (made, analysis) = night.analyze(args.as_of.as_of)?;
    let (progress, config, clock) = (night.progress.clone(), night.config.clone(), night.clock);
    let told = std::mem::take(&mut night.told);
    let (generation, clearing) = night.publish()?;
    clearing.finish()?;
    let watched =
        Watched { config: &config, generation: &generation, analysis: &analysis, told: &told, read: &[], clock };
    watched.tell(&args.watch, &progress)?;
    progress.finish();
    if args.lake.json {
        out::json(&json!({ "generation": generation.manifest().id, "analysis": json(&generation, &made, &analysis) }));
    } else {
        show(&made, &analysis);
    }
    watch::conclude(&args.watch, &analysis.alerts)
}

/// The three headline answers in words.
pub(crate) fn show(made: &local::Summary, analysis: &Analysis) {
    for answer in crate::answers::answers(analysis) {
        out::line(&answer);
    }
    for alert in watch::lines(&analysis.alerts) {
        out::line(&alert);
    }
    if analysis.automation.automated_adds > 0 {
        out::line(&crate::answers::automation(&analysis.automation));
    }
    if made.unconverted > 0 {
        out::line(&format!(
            "{} prices and order values have no exchange rate to the base currency and count 0; add rates to [money] in leftcart.toml",
            out::thousands(made.unconverted)
        ));
    }
}

/// The same as JSON.
pub(crate) fn json(generation: &Generation, made: &local::Summary, analysis: &Analysis) -> Value {
    let rows = |table: &str| generation.manifest().tables.get(table).map(|table| table.rows);
    json!({
        "as_of": events::time::format(analysis.as_of),
        "events": rows("events"),
        "carts": rows("carts"),
        "cart_items": rows("cart_items"),
        "orders": rows("orders"),
        "persons_made_again": made.persons,
        "unconverted": made.unconverted,
        "automation": analysis.automation,
        "alerts": analysis.alerts,
        "headlines": analysis.headlines(),
    })
}
