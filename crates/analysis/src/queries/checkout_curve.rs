//! When carts are bought.

use super::Query;
use super::sql::{self, Cell, Tables, count, float, share};
use crate::Analysis;
use crate::checkout_curve::{CurvePoint, ShareByAge};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let curve = &analysis.checkout_curve;
    let mut queries = Vec::new();
    if !curve.points.is_empty() {
        queries.push(points(analysis, tables));
    }
    // Ages that no cart has been watched for have no answer in the curve.
    let known: Vec<ShareByAge> = curve.later.iter().filter(|later| later.share.is_some()).copied().collect();
    if !known.is_empty() {
        queries.push(later(analysis, tables, &known));
    }
    queries.extend(curve.after_window.as_ref().map(|after| after_window(analysis, tables, after)));
    queries
}

/// Kaplan-Meier in SQL: `curve` holds the share not bought by each age at which a cart was bought or lost from sight.
fn curve(analysis: &Analysis, tables: &Tables) -> String {
    let as_of = sql::moment(analysis.as_of);
    let horizon = analysis.checkout_curve.horizon_hours;
    format!(
        "with carts as (
  select (epoch_us(coalesce(purchased_at, {as_of})) - epoch_us(opened_at)) / 3.6e9 as age, purchased_at
  from {}
),
watched as (  -- every cart for as long as it could be watched, in hours, at most {horizon:?}
  select least(age, {horizon:?}) as age, purchased_at is not null and age <= {horizon:?} as bought
  from carts
),
ages as (
  select age, count(*) filter (where bought) as bought, sum(count(*)) over (order by age desc) as at_risk
  from watched
  group by age
),
curve as (
  select age, product(1 - bought / at_risk) over (order by age) as unbought
  from ages
)",
        tables.carts()
    )
}

/// The curve at one age, inclusive.
fn unbought(age: &str) -> String {
    format!("coalesce((select arg_max(unbought, age) from curve where age <= {age}), 1)")
}

fn hours(ages: impl Iterator<Item = f64>) -> String {
    ages.map(|age| format!("({age:?}::double)")).collect::<Vec<_>>().join(", ")
}

fn points(analysis: &Analysis, tables: &Tables) -> Query {
    let points = &analysis.checkout_curve.points;
    let row = |point: &CurvePoint| -> Vec<Cell> {
        vec![float(point.age_hours), count(point.at_risk), float(point.bought.point)]
    };
    Query {
        id: "checkout_curve.points".to_owned(),
        title: "Share of carts bought by age in hours (Kaplan-Meier)".to_owned(),
        sql: format!(
            "{}
select
  hours,
  (select count(*) from watched where age >= hours) as at_risk,
  1 - {} as bought
from (values {}) as points(hours)
order by hours",
            curve(analysis, tables),
            unbought("hours"),
            hours(points.iter().map(|point| point.age_hours))
        ),
        columns: vec!["hours", "at_risk", "bought"],
        expected: points.iter().map(row).collect(),
    }
}

fn later(analysis: &Analysis, tables: &Tables, later: &[ShareByAge]) -> Query {
    Query {
        id: "checkout_curve.later".to_owned(),
        title: "Of the carts not bought within the window, the share bought later by age in hours".to_owned(),
        sql: format!(
            "{}
select
  hours,
  1 - {} / {} as bought_later
from (values {}) as points(hours)
order by hours",
            curve(analysis, tables),
            unbought("hours"),
            unbought(&format!("{:?}", analysis.checkout_curve.window_hours)),
            hours(later.iter().map(|later| later.age_hours))
        ),
        columns: vec!["hours", "bought_later"],
        expected: later.iter().map(|later| vec![float(later.age_hours), share(later.share)]).collect(),
    }
}

fn after_window(analysis: &Analysis, tables: &Tables, after: &ShareByAge) -> Query {
    Query {
        id: "checkout_curve.after_window".to_owned(),
        title: "Share of all carts bought within the window, and after it".to_owned(),
        sql: format!(
            "{}\nselect\n  1 - {window} as by_window,\n  {window} - {} as after_window",
            curve(analysis, tables),
            unbought(&format!("{:?}", after.age_hours)),
            window = unbought(&format!("{:?}", analysis.checkout_curve.window_hours)),
        ),
        columns: vec!["by_window", "after_window"],
        expected: vec![vec![share(analysis.checkout_curve.by_window), share(after.share)]],
    }
}
