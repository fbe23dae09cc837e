//! What was written, counted by construction.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Config, Format,
    calendar::{self, DAY, as_text_or_null},
    delivery::{Parcel, State},
    event::Kind,
    truth::{CartTruth, WINDOW},
};

/// The counts of a simulated shop; the same as in `_truth/summary.json`.
///
/// Rows are lines of the files without headers, so they depend on the format. Events, carts and orders do not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the format.
    pub format: String,
    /// Seed.
    pub seed: u64,
    /// First day.
    pub start: String,
    /// Days.
    pub days: u32,
    /// Carts per average day, as configured.
    pub carts_per_day: u32,
    /// Files of events.
    pub files: u64,
    /// All rows: sound, duplicate and broken.
    pub rows: u64,
    /// Of these, rows that are there already, in the same file or an earlier one.
    pub duplicate_rows: u64,
    /// Of these, rows that cannot be read, by reason.
    pub broken_rows: BTreeMap<&'static str, u64>,
    /// Of these, sound rows that arrived in the file of a later day.
    pub late_rows: u64,
    /// Different events delivered, whether or not the format has a word for them.
    pub events: u64,
    /// The same by kind.
    pub events_by_kind: BTreeMap<Kind, u64>,
    /// Events too late for the last file, by their identifiers: where one of them opened or closed a cart, the logs
    /// cannot agree with the truth.
    pub undelivered_events: Vec<String>,
    /// Events that the outage swallowed.
    pub events_lost_in_outage: u64,
    /// Time of the first event delivered, in microseconds since the epoch.
    #[serde(serialize_with = "as_text_or_null")]
    pub first_ts: Option<i64>,
    /// Time of the last event delivered, in microseconds since the epoch.
    #[serde(serialize_with = "as_text_or_null")]
    pub last_ts: Option<i64>,
    /// Orders whose purchase was delivered.
    pub purchases: u64,
    /// Of these, without any cart.
    pub orders_without_cart: u64,
    /// Purchases sent again under the same order.
    pub resent_purchases: u64,
    /// Refunds.
    pub refunds: u64,
    /// Carts opened before the logs end.
    pub carts: u64,
    /// Of these, opened at least three days before the logs end.
    pub carts_matured: u64,
    /// Of the matured, not bought within three days.
    pub carts_abandoned: u64,
    /// Of the abandoned, bought later and before the logs end.
    pub carts_recovered: u64,
    /// Abandoned by matured carts; 0 where none has matured.
    pub abandoned_share: f64,
}

impl Summary {
    pub(crate) fn new(config: &Config, format: Format) -> Self {
        Self {
            scenario: config.scenario.to_string(),
            format: format.to_string(),
            seed: config.seed,
            start: config.start.to_string(),
            days: config.days,
            carts_per_day: config.carts_per_day,
            files: 0,
            rows: 0,
            duplicate_rows: 0,
            broken_rows: BTreeMap::new(),
            late_rows: 0,
            events: 0,
            events_by_kind: BTreeMap::new(),
            undelivered_events: Vec::new(),
            events_lost_in_outage: 0,
            first_ts: None,
            last_ts: None,
            purchases: 0,
            orders_without_cart: 0,
            resent_purchases: 0,
            refunds: 0,
            carts: 0,
            carts_matured: 0,
            carts_abandoned: 0,
            carts_recovered: 0,
            abandoned_share: 0.0,
        }
    }

    /// Counts what was written of a parcel.
    pub(crate) fn count(&mut self, parcel: &Parcel, rows: u64) {
        self.rows += rows;
        match parcel.state {
            State::Sound => {}
            State::Late => self.late_rows += rows,
            State::Duplicate => {
                self.duplicate_rows += rows;
                return;
            }
            State::Broken(_) => return,
        }
        let event = &parcel.event;
        self.events += 1;
        *self.events_by_kind.entry(event.kind).or_default() += 1;
        self.first_ts = Some(self.first_ts.map_or(event.ts, |first| first.min(event.ts)));
        self.last_ts = Some(self.last_ts.map_or(event.ts, |last| last.max(event.ts)));
        match event.kind {
            Kind::Purchase if event.resent => self.resent_purchases += 1,
            Kind::Purchase => {
                self.purchases += 1;
                self.orders_without_cart += u64::from(event.express);
            }
            Kind::Refund => self.refunds += 1,
            _ => {}
        }
    }

    /// Counts a broken row.
    pub(crate) fn count_broken(&mut self, reason: &'static str) {
        *self.broken_rows.entry(reason).or_default() += 1;
    }

    /// Counts a cart that was opened before `end`, the end of the logs.
    pub(crate) fn count_cart(&mut self, cart: &CartTruth, end: i64) {
        self.carts += 1;
        if cart.opened_at + WINDOW > end {
            return;
        }
        self.carts_matured += 1;
        if cart.outcome == "abandoned" {
            self.carts_abandoned += 1;
            self.carts_recovered += u64::from(cart.purchased_at.is_some_and(|at| at < end));
        }
        self.abandoned_share = self.carts_abandoned as f64 / self.carts_matured as f64;
    }
}

/// The end of the logs: midnight after the last day.
pub(crate) fn end(config: &Config) -> i64 {
    calendar::midnight(config.start) + i64::from(config.days) * DAY
}
