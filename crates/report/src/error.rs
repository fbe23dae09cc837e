//! What can go wrong on the way from answers to pages.

use std::path::{Path, PathBuf};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("failed to {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder holds something that is not a report, and would have been replaced.
    #[error("{} holds files but no report of leftcart; give another folder, or empty this one", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A path that cannot be the folder of a night.
    #[error("{} cannot hold a report: it has no name of its own", path.display())]
    Nameless {
        /// The folder.
        path: PathBuf,
    },
    /// A template does not fit the view that it was given.
    #[error("failed to lay out the page: {0}")]
    Page(#[from] minijinja::Error),
    /// A chart could not be drawn.
    #[error("failed to draw the chart {name}: {message}")]
    Chart {
        /// Which one.
        name: &'static str,
        /// What the drawing library said.
        message: String,
    },
    /// The summary could not be turned into JSON.
    #[error("failed to write the summary: {0}")]
    Summary(#[source] serde_json::Error),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
