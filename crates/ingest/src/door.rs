//! What is done to rows at the door, before anything of them is stored.

use std::sync::Arc;

use events::bots;

use crate::agent::Programs;

/// A shop's own ways at the door.
#[derive(Clone, Debug)]
pub struct Door {
    /// Programs that say what they are.
    pub programs: Arc<Programs>,
    /// When a visitor is a program by what he does.
    pub bots: bots::Rules,
    /// What becomes of rows more than a day ahead of the run's clock.
    pub future: Future,
}

/// What becomes of rows more than a day ahead of the run's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Future {
    /// They are rejected.
    #[default]
    Quarantine,
    /// They happened at the run's clock: the device's clock is wrong, and what it tells is not.
    Clamp,
}

impl Default for Door {
    fn default() -> Self {
        Self { programs: Programs::built_in(), bots: bots::Rules::default(), future: Future::default() }
    }
}
