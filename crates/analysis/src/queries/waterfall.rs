//! From the gross loss to what is lost in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use events::Amount;

use super::Query;
use super::sql::{self, Cell, Tables, count, money};
use crate::Analysis;
use crate::funnel::Step;
use crate::revenue::rules::{NEW, OTHERS};
use crate::revenue::{LostPart, SegmentRule, Waterfall};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let detail = &analysis.revenue.detail;
    let steps = Step::ALL.iter().enumerate().map(|(at, step)| format!(" when '{}' then {at}", step.name()));
    let step_order = format!("case furthest_step{} end", steps.collect::<String>());
    let days: Vec<LostPart> = detail
        .days
        .iter()
        .map(|day| LostPart {
            key: day.day.to_string(),
            currency: Some(day.currency.clone()),
            waterfall: day.waterfall,
            spread: None,
        })
        .collect();
    let day = format!("{} as day", sql::day(&analysis.zone));
    let mut queries = vec![
        lost("total", "per currency", &By { key: "", name: "", order: "" }, &detail.totals, tables),
        lost(
            "segment",
            "by segment",
            &By { key: "segment", name: "segment", order: sql::SEGMENT_ORDER },
            &detail.segments,
            tables,
        ),
        lost(
            "step",
            "by the furthest step",
            &By { key: "furthest_step", name: "furthest_step", order: &step_order },
            &detail.steps,
            tables,
        ),
        lost(
            "day",
            "by the day on which carts were opened",
            &By { key: &day, name: "day", order: "day" },
            &days,
            tables,
        ),
        refunded(analysis, tables),
        pieces(tables),
    ];
    if !detail.own_rules.is_empty() {
        let (key, order) = own(&detail.own_rules, tables);
        let by = By { key: &key, name: "own_segment", order: &order };
        queries.push(lost("own_segment", "by the shop's own segments", &by, &detail.own_segments, tables));
    }
    queries
}

/// The segment of a cart by the rules, as an expression, and their order.
fn own(rules: &[SegmentRule], tables: &Tables) -> (String, String) {
    let days = format!(
        "((epoch_us(opened_at) - (select max(epoch_us(ordered_at)) from {orders} as earlier
      where earlier.person_id = carts.person_id and earlier.ordered_at < carts.opened_at)) // 86400000000)",
        orders = tables.orders()
    );
    let quoted = |name: &str| format!("'{}'", name.replace('\'', "''"));
    let (mut key, mut order) = ("case".to_owned(), "case own_segment".to_owned());
    for (at, rule) in rules.iter().enumerate() {
        let mut bounds = Vec::new();
        if rule.max_orders != Some(0) {
            bounds.push("prior_orders > 0".to_owned());
        }
        let mut bound = |column: &str, sign: &str, value: Option<String>| {
            bounds.extend(value.map(|value| format!("{column} {sign} {value}")));
        };
        bound("prior_orders", ">=", rule.min_orders.map(|value| value.to_string()));
        bound("prior_orders", "<=", rule.max_orders.map(|value| value.to_string()));
        bound("prior_spend", ">=", rule.min_spend.map(|value| value.to_string()));
        bound("prior_spend", "<=", rule.max_spend.map(|value| value.to_string()));
        bound(&days, ">=", rule.min_days_since_order.map(|value| value.to_string()));
        bound(&days, "<=", rule.max_days_since_order.map(|value| value.to_string()));
        let _ = write!(key, "\n    when {} then {}", bounds.join(" and "), quoted(&rule.name));
        let _ = write!(order, " when {} then {at}", quoted(&rule.name));
    }
    let _ = write!(
        key,
        "\n    when prior_orders = 0 then {}\n    else {}\n  end as own_segment",
        quoted(NEW),
        quoted(OTHERS)
    );
    let _ = write!(order, " when {} then {} else {} end", quoted(NEW), rules.len(), rules.len() + 1);
    (key, order)
}

/// What lines are told by: an expression with its name, and their order.
struct By<'a> {
    key: &'a str,
    name: &'static str,
    order: &'a str,
}

const COLUMNS: [&str; 9] =
    ["carts", "gross", "recovered", "elsewhere", "repeated", "refunded", "lost", "expected_loss", "expected_recovery"];

fn cells(waterfall: &Waterfall) -> Vec<Cell> {
    let Waterfall { carts, gross, recovered, elsewhere, repeated, refunded, lost, expected_loss, expected_recovery } =
        *waterfall;
    let sums = [gross, recovered, elsewhere, repeated, refunded, lost, expected_loss, expected_recovery].map(money);
    [vec![count(carts)], sums.to_vec()].concat()
}

fn lost(id: &str, words: &str, by: &By<'_>, lines: &[LostPart], tables: &Tables) -> Query {
    let row = |line: &LostPart| {
        let key = if by.name.is_empty() { vec![] } else { vec![sql::text(&line.key)] };
        [key, vec![sql::word(line.currency.as_deref())], cells(&line.waterfall)].concat()
    };
    let comma = |text: &str| if text.is_empty() { String::new() } else { format!("{text}, ") };
    // Days without a priced cart are not listed.
    let priced = if by.name == "day" { "\nwhere carts.currency is not null" } else { "" };
    let sum = |column: &str| format!("coalesce(sum({column}), 0)");
    Query {
        id: format!("revenue.lost.{id}"),
        title: format!("From the gross loss to what is lost in the end, {words}"),
        sql: format!(
            "with currencies as (
  select currency, coalesce(sum(value_at_window) filter (where outcome = 'abandoned'), 0) as total
  from {carts}
  group by currency
),
parts as (
  select
    cart_id,
    coalesce(sum(amount) filter (where way = 'same_cart'), 0) as recovered,
    coalesce(sum(amount) filter (where way = 'other_cart'), 0) as elsewhere,
    coalesce(sum(amount) filter (where way = 'same_wish'), 0) as repeated,
    sum(refunded) as refunded
  from {recoveries}
  group by cart_id
)
select
  {key}carts.currency,
  count(*) filter (where outcome = 'abandoned') as carts,
  coalesce(sum(value_at_window) filter (where outcome = 'abandoned'), 0) as gross,
  {recovered} as recovered,
  {elsewhere} as elsewhere,
  {repeated} as repeated,
  {refunded} as refunded,
  gross - {recovered} - {elsewhere} - {repeated} + {refunded} as lost,
  {expected} as expected_loss,
  sum(case
    when outcome = 'abandoned' and not carts.recovered then round(p_later * (10000 * (
      value_at_window - coalesce(parts.elsewhere, 0) - coalesce(parts.repeated, 0)
        + coalesce(parts.refunded, 0)
    ))::hugeint::double)::hugeint
    else 0
  end)::decimal(33, 0) * 0.0001 as expected_recovery
from {carts} as carts
join currencies on carts.currency is not distinct from currencies.currency
left join parts on carts.cart_id = parts.cart_id
left join (select cart_id, expected_loss from {predictions}) as predictions
  on carts.cart_id = predictions.cart_id and outcome = 'pending'
left join (select cart_id, p_later from {reasons} where p_later < 1) as reasons
  on carts.cart_id = reasons.cart_id{priced}
group by {group}carts.currency, total
order by {order}carts.currency is null, total desc, carts.currency",
            carts = tables.carts(),
            recoveries = tables.recoveries(),
            predictions = tables.predictions(),
            reasons = tables.reasons(),
            key = comma(by.key),
            group = comma(by.name),
            order = comma(by.order),
            recovered = sum("parts.recovered"),
            elsewhere = sum("parts.elsewhere"),
            repeated = sum("parts.repeated"),
            refunded = sum("parts.refunded"),
            expected = sum("predictions.expected_loss"),
        ),
        columns: [if by.name.is_empty() { vec![] } else { vec![by.name] }, vec!["currency"], COLUMNS.to_vec()].concat(),
        expected: lines.iter().map(row).collect(),
    }
}

/// Worked out from the orders, as whole numbers: rounding half up is then exact.
fn refunded(analysis: &Analysis, tables: &Tables) -> Query {
    let mut sums: BTreeMap<&str, Amount> = BTreeMap::new();
    for part in &analysis.revenue.detail.recoveries {
        if let Some(currency) = part.currency.as_deref() {
            *sums.entry(currency).or_default() += part.refunded;
        }
    }
    let scaled = |column: &str| format!("(10000 * {column}::decimal(26, 4))::hugeint");
    Query {
        id: "revenue.refunded".to_owned(),
        title: "What refunds took back of what was bought later or in another cart".to_owned(),
        sql: format!(
            "with parts as (
  select
    parts.currency,
    {part} as part,
    {amount} as amount,
    greatest({refunded}, 0) as refunded
  from {recoveries} as parts
  left join {orders} as orders on orders.cart_id = by_cart_id and way <> 'same_wish'
)
select
  currency,
  sum(case
    when amount is null or refunded = 0 then 0
    when refunded >= amount then part
    else (2 * part * refunded + amount) // (2 * amount)
  end)::decimal(33, 0) * 0.0001 as refunded
from parts
where currency is not null
group by currency
order by currency",
            part = scaled("parts.amount"),
            amount = scaled("orders.amount"),
            refunded = scaled("orders.refunded"),
            recoveries = tables.recoveries(),
            orders = tables.orders(),
        ),
        columns: vec!["currency", "refunded"],
        expected: sums.into_iter().map(|(currency, sum)| vec![sql::text(currency), money(sum)]).collect(),
    }
}

fn pieces(tables: &Tables) -> Query {
    Query {
        id: "revenue.pieces".to_owned(),
        title: "Pieces of orders that stand for more pieces of abandoned carts than were bought: none".to_owned(),
        sql: format!(
            "with used as (
  select by_cart_id, product, sum(quantity) as pieces
  from {recoveries}
  where way = 'other_cart'
  group by by_cart_id, product
),
bought as (
  select cart_id, coalesce(product_id, product_name) as product, sum(purchased_quantity) as pieces
  from {items}
  group by cart_id, product
)
select count(*) as products
from used
left join bought on bought.cart_id = by_cart_id and bought.product = used.product
where used.pieces > coalesce(bought.pieces, 0)",
            recoveries = tables.recoveries(),
            items = tables.cart_items(),
        ),
        columns: vec!["products"],
        expected: vec![vec![count(0)]],
    }
}
