//! Reports that mention a person.
//!
//! A report holds sums over many carts; it is about a person only where it names him or one of his carts, as beside what
//! he said or met. Such a night's folder is removed
//! as a whole: its figures cannot be made again, and half a report would not say what it lacks.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use local::forget::{Mentions, Trace};

/// A folder with one is a report.
const SUMMARY: &str = "summary.json";

/// Names of the nights that there are pages of.
pub(super) fn nights(reports: &Path) -> Result<BTreeSet<String>> {
    let folders = entries(reports)?.into_iter().filter(|path| path.join(SUMMARY).is_file());
    Ok(folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
}

/// Removes the reports that mention the person, also half of one that a killed run left; returns their folders.
pub(super) fn remove(reports: &Path, mentions: &Mentions, trace: &Trace) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for folder in entries(reports)? {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_ours = folder.join(SUMMARY).is_file()
            || name.starts_with('.') && (name.ends_with(".building") || name.ends_with(".replaced"));
        if !folder.is_dir() || !is_ours {
            continue;
        }
        let files = files(&folder)?;
        if mentioning(&files, mentions)?.is_empty() && !tells_of_carts(&files, trace)? {
            continue;
        }
        // Under a name that stands for half a report, so that a second try finds it should this one be killed.
        let going = reports.join(format!(".{}.replaced", name.trim_matches('.')));
        let remove = || {
            if going != folder {
                let _ = fs::remove_dir_all(&going);
                fs::rename(&folder, &going)?;
            }
            fs::remove_dir_all(&going)
        };
        remove().with_context(|| format!("failed to remove {}", folder.display()))?;
        removed.push(folder);
    }
    Ok(removed)
}

/// Every file below a folder; none where there is no folder.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// Those of these files that mention the person.
pub(super) fn mentioning(files: &[PathBuf], mentions: &Mentions) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in files {
        let text = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        if mentions.in_text(&text) {
            found.push(file.clone());
        }
    }
    Ok(found)
}

/// Whether one of these files names a cart of the person.
fn tells_of_carts(files: &[PathBuf], trace: &Trace) -> Result<bool> {
    for file in files {
        let text = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let mut words = text.split(|byte| !byte.is_ascii_alphanumeric());
        if words.any(|word| std::str::from_utf8(word).is_ok_and(|word| trace.is_of_cart(word))) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("failed to list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(failed),
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().with_context(failed)?;
    paths.sort();
    Ok(paths)
}
