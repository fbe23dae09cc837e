//! When carts are bought, and what share is bought only after the window.

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
    section.defines(&["curve", "after", "interval"]);
    section.asks(queries, &["checkout_curve."]);
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
