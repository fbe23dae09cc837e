//! The analysis' own tables → Parquet.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use events::parquet_io::{self, Writer};
use events::schema::Table;
use events::{Amount, money};

use crate::revenue::{LostPart, Recovery, Revenue, SegmentLoss, Waterfall, spread};
use crate::schema::{RECOVERIES, REVENUE};
use crate::{Analysis, Error};

/// Writes every table of [`schema::TABLES`](crate::schema::TABLES) into its folder below `generation`, one file each.
/// The same analysis gives the same bytes.
///
/// # Errors
/// When a file cannot be written.
pub fn write(analysis: &Analysis, generation: &Path) -> Result<(), Error> {
    write_table(generation, &REVENUE, revenue(&analysis.revenue))?;
    write_table(generation, &RECOVERIES, recoveries(&analysis.revenue.detail.recoveries))?;
    crate::prediction::tables::write(&analysis.prediction, generation)?;
    crate::barriers::tables::write(&analysis.barriers, analysis.as_of, generation)?;
    crate::abandonment_reasons::table::write(&analysis.reasons, generation)?;
    crate::customers::tables::write(&analysis.customers, generation)?;
    crate::follow_up::tables::write(&analysis.follow_up.listings, generation)?;
    crate::alerts::table::write(&analysis.alerts, generation)
}

fn write_table(
    generation: &Path,
    table: &Table,
    batch: Result<RecordBatch, arrow::error::ArrowError>,
) -> Result<(), Error> {
    let path = generation.join(table.name).join(format!("{}.parquet", table.name));
    let batch = batch.map_err(|source| parquet_io::Error::Arrow { path: path.clone(), source })?;
    let mut writer = Writer::create_for(batch.num_rows(), &path, table, &[])?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}

fn money(amounts: impl Iterator<Item = Option<Amount>>) -> Result<ArrayRef, arrow::error::ArrowError> {
    let scaled: Decimal128Array = amounts.map(|amount| amount.map(|amount| amount.0)).collect();
    Ok(Arc::new(scaled.with_precision_and_scale(money::SUM_PRECISION, money::SCALE)?))
}

fn revenue(revenue: &Revenue) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = &revenue.segments;
    // Both lists have each segment and currency once.
    let details: BTreeMap<(&str, Option<&str>), &LostPart> =
        revenue.detail.segments.iter().map(|part| ((part.key.as_str(), part.currency.as_deref()), part)).collect();
    let detail = |row: &SegmentLoss| details.get(&(row.segment.as_str(), row.currency.as_deref())).copied();
    let segments: DictionaryArray<Int32Type> = rows.iter().map(|row| Some(row.segment.as_str())).collect();
    let currencies: DictionaryArray<Int32Type> = rows.iter().map(|row| row.currency.as_deref()).collect();
    let count = |count: fn(&SegmentLoss) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| count(row).cast_signed())))
    };
    let sum = |amount: fn(&SegmentLoss) -> Amount| money(rows.iter().map(|row| Some(amount(row))));
    let part = |amount: fn(&Waterfall) -> Amount| {
        money(rows.iter().map(|row| Some(detail(row).map(|part| amount(&part.waterfall)).unwrap_or_default())))
    };
    let end = |of: fn(&spread::Spread) -> Option<Amount>| {
        money(rows.iter().map(|row| detail(row)?.spread.as_ref().and_then(of)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(segments),
        Arc::new(currencies),
        count(|row| row.loss.carts),
        count(|row| row.loss.abandoned),
        count(|row| row.loss.recovered_carts),
        count(|row| row.loss.pending),
        sum(|row| row.loss.gross)?,
        sum(|row| row.loss.recovered)?,
        sum(|row| row.loss.net)?,
        sum(|row| row.loss.pending_value)?,
        end(|spread| spread.net.map(|range| range.low))?,
        end(|spread| spread.net.map(|range| range.high))?,
        part(|waterfall| waterfall.expected_loss)?,
        part(|waterfall| waterfall.elsewhere)?,
        part(|waterfall| waterfall.repeated)?,
        part(|waterfall| waterfall.refunded)?,
        part(|waterfall| waterfall.lost)?,
        end(|spread| spread.lost.map(|range| range.low))?,
        end(|spread| spread.lost.map(|range| range.high))?,
        part(|waterfall| waterfall.expected_recovery)?,
    ];
    RecordBatch::try_new(REVENUE.schema(), columns)
}

fn recoveries(rows: &[Recovery]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text =
        |of: fn(&Recovery) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
    let word = |of: fn(&Recovery) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<DictionaryArray<Int32Type>>())
    };
    let columns: Vec<ArrayRef> = vec![
        text(|row| Some(&row.cart_id)),
        word(|row| Some(row.way.name())),
        text(|row| Some(&row.by_cart_id)),
        text(|row| row.product.as_deref()),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.quantity))),
        money(rows.iter().map(|row| Some(row.amount)))?,
        money(rows.iter().map(|row| Some(row.refunded)))?,
        word(|row| row.currency.as_deref()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC")),
    ];
    RecordBatch::try_new(RECOVERIES.schema(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SOON, analysis_of, cart};
    use arrow::array::AsArray;
    use arrow::datatypes::{Decimal128Type, Int64Type};
    use events::parquet_io::Reader;
    use events::time::DAY;

    #[test]
    fn the_revenue_table_holds_what_the_report_shows() {
        let analysis = analysis_of(&[
            cart(0).abandoned().worth("10.5", "EUR").of("d1"),
            cart(0).abandoned().worth("7", "EUR").bought(5 * DAY),
            cart(0).bought(SOON),
        ]);
        let folder = tempfile::tempdir().unwrap();
        write(&analysis, folder.path()).unwrap();
        let path = folder.path().join("revenue/revenue.parquet");
        let columns = ["segment", "currency", "carts", "gross", "net"];
        let batch = parquet_io::plain(&Reader::open(&path, &columns).unwrap().next().unwrap().unwrap()).unwrap();
        let texts = |at: usize| batch.column(at).as_string::<i32>().iter().collect::<Vec<_>>();
        assert_eq!(texts(0), [Some("d1"), Some("new"), Some("new")]);
        assert_eq!(texts(1), [Some("EUR"), Some("EUR"), None]);
        assert_eq!(batch.column(2).as_primitive::<Int64Type>().values(), &[1, 1, 1]);
        assert_eq!(batch.column(3).as_primitive::<Decimal128Type>().values(), &[105_000, 70_000, 0]);
        assert_eq!(batch.column(4).as_primitive::<Decimal128Type>().values(), &[105_000, 0, 0]);
    }

    #[test]
    fn without_carts_the_table_is_there_and_empty() {
        let folder = tempfile::tempdir().unwrap();
        write(&analysis_of(&[]), folder.path()).unwrap();
        assert_eq!(Reader::open(&folder.path().join("revenue/revenue.parquet"), &[]).unwrap().rows(), 0);
    }
}
