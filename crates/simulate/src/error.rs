//! What can stop a simulation.

use std::{io, path::PathBuf};

/// Why a shop could not be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside what the shop can do.
    #[error("{setting} is {value}, but has to be {expected}")]
    Setting {
        /// The field of [`Config`](crate::Config).
        setting: &'static str,
        /// What was asked for.
        value: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A word that names no scenario or no format.
    #[error("there is no {what} named {word:?}; known are {known}")]
    Unknown {
        /// `scenario` or `format`.
        what: &'static str,
        /// The word given.
        word: String,
        /// The words that would be accepted.
        known: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason that the system gave.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: the failure to write `path`.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}
