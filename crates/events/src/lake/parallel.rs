//! Many requests to the file system at once: a generation has some thousand files and folders after a year.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;

/// Threads that wait for the file system at once: it takes many requests together in about the time of one. Folders that
/// are taken away one after the other took up to fifty times as long.
const THREADS: usize = 16;

/// Removes a folder with everything in it.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let mut levels = vec![vec![path.to_path_buf()]];
    while let Some(level) = levels.last().filter(|level| !level.is_empty()) {
        let below = each(level, |folder| empty(folder))?;
        levels.push(below.into_iter().flatten().collect());
    }
    for level in levels.iter().rev() {
        each(level, |folder| fs::remove_dir(folder).map_err(Error::io("remove", folder)))?;
    }
    Ok(())
}

/// Removes the files of a folder; returns the folders in it.
fn empty(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let path = entry.path();
        if entry.file_type().map_err(Error::io("inspect", &path))?.is_dir() {
            folders.push(path);
        } else {
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(folders)
}

/// What `make` makes of these, in their order.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let make = &make;
    let parts: Vec<Result<Vec<R>, Error>> = std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(THREADS).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(make).collect())).collect();
        parts.into_iter().map(|part| part.join().expect("none of these panics")).collect()
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
