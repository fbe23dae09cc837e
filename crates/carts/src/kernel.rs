//! The rules of a cart, for one person's events in the order in which they happened.

use std::cmp::Ordering;

use chrono_tz::Tz;
use events::money::Rates;
use events::{Begin, Kind};

use crate::cart::Cart;
use crate::columns::{Columns, Error, Row};
use crate::orders::{Orders, Placed};
use crate::output::{self, Tables};

/// What the rules depend on.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Judged as of this moment, microseconds since 1970; later events are not in the input.
    pub as_of: i64,
    /// A cart not bought within this span is abandoned, microseconds.
    pub window: i64,
    /// A cart without events for longer than this is over, microseconds.
    pub expiry: i64,
    /// The shop's time zone, for the days of segments.
    pub zone: Tz,
    /// Exchange rates.
    pub rates: Rates,
}

/// Carts, cart items and orders of every person in `events`, whose rows may come in any order.
///
/// # Errors
/// When a column is absent or of another type.
pub fn reconstruct(events: &Columns, rules: &Rules) -> Result<Tables, Error> {
    let rows = sorted(events);
    let mut tables = output::Builder::new(rules);
    for person in rows.chunk_by(|a, b| a.person_id() == b.person_id()) {
        let mut shopper = Shopper::new(rules);
        for row in person {
            shopper.take(*row);
        }
        tables.append(person, shopper.finish());
    }
    Ok(tables.finish())
}

/// All rows by person, and in the order in which a person's rows are taken.
fn sorted(events: &Columns) -> Vec<Row<'_>> {
    // What decides nearly always is compared first, and lies beside each other.
    let key = |row: Row<'_>| (row.person_id().map(Begin::of), row.ts(), row.kind().rank());
    let mut rows: Vec<(_, Row<'_>)> = (0..events.len()).map(|at| (key(events.row(at)), events.row(at))).collect();
    rows.sort_unstable_by(|((one, ts, rank), a), ((other, other_ts, other_rank), b)| {
        let by_person = one.cmp(other).then_with(|| {
            let is_whole = one.is_none_or(Begin::is_whole);
            if is_whole { Ordering::Equal } else { a.person_id().cmp(&b.person_id()) }
        });
        by_person.then((ts, rank).cmp(&(other_ts, other_rank))).then_with(|| a.order().cmp(&b.order()))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One person's carts and orders.
#[derive(Debug)]
pub struct History<'a> {
    /// Every cart, oldest first; the last one may still be open.
    pub carts: Vec<Cart<'a>>,
    /// Every order and refund.
    pub orders: Orders<'a>,
}

struct Shopper<'a> {
    rules: &'a Rules,
    cart: Option<Cart<'a>>,
    past: Vec<Cart<'a>>,
    orders: Orders<'a>,
    previous: Option<Row<'a>>,
}

impl<'a> Shopper<'a> {
    fn new(rules: &'a Rules) -> Self {
        Self { rules, cart: None, past: Vec::new(), orders: Orders::default(), previous: None }
    }

    /// The life of a cart: opened by adding or by starting checkout, carried on by every cart event, ended by purchase
    /// or by thirty days of silence.
    fn take(&mut self, row: Row<'a>) {
        match row.kind() {
            Kind::Refund => return self.orders.refund(row, &self.rules.rates),
            kind if !kind.is_cart_event() => return,
            _ => {}
        }
        self.expire_before(row.ts());
        match row.kind() {
            Kind::Purchase => self.purchase(row),
            Kind::AddToCart | Kind::BeginCheckout => {
                let cart = self.cart.get_or_insert_with(|| Cart::opened_by(row, self.rules.window));
                cart.take(row, &self.rules.rates);
            }
            _ => {
                if let Some(cart) = &mut self.cart {
                    cart.take(row, &self.rules.rates);
                }
            }
        }
        self.previous = Some(row);
    }

    /// A cart event exactly when the cart would expire still belongs to it.
    fn expire_before(&mut self, ts: i64) {
        let is_over = |cart: &mut Cart<'_>| ts > cart.last_activity_at.saturating_add(self.rules.expiry);
        self.past.extend(self.cart.take_if(is_over));
    }

    /// The first row of an order closes the open cart; later rows of it touch no cart, however late they come.
    fn purchase(&mut self, row: Row<'a>) {
        if let Placed::New(order) = self.orders.purchase(row, self.previous)
            && let Some(mut cart) = self.cart.take()
        {
            cart.buy(row, order);
            self.orders.closes(order, self.past.len());
            self.past.push(cart);
        }
    }

    fn finish(mut self) -> History<'a> {
        self.past.extend(self.cart.take());
        self.orders.settle();
        History { carts: self.past, orders: self.orders }
    }
}

#[cfg(test)]
mod tests;
