//! Event columns as the kernel reads them, in whatever encoding they come.

use arrow::array::{Array, AsArray, Decimal128Array, PrimitiveArray, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, TimestampMicrosecondType, UInt16Type};
use events::{Amount, Kind};

/// The column that names the person of a row; stands before the event columns.
pub const PERSON: &str = "person_id";

/// A batch that does not have the columns it should have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Absent.
    #[error("the kernel's input has no column `{0}`")]
    Absent(String),
    /// Of another type.
    #[error("column `{name}` of the kernel's input is {found}, not {wanted}")]
    Type {
        /// The column.
        name: String,
        /// Its type.
        found: DataType,
        /// What it should be.
        wanted: &'static str,
    },
}

/// Text in one of the encodings in which engines hand it over.
#[derive(Debug)]
pub struct Text {
    encoding: Encoding,
}

#[derive(Debug)]
enum Encoding {
    Plain(StringArray),
    View(StringViewArray),
    Dictionary { keys: PrimitiveArray<Int32Type>, values: StringArray },
}

impl Text {
    /// The text column of this name.
    ///
    /// # Errors
    /// When it is absent or no text.
    pub fn of(batch: &RecordBatch, name: &str) -> Result<Self, Error> {
        let array = column(batch, name)?;
        let wrong = || Error::Type { name: name.to_owned(), found: array.data_type().clone(), wanted: "text" };
        let encoding = match array.data_type() {
            DataType::Utf8 => Encoding::Plain(array.as_string().clone()),
            DataType::Utf8View => Encoding::View(array.as_string_view().clone()),
            DataType::Dictionary(key, _) if **key == DataType::Int32 => {
                let words = array.as_dictionary::<Int32Type>();
                let values = words.values().as_string_opt::<i32>().ok_or_else(wrong)?.clone();
                Encoding::Dictionary { keys: words.keys().clone(), values }
            }
            _ => return Err(wrong()),
        };
        Ok(Self { encoding })
    }

    /// The text of a row; `None` where it is null.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        match &self.encoding {
            Encoding::Plain(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Encoding::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Encoding::Dictionary { keys, values } => {
                let key = usize::try_from(keys.is_valid(row).then(|| keys.value(row))?).ok()?;
                values.is_valid(key).then(|| values.value(key))
            }
        }
    }
}

/// What happened, row by row: column `kind`. A dictionary's words are read once, not row by row.
///
/// # Errors
/// When the column is absent or no text.
pub fn kinds(batch: &RecordBatch) -> Result<Vec<Kind>, Error> {
    let parse = |word: Option<&str>| word.and_then(Kind::parse).unwrap_or(Kind::Other);
    let text = Text::of(batch, "kind")?;
    let Encoding::Dictionary { keys, values } = &text.encoding else {
        return Ok((0..batch.num_rows()).map(|row| parse(text.get(row))).collect());
    };
    let words: Vec<Kind> = values.iter().map(parse).collect();
    let kind = |key: Option<i32>| key.and_then(|key| words.get(usize::try_from(key).ok()?).copied());
    Ok(keys.iter().map(|key| kind(key).unwrap_or(Kind::Other)).collect())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::ArrayRef, Error> {
    batch.column_by_name(name).ok_or_else(|| Error::Absent(name.to_owned()))
}

macro_rules! columns {
    ($($name:ident),* $(,)?) => {
        /// The columns of events, with the person of each.
        #[derive(Debug)]
        pub struct Columns {
            rows: usize,
            ts: PrimitiveArray<TimestampMicrosecondType>,
            line: PrimitiveArray<UInt16Type>,
            kind: Vec<Kind>,
            quantity: PrimitiveArray<Int32Type>,
            unit_price: Decimal128Array,
            order_value: Decimal128Array,
            $($name: Text,)*
        }

        impl Columns {
            /// Takes the columns out of a batch.
            ///
            /// # Errors
            /// When one is absent or of another type.
            pub fn of(batch: &RecordBatch) -> Result<Self, Error> {
                Ok(Self {
                    rows: batch.num_rows(),
                    ts: primitive::<TimestampMicrosecondType>(batch, "ts", "microseconds")?,
                    line: primitive::<UInt16Type>(batch, "line", "an unsigned 16-bit number")?,
                    kind: kinds(batch)?,
                    quantity: primitive::<Int32Type>(batch, "quantity", "a 32-bit number")?,
                    unit_price: primitive::<Decimal128Type>(batch, "unit_price", "decimal(18,4)")?,
                    order_value: primitive::<Decimal128Type>(batch, "order_value", "decimal(18,4)")?,
                    $($name: Text::of(batch, stringify!($name))?,)*
                })
            }
        }

        impl<'a> Row<'a> {
            $(
                #[doc = concat!("Column `", stringify!($name), "`.")]
                #[must_use]
                pub fn $name(self) -> Option<&'a str> {
                    self.columns.$name.get(self.at)
                }
            )*
        }
    };
}

columns!(
    person_id,
    event_id,
    source,
    visitor_id,
    customer_id,
    session_id,
    order_id,
    product_id,
    product_name,
    category,
    brand,
    currency,
    device,
    os,
    browser,
    country,
    channel,
    release,
    payment_method,
    shipping_method,
    coupon,
    error_code,
);

pub(crate) fn primitive<T: arrow::array::ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
    wanted: &'static str,
) -> Result<PrimitiveArray<T>, Error> {
    let array = column(batch, name)?;
    array.as_primitive_opt::<T>().cloned().ok_or_else(|| Error::Type {
        name: name.to_owned(),
        found: array.data_type().clone(),
        wanted,
    })
}

impl Columns {
    /// Rows in the batch.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A row of the batch.
    #[must_use]
    pub const fn row(&self, at: usize) -> Row<'_> {
        Row { columns: self, at }
    }
}

/// One event row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    columns: &'a Columns,
    at: usize,
}

impl<'a> Row<'a> {
    /// When it happened.
    #[must_use]
    pub fn ts(self) -> i64 {
        self.columns.ts.value(self.at)
    }

    /// Item line within its event.
    #[must_use]
    pub fn line(self) -> u16 {
        self.columns.line.value(self.at)
    }

    /// What happened.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.columns.kind[self.at]
    }

    /// Pieces: 1 where the row has none.
    #[must_use]
    pub fn quantity(self) -> i64 {
        self.given_quantity().unwrap_or(1)
    }

    /// Pieces, as given.
    #[must_use]
    pub fn given_quantity(self) -> Option<i64> {
        let column = &self.columns.quantity;
        column.is_valid(self.at).then(|| i64::from(column.value(self.at)))
    }

    /// Price of one piece.
    #[must_use]
    pub fn unit_price(self) -> Option<Amount> {
        let column = &self.columns.unit_price;
        column.is_valid(self.at).then(|| Amount(column.value(self.at)))
    }

    /// The order's total.
    #[must_use]
    pub fn order_value(self) -> Option<Amount> {
        let column = &self.columns.order_value;
        column.is_valid(self.at).then(|| Amount(column.value(self.at)))
    }

    /// The product of the item line: its id, else its name; `None` if it has neither.
    #[must_use]
    pub fn product(self) -> Option<Product<'a>> {
        self.product_id().map(Product::Id).or_else(|| self.product_name().map(Product::Name))
    }

    /// What makes rows lines of one event.
    #[must_use]
    pub fn event(self) -> (&'a str, &'a str) {
        (self.source().unwrap_or_default(), self.event_id().unwrap_or_default())
    }

    /// The order in which a person's rows are taken: time, then the funnel, then what makes the order total.
    #[must_use]
    pub fn order(self) -> (i64, u8, &'a str, u16, &'a str) {
        let (source, event_id) = self.event();
        (self.ts(), self.kind().rank(), event_id, self.line(), source)
    }
}

/// What tells products apart within a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product<'a> {
    /// The shop's id.
    Id(&'a str),
    /// A name, where there is no id.
    Name(&'a str),
    /// Neither: all such lines of a cart are one product.
    Unnamed,
}
