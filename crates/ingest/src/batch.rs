//! Rows into columns: one builder per bucket and worker, handed to the exchange when full.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Builder, Float32Builder, Int32Builder, RecordBatch, StringBuilder, StringDictionaryBuilder,
    TimestampMicrosecondBuilder, UInt16Builder, UInt32Builder, UInt64Builder,
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
    columns: Vec<Column>,
    position: UInt64Builder,
    /// Which columns hold a value at all; the others are left out of the batch.
    used: [bool; FIELDS],
    rows: usize,
}

enum Column {
    Text(StringBuilder),
    Word(StringDictionaryBuilder<Int32Type>),
    Moment(TimestampMicrosecondBuilder),
    Price(Decimal128Builder),
    I32(Int32Builder),
    U16(UInt16Builder),
    U32(UInt32Builder),
    F32(Float32Builder),
}

impl Batch {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = EVENTS.columns.iter().map(|column| Column::new(column.ty)).collect();
        Self { schema, columns, position: UInt64Builder::new(), used: [false; FIELDS], rows: 0 }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn append(&mut self, event: &Event<'_>, position: Position) {
        for (field, column) in Field::ALL.into_iter().zip(&mut self.columns) {
            let used = &mut self.used[field as usize];
            match column {
                Column::Text(builder) => append_text(builder, event.text.get(field), used, self.rows),
                Column::Word(builder) => {
                    let text = if field == Field::Kind { Some(event.kind.name()) } else { event.text.get(field) };
                    append_word(builder, text, used, self.rows);
                }
                Column::Moment(builder) => {
                    let moment = if field == Field::Ts { Some(event.ts) } else { event.delivered_ts };
                    *used |= moment.is_some();
                    builder.append_option(moment);
                }
                Column::Price(builder) => {
                    let amount = if field == Field::UnitPrice { event.unit_price } else { event.order_value };
                    *used |= amount.is_some();
                    builder.append_option(amount.map(|Amount(scaled)| scaled));
                }
                Column::I32(builder) => {
                    *used |= event.quantity.is_some();
                    builder.append_option(event.quantity);
                }
                Column::U16(builder) => {
                    let number = if field == Field::Line { Some(event.line) } else { event.http_status };
                    *used |= number.is_some();
                    builder.append_option(number);
                }
                Column::U32(builder) => {
                    *used |= event.latency_ms.is_some();
                    builder.append_option(event.latency_ms);
                }
                Column::F32(builder) => {
                    *used |= event.rating.is_some();
                    builder.append_option(event.rating);
                }
            }
        }
        self.position.append_value(position);
        self.rows += 1;
    }

    /// Takes the rows out, leaving an empty batch behind.
    pub(crate) fn take(&mut self) -> RecordBatch {
        let mut fields = Vec::with_capacity(FIELDS + 1);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(FIELDS + 1);
        for (at, column) in self.columns.iter_mut().enumerate() {
            // Finished in any case: a number's column without a value has collected nulls.
            let array = column.finish();
            if std::mem::take(&mut self.used[at]) {
                fields.push(self.schema.fields()[at].clone());
                arrays.push(array);
            }
        }
        fields.push(self.schema.fields()[FIELDS].clone());
        arrays.push(Arc::new(self.position.finish()));
        self.rows = 0;
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns grow together, row by row")
    }
}

/// Columns without any value so far hold nothing at all; the first value brings the nulls before it.
fn append_text(builder: &mut StringBuilder, text: Option<&str>, used: &mut bool, rows: usize) {
    match (text, *used) {
        (None, false) => {}
        (None, true) => builder.append_null(),
        (Some(text), seen) => {
            if !seen {
                (0..rows).for_each(|_| builder.append_null());
                *used = true;
            }
            builder.append_value(text);
        }
    }
}

fn append_word(builder: &mut StringDictionaryBuilder<Int32Type>, text: Option<&str>, used: &mut bool, rows: usize) {
    match (text, *used) {
        (None, false) => {}
        (None, true) => builder.append_null(),
        (Some(text), seen) => {
            if !seen {
                (0..rows).for_each(|_| builder.append_null());
                *used = true;
            }
            builder.append_value(text);
        }
    }
}

impl Column {
    fn new(ty: Type) -> Self {
        match ty {
            Type::Text => Self::Text(StringBuilder::new()),
            Type::Word => Self::Word(StringDictionaryBuilder::new()),
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

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Word(builder) => Arc::new(builder.finish()),
            Self::Moment(builder) => Arc::new(builder.finish()),
            Self::Price(builder) => Arc::new(builder.finish()),
            Self::I32(builder) => Arc::new(builder.finish()),
            Self::U16(builder) => Arc::new(builder.finish()),
            Self::U32(builder) => Arc::new(builder.finish()),
            Self::F32(builder) => Arc::new(builder.finish()),
        }
    }
}
