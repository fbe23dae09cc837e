//! The head of a file that no format fits → a first draft of the `[[source]]` table that maps it.
//!
//! ```text
//! head ─ sample ─> columns with values ─ guess ─> what each may be, how moments and numbers are written, kinds ─> TOML
//! ```
//! It is a guess from names and values, for a person to read and mend: what is not clear stands there as a question.

mod guess;
mod sample;

use std::fmt::Write as _;
use std::path::Path;

use crate::format::BYTE_ORDER_MARK;
use crate::source::{self, fill};
use sample::Sample;

/// Bytes of the head that are looked at.
const HEAD: usize = 1 << 18;
/// Names of events that are listed.
const MOST_KINDS: usize = 40;

/// A draft of the table for a file of rows with named columns: CSV with any separator, JSON lines, or Parquet. `None` if the
/// file cannot be read, or is none of these.
#[must_use]
pub fn suggest(path: &Path) -> Option<String> {
    let mut opened = source::open(path).ok()?;
    let mut head = vec![0; HEAD];
    let filled = fill(&mut opened.bytes, &mut head).ok()?;
    head.truncate(filled);
    let sample = if head.starts_with(b"PAR1") {
        Sample::of_parquet(path)?
    } else {
        let text = String::from_utf8_lossy(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head));
        Sample::of(&text, filled < HEAD)?
    };
    Some(draft(path, &sample))
}

fn draft(path: &Path, sample: &Sample) -> String {
    let columns = guess::columns(sample);
    let of = |name: &str| columns.iter().find(|(column, _)| *column == name).map(|(_, path)| path.as_str());
    let mut toml = String::from("[[source]]\nname = \"shop\"\nformat = \"mapping\"\n");
    line(&mut toml, "paths", &[format!("{}/*", path.parent().unwrap_or(Path::new(".")).display())]);
    if let Some(time) = of("ts").and_then(|path| guess::time(&sample.values(path))) {
        match time {
            guess::Time::Known(formats) if formats == ["iso"] => {}
            guess::Time::Known(formats) => line(&mut toml, "time", &formats),
            guess::Time::Unknown(example) => {
                let _ = writeln!(
                    toml,
                    "# time = [\"\"]  # how is {} written? letters as in %d.%m.%Y %H:%M:%S",
                    quoted(&example)
                );
            }
        }
    }
    let prices: Vec<&str> = ["unit_price", "order_value"].iter().filter_map(|name| of(name)).collect();
    let prices: Vec<&str> = prices.into_iter().flat_map(|path| sample.values(path)).collect();
    if guess::has_decimal_comma(&prices) {
        toml.push_str("decimal = \",\"\nthousands = \".\"\n");
    }
    if let Some(items) = &sample.items {
        let _ = writeln!(toml, "items = {}", quoted(items));
    }
    toml.push_str("\n[source.columns]\n");
    for (column, path) in &columns {
        let _ = writeln!(toml, "{column} = {}", quoted(path));
    }
    for (column, question) in guess::NEEDED {
        if !column.split(" or ").any(|name| of(name).is_some()) {
            let _ = writeln!(toml, "# {} = \"\"  # {question}", column.split(" or ").next().unwrap_or(column));
        }
    }
    let is_used = |path: &&String| columns.iter().any(|(_, used)| used == *path);
    let unused: Vec<String> = sample
        .columns
        .keys()
        .filter(|path| !is_used(path) && !sample.holds_others(path))
        .map(|path| quoted(path))
        .collect();
    if !unused.is_empty() {
        let _ = writeln!(toml, "# not used: {}", unused.join(", "));
    }
    if let Some(kind) = of("kind") {
        toml.push_str("\n[source.kinds]\n");
        for (name, count) in sample.frequent(kind).into_iter().take(MOST_KINDS) {
            let _ = match guess::kind(name) {
                Some(kind) => writeln!(toml, "{} = {}", quoted(name), quoted(kind.name())),
                None => writeln!(toml, "# {} = \"\"  # {count} of the rows looked at: which kind is it?", quoted(name)),
            };
        }
    }
    let signs = guess::currency_signs(&prices);
    if !signs.is_empty() && of("currency").is_none() {
        toml.push_str("\n[source.currency_signs]\n");
        for (sign, currency) in signs {
            let _ = writeln!(toml, "{} = {}", quoted(sign), quoted(currency));
        }
    }
    toml
}

fn line(toml: &mut String, key: &str, values: &[impl AsRef<str>]) {
    let values: Vec<String> = values.iter().map(|value| quoted(value.as_ref())).collect();
    let _ = writeln!(toml, "{key} = [{}]", values.join(", "));
}

/// As a string of TOML; one of JSON is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
