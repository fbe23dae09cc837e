//! Writes down what one person does: keeps the clock, the visit, the dice and the numbering of events.

use std::sync::Arc;

use chacha20::ChaCha8Rng;

use crate::{
    calendar::SECOND,
    event::{Event, EventId, Item, Kind, OrderId, Page, Release, Session, SessionId, Visit},
    journey::World,
    person::Person,
    rng::{Dice, Domain, mix, stream, whole},
};

/// Kinds of stories, so that each has identifiers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Cart = 0,
    Browse = 1,
    Express = 2,
    Bot = 3,
}

/// One story of one day. It is the upper part of the identifiers of its events: 16 bits day, 4 class, 28 index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoryId(u64);

impl StoryId {
    pub(crate) const fn new(day: u32, class: Class, index: u32) -> Self {
        Self((day as u64) << 48 | (class as u64) << 44 | (index as u64) << 16)
    }

    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// The dice of one domain in this story.
    pub(crate) fn dice(self, seed: u64, domain: Domain) -> ChaCha8Rng {
        stream(seed, domain, self.0, 0)
    }

    /// The order of this story; there is at most one.
    pub(crate) const fn order(self, seed: u64) -> OrderId {
        OrderId(mix(self.0 ^ mix(seed ^ ORDER)))
    }

    const fn event(self, seed: u64, number: u16) -> EventId {
        EventId(mix((self.0 | number as u64) ^ mix(seed ^ EVENT)))
    }

    const fn session(self, seed: u64, number: u16) -> SessionId {
        SessionId(mix((self.0 | number as u64) ^ mix(seed ^ SESSION)))
    }
}

// Keep the identifiers of one story apart.
const EVENT: u64 = 0x0e5e_0000_0000_0001;
const SESSION: u64 = 0x5e55_0000_0000_0002;
const ORDER: u64 = 0x0de5_0000_0000_0003;

/// Shortest time between two steps of a person. It is longer than the largest quantity of a line in seconds, which
/// is what keeps pieces apart in formats that tell them by the second.
const SHORTEST: f64 = 8.0;

/// Longest time between two steps of one visit, well below the half hour after which visits are usually split.
const LONGEST: f64 = 1_200.0;

pub(crate) struct Pen<'w> {
    pub(crate) world: &'w World,
    pub(crate) person: &'w Person,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) now: i64,
    pub(crate) events: Vec<Event>,
    pub(crate) story: StoryId,
    pub(crate) visit: Arc<Visit>,
    written: u16,
    sessions: u16,
}

impl<'w> Pen<'w> {
    pub(crate) fn new(world: &'w World, person: &'w Person, story: StoryId) -> Self {
        Self {
            world,
            person,
            rng: story.dice(world.seed, Domain::Story),
            now: 0,
            events: Vec::new(),
            story,
            visit: Arc::new(Visit {
                person: person.key,
                visitor: None,
                customer: None,
                session: None,
                agent: None,
                country: None,
                channel: None,
                release: None,
            }),
            written: 0,
            sessions: 0,
        }
    }

    /// Begins a visit.
    pub(crate) fn arrive(&mut self, at: i64, device: usize, channel: &'static str) {
        let device = &self.person.devices[device];
        self.sessions += 1;
        self.now = at;
        self.visit = Arc::new(Visit {
            person: self.person.key,
            visitor: Some(device.visitor),
            customer: None,
            session: Some(Session {
                id: self.story.session(self.world.seed, self.sessions),
                number: self.sessions,
                started_at: at,
            }),
            agent: Some(device.agent),
            country: Some(self.person.country),
            channel: Some(channel),
            release: Some(Release::at(at)),
        });
    }

    /// Logs in, for those who have an account; from here on the events show it.
    pub(crate) fn login(&mut self) {
        let account = self.person.key.customer();
        if self.visit.customer != account {
            self.visit = Arc::new(Visit { customer: account, ..(*self.visit).clone() });
        }
    }

    /// Leaves the shop's pages: what follows is known from mails, calls and the back office, under the identity last
    /// shown.
    pub(crate) fn step_outside(&mut self, channel: Option<&'static str>) {
        self.visit = Arc::new(Visit {
            // Mails and returns are booked on the account, where there is one.
            visitor: self.visit.visitor.filter(|_| self.visit.customer.is_none()),
            session: None,
            agent: None,
            channel,
            release: None,
            ..(*self.visit).clone()
        });
    }

    /// Lets time pass, around this many seconds.
    pub(crate) fn pause(&mut self, median: f64) {
        let seconds = self.rng.lognormal(median, 0.7).clamp(SHORTEST, LONGEST);
        self.now += whole(seconds * SECOND as f64);
    }

    /// Writes down an event of now.
    pub(crate) fn tell(&mut self, kind: Kind, page: Option<Page>) -> &mut Event {
        self.written += 1;
        self.events.push(Event {
            id: self.story.event(self.world.seed, self.written),
            ts: self.now,
            kind,
            visit: Arc::clone(&self.visit),
            page,
            items: Vec::new(),
            order: None,
            order_value: None,
            resent: false,
            express: false,
            payment_method: None,
            shipping_method: None,
            coupon: None,
            failure: None,
            latency_ms: None,
            voice: None,
        });
        let last = self.events.len() - 1;
        &mut self.events[last]
    }

    /// Writes down an event about products.
    pub(crate) fn tell_of(&mut self, kind: Kind, page: Page, items: Vec<Item>) -> &mut Event {
        let event = self.tell(kind, Some(page));
        event.items = items;
        event
    }
}
