//! What a mapped file is: CSV with whatever stands between its columns, NDJSON, or Parquet.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use arrow::error::ArrowError;
use csv::StringRecord;

use super::value::Value;
use super::{Column, Mapping};
use crate::chunk::{Boundary, Chunk};
use crate::columns::{Wanted, begins_with};
use crate::format::csv_records::{self, Columns};
use crate::format::native_parquet::{Rendering, text};
use crate::format::{Raw, SEPARATORS, Sink, Unrecognised, each_line, excerpt};
use crate::reject::Reject;
use crate::row::Field;

/// Reads the records of a file with a mapping.
#[derive(Debug)]
pub(crate) struct Mapped {
    mapping: Arc<Mapping>,
    shape: Shape,
    unused: Vec<String>,
}

#[derive(Debug)]
enum Shape {
    /// The columns, and of those that the mapping names the place and name.
    Csv(Columns, Vec<(usize, String)>),
    Json,
    Parquet,
}

impl Mapped {
    /// The reader of a file with this head.
    pub(crate) fn new(head: &[u8], mapping: &Arc<Mapping>) -> Result<Self, Unrecognised> {
        let made = |shape, unused| Ok(Self { mapping: mapping.clone(), shape, unused });
        if head.starts_with(b"PAR1") {
            return made(Shape::Parquet, Vec::new());
        }
        let text = String::from_utf8_lossy(head);
        let first = text.lines().find(|line| !line.trim().is_empty()).ok_or(Unrecognised::Empty)?;
        match first.trim_start().as_bytes().first() {
            Some(b'{') => return made(Shape::Json, Vec::new()),
            Some(b'[') => {
                let what = format!("a JSON list; write one object a line instead: {}", excerpt(first));
                return Err(Unrecognised::Mapping(what));
            }
            _ => {}
        }
        // What stands between columns is what makes most of them columns of the mapping.
        let headers = SEPARATORS.iter().filter_map(|separator| {
            let columns = Columns::separated(head, *separator)?;
            let cells = mapping.cells(columns.written());
            Some((cells.len(), columns.written().len(), columns, cells))
        });
        // Of equals the first: max_by_key takes the last.
        let best = headers.reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
        let (_, _, columns, cells) = best.ok_or_else(|| Unrecognised::Mapping(excerpt(first)))?;
        let unused = mapping.judge(columns.written())?;
        made(Shape::Csv(columns, cells), unused)
    }

    /// The names in the file's header; `None` where it has none.
    pub(crate) fn header(&self) -> Option<&[String]> {
        if let Shape::Csv(columns, _) = &self.shape { Some(columns.written()) } else { None }
    }

    /// Whether its records name their columns themselves.
    pub(crate) const fn is_json(&self) -> bool {
        matches!(self.shape, Shape::Json)
    }

    /// The columns of the contract that depend on columns of the file, and on which.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        self.mapping.wanted()
    }

    pub(crate) const fn is_parquet(&self) -> bool {
        matches!(self.shape, Shape::Parquet)
    }

    /// Takes note of the columns of a Parquet file.
    pub(crate) fn judge(&mut self, names: &[String]) -> Result<(), Unrecognised> {
        self.unused = self.mapping.judge(names)?;
        Ok(())
    }

    pub(crate) fn unused(&self) -> &[String] {
        &self.unused
    }

    pub(crate) fn boundary(&self) -> Boundary {
        match &self.shape {
            Shape::Csv(columns, _) => Boundary::Separated(columns.separator()),
            Shape::Json | Shape::Parquet => Boundary::Line,
        }
    }

    /// Reads every record of a chunk.
    pub(crate) fn parse<S: Sink>(&self, chunk: &Chunk, sink: &mut S) {
        match &self.shape {
            Shape::Csv(columns, cells) => csv_records::scan(chunk, columns, sink, |sink, line, span, record| {
                let record = of_csv(cells, record);
                self.mapping.record(line, chunk.bytes[span].into(), &record, sink);
            }),
            Shape::Json => each_line(chunk, sink, |line, text, sink| match Value::parse(text) {
                Ok(record @ Value::Object(_)) => self.mapping.record(line, text.as_bytes().into(), &record, sink),
                Ok(_) => sink.reject(line, text.as_bytes().into(), Reject::unreadable("no JSON object")),
                Err(error) => sink.reject(line, text.as_bytes().into(), Reject::unreadable(error.to_string())),
            }),
            Shape::Parquet => unreachable!("Parquet is read by columns, not in chunks of bytes"),
        }
    }

    /// Reads every row of a batch.
    pub(crate) fn columns(&self, first_row: u64, batch: &RecordBatch, sink: &mut impl Sink) {
        let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let cells = self.mapping.cells(&names);
        let arrays: Vec<_> =
            cells.iter().map(|(at, name)| (name.as_str(), Cells::new(name, batch.column(*at)))).collect();
        let rendering = Rendering::new(batch);
        for at in 0..batch.num_rows() {
            let line = first_row + at as u64;
            let render = || rendering.row(at);
            let members: Result<Vec<_>, String> = arrays
                .iter()
                .map(|(name, cells)| match cells {
                    Ok(cells) => Ok((Cow::Borrowed(*name), cells.value(name, at)?)),
                    Err(error) => Err(error.to_string()),
                })
                .collect();
            match members {
                Ok(members) => self.mapping.record(line, Raw::Rendered(&render), &Value::Object(members), sink),
                Err(detail) => sink.reject(line, Raw::Rendered(&render), Reject::unreadable(detail)),
            }
        }
    }
}

fn of_csv<'a>(cells: &'a [(usize, String)], record: &'a StringRecord) -> Value<'a> {
    let cell = |(at, name): &'a (usize, String)| {
        let text = record.get(*at).unwrap_or_default();
        (Cow::Borrowed(name.as_str()), Value::Text(Cow::Borrowed(text)))
    };
    Value::Object(cells.iter().map(cell).collect())
}

/// A column of a batch.
enum Cells {
    Text(ArrayRef),
    Bare(ArrayRef),
    Moment(ArrayRef),
    /// Structs and lists, as JSON of the row with this one column.
    Nested(Vec<String>),
}

impl Cells {
    fn new(name: &str, array: &ArrayRef) -> Result<Self, ArrowError> {
        let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        Ok(match array.data_type() {
            kind if kind.is_nested() => {
                let field = ArrowField::new(name, kind.clone(), true);
                let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()])?;
                let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
                writer.write(&batch)?;
                writer.finish()?;
                let json =
                    String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::JsonError(error.to_string()))?;
                Self::Nested(json.lines().map(str::to_owned).collect())
            }
            DataType::Timestamp(_, Some(_)) => Self::Moment(text(array)?),
            // Without a zone it is a clock, as everywhere in mapped files.
            DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => {
                Self::Moment(cast(array, &DataType::Utf8)?)
            }
            DataType::Dictionary(_, kind) if is_text(kind) => Self::Text(cast(array, &DataType::Utf8)?),
            kind if is_text(kind) => Self::Text(cast(array, &DataType::Utf8)?),
            _ => Self::Bare(text(array)?),
        })
    }

    fn value(&self, name: &str, at: usize) -> Result<Value<'_>, String> {
        let cell = |array: &'_ ArrayRef| array.is_valid(at);
        Ok(match self {
            Self::Text(array) if cell(array) => Value::Text(array.as_string::<i32>().value(at).into()),
            Self::Bare(array) if cell(array) => Value::Bare(array.as_string::<i32>().value(at).into()),
            Self::Moment(array) if cell(array) => Value::Moment(array.as_string::<i32>().value(at).into()),
            Self::Nested(lines) => match Value::parse(&lines[at]).map_err(|error| error.to_string())? {
                Value::Object(members) => {
                    members.into_iter().find(|(key, _)| *key == name).map_or(Value::Nothing, |(_, value)| value)
                }
                _ => Value::Nothing,
            },
            _ => Value::Nothing,
        })
    }
}

impl Mapping {
    /// Place and name of the columns that a path begins with.
    fn cells(&self, names: &[String]) -> Vec<(usize, String)> {
        let is_named = |name: &str| self.paths().any(|path| begins_with(path, name));
        names.iter().enumerate().filter(|(_, name)| is_named(name)).map(|(at, name)| (at, name.clone())).collect()
    }

    /// Where in the record a path leads: for one within items, where those are.
    fn in_record<'p>(&'p self, path: &'p str) -> &'p str {
        match (&self.items, self.within_item(path)) {
            (Some(items), Some(_)) => items,
            _ => path,
        }
    }

    /// The columns of the contract that depend on columns of the file, and on which.
    fn wanted(&self) -> Vec<Wanted> {
        let without_constant = self.said().filter(|column| !self.constants.contains_key(column));
        let wanted = without_constant.map(|column| Wanted {
            column: column.name(),
            paths: self.paths_of(column).map(|path| self.in_record(path).to_owned()).collect(),
        });
        wanted.collect()
    }

    /// The columns that no path begins with; an error where there is none for what every row needs.
    fn judge(&self, names: &[String]) -> Result<Vec<String>, Unrecognised> {
        let is_there = |field: Field| {
            let path_is_there = |path: &str| names.iter().any(|name| begins_with(self.in_record(path), name));
            self.constants.contains_key(&field.into()) || self.paths_of(field.into()).any(path_is_there)
        };
        let missing = if !is_there(Field::Ts) {
            &[Field::Ts][..]
        } else if !is_there(Field::Kind) {
            &[Field::Kind][..]
        } else if !is_there(Field::VisitorId) && !is_there(Field::CustomerId) {
            &[Field::VisitorId, Field::CustomerId][..]
        } else {
            let used = self.cells(names);
            return Ok(names.iter().filter(|name| used.iter().all(|(_, used)| used != *name)).cloned().collect());
        };
        let columns: Vec<&str> = missing.iter().map(|field| Column::from(*field).name()).collect();
        let paths: Vec<&str> = missing.iter().flat_map(|field| self.paths_of((*field).into())).collect();
        Err(Unrecognised::Mapping(format!(
            "it has no column `{}` for {}; its columns are {}",
            paths.join("`, `"),
            columns.join(" or "),
            names.join(", ")
        )))
    }
}
