//! What a file calls its columns: the names of its header or schema, or the keys of its JSON records.
//!
//! Keys are those of a part of the records, the same on every run however many threads there are: the first ones of
//! every chunk. Of names the first by alphabet count, so that keys which are data (an id for each visitor, say) stay few.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use events::lake::{Column, Columns};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::chunk::Chunk;

/// Records of a chunk that are looked at.
const RECORDS: usize = 64;
/// A record longer than this is not looked at.
const LONGEST: usize = 1 << 16;
/// Names of a file that are kept.
const NAMES: usize = 256;
/// Bytes of a name that are kept.
const LONGEST_NAME: usize = 200;

/// The columns that a header or a schema names.
pub(crate) fn of_header(names: &[String]) -> Columns {
    let column = |name: &String| Column { name: shortened(name), records: 0 };
    Columns { records: 0, names: names.iter().take(NAMES).map(column).collect(), absent: Vec::new() }
}

/// Keys of JSON records, with the number of records that have each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    records: u64,
    names: BTreeMap<String, u64>,
}

impl Keys {
    /// Looks at the first records of a chunk.
    pub(crate) fn look_at(&mut self, chunk: &Chunk) {
        let mut looked = 0;
        for record in records(chunk) {
            let Some(text) = (record.len() <= LONGEST).then(|| std::str::from_utf8(record).ok()).flatten() else {
                continue;
            };
            if text.trim().is_empty() {
                continue;
            }
            // What is no object is refused by the parser, and has no keys.
            if let Ok(keys) = serde_json::Deserializer::from_str(text).deserialize_map(KeysOfOne) {
                self.records += 1;
                for key in keys {
                    *self.names.entry(key).or_default() += 1;
                }
            }
            looked += 1;
            if looked == RECORDS {
                break;
            }
        }
        self.limit();
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.records += other.records;
        for (name, records) in other.names {
            *self.names.entry(name).or_default() += records;
        }
        self.limit();
    }

    /// A name that falls out never comes back: those before it only become more.
    fn limit(&mut self) {
        while self.names.len() > NAMES {
            self.names.pop_last();
        }
    }

    /// The keys of a file; `None` where none was seen.
    pub(crate) fn columns(self) -> Option<Columns> {
        let names: Vec<Column> = self.names.into_iter().map(|(name, records)| Column { name, records }).collect();
        (!names.is_empty()).then_some(Columns { records: self.records, names, absent: Vec::new() })
    }
}

/// The columns of the contract none of whose paths begins with a name that the file has.
pub(crate) fn absent(columns: &Columns, wanted: &[Wanted]) -> Vec<String> {
    let is_there = |path: &String| columns.names.iter().any(|column| begins_with(path, &column.name));
    let absent = wanted.iter().filter(|wanted| !wanted.paths.iter().any(is_there));
    absent.map(|wanted| format!("{} (`{}`)", wanted.column, wanted.paths.join("`, `"))).collect()
}

/// A column of the contract, and where a mapping looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) column: &'static str,
    pub(crate) paths: Vec<String>,
}

/// Whether a dotted path is this column, or lies in it.
pub(crate) fn begins_with(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn records(chunk: &Chunk) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    if chunk.ends.is_empty() {
        return Box::new(chunk.bytes.split(|byte| *byte == b'\n'));
    }
    let starts = std::iter::once(0).chain(chunk.ends.iter().copied());
    Box::new(starts.zip(&chunk.ends).map(|(start, end)| &chunk.bytes[start..*end]))
}

/// The beginning of a name, as much as is kept of it.
pub(crate) fn short(name: &str) -> &str {
    let end = (0..=LONGEST_NAME.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

fn shortened(name: &str) -> String {
    short(name).to_owned()
}

struct KeysOfOne;

impl<'de> Visitor<'de> for KeysOfOne {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            keys.push(shortened(&key));
            map.next_value::<IgnoredAny>()?;
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(text: &str) -> Keys {
        let mut keys = Keys::default();
        let bytes = text.as_bytes().to_vec();
        keys.look_at(&Chunk { bytes, first_line: 1, fault: None, ends: Vec::new() });
        keys
    }

    #[test]
    fn keys_are_counted_by_record_and_what_is_no_object_has_none() {
        let columns =
            looked_at("{\"b\":1,\"a\":{\"c\":2},\"a\":3}\n\nnonsense\n[1]\n{\"a\":null}\n").columns().unwrap();
        let names: Vec<(&str, u64)> =
            columns.names.iter().map(|column| (column.name.as_str(), column.records)).collect();
        assert_eq!((columns.records, names), (2, vec![("a", 2), ("b", 1)]));
        assert!(looked_at("nonsense").columns().is_none());
    }

    #[test]
    fn keys_that_are_data_stay_few_and_the_same_in_any_order() {
        let lines: Vec<String> = (0..600).map(|id| format!("{{\"id-{id:03}\":1}}\n")).collect();
        let parts: Vec<Keys> = lines.chunks(50).map(|lines| looked_at(&lines.concat())).collect();
        let merged = |parts: &mut dyn Iterator<Item = &Keys>| {
            let mut all = Keys::default();
            parts.for_each(|keys| all.merge(keys.clone()));
            all.columns().unwrap()
        };
        let forward = merged(&mut parts.iter());
        assert_eq!(forward, merged(&mut parts.iter().rev()));
        assert_eq!((forward.records, forward.names.len()), (600, NAMES));
        assert_eq!(of_header(&["ä".repeat(300)]).names[0].name, "ä".repeat(100));
    }
}
