//! How far a loss could have been another with other customers of the same kind, and how few carts it hangs on.

use std::collections::BTreeMap;

use events::Amount;
use serde::Serialize;

use super::waterfall::Waterfall;
use crate::stats::bootstrap::{self, Replicates, Unit};
use crate::stats::{quantile, tail};

/// Replicates of the bootstrap.
pub const REPLICATES: usize = 1_000;
/// Share of replicates within an interval.
pub const LEVEL: f64 = 0.9;
/// Where the second line cuts carts off: this quantile of the abandoned carts' values.
pub const WINSOR: f64 = 0.995;
const SEED: u64 = 0x6c65_6674_6361_7274;
/// Carts whose share is told.
const TOP: usize = 10;

/// Gross, net of what was bought later in the same cart, lost in the end, and that cut off at [`WINSOR`].
const SUMS: usize = 4;
const GROSS: usize = 0;
const NET: usize = 1;
const LOST: usize = 2;
const CUT: usize = 3;

/// Intervals of [`LEVEL`] around sums over customers, and what they hang on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Customers with an abandoned cart: those who are drawn.
    pub persons: u64,
    /// Around the gross loss. All four are `None` where there are too few customers, or few carts dominate.
    pub gross: Option<Range>,
    /// Around gross - recovered.
    pub net: Option<Range>,
    /// Around what is lost in the end.
    pub lost: Option<Range>,
    /// What is lost in the end, with the largest carts cut off at the 99.5 % quantile of all carts of the currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub winsorised: Amount,
    /// Around `winsorised`; told also where few carts dominate.
    pub winsorised_range: Option<Range>,
    /// Hill's tail index of what is lost by cart; `None` for fewer than 50 carts.
    pub tail_index: Option<f64>,
    /// Share of the ten largest carts in what is lost, 0 to 1.
    pub top_ten_share: f64,
    /// Whether few carts dominate (a tail index below 2): then no interval is given.
    pub is_dominated: bool,
}

/// The ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Lower end.
    #[serde(serialize_with = "crate::text::amount")]
    pub low: Amount,
    /// Upper end.
    #[serde(serialize_with = "crate::text::amount")]
    pub high: Amount,
}

/// What a cart adds.
#[derive(Clone, Copy, Debug)]
pub struct Drawn {
    /// Its cell: what has an interval of its own, such as a segment.
    pub cell: u32,
    /// Its person, as a hash.
    pub person: u64,
    /// Its amounts.
    pub waterfall: Waterfall,
}

/// The spreads of cells and of all of them together.
#[derive(Clone, Debug, PartialEq)]
pub struct Spreads {
    /// By cell.
    pub cells: BTreeMap<u32, Spread>,
    /// Of everything; `None` without an abandoned cart.
    pub total: Option<Spread>,
}

/// Spreads of carts in one currency. Carts that are not abandoned add nothing and need not be among them. The order of
/// the carts does not matter.
#[must_use]
pub fn spreads(carts: &[Drawn]) -> Spreads {
    let mut carts: Vec<Drawn> = carts.iter().filter(|cart| cart.waterfall.carts > 0).copied().collect();
    carts.sort_unstable_by_key(|cart| (cart.cell, cart.person, cart.waterfall.gross, cart.waterfall.lost));
    let cut = cut(&carts);
    let mut cells = BTreeMap::new();
    let mut all: Option<Replicates<SUMS>> = None;
    let mut everyone: Vec<Unit<SUMS>> = Vec::new();
    for cell in carts.chunk_by(|a, b| a.cell == b.cell) {
        let units = units(cell, cut);
        let drawn = bootstrap::resample(&units, REPLICATES, SEED);
        cells.insert(cell[0].cell, spread(cell, &drawn, &units));
        everyone.extend(units);
        all = Some(match all {
            Some(all) => all.plus(&drawn),
            None => drawn,
        });
    }
    let total = all.map(|drawn| {
        everyone.sort_unstable_by_key(|unit| unit.person);
        spread(&carts, &drawn, &merged(&everyone))
    });
    Spreads { cells, total }
}

/// The value at which carts are cut off.
fn cut(carts: &[Drawn]) -> f64 {
    let mut lost: Vec<f64> = carts.iter().map(|cart| scaled(cart.waterfall.lost)).filter(|lost| *lost > 0.0).collect();
    lost.sort_unstable_by(f64::total_cmp);
    quantile::linear(&lost, WINSOR).map_or(f64::INFINITY, f64::round)
}

/// Ten-thousandths: whole numbers, which floats add without rounding up to 900 billion of the currency.
fn scaled(amount: Amount) -> f64 {
    amount.0 as f64
}

/// Carts sorted by person → one unit per person.
fn units(carts: &[Drawn], cut: f64) -> Vec<Unit<SUMS>> {
    let of = |cart: &Drawn| {
        let lost = scaled(cart.waterfall.lost);
        [scaled(cart.waterfall.gross), scaled(cart.waterfall.net()), lost, lost.min(cut)]
    };
    let rows: Vec<Unit<SUMS>> = carts.iter().map(|cart| Unit { person: cart.person, values: of(cart) }).collect();
    merged(&rows)
}

fn merged(rows: &[Unit<SUMS>]) -> Vec<Unit<SUMS>> {
    let sum = |rows: &[Unit<SUMS>]| {
        let mut values = [0.0; SUMS];
        for row in rows {
            for (sum, value) in values.iter_mut().zip(row.values) {
                *sum += value;
            }
        }
        Unit { person: rows[0].person, values }
    };
    rows.chunk_by(|a, b| a.person == b.person).map(sum).collect()
}

fn spread(carts: &[Drawn], drawn: &Replicates<SUMS>, persons: &[Unit<SUMS>]) -> Spread {
    let mut lost: Vec<f64> = carts.iter().map(|cart| scaled(cart.waterfall.lost)).filter(|lost| *lost > 0.0).collect();
    lost.sort_unstable_by(|a, b| b.total_cmp(a));
    let tail_index = tail::hill(&lost);
    let is_dominated = tail_index.is_some_and(|index| index < tail::HEAVY);
    let range = |sum: usize| {
        let values: Vec<f64> = persons.iter().map(|person| person.values[sum]).collect();
        let (low, high) = drawn.interval(sum, &values, LEVEL)?;
        Some(Range { low: amount(low), high: amount(high) })
    };
    let headline = |sum: usize| range(sum).filter(|_| !is_dominated);
    let total: f64 = lost.iter().sum();
    let top: f64 = lost.iter().take(TOP).sum();
    Spread {
        persons: persons.len() as u64,
        gross: headline(GROSS),
        net: headline(NET),
        lost: headline(LOST),
        winsorised: amount(drawn.point[CUT]),
        winsorised_range: range(CUT),
        tail_index: tail_index.filter(|index| index.is_finite()),
        top_ten_share: if total > 0.0 { top / total } else { 0.0 },
        is_dominated,
    }
}

fn amount(scaled: f64) -> Amount {
    #[expect(clippy::cast_possible_truncation, reason = "a sum of amounts, rounded")]
    Amount(scaled.round() as i128)
}

#[cfg(test)]
mod tests;
