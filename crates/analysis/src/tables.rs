//! The analysis' own tables → Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, DictionaryArray, Int64Array, RecordBatch};
use arrow::datatypes::Int32Type;
use events::parquet_io::{self, Writer};
use events::{Amount, money};

use crate::revenue::SegmentLoss;
use crate::schema::REVENUE;
use crate::{Analysis, Error};

/// Writes every table of [`schema::TABLES`](crate::schema::TABLES) into its folder below `generation`, one file each.
/// The same analysis gives the same bytes.
///
/// # Errors
/// When a file cannot be written.
pub fn write(analysis: &Analysis, generation: &Path) -> Result<(), Error> {
    let path = generation.join(REVENUE.name).join("revenue.parquet");
    let mut writer = Writer::create(&path, &REVENUE, &[])?;
    let batch = revenue(&analysis.revenue.segments).map_err(|source| parquet_io::Error::Arrow { path, source })?;
    writer.write(&batch)?;
    writer.finish()?;
    crate::prediction::tables::write(&analysis.prediction, generation)?;
    crate::abandonment_reasons::table::write(&analysis.reasons, generation)?;
    crate::alerts::table::write(&analysis.alerts, generation)
}

fn revenue(rows: &[SegmentLoss]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let segments: DictionaryArray<Int32Type> = rows.iter().map(|row| Some(row.segment.as_str())).collect();
    let currencies: DictionaryArray<Int32Type> = rows.iter().map(|row| row.currency.as_deref()).collect();
    let count = |count: fn(&SegmentLoss) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| count(row).cast_signed())))
    };
    let money = |amount: fn(&SegmentLoss) -> Amount| -> Result<ArrayRef, arrow::error::ArrowError> {
        let scaled = Decimal128Array::from_iter_values(rows.iter().map(|row| amount(row).0));
        Ok(Arc::new(scaled.with_precision_and_scale(money::SUM_PRECISION, money::SCALE)?))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(segments),
        Arc::new(currencies),
        count(|row| row.loss.carts),
        count(|row| row.loss.abandoned),
        count(|row| row.loss.recovered_carts),
        count(|row| row.loss.pending),
        money(|row| row.loss.gross)?,
        money(|row| row.loss.recovered)?,
        money(|row| row.loss.net)?,
        money(|row| row.loss.pending_value)?,
    ];
    RecordBatch::try_new(REVENUE.schema(), columns)
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
