//! Files that settings name: lists, keys and secrets.

use std::io;
use std::path::Path;

use ingest::pseudonym::{Key, KeyError};

/// Where such files are read.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn bytes(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The key of pseudonyms in a file.
    ///
    /// # Errors
    /// When the file cannot be read, is open to everybody, or holds no key.
    fn key(&self, path: &Path) -> Result<Key, KeyError>;

    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read or is no UTF-8.
    fn text(&self, path: &Path) -> io::Result<String> {
        let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8");
        String::from_utf8(self.bytes(path)?).map_err(no_text)
    }
}

/// The disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn bytes(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn key(&self, path: &Path) -> Result<Key, KeyError> {
        Key::read(path)
    }
}
