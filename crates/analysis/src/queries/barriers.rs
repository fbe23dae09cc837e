//! What breaks the checkout: the published findings and the carts behind them.

use super::Query;
use super::sql::{Cell, Tables, count, float, money, text, word};
use crate::Analysis;
use crate::barriers::Barrier;

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let findings = &analysis.barriers.findings;
    if findings.is_empty() {
        return Vec::new();
    }
    let optional = |amount: Option<events::Amount>| -> Cell { amount.and_then(money) };
    let row = |barrier: &Barrier| {
        vec![
            text(&barrier.id),
            count(barrier.attempts),
            count(barrier.failed),
            float(barrier.failed as f64 / barrier.attempts.max(1) as f64),
            float(barrier.expected_rate),
            float(barrier.excess.low),
            optional(barrier.lost.map(|lost| lost.low)),
            word(barrier.error_code.as_deref()),
        ]
    };
    let found = Query {
        id: "barriers.findings".to_owned(),
        title: "What breaks the checkout".to_owned(),
        sql: format!(
            "select
  barrier_id,
  attempts,
  failed,
  failed / greatest(attempts, 1) as rate,
  expected_rate,
  excess_low,
  lost_low,
  error_code
from {}
order by rank",
            tables.barriers()
        ),
        columns: vec![
            "barrier_id",
            "attempts",
            "failed",
            "rate",
            "expected_rate",
            "excess_low",
            "lost_low",
            "error_code",
        ],
        expected: findings.iter().map(row).collect(),
    };
    let of_carts = |barrier: &Barrier| {
        vec![text(&barrier.id), count(barrier.carts), count(barrier.top_customer_carts.len() as u64)]
    };
    let carts = Query {
        id: "barriers.carts".to_owned(),
        title: "Carts behind each of them, and those of top customers".to_owned(),
        sql: format!(
            "select
  b.barrier_id,
  count(c.cart_id) as carts,
  count(c.cart_id) filter (where c.segment = 'd1') as top_customer_carts
from {} b
left join {} bc using (barrier_id)
left join {} c using (cart_id)
group by b.barrier_id, b.rank
order by b.rank",
            tables.barriers(),
            tables.barrier_carts(),
            tables.carts()
        ),
        columns: vec!["barrier_id", "carts", "top_customer_carts"],
        expected: findings.iter().map(of_carts).collect(),
    };
    vec![found, carts]
}
