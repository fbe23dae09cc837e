//! orders → how much was sold, and how many orders no cart was seen for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use events::Amount;
use events::money::Rates;
use polars::prelude::*;
use serde::Serialize;

use crate::source::Rows;
use crate::stats::proportion::wilson;
use crate::{Error, Estimate};

/// Orders, with or without a cart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderSummary {
    /// All orders.
    pub orders: u64,
    /// Those for which no cart was seen: a gap in tracking, not a sale without a cart.
    pub without_cart: u64,
    /// `without_cart` of `orders`; `None` where there is no order.
    pub without_cart_share: Option<Estimate>,
    /// What was sold, per currency of the order; largest value first, then by code.
    pub totals: Vec<OrderTotal>,
    /// The base currency, ISO 4217, of the amounts below.
    pub base: String,
    /// What was sold, in the base currency: the sum of `orders.amount`.
    #[serde(serialize_with = "crate::text::amount")]
    pub amount: Amount,
    /// What was given back by refunds that name an order, in the base currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub refunded: Amount,
    /// Orders that could not be converted for want of a rate, and are in `amount` with 0.
    pub unconverted: u64,
}

/// Orders in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderTotal {
    /// ISO 4217 code.
    pub currency: String,
    /// Orders in it.
    pub orders: u64,
    /// Sum of their totals as logged; where an order has none, of its lines; where those have no price, 0. Before
    /// refunds.
    #[serde(serialize_with = "crate::text::amount")]
    pub value: Amount,
}

/// All orders. Money is added here, not in the query engine: integers cannot lose a cent.
pub(crate) fn summary(orders: &LazyFrame, rates: &Rates) -> Result<OrderSummary, Error> {
    let rows = Rows::collect(orders.clone(), "the orders")?;
    let mut totals: BTreeMap<&str, (u64, Amount)> = BTreeMap::new();
    let values = rows.amounts("order_value")?.into_iter().zip(rows.amounts("lines_value")?);
    for (currency, (logged, lines)) in rows.texts("currency")?.into_iter().zip(values) {
        let (orders, value) = totals.entry(currency.unwrap_or_else(|| rates.base())).or_default();
        *orders += 1;
        *value += logged.or(lines).unwrap_or_default();
    }
    let mut totals: Vec<OrderTotal> = totals
        .into_iter()
        .map(|(currency, (orders, value))| OrderTotal { currency: currency.to_owned(), orders, value })
        .collect();
    totals.sort_by_key(|total| Reverse(total.value));
    let orders = rows.height() as u64;
    let without_cart = rows.texts("cart_id")?.into_iter().filter(Option::is_none).count() as u64;
    Ok(OrderSummary {
        orders,
        without_cart,
        without_cart_share: wilson(without_cart, orders),
        totals,
        base: rates.base().to_owned(),
        amount: rows.amounts("amount")?.into_iter().flatten().sum(),
        refunded: rows.amounts("refunded")?.into_iter().flatten().sum(),
        unconverted: rows.flags("converted")?.into_iter().filter(|converted| !converted).count() as u64,
    })
}

#[cfg(test)]
mod tests;
