//! Carts, cart items and orders as files of which a night writes only those that change.
//!
//! ```text
//! made ──┬─ segments ──┬─> carts/open-3.parquet               that can still change, by the hash that is their id
//! before ┘  (spend)    ├─> carts/bought-2026-03-11.parquet    settled, by the UTC day on which they were bought
//!                      ├─> carts/expired-2026-04-10.parquet   settled, by the UTC day on which they expired
//!                      ├─> cart_items/…                       as their carts
//!                      └─> orders/2026-03-11.parquet          by the UTC day on which they were placed
//! ```
//!
//! Where a row lies follows from the row alone, so the files of a night are the same whatever nights came before it. Of the
//! persons whose carts are made anew it is known what they were the night before, so that only what differs is put in or
//! taken out. All else stays, but for what time does to an open cart, and for where its person stands among all. A file
//! with no change is hard-linked, unread.

mod before;
mod delta;
mod made;
mod merge;
mod place;
mod segments;
mod spend;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use carts::Rules;
use carts::segments::Spender;

use crate::Error;
pub(crate) use before::{Before, is_laid_out};
pub(crate) use made::Made;
pub(crate) use spend::read as spenders;

/// What a night does to the tables.
pub(crate) struct Tables<'a> {
    pub(crate) rules: &'a Rules,
    /// The generation in the making.
    pub(crate) generation: &'a Path,
    /// The carts and orders that were made.
    pub(crate) made: &'a Made<'a>,
    /// Where the tables of the night before are, and whose rows in them were made anew; `None` if everybody's were.
    pub(crate) before: Option<Before<'a>>,
}

impl Tables<'_> {
    /// Writes the files that change, and links the others. `known` is what everybody spent as the night before knew it.
    pub(crate) fn write(&self, known: Vec<Spender>, made: Vec<Spender>) -> Result<(), Error> {
        let (spenders, changed_since) = match &self.before {
            Some(before) => spend::merge(known, made, before.persons),
            None => (made, i64::MIN),
        };
        let remember = || spend::write(&spenders, self.generation);
        let (remembered, written) = rayon::join(remember, || self.write_ranked(&spenders, changed_since));
        remembered.and(written)
    }

    fn write_ranked(&self, spenders: &[Spender], changed_since: i64) -> Result<(), Error> {
        let spenders = segments::Spenders::new(spenders);
        let known = match &self.before {
            Some(before) => before.places(self.rules, &spenders, changed_since)?,
            None => HashMap::new(),
        };
        let asked = known.values().flat_map(|known| known.asked.iter().map(|asked| asked.question));
        let ranked = segments::Ranked::new(&spenders, asked.chain(self.made.asked(&spenders)), self.rules.zone);
        write::write(self, &known, &ranked)
    }
}

/// The file of a day of orders.
fn orders_file(generation: &Path, day: i32) -> PathBuf {
    generation.join(carts::schema::ORDERS.name).join(format!("{}.parquet", events::time::day_name(day)))
}
