//! The night's figures for machines.

use std::collections::BTreeMap;

use analysis::{Analysis, Headlines};
use serde::Serialize;

use crate::provenance::Balance;
use crate::{Error, Provenance};

/// Version of the summary's shape: raised when a name changes its meaning or goes away.
const VERSION: u32 = 1;

/// `summary.json`.
#[derive(Serialize)]
struct Summary<'a> {
    version: u32,
    night: String,
    /// The answers of the first screen.
    headlines: Headlines,
    analysis: &'a Analysis,
    provenance: &'a Provenance,
    quality: Quality<'a>,
}

/// What became of the rows of all inputs.
#[derive(Serialize)]
struct Quality<'a> {
    rows: Balance,
    quarantined: BTreeMap<&'a str, u64>,
}

/// All figures of the report. Shares are fractions, amounts text with four decimals, moments ISO 8601 in UTC.
pub(crate) fn json(analysis: &Analysis, provenance: &Provenance) -> Result<String, Error> {
    let summary = Summary {
        version: VERSION,
        night: crate::night(analysis),
        headlines: analysis.headlines(),
        analysis,
        provenance,
        quality: Quality { rows: provenance.balance(), quarantined: provenance.quarantined() },
    };
    pretty(&summary)
}

/// `alerts.json`: what somebody should be told of the night.
pub(crate) fn alerts(analysis: &Analysis) -> Result<String, Error> {
    let alerts = &analysis.alerts;
    pretty(&serde_json::json!({ "version": VERSION, "night": crate::night(analysis), "alerts": alerts }))
}

fn pretty(value: &impl Serialize) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(Error::Summary)?;
    text.push('\n');
    Ok(text)
}
