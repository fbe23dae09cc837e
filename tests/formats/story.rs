//! One shopper, told four ways here, and in every other format in [`super::every`]: a cart of two products, of which one is taken out again, that is bought after a login.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use support::lake::Lake;
use support::table::Row;
use support::tools;
use support::world::micros;

use crate::lake;

/// What was done, when, by whom, with what: moment, kind, customer, and the lines as product, name, pieces and price.
pub(super) type Told =
    (&'static str, &'static str, Option<&'static str>, &'static [(&'static str, &'static str, i64, &'static str)]);

pub(crate) const VISITOR: &str = "77.4102";
const CUP: (&str, &str, i64, &str) = ("CUP-1", "Cup \"XL\", blue", 3, "7.35");
const POT: (&str, &str, i64, &str) = ("POT-9", "Teapot & lid", 1, "49.9");

pub(super) const STORY: [Told; 8] = [
    ("2026-03-28T21:15:00.000417Z", "view_item", None, &[CUP]),
    ("2026-03-28T21:16:07.250000Z", "add_to_cart", None, &[CUP]),
    ("2026-03-28T21:19:30.000001Z", "add_to_cart", None, &[POT]),
    ("2026-03-28T21:19:59.999999Z", "remove_from_cart", None, &[("CUP-1", "Cup \"XL\", blue", 1, "7.35")]),
    ("2026-03-29T06:40:00.123456Z", "begin_checkout", None, &[("CUP-1", "Cup \"XL\", blue", 2, "7.05"), POT]),
    ("2026-03-29T06:41:10.000000Z", "add_shipping_info", Some("u_9"), &[]),
    ("2026-03-29T06:42:00.000000Z", "add_payment_info", Some("u_9"), &[]),
    ("2026-03-29T06:42:45.700007Z", "purchase", Some("u_9"), &[("CUP-1", "Cup \"XL\", blue", 2, "7.05"), POT]),
];

/// The visit of a moment: a new one the next morning.
pub(super) fn session(ts: &str) -> &'static str {
    if ts.starts_with("2026-03-28") { "1774732500" } else { "1774766400" }
}

/// The rows of the story in the contract's columns.
pub(super) fn rows() -> Vec<BTreeMap<&'static str, String>> {
    let mut rows = Vec::new();
    for (number, (ts, kind, customer, items)) in STORY.into_iter().enumerate() {
        let mut head = BTreeMap::from([
            ("event_id", format!("story-{number}")),
            ("ts", ts.to_owned()),
            ("kind", kind.to_owned()),
            ("visitor_id", VISITOR.to_owned()),
            ("session_id", format!("5500.{VISITOR}.{}", session(ts))),
            ("currency", "EUR".to_owned()),
            ("device", "tablet".to_owned()),
            ("os", "Android".to_owned()),
            ("browser", "Firefox".to_owned()),
            ("country", "Austria".to_owned()),
            ("channel", "email".to_owned()),
        ]);
        head.extend(customer.map(|customer| ("customer_id", customer.to_owned())));
        match kind {
            "add_shipping_info" => drop(head.insert("shipping_method", "Express".to_owned())),
            "add_payment_info" => drop(head.insert("payment_method", "PayPal".to_owned())),
            "purchase" => head.extend([("order_id", "T-2002".to_owned()), ("coupon", "SPRING".to_owned())]),
            _ => {}
        }
        for (line, (id, name, pieces, price)) in items.iter().enumerate() {
            let mut row = head.clone();
            row.extend([
                ("line", line.to_string()),
                ("product_id", (*id).to_owned()),
                ("product_name", (*name).to_owned()),
                ("category", "Kitchen".to_owned()),
                ("quantity", pieces.to_string()),
                ("unit_price", (*price).to_owned()),
            ]);
            if kind == "purchase" && line == 0 {
                row.insert("order_value", "66.9".to_owned());
            }
            rows.push(row);
        }
        if items.is_empty() {
            rows.push(head);
        }
    }
    rows
}

const COLUMNS: [&str; 22] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "visitor_id",
    "customer_id",
    "session_id",
    "order_id",
    "product_id",
    "product_name",
    "category",
    "quantity",
    "unit_price",
    "order_value",
    "currency",
    "device",
    "os",
    "browser",
    "country",
    "channel",
    "payment_method",
    "shipping_method",
];

pub(crate) fn csv() -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = format!("{},coupon\n", COLUMNS.join(","));
    for row in rows() {
        let cells = COLUMNS.iter().chain(&["coupon"]).map(|column| row.get(column).map(quoted).unwrap_or_default());
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}

pub(crate) fn ndjson() -> String {
    let lines: Vec<String> = rows().iter().map(|row| serde_json::to_string(row).expect("text")).collect();
    lines.join("\n")
}

/// Parquet whose writer chose types of its own: moments, whole numbers and decimals instead of text.
fn parquet(path: &Path) {
    let rows = rows();
    let texts = |column: &str| rows.iter().map(|row| row.get(column).cloned()).collect::<Vec<_>>();
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for column in COLUMNS.into_iter().chain(["coupon"]) {
        let texts = texts(column).into_iter();
        let array: ArrayRef = match column {
            "ts" => {
                let moments = texts.map(|text| text.map(|text| micros(&text)));
                Arc::new(moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            "line" | "quantity" => {
                let numbers = texts.map(|text| text.map(|text| text.parse::<i64>().expect("a number")));
                Arc::new(numbers.collect::<Int64Array>())
            }
            "unit_price" | "order_value" => {
                let cents = |text: String| {
                    let (whole, part) = text.split_once('.').expect("a point");
                    format!("{whole}{part:0<2}").parse::<i128>().expect("digits")
                };
                let prices = texts.map(|text| text.map(cents)).collect::<Decimal128Array>();
                Arc::new(prices.with_precision_and_scale(10, 2).expect("small prices"))
            }
            _ => Arc::new(texts.collect::<StringArray>()),
        };
        columns.push((column, array));
    }
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).and_then(|()| writer.close()).expect("a Parquet file");
}

/// The export of Google Analytics 4: integers as text, parameters in a list, one line per event.
pub(crate) fn ga4() -> String {
    let text = |key: &str, text: &str| json!({ "key": key, "value": { "string_value": text } });
    let mut lines = String::new();
    for (ts, kind, customer, items) in STORY {
        let mut params = vec![
            json!({ "key": "ga_session_id", "value": { "int_value": session(ts) } }),
            text("currency", "EUR"),
            text("page_location", "https://shop.example/tea?x=1&y=<2>"),
        ];
        let mut event = json!({
            "event_date": ts[..10].replace('-', ""),
            "event_timestamp": micros(ts).to_string(),
            "event_name": kind,
            "user_pseudo_id": VISITOR,
            "stream_id": "5500",
            "platform": "WEB",
            "user_properties": [],
            "device": {
                "category": "tablet", "operating_system": "Android", "mobile_brand_name": "(not set)",
                "web_info": { "browser": "Firefox", "hostname": "shop.example" },
            },
            "geo": { "country": "Austria", "city": "" },
            "traffic_source": { "source": "(direct)", "medium": "(none)", "name": "(direct)" },
            "collected_traffic_source": { "manual_source": "newsletter", "manual_medium": "email" },
        });
        match kind {
            "add_shipping_info" => params.push(text("shipping_tier", "Express")),
            "add_payment_info" => params.push(text("payment_type", "PayPal")),
            "purchase" => {
                params.extend([text("transaction_id", "T-2002"), text("coupon", "SPRING")]);
                event["ecommerce"] = json!({
                    "purchase_revenue": 66.9, "purchase_revenue_in_usd": 72.4, "transaction_id": "T-2002",
                });
            }
            _ => {}
        }
        if let Some(customer) = customer {
            event["user_id"] = customer.into();
        }
        let item = |(id, name, pieces, price): &(&str, &str, i64, &str)| {
            json!({
                "item_id": id, "item_name": name, "item_category": "Kitchen", "item_brand": "(not set)",
                "quantity": pieces.to_string(), "price": price.parse::<f64>().expect("a price"), "coupon": "(not set)",
            })
        };
        event["items"] = items.iter().map(item).collect();
        event["event_params"] = Value::Array(params);
        lines.push_str(&event.to_string().replace('<', "\\u003c").replace('&', "\\u0026"));
        lines.push('\n');
    }
    lines
}

/// The one cart of these logs, without the names that a format gives to events.
fn cart(lake: &Lake, name: &str, format: &str) -> Row {
    let said = lake.json(&["run", name, "--rebuild", "--as-of", "2026-04-10"]);
    assert_eq!(said["ingest"]["files"][0]["format"], format);
    assert_eq!(said["ingest"]["accepted"], rows().len());
    let [cart] = &lake.rows("carts")[..] else { panic!("{name}: one cart") };
    let mut cart = cart.clone();
    assert!(cart.remove("cart_id").is_some() && cart.remove("opening_event_id").is_some());
    cart
}

#[test]
fn a_cart_is_the_same_whichever_way_it_is_told() {
    let lake = lake();
    lake.write("story.csv", csv());
    lake.write("story.ndjson", ndjson());
    parquet(&lake.path().join("story.parquet"));
    lake.write("story-ga4.ndjson", ga4());
    let told = cart(&lake, "story.csv", "native-csv");
    assert_eq!(cart(&lake, "story.ndjson", "native-ndjson"), told);
    assert_eq!(cart(&lake, "story.parquet", "native-parquet"), told);
    assert_eq!(cart(&lake, "story-ga4.ndjson", "ga4"), told);

    for (column, wanted) in [
        ("person_id", "c:u_9"),
        ("visitor_id", VISITOR),
        ("opened_at", "2026-03-28T21:16:07.250000Z"),
        ("checkout_started_at", "2026-03-29T06:40:00.123456Z"),
        ("purchased_at", "2026-03-29T06:42:45.700007Z"),
        ("order_id", "T-2002"),
        ("outcome", "purchased"),
        ("items", "3"),
        ("value", "64.0000"),
        ("peak_value", "71.9500"),
        ("purchased_value", "64.0000"),
        ("left_behind_value", "0.0000"),
        ("currency", "EUR"),
        ("sessions", "2"),
        ("returns", "1"),
        ("channel", "email"),
        ("country", "Austria"),
        ("payment_method", "PayPal"),
        ("shipping_method", "Express"),
        ("coupon", "SPRING"),
        ("top_category", "Kitchen"),
    ] {
        assert_eq!(told[column].as_deref(), Some(wanted), "{column}");
    }
}

#[test]
fn the_cart_of_the_format_s_own_example_is_bought_after_five_minutes() {
    let Some(example) = tools::real_data("../design/examples/ga4_bq_extract.ndjson") else { return };
    let lake = lake();
    let said = lake.json(&["run", &example.display().to_string(), "--as-of", "2026-04-10"]);
    assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["quarantined"]), (&3.into(), &0.into()));
    let [cart] = &lake.rows("carts")[..] else { panic!("one cart") };
    for (column, wanted) in [
        ("person_id", "c:u_77"),
        ("opened_at", "2026-03-11T09:05:12.000123Z"),
        ("checkout_started_at", "2026-03-11T09:06:39.500000Z"),
        ("purchased_at", "2026-03-11T09:10:40.000001Z"),
        ("value_at_window", "25.0000"),
        ("order_id", "T-1001"),
        ("currency", "EUR"),
        ("device", "mobile"),
        ("os", "iOS"),
        ("browser", "Safari"),
    ] {
        assert_eq!(cart[column].as_deref(), Some(wanted), "{column}");
    }
    assert_eq!(lake.rows("orders")[0]["amount"].as_deref(), Some("24.9900"), "the order's own total counts");
}
