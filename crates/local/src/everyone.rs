//! The rows of everybody, from all files of the events table.

mod links;
mod regroup;

use std::path::PathBuf;

use events::exchange::Exchange;

use crate::Error;

pub(crate) use links::links;
pub(crate) use regroup::SCHEMA;

/// Deals every event up to `as_of` into the partition of its person; bots are left out.
pub(crate) fn gather(files: &[PathBuf], as_of: i64, into: &Exchange) -> Result<(), Error> {
    let links = links(files, as_of)?;
    regroup::regroup(files, as_of, &links, into)
}
