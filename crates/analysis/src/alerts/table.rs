//! Alerts as Parquet, and those of the night before back.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use events::lake;
use events::parquet_io::{self, Reader};

use super::{Alert, Rule, Severity, Status};
use crate::Error;
use crate::encode::{self, counts, moments, texts, words};
use crate::schema::ALERTS;

/// Writes the table below `generation`, also where it is empty.
pub(crate) fn write(alerts: &[Alert], generation: &Path) -> Result<(), Error> {
    let evidence: Vec<String> =
        alerts.iter().map(|alert| serde_json::to_string(&alert.evidence).expect("texts by name")).collect();
    let columns = vec![
        texts(alerts.iter().map(|alert| Some(alert.id.as_str()))),
        words(alerts.iter().map(|alert| Some(alert.rule.name()))),
        words(alerts.iter().map(|alert| Some(alert.severity.name()))),
        words(alerts.iter().map(|alert| Some(alert.status.name()))),
        texts(alerts.iter().map(|alert| Some(alert.what.as_str()))),
        moments(alerts.iter().map(|alert| Some(alert.since))),
        texts(evidence.iter().map(|text| Some(text.as_str()))),
        counts(alerts.iter().map(|alert| alert.top_customers)),
    ];
    encode::write(generation, &ALERTS, alerts.len(), &[], columns)
}

/// What the table in this folder holds; nothing where there is none.
pub(super) fn read(folder: &Path) -> Result<Vec<Alert>, Error> {
    let columns: Vec<&str> = ALERTS.columns.iter().map(|column| column.name).collect();
    let mut alerts = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &columns)? {
            let batch =
                parquet_io::plain(&batch?).map_err(|source| parquet_io::Error::Arrow { path: file.clone(), source })?;
            let text = |column: usize, row: usize| batch.column(column).as_string::<i32>().value(row);
            let since = batch.column(5).as_primitive::<TimestampMicrosecondType>();
            let customers = batch.column(7).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                alerts.push(Alert {
                    id: text(0, row).to_owned(),
                    rule: known(Rule::ALL, Rule::name, "rule", text(1, row))?,
                    severity: known(Severity::ALL, Severity::name, "severity", text(2, row))?,
                    status: known(Status::ALL, Status::name, "status", text(3, row))?,
                    what: text(4, row).to_owned(),
                    since: since.value(row),
                    evidence: serde_json::from_str(text(6, row)).unwrap_or_default(),
                    top_customers: u64::try_from(customers.value(row)).unwrap_or(0),
                });
            }
        }
    }
    Ok(alerts)
}

fn known<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    column: &'static str,
    word: &str,
) -> Result<T, Error> {
    let unknown = || Error::Word { table: ALERTS.name, column, value: word.to_owned() };
    all.into_iter().find(|known| name(*known) == word).ok_or_else(unknown)
}
