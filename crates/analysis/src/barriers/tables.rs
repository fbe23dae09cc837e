//! Findings as Parquet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use events::parquet_io::{self, Writer};
use events::schema::Table;
use events::{Amount, money};

use super::finding::{Barrier, Barriers, Condition, Level, Nature, Status};
use crate::Error;
use crate::schema::{BARRIER_CARTS, BARRIERS};

/// Writes both tables below `generation`, also where they are empty.
pub(crate) fn write(barriers: &Barriers, as_of: i64, generation: &Path) -> Result<(), Error> {
    write_table(generation, &BARRIERS, barriers.findings.len(), findings(&barriers.findings, as_of))?;
    let (rows, columns) = carts(&barriers.findings);
    write_table(generation, &BARRIER_CARTS, rows, columns)
}

fn write_table(generation: &Path, table: &Table, rows: usize, columns: Vec<ArrayRef>) -> Result<(), Error> {
    let path = generation.join(table.name).join(format!("{}.parquet", table.name));
    let mut writer = Writer::create_for(rows, &path, table, &[])?;
    let batch =
        RecordBatch::try_new(table.schema(), columns).map_err(|source| parquet_io::Error::Arrow { path, source })?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
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
    let texts = |text: &dyn Fn(&Barrier) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(text).collect::<StringArray>())
    };
    let words = |word: &dyn Fn(&Barrier) -> &'static str| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(word(row))).collect::<DictionaryArray<Int32Type>>())
    };
    let moments = |moment: &dyn Fn(&Barrier) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(moment).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let floats = |float: &dyn Fn(&Barrier) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(float)))
    };
    let counts = |count: &dyn Fn(&Barrier) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| count(row).cast_signed())))
    };
    let small = |number: &dyn Fn(&Barrier) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(number)))
    };
    let amounts = |amount: &dyn Fn(&Barrier) -> Option<Amount>| -> ArrayRef {
        let scaled: Decimal128Array = rows.iter().map(|row| amount(row).map(|amount| amount.0)).collect();
        Arc::new(scaled.with_precision_and_scale(money::SUM_PRECISION, money::SCALE).expect("the type of every sum"))
    };
    vec![
        texts(&|row| Some(row.id.clone())),
        small(&|row| i32::try_from(row.rank).unwrap_or(i32::MAX)),
        moments(&|_| Some(as_of)),
        moments(&|row| Some(row.first_seen)),
        words(&|row| level(row.level)),
        words(&|row| status(row.status)),
        words(&|row| nature(row.nature)),
        small(&|row| i32::from(row.rung.number())),
        texts(&|row| Some(place(&row.conditions))),
        texts(&|row| row.error_code.clone()),
        words(&|row| row.step.name()),
        words(&|row| row.next_step.name()),
        moments(&|row| row.onset.map(|onset| onset.at)),
        moments(&|row| row.onset.map(|onset| onset.earliest)),
        moments(&|row| row.onset.map(|onset| onset.latest)),
        moments(&|row| row.end),
        counts(&|row| row.attempts),
        counts(&|row| row.failed),
        floats(&|row| row.rate.point),
        floats(&|row| row.expected_rate),
        floats(&|row| row.excess.point),
        floats(&|row| row.excess.low),
        floats(&|row| row.excess.high),
        counts(&|row| row.carts),
        floats(&|row| row.lost_carts.point),
        amounts(&|row| row.lost.map(|lost| lost.point)),
        amounts(&|row| row.lost.map(|lost| lost.low)),
        amounts(&|row| row.lost.map(|lost| lost.high)),
        floats(&|row| row.q_value),
        floats(&|row| row.z),
        floats(&|row| row.confounding.odds_ratio),
        floats(&|row| row.confounding.odds_ratio_low),
        floats(&|row| row.confounding.odds_ratio_high),
        counts(&|row| row.top_customer_carts.len() as u64),
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
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(pairs.iter().map(|(row, _)| &row.id))),
        Arc::new(StringArray::from_iter_values(pairs.iter().map(|(_, cart)| cart))),
        Arc::new(BooleanArray::from(pairs.iter().map(is_top).collect::<Vec<bool>>())),
        Arc::new(BooleanArray::from(pairs.iter().map(is_shown).collect::<Vec<bool>>())),
    ];
    (pairs.len(), columns)
}
