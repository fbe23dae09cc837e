//! The open carts of the newest day by how well the shop knows their customers, each group with a range of its own.
//!
//! Only carts that were not bought when the forecast was made: whose cart it is, is known of them as it was then.

use serde::Serialize;

use super::NIGHTS;
use super::cohort::{self, Cohort, DayEffect};

/// How well the shop knows a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The top tenth of spend.
    Top,
    /// All others who have ordered before.
    Known,
    /// No order before.
    New,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Top, Self::Known, Self::New];

    /// That of a segment.
    pub(super) fn of(segment: Option<&str>) -> Self {
        match segment {
            Some("d1") => Self::Top,
            None | Some("new") => Self::New,
            Some(_) => Self::Known,
        }
    }
}

/// What is expected of the open carts of the newest day, of one tier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TierForecast {
    /// The tier.
    pub tier: Tier,
    /// Carts not bought yet.
    pub open: u64,
    /// Expected share of these not bought in time.
    pub expected_rate: f64,
    /// Lower end of its range, which should hold on 90 % of nights.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Nights judged, at most [`NIGHTS`], as they are worked out afterwards.
    pub nights: u64,
    /// Those of them on which the range held.
    pub held: u64,
}

/// By tier: the days before with their open carts, in order of time, and what is said of tonight's. `rate_error` is the
/// standard error of a rate that is used for want of a model, on the log-odds.
pub(super) fn forecasts(
    days: &[Vec<Cohort>; Tier::ALL.len()],
    tonight: &[Vec<f64>; Tier::ALL.len()],
    rate_error: f64,
    as_of: i64,
) -> Vec<TierForecast> {
    let of_tier = |((tier, days), said): ((Tier, &Vec<Cohort>), &Vec<f64>)| {
        let days: Vec<Cohort> = days.iter().filter(|day| day.carts > 0).cloned().collect();
        let (ranges, effect) = cohort::replay(&days, as_of);
        let effect = DayEffect { tau: effect.tau.hypot(rate_error), ..effect };
        let open = said.len() as u64;
        let range = cohort::range(open, said, effect);
        let known: Vec<bool> = days
            .iter()
            .zip(&ranges)
            .filter(|(day, _)| day.known_at <= as_of)
            .map(|(day, range)| range.main().hold(day.actual()))
            .collect();
        let judged = &known[known.len().saturating_sub(NIGHTS)..];
        TierForecast {
            tier,
            open,
            expected_rate: range.expected,
            low: range.main().low,
            high: range.main().high,
            nights: judged.len() as u64,
            held: judged.iter().filter(|held| **held).count() as u64,
        }
    };
    let all = Tier::ALL.into_iter().zip(days).zip(tonight).map(of_tier);
    all.filter(|forecast| forecast.open > 0).collect()
}
