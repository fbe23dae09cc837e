//! Carts, cart items and orders as files by day, of which a night writes only those that change.
//!
//! ```text
//! made ──┬─ segments ──┬─> carts/2026-03-11.parquet        by the UTC day on which they were opened
//! before ┘  (spend)    ├─> cart_items/2026-03-11.parquet   by the same day of their cart
//!                      └─> orders/2026-03-11.parquet       by the UTC day on which they were placed
//! ```
//!
//! What was made anew takes the place of everything that the night before had of the same persons. All else stays, but
//! for what time does to a cart, and for where its person stands among all. A file whose rows come out as they were is
//! hard-linked.

mod before;
mod made;
mod segments;
mod spend;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use carts::Rules;
use carts::segments::Spender;

use crate::Error;
pub(crate) use before::Before;
pub(crate) use made::Made;

/// Groups of days: a group's rows are in memory at once.
pub(crate) const DAY_GROUPS: u32 = 16;

/// What a night does to the tables.
pub(crate) struct Tables<'a> {
    pub(crate) rules: &'a Rules,
    /// The generation in the making.
    pub(crate) generation: &'a Path,
    /// The carts and orders that were made.
    pub(crate) made: &'a Made,
    /// Where the tables of the night before are, and whose rows in them are made anew; `None` if all are.
    pub(crate) before: Option<Before<'a>>,
}

impl Tables<'_> {
    /// Writes the files that change, and links the others.
    pub(crate) fn write(&self, made_spenders: Vec<Spender>) -> Result<(), Error> {
        let (spenders, changed_since) = match &self.before {
            Some(before) => spend::merge(spend::read(before.generation)?, made_spenders, before.persons),
            None => (made_spenders, i64::MIN),
        };
        spend::write(&spenders, self.generation)?;
        let days = match &self.before {
            Some(before) => before.days(self.rules, &spenders, changed_since)?,
            None => HashMap::new(),
        };
        let asked = days.values().flat_map(|day| day.asked.iter().copied()).chain(self.made.asked(&spenders));
        let ranked = segments::Ranked::new(&spenders, asked, self.rules.zone);
        write::write(self, &days, &ranked)
    }
}

/// The file of a day of a table.
pub(crate) fn file(generation: &Path, table: &str, day: i32) -> PathBuf {
    generation.join(table).join(format!("{}.parquet", events::time::day_name(day)))
}
