//! Whom the command line means: an id as somebody writes it → as tables have it.

use std::borrow::Cow;

use ingest::Door;

/// A person, by an id that somebody wrote.
pub(crate) struct Asked {
    /// The id as it was written, without the kind before it.
    pub(crate) written: String,
    /// As `person_id` may have the person: first as ids are stored today, with the hash of an e-mail address or the
    /// pseudonym under the lake's key; also as written.
    pub(crate) persons: Vec<String>,
    /// Whether it was said that this is a person's id. Without that it may be any word.
    pub(crate) is_sure: bool,
}

impl Asked {
    /// The person of an id, or of `c:` or `v:` and an id; `None` where there is no id.
    pub(crate) fn parse(text: &str, door: &Door) -> Option<Self> {
        let text = text.trim();
        let (kind, id) = match text.split_at_checked(2) {
            Some((kind @ ("c:" | "v:"), id)) => (kind, id),
            _ => ("c:", text),
        };
        if id.is_empty() {
            return None;
        }
        let stored = if kind == "c:" { door.customer(id) } else { door.visitor(id) };
        let is_address = ingest::conceal(Cow::Borrowed(id)) != id;
        let mut persons = vec![format!("{kind}{stored}")];
        if stored != id {
            persons.extend([id.to_owned(), id.to_lowercase()].map(|id| format!("{kind}{id}")));
        }
        Some(Self { written: id.to_owned(), persons, is_sure: is_address || text.len() > id.len() })
    }

    /// Whether it was written with its kind.
    pub(crate) fn says_kind(text: &str) -> bool {
        ["c:", "v:"].iter().any(|kind| text.trim().starts_with(kind))
    }
}
