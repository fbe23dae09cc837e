//! What is planted in the shop: the disturbances that an analysis should find, or should not fall for.

use std::{fmt, str::FromStr};

use crate::{
    Config, Error,
    calendar::{self, DAY, HOUR},
    event::{Failure, Kind},
};

/// A shop with something planted in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Nothing planted: whatever an analysis finds is a false alarm.
    Calm,
    /// From the onset on, most payments with `PayPal` on iOS fail.
    #[default]
    Barrier,
    /// The above, and from a day later on most express deliveries to Austria are refused.
    TwoBarriers,
    /// For five days a campaign brings many newcomers who mostly look around: more abandonment, and no barrier.
    Promo,
    /// For six hours nothing is tracked: fewer events, and no barrier.
    Outage,
    /// For three hours a dozen bots fill carts.
    Bots,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 6] = [Self::Calm, Self::Barrier, Self::TwoBarriers, Self::Promo, Self::Outage, Self::Bots];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Barrier => "barrier",
            Self::TwoBarriers => "two-barriers",
            Self::Promo => "promo",
            Self::Outage => "outage",
            Self::Bots => "bots",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scenario {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.as_str() == word);
        found.ok_or_else(|| Error::Unknown {
            what: "scenario",
            word: word.to_owned(),
            known: Self::ALL.map(Self::as_str).join(", "),
        })
    }
}

/// One part of the condition under which a barrier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Os(&'static str),
    Country(&'static str),
    PaymentMethod(&'static str),
    ShippingMethod(&'static str),
}

impl Condition {
    /// The column of the logs and its value.
    pub(crate) const fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Os(value) => ("os", value),
            Self::Country(value) => ("country", value),
            Self::PaymentMethod(value) => ("payment_method", value),
            Self::ShippingMethod(value) => ("shipping_method", value),
        }
    }
}

/// What someone tries at the till.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) at: i64,
    pub(crate) step: Kind,
    pub(crate) os: &'static str,
    pub(crate) country: &'static str,
    pub(crate) payment_method: Option<&'static str>,
    pub(crate) shipping_method: Option<&'static str>,
}

/// Something that keeps people from buying.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Barrier {
    pub(crate) name: &'static str,
    pub(crate) conditions: &'static [Condition],
    pub(crate) step: Kind,
    pub(crate) onset: i64,
    pub(crate) failure_rate: f64,
    pub(crate) failure: Failure,
}

impl Barrier {
    /// Whether the attempt runs into it (before chance).
    pub(crate) fn stands_before(&self, attempt: &Attempt) -> bool {
        attempt.step == self.step
            && attempt.at >= self.onset
            && self.conditions.iter().all(|condition| match *condition {
                Condition::Os(os) => attempt.os == os,
                Condition::Country(country) => attempt.country == country,
                Condition::PaymentMethod(method) => attempt.payment_method == Some(method),
                Condition::ShippingMethod(method) => attempt.shipping_method == Some(method),
            })
    }
}

/// A stretch of time, from and until, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Span {
    pub(crate) fn contains(self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// What the scenario plants, with its dates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Planted {
    pub(crate) barriers: Vec<Barrier>,
    pub(crate) promo: Option<Span>,
    pub(crate) outage: Option<Span>,
    pub(crate) bots: Option<Span>,
}

impl Planted {
    /// Dates the scenario for this shop.
    pub(crate) fn new(config: &Config) -> Self {
        let onset = config.onset.map_or_else(
            || calendar::midnight(config.start) + i64::from(config.days) * 7 / 10 * DAY + 14 * HOUR,
            calendar::micros,
        );
        let lasting = |time| Some(Span { from: onset, until: onset + time });
        match config.scenario {
            Scenario::Calm => Self::default(),
            Scenario::Barrier => Self { barriers: vec![paypal(onset)], ..Self::default() },
            Scenario::TwoBarriers => Self { barriers: vec![paypal(onset), express(onset + DAY)], ..Self::default() },
            Scenario::Promo => Self { promo: lasting(5 * DAY), ..Self::default() },
            Scenario::Outage => Self { outage: lasting(6 * HOUR), ..Self::default() },
            Scenario::Bots => Self { bots: lasting(3 * HOUR), ..Self::default() },
        }
    }
}

fn paypal(onset: i64) -> Barrier {
    Barrier {
        name: "paypal-ios",
        conditions: &[Condition::PaymentMethod("paypal"), Condition::Os("iOS")],
        step: Kind::AddPaymentInfo,
        onset,
        failure_rate: 0.85,
        failure: Failure {
            code: "PSP-502",
            message: "payment provider did not answer",
            http_status: 502,
            latency_ms: 10_000,
        },
    }
}

fn express(onset: i64) -> Barrier {
    Barrier {
        name: "express-austria",
        conditions: &[Condition::ShippingMethod("express"), Condition::Country("AT")],
        step: Kind::AddShippingInfo,
        onset,
        failure_rate: 0.8,
        failure: Failure {
            code: "SHIP-301",
            message: "no carrier for this address",
            http_status: 422,
            latency_ms: 700,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_read_as_it_is_shown() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
        }
        assert!("storm".parse::<Scenario>().is_err());
    }

    #[test]
    fn the_barrier_stands_only_in_its_slice_and_after_its_onset() {
        let barrier = paypal(1_000);
        let attempt = Attempt {
            at: 1_000,
            step: Kind::AddPaymentInfo,
            os: "iOS",
            country: "DE",
            payment_method: Some("paypal"),
            shipping_method: Some("standard"),
        };
        assert!(barrier.stands_before(&attempt));
        assert!(!barrier.stands_before(&Attempt { at: 999, ..attempt }));
        assert!(!barrier.stands_before(&Attempt { os: "Android", ..attempt }));
        assert!(!barrier.stands_before(&Attempt { payment_method: Some("klarna"), ..attempt }));
    }
}
