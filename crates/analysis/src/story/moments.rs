//! Rows → moments as somebody would tell them, grouped by visit.

use std::collections::{BTreeMap, BTreeSet};

use events::time::MINUTE;
use events::{Amount, Kind};
use serde::Serialize;

use super::Story;
use super::read::Event;
use crate::text;

/// Without visits of its own a source's events are one visit as long as they are no further apart.
const PAUSE: i64 = 30 * MINUTE;

/// A visit, or something that came to the person outside of any.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Visit {
    /// Its first moment.
    #[serde(serialize_with = "text::moment")]
    pub from: i64,
    /// Its last moment.
    #[serde(serialize_with = "text::moment")]
    pub until: i64,
    /// Device, where it is known.
    pub device: Option<String>,
    /// Where it came from.
    pub channel: Option<String>,
    /// Whether the person was logged in at any moment of it.
    pub is_known: bool,
    /// Whether it is a visit: a contact by the shop is none.
    pub is_visit: bool,
    /// What happened.
    pub moments: Vec<Moment>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When it began.
    #[serde(serialize_with = "text::moment")]
    pub at: i64,
    /// What.
    pub what: What,
}

/// A product with its quantity and price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name, else its id.
    pub product: Option<String>,
    /// Pieces.
    pub quantity: i64,
    /// Of one piece.
    #[serde(serialize_with = "text::optional_amount")]
    pub price: Option<Amount>,
    /// Its currency.
    pub currency: Option<String>,
}

/// What happened. Neighbouring looks are one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Pages and products were looked at.
    Looked {
        /// Products, each once, in their order.
        products: Vec<String>,
        /// Pages beside them.
        pages: u64,
    },
    /// The shop was searched, so many times.
    Searched(u64),
    /// Something was put on the wish list.
    Wished(Vec<Item>),
    /// Something was put into the cart.
    Added(Vec<Item>),
    /// Something was taken out of it.
    Removed(Vec<Item>),
    /// The cart was looked at.
    ViewedCart,
    /// Checkout was begun.
    BeganCheckout,
    /// An address or a way of delivery was given.
    GaveShipping(Option<String>),
    /// A means of payment was given.
    GavePayment(Option<String>),
    /// Something failed in the checkout.
    MetError {
        /// Its code.
        code: Option<String>,
        /// What the person saw.
        message: Option<String>,
        /// HTTP status.
        status: Option<u16>,
        /// How often in a row.
        times: u64,
    },
    /// An order was placed.
    Bought {
        /// Its id.
        order: Option<String>,
        /// Its total.
        #[serde(serialize_with = "text::optional_amount")]
        value: Option<Amount>,
        /// Its currency.
        currency: Option<String>,
        /// Its lines.
        items: Vec<Item>,
    },
    /// Money was given back.
    Refunded {
        /// How much.
        #[serde(serialize_with = "text::optional_amount")]
        value: Option<Amount>,
        /// Its currency.
        currency: Option<String>,
    },
    /// The person rated, commented or asked for help.
    Said {
        /// Whether it was a request for help.
        is_support: bool,
        /// The rating.
        rating: Option<f64>,
        /// The words.
        comment: Option<String>,
        /// By which channel.
        channel: Option<String>,
    },
    /// The shop wrote to, or called, the person.
    Contacted {
        /// By which channel.
        channel: Option<String>,
        /// What is noted of it.
        comment: Option<String>,
    },
    /// Something that the logs have no word for, so many times.
    Other(u64),
}

/// The story that these rows, in order of time, tell.
pub(super) fn story(person: &str, events: &[Event]) -> Story {
    let devices: BTreeSet<&str> = events.iter().filter_map(|event| event.visitor.as_deref()).collect();
    let devices = devices.len() as u64;
    let mut visits: Vec<Visit> = Vec::new();
    // The visit that is under way, by what tells visits apart.
    let mut under_way: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for lines in events.chunk_by(|a, b| a.whole == b.whole && a.kind == b.kind && a.ts == b.ts) {
        let first = &lines[0];
        let is_visit = !matches!(first.kind, Kind::Contact | Kind::Refund);
        let key = first.session.clone().map(|session| format!("s:{session}"));
        let key = key.or_else(|| first.visitor.clone().map(|visitor| format!("v:{visitor}")));
        let open = under_way.get(&key).copied().filter(|at| {
            let goes_on = first.session.is_some() || first.ts - visits[*at].until <= PAUSE;
            is_visit && goes_on
        });
        let at = open.unwrap_or_else(|| {
            visits.push(Visit {
                from: first.ts,
                until: first.ts,
                device: None,
                channel: None,
                is_known: false,
                is_visit,
                moments: Vec::new(),
            });
            if is_visit {
                under_way.insert(key, visits.len() - 1);
            }
            visits.len() - 1
        });
        let visit = &mut visits[at];
        visit.until = first.ts;
        visit.is_known |= first.has_account;
        if is_visit && !matches!(first.kind, Kind::Feedback | Kind::SupportContact) {
            visit.device = visit.device.take().or_else(|| first.device.clone());
            visit.channel = visit.channel.take().or_else(|| first.channel.clone());
        }
        take(&mut visit.moments, lines);
    }
    Story { person_id: person.to_owned(), devices, visits }
}

fn take(moments: &mut Vec<Moment>, lines: &[Event]) {
    let first = &lines[0];
    let last = moments.last_mut().map(|moment| &mut moment.what);
    let items = || -> Vec<Item> { lines.iter().filter(|line| line.quantity > 0).map(item).collect() };
    let what = match (first.kind, last) {
        (Kind::PageView, Some(What::Looked { pages, .. })) => {
            *pages += 1;
            return;
        }
        (Kind::PageView, _) => What::Looked { products: Vec::new(), pages: 1 },
        (Kind::ViewItem, Some(What::Looked { products, .. })) => {
            let new: Vec<String> =
                lines.iter().filter_map(|line| line.product.clone()).filter(|name| !products.contains(name)).collect();
            products.extend(new);
            return;
        }
        (Kind::ViewItem, _) => {
            What::Looked { products: lines.iter().filter_map(|line| line.product.clone()).collect(), pages: 0 }
        }
        (Kind::Search, Some(What::Searched(times))) | (Kind::Other, Some(What::Other(times))) => {
            *times += 1;
            return;
        }
        (Kind::Search, _) => What::Searched(1),
        (Kind::Other, _) => What::Other(1),
        (Kind::AddToWishlist, _) => What::Wished(items()),
        (Kind::AddToCart, _) => What::Added(items()),
        (Kind::RemoveFromCart, _) => What::Removed(items()),
        (Kind::ViewCart, Some(What::ViewedCart)) | (Kind::BeginCheckout, Some(What::BeganCheckout)) => return,
        (Kind::ViewCart, _) => What::ViewedCart,
        (Kind::BeginCheckout, _) => What::BeganCheckout,
        (Kind::AddShippingInfo, _) => What::GaveShipping(first.shipping.clone()),
        (Kind::AddPaymentInfo, _) => What::GavePayment(first.payment.clone()),
        (Kind::CheckoutError, Some(What::MetError { code, message, status, times }))
            if (&*code, &*message, *status) == (&first.error, &first.message, first.status) =>
        {
            *times += 1;
            return;
        }
        (Kind::CheckoutError, _) => {
            What::MetError { code: first.error.clone(), message: first.message.clone(), status: first.status, times: 1 }
        }
        // A row of the same order that comes again, or comes line by line, is no second order.
        (Kind::Purchase, Some(What::Bought { order, items, .. })) if order.is_some() && *order == first.order => {
            for new in lines.iter().map(item) {
                if !items.contains(&new) {
                    items.push(new);
                }
            }
            return;
        }
        (Kind::Purchase, _) => What::Bought {
            order: first.order.clone(),
            value: first.order_value,
            currency: first.currency.clone(),
            items: items(),
        },
        (Kind::Refund, _) => What::Refunded { value: first.order_value, currency: first.currency.clone() },
        (Kind::Feedback | Kind::SupportContact, _) => What::Said {
            is_support: first.kind == Kind::SupportContact,
            rating: first.rating,
            comment: first.comment.clone(),
            channel: first.channel.clone(),
        },
        (Kind::Contact, _) => What::Contacted { channel: first.channel.clone(), comment: first.comment.clone() },
    };
    moments.push(Moment { at: first.ts, what });
}

fn item(line: &Event) -> Item {
    Item { product: line.product.clone(), quantity: line.quantity, price: line.price, currency: line.currency.clone() }
}
