//! Customers as Parquet.

use std::path::Path;

use super::{Customer, Customers, Trend};
use crate::Error;
use crate::encode::{amounts, counts, flags, floats, moments, texts, whole, words, write as write_table};
use crate::schema::CUSTOMERS;

pub(crate) fn write(customers: &Customers, generation: &Path) -> Result<(), Error> {
    let rows = &customers.rows;
    let count = |count: fn(&Customer) -> u64| counts(rows.iter().map(count));
    let columns = vec![
        texts(rows.iter().map(|row| Some(row.person_id.as_str()))),
        count(|row| row.orders),
        amounts(rows.iter().map(|row| row.spend)),
        whole(rows.iter().map(|row| row.recency)),
        count(|row| row.frequency),
        words(rows.iter().map(|row| Some(row.segment.as_str()))),
        flags(rows.iter().map(|row| row.top1)),
        moments(rows.iter().map(|row| row.last_order_at)),
        count(|row| row.carts),
        count(|row| row.purchased),
        count(|row| row.abandoned),
        count(|row| row.recovered),
        count(|row| row.pending),
        amounts(rows.iter().map(|row| row.lost_value)),
        count(|row| row.errors),
        texts(rows.iter().map(|row| row.favourite_category.as_deref())),
        words(rows.iter().map(|row| row.channel_of_choice.as_deref())),
        count(|row| row.contacts),
        count(|row| row.support_contacts),
        moments(rows.iter().map(|row| row.last_contact_at)),
        words(rows.iter().map(|row| row.last_contact_channel.as_deref())),
        count(|row| row.ratings),
        floats(rows.iter().map(|row| row.satisfaction)),
        count(|row| row.visits),
        count(|row| row.visits_before),
        words(rows.iter().map(|row| row.trend.map(Trend::name))),
        moments(rows.iter().map(|row| row.last_seen_at)),
        flags(rows.iter().map(|row| row.opted_out)),
    ];
    write_table(generation, &CUSTOMERS, rows.len(), &["person_id"], columns)
}
