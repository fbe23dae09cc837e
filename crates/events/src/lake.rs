//! The lake: generations of complete, consistent tables, and one link to the newest.
//!
//! ```text
//! data/
//!   .lock                                 held by the one writer
//!   current -> generations/<id>           flipped by one rename
//!   generations/<id>/<table>/…parquet     complete over all tables
//!   generations/<id>/manifest.json
//!   generations/.building-<id>/           a run at work, or what a killed one left
//! ```
//!
//! A run builds beside the published generation and flips the link last, so readers always see one whole night
//! and a run killed at any point changes nothing.

mod draft;
mod lock;
mod manifest;
mod parallel;
mod rewrite;

use std::path::{Path, PathBuf};

pub use draft::Draft;
pub use lock::Lock;
pub use manifest::{Column, Columns, Input, Manifest, Superseded, TableEntry};
pub use rewrite::LakeFile;

/// What went wrong with the lake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("failed to {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another run is at work.
    #[error("{} is in use by another run ({holder}); wait for it to end, or give another --data folder", path.display())]
    Locked {
        /// The lake's folder.
        path: PathBuf,
        /// What the holder wrote about itself.
        holder: String,
    },
    /// A manifest that is not one.
    #[error("{} is damaged: {source}; point `current` at an earlier generation, or run with --rebuild", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// Nothing has been published yet.
    #[error("{} holds no published generation yet; run `leftcart run INPUT…` or `leftcart ingest INPUT…` first", path.display())]
    Empty {
        /// The lake's folder.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}

/// A folder of generations.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

/// One published night: every table, complete.
#[derive(Clone, Debug)]
pub struct Generation {
    path: PathBuf,
    manifest: Manifest,
}

impl Lake {
    /// The lake in this folder, which need not exist yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn generations(&self) -> PathBuf {
        self.root.join("generations")
    }

    /// Ids of all published generations that are kept, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn ids(&self) -> Result<Vec<String>, Error> {
        let folder = self.generations();
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let path = entry.map_err(Error::io("list", &folder))?.path();
            if !is_building(&path) {
                ids.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
        }
        // Ids begin with the time of the run, so the order of names is the order of nights.
        ids.sort();
        Ok(ids)
    }

    fn link(&self) -> PathBuf {
        self.root.join("current")
    }

    /// The published generation; `None` before the first night.
    ///
    /// # Errors
    /// When there is one and it cannot be read.
    pub fn current(&self) -> Result<Option<Generation>, Error> {
        let link = self.link();
        match std::fs::canonicalize(&link) {
            Ok(path) => Generation::open(&path).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("follow", &link)(error)),
        }
    }

    /// The published generation.
    ///
    /// # Errors
    /// As [`Lake::current`], and when nothing is published yet.
    pub fn published(&self) -> Result<Generation, Error> {
        self.current()?.ok_or_else(|| Error::Empty { path: self.root.clone() })
    }

    /// Makes the caller the one writer until the lock is dropped. `who` is told to whoever comes second.
    ///
    /// # Errors
    /// When another run holds the lock, or the folder cannot be made.
    pub fn lock(&self, who: &str) -> Result<Lock, Error> {
        std::fs::create_dir_all(self.generations()).map_err(Error::io("create", &self.generations()))?;
        Lock::take(&self.root, who)
    }

    /// Starts a generation beside the published one, and clears away what a killed run left.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn begin(&self, lock: &Lock, id: &str) -> Result<Draft, Error> {
        Draft::begin(self, lock, id)
    }

    /// Removes the oldest generations beyond `keep`, never the published one.
    ///
    /// # Errors
    /// When a folder cannot be listed or removed.
    pub fn prune(&self, _lock: &Lock, keep: usize) -> Result<(), Error> {
        let current = std::fs::canonicalize(self.link()).ok();
        let ids = self.ids()?;
        let surplus = ids.len().saturating_sub(keep.max(1));
        for id in ids.into_iter().take(surplus) {
            let path = self.generations().join(id);
            if std::fs::canonicalize(&path).ok() != current {
                parallel::remove(&path)?;
            }
        }
        Ok(())
    }
}

const BUILDING: &str = ".building-";

fn is_building(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(BUILDING))
}

impl Generation {
    fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_path_buf(), manifest: Manifest::read(path)? })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was made from, and what it holds.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of a table.
    #[must_use]
    pub fn table(&self, table: &str) -> PathBuf {
        self.path.join(table)
    }

    /// The Parquet files of a table, at any depth, in the order of their names; empty if it has none.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn files(&self, table: &str) -> Result<Vec<PathBuf>, Error> {
        parquet_files(&self.table(table))
    }
}

/// Parquet files below `folder` in the order of their names; none where there is no such folder.
///
/// # Errors
/// When a folder cannot be listed.
pub fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("list", &folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(Error::io("list", &folder))?;
            let path = entry.path();
            if entry.file_type().map_err(Error::io("inspect", &path))?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
