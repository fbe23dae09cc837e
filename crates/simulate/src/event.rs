//! What happens in the shop, before any format: events, their items, and the visit they belong to.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

use crate::{
    calendar::{DAY, HOUR},
    catalogue::Product,
    person::PersonKey,
};

/// What a customer did, or what happened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the word it is written as")]
pub enum Kind {
    PageView,
    Search,
    ViewItem,
    AddToWishlist,
    AddToCart,
    RemoveFromCart,
    ViewCart,
    BeginCheckout,
    AddShippingInfo,
    AddPaymentInfo,
    Purchase,
    Refund,
    CheckoutError,
    Feedback,
    SupportContact,
    Contact,
}

impl Kind {
    /// The word in the logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PageView => "page_view",
            Self::Search => "search",
            Self::ViewItem => "view_item",
            Self::AddToWishlist => "add_to_wishlist",
            Self::AddToCart => "add_to_cart",
            Self::RemoveFromCart => "remove_from_cart",
            Self::ViewCart => "view_cart",
            Self::BeginCheckout => "begin_checkout",
            Self::AddShippingInfo => "add_shipping_info",
            Self::AddPaymentInfo => "add_payment_info",
            Self::Purchase => "purchase",
            Self::Refund => "refund",
            Self::CheckoutError => "checkout_error",
            Self::Feedback => "feedback",
            Self::SupportContact => "support_contact",
            Self::Contact => "contact",
        }
    }

    /// Whether the event belongs to a cart: opens it, changes it, carries it to the till or closes it.
    #[must_use]
    pub const fn is_cart_event(self) -> bool {
        matches!(
            self,
            Self::AddToCart
                | Self::RemoveFromCart
                | Self::ViewCart
                | Self::BeginCheckout
                | Self::AddShippingInfo
                | Self::AddPaymentInfo
                | Self::CheckoutError
                | Self::Purchase
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An amount of euro cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i64);

impl Money {
    /// The amount in euros. Shown shortest, it has the same digits as the text form.
    #[must_use]
    pub fn euros(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// The amount of several pieces.
    #[must_use]
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0 * i64::from(quantity))
    }
}

impl std::ops::Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.euros())
    }
}

/// Identifier of an event, unique in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// Identifier of a browser: a number, and what a hostile browser writes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitorId(pub u64, pub &'static str);

/// Identifier of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub u32);

/// Identifier of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Identifier of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{:016x}", self.0)
    }
}

impl fmt::Display for VisitorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}", self.1, self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{:09}", self.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{:016x}", self.0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T-{:016X}", self.0)
    }
}

/// The software and device that a visit came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// `desktop`, `mobile` or `tablet`.
    pub device: &'static str,
    /// Operating system.
    pub os: &'static str,
    /// Browser.
    pub browser: &'static str,
}

/// A visit to the shop in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The how-manieth of the story, from 1.
    pub number: u16,
    /// When it began, in microseconds.
    pub started_at: i64,
}

/// What the events of one visit have in common. A login in the middle of a visit starts a new one with the same session.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The person behind it, which logs do not show, but which REES46 numbers.
    pub person: PersonKey,
    /// The browser; none for what happens outside of one.
    pub visitor: Option<VisitorId>,
    /// The account, once logged in.
    pub customer: Option<CustomerId>,
    /// The session; none for what happens outside of the shop's pages.
    pub session: Option<Session>,
    /// Device and software; none outside of the shop's pages.
    pub agent: Option<Agent>,
    /// Country, two letters.
    pub country: Option<&'static str>,
    /// Where the visit came from; of a contact, the channel used.
    pub channel: Option<&'static str>,
    /// Build of the shop: the number of the week since the epoch.
    pub release: Option<Release>,
}

/// First Tuesday after the epoch, 08:00.
const FIRST_RELEASE: i64 = 5 * DAY + 8 * HOUR;

/// A build of the shop. A new one goes live every Tuesday at 08:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub i64);

impl Release {
    /// The build that is live at that time.
    #[must_use]
    pub const fn at(at: i64) -> Self {
        Self((at - FIRST_RELEASE).div_euclid(7 * DAY))
    }

    /// The first build that goes live at that time or later.
    pub(crate) const fn next(at: i64) -> Self {
        Self((at - FIRST_RELEASE + 7 * DAY - 1).div_euclid(7 * DAY))
    }

    /// When it goes live.
    pub(crate) const fn live_at(self) -> i64 {
        FIRST_RELEASE + self.0 * 7 * DAY
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "web-{}", self.0)
    }
}

/// Product and quantity of one line.
#[derive(Debug, Clone)]
pub struct Item {
    /// What.
    pub product: Arc<Product>,
    /// How many.
    pub quantity: u32,
    /// The price shown; none for products on request.
    pub price: Option<Money>,
}

impl Item {
    /// Price by quantity; unknown counts nothing.
    #[must_use]
    pub fn value(&self) -> Money {
        self.price.unwrap_or_default().times(self.quantity)
    }

    /// What is charged for it at that time, also where the price is not shown.
    #[must_use]
    pub fn paid(&self, at: i64) -> Money {
        self.price.unwrap_or_else(|| self.product.asked(at)).times(self.quantity)
    }
}

/// An order, as the purchase and its refunds name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its identifier.
    pub id: OrderId,
    /// Lines after discount, without shipping.
    pub goods: Money,
    /// Shipping fee.
    pub shipping: Money,
}

impl Order {
    /// What was paid.
    #[must_use]
    pub fn total(&self) -> Money {
        self.goods + self.shipping
    }
}

/// What went wrong at the till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The code shown in the logs.
    pub code: &'static str,
    /// The text beside it.
    pub message: &'static str,
    /// The status that the shop's server gave.
    pub http_status: u16,
    /// How long that took.
    pub latency_ms: u32,
}

/// What a customer said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voice {
    /// One to five.
    pub rating: Option<f32>,
    /// In their words.
    pub comment: Option<&'static str>,
}

/// The page an event happened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// A page by its path.
    At(&'static str),
    /// The page of the event's first item.
    OfItem,
}

/// One thing that happened in the shop.
#[derive(Debug, Clone)]
pub struct Event {
    /// Unique.
    pub id: EventId,
    /// When, in microseconds since the epoch, UTC.
    pub ts: i64,
    /// What.
    pub kind: Kind,
    /// In which visit.
    pub visit: Arc<Visit>,
    /// Where in the shop.
    pub page: Option<Page>,
    /// Product lines, if any.
    pub items: Vec<Item>,
    /// The order bought or refunded.
    pub order: Option<Order>,
    /// The order's total, or the amount refunded where it was logged.
    pub order_value: Option<Money>,
    /// Whether the purchase had been sent before, under the same order.
    pub resent: bool,
    /// Whether the purchase was made in one step, without a cart.
    pub express: bool,
    /// Payment method, once chosen.
    pub payment_method: Option<&'static str>,
    /// Shipping method, once chosen.
    pub shipping_method: Option<&'static str>,
    /// Coupon, once entered.
    pub coupon: Option<&'static str>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// How long the shop took to answer, in milliseconds: of the steps of the till.
    pub latency_ms: Option<u32>,
    /// What was said.
    pub voice: Option<Voice>,
}

impl Event {
    /// The page's path.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self.page? {
            Page::At(path) => Some(path.to_owned()),
            Page::OfItem => self.items.first().map(|item| format!("/p/{}", item.product.slug)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_shows_two_decimals_and_its_sign() {
        assert_eq!(Money(1_205).to_string(), "12.05");
        assert_eq!(Money(-5).to_string(), "-0.05");
        assert_eq!(Money(0).to_string(), "0.00");
    }
}
