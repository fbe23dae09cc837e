//! The rows of everybody, from all files of the events table.

mod links;
mod regroup;
mod shoppers;

use std::path::PathBuf;

use events::exchange::Exchange;

use crate::Error;
use crate::stage::Wanted;

pub(crate) use links::links;
pub(crate) use regroup::SCHEMA;

/// Deals every event that is wanted into the partition of its person; nothing is wanted of persons who touch no cart.
pub(crate) fn gather(files: &[PathBuf], wanted: &Wanted<'_>, into: &Exchange) -> Result<(), Error> {
    let links = links(files, wanted.as_of)?;
    let whose = regroup::Whose { shoppers: shoppers::Shoppers::of(files, &links)?, links };
    regroup::regroup(files, wanted, &whose, into)
}
