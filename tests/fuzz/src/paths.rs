//! Dotted paths into JSON, as mappings have them, beside a plain walk over the parsed document.

use ingest::trial::{Found, find_in_json};
use ingest::{Format, Wanted};
use serde_json::Value;

use crate::config::parsed;
use crate::reader::Reader;

/// A path, a line feed and JSON. Or, behind a `!`, keys of a mapping, `---` on a line, and a file that is read by it.
pub fn paths(data: &[u8]) {
    if let Some(data) = data.strip_prefix(b"!") {
        return read_by(data);
    }
    let Some((path, json)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    let found = find_in_json(json, path);
    let Ok(document) = serde_json::from_str::<Value>(json) else { return };
    if depth(&document) > DEEPEST {
        return;
    }
    let found = found.expect("a document is read whole");
    // Where a text might hold JSON that the two do not read alike, the walk does not know.
    let Ok(wanted) = walk(&document, path) else { return };
    assert!(agree(found.as_ref(), wanted.as_ref()), "{path:?}: {found:?} instead of {wanted:?}");
}

/// Objects nested more deeply are refused by mappings, which is theirs to test.
const DEEPEST: usize = 60;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

struct Unknown;

/// What lies at a path: of an object's members the one with the longest name that leads anywhere; of a list's elements
/// the one of this number; in a text what it holds as JSON.
fn walk(value: &Value, path: &str) -> Result<Option<Value>, Unknown> {
    if path.is_empty() {
        return Ok(Some(value.clone()));
    }
    match value {
        Value::Object(members) => {
            let dots = path.match_indices('.').map(|(at, _)| at);
            let ends: Vec<usize> = dots.chain([path.len()]).collect();
            for end in ends.into_iter().rev() {
                let rest = path.get(end + 1..).unwrap_or_default();
                if let Some(member) = members.get(&path[..end])
                    && let Some(found) = walk(member, rest)?
                {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        }
        Value::Array(elements) => {
            let (number, rest) = path.split_once('.').unwrap_or((path, ""));
            let element = number.parse().ok().and_then(|number: usize| elements.get(number));
            element.map_or(Ok(None), |element| walk(element, rest))
        }
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            let inner: Value = serde_json::from_str(text).map_err(|_| Unknown)?;
            if depth(&inner) > DEEPEST { Err(Unknown) } else { walk(&inner, path) }
        }
        _ => Ok(None),
    }
}

fn agree(found: Option<&Found>, wanted: Option<&Value>) -> bool {
    let (found, wanted) = match (found, wanted) {
        (None, None) => return true,
        (Some(found), Some(wanted)) => (found, wanted),
        _ => return false,
    };
    match (found, wanted) {
        (Found::Nothing, Value::Null) => true,
        (Found::Text(text), Value::String(wanted)) => text == wanted,
        (Found::Bare(text), Value::Bool(wanted)) => *text == wanted.to_string(),
        (Found::Bare(text), Value::Number(wanted)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|found| found.as_f64() == wanted.as_f64())
        }
        // A name that stands twice counts once for readers of JSON.
        (Found::Object(members), Value::Object(wanted)) => *members >= wanted.len(),
        (Found::List(json), Value::Array(_)) => serde_json::from_str::<Value>(json).is_ok_and(|found| found == *wanted),
        _ => false,
    }
}

fn read_by(data: &[u8]) {
    let Some((keys, file)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once("\n---\n")) else { return };
    let Ok(mapping) = parsed(keys) else { return };
    Reader::new("", Wanted::Only(Format::Mapping), Some(mapping)).check(file.as_bytes());
}
