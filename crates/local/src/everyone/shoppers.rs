//! Who has anything to do with carts. Of everybody else no row is needed: whoever only looks has neither carts nor orders.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use carts::columns::{Text, kinds};
use carts::persons::Links;
use events::parquet_io::Reader;
use events::{Kind, hash};
use rayon::prelude::*;

use super::regroup::write_name;
use crate::Error;

/// Bits of the filter, as a power of two: 16 MB, however many persons there are. Where these are far more than fit, more of
/// those who only look are taken along, which costs time and changes nothing.
const BITS: u32 = 27;

/// Whether a row of this kind can make a cart, an order or a refund, or alter one.
pub(super) const fn touches_carts(kind: Kind) -> bool {
    kind.is_cart_event() || matches!(kind, Kind::Refund)
}

/// A filter: it has everybody with a row that touches a cart, and by chance some others.
pub(super) struct Shoppers {
    words: Vec<AtomicU64>,
}

impl Shoppers {
    /// Looks through the kinds and ids of all files.
    pub(super) fn of(files: &[PathBuf], links: &Links) -> Result<Self, Error> {
        let shoppers = Self { words: (0..1_usize << (BITS - 6)).map(|_| AtomicU64::new(0)).collect() };
        let ids: &[&str] = if links.any_shared() {
            &["kind", "visitor_id", "customer_id", "session_id"]
        } else {
            &["kind", "visitor_id", "customer_id"]
        };
        files.par_iter().try_for_each(|file| {
            let mut name = String::new();
            for batch in Reader::open_filled(file, ids)? {
                let batch = batch?;
                let text = |name: &str| batch.column_by_name(name).map(|_| Text::of(&batch, name)).transpose();
                let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
                for (row, _) in kinds(&batch)?.into_iter().enumerate().filter(|(_, kind)| touches_carts(*kind)) {
                    let [visitor, customer, session] =
                        [&visitor, &customer, &session].map(|text| text.as_ref().and_then(|text| text.get(row)));
                    if let Some(person) = links.person(customer, visitor, session) {
                        write_name(person, &mut name);
                        shoppers.add(&name);
                    }
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(shoppers)
    }

    fn add(&self, person: &str) {
        for (word, bit) in places(person) {
            self.words[word].fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether the person may have a row that touches a cart; if not, there is certainly none.
    pub(super) fn may_have(&self, person: &str) -> bool {
        places(person).into_iter().all(|(word, bit)| self.words[word].load(Ordering::Relaxed) & bit != 0)
    }
}

/// Two bits, each as a word and what it is there.
fn places(person: &str) -> [(usize, u64); 2] {
    let hash = hash::of_bytes(person.as_bytes());
    [hash >> 64, hash].map(|half| {
        let place = usize::try_from(half & ((1 << BITS) - 1)).expect("27 bits");
        (place / 64, 1 << (place % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_missed_and_few_are_taken_along() {
        let shoppers = Shoppers { words: (0..1_usize << (BITS - 6)).map(|_| AtomicU64::new(0)).collect() };
        (0..100_000).for_each(|number| shoppers.add(&format!("v:{number}")));
        assert!((0..100_000).all(|number| shoppers.may_have(&format!("v:{number}"))));
        let others = (100_000..200_000).filter(|number| shoppers.may_have(&format!("v:{number}"))).count();
        assert!(others < 100, "{others} of 100,000");
    }
}
