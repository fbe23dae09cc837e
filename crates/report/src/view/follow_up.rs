//! Whom to write a personal word, why, and whether writing helps.

use analysis::follow_up::effect::{BOUGHT_WITHIN_DAYS, CONTACTED_WITHIN_DAYS, FEWEST};
use analysis::follow_up::{Arm, Effect, LeftOut};
use analysis::stats::difference::Difference;
use analysis::story::{Story, What};
use analysis::{Analysis, FollowUp};

use super::Section;
use super::table::{Cell, Table};
use crate::{Provenance, number, people, story, words, worklist};

/// Rows on the page; all of them are in the file.
const SHOWN: usize = 20;
/// The rung of evidence that a test gives.
const TESTED: u8 = 5;

pub(super) fn section(analysis: &Analysis, provenance: &Provenance) -> Option<Section> {
    let follow_up = &analysis.follow_up;
    if analysis.abandonment.overall.carts == 0 {
        return None;
    }
    let title = match follow_up.listed {
        0 => "Nobody is waiting for a personal word tonight".to_owned(),
        1 => "One top customer should hear from you".to_owned(),
        n => format!("{} top customers should hear from you", number::count(n)),
    };
    let mut section = Section::new("follow-up", "Follow-up", title);
    section.defines(&["follow_up", "courtesy", "held_out", "segment"]);
    if follow_up.listed > 0 {
        section.say(format!(
            "They left {} in carts; {}. All rows, with the ids of the persons, are in worklist.csv beside this page.",
            number::money(follow_up.value, &follow_up.base),
            match follow_up.owed {
                0 => "none of them met an error on our side".to_owned(),
                1 => "one of them met an error on our side, and stands first".to_owned(),
                n => format!("{} of them met an error on our side, and stand first", number::count(n)),
            }
        ));
    }
    section.say(left_out(follow_up));
    // Who is held out is drawn by lot: that is a test.
    section.say_on_evidence(TESTED, effect(&follow_up.effect));
    if !follow_up.rows.is_empty() {
        section.tables.push(list(analysis, provenance));
    }
    if follow_up.effect.listed.persons > 0 {
        section.tables.push(arms(&follow_up.effect));
    }
    let stories = follow_up.stories.iter().enumerate();
    section.tables.extend(stories.map(|(at, told)| told_by(at, told, &analysis.zone, provenance)));
    Some(section)
}

fn left_out(follow_up: &FollowUp) -> String {
    let LeftOut { opted_out, bought, still_shopping, courtesy, held_out, beyond } = follow_up.left_out;
    let rules = &follow_up.rules;
    let reasons = [
        (opted_out, "asked not to be contacted".to_owned()),
        (bought, "ordered since".to_owned()),
        (still_shopping, format!("did something in the last {}", number::span(rules.quiet).trim_start_matches("one "))),
        (courtesy, format!("had {} in {}", number::counted(rules.max_contacts, "contact"), number::span(rules.per))),
        (held_out, "are held out to measure the effect".to_owned()),
        (beyond, "are beyond the length of the list".to_owned()),
    ];
    let said: Vec<String> = reasons
        .into_iter()
        .filter(|(persons, _)| *persons > 0)
        .map(|(persons, reason)| format!("{} {reason}", number::count(persons)))
        .collect();
    let head = format!(
        "{} of the chosen segments left a cart of {} or more in the last {}",
        number::counted(follow_up.considered, "customer"),
        number::money(rules.min_value, &follow_up.base),
        number::span(rules.within)
    );
    if said.is_empty() { format!("{head}.") } else { format!("{head}; not listed: {}.", said.join(", ")) }
}

/// What contacting did.
fn effect(effect: &Effect) -> String {
    let Some(difference) = effect.difference else {
        return format!(
            "Whether a personal word helps cannot be said yet, there is too little data: {} on earlier lists and {} held out \
             can be judged, and {FEWEST} of each are needed ({} waiting for {BOUGHT_WITHIN_DAYS} days to pass).",
            number::counted(effect.listed.persons, "person"),
            number::count(effect.held_out.persons),
            number::count(effect.waiting)
        );
    };
    let verdict = if difference.low > 0.0 {
        "so the list brings customers back"
    } else if difference.high < 0.0 {
        "so the list does harm: stop and find out why"
    } else {
        "which may be chance"
    };
    format!(
        "Of those listed on earlier nights {} ordered within {BOUGHT_WITHIN_DAYS} days, of those held out {}: a difference of {} \
         (95% interval {} to {}), {verdict}.",
        share(effect.listed),
        share(effect.held_out),
        points(difference.point),
        points(difference.low),
        points(difference.high)
    )
}

fn share(arm: Arm) -> String {
    arm.rate.map_or_else(
        || "none".to_owned(),
        |rate| {
            format!(
                "{} ({}, {})",
                number::percent(rate.point, rate.n),
                number::interval(rate),
                number::counted(arm.persons, "person")
            )
        },
    )
}

/// A difference in percentage points.
fn points(share: f64) -> String {
    format!("{} points", number::signed_percent(share).trim_end_matches('%'))
}

fn list(analysis: &Analysis, provenance: &Provenance) -> Table {
    let follow_up = &analysis.follow_up;
    let columns = ["Customer", "Why", "What to do", "#In the cart", "#May come back"];
    let note = match follow_up.rows.len().saturating_sub(SHOWN) as u64 {
        0 => "Best first.".to_owned(),
        more => format!("Best first; {} more in worklist.csv.", number::count(more)),
    };
    let note = if provenance.show_customers {
        note
    } else {
        format!("{note} Customers stand under pseudonyms; their ids are in worklist.csv.")
    };
    let mut table = Table::new("follow-up-list", "Whom to write a personal word", &columns).note(note);
    for row in follow_up.rows.iter().take(SHOWN) {
        let by = match worklist::channel(row) {
            (channel, Some(note)) => format!("By {channel}, {note}."),
            (channel, None) => format!("By {channel}."),
        };
        let to_do = Cell::text(worklist::to_do(row));
        table.push(vec![
            Cell::text(people::name(&row.person_id, provenance.show_customers)),
            Cell::text(worklist::reason(row, &analysis.zone, &follow_up.base)),
            if row.channel.is_some() { to_do.with_note(by) } else { to_do },
            Cell::number(story::money(row.value, row.currency.as_deref())),
            row.recoverable.map_or_else(Cell::none, |amount| Cell::number(number::money(amount, &follow_up.base))),
        ]);
    }
    table
}

fn arms(effect: &Effect) -> Table {
    let columns = ["Persons", "#Ordered, 95% interval", "#Of", "#Against held out"];
    let mut table = Table::new("follow-up-effect", "What the lists did", &columns).note(format!(
        "Orders within {BOUGHT_WITHIN_DAYS} days of the first list. Whom the shop contacted within {CONTACTED_WITHIN_DAYS} days it \
         chose itself: only the first row is a fair comparison with those held out."
    ));
    let against = |difference: Option<Difference>| {
        difference.map_or_else(Cell::none, |difference| {
            let range = format!("{} to {}", points(difference.low), points(difference.high));
            Cell::number(points(difference.point)).with_note(range)
        })
    };
    let rows = [
        ("Listed", effect.listed, against(effect.difference)),
        ("of these, contacted", effect.contacted, against(effect.contacted_difference)),
        ("Held out", effect.held_out, Cell::none()),
    ];
    for (name, arm, difference) in rows {
        table.push(vec![
            Cell::text(name),
            Cell::share(arm.bought, arm.rate).without_mark(),
            Cell::count(arm.persons),
            difference,
        ]);
    }
    table
}

fn told_by(at: usize, told: &Story, zone: &str, provenance: &Provenance) -> Table {
    let name = people::name(&told.person_id, provenance.show_customers);
    let mut table = Table::new(format!("story-{}", at + 1), format!("What happened to {name}"), &["When", "What"]);
    let mut told = told.clone();
    let moments = told.visits.iter_mut().flat_map(|visit| &mut visit.moments);
    for moment in moments.filter(|_| !provenance.show_customers) {
        // An order's number tells who it was, too.
        if let What::Bought { order, .. } = &mut moment.what {
            *order = None;
        }
    }
    for visit in story::story(&told, zone) {
        table.push_total(vec![Cell::text(words::sentence(&visit.heading)), Cell::text("")]);
        for (time, sentence) in visit.lines {
            table.push(vec![Cell::text(time), Cell::text(sentence)]);
        }
    }
    table.in_order().folded()
}
