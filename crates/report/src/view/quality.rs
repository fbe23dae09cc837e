//! What became of the rows of every file, and what the logs hold that found no place.

use analysis::{Analysis, Automation, Query};
use events::lake::Input;

use super::Section;
use super::answers::{are, measured};
use super::table::{Cell, Table};
use crate::{Balance, Provenance, number, words};

/// Lines of a table that a page has room for; all of them are in the summary.
const SHOWN: usize = 40;

pub(super) fn section(analysis: &Analysis, queries: &[Query], provenance: &Provenance) -> Section {
    let total = provenance.balance();
    let title = match total {
        Balance { rows: 0, .. } => "No rows were read".to_owned(),
        Balance { quarantined: 0, .. } => "Every row of the logs could be used".to_owned(),
        _ => format!("{} rows of the logs could not be used", number::out_of(total.quarantined, total.rows)),
    };
    let mut section = Section::new("quality", "Data quality", title);
    section.defines(&["row", "duplicate", "quarantine", "bot"]);
    section.asks(queries, &["automation."]);
    for note in &provenance.notes {
        section.say(words::sentence(note));
    }
    if total.rows > 0 {
        let verdict = if total.adds_up() { "it adds up" } else { "it does not add up" };
        let superseded = match total.superseded {
            0 => String::new(),
            rows => format!(" + superseded {}", number::count(rows)),
        };
        section.say(format!(
            "Read {} = accepted {} + duplicates {} + quarantined {}{superseded}: {verdict}.",
            number::count(total.rows),
            number::count(total.accepted),
            number::count(total.duplicates),
            number::count(total.quarantined)
        ));
    }
    let sum = |count: fn(&Input) -> u64| provenance.inputs.iter().map(count).sum::<u64>();
    let (ahead, clamped) = (sum(|input| input.ahead), sum(|input| input.clamped));
    if ahead > 0 {
        section.say(format!("{} up to a day ahead of the clock of the run that read them.", are(ahead, "row")));
    }
    if clamped > 0 {
        section.say(format!(
            "{} further ahead; their moment was replaced by the clock of the run that read them.",
            are(clamped, "row")
        ));
    }
    section.say(automated(&analysis.automation));
    let tables = [
        files(provenance, total),
        reasons(provenance),
        programs(&analysis.automation),
        unmapped(provenance),
        unused(provenance),
    ];
    section.tables.extend(tables.into_iter().filter(|table| !table.is_empty()));
    section
}

/// How much of the latest cart creation was done by programs.
fn automated(automation: &Automation) -> String {
    let (first, last) = (number::date(automation.first_day), number::date(automation.last_day));
    let days = format!("From {first} to {last} (UTC days)");
    match automation.automated_share {
        None => format!("{days}, nothing was added to any cart."),
        Some(_) if automation.automated_visitor_days == 0 => format!(
            "{days}, {} were added to carts on {}, none of them by a program that could be told.",
            number::counted(automation.adds, "item"),
            number::counted(automation.visitor_days, "visitor-day")
        ),
        Some(share) => format!(
            "{days}, programs made {} adds to cart, on {} visitor-days with adds.",
            number::out_of(automation.automated_adds, automation.adds),
            measured(automation.automated_visitor_days, share)
        ),
    }
}

fn programs(automation: &Automation) -> Table {
    let columns = ["Told by", "#Adds to cart", "#Visitor-days"];
    let mut table = Table::new("automation", "Adds to cart by programs", &columns).csv("automation.by_rule");
    if automation.automated_visitor_days == 0 {
        return table;
    }
    for by in &automation.by_rule {
        let rule = by.rule.as_deref().map_or_else(|| "people".to_owned(), words::logged);
        table.push(vec![Cell::text(rule), Cell::count(by.adds), Cell::count(by.visitor_days)]);
    }
    table.note("Their events are kept in the table events, with the rule in the column bot, and make no carts unless the settings say so.")
}

/// The last files read, since they are the night's own, and the sum over all.
fn files(provenance: &Provenance, total: Balance) -> Table {
    let mut columns = vec!["File", "Read as", "#Rows read", "#Accepted", "#Duplicates", "#Quarantined", "Adds up"];
    let has_superseded = total.superseded > 0;
    if has_superseded {
        columns.insert(6, "#Superseded");
    }
    let balance = |first, format, of| balance(first, format, of, has_superseded);
    let mut table = Table::new("files", "Rows by file", &columns);
    let hidden = provenance.inputs.len().saturating_sub(SHOWN);
    for input in &provenance.inputs[hidden..] {
        table.push(balance(Cell::text(words::logged(&input.path)), words::logged(&input.format), Balance::of(input)));
    }
    if provenance.inputs.len() > 1 {
        let files = number::counted(provenance.inputs.len() as u64, "file");
        table.push_total(balance(Cell::text(format!("All {files}")), String::new(), total));
    }
    if hidden > 0 { table.note(format!("The {SHOWN} files read last; all are in summary.json.")) } else { table }
}

fn balance(first: Cell, format: String, balance: Balance, has_superseded: bool) -> Vec<Cell> {
    let mut cells = vec![
        first,
        Cell::text(format),
        Cell::count(balance.rows),
        Cell::count(balance.accepted),
        Cell::count(balance.duplicates),
        Cell::count(balance.quarantined),
    ];
    cells.extend(has_superseded.then(|| Cell::count(balance.superseded)));
    cells.push(Cell::text(if balance.adds_up() { "yes" } else { "no" }));
    cells
}

fn reasons(provenance: &Provenance) -> Table {
    let mut table = Table::new("reasons", "Quarantined rows by reason", &["Reason", "#Rows"]);
    for (reason, rows) in provenance.quarantined() {
        table.push(vec![Cell::text(words::logged(reason)), Cell::count(rows)]);
    }
    table.note("They are in the table quarantine, with file, line and reason.")
}

fn unmapped(provenance: &Provenance) -> Table {
    let mut table = Table::new("unmapped", "Events without a meaning here", &["Name in the logs", "#Events"]);
    for (name, events) in most(provenance.unmapped.iter().map(|(name, events)| (name.as_str(), *events)).collect()) {
        table.push(vec![Cell::text(words::logged(name)), Cell::count(events)]);
    }
    table
        .note("Accepted, and kept as “other”: no step of the checkout is known by these names. The most frequent ones.")
}

/// Largest first, then by name; as many as a page has room for.
fn most(mut counts: Vec<(&str, u64)>) -> Vec<(&str, u64)> {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.truncate(SHOWN);
    counts
}

fn unused(provenance: &Provenance) -> Table {
    let mut table = Table::new("unused", "Columns that were not read", &["File", "Columns"]);
    for (file, columns) in provenance.unused_columns.iter().take(SHOWN) {
        let names: Vec<String> = columns.iter().take(SHOWN).map(|column| words::logged(column)).collect();
        table.push(vec![Cell::text(words::logged(file)), Cell::text(names.join(", "))]);
    }
    table
}
