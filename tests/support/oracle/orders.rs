//! What an order contains and what it is worth, and what refunds take away.

use std::collections::{BTreeMap, BTreeSet};

use super::events::{Event, Kind};
use super::history::{History, OrderRows};
use super::money::Rates;

/// The rows of an order that count as its lines: the first of each (line, product).
pub(super) fn lines<'a>(order: &OrderRows<'a>) -> Vec<&'a Event> {
    let mut seen = BTreeSet::new();
    let items = order.rows.iter().copied().filter(|row| is_item_line(row));
    items.filter(|row| seen.insert((row.line, row.product()))).collect()
}

/// Whether a purchase row says anything about what was bought, and not only that something was.
fn is_item_line(row: &Event) -> bool {
    row.product().is_some() || row.unit_price.is_some() || row.quantity.is_some()
}

/// Pieces times price over some rows in one currency; `None` if no row tells a price.
pub(super) fn lines_value(rows: &[&Event], currency: &str, rates: &Rates) -> Option<i128> {
    let mut value = None;
    for row in rows {
        let Some(price) = row.unit_price else { continue };
        let converted = rates.convert(price, row.currency.as_deref().unwrap_or(rates.base()), currency).unwrap_or(0);
        *value.get_or_insert(0) += i128::from(row.pieces()) * converted;
    }
    value
}

/// The first order value among some rows in the base currency.
fn stated_value(rows: &[&Event], rates: &Rates) -> Option<i128> {
    let row = rows.iter().find(|row| row.order_value.is_some())?;
    let from = row.currency.as_deref().unwrap_or(rates.base());
    Some(rates.convert(row.order_value?, from, rates.base()).unwrap_or(0))
}

/// What an order is worth in the base currency: its stated value, else that of its lines.
pub(super) fn value(order: &OrderRows, rates: &Rates) -> i128 {
    stated_value(&order.rows, rates).or_else(|| lines_value(&lines(order), rates.base(), rates)).unwrap_or(0)
}

/// One order as spending sees it.
#[derive(Debug)]
pub(super) struct Spending {
    pub(super) person_id: String,
    pub(super) ts: i64,
    /// Base currency.
    pub(super) value: i128,
}

/// One refund, of however many rows.
#[derive(Debug)]
pub(super) struct Refund {
    pub(super) person_id: String,
    pub(super) ts: i64,
    /// Base currency, never negative.
    pub(super) amount: i128,
    /// Index of the order it names, if that is known.
    pub(super) order: Option<usize>,
}

/// All orders and refunds there are.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) orders: Vec<Spending>,
    pub(super) refunds: Vec<Refund>,
}

impl Ledger {
    pub(super) fn new(histories: &[History], rates: &Rates) -> Self {
        let mut ledger = Self::default();
        for history in histories {
            let mut of_id = BTreeMap::new();
            for order in &history.orders {
                if let Some(id) = order.order_id() {
                    of_id.insert(id, ledger.orders.len());
                }
                let value = value(order, rates);
                ledger.orders.push(Spending { person_id: history.person_id.clone(), ts: order.rows[0].ts, value });
            }
            for rows in refund_events(history) {
                let order = rows.iter().find_map(|row| row.order_id.as_deref()).and_then(|id| of_id.get(id).copied());
                let amount = stated_value(&rows, rates)
                    .map(i128::abs)
                    .or_else(|| lines_value(&rows, rates.base(), rates))
                    .unwrap_or_else(|| order.map_or(0, |order| ledger.orders[order].value));
                ledger.refunds.push(Refund { person_id: history.person_id.clone(), ts: rows[0].ts, amount, order });
            }
        }
        ledger
    }
}

/// The refund rows of a person, one list per event.
fn refund_events<'a>(history: &History<'a>) -> Vec<Vec<&'a Event>> {
    let mut events: Vec<Vec<&Event>> = Vec::new();
    for row in history.events.iter().filter(|row| row.kind == Kind::Refund) {
        match events.iter_mut().find(|rows| rows[0].identity() == row.identity()) {
            Some(rows) => rows.push(row),
            None => events.push(vec![row]),
        }
    }
    events
}
