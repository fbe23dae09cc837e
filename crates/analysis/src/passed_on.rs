//! What one part of the analysis tells another: parts know plain data of each other, and only this file knows both sides.

use std::collections::HashMap;

use crate::abandonment_reasons::{AbandonmentReasons, BarrierFinding, Chance, Chances};
use crate::barriers::{Barrier, Barriers, Level};
use crate::prediction::Prediction;
use crate::revenue::Claim;

/// The barriers that are sure enough to be somebody's reason for leaving, and to have cost something.
fn sure(barriers: &Barriers) -> impl Iterator<Item = &Barrier> {
    barriers.findings.iter().filter(|barrier| barrier.level == Level::Alert)
}

/// What carts can have met.
pub(crate) fn met(barriers: &Barriers) -> Vec<BarrierFinding> {
    let of = |barrier: &Barrier| BarrierFinding {
        id: barrier.id.clone(),
        step: barrier.step,
        // Where an error comes with the barrier, who did not meet the error has not met the barrier.
        conditions: barrier
            .conditions
            .iter()
            .map(|part| (part.column.to_owned(), part.value.clone()))
            .chain(barrier.error_code.iter().map(|code| ("error_code".to_owned(), code.clone())))
            .collect(),
        onset: barrier.onset.map_or(i64::MIN, |onset| onset.at),
        end: barrier.end,
    };
    // The whole step is no condition: with it everybody who stopped there would have met a barrier, unless an error tells.
    sure(barriers).map(of).filter(|found| !found.conditions.is_empty()).collect()
}

/// What barriers cost, in the order of their ranks.
pub(crate) fn claims(barriers: &Barriers) -> Vec<Claim> {
    let of = |barrier: &Barrier| {
        let lost = barrier.lost?;
        let carts = barrier.cart_ids.clone();
        Some(Claim { id: barrier.id.clone(), carts, low: lost.low, point: lost.point, high: lost.high })
    };
    sure(barriers).filter_map(of).collect()
}

/// How likely each abandoned cart that was not bought yet is bought later, by `cart_id`.
pub(crate) fn later(reasons: &AbandonmentReasons) -> HashMap<String, f64> {
    // 1 is what was bought already.
    reasons.rows.iter().filter(|row| row.p_later < 1.0).map(|row| (row.cart_id.clone(), row.p_later)).collect()
}

/// The reason of each cart, by `cart_id`.
pub(crate) fn by_cart(reasons: &AbandonmentReasons) -> HashMap<String, String> {
    reasons.rows.iter().map(|row| (row.cart_id.clone(), row.reason.name().to_owned())).collect()
}

/// How likely each cart is to be bought after its window.
pub(crate) fn chances(prediction: &Prediction) -> Chances {
    let of = |(cart, (at_window, now)): (&str, (f64, f64))| (cart.to_owned(), Chance { at_window, now });
    prediction.later.chances().into_iter().map(of).collect()
}
