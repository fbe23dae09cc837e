//! Enriched events as the Analytics SDKs write them: one JSON object per line, entities as keys of their own.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::atomic::{Atomic, Fields};
use super::entity::{Entities, Schema};
use super::{Data, Event, Reject, hand_over};
use crate::format::Sink;
use crate::format::commerce::{Scalar, number};
use crate::format::few::Few;

/// Whether an object is an enriched event.
pub(in crate::format) fn recognise(object: &serde_json::Map<String, serde_json::Value>) -> bool {
    object.contains_key("event_id") && object.contains_key("collector_tstamp")
}

/// Reads one line.
pub(in crate::format) fn record<S: Sink>(line: u64, text: &str, sink: &mut S) {
    let event = read(text).map_err(|error| Reject::unreadable(error.to_string()));
    hand_over(line, text, event, sink);
}

fn read(text: &str) -> Result<Event<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let event = deserializer.deserialize_map(EventVisitor)?;
    deserializer.end()?;
    Ok(event)
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an enriched event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut event = Event { fields: Fields::default(), entities: Entities::default() };
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if let Some(key) = key.strip_prefix("contexts_") {
                let all: Option<Few<Data<'de>>> = value(&mut map, key)?;
                let all = all.map(|Few(all)| all);
                for (schema, data) in all.into_iter().flatten().filter_map(|data| Some((Schema::keyed(key)?, data))) {
                    event.entities.add(schema, data);
                }
            } else if let Some(key) = key.strip_prefix("unstruct_event_") {
                let one: Option<Data<'de>> = value(&mut map, key)?;
                if let Some((schema, data)) = Schema::keyed(key).zip(one) {
                    event.entities.add(schema, data);
                }
            } else if let Some(field) = Atomic::named(&key) {
                let value: Scalar<'de> = map.next_value()?;
                if let Some(text) = number(value) {
                    event.fields.set(field as usize, text);
                }
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
        }
        Ok(event)
    }
}

/// The value of an entity's key, with the key in the message where it is of another shape.
fn value<'de, A: MapAccess<'de>, T: serde::Deserialize<'de>>(map: &mut A, key: &str) -> Result<T, A::Error> {
    let value = map.next_value::<&'de RawValue>()?;
    serde_json::from_str(value.get()).map_err(|error| de::Error::custom(format_args!("`{key}`: {error}")))
}
