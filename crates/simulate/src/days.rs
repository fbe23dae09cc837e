//! The shop, day by day. Only people with a cart and events still to come are held in memory.

use std::collections::BTreeMap;

use chacha20::ChaCha8Rng;
use chrono::NaiveDate;

use crate::{
    Config,
    calendar::{self, DAY},
    event::{Event, VisitorId},
    hostile,
    journey::{self, Circumstances, Class, Story, StoryId, World},
    person::{Person, PersonKey},
    rng::{Dice, Domain, stream},
    scenario::{Condition, Lure},
    truth::CartTruth,
};

/// Share of carts opened by people with an account.
const ACCOUNTS: f64 = 0.62;

/// Exponent by which frequent customers come more often: the most frequent tenth comes in about a third of the carts.
const FREQUENCY: f64 = 2.1;

/// Visits without a cart, and orders without one, per cart.
const BROWSERS: f64 = 1.1;
const EXPRESS: f64 = 0.025;

/// Carts that the campaign brings, per ordinary cart.
const PROMO: f64 = 0.6;

/// Bots in the scenario of that name.
const BOTS: u32 = 12;

/// Day effects: how much of yesterday's is left today, and their standard deviations on the log scale.
const PERSISTENCE: f64 = 0.6;
const MOOD: f64 = 0.08;
const CROWD: f64 = 0.10;

/// One day of the shop.
#[derive(Debug)]
pub struct Day {
    /// The date, UTC.
    pub date: NaiveDate,
    /// What happened on it, in order of time.
    pub events: Vec<Event>,
    /// The carts of the visits that began on it, in order of opening.
    pub carts: Vec<CartTruth>,
    /// Browsers that bots began to use on it.
    pub bots: Vec<VisitorId>,
}

/// The days of a shop, in order.
#[derive(Debug)]
pub struct Days {
    world: World,
    config: Config,
    start: i64,
    next: u32,
    mood: f64,
    crowd: f64,
    /// Events that have been told and whose day has not come, by day.
    ahead: BTreeMap<u32, Vec<Event>>,
    /// When people with a cart may open another one.
    busy: BTreeMap<PersonKey, i64>,
}

impl Days {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            world: World::new(config),
            config: config.clone(),
            start: calendar::midnight(config.start),
            next: 0,
            mood: 0.0,
            crowd: 0.0,
            ahead: BTreeMap::new(),
            busy: BTreeMap::new(),
        }
    }

    /// The world that the days happen in.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    fn begin(&mut self, today: u32, midnight: i64) {
        let mut rng = stream(self.config.seed, Domain::Day, u64::from(today), 0);
        let fresh = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
        self.mood = PERSISTENCE * self.mood + fresh * MOOD * rng.normal();
        self.crowd = PERSISTENCE * self.crowd + fresh * CROWD * rng.normal();
        self.busy.retain(|_, until| *until > midnight);
    }

    /// Everybody who comes today.
    fn tell(&mut self, day: &mut Day, today: u32, midnight: i64) {
        let mut rng = stream(self.config.seed, Domain::Day, u64::from(today), 1);
        let usual = f64::from(self.config.carts_per_day);
        let crowd = usual * calendar::weekday(midnight) * self.crowd.exp();
        for index in 0..rng.poisson(crowd) {
            self.cart(day, StoryId::new(today, Class::Cart, index), midnight, false);
        }
        let campaign = self.world.planted.promo();
        if campaign.is_some_and(|span| span.from < midnight + DAY && midnight < span.until) {
            // Beyond the indices that ordinary carts can reach.
            let first = 1 << 27;
            for index in first..first + rng.poisson(PROMO * crowd) {
                self.cart(day, StoryId::new(today, Class::Cart, index), midnight, true);
            }
        }
        for index in 0..rng.poisson(BROWSERS * crowd) {
            let story = StoryId::new(today, Class::Browse, index);
            let mut rng = story.dice(self.config.seed, Domain::Opening);
            let at = calendar::moment(&mut rng, midnight);
            let person = self.person(anybody(&mut rng, &self.world));
            self.keep(journey::browse(&self.world, &person, story, at), None);
        }
        for index in 0..rng.poisson(EXPRESS * crowd) {
            let story = StoryId::new(today, Class::Express, index);
            let mut rng = story.dice(self.config.seed, Domain::Opening);
            let at = calendar::moment(&mut rng, midnight);
            let key = self.somebody_free(&mut rng, at, story);
            let told = journey::express(&self.world, &self.person(key), story, at);
            self.keep(told, Some(key));
        }
        if let Some(span) = self.world.planted.bots().filter(|span| (midnight..midnight + DAY).contains(&span.from)) {
            for index in 0..BOTS {
                let story = StoryId::new(today, Class::Bot, index);
                let person = self.person(PersonKey::Bot(index));
                day.bots.push(person.devices[0].visitor);
                let at = journey::bot_start(&self.world, story, span.from);
                self.keep(journey::bot(&self.world, &person, story, at, span.until), None);
            }
        }
    }

    fn cart(&mut self, day: &mut Day, story: StoryId, midnight: i64, promo: bool) {
        let mut rng = story.dice(self.config.seed, Domain::Opening);
        let at = calendar::moment(&mut rng, midnight);
        if promo && !self.world.planted.promo().is_some_and(|span| span.contains(at)) {
            return;
        }
        let usual_channel = if promo { "paid_social" } else { rng.weighted(&journey::CHANNELS) };
        let key = if promo { self.newcomer(&mut rng, story) } else { self.somebody_free(&mut rng, at, story) };
        let channel = self.mixed(story, at).unwrap_or(usual_channel);
        let given = Circumstances { at, channel, usual_channel, mood: self.mood, promo };
        let mut told = journey::cart(&self.world, &self.person(key), story, given);
        day.carts.extend(told.cart.take());
        self.keep(told, Some(key));
    }

    /// The channel that the cart comes by instead of its usual one, once the mix of traffic has changed.
    fn mixed(&self, story: StoryId, at: i64) -> Option<&'static str> {
        self.world.planted.decoys.iter().find_map(|decoy| match (decoy.lure, decoy.conditions.first()?) {
            (Lure::Mix(share), Condition::Channel(channel)) if decoy.span.contains(at) => {
                story.dice(self.config.seed, Domain::Mix).chance(share).then_some(*channel)
            }
            _ => None,
        })
    }

    fn person(&self, key: PersonKey) -> Person {
        let mut person = Person::new(self.config.seed, key, self.world.customers);
        if self.world.hostile {
            for device in &mut person.devices {
                device.visitor.1 = hostile::visitor(device.visitor.0);
            }
        }
        person
    }

    /// Somebody without a cart of their own at that time.
    fn somebody_free(&self, rng: &mut ChaCha8Rng, at: i64, story: StoryId) -> PersonKey {
        for _ in 0..8 {
            let key = anybody(rng, &self.world);
            if self.busy.get(&key).is_none_or(|until| *until <= at) {
                return key;
            }
        }
        self.newcomer(rng, story)
    }

    /// Somebody who was never here: a guest from beyond the pool.
    fn newcomer(&self, rng: &mut ChaCha8Rng, story: StoryId) -> PersonKey {
        let beyond = u32::MAX - self.world.guests;
        loop {
            let scattered = crate::rng::mix(story.number() ^ rng.below(1 << 20) as u64) % u64::from(beyond);
            let key = PersonKey::Guest(self.world.guests + u32::try_from(scattered).unwrap_or(0));
            if !self.busy.contains_key(&key) {
                return key;
            }
        }
    }

    /// Puts the events of a story to their days. What lies beyond the horizon is never logged.
    fn keep(&mut self, story: Story, key: Option<PersonKey>) {
        if let Some(key) = key {
            self.busy.insert(key, story.free_at);
        }
        for event in story.events {
            let day = u32::try_from((event.ts - self.start).div_euclid(DAY)).unwrap_or(u32::MAX);
            if day < self.config.days {
                self.ahead.entry(day).or_default().push(event);
            }
        }
    }
}

/// Somebody from the pools.
fn anybody(rng: &mut ChaCha8Rng, world: &World) -> PersonKey {
    let (accounts, guests) = (world.customers as usize, world.guests as usize);
    if rng.chance(ACCOUNTS) {
        PersonKey::Customer(u32::try_from(rng.skewed(accounts, FREQUENCY)).unwrap_or(0))
    } else {
        PersonKey::Guest(u32::try_from(rng.below(guests)).unwrap_or(0))
    }
}

impl Iterator for Days {
    type Item = Day;

    fn next(&mut self) -> Option<Day> {
        let today = self.next;
        if today >= self.config.days {
            return None;
        }
        self.next += 1;
        let midnight = self.start + i64::from(today) * DAY;
        let mut day = Day { date: calendar::date(midnight), events: Vec::new(), carts: Vec::new(), bots: Vec::new() };
        self.begin(today, midnight);
        self.tell(&mut day, today, midnight);
        day.events = self.ahead.remove(&today).unwrap_or_default();
        day.events.sort_unstable_by_key(|event| (event.ts, event.id));
        day.carts.sort_by(|a, b| (a.opened_at, &a.opening_event_id).cmp(&(b.opened_at, &b.opening_event_id)));
        Some(day)
    }
}
