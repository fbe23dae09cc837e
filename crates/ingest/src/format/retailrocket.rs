//! Retailrocket's recommender data set: `events.csv`.
//!
//! ```text
//! timestamp,visitorid,event,itemid,transactionid
//! 1434000600007,900002,transaction,800002,70001
//! ```
//! Milliseconds in UTC; neither price, quantity nor session. A transaction has a row for each of its items, so its id
//! repeats. Rows have no id: the row's hash is one, so only an exactly repeated row is a duplicate.

use std::borrow::Cow;

use events::Kind;

use super::Sink;
use super::csv_records::Columns;
use crate::row::{Field, RawRow};

/// The header by which a file is recognised.
pub(super) const HEADER: [&str; 5] = ["timestamp", "visitorid", "event", "itemid", "transactionid"];

/// A row; there are as many fields as in [`HEADER`].
pub(super) fn row<'r, S: Sink>(_: &Columns, fields: &[&'r str], sink: &mut S, row: &mut RawRow<'r>) {
    row.set(Field::Ts, fields[0]);
    row.set(Field::VisitorId, whole(fields[1]));
    row.set(Field::Kind, kind(fields[2], sink).name());
    row.set(Field::ProductId, whole(fields[3]));
    row.set(Field::OrderId, whole(fields[4]));
}

/// Ids are whole numbers; a table that had empty cells is often saved again with `.0` behind them.
fn whole(id: &str) -> Cow<'_, str> {
    let id = id.trim();
    let digits = id.strip_suffix(".0").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    Cow::Borrowed(digits.unwrap_or(id))
}

fn kind(name: &str, sink: &mut impl Sink) -> Kind {
    match name.trim() {
        "view" => Kind::ViewItem,
        "addtocart" => Kind::AddToCart,
        "transaction" => Kind::Purchase,
        unknown => {
            sink.unmapped(unknown);
            Kind::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format;
    use crate::format::testing::{read, refused, shown};

    #[test]
    fn events_become_rows_and_a_transaction_an_order_of_several() {
        let (format, found) = read(
            "timestamp,visitorid,event,itemid,transactionid\r\n\
             1434000000117,900001,view,800001,\r\n\
             1434000600006,900002,addtocart,800002,\r\n\
             1434000660007,900002,transaction,800002,70001.0\r\n\
             1434000660007,900002,transaction,800003,70001\r\n\
             1434000700000,900003,wishlist,800003,\r\n",
        );
        assert_eq!(format, Format::Retailrocket);
        assert_eq!(
            found.rows.iter().map(|row| shown(row)).collect::<Vec<_>>(),
            [
                "ts=1434000000117 kind=view_item visitor_id=900001 product_id=800001",
                "ts=1434000600006 kind=add_to_cart visitor_id=900002 product_id=800002",
                "ts=1434000660007 kind=purchase visitor_id=900002 order_id=70001 product_id=800002",
                "ts=1434000660007 kind=purchase visitor_id=900002 order_id=70001 product_id=800003",
                "ts=1434000700000 kind=other visitor_id=900003 product_id=800003",
            ]
        );
        assert_eq!(found.unmapped, ["wishlist"]);
    }

    #[test]
    fn bad_rows_say_why_and_where() {
        let (_, found) = read(
            "timestamp,visitorid,event,itemid,transactionid\n\
             soon,1,view,2,\n\
             1434000000117,,view,2,\n\
             1434000000117,1,view\n",
        );
        assert_eq!(
            refused(&found),
            [
                "2: unreadable timestamp: soon",
                "3: no ids: neither visitor_id nor customer_id",
                "4: unreadable line: 3 fields, where the header has 5",
            ]
        );
    }
}
