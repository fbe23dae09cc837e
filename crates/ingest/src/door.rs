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
}

impl Default for Door {
    fn default() -> Self {
        Self { programs: Programs::built_in(), bots: bots::Rules::default() }
    }
}
