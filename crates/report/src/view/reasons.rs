//! Why carts were left behind, as far as logs can tell.

use analysis::abandonment_reasons::{DAYS, Reason, ReasonShare};
use analysis::{AbandonmentReasons, Analysis, Query};

use super::Section;
use super::table::{Cell, Table};
use crate::{number, words};

/// Barriers that are listed.
const SHOWN: usize = 10;

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Section {
    let found = &analysis.reasons;
    let mut section = Section::new("why", "Reasons", title(found));
    section.defines(&["reason", "confidence", "interval"]);
    section.asks(queries, &["reasons."]);
    if found.carts == 0 {
        section.say(format!("No cart opened in the last {DAYS} days has been abandoned."));
        return section;
    }
    section.say(format!(
        "What the signs of {} point to, opened in the last {DAYS} days: the first of these reasons whose rule holds. Signs \
         are no knowledge of what anybody meant; the intervals are those of counting.",
        number::counted(found.carts, "abandoned cart")
    ));
    if found.carts >= number::FEW {
        section.say(format!(
            "About {} of {} are expected to be bought after {}, those already bought included.",
            number::about(found.expected_later),
            number::count(found.carts),
            number::span(analysis.window)
        ));
    }
    let columns = ["Reason", "#Share, 95% interval", "#Carts", "#Confidence", "What shows it"];
    let mut table = Table::new("reasons-shares", "Abandoned carts by reason", &columns);
    if found.reasons.iter().any(|share| share.carts > 0) {
        table = table.csv("reasons.shares");
    }
    for share in &found.reasons {
        table.push(row(share));
    }
    section.tables.push(table);
    if !found.barriers.is_empty() {
        section.tables.push(barriers(found));
    }
    section
}

fn title(found: &AbandonmentReasons) -> String {
    let first = found.reasons.iter().find(|share| share.reason != Reason::Unknown && share.carts > 0);
    match first.and_then(|first| Some((first.reason, first.share?))) {
        Some((reason, share)) if share.n >= number::FEW => {
            format!("{} of abandoned carts: {}", number::percent(share.point, share.n), name(reason).to_lowercase())
        }
        _ => "Why carts are left behind".to_owned(),
    }
}

fn row(share: &ReasonShare) -> Vec<Cell> {
    vec![
        Cell::text(name(share.reason)),
        Cell::share(share.carts, share.share),
        Cell::count(share.carts),
        match share.confidence.filter(|_| share.reason != Reason::Unknown) {
            Some(confidence) => Cell::number(number::score(confidence)),
            None => Cell::none(),
        },
        Cell::text(sign(share.reason)),
    ]
}

fn barriers(found: &AbandonmentReasons) -> Table {
    let columns = ["Last thing met", "#Carts", "#Confidence"];
    let mut table = Table::new("reasons-barriers", "Errors that nothing came after", &columns).csv("reasons.barriers");
    if found.barriers.len() > SHOWN {
        table = table.note(format!("The {SHOWN} that stopped most; the file has all {}.", found.barriers.len()));
    }
    for met in found.barriers.iter().take(SHOWN) {
        table.push(vec![
            Cell::text(met_at(&met.evidence)),
            Cell::count(met.carts),
            Cell::number(number::score(met.confidence)),
        ]);
    }
    table
}

/// `error PSP-101 at add_payment_info`, with the step as pages call it.
fn met_at(evidence: &str) -> String {
    match evidence.rsplit_once(" at ") {
        Some((error, step)) => {
            format!("{} at “{}”", words::sentence(&words::logged(error)), words::step_named(step))
        }
        None => words::logged(evidence),
    }
}

/// What a reason is called.
pub(super) fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::Barrier => "Stopped at the till",
        Reason::Emptied => "Emptied",
        Reason::WishList => "Kept for later",
        Reason::Costs => "Left where costs first show",
        Reason::Comparison => "Compared with others",
        Reason::LeftBeforeCheckout => "Left before the checkout",
        Reason::Unknown => "Unknown",
    }
}

fn sign(reason: Reason) -> &'static str {
    match reason {
        Reason::Barrier => "An error that nothing came after, and after which more leave than without it",
        Reason::Emptied => "Everything was taken out",
        Reason::WishList => "Bought after the window, or saved on a wish list while in the cart",
        Reason::Costs => "Left right after delivery was given",
        Reason::Comparison => "Many others looked at, and the checkout not entered",
        Reason::LeftBeforeCheckout => "The checkout was not entered, and nothing else shows",
        Reason::Unknown => "The checkout was left, and nothing shows why",
    }
}
