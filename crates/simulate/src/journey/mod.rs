//! One person's way through the shop: from a [`Plan`] to the events it leaves behind.
//!
//! A journey is told at once when it begins, with all visits, and is a pure function of the shop and the journey's
//! number. Its future events wait until their day comes.

mod after;
mod basket;
mod checkout;
mod motive;
mod pen;
mod plan;
mod visits;
mod voices;

use chacha20::ChaCha8Rng;

use crate::{
    Config, Scenario,
    calendar::{DAY, HOUR, MINUTE},
    catalogue::Catalogue,
    event::{Event, Item, Kind, Money, Order, Page},
    journey::{basket::Basket, checkout::End, pen::Pen, plan::Purpose},
    person::{Login, Person},
    rng::{Dice, Domain, whole},
    scenario::{Barrier, Decoy, Lure, Planted},
    truth::CartTruth,
};

pub(crate) use motive::Motive;
pub(crate) use pen::{Class, StoryId};
pub use plan::Intent;
pub(crate) use plan::{Circumstances, Plan};
pub(crate) use visits::{CHANNELS, bot, bot_start, browse, express};

/// A cart not touched for this long is over.
pub(crate) const EXPIRY: i64 = 30 * DAY;

/// Account holders per cart opened on an average day. Carts left behind keep their person from opening another one,
/// so the pool has to be much larger than the carts of a month.
const CUSTOMERS: u32 = 60;

/// Guests per cart opened on an average day: few come twice.
const GUESTS: u32 = 200;

/// What does not change from day to day.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) catalogue: Catalogue,
    pub(crate) planted: Planted,
    /// Whether texts attack those who show them.
    pub(crate) hostile: bool,
    pub(crate) customers: u32,
    pub(crate) guests: u32,
}

impl World {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            seed: config.seed,
            catalogue: Catalogue::new(config.seed, config.scenario == Scenario::Hostile),
            planted: Planted::new(config),
            hostile: config.scenario == Scenario::Hostile,
            customers: config.carts_per_day.saturating_mul(CUSTOMERS).clamp(100, 900_000_000),
            guests: config.carts_per_day.saturating_mul(GUESTS).max(100),
        }
    }
}

/// What a journey left behind.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) events: Vec<Event>,
    pub(crate) cart: Option<CartTruth>,
    /// When the person may open another cart.
    pub(crate) free_at: i64,
}

/// The first time that a planted barrier stopped somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) barrier: usize,
    pub(crate) at: i64,
    /// What was in the cart.
    pub(crate) value: Money,
}

/// Somebody who wanted to buy gave up at the till.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    pub(crate) at: i64,
    /// The planted barrier, else the code of what went wrong.
    pub(crate) by: &'static str,
}

/// A cart on its way.
pub(crate) struct Walk<'w> {
    pub(crate) pen: Pen<'w>,
    pub(crate) plan: Plan,
    pub(crate) basket: Basket,
    barriers: &'w [Barrier],
    decoys: &'w [Decoy],
    luck: ChaCha8Rng,
    habit: ChaCha8Rng,
    payment: Option<&'static str>,
    shipping: Option<&'static str>,
    coupon: Option<&'static str>,
    pub(crate) hit: Option<Hit>,
    pub(crate) failed: Option<&'static str>,
    /// What stopped the latest attempt at the till.
    obstacle: &'static str,
    pub(crate) stop: Option<Stop>,
    /// The decoy that the cart met.
    pub(crate) lured: Option<&'w Decoy>,
    pub(crate) bought: Option<(i64, Order)>,
}

/// The story of a cart. Where a barrier stood in the way, or a decoy, it is told again without, to know what would have
/// been.
pub(crate) fn cart(world: &World, person: &Person, story: StoryId, given: Circumstances) -> Story {
    let Planted { barriers, decoys } = &world.planted;
    let walk = Walk::run(world, person, story, given, barriers, decoys);
    let would_have = match walk.hit {
        Some(_) => Walk::run(world, person, story, given, &[], decoys).bought,
        None => walk.bought,
    };
    let without_decoy = match walk.lured {
        Some(_) => Walk::run(world, person, story, given, barriers, &[]).bought,
        None => walk.bought,
    };
    let last = walk.pen.events.iter().filter(|event| event.kind.is_cart_event() && !event.resent);
    let last_activity_at = last.map(|event| event.ts).max().unwrap_or(given.at);
    let free_at = match walk.bought {
        Some((at, _)) => at + HOUR,
        None => last_activity_at + EXPIRY + HOUR,
    };
    let cart = CartTruth::new(&walk, last_activity_at, would_have.map(|(at, _)| at), without_decoy.map(|(at, _)| at));
    Story { events: walk.pen.events, cart, free_at }
}

impl<'w> Walk<'w> {
    fn run(
        world: &'w World,
        person: &'w Person,
        story: StoryId,
        given: Circumstances,
        barriers: &'w [Barrier],
        decoys: &'w [Decoy],
    ) -> Self {
        let mut pen = Pen::new(world, person, story);
        let mut habit = story.dice(world.seed, Domain::Habit);
        let mixed = decoys.iter().find(|decoy| matches!(decoy.lure, Lure::Mix(_)));
        let channel = if mixed.is_some() { given.channel } else { given.usual_channel };
        let given = Circumstances { channel, ..given };
        let plan = Plan::draw(&mut pen.rng, &mut habit, person, given, decoys);
        let luck = story.dice(world.seed, Domain::Barrier);
        let campaign = decoys.iter().find(|decoy| given.promo && decoy.lure == Lure::Campaign);
        let cold = decoys.iter().find(|decoy| plan.cold && matches!(decoy.lure, Lure::Coldness(_)));
        let lured = campaign.or(cold).or(mixed.filter(|_| given.channel != given.usual_channel));
        let mut walk = Self {
            pen,
            plan,
            basket: Basket::default(),
            barriers,
            decoys,
            luck,
            habit,
            payment: None,
            shipping: None,
            coupon: None,
            hit: None,
            failed: None,
            obstacle: "",
            stop: None,
            lured,
            bought: None,
        };
        walk.tell(given);
        walk
    }

    fn tell(&mut self, given: Circumstances) {
        let first = self.plan.first;
        self.arrive(given.at, self.plan.device, given.channel);
        self.fill();
        self.linger();
        let mut end = self.check_out(first);
        let mut goal = first;
        for number in 0..self.plan.legs.len() {
            if end != End::Left {
                break;
            }
            let leg = self.plan.legs[number];
            let at = leg.at.max(self.pen.now + 35 * MINUTE);
            let channel = self.pen.rng.weighted(&RETURNS);
            self.arrive(at, self.device(number + 1), channel);
            match leg.purpose {
                Purpose::Look => {
                    self.look_again();
                    self.linger_again();
                }
                Purpose::Empty => self.empty(),
                Purpose::CheckOut(step) => {
                    goal = step;
                    end = self.check_out(step);
                }
            }
        }
        if end == End::GaveUp {
            self.note_stop(goal);
            after::gave_up(&mut self.pen, self.obstacle);
            if goal == Kind::Purchase {
                end = self.come_back();
                if end == End::GaveUp {
                    self.note_stop(goal);
                }
            }
        }
        match self.bought {
            Some((_, order)) if end == End::Paid => {
                let items = self.ordered();
                after::bought(&mut self.pen, order, &items);
            }
            _ => after::left_behind(&mut self.pen, self.plan.motive),
        }
    }

    /// Remembers who was stopped: those who wanted to buy, now or later.
    fn note_stop(&mut self, goal: Kind) {
        if goal == Kind::Purchase || self.plan.intent == Intent::Deferred {
            self.stop = Some(Stop { at: self.pen.now, by: self.obstacle });
        }
    }

    /// A few of those who gave up try again another day, and another way.
    fn come_back(&mut self) -> End {
        if !self.pen.rng.chance(0.18) {
            return End::GaveUp;
        }
        let days = 0.3 + self.pen.rng.exponential(2.5).min(20.0);
        let at = self.pen.now + whole(days * DAY as f64);
        if let Some(method) = self.payment {
            self.plan.payment = self.other_than(method);
        }
        self.plan.shipping = "standard";
        self.arrive(at, self.plan.device, "direct");
        self.check_out(Kind::Purchase)
    }

    /// Begins a visit, logged in where the browser remembers or the habit asks for it.
    fn arrive(&mut self, at: i64, device: usize, channel: &'static str) {
        self.pen.arrive(at, device, channel);
        // A cart that moves from device to device does so by the account.
        let moved = self.plan.crosses && self.pen.visit.session.is_some_and(|session| session.number > 1);
        let remembered = match self.pen.person.login {
            Login::Always => 0.94,
            _ if self.pen.person.devices[device].shared => 0.8,
            _ => 0.25,
        };
        if self.pen.rng.chance(remembered) || moved {
            self.pen.login();
        }
    }

    fn device(&self, leg: usize) -> usize {
        let own = self.pen.person.devices.iter().filter(|device| !device.shared).count();
        if self.plan.crosses { (self.plan.device + leg) % own } else { self.plan.device }
    }

    /// The first visit: look around, and put things into the cart.
    fn fill(&mut self) {
        self.pen.enter();
        let wealth = self.pen.person.wealth;
        let products = 1 + self.pen.rng.poisson(0.75 * wealth.min(4.0)).min(11);
        let mut added = 0;
        while added < products {
            let item = self.pen.choose();
            // Not all that is looked at is taken.
            let taken = self.pen.rng.chance(0.55);
            let wished = self.pen.rng.chance(if self.plan.intent == Intent::Deferred { 0.22 } else { 0.05 });
            if wished {
                self.pen.pause(12.0);
                self.pen.tell_of(Kind::AddToWishlist, Page::OfItem, vec![item.clone()]);
            }
            if taken && !self.basket.holds(&item.product) {
                self.add(item);
                added += 1;
            }
        }
        if self.plan.crosses && self.pen.visit.customer.is_none() {
            // The account takes the cart along, and the logs show it on this device too.
            self.pen.pause(15.0);
            self.pen.login();
            self.pen.tell(Kind::PageView, Some(Page::At("/account")));
        }
        self.reconsider();
    }

    /// A later visit that is not meant to end at the till.
    fn look_again(&mut self) {
        self.pen.enter();
        if self.pen.rng.chance(0.5) && !self.basket.is_empty() {
            let line = self.pen.rng.below(self.basket.lines().len());
            let seen = self.basket.lines()[line].product.clone();
            self.pen.pause(25.0);
            let price = seen.shown(self.pen.now);
            self.pen.tell_of(Kind::ViewItem, Page::OfItem, vec![Item { product: seen, quantity: 1, price }]);
        }
        if self.pen.rng.chance(0.7) {
            self.view_cart();
        }
        if self.pen.rng.chance(0.18) {
            let item = self.pen.choose();
            self.add(item);
        }
        self.reconsider();
    }

    /// Sometimes something goes out again, but never the last thing.
    fn reconsider(&mut self) {
        if self.pen.rng.chance(0.09) {
            let line = self.pen.rng.below(self.basket.lines().len());
            if self.basket.lines()[line].quantity > 1 {
                self.pen.pause(20.0);
                let item = self.basket.reduce(self.pen.now, line);
                self.pen.tell_of(Kind::RemoveFromCart, CART, vec![item]);
            } else if self.basket.lines().len() > 1 {
                self.remove(line);
            }
        }
    }

    fn empty(&mut self) {
        self.view_cart();
        while !self.basket.is_empty() {
            self.remove(0);
        }
    }

    fn remove(&mut self, line: usize) {
        self.pen.pause(12.0);
        let item = self.basket.remove(self.pen.now, line);
        self.pen.tell_of(Kind::RemoveFromCart, CART, vec![item]);
    }

    fn add(&mut self, item: Item) {
        self.pen.pause(18.0);
        let price = item.product.shown(self.pen.now);
        let item = Item { price, ..item };
        self.basket.add(self.pen.now, &item);
        self.pen.tell_of(Kind::AddToCart, Page::OfItem, vec![item]);
    }

    fn view_cart(&mut self) {
        self.pen.pause(20.0);
        let items = self.basket.show(self.pen.now);
        self.pen.tell_of(Kind::ViewCart, CART, items);
    }

    /// The lines of the order.
    fn ordered(&self) -> Vec<Item> {
        let purchase = self.pen.events.iter().find(|event| event.kind == Kind::Purchase);
        purchase.map_or_else(Vec::new, |event| event.items.clone())
    }
}

const CART: Page = Page::At("/cart");

/// Where people come from when they return to a cart.
const RETURNS: [(&str, f64); 5] =
    [("direct", 0.48), ("email", 0.22), ("organic_search", 0.18), ("paid_search", 0.08), ("referral", 0.04)];
