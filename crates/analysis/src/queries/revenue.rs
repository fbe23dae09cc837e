//! What abandoned carts were worth.

use std::fmt::Write as _;

use super::Query;
use super::sql::{self, Cell, Tables, count, money};
use crate::Analysis;
use crate::revenue::spread::Range;
use crate::revenue::{CurrencyLoss, InBase, Loss};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let mut queries = vec![
        totals(analysis, tables),
        unpriced(analysis, tables),
        segments(analysis, tables),
        table(analysis, tables),
        top1(analysis, tables),
        days(analysis, tables),
    ];
    queries.extend(analysis.revenue.in_base.as_ref().map(|in_base| converted(in_base, tables)));
    queries
}

const LOSS: &str = "count(*) as carts,
  count(*) filter (where outcome = 'abandoned') as abandoned,
  count(*) filter (where outcome = 'abandoned' and recovered) as recovered_carts,
  count(*) filter (where outcome = 'pending') as pending,
  coalesce(sum(value_at_window) filter (where outcome = 'abandoned'), 0) as gross,
  coalesce(sum(value_at_window) filter (where outcome = 'abandoned' and recovered), 0) as recovered,
  coalesce(sum(value_at_window) filter (where outcome = 'abandoned' and not recovered), 0) as net,
  coalesce(sum(value) filter (where outcome = 'pending'), 0) as pending_value";

const COLUMNS: [&str; 8] =
    ["carts", "abandoned", "recovered_carts", "pending", "gross", "recovered", "net", "pending_value"];

/// Currencies come largest gross first, over all carts, then by code.
fn currency_order(tables: &Tables) -> String {
    format!(
        "with currencies as (
  select currency, coalesce(sum(value_at_window) filter (where outcome = 'abandoned'), 0) as total
  from {}
  group by currency
)",
        tables.carts()
    )
}

fn cells(loss: &Loss) -> Vec<Cell> {
    vec![
        count(loss.carts),
        count(loss.abandoned),
        count(loss.recovered_carts),
        count(loss.pending),
        money(loss.gross),
        money(loss.recovered),
        money(loss.net),
        money(loss.pending_value),
    ]
}

fn columns(first: &[&'static str]) -> Vec<&'static str> {
    [first, &COLUMNS].concat()
}

fn per_currency(lines: &[CurrencyLoss]) -> Vec<Vec<Cell>> {
    lines.iter().map(|line| [vec![sql::text(&line.currency)], cells(&line.loss)].concat()).collect()
}

fn totals(analysis: &Analysis, tables: &Tables) -> Query {
    Query {
        id: "revenue.totals".to_owned(),
        title: "Lost revenue: gross, bought later, and net, per currency".to_owned(),
        sql: format!(
            "select\n  currency,\n  {LOSS}\nfrom {}\nwhere currency is not null\ngroup by currency\norder by gross desc, currency",
            tables.carts()
        ),
        columns: columns(&["currency"]),
        expected: per_currency(&analysis.revenue.totals),
    }
}

fn unpriced(analysis: &Analysis, tables: &Tables) -> Query {
    Query {
        id: "revenue.unpriced".to_owned(),
        title: "Carts in which nothing had a price".to_owned(),
        sql: format!("select\n  {LOSS}\nfrom {}\nwhere currency is null", tables.carts()),
        columns: columns(&[]),
        expected: vec![cells(&analysis.revenue.unpriced)],
    }
}

fn segment_rows(analysis: &Analysis) -> Vec<Vec<Cell>> {
    let row = |line: &crate::revenue::SegmentLoss| {
        [vec![sql::text(&line.segment), sql::word(line.currency.as_deref())], cells(&line.loss)].concat()
    };
    analysis.revenue.segments.iter().map(row).collect()
}

fn segments(analysis: &Analysis, tables: &Tables) -> Query {
    Query {
        id: "revenue.segment".to_owned(),
        title: "Lost revenue by top-customer segment".to_owned(),
        sql: format!(
            "{}
select
  segment,
  carts.currency,
  {LOSS}
from {} as carts
join currencies on carts.currency is not distinct from currencies.currency
group by segment, carts.currency, total
order by {}, carts.currency is null, total desc, carts.currency",
            currency_order(tables),
            tables.carts(),
            sql::SEGMENT_ORDER
        ),
        columns: columns(&["segment", "currency"]),
        expected: segment_rows(analysis),
    }
}

/// The published table: what [`segments`] gives, and what the waterfall adds. Intervals are read, not worked out.
fn table(analysis: &Analysis, tables: &Tables) -> Query {
    const MORE: [&str; 10] = [
        "low",
        "high",
        "expected_loss",
        "elsewhere",
        "repeated",
        "refunded",
        "lost",
        "lost_low",
        "lost_high",
        "expected_recovery",
    ];
    let more = |segment: &str, currency: Option<&str>| {
        let mut parts = analysis.revenue.detail.segments.iter();
        let part = parts.find(|part| part.key == segment && part.currency.as_deref() == currency);
        let waterfall = part.map(|part| part.waterfall).unwrap_or_default();
        let spread = part.and_then(|part| part.spread.as_ref());
        let ends = |range: Option<Range>| [range.map(|range| range.low), range.map(|range| range.high)];
        let [low, high] = ends(spread.and_then(|spread| spread.net)).map(|end| end.and_then(money));
        let [lost_low, lost_high] = ends(spread.and_then(|spread| spread.lost)).map(|end| end.and_then(money));
        let sums =
            [waterfall.expected_loss, waterfall.elsewhere, waterfall.repeated, waterfall.refunded, waterfall.lost];
        [vec![low, high], sums.map(money).to_vec(), vec![lost_low, lost_high, money(waterfall.expected_recovery)]]
            .concat()
    };
    let lines = segment_rows(analysis).into_iter().zip(&analysis.revenue.segments);
    Query {
        id: "revenue.table".to_owned(),
        title: "The same with intervals, as published in the table revenue".to_owned(),
        sql: format!("select *\nfrom {}", tables.revenue()),
        columns: [columns(&["segment", "currency"]), MORE.to_vec()].concat(),
        expected: lines.map(|(row, line)| [row, more(&line.segment, line.currency.as_deref())].concat()).collect(),
    }
}

fn top1(analysis: &Analysis, tables: &Tables) -> Query {
    Query {
        id: "revenue.top1".to_owned(),
        title: "Lost revenue of the top 1 % of customers".to_owned(),
        sql: format!(
            "{}
select
  carts.currency,
  {LOSS}
from {} as carts
join currencies on carts.currency = currencies.currency
where top1
group by carts.currency, total
order by total desc, carts.currency",
            currency_order(tables),
            tables.carts()
        ),
        columns: columns(&["currency"]),
        expected: per_currency(&analysis.revenue.top1),
    }
}

fn days(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |line: &crate::revenue::DayLoss| {
        [vec![sql::text(&line.day.to_string()), sql::text(&line.currency)], cells(&line.loss)].concat()
    };
    Query {
        id: "revenue.day".to_owned(),
        title: "Lost revenue by the day on which carts were opened".to_owned(),
        sql: format!(
            "{}
select
  {} as day,
  carts.currency,
  {LOSS}
from {} as carts
join currencies on carts.currency = currencies.currency
group by day, carts.currency, total
order by day, total desc, carts.currency",
            currency_order(tables),
            sql::day(&analysis.zone),
            tables.carts()
        ),
        columns: columns(&["day", "currency"]),
        expected: analysis.revenue.days.iter().map(row).collect(),
    }
}

/// Amounts are converted in ten-thousandths and rates taken in billionths, as whole numbers: rounding half up is then
/// exact, whatever the engine.
fn converted(in_base: &InBase, tables: &Tables) -> Query {
    let mut rates = String::new();
    for (at, rate) in in_base.rates.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(rates, "{comma}('{}', {}::hugeint)", rate.currency, rate.billionths_per_base);
    }
    if rates.is_empty() {
        let _ = write!(rates, "('{}', 1000000000::hugeint)", in_base.currency);
    }
    let convert = |column: &str| {
        let scaled = format!("(10000 * {column}::decimal(26, 4))::hugeint");
        format!("((2 * {scaled} * 1000000000 + rate) // (2 * rate))::decimal(33, 0) * 0.0001")
    };
    Query {
        id: "revenue.in_base".to_owned(),
        title: format!(
            "Lost revenue of all currencies in {}: each cart's amount converted, rounded half up to four decimals, then added",
            in_base.currency
        ),
        sql: format!(
            "with rates(code, rate) as (values {rates}),  -- units per 1 {base}, in billionths
converted as (
  select
    outcome,
    recovered,
    {window} as value_at_window,
    {value} as value
  from {carts} as carts
  join rates on carts.currency = code
)
select
  {LOSS}
from converted",
            base = in_base.currency,
            window = convert("value_at_window"),
            value = convert("value"),
            carts = tables.carts(),
        ),
        columns: columns(&[]),
        expected: vec![cells(&in_base.loss)],
    }
}
