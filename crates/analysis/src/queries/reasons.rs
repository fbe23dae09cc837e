//! Why carts were left behind.

use super::Query;
use super::sql::{Tables, count, float, moment, share, text};
use crate::Analysis;

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let found = &analysis.reasons;
    let judged = Query {
        id: "reasons.carts".to_owned(),
        title: "Abandoned carts of the last 90 days, and those of them with a reason".to_owned(),
        sql: format!(
            "select
  count(*) as abandoned,
  count(reason) as judged,
  count(*) filter (where reason = 'unknown') as unknown
from {} as carts
left join {} as reasons using (cart_id)
where outcome = 'abandoned' and opened_at >= {}",
            tables.carts(),
            tables.reasons(),
            moment(found.opened_from)
        ),
        columns: vec!["abandoned", "judged", "unknown"],
        expected: vec![vec![count(found.carts), count(found.carts), count(unknown(analysis))]],
    };
    let mut queries = vec![judged];
    let met: Vec<_> = found.reasons.iter().filter(|share| share.carts > 0).collect();
    if met.is_empty() {
        return queries;
    }
    queries.push(Query {
        id: "reasons.shares".to_owned(),
        title: "Abandoned carts by reason".to_owned(),
        sql: format!(
            "select
  reason,
  count(*) as carts,
  count(*) / sum(count(*)) over () as share,
  avg(confidence) as confidence
from {}
group by reason
order by
  reason = 'unknown',
  carts desc,
  list_position(['barrier', 'emptied', 'wish_list', 'costs', 'comparison', 'left_before_checkout', 'unknown'], reason)",
            tables.reasons()
        ),
        columns: vec!["reason", "carts", "share", "confidence"],
        expected: met
            .iter()
            .map(|met| {
                vec![text(met.reason.name()), count(met.carts), share(met.share), met.confidence.and_then(float)]
            })
            .collect(),
    });
    if !found.barriers.is_empty() {
        queries.push(Query {
            id: "reasons.barriers".to_owned(),
            title: "Abandoned carts by what they were stopped by".to_owned(),
            sql: format!(
                "select evidence, count(*) as carts, any_value(confidence) as confidence
from {}
where reason = 'barrier'
group by evidence
order by carts desc, evidence",
                tables.reasons()
            ),
            columns: vec!["evidence", "carts", "confidence"],
            expected: found
                .barriers
                .iter()
                .map(|met| vec![text(&met.evidence), count(met.carts), float(met.confidence)])
                .collect(),
        });
    }
    queries
}

fn unknown(analysis: &Analysis) -> u64 {
    let unknown = crate::abandonment_reasons::Reason::Unknown;
    analysis.reasons.reasons.iter().filter(|share| share.reason == unknown).map(|share| share.carts).sum()
}
