//! What the exit codes mean.

use crate::config::ConfigError;
use crate::inputs::InputError;
use crate::night::Refused;

/// Something failed; the published generation is as it was.
pub(crate) const FAILED: u8 = 1;
/// The command line or leftcart.toml is wrong.
pub(crate) const USAGE: u8 = 2;
/// Too many rows were unreadable: they are in quarantine, nothing was published.
pub(crate) const REFUSED: u8 = 4;

/// The exit code of an error.
pub(crate) fn of(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigError>() || error.is::<InputError>() {
        USAGE
    } else if error.is::<Refused>() {
        REFUSED
    } else {
        FAILED
    }
}
