//! Values of a record, whatever it was written as.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::format::few::Few;
use crate::format::native_json::scalar;

/// Objects in objects that are looked into. Each level is a call within a call, and a log may hold any number.
const DEEPEST: u8 = 64;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Nothing,
    Text(Cow<'a, str>),
    /// A number or a truth value of a format that has them: exactly its text.
    Bare(Cow<'a, str>),
    /// A moment of a format that has them, in ISO 8601.
    Moment(Cow<'a, str>),
    Object(Vec<(Cow<'a, str>, Self)>),
    /// The JSON text of a list.
    List(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// Reads JSON; numbers keep the digits they were written with.
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        Self::of(serde_json::from_str(json)?, 0)
    }

    fn of(raw: &'a RawValue, depth: u8) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') | None => Self::Nothing,
            Some(b'{') if depth == DEEPEST => {
                return Err(serde::de::Error::custom(format_args!("objects nested more than {DEEPEST} deep")));
            }
            Some(b'{') => {
                Self::Object(serde_json::Deserializer::from_str(text).deserialize_map(Members { depth: depth + 1 })?)
            }
            Some(b'[') => Self::List(text.into()),
            Some(b'"') => match scalar(raw) {
                Ok(text) => text.map_or(Self::Nothing, Self::Text),
                Err(()) => return Err(serde::de::Error::custom("a text with a broken escape")),
            },
            Some(_) => Self::Bare(text.into()),
        })
    }

    /// The value at a dotted path. A member's own name may hold dots; a number counts the elements of a list from 0;
    /// text that is looked into is read as JSON.
    pub(super) fn find<'v>(&'v self, path: &str) -> Option<Value<'v>> {
        if path.is_empty() {
            return Some(self.borrowed());
        }
        match self {
            Self::Object(members) => {
                let mut end = path.len();
                loop {
                    // Of two members with one name the last counts, as for readers of JSON.
                    if let Some((_, value)) = members.iter().rev().find(|(name, _)| *name == path[..end]) {
                        let found = value.find(path.get(end + 1..).unwrap_or_default());
                        if found.is_some() {
                            return found;
                        }
                    }
                    end = path[..end].rfind('.')?;
                }
            }
            Self::Text(text) if text.trim_start().starts_with(['{', '[']) => {
                Some(Value::parse(text).ok()?.find(path)?.into_owned())
            }
            Self::List(_) => {
                let (number, rest) = path.split_once('.').unwrap_or((path, ""));
                let number: usize = number.parse().ok()?;
                Some(self.elements().ok()?.get(number)?.find(rest)?.into_owned())
            }
            _ => None,
        }
    }

    /// The elements of a list, or of text that holds one.
    pub(super) fn elements(&self) -> Result<Vec<Value<'_>>, String> {
        let json = match self {
            Self::List(json) | Self::Text(json) if !json.trim().is_empty() => json,
            Self::Nothing | Self::Text(_) => return Ok(Vec::new()),
            _ => return Err("no list".to_owned()),
        };
        let Few(elements): Few<&RawValue> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        elements.into_iter().map(|raw| Value::of(raw, 0).map_err(|error| error.to_string())).collect()
    }

    fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Nothing => Value::Nothing,
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bare(text) => Value::Bare(Cow::Borrowed(text)),
            Self::Moment(text) => Value::Moment(Cow::Borrowed(text)),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.as_ref().into(), value.borrowed())).collect())
            }
            Self::List(text) => Value::List(Cow::Borrowed(text)),
        }
    }

    fn into_owned<'o>(self) -> Value<'o> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Nothing => Value::Nothing,
            Self::Text(text) => Value::Text(owned(text)),
            Self::Bare(text) => Value::Bare(owned(text)),
            Self::Moment(text) => Value::Moment(owned(text)),
            Self::Object(members) => {
                Value::Object(members.into_iter().map(|(name, value)| (owned(name), value.into_owned())).collect())
            }
            Self::List(text) => Value::List(owned(text)),
        }
    }
}

/// What a JSON text holds at a dotted path, as a mapping looks it up.
///
/// # Errors
/// When it is no JSON, or objects are nested too deeply.
pub fn find_in_json(json: &str, path: &str) -> Result<Option<Found>, String> {
    let value = Value::parse(json).map_err(|error| error.to_string())?;
    Ok(value.find(path).map(|found| match found {
        Value::Nothing => Found::Nothing,
        Value::Text(text) => Found::Text(text.into_owned()),
        Value::Bare(text) | Value::Moment(text) => Found::Bare(text.into_owned()),
        Value::Object(members) => Found::Object(members.len()),
        Value::List(json) => Found::List(json.into_owned()),
    }))
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A null.
    Nothing,
    /// A text.
    Text(String),
    /// A number or a truth value, as it is written.
    Bare(String),
    /// An object of so many members.
    Object(usize),
    /// A list, as it is written.
    List(String),
}

/// The members of an object at this depth.
struct Members {
    depth: u8,
}

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, Value<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let value = map.next_value::<&'de RawValue>()?;
            members.push((name, Value::of(value, self.depth).map_err(serde::de::Error::custom)?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_without_end_are_refused_and_not_followed() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(Value::parse(&nested(64)).is_ok());
        let error = Value::parse(&nested(10_000)).unwrap_err().to_string();
        assert!(error.contains("objects nested more than 64 deep"), "{error}");
        assert!(Value::parse(&format!("{{\"a\":{}}}", "[".repeat(10_000) + &"]".repeat(10_000))).is_ok());
    }

    #[test]
    fn paths_go_into_objects_lists_and_text_that_holds_json() {
        let json =
            r#"{"a":{"b":12.10,"c.d":"x"},"e.f":null,"e":{"f":true},"g":[{"h":1},{"h":2}],"t":"{\"u\":{\"v\":3}}"}"#;
        let value = Value::parse(json).unwrap();
        let bare = |text: &str| Some(Value::Bare(text.to_owned().into()));
        assert_eq!(value.find("a.b"), bare("12.10"));
        assert_eq!(value.find("a.c.d"), Some(Value::Text("x".into())));
        assert_eq!(value.find("e.f"), Some(Value::Nothing), "a whole name goes before its parts");
        assert_eq!(value.find("g.1.h"), bare("2"));
        assert_eq!(value.find("t.u.v"), bare("3"));
        assert_eq!([value.find("a.x"), value.find("g.2"), value.find("a.b.c")], [None, None, None]);
    }
}
