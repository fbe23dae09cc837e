//! events → how many rows each source sent in the last 24 hours, and in each of the 14 days before them.
//!
//! Read with arrow: two columns of a few days.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use events::parquet_io::{self, Reader};
use events::{lake, time};
use serde::Serialize;

use crate::Error;

/// Spans of 24 hours before the last one.
pub const SPANS: usize = 14;
/// Rows on fewer of the spans before say nothing of what is usual.
const ENOUGH: usize = 7;

/// One source's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// The source's name.
    pub source: String,
    /// Rows in the 24 hours up to `as_of`.
    pub latest: u64,
    /// Rows in each of the [`SPANS`] spans of 24 hours before, the latest first.
    pub before: Vec<u64>,
}

impl Activity {
    /// The median of the spans before that have rows, the lower one of two; `None` where there are too few of them.
    #[must_use]
    pub fn usual(&self) -> Option<u64> {
        let mut rows: Vec<u64> = self.before.iter().copied().filter(|rows| *rows > 0).collect();
        rows.sort_unstable();
        (rows.len() >= ENOUGH).then(|| rows[(rows.len() - 1) / 2])
    }
}

/// Counts rows of the events table in this folder, bots included: they are rows that a source sent. By source.
///
/// # Errors
/// When a file cannot be read.
pub fn activity(folder: &Path, as_of: i64) -> Result<Vec<Activity>, Error> {
    let spans = i64::try_from(SPANS).expect("few") + 1;
    let mut rows: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for day in time::utc_day(as_of - spans * time::DAY)..=time::utc_day(as_of) {
        for file in lake::parquet_files(&folder.join(format!("day={}", time::day_name(day))))? {
            for batch in Reader::open(&file, &["ts", "source"])? {
                let batch = parquet_io::plain(&batch?)
                    .map_err(|source| parquet_io::Error::Arrow { path: file.clone(), source })?;
                let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>();
                let sources = batch.column(1).as_string::<i32>();
                for row in 0..batch.num_rows() {
                    let age = as_of - ts.value(row);
                    let span = usize::try_from(age.div_euclid(time::DAY)).ok().filter(|span| *span <= SPANS);
                    if let Some(span) = span {
                        let source = sources.value(row);
                        if !rows.contains_key(source) {
                            rows.insert(source.to_owned(), vec![0; SPANS + 1]);
                        }
                        rows.get_mut(source).expect("was put in")[span] += 1;
                    }
                }
            }
        }
    }
    Ok(rows
        .into_iter()
        .map(|(source, rows)| Activity { source, latest: rows[0], before: rows[1..].to_vec() })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(latest: u64, before: &[u64]) -> Activity {
        Activity { source: "web".to_owned(), latest, before: before.to_vec() }
    }

    #[test]
    fn what_is_usual_is_the_middle_of_the_days_with_rows() {
        assert_eq!(source(0, &[5, 7, 9, 0, 6, 8, 5, 100]).usual(), Some(7));
        assert_eq!(source(0, &[5, 7, 9, 0, 0, 0, 0, 0]).usual(), None, "three days say nothing");
    }
}
