//! A day's files: what is made anew beside what stays.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{SortColumn, cast, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::Int32Type;
use carts::aging;
use carts::columns::Text;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use carts::segments::Segment;
use events::parquet_io::{self, Reader, Writer};
use events::schema::Table;
use events::time;
use rayon::prelude::*;

use super::before::{Before, Known};
use super::made::{Day, group, moments};
use super::segments::Ranked;
use super::{DAY_GROUPS, Tables, file};
use crate::Error;

/// Writes or links the files of all days, a group of days at a time.
pub(super) fn write(tables: &Tables<'_>, known: &HashMap<i32, Known>, ranked: &Ranked<'_>) -> Result<(), Error> {
    (0..DAY_GROUPS).into_par_iter().try_for_each(|number| {
        let mut made = tables.made.take(number)?;
        let days: BTreeSet<i32> =
            made.keys().copied().chain(known.keys().copied().filter(|day| group(*day) == number)).collect();
        for day in days {
            let made = made.remove(&day).unwrap_or_else(Day::empty);
            let nothing = Known::default();
            let known = known.get(&day).unwrap_or(&nothing);
            Writing { tables, ranked, day }.day(&made, known)?;
        }
        Ok(())
    })
}

struct Writing<'a> {
    tables: &'a Tables<'a>,
    ranked: &'a Ranked<'a>,
    day: i32,
}

impl Writing<'_> {
    fn day(&self, made: &Day, known: &Known) -> Result<(), Error> {
        if made.carts.num_rows() == 0 && !known.carts_change && !known.has_moved(self.ranked) {
            self.link(&CARTS)?;
            self.link(&CART_ITEMS)?;
        } else {
            self.carts(made, known)?;
        }
        if made.orders.num_rows() == 0 && !known.orders_change { self.link(&ORDERS) } else { self.orders(&made.orders) }
    }

    fn carts(&self, made: &Day, known: &Known) -> Result<(), Error> {
        let before = self.before(&CARTS)?;
        let mut gone = HashSet::new();
        let mut parts = vec![self.with_segments(&made.carts)?];
        if let Some((before, night)) = &before {
            let (ids, persons) = (Text::of(before, "cart_id")?, Text::of(before, "person_id")?);
            let stays = stays(before.num_rows(), |row| {
                let is_anew = night.is_anew(persons.get(row).unwrap_or_default());
                if is_anew {
                    gone.extend(ids.get(row).map(str::to_owned));
                }
                !is_anew
            });
            let kept = aging::age(&filter_record_batch(before, &stays)?, self.tables.rules)?;
            parts.push(self.with_new_segments(&kept, known)?);
        }
        let carts = sorted(&concat_batches(&CARTS.schema(), &parts)?, &["opened_at", "cart_id"])?;
        self.publish(&CARTS, &carts, before.as_ref().map(|(before, _)| before))?;

        let before = self.before(&CART_ITEMS)?.map(|(before, _)| before);
        let mut parts = vec![made.cart_items.clone()];
        if let Some(before) = &before {
            let ids = Text::of(before, "cart_id")?;
            let stays = stays(before.num_rows(), |row| !gone.contains(ids.get(row).unwrap_or_default()));
            parts.push(filter_record_batch(before, &stays)?);
        }
        let items = in_order_of(&concat_batches(&CART_ITEMS.schema(), &parts)?, &carts)?;
        self.publish(&CART_ITEMS, &items, before.as_ref())
    }

    fn orders(&self, made: &RecordBatch) -> Result<(), Error> {
        let before = self.before(&ORDERS)?;
        let mut parts = vec![made.clone()];
        if let Some((before, night)) = &before {
            let persons = Text::of(before, "person_id")?;
            let stays = stays(before.num_rows(), |row| !night.is_anew(persons.get(row).unwrap_or_default()));
            parts.push(filter_record_batch(before, &stays)?);
        }
        let orders = sorted(&concat_batches(&ORDERS.schema(), &parts)?, &["ordered_at", "order_key"])?;
        self.publish(&ORDERS, &orders, before.as_ref().map(|(before, _)| before))
    }

    /// The rows of the night before, if it has this day.
    fn before(&self, table: &Table) -> Result<Option<(RecordBatch, &Before<'_>)>, Error> {
        let Some(night) = &self.tables.before else { return Ok(None) };
        let path = file(night.generation, table.name, self.day);
        if !path.exists() {
            return Ok(None);
        }
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let batches: Vec<RecordBatch> = Reader::open(&path, &names)?.collect::<Result<_, _>>()?;
        let batches: Vec<RecordBatch> = batches
            .into_iter()
            .map(|batch| RecordBatch::try_new(table.schema(), batch.columns().to_vec()))
            .collect::<Result<_, _>>()?;
        Ok(Some((concat_batches(&table.schema(), &batches)?, night)))
    }

    /// The carts that the kernel made, each with the segment of its person.
    fn with_segments(&self, made: &RecordBatch) -> Result<RecordBatch, Error> {
        let persons = Text::of(made, "person_id")?;
        let opened = moments(made, "opened_at");
        let segments: Vec<Segment> = opened
            .iter()
            .enumerate()
            .map(|(row, opened_at)| {
                let date = time::local_date(*opened_at, self.tables.rules.zone);
                self.ranked.of(persons.get(row).unwrap_or_default(), date)
            })
            .collect();
        Ok(carts::Tables::with_segments(made, &segments))
    }

    /// Carts that stay, with the segments as they are now where that was asked about.
    fn with_new_segments(&self, kept: &RecordBatch, known: &Known) -> Result<RecordBatch, Error> {
        if known.asked.is_empty() {
            return Ok(kept.clone());
        }
        let asked: HashSet<_> = known.asked.iter().copied().collect();
        let (persons, segments) = (Text::of(kept, "person_id")?, Text::of(kept, "segment")?);
        let top1 = kept.column_by_name("top1").expect("a column of carts").as_boolean();
        let now: Vec<(&str, bool)> = moments(kept, "opened_at")
            .into_iter()
            .enumerate()
            .map(|(row, opened_at)| {
                let date = time::local_date(opened_at, self.tables.rules.zone);
                match self.ranked.asked(persons.get(row).unwrap_or_default(), date, &asked) {
                    Some(segment) => (segment.name(), segment.is_top1()),
                    None => (segments.get(row).unwrap_or_default(), top1.value(row)),
                }
            })
            .collect();
        let words: StringArray = now.iter().map(|(segment, _)| Some(*segment)).collect();
        let columns = CARTS.columns.iter().zip(kept.columns()).map(|(column, stored)| {
            Ok(match column.name {
                "segment" => cast(&words, stored.data_type())?,
                "top1" => Arc::new(now.iter().map(|(_, top1)| Some(*top1)).collect::<BooleanArray>()) as ArrayRef,
                _ => stored.clone(),
            })
        });
        Ok(RecordBatch::try_new(CARTS.schema(), columns.collect::<Result<_, Error>>()?)?)
    }

    /// Writes a day's file; where its rows are those of the night before, that file goes on.
    fn publish(&self, table: &Table, rows: &RecordBatch, before: Option<&RecordBatch>) -> Result<(), Error> {
        if before.is_some_and(|before| before.columns() == rows.columns()) {
            return self.link(table);
        }
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let path = file(self.tables.generation, table.name, self.day);
        let mut writer = Writer::create_for(rows.num_rows(), &path, table, &[])?;
        for start in (0..rows.num_rows()).step_by(parquet_io::BATCH_ROWS) {
            writer.write(&rows.slice(start, parquet_io::BATCH_ROWS.min(rows.num_rows() - start)))?;
        }
        writer.finish()?;
        Ok(())
    }

    /// Takes a day's file of the night before over, if there is one.
    fn link(&self, table: &Table) -> Result<(), Error> {
        let Some(night) = &self.tables.before else { return Ok(()) };
        let from = file(night.generation, table.name, self.day);
        if from.exists() { link(&from, &file(self.tables.generation, table.name, self.day)) } else { Ok(()) }
    }
}

fn link(from: &Path, to: &Path) -> Result<(), Error> {
    let io = |source| Error::Link { path: to.to_path_buf(), source };
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    std::fs::hard_link(from, to).map_err(io)
}

fn stays(rows: usize, is_kept: impl FnMut(usize) -> bool) -> BooleanArray {
    (0..rows).map(is_kept).map(Some).collect()
}

fn sorted(batch: &RecordBatch, by: &[&str]) -> Result<RecordBatch, Error> {
    let columns: Vec<SortColumn> = by
        .iter()
        .map(|name| SortColumn { values: batch.column_by_name(name).expect("ours").clone(), options: None })
        .collect();
    Ok(take_record_batch(batch, &lexsort_to_indices(&columns, None)?)?)
}

/// Items in the order of their carts, within a cart line by line.
fn in_order_of(items: &RecordBatch, carts: &RecordBatch) -> Result<RecordBatch, Error> {
    let carts = carts.column_by_name("cart_id").expect("ours").as_string::<i32>();
    let order: HashMap<&str, usize> = carts.iter().flatten().zip(0..).collect();
    let ids = items.column_by_name("cart_id").expect("ours").as_string::<i32>();
    let lines = items.column_by_name("line").expect("ours").as_primitive::<Int32Type>();
    let mut rows: Vec<u32> = (0..u32::try_from(items.num_rows()).expect("a day has fewer items than 2^32")).collect();
    rows.sort_by_cached_key(|row| (order.get(ids.value(*row as usize)), lines.value(*row as usize)));
    Ok(take_record_batch(items, &UInt32Array::from(rows))?)
}
