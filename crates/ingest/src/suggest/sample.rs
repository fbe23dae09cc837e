//! The first rows of a file as columns, those within JSON included.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Fields;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use crate::format::SEPARATORS;

/// Rows that are looked at.
const ROWS: usize = 500;
/// Objects within objects that are gone into.
const DEPTH: usize = 4;
/// Columns that are kept; a head with more is no table that anybody wrote by hand.
const COLUMNS: usize = 400;

/// Values of each column, as far as the rows looked at have one; by its name, or the path to it.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) columns: BTreeMap<String, Vec<String>>,
    /// The list of objects within a row, if there is one.
    pub(super) items: Option<String>,
}

impl Sample {
    /// `None` where the text is neither lines of JSON objects nor rows with a header of several names.
    pub(super) fn of(text: &str, is_whole: bool) -> Option<Self> {
        // A last line that the head ends in is no line.
        let end = if is_whole { text.len() } else { text.rfind('\n')? };
        let text = &text[..end];
        let first = text.lines().find(|line| !line.trim().is_empty())?;
        let mut sample = Self::default();
        if first.trim_start().starts_with('{') {
            let objects = text.lines().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
            objects.take(ROWS).for_each(|object| sample.object("", &object, DEPTH));
        } else {
            sample.rows(text, separator(first)?);
        }
        (sample.columns.len() > 1).then_some(sample)
    }

    /// `None` where it is no readable Parquet.
    pub(super) fn of_parquet(path: &Path) -> Option<Self> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).ok()?).ok()?;
        let batch = builder.with_batch_size(ROWS).build().ok()?.next()?.ok()?;
        let mut sample = Self::default();
        sample.batch("", &batch.schema_ref().fields, batch.columns(), DEPTH);
        (sample.columns.len() > 1).then_some(sample)
    }

    fn batch(&mut self, within: &str, fields: &Fields, columns: &[ArrayRef], depth: usize) {
        for (field, column) in fields.iter().zip(columns) {
            let path = if within.is_empty() { field.name().clone() } else { format!("{within}.{}", field.name()) };
            if let Some(inner) = column.as_struct_opt().filter(|_| depth > 0) {
                self.batch(&path, inner.fields(), inner.columns(), depth - 1);
            } else if let Ok(shown) = ArrayFormatter::try_new(column, &FormatOptions::default()) {
                self.columns.entry(path.clone()).or_default();
                let values = (0..column.len()).filter(|row| column.is_valid(*row));
                values.for_each(|row| self.push(&path, &shown.value(row).to_string()));
            }
        }
    }

    fn rows(&mut self, text: &str, separator: u8) {
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
        let Ok(header) = reader.headers().cloned() else { return };
        for name in &header {
            self.columns.entry(name.trim().to_owned()).or_default();
        }
        for row in reader.records().take(ROWS).filter_map(Result::ok) {
            for (name, value) in header.iter().zip(&row) {
                match serde_json::from_str::<Map<String, Value>>(value) {
                    Ok(object) if value.starts_with('{') => self.object(name.trim(), &object, DEPTH),
                    _ => self.push(name.trim(), value),
                }
            }
        }
    }

    fn object(&mut self, within: &str, object: &Map<String, Value>, depth: usize) {
        for (key, value) in object {
            let path = if within.is_empty() { key.clone() } else { format!("{within}.{key}") };
            match value {
                Value::Object(inner) if depth > 0 => self.object(&path, inner, depth - 1),
                Value::Array(list) => {
                    if let Some(Value::Object(item)) = list.first()
                        && depth > 0
                        && self.items.as_ref().is_none_or(|items| *items == path)
                    {
                        self.object(&path, item, 0);
                        self.items = Some(path);
                    }
                }
                Value::String(text) => self.push(&path, text),
                Value::Null | Value::Object(_) => {}
                Value::Bool(_) | Value::Number(_) => self.push(&path, &value.to_string()),
            }
        }
    }

    fn push(&mut self, path: &str, value: &str) {
        if path.is_empty() || (self.columns.len() >= COLUMNS && !self.columns.contains_key(path)) {
            return;
        }
        let values = self.columns.entry(path.to_owned()).or_default();
        if !value.trim().is_empty() {
            values.push(value.trim().to_owned());
        }
    }

    pub(super) fn values(&self, path: &str) -> Vec<&str> {
        self.columns.get(path).into_iter().flatten().map(String::as_str).collect()
    }

    /// Whether a column is only there to hold others, which are listed by themselves.
    pub(super) fn holds_others(&self, path: &str) -> bool {
        let within = format!("{path}.");
        self.values(path).is_empty() && self.columns.keys().any(|other| other.starts_with(&within))
    }

    /// Distinct values, the most frequent first.
    pub(super) fn frequent(&self, path: &str) -> Vec<(&str, usize)> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        self.values(path).into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
        counts
    }
}

/// What parts the names of a header; `None` where nothing does.
fn separator(header: &str) -> Option<u8> {
    let count = |separator: &u8| header.bytes().filter(|byte| byte == separator).count();
    SEPARATORS.into_iter().max_by_key(count).filter(|separator| count(separator) > 0)
}
