//! Enriched events as TSV: no header, no quotes, 131 fields, blank for null, entities as JSON in a field.

use std::borrow::Cow;

use serde::Deserialize;

use super::atomic::{Atomic, COLUMNS, Fields};
use super::entity::{Entities, Schema};
use super::{Data, Event, Reject, hand_over};
use crate::format::Sink;
use crate::format::few::Few;

/// Whether a line is an enriched event: as many fields, and a moment where the collector's stands.
pub(in crate::format) fn recognise(line: &str) -> bool {
    line.split('\t').count() == COLUMNS
        && line.split('\t').nth(Atomic::CollectorTstamp as usize).is_some_and(|ts| events::time::parse(ts).is_some())
}

/// Reads one line.
pub(in crate::format) fn record<S: Sink>(line: u64, text: &str, sink: &mut S) {
    hand_over(line, text, read(text), sink);
}

fn read(text: &str) -> Result<Event<'_>, Reject> {
    let count = memchr::memchr_iter(b'\t', text.as_bytes()).count() + 1;
    if count != COLUMNS {
        return Err(Reject::unreadable(format!("{count} fields, where an enriched event has {COLUMNS}")));
    }
    let mut fields = Fields::default();
    for (column, field) in text.split('\t').enumerate() {
        fields.set(column, Cow::Borrowed(field));
    }
    let mut entities = Entities::default();
    for (field, name) in [(Atomic::Contexts, "contexts"), (Atomic::DerivedContexts, "derived_contexts")] {
        if let Some(json) = fields.borrowed(field) {
            let all: Envelope<Few<SelfDescribing<'_>>> = parse(name, json)?;
            all.data.0.into_iter().for_each(|one| add(&mut entities, &one));
        }
    }
    if let Some(json) = fields.borrowed(Atomic::UnstructEvent) {
        let one: Envelope<SelfDescribing<'_>> = parse("unstruct_event", json)?;
        add(&mut entities, &one.data);
    }
    Ok(Event { fields, entities })
}

fn add<'a>(entities: &mut Entities<'a>, one: &SelfDescribing<'a>) {
    if let Some(schema) = Schema::at(&one.schema) {
        entities.add(schema, one.data);
    }
}

fn parse<'a, T: Deserialize<'a>>(name: &str, json: &'a str) -> Result<T, Reject> {
    serde_json::from_str(json).map_err(|error| Reject::unreadable(format!("`{name}`: {error}")))
}

/// The object around one or several; its own schema says only that.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct SelfDescribing<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}
