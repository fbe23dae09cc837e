//! When carts are bought, and what share is bought only after the window.

use analysis::prediction::later::behaviour::{Behaviour, Bought, Compared, Line};
use analysis::prediction::{Later, Method};
use analysis::stats::association::Interval;
use analysis::{Analysis, CheckoutCurve, Query};

use super::known::Known;
use super::table::{Cell, Table};
use super::{Figure, Section};
use crate::{Error, charts, number};

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Result<Section, Error> {
    let curve = &analysis.checkout_curve;
    let window = number::span(analysis.window);
    let enough = curve.carts >= number::FEW;
    let title = match &curve.after_window {
        Some(after) if enough => match after.share {
            Some(share) => format!("{} of all carts are bought after {window}", number::percent(share.point, share.n)),
            None => "When carts are bought".to_owned(),
        },
        _ => "When carts are bought".to_owned(),
    };
    let mut section = Section::new("checkout", "Time to checkout", title);
    section.defines(&["curve", "after", "association", "interval"]);
    section.asks(queries, &["checkout_curve.", "later."]);
    if let Some(bought) = curve.by_window {
        section.knows(Known::by("curve").share(bought, "cart", "95% interval").query("checkout_curve.points"));
    }
    match curve.by_window.filter(|_| enough) {
        Some(bought) => section.say(format!(
            "{} of carts are bought within {window} (95% interval {}; {} in the curve).",
            number::percent(bought.point, bought.n),
            number::interval(bought),
            number::counted(bought.n, "cart")
        )),
        None => section.say(format!(
            "{}, {} bought: too few, or too young, to say what share is bought within {window}.",
            number::counted(curve.carts, "cart"),
            number::count(curve.purchased)
        )),
    }
    later(&mut section, curve, &window);
    expected(&mut section, &analysis.prediction.later, &window);
    if let Some(compared) = &analysis.prediction.later.compared {
        signs(&mut section, compared);
        section.tables.push(shares(compared, &window));
        section.tables.extend(associations(compared));
    }

    let title = match curve.by_window {
        Some(bought) => format!("{} of carts are bought within {window}", number::percent(bought.point, bought.n)),
        None => "Share of carts bought, by age".to_owned(),
    };
    let caption = format!(
        "Share of carts bought by their age, with its 95% interval as a band (Kaplan-Meier: carts not bought yet count \
         for as long as they have been watched). The dashed line is {window}. Time is stretched at the beginning."
    );
    let words = charts::Words { name: "checkout", title: &title, description: &caption };
    let data = points(curve);
    match charts::time_to_checkout(curve, words)? {
        Some(drawing) => section.figure = Some(Figure::new("checkout", title, caption, drawing, data.folded())),
        None if data.is_empty() => {}
        None => section.tables.push(data.folded()),
    }
    Ok(section)
}

/// What becomes of carts that were not bought within the window.
fn later(section: &mut Section, curve: &CheckoutCurve, window: &str) {
    if let Some(after) = &curve.after_window
        && let Some(share) = after.share.filter(|share| share.n >= number::FEW)
    {
        section.say(format!(
            "{} of all carts are bought after {window} and by an age of {} (95% interval {}).",
            number::percent(share.point, share.n),
            number::age(after.age_hours),
            number::interval(share)
        ));
    }
    let known: Vec<String> = curve
        .later
        .iter()
        .filter_map(|later| {
            let share = later.share.filter(|share| share.n >= number::FEW)?;
            Some(format!(
                "{} by {} ({}, {} watched)",
                number::percent(share.point, share.n),
                number::age(later.age_hours),
                number::interval(share),
                number::count(share.n)
            ))
        })
        .collect();
    if !known.is_empty() {
        section.say(format!("Of the carts not bought within {window}, bought later: {}.", known.join(", ")));
    }
}

fn points(curve: &CheckoutCurve) -> Table {
    let columns = ["Age", "#Carts still watched", "#Bought by then, 95% interval"];
    let mut table = Table::new("data-checkout", "Carts bought, by age", &columns).csv("checkout_curve.points");
    for point in &curve.points {
        table.push(vec![
            Cell::text(number::age(point.age_hours)),
            Cell::count(point.at_risk),
            Cell::estimate(point.bought),
        ]);
    }
    table
}

/// What may still come, and what that is taken from.
fn expected(section: &mut Section, later: &Later, window: &str) {
    let Some(last) = later.by_days.last().filter(|_| later.open >= number::FEW) else { return };
    section.say(format!(
        "Of the carts past {window} and not bought yet, about {} of {} are expected to be bought by an age of {last} days.",
        number::about(later.expected),
        number::counted(later.open, "cart")
    ));
    let quality = later.quality.as_ref().filter(|quality| quality.carts >= number::FEW);
    let by = match (later.method, quality) {
        (Method::SplineLogit, Some(quality)) => format!(
            "logistic regression with splines, trained on {}. On {} of past weeks, scored blind, its log-loss was {} of that \
             of similar carts better (90% interval {} to {})",
            number::counted(later.trained_on, "cart"),
            number::counted(quality.carts, "cart"),
            number::signed_percent(quality.skill.skill),
            number::signed_percent(quality.skill.low),
            number::signed_percent(quality.skill.high)
        ),
        (Method::SplineLogit, None) => "logistic regression with splines".to_owned(),
        (_, Some(_)) => "what similar carts did: no model did better on past weeks".to_owned(),
        (_, None) => "what similar carts did: there are too few carts for a model, or for judging one".to_owned(),
    };
    section.say(format!("The probability of each is taken from {by}."));
}

/// The sign that goes with later purchases most surely.
fn signs(section: &mut Section, compared: &Compared) {
    let Some(days) = compared.by_days else { return };
    let sure = compared.lines.iter().filter(|line| line.q.is_some_and(|q| q < 0.05));
    let strength = |line: &Line| line.association.map_or(0.0, |found| found.phi.point.abs());
    let Some((line, found)) =
        sure.max_by(|a, b| strength(a).total_cmp(&strength(b))).and_then(|line| Some((line, line.association?)))
    else {
        return;
    };
    if found.exposed.0.min(found.others.0) < number::FEW {
        return;
    }
    let share = |(n, bought): (u64, u64)| {
        format!("{} ({})", number::out_of(bought, n), number::percent(bought as f64 / n as f64, n))
    };
    section.say(format!(
        "The clearest sign: {}. Of such carts {} are bought by {days} days of age, of the others {}. It was seen before; that \
         more of it would sell more does not follow.",
        name(line.behaviour).0.to_lowercase(),
        share(found.exposed),
        share(found.others)
    ));
}

/// What carts with a behaviour are called, and those without.
const fn name(behaviour: Behaviour) -> (&'static str, &'static str) {
    match behaviour {
        Behaviour::Returned => ("Its person came back", "Its person did not come back"),
        Behaviour::LastDay => ("Something done to the cart in the last day", "Nothing done to it in the last day"),
        Behaviour::Saved => ("Something put on a wish list", "Nothing put on a wish list"),
        Behaviour::SeveralItems => ("Two pieces or more", "One piece or none"),
        Behaviour::CheckoutStarted => ("Checkout started", "Checkout not started"),
        Behaviour::ErrorMet => ("An error met", "No error met"),
    }
}

fn shares(compared: &Compared, window: &str) -> Table {
    let ages: Vec<String> =
        compared.all.later.iter().map(|later| format!("#Bought by {}", number::age(later.age_hours))).collect();
    let mut columns = vec!["Seen by then", "#Carts"];
    columns.extend(ages.iter().map(String::as_str));
    let title = format!("Carts not bought within {window}, by what was seen of them by then");
    let mut table = Table::new("later-shares", title, &columns).csv("later.shares").note(
        "Kaplan-Meier, with 95% intervals: young carts count for as long as they have been watched. Nothing that was seen \
         later is in it.",
    );
    let mut row = |name: &str, bought: &Bought| {
        let mut cells = vec![Cell::text(name), Cell::count(bought.carts)];
        cells.extend(bought.later.iter().map(|later| match later.share {
            Some(share) if bought.carts >= number::FEW => Cell::estimate(share).without_mark(),
            _ => Cell::none(),
        }));
        table.push(cells);
    };
    row("All", &compared.all);
    for line in compared.lines.iter().filter(|line| line.with.carts > 0 && line.without.carts > 0) {
        let (with, without) = name(line.behaviour);
        row(with, &line.with);
        row(without, &line.without);
    }
    table
}

fn associations(compared: &Compared) -> Option<Table> {
    let days = compared.by_days?;
    let columns = [
        "Seen",
        "#Risk ratio",
        "#Difference",
        "#Correlation",
        "#Odds ratio within like carts",
        "#False discovery rate",
    ];
    let mut table = Table::new("later-associations", format!("What goes together with being bought by {days} days of age"), &columns)
        .csv("later.associations")
        .note(format!(
            "Over {} that could be watched to that age; 90% intervals that allow for persons with several carts. Like \
             carts: of the same segment, device and third of value. The rate allows for all lines being looked at together.",
            number::counted(compared.watched, "cart")
        ));
    let ratio = |interval: Option<Interval>| match interval {
        Some(Interval { point, low, high }) => {
            Cell::number(number::rating(point)).with_note(format!("{}–{}", number::rating(low), number::rating(high)))
        }
        None => Cell::none(),
    };
    let signed = |Interval { point, low, high }: Interval| {
        let points = |share: f64| number::signed_percent(share).replace('%', "");
        Cell::number(format!("{} points", points(point))).with_note(format!("{} to {}", points(low), points(high)))
    };
    let phi = |Interval { point, low, high }: Interval| {
        let signed = |phi: f64| number::rating(phi).replace('-', "−");
        Cell::number(signed(point)).with_note(format!("{} to {}", signed(low), signed(high)))
    };
    for line in &compared.lines {
        let Some(found) = line.association else { continue };
        if found.exposed.0.min(found.others.0) < number::FEW {
            continue;
        }
        table.push(vec![
            Cell::text(name(line.behaviour).0),
            ratio(found.risk_ratio),
            signed(found.risk_difference),
            phi(found.phi),
            ratio(found.odds_ratio),
            line.q.map_or_else(Cell::none, |q| {
                Cell::number(if q < 0.001 { "<0.001".to_owned() } else { number::score(q) })
            }),
        ]);
    }
    (!table.is_empty()).then_some(table)
}
