//! The folder that a simulation fills: one file of events per day, and the truth beside them.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use serde::Serialize;

use crate::{Error, Format, write::json};

/// The buffer goes to the file once it holds this much.
const CHUNK: usize = 1 << 20;

/// Name of the folder of the truth.
const TRUTH: &str = "_truth";

/// The folder.
#[derive(Debug)]
pub(crate) struct Output {
    folder: PathBuf,
    format: Format,
}

impl Output {
    /// Makes the folder. What an earlier simulation left in it goes, so that no day of another shop stays behind.
    pub(crate) fn new(folder: &Path, format: Format) -> Result<Self, Error> {
        let truth = folder.join(TRUTH);
        fs::create_dir_all(&truth).map_err(Error::write(&truth))?;
        let summary = truth.join("summary.json");
        if summary.exists() {
            for entry in fs::read_dir(folder).map_err(Error::write(folder))? {
                let path = entry.map_err(Error::write(folder))?.path();
                if is_day_file(&path) {
                    fs::remove_file(&path).map_err(Error::write(&path))?;
                }
            }
            fs::remove_file(&summary).map_err(Error::write(&summary))?;
        }
        Ok(Self { folder: folder.to_owned(), format })
    }

    /// Begins the file of a day.
    pub(crate) fn day(&self, date: NaiveDate) -> Result<Lines, Error> {
        let name = format!("events_{}.{}", date.format("%Y%m%d"), self.format.extension());
        let mut lines = Lines::new(self.folder.join(name))?;
        lines.buffer.extend(self.format.header().as_bytes());
        Ok(lines)
    }

    /// Begins a file of the truth.
    pub(crate) fn truth(&self, name: &str) -> Result<Lines, Error> {
        Lines::new(self.folder.join(TRUTH).join(name))
    }

    /// Writes a file of the truth that is one object.
    pub(crate) fn truth_object(&self, name: &str, object: &impl Serialize) -> Result<(), Error> {
        let mut lines = self.truth(name)?;
        json::pretty(object, &mut lines.buffer);
        lines.finish()
    }
}

/// Whether a simulation could have written it: `events_20260105.csv`, `events_20260105.ndjson`.
fn is_day_file(path: &Path) -> bool {
    let Some((date, extension)) = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_prefix("events_"))
        .and_then(|name| name.split_once('.'))
    else {
        return false;
    };
    let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    is_date && Format::ALL.iter().any(|format| format.extension() == extension)
}

/// A file written through a buffer that encoders append to.
#[derive(Debug)]
pub(crate) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    pub(crate) buffer: Vec<u8>,
}

impl Lines {
    fn new(path: PathBuf) -> Result<Self, Error> {
        let file = File::create(&path).map_err(Error::write(&path))?;
        Ok(Self { file: BufWriter::new(file), path, buffer: Vec::new() })
    }

    /// Passes the buffer on when it is full.
    pub(crate) fn pass(&mut self) -> Result<(), Error> {
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file.write_all(&self.buffer).map_err(Error::write(&self.path))?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        self.file.flush().map_err(Error::write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_days_are_taken_for_an_earlier_simulation() {
        assert!(is_day_file(Path::new("out/events_20260105.csv")));
        assert!(is_day_file(Path::new("out/events_20260105.ndjson")));
        for other in ["events.csv", "events_2026.csv", "events_20260105.csv.gz", "events_2026010x.csv", "notes.txt"] {
            assert!(!is_day_file(Path::new(other)), "{other}");
        }
    }
}
