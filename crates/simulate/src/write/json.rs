//! JSON text as `BigQuery` extracts it: compact, with `<`, `>` and `&` escaped.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// Escapes what `BigQuery` escapes.
struct BigQuery;

impl Formatter for BigQuery {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&']) {
            writer.write_all(&rest.as_bytes()[..at])?;
            writer.write_all(match rest.as_bytes()[at] {
                b'<' => br"\u003c",
                b'>' => br"\u003e",
                _ => br"\u0026",
            })?;
            rest = &rest[at + 1..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Appends a line as `BigQuery` would.
pub(crate) fn extract(value: &impl Serialize, out: &mut Vec<u8>) {
    append(value, &mut Serializer::with_formatter(&mut *out, BigQuery));
    out.push(b'\n');
}

/// Appends a line of plain JSON.
pub(crate) fn line(value: &impl Serialize, out: &mut Vec<u8>) {
    append(value, &mut Serializer::with_formatter(&mut *out, CompactFormatter));
    out.push(b'\n');
}

/// Appends an object for people to read.
pub(crate) fn pretty(value: &impl Serialize, out: &mut Vec<u8>) {
    append(value, &mut Serializer::with_formatter(&mut *out, PrettyFormatter::new()));
    out.push(b'\n');
}

fn append<F: Formatter>(value: &impl Serialize, serializer: &mut Serializer<&mut Vec<u8>, F>) {
    value.serialize(serializer).expect("a buffer takes every byte, and all keys are text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ampersands_are_escaped_only_in_extracts() {
        let mut out = Vec::new();
        extract(&"Mug & <b>", &mut out);
        line(&"Mug & <b>", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\"Mug \\u0026 \\u003cb\\u003e\"\n\"Mug & <b>\"\n");
    }
}
