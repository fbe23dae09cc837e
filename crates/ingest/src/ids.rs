//! Ids of visitors and customers as trackers write them.

use std::borrow::Cow;

use events::bots::NETWORK;

use crate::{email, network};

/// What trackers write where they have no id. Taken for ids, these would make one customer of everybody.
const PLACEHOLDERS: [&str; 6] = ["null", "undefined", "none", "nil", "nan", "00000000-0000-0000-0000-000000000000"];

/// An id as it may be [`stored`]; `None` for blank text and placeholders.
pub(crate) fn person(id: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let trimmed = id.trim();
    let is_placeholder = PLACEHOLDERS.iter().any(|name| name.eq_ignore_ascii_case(trimmed));
    (!trimmed.is_empty() && !is_placeholder).then(|| stored(id))
}

/// An id as it may be stored: an e-mail address becomes its hash, the address of a client that of its network. What is
/// stored already stays as it is.
pub(crate) fn stored(id: Cow<'_, str>) -> Cow<'_, str> {
    match network::of_bare_address(&id) {
        Some(network) => Cow::Owned(network),
        None => email::conceal(id),
    }
}

/// Whether a stored id is made of an e-mail address or of the address of a client.
pub(crate) fn is_derived(id: &str) -> bool {
    id.starts_with(email::PREFIX) || id.starts_with(NETWORK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_placeholders_are_nobody_and_addresses_are_hashed() {
        for id in ["", "  ", "null", "Undefined", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(person(id.into()), None, "{id}");
        }
        assert_eq!(person("u_77".into()).as_deref(), Some("u_77"));
        assert_eq!(person("X@example.com".into()), Some(email::hash("x@example.com").into()));
    }
}
