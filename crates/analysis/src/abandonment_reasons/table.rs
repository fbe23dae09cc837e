//! Reasons as Parquet.

use std::path::Path;

use super::AbandonmentReasons;
use crate::Error;
use crate::encode::{self, floats, texts, words};
use crate::schema::REASONS;

/// Writes the table below `generation`, also where it is empty.
pub(crate) fn write(reasons: &AbandonmentReasons, generation: &Path) -> Result<(), Error> {
    let rows = &reasons.rows;
    let columns = vec![
        texts(rows.iter().map(|row| Some(row.cart_id.as_str()))),
        words(rows.iter().map(|row| Some(row.reason.name()))),
        floats(rows.iter().map(|row| Some(row.confidence))),
        texts(rows.iter().map(|row| Some(row.evidence.as_str()))),
        texts(rows.iter().map(|row| row.barrier.as_deref())),
        floats(rows.iter().map(|row| Some(row.p_later))),
    ];
    encode::write(generation, &REASONS, rows.len(), &[], columns)
}
