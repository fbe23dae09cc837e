//! Listings as Parquet, and those of earlier nights back.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use carts::columns::Text;
use events::parquet_io::Reader;
use events::{Amount, lake};

use super::Listing;
use crate::Error;
use crate::encode::{amounts, flags, moments, optional_amounts, texts, words, write as write_table};
use crate::schema::FOLLOW_UPS;

pub(crate) fn write(rows: &[Listing], generation: &Path) -> Result<(), Error> {
    let columns = vec![
        texts(rows.iter().map(|row| Some(row.cart_id.as_str()))),
        texts(rows.iter().map(|row| Some(row.person_id.as_str()))),
        moments(rows.iter().map(|row| Some(row.listed_at))),
        flags(rows.iter().map(|row| row.held_out)),
        flags(rows.iter().map(|row| row.owed)),
        words(rows.iter().map(|row| Some(row.step.as_str()))),
        words(rows.iter().map(|row| row.channel.as_deref())),
        amounts(rows.iter().map(|row| row.value)),
        optional_amounts(rows.iter().map(|row| row.recoverable)),
    ];
    write_table(generation, &FOLLOW_UPS, rows.len(), &[], columns)
}

/// The listings of earlier nights; none where the folder is absent.
pub(super) fn read(folder: &Path) -> Result<Vec<Listing>, Error> {
    let columns: Vec<&str> = FOLLOW_UPS.columns.iter().map(|column| column.name).collect();
    let mut rows = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &columns)? {
            let batch = batch?;
            let text = |name: &str| {
                Text::of(&batch, name).map_err(|source| Error::Query {
                    what: "the lists of earlier nights",
                    source: format!("{}: {source}", file.display()).into(),
                })
            };
            let (carts, persons, steps, channels) =
                (text("cart_id")?, text("person_id")?, text("step")?, text("channel")?);
            let listed = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            let [held_out, owed] = [3, 4].map(|at| batch.column(at).as_boolean());
            let [value, recoverable] = [7, 8].map(|at| batch.column(at).as_primitive::<Decimal128Type>());
            let copied = |text: &Text, row: usize| text.get(row).unwrap_or_default().to_owned();
            rows.extend((0..batch.num_rows()).map(|row| Listing {
                cart_id: copied(&carts, row),
                person_id: copied(&persons, row),
                listed_at: listed.value(row),
                held_out: held_out.value(row),
                owed: owed.value(row),
                step: copied(&steps, row),
                channel: channels.get(row).map(str::to_owned),
                value: Amount(value.value(row)),
                recoverable: recoverable.is_valid(row).then(|| Amount(recoverable.value(row))),
            }));
        }
    }
    Ok(rows)
}
