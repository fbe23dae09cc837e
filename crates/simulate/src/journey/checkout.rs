//! The way through the till, with what goes wrong there.

use crate::{
    calendar::SECOND,
    event::{Event, Failure, Item, Kind, Money, Order, Page},
    hostile,
    journey::{Hit, Walk},
    person::Login,
    rng::{Dice, whole},
    scenario::{Attempt, Lure, Obstacle},
};

/// How a visit to the till ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The order went through.
    Paid,
    /// Went as far as intended.
    Left,
    /// Gave up after something went wrong.
    GaveUp,
}

/// What somebody does after something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    Leave,
    Again,
    Switch,
}

const NATURAL: [(Reaction, f64); 3] = [(Reaction::Leave, 0.24), (Reaction::Again, 0.46), (Reaction::Switch, 0.30)];

const PLANTED: [(Reaction, f64); 3] = [(Reaction::Leave, 0.64), (Reaction::Again, 0.22), (Reaction::Switch, 0.14)];

/// Nobody tries more often than this at one step.
const MOST_ATTEMPTS: u32 = 4;

/// What a step of the till usually takes to answer.
const LATENCY_MS: f64 = 290.0;

const FREE_SHIPPING_FROM: Money = Money(6_000);

const CHECKOUT: Page = Page::At("/checkout");
const SHIPPING: Page = Page::At("/checkout/shipping");
const PAYMENT: Page = Page::At("/checkout/payment");
const THANK_YOU: Page = Page::At("/checkout/thank-you");

impl Walk<'_> {
    /// Goes to the till, as far as `goal`.
    pub(crate) fn check_out(&mut self, goal: Kind) -> End {
        if self.basket.is_empty() || goal < Kind::ViewCart {
            return End::Left;
        }
        if goal == Kind::ViewCart || self.pen.rng.chance(0.8) {
            self.view_cart();
        }
        if goal == Kind::ViewCart {
            return End::Left;
        }
        if matches!(self.pen.person.login, Login::Always | Login::AtCheckout) {
            self.pen.login();
        }
        self.pen.pause(30.0);
        let items = self.basket.show(self.pen.now);
        self.coupon = self.plan.coupon;
        let (coupon, latency_ms) = (self.coupon_text(), self.latency(Kind::BeginCheckout));
        let event = self.pen.tell_of(Kind::BeginCheckout, CHECKOUT, items);
        event.coupon = coupon;
        event.latency_ms = latency_ms;
        if self.pen.rng.chance(0.004) {
            self.obstacle = SOLD_OUT.code;
            self.fail(SOLD_OUT, CHECKOUT);
            if self.pen.rng.chance(0.4) {
                return End::GaveUp;
            }
        }
        if goal == Kind::BeginCheckout {
            return End::Left;
        }
        if self.ship() == End::GaveUp {
            return End::GaveUp;
        }
        if goal == Kind::AddShippingInfo {
            self.ponder_costs();
            return End::Left;
        }
        if self.pen.person.login == Login::AtPayment {
            self.pen.login();
        }
        self.pay(goal)
    }

    fn ship(&mut self) -> End {
        let mut method = self.plan.shipping;
        for _ in 0..MOST_ATTEMPTS {
            self.pen.pause(45.0);
            self.shipping = Some(method);
            self.step(Kind::AddShippingInfo, SHIPPING);
            self.warn(Kind::AddShippingInfo, SHIPPING);
            let natural = self.pen.rng.chance(0.015).then_some(ADDRESS);
            let Some(reaction) = self.meet(Kind::AddShippingInfo, natural, SHIPPING) else {
                return End::Left;
            };
            match reaction {
                Reaction::Leave => return End::GaveUp,
                Reaction::Again => {}
                Reaction::Switch => method = "standard",
            }
        }
        End::GaveUp
    }

    /// Tries a cheaper way of delivery, to see what the whole costs then.
    pub(crate) fn switch_delivery(&mut self) {
        self.shipping = Some(if self.shipping == Some("pickup") { "standard" } else { "pickup" });
        self.step(Kind::AddShippingInfo, SHIPPING);
    }

    fn pay(&mut self, goal: Kind) -> End {
        let mut method = self.plan.payment;
        let mut told = None;
        for _ in 0..MOST_ATTEMPTS {
            self.pen.pause(50.0);
            self.payment = Some(method);
            if told != Some(method) {
                self.step(Kind::AddPaymentInfo, PAYMENT);
                told = Some(method);
                self.pen.pause(20.0);
            }
            // Half of those who do not mean to buy stop before they press the button.
            if goal == Kind::AddPaymentInfo && self.pen.rng.chance(0.5) {
                return End::Left;
            }
            let natural = declined(method).filter(|(_, rate)| self.pen.rng.chance(*rate));
            match self.meet(Kind::AddPaymentInfo, natural.map(|(failure, _)| failure), PAYMENT) {
                None if goal == Kind::AddPaymentInfo => return End::Left,
                None => {
                    self.purchase();
                    return End::Paid;
                }
                Some(Reaction::Leave) => return End::GaveUp,
                Some(_) if goal == Kind::AddPaymentInfo => return End::GaveUp,
                Some(Reaction::Again) => {}
                Some(Reaction::Switch) => method = self.other_than(method),
            }
        }
        End::GaveUp
    }

    /// Another way to pay.
    pub(crate) fn other_than(&mut self, method: &'static str) -> &'static str {
        loop {
            let other = self.pen.rng.pick(&["credit_card", "invoice", "klarna", "paypal"]);
            if other != method {
                return other;
            }
        }
    }

    /// Tries a step: runs into what is planted, or into what goes wrong anyway, or through.
    fn meet(&mut self, step: Kind, natural: Option<Failure>, page: Page) -> Option<Reaction> {
        if let Some(obstacle) = self.obstruction(step) {
            match obstacle {
                Obstacle::Error(failure) => self.fail(failure, page),
                Obstacle::Silence => {}
            }
            return Some(self.luck.weighted(&PLANTED));
        }
        let failure = natural?;
        self.obstacle = failure.code;
        self.fail(failure, page);
        Some(self.pen.rng.weighted(&NATURAL))
    }

    /// The planted barrier that this attempt fails at. Its dice are its own, so that a shop without barriers is the
    /// same shop up to the first hit.
    fn obstruction(&mut self, step: Kind) -> Option<Obstacle> {
        let attempt = self.attempt(step)?;
        for (index, barrier) in self.barriers.iter().enumerate() {
            if barrier.stands_before(&attempt) && self.luck.chance(barrier.failure_rate) {
                let hit = Hit { barrier: index, at: self.pen.now, value: self.basket.value() };
                self.hit.get_or_insert(hit);
                self.obstacle = barrier.name;
                return Some(barrier.obstacle);
            }
        }
        None
    }

    fn attempt(&self, step: Kind) -> Option<Attempt> {
        let visit = &self.pen.visit;
        Some(Attempt {
            at: self.pen.now,
            step,
            agent: visit.agent?,
            country: self.pen.person.country,
            channel: visit.channel,
            release: visit.release,
            payment_method: self.payment,
            shipping_method: self.shipping,
        })
    }

    /// How long the shop takes to answer a step of the till. Nobody waits so long that it moves the clock.
    fn latency(&mut self, step: Kind) -> Option<u32> {
        let attempt = self.attempt(step)?;
        let slowness: f64 = self.barriers.iter().map(|barrier| barrier.slows(&attempt)).product();
        let latency = slowness * self.habit.lognormal(LATENCY_MS, 0.45);
        u32::try_from(whole(latency)).ok()
    }

    /// Shows the error of a decoy, at the very moment of the step, and nobody minds.
    fn warn(&mut self, step: Kind, page: Page) {
        let decoys = self.decoys.iter().filter(|decoy| decoy.step == Some(step));
        let now = self.pen.now;
        let found = decoys.filter(|decoy| decoy.span.contains(now)).find_map(|decoy| match decoy.lure {
            Lure::Error(share, failure) => Some((decoy, share, failure)),
            _ => None,
        });
        let Some((decoy, share, failure)) = found else { return };
        if self.luck.chance(share) {
            self.lured = Some(decoy);
            self.failed = Some(failure.code);
            self.show(failure, page).ts = now + i64::from(failure.latency_ms) * 1_000;
        }
    }

    /// The error that the customer sees.
    fn fail(&mut self, failure: Failure, page: Page) {
        let latency = self.pen.rng.lognormal(f64::from(failure.latency_ms), 0.35);
        let latency_ms = u32::try_from(whole(latency)).unwrap_or(u32::MAX);
        self.pen.now += (i64::from(latency_ms) * 1_000).max(SECOND);
        self.failed = Some(failure.code);
        self.show(Failure { latency_ms, ..failure }, page);
    }

    fn show(&mut self, failure: Failure, page: Page) -> &mut Event {
        let message = if self.pen.world.hostile { hostile::message(failure.message) } else { failure.message };
        let event = self.step(Kind::CheckoutError, page);
        event.failure = Some(Failure { message, ..failure });
        event
    }

    /// The coupon as it is written.
    fn coupon_text(&self) -> Option<&'static str> {
        if self.pen.world.hostile { self.coupon.map(hostile::coupon) } else { self.coupon }
    }

    /// Writes down a step with the choices made so far.
    fn step(&mut self, kind: Kind, page: Page) -> &mut Event {
        let (payment, shipping, coupon) = (self.payment, self.shipping, self.coupon_text());
        let answered = matches!(kind, Kind::AddShippingInfo | Kind::AddPaymentInfo);
        let latency_ms = if answered { self.latency(kind) } else { None };
        let event = self.pen.tell(kind, Some(page));
        event.latency_ms = latency_ms;
        event.payment_method = payment;
        event.shipping_method = shipping;
        event.coupon = coupon;
        event
    }

    fn purchase(&mut self) {
        self.pen.pause(10.0);
        if self.pen.person.login == Login::Rarely && self.pen.rng.chance(0.5) {
            self.pen.login();
        }
        let mut items = self.basket.lines().to_vec();
        // Now and then a line is saved for later, and stays behind.
        if items.len() > 1 && self.pen.rng.chance(0.06) {
            items.pop();
        }
        let order = price(&items, self.pen.now, self.shipping, self.coupon, self.pen.story.order(self.pen.world.seed));
        let event = self.step(Kind::Purchase, THANK_YOU);
        event.items = items;
        event.order = Some(order);
        event.order_value = Some(order.total());
        self.bought = Some((event.ts, order));
    }
}

/// What an order costs. Lines without a shown price are charged all the same.
pub(crate) fn price(
    items: &[Item],
    at: i64,
    shipping: Option<&str>,
    coupon: Option<&str>,
    id: crate::event::OrderId,
) -> Order {
    let goods: Money = items.iter().map(|item| item.paid(at)).sum();
    let percent = match coupon {
        Some("SPRING15") => 15,
        Some(_) => 10,
        None => 0,
    };
    let shipping = match shipping {
        Some("express") => Money(990),
        Some("standard") if goods < FREE_SHIPPING_FROM => Money(490),
        _ => Money(0),
    };
    Order { id, goods: goods - Money(goods.0 * percent / 100), shipping }
}

const SOLD_OUT: Failure =
    Failure { code: "STOCK-409", message: "no longer in stock", http_status: 409, latency_ms: 180 };

const ADDRESS: Failure = Failure { code: "ADDR-07", message: "address not found", http_status: 422, latency_ms: 350 };

/// What goes wrong with a payment method on any day, and how often.
fn declined(method: &str) -> Option<(Failure, f64)> {
    let (code, message, http_status, latency_ms, rate) = match method {
        "credit_card" | "saved_card" => ("PSP-101", "card declined", 402, 1_400, 0.045),
        "paypal" => ("PSP-120", "payment window closed", 499, 2_500, 0.020),
        "invoice" | "klarna" => ("RISK-204", "refused by risk check", 403, 900, 0.030),
        "bank_transfer" => ("BANK-310", "bank not available, \"try later\"", 503, 4_000, 0.015),
        "apple_pay" => ("PSP-130", "wallet cancelled", 499, 1_100, 0.012),
        _ => return None,
    };
    Some((Failure { code, message, http_status, latency_ms }, rate))
}
