//! Barriers and decoys with their dates.

use std::collections::BTreeMap;

use crate::{
    Config, Scenario,
    calendar::{self, DAY, HOUR},
    event::{Agent, Failure, Kind, Release},
};

/// One part of the condition under which a barrier stands, or by which a decoy is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Device(&'static str),
    Os(&'static str),
    Browser(&'static str),
    Country(&'static str),
    Channel(&'static str),
    Release(Release),
    PaymentMethod(&'static str),
    ShippingMethod(&'static str),
}

impl Condition {
    /// The column of the logs and its value.
    pub(crate) fn column(self) -> (&'static str, String) {
        match self {
            Self::Device(value) => ("device", value.to_owned()),
            Self::Os(value) => ("os", value.to_owned()),
            Self::Browser(value) => ("browser", value.to_owned()),
            Self::Country(value) => ("country", value.to_owned()),
            Self::Channel(value) => ("channel", value.to_owned()),
            Self::Release(value) => ("release", value.to_string()),
            Self::PaymentMethod(value) => ("payment_method", value.to_owned()),
            Self::ShippingMethod(value) => ("shipping_method", value.to_owned()),
        }
    }

    /// Columns and values of all of them.
    pub(crate) fn columns(conditions: &[Self]) -> BTreeMap<&'static str, String> {
        conditions.iter().map(|condition| condition.column()).collect()
    }
}

/// What someone tries at the till.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) at: i64,
    pub(crate) step: Kind,
    pub(crate) agent: Agent,
    pub(crate) country: &'static str,
    pub(crate) channel: Option<&'static str>,
    pub(crate) release: Option<Release>,
    pub(crate) payment_method: Option<&'static str>,
    pub(crate) shipping_method: Option<&'static str>,
}

impl Attempt {
    fn meets(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| match *condition {
            Condition::Device(device) => self.agent.device == device,
            Condition::Os(os) => self.agent.os == os,
            Condition::Browser(browser) => self.agent.browser == browser,
            Condition::Country(country) => self.country == country,
            Condition::Channel(channel) => self.channel == Some(channel),
            Condition::Release(release) => self.release == Some(release),
            Condition::PaymentMethod(method) => self.payment_method == Some(method),
            Condition::ShippingMethod(method) => self.shipping_method == Some(method),
        })
    }
}

/// How a barrier shows to those whom it stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Obstacle {
    /// An error, in the logs too.
    Error(Failure),
    /// Nothing: the next page does not come.
    Silence,
}

/// Something that keeps people from buying.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Barrier {
    pub(crate) name: &'static str,
    pub(crate) conditions: Vec<Condition>,
    /// The last step that those who are stopped get to.
    pub(crate) step: Kind,
    pub(crate) span: Span,
    /// Share of the attempts in its slice that it stops.
    pub(crate) failure_rate: f64,
    pub(crate) obstacle: Obstacle,
    /// By how much the shop takes longer to answer in its slice, at every step of the till.
    pub(crate) slowness: f64,
}

impl Barrier {
    /// Whether the attempt runs into it (before chance).
    pub(crate) fn stands_before(&self, attempt: &Attempt) -> bool {
        attempt.step == self.step && self.span.contains(attempt.at) && attempt.meets(&self.conditions)
    }

    /// By how much the shop takes longer to answer.
    pub(crate) fn slows(&self, attempt: &Attempt) -> f64 {
        let slow = self.span.contains(attempt.at) && attempt.meets(&self.conditions);
        if slow { self.slowness } else { 1.0 }
    }
}

/// What makes a decoy look like a barrier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lure {
    /// The slice is less inclined to buy, by so much on the logit scale.
    Coldness(f64),
    /// An error is shown at this share of the attempts, and nobody minds.
    Error(f64, Failure),
    /// This share of carts comes from the slice instead of from where it used to.
    Mix(f64),
    /// A campaign brings people who mostly look around.
    Campaign,
    /// Nothing is tracked.
    Outage,
    /// Programs fill carts.
    Programs,
}

impl Lure {
    /// Its name in the truth.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Coldness(_) => "stable difference",
            Self::Error(..) => "harmless error",
            Self::Mix(_) => "traffic mix",
            Self::Campaign => "campaign",
            Self::Outage => "tracking outage",
            Self::Programs => "programs",
        }
    }
}

/// Something that looks like a barrier and is none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decoy {
    pub(crate) name: &'static str,
    pub(crate) lure: Lure,
    pub(crate) conditions: Vec<Condition>,
    /// The step at which it shows, if it does at one.
    pub(crate) step: Option<Kind>,
    pub(crate) span: Span,
}

/// A stretch of time, from and until, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Span {
    pub(crate) const ALWAYS: Self = Self { from: i64::MIN, until: i64::MAX };

    pub(crate) fn contains(self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// What the scenario plants, with its dates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Planted {
    pub(crate) barriers: Vec<Barrier>,
    pub(crate) decoys: Vec<Decoy>,
}

impl Planted {
    /// Dates the scenario for this shop.
    pub(crate) fn new(config: &Config) -> Self {
        let onset = config.onset.map_or_else(
            || calendar::midnight(config.start) + i64::from(config.days) * 7 / 10 * DAY + 14 * HOUR,
            calendar::micros,
        );
        let lasting = |time| Span { from: onset, until: onset + time };
        let (mut barriers, mut decoys) = (Vec::new(), Vec::new());
        match config.scenario {
            Scenario::Calm | Scenario::Hostile => {}
            Scenario::Barrier => barriers.push(paypal(onset)),
            Scenario::TwoBarriers => barriers.extend([paypal(onset), express(onset + DAY)]),
            Scenario::SilentStop => barriers.push(silence(onset)),
            Scenario::Intermittent => barriers.push(intermittent(onset)),
            Scenario::SlowRelease => barriers.push(slow(Release::next(onset))),
            Scenario::TopCustomers => barriers.push(stored_cards(onset)),
            Scenario::StableDifference => decoys.push(cold()),
            Scenario::HarmlessError => decoys.push(harmless(onset)),
            Scenario::TrafficMix => decoys.push(mix(onset)),
            Scenario::Promo => decoys.push(Decoy {
                name: "campaign",
                lure: Lure::Campaign,
                conditions: vec![Condition::Channel("paid_social")],
                step: None,
                span: lasting(5 * DAY),
            }),
            Scenario::Outage => decoys.push(Decoy {
                name: "tracking-outage",
                lure: Lure::Outage,
                conditions: Vec::new(),
                step: None,
                span: lasting(6 * HOUR),
            }),
            Scenario::Bots => decoys.push(Decoy {
                name: "programs",
                lure: Lure::Programs,
                conditions: vec![Condition::Browser("HeadlessChrome")],
                step: None,
                span: lasting(3 * HOUR),
            }),
        }
        Self { barriers, decoys }
    }

    fn span(&self, lure: Lure) -> Option<Span> {
        self.decoys.iter().find(|decoy| decoy.lure == lure).map(|decoy| decoy.span)
    }

    /// When the campaign runs.
    pub(crate) fn promo(&self) -> Option<Span> {
        self.span(Lure::Campaign)
    }

    /// When nothing is tracked.
    pub(crate) fn outage(&self) -> Option<Span> {
        self.span(Lure::Outage)
    }

    /// When programs come.
    pub(crate) fn bots(&self) -> Option<Span> {
        self.span(Lure::Programs)
    }
}

fn from(onset: i64) -> Span {
    Span { from: onset, until: i64::MAX }
}

fn paypal(onset: i64) -> Barrier {
    Barrier {
        name: "paypal-ios",
        conditions: vec![Condition::PaymentMethod("paypal"), Condition::Os("iOS")],
        step: Kind::AddPaymentInfo,
        span: from(onset),
        failure_rate: 0.85,
        obstacle: Obstacle::Error(Failure {
            code: "PSP-502",
            message: "payment provider did not answer",
            http_status: 502,
            latency_ms: 10_000,
        }),
        slowness: 1.0,
    }
}

fn express(onset: i64) -> Barrier {
    Barrier {
        name: "express-austria",
        conditions: vec![Condition::ShippingMethod("express"), Condition::Country("AT")],
        step: Kind::AddShippingInfo,
        span: from(onset),
        failure_rate: 0.8,
        obstacle: Obstacle::Error(Failure {
            code: "SHIP-301",
            message: "no carrier for this address",
            http_status: 422,
            latency_ms: 700,
        }),
        slowness: 1.0,
    }
}

fn silence(onset: i64) -> Barrier {
    Barrier {
        name: "silent-belgium",
        conditions: vec![Condition::Country("BE")],
        step: Kind::AddShippingInfo,
        span: from(onset),
        failure_rate: 0.9,
        obstacle: Obstacle::Silence,
        slowness: 1.0,
    }
}

fn intermittent(onset: i64) -> Barrier {
    Barrier {
        name: "card-service",
        conditions: vec![Condition::PaymentMethod("credit_card")],
        step: Kind::AddPaymentInfo,
        span: from(onset),
        failure_rate: 0.35,
        obstacle: Obstacle::Error(Failure {
            code: "SVC-503",
            message: "service temporarily unavailable",
            http_status: 503,
            latency_ms: 3_000,
        }),
        slowness: 1.0,
    }
}

fn slow(release: Release) -> Barrier {
    Barrier {
        name: "slow-release",
        conditions: vec![Condition::Release(release)],
        step: Kind::AddPaymentInfo,
        span: Span { from: release.live_at(), until: Release(release.0 + 1).live_at() },
        failure_rate: 1.0 / 3.0,
        obstacle: Obstacle::Error(Failure {
            code: "REL-500",
            message: "the page could not be loaded",
            http_status: 500,
            latency_ms: 9_000,
        }),
        slowness: 8.0,
    }
}

fn stored_cards(onset: i64) -> Barrier {
    Barrier {
        name: "stored-cards",
        conditions: vec![Condition::PaymentMethod("saved_card")],
        step: Kind::AddPaymentInfo,
        span: from(onset),
        failure_rate: 0.8,
        obstacle: Obstacle::Error(Failure {
            code: "TOK-410",
            message: "stored card could not be read",
            http_status: 410,
            latency_ms: 600,
        }),
        slowness: 1.0,
    }
}

fn cold() -> Decoy {
    Decoy {
        name: "social-mobile",
        lure: Lure::Coldness(1.2),
        conditions: vec![Condition::Channel("social"), Condition::Device("mobile")],
        step: None,
        span: Span::ALWAYS,
    }
}

fn harmless(onset: i64) -> Decoy {
    let failure = Failure {
        code: "ADDR-WARN",
        message: "address could not be verified, please check it",
        http_status: 200,
        latency_ms: 240,
    };
    Decoy {
        name: "address-warning",
        lure: Lure::Error(0.4, failure),
        conditions: Vec::new(),
        step: Some(Kind::AddShippingInfo),
        span: from(onset),
    }
}

fn mix(onset: i64) -> Decoy {
    Decoy {
        name: "more-social",
        lure: Lure::Mix(0.4),
        conditions: vec![Condition::Channel("social")],
        step: None,
        span: from(onset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_barrier_stands_only_in_its_slice_and_after_its_onset() {
        let barrier = paypal(1_000);
        let attempt = Attempt {
            at: 1_000,
            step: Kind::AddPaymentInfo,
            agent: Agent { device: "mobile", os: "iOS", browser: "Safari" },
            country: "DE",
            channel: None,
            release: None,
            payment_method: Some("paypal"),
            shipping_method: Some("standard"),
        };
        let android = Agent { os: "Android", ..attempt.agent };
        assert!(barrier.stands_before(&attempt));
        assert!(!barrier.stands_before(&Attempt { at: 999, ..attempt }));
        assert!(!barrier.stands_before(&Attempt { agent: android, ..attempt }));
        assert!(!barrier.stands_before(&Attempt { payment_method: Some("klarna"), ..attempt }));
    }

    #[test]
    fn a_slow_release_is_slow_for_its_week_only() {
        let onset = calendar::midnight(chrono::NaiveDate::from_ymd_opt(2026, 2, 16).unwrap());
        let barrier = slow(Release::next(onset));
        assert_eq!(barrier.span.until - barrier.span.from, 7 * DAY);
        assert!((onset..onset + 7 * DAY).contains(&barrier.span.from));
        assert_eq!(Condition::columns(&barrier.conditions)["release"], Release::at(barrier.span.from).to_string());
    }
}
