//! Who the customers are, by segment.

use analysis::{Analysis, Query};

use super::Section;
use super::table::{Cell, Table};
use crate::{number, words};

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Option<Section> {
    let customers = &analysis.customers;
    if customers.persons == 0 {
        return None;
    }
    let title = format!("{} by what they spent", words::sentence(&number::counted(customers.persons, "customer")));
    let mut section = Section::new("customers", "Customers", title);
    section.defines(&["customer", "segment"]);
    section.asks(queries, &["customers."]);
    section.say(format!(
        "{} of them have an account. Each is a row of the table customers; “leftcart customer ID” tells one person’s story.",
        number::out_of(customers.accounts, customers.persons)
    ));
    let columns =
        ["Segment", "#Persons", "#Orders", "#Spent", "#Carts", "#Abandoned", "#Left and not bought", "#Met an error"];
    let note = format!("Amounts in {}, less refunds. Segments are those of tonight.", words::logged(&customers.base));
    let mut table =
        Table::new("customer-segments", "Customers by segment", &columns).csv("customers.segments").note(note);
    for row in &customers.segments {
        table.push(vec![
            Cell::text(words::segment(&row.segment)),
            Cell::count(row.persons),
            Cell::count(row.orders),
            Cell::number(number::amount(row.spend, &customers.base)),
            Cell::count(row.carts),
            Cell::count(row.abandoned),
            Cell::number(number::amount(row.lost_value, &customers.base)),
            Cell::count(row.met_errors),
        ]);
    }
    section.tables.push(table);
    Some(section)
}
