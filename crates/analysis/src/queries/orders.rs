//! What was sold.

use super::Query;
use super::sql::{Tables, count, money, share, text};
use crate::Analysis;

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let orders = &analysis.orders;
    let summary = Query {
        id: "orders.summary".to_owned(),
        title: format!("Orders, those that no cart was seen for, and their value in {}", orders.base),
        sql: format!(
            "select
  count(*) as orders,
  count(*) filter (where cart_id is null) as without_cart,
  count(*) filter (where cart_id is null) / nullif(count(*), 0) as without_cart_share,
  coalesce(sum(amount), 0) as amount,
  coalesce(sum(refunded), 0) as refunded,
  count(*) filter (where not converted) as unconverted
from {}",
            tables.orders()
        ),
        columns: vec!["orders", "without_cart", "without_cart_share", "amount", "refunded", "unconverted"],
        expected: vec![vec![
            count(orders.orders),
            count(orders.without_cart),
            share(orders.without_cart_share),
            money(orders.amount),
            money(orders.refunded),
            count(orders.unconverted),
        ]],
    };
    let totals = Query {
        id: "orders.totals".to_owned(),
        title: "Value of orders per currency".to_owned(),
        sql: format!(
            "select\n  currency,\n  count(*) as orders,\n  sum(coalesce(order_value, lines_value, 0)) as value\nfrom {}\ngroup by currency\norder by value desc, currency",
            tables.orders()
        ),
        columns: vec!["currency", "orders", "value"],
        expected: orders
            .totals
            .iter()
            .map(|total| vec![text(&total.currency), count(total.orders), money(total.value)])
            .collect(),
    };
    vec![summary, totals]
}
