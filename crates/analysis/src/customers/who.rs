//! Whose an event is: what the events of the span and the carts of all time tell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use carts::persons::Links;
use events::parquet_io::Reader;
use rayon::prelude::*;

use crate::Error;

/// Visitors with their customers, and sessions of shared devices. A cart tells that its visitor was its customer.
pub(super) fn learn(
    days: &BTreeMap<i32, Vec<PathBuf>>,
    first_day: i32,
    as_of: i64,
    carts: &[(Box<str>, Box<str>)],
) -> Result<Links, Error> {
    let mut links = gather(days, first_day, as_of, |ids, part: &mut Links| {
        if let (Some(visitor), Some(customer)) = (ids.visitor, ids.customer) {
            part.observe_visitor(visitor, customer);
        }
    })?;
    for (visitor, customer) in carts {
        links.observe_visitor(visitor, customer);
    }
    if links.any_shared() {
        let wanted = gather(days, first_day, as_of, |ids, part: &mut Links| {
            if let (Some(visitor), None, Some(session)) = (ids.visitor, ids.customer, ids.session)
                && links.is_shared(visitor)
            {
                part.want_session(session);
            }
        })?;
        let seen = gather(days, first_day, as_of, |ids, part: &mut Links| {
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

fn gather(
    days: &BTreeMap<i32, Vec<PathBuf>>,
    first_day: i32,
    as_of: i64,
    observe: impl Fn(Ids<'_>, &mut Links) + Sync,
) -> Result<Links, Error> {
    let files: Vec<&PathBuf> = days.range(first_day..=events::time::utc_day(as_of)).flat_map(|(_, day)| day).collect();
    files
        .par_iter()
        .map(|file| {
            let mut part = Links::default();
            for batch in Reader::open(file, &["ts", "visitor_id", "customer_id", "session_id"])? {
                let batch = batch?;
                let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
                let [visitor, customer, session] = ["visitor_id", "customer_id", "session_id"]
                    .map(|name| Text::of(&batch, name).expect("a column of the events table"));
                for row in (0..batch.num_rows()).filter(|row| ts[*row] <= as_of) {
                    let ids = Ids { visitor: visitor.get(row), customer: customer.get(row), session: session.get(row) };
                    observe(ids, &mut part);
                }
            }
            Ok(part)
        })
        .try_reduce(Links::default, |mut left, right| {
            left.merge(right);
            Ok(left)
        })
}
