//! What a night forgets of tables of GA4's export in whose place others count.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arrow::array::AsArray;
use events::lake::parquet_files;
use events::parquet_io::{self, Reader};
use events::schema::QUARANTINE;
use ingest::Summary;

use super::{NEWS, Night, TAKEN_BACK};

impl Night {
    /// Counts the rows of superseded files as such, takes their rejected rows out of quarantine, and, where rows are gone
    /// that told who is who, forgets what was learnt of that. `tonight` is this night's quarantine.
    pub(super) fn supersede(&mut self, summary: &mut Summary, tonight: &Path) -> Result<()> {
        let mut files: HashSet<(String, String)> = HashSet::new();
        for told in &mut summary.superseded {
            let is_of = |input: &&mut events::lake::Input| {
                input.source == told.source && input.table.as_ref() == Some(&told.table) && input.superseded == 0
            };
            for input in self.manifest.inputs.iter_mut().filter(is_of) {
                told.rows += input.rows;
                if !input.quarantined.is_empty() {
                    files.insert((input.path.clone(), input.source.clone()));
                }
                input.supersede();
            }
        }
        self.release(&files, tonight)?;
        if summary.unlearns {
            // It is learnt again, from all rows that there are, and everybody's carts are made again.
            for name in local::REMEMBERED.iter().chain(&[NEWS, TAKEN_BACK]) {
                let folder = self.state(name);
                if folder.exists() {
                    std::fs::remove_dir_all(&folder)
                        .with_context(|| format!("failed to remove {}", folder.display()))?;
                }
            }
        }
        self.manifest.superseded.clone_from(&summary.superseded);
        Ok(())
    }

    /// Takes the rows of these files, by path and source, out of the quarantine of earlier nights.
    fn release(&self, files: &HashSet<(String, String)>, tonight: &Path) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        for path in parquet_files(&self.draft.table(QUARANTINE.name))?.iter().filter(|path| *path != tonight) {
            let mut keep = Vec::new();
            for batch in Reader::open(path, &["file", "source"])? {
                let batch = parquet_io::plain(&batch?)?;
                let [file, source] = [0, 1].map(|at| batch.column(at).as_string::<i32>());
                let rows = file.iter().zip(source).map(|(file, source)| {
                    let of = (file.unwrap_or_default().to_owned(), source.unwrap_or_default().to_owned());
                    !files.contains(&of)
                });
                keep.extend(rows);
            }
            if !keep.contains(&false) {
                continue;
            }
            let rest = self.draft.scratch().join("quarantine.parquet");
            let kept = parquet_io::retain(path, &rest, &keep)?;
            // What lies there is the file of an earlier night, which stays as it is under its other names.
            let put = || {
                std::fs::remove_file(path)?;
                if kept > 0 { std::fs::rename(&rest, path) } else { Ok(()) }
            };
            put().with_context(|| format!("failed to write {}", path.display()))?;
        }
        Ok(())
    }
}

/// Removes files that were taken over and of which no row is left, and the folders that are empty then. Returns their
/// number.
pub(super) fn remove(files: &[PathBuf]) -> Result<u64> {
    for file in files {
        std::fs::remove_file(file).with_context(|| format!("failed to remove {}", file.display()))?;
        // A folder that still has something in it stays.
        let _ = file.ancestors().skip(1).take(2).try_for_each(std::fs::remove_dir);
    }
    Ok(files.len() as u64)
}
