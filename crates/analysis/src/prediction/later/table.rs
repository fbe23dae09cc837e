//! Carts not bought within the window as Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};

use super::behaviour::Behaviour;
use super::{BY_DAYS, Later};
use crate::Error;
use crate::encode::{self, flags, floats, moments, texts, words};
use crate::schema::LATER;

/// Writes the table below `generation`, also where it is empty.
pub(crate) fn write(later: &Later, generation: &Path) -> Result<(), Error> {
    let rows = &later.rows;
    let mut columns: Vec<ArrayRef> = vec![
        texts(rows.iter().map(|row| Some(row.cart_id.as_str()))),
        moments(rows.iter().map(|row| Some(row.window_end))),
    ];
    columns.extend((0..Behaviour::ALL.len()).map(|at| flags(rows.iter().map(|row| row.seen[at]))));
    columns.extend([
        words(rows.iter().map(|row| row.segment.as_deref())),
        words(rows.iter().map(|row| row.device.as_deref())),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| i32::from(row.value_third)))),
    ]);
    columns.extend((0..BY_DAYS.len()).map(|at| floats(rows.iter().map(|row| row.by[at]))));
    columns
        .extend([floats(rows.iter().map(|row| Some(row.now))), words(rows.iter().map(|row| Some(row.method.name())))]);
    encode::write(generation, &LATER, rows.len(), &[], columns)
}
