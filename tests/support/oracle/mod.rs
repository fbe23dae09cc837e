//! The contract, worked out row by row: a slow second opinion on what the real pipeline makes of a log.
//!
//! ```text
//! text -> reading -> events (accepted, each once) -> bots, persons -> history (rows of each cart and order)
//!                                                                  |-> content: what lies in a cart
//!                                                                  |-> orders, segments: what was spent before
//!                                                                  `-> carts: the table's columns
//! ```
//!
//! It shares no code with the pipeline and takes no short cuts: a cart's content is replayed from its first row for
//! every question asked of it, and every ranking is made anew. Use it on worlds of thousands of rows, not millions.
//! Files come as text, so what is no UTF-8 is not its affair.

mod bots;
mod carts;
mod content;
mod events;
mod history;
mod money;
mod orders;
mod persons;
mod reading;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono_tz::Tz;

use events::{Event, Intake};
use history::History;
use money::Rates;
use orders::Ledger;
use reading::RawRow;

/// How far a row may lie ahead of the run's clock.
const FUTURE_TOLERANCE_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What a run is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The base currency.
    pub base: String,
    /// Units of each currency per unit of the base currency, as decimal text.
    pub rates: BTreeMap<String, String>,
    /// The shop's time zone, which says when its days begin.
    pub zone: Tz,
    /// How long after its opening a cart's outcome is settled.
    pub window_micros: i64,
    /// How long after its last event a cart expires.
    pub expiry_micros: i64,
    /// Nothing later counts (microseconds since 1970, UTC); `None` stands for the latest accepted row.
    pub as_of: Option<i64>,
    /// The run's clock (microseconds since 1970, UTC), which says what lies in the future.
    pub clock: i64,
}

/// Where the rows of a run ended: `read` is the sum of all the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Rows read.
    pub read: u64,
    /// Rows that became events.
    pub accepted: u64,
    /// Rows that say again what an accepted row has said.
    pub duplicates: u64,
    /// Rejected rows by reason.
    pub quarantined: BTreeMap<&'static str, u64>,
}

/// What a run makes of its rows.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Where each row ended.
    pub balance: Balance,
    /// All carts, by person and opening.
    pub carts: Vec<Cart>,
    /// What lies in each cart at the end of its life or of the run.
    pub cart_items: Vec<CartItem>,
    /// All orders, by person and time.
    pub orders: Vec<Order>,
    /// What the abandoned carts cost.
    pub losses: Losses,
}

/// The worth of the abandoned carts in the base currency, in ten-thousandths; a cart that cannot be converted counts 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Of all abandoned carts.
    pub gross: i128,
    /// Of those bought later.
    pub recovered: i128,
}

impl Losses {
    /// What stays lost.
    #[must_use]
    pub fn net(self) -> i128 {
        self.gross - self.recovered
    }

    fn add(&mut self, cart: &Cart, rates: &Rates) {
        let currency = cart.currency.as_deref().unwrap_or(rates.base());
        let value = cart.value_at_window.and_then(|value| rates.convert(value, currency, rates.base())).unwrap_or(0);
        if cart.outcome == "abandoned" {
            self.gross += value;
        }
        if cart.recovered {
            self.recovered += value;
        }
    }
}

/// A row of the `carts` table. Times are microseconds since 1970, UTC; money is in ten-thousandths of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are the contract's, under the contract's names")]
pub struct Cart {
    pub cart_id: String,
    pub person_id: String,
    pub customer_id: Option<String>,
    pub visitor_id: Option<String>,
    pub opened_at: i64,
    pub opened_by: &'static str,
    pub opening_event_id: String,
    pub last_activity_at: i64,
    pub checkout_started_at: Option<i64>,
    pub shipping_info_at: Option<i64>,
    pub payment_info_at: Option<i64>,
    pub purchased_at: Option<i64>,
    pub order_id: Option<String>,
    pub expired_at: Option<i64>,
    pub state: &'static str,
    pub emptied: bool,
    pub outcome: &'static str,
    pub recovered: bool,
    pub furthest_step: &'static str,
    pub items: i64,
    pub distinct_products: usize,
    pub unpriced_items: i64,
    pub value: i128,
    pub value_at_window: Option<i128>,
    pub peak_value: i128,
    pub purchased_value: Option<i128>,
    pub left_behind_value: Option<i128>,
    pub currency: Option<String>,
    pub sessions: usize,
    pub returns: usize,
    pub errors: usize,
    pub first_error_code: Option<String>,
    pub last_error_code: Option<String>,
    pub device: Option<String>,
    pub os: Option<String>,
    pub browser: Option<String>,
    pub country: Option<String>,
    pub channel: Option<String>,
    pub release: Option<String>,
    pub payment_method: Option<String>,
    pub shipping_method: Option<String>,
    pub coupon: Option<String>,
    pub top_category: Option<String>,
    pub segment: String,
    pub top1: bool,
    pub prior_orders: usize,
    /// In the base currency.
    pub prior_spend: i128,
}

/// A product that lies in a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartItem {
    /// The cart.
    pub cart_id: String,
    /// The product's id, else its name; `None` is the one product without either.
    pub product: Option<String>,
    /// Pieces, at least 1.
    pub quantity: i64,
    /// Last known price of a piece in the cart's currency, in ten-thousandths; `None` if nobody told one.
    pub unit_price: Option<i128>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The shop's number, if it has one.
    pub order_id: Option<String>,
    /// Who ordered.
    pub person_id: String,
    /// The cart that it closed; `None` where none was seen.
    pub cart_id: Option<String>,
    /// When its first row came (microseconds since 1970, UTC).
    pub ordered_at: i64,
    /// Its stated value, else that of its lines: in the base currency, in ten-thousandths.
    pub value: i128,
    /// Its lines, each once.
    pub lines: usize,
}

/// Runs over native NDJSON files, given as name and text in the order in which they are read.
#[must_use]
pub fn run_ndjson(files: &[(String, String)], source: &str, settings: &Settings) -> World {
    run(files, source, settings, reading::ndjson)
}

/// Runs over native CSV files, given as name and text in the order in which they are read.
#[must_use]
pub fn run_csv(files: &[(String, String)], source: &str, settings: &Settings) -> World {
    run(files, source, settings, reading::csv)
}

/// Runs over REES46 CSV files, given as name and text in the order in which they are read.
#[must_use]
pub fn run_rees46(files: &[(String, String)], source: &str, settings: &Settings) -> World {
    run(files, source, settings, reading::rees46)
}

/// Runs over rows by column, each of which has an `event_id`.
#[must_use]
pub fn run_rows(rows: Vec<BTreeMap<String, String>>, source: &str, settings: &Settings) -> World {
    let raw = rows.into_iter().map(|fields| RawRow { text: String::new(), fields: Some(fields) });
    judge(raw, source, settings)
}

fn run(files: &[(String, String)], source: &str, settings: &Settings, read: fn(&str) -> Vec<RawRow>) -> World {
    judge(files.iter().flat_map(|(_, text)| read(text)), source, settings)
}

fn judge(rows: impl Iterator<Item = RawRow>, source: &str, settings: &Settings) -> World {
    let mut intake = Intake::default();
    for row in rows {
        intake.take(&row, source, settings.clock);
    }
    let Intake { balance, mut events, .. } = intake;
    let Some(as_of) = settings.as_of.or_else(|| events.iter().map(|event| event.ts).max()) else {
        return World { balance, ..World::default() };
    };
    events.retain(|event| event.ts <= as_of);
    bots::mark(&mut events);

    let rates = Rates::new(&settings.base, &settings.rates);
    let mut of_person: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    // Programs tell who is who, and make no carts.
    for (event, person) in events.iter().zip(persons::persons(&events)).filter(|(event, _)| event.bot.is_none()) {
        of_person.entry(person).or_default().push(event);
    }
    let histories: Vec<History> =
        of_person.into_iter().map(|(person, events)| History::new(person, events, settings.expiry_micros)).collect();
    let ledger = Ledger::new(&histories, &rates);
    let shared = carts::Shared { settings, rates: &rates, as_of, ledger: &ledger };

    let mut world = World { balance, ..World::default() };
    for history in &histories {
        for rows in &history.carts {
            let cart = carts::cart(history, rows, shared);
            world.losses.add(&cart, &rates);
            world.carts.push(cart);
            world.cart_items.extend(carts::items(rows, &rates));
        }
        for order in &history.orders {
            world.orders.push(Order {
                order_id: order.order_id().map(str::to_owned),
                person_id: history.person_id.clone(),
                cart_id: order.cart.map(|cart| carts::cart_id(&history.carts[cart])),
                ordered_at: order.rows[0].ts,
                value: orders::value(order, &rates),
                lines: orders::lines(order).len(),
            });
        }
    }
    world
}
