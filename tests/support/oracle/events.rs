//! Raw rows to events: trimming, normalising, judging, and settling duplicates and conflicts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::money::{self, Unreadable};
use super::reading::RawRow;
use super::{Balance, FUTURE_TOLERANCE_MICROS};

/// What happened. The derived order of the cart events is the funnel's order, which breaks ties of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    AddToCart,
    RemoveFromCart,
    ViewCart,
    BeginCheckout,
    AddShippingInfo,
    AddPaymentInfo,
    CheckoutError,
    Purchase,
    /// Views, searches and contacts: they matter to no cart, only to persons and returns.
    NoCart(&'static str),
    Refund,
}

impl Kind {
    /// The kind of a word in the contract's spelling.
    fn read(word: &str) -> Option<Self> {
        Some(match word.to_lowercase().as_str() {
            "add_to_cart" => Self::AddToCart,
            "remove_from_cart" => Self::RemoveFromCart,
            "view_cart" => Self::ViewCart,
            "begin_checkout" => Self::BeginCheckout,
            "add_shipping_info" => Self::AddShippingInfo,
            "add_payment_info" => Self::AddPaymentInfo,
            "checkout_error" => Self::CheckoutError,
            "purchase" => Self::Purchase,
            "refund" => Self::Refund,
            "page_view" => Self::NoCart("page_view"),
            "search" => Self::NoCart("search"),
            "view_item" => Self::NoCart("view_item"),
            "add_to_wishlist" => Self::NoCart("add_to_wishlist"),
            "feedback" => Self::NoCart("feedback"),
            "support_contact" => Self::NoCart("support_contact"),
            "contact" => Self::NoCart("contact"),
            "other" => Self::NoCart("other"),
            _ => return None,
        })
    }

    /// Whether such an event can touch a cart.
    pub(super) fn is_cart_event(self) -> bool {
        self <= Self::Purchase
    }

    /// The contract's word, for the kinds that a cart speaks of.
    pub(super) fn step(self) -> Option<&'static str> {
        match self {
            Self::AddToCart => Some("add_to_cart"),
            Self::ViewCart => Some("view_cart"),
            Self::BeginCheckout => Some("begin_checkout"),
            Self::AddShippingInfo => Some("add_shipping_info"),
            Self::AddPaymentInfo => Some("add_payment_info"),
            Self::Purchase => Some("purchase"),
            Self::RemoveFromCart | Self::CheckoutError | Self::NoCart(_) | Self::Refund => None,
        }
    }
}

/// An accepted row: every column of the contract, trimmed and normalised. Two rows of one identity are
/// duplicates exactly if they are equal.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the columns are the contract's, under the contract's names")]
pub(super) struct Event {
    pub(super) event_id: String,
    pub(super) line: u16,
    pub(super) ts: i64,
    pub(super) kind: Kind,
    pub(super) source: String,
    pub(super) visitor_id: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) order_id: Option<String>,
    pub(super) product_id: Option<String>,
    pub(super) product_name: Option<String>,
    pub(super) category: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) quantity: Option<i64>,
    pub(super) unit_price: Option<i128>,
    pub(super) order_value: Option<i128>,
    pub(super) currency: Option<String>,
    pub(super) device: Option<String>,
    pub(super) os: Option<String>,
    pub(super) browser: Option<String>,
    pub(super) country: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) page: Option<String>,
    pub(super) release: Option<String>,
    pub(super) payment_method: Option<String>,
    pub(super) shipping_method: Option<String>,
    pub(super) coupon: Option<String>,
    pub(super) error_code: Option<String>,
    pub(super) error_message: Option<String>,
    pub(super) http_status: Option<u16>,
    pub(super) latency_ms: Option<u32>,
    pub(super) rating: Option<f32>,
    pub(super) comment: Option<String>,
    /// The rule that took the visitor for a program.
    pub(super) bot: Option<String>,
}

impl Event {
    /// The event that this row is a line of.
    pub(super) fn identity(&self) -> (&str, &str) {
        (&self.source, &self.event_id)
    }

    /// The product: its id, else its name, else the one product without either.
    pub(super) fn product(&self) -> Option<&str> {
        self.product_id.as_deref().or(self.product_name.as_deref())
    }

    /// The quantity: 1 where the row has none.
    pub(super) fn pieces(&self) -> i64 {
        self.quantity.unwrap_or(1)
    }
}

/// Judges raw rows one after the other and keeps the books.
#[derive(Debug, Default)]
pub(super) struct Intake {
    pub(super) balance: Balance,
    pub(super) events: Vec<Event>,
    first_rows: BTreeMap<(String, String, u16), Event>,
}

impl Intake {
    /// Takes in one row, which ends as an event, as a duplicate or in the quarantine.
    pub(super) fn take(&mut self, row: &RawRow, source: &str, clock: i64) {
        self.balance.read += 1;
        let event = match judge(row, source, clock) {
            Ok(event) => event,
            Err(reason) => return self.reject(reason),
        };
        let identity = (event.source.clone(), event.event_id.clone(), event.line);
        match self.first_rows.get(&identity) {
            Some(first) if *first == event => self.balance.duplicates += 1,
            Some(_) => self.reject("conflict"),
            None => {
                self.first_rows.insert(identity, event.clone());
                self.events.push(event);
                self.balance.accepted += 1;
            }
        }
    }

    fn reject(&mut self, reason: &'static str) {
        *self.balance.quarantined.entry(reason).or_default() += 1;
    }
}

/// One row's event, or the reason why it is none.
fn judge(row: &RawRow, source: &str, clock: i64) -> Result<Event, &'static str> {
    let fields = row.fields.as_ref().ok_or("unreadable line")?;
    let text = |column: &str| fields.get(column).map(|value| value.trim()).filter(|value| !value.is_empty());
    let owned = |column: &str| text(column).map(str::to_owned);

    let ts = text("ts").and_then(timestamp).ok_or("unreadable timestamp")?;
    if ts > clock + FUTURE_TOLERANCE_MICROS {
        return Err("future timestamp");
    }
    let kind = text("kind").and_then(Kind::read).ok_or("unknown kind")?;
    let (visitor_id, customer_id) = (owned("visitor_id"), owned("customer_id"));
    if visitor_id.is_none() && customer_id.is_none() {
        return Err("no ids");
    }
    let unit_price = text("unit_price").map(|price| read_price(price, false)).transpose()?;
    let order_value = text("order_value").map(|price| read_price(price, kind == Kind::Refund)).transpose()?;
    let quantity = text("quantity").map(read_quantity).transpose()?;

    Ok(Event {
        // A row without an id is known by its whole text, so that only its exact copy has the same identity.
        event_id: owned("event_id").unwrap_or_else(|| format!("row:{}", row.text)),
        line: text("line").and_then(small_number).unwrap_or(0),
        ts,
        kind,
        source: source.to_owned(),
        visitor_id,
        customer_id,
        session_id: owned("session_id"),
        order_id: owned("order_id"),
        product_id: owned("product_id"),
        product_name: owned("product_name"),
        category: owned("category"),
        brand: owned("brand"),
        quantity,
        unit_price,
        order_value,
        currency: text("currency").map(str::to_uppercase),
        device: text("device").map(device),
        os: text("os").map(|os| canonical(os, &SYSTEMS)),
        browser: text("browser").map(|browser| canonical(browser, &BROWSERS)),
        country: text("country").map(country),
        channel: text("channel").map(str::to_lowercase),
        page: owned("page"),
        release: owned("release"),
        payment_method: owned("payment_method"),
        shipping_method: owned("shipping_method"),
        coupon: owned("coupon"),
        error_code: owned("error_code"),
        error_message: owned("error_message"),
        http_status: text("http_status").and_then(small_number),
        latency_ms: text("latency_ms").and_then(small_number),
        rating: text("rating").and_then(|rating| rating.parse::<f32>().ok()).filter(|rating| rating.is_finite()),
        comment: owned("comment"),
        bot: None,
    })
}

/// Microseconds since 1970, UTC. A time without a zone is UTC, a date alone its midnight.
fn timestamp(text: &str) -> Option<i64> {
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"];
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let from_zoned = zoned.iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
    let from_naive = || naive.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let from_date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    from_zoned
        .map(|time| time.timestamp_micros())
        .or_else(|| from_naive().or_else(from_date).map(|time| time.and_utc().timestamp_micros()))
}

/// An amount that is a price; only the total of a refund may be negative.
fn read_price(text: &str, may_be_negative: bool) -> Result<i128, &'static str> {
    match money::amount(text) {
        Ok(amount) if amount < 0 && !may_be_negative => Err("negative price"),
        Ok(amount) => Ok(amount),
        Err(Unreadable) => Err("unreadable price"),
    }
}

fn read_quantity(text: &str) -> Result<i64, &'static str> {
    let quantity = money::whole(text).map_err(|Unreadable| "unreadable quantity")?;
    if !(0..=100_000).contains(&quantity) {
        return Err("quantity out of range");
    }
    i64::try_from(quantity).map_err(|_| "quantity out of range")
}

/// A whole number of a narrow type; anything else is as good as absent.
fn small_number<T: TryFrom<i128>>(text: &str) -> Option<T> {
    T::try_from(money::whole(text).ok()?).ok()
}

fn device(word: &str) -> String {
    let lower = word.to_lowercase();
    match lower.as_str() {
        "desktop" | "mobile" | "tablet" => lower,
        _ => "other".to_owned(),
    }
}

fn country(word: &str) -> String {
    let is_code = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { word.to_uppercase() } else { word.to_owned() }
}

const SYSTEMS: [&str; 6] = ["Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS"];
const BROWSERS: [&str; 7] = ["Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Internet", "Internet Explorer"];

/// The usual spelling of a name, whatever case it comes in; an unusual name stays as it is.
fn canonical(name: &str, spellings: &[&str]) -> String {
    let known = spellings.iter().find(|spelling| spelling.eq_ignore_ascii_case(name));
    (*known.unwrap_or(&name)).to_owned()
}
