//! Carts not bought within the window → how likely each is still bought by an age of 7, 14 and 30 days.
//!
//! ```text
//! frame: carts at the end of their window ─┬─> groups     the days after the window, of similar carts
//!                                          ├─> hazards    a spline logit for each part of these days, calibrated
//!                                          ├─> backtest   both, week by week, blind to what came after ──> method
//!                                          └─> behaviour  what was seen up to then, and what is bought later
//! ```
//!
//! Everything is as of the end of the window: nothing that is seen later makes a cart likelier. A part of the days after it
//! is learnt from by all carts that were still unbought at its beginning and have been watched to its end, so that young
//! carts tell of the first days and count for no more.

pub(super) mod backtest;
pub mod behaviour;
mod groups;
mod hazards;
pub(crate) mod table;

use std::collections::HashMap;

use events::time::{self, DAY};
use rayon::prelude::*;
use serde::Serialize;

use super::champion::Why;
use super::features::{Features, at, number_at};
use super::landmark::{Cart, Frame, Purpose, Row};
use super::model::Method;
use super::shelf::Shelf;
use crate::Settings;
use behaviour::{Behaviour, Compared};
use groups::Groups;
use hazards::Hazards;

pub use backtest::LaterQuality;

/// Ages, in days, by which carts are asked for again.
pub const BY_DAYS: [i64; 3] = [7, 14, 30];
/// Days of carts that are told of: those opened before were judged on earlier nights.
pub const DAYS: i64 = 90;

/// What is bought after the window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Later {
    /// Carts opened from this moment on are told of, microseconds since 1970.
    #[serde(serialize_with = "crate::text::moment")]
    pub opened_from: i64,
    /// Carts not bought within the window that were found in the events.
    pub carts: u64,
    /// Those of them that may still be bought.
    pub open: u64,
    /// How many of these are expected to be, by the last of these ages.
    pub expected: f64,
    /// Those of [`BY_DAYS`] that lie beyond the window.
    pub by_days: Vec<i64>,
    /// What the probabilities come from: [`Method::SplineLogit`] or, of similar carts, [`Method::GroupRate`].
    pub method: Method,
    /// Why that.
    pub why: Why,
    /// Carts that the model was trained on; 0 where there is none.
    pub trained_on: u64,
    /// How good both were on past weeks; `None` before there is anything to judge.
    pub quality: Option<LaterQuality>,
    /// What goes together with being bought later.
    pub compared: Option<Compared>,
    /// Rows of [`crate::schema::LATER`].
    #[serde(skip)]
    pub rows: Vec<LaterCart>,
}

/// A cart that was not bought within the window: a row of [`crate::schema::LATER`].
#[derive(Clone, Debug, PartialEq)]
pub struct LaterCart {
    /// The cart.
    pub cart_id: String,
    /// When its window ended.
    pub window_end: i64,
    /// Whether each behaviour had been seen by then, as [`Behaviour::ALL`].
    pub seen: [bool; Behaviour::ALL.len()],
    /// Segment of its person, as known then.
    pub segment: Option<String>,
    /// Its device.
    pub device: Option<String>,
    /// Third of the carts by value, from 1; 0 where nothing had a price.
    pub value_third: u8,
    /// Probability, at the end of the window, to be bought by the age of each of [`BY_DAYS`]; `None` within the window.
    pub by: [Option<f64>; BY_DAYS.len()],
    /// Probability to be bought after the window and by the last of these ages, as known now: 1 if it was, 0 once it
    /// cannot be.
    pub now: f64,
    /// What the probabilities come from.
    pub method: Method,
}

/// The days after the window, cut at the ages by which carts are asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    window: i64,
    /// Where each part ends, in microseconds of age, rising.
    ends: Vec<i64>,
}

impl Parts {
    /// Windows of 30 days and more leave none of the ages: then the 30 days after it are one part.
    pub(super) fn of(window: i64) -> Self {
        let mut ends: Vec<i64> = BY_DAYS.iter().map(|days| days * DAY).filter(|end| *end > window).collect();
        if ends.is_empty() {
            ends.push(window + BY_DAYS[BY_DAYS.len() - 1] * DAY);
        }
        Self { window, ends }
    }

    fn start(&self, part: usize) -> i64 {
        part.checked_sub(1).map_or(self.window, |before| self.ends[before])
    }

    fn last(&self) -> i64 {
        self.ends[self.ends.len() - 1]
    }

    /// Days from the window to the end of the last part, the last one perhaps not whole.
    fn days(&self) -> usize {
        usize::try_from((self.last() - self.window).max(0).div_euclid(DAY) + 1).expect("some days")
    }

    /// The day after the window on which a cart has this age.
    fn day(&self, age: i64) -> usize {
        usize::try_from((age - self.window).max(0) / DAY).unwrap_or(usize::MAX)
    }

    /// Whether the cart is bought after the window, and by the end of a part.
    fn is_bought(&self, cart: &Cart, part: usize) -> bool {
        cart.is_abandoned(self.window) && !cart.is_unbought(cart.opened_at + self.ends[part])
    }
}

/// Of the carts still unbought at the beginning of each part, the share expected to be at its end.
type Kept = Vec<f64>;

/// What was learnt as of one moment.
struct Learnt {
    groups: Groups,
    hazards: Option<Hazards>,
}

impl Learnt {
    fn of(frame: &Frame, origin: i64, parts: &Parts, shelf: &mut Shelf) -> Self {
        Self { groups: Groups::of(frame, origin, parts), hazards: Hazards::of(frame, origin, parts, shelf) }
    }

    fn kept(&self, features: &Features, method: Method, parts: &Parts) -> Kept {
        match self.hazards.as_ref().filter(|_| method == Method::SplineLogit) {
            Some(hazards) => hazards.kept(features),
            None => self.groups.kept(Some(features), parts),
        }
    }
}

/// Carts at the end of their window, with their positions.
fn at_window(frame: &Frame) -> impl Iterator<Item = (usize, &Row)> {
    frame.rows.iter().enumerate().filter(|(_, row)| row.purpose == Purpose::Window)
}

/// What is expected of the carts of the last [`DAYS`] days that were not bought within the window.
pub(super) fn later(frame: &Frame, settings: &Settings, shelf: &mut Shelf) -> Later {
    let parts = Parts::of(settings.window);
    let judged = backtest::run(frame, settings, &parts, shelf);
    let learnt = Learnt::of(frame, judged.origin, &parts, shelf);
    let (method, why) = match judged.choice {
        choice if choice.0 == Method::SplineLogit && learnt.hazards.is_none() => {
            (Method::GroupRate, Why::TooLittleData)
        }
        choice => choice,
    };
    let opened_from = i64::from(time::utc_day(settings.as_of.saturating_sub(DAYS * DAY))) * DAY;
    let told: Vec<&Row> = at_window(frame)
        .map(|(_, row)| row)
        .filter(|row| frame.carts[row.cart as usize].opened_at >= opened_from)
        .collect();
    let thirds = behaviour::Thirds::of(&told);
    let row_of = |row: &&Row| {
        let cart = &frame.carts[row.cart as usize];
        let kept = learnt.kept(&row.features, method, &parts);
        let word = |at: usize| frame.vocabularies[at].word(row.features.words[at]).map(str::to_owned);
        LaterCart {
            cart_id: cart.name.clone(),
            window_end: row.moment,
            seen: behaviour::seen(&row.features, &frame.vocabularies),
            segment: word(at::SEGMENT),
            device: word(at::DEVICE),
            value_third: thirds.third(row.features.numbers[number_at::VALUE]),
            by: by_ages(&kept, &parts),
            now: now(cart, &kept, &learnt.groups, &parts, settings.as_of),
            method,
        }
    };
    let rows: Vec<LaterCart> = told.par_iter().map(row_of).collect();
    let can_be_bought = |row: &Row| frame.carts[row.cart as usize].can_be_bought(&parts, settings.as_of);
    let open: Vec<&LaterCart> =
        told.iter().zip(&rows).filter(|(row, _)| can_be_bought(row)).map(|(_, told)| told).collect();
    Later {
        opened_from,
        carts: rows.len() as u64,
        open: open.len() as u64,
        expected: open.iter().map(|row| row.now).sum(),
        by_days: BY_DAYS.into_iter().filter(|days| days * DAY > settings.window).collect(),
        method,
        why,
        trained_on: learnt.hazards.as_ref().map_or(0, |hazards| hazards.carts),
        quality: judged.quality,
        compared: behaviour::compare(frame, &told, &rows, settings, &parts),
        rows,
    }
}

/// At the end of the window, the probability to be bought by each age.
fn by_ages(kept: &[f64], parts: &Parts) -> [Option<f64>; BY_DAYS.len()] {
    BY_DAYS.map(|days| {
        let part = parts.ends.iter().position(|end| *end == days * DAY)?;
        Some(1.0 - kept[..=part].iter().product::<f64>())
    })
}

/// The probability to be bought by the last age, as known now: of the part that a cart is in, as much is left as the curve
/// of all carts says.
fn now(cart: &Cart, kept: &[f64], groups: &Groups, parts: &Parts, as_of: i64) -> f64 {
    if !cart.is_unbought(as_of) {
        return 1.0;
    }
    let age = as_of - cart.opened_at;
    if !cart.can_be_bought(parts, as_of) {
        return 0.0;
    }
    let part = parts.ends.partition_point(|end| *end <= age);
    let left = kept[part].powf(groups.left(part, age, parts)) * kept[part + 1..].iter().product::<f64>();
    1.0 - left
}

impl Cart {
    /// Whether it is not bought yet, and can be by the last age.
    fn can_be_bought(&self, parts: &Parts, as_of: i64) -> bool {
        self.is_unbought(as_of) && !self.is_expired && as_of - self.opened_at < parts.last()
    }
}

impl Later {
    /// By `cart_id`: the probability at the end of the window to be bought by the last age, and that as known now.
    pub(crate) fn chances(&self) -> HashMap<&str, (f64, f64)> {
        let at_window = |row: &LaterCart| row.by.iter().rev().find_map(|p| *p).unwrap_or(row.now);
        self.rows.iter().map(|row| (row.cart_id.as_str(), (at_window(row), row.now))).collect()
    }
}
