//! What is expected of open carts, and how such expectations turned out.

use super::Query;
use super::sql::{self, Tables, count, float, money, text};
use crate::Analysis;
use crate::prediction::quality::{Quality, WIDTHS};
use crate::prediction::{CohortForecast, NIGHTS};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let prediction = &analysis.prediction;
    let mut queries = Vec::new();
    if !prediction.pending_days.is_empty() {
        queries.push(days(analysis, tables));
    }
    if !prediction.at_risk.by_currency.is_empty() {
        queries.push(at_risk(analysis, tables));
    }
    if prediction.track.nights > 0 {
        queries.push(track(analysis, tables));
        queries.push(levels(analysis, tables));
        queries.push(nights(analysis, tables));
    }
    if let Some(quality) = &prediction.quality {
        queries.push(scores(quality, tables));
        queries.push(reliability(quality, tables));
    }
    queries
}

fn days(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |day: &CohortForecast| {
        vec![
            text(&day.day.to_string()),
            count(day.carts),
            count(day.open),
            float(day.expected_rate),
            float(day.low),
            float(day.high),
            day.range_80.and_then(|ends| float(ends.low)),
            day.range_80.and_then(|ends| float(ends.high)),
            day.range_95.and_then(|ends| float(ends.low)),
            day.range_95.and_then(|ends| float(ends.high)),
        ]
    };
    Query {
        id: "forecast.days".to_owned(),
        title: "Expected share of each day’s new carts not bought in time, as forecast tonight".to_owned(),
        sql: format!(
            "select cohort_day, carts, open_carts, expected_rate, low, high, low_80, high_80, low_95, high_95\nfrom {}\nwhere made_at = {} and not replayed\n\
             order by cohort_day desc",
            tables.forecasts(),
            sql::moment(analysis.as_of)
        ),
        columns: vec![
            "cohort_day",
            "carts",
            "open_carts",
            "expected_rate",
            "low",
            "high",
            "low_80",
            "high_80",
            "low_95",
            "high_95",
        ],
        expected: analysis.prediction.pending_days.iter().map(row).collect(),
    }
}

fn at_risk(analysis: &Analysis, tables: &Tables) -> Query {
    let lines = &analysis.prediction.at_risk.by_currency;
    Query {
        id: "forecast.at_risk".to_owned(),
        title: "Pending carts, what is in them and what of it is expected to be left, per currency".to_owned(),
        sql: format!(
            "select currency, count(*) as carts, sum(value) as value, sum(expected_loss) as expected_loss\nfrom {}\n\
             where currency is not null\ngroup by currency\norder by currency",
            tables.predictions()
        ),
        columns: vec!["currency", "carts", "value", "expected_loss"],
        expected: lines
            .iter()
            .map(|line| vec![text(&line.currency), count(line.carts), money(line.value), money(line.expected_loss)])
            .collect(),
    }
}

/// The last nights whose outcome is known; of several forecasts of a day's own night the first one counts.
fn judged(analysis: &Analysis, tables: &Tables) -> String {
    format!(
        "with said as (
  select *
  from {}
  where age_days = 0 and actual_rate is not null and made_at <= {}
  qualify row_number() over (partition by cohort_day order by made_at, replayed) = 1
),
judged as (
  select * from said order by cohort_day desc limit {NIGHTS}
)",
        tables.forecasts(),
        sql::moment(analysis.as_of)
    )
}

fn track(analysis: &Analysis, tables: &Tables) -> Query {
    let track = &analysis.prediction.track;
    Query {
        id: "forecast.track".to_owned(),
        title: "Nights whose forecast can be judged, and those on which its range held".to_owned(),
        sql: format!(
            "{}\nselect\n  count(*) as nights,\n  count(*) filter (where actual_rate between low and high) as held,\n  \
             count(*) filter (where replayed) as replayed\nfrom judged",
            judged(analysis, tables)
        ),
        columns: vec!["nights", "held", "replayed"],
        expected: vec![vec![count(track.nights), count(track.held), count(track.replayed)]],
    }
}

fn levels(analysis: &Analysis, tables: &Tables) -> Query {
    let levels = &analysis.prediction.track.levels;
    Query {
        id: "forecast.levels".to_owned(),
        title: "Nights on which the ranges of each level held".to_owned(),
        sql: format!(
            "{},
told as (
  select 0.8::double as level, low_80 as low, high_80 as high, actual_rate from judged
  union all
  select level, low, high, actual_rate from judged
  union all
  select 0.95::double, low_95, high_95, actual_rate from judged
)
select level, count(low) as nights, count(*) filter (where actual_rate between low and high) as held
from told
group by level
order by level",
            judged(analysis, tables)
        ),
        columns: vec!["level", "nights", "held"],
        expected: levels.iter().map(|held| vec![float(held.level), count(held.nights), count(held.held)]).collect(),
    }
}

fn nights(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |night: &CohortForecast| {
        vec![
            text(&night.day.to_string()),
            count(night.carts),
            float(night.expected_rate),
            float(night.low),
            float(night.high),
            night.actual_rate.and_then(float),
        ]
    };
    Query {
        id: "forecast.nights".to_owned(),
        title: "What was forecast of each day’s new carts, and what it came to".to_owned(),
        sql: format!(
            "{}\nselect cohort_day, carts, expected_rate, low, high, actual_rate\nfrom judged\norder by cohort_day",
            judged(analysis, tables)
        ),
        columns: vec!["cohort_day", "carts", "expected_rate", "low", "high", "actual_rate"],
        expected: analysis.prediction.track.forecasts.iter().map(row).collect(),
    }
}

fn scores(quality: &Quality, tables: &Tables) -> Query {
    let expected = quality.by_age.iter().map(|group| {
        let score = &group.score;
        let age: f64 = group.name.parse().unwrap_or(f64::NAN);
        vec![
            float(age),
            count(score.n),
            count(score.abandoned),
            float(score.mean),
            float(score.log_loss),
            float(score.brier),
        ]
    });
    Query {
        id: "forecast.scores".to_owned(),
        title: "How good the forecasts of past weeks were, by the age in hours at which carts were scored".to_owned(),
        sql: format!(
            "with scored as (
  select age_hours, p_abandon as p, (outcome = 'abandoned')::int as abandoned
  from {}
),
kept as (  -- away from 0 and 1, whose logarithm is endless
  select *, least(greatest(p, 1e-6), 1 - 1e-6) as q from scored
)
select
  age_hours,
  count(*) as carts,
  count(*) filter (where abandoned = 1) as abandoned,
  avg(p) as mean,
  -avg(case when abandoned = 1 then ln(q) else ln(1 - q) end) as log_loss,
  avg((p - abandoned) * (p - abandoned)) as brier
from kept
group by age_hours
order by age_hours",
            tables.backtest()
        ),
        columns: vec!["age_hours", "carts", "abandoned", "mean", "log_loss", "brier"],
        expected: expected.collect(),
    }
}

fn reliability(quality: &Quality, tables: &Tables) -> Query {
    Query {
        id: "forecast.reliability".to_owned(),
        title: "Probability and outcome, in steps of a twentieth".to_owned(),
        sql: format!(
            "select avg(p_abandon) as predicted, count(*) as carts, count(*) filter (where outcome = 'abandoned') as abandoned\n\
             from {}\ngroup by least(floor(p_abandon * {WIDTHS}), {})\norder by predicted",
            tables.backtest(),
            WIDTHS - 1
        ),
        columns: vec!["predicted", "carts", "abandoned"],
        expected: quality
            .bins
            .iter()
            .map(|bin| vec![float(bin.predicted), count(bin.n), count(bin.happened)])
            .collect(),
    }
}
