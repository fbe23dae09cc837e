//! The cases that are kept in the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// A case: its name, for messages, and its bytes.
pub type Case = (String, Vec<u8>);

/// Where cases of a target lie from which fuzzing sets out.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// Where cases of a target lie that once broke a law.
#[must_use]
pub fn regressions(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target)
}

/// The cases of a folder by name; none where there is no folder.
///
/// # Panics
/// If one cannot be read.
#[must_use]
pub fn cases(folder: &Path) -> Vec<Case> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    let case = |path: PathBuf| (path.display().to_string(), fs::read(&path).expect("a case can be read"));
    paths.into_iter().map(case).collect()
}
