//! carts → when they are bought: Kaplan-Meier over all carts, young and old.

use events::time::{DAY, HOUR};
use polars::prelude::*;
use serde::Serialize;

use crate::source::Rows;
use crate::stats::survival::KaplanMeier;
use crate::{Error, Estimate, Settings};

/// The share of carts bought by age.
///
/// Kaplan-Meier over **all** carts. A cart not bought yet counts for as long as it has been watched (until `as_of`),
/// so pending carts add what they know; nothing beyond the horizon is used. Carts of one person are taken as
/// independent; the intervals are pointwise, 95 %, by Greenwood's variance on the log(-log) scale.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckoutCurve {
    /// How far the curve goes, in hours: `cart.expiry`, or `cart.window` if that is longer.
    pub horizon_hours: f64,
    /// `cart.window`, in hours.
    pub window_hours: f64,
    /// Carts that entered the curve: all of them.
    pub carts: u64,
    /// Those bought at most `horizon_hours` after they were opened.
    pub purchased: u64,
    /// The curve at 0, 1, 2, 3, 6, 12, 24, 48 and 72 hours, then daily, at the window and the horizon; ascending. It
    /// ends early where no cart has been watched for longer. Empty where there is no cart.
    pub points: Vec<CurvePoint>,
    /// Share of all carts bought within the window; `None` where no cart has been watched for so long.
    pub by_window: Option<Estimate>,
    /// Share of **all** carts that are bought after the window and by the age given: the horizon, or the greatest
    /// age that a cart has been watched for. `None` where none was watched beyond the window.
    pub after_window: Option<ShareByAge>,
    /// Share **of the carts not bought within the window** that are bought later, by an age of 7, 14 and 30 days
    /// (those beyond the window, up to the horizon).
    pub later: Vec<ShareByAge>,
}

/// The curve at one age.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Hours since the cart was opened.
    pub age_hours: f64,
    /// Carts watched for at least this long and not bought before it.
    pub at_risk: u64,
    /// Share not bought by this age, inclusive: S.
    pub unbought: Estimate,
    /// Share bought by this age, inclusive: 1 - S.
    pub bought: Estimate,
}

/// A share of carts bought by an age.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShareByAge {
    /// Hours since the cart was opened.
    pub age_hours: f64,
    /// The share; `None` where no cart has been watched for so long.
    pub share: Option<Estimate>,
}

/// Hours at which the first days are shown.
const FIRST_HOURS: [i64; 9] = [0, 1, 2, 3, 6, 12, 24, 48, 72];
/// Days by which carts that were not bought within the window are asked for again.
const LATER_DAYS: [i64; 3] = [7, 14, 30];

/// The curve of all carts.
pub(crate) fn fit(carts: &LazyFrame, settings: &Settings) -> Result<CheckoutCurve, Error> {
    let rows = Rows::collect(carts.clone().select([col("opened_at"), col("purchased_at")]), "the time to checkout")?;
    let (opened, bought) = (rows.moments("opened_at")?, rows.moments("purchased_at")?);
    let horizon = horizon(settings);
    let mut times = Vec::with_capacity(rows.height());
    let mut ended = Vec::with_capacity(rows.height());
    for (opened, bought) in opened.into_iter().zip(bought) {
        let watched = bought.unwrap_or(settings.as_of) - opened.unwrap_or(settings.as_of);
        times.push(hours(watched.clamp(0, horizon)));
        ended.push(bought.is_some() && watched <= horizon);
    }
    Ok(describe(&KaplanMeier::fit(&times, &ended), ended, settings))
}

/// The greatest age that is looked at, in microseconds.
pub(crate) fn horizon(settings: &Settings) -> i64 {
    settings.expiry.max(settings.window)
}

fn describe(curve: &KaplanMeier, ended: Vec<bool>, settings: &Settings) -> CheckoutCurve {
    let (window, horizon) = (settings.window, horizon(settings));
    let point = |age: i64| {
        let unbought = curve.survival(hours(age))?;
        let at_risk = curve.at_risk(hours(age));
        Some(CurvePoint { age_hours: hours(age), at_risk, unbought, bought: unbought.complement() })
    };
    let later = |age: i64| ShareByAge {
        age_hours: hours(age),
        share: curve.survival_after(hours(window), hours(age)).map(Estimate::complement),
    };
    let watched = curve.last().filter(|last| *last > hours(window));
    CheckoutCurve {
        horizon_hours: hours(horizon),
        window_hours: hours(window),
        carts: curve.n(),
        purchased: ended.into_iter().filter(|bought| *bought).count() as u64,
        points: ages(window, horizon).into_iter().filter_map(point).collect(),
        by_window: curve.survival(hours(window)).map(Estimate::complement),
        after_window: watched
            .map(|last| ShareByAge { age_hours: last, share: curve.lost_between(hours(window), last) }),
        later: LATER_DAYS
            .map(|days| days * DAY)
            .into_iter()
            .filter(|age| (window + 1..=horizon).contains(age))
            .map(later)
            .collect(),
    }
}

/// The ages at which the curve is shown, in microseconds, ascending.
fn ages(window: i64, horizon: i64) -> Vec<i64> {
    let first = FIRST_HOURS.map(|hours| hours * HOUR);
    let daily = (4..=horizon / DAY).map(|days| days * DAY);
    let mut ages: Vec<i64> = first.into_iter().chain(daily).chain([window, horizon]).collect();
    ages.retain(|age| *age <= horizon);
    ages.sort_unstable();
    ages.dedup();
    ages
}

fn hours(micros: i64) -> f64 {
    micros as f64 / HOUR as f64
}

#[cfg(test)]
mod tests;
