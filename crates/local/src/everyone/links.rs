//! Who is who, from all events up to `as_of`.

use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use carts::persons::Links;
use events::parquet_io::Reader;
use rayon::prelude::*;

use crate::Error;

/// Learns every link between visitors, sessions and customers.
///
/// Sessions only matter where a visitor was seen with several customers; then, and only then, events are read again.
pub(crate) fn links(files: &[PathBuf], as_of: i64) -> Result<Links, Error> {
    let mut links = gather(files, as_of, &["visitor_id", "customer_id"], |ids, part: &mut Links| {
        if let (Some(visitor), Some(customer)) = (ids.visitor, ids.customer) {
            part.observe_visitor(visitor, customer);
        }
    })?;
    if links.any_shared() {
        let wanted = gather(files, as_of, &["visitor_id", "session_id"], |ids, part: &mut Links| {
            if let (Some(visitor), None, Some(session)) = (ids.visitor, ids.customer, ids.session)
                && links.is_shared(visitor)
            {
                part.want_session(session);
            }
        })?;
        let seen = gather(files, as_of, &["customer_id", "session_id"], |ids, part: &mut Links| {
            if let (Some(customer), Some(session)) = (ids.customer, ids.session)
                && wanted.is_wanted(session)
            {
                part.want_session(session);
                part.observe_session(session, customer);
            }
        })?;
        links.merge(wanted);
        links.merge(seen);
    }
    Ok(links)
}

struct Ids<'a> {
    visitor: Option<&'a str>,
    customer: Option<&'a str>,
    session: Option<&'a str>,
}

/// Calls `observe` for every event up to `as_of`, with what one file has taught so far. Files in which no row has one of
/// the ids that are `needed` teach nothing and are not read.
fn gather(
    files: &[PathBuf],
    as_of: i64,
    needed: &[&str],
    observe: impl Fn(Ids<'_>, &mut Links) + Sync,
) -> Result<Links, Error> {
    files
        .par_iter()
        .map(|file| {
            let mut part = Links::default();
            for batch in Reader::open_filled(file, &["ts", "visitor_id", "customer_id", "session_id"])? {
                let batch = batch?;
                if needed.iter().any(|id| batch.column_by_name(id).is_none()) {
                    break;
                }
                let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
                let text = |name| batch.column_by_name(name).map(|_| Text::of(&batch, name)).transpose();
                let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
                for row in (0..batch.num_rows()).filter(|row| ts[*row] <= as_of) {
                    let [visitor, customer, session] =
                        [&visitor, &customer, &session].map(|text| text.as_ref().and_then(|text| text.get(row)));
                    observe(Ids { visitor, customer, session }, &mut part);
                }
            }
            Ok(part)
        })
        .try_reduce(Links::default, |mut left, right| {
            left.merge(right);
            Ok(left)
        })
}
