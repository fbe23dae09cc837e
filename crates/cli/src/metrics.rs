//! The last run as a textfile for Prometheus' node exporter.

use std::fmt::Write as _;
use std::path::Path;

use analysis::Analysis;
use analysis::alerts::Severity;
use anyhow::{Context, Result};
use events::lake::{Input, Manifest};
use events::time;

use crate::timings::Usage;

/// Writes the metrics of a run that succeeded; readers see the old file or the new.
pub(crate) fn write(
    path: &Path,
    manifest: &Manifest,
    read: &[Input],
    analysis: &Analysis,
    clock: i64,
    seconds: f64,
) -> Result<()> {
    let text = text(manifest, read, analysis, clock, seconds, Usage::now().peak);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.building"));
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("failed to write {}", path.display()))
}

fn text(
    manifest: &Manifest,
    read: &[Input],
    analysis: &Analysis,
    clock: i64,
    seconds: f64,
    peak: Option<u64>,
) -> String {
    let mut text = Text::default();
    let sum = |count: fn(&Input) -> u64| read.iter().map(count).sum::<u64>() as f64;
    let finished = clock as f64 / time::SECOND as f64 + seconds;
    text.gauge("run_duration_seconds", "Wall time of the last run.", &[("", seconds)]);
    text.gauge("last_success_timestamp_seconds", "When the last run succeeded.", &[("", finished)]);
    text.gauge(
        "as_of_timestamp_seconds",
        "The moment as of which carts were judged.",
        &[("", analysis.as_of as f64 / time::SECOND as f64)],
    );
    text.gauge(
        "rows",
        "Rows of the files of the last run, by what became of them.",
        &[
            ("{result=\"accepted\"}", sum(|file| file.accepted)),
            ("{result=\"duplicate\"}", sum(|file| file.duplicates)),
            ("{result=\"quarantined\"}", sum(crate::show::rejected)),
        ],
    );
    let tables: Vec<(String, f64)> =
        manifest.tables.iter().map(|(name, table)| (format!("{{table=\"{name}\"}}"), table.rows as f64)).collect();
    let tables: Vec<(&str, f64)> = tables.iter().map(|(labels, rows)| (labels.as_str(), *rows)).collect();
    text.gauge("table_rows", "Rows of the published tables.", &tables);
    if let Some(peak) = peak {
        text.gauge("peak_memory_bytes", "Most memory that the run held.", &[("", peak as f64)]);
    }
    let overall = &analysis.abandonment.overall;
    if let Some(rate) = overall.rate {
        text.gauge(
            "abandonment_rate",
            "Share of matured carts that were abandoned, with its 95 % interval.",
            &[("{bound=\"point\"}", rate.point), ("{bound=\"low\"}", rate.low), ("{bound=\"high\"}", rate.high)],
        );
    }
    text.gauge(
        "carts",
        "Carts, by what became of them.",
        &[
            ("{outcome=\"abandoned\"}", overall.abandoned as f64),
            ("{outcome=\"pending\"}", overall.pending as f64),
            ("{outcome=\"any\"}", overall.carts as f64),
        ],
    );
    let net =
        analysis.revenue.totals.iter().map(|line| {
            (format!("{{currency=\"{}\"}}", label(&line.currency)), line.loss.net.0 as f64 / 10_f64.powi(4))
        });
    let net: Vec<(String, f64)> = net.collect();
    let net: Vec<(&str, f64)> = net.iter().map(|(labels, value)| (labels.as_str(), *value)).collect();
    text.gauge("net_lost_revenue", "Value of abandoned carts that were not bought later.", &net);
    let raised = |severity: Severity| {
        analysis.alerts.iter().filter(|alert| alert.is_raised() && alert.severity == severity).count() as f64
    };
    text.gauge(
        "alerts",
        "Alerts that are raised.",
        &[("{severity=\"high\"}", raised(Severity::High)), ("{severity=\"medium\"}", raised(Severity::Medium))],
    );
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, values: &[(&str, f64)]) {
        if values.is_empty() {
            return;
        }
        let _ = writeln!(self.0, "# HELP leftcart_{name} {help}\n# TYPE leftcart_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(self.0, "leftcart_{name}{labels} {value}");
        }
    }
}

/// A label's value; currencies come from logs.
fn label(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .flat_map(|letter| match letter {
            '"' | '\\' => vec!['\\', letter],
            letter => vec![letter],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_logs_say_stays_within_its_label() {
        assert_eq!(label("E\"} 1\nleftcart_x"), "E\\\"} 1leftcart_x");
    }
}
