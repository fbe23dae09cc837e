//! A shop that does not exist: from a seed to months of logs, in every format that can be read, with the truth beside
//! them.
//!
//! ```text
//!     config ──> days ──> delivery ──> write ──> events_20260105.csv, …
//!              (stories)  (late,       (native,
//!                  │      twice,        GA4,
//!                  │      broken)       REES46)
//!                  └──> truth ──> _truth/{carts.ndjson, barriers.json, summary.json}
//! ```
//!
//! - `scenario`: what is planted; `catalogue`: what is sold; `person`: who comes; `hostile`: texts that attack.
//! - `journey`: what one person does with one cart, from intention to refund.
//! - `days`: who comes on which day; `delivery`: what happens to the events on their way.
//! - `write`: one module per format, pure functions from an event to bytes.
//!
//! All dice are keyed by what they are for, so the same seed gives the same bytes, another format tells the same story,
//! and a longer horizon leaves earlier days as they were.
//!
//! ```no_run
//! use simulate::{Config, Format, Scenario};
//!
//! let config = Config { days: 30, scenario: Scenario::Barrier, ..Config::default() };
//! let summary = simulate::simulate(&config, Format::NativeCsv, "logs".as_ref())?;
//! println!("{} rows, {:.0} % abandoned", summary.rows, 100.0 * summary.abandoned_share);
//! # Ok::<(), simulate::Error>(())
//! ```

mod calendar;
mod catalogue;
mod config;
mod days;
mod delivery;
mod error;
pub mod event;
mod hostile;
mod journey;
mod output;
mod person;
mod rng;
mod scenario;
mod summary;
mod truth;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use catalogue::Product;
pub use config::Config;
pub use days::{Day, Days};
pub use error::Error;
pub use event::{Event, Kind};
pub use journey::Intent;
pub use person::PersonKey;
pub use scenario::Scenario;
pub use summary::Summary;
pub use truth::{CartTruth, Why};
pub use write::Format;

use crate::{
    delivery::{Delivery, State},
    output::Output,
    truth::PlantedTruth,
};

/// Writes the shop's logs into `out`, one file per day in the order of their names, and the truth into `out/_truth`.
///
/// What an earlier simulation left in the folder is replaced; other files stay. The summary is written last: a folder
/// without one is incomplete.
///
/// # Errors
///
/// A setting out of range, or a file that cannot be written.
pub fn simulate(config: &Config, format: Format, out: &Path) -> Result<Summary, Error> {
    config.check()?;
    let output = Output::new(out, format)?;
    let end = summary::end(config);
    let days = days(config);
    let mut planted = PlantedTruth::new(&days.world().planted);
    let mut delivery = Delivery::new(config, days.world().planted.outage());
    let mut summary = Summary::new(config, format);
    let mut carts = output.truth("carts.ndjson")?;
    for (number, day) in (0..).zip(days) {
        for cart in day.carts.iter().filter(|cart| cart.opened_at < end) {
            write::json::line(cart, &mut carts.buffer);
            carts.pass()?;
            planted.count(cart, end);
            summary.count_cart(cart, end);
        }
        for bot in day.bots {
            planted.saw_bot(bot.to_string());
        }
        let mut file = output.day(day.date)?;
        for parcel in delivery.deliver(number, day.events) {
            let rows = match parcel.state {
                State::Broken(damage) => {
                    let reason = format.write_broken(&parcel.event, damage, &mut file.buffer);
                    reason.into_iter().map(|reason| summary.count_broken(reason)).count() as u64
                }
                State::Sound | State::Late | State::Duplicate => format.write(&parcel.event, &mut file.buffer),
            };
            summary.count(&parcel, rows);
            file.pass()?;
        }
        file.finish()?;
        summary.files += 1;
    }
    summary.undelivered_events = delivery.undelivered.iter().map(ToString::to_string).collect();
    summary.events_lost_in_outage = delivery.lost;
    carts.finish()?;
    output.truth_object("barriers.json", &planted)?;
    output.truth_object("summary.json", &summary)?;
    Ok(summary)
}

/// The days of the shop, with their events and the truth about their carts, without any file.
///
/// Nothing is late, doubled or broken here: that happens on the way to the files. Settings are taken as they are; see
/// [`Config::check`].
#[must_use]
pub fn days(config: &Config) -> Days {
    Days::new(config)
}

/// All events of the shop in order of time, without any file. See [`days`].
pub fn shop(config: &Config) -> impl Iterator<Item = Event> + use<> {
    days(config).flat_map(|day| day.events)
}
