//! Predictions, backtest and forecasts as Parquet; and the forecasts of earlier nights back.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use events::parquet_io::{self, Reader};
use events::{lake, time};

use super::{BacktestRow, Bounds, CohortForecast, PredictedCart, Prediction};
use super::{later, shelf};
use crate::Error;
use crate::encode::{self, amounts, counts, flags, floats, moments, texts, words};
use crate::schema::{BACKTEST, FORECASTS, PREDICTIONS};

/// Writes the four tables below `generation`, also where they are empty, and the models for the next night.
pub(crate) fn write(prediction: &Prediction, generation: &Path) -> Result<(), Error> {
    encode::write(generation, &PREDICTIONS, prediction.carts.len(), &[], predictions(&prediction.carts))?;
    encode::write(generation, &BACKTEST, prediction.backtest.len(), &[], backtest(&prediction.backtest))?;
    encode::write(generation, &FORECASTS, prediction.forecasts.len(), &[], forecasts(&prediction.forecasts))?;
    later::table::write(&prediction.later, generation)?;
    shelf::write(&prediction.models, generation)
}

fn dates(dates: impl Iterator<Item = NaiveDate>) -> ArrayRef {
    let days = |date: NaiveDate| time::utc_day(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros());
    Arc::new(Date32Array::from_iter_values(dates.map(days)))
}

fn predictions(carts: &[PredictedCart]) -> Vec<ArrayRef> {
    vec![
        texts(carts.iter().map(|cart| Some(cart.cart_id.as_str()))),
        moments(carts.iter().map(|cart| Some(cart.opened_at))),
        floats(carts.iter().map(|cart| Some(cart.age_hours))),
        floats(carts.iter().map(|cart| Some(cart.p_abandon))),
        floats(carts.iter().map(|cart| Some(cart.p_nowcast))),
        words(carts.iter().map(|cart| Some(cart.method.name()))),
        amounts(carts.iter().map(|cart| cart.value)),
        words(carts.iter().map(|cart| cart.currency.as_deref())),
        amounts(carts.iter().map(|cart| cart.expected_loss)),
        words(carts.iter().map(|cart| cart.segment.as_deref())),
        texts(carts.iter().map(|cart| Some(cart.reasons.as_str()))),
    ]
}

fn backtest(rows: &[BacktestRow]) -> Vec<ArrayRef> {
    vec![
        texts(rows.iter().map(|row| Some(row.cart_id.as_str()))),
        floats(rows.iter().map(|row| Some(row.age_hours))),
        dates(rows.iter().map(|row| row.fold)),
        moments(rows.iter().map(|row| Some(row.scored_at))),
        words(rows.iter().map(|row| Some(row.method.name()))),
        floats(rows.iter().map(|row| Some(row.p_abandon))),
        floats(rows.iter().map(|row| Some(row.baselines[0]))),
        floats(rows.iter().map(|row| Some(row.baselines[1]))),
        floats(rows.iter().map(|row| Some(row.baselines[2]))),
        words(rows.iter().map(|row| row.segment.as_deref())),
        words(rows.iter().map(|row| Some(if row.abandoned { "abandoned" } else { "purchased" }))),
    ]
}

fn forecasts(rows: &[CohortForecast]) -> Vec<ArrayRef> {
    vec![
        dates(rows.iter().map(|row| row.day)),
        moments(rows.iter().map(|row| Some(row.made_at))),
        flags(rows.iter().map(|row| row.replayed)),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.age_days))),
        counts(rows.iter().map(|row| row.carts)),
        counts(rows.iter().map(|row| row.open)),
        floats(rows.iter().map(|row| Some(row.expected_rate))),
        floats(rows.iter().map(|row| Some(row.low))),
        floats(rows.iter().map(|row| Some(row.high))),
        floats(rows.iter().map(|row| Some(row.level))),
        floats(rows.iter().map(|row| row.nowcast_rate)),
        floats(rows.iter().map(|row| row.actual_rate)),
        floats(rows.iter().map(|row| row.range_80.map(|ends| ends.low))),
        floats(rows.iter().map(|row| row.range_80.map(|ends| ends.high))),
        floats(rows.iter().map(|row| row.range_95.map(|ends| ends.low))),
        floats(rows.iter().map(|row| row.range_95.map(|ends| ends.high))),
    ]
}

/// Columns that the table had from the beginning.
const FIRST_COLUMNS: usize = 12;

fn known(column: &Float64Array, row: usize) -> Option<f64> {
    column.is_valid(row).then(|| column.value(row))
}

/// The forecasts that earlier nights made, without those that were worked out afterwards.
pub(super) fn read_forecasts(folder: &Path) -> Result<Vec<CohortForecast>, Error> {
    let columns: Vec<&str> = FORECASTS.columns.iter().map(|column| column.name).collect();
    let mut rows = Vec::new();
    for file in lake::parquet_files(folder)? {
        // What an earlier version said is not forgotten because it had one range only.
        let reader = match Reader::open(&file, &columns) {
            Err(parquet_io::Error::Column { .. }) => Reader::open(&file, &columns[..FIRST_COLUMNS])?,
            reader => reader?,
        };
        for batch in reader {
            let batch = batch?;
            let float = |column: usize| batch.column(column).as_primitive::<Float64Type>().clone();
            let ends = |column: usize, row: usize| {
                let end = |column: usize| known(batch.columns().get(column)?.as_primitive::<Float64Type>(), row);
                Some(Bounds { low: end(column)?, high: end(column + 1)? })
            };
            let count = |column: usize, row: usize| {
                u64::try_from(batch.column(column).as_primitive::<Int64Type>().value(row)).unwrap_or(0)
            };
            let days = batch.column(0).as_primitive::<Date32Type>();
            let made = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            let replayed = batch.column(2).as_boolean();
            let ages = batch.column(3).as_primitive::<Int32Type>();
            let [expected, low, high, level, nowcast, actual] = [6, 7, 8, 9, 10, 11].map(float);
            for row in (0..batch.num_rows()).filter(|row| !replayed.value(*row)) {
                rows.push(CohortForecast {
                    day: time::date(days.value(row)),
                    made_at: made.value(row),
                    replayed: false,
                    age_days: ages.value(row),
                    carts: count(4, row),
                    open: count(5, row),
                    expected_rate: expected.value(row),
                    low: low.value(row),
                    high: high.value(row),
                    level: level.value(row),
                    range_80: ends(FIRST_COLUMNS, row),
                    range_95: ends(FIRST_COLUMNS + 2, row),
                    nowcast_rate: known(&nowcast, row),
                    actual_rate: known(&actual, row),
                });
            }
        }
    }
    Ok(rows)
}
