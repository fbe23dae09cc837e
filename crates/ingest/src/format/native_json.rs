//! JSON lines with the contract's column names.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Sink;
use crate::reject::Reject;
use crate::row::{Field, RawRow};

/// Reads one line.
pub(super) fn record<S: Sink>(line: u64, text: &str, sink: &mut S) {
    match read(text) {
        Ok(mut row) => sink.record(line, text.as_bytes().into(), std::slice::from_mut(&mut row)),
        Err(error) => sink.reject(line, text.as_bytes().into(), Reject::unreadable(error.to_string())),
    }
}

fn read(text: &str) -> Result<RawRow<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let row = deserializer.deserialize_map(RowVisitor)?;
    deserializer.end()?;
    Ok(row)
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = RawRow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the contract's columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut row = RawRow::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match Field::named(&key) {
                Some(field) => {
                    let value = map.next_value::<&'de RawValue>()?;
                    row.set_some(
                        field,
                        scalar(value)
                            .map_err(|()| de::Error::custom(format_args!("`{key}` must be text or a number")))?,
                    );
                }
                None => {
                    map.next_value::<de::IgnoredAny>()?;
                }
            }
        }
        Ok(row)
    }
}

/// The text of a JSON scalar exactly as written, so that a price never passes through a float; `None` for null.
pub(super) fn scalar(value: &RawValue) -> Result<Option<Cow<'_, str>>, ()> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'{' | b'[') | None => Err(()),
        Some(b'"') => {
            let inner = &text[1..text.len() - 1];
            if inner.contains('\\') {
                serde_json::from_str::<String>(text).map(|text| Some(Cow::Owned(text))).map_err(|_| ())
            } else {
                Ok(Some(Cow::Borrowed(inner)))
            }
        }
        Some(_) => Ok(Some(Cow::Borrowed(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_they_were_written_with() {
        let row = read(r#"{"unit_price": 12.10, "quantity": "2", "order_value": 1e2, "extra": {"a": [1]}}"#).unwrap();
        assert_eq!(
            [Field::UnitPrice, Field::Quantity, Field::OrderValue].map(|field| row.get(field).unwrap()),
            ["12.10", "2", "1e2"]
        );
    }

    #[test]
    fn null_and_blank_are_no_value_and_escapes_are_undone() {
        let row = read(r#"{"brand": null, "coupon": "  ", "product_name": "Mug \u0026 \"Saucer\""}"#).unwrap();
        assert_eq!((row.get(Field::Brand), row.get(Field::Coupon)), (None, None));
        assert_eq!(row.get(Field::ProductName), Some("Mug & \"Saucer\""));
    }

    #[test]
    fn what_is_no_object_of_scalars_is_refused_with_its_reason() {
        for (text, words) in [
            (r#"{"ts": {"a": 1}}"#, "`ts` must be text or a number"),
            (r#"{"ts": 1"#, "EOF"),
            ("[1]", "invalid type"),
            (r#"{"ts": 1} x"#, "trailing"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
