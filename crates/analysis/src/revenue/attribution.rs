//! What people bought in another cart, and what they wanted again: value that an abandoned cart did not lose.
//!
//! A person has one cart at a time, so another cart is an earlier or a later one. Each piece of an order stands for one
//! piece of one abandoned cart at most, the most recent one that held the product. What a person put into several
//! abandoned carts within [`SAME_WISH`] is one wish, counted in the last of them. A cart that was bought later and given
//! back is open for what was ordered again instead.

use std::collections::BTreeMap;

use events::Amount;
use events::time::DAY;

use super::ledger::{Cart, Outcome};

/// How long after the window a purchase in another cart still counts as the same one.
pub const ELSEWHERE: i64 = 30 * DAY;
/// Products added again within this span are one wish.
pub const SAME_WISH: i64 = 14 * DAY;

/// A product of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Position of the cart.
    pub(super) cart: u32,
    /// Its id, or its name where it has none.
    pub(super) product: String,
    /// Whether `product` is a name.
    pub(super) is_named: bool,
    pub(super) added_at: i64,
    pub(super) quantity: i64,
    /// Of all pieces, in the cart's currency.
    pub(super) value: Amount,
    /// Pieces in the order that closed the cart.
    pub(super) bought: i64,
}

/// Why a part of an abandoned cart's value is not lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The same cart was bought later.
    SameCart,
    /// The same products were bought in another cart.
    OtherCart,
    /// The same products were left in a later cart again, and count there.
    SameWish,
}

impl Way {
    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameCart => "same_cart",
            Self::OtherCart => "other_cart",
            Self::SameWish => "same_wish",
        }
    }
}

/// A part of an abandoned cart's value that is not lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Position of the abandoned cart.
    pub(super) cart: u32,
    pub(super) way: Way,
    /// Position of the cart that was bought, or holds the wish.
    pub(super) by: u32,
    /// `None` for a whole cart.
    pub(super) product: Option<String>,
    /// Pieces; 0 for a whole cart.
    pub(super) quantity: i64,
    /// In the abandoned cart's currency, at its prices.
    pub(super) amount: Amount,
    /// Of `amount`, what was given back by a refund of the order.
    pub(super) refunded: Amount,
    /// When it was bought, or wanted again.
    pub(super) at: i64,
}

/// Runs of carts of one person, as positions. `carts` are sorted by person and opening.
fn persons(carts: &[Cart]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    carts.chunk_by(|a, b| a.person == b.person).map(move |run| {
        start += run.len();
        start - run.len()..start
    })
}

/// Carts whose products have to be looked at: those of persons who have several, one of them with something to lose.
pub(super) fn concerned(carts: &[Cart]) -> Vec<u32> {
    let mut positions = Vec::new();
    for run in persons(carts) {
        if run.len() > 1 && carts[run.clone()].iter().any(|cart| cart.still_to_lose() > Amount::ZERO) {
            positions.extend(run.map(|at| u32::try_from(at).expect("fewer carts than 2^32")));
        }
    }
    positions
}

/// What of the abandoned carts' value is not lost, by cart. `carts` are sorted by person and opening, `lines` by cart.
pub(super) fn attribute(carts: &[Cart], lines: &[Line], window: i64) -> Vec<Part> {
    let mut parts = Vec::new();
    for run in persons(carts) {
        let first = u32::try_from(run.start).expect("fewer carts than 2^32");
        let after = u32::try_from(run.end).expect("fewer carts than 2^32");
        for (at, cart) in (first..).zip(&carts[run.clone()]) {
            parts.extend(same_cart(at, cart));
        }
        if run.len() > 1 {
            let from = lines.partition_point(|line| line.cart < first);
            let to = lines.partition_point(|line| line.cart < after);
            if from < to {
                Person { carts, lines: &lines[from..to], window }.attribute(&mut parts);
            }
        }
    }
    parts.sort_by(|a, b| (a.cart, a.way, a.by, &a.product).cmp(&(b.cart, b.way, b.by, &b.product)));
    parts
}

fn same_cart(at: u32, cart: &Cart) -> Option<Part> {
    let bought_at = cart.purchased_at.filter(|_| cart.outcome == Outcome::Abandoned && cart.recovered)?;
    Some(Part {
        cart: at,
        way: Way::SameCart,
        by: at,
        product: None,
        quantity: 0,
        amount: cart.at_window,
        refunded: cart.paid.unwrap_or_default().given_back(cart.at_window),
        at: bought_at,
    })
}

/// One person's carts and their products.
struct Person<'a> {
    carts: &'a [Cart],
    lines: &'a [Line],
    window: i64,
}

/// A product left in a cart, and how many pieces of it nothing has been said of yet.
struct Left<'a> {
    line: &'a Line,
    pieces: i64,
}

impl Person<'_> {
    fn cart(&self, at: u32) -> &Cart {
        &self.carts[at as usize]
    }

    fn attribute(&self, parts: &mut Vec<Part>) {
        // What each cart still has to lose: no cart gives back more than it held at the window.
        let mut open: BTreeMap<u32, Amount> = BTreeMap::new();
        let mut left: Vec<Left<'_>> = Vec::new();
        for line in self.lines {
            let rest = self.cart(line.cart).still_to_lose();
            if rest > Amount::ZERO && line.quantity > 0 {
                open.insert(line.cart, rest);
                left.push(Left { line, pieces: line.quantity });
            }
        }
        // The most recent cart first, ties by cart id.
        left.sort_by(|a, b| {
            let key = |left: &Left<'_>| (std::cmp::Reverse(self.cart(left.line.cart).opened_at), left.line.cart);
            key(a).cmp(&key(b))
        });
        let mut orders: Vec<&Line> = self.lines.iter().filter(|line| self.is_free(line)).collect();
        orders.sort_by_key(|line| (self.cart(line.cart).purchased_at, line.cart));
        for order in orders {
            self.satisfy(order, &mut left, &mut open, parts);
        }
        self.wanted_again(&left, &mut open, parts);
    }

    /// Whether the pieces of an order line are free to stand for those of another cart: a cart that was bought after the
    /// window stands for itself.
    fn is_free(&self, line: &Line) -> bool {
        line.bought > 0 && self.cart(line.cart).outcome == Outcome::Purchased
    }

    fn satisfy(&self, order: &Line, left: &mut [Left<'_>], open: &mut BTreeMap<u32, Amount>, parts: &mut Vec<Part>) {
        let bought = self.cart(order.cart);
        let Some(bought_at) = bought.purchased_at else { return };
        let mut pieces = order.bought;
        for left in left.iter_mut() {
            let cart = self.cart(left.line.cart);
            // What was given back can only be ordered again after it was ordered first.
            let since = cart.purchased_at.unwrap_or(cart.opened_at);
            let age = bought_at - cart.opened_at;
            let is_in_time = bought_at > since && age <= self.window.saturating_add(ELSEWHERE);
            let is_eligible = left.line.cart != order.cart && is_in_time;
            if pieces == 0 || !is_eligible || !is_same(left.line, order) {
                continue;
            }
            let taken = pieces.min(left.pieces);
            pieces -= taken;
            left.pieces -= taken;
            let amount = take(left.line, taken, open);
            if amount > Amount::ZERO {
                parts.push(Part {
                    cart: left.line.cart,
                    way: Way::OtherCart,
                    by: order.cart,
                    product: Some(order.product.clone()),
                    quantity: taken,
                    amount,
                    refunded: bought.paid.unwrap_or_default().given_back(amount),
                    at: bought_at,
                });
            }
        }
    }

    /// What was put into a later abandoned cart again within [`SAME_WISH`] counts in the last one only.
    fn wanted_again(&self, left: &[Left<'_>], open: &mut BTreeMap<u32, Amount>, parts: &mut Vec<Part>) {
        let unbought = |left: &&Left<'_>| left.pieces > 0 && !self.cart(left.line.cart).recovered;
        for earlier in left.iter().filter(unbought) {
            let again = self.lines.iter().filter(|line| {
                let cart = self.cart(line.cart);
                let gap = line.added_at - earlier.line.added_at;
                let is_later = cart.opened_at > self.cart(earlier.line.cart).opened_at;
                let holds = line.quantity > 0 && cart.outcome == Outcome::Abandoned;
                is_later && holds && is_same(line, earlier.line) && gap > 0 && gap <= SAME_WISH
            });
            let Some(again) = again.min_by_key(|line| (line.added_at, line.cart)) else { continue };
            let amount = take(earlier.line, earlier.pieces, open);
            if amount > Amount::ZERO {
                parts.push(Part {
                    cart: earlier.line.cart,
                    way: Way::SameWish,
                    by: again.cart,
                    product: Some(again.product.clone()),
                    quantity: earlier.pieces,
                    amount,
                    refunded: Amount::ZERO,
                    at: again.added_at,
                });
            }
        }
    }
}

fn is_same(a: &Line, b: &Line) -> bool {
    a.is_named == b.is_named && a.product == b.product
}

/// The value of some pieces, at the prices of the cart that was left, and no more than it still has to lose.
fn take(line: &Line, pieces: i64, open: &mut BTreeMap<u32, Amount>) -> Amount {
    let price = line.value.0 / i128::from(line.quantity.max(1));
    let Some(rest) = open.get_mut(&line.cart) else { return Amount::ZERO };
    let amount = Amount(price).times(pieces).min(*rest);
    *rest = *rest - amount;
    amount
}

#[cfg(test)]
mod tests;
