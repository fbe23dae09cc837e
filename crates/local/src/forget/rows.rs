//! Which rows of any table are the person's, by the names of its columns.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use carts::columns::Text;

use super::{Mentions, Trace};

/// Columns that say whose a row is.
const IDS: [&str; 6] = ["person_id", "customer_id", "visitor_id", "session_id", "cart_id", "order_key"];
/// Columns of rows as they came, which may hold anybody's ids; with any of them a row goes that mentions the person.
pub(super) const RAW: [&str; 3] = ["raw", "raw_bytes", "detail"];

/// The columns of a table that have to be read to tell whose its rows are; none where it knows nothing of persons.
pub(super) fn columns(schema: &Schema) -> Vec<&'static str> {
    let has = |name: &&&str| schema.column_with_name(name).is_some();
    let mut columns: Vec<&str> = IDS.iter().filter(has).copied().collect();
    // A session alone is nobody's.
    if columns == ["session_id"] {
        columns.clear();
    }
    if schema.column_with_name(RAW[0]).is_some() {
        columns.extend(RAW.iter().filter(has));
    }
    columns
}

/// Says for every row of a batch whether it is the person's. The batch is of a file that these generations share.
pub(super) fn marks(trace: &Trace, mentions: &Mentions, batch: &RecordBatch, generations: &[&str]) -> Vec<bool> {
    let ids = IDS.map(|name| Text::of(batch, name).ok());
    let has_sessions = batch.column_by_name("session_id").is_some();
    let raw: Vec<&arrow::array::ArrayRef> = match batch.column_by_name(RAW[0]) {
        Some(_) => RAW.iter().filter_map(|name| batch.column_by_name(name)).collect(),
        None => Vec::new(),
    };
    let is_his = |row: usize| {
        let [person, customer, visitor, session, cart, order] =
            ids.each_ref().map(|column| column.as_ref().and_then(|column| column.get(row)));
        let by_session = || {
            // Where a table has no sessions, no row of it belongs to anybody by one.
            let visitor = visitor.filter(|_| has_sessions && customer.is_none());
            visitor.is_some_and(|visitor| trace.owns_by_session(visitor, session))
        };
        person.is_some_and(|person| trace.is_name(person))
            || trace.owns(customer, visitor)
            || by_session()
            || [cart, order].into_iter().flatten().any(|id| trace.owns_id(id, generations.iter().copied()))
            || raw.iter().any(|column| mentions.in_row_as_it_came(column, row))
    };
    (0..batch.num_rows()).map(is_his).collect()
}
