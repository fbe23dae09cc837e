//! Inputs: which files, in which order, and how their bytes are opened.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::read::MultiGzDecoder;

/// What stands on the command line for standard input.
pub const STDIN: &str = "-";

/// What went wrong while inputs were looked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing there.
    #[error("no input matches `{0}`; give a file, a folder, a glob in quotes, or - for standard input")]
    NoMatch(String),
    /// A glob that is not one.
    #[error("`{pattern}` is not a valid glob: {source}")]
    Glob {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// The file system refused.
    #[error("failed to list {}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Every file behind the inputs given: files as they are, folders with all that lies below them, globs. Sorted by
/// name and each only once, because the order of a folder's listing differs from machine to machine.
///
/// # Errors
/// When an input matches nothing, or a folder cannot be listed.
pub fn expand(inputs: &[String]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for input in inputs {
        let path = Path::new(input);
        let before = files.len();
        if input == STDIN {
            files.push(path.to_path_buf());
        } else if path.is_dir() {
            walk(path, &mut files)?;
        } else if path.exists() {
            files.push(path.to_path_buf());
        } else if input.contains(['*', '?', '[']) {
            expand_glob(input, &mut files)?;
        }
        if files.len() == before {
            return Err(Error::NoMatch(input.clone()));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let io = |source| Error::Io { path: folder.to_path_buf(), source };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn expand_glob(pattern: &str, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let bad = |source| Error::Glob { pattern: pattern.to_owned(), source };
    for path in glob::glob(pattern).map_err(bad)? {
        let path = path.map_err(|error| Error::Io { path: error.path().to_path_buf(), source: error.into() })?;
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// How a file's bytes are packed, by their first four bytes; names do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As they are.
    Plain,
    /// Gzip, of one member or several.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// What is learnt about a file while it is read to its end.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint {
    hasher: blake3::Hasher,
    size: u64,
}

impl Fingerprint {
    /// Bytes so far, as they lay on disk.
    #[must_use]
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The blake3 hash of these bytes.
    #[must_use]
    pub(crate) fn blake3(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// The bytes of one input, unpacked, with the fingerprint of what was read from disk.
pub(crate) struct Opened {
    /// Unpacked bytes.
    pub(crate) bytes: Box<dyn Read + Send>,
    /// Filled while `bytes` is read.
    pub(crate) fingerprint: Arc<Mutex<Fingerprint>>,
    /// Whether somebody writes to it meanwhile.
    pub(crate) growth: Growth,
}

/// A file as it was when it was opened: what is written to it later is for the next night.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growth(Option<(Arc<File>, u64)>);

impl Growth {
    /// Whether the file has another length than when it was opened: somebody writes to it, or cuts it off. `false` where
    /// that cannot be told, as of a pipe.
    pub(crate) fn is_going_on(&self) -> bool {
        let differs = |(file, length): &(Arc<File>, u64)| file.metadata().is_ok_and(|now| now.len() != *length);
        self.0.as_ref().is_some_and(differs)
    }
}

/// Opens an input for reading from its start.
///
/// # Errors
/// When it cannot be opened or its first bytes cannot be read.
pub(crate) fn open(path: &Path) -> io::Result<Opened> {
    let (raw, growth): (Box<dyn Read + Send>, Growth) = if path == Path::new(STDIN) {
        (Box::new(io::stdin()), Growth::default())
    } else {
        let file = Arc::new(File::open(path)?);
        let length = Some(file.metadata()?).filter(|found| found.is_file() && found.len() > 0);
        match length.map(|found| found.len()) {
            Some(length) => (Box::new(file.clone().take(length)), Growth(Some((file, length)))),
            None => (Box::new(file), Growth::default()),
        }
    };
    let fingerprint = Arc::<Mutex<Fingerprint>>::default();
    let mut tapped = Tap { inner: raw, fingerprint: fingerprint.clone() };
    let mut head = [0; 4];
    let filled = fill(&mut tapped, &mut head)?;
    let whole = Cursor::new(head[..filled].to_vec()).chain(tapped);
    let buffered = BufReader::with_capacity(1 << 18, whole);
    let bytes: Box<dyn Read + Send> = match Packing::of(&head[..filled]) {
        Packing::Plain => Box::new(buffered),
        Packing::Gzip => Box::new(MultiGzDecoder::new(buffered)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?),
    };
    Ok(Opened { bytes, fingerprint, growth })
}

/// Reads until the buffer is full or the input ends; returns how much there was.
///
/// # Errors
/// When a read fails.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads through, hashing and counting what passes.
struct Tap {
    inner: Box<dyn Read + Send>,
    fingerprint: Arc<Mutex<Fingerprint>>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut print = self.fingerprint.lock().expect("hashing does not panic");
        print.hasher.update(&buffer[..count]);
        print.size += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("leftcart-source-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("b")).unwrap();
        path
    }

    #[test]
    fn folders_and_globs_come_in_the_order_of_their_names_and_each_file_once() {
        let root = folder("expand");
        for name in ["2.csv", "10.csv", "b/1.csv", "note.txt", ".hidden"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        let text = |path: &Path| path.display().to_string();
        let names = |inputs: &[String]| -> Vec<String> {
            let files = expand(inputs).unwrap();
            files.iter().map(|file| text(file.strip_prefix(&root).unwrap())).collect()
        };
        assert_eq!(names(&[text(&root)]), ["10.csv", "2.csv", "b/1.csv", "note.txt"]);
        assert_eq!(names(&[text(&root.join("*.csv"))]), ["10.csv", "2.csv"]);
        assert_eq!(names(&[text(&root.join("**/*.csv"))]), ["10.csv", "2.csv", "b/1.csv"]);
        assert_eq!(names(&[text(&root.join("2.csv")), text(&root.join("*.csv"))]), ["10.csv", "2.csv"]);
        assert!(matches!(expand(&[text(&root.join("*.none"))]), Err(Error::NoMatch(_))));
    }

    #[test]
    fn packed_files_are_known_by_their_bytes_and_read_to_their_last_member() {
        let root = folder("open");
        let gzip = |text: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let frames =
            [zstd::encode_all(&b"one\n"[..], 1).unwrap(), zstd::encode_all(&b"two\n"[..], 1).unwrap()].concat();
        for (name, bytes) in
            [("plain", b"one\ntwo\n".to_vec()), ("gzip", [gzip(b"one\n"), gzip(b"two\n")].concat()), ("zstd", frames)]
        {
            let path = root.join(name);
            std::fs::write(&path, &bytes).unwrap();
            let mut opened = open(&path).unwrap();
            let mut text = String::new();
            opened.bytes.read_to_string(&mut text).unwrap();
            assert_eq!(text, "one\ntwo\n", "{name}");
            let print = opened.fingerprint.lock().unwrap();
            assert_eq!(print.size(), bytes.len() as u64, "{name}");
            assert_eq!(print.blake3(), blake3::hash(&bytes).to_hex().to_string(), "{name}");
        }
        std::fs::write(root.join("empty"), "").unwrap();
        assert_eq!(open(&root.join("empty")).unwrap().bytes.read(&mut [0; 8]).unwrap(), 0);
    }
}
