//! carts, orders → persons with their totals, over all time.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use carts::columns::Text;
use chrono::Days;
use events::money::Rates;
use events::parquet_io::Reader;
use events::{Amount, lake, time};

use super::Customer;
use crate::{Error, Settings, Tables};

/// Days before that of `as_of` whose orders rank a person.
const RANKED_DAYS: u64 = 365;

/// A cart that was open within the span.
#[derive(Clone, Debug)]
pub(crate) struct PastCart {
    pub(crate) cart_id: Box<str>,
    pub(crate) person: u32,
    pub(crate) opened_at: i64,
    pub(crate) last_activity_at: i64,
    pub(crate) purchased_at: Option<i64>,
    pub(crate) expired: bool,
    pub(crate) emptied: bool,
    pub(crate) outcome: Box<str>,
    pub(crate) furthest_step: Box<str>,
    pub(crate) errors: u64,
    pub(crate) last_error_code: Option<Box<str>>,
    /// Content at the window, or now where it is pending, in `currency`.
    pub(crate) value: Amount,
    pub(crate) currency: Option<Box<str>>,
    pub(crate) items: u64,
    pub(crate) payment_method: Option<Box<str>>,
    pub(crate) segment: Box<str>,
    pub(crate) top1: bool,
}

/// What carts and orders tell.
#[derive(Default)]
pub(super) struct Past {
    /// Persons by `person_id`.
    pub(super) index: HashMap<Box<str>, u32>,
    pub(super) rows: Vec<Customer>,
    pub(super) carts: Vec<PastCart>,
    pub(super) orders: Vec<(u32, i64)>,
    /// The last order's id of persons without an account: the shop knows them by nothing else.
    pub(super) order_ids: HashMap<u32, (i64, Box<str>)>,
    /// The channel of each order that has one.
    pub(super) order_channels: Vec<(u32, String)>,
    /// Currencies of abandoned carts.
    pub(super) currencies: BTreeSet<String>,
    /// Visitors of carts whose person is an account.
    pub(super) pairs: Vec<(Box<str>, Box<str>)>,
}

impl Past {
    fn person(&mut self, id: &str) -> u32 {
        if let Some(at) = self.index.get(id) {
            return *at;
        }
        let at = u32::try_from(self.rows.len()).expect("fewer than four billion persons");
        self.index.insert(id.into(), at);
        self.rows.push(Customer { person_id: id.to_owned(), segment: "new".to_owned(), ..Customer::default() });
        at
    }
}

pub(super) fn read(tables: &Tables, settings: &Settings, since: i64) -> Result<Past, Error> {
    let mut past = Past::default();
    each(&tables.carts, &CARTS, |batch| carts(&mut past, batch, settings, since))?;
    past.pairs.sort_unstable();
    past.pairs.dedup();
    let mut ranked = Ranking::new(settings);
    each(&tables.orders, &ORDERS, |batch| orders(&mut past, batch, &mut ranked))?;
    ranked.place(&mut past.rows, settings);
    Ok(past)
}

fn each(
    folder: &Path,
    columns: &[&str],
    mut take: impl FnMut(&RecordBatch) -> Result<(), carts::columns::Error>,
) -> Result<(), Error> {
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, columns)? {
            take(&batch?).map_err(|source| Error::Query {
                what: "the customers",
                source: format!("{}: {source}", file.display()).into(),
            })?;
        }
    }
    Ok(())
}

fn column<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> PrimitiveArray<T> {
    batch.column_by_name(name).expect("asked for").as_primitive::<T>().clone()
}

fn value<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

/// In the base currency; nothing where there is no rate.
pub(crate) fn convert(rates: &Rates, amount: Amount, currency: Option<&str>) -> Option<Amount> {
    rates.convert(amount, currency.unwrap_or_else(|| rates.base()), rates.base())
}

const CARTS: [&str; 20] = [
    "cart_id",
    "person_id",
    "visitor_id",
    "opened_at",
    "last_activity_at",
    "purchased_at",
    "expired_at",
    "emptied",
    "outcome",
    "recovered",
    "furthest_step",
    "errors",
    "last_error_code",
    "value",
    "value_at_window",
    "currency",
    "items",
    "payment_method",
    "segment",
    "top1",
];

fn carts(past: &mut Past, batch: &RecordBatch, settings: &Settings, since: i64) -> Result<(), carts::columns::Error> {
    let text = |name: &str| Text::of(batch, name);
    let moment = |name: &str| column::<TimestampMicrosecondType>(batch, name);
    let flag = |name: &str| batch.column_by_name(name).expect("asked for").as_boolean().clone();
    let (ids, persons, visitors) = (text("cart_id")?, text("person_id")?, text("visitor_id")?);
    let (outcomes, steps, codes) = (text("outcome")?, text("furthest_step")?, text("last_error_code")?);
    let (currencies, segments) = (text("currency")?, text("segment")?);
    let payments = text("payment_method")?;
    let [opened, last, bought, expired] = ["opened_at", "last_activity_at", "purchased_at", "expired_at"].map(moment);
    let [emptied, recovered, top1] = ["emptied", "recovered", "top1"].map(flag);
    let [errors, items] = ["errors", "items"].map(|name| column::<Int64Type>(batch, name));
    let [values, at_window] = ["value", "value_at_window"].map(|name| column::<Decimal128Type>(batch, name));
    let owned = |text: Option<&str>| text.map(Box::from);
    for row in 0..batch.num_rows() {
        let person = persons.get(row).unwrap_or_default();
        let at = past.person(person);
        if let (Some(customer), Some(visitor)) = (person.strip_prefix("c:"), visitors.get(row)) {
            past.pairs.push((visitor.into(), customer.into()));
        }
        let met = errors.value(row).max(0).unsigned_abs();
        let amount = Amount(value(&at_window, row).unwrap_or_else(|| values.value(row)));
        let known = &mut past.rows[at as usize];
        known.carts += 1;
        known.errors += met;
        known.last_seen_at = known.last_seen_at.max(Some(last.value(row)));
        match outcomes.get(row) {
            Some("purchased") => known.purchased += 1,
            Some("abandoned") => {
                known.abandoned += 1;
                if let Some(currency) = currencies.get(row).filter(|currency| !past.currencies.contains(*currency)) {
                    past.currencies.insert(currency.to_owned());
                }
                if recovered.value(row) {
                    known.recovered += 1;
                } else {
                    known.lost_value += convert(&settings.rates, amount, currencies.get(row)).unwrap_or_default();
                }
            }
            _ => known.pending += 1,
        }
        if last.value(row) < since {
            continue;
        }
        past.carts.push(PastCart {
            cart_id: ids.get(row).unwrap_or_default().into(),
            person: at,
            opened_at: opened.value(row),
            last_activity_at: last.value(row),
            purchased_at: value(&bought, row),
            expired: expired.is_valid(row),
            emptied: emptied.value(row),
            outcome: outcomes.get(row).unwrap_or_default().into(),
            furthest_step: steps.get(row).unwrap_or_default().into(),
            errors: met,
            last_error_code: owned(codes.get(row)),
            value: amount,
            currency: owned(currencies.get(row)),
            items: items.value(row).max(0).unsigned_abs(),
            payment_method: owned(payments.get(row)),
            segment: segments.get(row).unwrap_or_default().into(),
            top1: top1.value(row),
        });
    }
    Ok(())
}

const ORDERS: [&str; 6] = ["person_id", "order_id", "ordered_at", "amount", "refunded", "channel"];

fn orders(past: &mut Past, batch: &RecordBatch, ranked: &mut Ranking) -> Result<(), carts::columns::Error> {
    let [persons, ids, channels] = ["person_id", "order_id", "channel"].map(|name| Text::of(batch, name));
    let (persons, ids, channels) = (persons?, ids?, channels?);
    let ordered = column::<TimestampMicrosecondType>(batch, "ordered_at");
    let [amounts, refunds] = ["amount", "refunded"].map(|name| column::<Decimal128Type>(batch, name));
    for row in 0..batch.num_rows() {
        let at = past.person(persons.get(row).unwrap_or_default());
        let (moment, amount) = (ordered.value(row), Amount(amounts.value(row)) - Amount(refunds.value(row)));
        past.orders.push((at, moment));
        if let (Some(id), true) = (ids.get(row), persons.get(row).is_some_and(|person| person.starts_with("v:"))) {
            let last = past.order_ids.entry(at).or_insert_with(|| (moment, id.into()));
            if last.0 < moment {
                *last = (moment, id.into());
            }
        }
        past.order_channels.extend(channels.get(row).map(|channel| (at, channel.to_owned())));
        let known = &mut past.rows[at as usize];
        known.orders += 1;
        known.spend += amount;
        known.last_order_at = known.last_order_at.max(Some(moment));
        known.last_seen_at = known.last_seen_at.max(Some(moment));
        if ranked.counts(moment) {
            known.frequency += 1;
            *ranked.spend.entry(at).or_default() += amount;
        }
        if moment < ranked.until {
            ranked.before.push(at);
        }
    }
    Ok(())
}

/// Who spent most in the 365 days before the day of `as_of`.
struct Ranking {
    from: i64,
    until: i64,
    spend: HashMap<u32, Amount>,
    /// Persons with an order before the day of `as_of`.
    before: Vec<u32>,
}

impl Ranking {
    fn new(settings: &Settings) -> Self {
        let today = time::local_date(settings.as_of, settings.zone);
        let first = today.checked_sub_days(Days::new(RANKED_DAYS)).unwrap_or(today);
        Self {
            from: time::start_of_day(first, settings.zone),
            until: time::start_of_day(today, settings.zone),
            spend: HashMap::new(),
            before: Vec::new(),
        }
    }

    const fn counts(&self, moment: i64) -> bool {
        self.from <= moment && moment < self.until
    }

    fn place(self, rows: &mut [Customer], settings: &Settings) {
        for person in &self.before {
            "lapsed".clone_into(&mut rows[*person as usize].segment);
        }
        let mut ranked: Vec<(u32, Amount)> = self.spend.into_iter().collect();
        let name = |person: u32, rows: &[Customer]| rows[person as usize].person_id.clone();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| name(a.0, rows).cmp(&name(b.0, rows))));
        let n = ranked.len();
        for (rank, (person, _)) in ranked.into_iter().enumerate() {
            let row = &mut rows[person as usize];
            row.segment = format!("d{}", 1 + 10 * rank / n);
            row.top1 = 100 * rank < n;
        }
        let today = time::local_date(settings.as_of, settings.zone);
        for row in rows {
            row.recency = row.last_order_at.map(|at| (today - time::local_date(at, settings.zone)).num_days());
        }
    }
}
