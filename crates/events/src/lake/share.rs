//! One file under a second name.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Gives the file `from` the further name `to`, which must be free: a hard link, or a copy where the file system has no
/// links, allows no more of them to this file, or not across the two folders.
///
/// # Errors
/// When `to` is taken, or the disk refuses.
pub fn share(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if is_no_answer(error.kind()) => copy(from, to),
        linked => linked,
    }
}

fn is_no_answer(kind: ErrorKind) -> bool {
    use ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    matches!(kind, PermissionDenied | Unsupported | TooManyLinks | CrossesDevices)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut source, mut target) = (File::open(from)?, File::create_new(to)?);
    io::copy(&mut source, &mut target).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_the_same_and_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "rows").unwrap();
        copy(&one, &two).unwrap();
        assert_eq!(fs::read_to_string(&two).unwrap(), "rows");
        fs::write(&one, "others").unwrap();
        for again in [copy, share] {
            assert_eq!(again(&one, &two).unwrap_err().kind(), ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read_to_string(&two).unwrap(), "rows");
    }
}
