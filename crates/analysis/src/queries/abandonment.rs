//! Carts by outcome.

use super::Query;
use super::sql::{self, Cell, Tables, count, share};
use crate::Analysis;
use crate::abandonment::{Breakdown, Outcomes};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let mut queries = vec![overall(analysis, tables), days(analysis, tables)];
    queries.extend(analysis.abandonment.by.iter().map(|breakdown| by(analysis, breakdown, tables)));
    queries
}

/// The counts of a group; a cart is matured once its window has passed.
fn counts(analysis: &Analysis) -> String {
    let until = sql::moment(analysis.as_of - analysis.window);
    format!(
        "count(*) as carts,
  count(*) filter (where outcome = 'abandoned') as abandoned,
  count(*) filter (where outcome = 'purchased') as purchased,
  count(*) filter (where outcome = 'pending') as pending,
  count(*) filter (where opened_at <= {until}) as matured,
  count(*) filter (where outcome = 'abandoned') / nullif(count(*) filter (where opened_at <= {until}), 0) as rate"
    )
}

fn cells(outcomes: &Outcomes) -> Vec<Cell> {
    let Outcomes { carts, abandoned, purchased, pending, matured, rate, .. } = *outcomes;
    vec![count(carts), count(abandoned), count(purchased), count(pending), count(matured), share(rate)]
}

/// A column in front of the counts.
fn columns(first: &'static str) -> Vec<&'static str> {
    vec![first, "carts", "abandoned", "purchased", "pending", "matured", "rate"]
}

fn overall(analysis: &Analysis, tables: &Tables) -> Query {
    let emptied = "count(*) filter (where outcome = 'abandoned' and emptied) as emptied";
    let mut row = cells(&analysis.abandonment.overall);
    row.push(count(analysis.abandonment.emptied));
    Query {
        id: "abandonment.overall".to_owned(),
        title: "Carts that were not bought within the window".to_owned(),
        sql: format!("select\n  {},\n  {emptied}\nfrom {}", counts(analysis), tables.carts()),
        columns: vec!["carts", "abandoned", "purchased", "pending", "matured", "rate", "emptied"],
        expected: vec![row],
    }
}

fn days(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |day: &crate::abandonment::Day| [vec![sql::text(&day.day.to_string())], cells(&day.outcomes)].concat();
    Query {
        id: "abandonment.day".to_owned(),
        title: "Carts that were not bought within the window, by the day on which they were opened".to_owned(),
        sql: format!(
            "select\n  {} as day,\n  {}\nfrom {}\ngroup by day\norder by day",
            sql::day(&analysis.zone),
            counts(analysis),
            tables.carts()
        ),
        columns: columns("day"),
        expected: analysis.abandonment.days.iter().map(row).collect(),
    }
}

fn by(analysis: &Analysis, breakdown: &Breakdown, tables: &Tables) -> Query {
    let column = breakdown.column;
    let order =
        if column == "segment" { sql::SEGMENT_ORDER.to_owned() } else { format!("carts desc, {column} nulls last") };
    let rows = breakdown.values.iter();
    let row =
        |slice: &crate::abandonment::Slice| [vec![sql::word(slice.value.as_deref())], cells(&slice.outcomes)].concat();
    Query {
        id: format!("abandonment.{column}"),
        title: format!("Carts that were not bought within the window, by {}", column.replace('_', " ")),
        sql: format!(
            "select\n  {column},\n  {}\nfrom {}\ngroup by {column}\norder by {order}",
            counts(analysis),
            tables.carts()
        ),
        columns: columns(column),
        expected: rows.map(row).collect(),
    }
}
