//! Which generation is the published one.
//!
//! `current` is a symbolic link, flipped by one rename. On a file system without symbolic links it is a small file that
//! says the same: leftcart reads either, other programs then ask `leftcart describe` for the folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::draft::sync;
use super::{Error, Generation, Lake, Manifest};

impl Lake {
    pub(super) fn link(&self) -> PathBuf {
        self.root.join("current")
    }

    /// Whether `current` is a symbolic link, which other programs can follow.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.link().is_symlink()
    }

    /// The published generation; `None` before the first night.
    ///
    /// Where there are whole generations and no `current`, the newest one: a first run was killed just before it set the
    /// link, or a copy of the lake was made by a program that leaves links out.
    ///
    /// # Errors
    /// When there is one and it cannot be read, or `current` names one that is not there.
    pub fn current(&self) -> Result<Option<Generation>, Error> {
        self.followed()?.map(|path| Generation::open(&path)).transpose()
    }

    /// The folder of the published generation.
    pub(super) fn followed(&self) -> Result<Option<PathBuf>, Error> {
        let link = self.link();
        let target = match fs::symlink_metadata(&link) {
            Err(error) if error.kind() == ErrorKind::NotFound => return self.newest_whole(),
            Err(error) => return Err(Error::io("inspect", &link)(error)),
            Ok(found) if found.is_symlink() => fs::read_link(&link).map_err(Error::io("follow", &link))?,
            Ok(found) if found.is_file() => {
                let text = fs::read_to_string(&link).map_err(Error::io("read", &link))?;
                PathBuf::from(text.trim())
            }
            // A copy that followed the link: the night that it was made of, if that is here too.
            Ok(_) => {
                let original = Manifest::read(&link).ok().map(|manifest| self.generations().join(manifest.id));
                return Ok(Some(original.filter(|path| path.is_dir()).unwrap_or(link)));
            }
        };
        match fs::canonicalize(self.root.join(&target)) {
            Ok(path) => Ok(Some(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Dangling { link, target }),
            Err(error) => Err(Error::io("follow", &link)(error)),
        }
    }

    fn newest_whole(&self) -> Result<Option<PathBuf>, Error> {
        if !self.generations().exists() {
            return Ok(None);
        }
        let mut folders = self.ids()?.into_iter().rev().map(|id| self.generations().join(id));
        Ok(folders.find(|folder| Manifest::read(folder).is_ok()))
    }

    /// Makes the generation of this id the published one, at once.
    pub(super) fn flip(&self, id: &str) -> Result<(), Error> {
        let (link, new) = (self.link(), self.root.join(".current.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::io("remove", &new)(error)),
            _ => {}
        }
        let target = Path::new("generations").join(id);
        match std::os::unix::fs::symlink(&target, &new) {
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
                fs::write(&new, format!("{}\n", target.display())).map_err(Error::io("write", &new))?;
                sync(&new)?;
            }
            linked => linked.map_err(Error::io("link", &new))?,
        }
        // No link can be renamed over a folder, which only a copy makes of `current`.
        let copy = self.root.join(".current.copy");
        if link.is_dir() && !link.is_symlink() {
            fs::rename(&link, &copy).map_err(Error::io("move away", &link))?;
        }
        fs::rename(&new, &link).map_err(Error::io("flip", &link))?;
        if copy.exists() {
            fs::remove_dir_all(&copy).map_err(Error::io("remove", &copy))?;
        }
        sync(&self.root)
    }
}
