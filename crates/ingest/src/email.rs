//! E-mail addresses do not enter the tables: where one is an id, its hash stands for it.
//!
//! The same address has the same hash in every source, so that shop, checkout and tracker still meet in one customer.
//! A hash hides an address from readers of the tables, not from somebody who tries out addresses that he knows.

use std::borrow::Cow;

/// What stands before the hash of an address.
pub(crate) const PREFIX: &str = "email:";

/// The id as it may be stored: an e-mail address becomes [`hash`] of it, everything else stays.
#[must_use]
pub fn conceal(id: Cow<'_, str>) -> Cow<'_, str> {
    if is_address(&id) { Cow::Owned(hash(&id)) } else { id }
}

/// What stands for an address: `email:` and the first 32 hexadecimal digits of the blake3 hash of its trimmed,
/// lower-case form.
pub(crate) fn hash(address: &str) -> String {
    let hash = blake3::hash(address.trim().to_lowercase().as_bytes()).to_hex();
    format!("{PREFIX}{}", &hash[..32])
}

/// Whether a text looks like an address: something, an `@`, and a host with a dot in it; no blanks.
fn is_address(text: &str) -> bool {
    let text = text.trim();
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return false;
    }
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let dotted = host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && !rest.is_empty());
    !name.is_empty() && dotted && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_customer_however_it_is_written() {
        let hashes = ["x@example.com", " X@Example.COM "].map(|text| conceal(text.into()).into_owned());
        assert_eq!(hashes[0], hashes[1]);
        assert_eq!(hashes[0].len(), "email:".len() + 32);
        assert!(!hashes[0].contains('@'));
    }

    #[test]
    fn an_id_that_is_no_address_stays() {
        for id in ["u_77", "user@2", "@x.y", "a@.b", "two words@x.y", ""] {
            assert_eq!(conceal(id.into()), id);
        }
    }
}
