//! What is done to rows at the door, before anything of them is stored.

use std::sync::Arc;

use events::bots;

use crate::agent::Programs;
use crate::pseudonym::{self, Key};
use crate::row::{Field, RawRow};
use crate::{ids, mask};

/// A shop's own ways at the door.
#[derive(Clone, Debug)]
pub struct Door {
    /// Programs that say what they are.
    pub programs: Arc<Programs>,
    /// When a visitor is a program by what he does.
    pub bots: bots::Rules,
    /// What becomes of rows more than a day ahead of the run's clock.
    pub future: Future,
    /// How persons are hidden, if they are.
    pub privacy: Option<Privacy>,
}

/// How persons are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// The key of their pseudonyms.
    pub key: Key,
    /// Whether visitors and visits have pseudonyms too. Without it, only those have whose ids are made of e-mail addresses
    /// or of clients' addresses.
    pub visitors: bool,
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
        Self { programs: Programs::built_in(), bots: bots::Rules::default(), future: Future::default(), privacy: None }
    }
}

impl Door {
    /// Takes out of a row what is not to be stored of a person: addresses, and with a key, who it was.
    pub(crate) fn hide_person(&self, row: &mut RawRow<'_>) {
        for field in [Field::VisitorId, Field::CustomerId, Field::SessionId] {
            let Some(id) = row.get(field) else { continue };
            let stored = ids::stored(id.into());
            let hidden = self.privacy.as_ref().and_then(|privacy| privacy.pseudonym(field, &stored));
            if let Some(id) = hidden.or_else(|| (stored != id).then(|| stored.into_owned())) {
                row.set(field, id);
            }
        }
        for field in [Field::ErrorMessage, Field::Comment, Field::Page] {
            let Some(text) = row.get(field) else { continue };
            let hidden = if self.privacy.is_some() { mask::hide(text) } else { mask::cut_addresses_of(text) };
            if hidden != text {
                let hidden = hidden.into_owned();
                row.set(field, hidden);
            }
        }
    }
}

impl Door {
    /// The id of a customer as it is stored behind this door. A pseudonym is stored as it is.
    #[must_use]
    pub fn customer(&self, id: &str) -> String {
        self.stored(Field::CustomerId, id)
    }

    /// The same of a visitor.
    #[must_use]
    pub fn visitor(&self, id: &str) -> String {
        self.stored(Field::VisitorId, id)
    }

    fn stored(&self, field: Field, id: &str) -> String {
        let stored = ids::stored(id.into());
        let is_hidden = stored.starts_with(pseudonym::PREFIX) || stored.starts_with(bots::HIDDEN_NETWORK);
        let privacy = self.privacy.as_ref().filter(|_| !is_hidden);
        privacy.and_then(|privacy| privacy.pseudonym(field, &stored)).unwrap_or_else(|| stored.into_owned())
    }
}

impl Privacy {
    /// The pseudonym of a stored id; `None` where the id itself may be stored.
    fn pseudonym(&self, field: Field, id: &str) -> Option<String> {
        let is_hidden = self.visitors || ids::is_derived(id);
        match field {
            Field::CustomerId => Some(self.key.customer(id)),
            Field::VisitorId if is_hidden => Some(self.key.visitor(id)),
            Field::SessionId if is_hidden => Some(self.key.session(id)),
            _ => None,
        }
    }
}
