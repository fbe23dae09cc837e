//! From the gross loss to what is lost in the end, step by step and in every way the report shows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use events::Amount;
use events::money::Rates;
use serde::Serialize;

use super::attribution::{Part, Way};
use super::ledger::{Cart, Outcome};
use super::spread::Spread;
use crate::prediction::share_of;

/// From the gross loss to what is lost in the end: lost = gross - recovered - elsewhere - repeated + refunded. All amounts
/// are 0 or more, and lost is at most gross.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waterfall {
    /// Abandoned carts.
    pub carts: u64,
    /// Their value at the window.
    #[serde(serialize_with = "crate::text::amount")]
    pub gross: Amount,
    /// Bought later in the same cart.
    #[serde(serialize_with = "crate::text::amount")]
    pub recovered: Amount,
    /// The same products bought by the same person in another cart.
    #[serde(serialize_with = "crate::text::amount")]
    pub elsewhere: Amount,
    /// The same products left in a later cart again, and counted there.
    #[serde(serialize_with = "crate::text::amount")]
    pub repeated: Amount,
    /// The part of `recovered` and `elsewhere` that refunds took back.
    #[serde(serialize_with = "crate::text::amount")]
    pub refunded: Amount,
    /// What is lost in the end.
    #[serde(serialize_with = "crate::text::amount")]
    pub lost: Amount,
    /// Expected loss of pending carts: value times probability, before what will be bought later. In none of the others.
    #[serde(serialize_with = "crate::text::amount")]
    pub expected_loss: Amount,
    /// Of `lost`, what is expected to be bought all the same: what is lost on each cart that can still be bought, times the
    /// probability that it is. In none of the others.
    #[serde(serialize_with = "crate::text::amount")]
    pub expected_recovery: Amount,
}

impl Waterfall {
    /// The contract's net loss: gross - recovered.
    #[must_use]
    pub fn net(&self) -> Amount {
        self.gross - self.recovered
    }

    fn settle(mut self) -> Self {
        self.lost = self.gross - self.recovered - self.elsewhere - self.repeated + self.refunded;
        self
    }

    /// The same in another currency. Each part is converted; where rounding would leave less than nothing to lose, or more
    /// than the gross, the part that was rounded up is that ten-thousandth smaller.
    fn convert(&self, rates: &Rates, from: &str, to: &str) -> Option<Self> {
        if from == to {
            return Some(*self);
        }
        let of = |amount| rates.convert(amount, from, to);
        let mut converted = Self {
            carts: self.carts,
            gross: of(self.gross)?,
            recovered: of(self.recovered)?,
            elsewhere: of(self.elsewhere)?,
            repeated: of(self.repeated)?,
            refunded: of(self.refunded)?,
            lost: Amount::ZERO,
            expected_loss: of(self.expected_loss)?,
            expected_recovery: of(self.expected_recovery)?,
        }
        .settle();
        let below = Amount(converted.lost.0.min(0).abs());
        let from_elsewhere = below.min(converted.elsewhere);
        converted.elsewhere = converted.elsewhere - from_elsewhere;
        converted.repeated = converted.repeated - (below - from_elsewhere);
        let above = (converted.settle().lost - converted.gross).max(Amount::ZERO);
        converted.refunded = converted.refunded - above;
        Some(converted.settle())
    }
}

impl std::ops::AddAssign for Waterfall {
    fn add_assign(&mut self, other: Self) {
        self.carts += other.carts;
        self.gross += other.gross;
        self.recovered += other.recovered;
        self.elsewhere += other.elsewhere;
        self.repeated += other.repeated;
        self.refunded += other.refunded;
        self.lost += other.lost;
        self.expected_loss += other.expected_loss;
        self.expected_recovery += other.expected_recovery;
    }
}

/// A line of a breakdown, in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LostPart {
    /// What it is the line of, such as a segment or a step.
    pub key: String,
    /// ISO 4217 code; `None` for carts in which nothing had a price.
    pub currency: Option<String>,
    /// Carts and amounts.
    pub waterfall: Waterfall,
    /// How surely; only where the breakdown has intervals.
    pub spread: Option<Spread>,
}

/// What each cart adds, in the order of the carts. `expected` is what pending carts may cost; `later` has the probability that
/// an abandoned cart is still bought; both by position.
pub(super) fn of_carts(
    carts: &[Cart],
    parts: &[Part],
    expected: &BTreeMap<u32, Amount>,
    later: &BTreeMap<u32, f64>,
) -> Vec<Waterfall> {
    let mut waterfalls: Vec<Waterfall> = carts
        .iter()
        .map(|cart| match cart.outcome {
            Outcome::Abandoned => Waterfall { carts: 1, gross: cart.at_window, ..Waterfall::default() },
            Outcome::Purchased | Outcome::Pending => Waterfall::default(),
        })
        .collect();
    for part in parts {
        let waterfall = &mut waterfalls[part.cart as usize];
        match part.way {
            Way::SameCart => waterfall.recovered += part.amount,
            Way::OtherCart => waterfall.elsewhere += part.amount,
            Way::SameWish => waterfall.repeated += part.amount,
        }
        waterfall.refunded += part.refunded;
    }
    for (cart, amount) in expected {
        waterfalls[*cart as usize].expected_loss = *amount;
    }
    let mut settled: Vec<Waterfall> = waterfalls.into_iter().map(Waterfall::settle).collect();
    for (cart, p) in later {
        let waterfall = &mut settled[*cart as usize];
        waterfall.expected_recovery = share_of(waterfall.lost, *p);
    }
    settled
}

/// The same in the base currency; `None` for carts without a currency, or whose currency has no rate.
pub(super) fn in_base(waterfall: &Waterfall, currency: Option<&str>, rates: &Rates) -> Option<Waterfall> {
    waterfall.convert(rates, currency?, rates.base())
}

/// Sums by key and currency: keys in their own order, currencies by falling gross, carts without one last.
pub(super) fn by<K: Ord + Clone>(
    rows: impl Iterator<Item = (K, Option<u16>, Waterfall)>,
    order: &[u16],
) -> Vec<(K, Option<u16>, Waterfall)> {
    let mut sums: BTreeMap<(K, usize), (Option<u16>, Waterfall)> = BTreeMap::new();
    for (key, currency, waterfall) in rows {
        let place = currency.and_then(|code| order.iter().position(|other| *other == code)).unwrap_or(order.len());
        sums.entry((key, place)).or_insert((currency, Waterfall::default())).1 += waterfall;
    }
    sums.into_iter().map(|((key, _), (currency, sum))| (key, currency, sum)).collect()
}

/// Currencies by falling gross, then by code.
pub(super) fn currencies<'a>(
    rows: impl Iterator<Item = (Option<u16>, Waterfall)>,
    word: impl Fn(u16) -> &'a str,
) -> Vec<u16> {
    let mut sums: BTreeMap<u16, Amount> = BTreeMap::new();
    for (currency, waterfall) in rows {
        if let Some(currency) = currency {
            *sums.entry(currency).or_default() += waterfall.gross;
        }
    }
    let mut order: Vec<u16> = sums.keys().copied().collect();
    order.sort_by_key(|code| (Reverse(sums[code]), word(*code)));
    order
}

/// What is lost on carts opened on one day, in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// The day, on the shop's clock.
    pub day: NaiveDate,
    /// ISO 4217 code.
    pub currency: String,
    /// Carts and amounts. Not final while carts can be bought.
    pub waterfall: Waterfall,
}
