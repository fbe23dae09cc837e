//! What the exit codes mean.

use crate::config::ConfigError;
use crate::inputs::InputError;
use crate::night::Refused;
use crate::watch::Raised;

/// Something failed; the published generation is as it was.
pub(crate) const FAILED: u8 = 1;
/// The command line or leftcart.toml is wrong.
pub(crate) const USAGE: u8 = 2;
/// Done, and an alert was raised, which `--fail-on-alert` asked to be told of.
pub(crate) const ALERT: u8 = 3;
/// Too many rows were unreadable: they are in quarantine, nothing was published.
pub(crate) const REFUSED: u8 = 4;

/// The exit code of an error.
pub(crate) fn of(error: &anyhow::Error) -> u8 {
    if error.is::<Raised>() {
        ALERT
    } else if error.is::<ConfigError>() || error.is::<InputError>() {
        USAGE
    } else if error.is::<Refused>() {
        REFUSED
    } else {
        FAILED
    }
}
