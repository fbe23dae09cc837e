//! A simulated shop as published tables, with events that can be changed before the tables are made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, DictionaryArray, Float32Array, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt16Array, UInt32Array,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use carts::columns::{Columns, PERSON};
use carts::persons::Links;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use carts::segments::Segment;
use carts::{Rules, reconstruct};
use events::Amount;
use events::money::Rates;
use events::parquet_io::Writer;
use events::schema::{EVENTS, Table, Type};
use events::time::{self, DAY};
use serde_json::{Map, Value};
use simulate::{Config, Format};

use crate::Settings;

/// An event row by column.
pub(super) type EventRow = Map<String, Value>;

/// A shop's events, and how they are judged.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) rows: Vec<EventRow>,
    pub(super) settings: Settings,
}

impl Shop {
    /// So many days of a simulated shop, judged at the end of the last one.
    pub(super) fn simulate(config: &Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { duplicates: 0.0, late: 0.0, broken: 0.0, ..config.clone() };
        simulate::simulate(&config, Format::NativeNdjson, folder.path()).unwrap();
        let files: BTreeSet<PathBuf> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut rows: Vec<EventRow> = Vec::new();
        for file in files.iter().filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(file).unwrap();
            rows.extend(text.lines().map(|line| serde_json::from_str::<EventRow>(line).unwrap()));
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert((text(row, "event_id"), text(row, "line"))));
        let start = time::start_of_day(config.start, chrono_tz::UTC);
        let as_of = start + i64::from(config.days) * DAY - 1;
        Self { rows, settings: settings(as_of) }
    }

    /// A shop in which just this happened; rows are (moment, kind, visitor, customer, product and price).
    pub(super) fn of(rows: &[(i64, &str, &str, &str, &str)], as_of: i64) -> Self {
        let rows = rows.iter().enumerate().map(|(at, (ts, kind, visitor, customer, product))| {
            let value = serde_json::json!({
                "event_id": format!("e{at}"), "ts": time::format(*ts), "kind": kind, "visitor_id": visitor,
                "customer_id": customer, "session_id": format!("{visitor}-{}", ts / (6 * time::HOUR)),
                "product_id": product, "unit_price": "10", "currency": "EUR", "device": "mobile",
            });
            value.as_object().unwrap().clone()
        });
        Self { rows: rows.collect(), settings: settings(as_of) }
    }

    /// The same shop as of an earlier moment; later events stay where they are.
    pub(super) fn as_of(&self, as_of: i64) -> Self {
        Self { rows: self.rows.clone(), settings: settings(as_of) }
    }

    /// Writes the tables of this shop; returns their folder.
    pub(super) fn publish(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut days: BTreeMap<i32, Vec<&EventRow>> = BTreeMap::new();
        for row in &self.rows {
            days.entry(time::utc_day(ts(row))).or_default().push(row);
        }
        for (day, rows) in &days {
            let bucket = folder.path().join(format!("events/day={}/bucket=0/part-0.parquet", time::day_name(*day)));
            write(&bucket, &EVENTS, &batch(rows));
        }
        self.carts(folder.path());
        folder
    }

    /// Carts and orders by the kernel, with persons as known at `as_of`. Segments are not needed here.
    fn carts(&self, folder: &Path) {
        let Settings { as_of, window, expiry, zone, ref rates, .. } = self.settings;
        let rules = Rules { as_of, window, expiry, zone, rates: rates.clone() };
        let known: Vec<&EventRow> = self.rows.iter().filter(|row| ts(row) <= as_of).collect();
        let mut links = Links::default();
        for row in &known {
            if let (Some(visitor), Some(customer)) = (text(row, "visitor_id"), text(row, "customer_id")) {
                links.observe_visitor(&visitor, &customer);
            }
        }
        let ids = |row: &EventRow| ["customer_id", "visitor_id", "session_id"].map(|name| text(row, name));
        for row in &known {
            if let [None, Some(visitor), Some(session)] = ids(row)
                && links.is_shared(&visitor)
            {
                links.want_session(&session);
            }
        }
        for row in &known {
            if let [Some(customer), _, Some(session)] = ids(row) {
                links.observe_session(&session, &customer);
            }
        }
        let persons: Vec<String> = known
            .iter()
            .map(|row| {
                let [customer, visitor, session] = ids(row);
                links.person(customer.as_deref(), visitor.as_deref(), session.as_deref()).unwrap().to_string()
            })
            .collect();
        let events = batch(&known);
        let mut fields = vec![Arc::new(Field::new(PERSON, arrow::datatypes::DataType::Utf8, false))];
        fields.extend(events.schema().fields().iter().cloned());
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(persons))];
        columns.extend(events.columns().iter().cloned());
        let events = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        let tables = reconstruct(&Columns::of(&events).unwrap(), &rules).unwrap();
        let unranked = vec![Segment::New; tables.carts.num_rows()];
        write(&folder.join("carts/part-0.parquet"), &CARTS, &carts::Tables::with_segments(&tables.carts, &unranked));
        write(&folder.join("cart_items/part-0.parquet"), &CART_ITEMS, &tables.cart_items);
        write(&folder.join("orders/part-0.parquet"), &ORDERS, &tables.orders);
    }
}

/// A window of three days, expiry after thirty, UTC and EUR.
pub(super) fn settings(as_of: i64) -> Settings {
    Settings {
        as_of,
        window: 3 * DAY,
        expiry: 30 * DAY,
        zone: chrono_tz::UTC,
        rates: Rates::new("EUR", []).unwrap(),
        bots: events::bots::Rules::default(),
        segments: Vec::new(),
    }
}

/// The moment of a row.
pub(super) fn ts(row: &EventRow) -> i64 {
    time::parse(row["ts"].as_str().unwrap()).unwrap()
}

/// A value as text; `None` where there is none.
pub(super) fn text(row: &EventRow, name: &str) -> Option<String> {
    match row.get(name)? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn batch(rows: &[&EventRow]) -> RecordBatch {
    let columns = EVENTS.columns.iter().map(|column| -> ArrayRef {
        let texts = || rows.iter().map(|row| default(row, column.name));
        match column.ty {
            Type::Text => Arc::new(texts().collect::<StringArray>()),
            Type::Word => {
                let texts: Vec<Option<String>> = texts().collect();
                Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())
            }
            Type::Moment => Arc::new(
                rows.iter().map(|row| Some(ts(row))).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
            ),
            Type::Price => {
                let amounts = texts().map(|text| text.map(|text| Amount::parse(&text).unwrap().0));
                Arc::new(amounts.collect::<Decimal128Array>().with_data_type(column.ty.arrow()))
            }
            Type::U16 => Arc::new(texts().map(|text| text?.parse().ok()).collect::<UInt16Array>()),
            Type::U32 => Arc::new(texts().map(|text| text?.parse().ok()).collect::<UInt32Array>()),
            Type::I32 => Arc::new(texts().map(|text| text?.parse().ok()).collect::<Int32Array>()),
            Type::F32 => Arc::new(texts().map(|text| text?.parse().ok()).collect::<Float32Array>()),
            _ => unreachable!("events hold no other type"),
        }
    });
    RecordBatch::try_new(EVENTS.schema(), columns.collect()).unwrap()
}

fn default(row: &EventRow, name: &str) -> Option<String> {
    text(row, name).or_else(|| match name {
        "source" => Some("shop".to_owned()),
        "line" => Some("0".to_owned()),
        _ => None,
    })
}

fn write(path: &Path, table: &Table, batch: &RecordBatch) {
    let mut writer = Writer::create_for(batch.num_rows(), path, table, &[]).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
}
