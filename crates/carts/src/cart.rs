//! A cart: what is in it, and what has happened to it so far.

use std::collections::HashMap;

use events::money::Rates;
use events::{Amount, Kind, hash};

use crate::columns::{Product, Row};

/// What lies in a cart, with the last known price of everything.
#[derive(Clone, Debug, Default)]
pub struct Content<'a> {
    lines: Vec<Line<'a>>,
    /// Positions by product, once there are too many lines to look through.
    index: HashMap<Product<'a>, usize>,
    currency: Option<&'a str>,
    value: Amount,
    peak: Amount,
    /// Whether anything ever lay in it.
    filled: bool,
    /// Rows whose price could not be converted to the cart's currency.
    unconverted: u64,
}

/// A product of a cart.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Which product.
    pub product: Product<'a>,
    /// Its name, last known.
    pub name: Option<&'a str>,
    /// Its category, last known.
    pub category: Option<&'a str>,
    /// Its brand, last known.
    pub brand: Option<&'a str>,
    /// When the cart first heard of it.
    pub first_added_at: i64,
    /// Pieces; 0 if removed, or if only its price was told.
    pub quantity: i64,
    /// Last known price as logged, with the currency it was in.
    pub price: Option<(Amount, &'a str)>,
    /// The same in the cart's currency; 0 where it cannot be converted.
    in_cart: Amount,
    /// Whether it was ever in the cart, rather than only priced.
    pub was_in: bool,
}

impl Line<'_> {
    /// Quantity x price, in the cart's currency; 0 where no price is known.
    #[must_use]
    pub fn value(&self) -> Amount {
        self.in_cart.times(self.quantity)
    }

    /// Price of one piece in the cart's currency; 0 where none is known.
    #[must_use]
    pub const fn price_in_cart(&self) -> Amount {
        self.in_cart
    }
}

/// Up to this many lines are looked through one by one.
const FEW: usize = 16;

impl<'a> Content<'a> {
    fn line(&mut self, row: Row<'a>) -> &mut Line<'a> {
        let product = row.product().unwrap_or(Product::Unnamed);
        let found = if self.lines.len() <= FEW {
            self.lines.iter().position(|line| line.product == product)
        } else {
            if self.index.is_empty() {
                self.index = self.lines.iter().enumerate().map(|(at, line)| (line.product, at)).collect();
            }
            self.index.get(&product).copied()
        };
        let at = found.unwrap_or_else(|| {
            if self.lines.len() > FEW {
                self.index.insert(product, self.lines.len());
            }
            self.lines.push(Line {
                product,
                name: None,
                category: None,
                brand: None,
                first_added_at: row.ts(),
                quantity: 0,
                price: None,
                in_cart: Amount::ZERO,
                was_in: false,
            });
            self.lines.len() - 1
        });
        let line = &mut self.lines[at];
        line.name = row.product_name().or(line.name);
        line.category = row.category().or(line.category);
        line.brand = row.brand().or(line.brand);
        line
    }

    /// Changes a line and keeps value and peak in step with it.
    fn change(&mut self, row: Row<'a>, change: impl FnOnce(&mut Line<'a>)) {
        let line = self.line(row);
        let before = line.value();
        change(line);
        let after = line.value();
        let filled = line.quantity > 0;
        self.value += after - before;
        self.filled |= filled;
    }

    fn add(&mut self, row: Row<'a>) {
        self.change(row, |line| {
            line.quantity += row.quantity();
            line.was_in = true;
        });
    }

    fn remove(&mut self, row: Row<'a>) {
        self.change(row, |line| line.quantity = (line.quantity - row.quantity()).max(0));
    }

    /// The price that a row tells, in the cart's currency from then on. Without a currency it is in the cart's, and the
    /// first one of all in the base currency.
    fn tell_price(&mut self, row: Row<'a>, rates: &'a Rates) {
        let Some(price) = row.unit_price() else { return };
        let cart = *self.currency.get_or_insert(row.currency().unwrap_or(rates.base()));
        let currency = row.currency().unwrap_or(cart);
        let converted = rates.convert(price, currency, cart);
        self.unconverted += u64::from(converted.is_none());
        self.change(row, |line| {
            line.price = Some((price, currency));
            line.in_cart = converted.unwrap_or(Amount::ZERO);
        });
    }

    /// Its lines, in the order in which products came.
    #[must_use]
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// Sum of its lines, in its currency.
    #[must_use]
    pub const fn value(&self) -> Amount {
        self.value
    }

    /// The largest value that it ever had, row by row.
    #[must_use]
    pub const fn peak(&self) -> Amount {
        self.peak
    }

    /// Its currency: that of its first priced line. `None` while nothing has a price.
    #[must_use]
    pub const fn currency(&self) -> Option<&'a str> {
        self.currency
    }

    /// Prices told that have no rate to the cart's currency, and count 0.
    #[must_use]
    pub const fn unconverted(&self) -> u64 {
        self.unconverted
    }

    /// Whether something lay in it, and nothing does now.
    #[must_use]
    pub fn is_emptied(&self) -> bool {
        self.filled && self.lines.iter().all(|line| line.quantity == 0)
    }
}

/// One cart, from its opening row on.
#[derive(Clone, Debug)]
pub struct Cart<'a> {
    /// The row that opened it.
    pub opening: Row<'a>,
    /// What lies in it; after a purchase, what lay in it just before.
    pub content: Content<'a>,
    /// Moment of the last cart event.
    pub last_activity_at: i64,
    /// First `begin_checkout`.
    pub checkout_started_at: Option<i64>,
    /// First `add_shipping_info`.
    pub shipping_info_at: Option<i64>,
    /// First `add_payment_info`.
    pub payment_info_at: Option<i64>,
    /// The row that bought it, and the position of its order among the person's.
    pub purchase: Option<(Row<'a>, usize)>,
    /// Furthest step of the funnel.
    pub furthest_step: Kind,
    /// Visits of its events, with repetitions.
    pub sessions: Vec<&'a str>,
    /// Its checkout errors, a row each.
    pub errors: Vec<(&'a str, &'a str)>,
    /// Code of the first error that has one.
    pub first_error_code: Option<&'a str>,
    /// Code of the last error that has one.
    pub last_error_code: Option<&'a str>,
    /// Means of payment, last known.
    pub payment_method: Option<&'a str>,
    /// Way of delivery, last known.
    pub shipping_method: Option<&'a str>,
    /// Coupon, last known.
    pub coupon: Option<&'a str>,
    /// Category of the opening event's first line that has one.
    pub top_category: Option<&'a str>,
    /// Value when the window passed, once a row after that moment has come.
    at_window: Option<Amount>,
    window_ends: i64,
}

impl<'a> Cart<'a> {
    /// A cart that this row opens; the row itself is still to be taken in.
    #[must_use]
    pub fn opened_by(opening: Row<'a>, window: i64) -> Self {
        Self {
            opening,
            content: Content::default(),
            last_activity_at: opening.ts(),
            checkout_started_at: None,
            shipping_info_at: None,
            payment_info_at: None,
            purchase: None,
            furthest_step: opening.kind(),
            sessions: Vec::new(),
            errors: Vec::new(),
            first_error_code: None,
            last_error_code: None,
            payment_method: None,
            shipping_method: None,
            coupon: None,
            top_category: None,
            at_window: None,
            window_ends: opening.ts().saturating_add(window),
        }
    }

    /// Takes in a row of any cart event but a purchase.
    pub fn take(&mut self, row: Row<'a>, rates: &'a Rates) {
        self.note(row);
        match row.kind() {
            Kind::AddToCart => {
                self.content.tell_price(row, rates);
                self.content.add(row);
            }
            Kind::RemoveFromCart => {
                self.content.tell_price(row, rates);
                self.content.remove(row);
            }
            // Elsewhere a row without a product is about the whole cart: it prices nothing and adds nothing.
            kind if row.product().is_some() => {
                self.content.tell_price(row, rates);
                if kind == Kind::BeginCheckout && self.is_opening_event(row) {
                    self.content.add(row);
                }
            }
            _ => {}
        }
        self.content.peak = self.content.peak.max(self.content.value);
        if self.top_category.is_none() && self.is_opening_event(row) {
            self.top_category = row.category();
        }
    }

    /// Takes in the purchase row that closes it. What a purchase says of prices is the order's business.
    pub fn buy(&mut self, row: Row<'a>, order: usize) {
        self.note(row);
        self.purchase = Some((row, order));
    }

    fn is_opening_event(&self, row: Row<'_>) -> bool {
        row.kind() == self.opening.kind() && row.event() == self.opening.event()
    }

    /// What every cart event leaves behind.
    fn note(&mut self, row: Row<'a>) {
        if row.ts() > self.window_ends && self.at_window.is_none() {
            self.at_window = Some(self.content.value);
        }
        self.last_activity_at = row.ts();
        self.sessions.extend(row.session_id());
        self.payment_method = row.payment_method().or(self.payment_method);
        self.shipping_method = row.shipping_method().or(self.shipping_method);
        self.coupon = row.coupon().or(self.coupon);
        let at = Some(row.ts());
        match row.kind() {
            Kind::BeginCheckout => self.checkout_started_at = self.checkout_started_at.or(at),
            Kind::AddShippingInfo => self.shipping_info_at = self.shipping_info_at.or(at),
            Kind::AddPaymentInfo => self.payment_info_at = self.payment_info_at.or(at),
            Kind::CheckoutError => {
                self.errors.push(row.event());
                self.first_error_code = self.first_error_code.or(row.error_code());
                self.last_error_code = row.error_code().or(self.last_error_code);
            }
            _ => {}
        }
        if !matches!(row.kind(), Kind::RemoveFromCart | Kind::CheckoutError) {
            self.furthest_step = self.furthest_step.max(row.kind());
        }
    }

    /// Content when the window had passed, or just before an earlier purchase.
    #[must_use]
    pub fn value_at_window(&self) -> Amount {
        self.at_window.unwrap_or(self.content.value)
    }

    /// When it was bought.
    #[must_use]
    pub fn purchased_at(&self) -> Option<i64> {
        self.purchase.map(|(row, _)| row.ts())
    }

    /// Stable for good: a login tonight gives the cart to another person, not another id.
    #[must_use]
    pub fn id(&self) -> String {
        row_hash(self.opening)
    }
}

/// Hash of a row's identity: source, `event_id` and line.
pub(crate) fn row_hash(row: Row<'_>) -> String {
    let (source, event_id) = row.event();
    let line = row.line().to_le_bytes();
    hash::hex(hash::of_fields([Some(source.as_bytes()), Some(event_id.as_bytes()), Some(&line[..])]))
}
