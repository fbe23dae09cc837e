//! A generation while it is built.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{BUILDING, Error, Generation, Lake, Lock, Manifest, is_building, parallel};

/// Scratch space inside a draft; removed before it is published.
const SCRATCH: &str = ".scratch";

/// A generation that nobody sees until [`Draft::publish`].
#[derive(Debug)]
pub struct Draft {
    lake: Lake,
    id: String,
    path: PathBuf,
}

impl Draft {
    pub(super) fn begin(lake: &Lake, _lock: &Lock, id: &str) -> Result<Self, Error> {
        let folder = lake.generations();
        for entry in std::fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let left = entry.map_err(Error::io("list", &folder))?.path();
            if is_building(&left) {
                parallel::remove(&left)?;
            }
        }
        let path = folder.join(format!("{BUILDING}{id}"));
        let scratch = path.join(SCRATCH);
        std::fs::create_dir_all(&scratch).map_err(Error::io("create", &scratch))?;
        Ok(Self { lake: lake.clone(), id: id.to_owned(), path })
    }

    /// The id under which it will be published.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder of a table in the making.
    #[must_use]
    pub fn table(&self, table: &str) -> PathBuf {
        self.path.join(table)
    }

    /// A folder for files that are gone once the generation is published.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.path.join(SCRATCH)
    }

    /// Takes a table over from another generation, unchanged: by hard links, where the file system has them. Files that this generation has
    /// already, under the same name, stay as they are. Returns how many were taken over.
    ///
    /// # Errors
    /// When a link cannot be made.
    pub fn carry(&self, from: &Generation, table: &str) -> Result<u64, Error> {
        let (source, target) = (from.table(table), self.table(table));
        let mut folders: std::collections::BTreeMap<PathBuf, Vec<PathBuf>> = std::collections::BTreeMap::new();
        for file in from.files(table)? {
            let within = file.strip_prefix(&source).expect("listed below it");
            let folder = target.join(within).parent().expect("it lies in the table's").to_path_buf();
            folders.entry(folder).or_default().push(file);
        }
        let folders: Vec<(PathBuf, Vec<PathBuf>)> = folders.into_iter().collect();
        let carried = parallel::each(&folders, |(folder, files)| {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            let mut carried = 0;
            for file in files {
                let target = folder.join(file.file_name().expect("a file has a name"));
                match super::share(file, &target) {
                    Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                        return Err(Error::io("link", &target)(error));
                    }
                    linked => carried += u64::from(linked.is_ok()),
                }
            }
            Ok(carried)
        })?;
        Ok(carried.into_iter().sum())
    }

    /// Makes it the published generation: everything is synced to disk, then one rename flips the link.
    ///
    /// # Errors
    /// When the disk refuses; the generation published before then still is.
    pub fn publish(self, manifest: &Manifest) -> Result<Generation, Error> {
        let scratch = self.scratch();
        std::fs::remove_dir_all(&scratch).map_err(Error::io("remove", &scratch))?;
        manifest.write(&self.path)?;
        sync_tree(&self.path)?;
        let generations = self.lake.generations();
        let path = generations.join(&self.id);
        std::fs::rename(&self.path, &path).map_err(Error::io("publish", &path))?;
        sync(&generations)?;
        if let Err(error) = self.lake.flip(&self.id) {
            let published = self.lake.followed().ok().flatten();
            if published != std::fs::canonicalize(&path).ok() {
                let _ = std::fs::remove_dir_all(&path);
            }
            return Err(error);
        }
        Generation::open(&path)
    }
}

impl Drop for Draft {
    /// A run that fails leaves nothing: its reason may be that the disk is full. What a killed one leaves goes with the
    /// next run.
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

pub(super) fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(Error::io("sync", path))
}

/// Has everything below a folder on disk, however many folders that is: with one request.
#[cfg(target_os = "linux")]
fn sync_tree(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|file| Ok(rustix::fs::syncfs(file)?));
    synced.map_err(Error::io("sync", folder))
}

/// Syncs every folder, and every file that is not linked from an earlier generation, which synced it.
#[cfg(not(target_os = "linux"))]
fn sync_tree(folder: &Path) -> Result<(), Error> {
    let mut paths = vec![folder.to_path_buf()];
    let mut at = 0;
    let mut files = Vec::new();
    while let Some(folder) = paths.get(at).cloned() {
        at += 1;
        for entry in std::fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let entry = entry.map_err(Error::io("list", &folder))?;
            let path = entry.path();
            if entry.file_type().map_err(Error::io("inspect", &path))?.is_dir() {
                paths.push(path);
            } else if std::os::unix::fs::MetadataExt::nlink(&entry.metadata().map_err(Error::io("inspect", &path))?)
                == 1
            {
                files.push(path);
            }
        }
    }
    // Files before the folders that name them.
    parallel::each(&files, |path| sync(path))?;
    parallel::each(&paths, |path| sync(path))?;
    Ok(())
}
