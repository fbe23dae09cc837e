//! Files of published generations, changed after all: for what must not be kept.
//!
//! Generations share files by hard links. A file is looked at once under all its names; its new version is written
//! beside it, synced, and linked into the place of each, so that it is still one file on disk and whole at any moment.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::draft::sync;
use super::{Error, Lake, Lock, Manifest, parquet_files};

/// The folder with the rejected rows of runs that published nothing.
const REFUSED: &str = "refused";
/// What the names of files end with that are not in their place yet; no reader takes them for tables.
const BESIDE: &str = ".rewritten";

/// A Parquet file of the lake, under all names that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeFile {
    table: String,
    names: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    path: PathBuf,
    /// The folder of its table.
    folder: PathBuf,
    /// The generation's id; `None` in [`REFUSED`].
    generation: Option<String>,
}

impl Lake {
    /// Every Parquet file of every published generation, and of the folder `refused`; each once, however many
    /// generations share it. In the order of tables and of first names.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn every_file(&self) -> Result<Vec<LakeFile>, Error> {
        let mut files: BTreeMap<(u64, u64), LakeFile> = BTreeMap::new();
        let mut add = |path: PathBuf, table: String, folder: PathBuf, generation: Option<&String>| {
            let metadata = fs::metadata(&path).map_err(Error::io("inspect", &path))?;
            let file = files.entry((metadata.dev(), metadata.ino()));
            let file = file.or_insert_with(|| LakeFile { table, names: Vec::new() });
            file.names.push(Name { path, folder, generation: generation.cloned() });
            Ok(())
        };
        for id in self.ids()? {
            let generation = self.generations().join(&id);
            for path in parquet_files(&generation)? {
                let within = path.strip_prefix(&generation).expect("listed below it");
                let mut parts = within.iter().map(|part| part.to_string_lossy());
                let mut table = parts.next().unwrap_or_default().into_owned();
                // What is remembered beside the tables lies in a folder of folders.
                if table == "state" {
                    table = format!("{table}/{}", parts.next().unwrap_or_default());
                }
                let folder = generation.join(&table);
                add(path, table, folder, Some(&id))?;
            }
        }
        let refused = self.root.join(REFUSED);
        for path in parquet_files(&refused)? {
            add(path, REFUSED.to_owned(), refused.clone(), None)?;
        }
        let mut files: Vec<LakeFile> = files.into_values().collect();
        files.sort_by(|a, b| (&a.table, a.path()).cmp(&(&b.table, b.path())));
        Ok(files)
    }

    /// Removes what a killed rewrite left beside the files.
    ///
    /// # Errors
    /// When a folder cannot be listed or a file not removed.
    pub fn clear_rewrites(&self, _lock: &Lock) -> Result<(), Error> {
        let mut folders = vec![self.generations(), self.root.join(REFUSED)];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("list", &folder)(error)),
            };
            for entry in entries {
                let entry = entry.map_err(Error::io("list", &folder))?;
                let path = entry.path();
                if entry.file_type().map_err(Error::io("inspect", &path))?.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(BESIDE) {
                    remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Lets `change` at the manifest of every generation, and puts those that it changed in their place. A generation
    /// without one, which a killed run was clearing away, is passed over.
    ///
    /// # Errors
    /// Those of `change`, and when a manifest cannot be read or written.
    pub fn amend<E: From<Error>>(
        &self,
        _lock: &Lock,
        mut change: impl FnMut(&Path, &mut Manifest) -> Result<(), E>,
    ) -> Result<(), E> {
        for id in self.ids()? {
            let generation = self.generations().join(id);
            let manifest = match Manifest::read(&generation) {
                Ok(manifest) => manifest,
                Err(Error::Torn { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut changed = manifest.clone();
            change(&generation, &mut changed)?;
            if changed != manifest {
                changed.replace(&generation)?;
            }
        }
        Ok(())
    }
}

impl LakeFile {
    /// The table: `events`, `state/links`, `refused`.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// One of its names: they are all the same file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.names[0].path
    }

    /// The ids of the generations that it belongs to; none in `refused`.
    pub fn generations(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| name.generation.as_deref())
    }

    /// Whether it belongs to this generation.
    #[must_use]
    pub fn is_in(&self, generation: &str) -> bool {
        self.generations().any(|id| id == generation)
    }

    /// Where its new version is to be written before [`LakeFile::replace`].
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        beside(self.path())
    }

    /// Gives up the new version.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn leave(&self) -> Result<(), Error> {
        remove(&self.beside())
    }

    /// Puts the new version, of so many rows, in the place of every name. Where it has no row the name goes, unless it
    /// is the last of its table: readers refuse a table without any file.
    ///
    /// # Errors
    /// When the disk refuses; every name then stands for the old version or the new one.
    pub fn replace(&self, _lock: &Lock, rows: u64) -> Result<(), Error> {
        let new = self.beside();
        sync(&new)?;
        for Name { path, folder, generation } in &self.names {
            if rows == 0 && (generation.is_none() || parquet_files(folder)?.len() > 1) {
                remove(path)?;
                clear_empty_folders(path, folder)?;
            } else {
                let link = PathBuf::from(format!("{}.link{BESIDE}", path.display()));
                let _ = fs::remove_file(&link);
                super::share(&new, &link).map_err(Error::io("link", &link))?;
                put_in_place(&link, path)?;
            }
        }
        remove(&new)
    }
}

pub(super) fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}{BESIDE}", path.display()))
}

/// Renames a file onto another, with everything on disk that this needs.
pub(super) fn put_in_place(from: &Path, to: &Path) -> Result<(), Error> {
    sync(from)?;
    fs::rename(from, to).map_err(Error::io("put in place", to))?;
    to.parent().map_or(Ok(()), sync)
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(Error::io("remove", path))
}

/// Removes folders above a removed file in which nothing is left, up to that of its table.
fn clear_empty_folders(path: &Path, table: &Path) -> Result<(), Error> {
    for folder in path.ancestors().skip(1) {
        if folder == table || fs::remove_dir(folder).is_err() {
            return sync(folder);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two generations that share a file of one table, and have one each of another.
    fn lake(name: &str) -> Lake {
        let root = std::env::temp_dir().join(format!("leftcart-rewrite-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for id in ["one", "two"] {
            let generation = root.join("generations").join(id);
            fs::create_dir_all(generation.join("events/day=1")).unwrap();
            fs::create_dir_all(generation.join("state/spend")).unwrap();
            fs::write(generation.join("state/spend/part-0.parquet"), id).unwrap();
            let manifest = Manifest { id: id.to_owned(), ..Manifest::default() };
            manifest.write(&generation).unwrap();
        }
        let [one, two] = ["one", "two"].map(|id| root.join("generations").join(id).join("events"));
        fs::write(one.join("day=1/part-0.parquet"), "shared").unwrap();
        fs::hard_link(one.join("day=1/part-0.parquet"), two.join("day=1/part-0.parquet")).unwrap();
        fs::write(two.join("part-1.parquet"), "own").unwrap();
        Lake::at(&root)
    }

    fn file(lake: &Lake, table: &str) -> LakeFile {
        lake.every_file().unwrap().into_iter().find(|file| file.table() == table).unwrap()
    }

    #[test]
    fn a_shared_file_is_rewritten_once_and_still_shared() {
        let lake = lake("shared");
        let lock = lake.lock("test").unwrap();
        assert_eq!(lake.every_file().unwrap().len(), 4);
        let shared = file(&lake, "events");
        assert_eq!(shared.generations().collect::<Vec<_>>(), ["one", "two"]);
        fs::write(shared.beside(), "new").unwrap();
        shared.replace(&lock, 1).unwrap();
        let after = file(&lake, "events");
        assert_eq!(after.generations().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(fs::read_to_string(after.path()).unwrap(), "new");
        assert_eq!(fs::metadata(after.path()).unwrap().nlink(), 2, "nothing lies beside it");
        fs::remove_dir_all(lake.root()).unwrap();
    }

    #[test]
    fn an_empty_file_goes_unless_it_is_the_last_of_its_table() {
        let lake = lake("empty");
        let lock = lake.lock("test").unwrap();
        let shared = file(&lake, "events");
        fs::write(shared.beside(), "nobody").unwrap();
        shared.replace(&lock, 0).unwrap();
        let folder = |id: &str| lake.generations().join(id).join("events");
        assert_eq!(fs::read_to_string(folder("one").join("day=1/part-0.parquet")).unwrap(), "nobody");
        assert!(!folder("two").join("day=1").exists(), "the second generation has another file");
        fs::remove_dir_all(lake.root()).unwrap();
    }

    #[test]
    fn what_a_killed_rewrite_left_is_cleared_away_and_manifests_follow() {
        let lake = lake("killed");
        let lock = lake.lock("test").unwrap();
        let left = file(&lake, "state/spend").beside();
        fs::write(&left, "half").unwrap();
        lake.clear_rewrites(&lock).unwrap();
        assert!(!left.exists());
        let only_one = |generation: &Path, manifest: &mut Manifest| {
            if generation.ends_with("one") {
                manifest.schema_version = 7;
            }
            Ok::<(), Error>(())
        };
        lake.amend(&lock, only_one).unwrap();
        let version = |id: &str| Manifest::read(&lake.generations().join(id)).unwrap().schema_version;
        assert_eq!(["one", "two"].map(version), [7, 0]);
        fs::remove_dir_all(lake.root()).unwrap();
    }
}
