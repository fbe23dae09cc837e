//! Who the customers are.

use std::fmt::Write as _;

use events::time;

use super::Query;
use super::sql::{self, Cell, Tables, count, moment, money, text};
use crate::Analysis;
use crate::customers::SegmentCustomers;

const COLUMNS: [&str; 8] = ["segment", "persons", "orders", "spend", "carts", "abandoned", "lost_value", "met_errors"];

fn cells(row: &SegmentCustomers) -> Vec<Cell> {
    vec![
        text(&row.segment),
        count(row.persons),
        count(row.orders),
        money(row.spend),
        count(row.carts),
        count(row.abandoned),
        money(row.lost_value),
        count(row.met_errors),
    ]
}

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let expected: Vec<Vec<Cell>> = analysis.customers.segments.iter().map(cells).collect();
    let from_table = Query {
        id: "customers.segments".to_owned(),
        title: "Customers by segment, as published in the table customers".to_owned(),
        sql: format!(
            "select
  segment,
  count(*) as persons,
  sum(orders) as orders,
  sum(spend) as spend,
  sum(carts) as carts,
  sum(abandoned) as abandoned,
  sum(lost_value) as lost_value,
  count(*) filter (where errors > 0) as met_errors
from {}
group by segment
order by {}",
            tables.customers(),
            sql::SEGMENT_ORDER
        ),
        columns: COLUMNS.to_vec(),
        expected: expected.clone(),
    };
    let again = Query {
        id: "customers.again".to_owned(),
        title: "The same from carts and orders: who spent how much in the year before, and what was left".to_owned(),
        sql: from_carts_and_orders(analysis, tables),
        columns: COLUMNS.to_vec(),
        expected,
    };
    vec![from_table, again]
}

/// Amounts are converted as whole numbers, as those of lost revenue are.
fn from_carts_and_orders(analysis: &Analysis, tables: &Tables) -> String {
    let customers = &analysis.customers;
    let mut rates = format!("('{}', 1000000000::hugeint)", customers.base);
    for (currency, billionths) in customers.rates.iter().filter(|(currency, _)| **currency != customers.base) {
        let _ = write!(rates, ", ('{}', {billionths}::hugeint)", currency.replace('\'', "''"));
    }
    format!(
        "with today as (select ({as_of} at time zone '{zone}')::date as day),
rates(code, rate) as (values {rates}),  -- units per 1 {base}, in billionths
ordered as (
  select
    person_id,
    amount - refunded as net,
    (ordered_at at time zone '{zone}')::date as ordered_on,
    ordered_on < day as is_before,
    is_before and ordered_on >= day - 365 as counts
  from {orders}, today
),
spenders as (
  select
    person_id,
    count(*) as orders,
    sum(net) as spend,
    sum(net) filter (where counts) as ranked_spend,
    bool_or(is_before) as has_ordered
  from ordered
  group by person_id
),
ranked as (
  select
    person_id,
    row_number() over (order by ranked_spend desc, person_id) as rank,
    count(*) over () as n
  from spenders
  where ranked_spend is not null
),
leavers as (
  select
    person_id,
    count(*) as carts,
    count(*) filter (where outcome = 'abandoned') as abandoned,
    sum(((2 * (10000 * value_at_window::decimal(26, 4))::hugeint * 1000000000 + rate) // (2 * rate))::decimal(33, 0) * 0.0001)
      filter (where outcome = 'abandoned' and not recovered) as lost_value,
    sum(errors) as errors
  from {carts} left join rates on coalesce(currency, '{base}') = code
  group by person_id
)
select
  case
    when rank is not null then 'd' || (1 + 10 * (rank - 1) // n)
    when has_ordered then 'lapsed'
    else 'new'
  end as segment,
  count(*) as persons,
  coalesce(sum(spenders.orders), 0) as orders,
  coalesce(sum(spenders.spend), 0)::decimal(38, 4) as spend,
  coalesce(sum(leavers.carts), 0) as carts,
  coalesce(sum(leavers.abandoned), 0) as abandoned,
  coalesce(sum(leavers.lost_value), 0)::decimal(38, 4) as lost_value,
  count(*) filter (where leavers.errors > 0) as met_errors
from (select person_id from {table}) as customers
left join spenders using (person_id)
left join ranked using (person_id)
left join leavers using (person_id)
group by 1
order by {order}",
        as_of = moment(analysis.as_of),
        zone = analysis.zone,
        base = customers.base,
        orders = tables.orders(),
        carts = tables.carts(),
        table = tables.customers(),
        order = sql::SEGMENT_ORDER,
    )
}

/// The first moment of the events that are read for customers.
pub(super) fn since(analysis: &Analysis) -> String {
    format!("timestamptz '{}T00:00:00Z'", time::date(time::utc_day(analysis.customers.since)))
}
