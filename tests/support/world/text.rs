//! Rows as the lines of a log.

use serde_json::{Number, Value};

use super::Fields;
use super::dice::Dice;

/// A row with this column is written so that its line cannot be read.
pub(super) const BROKEN: &str = "broken";

const COLUMNS: [&str; 26] = [
    "ts",
    "kind",
    "event_id",
    "line",
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
    "release",
    "payment_method",
    "shipping_method",
    "coupon",
    "error_code",
    "nobody_knows",
];

/// CSV with a header; values are quoted where they must be, and sometimes where they need not.
pub(super) fn csv(rows: &[Fields], dice: &mut Dice) -> String {
    let mut text = COLUMNS.join(",");
    for row in rows {
        text.push_str(dice.pick(&["\n", "\n", "\n", "\r\n", "\n\n"]));
        let mut cells = Vec::new();
        for column in COLUMNS {
            let value = row.get(column).map_or("", String::as_str);
            let must = value.contains([',', '"', '\n']);
            cells.push(if must || dice.one_in(9) {
                format!("\"{}\"", value.replace('"', "\"\""))
            } else {
                value.into()
            });
        }
        if row.contains_key(BROKEN) {
            cells.truncate(5);
        }
        text.push_str(&cells.join(","));
    }
    text
}

/// One JSON object per line; numbers are now numbers, now text, and what is absent is now left out, now null.
pub(super) fn ndjson(rows: &[Fields], dice: &mut Dice) -> String {
    let mut text = String::new();
    for row in rows {
        let mut members = Vec::new();
        for column in COLUMNS {
            let number = |value: &str| value.parse::<Number>().ok().filter(|_| column != "ts").map(Value::Number);
            let value = match row.get(column) {
                Some(value) if dice.one_in(2) => number(value).unwrap_or_else(|| value.as_str().into()),
                Some(value) => value.as_str().into(),
                None if dice.one_in(9) => Value::Null,
                None => continue,
            };
            members.push(format!("{}: {value}", Value::from(column)));
        }
        let line = format!("{{{}}}", members.join(", "));
        let cut = if row.contains_key(BROKEN) { line.len() / 2 } else { line.len() };
        text.push_str(line.get(..cut).unwrap_or("["));
        text.push_str(dice.pick(&["\n", "\n", "\n", "\r\n", "\n\n"]));
    }
    text
}
