//! One writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::Error;

/// The right to write to a lake; given back when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(root: &Path, who: &str) -> Result<Self, Error> {
        let path = root.join(".lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked { path: root.to_path_buf(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        file.set_len(0).map_err(Error::io("write", &path))?;
        file.rewind().map_err(Error::io("write", &path))?;
        file.write_all(who.as_bytes()).map_err(Error::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

/// Who has the lock. The note is a courtesy: without it the message is still true. Whoever has only just got it has not
/// written it yet, so it is waited for, a tenth of a second at most.
fn holder(file: &mut File) -> String {
    let mut note = String::new();
    for _ in 0..20 {
        if file.rewind().and_then(|()| file.read_to_string(&mut note)).is_err() || !note.trim().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    if note.trim().is_empty() { "unknown".to_owned() } else { note.trim().to_owned() }
}
