//! What lies in a cart after some of its rows, and what that is worth.

use std::collections::BTreeMap;

use super::events::{Event, Kind};
use super::money::Rates;

/// One product in a cart.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'a> {
    pub(super) quantity: i64,
    /// The last row that told this product's price.
    pub(super) priced_by: Option<&'a Event>,
}

/// The lines of a cart by product, those of quantity 0 included; `None` is the one product without id and name.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) lines: BTreeMap<Option<&'a str>, Line<'a>>,
    /// Whether anything was ever in it.
    pub(super) ever_filled: bool,
}

/// Replays a cart's rows from the one that opened it.
pub(super) fn replay<'a>(rows: &[&'a Event]) -> Content<'a> {
    let mut content = Content { lines: BTreeMap::new(), ever_filled: false };
    for row in rows.iter().filter(|row| row.kind != Kind::Purchase) {
        if !is_item_line(row) {
            continue;
        }
        let line = content.lines.entry(row.product()).or_default();
        if row.unit_price.is_some() {
            line.priced_by = Some(row);
        }
        let opens_with_it = row.kind == Kind::BeginCheckout
            && rows[0].kind == Kind::BeginCheckout
            && row.identity() == rows[0].identity();
        if row.kind == Kind::AddToCart || opens_with_it {
            line.quantity += row.pieces();
        } else if row.kind == Kind::RemoveFromCart {
            line.quantity = (line.quantity - row.pieces()).max(0);
        }
        content.ever_filled |= line.quantity > 0;
    }
    content
}

/// Whether a row is about a product. Adding and removing always are; what else names no product is about the whole cart.
fn is_item_line(row: &Event) -> bool {
    row.product().is_some() || matches!(row.kind, Kind::AddToCart | Kind::RemoveFromCart)
}

/// The currency of a cart: that of its first priced row, the base currency where that row names none.
pub(super) fn currency<'a>(rows: &[&'a Event], rates: &'a Rates) -> Option<&'a str> {
    let first_priced =
        rows.iter().find(|row| row.kind != Kind::Purchase && row.unit_price.is_some() && is_item_line(row))?;
    Some(first_priced.currency.as_deref().unwrap_or(rates.base()))
}

impl Content<'_> {
    /// Pieces of all products.
    pub(super) fn items(&self) -> i64 {
        self.lines.values().map(|line| line.quantity).sum()
    }

    /// Products of which at least one piece is left.
    pub(super) fn distinct_products(&self) -> usize {
        self.lines.values().filter(|line| line.quantity > 0).count()
    }

    /// Pieces whose price nobody told.
    pub(super) fn unpriced_items(&self) -> i64 {
        self.lines.values().filter(|line| line.priced_by.is_none()).map(|line| line.quantity).sum()
    }

    /// Pieces times price in the cart's currency.
    pub(super) fn value(&self, currency: &str, rates: &Rates) -> i128 {
        self.lines.values().map(|line| i128::from(line.quantity) * line.unit_price(currency, rates)).sum()
    }
}

impl Line<'_> {
    /// The last known price in the cart's currency; 0 where none is known or it cannot be converted.
    pub(super) fn unit_price(&self, currency: &str, rates: &Rates) -> i128 {
        let Some(row) = self.priced_by else { return 0 };
        let price = row.unit_price.unwrap_or(0);
        rates.convert(price, row.currency.as_deref().unwrap_or(currency), currency).unwrap_or(0)
    }
}
