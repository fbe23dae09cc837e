//! The carts of a place and their items, from several batches in the order of the file.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use carts::Rules;
use carts::schema::{CART_ITEMS, CARTS};

use super::made::{Part, text};
use super::place::{Place, places};
use crate::Error;

/// A row: the batch, and where in it.
pub(super) type Row = (usize, usize);

/// Batches of carts, and of items of these carts.
pub(super) struct Merge {
    pub(super) carts: Vec<RecordBatch>,
    pub(super) items: Vec<RecordBatch>,
}

/// Where the rows of a merge belong.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Those of the place itself, in order: carts by opening, items by cart and line.
    pub(super) carts: Vec<Row>,
    pub(super) items: Vec<Row>,
    /// Those that belong elsewhere.
    elsewhere: BTreeMap<Place, (Vec<Row>, Vec<Row>)>,
    /// Of the carts that are to go, how many there were.
    pub(super) gone: usize,
}

/// What becomes of a cart.
#[derive(Clone, Copy)]
enum Fate {
    /// It stays, so many carts down the file.
    Stays(usize),
    Moves(Place),
}

impl Merge {
    /// Sorts the rows of `place` without the carts in `gone` that the batches of the night before have; these come first,
    /// and `old` is how many of them are of carts and of items.
    pub(super) fn sort(
        &self,
        place: Place,
        gone: Option<&HashSet<String>>,
        old: (usize, usize),
        rules: &Rules,
    ) -> Result<Sorted, Error> {
        let mut sorted = Sorted::default();
        let mut stay: Vec<(i64, &str, Row)> = Vec::with_capacity(self.carts.iter().map(RecordBatch::num_rows).sum());
        let mut fates: HashMap<&str, Fate> = HashMap::with_capacity(stay.capacity());
        for (batch, carts) in self.carts.iter().enumerate() {
            let opened = carts.column_by_name("opened_at").expect("ours").as_primitive::<TimestampMicrosecondType>();
            let rows = text(carts, "cart_id").iter().flatten().zip(places(carts, rules)?).zip(opened.values());
            for (row, ((id, belongs), opened_at)) in rows.enumerate() {
                if batch < old.0 && gone.is_some_and(|gone| gone.contains(id)) {
                    sorted.gone += 1;
                } else if belongs == place {
                    stay.push((*opened_at, id, (batch, row)));
                } else {
                    sorted.elsewhere.entry(belongs).or_default().0.push((batch, row));
                    fates.insert(id, Fate::Moves(belongs));
                }
            }
        }
        stay.sort_unstable();
        for (at, (_, id, row)) in stay.into_iter().enumerate() {
            fates.insert(id, Fate::Stays(at));
            sorted.carts.push(row);
        }
        self.sort_items(&fates, gone, old.1, &mut sorted);
        Ok(sorted)
    }

    fn sort_items(&self, fates: &HashMap<&str, Fate>, gone: Option<&HashSet<String>>, old: usize, sorted: &mut Sorted) {
        let mut stay: Vec<(usize, i32, Row)> = Vec::with_capacity(self.items.iter().map(RecordBatch::num_rows).sum());
        for (batch, items) in self.items.iter().enumerate() {
            let lines = items.column_by_name("line").expect("ours").as_primitive::<Int32Type>().values();
            // Lines of a cart follow each other.
            let mut last: (&str, Option<Fate>) = ("", None);
            for (row, (cart, line)) in text(items, "cart_id").iter().flatten().zip(lines).enumerate() {
                if last.0 != cart {
                    let is_gone = batch < old && gone.is_some_and(|gone| gone.contains(cart));
                    last = (cart, fates.get(cart).copied().filter(|_| !is_gone));
                }
                match last.1 {
                    Some(Fate::Stays(at)) => stay.push((at, *line, (batch, row))),
                    Some(Fate::Moves(place)) => sorted.elsewhere.entry(place).or_default().1.push((batch, row)),
                    None => {}
                }
            }
        }
        stay.sort_unstable();
        sorted.items = stay.into_iter().map(|(_, _, row)| row).collect();
    }

    /// The carts that belong elsewhere, with their items, by place.
    pub(super) fn elsewhere(&self, sorted: &Sorted) -> Result<BTreeMap<Place, Part>, Error> {
        let part = |(place, (carts, items)): (&Place, &(Vec<Row>, Vec<Row>))| {
            let carts = take(&self.carts, carts, || RecordBatch::new_empty(CARTS.schema()))?;
            let items = take(&self.items, items, || RecordBatch::new_empty(CART_ITEMS.schema()))?;
            Ok((*place, Part { carts, items }))
        };
        sorted.elsewhere.iter().map(part).collect()
    }
}

/// These rows as one batch.
pub(super) fn take(
    batches: &[RecordBatch],
    rows: &[Row],
    nothing: impl FnOnce() -> RecordBatch,
) -> Result<RecordBatch, Error> {
    if rows.is_empty() {
        return Ok(nothing());
    }
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    Ok(interleave_record_batch(&batches, rows)?)
}
