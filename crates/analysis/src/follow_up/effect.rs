//! Lists of earlier nights → did those who were listed buy more often than those who were held out?

use std::collections::BTreeMap;

use events::time::DAY;
use serde::Serialize;

use super::Listing;
use crate::Estimate;
use crate::customers::People;
use crate::stats::difference::{Difference, newcombe};
use crate::stats::proportion::wilson;

/// Days after a listing within which an order counts.
pub const BOUGHT_WITHIN_DAYS: i64 = 14;
/// Days after a listing within which a contact counts as one for it.
pub const CONTACTED_WITHIN_DAYS: i64 = 7;
/// Persons that each side needs for a difference to be told.
pub const FEWEST: u64 = 30;

/// Persons of one kind and how many of them bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Arm {
    /// Persons.
    pub persons: u64,
    /// Those who ordered within 14 days of being listed.
    pub bought: u64,
    /// The share with its interval; `None` without persons.
    pub rate: Option<Estimate>,
}

/// What contacting did. Each person counts once, with the first list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Effect {
    /// Persons who were on the list, whatever the shop made of it.
    pub listed: Arm,
    /// Those of them who were contacted within 7 days. The shop chose them, so that they are no fair comparison.
    pub contacted: Arm,
    /// Persons who were held out.
    pub held_out: Arm,
    /// Listed less held out; `None` where either side has fewer than 30 persons.
    pub difference: Option<Difference>,
    /// Contacted less held out; `None` likewise.
    pub contacted_difference: Option<Difference>,
    /// Persons whose 14 days have not passed yet.
    pub waiting: u64,
}

pub(super) fn effect(listings: &[Listing], people: &People, as_of: i64) -> Effect {
    let by_cart: BTreeMap<&str, u32> = people.carts.iter().map(|cart| (&*cart.cart_id, cart.person)).collect();
    let mut first: BTreeMap<u32, &Listing> = BTreeMap::new();
    for listing in listings {
        // A guest who has logged in since then is known by the cart.
        let person = by_cart.get(listing.cart_id.as_str()).copied().or_else(|| people.position(&listing.person_id));
        if let Some(person) = person {
            first.entry(person).or_insert(listing);
        }
    }
    let mut effect = Effect::default();
    for (person, listing) in first {
        let from = listing.listed_at;
        if from + BOUGHT_WITHIN_DAYS * DAY > as_of {
            effect.waiting += 1;
            continue;
        }
        let bought = people.ordered(person, from + 1, from + BOUGHT_WITHIN_DAYS * DAY);
        let soon = |at: i64| at > from && at <= from + CONTACTED_WITHIN_DAYS * DAY;
        let contacted = people.contacts.iter().any(|contact| contact.person == person && soon(contact.at));
        let mut count = |arm: fn(&mut Effect) -> &mut Arm| {
            let arm = arm(&mut effect);
            arm.persons += 1;
            arm.bought += u64::from(bought);
        };
        if listing.held_out {
            count(|effect| &mut effect.held_out);
        } else {
            count(|effect| &mut effect.listed);
            if contacted {
                count(|effect| &mut effect.contacted);
            }
        }
    }
    for arm in [&mut effect.listed, &mut effect.contacted, &mut effect.held_out] {
        arm.rate = wilson(arm.bought, arm.persons);
    }
    effect.difference = difference(effect.listed, effect.held_out);
    effect.contacted_difference = difference(effect.contacted, effect.held_out);
    effect
}

fn difference(arm: Arm, held_out: Arm) -> Option<Difference> {
    let enough = |arm: Arm| arm.rate.filter(|_| arm.persons >= FEWEST);
    Some(newcombe(enough(arm)?, enough(held_out)?))
}
