//! The promises of the whole shop: same seed same bytes, other format same story, and a truth that the logs bear out.

mod contract;
mod delivered;
mod planted;
mod story;

use crate::{Config, Scenario};

/// A shop small enough to be simulated in every test.
fn small(scenario: Scenario) -> Config {
    Config { days: 12, carts_per_day: 60, seed: 7, scenario, ..Config::default() }
}
