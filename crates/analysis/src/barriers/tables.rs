//! Findings as Parquet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};
use events::Amount;

use super::finding::{Barrier, Barriers, Condition, Level, MoneyRange, Nature, Status};
use crate::Error;
use crate::encode::{self, counts, flags, floats, moments, optional_amounts, texts, words};
use crate::schema::{BARRIER_CARTS, BARRIERS};

/// Writes both tables below `generation`, also where they are empty.
pub(crate) fn write(barriers: &Barriers, as_of: i64, generation: &Path) -> Result<(), Error> {
    let rows = &barriers.findings;
    encode::write(generation, &BARRIERS, rows.len(), &[], findings(rows, as_of))?;
    let (rows, columns) = carts(rows);
    encode::write(generation, &BARRIER_CARTS, rows, &[], columns)
}

/// The word of a level in the table.
const fn level(level: Level) -> &'static str {
    match level {
        Level::Alert => "alert",
        Level::Watch => "watch",
    }
}

/// The word of a status in the table.
const fn status(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Open => "open",
        Status::Worse => "worse",
        Status::Resolved => "resolved",
    }
}

/// The word of a nature in the table.
const fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Onset => "onset",
        Nature::Standing => "standing",
    }
}

/// A JSON object of conditions, in the order of their columns.
pub(super) fn place(conditions: &[Condition]) -> String {
    let object: BTreeMap<&str, &str> =
        conditions.iter().map(|condition| (condition.column, condition.value.as_str())).collect();
    serde_json::to_string(&object).expect("text to text")
}

fn findings(rows: &[Barrier], as_of: i64) -> Vec<ArrayRef> {
    let places: Vec<String> = rows.iter().map(|row| place(&row.conditions)).collect();
    let small =
        |number: fn(&Barrier) -> i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(rows.iter().map(number))) };
    let word = |word: fn(&Barrier) -> &'static str| words(rows.iter().map(|row| Some(word(row))));
    let moment = |moment: fn(&Barrier) -> Option<i64>| moments(rows.iter().map(moment));
    let float = |float: fn(&Barrier) -> f64| floats(rows.iter().map(|row| Some(float(row))));
    let count = |count: fn(&Barrier) -> u64| counts(rows.iter().map(count));
    let lost = |end: fn(&MoneyRange) -> Amount| optional_amounts(rows.iter().map(|row| row.lost.as_ref().map(end)));
    vec![
        texts(rows.iter().map(|row| Some(row.id.as_str()))),
        small(|row| i32::try_from(row.rank).unwrap_or(i32::MAX)),
        moments(rows.iter().map(|_| Some(as_of))),
        moment(|row| Some(row.first_seen)),
        word(|row| level(row.level)),
        word(|row| status(row.status)),
        word(|row| nature(row.nature)),
        small(|row| i32::from(row.rung.number())),
        texts(places.iter().map(|place| Some(place.as_str()))),
        texts(rows.iter().map(|row| row.error_code.as_deref())),
        word(|row| row.step.name()),
        word(|row| row.next_step.name()),
        moment(|row| row.onset.map(|onset| onset.at)),
        moment(|row| row.onset.map(|onset| onset.earliest)),
        moment(|row| row.onset.map(|onset| onset.latest)),
        moment(|row| row.end),
        count(|row| row.attempts),
        count(|row| row.failed),
        float(|row| row.rate.point),
        float(|row| row.expected_rate),
        float(|row| row.excess.point),
        float(|row| row.excess.low),
        float(|row| row.excess.high),
        count(|row| row.carts),
        float(|row| row.lost_carts.point),
        lost(|lost| lost.point),
        lost(|lost| lost.low),
        lost(|lost| lost.high),
        float(|row| row.q_value),
        float(|row| row.z),
        float(|row| row.confounding.odds_ratio),
        float(|row| row.confounding.odds_ratio_low),
        float(|row| row.confounding.odds_ratio_high),
        count(|row| row.top_customer_carts.len() as u64),
    ]
}

fn carts(rows: &[Barrier]) -> (usize, Vec<ArrayRef>) {
    let pairs: Vec<(&Barrier, &String)> =
        rows.iter().flat_map(|row| row.cart_ids.iter().map(move |cart| (row, cart))).collect();
    let shown: BTreeSet<(&str, &str)> = rows
        .iter()
        .flat_map(|row| row.journeys.iter().map(|journey| (row.id.as_str(), journey.cart_id.as_str())))
        .collect();
    let is_top = |(row, cart): &(&Barrier, &String)| row.top_customer_carts.binary_search(cart).is_ok();
    let is_shown = |(row, cart): &(&Barrier, &String)| shown.contains(&(row.id.as_str(), cart.as_str()));
    let columns = vec![
        texts(pairs.iter().map(|(row, _)| Some(row.id.as_str()))),
        texts(pairs.iter().map(|(_, cart)| Some(cart.as_str()))),
        flags(pairs.iter().map(is_top)),
        flags(pairs.iter().map(is_shown)),
    ];
    (pairs.len(), columns)
}
