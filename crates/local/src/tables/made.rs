//! What the kernel made, by groups of places.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Mutex;

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::schema::{CART_ITEMS, ORDERS};
use carts::{Rules, unranked_carts};
use chrono::NaiveDate;
use events::exchange::{self, Exchange};
use events::time;

use super::delta::{Delta, Hashes, Side};
use super::place::{self, DAY_GROUPS, GROUPS, Place, group_of_day};
use super::segments::Spenders;
use crate::Error;

/// Rows on their way to the tables; what does not fit into memory waits on disk.
pub(crate) struct Made<'a> {
    carts: Exchange,
    cart_items: Exchange,
    orders: Exchange,
    gone: Mutex<Gone>,
    /// Whose carts were opened when, on the shop's clock.
    opened: Mutex<Vec<(String, NaiveDate)>>,
    rules: &'a Rules,
}

/// What the tables of the night before have and tonight's have not, or not so: ids of carts by place, keys of orders by
/// the UTC day on which they were placed.
#[derive(Debug, Default)]
pub(super) struct Gone {
    pub(super) carts: HashMap<Place, HashSet<String>>,
    pub(super) orders: HashMap<i32, HashSet<String>>,
    /// What was in the carts that have gone, and what is in those that came; who is somebody else now has both.
    items_then: Hashes,
    items_now: Hashes,
}

impl Gone {
    /// Whether a cart is there again, and has the items that it had.
    pub(super) fn is_back_with_its_items(&self, cart: &str) -> bool {
        self.items_then.get(cart).is_some_and(|then| self.items_now.get(cart) == Some(then))
    }
}

/// Carts of one place with their items.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) carts: RecordBatch,
    pub(super) items: RecordBatch,
}

impl Part {
    /// No cart, of those that have no segment yet.
    pub(super) fn empty() -> Self {
        Self { carts: RecordBatch::new_empty(unranked_carts()), items: RecordBatch::new_empty(CART_ITEMS.schema()) }
    }
}

impl<'a> Made<'a> {
    pub(crate) fn new(scratch: &Path, memory: usize, rules: &'a Rules) -> Self {
        let exchange = |schema, groups, name| Exchange::new(schema, groups, scratch, name, memory / 3);
        Self {
            carts: exchange(unranked_carts(), GROUPS, "carts"),
            cart_items: exchange(CART_ITEMS.schema(), GROUPS, "cart_items"),
            orders: exchange(ORDERS.schema(), DAY_GROUPS, "orders"),
            gone: Mutex::default(),
            opened: Mutex::default(),
            rules,
        }
    }

    /// Takes in what the kernel made of some persons. Of what it makes of the same persons' rows as of the night before,
    /// `then`, only what is different is taken in.
    pub(crate) fn add(&self, now: &carts::Tables, then: Option<(&carts::Tables, &Rules)>) -> Result<(), Error> {
        let changed;
        let now = match then {
            Some((then, rules)) => {
                changed = self.changed(now, then, rules)?;
                &changed
            }
            None => now,
        };
        let places = place::places(&now.carts, self.rules)?;
        let of_cart = by_cart(&now.carts, &places);
        deal(&self.cart_items, &now.cart_items, &of_items(&now.cart_items, &of_cart), Place::group)?;
        deal(&self.carts, &now.carts, &places, Place::group)?;
        deal(&self.orders, &now.orders, &order_days(&now.orders), group_of_day)?;
        let persons = now.carts.column_by_name("person_id").expect("ours").as_string::<i32>();
        let bought =
            |person: &str| now.spenders.binary_search_by(|spender| spender.person.as_str().cmp(person)).is_ok();
        let mut asked: Vec<(String, NaiveDate)> = persons
            .iter()
            .zip(moments(&now.carts, "opened_at"))
            // Who never bought is a new customer on any day.
            .filter(|(person, _)| bought(person.unwrap_or_default()))
            .map(|(person, ts)| (person.unwrap_or_default().to_owned(), time::local_date(ts, self.rules.zone)))
            .collect();
        asked.dedup();
        self.opened.lock().expect("no thread panics while it holds them").extend(asked);
        Ok(())
    }

    /// What is not as it was; notes what has gone. `rules` are those of then.
    fn changed(&self, now: &carts::Tables, then: &carts::Tables, rules: &Rules) -> Result<carts::Tables, Error> {
        let carts = Delta::between(&cart_rows(now), &cart_rows(then))?;
        let orders = Delta::between(&order_rows(now), &order_rows(then))?;
        let mut gone = self.gone.lock().expect("no thread panics while it holds them");
        let (places, ids) = (place::places(&then.carts, rules)?, text(&then.carts, "cart_id"));
        gone.items_then.extend(carts.gone_with);
        gone.items_now.extend(carts.came_with);
        for row in carts.gone {
            gone.carts.entry(places[row]).or_default().insert(ids.value(row).to_owned());
        }
        let (days, keys) = (order_days(&then.orders), text(&then.orders, "order_key"));
        for row in orders.gone {
            gone.orders.entry(days[row]).or_default().insert(keys.value(row).to_owned());
        }
        let came = filter_record_batch(&now.carts, &carts.came)?;
        let cart_items = {
            let ids: HashSet<&str> = text(&came, "cart_id").iter().flatten().collect();
            let of = text(&now.cart_items, "cart_id").iter().map(|cart| cart.map(|cart| ids.contains(cart)));
            filter_record_batch(&now.cart_items, &of.collect::<BooleanArray>())?
        };
        let orders = filter_record_batch(&now.orders, &orders.came)?;
        Ok(carts::Tables {
            carts: came,
            cart_items,
            orders,
            spenders: now.spenders.clone(),
            unconverted: now.unconverted,
        })
    }

    /// What has gone, once the kernel is done with everybody.
    pub(super) fn gone(&self) -> Gone {
        std::mem::take(&mut self.gone.lock().expect("no thread panics while it holds them"))
    }

    /// For whom and which day a segment is wanted, by position among `spenders`.
    pub(super) fn asked(&self, spenders: &Spenders<'_>) -> Vec<(NaiveDate, u32)> {
        let opened = self.opened.lock().expect("no thread panics while it holds them");
        opened.iter().filter_map(|(person, day)| Some((*day, spenders.position(person)?))).collect()
    }

    /// The carts of a group of places, place by place.
    pub(super) fn carts(&self, group: u32) -> Result<BTreeMap<Place, Part>, Error> {
        let (carts, items) = (drain(&self.carts, group)?, drain(&self.cart_items, group)?);
        let places = place::places(&carts, self.rules)?;
        let of_items = of_items(&items, &by_cart(&carts, &places));
        let mut parts: BTreeMap<Place, Part> = BTreeMap::new();
        for (place, carts) in split(&carts, &places, |place| place)? {
            parts.entry(place).or_insert_with(Part::empty).carts = carts;
        }
        for (place, items) in split(&items, &of_items, |place| place)? {
            parts.entry(place).or_insert_with(Part::empty).items = items;
        }
        Ok(parts)
    }

    /// The orders of a group of days, day by day.
    pub(super) fn orders(&self, group: u32) -> Result<BTreeMap<i32, RecordBatch>, Error> {
        let orders = drain(&self.orders, group)?;
        split(&orders, &order_days(&orders), |day| day)
    }
}

fn cart_rows(tables: &carts::Tables) -> Side<'_> {
    Side { rows: &tables.carts, id: "cart_id", with: Some(&tables.cart_items) }
}

fn order_rows(tables: &carts::Tables) -> Side<'_> {
    Side { rows: &tables.orders, id: "order_key", with: None }
}

fn deal<K: Copy>(into: &Exchange, batch: &RecordBatch, keys: &[K], group: impl Fn(K) -> u32) -> Result<(), Error> {
    for (group, part) in split(batch, keys, group)? {
        into.push(group, part)?;
    }
    Ok(())
}

/// A batch in parts, by what `part` makes of the key of each row.
pub(super) fn split<K: Copy, P: Ord>(
    batch: &RecordBatch,
    keys: &[K],
    part: impl Fn(K) -> P,
) -> Result<BTreeMap<P, RecordBatch>, Error> {
    let mut rows: BTreeMap<P, Vec<u32>> = BTreeMap::new();
    for (row, key) in (0..).zip(keys) {
        rows.entry(part(*key)).or_default().push(row);
    }
    let parts = rows.into_iter().map(|(part, rows)| Ok((part, take_record_batch(batch, &UInt32Array::from(rows))?)));
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

pub(super) fn text<'a>(batch: &'a RecordBatch, name: &str) -> &'a arrow::array::StringArray {
    batch.column_by_name(name).expect("ours").as_string::<i32>()
}

fn order_days(orders: &RecordBatch) -> Vec<i32> {
    moments(orders, "ordered_at").into_iter().map(time::utc_day).collect()
}

pub(super) fn by_cart<'a>(carts: &'a RecordBatch, places: &[Place]) -> HashMap<&'a str, Place> {
    text(carts, "cart_id").iter().flatten().zip(places.iter().copied()).collect()
}

pub(super) fn of_items(items: &RecordBatch, of_cart: &HashMap<&str, Place>) -> Vec<Place> {
    text(items, "cart_id").iter().flatten().map(|cart| of_cart[cart]).collect()
}
