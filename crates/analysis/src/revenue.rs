//! carts → what abandoned carts were worth, what came back later, and what is still open.
//!
//! Money is exact: amounts are added as scaled integers, never as floats, and amounts of different currencies are
//! never added; [`Revenue::in_base`] converts each cart's amount first.

mod attribution;
pub mod avoidable;
pub mod detail;
mod ledger;
pub mod rules;
pub mod spread;
pub mod standing;
mod tally;
pub mod waterfall;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use events::Amount;
use events::money::Rates;
use polars::prelude::*;
use serde::Serialize;

pub use self::attribution::{ELSEWHERE, SAME_WISH, Way};
pub use self::avoidable::{Avoidable, Claim};
pub use self::detail::{Detail, Known, Recovery};
pub use self::rules::SegmentRule;
use self::tally::Tally;
pub use self::waterfall::{LostPart, Waterfall};
use crate::source::{self, Rows};
use crate::{Error, Settings, Tables};

/// Lost revenue. Every list has each priced cart exactly once, so its rows of one currency sum to that
/// currency's line in `totals`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revenue {
    /// One line per currency, largest gross first, then by code.
    pub totals: Vec<CurrencyLoss>,
    /// Carts without a currency: no line of theirs has a price, so their amounts are 0. In none of the lists but
    /// `segments`, whose lines without a currency sum to this.
    pub unpriced: Loss,
    /// By top-customer segment at the opening day: d1 (top tenth of spend) to d10, lapsed, new; currencies as in
    /// `totals`, carts without one last.
    pub segments: Vec<SegmentLoss>,
    /// Of these, the carts of the top 1 % of customers by spend; currencies as in `totals`. They are in `segments` too.
    pub top1: Vec<CurrencyLoss>,
    /// By the day on which carts were opened, on the shop's clock; ascending, currencies as in `totals`.
    pub days: Vec<DayLoss>,
    /// Everything in the base currency; `None` where a rate is missing (`without_rate` says which).
    pub in_base: Option<InBase>,
    /// Currencies of carts for which no rate is configured, by code.
    pub without_rate: Vec<String>,
    /// What became of the gross loss, and how sure that is.
    pub detail: Detail,
}

/// Carts and what they were worth. Pending carts are in `carts`, `pending` and `pending_value` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// All carts, whatever became of them.
    pub carts: u64,
    /// Those not bought within the window.
    pub abandoned: u64,
    /// Those of `abandoned` that were bought later.
    pub recovered_carts: u64,
    /// Those whose window is still open.
    pub pending: u64,
    /// Value at the window of the abandoned carts.
    #[serde(serialize_with = "crate::text::amount")]
    pub gross: Amount,
    /// The part of `gross` that was bought later: the whole value of each such cart.
    #[serde(serialize_with = "crate::text::amount")]
    pub recovered: Amount,
    /// `gross` - `recovered`.
    #[serde(serialize_with = "crate::text::amount")]
    pub net: Amount,
    /// What is in the pending carts at `as_of`; not lost, and in none of the above.
    #[serde(serialize_with = "crate::text::amount")]
    pub pending_value: Amount,
}

/// Losses in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyLoss {
    /// ISO 4217 code.
    pub currency: String,
    /// Carts and amounts in this currency.
    pub loss: Loss,
}

/// Losses of one segment in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentLoss {
    /// d1 to d10, lapsed or new.
    pub segment: String,
    /// ISO 4217 code; `None` for carts that no line with a price was seen of.
    pub currency: Option<String>,
    /// Carts and amounts in this currency.
    pub loss: Loss,
}

/// Losses of the carts opened on one day, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayLoss {
    /// The day, on the shop's clock.
    pub day: NaiveDate,
    /// ISO 4217 code.
    pub currency: String,
    /// Carts and amounts in this currency. Not final while carts are pending.
    pub loss: Loss,
}

/// Losses of all currencies in the base currency: each cart's amount is converted (half up to four decimals), then
/// added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InBase {
    /// The base currency's ISO 4217 code.
    pub currency: String,
    /// Whether any amount had to be converted; if not, this is the line of the base currency in `totals`.
    pub converted: bool,
    /// All priced carts.
    pub loss: Loss,
    /// The same by segment, in the order of `segments`.
    pub segments: Vec<SegmentLoss>,
    /// The same for the top 1 % of customers.
    pub top1: Loss,
    /// The same by day, ascending.
    pub days: Vec<DayLoss>,
    /// The rates that were used: one for each currency of `totals`, in that order.
    pub rates: Vec<Rate>,
}

/// An exchange rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// ISO 4217 code.
    pub currency: String,
    /// Units of the currency per one unit of the base currency, in billionths: 850,000,000 is 0.85.
    pub billionths_per_base: i128,
}

/// Losses over all carts.
///
/// Amounts are added here, row by row, and not in the query engine: integers cannot lose a cent, and converting needs
/// every cart's own amount.
pub(crate) fn losses(
    tables: &Tables,
    carts: &LazyFrame,
    settings: &Settings,
    known: &Known<'_>,
) -> Result<Revenue, Error> {
    let columns =
        [source::DAY, "segment", "top1", "currency", "outcome", "recovered", "value", "value_at_window"].map(col);
    let rows = Rows::collect(carts.clone().select(columns), "the lost revenue")?;
    let (days, segments, top1) = (rows.days(source::DAY)?, rows.texts("segment")?, rows.flags("top1")?);
    let (currencies, outcomes, recovered) = (rows.texts("currency")?, rows.texts("outcome")?, rows.flags("recovered")?);
    let (values, at_window) = (rows.amounts("value")?, rows.amounts("value_at_window")?);

    let base = settings.rates.base();
    let (mut per_currency, mut in_base) = (Tally::default(), Tally::default());
    let (mut without_rate, mut converted) = (BTreeSet::new(), false);
    for row in 0..rows.height() {
        let outcome = outcomes[row].unwrap_or_default();
        let (value, at_window) = (values[row].unwrap_or_default(), at_window[row].unwrap_or_default());
        let (day, segment) = (days[row], segments[row].unwrap_or_default());
        let loss = |value, at_window| Loss::of(outcome, recovered[row], value, at_window);
        per_currency.add(day, segment, top1[row], currencies[row], loss(value, at_window)?);
        let Some(currency) = currencies[row] else { continue };
        let convert = |amount| settings.rates.convert(amount, currency, base);
        match (convert(value), convert(at_window)) {
            (Some(value), Some(at_window)) => in_base.add(day, segment, top1[row], Some(base), loss(value, at_window)?),
            _ => {
                without_rate.insert(currency.to_owned());
            }
        }
        converted |= currency != base;
    }

    let currencies = per_currency.currencies();
    let in_base = without_rate.is_empty().then(|| InBase {
        currency: base.to_owned(),
        converted,
        loss: in_base.total(Some(base)),
        segments: in_base.segments(&[base]),
        top1: in_base.top1(&[base]).into_iter().next().map(|line| line.loss).unwrap_or_default(),
        days: in_base.days(&[base]),
        rates: currencies.iter().filter_map(|currency| rate(&settings.rates, currency)).collect(),
    });
    Ok(Revenue {
        totals: per_currency.totals(&currencies),
        unpriced: per_currency.total(None),
        segments: per_currency.segments(&currencies),
        top1: per_currency.top1(&currencies),
        days: per_currency.days(&currencies),
        in_base,
        without_rate: without_rate.into_iter().collect(),
        detail: detail::detail(tables, settings, known)?,
    })
}

/// The rate of a currency. Rates have nine decimals, so what a billion ten-thousandths of the base come to is exact.
fn rate(rates: &Rates, currency: &str) -> Option<Rate> {
    let billionths = rates.convert(Amount(1_000_000_000), rates.base(), currency)?;
    Some(Rate { currency: currency.to_owned(), billionths_per_base: billionths.0 })
}

impl Loss {
    /// What one cart adds: `value` is its content now, `at_window` its content at the window.
    fn of(outcome: &str, recovered: bool, value: Amount, at_window: Amount) -> Result<Self, Error> {
        let cart = Self { carts: 1, ..Self::default() };
        match outcome {
            "purchased" => Ok(cart),
            "pending" => Ok(Self { pending: 1, pending_value: value, ..cart }),
            "abandoned" if recovered => {
                Ok(Self { abandoned: 1, recovered_carts: 1, gross: at_window, recovered: at_window, ..cart })
            }
            "abandoned" => Ok(Self { abandoned: 1, gross: at_window, net: at_window, ..cart }),
            _ => Err(Error::Word { table: "carts", column: "outcome", value: outcome.to_owned() }),
        }
    }
}

impl std::ops::AddAssign for Loss {
    fn add_assign(&mut self, other: Self) {
        self.carts += other.carts;
        self.abandoned += other.abandoned;
        self.recovered_carts += other.recovered_carts;
        self.pending += other.pending;
        self.gross += other.gross;
        self.recovered += other.recovered;
        self.net += other.net;
        self.pending_value += other.pending_value;
    }
}

#[cfg(test)]
mod tests;
