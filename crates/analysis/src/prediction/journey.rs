//! One open cart so far: what lies in it, and what its person did since it was opened.

use std::sync::Arc;

use events::{Amount, Kind};

use super::stream::{Event, Id, Words};

/// Visits told apart of one cart; more are not counted.
const MOST_VISITS: usize = 64;
/// Browsers told apart of one cart.
const MOST_VISITORS: usize = 8;

/// Positions in [`Words`].
pub(super) mod word {
    pub(in super::super) const PAYMENT: usize = 6;
    pub(in super::super) const SHIPPING: usize = 7;
    pub(in super::super) const CATEGORY: usize = 8;
    pub(in super::super) const ERROR: usize = 9;
    pub(in super::super) const COUPON: usize = 10;
}

/// A product in the cart.
#[derive(Clone, Copy, Debug)]
struct Line {
    product: Id,
    quantity: i64,
    /// In the base currency.
    price: Option<Amount>,
}

/// An open cart, and what happened to it.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    /// The cart's id.
    pub(super) cart: Id,
    pub(super) opened_at: i64,
    pub(super) opened_by: Kind,
    opening_event: Id,
    opening_session: Id,
    /// Last cart event.
    pub(super) last_activity_at: i64,
    /// Last event of the person.
    pub(super) last_seen_at: i64,
    /// Words of the opening event; payment, shipping, error and coupon are the last known ones.
    pub(super) words: Words,
    lines: Vec<Line>,
    pub(super) furthest: Kind,
    /// Looks in the opening visit before the cart was opened.
    pub(super) looks_before: u32,
    /// Pages, products and searches since.
    pub(super) looks: u32,
    pub(super) wishes: u32,
    pub(super) additions: u32,
    pub(super) removals: u32,
    pub(super) cart_views: u32,
    pub(super) checkouts: u32,
    pub(super) errors: u32,
    pub(super) last_error_at: Option<i64>,
    /// Letters and calls of the shop.
    pub(super) contacts: u32,
    /// Questions and complaints of the customer.
    pub(super) complaints: u32,
    /// Visits other than the opening one.
    visits: Vec<Id>,
    visitors: Vec<Id>,
}

impl Journey {
    /// A cart that this event opens; the event itself is still to be taken in.
    pub(super) fn opened_by(event: &Event, looks_before: u32) -> Self {
        let mut words = event.words.as_deref().cloned().unwrap_or_default();
        for later in [word::PAYMENT, word::SHIPPING, word::ERROR, word::COUPON] {
            words[later] = None;
        }
        Self {
            cart: event.row,
            opened_at: event.ts,
            opened_by: event.kind,
            opening_event: event.whole,
            opening_session: event.session,
            last_activity_at: event.ts,
            last_seen_at: event.ts,
            words,
            lines: Vec::new(),
            furthest: event.kind,
            looks_before,
            looks: 0,
            wishes: 0,
            additions: 0,
            removals: 0,
            cart_views: 0,
            checkouts: 0,
            errors: 0,
            last_error_at: None,
            contacts: 0,
            complaints: 0,
            visits: Vec::new(),
            visitors: Vec::new(),
        }
    }

    /// Takes in an event of its person, of any kind but a purchase or refund.
    pub(super) fn take(&mut self, event: &Event) {
        match event.kind {
            Kind::Contact => {
                // What the shop does is no sign of life of the person.
                self.contacts += 1;
                return;
            }
            Kind::Feedback | Kind::SupportContact => self.complaints += 1,
            Kind::PageView | Kind::ViewItem | Kind::Search => self.looks += 1,
            Kind::AddToWishlist => self.wishes += u32::from(event.line == 0),
            _ => {}
        }
        self.last_seen_at = event.ts;
        let is_new = |known: &[Id], id: Id, most| id != 0 && !known.contains(&id) && known.len() < most;
        if event.session != self.opening_session && is_new(&self.visits, event.session, MOST_VISITS) {
            self.visits.push(event.session);
        }
        if is_new(&self.visitors, event.visitor, MOST_VISITORS) {
            self.visitors.push(event.visitor);
        }
        if event.kind.is_cart_event() {
            self.touch(event);
        }
    }

    fn touch(&mut self, event: &Event) {
        self.last_activity_at = event.ts;
        let is_first_line = u32::from(event.line == 0);
        match event.kind {
            Kind::AddToCart => {
                self.additions += is_first_line;
                self.tell(event, event.quantity);
            }
            Kind::RemoveFromCart => {
                self.removals += is_first_line;
                self.tell(event, -event.quantity);
            }
            Kind::ViewCart => self.cart_views += is_first_line,
            Kind::BeginCheckout => self.checkouts += is_first_line,
            Kind::CheckoutError => {
                self.errors += is_first_line;
                self.last_error_at = Some(event.ts);
            }
            _ => {}
        }
        if event.product != 0 && !matches!(event.kind, Kind::AddToCart | Kind::RemoveFromCart) {
            let opens = event.kind == Kind::BeginCheckout && event.whole == self.opening_event;
            self.tell(event, if opens { event.quantity } else { 0 });
        }
        if !matches!(event.kind, Kind::RemoveFromCart | Kind::CheckoutError) {
            self.furthest = self.furthest.max(event.kind);
        }
        if let Some(words) = event.words.as_deref() {
            let later = [word::PAYMENT, word::SHIPPING, word::ERROR, word::COUPON];
            for at in later.into_iter().filter(|at| words[*at].is_some()) {
                self.words[at].clone_from(&words[at]);
            }
            if self.words[word::CATEGORY].is_none() && event.whole == self.opening_event {
                self.words[word::CATEGORY].clone_from(&words[word::CATEGORY]);
            }
        }
    }

    /// Quantity and price of a product.
    fn tell(&mut self, event: &Event, quantity: i64) {
        let at = self.lines.iter().position(|line| line.product == event.product).unwrap_or_else(|| {
            self.lines.push(Line { product: event.product, quantity: 0, price: None });
            self.lines.len() - 1
        });
        let line = &mut self.lines[at];
        line.quantity = (line.quantity + quantity).max(0);
        line.price = event.price.or(line.price);
    }

    /// This cart and a younger one of what turns out to be the same person.
    pub(super) fn join(mut self: Box<Self>, younger: Self) -> Self {
        for line in younger.lines {
            match self.lines.iter_mut().find(|own| own.product == line.product) {
                Some(own) => {
                    own.quantity += line.quantity;
                    own.price = line.price.or(own.price);
                }
                None => self.lines.push(line),
            }
        }
        let is_later = younger.last_activity_at >= self.last_activity_at;
        for (own, word) in self.words.iter_mut().zip(younger.words) {
            if own.is_none() || (is_later && word.is_some()) {
                *own = word;
            }
        }
        self.last_activity_at = self.last_activity_at.max(younger.last_activity_at);
        self.last_seen_at = self.last_seen_at.max(younger.last_seen_at);
        self.furthest = self.furthest.max(younger.furthest);
        self.last_error_at = self.last_error_at.max(younger.last_error_at);
        self.looks += younger.looks;
        self.wishes += younger.wishes;
        self.additions += younger.additions;
        self.removals += younger.removals;
        self.cart_views += younger.cart_views;
        self.checkouts += younger.checkouts;
        self.errors += younger.errors;
        self.contacts += younger.contacts;
        self.complaints += younger.complaints;
        for visit in younger.visits.into_iter().chain([younger.opening_session]) {
            if visit != 0 && visit != self.opening_session && !self.visits.contains(&visit) {
                self.visits.push(visit);
            }
        }
        for visitor in younger.visitors {
            if !self.visitors.contains(&visitor) {
                self.visitors.push(visitor);
            }
        }
        *self
    }

    /// What is in it: pieces, products, value in the base currency, and the share of it that the dearest line has.
    pub(super) fn content(&self) -> Content {
        let held = || self.lines.iter().filter(|line| line.quantity > 0);
        let value = |line: &Line| line.price.map(|price| price.times(line.quantity));
        Content {
            items: held().map(|line| line.quantity).sum(),
            products: held().count(),
            value: held().any(|line| line.price.is_some()).then(|| held().filter_map(value).sum()),
            dearest: held().filter_map(value).max(),
            is_emptied: !self.lines.is_empty() && held().count() == 0,
        }
    }

    /// Visits other than the opening one.
    pub(super) fn visits(&self) -> usize {
        self.visits.len()
    }

    /// Browsers that its events came from.
    pub(super) fn visitors(&self) -> usize {
        self.visitors.len()
    }

    /// Whether a coupon was given.
    pub(super) fn has_coupon(&self) -> bool {
        self.words[word::COUPON].is_some()
    }

    /// A word of it.
    pub(super) fn word(&self, at: usize) -> Option<&Arc<str>> {
        self.words[at].as_ref()
    }
}

/// What lies in a cart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) items: i64,
    pub(super) products: usize,
    /// `None` where nothing has a price.
    pub(super) value: Option<Amount>,
    pub(super) dearest: Option<Amount>,
    pub(super) is_emptied: bool,
}
