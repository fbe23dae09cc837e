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

mod current;
mod draft;
mod lock;
mod manifest;
mod parallel;
mod rewrite;
mod share;

use std::path::{Path, PathBuf};

use crate::schema;
pub use draft::Draft;
pub use lock::Lock;
pub use manifest::{Column, Columns, Input, Manifest, Superseded, TableEntry};
pub use rewrite::LakeFile;
pub use share::share;

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
    #[error("{} is damaged: {source}; {}", path.display(), way_back(path))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A generation without a manifest.
    #[error("{} is not a whole night: it has no manifest.json; {}", path.display(), way_back(path))]
    Torn {
        /// The folder of the generation.
        path: PathBuf,
    },
    /// Files of a published table are gone.
    #[error(
        "{} holds {found} files, and had {expected} when its night was published: some are gone; {}",
        folder.display(), way_back(folder)
    )]
    Missing {
        /// The folder of the table.
        folder: PathBuf,
        /// Files that are there.
        found: u64,
        /// Files that it was published with.
        expected: u64,
    },
    /// `current` names a generation that is not there.
    #[error(
        "{} points at {}, which is not there; point it at a night that is (ln -sfn generations/ID {}; `ls` the folder \
         generations for ids), or run with --rebuild, which starts anew from the inputs given",
        link.display(), target.display(), link.display()
    )]
    Dangling {
        /// The link.
        link: PathBuf,
        /// What it says.
        target: PathBuf,
    },
    /// The tables are of another version of leftcart.
    #[error(
        "{} was made by leftcart {made_by}, with tables of version {found}; this one has {}: {}",
        path.display(), schema::VERSION, way_to(*found)
    )]
    Version {
        /// The folder of the generation.
        path: PathBuf,
        /// The version of its tables.
        found: u32,
        /// The version of the leftcart that made it.
        made_by: String,
    },
    /// Nothing has been published yet.
    #[error("{} holds no published generation yet; run `leftcart run INPUT…` or `leftcart ingest INPUT…` first", path.display())]
    Empty {
        /// The lake's folder.
        path: PathBuf,
    },
}

/// What to do with tables of another version.
fn way_to(version: u32) -> &'static str {
    if version > schema::VERSION {
        "install that leftcart or a later one, or run this one with --rebuild and all logs"
    } else if version < schema::OLDEST {
        "too old to be brought forward; run with --rebuild and all logs, or keep the leftcart that made it"
    } else {
        "`leftcart migrate` brings it forward; so does the next `leftcart run`"
    }
}

/// What to do when a generation, or a file in it, cannot be read.
pub(crate) fn way_back(inside: &Path) -> String {
    let data = inside.ancestors().find(|folder| folder.ends_with("generations")).and_then(Path::parent);
    let link = data.unwrap_or(Path::new("data")).join("current");
    format!(
        "point at an earlier night (ln -sfn generations/ID {}), or run with --rebuild and all logs, which makes everything \
         anew",
        link.display()
    )
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

    /// The published generation, with the tables that this leftcart has.
    ///
    /// # Errors
    /// As [`Lake::current`], when nothing is published yet, and when it has to be brought forward first.
    pub fn published(&self) -> Result<Generation, Error> {
        let generation = self.published_of_any_version()?;
        if generation.manifest.schema_version == schema::VERSION {
            return Ok(generation);
        }
        Err(generation.of_another_version())
    }

    /// The published generation, which may be of an earlier version that can be brought forward.
    ///
    /// # Errors
    /// As [`Lake::current`], and when nothing is published yet.
    pub fn published_of_any_version(&self) -> Result<Generation, Error> {
        self.current()?.ok_or_else(|| Error::Empty { path: self.root.clone() })
    }

    /// Where other programs find the tables of the published generation: below `current`, or where the file system has no
    /// symbolic links, in its own folder.
    #[must_use]
    pub fn shown(&self, published: &Generation) -> PathBuf {
        if self.is_linked() { self.link() } else { self.generations().join(&published.manifest.id) }
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
        let current = self.followed()?;
        let ids = self.ids()?;
        let surplus = ids.len().saturating_sub(keep.max(1));
        for id in ids.into_iter().take(surplus) {
            let path = self.generations().join(&id);
            if std::fs::canonicalize(&path).ok() != current {
                // Under its own name a night is whole or not there: one that is half removed must not be taken for one.
                let going = self.generations().join(format!("{BUILDING}gone-{id}"));
                std::fs::rename(&path, &going).map_err(Error::io("remove", &path))?;
                parallel::remove(&going)?;
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
        let generation = Self { path: path.to_path_buf(), manifest: Manifest::read(path)? };
        if (schema::OLDEST..=schema::VERSION).contains(&generation.manifest.schema_version) {
            return Ok(generation);
        }
        Err(generation.of_another_version())
    }

    fn of_another_version(self) -> Error {
        let Manifest { schema_version, code_version, .. } = self.manifest;
        Error::Version { path: self.path, found: schema_version, made_by: code_version }
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

    /// Fails if a table, or what is remembered beside the tables, has fewer files than it was published with: a night made of
    /// the rest would be wrong in silence.
    ///
    /// # Errors
    /// When that is so, or a folder cannot be listed.
    pub fn check(&self) -> Result<(), Error> {
        let tables = self.manifest.tables.iter().map(|(table, entry)| (table, entry.files));
        let state = self.manifest.state.iter().map(|(folder, files)| (folder, *files));
        for (table, expected) in tables.chain(state) {
            let found = self.files(table)?.len() as u64;
            if found < expected {
                return Err(Error::Missing { folder: self.table(table), found, expected });
            }
        }
        Ok(())
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
