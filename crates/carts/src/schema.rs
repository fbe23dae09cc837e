//! The tables that the cart kernel makes.

use events::schema::{Column, Table, Type, optional, required};

/// One row per cart: the contract's table.
pub const CARTS: Table = Table {
    name: "carts",
    row: "cart",
    columns: &[
        required(
            "cart_id",
            Type::Text,
            "hash of the opening event's source, id and line: a later login does not change it",
        ),
        required("person_id", Type::Text, "c:<customer_id> or v:<visitor_id>, as known at as_of"),
        optional("customer_id", Type::Text, "the person's account, if known"),
        optional("visitor_id", Type::Text, "browser or device of the opening event"),
        required("opened_at", Type::Moment, "first add_to_cart, or begin_checkout where nothing was added before"),
        required("opened_by", Type::Word, "add_to_cart or begin_checkout"),
        required("opening_event_id", Type::Text, "the event that opened it"),
        required("last_activity_at", Type::Moment, "last cart event"),
        optional("checkout_started_at", Type::Moment, "first begin_checkout"),
        optional("shipping_info_at", Type::Moment, "first add_shipping_info"),
        optional("payment_info_at", Type::Moment, "first add_payment_info"),
        optional("purchased_at", Type::Moment, "the purchase that closed it"),
        optional("order_id", Type::Text, "that purchase's order, if named"),
        optional("expired_at", Type::Moment, "last cart event + cart.expiry, once that has passed without purchase"),
        required("state", Type::Word, "open, purchased or expired, at as_of"),
        required("emptied", Type::Flag, "all lines were removed (never if purchased, or if it never held anything)"),
        required("outcome", Type::Word, "purchased, abandoned or pending, cart.window after it opened"),
        required("recovered", Type::Flag, "abandoned at the window, purchased later"),
        required("furthest_step", Type::Word, "furthest step of the funnel that was reached"),
        required("items", Type::I64, "pieces in the cart, at the moment of `value`"),
        required("distinct_products", Type::I64, "products in the cart, at the moment of `value`"),
        required("unpriced_items", Type::I64, "pieces without a known price, at the moment of `value`"),
        required("value", Type::Money, "content just before the purchase, else at expiry or as_of, in currency"),
        optional(
            "value_at_window",
            Type::Money,
            "content cart.window after it opened, or just before an earlier purchase; null while pending",
        ),
        required("peak_value", Type::Money, "largest content it ever had, in currency"),
        optional("purchased_value", Type::Money, "the order's lines, in currency; null where none has a price"),
        optional("left_behind_value", Type::Money, "content that was not in the order, in currency"),
        optional("currency", Type::Word, "ISO 4217 code of the first priced line; null where nothing has a price"),
        required("sessions", Type::I64, "visits with a cart event of this cart"),
        required("returns", Type::I64, "visits other than the opening one, with any event, while the cart was open"),
        required("errors", Type::I64, "checkout errors met"),
        optional("first_error_code", Type::Text, "code of the first of them"),
        optional("last_error_code", Type::Text, "code of the last of them"),
        optional("device", Type::Word, "of the opening event"),
        optional("os", Type::Word, "of the opening event"),
        optional("browser", Type::Word, "of the opening event"),
        optional("country", Type::Word, "of the opening event"),
        optional("channel", Type::Word, "of the opening event"),
        optional("release", Type::Word, "of the opening event"),
        optional("payment_method", Type::Text, "last known on the cart's events"),
        optional("shipping_method", Type::Text, "last known on the cart's events"),
        optional("coupon", Type::Text, "last known on the cart's events"),
        optional("top_category", Type::Text, "category of the opening event's first line that has one"),
        required("segment", Type::Word, "d1 (top tenth of spend) to d10, lapsed or new, at 00:00 of the opening day"),
        required("top1", Type::Flag, "top 1 % of spend, at 00:00 of the opening day"),
        required("prior_orders", Type::I64, "orders before the cart opened"),
        required(
            "prior_spend",
            Type::Money,
            "their amounts net of refunds dated before the cart opened, in the base currency",
        ),
    ],
};

/// One row per product that was ever in a cart.
pub const CART_ITEMS: Table = Table {
    name: "cart_items",
    row: "product of a cart",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required("line", Type::I32, "position in the order in which products came, from 0"),
        optional("product_id", Type::Text, "the product"),
        optional("product_name", Type::Text, "its name, last known"),
        optional("category", Type::Text, "its category, last known"),
        optional("brand", Type::Text, "its brand, last known"),
        required("first_added_at", Type::Moment, "when it first came"),
        required("quantity", Type::I64, "pieces in the cart, at the moment of the cart's `value`; 0 if removed"),
        optional("unit_price", Type::Price, "last known price of one piece, in price_currency"),
        optional("price_currency", Type::Word, "currency of unit_price"),
        required("value", Type::Money, "quantity x unit_price, in the cart's currency; 0 where unknown"),
        optional(
            "purchased_quantity",
            Type::I64,
            "pieces of it in the order that closed the cart; null unless purchased",
        ),
    ],
};

/// One row per order.
pub const ORDERS: Table = Table {
    name: "orders",
    row: "order",
    columns: &[
        required("order_key", Type::Text, "hash of the first purchase row's source, event_id and line"),
        optional("order_id", Type::Text, "the shop's id"),
        required("person_id", Type::Text, "who bought, as known at as_of"),
        required("ordered_at", Type::Moment, "first purchase row"),
        optional("cart_id", Type::Text, "the cart it closed; null where no cart was seen (a tracking gap)"),
        required("lines", Type::I64, "item lines, each counted once"),
        required("items", Type::I64, "pieces"),
        optional("order_value", Type::Price, "the total as logged, in currency"),
        optional("lines_value", Type::Money, "sum of the priced lines, in currency; null where none has a price"),
        required("currency", Type::Word, "of the order; the base currency where none is logged"),
        required("amount", Type::Money, "order_value, else lines_value, else 0, in the base currency"),
        required("converted", Type::Flag, "false where a part of amount has no exchange rate and counts 0"),
        required("refunded", Type::Money, "refunds that name this order, up to as_of, in the base currency"),
        optional("device", Type::Word, "of the first purchase row"),
        optional("country", Type::Word, "of the first purchase row"),
        optional("channel", Type::Word, "of the first purchase row"),
    ],
};

/// Every table of this crate.
pub const TABLES: [Table; 3] = [CARTS, CART_ITEMS, ORDERS];

/// The columns of [`events::schema::EVENTS`] that the kernel reads.
#[must_use]
pub fn event_columns() -> Vec<&'static str> {
    const UNREAD: [&str; 8] =
        ["error_message", "http_status", "latency_ms", "rating", "comment", "bot", "page", "delivered_ts"];
    let names = events::schema::EVENTS.columns.iter().map(|column: &Column| column.name);
    names.filter(|name| !UNREAD.contains(name)).collect()
}
