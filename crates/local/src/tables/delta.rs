//! What is different between the rows that the kernel makes of some persons now and those that it made the night before.

use std::collections::HashMap;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::row::{RowConverter, SortField};

use crate::Error;

/// Rows told apart by an id.
pub(super) struct Side<'a> {
    pub(super) rows: &'a RecordBatch,
    /// The column of the id, which no two rows share.
    pub(super) id: &'static str,
    /// Rows of another table that belong to these, by the same column, in their order.
    pub(super) with: Option<&'a RecordBatch>,
}

/// What came and what went; a row that changed did both.
pub(super) struct Delta {
    /// Of the rows now, those that were not there.
    pub(super) came: BooleanArray,
    /// Of the rows then, those that are there no more.
    pub(super) gone: Vec<usize>,
}

impl Delta {
    pub(super) fn between(now: &Side<'_>, then: &Side<'_>) -> Result<Self, Error> {
        if then.rows.num_rows() == 0 {
            return Ok(Self { came: BooleanArray::from(vec![true; now.rows.num_rows()]), gone: Vec::new() });
        }
        let (is, was) = contents(now, then)?;
        let came = ids(now.rows, now.id).map(|id| Some(was.get(id) != is.get(id))).collect();
        let gone = ids(then.rows, then.id).enumerate().filter(|(_, id)| was.get(id) != is.get(id));
        Ok(Self { came, gone: gone.map(|(row, _)| row).collect() })
    }
}

fn ids<'a>(rows: &'a RecordBatch, id: &str) -> impl Iterator<Item = &'a str> {
    rows.column_by_name(id).expect("a column of the table").as_string::<i32>().iter().flatten()
}

/// What a row and all that belongs to it says, as bytes, by its id.
type Contents<'a> = HashMap<&'a str, Vec<u8>>;

fn contents<'a>(now: &Side<'a>, then: &Side<'a>) -> Result<(Contents<'a>, Contents<'a>), Error> {
    let (mut is, mut was) = (Contents::new(), Contents::new());
    add(now.rows, then.rows, now.id, &mut is, &mut was)?;
    if let (Some(now_with), Some(then_with)) = (now.with, then.with) {
        add(now_with, then_with, now.id, &mut is, &mut was)?;
    }
    Ok((is, was))
}

fn add<'a>(
    now: &'a RecordBatch,
    then: &'a RecordBatch,
    id: &str,
    is: &mut Contents<'a>,
    was: &mut Contents<'a>,
) -> Result<(), Error> {
    let fields = now.schema_ref().fields().iter().map(|field| SortField::new(field.data_type().clone()));
    // One converter for both, so that equal rows have equal bytes.
    let converter = RowConverter::new(fields.collect())?;
    for (rows, into) in [(now, is), (then, was)] {
        let bytes = converter.convert_columns(rows.columns())?;
        for (id, row) in ids(rows, id).zip(&bytes) {
            into.entry(id).or_default().extend_from_slice(row.as_ref());
        }
    }
    Ok(())
}
