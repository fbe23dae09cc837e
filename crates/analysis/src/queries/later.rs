//! What was seen of carts within the window, and what is bought after it.

use super::Query;
use super::sql::{self, Cell, Tables, count, float, share, text};
use crate::Analysis;
use crate::prediction::later::behaviour::{Behaviour, Bought, Compared};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let Some(compared) = &analysis.prediction.later.compared else { return Vec::new() };
    let mut queries = vec![shares(analysis, tables, compared)];
    if compared.lines.iter().any(|line| line.association.is_some()) {
        queries.push(associations(analysis, tables, compared));
    }
    queries
}

/// Every cart of the table with the hours that it was watched after its window, once for each behaviour.
fn watched(analysis: &Analysis, tables: &Tables, last: f64) -> String {
    let as_of = sql::moment(analysis.as_of);
    let behaviours = Behaviour::ALL.map(Behaviour::name);
    let lines = (1..).zip(behaviours).map(|(at, name)| format!("({at}, '{name}', {name})"));
    format!(
        "with carts as (
  select
    later.*,
    purchased_at,
    (epoch_us(coalesce(purchased_at, {as_of})) - epoch_us(window_end)) / 3.6e9 as hours_after
  from {} as later
  join {} as carts using (cart_id)
),
watched as (  -- at most {last:?} hours
  select
    *,
    least(hours_after, {last:?}) as age,
    purchased_at is not null and hours_after <= {last:?} as bought
  from carts
),
told as (
  select watched.*, line.*
  from watched, lateral (values (0, 'all', true), {}) as line(place, behaviour, seen)
)",
        tables.later(),
        tables.carts(),
        lines.collect::<Vec<_>>().join(", ")
    )
}

fn last(compared: &Compared, window_hours: f64) -> Option<f64> {
    compared.all.later.last().map(|later| later.age_hours - window_hours)
}

fn shares(analysis: &Analysis, tables: &Tables, compared: &Compared) -> Query {
    let window = analysis.checkout_curve.window_hours;
    let hours = compared.all.later.iter().map(|later| format!("({:?}::double)", later.age_hours));
    let rows = |name: &str, seen: bool, bought: &Bought| -> Vec<Vec<Cell>> {
        let row = |later: &crate::checkout_curve::ShareByAge| {
            vec![
                text(name),
                text(if seen { "true" } else { "false" }),
                count(bought.carts),
                float(later.age_hours),
                share(later.share),
            ]
        };
        if bought.carts == 0 { Vec::new() } else { bought.later.iter().map(row).collect() }
    };
    let mut expected = rows("all", true, &compared.all);
    for line in &compared.lines {
        expected.extend(rows(line.behaviour.name(), true, &line.with));
        expected.extend(rows(line.behaviour.name(), false, &line.without));
    }
    Query {
        id: "later.shares".to_owned(),
        title: "Of the carts not bought within the window, the share bought by age in hours, by what was seen of them"
            .to_owned(),
        sql: format!(
            "{},
ages as (
  select
    place, behaviour, seen, age,
    count(*) filter (where bought) as bought,
    sum(count(*)) over (partition by place, seen order by age desc) as at_risk
  from told
  group by place, behaviour, seen, age
),
curve as (  -- Kaplan-Meier
  select *, product(1 - bought / at_risk) over (partition by place, seen order by age) as unbought
  from ages
),
sizes as (
  select place, seen, count(*) as carts from told group by place, seen
)
select
  behaviour, seen, any_value(carts) as carts, hours,
  case when max(age) >= hours - {window:?}  -- somebody was watched for so long
    then 1 - coalesce(arg_max(unbought, age) filter (where age <= hours - {window:?}), 1)
  end as bought_later
from curve
join sizes using (place, seen), (values {}) as points(hours)
group by place, behaviour, seen, hours
order by place, seen desc, hours",
            watched(analysis, tables, last(compared, window).unwrap_or(0.0)),
            hours.collect::<Vec<_>>().join(", ")
        ),
        columns: vec!["behaviour", "seen", "carts", "hours", "bought_later"],
        expected,
    }
}

fn associations(analysis: &Analysis, tables: &Tables, compared: &Compared) -> Query {
    let window = analysis.checkout_curve.window_hours;
    let after = compared.by_days.unwrap_or(0) as f64 * 24.0 - window;
    let row = |line: &crate::prediction::later::behaviour::Line| -> Option<Vec<Cell>> {
        let found = line.association?;
        Some(vec![
            text(line.behaviour.name()),
            count(found.exposed.0),
            count(found.exposed.1),
            count(found.others.0),
            count(found.others.1),
            found.risk_ratio.and_then(|ratio| float(ratio.point)),
            float(found.risk_difference.point),
            float(found.phi.point),
            found.odds_ratio.and_then(|ratio| float(ratio.point)),
        ])
    };
    let judged = compared.lines.iter().filter(|line| line.association.is_some());
    let names = judged.map(|line| format!("'{}'", line.behaviour.name())).collect::<Vec<_>>().join(", ");
    Query {
        id: "later.associations".to_owned(),
        title: "How each behaviour within the window goes together with being bought later".to_owned(),
        sql: format!(
            "{},
judged as (  -- carts that could be watched to the end
  select *, coalesce(hours_after <= {after:?}, false) and purchased_at is not null as came
  from told
  where epoch_us({as_of}) - epoch_us(window_end) >= {after:?} * 3.6e9 and behaviour in ({names})
),
cells as (
  select
    place, behaviour, segment, device, value_third,
    count(*) filter (where seen and came) as a,
    count(*) filter (where seen and not came) as b,
    count(*) filter (where not seen and came) as c,
    count(*) filter (where not seen and not came) as d
  from judged
  group by place, behaviour, segment, device, value_third
),
sums as (  -- and Mantel-Haenszel over segment, device and third of value
  select
    place, behaviour, sum(a) as a, sum(b) as b, sum(c) as c, sum(d) as d,
    sum(a * d / (a + b + c + d)) as for_it, sum(b * c / (a + b + c + d)) as against
  from cells
  group by place, behaviour
)
select
  behaviour, a + b as carts_with, a as bought_with, c + d as carts_without, c as bought_without,
  case when a > 0 and c > 0 then (a / (a + b)) / (c / (c + d)) end as risk_ratio,
  a / (a + b) - c / (c + d) as risk_difference,
  (a * d - b * c) / sqrt((a + b)::double * (c + d) * (a + c) * (b + d)) as phi,
  case when for_it > 0 and against > 0 then for_it / against end as odds_ratio
from sums
order by place",
            watched(analysis, tables, last(compared, window).unwrap_or(0.0)),
            as_of = sql::moment(analysis.as_of),
        ),
        columns: vec![
            "behaviour",
            "carts_with",
            "bought_with",
            "carts_without",
            "bought_without",
            "risk_ratio",
            "risk_difference",
            "phi",
            "odds_ratio",
        ],
        expected: compared.lines.iter().filter_map(row).collect(),
    }
}
