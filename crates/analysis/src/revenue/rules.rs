//! A shop's own segments: rules over what was known of a person when the cart was opened.

use events::Amount;
use serde::Serialize;

use super::ledger::Cart;

/// Where carts belong that no rule fits.
pub const OTHERS: &str = "others";
/// Where carts of people without an order belong, unless a rule says `max_orders = 0`.
pub const NEW: &str = "new";

/// A named segment. A cart belongs to the first one of which every bound holds; a bound that is not given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentRule {
    /// Its name.
    pub name: String,
    /// At least so many orders before the cart was opened.
    pub min_orders: Option<i64>,
    /// At most so many.
    pub max_orders: Option<i64>,
    /// At least so much spent before, net of refunds, in the base currency.
    #[serde(serialize_with = "amount")]
    pub min_spend: Option<Amount>,
    /// At most so much.
    #[serde(serialize_with = "amount")]
    pub max_spend: Option<Amount>,
    /// The last order at least so many whole days before the cart was opened.
    pub min_days_since_order: Option<i64>,
    /// At most so many.
    pub max_days_since_order: Option<i64>,
}

#[expect(clippy::ref_option, reason = "serde passes references")]
fn amount<S: serde::Serializer>(amount: &Option<Amount>, serializer: S) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => serializer.collect_str(amount),
        None => serializer.serialize_none(),
    }
}

impl SegmentRule {
    /// Whether every bound holds. A person without an order has no days since one: bounds on them do not hold.
    fn fits(&self, orders: i64, spend: Amount, days_since: Option<i64>) -> bool {
        let days = |holds: &dyn Fn(i64) -> bool| days_since.is_some_and(holds);
        self.min_orders.is_none_or(|bound| orders >= bound)
            && self.max_orders.is_none_or(|bound| orders <= bound)
            && self.min_spend.is_none_or(|bound| spend >= bound)
            && self.max_spend.is_none_or(|bound| spend <= bound)
            && self.min_days_since_order.is_none_or(|bound| days(&|days| days >= bound))
            && self.max_days_since_order.is_none_or(|bound| days(&|days| days <= bound))
    }

    fn takes_new(&self) -> bool {
        self.max_orders == Some(0)
    }
}

/// The segment of a cart: position of its rule, else after the last one [`NEW`], then [`OTHERS`].
pub(super) fn of(cart: &Cart, rules: &[SegmentRule]) -> usize {
    let is_new = cart.prior_orders == 0;
    let may = |rule: &&SegmentRule| !is_new || rule.takes_new();
    let fits = |rule: &SegmentRule| may(&rule) && rule.fits(cart.prior_orders, cart.prior_spend, cart.days_since);
    rules.iter().position(fits).unwrap_or(rules.len() + usize::from(!is_new))
}

/// The name behind [`of`].
pub(super) fn name(position: usize, rules: &[SegmentRule]) -> &str {
    match rules.get(position) {
        Some(rule) => &rule.name,
        None if position == rules.len() => NEW,
        None => OTHERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revenue::ledger::Outcome;

    fn cart(orders: i64, spend: i128, days_since: Option<i64>) -> Cart {
        Cart {
            id: String::new(),
            person: 0,
            opened_at: 0,
            purchased_at: None,
            day: chrono::NaiveDate::MIN,
            outcome: Outcome::Abandoned,
            recovered: false,
            at_window: Amount::ZERO,
            currency: None,
            segment: 0,
            step: 0,
            prior_orders: orders,
            prior_spend: Amount(spend),
            days_since,
            paid: None,
        }
    }

    fn named(name: &str) -> SegmentRule {
        SegmentRule { name: name.to_owned(), ..SegmentRule::default() }
    }

    #[test]
    fn the_first_rule_of_which_every_bound_holds_counts() {
        let rules = [
            SegmentRule { min_orders: Some(3), min_spend: Some(Amount(100)), ..named("vip") },
            SegmentRule { max_days_since_order: Some(30), ..named("recent") },
            SegmentRule { min_days_since_order: Some(31), max_spend: Some(Amount(99)), ..named("lost") },
        ];
        let of = |orders, spend, days| name(super::of(&cart(orders, spend, Some(days)), &rules), &rules).to_owned();
        assert_eq!([of(3, 100, 5), of(3, 99, 30), of(2, 500, 31), of(2, 99, 31)], ["vip", "recent", "others", "lost"]);
    }

    #[test]
    fn people_without_an_order_are_apart_unless_a_rule_is_for_them() {
        let generous = [SegmentRule { max_spend: Some(Amount(100)), ..named("small") }];
        assert_eq!(name(super::of(&cart(0, 0, None), &generous), &generous), "new");
        assert_eq!(name(super::of(&cart(1, 0, Some(1)), &generous), &generous), "small");
        let guests = [SegmentRule { max_orders: Some(0), ..named("guests") }];
        assert_eq!(name(super::of(&cart(0, 0, None), &guests), &guests), "guests");
        assert_eq!(name(super::of(&cart(2, 0, Some(1)), &guests), &guests), "others");
    }
}
