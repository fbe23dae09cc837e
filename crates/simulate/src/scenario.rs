//! What is planted in the shop: the disturbances that an analysis should find, or should not fall for.

mod planted;

use std::{fmt, str::FromStr};

use crate::Error;

pub(crate) use planted::{Attempt, Barrier, Condition, Decoy, Lure, Obstacle, Planted, Span};

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
    /// From the onset on, most visitors from Belgium do not get from delivery to payment, and no error says so.
    SilentStop,
    /// From the onset on, a service behind card payments fails every third time; some try again, some leave.
    Intermittent,
    /// The next release of the shop is slow, and for a third of its payments it fails; the release after it is well.
    SlowRelease,
    /// From the onset on, stored cards cannot be charged: it hits those who buy most.
    TopCustomers,
    /// Visitors from social networks on telephones buy less, always: a difference, and no barrier.
    StableDifference,
    /// From the onset on, an error is often shown that keeps nobody from buying: no barrier.
    HarmlessError,
    /// From the onset on, more visitors come from social networks, who have always bought less: no barrier.
    TrafficMix,
    /// For five days a campaign brings many newcomers who mostly look around: more abandonment, and no barrier.
    Promo,
    /// For six hours nothing is tracked: fewer events, and no barrier.
    Outage,
    /// For three hours a dozen bots fill carts.
    Bots,
    /// A calm shop whose texts attack whoever shows them: names, searches, comments, messages, coupons, visitors.
    Hostile,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 14] = [
        Self::Calm,
        Self::Barrier,
        Self::TwoBarriers,
        Self::SilentStop,
        Self::Intermittent,
        Self::SlowRelease,
        Self::TopCustomers,
        Self::StableDifference,
        Self::HarmlessError,
        Self::TrafficMix,
        Self::Promo,
        Self::Outage,
        Self::Bots,
        Self::Hostile,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Barrier => "barrier",
            Self::TwoBarriers => "two-barriers",
            Self::SilentStop => "silent-stop",
            Self::Intermittent => "intermittent",
            Self::SlowRelease => "slow-release",
            Self::TopCustomers => "top-customers",
            Self::StableDifference => "stable-difference",
            Self::HarmlessError => "harmless-error",
            Self::TrafficMix => "traffic-mix",
            Self::Promo => "promo",
            Self::Outage => "outage",
            Self::Bots => "bots",
            Self::Hostile => "hostile",
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
}
