//! How good a customer somebody was on the day a cart was opened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::orders::Ledger;

/// Where a person stood.
#[derive(Debug)]
pub(super) struct Standing {
    /// `d1` to `d10`, `lapsed` or `new`.
    pub(super) segment: String,
    pub(super) top1: bool,
    pub(super) prior_orders: usize,
    /// Base currency.
    pub(super) prior_spend: i128,
}

/// The standing of a person when opening a cart at `opened_at`.
pub(super) fn standing(ledger: &Ledger, person_id: &str, opened_at: i64, zone: Tz) -> Standing {
    let date = DateTime::from_timestamp_micros(opened_at).expect("an accepted time").with_timezone(&zone).date_naive();
    let end = start_of_day(date, zone);
    let start = start_of_day(date - Days::new(365), zone);

    let ranking = ranking(ledger, start, end);
    let (mut segment, mut top1) = (String::new(), false);
    if let Some(better) = ranking.iter().position(|&(_, person)| person == person_id) {
        segment = format!("d{}", 1 + 10 * better / ranking.len());
        top1 = 100 * better < ranking.len();
    } else {
        let has_ordered = ledger.orders.iter().any(|order| order.person_id == person_id && order.ts < end);
        segment.push_str(if has_ordered { "lapsed" } else { "new" });
    }

    let prior: Vec<_> =
        ledger.orders.iter().filter(|order| order.person_id == person_id && order.ts < opened_at).collect();
    Standing {
        segment,
        top1,
        prior_orders: prior.len(),
        prior_spend: spend(ledger, i64::MIN, opened_at).get(person_id).copied().unwrap_or(0),
    }
}

/// Everybody with an order in `[start, end)`, with the spend of that time: the best first.
fn ranking(ledger: &Ledger, start: i64, end: i64) -> Vec<(i128, &str)> {
    let buyers: BTreeSet<&str> = ledger
        .orders
        .iter()
        .filter(|order| start <= order.ts && order.ts < end)
        .map(|order| order.person_id.as_str())
        .collect();
    let spend = spend(ledger, start, end);
    let mut ranking: Vec<_> = buyers.into_iter().map(|person| (spend[person], person)).collect();
    ranking.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    ranking
}

/// What everybody spent in `[start, end)`, less the refunds known before `end`; it may be negative.
fn spend(ledger: &Ledger, start: i64, end: i64) -> BTreeMap<&str, i128> {
    let counts = |ts: i64| start <= ts && ts < end;
    let mut spend: BTreeMap<&str, i128> = BTreeMap::new();
    for order in ledger.orders.iter().filter(|order| counts(order.ts)) {
        *spend.entry(&order.person_id).or_default() += order.value;
    }
    for refund in ledger.refunds.iter().filter(|refund| refund.ts < end) {
        // A refund counts where its order counts; one that names no known order counts by its own date.
        let dated = refund.order.map_or(refund.ts, |order| ledger.orders[order].ts);
        if counts(dated) {
            *spend.entry(&refund.person_id).or_default() -= refund.amount;
        }
    }
    spend
}

/// The first moment of a day; where the clocks skip midnight, the first that exists.
fn start_of_day(date: NaiveDate, zone: Tz) -> i64 {
    let midnight = date.and_time(NaiveTime::MIN);
    (0..24 * 60)
        .find_map(|minute| zone.from_local_datetime(&(midnight + TimeDelta::minutes(minute))).earliest())
        .expect("no zone skips a whole day since logs are kept")
        .timestamp_micros()
}
