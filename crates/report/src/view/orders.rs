//! What was sold, and how much of it no cart was seen for.

use analysis::{Analysis, Query};
use events::Amount;

use super::Section;
use super::answers::measured;
use super::table::{Cell, Table};
use crate::{number, words};

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Section {
    let orders = &analysis.orders;
    let title = match orders.without_cart_share {
        None => "There are no orders".to_owned(),
        Some(_) if orders.without_cart == 0 => "Every order has its cart".to_owned(),
        Some(share) if share.n < number::FEW => {
            format!("No cart was seen for {} orders", number::out_of(orders.without_cart, share.n))
        }
        Some(share) => format!("No cart was seen for {} of orders", number::percent(share.point, share.n)),
    };
    let mut section = Section::new("orders", "Orders and tracking", title);
    section.defines(&["order", "gap"]);
    section.asks(queries, &["orders."]);
    let Some(share) = orders.without_cart_share else {
        section.say("The logs hold no purchase up to this night.");
        return section;
    };
    section.say(format!(
        "{} of orders came without a cart. That is a gap in tracking, not a way to buy: their carts were bought without \
         being seen, so the true share of abandoned carts is lower.",
        words::sentence(&measured(orders.without_cart, share))
    ));
    section.say(format!(
        "Sold: {} in all{}.",
        number::money(orders.amount, &orders.base),
        if orders.refunded > Amount::ZERO {
            format!(
                "; {} of it was given back by refunds that name their order",
                number::money(orders.refunded, &orders.base)
            )
        } else {
            String::new()
        }
    ));
    if orders.unconverted > 0 {
        section.say(format!(
            "{} could not be converted for want of an exchange rate and count as nothing in this sum.",
            number::counted(orders.unconverted, "order")
        ));
    }
    let mut table =
        Table::new("order-totals", "Orders per currency", &["Currency", "#Orders", "#Value"]).csv("orders.totals");
    for total in &orders.totals {
        table.push(vec![
            Cell::text(words::logged(&total.currency)),
            Cell::count(total.orders),
            Cell::number(number::amount(total.value, &total.currency)),
        ]);
    }
    section.tables.push(table);
    section
}
