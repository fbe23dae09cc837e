//! Who puts things into carts.

use super::Query;
use super::sql::{Tables, count, moment, share, word};
use crate::Analysis;

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let automation = &analysis.automation;
    let events = tables.events();
    // The lake's days are UTC's.
    let counted = format!(
        "where kind = 'add_to_cart'\n  and ts >= timestamptz '{}T00:00:00Z'\n  and ts <= {}",
        automation.first_day,
        moment(analysis.as_of)
    );
    let visitor_day = "(coalesce(visitor_id, customer_id), (ts at time zone 'UTC')::date)";
    let total = Query {
        id: "automation.total".to_owned(),
        title: "Adds to cart of the last seven days, and those by programs".to_owned(),
        sql: format!(
            "select
  count(distinct (source, event_id)) as adds,
  count(distinct (source, event_id)) filter (where bot is not null) as automated_adds,
  count(distinct {visitor_day}) as visitor_days,
  count(distinct {visitor_day}) filter (where bot is not null) as automated_visitor_days,
  count(distinct {visitor_day}) filter (where bot is not null) / nullif(count(distinct {visitor_day}), 0) as automated_share
from {events}
{counted}"
        ),
        columns: vec!["adds", "automated_adds", "visitor_days", "automated_visitor_days", "automated_share"],
        expected: vec![vec![
            count(automation.adds),
            count(automation.automated_adds),
            count(automation.visitor_days),
            count(automation.automated_visitor_days),
            share(automation.automated_share),
        ]],
    };
    let by_rule = Query {
        id: "automation.by_rule".to_owned(),
        title: "The same by the rule that tells programs".to_owned(),
        sql: format!(
            "select
  bot as rule,
  count(distinct (source, event_id)) as adds,
  count(distinct {visitor_day}) as visitor_days
from {events}
{counted}
group by bot
order by bot nulls first"
        ),
        columns: vec!["rule", "adds", "visitor_days"],
        expected: automation
            .by_rule
            .iter()
            .map(|by| vec![word(by.rule.as_deref()), count(by.adds), count(by.visitor_days)])
            .collect(),
    };
    vec![total, by_rule]
}
