//! What can go wrong on the way from tables to answers.

use std::path::PathBuf;

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table's folder cannot be listed.
    #[error(transparent)]
    Lake(#[from] events::lake::Error),
    /// A table's file cannot be read or written, or is of another version.
    #[error(transparent)]
    File(#[from] events::parquet_io::Error),
    /// A path that the query engine cannot take.
    #[error("{} cannot be read: the name of the folder must be UTF-8; move the data elsewhere", path.display())]
    Path {
        /// The file.
        path: PathBuf,
    },
    /// A query over a table failed.
    #[error("failed to compute {what}: {source}")]
    Query {
        /// What was asked for.
        what: &'static str,
        /// What the query engine said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A word in a table that the contract does not know.
    #[error(
        "the {table} table holds the {column} `{value}`, which this leftcart does not know; run with --rebuild to write it anew"
    )]
    Word {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The word.
        value: String,
    },
}
