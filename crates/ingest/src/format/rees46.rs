//! REES46's "eCommerce behavior data from multi category store".
//!
//! ```text
//! event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
//! 2019-10-01 00:00:05 UTC,cart,90000002,2090…,appliances.kitchen.kettle,mugco,33.20,700000002,6666…
//! ```
//! No quantity, order, currency or checkout step. `user_id` is permanent but does not say that anybody logged in, so it
//! is a visitor. `category_id` exceeds 2^53 and is not read. Rows have no id: the row's hash is one, so only an exactly
//! repeated row is a duplicate.

use events::Kind;

use super::Sink;
use super::csv_records::Columns;
use crate::row::{Field, RawRow};

/// The header by which a file is recognised.
pub(super) const HEADER: [&str; 9] = [
    "event_time",
    "event_type",
    "product_id",
    "category_id",
    "category_code",
    "brand",
    "price",
    "user_id",
    "user_session",
];

/// A row; there are as many fields as in [`HEADER`].
pub(super) fn row<'r, S: Sink>(_: &Columns, fields: &[&'r str], sink: &mut S, row: &mut RawRow<'r>) {
    row.set(Field::Ts, fields[0]);
    row.set(Field::Kind, kind(fields[1], sink).name());
    row.set(Field::ProductId, fields[2]);
    row.set(Field::Category, fields[4]);
    row.set(Field::Brand, fields[5]);
    row.set(Field::UnitPrice, fields[6]);
    row.set(Field::VisitorId, fields[7]);
    row.set(Field::SessionId, fields[8]);
}

fn kind(name: &str, sink: &mut impl Sink) -> Kind {
    match name.trim() {
        "view" => Kind::ViewItem,
        "cart" => Kind::AddToCart,
        "remove_from_cart" => Kind::RemoveFromCart,
        "purchase" => Kind::Purchase,
        unknown => {
            sink.unmapped(unknown);
            Kind::Other
        }
    }
}
