//! Parquet → polars and back to plain vectors: the only file that knows how the tables' types look in polars.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use chrono_tz::Tz;
use events::schema::{Column, Table, Type};
use events::{Amount, lake, parquet_io, time};
use polars::io::HiveOptions;
use polars::prelude::*;

use crate::Error;

/// The column of [`carts()`] that holds the day, on the shop's clock, on which a cart was opened.
pub(crate) const DAY: &str = "day";

/// The carts table, words as text and moments as microseconds, with [`DAY`] added.
pub(crate) fn carts(folder: &Path, zone: Tz) -> Result<LazyFrame, Error> {
    const COLUMNS: [&str; 18] = [
        "opened_at",
        "checkout_started_at",
        "shipping_info_at",
        "payment_info_at",
        "purchased_at",
        "outcome",
        "recovered",
        "emptied",
        "furthest_step",
        "value",
        "value_at_window",
        "currency",
        "device",
        "country",
        "channel",
        "top_category",
        "segment",
        "top1",
    ];
    let zone = TimeZone::opt_try_new(Some(zone.name())).map_err(failed("the shop's days"))?;
    let zone = zone.expect("a name was given");
    let day = col("opened_at").dt().convert_time_zone(zone).dt().date().alias(DAY);
    scan(folder, &::carts::schema::CARTS, &COLUMNS, &[day])
}

/// The orders table, words as text.
pub(crate) fn orders(folder: &Path) -> Result<LazyFrame, Error> {
    const COLUMNS: [&str; 7] = ["cart_id", "order_value", "lines_value", "currency", "amount", "converted", "refunded"];
    scan(folder, &::carts::schema::ORDERS, &COLUMNS, &[])
}

fn scan(folder: &Path, table: &Table, columns: &[&str], more: &[Expr]) -> Result<LazyFrame, Error> {
    let files = lake::parquet_files(folder)?;
    let mut paths = Vec::with_capacity(files.len());
    for file in &files {
        // Opening reads the footer only, and says in words if the file is of another version.
        parquet_io::Reader::open(file, columns)?;
        paths.push(PlRefPath::try_from_path(file).map_err(|_| Error::Path { path: file.clone() })?);
    }
    let wanted = columns;
    let columns: Vec<&Column> =
        columns.iter().filter_map(|name| table.columns.iter().find(|column| column.name == *name)).collect();
    let frame = if paths.is_empty() {
        let fields = columns.iter().map(|column| Field::new(column.name.into(), in_polars(column.ty)));
        DataFrame::empty_with_schema(&fields.collect()).lazy()
    } else {
        let args = ScanArgsParquet { glob: false, hive_options: HiveOptions::new_disabled(), ..Default::default() };
        LazyFrame::scan_parquet_files(paths.into_iter().collect(), args).map_err(failed("the columns of a table"))?
    };
    // Read once, for all queries; words as numbers meanwhile, because a text per row and column would weigh much more.
    let words = DataType::from_categories(Categories::global());
    let packed = columns.iter().map(|column| match column.ty {
        Type::Word => col(column.name).cast(words.clone()),
        Type::Moment => col(column.name).cast(DataType::Int64),
        _ => col(column.name),
    });
    let packed = frame.select(packed.chain(more.iter().cloned()).collect::<Vec<_>>());
    let read = match packed.collect() {
        Ok(read) => read,
        // The query engine does not say which file it was.
        Err(error) => return Err(damaged(&files, wanted).unwrap_or_else(|| failed("the rows of a table")(error))),
    };
    let words = columns.iter().filter(|column| column.ty == Type::Word);
    Ok(read.lazy().with_columns(words.map(|column| col(column.name).cast(DataType::String)).collect::<Vec<_>>()))
}

/// Why the first of these files that cannot be read to its end cannot.
fn damaged(files: &[PathBuf], columns: &[&str]) -> Option<Error> {
    let read = |file: &PathBuf| parquet_io::Reader::open(file, columns)?.try_for_each(|batch| batch.map(drop));
    files.iter().find_map(|file| read(file).err()).map(Error::from)
}

/// The polars type of a column, as it is read from Parquet; words are read as text in the end.
fn in_polars(ty: Type) -> DataType {
    match ty {
        Type::Text | Type::Word => DataType::String,
        Type::Bytes => DataType::Binary,
        Type::Moment => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        Type::Date => DataType::Date,
        Type::Price => DataType::Decimal(events::money::PRECISION.into(), 4),
        Type::Money => DataType::Decimal(events::money::SUM_PRECISION.into(), 4),
        Type::Flag => DataType::Boolean,
        Type::U16 => DataType::UInt16,
        Type::U32 => DataType::UInt32,
        Type::I32 => DataType::Int32,
        Type::I64 => DataType::Int64,
        Type::F32 => DataType::Float32,
        Type::F64 => DataType::Float64,
    }
}

/// How many rows meet the condition; a null does not.
///
/// Written as a sum: counting filtered rows within groups is not safe in polars 0.55 (pola-rs/polars#29322).
pub(crate) fn count(condition: Expr) -> Expr {
    condition.cast(DataType::UInt64).sum()
}

fn failed(what: &'static str) -> impl FnOnce(PolarsError) -> Error {
    move |source| Error::Query { what, source: Box::new(source) }
}

/// The result of a query, column by column.
pub(crate) struct Rows {
    what: &'static str,
    frame: DataFrame,
}

impl Rows {
    /// Runs the query; `what` says in an error what was asked for.
    pub(crate) fn collect(query: LazyFrame, what: &'static str) -> Result<Self, Error> {
        Ok(Self { what, frame: query.collect().map_err(failed(what))? })
    }

    /// Number of rows.
    pub(crate) fn height(&self) -> usize {
        self.frame.height()
    }

    fn physical(&self, name: &str) -> Result<Series, Error> {
        let column = self.frame.column(name).map_err(failed(self.what))?;
        Ok(column.as_materialized_series().to_physical_repr().into_owned())
    }

    /// A text column.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<Option<&str>>, Error> {
        let column = self.frame.column(name).map_err(failed(self.what))?;
        Ok(column.str().map_err(failed(self.what))?.iter().collect())
    }

    /// A column of counts; null counts 0.
    pub(crate) fn counts(&self, name: &str) -> Result<Vec<u64>, Error> {
        let column = self.physical(name)?;
        Ok(column.u64().map_err(failed(self.what))?.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of moments, microseconds since 1970.
    pub(crate) fn moments(&self, name: &str) -> Result<Vec<Option<i64>>, Error> {
        Ok(self.physical(name)?.i64().map_err(failed(self.what))?.iter().collect())
    }

    /// A column of decimals with four decimals.
    pub(crate) fn amounts(&self, name: &str) -> Result<Vec<Option<Amount>>, Error> {
        let column = self.physical(name)?;
        Ok(column.i128().map_err(failed(self.what))?.iter().map(|amount| amount.map(Amount)).collect())
    }

    /// A column of flags; null is false.
    pub(crate) fn flags(&self, name: &str) -> Result<Vec<bool>, Error> {
        let column = self.physical(name)?;
        Ok(column.bool().map_err(failed(self.what))?.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of days that is never null.
    pub(crate) fn days(&self, name: &str) -> Result<Vec<NaiveDate>, Error> {
        let column = self.physical(name)?;
        Ok(column.i32().map_err(failed(self.what))?.iter().map(|day| time::date(day.unwrap_or_default())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, analysis_of, cart, order, settings, write};
    use crate::{Tables, analyze};

    #[test]
    fn a_folder_without_files_is_an_empty_table() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(analyze(&Tables::of(folder.path()), &settings()).unwrap(), analysis_of(&[]));
    }

    #[test]
    fn the_types_of_the_tables_come_through_parquet_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let cart = cart(0).worth("99999999999999.9999", "EUR").on("mobile");
        write(folder.path(), &[cart.clone().abandoned(), cart], &[order()]);
        let frame = carts(&folder.path().join("carts"), chrono_tz::UTC).unwrap();
        let rows = Rows::collect(frame, "the test").unwrap();
        assert_eq!(rows.texts("device").unwrap(), [Some("mobile"); 2]);
        assert_eq!(rows.texts("country").unwrap(), [None; 2]);
        assert_eq!(rows.moments("opened_at").unwrap(), [Some(NOON); 2]);
        assert_eq!(rows.moments("purchased_at").unwrap(), [None; 2]);
        assert_eq!(rows.days(DAY).unwrap(), [time::local_date(NOON, chrono_tz::UTC); 2]);
        let amounts = rows.amounts("value_at_window").unwrap();
        assert_eq!(amounts, [Some(Amount(999_999_999_999_999_999)), None]);
        let rows = Rows::collect(orders(&folder.path().join("orders")).unwrap(), "the test").unwrap();
        assert_eq!(
            (rows.amounts("order_value").unwrap()[0], rows.amounts("amount").unwrap()[0]),
            (Some(Amount(10_000)), Some(Amount(10_000)))
        );
    }

    /// Beyond some 65,000 distinct amounts a writer gives up its dictionary, and not every encoding that follows is
    /// one that polars reads.
    #[test]
    fn a_table_of_many_distinct_amounts_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let carts: Vec<_> =
            (0..140_000).map(|at| cart(at).abandoned().worth(&Amount(at.into()).to_string(), "EUR")).collect();
        write(folder.path(), &carts, &[]);
        let revenue = analyze(&Tables::of(folder.path()), &settings()).unwrap().revenue;
        assert_eq!(revenue.totals[0].loss.gross, Amount((0..140_000).sum()));
    }

    #[test]
    fn a_file_that_is_no_parquet_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("carts").join("a.parquet");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "not Parquet").unwrap();
        let error = analyze(&Tables::of(folder.path()), &settings()).unwrap_err();
        assert!(error.to_string().contains("a.parquet is not a readable Parquet file"), "{error}");
    }

    #[test]
    fn conditional_counts_are_right_in_groups_where_nothing_meets_the_condition() {
        let groups: Vec<i64> = (0..2_000).collect();
        let frame =
            df!("group" => &groups, "hit" => groups.iter().map(|group| group % 2 == 0).collect::<Vec<_>>()).unwrap();
        let counted = frame.lazy().group_by([col("group")]).agg([count(col("hit")).alias("hits")]);
        let rows = Rows::collect(counted, "the test").unwrap();
        let groups = rows.moments("group").unwrap();
        for (group, hits) in groups.into_iter().zip(rows.counts("hits").unwrap()) {
            assert_eq!(Some(hits), group.map(|group| u64::from(group % 2 == 0)));
        }
    }
}
