//! How far carts came.

use super::Query;
use super::sql::{self, Cell, Tables, count, float, share, text};
use crate::Analysis;
use crate::funnel::{DeviceFunnel, Step, StepCount};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let mut queries =
        vec![steps(analysis, tables), stopped(analysis, tables), late(analysis, tables), devices(analysis, tables)];
    queries.extend(times(analysis, tables));
    queries
}

/// The places of steps in the funnel, as rows of a `values` list.
fn places(steps: &[StepCount]) -> String {
    let place = |step: &StepCount| format!("('{}', {})", step.step.name(), step.step as u8 + 1);
    steps.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// Matured carts with the place that they reached.
fn reached(analysis: &Analysis, tables: &Tables) -> String {
    format!(
        "places(step, place) as (values {}),
reached as (
  select device, place
  from {}
  join places on furthest_step = step
  where opened_at <= {}
)",
        places(&analysis.funnel.steps),
        tables.carts(),
        sql::moment(analysis.funnel.opened_until)
    )
}

fn steps(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |step: &StepCount| vec![text(step.step.name()), count(step.carts), share(step.of_opened)];
    Query {
        id: "funnel.steps".to_owned(),
        title: "Matured carts that reached at least each step".to_owned(),
        sql: format!(
            "with {}
select
  step,
  count(reached.place) as carts,
  count(reached.place) / nullif((select count(*) from reached), 0) as of_opened
from places
left join reached on reached.place >= places.place
group by step, places.place
order by places.place",
            reached(analysis, tables)
        ),
        columns: vec!["step", "carts", "of_opened"],
        expected: analysis.funnel.steps.iter().map(row).collect(),
    }
}

fn stopped(analysis: &Analysis, tables: &Tables) -> Query {
    let recorded: Vec<StepCount> = analysis.funnel.steps.iter().filter(|step| step.recorded).copied().collect();
    let row = |step: &StepCount| vec![text(step.step.name()), count(step.stopped_before), share(step.of_previous)];
    Query {
        id: "funnel.stopped".to_owned(),
        title: "Matured carts that stopped before each step that the shop records, and the share that went on"
            .to_owned(),
        sql: format!(
            "with {},
recorded(step, place) as (values {}),
counts as (
  select recorded.step, recorded.place, count(reached.place) as carts
  from recorded
  left join reached on reached.place >= recorded.place
  group by all
)
select
  step,
  coalesce(lag(carts) over (order by place) - carts, 0) as stopped_before,
  carts / nullif(lag(carts) over (order by place), 0) as of_previous
from counts
order by place",
            reached(analysis, tables),
            places(&recorded)
        ),
        columns: vec!["step", "stopped_before", "of_previous"],
        expected: recorded.iter().map(row).collect(),
    }
}

fn late(analysis: &Analysis, tables: &Tables) -> Query {
    Query {
        id: "funnel.purchased_late".to_owned(),
        title: "Matured carts that were bought only after the window".to_owned(),
        sql: format!("select count(*) filter (where recovered) as purchased_late\nfrom {}", tables.carts()),
        columns: vec!["purchased_late"],
        expected: vec![vec![count(analysis.funnel.purchased_late)]],
    }
}

fn devices(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |funnel: &DeviceFunnel| -> Vec<Cell> {
        let steps = funnel.steps.iter().map(|step| count(step.carts));
        std::iter::once(sql::word(funnel.device.as_deref())).chain(steps).collect()
    };
    let counts =
        Step::ALL.map(|step| format!("  count(*) filter (where place >= {}) as {}", step as u8 + 1, step.name()));
    Query {
        id: "funnel.device".to_owned(),
        title: "Matured carts that reached at least each step, by device".to_owned(),
        sql: format!(
            "with {}\nselect\n  device,\n{}\nfrom reached\ngroup by device\norder by add_to_cart desc, device nulls last",
            reached(analysis, tables),
            counts.join(",\n")
        ),
        columns: std::iter::once("device").chain(Step::ALL.map(Step::name)).collect(),
        expected: analysis.funnel.by_device.iter().map(row).collect(),
    }
}

/// How long steps took; nothing where no step has a time.
fn times(analysis: &Analysis, tables: &Tables) -> Option<Query> {
    let mut spans = Vec::new();
    let mut expected = Vec::new();
    for step in &analysis.funnel.steps {
        for (kind, timing) in [("step", step.since_previous), ("opening", step.since_opened)] {
            let Some(timing) = timing else { continue };
            let (Some(from), Some(to)) = (timing.from.time(), step.step.time()) else { continue };
            let place = expected.len() + 1;
            let name = step.step.name();
            spans.push(format!(
                "  select {place} as place, '{name}' as step, '{kind}' as since, {to} - {from} as span from matured"
            ));
            expected.push(vec![
                text(name),
                text(kind),
                count(timing.n),
                float(timing.median_secs),
                float(timing.p90_secs),
            ]);
        }
    }
    (!spans.is_empty()).then(|| Query {
        id: "funnel.times".to_owned(),
        title: "Seconds that matured carts took to a step, since the timed step before and since the opening"
            .to_owned(),
        sql: format!(
            "with matured as (
  from {}
  where opened_at <= {}
),
spans as (
{}
)
select
  step,
  since,
  count(*) as n,
  quantile_cont(epoch(span), 0.5) as median_secs,
  quantile_cont(epoch(span), 0.9) as p90_secs
from spans
where span >= interval 0 seconds
group by place, step, since
order by place",
            tables.carts(),
            sql::moment(analysis.funnel.opened_until),
            spans.join("\n  union all\n")
        ),
        columns: vec!["step", "since", "n", "median_secs", "p90_secs"],
        expected,
    })
}
