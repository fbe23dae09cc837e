//! What a generation was made from and what it holds.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Error;

const FILE: &str = "manifest.json";

/// One generation's record of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The generation's id, which is its folder's name.
    pub id: String,
    /// When the run began, ISO 8601 in UTC.
    pub created_at: String,
    /// The moment as of which carts were judged, ISO 8601 in UTC; absent while there are no carts yet.
    pub as_of: Option<String>,
    /// Version of the tables' shape.
    pub schema_version: u32,
    /// Version of leftcart.
    pub code_version: String,
    /// Every input file of this generation, in the order in which they were read.
    pub inputs: Vec<Input>,
    /// Rows and files of each table.
    pub tables: BTreeMap<String, TableEntry>,
    /// Files of each folder of what is remembered beside the tables, such as `state/identities`.
    #[serde(default)]
    pub state: BTreeMap<String, u64>,
    /// The settings that shaped the tables, as text by name.
    pub settings: BTreeMap<String, String>,
    /// Tables of GA4's export that the run which made this generation found superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Superseded>,
}

/// A table of GA4's export in whose place another one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superseded {
    /// The source that it belongs to.
    pub source: String,
    /// The table, such as `events_intraday_20260311`.
    pub table: String,
    /// The table that counts in its place: the daily one of the date, which may be a later delivery of the same.
    pub by: String,
    /// Rows of its files, none of which counts any more.
    pub rows: u64,
    /// Of these, rows that were in events before: `unchanged` + `changed` + those that are gone.
    pub events: u64,
    /// Rows of events that tonight's files have as they were.
    pub unchanged: u64,
    /// Rows of events that tonight's files have with other content.
    pub changed: u64,
}

impl Superseded {
    /// Rows of events that are there no more.
    #[must_use]
    pub const fn gone(&self) -> u64 {
        self.events - self.unchanged - self.changed
    }
}

/// An input file and what became of its rows: `rows` = `accepted` + `duplicates` + `quarantined` + `superseded`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its path as given.
    pub path: String,
    /// The source it belongs to.
    pub source: String,
    /// The format it was read as.
    pub format: String,
    /// Its size in bytes, as it lay on disk.
    pub size: u64,
    /// The blake3 hash of its bytes, in hexadecimal.
    pub blake3: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that are in events.
    pub accepted: u64,
    /// Rows that repeat an accepted one.
    pub duplicates: u64,
    /// Rows in quarantine, by reason.
    pub quarantined: BTreeMap<String, u64>,
    /// Rows that count for nothing, because another table took the place of the file's: all of its rows, or none.
    #[serde(default)]
    pub superseded: u64,
    /// The table of GA4's export that the file is a part of, such as `events_intraday_20260311`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Of the rows read and not rejected, those up to a day ahead of the run's clock, which are kept as they are.
    #[serde(default)]
    pub ahead: u64,
    /// Of the same, those further ahead, whose moment became the run's clock.
    #[serde(default)]
    pub clamped: u64,
    /// What the file calls its columns; absent for formats without names, and in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
}

/// The columns of an input file, or the keys of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// Records that were looked at for their keys; 0 where a header or a schema names the columns.
    pub records: u64,
    /// Columns in the order of the file, or keys in alphabetical order.
    pub names: Vec<Column>,
    /// Columns of the contract that the source's mapping looks for in columns that this file does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
}

/// A column of an input file, or a key of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// As the file has it.
    pub name: String,
    /// Of the records that were looked at, those that have it; 0 under a header or a schema.
    pub records: u64,
}

/// The size of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Rows in all files.
    pub rows: u64,
    /// Parquet files.
    pub files: u64,
}

impl Input {
    /// Says of the file that another table took the place of its own: none of its rows counts any more.
    pub fn supersede(&mut self) {
        self.superseded = self.rows;
        (self.accepted, self.duplicates, self.ahead, self.clamped) = (0, 0, 0, 0);
        self.quarantined.clear();
    }
}

impl Manifest {
    pub(super) fn read(generation: &Path) -> Result<Self, Error> {
        let path = generation.join(FILE);
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Torn { path: generation.to_path_buf() });
            }
            read => read.map_err(Error::io("read", &path))?,
        };
        serde_json::from_slice(&text).map_err(|source| Error::Manifest { path, source })
    }

    /// Puts it in the place of the one that lies there, whole at any moment.
    pub(super) fn replace(&self, generation: &Path) -> Result<(), Error> {
        let path = generation.join(FILE);
        let beside = super::rewrite::beside(&path);
        std::fs::write(&beside, self.text()).map_err(Error::io("write", &beside))?;
        super::rewrite::put_in_place(&beside, &path)
    }

    pub(super) fn write(&self, generation: &Path) -> Result<(), Error> {
        let path = generation.join(FILE);
        std::fs::write(&path, self.text()).map_err(Error::io("write", &path))
    }

    fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        text.push(b'\n');
        text
    }
}
