//! What breaks the checkout: where, since when, how many, what it costs, how sure that is, and what else it could be.

use analysis::barriers::{
    Barrier, Chosen, Condition, ControlKind, DataWarning, Doubt, Level, Nature, Rung, Status, StepScan,
};
use analysis::{Analysis, Query};

use super::Section;
use super::table::{Cell, Table};
use crate::{number, words};

/// Findings that are told in full.
const TOLD: usize = 5;
/// Carts whose journeys are shown of one finding.
const JOURNEYS: usize = 2;

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Section {
    let barriers = &analysis.barriers;
    let standing: Vec<&Barrier> =
        barriers.findings.iter().filter(|barrier| barrier.status != Status::Resolved).collect();
    let alerts = standing.iter().filter(|barrier| barrier.level == Level::Alert).count() as u64;
    let title = match (alerts, standing.len()) {
        (0, 0) => "No barrier found".to_owned(),
        (0, n) => format!("No barrier is sure; {} watched", number::counted(n as u64, "condition")),
        (1, _) => "Under one condition far more checkouts stop than usual".to_owned(),
        (n, _) => format!("Under {} conditions far more checkouts stop than usual", number::count(n)),
    };
    let mut section = Section::new("barriers", "Barriers", title);
    section.defines(&["barrier", "attempt", "excess", "rung"]);
    section.asks(queries, &["barriers."]);
    for warning in &barriers.data {
        section.say(words::sentence(&data(warning, &analysis.zone)));
    }
    for barrier in barriers.findings.iter().take(TOLD) {
        say(&mut section, barrier, analysis);
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
        section.tables.push(findings(&barriers.findings, analysis));
        section.tables.extend(barriers.findings.iter().take(TOLD).flat_map(|barrier| evidence(barrier, analysis)));
    }
    if !barriers.differences.is_empty() {
        section.tables.push(differences(analysis));
    }
    if !barriers.steps.is_empty() {
        section.tables.push(scans(&barriers.steps));
    }
    section
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

/// The word that links a failure to the condition, no stronger than its rung.
const fn link(rung: Rung) -> &'static str {
    match rung {
        Rung::Unusual => "This is unusual",
        Rung::Localised => "This is unusual and concentrated there",
        Rung::Corroborated => "This comes together with errors in the same attempts",
        Rung::Aligned => "This is probably caused by a release that came at the same time",
    }
}

fn say(section: &mut Section, barrier: &Barrier, analysis: &Analysis) {
    let status = match (barrier.level, barrier.status) {
        (_, Status::Resolved) => "Over",
        (Level::Watch, _) => "To be watched",
        (_, Status::New) => "New",
        (_, Status::Open) => "Still there",
        (_, Status::Worse) => "Worse",
    };
    let since = match (barrier.onset, barrier.nature) {
        (Some(onset), _) => format!(
            "since {} (between {} and {})",
            number::moment(onset.at, &analysis.zone),
            number::moment(onset.earliest, &analysis.zone),
            number::moment(onset.latest, &analysis.zone)
        ),
        (None, Nature::Standing) => "for as long as was looked back".to_owned(),
        (None, Nature::Onset) => format!("in the last {}", number::counted(barrier.nights.into(), "night")),
    };
    let end = barrier.end.map_or_else(String::new, |end| format!(", until {}", number::moment(end, &analysis.zone)));
    section.say(format!(
        "{}. {}: {since}{end}, {} attempts did not get from “{}” to “{}” in time{}; expected were {}{}.",
        number::count(barrier.rank.into()),
        status,
        number::out_of(barrier.failed, barrier.attempts),
        words::step(barrier.step),
        words::step(barrier.next_step),
        of_whom(&barrier.conditions),
        number::about(barrier.expected_rate * barrier.attempts as f64),
        if barrier.no_own_history { ", as before there was such a thing" } else { "" },
    ));
    section.say(cost(barrier, analysis));
    let code = barrier.error_code.as_deref().map_or_else(String::new, |code| {
        let message = barrier.errors.iter().find(|error| error.code == code).and_then(|error| error.message.as_deref());
        let message = message.map_or_else(String::new, |message| format!(" “{}”", words::logged(message)));
        format!(" The error is {}{message}.", words::logged(code))
    });
    section.say_on_evidence(
        barrier.rung.number(),
        format!(
            "{} (evidence {} of 5).{code} {} What else it could be: {}.",
            link(barrier.rung),
            barrier.rung.number(),
            checked(barrier),
            barrier.doubts.iter().map(|doubt| words_of(*doubt)).collect::<Vec<_>>().join("; ")
        ),
    );
}

fn cost(barrier: &Barrier, analysis: &Analysis) -> String {
    let money = barrier.lost.map_or_else(
        || "What they were worth is not known: nothing has a price.".to_owned(),
        |lost| {
            format!(
                "At least {} lost, probably {} (80% range {} to {}).",
                number::money_brief(lost.low, &analysis.base),
                number::money_brief(lost.point, &analysis.base),
                number::money_brief(lost.low, &analysis.base),
                number::money_brief(lost.high, &analysis.base)
            )
        },
    );
    format!(
        "At least {} failed beyond those expected, by {} in {}, {} of them of top customers. Late purchases taken out, at least {} were lost. {money}",
        number::about(barrier.excess.low),
        number::counted(barrier.persons, "person"),
        number::counted(barrier.carts, "cart"),
        number::count(barrier.top_customer_carts.len() as u64),
        counted_about(barrier.lost_carts.low, "cart"),
    )
}

fn counted_about(number: f64, noun: &str) -> String {
    let ending = if number.round() >= 1.5 || number.round() < 0.5 { "s" } else { "" };
    format!("{} {noun}{ending}", number::about(number))
}

/// What was looked at and is not the reason.
fn checked(barrier: &Barrier) -> String {
    let confounding = &barrier.confounding;
    let mut said = Vec::new();
    if confounding.odds_ratio.is_finite() {
        said.push(format!(
            "Within the same {} the odds of failing are {:.1} times as high (95% interval {:.1} to {:.1})",
            confounding.strata.iter().map(|name| words::column(name)).collect::<Vec<_>>().join(", "),
            confounding.odds_ratio,
            confounding.odds_ratio_low,
            confounding.odds_ratio_high
        ));
    }
    if confounding.placebo_nights > 0 {
        said.push(format!(
            "{} nights before were as unusual",
            number::out_of(confounding.placebo_as_extreme.into(), confounding.placebo_nights.into())
        ));
    }
    for control in &barrier.controls {
        let what = match control.what {
            ControlKind::Attempts => "the number of attempts",
            ControlKind::EarlierStep => "the step before",
            ControlKind::EventVolume => "the number of events",
        };
        let how = if control.quiet { "is as it was" } else { "has changed, too" };
        said.push(format!("{what} {how}"));
    }
    if said.is_empty() { String::new() } else { words::sentence(&format!("{}.", said.join("; "))) }
}

/// What else could explain a finding, and what would tell.
const fn words_of(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Tracking => {
            "the next step is no longer logged for these attempts (the orders in the back office would tell)"
        }
        Doubt::Mix => "in part another mix of customers (the strata would tell)",
        Doubt::Traffic => "other visitors than before (the campaigns of these days would tell)",
        Doubt::Offer => "prices, stock or terms that changed (the catalogue would tell)",
        Doubt::Provider => "the provider and not the shop (the provider’s status would tell)",
        Doubt::Release => "a release of the shop (taking it back would tell)",
        Doubt::Chance => "chance (the next night will tell)",
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
    let mut table = Table::new("barriers-findings", "Barriers", &columns).csv("barriers.findings");
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

/// What is seen before, after and elsewhere; errors; what was written; carts.
fn evidence(barrier: &Barrier, analysis: &Analysis) -> Vec<Table> {
    let anchor = |what: &str| format!("barrier-{}-{what}", barrier.rank);
    let rank = barrier.rank;
    let mut tables = Vec::new();
    let mut shares = Table::new(
        anchor("shares"),
        format!("{rank}: before, since, and elsewhere"),
        &["Attempts", "#Failed", "#With an error"],
    );
    let comparison = &barrier.comparison;
    for (name, share) in [
        ("Here before", comparison.before),
        ("Here since", comparison.since),
        ("Elsewhere before", comparison.elsewhere_before),
        ("Elsewhere since", comparison.elsewhere_since),
    ] {
        if share.attempts > 0 {
            shares.push(vec![
                Cell::text(name),
                Cell::number(number::out_of(share.failed, share.attempts)),
                Cell::count(share.with_error),
            ]);
        }
    }
    tables.push(shares.folded());
    if !barrier.errors.is_empty() {
        let columns = ["Error", "Message", "#Here since", "#Here before", "#Elsewhere since"];
        let mut errors = Table::new(anchor("errors"), format!("{rank}: errors that were met"), &columns);
        for error in &barrier.errors {
            errors.push(vec![
                Cell::text(words::logged(&error.code)),
                error.message.as_deref().map_or_else(Cell::none, |message| Cell::text(words::logged(message))),
                Cell::count(error.attempts),
                Cell::count(error.before),
                Cell::count(error.elsewhere),
            ]);
        }
        tables.push(errors.folded());
    }
    if !barrier.words.is_empty() {
        let mut said =
            Table::new(anchor("words"), format!("{rank}: what customers wrote within a day"), &["When", "Words"]);
        for words in &barrier.words {
            said.push(vec![
                Cell::text(number::moment(words.at, &analysis.zone)),
                Cell::text(crate::words::logged(&words.comment)),
            ]);
        }
        tables.push(said.folded());
    }
    for (at, journey) in (1..).zip(barrier.journeys.iter().take(JOURNEYS)) {
        let chosen = match journey.chosen {
            Chosen::Largest => "the most valuable",
            Chosen::Median => "one of middle value",
            Chosen::ByHash => "one taken blindly",
        };
        let value =
            journey.value.map_or_else(String::new, |value| format!(", {}", number::money(value, &analysis.base)));
        let bought = if journey.bought { ", bought later" } else { ", not bought" };
        let mut steps = Table::new(
            anchor(&format!("journey-{at}")),
            format!("{rank}: {chosen} of these carts{value}{bought}"),
            &["When", "What", "With"],
        );
        for moment in &journey.events {
            steps.push(vec![
                Cell::text(number::moment(moment.at, &analysis.zone)),
                Cell::text(words::column(moment.kind.name())),
                moment.detail.as_deref().map_or_else(Cell::none, |detail| Cell::text(words::logged(detail))),
            ]);
        }
        tables.push(steps.note(format!("Cart {}.", words::logged(&journey.cart_id))).in_order().folded());
    }
    tables
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
