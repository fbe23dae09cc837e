//! What the rows of the events table tell that footers do not.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Result;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use events::parquet_io::Reader;
use events::{Kind, hash, time};

use super::days::Days;

/// What the rows tell.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) kinds: BTreeMap<Kind, u64>,
    pub(super) days: Days,
    /// Rows that put something into a cart: all of them, those with a price, those with a product.
    pub(super) added: Share,
    pub(super) added_with_product: Share,
    /// Rows of purchases: with an order's id, with an amount.
    pub(super) orders_with_id: Share,
    pub(super) orders_with_amount: Share,
    /// Visitors (of a sample, in a large lake), and those seen on more than one day.
    pub(super) returning: Share,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Share {
    fn count(&mut self, is_part: bool) {
        self.whole += 1;
        self.part += u64::from(is_part);
    }

    /// Between 0 and 1; 0 of nothing is 0.
    pub(super) fn of_one(self) -> f64 {
        if self.whole == 0 { 0.0 } else { self.part as f64 / self.whole as f64 }
    }
}

const COLUMNS: [&str; 8] =
    ["kind", "ts", "source", "unit_price", "order_id", "order_value", "product_id", "product_name"];

/// Reads the events table.
pub(super) fn scan(files: &[PathBuf]) -> Result<Seen> {
    let mut seen = Seen::default();
    for file in files {
        for batch in Reader::open(file, &COLUMNS)? {
            seen.add(&batch?);
        }
    }
    seen.returning = returning(files)?;
    Ok(seen)
}

/// The words of a dictionary column, and which of them each row has.
fn words(batch: &RecordBatch, column: usize) -> (Vec<&str>, &[i32]) {
    let words = batch.column(column).as_dictionary::<Int32Type>();
    let values = words.values().as_string::<i32>();
    ((0..values.len()).map(|at| values.value(at)).collect(), words.keys().values())
}

impl Seen {
    fn add(&mut self, batch: &RecordBatch) {
        let (kinds, kind_of) = words(batch, 0);
        let kinds: Vec<Kind> = kinds.into_iter().map(|name| Kind::parse(name).unwrap_or(Kind::Other)).collect();
        let moments = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let (sources, source_of) = words(batch, 2);
        let has = |column: usize, row: usize| batch.column(column).is_valid(row);
        let mut rows_of: HashMap<(i32, i32), u64> = HashMap::new();
        for row in 0..batch.num_rows() {
            let kind = kinds[usize::try_from(kind_of[row]).unwrap_or(0)];
            *self.kinds.entry(kind).or_default() += 1;
            *rows_of.entry((source_of[row], time::utc_day(moments[row]))).or_default() += 1;
            match kind {
                Kind::AddToCart => {
                    self.added.count(has(3, row));
                    self.added_with_product.count(has(6, row) || has(7, row));
                }
                Kind::Purchase => {
                    self.orders_with_id.count(has(4, row));
                    self.orders_with_amount.count(has(5, row) || has(3, row));
                }
                _ => {}
            }
        }
        #[expect(clippy::iter_over_hash_type, reason = "sums do not depend on the order")]
        for ((source, day), rows) in rows_of {
            let source = sources[usize::try_from(source).unwrap_or(0)].to_owned();
            *self.days.entry(source).or_default().entry(day).or_default() += rows;
        }
    }
}

/// Rows of which visitors are looked at.
const ENOUGH_ROWS: u64 = 2_000_000;

/// Visitors who were seen on more than one day. Whole buckets are looked at until there are rows enough: a visitor is
/// in one bucket, and which one is as good as chance.
fn returning(files: &[PathBuf]) -> Result<Share> {
    let bucket = |file: &Path| {
        let mut parts = file.components().rev().map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.find(|part| part.starts_with("bucket=")).unwrap_or_default()
    };
    let mut buckets: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
    for file in files {
        buckets.entry(bucket(file)).or_default().push(file);
    }
    let (mut share, mut rows) = (Share::default(), 0);
    for files in buckets.values() {
        if rows >= ENOUGH_ROWS {
            break;
        }
        // The day on which each was seen first, and whether there was another.
        let mut visitors: HashMap<u128, (i32, bool)> = HashMap::new();
        for file in files {
            for batch in Reader::open(file, &["ts", "visitor_id"])? {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                let moments = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
                let ids = batch.column(1).as_string::<i32>();
                for (moment, id) in moments.iter().zip(ids) {
                    let Some(id) = id else { continue };
                    let day = time::utc_day(*moment);
                    let entry = visitors.entry(hash::of_bytes(id.as_bytes())).or_insert((day, false));
                    entry.1 |= entry.0 != day;
                }
            }
        }
        share.whole += visitors.len() as u64;
        share.part += visitors.values().filter(|(_, came_back)| *came_back).count() as u64;
    }
    Ok(share)
}
