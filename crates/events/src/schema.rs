//! Tables as data: the one place that names the event columns, their types and units, and the type in which
//! every other crate declares its own tables.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::money;

/// Version of every table's shape and of the hashes in it; stands in each Parquet footer.
///
/// To be raised with any change of a column or a hash. Where events, quarantine, and what is remembered of their identities
/// are not what changes, [`OLDEST`] stays: everything else is made again from them. Where they are, a step that turns the old
/// ones into the new belongs into `leftcart migrate` before [`OLDEST`] may stay.
pub const VERSION: u32 = 2;
/// The oldest version whose events, quarantine and identities are read as they are.
pub const OLDEST: u32 = 1;
/// The footer key under which [`VERSION`] stands.
pub const VERSION_KEY: &str = "leftcart.schema_version";
/// The footer key under which the table's name stands.
pub const TABLE_KEY: &str = "leftcart.table";

/// Whether files whose footer says this version are read.
#[must_use]
pub fn is_readable(version: &str) -> bool {
    version.parse().is_ok_and(|version: u32| (OLDEST..=VERSION).contains(&version))
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// UTF-8 text with few distinct values.
    Word,
    /// Bytes that need not be text.
    Bytes,
    /// Microseconds since 1970, UTC.
    Moment,
    /// A calendar day.
    Date,
    /// Decimal(18,4).
    Price,
    /// Decimal(38,4): a sum of prices.
    Money,
    /// True or false.
    Flag,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 32 bits, floating.
    F32,
    /// 64 bits, floating.
    F64,
}

impl Type {
    /// The Arrow type in files and in memory.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::Bytes => DataType::Binary,
            Self::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Price => DataType::Decimal128(money::PRECISION, money::SCALE),
            Self::Money => DataType::Decimal128(money::SUM_PRECISION, money::SCALE),
            Self::Flag => DataType::Boolean,
            Self::U16 => DataType::UInt16,
            Self::U32 => DataType::UInt32,
            Self::I32 => DataType::Int32,
            Self::I64 => DataType::Int64,
            Self::F32 => DataType::Float32,
            Self::F64 => DataType::Float64,
        }
    }
}

/// One column of a table, with what a reader of the table has to know.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in files, SQL and `describe`.
    pub name: &'static str,
    /// What it holds.
    pub ty: Type,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its unit and meaning, in a phrase.
    pub meaning: &'static str,
}

/// A table: a folder of Parquet files that share one schema.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name, which is also its folder.
    pub name: &'static str,
    /// One row per what.
    pub row: &'static str,
    /// Its columns, in file order.
    pub columns: &'static [Column],
}

impl Table {
    /// The Arrow schema, with name and version as metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> =
            self.columns.iter().map(|column| Field::new(column.name, column.ty.arrow(), column.nullable)).collect();
        let metadata = [(TABLE_KEY.to_owned(), self.name.to_owned()), (VERSION_KEY.to_owned(), VERSION.to_string())];
        Arc::new(Schema::new_with_metadata(fields, metadata.into()))
    }
}

/// A column that is never null.
#[must_use]
pub const fn required(name: &'static str, ty: Type, meaning: &'static str) -> Column {
    Column { name, ty, nullable: false, meaning }
}

/// A column that may be null.
#[must_use]
pub const fn optional(name: &'static str, ty: Type, meaning: &'static str) -> Column {
    Column { name, ty, nullable: true, meaning }
}

/// What ingest writes: one row per event, or per item line of an event that carries several items.
///
/// Partitioned by `day` (UTC) and `bucket` (of the visitor), rows sorted by visitor, then time.
pub const EVENTS: Table = Table {
    name: "events",
    row: "event, or item line of an event",
    columns: &[
        required("event_id", Type::Text, "the source's id, or a hash of the raw row"),
        required("line", Type::U16, "item line within the event, from 0"),
        required("ts", Type::Moment, "when it happened at the customer"),
        required("kind", Type::Word, "what happened, in GA4's words"),
        required("source", Type::Word, "the configured source of the row"),
        optional("visitor_id", Type::Text, "browser or device"),
        optional("customer_id", Type::Text, "logged-in account"),
        optional("session_id", Type::Text, "visit"),
        optional("order_id", Type::Text, "order, of purchase and refund"),
        optional("product_id", Type::Text, "product of the item line"),
        optional("product_name", Type::Text, "its name"),
        optional("category", Type::Text, "its category"),
        optional("brand", Type::Text, "its brand"),
        optional("quantity", Type::I32, "pieces, 0 to 100,000; absent means 1"),
        optional("unit_price", Type::Price, "price of one piece, in currency"),
        optional("order_value", Type::Price, "the order's total, on line 0 of purchase and refund"),
        optional("currency", Type::Word, "ISO 4217 code"),
        optional("device", Type::Word, "desktop, mobile, tablet or other"),
        optional("os", Type::Word, "operating system"),
        optional("browser", Type::Word, "browser"),
        optional("country", Type::Word, "two letters (ISO 3166), or the source's name for it"),
        optional("channel", Type::Word, "where the visit came from; of a contact, the channel used"),
        optional("page", Type::Word, "path of the page"),
        optional("release", Type::Word, "build of the shop"),
        optional("payment_method", Type::Text, "means of payment"),
        optional("shipping_method", Type::Text, "way of delivery"),
        optional("coupon", Type::Text, "coupon code"),
        optional("error_code", Type::Text, "code of a checkout error"),
        optional("error_message", Type::Text, "its message, as the customer saw it"),
        optional("http_status", Type::U16, "HTTP status of the request"),
        optional("latency_ms", Type::U32, "milliseconds that the request took"),
        optional("rating", Type::F32, "rating of feedback or support"),
        optional("comment", Type::Text, "words of feedback or support"),
        optional("bot", Type::Word, "the rule that took the visitor for a bot; such rows make no carts"),
        optional(
            "delivered_ts",
            Type::Moment,
            "ts as it was delivered, where ts is the run's clock instead; see ingest.future",
        ),
    ],
};

/// What ingest could not accept: whole but for clients' addresses, or withheld where persons are hidden.
pub const QUARANTINE: Table = Table {
    name: "quarantine",
    row: "input row that was not accepted",
    columns: &[
        required("file", Type::Word, "the input file"),
        required("row", Type::I64, "row within the file, from 1: its line, or its position where a file has no lines"),
        required("source", Type::Word, "the configured source of the file"),
        required("reason", Type::Word, "why it was not accepted"),
        optional("detail", Type::Text, "the value or parser message behind the reason"),
        optional("raw", Type::Text, "the row as it came, where it is UTF-8; null where [privacy] withholds it"),
        optional("raw_bytes", Type::Bytes, "the row as it came, where it is not"),
    ],
};

static EVENTS_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| EVENTS.schema());

/// The Arrow schema of [`EVENTS`], made once.
#[must_use]
pub fn events() -> SchemaRef {
    EVENTS_SCHEMA.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_contract_requires_is_required_of_an_event() {
        let required: Vec<&str> =
            EVENTS.columns.iter().filter(|column| !column.nullable).map(|column| column.name).collect();
        assert_eq!(required, ["event_id", "line", "ts", "kind", "source"]);
    }

    #[test]
    fn every_file_says_which_table_and_version_it_is() {
        let schema = events();
        assert_eq!(schema.metadata()[TABLE_KEY], "events");
        assert_eq!(schema.metadata()[VERSION_KEY], VERSION.to_string());
    }
}
