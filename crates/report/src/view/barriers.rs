//! What breaks the checkout: each finding told in full, what was found to be no barrier, and what was searched.

mod finding;

use analysis::barriers::{Barrier, Condition, DataWarning, Level, Status, StepScan};
use analysis::{Analysis, Query};

use super::Section;
use super::answers::are;
use super::table::{Cell, Table};
use crate::{number, words};

/// Findings that are told in full.
const TOLD: usize = 5;

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Section {
    let barriers = &analysis.barriers;
    let standing: Vec<&Barrier> =
        barriers.findings.iter().filter(|barrier| barrier.status != Status::Resolved).collect();
    let alerts: Vec<&&Barrier> = standing.iter().filter(|barrier| barrier.level == Level::Alert).collect();
    let title = match (alerts.as_slice(), standing.len(), barriers.findings.len() as u64) {
        ([], 0, 0) => "No barrier found".to_owned(),
        ([], 0, over) => format!("No barrier stands any more; {} over", are(over, "barrier")),
        ([], n, _) => format!("No barrier is sure; {} watched", are(n as u64, "condition")),
        ([only], ..) if only.conditions.is_empty() => {
            format!("Far more checkouts stop at “{}” than usual", words::step(only.step))
        }
        ([only], ..) => {
            format!("Far more checkouts stop at “{}” where {}", words::step(only.step), place(&only.conditions))
        }
        (alerts, ..) => {
            format!("Under {} conditions far more checkouts stop than usual", number::small(alerts.len() as u64))
        }
    };
    let mut section = Section::new("barriers", "Barriers", title);
    section.defines(&["barrier", "attempt", "excess", "rung"]);
    section.asks(queries, &["barriers."]);
    for warning in &barriers.data {
        section.say(words::sentence(&data(warning, &analysis.zone)));
    }
    for barrier in barriers.findings.iter().take(TOLD) {
        section.findings.push(finding::told(barrier, analysis));
    }
    if standing.is_empty() {
        section.say(smallest(&barriers.steps));
    }
    for explained in barriers.explained.iter().take(2) {
        section.say(format!(
            "Unusual, but no barrier: more than usual stopped at “{}”{}; another mix by {} explains {} of it.",
            words::step(explained.step),
            of_whom(&explained.conditions),
            words::column(explained.by),
            number::percent(explained.share, number::FEW)
        ));
    }
    if !barriers.findings.is_empty() {
        section.first = Some(findings(&barriers.findings, analysis));
    }
    if !barriers.differences.is_empty() {
        section.tables.push(differences(analysis));
    }
    if !barriers.steps.is_empty() {
        section.tables.push(scans(&barriers.steps));
    }
    section
}

/// Where a finding is told: in full, or among all of them.
pub(super) fn href(barrier: &Barrier) -> String {
    let is_told = (1..=TOLD).contains(&(barrier.rank as usize));
    let anchor = if is_told { finding::anchor(barrier.rank) } else { "barriers".to_owned() };
    super::sheet::Sheet::Barriers.place(&anchor)
}

/// A finding in two sentences.
pub(super) fn in_short(barrier: &Barrier, analysis: &Analysis) -> String {
    let since =
        barrier.onset.map_or_else(String::new, |onset| format!("Since {}, ", number::moment(onset.at, &analysis.zone)));
    let lost = barrier.lost.map_or_else(String::new, |lost| {
        format!(" Lost with it: at least {}.", number::money_brief(lost.low, &analysis.base))
    });
    let (rate, expected) = (barrier.rate.point, barrier.expected_rate);
    let instead = if barrier.attempts < number::FEW {
        format!("; expected were {}", number::about(expected * barrier.attempts as f64))
    } else {
        let percent = |share: f64| number::percent(share, barrier.attempts);
        format!(": {} instead of {}", percent(rate), percent(expected))
    };
    format!(
        "{since}{} attempts do not get past “{}”{}{instead}.{lost}",
        number::out_of(barrier.failed, barrier.attempts),
        words::step(barrier.step),
        of_whom(&barrier.conditions),
    )
}

/// A condition in words: `os is iOS and payment method is paypal`.
pub(super) fn place(conditions: &[Condition]) -> String {
    if conditions.is_empty() {
        return "everybody".to_owned();
    }
    let parts: Vec<String> = conditions
        .iter()
        .map(|condition| format!("{} is {}", column(condition.column), words::logged(&condition.value)))
        .collect();
    parts.join(" and ")
}

/// The same behind what happened.
fn of_whom(conditions: &[Condition]) -> String {
    if conditions.is_empty() { ", whoever tried".to_owned() } else { format!(" where {}", place(conditions)) }
}

fn column(name: &str) -> String {
    match name {
        "os" => "operating system".to_owned(),
        "price_band" => "cart value".to_owned(),
        "login" => "customer".to_owned(),
        other => words::column(other),
    }
}

fn data(warning: &DataWarning, zone: &str) -> String {
    match warning {
        DataWarning::Outage { source, from, until, expected, seen } => format!(
            "logs are missing: from {} to {}, {} came{} where {} were to be expected. Attempts of that time were not judged.",
            number::moment(*from, zone),
            number::moment(*until, zone),
            number::counted(*seen, "event"),
            source.as_deref().map_or_else(String::new, |source| format!(" from {}", words::logged(source))),
            number::about(*expected)
        ),
        DataWarning::ShortHistory { nights, needed } => format!(
            "barriers need {} nights of history; there are {}.",
            number::count((*needed).into()),
            number::count((*nights).into())
        ),
        DataWarning::NoSteps => "the logs show no step of the checkout, so no barrier can be looked for.".to_owned(),
        DataWarning::MissingDays { days } => {
            format!("no events at all on {}.", days.iter().map(|day| number::date(*day)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The smallest barrier that could have been seen.
fn smallest(steps: &[StepScan]) -> String {
    let parts: Vec<String> = steps
        .iter()
        .filter_map(|scan| {
            let tripled = scan.smallest.iter().find(|smallest| (smallest.odds_ratio - 3.0).abs() < 1e-9)?;
            Some(format!("{} at “{}”", number::counted(tripled.attempts, "attempt"), words::step(scan.step)))
        })
        .collect();
    if parts.is_empty() {
        return "Nothing could be judged.".to_owned();
    }
    format!(
        "A barrier that triples the odds of failing would have been seen on four nights of five from {} a night on; smaller ones can be there unseen.",
        parts.join(", ")
    )
}

fn findings(barriers: &[Barrier], analysis: &Analysis) -> Table {
    let columns = ["Where", "#Failed, expected", "Since", "#At least lost", "#Top customers’ carts", "Evidence"];
    let mut table = Table::new("barriers-findings", "All findings", &columns).csv("barriers.findings");
    for barrier in barriers {
        let where_ = format!("{}: {}", words::step(barrier.step), place(&barrier.conditions));
        table.push(vec![
            Cell::text(where_),
            Cell::number(number::out_of(barrier.failed, barrier.attempts))
                .with_note(number::about(barrier.expected_rate * barrier.attempts as f64)),
            barrier.onset.map_or_else(Cell::none, |onset| Cell::text(number::moment(onset.at, &analysis.zone))),
            barrier.lost.map_or_else(Cell::none, |lost| Cell::number(number::money_brief(lost.low, &analysis.base))),
            Cell::count(barrier.top_customer_carts.len() as u64),
            Cell::text(format!("{} of 5", barrier.rung.number())),
        ]);
    }
    table
}

fn differences(analysis: &Analysis) -> Table {
    let columns = ["Where", "#Failed", "#Comparable others", "#Attempts"];
    let mut table =
        Table::new("barriers-differences", "Worse than comparable others, without errors to show for it", &columns)
            .note("Stable over all nights: a matter of taste or offer, as far as logs can tell.");
    for difference in &analysis.barriers.differences {
        table.push(vec![
            Cell::text(format!("{}: {}", words::step(difference.step), place(&difference.conditions))),
            Cell::estimate(difference.rate).without_mark(),
            Cell::number(number::percent(difference.expected_rate, difference.attempts)),
            Cell::count(difference.attempts),
        ]);
    }
    table.folded()
}

fn scans(steps: &[StepScan]) -> Table {
    let columns =
        ["Step", "#Stopped, last 24 hours", "#Attempts", "#Conditions judged", "#Smallest that triples the odds"];
    let mut table = Table::new("barriers-steps", "What was searched", &columns)
        .note("The last column: attempts a night that a condition needs for such a barrier to be seen on four nights of five.");
    for scan in steps {
        let tripled = scan.smallest.iter().find(|smallest| (smallest.odds_ratio - 3.0).abs() < 1e-9);
        table.push(vec![
            Cell::text(format!("{} to {}", words::step(scan.step), words::step(scan.next_step))),
            scan.failure_rate.map_or_else(Cell::none, |rate| Cell::estimate(rate).without_mark()),
            Cell::count(scan.attempts),
            Cell::count(scan.slices),
            tripled.map_or_else(Cell::none, |smallest| Cell::count(smallest.attempts)),
        ]);
    }
    table.folded()
}
