//! How many carts were abandoned, by day and by what is known of them.

use analysis::abandonment::{Breakdown, Day};
use analysis::{Analysis, Estimate, Query};

use super::known::Known;
use super::table::{self, Cell, OUTCOMES, Table};
use super::{Figure, Section};
use crate::{Error, charts, number, words};

pub(super) fn by_day(analysis: &Analysis, queries: &[Query]) -> Result<Section, Error> {
    let abandonment = &analysis.abandonment;
    let overall = &abandonment.overall;
    let window = number::span(analysis.window);
    let title = match overall.rate {
        Some(rate) if rate.n >= number::FEW => {
            format!("{} of carts are abandoned", number::percent(rate.point, rate.n))
        }
        _ => "How many carts are abandoned".to_owned(),
    };
    let mut section = Section::new("abandonment", "Abandonment", title);
    if let Some(rate) = overall.rate {
        let known = Known::by("share").share(rate, "matured cart", "95% interval");
        section.knows(known.query("abandonment.overall").query("abandonment.day"));
        section.say(format!(
            "{} of carts were not bought within {window}.",
            super::answers::measured(overall.abandoned, rate)
        ));
    }
    if overall.pending > 0 || overall.purchased_early > 0 {
        section.say(format!(
            "Only carts whose {window} have passed are counted. Of the younger ones, {} already bought and {} pending: \
             with the former alone the share would lean to the low side.",
            super::answers::are(overall.purchased_early, "cart"),
            super::answers::are(overall.pending, "cart"),
        ));
    }
    if abandonment.emptied > 0 {
        section.say(format!(
            "From {} of the abandoned carts everything had been taken out again.",
            number::out_of(abandonment.emptied, overall.abandoned)
        ));
    }
    let mut data = Table::new("data-abandonment", "Abandonment by day", &[&["Day opened"], &OUTCOMES[..]].concat())
        .folded()
        .csv("abandonment.day");
    for day in &abandonment.days {
        let first = Cell::text(number::date(day.day));
        data.push(if day.outcomes.pending == 0 {
            table::outcomes(first, &day.outcomes)
        } else {
            table::outcomes_with(first, Cell::number("pending").quiet(), &day.outcomes)
        });
    }
    let (title, caption) = (title_of_days(&abandonment.days), caption(analysis));
    let drawn = overall.rate.map(|rate| {
        let words = charts::Words { name: "abandonment", title: &title, description: &caption };
        charts::by_day(&abandonment.days, ("all days", rate), words)
    });
    if let Some(drawing) = drawn.transpose()?.flatten() {
        section.figure = Some(Figure::new("abandonment", title, caption, drawing, data));
    } else {
        section.say(format!(
            "There are not yet two days with {} carts or more that are old enough: too few for a chart.",
            number::FEW
        ));
        section.tables.push(data);
    }
    section.defines(&["cart", "abandoned", "pending", "interval"]);
    section.asks(queries, &["abandonment.overall", "abandonment.day"]);
    Ok(section)
}

/// The lowest and the highest of the days that are settled and have enough carts.
fn title_of_days(days: &[Day]) -> String {
    let settled: Vec<Estimate> = days
        .iter()
        .filter(|day| day.outcomes.pending == 0)
        .filter_map(|day| day.outcomes.rate.filter(|rate| rate.n >= number::FEW))
        .collect();
    let lowest = settled.iter().min_by(|a, b| a.point.total_cmp(&b.point));
    let highest = settled.iter().max_by(|a, b| a.point.total_cmp(&b.point));
    match (lowest, highest) {
        (Some(low), Some(high)) if settled.len() > 1 => format!(
            "From day to day, between {} and {} of carts are abandoned",
            number::percent(low.point, low.n),
            number::percent(high.point, high.n)
        ),
        _ => "Share of carts abandoned, by day".to_owned(),
    }
}

fn caption(analysis: &Analysis) -> String {
    format!(
        "Carts by the day on which they were opened ({} time). Points, or the line, are the share abandoned; the bars or \
         the band around them are its 95% interval. Days with fewer than {} carts show their interval only. Days with \
         pending carts are left blank until the window of all their carts has passed. The dashed line is the share over \
         all days.",
        words::logged(&analysis.zone),
        number::FEW
    )
}

pub(super) fn breakdowns(analysis: &Analysis, queries: &[Query]) -> Section {
    let mut section = Section::new("breakdowns", "By device, channel, …", most_abandoned(analysis));
    section.say(
        "Shares whose intervals do not overlap are unlikely to differ by chance alone. Each table has every cart once; a difference \
         between two rows says where to look, not why.",
    );
    for breakdown in &analysis.abandonment.by {
        let name = words::column(breakdown.column);
        if breakdown.values.iter().all(|slice| slice.value.is_none()) {
            section.say(format!("The logs do not say the {name} of any cart."));
        } else {
            section.tables.push(table_of(breakdown, &name));
        }
    }
    section.defines(&["abandoned", "pending", "interval", "segment"]);
    let columns: Vec<String> =
        analysis.abandonment.by.iter().map(|breakdown| format!("abandonment.{}", breakdown.column)).collect();
    section.asks(queries, &columns.iter().map(String::as_str).collect::<Vec<_>>());
    section
}

/// The value whose carts are abandoned most, going by the lower ends of intervals, so that few carts do not make a headline.
fn most_abandoned(analysis: &Analysis) -> String {
    let breakdowns = analysis.abandonment.by.iter().filter(|breakdown| breakdown.values.len() > 1);
    let values = breakdowns.flat_map(|breakdown| breakdown.values.iter().map(move |slice| (breakdown.column, slice)));
    let rated = values.filter_map(|(column, slice)| Some((column, slice.value.as_deref()?, slice.outcomes.rate?)));
    let told = rated.filter(|(.., rate)| rate.n >= number::FEW);
    told.max_by(|(.., a), (.., b)| a.low.total_cmp(&b.low)).map_or_else(
        || "Who abandons carts".to_owned(),
        |(column, value, rate)| {
            let value = if column == "segment" { words::segment(value) } else { words::logged(value) };
            let share = number::percent(rate.point, rate.n);
            format!("Carts are abandoned most where {} is {value}: {share}", words::column(column))
        },
    )
}

fn table_of(breakdown: &Breakdown, name: &str) -> Table {
    let heading = words::sentence(name);
    let columns = [&[heading.as_str()], &OUTCOMES[..]].concat();
    let mut table = Table::new(format!("by-{}", breakdown.column), format!("By {name}"), &columns)
        .csv(&format!("abandonment.{}", breakdown.column));
    for slice in breakdown.shown() {
        let first = match slice.value.as_deref() {
            None => Cell::text(words::UNKNOWN).quiet(),
            Some(segment) if breakdown.column == "segment" => Cell::text(words::segment(segment)),
            Some(value) => Cell::text(words::logged(value)),
        };
        table.push(table::outcomes(first, &slice.outcomes));
    }
    if let Some(others) = &breakdown.others {
        let first = Cell::text(number::counted(others.values, "other value")).quiet();
        table.push(table::outcomes(first, &others.outcomes));
    }
    match breakdown.column {
        "segment" => table.note("Customers by what they spent in the year before the cart was opened."),
        "top_category" => table.note("The category of the first product that opened the cart."),
        "channel" => table.note("Where the visit that opened the cart came from."),
        _ => table,
    }
}
