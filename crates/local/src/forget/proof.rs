//! Whether anything of a person is left in a file: every row, and every text of it, read again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type};
use events::lake::LakeFile;
use events::parquet_io::{self, Reader};
use rayon::prelude::*;

use super::{Mentions, Trace, sweep};
use crate::Error;
use crate::memory::links;
use crate::memory::rows::Codec;

/// Columns that name goods, orders and events: numbers in many shops, and then also anybody's id.
const NAMES: [&str; 9] = [
    "product_id",
    "product_name",
    "category",
    "top_category",
    "brand",
    "order_id",
    "event_id",
    "opening_event_id",
    "coupon",
];
/// Columns that name persons: a row with the person's name in one is the person's, and is found as such. Others' ids
/// may have his as a part; but an address in them is his however it is spelt.
const PERSONS: [&str; 3] = ["person_id", "customer_id", "visitor_id"];

/// Something of the person that is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The file.
    pub file: PathBuf,
    /// The column; `row` where a whole row is the person's.
    pub column: String,
}

/// Reads every file again, with all its rows and all its texts, and says where the person still is.
///
/// # Errors
/// When a file cannot be read.
pub fn prove(files: &[LakeFile], trace: &Trace, mentions: &Mentions) -> Result<Vec<Left>, Error> {
    let left = files.par_iter().map(|file| {
        let mut columns = BTreeSet::new();
        if sweep::marks(file, trace, mentions)?.contains(&true) {
            columns.insert("row".to_owned());
        }
        let mut search = |batch: &RecordBatch| columns.extend(columns_that_mention(batch, mentions));
        match file.table() {
            "state/cart_rows" => sweep::decoded(file.path(), &Codec::new().cart_rows, search)?,
            "state/presence" => sweep::decoded(file.path(), &Codec::new().presence, search)?,
            "state/links" | "state/sessions" => {
                events::runs::entries(file.path(), |_, entry| {
                    let ids = links::parse(entry).map(|(one, other, _)| [one, other]);
                    // An id of digits may be a customer's and another visitor's; whose entry it is was asked above.
                    if ids.is_some_and(|ids| ids.iter().any(|id| trace.is_id(id) && mentions.in_name(id.as_bytes()))) {
                        columns.insert("entry".to_owned());
                    }
                })?;
            }
            // Hashes of rows, in which no id can be read or looked for; what they are for needs them to stay.
            "state/identities" => {}
            _ => {
                let schema = parquet_io::schema(file.path())?;
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                for batch in Reader::open(file.path(), &names)? {
                    search(&batch?);
                }
            }
        }
        Ok(columns.into_iter().map(|column| Left { file: file.path().to_path_buf(), column }).collect::<Vec<_>>())
    });
    let mut left: Vec<Left> = left.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    left.sort();
    Ok(left)
}

fn columns_that_mention(batch: &RecordBatch, mentions: &Mentions) -> Vec<String> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns
        .filter(|(field, column)| match field.name().as_str() {
            name if PERSONS.contains(&name) => any_text(column, |text| mentions.has_address(text)),
            name if NAMES.contains(&name) => any_text(column, |text| mentions.in_name(text)),
            _ => any_text(column, |text| mentions.in_text(text)),
        })
        .map(|(field, _)| field.name().clone())
        .collect()
}

/// Whether `is` holds for any text of a column; of a dictionary also for words that no row has.
fn any_text(column: &ArrayRef, is: impl Fn(&[u8]) -> bool) -> bool {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().flatten().any(|text| is(text.as_bytes())),
        DataType::Binary => column.as_binary::<i32>().iter().flatten().any(is),
        DataType::Dictionary(..) => {
            let words = column.as_any_dictionary_opt().map(|words| words.values().clone());
            words.and_then(|words| words.as_string_opt::<i32>().cloned()).is_some_and(|words| {
                debug_assert!(column.as_dictionary_opt::<Int32Type>().is_some(), "the one type of words in tables");
                words.iter().flatten().any(|text| is(text.as_bytes()))
            })
        }
        _ => false,
    }
}
