//! The carts stage on one machine: the cart kernel over partitions of persons, with rayon.
//!
//! ```text
//! events/day=…/bucket=… ── persons ──> who is who
//!                       ── regroup ──> exchange by person ── stage: kernel ──> cart_items, orders
//!                                                              └─ exchange ── segments ──> carts
//! ```
//!
//! Events lie by visitor and carts belong to persons, so rows change partitions once. Both exchanges spill to disk: what
//! stays in memory is one partition per thread, and one entry per order for the segments.

mod persons;
mod regroup;
mod stage;

pub use stage::{Job, Summary, carts};

/// Partitions of persons; a table has at most as many files.
pub const PARTITIONS: u32 = 16;

/// Why the carts stage failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table could not be read or written.
    #[error(transparent)]
    Parquet(#[from] events::parquet_io::Error),
    /// Rows could not be set aside.
    #[error(transparent)]
    Exchange(#[from] events::exchange::Error),
    /// Events do not have the columns that the kernel needs.
    #[error(transparent)]
    Columns(#[from] carts::columns::Error),
    /// Rows could not be rearranged.
    #[error("failed to regroup events by person: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}
