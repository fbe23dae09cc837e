//! The `runs` table: one row per run, which every later generation carries on.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use events::lake::{Input, Manifest};
use events::parquet_io::Writer;
use events::schema::{Table, Type, optional, required};
use events::time;

/// One row per run.
pub(crate) const RUNS: Table = Table {
    name: "runs",
    row: "run that published a generation",
    columns: &[
        required("id", Type::Text, "the generation that the run published"),
        required("created_at", Type::Moment, "when the run began"),
        optional("as_of", Type::Moment, "the moment as of which carts were judged; null where none were made"),
        required("code_version", Type::Text, "version of leftcart"),
        required("inputs", Type::I64, "input files of this and all earlier runs that the generation holds"),
        required("rows_read", Type::I64, "their rows"),
        required("accepted", Type::I64, "of these, in events"),
        required("duplicates", Type::I64, "of these, repetitions of accepted rows"),
        required("quarantined", Type::I64, "of these, in quarantine"),
        required(
            "superseded",
            Type::I64,
            "of these, of files whose table of GA4's export another one took the place of",
        ),
        required("seconds", Type::F64, "wall time of the run up to publishing"),
        required("settings", Type::Text, "the settings that shaped the tables, as JSON"),
    ],
};

/// Writes the row of this run.
pub(crate) fn write(path: &Path, manifest: &Manifest, seconds: f64) -> Result<()> {
    let sum = |count: fn(&Input) -> u64| -> ArrayRef {
        let total: u64 = manifest.inputs.iter().map(count).sum();
        Arc::new(Int64Array::from(vec![i64::try_from(total).unwrap_or(i64::MAX)]))
    };
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let moment = |text: Option<&str>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![text.and_then(time::parse)]).with_timezone("UTC"))
    };
    let columns = vec![
        text(&manifest.id),
        moment(Some(&manifest.created_at)),
        moment(manifest.as_of.as_deref()),
        text(&manifest.code_version),
        sum(|_| 1),
        sum(|input| input.rows),
        sum(|input| input.accepted),
        sum(|input| input.duplicates),
        sum(crate::show::rejected),
        sum(|input| input.superseded),
        Arc::new(Float64Array::from(vec![seconds])),
        text(&serde_json::to_string(&manifest.settings)?),
    ];
    let mut writer = Writer::create_for(1, path, &RUNS, &[])?;
    writer.write(&RecordBatch::try_new(RUNS.schema(), columns)?)?;
    writer.finish()?;
    Ok(())
}
