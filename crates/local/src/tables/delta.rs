//! What is different between the rows that the kernel makes of some persons now and those that it made the night before.

use std::collections::HashMap;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::row::{RowConverter, SortField};
use events::hash;

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
    /// A hash of what belongs to the rows that came, and to those that are gone, by their ids.
    pub(super) came_with: Hashes,
    pub(super) gone_with: Hashes,
}

pub(super) type Hashes = HashMap<String, u128>;

impl Delta {
    pub(super) fn between(now: &Side<'_>, then: &Side<'_>) -> Result<Self, Error> {
        let (with, had) = match (now.with, then.with) {
            (Some(now_with), Some(then_with)) => contents(now_with, then_with, now.id)?,
            _ => Default::default(),
        };
        let hashes = |ids: &mut dyn Iterator<Item = &str>, of: &Contents<'_>| -> Hashes {
            ids.map(|id| (id.to_owned(), of.get(id).map_or(0, |bytes| hash::of_bytes(bytes)))).collect()
        };
        if then.rows.num_rows() == 0 {
            let came = BooleanArray::from(vec![true; now.rows.num_rows()]);
            let came_with = hashes(&mut ids(now.rows, now.id), &with);
            return Ok(Self { came, gone: Vec::new(), came_with, gone_with: Hashes::new() });
        }
        let (is, was) = contents(now.rows, then.rows, now.id)?;
        let stays = |id: &str| is.get(id) == was.get(id) && with.get(id) == had.get(id);
        let gone = ids(then.rows, then.id).enumerate().filter(|(_, id)| !stays(id));
        Ok(Self {
            came: ids(now.rows, now.id).map(|id| Some(!stays(id))).collect(),
            gone: gone.map(|(row, _)| row).collect(),
            came_with: hashes(&mut ids(now.rows, now.id).filter(|id| !stays(id)), &with),
            gone_with: hashes(&mut ids(then.rows, then.id).filter(|id| !stays(id)), &had),
        })
    }
}

fn ids<'a>(rows: &'a RecordBatch, id: &str) -> impl Iterator<Item = &'a str> {
    rows.column_by_name(id).expect("a column of the table").as_string::<i32>().iter().flatten()
}

/// What rows say, as bytes, by their id: of rows that share one, one after the other.
type Contents<'a> = HashMap<&'a str, Vec<u8>>;

fn contents<'a>(now: &'a RecordBatch, then: &'a RecordBatch, id: &str) -> Result<(Contents<'a>, Contents<'a>), Error> {
    let fields = now.schema_ref().fields().iter().map(|field| SortField::new(field.data_type().clone()));
    // One converter for both, so that equal rows have equal bytes.
    let converter = RowConverter::new(fields.collect())?;
    let of = |rows: &'a RecordBatch| -> Result<Contents<'a>, Error> {
        let mut contents = Contents::new();
        let bytes = converter.convert_columns(rows.columns())?;
        for (id, row) in ids(rows, id).zip(&bytes) {
            contents.entry(id).or_default().extend_from_slice(row.as_ref());
        }
        Ok(contents)
    };
    Ok((of(now)?, of(then)?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn rows(rows: &[(&str, i64)]) -> RecordBatch {
        let ids: StringArray = rows.iter().map(|(id, _)| Some(*id)).collect();
        let values: Int64Array = rows.iter().map(|(_, value)| Some(*value)).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![("id", Arc::new(ids)), ("value", Arc::new(values))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn side<'a>(rows: &'a RecordBatch, with: &'a RecordBatch) -> Side<'a> {
        Side { rows, id: "id", with: Some(with) }
    }

    #[test]
    fn a_cart_that_is_as_it_was_neither_came_nor_went() {
        let (then, now) = (rows(&[("a", 1), ("b", 1), ("c", 1)]), rows(&[("d", 1), ("c", 1), ("b", 2)]));
        let items = rows(&[("a", 7), ("b", 7), ("c", 7), ("d", 7)]);
        let delta = Delta::between(&side(&now, &items), &side(&then, &items)).unwrap();
        assert_eq!(delta.came, BooleanArray::from(vec![true, false, true]));
        assert_eq!(delta.gone, [0, 1]);
    }

    #[test]
    fn a_cart_with_other_items_changed_and_says_so() {
        let carts = rows(&[("a", 1), ("b", 1)]);
        let (then, now) = (rows(&[("a", 7), ("a", 8), ("b", 7)]), rows(&[("a", 7), ("b", 7)]));
        let delta = Delta::between(&side(&carts, &now), &side(&carts, &then)).unwrap();
        assert_eq!(delta.came, BooleanArray::from(vec![true, false]));
        assert_eq!(delta.gone, [0]);
        assert_ne!(delta.came_with["a"], delta.gone_with["a"]);
    }

    #[test]
    fn a_cart_that_changed_hands_has_the_same_items_wherever_the_two_are_compared() {
        let (nothing, items) = (rows(&[]), rows(&[("a", 7), ("a", 8)]));
        let (hers, his) = (rows(&[("a", 1)]), rows(&[("a", 2)]));
        let left = Delta::between(&side(&nothing, &nothing), &side(&hers, &items)).unwrap();
        let arrived = Delta::between(&side(&his, &items), &side(&nothing, &nothing)).unwrap();
        assert_eq!(left.gone_with["a"], arrived.came_with["a"]);
        assert!(left.came_with.is_empty() && arrived.gone_with.is_empty());
    }
}
