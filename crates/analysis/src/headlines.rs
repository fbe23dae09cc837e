//! The answers that open every report.

use serde::Serialize;

use crate::abandonment::Outcomes;
use crate::funnel::Step;
use crate::prediction::{AtRisk, CohortForecast, Method, Why};
use crate::revenue::CurrencyLoss;
use crate::{Analysis, Estimate};

/// How many, how much, and where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Headlines {
    /// How many carts were abandoned: rate with interval and n, and the pending ones beside it.
    pub abandonment: Outcomes,
    /// What that cost: net, gross and recovered per currency, as in [`Revenue::totals`](crate::Revenue::totals).
    pub revenue: Vec<CurrencyLoss>,
    /// Where in the checkout most carts stop; `None` where no matured cart stopped.
    pub biggest_drop: Option<Drop>,
    /// What is expected of the newest carts; `None` where nothing can be expected.
    pub forecast: Option<Forecast>,
}

/// The newest day's carts, as expected tonight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The day: its carts, those not bought yet, and the share of all that will not be bought within the window.
    pub day: CohortForecast,
    /// Of those not bought yet, the share that will not be bought within the window; `None` where all are bought.
    pub open_rate: Option<f64>,
    /// What the probabilities come from, and why.
    pub method: Method,
    /// Why that method.
    pub why: Why,
    /// Open carts of all days, and what they may cost.
    pub at_risk: AtRisk,
    /// Past nights whose forecast can be judged.
    pub nights: u64,
    /// Those on which the range held.
    pub held: u64,
}

/// The pair of neighbouring recorded steps between which most carts stop; the earlier one where several lose as many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Drop {
    /// The last step that these carts reached.
    pub from: Step,
    /// The step that they did not reach.
    pub to: Step,
    /// Carts that stopped between the two.
    pub stopped: u64,
    /// `stopped` of those that reached `from`.
    pub of_reached: Estimate,
    /// `stopped` of all matured carts that were not bought.
    pub of_stopped: Estimate,
}

impl Analysis {
    /// How many, how much, and where.
    #[must_use]
    pub fn headlines(&self) -> Headlines {
        Headlines {
            abandonment: self.abandonment.overall,
            revenue: self.revenue.totals.clone(),
            biggest_drop: self.funnel.biggest_drop(),
            forecast: self.prediction.tonight.clone().map(|day| Forecast {
                day,
                open_rate: self.prediction.tonight_open_rate,
                method: self.prediction.method,
                why: self.prediction.why,
                at_risk: self.prediction.at_risk.clone(),
                nights: self.prediction.track.nights,
                held: self.prediction.track.held,
            }),
        }
    }
}
