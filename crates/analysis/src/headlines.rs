//! The three answers that open every report.

use serde::Serialize;

use crate::abandonment::Outcomes;
use crate::funnel::Step;
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
        }
    }
}
