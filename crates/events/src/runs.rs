//! Keyed runs: what a lake remembers beside its tables so that a night can find a few keys among all of history.
//!
//! A run is one Parquet file of entries (a 64-bit key, some bytes) sorted by key, written once and never changed; a night
//! adds a run, and every eight runs of a level are merged into one of the next. So there are few runs however many nights
//! have passed, an entry is rewritten once per level, and runs that a night does not merge are hard-linked like every
//! other file. A look-up reads only the pages that can hold a key that it was asked for.

mod file;
mod merge;

use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use crate::parquet_io::Error;
pub use file::Writer;

/// Runs of one level that are merged into one of the next.
const FAN_OUT: usize = 8;

/// The runs in a folder.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
    /// Oldest first.
    files: Vec<File>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    /// Names sort as runs were added; a merged run has the name of its oldest.
    name: String,
    level: u32,
    path: PathBuf,
}

impl Runs {
    /// The runs in this folder, which need not exist.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: folder.to_path_buf(), source };
        let mut files = Vec::new();
        match std::fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    files.extend(File::of(&entry.map_err(io)?.path()));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        files.sort();
        Ok(Self { folder: folder.to_path_buf(), files })
    }

    /// The runs that were added since `earlier` was opened, if none has been merged.
    #[must_use]
    pub fn newer(&self, earlier: &Self) -> Self {
        let files = self.files.iter().filter(|file| !earlier.files.contains(file)).cloned().collect();
        Self { folder: self.folder.clone(), files }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// A writer for a new run. `name` must sort after the names of all earlier runs.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn add(&self, name: &str) -> Result<Writer, Error> {
        Writer::create(&File::path(&self.folder, 0, name))
    }

    /// Calls `each` with every entry whose key is among `keys`, which must be sorted; entries of one key come oldest run
    /// first, within a run in the order in which they were written.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn look_up(&self, keys: &[u64], mut each: impl FnMut(u64, &[u8])) -> Result<(), Error> {
        debug_assert!(keys.is_sorted(), "keys are looked up in one pass over each run");
        if keys.is_empty() {
            return Ok(());
        }
        for file in &self.files {
            let mut wanted = keys.iter().peekable();
            for batch in file::Reader::seek(&file.path, keys)? {
                let batch = batch?;
                let (found, bytes) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_binary::<i32>());
                for (at, key) in found.values().iter().enumerate() {
                    // Both are sorted: one walk along both.
                    while wanted.next_if(|wanted| *wanted < key).is_some() {}
                    if wanted.peek() == Some(&key) {
                        each(*key, bytes.value(at));
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with every entry, run by run, oldest first.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn scan(&self, mut each: impl FnMut(u64, &[u8])) -> Result<(), Error> {
        self.files.iter().try_for_each(|file| entries(&file.path, &mut each))
    }

    /// Merges runs until no level holds eight.
    ///
    /// # Errors
    /// When a run cannot be read or written.
    pub fn compact(&mut self) -> Result<(), Error> {
        while let Some(level) =
            self.files.iter().map(|file| file.level).find(|level| self.of(*level).count() >= FAN_OUT)
        {
            let merged: Vec<File> = self.of(level).cloned().collect();
            let path = File::path(&self.folder, level + 1, &merged[0].name);
            let paths: Vec<&Path> = merged.iter().map(|file| file.path.as_path()).collect();
            merge::merge(&paths, &path)?;
            for file in &merged {
                std::fs::remove_file(&file.path).map_err(|source| Error::Io { path: file.path.clone(), source })?;
            }
            *self = Self::open(&self.folder)?;
        }
        Ok(())
    }

    fn of(&self, level: u32) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.level == level)
    }
}

/// Calls `each` with every entry of one run.
///
/// # Errors
/// When it cannot be read.
pub fn entries(run: &Path, mut each: impl FnMut(u64, &[u8])) -> Result<(), Error> {
    for batch in file::Reader::all(run)? {
        let batch = batch?;
        let (keys, bytes) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_binary::<i32>());
        keys.values().iter().enumerate().for_each(|(at, key)| each(*key, bytes.value(at)));
    }
    Ok(())
}

/// Writes the entries of the run `from` for which `keep` says true to the new file `to`; returns their number.
///
/// # Errors
/// When `from` cannot be read, or the disk refuses.
pub fn retain(from: &Path, to: &Path, keep: &[bool]) -> Result<u64, Error> {
    let mut writer = Writer::create(to)?;
    let mut keep = keep.iter();
    let (mut kept, mut result) = (0, Ok(()));
    entries(from, |key, entry| {
        if result.is_ok() && keep.next() == Some(&true) {
            kept += 1;
            result = writer.push(key, entry);
        }
    })?;
    result?;
    writer.finish()?;
    Ok(kept)
}

impl File {
    fn path(folder: &Path, level: u32, name: &str) -> PathBuf {
        folder.join(format!("level-{level}-{name}.parquet"))
    }

    fn of(path: &Path) -> Option<Self> {
        let stem = path.file_name()?.to_str()?.strip_suffix(".parquet")?.strip_prefix("level-")?;
        let (level, name) = stem.split_once('-')?;
        Some(Self { name: name.to_owned(), level: level.parse().ok()?, path: path.to_path_buf() })
    }
}

#[cfg(test)]
mod tests;
