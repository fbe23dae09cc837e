//! Orders and refunds of one person.

use std::collections::{HashMap, HashSet};

use events::money::Rates;
use events::{Amount, time};

use crate::columns::{Product, Row};

/// Purchase rows without an order id that follow each other within this span, in microseconds, are one order.
pub const SAME_ORDER: i64 = 30 * time::MINUTE;

/// One order.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Its first purchase row.
    pub first: Row<'a>,
    /// Its item lines, each once.
    pub lines: Vec<OrderLine<'a>>,
    /// Its total as logged, with the currency of that row.
    pub value: Option<(Amount, Option<&'a str>)>,
    /// The cart that it closed, by position among the person's carts.
    pub cart: Option<usize>,
    /// What makes a line the same as one before.
    known: HashSet<(u16, Product<'a>)>,
    pieces: HashMap<Product<'a>, i64>,
}

/// An item line of an order.
#[derive(Clone, Copy, Debug)]
pub struct OrderLine<'a> {
    /// Which product.
    pub product: Product<'a>,
    /// Pieces.
    pub quantity: i64,
    /// Price of one piece and its currency, if given.
    pub price: Option<(Amount, Option<&'a str>)>,
}

impl<'a> Order<'a> {
    fn new(first: Row<'a>) -> Self {
        Self { first, lines: Vec::new(), value: None, cart: None, known: HashSet::new(), pieces: HashMap::new() }
    }

    fn take(&mut self, row: Row<'a>) {
        if self.value.is_none() {
            self.value = row.order_value().map(|value| (value, row.currency()));
        }
        let says_nothing = row.product().is_none() && row.unit_price().is_none() && row.given_quantity().is_none();
        let product = row.product().unwrap_or(Product::Unnamed);
        if !says_nothing && self.known.insert((row.line(), product)) {
            let price = row.unit_price().map(|price| (price, row.currency()));
            self.lines.push(OrderLine { product, quantity: row.quantity(), price });
            *self.pieces.entry(product).or_default() += row.quantity();
        }
    }

    /// The order's currency: of its total, else of its first row; the base currency where none is logged.
    #[must_use]
    pub fn currency<'r>(&self, rates: &'r Rates) -> &'r str
    where
        'a: 'r,
    {
        self.value.and_then(|(_, currency)| currency).or(self.first.currency()).unwrap_or(rates.base())
    }

    /// Sum of the priced lines in a currency; `None` where no line has a price. What cannot be converted counts 0.
    #[must_use]
    pub fn lines_value(&self, to: &str, rates: &Rates) -> Option<Amount> {
        let mut priced = self.lines.iter().filter_map(|line| Some((line.price?, line.quantity))).peekable();
        priced.peek()?;
        Some(priced.map(|(price, quantity)| convert(price, to, rates).unwrap_or_default().times(quantity)).sum())
    }

    /// What the order brought, in the base currency: its total, else its lines, else nothing. What has no rate counts 0.
    #[must_use]
    pub fn amount(&self, rates: &Rates) -> Amount {
        match self.value {
            Some(value) => convert(value, rates.base(), rates).unwrap_or_default(),
            None => self.lines_value(rates.base(), rates).unwrap_or_default(),
        }
    }

    /// Whether everything in [`Order::amount`] has a rate.
    #[must_use]
    pub fn is_converted(&self, rates: &Rates) -> bool {
        let has_rate = |price| convert(price, rates.base(), rates).is_some();
        match self.value {
            Some(value) => has_rate(value),
            None => self.lines.iter().filter_map(|line| line.price).all(has_rate),
        }
    }

    /// Pieces of a product in it.
    #[must_use]
    pub fn quantity_of(&self, product: Product<'_>) -> i64 {
        self.pieces.get(&product).copied().unwrap_or(0)
    }
}

/// An order's amounts are in the base currency where their row names none.
fn convert((amount, currency): (Amount, Option<&str>), to: &str, rates: &Rates) -> Option<Amount> {
    rates.convert(amount, currency.unwrap_or(rates.base()), to)
}

/// One refund.
#[derive(Clone, Debug)]
pub struct Refund<'a> {
    /// When it was given.
    pub ts: i64,
    /// The order it belongs to, by position among the person's orders; `None` where it names none that is known.
    pub order: Option<usize>,
    named: Option<&'a str>,
    value: Option<(Amount, Option<&'a str>)>,
    lines: Option<Amount>,
}

/// All orders and refunds of a person.
#[derive(Clone, Debug, Default)]
pub struct Orders<'a> {
    all: Vec<Order<'a>>,
    by_id: HashMap<&'a str, usize>,
    refunds: Vec<Refund<'a>>,
    refund_events: HashMap<(&'a str, &'a str), usize>,
}

/// Where a purchase row went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It began an order, at this position.
    New(usize),
    /// It belongs to an order known before.
    Known(usize),
}

impl<'a> Orders<'a> {
    /// Takes in a purchase row. `previous` is the person's cart event just before it.
    pub fn purchase(&mut self, row: Row<'a>, previous: Option<Row<'a>>) -> Placed {
        let known = match row.order_id() {
            Some(id) => self.by_id.get(id).copied(),
            None => previous.filter(|previous| continues(*previous, row)).map(|_| self.all.len() - 1),
        };
        let at = known.unwrap_or_else(|| {
            self.all.push(Order::new(row));
            self.all.len() - 1
        });
        if let Some(id) = row.order_id() {
            self.by_id.insert(id, at);
        }
        self.all[at].take(row);
        if known.is_some() { Placed::Known(at) } else { Placed::New(at) }
    }

    /// Takes in a row of a refund; rows of one event are one refund.
    pub fn refund(&mut self, row: Row<'a>, rates: &Rates) {
        let at = *self.refund_events.entry(row.event()).or_insert_with(|| {
            self.refunds.push(Refund { ts: row.ts(), order: None, named: None, value: None, lines: None });
            self.refunds.len() - 1
        });
        let refund = &mut self.refunds[at];
        refund.named = refund.named.or(row.order_id());
        if refund.value.is_none() {
            refund.value = row.order_value().map(|value| (value, row.currency()));
        }
        if let Some(price) = row.unit_price() {
            let line = convert((price, row.currency()), rates.base(), rates).unwrap_or_default().times(row.quantity());
            refund.lines = Some(refund.lines.unwrap_or_default() + line);
        }
    }

    /// Ties refunds to orders, once all rows are in.
    pub fn settle(&mut self) {
        for refund in &mut self.refunds {
            refund.order = refund.named.and_then(|id| self.by_id.get(id).copied());
        }
    }

    /// The person's orders, oldest first.
    #[must_use]
    pub fn orders(&self) -> &[Order<'a>] {
        &self.all
    }

    /// Notes which cart an order closed.
    pub fn closes(&mut self, order: usize, cart: usize) {
        self.all[order].cart = Some(cart);
    }

    /// The person's refunds.
    #[must_use]
    pub fn refunds(&self) -> &[Refund<'a>] {
        &self.refunds
    }

    /// What a refund gave back, in the base currency, 0 or more: its total (whatever its sign), else its lines, else
    /// the whole order.
    #[must_use]
    pub fn refunded(&self, refund: &Refund<'_>, rates: &Rates) -> Amount {
        let total = refund.value.map(|value| Amount(convert(value, rates.base(), rates).unwrap_or_default().0.abs()));
        let whole = || refund.order.map(|order| self.all[order].amount(rates));
        total.or(refund.lines).or_else(whole).unwrap_or_default()
    }
}

/// Whether a purchase row without an order id goes on with the order of the cart event before it.
fn continues(previous: Row<'_>, row: Row<'_>) -> bool {
    previous.kind() == row.kind() && previous.order_id().is_none() && row.ts() - previous.ts() <= SAME_ORDER
}
