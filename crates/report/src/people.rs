//! How a page calls a person.

use events::hash;

/// Hexadecimal digits of a pseudonym.
const DIGITS: usize = 8;

/// What stands for a person on pages: the same every night, and no id. Whoever has the list of all ids can find out whose
/// it is; `privacy.key_file` is against that.
#[must_use]
pub fn pseudonym(person_id: &str) -> String {
    let hash = hash::hex(hash::of_fields([Some(&b"pseudonym of pages"[..]), Some(person_id.as_bytes())]));
    format!("P-{}", &hash[..DIGITS])
}

/// A person's name on a page.
pub(crate) fn name(person_id: &str, show_customers: bool) -> String {
    if show_customers { crate::words::logged(person_id) } else { pseudonym(person_id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_stable_and_tells_persons_apart() {
        assert_eq!(pseudonym("c:ann"), pseudonym("c:ann"));
        assert_ne!(pseudonym("c:ann"), pseudonym("v:ann"));
        assert_eq!(pseudonym("c:ann").len(), 10);
        assert_eq!((name("c:ann", true), name("c:ann", false)), ("c:ann".to_owned(), pseudonym("c:ann")));
    }
}
