//! The tables' rows that lost revenue is worked out from.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use carts::columns::Text;
use chrono::NaiveDate;
use events::parquet_io::Reader;
use events::{Amount, hash, lake, time};

use super::attribution::Line;
use crate::{Error, Settings, Tables};

/// A cart of the carts table.
#[derive(Clone, Debug)]
pub(super) struct Cart {
    /// `cart_id`.
    pub(super) id: String,
    /// Hash of `person_id`.
    pub(super) person: u64,
    pub(super) opened_at: i64,
    pub(super) purchased_at: Option<i64>,
    pub(super) day: NaiveDate,
    pub(super) outcome: Outcome,
    pub(super) recovered: bool,
    /// Content at the window, 0 while pending.
    pub(super) at_window: Amount,
    /// Position in [`Ledger::words`].
    pub(super) currency: Option<u16>,
    /// Position in [`Ledger::words`].
    pub(super) segment: u16,
    /// Position in [`Ledger::words`].
    pub(super) step: u16,
    pub(super) prior_orders: i64,
    pub(super) prior_spend: Amount,
    /// Days since the person's last order before the opening; `None` where there is none.
    pub(super) days_since: Option<i64>,
    /// The order that bought it, in the base currency.
    pub(super) paid: Option<Paid>,
}

impl Cart {
    /// What is lost unless it is bought in another cart: of an abandoned cart all that was not bought and kept.
    pub(super) fn still_to_lose(&self) -> Amount {
        match self.outcome {
            Outcome::Abandoned if self.recovered => self.paid.unwrap_or_default().given_back(self.at_window),
            Outcome::Abandoned => self.at_window,
            Outcome::Purchased | Outcome::Pending => Amount::ZERO,
        }
    }
}

/// What became of a cart within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Purchased,
    Abandoned,
    Pending,
}

/// An order's amount and what of it was given back, in the base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paid {
    pub(super) amount: Amount,
    pub(super) refunded: Amount,
}

impl Paid {
    /// The share of `value` that a refund took back: all of it if the whole order was given back, else in proportion,
    /// rounded half up to four decimals.
    pub(super) fn given_back(self, value: Amount) -> Amount {
        let (refunded, amount) = (self.refunded.0.max(0), self.amount.0);
        if refunded == 0 {
            return Amount::ZERO;
        }
        if refunded >= amount {
            return value;
        }
        Amount((2 * value.0 * refunded + amount) / (2 * amount))
    }
}

/// An order, as far as it tells where a person stands.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) person: u64,
    pub(super) ordered_at: i64,
}

/// All carts, with words by number.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) carts: Vec<Cart>,
    pub(super) words: Words,
}

/// Words that many rows share.
#[derive(Debug, Default)]
pub(super) struct Words {
    numbers: BTreeMap<String, u16>,
    words: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> u16 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u16::try_from(self.words.len()).expect("currencies, segments and steps are few");
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    pub(super) fn get(&self, number: u16) -> &str {
        &self.words[usize::from(number)]
    }
}

/// 64 bits that stand for a person.
pub(super) fn person(id: &str) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    {
        hash::of_bytes(id.as_bytes()) as u64
    }
}

impl Ledger {
    /// Reads the carts, and the orders that bought them.
    pub(super) fn read(tables: &Tables, settings: &Settings) -> Result<Self, Error> {
        let mut ledger = Self::default();
        ledger.read_carts(tables, settings)?;
        ledger.read_orders(tables)?;
        Ok(ledger)
    }

    fn read_carts(&mut self, tables: &Tables, settings: &Settings) -> Result<(), Error> {
        const COLUMNS: [&str; 13] = [
            "cart_id",
            "person_id",
            "opened_at",
            "purchased_at",
            "outcome",
            "recovered",
            "furthest_step",
            "value_at_window",
            "currency",
            "segment",
            "prior_orders",
            "prior_spend",
            "state",
        ];
        for file in lake::parquet_files(&tables.carts)? {
            for batch in Reader::open(&file, &COLUMNS)? {
                let batch = batch?;
                let text = |name: &str| Text::of(&batch, name).expect("the carts table is ours");
                let moments = |name: &str| batch.column_by_name(name).expect("it was asked for");
                let [ids, persons, outcomes] = ["cart_id", "person_id", "outcome"].map(text);
                let [steps, currencies, segments] = ["furthest_step", "currency", "segment"].map(text);
                let opened = moments("opened_at").as_primitive::<TimestampMicrosecondType>();
                let purchased = moments("purchased_at").as_primitive::<TimestampMicrosecondType>();
                let recovered = moments("recovered").as_boolean();
                let at_window = moments("value_at_window").as_primitive::<Decimal128Type>();
                let prior_orders = moments("prior_orders").as_primitive::<Int64Type>();
                let prior_spend = moments("prior_spend").as_primitive::<Decimal128Type>();
                for row in 0..batch.num_rows() {
                    let opened_at = opened.value(row);
                    let word = |words: &Text| words.get(row).unwrap_or_default().to_owned();
                    self.carts.push(Cart {
                        id: word(&ids),
                        person: person(persons.get(row).unwrap_or_default()),
                        opened_at,
                        purchased_at: purchased.is_valid(row).then(|| purchased.value(row)),
                        day: time::local_date(opened_at, settings.zone),
                        outcome: outcome(outcomes.get(row).unwrap_or_default())?,
                        recovered: recovered.value(row),
                        at_window: Amount(if at_window.is_valid(row) { at_window.value(row) } else { 0 }),
                        currency: currencies.get(row).map(|currency| self.words.number(currency)),
                        segment: self.words.number(segments.get(row).unwrap_or_default()),
                        step: self.words.number(steps.get(row).unwrap_or_default()),
                        prior_orders: prior_orders.value(row),
                        prior_spend: Amount(prior_spend.value(row)),
                        days_since: None,
                        paid: None,
                    });
                }
            }
        }
        // Files come as nights wrote them: no figure may depend on that.
        self.carts.sort_unstable_by(|a, b| (a.person, a.opened_at, &a.id).cmp(&(b.person, b.opened_at, &b.id)));
        Ok(())
    }

    fn read_orders(&mut self, tables: &Tables) -> Result<(), Error> {
        let mut orders: Vec<Order> = Vec::new();
        let mut paid: HashMap<String, Paid> = HashMap::new();
        for file in lake::parquet_files(&tables.orders)? {
            for batch in Reader::open(&file, &["person_id", "ordered_at", "cart_id", "amount", "refunded"])? {
                let batch = batch?;
                let text = |name: &str| Text::of(&batch, name).expect("the orders table is ours");
                let column = |name: &str| batch.column_by_name(name).expect("it was asked for");
                let (persons, carts) = (text("person_id"), text("cart_id"));
                let ordered = column("ordered_at").as_primitive::<TimestampMicrosecondType>();
                let [amounts, refunded] =
                    ["amount", "refunded"].map(|name| column(name).as_primitive::<Decimal128Type>());
                for row in 0..batch.num_rows() {
                    let person = person(persons.get(row).unwrap_or_default());
                    orders.push(Order { person, ordered_at: ordered.value(row) });
                    let order = Paid { amount: Amount(amounts.value(row)), refunded: Amount(refunded.value(row)) };
                    if let Some(cart) = carts.get(row) {
                        paid.insert(cart.to_owned(), order);
                    }
                }
            }
        }
        orders.sort_unstable_by_key(|order| (order.person, order.ordered_at));
        for cart in &mut self.carts {
            cart.paid = cart.purchased_at.and_then(|_| paid.get(&cart.id).copied());
            let before =
                orders.partition_point(|order| (order.person, order.ordered_at) < (cart.person, cart.opened_at));
            let last = before.checked_sub(1).map(|at| &orders[at]).filter(|order| order.person == cart.person);
            cart.days_since = last.map(|order| (cart.opened_at - order.ordered_at) / time::DAY);
        }
        Ok(())
    }

    /// The products of some carts, which are positions in [`Ledger::carts`] in ascending order; by cart and line.
    pub(super) fn lines(&self, tables: &Tables, carts: &[u32]) -> Result<Vec<Line>, Error> {
        const COLUMNS: [&str; 7] =
            ["cart_id", "product_id", "product_name", "first_added_at", "quantity", "value", "purchased_quantity"];
        let asked: HashMap<&str, u32> =
            carts.iter().map(|cart| (self.carts[*cart as usize].id.as_str(), *cart)).collect();
        let mut lines = Vec::new();
        if asked.is_empty() {
            return Ok(lines);
        }
        for file in lake::parquet_files(&tables.cart_items)? {
            for batch in Reader::open(&file, &COLUMNS)? {
                let batch = batch?;
                let text = |name: &str| Text::of(&batch, name).expect("the cart items table is ours");
                let column = |name: &str| batch.column_by_name(name).expect("it was asked for");
                let [ids, products, names] = ["cart_id", "product_id", "product_name"].map(text);
                let added = column("first_added_at").as_primitive::<TimestampMicrosecondType>();
                let [quantity, bought] =
                    ["quantity", "purchased_quantity"].map(|name| column(name).as_primitive::<Int64Type>());
                let value = column("value").as_primitive::<Decimal128Type>();
                for row in 0..batch.num_rows() {
                    let Some(cart) = asked.get(ids.get(row).unwrap_or_default()) else { continue };
                    // Two products that nobody named need not be the same.
                    let Some(product) = products.get(row).or(names.get(row)) else { continue };
                    lines.push(Line {
                        cart: *cart,
                        product: product.to_owned(),
                        is_named: products.get(row).is_none(),
                        added_at: added.value(row),
                        quantity: quantity.value(row),
                        value: Amount(value.value(row)),
                        bought: if bought.is_valid(row) { bought.value(row) } else { 0 },
                    });
                }
            }
        }
        lines.sort_unstable_by(|a, b| (a.cart, a.is_named, &a.product).cmp(&(b.cart, b.is_named, &b.product)));
        Ok(lines)
    }
}

fn outcome(word: &str) -> Result<Outcome, Error> {
    match word {
        "purchased" => Ok(Outcome::Purchased),
        "abandoned" => Ok(Outcome::Abandoned),
        "pending" => Ok(Outcome::Pending),
        _ => Err(Error::Word { table: "carts", column: "outcome", value: word.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_takes_back_its_share_and_never_more_than_all() {
        let back = |amount: i128, refunded: i128, value: i128| {
            Paid { amount: Amount(amount), refunded: Amount(refunded) }.given_back(Amount(value)).0
        };
        assert_eq!(back(1_000, 0, 900), 0);
        assert_eq!(back(1_000, 500, 901), 451);
        assert_eq!(back(1_000, 1_000, 900), 900);
        assert_eq!(back(1_000, 5_000, 900), 900);
        assert_eq!(back(0, 1, 900), 900);
        assert_eq!(back(1_000, -10, 900), 0);
    }
}
