//! One barrier: what, where, since when, how many, what it costs, how sure that is, what else it could be, and what shows it.

use analysis::Analysis;
use analysis::barriers::{Barrier, Chosen, ControlKind, Doubt, Journey, Level, Nature, Rung, Status};

use super::place;
use crate::view::table::{Cell, Table};
use crate::view::{Finding, Paragraph};
use crate::{number, words};

/// Where a finding of this rank is told, on the page of barriers.
pub(super) fn anchor(rank: u32) -> String {
    format!("barrier-{rank}")
}

pub(super) fn told(barrier: &Barrier, analysis: &Analysis) -> Finding {
    let (rank, step) = (number::count(barrier.rank.into()), words::step(barrier.step));
    let title = if barrier.conditions.is_empty() {
        format!("{rank}. Checkouts stop at “{step}”, whoever tries")
    } else {
        format!("{rank}. Checkouts stop at “{step}” where {}", place(&barrier.conditions))
    };
    let rung = barrier.rung.number();
    Finding {
        id: anchor(barrier.rank),
        title,
        lead: vec![
            Paragraph { text: what(barrier, analysis), rung: None },
            Paragraph { text: cost(barrier, analysis), rung: None },
            Paragraph { text: why(barrier), rung: Some(rung) },
            Paragraph { text: otherwise(barrier), rung: Some(rung) },
        ],
        tables: evidence(barrier, analysis),
        kept: barrier.journeys.len(),
        chosen: chosen(barrier),
        journeys: (1..).zip(&barrier.journeys).map(|(at, told)| journey(barrier, at, told, analysis)).collect(),
    }
}

/// What happens, and since when.
fn what(barrier: &Barrier, analysis: &Analysis) -> String {
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
    format!(
        "{status}: {since}{end}, {} attempts did not get from “{}” to “{}” in time; expected were {}{}.",
        number::out_of(barrier.failed, barrier.attempts),
        words::step(barrier.step),
        words::step(barrier.next_step),
        number::about(barrier.expected_rate * barrier.attempts as f64),
        if barrier.no_own_history { ", as before there was such a thing" } else { "" },
    )
}

/// How strong the evidence is, and what was ruled out.
fn why(barrier: &Barrier) -> String {
    let code = barrier.error_code.as_deref().map_or_else(String::new, |code| {
        let message = barrier.errors.iter().find(|error| error.code == code).and_then(|error| error.message.as_deref());
        let message = message.map_or_else(String::new, |message| format!(" {}", words::quoted(message)));
        format!(" The error is {}{message}.", words::logged(code))
    });
    format!("{} (evidence {} of 5).{code} {}", link(barrier.rung), barrier.rung.number(), checked(barrier))
}

/// What else it could be, with what would tell.
fn otherwise(barrier: &Barrier) -> String {
    let doubts: Vec<&str> = barrier.doubts.iter().map(|doubt| words_of(*doubt)).collect();
    if doubts.is_empty() {
        return "Nothing else is known that it could be.".to_owned();
    }
    format!("What else it could be: {}.", doubts.join("; "))
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

/// What is seen before, after and elsewhere; errors; what was written.
fn evidence(barrier: &Barrier, analysis: &Analysis) -> Vec<Table> {
    let anchor = |what: &str| format!("{}-{what}", anchor(barrier.rank));
    let mut tables = Vec::new();
    let mut shares =
        Table::new(anchor("shares"), "Before, since, and elsewhere", &["Attempts", "#Failed", "#With an error"]);
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
    tables.push(shares);
    if !barrier.errors.is_empty() {
        let columns = ["Error", "Message", "#Here since", "#Here before", "#Elsewhere since"];
        let mut errors = Table::new(anchor("errors"), "Errors that were met", &columns);
        for error in &barrier.errors {
            errors.push(vec![
                Cell::text(words::logged(&error.code)),
                error.message.as_deref().map_or_else(Cell::none, |message| Cell::text(words::logged(message))),
                Cell::count(error.attempts),
                Cell::count(error.before),
                Cell::count(error.elsewhere),
            ]);
        }
        tables.push(errors);
    }
    if !barrier.words.is_empty() {
        let mut written = Table::new(anchor("words"), "What customers wrote within a day", &["When", "Words"]);
        for said in &barrier.words {
            written.push(vec![
                Cell::text(number::moment(said.at, &analysis.zone)),
                Cell::text(words::quoted(&said.comment)),
            ]);
        }
        tables.push(written);
    }
    tables
}

/// Which carts are shown, and of how many.
fn chosen(barrier: &Barrier) -> String {
    let of = number::counted(barrier.carts, "cart");
    match barrier.journeys.as_slice() {
        [] => "No cart can be shown: these attempts belong to none that is known.".to_owned(),
        [_] => format!("One of {of} that met it, step by step."),
        journeys => format!(
            "{} of {of} that met it, step by step, chosen by a rule that knows nothing of their story: the most valuable, one of \
             middle value, and others taken blindly, by the hash of their ids.",
            words::sentence(&number::small(journeys.len() as u64))
        ),
    }
}

/// A cart around its failed attempt, step by step.
fn journey(barrier: &Barrier, at: usize, journey: &Journey, analysis: &Analysis) -> Table {
    let chosen = match journey.chosen {
        Chosen::Largest => "The most valuable",
        Chosen::Median => "One of middle value",
        Chosen::ByHash => "One taken blindly",
    };
    let value = journey.value.map_or_else(String::new, |value| format!(", {}", number::money(value, &analysis.base)));
    let bought = if journey.bought { ", bought later" } else { ", not bought" };
    let id = format!("{}-journey-{at}", anchor(barrier.rank));
    let mut steps = Table::new(id, format!("{chosen}{value}{bought}"), &["When", "What", "With"]);
    let mut day = None;
    for moment in &journey.events {
        // The date where it changes: a journey is rarely longer than a day.
        let date = number::local_date(moment.at, &analysis.zone);
        let clock = number::clock(moment.at, &analysis.zone);
        let when = if day == Some(date) { clock } else { format!("{}, {clock}", number::date(date)) };
        day = Some(date);
        steps.push(vec![
            Cell::text(when),
            Cell::text(words::sentence(&words::column(moment.kind.name()))),
            moment.detail.as_deref().map_or_else(Cell::none, |detail| Cell::text(words::logged(detail))),
        ]);
    }
    let segment = journey.segment.as_deref();
    let whose = segment.map_or_else(String::new, |segment| format!(" Customer segment: {}.", words::segment(segment)));
    steps.note(format!("Cart {}.{whose}", words::logged(&journey.cart_id))).in_order().folded()
}
