//! What is known of a person while he is being forgotten: a run that is killed may have removed what it was learnt from.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use events::hash;
use local::forget::Trace;

// Gone as soon as nothing is left of anybody in it.
use crate::night::FORGETTING as FOLDER;

pub(super) struct Journal {
    folder: PathBuf,
    path: PathBuf,
}

impl Journal {
    pub(super) fn of(lake: &Path, person: &str) -> Self {
        let folder = lake.join(FOLDER);
        let path = folder.join(format!("{}.json", hash::hex(hash::of_bytes(person.as_bytes()))));
        Self { folder, path }
    }

    /// What a killed run knew.
    pub(super) fn read(&self) -> Result<Option<Trace>> {
        let failed = || format!("failed to read {}", self.path.display());
        match fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).with_context(failed),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A run killed on its very last step leaves the folder, empty; one with notes of others in it stays.
                let _ = fs::remove_dir(&self.folder);
                Ok(None)
            }
            Err(error) => Err(error).with_context(failed),
        }
    }

    /// On disk, whole, before this returns.
    pub(super) fn write(&self, trace: &Trace) -> Result<()> {
        let beside = self.path.with_extension("new");
        let write = || {
            fs::create_dir_all(&self.folder)?;
            let mut file = File::create(&beside)?;
            file.write_all(&serde_json::to_vec(trace)?)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().with_context(|| format!("failed to write {}", self.path.display()))
    }

    pub(super) fn remove(&self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("failed to remove {}", self.path.display()))?;
        // Others may be in it.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}
