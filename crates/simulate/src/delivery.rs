//! From what happened to what arrives: late, twice, or broken.
//!
//! The dice here never look at the format, so all formats tell the same story with the same mishaps.

use std::collections::BTreeMap;

use crate::{
    Config,
    event::{Event, EventId},
    rng::{Dice, Domain, stream},
    scenario::Span,
};

/// What is wrong with a broken copy. How it shows depends on the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Damage {
    Price,
    Quantity,
    Time,
    Kind,
    Identity,
}

const DAMAGES: [Damage; 5] = [Damage::Price, Damage::Quantity, Damage::Time, Damage::Kind, Damage::Identity];

/// In what state an event arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// As it should.
    Sound,
    /// As it should, in the file of a later day.
    Late,
    /// Once more, byte for byte.
    Duplicate,
    /// A copy that cannot be read.
    Broken(Damage),
}

/// An event in a file.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) event: Event,
    pub(crate) state: State,
}

/// The way from the shop to the files.
#[derive(Debug)]
pub(crate) struct Delivery {
    seed: u64,
    duplicates: f64,
    late: f64,
    broken: f64,
    days: u32,
    outage: Option<Span>,
    held: BTreeMap<u32, Vec<Parcel>>,
    /// Events that would have arrived after the last file.
    pub(crate) undelivered: Vec<EventId>,
    /// Events that the outage swallowed.
    pub(crate) lost: u64,
}

impl Delivery {
    pub(crate) fn new(config: &Config, outage: Option<Span>) -> Self {
        Self {
            seed: config.seed,
            duplicates: config.duplicates,
            late: config.late,
            broken: config.broken,
            days: config.days,
            outage,
            held: BTreeMap::new(),
            undelivered: Vec::new(),
            lost: 0,
        }
    }

    /// The content of the day's file, in its order: what is late first, as it is oldest.
    pub(crate) fn deliver(&mut self, day: u32, events: Vec<Event>) -> Vec<Parcel> {
        let mut rng = stream(self.seed, Domain::Delivery, u64::from(day), 0);
        let mut file = self.held.remove(&day).unwrap_or_default();
        file.reserve(events.len());
        for event in events {
            // The same throws for every event, so that an outage moves nothing else.
            let late = rng.chance(self.late).then(|| 1 + rng.poisson(0.5).min(2));
            let again = rng.chance(self.duplicates).then(|| u32::from(rng.chance(0.3)));
            let damage = rng.chance(self.broken).then(|| rng.pick(&DAMAGES));
            if self.outage.is_some_and(|outage| outage.contains(event.ts)) {
                self.lost += 1;
                continue;
            }
            let arrives = day + late.unwrap_or(0);
            let mut send = |on: u32, event: Event, state| {
                let parcel = Parcel { event, state };
                if on == day {
                    file.push(parcel);
                } else if on < self.days {
                    self.held.entry(on).or_default().push(parcel);
                } else if state == State::Late {
                    self.undelivered.push(parcel.event.id);
                }
            };
            if let Some(days) = again {
                send(arrives + days, event.clone(), State::Duplicate);
            }
            if let Some(damage) = damage {
                send(arrives, event.clone(), State::Broken(damage));
            }
            send(arrives, event, if late.is_some() { State::Late } else { State::Sound });
        }
        file.sort_unstable_by_key(|parcel| (parcel.event.ts, parcel.event.id, parcel.state));
        file
    }
}
