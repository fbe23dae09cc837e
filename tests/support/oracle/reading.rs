//! Text to raw rows: NDJSON, CSV and the REES46 variant of CSV, each read one row at a time.

use std::collections::BTreeMap;

/// One row as its file has it: column names and untrimmed text, not yet judged.
#[derive(Debug)]
pub(super) struct RawRow {
    /// The whole row as written; the identity of a row that has no id of its own.
    pub(super) text: String,
    /// What the row says, by column; `None` if it could not be split into columns at all.
    pub(super) fields: Option<BTreeMap<String, String>>,
}

/// One JSON object per line; blank lines are no rows.
pub(super) fn ndjson(text: &str) -> Vec<RawRow> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| RawRow { text: line.to_owned(), fields: json_fields(line) })
        .collect()
}

/// The members of a JSON object as text; a null is as good as absent.
fn json_fields(line: &str) -> Option<BTreeMap<String, String>> {
    let serde_json::Value::Object(members) = serde_json::from_str(line).ok()? else {
        return None;
    };
    let mut fields = BTreeMap::new();
    for (name, value) in members {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => drop(fields.insert(name, text)),
            other => drop(fields.insert(name, other.to_string())),
        }
    }
    Some(fields)
}

/// CSV with a header line; blank lines are no rows, and a row with too few or too many fields is unreadable.
pub(super) fn csv(text: &str) -> Vec<RawRow> {
    let mut records = csv_records(text).into_iter();
    let Some((_, header)) = records.next() else {
        return Vec::new();
    };
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for (text, values) in records {
        let fields = (values.len() == header.len()).then(|| header.iter().cloned().zip(values).collect());
        rows.push(RawRow { text, fields });
    }
    rows
}

/// Splits CSV text as RFC 4180 has it into records: the raw text without its line end, and the values.
fn csv_records(text: &str) -> Vec<(String, Vec<String>)> {
    let mut records = Vec::new();
    let (mut raw, mut values, mut value) = (String::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(character) = characters.next() {
        let ends_line = character == '\n' || (character == '\r' && characters.peek() == Some(&'\n'));
        if quoted {
            raw.push(character);
            match character {
                '"' if characters.peek() == Some(&'"') => {
                    characters.next();
                    raw.push('"');
                    value.push('"');
                }
                '"' => quoted = false,
                _ => value.push(character),
            }
        } else if ends_line {
            if character == '\r' {
                characters.next();
            }
            values.push(std::mem::take(&mut value));
            records.push((std::mem::take(&mut raw), std::mem::take(&mut values)));
        } else {
            raw.push(character);
            match character {
                ',' => values.push(std::mem::take(&mut value)),
                '"' if value.is_empty() => quoted = true,
                _ => value.push(character),
            }
        }
    }
    if !raw.is_empty() {
        values.push(value);
        records.push((raw, values));
    }
    records.retain(|(raw, _)| !raw.trim().is_empty());
    records
}

/// REES46's columns, each with the native column that it becomes.
const REES46_COLUMNS: [(&str, &str); 8] = [
    ("event_time", "ts"),
    ("event_type", "kind"),
    ("product_id", "product_id"),
    ("category_code", "category"),
    ("brand", "brand"),
    ("price", "unit_price"),
    ("user_id", "visitor_id"),
    ("user_session", "session_id"),
];

/// REES46 CSV, renamed to native columns; an event type outside the contract becomes `other`.
pub(super) fn rees46(text: &str) -> Vec<RawRow> {
    let mut rows = csv(text);
    for fields in rows.iter_mut().filter_map(|row| row.fields.as_mut()) {
        let mut native = BTreeMap::new();
        for (theirs, ours) in REES46_COLUMNS {
            if let Some(value) = fields.get(theirs) {
                native.insert(ours.to_owned(), value.trim().to_owned());
            }
        }
        if let Some(ts) = native.get_mut("ts") {
            *ts = ts.strip_suffix(" UTC").unwrap_or(ts).to_owned();
        }
        if let Some(kind) = native.get_mut("kind") {
            let word = match kind.as_str() {
                "view" => "view_item",
                "cart" => "add_to_cart",
                "remove_from_cart" | "purchase" => kind.as_str(),
                _ => "other",
            };
            *kind = word.to_owned();
        }
        *fields = native;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_keeps_quoted_commas_quotes_and_line_ends() {
        let rows = csv("a,b\r\n\"x, \"\"y\"\"\r\nz\",2\r\n\r\n1\n");
        let fields = rows[0].fields.as_ref().expect("the first row has both fields");
        assert_eq!(fields["a"], "x, \"y\"\r\nz");
        assert_eq!(fields["b"], "2");
        assert!(rows[1].fields.is_none());
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn json_that_is_no_object_is_unreadable() {
        let rows = ndjson("{\"a\": null, \"b\": 1.50, \"c\": \"x\"}\n\n[1]\nnonsense\n");
        assert_eq!(rows.len(), 3);
        let fields = rows[0].fields.as_ref().expect("an object");
        assert_eq!(fields.get("a"), None);
        assert_eq!(fields["b"], "1.5");
        assert!(rows[1].fields.is_none() && rows[2].fields.is_none());
    }
}
