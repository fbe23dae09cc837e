//! What the kernel made, by groups of days.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::schema::{CART_ITEMS, ORDERS};
use carts::segments::Spender;
use carts::unranked_carts;
use chrono::NaiveDate;
use chrono_tz::Tz;
use events::exchange::{self, Exchange};
use events::time;

use super::DAY_GROUPS;
use super::segments::position;
use crate::Error;

/// Rows on their way to the tables; what does not fit into memory waits on disk.
pub(crate) struct Made {
    carts: Exchange,
    cart_items: Exchange,
    orders: Exchange,
    /// Whose carts were opened when, on the shop's clock.
    opened: Mutex<Vec<(String, NaiveDate)>>,
    zone: Tz,
}

/// The rows of one day.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) carts: RecordBatch,
    pub(super) cart_items: RecordBatch,
    pub(super) orders: RecordBatch,
}

impl Day {
    pub(super) fn empty() -> Self {
        Self {
            carts: RecordBatch::new_empty(unranked_carts()),
            cart_items: RecordBatch::new_empty(CART_ITEMS.schema()),
            orders: RecordBatch::new_empty(ORDERS.schema()),
        }
    }
}

impl Made {
    pub(crate) fn new(scratch: &Path, memory: usize, zone: Tz) -> Self {
        let exchange = |schema, name| Exchange::new(schema, DAY_GROUPS, scratch, name, memory / 3);
        Self {
            carts: exchange(unranked_carts(), "carts"),
            cart_items: exchange(CART_ITEMS.schema(), "cart_items"),
            orders: exchange(ORDERS.schema(), "orders"),
            opened: Mutex::default(),
            zone,
        }
    }

    /// Takes in what the kernel made of some persons.
    pub(crate) fn add(&self, tables: &carts::Tables) -> Result<(), Error> {
        let opened = moments(&tables.carts, "opened_at");
        let days: Vec<i32> = opened.iter().map(|ts| time::utc_day(*ts)).collect();
        let of_cart = days_by_cart(&tables.carts, &days);
        let ordered: Vec<i32> = moments(&tables.orders, "ordered_at").iter().map(|ts| time::utc_day(*ts)).collect();
        deal(&self.cart_items, &tables.cart_items, &item_days(&tables.cart_items, &of_cart))?;
        deal(&self.carts, &tables.carts, &days)?;
        deal(&self.orders, &tables.orders, &ordered)?;
        let persons = tables.carts.column_by_name("person_id").expect("ours").as_string::<i32>();
        let mut asked: Vec<(String, NaiveDate)> = persons
            .iter()
            .zip(&opened)
            // Who never bought is a new customer on any day.
            .filter(|(person, _)| position(&tables.spenders, person.unwrap_or_default()).is_some())
            .map(|(person, ts)| (person.unwrap_or_default().to_owned(), time::local_date(*ts, self.zone)))
            .collect();
        asked.dedup();
        self.opened.lock().expect("no thread panics while it holds them").extend(asked);
        Ok(())
    }

    /// For whom and which day a segment is wanted, by position among `spenders`.
    pub(super) fn asked(&self, spenders: &[Spender]) -> Vec<(NaiveDate, u32)> {
        let opened = self.opened.lock().expect("no thread panics while it holds them");
        opened.iter().filter_map(|(person, day)| Some((*day, position(spenders, person)?))).collect()
    }

    /// The rows of a group of days, day by day.
    pub(super) fn take(&self, group: u32) -> Result<BTreeMap<i32, Day>, Error> {
        let carts = drain(&self.carts, group)?;
        let items = drain(&self.cart_items, group)?;
        let orders = drain(&self.orders, group)?;
        let cart_days: Vec<i32> = moments(&carts, "opened_at").iter().map(|ts| time::utc_day(*ts)).collect();
        let item_days = item_days(&items, &days_by_cart(&carts, &cart_days));
        let order_days: Vec<i32> = moments(&orders, "ordered_at").iter().map(|ts| time::utc_day(*ts)).collect();
        let mut days: BTreeMap<i32, Day> = BTreeMap::new();
        for (day, part) in split(&carts, &cart_days, |day| day)? {
            days.entry(day).or_insert_with(Day::empty).carts = part;
        }
        for (day, part) in split(&items, &item_days, |day| day)? {
            days.entry(day).or_insert_with(Day::empty).cart_items = part;
        }
        for (day, part) in split(&orders, &order_days, |day| day)? {
            days.entry(day).or_insert_with(Day::empty).orders = part;
        }
        Ok(days)
    }
}

/// The group of a day.
pub(super) fn group(day: i32) -> u32 {
    day.rem_euclid(DAY_GROUPS.cast_signed()).cast_unsigned()
}

fn deal(into: &Exchange, batch: &RecordBatch, days: &[i32]) -> Result<(), Error> {
    for (group, part) in split(batch, days, group)? {
        into.push(group, part)?;
    }
    Ok(())
}

/// A batch in parts, by what `key` makes of the day of each row.
fn split<K: Ord>(batch: &RecordBatch, days: &[i32], key: impl Fn(i32) -> K) -> Result<BTreeMap<K, RecordBatch>, Error> {
    let mut rows: BTreeMap<K, Vec<u32>> = BTreeMap::new();
    for (row, day) in (0..).zip(days) {
        rows.entry(key(*day)).or_default().push(row);
    }
    let parts = rows.into_iter().map(|(key, rows)| Ok((key, take_record_batch(batch, &UInt32Array::from(rows))?)));
    parts.collect()
}

fn drain(exchange: &Exchange, group: u32) -> Result<RecordBatch, Error> {
    let mut batches = Vec::new();
    exchange.drain::<exchange::Error>(group, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    Ok(concat_batches(exchange.schema(), &batches)?)
}

pub(super) fn moments(batch: &RecordBatch, name: &str) -> Vec<i64> {
    batch.column_by_name(name).expect("ours").as_primitive::<TimestampMicrosecondType>().values().to_vec()
}

fn days_by_cart<'a>(carts: &'a RecordBatch, days: &[i32]) -> HashMap<&'a str, i32> {
    let ids = carts.column_by_name("cart_id").expect("ours").as_string::<i32>();
    (0..ids.len()).map(|row| (ids.value(row), days[row])).collect()
}

fn item_days(items: &RecordBatch, of_cart: &HashMap<&str, i32>) -> Vec<i32> {
    let carts = items.column_by_name("cart_id").expect("ours").as_string::<i32>();
    carts.iter().flatten().map(|cart| of_cart[cart]).collect()
}
