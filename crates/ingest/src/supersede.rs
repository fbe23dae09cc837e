//! Tables of GA4's export that take each other's place: a daily table that of the same day while it lasted, and the
//! daily table delivered before.
//!
//! ```text
//! names of tonight's files ──┬─> files that count for nothing: intraday, where the daily table is there
//! state/tables ──────────────┴─> rows of the lake that are superseded ─> judge: as they were, changed, or gone
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, UInt16Array};
use arrow::datatypes::{Int32Type, Int64Type, UInt16Type};
use events::exchange::{self, Exchange};
use events::hash;
use events::lake::{Superseded, parquet_files};
use events::parquet_io::{self, Reader};
use events::schema::{Table, Type, required};

use crate::dedupe::{Verdict, halves};
use crate::read::InputFile;
use crate::tables::ExportTable;
use crate::write::{self, Error};

/// Rows that a table brought into the lake.
const LISTED: Table = Table {
    name: "tables",
    row: "accepted row of a table of GA4's export",
    columns: &[
        required("identity_high", Type::I64, "hash of source, event_id and line, the upper half"),
        required("identity_low", Type::I64, "the lower half"),
        required("day", Type::I32, "UTC day of the row, days since 1970-01-01"),
        required("bucket", Type::U16, "bucket of its visitor"),
    ],
};
const COLUMNS: [&str; 4] = ["identity_high", "identity_low", "day", "bucket"];

/// What is kept of tables from night to night, and where.
#[derive(Clone, Copy, Debug)]
pub struct ExportTables<'a> {
    /// A folder with what each table brought into the lake; that of tonight is added.
    pub folder: &'a Path,
    /// The events table of the night before, if there is one.
    pub before: Option<&'a Path>,
    /// The name of this night.
    pub night: &'a str,
}

/// The identity of a row: where it comes from, its id there, and its line.
pub(crate) fn identity(buffer: &mut Vec<u8>, source: Option<&str>, event_id: Option<&str>, line: u16) -> u128 {
    buffer.clear();
    hash::write_fields(buffer, [source, event_id].map(|text| text.map(str::as_bytes)));
    buffer.extend_from_slice(&line.to_le_bytes());
    hash::of_bytes(buffer)
}

/// A table, and the source whose it is.
type Key = (String, ExportTable);

/// Where in the lake a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) day: i32,
    pub(crate) bucket: u16,
}

/// What the names of tonight's files mean.
pub(crate) struct Plan<'a> {
    settings: ExportTables<'a>,
    /// Tables of tonight whose rows count.
    tables: Vec<Key>,
    /// By file: which of these it belongs to.
    files: Vec<Option<usize>>,
    /// By file: the table that it is a part of, if another one counts in its place.
    passed_over: Vec<Option<ExportTable>>,
    /// Tables of the lake of which nothing stays.
    going: Vec<Key>,
}

impl<'a> Plan<'a> {
    /// The plan for these files, as numbered from 0.
    pub(crate) fn of(files: &[InputFile], settings: ExportTables<'a>) -> Result<Self, Error> {
        let named: Vec<Option<ExportTable>> = files.iter().map(ExportTable::of).collect();
        let keys = files.iter().zip(&named).map(|(file, table)| Some((file.source.clone(), (*table)?)));
        let keys: Vec<Option<Key>> = keys.collect();
        let tonight: BTreeSet<Key> = keys.iter().flatten().cloned().collect();
        let daily_counts = |(source, table): &Key| -> Result<bool, Error> {
            let daily = (source.clone(), table.counterpart());
            Ok(!table.is_daily() && (tonight.contains(&daily) || !parts(settings.folder, &daily)?.is_empty()))
        };
        let mut tables = Vec::new();
        let mut idle = BTreeSet::new();
        let mut going = Vec::new();
        for key in &tonight {
            if daily_counts(key)? {
                idle.insert(key.clone());
                continue;
            }
            tables.push(key.clone());
            if key.1.is_daily() {
                for old in [key.clone(), (key.0.clone(), key.1.counterpart())] {
                    if !parts(settings.folder, &old)?.is_empty() {
                        going.push(old);
                    }
                }
            }
        }
        let place = |key: &Option<Key>| tables.iter().position(|table| Some(table) == key.as_ref());
        let passed_over = keys.iter().map(|key| key.as_ref().filter(|key| idle.contains(key)).map(|(_, table)| *table));
        Ok(Self {
            settings,
            files: keys.iter().map(place).collect(),
            passed_over: passed_over.collect(),
            tables,
            going,
        })
    }

    /// By file: whether its rows count for nothing.
    pub(crate) fn idle(&self) -> Vec<bool> {
        self.passed_over.iter().map(Option::is_some).collect()
    }

    /// The table that a file is a part of.
    pub(crate) fn table(&self, file: usize) -> Option<ExportTable> {
        self.passed_over[file].or_else(|| Some(self.tables[self.files[file]?].1))
    }

    /// The rows of the lake that go, unless tonight has them again. Rows that were taken out of the lake since are not
    /// among them: they are remembered, so as not to come back.
    pub(crate) fn going(&self) -> Result<Going, Error> {
        let mut going = Going::default();
        let Some(before) = self.settings.before else { return Ok(going) };
        let mut listed: BTreeMap<Place, HashMap<u128, usize>> = BTreeMap::new();
        for (at, key) in self.going.iter().enumerate() {
            for part in parts(self.settings.folder, key)? {
                read(&part, |identity, place| _ = listed.entry(place).or_default().insert(identity, at))?;
            }
        }
        for (place, listed) in listed {
            let file = write::file(before, place.day, place.bucket.into());
            for found in identities(&file)? {
                if let Some(table) = listed.get(&found) {
                    going.rows.insert(found, (place, *table));
                }
            }
        }
        Ok(going)
    }

    /// Writes down what the tables of tonight brought into the lake, in the place of those that they supersede, and
    /// returns what became of these. Idle files are told of without their rows.
    pub(crate) fn write(
        &self,
        listing: &Listing<'_>,
        going: &Going,
        verdict: &Verdict,
    ) -> Result<Vec<Superseded>, Error> {
        for key in &self.going {
            let folder = folder_of(self.settings.folder, key);
            std::fs::remove_dir_all(&folder).map_err(|source| parquet_io::Error::Io { path: folder, source })?;
        }
        let mut kept: BTreeMap<usize, Vec<(u128, Place)>> = BTreeMap::new();
        let mut told: Vec<Superseded> = self.going.iter().map(|(source, table)| told(source, *table)).collect();
        for (identity, position) in &verdict.kept {
            let (place, of) = going.rows[identity];
            told[of].unchanged += 1;
            if let Some(table) = listing.table(*position) {
                kept.entry(table).or_default().push((*identity, place));
            }
        }
        for identity in &verdict.changed {
            told[going.rows[identity].1].changed += 1;
        }
        going.rows.values().for_each(|(_, table)| told[*table].events += 1);
        for (at, key) in self.tables.iter().enumerate() {
            let mut rows = listing.take(at)?;
            rows.extend(kept.remove(&at).unwrap_or_default());
            rows.sort_unstable();
            let path = folder_of(self.settings.folder, key).join(format!("{}.parquet", self.settings.night));
            let mut writer = parquet_io::Writer::create_for(rows.len(), &path, &LISTED, &[])?;
            for rows in rows.chunks(parquet_io::BATCH_ROWS) {
                writer.write(&batch(rows))?;
            }
            writer.finish()?;
        }
        let mut idle: BTreeSet<(&str, ExportTable)> = BTreeSet::new();
        for (source, table) in listing.sources.iter().zip(&self.passed_over) {
            idle.extend(table.map(|table| (source.as_str(), table)));
        }
        for (source, table) in idle {
            if !self.going.iter().any(|going| (going.0.as_str(), going.1) == (source, table)) {
                told.push(self::told(source, table));
            }
        }
        told.sort_by(|a, b| (&a.source, &a.table).cmp(&(&b.source, &b.table)));
        Ok(told)
    }
}

fn told(source: &str, table: ExportTable) -> Superseded {
    let daily = if table.is_daily() { table } else { table.counterpart() };
    let (table, by) = (table.to_string(), daily.to_string());
    Superseded { source: source.to_owned(), table, by, ..Superseded::default() }
}

/// Rows of the lake whose tables are superseded.
#[derive(Debug, Default)]
pub(crate) struct Going {
    /// Where each lies, and to which of the tables it belongs.
    rows: HashMap<u128, (Place, usize)>,
}

impl Going {
    pub(crate) fn has(&self, identity: u128) -> bool {
        !self.rows.is_empty() && self.rows.contains_key(&identity)
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = u128> {
        self.rows.keys().copied()
    }

    /// Those that do not stay as they are, by the file in which they lie; true stands for one that comes with other
    /// content, false for one that is gone.
    pub(crate) fn taken_back(&self, verdict: &Verdict) -> TakenBack {
        let kept: BTreeSet<u128> = verdict.kept.iter().map(|(identity, _)| *identity).collect();
        let changed: BTreeSet<u128> = verdict.changed.iter().copied().collect();
        let mut taken = TakenBack::new();
        for (identity, (place, _)) in self.rows.iter().filter(|(identity, _)| !kept.contains(identity)) {
            taken.entry(*place).or_default().insert(*identity, changed.contains(identity));
        }
        taken
    }
}

/// Rows that go, by the file in which they lie, each with whether it comes with other content.
pub(crate) type TakenBack = BTreeMap<Place, BTreeMap<u128, bool>>;

/// Rows of tonight's tables, on their way into what is kept of them.
pub(crate) struct Listing<'a> {
    exchange: Exchange,
    /// Number of the first file of tonight.
    first: usize,
    files: &'a [Option<usize>],
    sources: Vec<String>,
}

impl<'a> Listing<'a> {
    /// Files of tonight are numbered from `first` on.
    pub(crate) fn new(plan: &'a Plan<'_>, first: usize, files: &[InputFile], scratch: &Path, budget: usize) -> Self {
        let count = u32::try_from(plan.tables.len().max(1)).expect("far fewer tables");
        Self {
            exchange: Exchange::new(LISTED.schema(), count, scratch, "tables", budget),
            first,
            files: &plan.files,
            sources: files.iter().map(|file| file.source.clone()).collect(),
        }
    }

    /// The table that the row of this position is of.
    pub(crate) fn table(&self, position: crate::batch::Position) -> Option<usize> {
        let (file, _) = crate::batch::origin(position);
        *self.files.get((file as usize).checked_sub(self.first)?)?
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.iter().all(Option::is_none)
    }

    pub(crate) fn push(&self, table: usize, rows: &[(u128, Place)]) -> Result<(), exchange::Error> {
        self.exchange.push(u32::try_from(table).expect("far fewer tables"), batch(rows))
    }

    fn take(&self, table: usize) -> Result<Vec<(u128, Place)>, Error> {
        let mut rows = Vec::new();
        self.exchange.drain::<exchange::Error>(u32::try_from(table).expect("far fewer tables"), |batch| {
            unpack(&batch, |identity, place| rows.push((identity, place)));
            Ok(())
        })?;
        Ok(rows)
    }
}

fn folder_of(folder: &Path, (source, table): &Key) -> PathBuf {
    folder.join(format!("{table}-{}", &hash::hex(hash::of_bytes(source.as_bytes()))[..16]))
}

/// What nights wrote down of a table; nothing if it has no place in the lake.
fn parts(folder: &Path, key: &Key) -> Result<Vec<PathBuf>, Error> {
    Ok(parquet_files(&folder_of(folder, key))?)
}

fn batch(rows: &[(u128, Place)]) -> RecordBatch {
    let half = |of: fn(u128) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(identity, _)| of(*identity).cast_signed())))
    };
    let columns: Vec<ArrayRef> = vec![
        half(|identity| halves(identity).0),
        half(|identity| halves(identity).1),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|(_, place)| place.day))),
        Arc::new(UInt16Array::from_iter_values(rows.iter().map(|(_, place)| place.bucket))),
    ];
    RecordBatch::try_new(LISTED.schema(), columns).expect("columns of one length, as the schema says")
}

fn unpack(batch: &RecordBatch, mut each: impl FnMut(u128, Place)) {
    let halves = |at: usize| batch.column(at).as_primitive::<Int64Type>().values();
    let (high, low) = (halves(0), halves(1));
    let days = batch.column(2).as_primitive::<Int32Type>().values();
    let buckets = batch.column(3).as_primitive::<UInt16Type>().values();
    for row in 0..batch.num_rows() {
        let identity = (u128::from(high[row].cast_unsigned()) << 64) | u128::from(low[row].cast_unsigned());
        each(identity, Place { day: days[row], bucket: buckets[row] });
    }
}

fn read(path: &Path, mut each: impl FnMut(u128, Place)) -> Result<(), Error> {
    for batch in Reader::open(path, &COLUMNS)? {
        unpack(&batch?, &mut each);
    }
    Ok(())
}

/// The identities of the rows of an event file; none where it is gone.
fn identities(file: &Path) -> Result<Vec<u128>, Error> {
    let (mut identities, mut buffer) = (Vec::new(), Vec::new());
    if !file.exists() {
        return Ok(identities);
    }
    for batch in Reader::open(file, &["source", "event_id", "line"])? {
        let batch = parquet_io::plain(&batch?)?;
        let [source, event_id] = [0, 1].map(|at| batch.column(at).as_string::<i32>());
        let line = batch.column(2).as_primitive::<UInt16Type>();
        for row in 0..batch.num_rows() {
            let [source, event_id] = [source, event_id].map(|text| text.is_valid(row).then(|| text.value(row)));
            identities.push(identity(&mut buffer, source, event_id, line.value(row)));
        }
    }
    Ok(identities)
}
