//! What somebody intends with a cart, drawn before anything happens, so that a barrier can only change what follows it.

use chacha20::ChaCha8Rng;
use serde::Serialize;

use crate::{
    calendar::{self, DAY, HOUR, MINUTE},
    event::Kind,
    journey::Motive,
    person::Person,
    rng::{Dice, whole},
    scenario::{Condition, Decoy, Lure},
};

/// The latent type of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// Wants to buy within three days.
    Buyer,
    /// Uses the cart as a wish list, and wants to buy later.
    Deferred,
    /// Does not want to buy.
    Never,
}

/// What a visit after the first is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Look at the cart again.
    Look,
    /// Go to the till, as far as this step.
    CheckOut(Kind),
    /// Throw everything out.
    Empty,
}

/// A later visit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leg {
    pub(crate) at: i64,
    pub(crate) purpose: Purpose,
}

/// The whole intention.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) intent: Intent,
    /// Why it will not be bought, or not yet.
    pub(crate) motive: Motive,
    /// Less inclined to buy because of a decoy.
    pub(crate) cold: bool,
    /// How far the first visit goes.
    pub(crate) first: Kind,
    /// What comes after it, in order of time.
    pub(crate) legs: Vec<Leg>,
    /// When the purchase is meant to begin.
    pub(crate) planned_at: Option<i64>,
    pub(crate) device: usize,
    /// Goes on with another device at each visit.
    pub(crate) crosses: bool,
    pub(crate) payment: &'static str,
    pub(crate) shipping: &'static str,
    pub(crate) coupon: Option<&'static str>,
}

/// The circumstances under which a cart is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) at: i64,
    pub(crate) channel: &'static str,
    /// Where the visit would have come from, had the mix of traffic not changed.
    pub(crate) usual_channel: &'static str,
    /// The day's inclination to buy, on the logit scale.
    pub(crate) mood: f64,
    /// Brought by the campaign of the promo scenario.
    pub(crate) promo: bool,
}

/// Latest planned purchase after opening: the cart must not have expired.
const LATEST: i64 = 29 * DAY;

impl Plan {
    /// `rng` decides on what is bought, and `habit` on what else people do meanwhile.
    pub(crate) fn draw(
        rng: &mut ChaCha8Rng,
        habit: &mut ChaCha8Rng,
        person: &Person,
        given: Circumstances,
        decoys: &[Decoy],
    ) -> Self {
        let own = person.devices.iter().filter(|device| !device.shared).count();
        let at_shared = own < person.devices.len() && rng.chance(0.3);
        let device = if at_shared { own } else { rng.skewed(own, 1.8) };
        let crosses = !at_shared && own > 1 && rng.chance(0.3);
        let kind = person.devices[device].agent.device;
        let coldness = coldness(decoys, given.channel, kind);
        let intent = intent(rng, person, given, kind, coldness);
        let mut plan = Self {
            intent,
            motive: Motive::Buy,
            cold: coldness > 0.0,
            first: Kind::AddToCart,
            legs: Vec::new(),
            planned_at: None,
            device,
            crosses,
            payment: payment(rng, person, person.devices[device].agent.os),
            shipping: rng.weighted(&[("standard", 0.68), ("express", 0.20), ("pickup", 0.12)]),
            coupon: coupon(rng, given.promo),
        };
        match intent {
            Intent::Buyer => plan.buy_soon(rng, given.at),
            Intent::Deferred => {
                plan.motive = Motive::WishList;
                plan.buy_later(rng, given.at);
            }
            Intent::Never => {
                let furthest = plan.drift(rng, given.at);
                plan.motive = Motive::of_drifter(habit, furthest);
            }
        }
        plan
    }

    /// Most buy at once, some in the course of the day, few on one of the next two.
    fn buy_soon(&mut self, rng: &mut ChaCha8Rng, at: i64) {
        let soon = rng.weighted(&[(0, 0.74), (1, 0.16), (2, 0.10)]);
        let delay = match soon {
            0 => {
                self.first = Kind::Purchase;
                self.planned_at = Some(at);
                return;
            }
            1 => rng.lognormal(4.0, 0.8).clamp(0.6, 20.0),
            _ => rng.between(20.0, 66.0),
        };
        let planned = season(rng, at, at + whole(delay * HOUR as f64), at + 68 * HOUR);
        self.first = halfway(rng);
        self.look(rng, at, planned, 0.3);
        self.legs.push(Leg { at: planned, purpose: Purpose::CheckOut(Kind::Purchase) });
        self.planned_at = Some(planned);
    }

    /// A wish list: looked at now and then, bought in the second week on average, or forgotten after all.
    fn buy_later(&mut self, rng: &mut ChaCha8Rng, at: i64) {
        let days = 3.2 + rng.exponential(6.5);
        let planned = at + whole(days * DAY as f64);
        let planned = season(rng, at + 73 * HOUR, planned, at + LATEST).min(at + LATEST);
        self.first = halfway(rng);
        self.look(rng, at, planned, 1.4);
        self.planned_at = Some(planned);
        if rng.chance(0.78) {
            self.legs.push(Leg { at: planned, purpose: Purpose::CheckOut(Kind::Purchase) });
        }
    }

    /// Some go far into the checkout to see the fees; some come back; some clear the cart.
    /// Returns the step that they go to at most.
    fn drift(&mut self, rng: &mut ChaCha8Rng, at: i64) -> Kind {
        let furthest = rng.weighted(&[
            (Kind::AddToCart, 0.43),
            (Kind::ViewCart, 0.22),
            (Kind::BeginCheckout, 0.16),
            (Kind::AddShippingInfo, 0.12),
            (Kind::AddPaymentInfo, 0.07),
        ]);
        self.look(rng, at, at + 20 * DAY, 0.4);
        match self.legs.last_mut() {
            Some(last) if rng.chance(0.3) => last.purpose = Purpose::CheckOut(furthest),
            Some(last) if rng.chance(0.25) => last.purpose = Purpose::Empty,
            _ => self.first = furthest,
        }
        if self.legs.is_empty() && rng.chance(0.04) {
            let soon = at + 40 * MINUTE + whole(rng.exponential(2.0) * HOUR as f64);
            self.legs.push(Leg { at: soon, purpose: Purpose::Empty });
        }
        furthest
    }

    /// Visits between now and then, only to look. They get rarer with time.
    fn look(&mut self, rng: &mut ChaCha8Rng, from: i64, until: i64, mean: f64) {
        let mut times: Vec<i64> = (0..rng.poisson(mean))
            .map(|_| {
                let at = from + 2 * HOUR + whole(rng.exponential(2.2) * DAY as f64);
                season(rng, from + HOUR, at, until)
            })
            .filter(|at| *at < until - HOUR)
            .collect();
        times.sort_unstable();
        self.legs.extend(times.into_iter().map(|at| Leg { at, purpose: Purpose::Look }));
    }
}

/// How much less inclined to buy a decoy makes this visit, on the logit scale.
fn coldness(decoys: &[Decoy], channel: &str, device: &str) -> f64 {
    let cold = decoys.iter().filter_map(|decoy| match decoy.lure {
        Lure::Coldness(coldness) => Some((coldness, &decoy.conditions)),
        _ => None,
    });
    let meets = |conditions: &[Condition]| {
        conditions.iter().all(|condition| {
            matches!(condition, Condition::Channel(name) if *name == channel)
                || matches!(condition, Condition::Device(name) if *name == device)
        })
    };
    cold.filter(|(_, conditions)| meets(conditions)).map(|(coldness, _)| coldness).sum()
}

fn intent(rng: &mut ChaCha8Rng, person: &Person, given: Circumstances, device: &str, coldness: f64) -> Intent {
    let device = match device {
        "desktop" => 0.22,
        "tablet" => 0.05,
        _ => -0.14,
    };
    let channel = match given.channel {
        "email" => 0.30,
        "direct" => 0.15,
        "social" => -0.40,
        "paid_social" => -1.3,
        _ => 0.0,
    };
    let buyer = -1.08 + 1.5 * person.loyalty + person.appetite + device + channel + given.mood - coldness;
    let deferred = -1.80 + 0.6 * person.loyalty + 0.5 * person.appetite;
    rng.weighted(&[(Intent::Buyer, buyer.exp()), (Intent::Deferred, deferred.exp()), (Intent::Never, 1.0)])
}

/// How far those go today who buy another day.
fn halfway(rng: &mut ChaCha8Rng) -> Kind {
    rng.weighted(&[
        (Kind::AddToCart, 0.45),
        (Kind::ViewCart, 0.33),
        (Kind::BeginCheckout, 0.15),
        (Kind::AddShippingInfo, 0.07),
    ])
}

/// Mostly the favourite; a telephone that can pay is used now and then.
fn payment(rng: &mut ChaCha8Rng, person: &Person, os: &str) -> &'static str {
    if os == "iOS" && rng.chance(0.12) { "apple_pay" } else { person.payment }
}

fn coupon(rng: &mut ChaCha8Rng, promo: bool) -> Option<&'static str> {
    let share = if promo { 0.5 } else { 0.09 };
    rng.chance(share).then(|| rng.pick(&["WELCOME10", "SPRING15", "THANKS10"]))
}

/// Moves a time to a likely hour of its day, where that keeps it between the bounds.
fn season(rng: &mut ChaCha8Rng, earliest: i64, at: i64, latest: i64) -> i64 {
    let likely = calendar::moment(rng, at.div_euclid(DAY) * DAY);
    if likely > earliest + 40 * MINUTE && likely < latest { likely } else { at }
}
