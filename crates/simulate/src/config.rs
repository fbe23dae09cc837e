//! What shop to simulate, and for how long.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

use crate::{Error, Scenario};

/// Longest horizon: about a century. Day numbers are part of every identifier and take 16 bits there.
const MOST_DAYS: u32 = 36_525;

/// Largest shop: the pool of customers and guests has to fit 32 bits.
const MOST_CARTS_PER_DAY: u32 = 1_000_000;

/// The settings of a simulated shop. The same settings give the same bytes.
///
/// A longer horizon leaves earlier days as they were, with one exception that is meant: the onset of a planted
/// disturbance lies at a share of the horizon unless [`onset`](Self::onset) says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Days of logs.
    pub days: u32,
    /// Carts opened on an average day. Days differ by weekday, a slow wave and chance.
    pub carts_per_day: u32,
    /// Seed of everything.
    pub seed: u64,
    /// What is planted in the shop.
    pub scenario: Scenario,
    /// First day of the logs.
    pub start: NaiveDate,
    /// When the planted disturbance begins (UTC); by default at 14:00 of the day at 70 % of the horizon.
    pub onset: Option<NaiveDateTime>,
    /// Share of events delivered twice, byte for byte, in the same file or in the next day's. In 0..=1.
    pub duplicates: f64,
    /// Share of events that arrive late: one to three days after they happened, in that day's file. In 0..=1.
    pub late: f64,
    /// Share of events beside which a broken copy of their row is written. In 0..=1.
    pub broken: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            days: 60,
            carts_per_day: 400,
            seed: 1,
            scenario: Scenario::default(),
            start: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
            onset: None,
            duplicates: 0.001,
            late: 0.002,
            broken: 0.0005,
        }
    }
}

impl Config {
    /// Checks that the shop can be simulated.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<(), Error> {
        if !(1..=MOST_DAYS).contains(&self.days) {
            return Err(Error::Setting {
                setting: "days",
                value: self.days.to_string(),
                expected: "between 1 and 36525",
            });
        }
        if self.carts_per_day > MOST_CARTS_PER_DAY {
            return Err(Error::Setting {
                setting: "carts_per_day",
                value: self.carts_per_day.to_string(),
                expected: "at most 1000000",
            });
        }
        // Four-digit years keep the file names in the order of their days.
        if !(1970..9800).contains(&self.start.year()) {
            return Err(Error::Setting {
                setting: "start",
                value: self.start.to_string(),
                expected: "between 1970-01-01 and 9799-12-31",
            });
        }
        for (setting, share) in [("duplicates", self.duplicates), ("late", self.late), ("broken", self.broken)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::Setting { setting, value: share.to_string(), expected: "a share between 0 and 1" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_shop_can_be_simulated() {
        Config::default().check().unwrap();
    }

    #[test]
    fn a_share_above_one_is_refused_by_name() {
        let config = Config { late: 1.5, ..Config::default() };
        assert_eq!(config.check().unwrap_err().to_string(), "late is 1.5, but has to be a share between 0 and 1");
    }

    #[test]
    fn not_a_number_is_no_share() {
        let config = Config { broken: f64::NAN, ..Config::default() };
        assert!(config.check().is_err());
    }
}
