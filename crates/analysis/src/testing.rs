//! Hand-made tables for tests: carts and orders written to Parquet as the pipeline writes them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::Int32Type;
use events::money::Rates;
use events::parquet_io::Writer;
use events::schema::{Table, Type};
use events::time::{DAY, HOUR, MINUTE};
use events::{Amount, time};

use crate::{Analysis, Settings, Tables, analyze};

/// Noon of the first day of every test: 2026-03-02T12:00:00Z, a Monday.
pub(crate) const NOON: i64 = 1_772_452_800 * time::SECOND;

/// A cart opened at [`NOON`] by a new customer, in which nothing has a price; pending until told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Cart {
    pub(crate) opened_at: i64,
    pub(crate) times: [Option<i64>; 4],
    pub(crate) outcome: &'static str,
    pub(crate) recovered: bool,
    pub(crate) emptied: bool,
    pub(crate) furthest_step: &'static str,
    pub(crate) value: Amount,
    pub(crate) currency: Option<&'static str>,
    pub(crate) device: Option<String>,
    pub(crate) segment: &'static str,
    pub(crate) top1: bool,
}

/// A cart opened this long after [`NOON`].
pub(crate) fn cart(after: i64) -> Cart {
    Cart {
        opened_at: NOON + after,
        times: [None; 4],
        outcome: "pending",
        recovered: false,
        emptied: false,
        furthest_step: "add_to_cart",
        value: Amount::ZERO,
        currency: None,
        device: None,
        segment: "new",
        top1: false,
    }
}

impl Cart {
    /// Not bought within the window.
    pub(crate) fn abandoned(self) -> Self {
        Self { outcome: "abandoned", ..self }
    }

    /// Bought this long after it was opened; within three days unless it has been abandoned before.
    pub(crate) fn bought(mut self, after: i64) -> Self {
        self.times[3] = Some(self.opened_at + after);
        self.furthest_step = "purchase";
        self.recovered = self.outcome == "abandoned";
        if !self.recovered {
            self.outcome = "purchased";
        }
        self
    }

    /// Got as far as this step; `begin_checkout`, `add_shipping_info` and `add_payment_info` came at these minutes.
    pub(crate) fn came_to(mut self, step: &'static str, minutes: [Option<i64>; 3]) -> Self {
        for (time, minutes) in self.times.iter_mut().zip(minutes) {
            *time = minutes.map(|minutes| self.opened_at + minutes * MINUTE);
        }
        Self { furthest_step: step, ..self }
    }

    /// Worth this much, at the window and now.
    pub(crate) fn worth(self, amount: &str, currency: &'static str) -> Self {
        Self { value: Amount::parse(amount).unwrap(), currency: Some(currency), ..self }
    }

    pub(crate) fn on(self, device: &str) -> Self {
        Self { device: Some(device.to_owned()), ..self }
    }

    pub(crate) fn of(self, segment: &'static str) -> Self {
        Self { segment, ..self }
    }
}

/// An order of 1.00 EUR without a cart.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) cart_id: Option<&'static str>,
    pub(crate) total: Option<Amount>,
    pub(crate) lines: Option<Amount>,
    pub(crate) currency: &'static str,
    pub(crate) amount: Amount,
    pub(crate) converted: bool,
    pub(crate) refunded: Amount,
}

pub(crate) fn order() -> Order {
    let one = Amount(10_000);
    Order {
        cart_id: None,
        total: Some(one),
        lines: None,
        currency: "EUR",
        amount: one,
        converted: true,
        refunded: Amount::ZERO,
    }
}

/// As of ten days after [`NOON`], a window of three days, expiry after thirty, Berlin, EUR with GBP at 0.85.
pub(crate) fn settings() -> Settings {
    Settings {
        as_of: NOON + 10 * DAY,
        window: 3 * DAY,
        expiry: 30 * DAY,
        zone: chrono_tz::Europe::Berlin,
        rates: Rates::new("EUR", [("GBP", "0.85")]).unwrap(),
        bots: events::bots::Rules::default(),
        segments: Vec::new(),
    }
}

/// The analysis of these carts, written to Parquet and read again.
pub(crate) fn analysis_of(carts: &[Cart]) -> Analysis {
    analysis_with(carts, &[], &settings())
}

/// The same with orders and other settings. The carts come in two files.
pub(crate) fn analysis_with(carts: &[Cart], orders: &[Order], settings: &Settings) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), carts, orders);
    analyze(&Tables::of(folder.path()), settings).unwrap()
}

/// Writes both tables into `folder`.
pub(crate) fn write(folder: &Path, carts: &[Cart], orders: &[Order]) {
    let (first, second) = carts.split_at(carts.len() / 2);
    write_table(folder, "a", &carts::schema::CARTS, first.len(), |name| cart_column(first, name));
    write_table(folder, "b", &carts::schema::CARTS, second.len(), |name| cart_column(second, name));
    write_table(folder, "a", &carts::schema::ORDERS, orders.len(), |name| order_column(orders, name));
}

/// Columns that `column` does not make are null, or hold a default where null is not allowed.
fn write_table(folder: &Path, file: &str, table: &Table, rows: usize, column: impl Fn(&str) -> Option<ArrayRef>) {
    let columns = table.columns.iter().map(|declared| match column(declared.name) {
        Some(array) => array,
        None if declared.nullable => new_null_array(&declared.ty.arrow(), rows),
        None => default(declared.ty, rows),
    });
    let batch = RecordBatch::try_new(table.schema(), columns.collect()).unwrap();
    let mut writer = Writer::create(&folder.join(table.name).join(file).with_extension("parquet"), table, &[]).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

fn default(ty: Type, rows: usize) -> ArrayRef {
    match ty {
        Type::Text => Arc::new(StringArray::from_iter_values(vec![""; rows])),
        Type::Word => words(vec![Some(""); rows]),
        Type::Moment => moments(vec![Some(NOON); rows]),
        Type::Flag => Arc::new(BooleanArray::from(vec![false; rows])),
        Type::I64 => Arc::new(Int64Array::from(vec![0; rows])),
        Type::Money => money(vec![Some(Amount::ZERO); rows], ty),
        _ => unreachable!("carts and orders require no other type"),
    }
}

fn cart_column(carts: &[Cart], name: &str) -> Option<ArrayRef> {
    let time = |at: usize| moments(carts.iter().map(|cart| cart.times[at]));
    let word = |word: fn(&Cart) -> Option<&str>| words(carts.iter().map(word));
    let flag = |flag: fn(&Cart) -> bool| -> ArrayRef {
        Arc::new(carts.iter().map(|cart| Some(flag(cart))).collect::<BooleanArray>())
    };
    Some(match name {
        "opened_at" => moments(carts.iter().map(|cart| Some(cart.opened_at))),
        "checkout_started_at" => time(0),
        "shipping_info_at" => time(1),
        "payment_info_at" => time(2),
        "purchased_at" => time(3),
        "outcome" => word(|cart| Some(cart.outcome)),
        "recovered" => flag(|cart| cart.recovered),
        "emptied" => flag(|cart| cart.emptied),
        "furthest_step" => word(|cart| Some(cart.furthest_step)),
        "value" => money(carts.iter().map(|cart| Some(cart.value)), Type::Money),
        "value_at_window" => {
            money(carts.iter().map(|cart| (cart.outcome != "pending").then_some(cart.value)), Type::Money)
        }
        "currency" => word(|cart| cart.currency),
        "device" => word(|cart| cart.device.as_deref()),
        "segment" => word(|cart| Some(cart.segment)),
        "top1" => flag(|cart| cart.top1),
        _ => return None,
    })
}

fn order_column(orders: &[Order], name: &str) -> Option<ArrayRef> {
    Some(match name {
        "cart_id" => Arc::new(orders.iter().map(|order| order.cart_id).collect::<StringArray>()),
        "order_value" => money(orders.iter().map(|order| order.total), Type::Price),
        "lines_value" => money(orders.iter().map(|order| order.lines), Type::Money),
        "currency" => words(orders.iter().map(|order| Some(order.currency))),
        "amount" => money(orders.iter().map(|order| Some(order.amount)), Type::Money),
        "converted" => Arc::new(orders.iter().map(|order| Some(order.converted)).collect::<BooleanArray>()),
        "refunded" => money(orders.iter().map(|order| Some(order.refunded)), Type::Money),
        _ => return None,
    })
}

fn words<'a>(words: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(words.into_iter().collect::<DictionaryArray<Int32Type>>())
}

fn moments(moments: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(moments.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn money(amounts: impl IntoIterator<Item = Option<Amount>>, ty: Type) -> ArrayRef {
    let scaled = amounts.into_iter().map(|amount| amount.map(|amount| amount.0)).collect::<Decimal128Array>();
    Arc::new(scaled.with_data_type(ty.arrow()))
}

/// Three hours.
pub(crate) const SOON: i64 = 3 * HOUR;
