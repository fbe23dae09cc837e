//! The carts stage on one machine: the cart kernel over partitions of persons, with rayon.
//!
//! ```text
//! events ──> everyone (first night, other rules) ──┐
//! news ──> memory ──> touched (all other nights) ──┴> exchange by person ──> kernel ──> tables by day
//! ```
//!
//! Events lie by visitor and carts belong to persons, so rows change partitions once. A night makes only the carts of
//! persons whom it concerns: what is new goes into a [memory](crate::Job) that is looked up by person, and all other
//! carts are taken over from the night before. Exchanges spill to disk, so memory stays bounded.

mod everyone;
pub mod forget;
mod memory;
mod stage;
mod tables;
mod touched;

pub use memory::{REMEMBERED, devices};
pub use stage::{Before, Job, Remembered, Summary, carts};

/// Partitions of persons: one per thread is in memory at once.
pub const PARTITIONS: u32 = 16;

/// The folder of a generation in which lies what a night needs of the nights before, beside the tables.
pub const STATE: &str = "state";

/// Why the carts stage failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table could not be read or written.
    #[error(transparent)]
    Parquet(#[from] events::parquet_io::Error),
    /// A folder could not be listed.
    #[error(transparent)]
    Lake(#[from] events::lake::Error),
    /// Rows could not be set aside.
    #[error(transparent)]
    Exchange(#[from] events::exchange::Error),
    /// Events do not have the columns that the kernel needs.
    #[error(transparent)]
    Columns(#[from] carts::columns::Error),
    /// Rows could not be rearranged.
    #[error("failed to rearrange rows by person and day: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The tables of the night before are not what was made of its events.
    #[error(
        "{} does not have the rows that are made of the events of its night",
        path.display()
    )]
    Astray {
        /// The file.
        path: std::path::PathBuf,
    },
    /// A file of the night before could not be taken over.
    #[error("failed to link {}: {source}", path.display())]
    Link {
        /// The link.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
