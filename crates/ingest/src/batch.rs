//! Rows into columns: one builder per bucket and worker, handed to the exchange when full.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, Decimal128Builder, DictionaryArray, Float32Builder, Int32Builder, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondBuilder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field as ArrowField, Int32Type, Schema, SchemaRef};
use events::schema::{EVENTS, Type};
use events::{Amount, money};

use crate::row::{Event, FIELDS, Field};

/// Where a row came from: the file's number in its high bits, then the row within the file, then the event within the
/// row. Rows are accepted in this order.
pub(crate) type Position = u64;

const FILE_SHIFT: u32 = 40;
const EVENT_BITS: u32 = 3;
/// Events that one row of a file can hold.
pub(crate) const EVENTS_PER_ROW: u64 = 1 << EVENT_BITS;

/// The position of an event of a row of a file; events count from 0.
pub(crate) fn position(file: u32, row: u64, event: u64) -> Position {
    debug_assert!(event < EVENTS_PER_ROW, "an event's item lines tell its rows apart, more events than this do not");
    (u64::from(file) << FILE_SHIFT) | (row << EVENT_BITS) | event
}

/// The file and row of a position.
pub(crate) fn origin(position: Position) -> (u32, u64) {
    let file = u32::try_from(position >> FILE_SHIFT).expect("24 bits");
    (file, (position & ((1 << FILE_SHIFT) - 1)) >> EVENT_BITS)
}

/// The column behind the event columns that carries the row's position on its way to the writer.
pub(crate) const POSITION: &str = "position";

/// The schema of batches on their way: the event columns, then the position.
pub(crate) fn schema() -> SchemaRef {
    let mut fields: Vec<_> = EVENTS.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(ArrowField::new(POSITION, DataType::UInt64, false)));
    Arc::new(Schema::new(fields))
}

/// Columns under construction.
pub(crate) struct Batch {
    schema: SchemaRef,
    /// As long as up to the last row that has a value: rows without one cost nothing.
    columns: Vec<Column>,
    position: UInt64Builder,
    rows: usize,
}

enum Column {
    Text(StringBuilder),
    Word(Words),
    Moment(TimestampMicrosecondBuilder),
    Price(Decimal128Builder),
    I32(Int32Builder),
    U16(UInt16Builder),
    U32(UInt32Builder),
    F32(Float32Builder),
}

/// A value of a column.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Text(&'a str),
    Moment(i64),
    Price(Amount),
    I32(i32),
    U16(u16),
    U32(u32),
    F32(f32),
}

impl Batch {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = EVENTS.columns.iter().map(|column| Column::new(column.ty)).collect();
        Self { schema, columns, position: UInt64Builder::new(), rows: 0 }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn append(&mut self, event: &Event<'_>, position: Position) {
        self.put(Field::Line, Value::U16(event.line));
        self.put(Field::Ts, Value::Moment(event.ts));
        self.put(Field::Kind, Value::Text(event.kind.name()));
        for (field, text) in event.texts() {
            self.put(field, Value::Text(text));
        }
        self.put_some(Field::Quantity, event.quantity.map(Value::I32));
        self.put_some(Field::UnitPrice, event.unit_price.map(Value::Price));
        self.put_some(Field::OrderValue, event.order_value.map(Value::Price));
        self.put_some(Field::HttpStatus, event.http_status.map(Value::U16));
        self.put_some(Field::LatencyMs, event.latency_ms.map(Value::U32));
        self.put_some(Field::Rating, event.rating.map(Value::F32));
        self.put_some(Field::DeliveredTs, event.delivered_ts.map(Value::Moment));
        self.position.append_value(position);
        self.rows += 1;
    }

    fn put_some(&mut self, field: Field, value: Option<Value<'_>>) {
        if let Some(value) = value {
            self.put(field, value);
        }
    }

    /// Gives the row at hand a value, and the rows since the column's last one nulls.
    fn put(&mut self, field: Field, value: Value<'_>) {
        let column = &mut self.columns[field as usize];
        column.fill(self.rows);
        match (column, value) {
            (Column::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Column::Word(builder), Value::Text(text)) => builder.append(text),
            (Column::Moment(builder), Value::Moment(moment)) => builder.append_value(moment),
            (Column::Price(builder), Value::Price(Amount(scaled))) => builder.append_value(scaled),
            (Column::I32(builder), Value::I32(number)) => builder.append_value(number),
            (Column::U16(builder), Value::U16(number)) => builder.append_value(number),
            (Column::U32(builder), Value::U32(number)) => builder.append_value(number),
            (Column::F32(builder), Value::F32(number)) => builder.append_value(number),
            (_, value) => unreachable!("{field:?} is of another type than {value:?}"),
        }
    }

    /// Takes the rows out, leaving an empty batch behind. Columns without any value are left out.
    pub(crate) fn take(&mut self) -> RecordBatch {
        let mut fields = Vec::with_capacity(FIELDS + 1);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(FIELDS + 1);
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            if column.len() > 0 {
                column.fill(self.rows);
                fields.push(field.clone());
                arrays.push(column.finish());
            }
        }
        fields.push(self.schema.fields()[FIELDS].clone());
        arrays.push(Arc::new(self.position.finish()));
        self.rows = 0;
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns grow together, row by row")
    }
}

impl Column {
    fn new(ty: Type) -> Self {
        match ty {
            Type::Text => Self::Text(StringBuilder::new()),
            Type::Word => Self::Word(Words::default()),
            Type::Moment => Self::Moment(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Type::Price => Self::Price(
                Decimal128Builder::new()
                    .with_precision_and_scale(money::PRECISION, money::SCALE)
                    .expect("18 digits with 4 decimals"),
            ),
            Type::I32 => Self::I32(Int32Builder::new()),
            Type::U16 => Self::U16(UInt16Builder::new()),
            Type::U32 => Self::U32(UInt32Builder::new()),
            Type::F32 => Self::F32(Float32Builder::new()),
            other => unreachable!("no event column is of type {other:?}"),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(builder) => builder.len(),
            Self::Word(builder) => builder.keys.len(),
            Self::Moment(builder) => builder.len(),
            Self::Price(builder) => builder.len(),
            Self::I32(builder) => builder.len(),
            Self::U16(builder) => builder.len(),
            Self::U32(builder) => builder.len(),
            Self::F32(builder) => builder.len(),
        }
    }

    /// Nulls up to so many rows.
    fn fill(&mut self, rows: usize) {
        let missing = rows - self.len();
        if missing == 0 {
            return;
        }
        match self {
            Self::Text(builder) => builder.append_nulls(missing),
            Self::Word(builder) => builder.keys.append_nulls(missing),
            Self::Moment(builder) => builder.append_nulls(missing),
            Self::Price(builder) => builder.append_nulls(missing),
            Self::I32(builder) => builder.append_nulls(missing),
            Self::U16(builder) => builder.append_nulls(missing),
            Self::U32(builder) => builder.append_nulls(missing),
            Self::F32(builder) => builder.append_nulls(missing),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => {
                // The next batch will need about as much room.
                let (rows, bytes) = (builder.len(), builder.values_slice().len());
                let next = StringBuilder::with_capacity(rows, bytes + bytes / 8);
                Arc::new(std::mem::replace(builder, next).finish())
            }
            Self::Word(builder) => builder.finish(),
            Self::Moment(builder) => Arc::new(builder.finish()),
            Self::Price(builder) => Arc::new(builder.finish()),
            Self::I32(builder) => Arc::new(builder.finish()),
            Self::U16(builder) => Arc::new(builder.finish()),
            Self::U32(builder) => Arc::new(builder.finish()),
            Self::F32(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A dictionary under construction. Words are few, and often that of the row before comes again.
#[derive(Default)]
struct Words {
    keys: Int32Builder,
    known: Vec<Box<str>>,
    /// Keys by word, once there are too many to look through.
    index: HashMap<Box<str>, i32>,
    last: i32,
}

/// Up to this many words are looked through one by one.
const FEW: usize = 8;

impl Words {
    fn append(&mut self, word: &str) {
        if self.word(self.last) != Some(word) {
            self.last = self.key(word);
        }
        self.keys.append_value(self.last);
    }

    fn word(&self, key: i32) -> Option<&str> {
        self.known.get(usize::try_from(key).ok()?).map(AsRef::as_ref)
    }

    fn key(&mut self, word: &str) -> i32 {
        let next = i32::try_from(self.known.len()).expect("a batch has fewer rows");
        let known = if self.known.len() <= FEW {
            (0..).zip(&self.known).find(|(_, known)| ***known == *word).map(|(key, _)| key)
        } else {
            self.index.get(word).copied()
        };
        known.unwrap_or_else(|| {
            self.known.push(word.into());
            if self.known.len() > FEW {
                if self.index.is_empty() {
                    self.index = self.known.iter().cloned().zip(0..).collect();
                } else {
                    self.index.insert(word.into(), next);
                }
            }
            next
        })
    }

    fn finish(&mut self) -> ArrayRef {
        let words = StringArray::from_iter_values(self.known.drain(..));
        self.index.clear();
        self.last = 0;
        let array = DictionaryArray::<Int32Type>::try_new(self.keys.finish(), Arc::new(words));
        Arc::new(array.expect("keys are places among the words"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};

    #[test]
    fn words_are_told_apart_however_many_there_are_and_nulls_stay() {
        let mut column = Column::new(Type::Word);
        let texts: Vec<String> = (0..60).map(|row| format!("w{}", row % 20)).collect();
        for (row, text) in texts.iter().enumerate() {
            column.fill(2 * row + 1);
            let Column::Word(words) = &mut column else { unreachable!() };
            words.append(text);
        }
        let array = column.finish();
        let array = array.as_dictionary::<Int32Type>();
        assert_eq!((array.len(), array.null_count(), array.values().len()), (120, 60, 20));
        let read = array.downcast_dict::<StringArray>().unwrap();
        assert!(texts.iter().enumerate().all(|(row, text)| read.into_iter().nth(2 * row + 1) == Some(Some(text))));
    }
}
