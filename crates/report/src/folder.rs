//! Files → a folder that is there whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::{Error, Written};

/// The page of a night, and of all nights.
pub(crate) const INDEX: &str = "index.html";
/// The night's figures for machines. A folder with one is a report.
pub(crate) const SUMMARY: &str = "summary.json";
/// Those of them that the list of all nights shows.
pub(crate) const HEADLINES: &str = "headlines.json";
/// What somebody should be told of the night, for machines.
pub(crate) const ALERTS: &str = "alerts.json";

/// The chart of the night in short: drawn for a telephone, as mail is narrow.
pub(crate) const FOR_MAIL: &str = "charts/mail.png";

/// Texts by their path in the folder.
pub(crate) type Files = BTreeMap<PathBuf, String>;
/// Pictures likewise.
pub(crate) type Pictures = BTreeMap<PathBuf, Vec<u8>>;

/// Writes the files beside `folder` and puts them in its place, replacing the report that was there.
pub(crate) fn publish(folder: &Path, files: Files, pictures: Pictures) -> Result<Written, Error> {
    let nameless = || Error::Nameless { path: folder.to_path_buf() };
    let name = folder.file_name().ok_or_else(nameless)?.to_string_lossy().into_owned();
    if holds_something_else(folder)? {
        return Err(Error::Occupied { path: folder.to_path_buf() });
    }
    // Names that begin with a dot are no nights, see `nights`.
    let building = folder.with_file_name(format!(".{name}.building"));
    let replaced = folder.with_file_name(format!(".{name}.replaced"));
    take_up(folder)?;
    clear(&building)?;
    let texts = files.iter().map(|(path, text)| (path, text.as_bytes()));
    let mut all = texts.chain(pictures.iter().map(|(path, bytes)| (path, bytes.as_slice())));
    if let Err(error) = all.try_for_each(|(path, bytes)| write(&building.join(path), bytes)) {
        // The disk may be full: half a report is of no use to anybody.
        let _ = fs::remove_dir_all(&building);
        return Err(error);
    }
    if folder.exists() {
        clear(&replaced)?;
        rename(folder, &replaced)?;
    }
    if let Err(error) = rename(&building, folder) {
        // Yesterday's page is better than none; what matters to the caller is the first error.
        let _ = fs::rename(&replaced, folder);
        return Err(error);
    }
    clear(&replaced)?;
    let mut files: Vec<PathBuf> = files.into_keys().chain(pictures.into_keys()).collect();
    files.sort();
    Ok(Written { folder: folder.to_path_buf(), files })
}

/// Writes one file so that readers see the old text or the new.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let building = path.with_file_name(format!(".{name}.building"));
    if let Err(error) = write(&building, text.as_bytes()) {
        let _ = fs::remove_file(&building);
        return Err(error);
    }
    rename(&building, path)
}

/// Puts reports back that a killed run had moved away and not replaced yet: any that lie beside `folder`.
fn take_up(folder: &Path) -> Result<(), Error> {
    let Some(parent) = folder.parent().filter(|parent| parent.is_dir()) else { return Ok(()) };
    for entry in fs::read_dir(parent).map_err(Error::io("list", parent))? {
        let left = entry.map_err(Error::io("list", parent))?.path();
        let name = left.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(name) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".replaced")) else { continue };
        let place = parent.join(name);
        if place.exists() { clear(&left)? } else { rename(&left, &place)? }
    }
    Ok(())
}

fn holds_something_else(folder: &Path) -> Result<bool, Error> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some() && !folder.join(SUMMARY).exists()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("list", folder)(error)),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    let mut file = fs::File::create(path).map_err(Error::io("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io("write", path))
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io("put in place", to))
}

fn clear(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        Files::from([(SUMMARY.into(), text.to_owned()), ("charts/a.svg".into(), text.to_owned())])
    }

    #[test]
    fn a_report_is_replaced_as_a_whole() {
        let reports = tempfile::tempdir().unwrap();
        let night = reports.path().join("2026-11-20");
        publish(&night, files("old"), Pictures::new()).unwrap();
        fs::write(night.join("stale.csv"), "").unwrap();
        let written = publish(&night, files("new"), Pictures::from([("charts/a.png".into(), vec![0xff])])).unwrap();
        assert_eq!(written.files, ["charts/a.png", "charts/a.svg", SUMMARY].map(PathBuf::from));
        assert_eq!(fs::read_to_string(night.join("charts/a.svg")).unwrap(), "new");
        assert!(!night.join("stale.csv").exists());
        assert_eq!(fs::read_dir(reports.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
        assert!(matches!(publish(folder.path(), files(""), Pictures::new()), Err(Error::Occupied { .. })));
        assert_eq!(fs::read_to_string(folder.path().join("thesis.txt")).unwrap(), "mine");
    }

    #[test]
    fn a_report_that_a_killed_run_had_moved_away_is_put_back_on_any_later_night() {
        let reports = tempfile::tempdir().unwrap();
        let first = reports.path().join("2026-11-20");
        publish(&first, files("first"), Pictures::new()).unwrap();
        fs::rename(&first, reports.path().join(".2026-11-20.replaced")).unwrap();
        publish(&reports.path().join("2026-11-21"), files("second"), Pictures::new()).unwrap();
        assert_eq!(fs::read_to_string(first.join(SUMMARY)).unwrap(), "first");
        assert_eq!(fs::read_dir(reports.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_a_killed_run_left_does_not_stay() {
        let reports = tempfile::tempdir().unwrap();
        let left = reports.path().join(".night.building/charts/gone.svg");
        write(&left, b"half").unwrap();
        let night = reports.path().join("night");
        publish(&night, files("whole"), Pictures::new()).unwrap();
        assert!(!night.join("charts/gone.svg").exists());
    }
}
