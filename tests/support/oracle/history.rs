//! One person's events to the rows of each cart and of each order: which row belongs to what, and nothing more.

use super::events::{Event, Kind};

/// Purchase rows without an order id that lie no further apart than this are one order.
const SAME_ORDER_MICROS: i64 = 30 * 60 * 1_000_000;

/// The rows of one cart in their order; the first one opened it.
#[derive(Debug)]
pub(super) struct CartRows<'a> {
    /// Everything that happened to the cart, the one purchase row that closed it included: the further rows of
    /// that order belong to the order alone, even those of the same moment.
    pub(super) rows: Vec<&'a Event>,
    /// Index of the order that closed it.
    pub(super) order: Option<usize>,
}

/// The rows of one order in their order; the first one dates it.
#[derive(Debug)]
pub(super) struct OrderRows<'a> {
    pub(super) rows: Vec<&'a Event>,
    /// Index of the cart that it closed.
    pub(super) cart: Option<usize>,
}

impl OrderRows<'_> {
    /// The id that the shop gave the order.
    pub(super) fn order_id(&self) -> Option<&str> {
        self.rows[0].order_id.as_deref()
    }
}

/// Everything known of one person.
#[derive(Debug)]
pub(super) struct History<'a> {
    /// `c:<customer_id>` or `v:<visitor_id>`.
    pub(super) person_id: String,
    /// All events of the person, of whatever kind, in order.
    pub(super) events: Vec<&'a Event>,
    pub(super) carts: Vec<CartRows<'a>>,
    pub(super) orders: Vec<OrderRows<'a>>,
}

impl<'a> History<'a> {
    /// Walks once through a person's events and deals them out.
    pub(super) fn new(person_id: String, mut events: Vec<&'a Event>, expiry_micros: i64) -> Self {
        events.sort_by(|a, b| (a.ts, a.kind, &a.event_id, a.line).cmp(&(b.ts, b.kind, &b.event_id, b.line)));
        let cart_events = events.iter().copied().filter(|event| event.kind.is_cart_event() && event.bot.is_none());

        let mut carts: Vec<CartRows> = Vec::new();
        let mut orders: Vec<OrderRows> = Vec::new();
        let mut open: Option<usize> = None;
        let mut previous: Option<(&Event, Option<usize>)> = None;
        for row in cart_events {
            open = open.filter(|&cart| row.ts <= last(&carts[cart]).ts + expiry_micros);
            let mut order_of_row = None;
            if row.kind == Kind::Purchase {
                let known = match &row.order_id {
                    Some(id) => orders.iter().position(|order| order.order_id() == Some(id)),
                    None => previous.and_then(|(before, order)| {
                        let goes_on = before.order_id.is_none() && row.ts - before.ts <= SAME_ORDER_MICROS;
                        order.filter(|_| goes_on)
                    }),
                };
                if let Some(known) = known {
                    orders[known].rows.push(row);
                    order_of_row = Some(known);
                } else {
                    let closed = open.take();
                    if let Some(cart) = closed {
                        carts[cart].rows.push(row);
                        carts[cart].order = Some(orders.len());
                    }
                    order_of_row = Some(orders.len());
                    orders.push(OrderRows { rows: vec![row], cart: closed });
                }
            } else if let Some(cart) = open {
                carts[cart].rows.push(row);
            } else if matches!(row.kind, Kind::AddToCart | Kind::BeginCheckout) {
                open = Some(carts.len());
                carts.push(CartRows { rows: vec![row], order: None });
            }
            previous = Some((row, order_of_row));
        }
        Self { person_id, events, carts, orders }
    }
}

/// The latest row of a cart.
pub(super) fn last<'a>(cart: &CartRows<'a>) -> &'a Event {
    cart.rows.last().expect("a cart has the row that opened it")
}
