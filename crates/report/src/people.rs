//! How a page calls a person, and what of a person's words it leaves out.

use std::borrow::Cow;
use std::sync::LazyLock;

use events::hash;
use regex::Regex;

/// What tells who somebody is, wherever it stands: an address for mail, a telephone number, the number of a card or an account.
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
        (?<mail> [\w.+-]+@[\w-]+(\.[\w-]+)+ )
        | (?<before> ^|[^\w.,]) (?<number> (\+|00)\d[\d\ ()/-]{6,}\d | (\d[\ -]?){12,18}\d )\b";
    Regex::new(pattern).expect("a pattern of this file")
});

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

/// Text as a page shows it: what somebody wrote may tell who it was.
pub(crate) fn discreet(text: &str) -> Cow<'_, str> {
    TELLING.replace_all(text, |found: &regex::Captures<'_>| match found.name("before") {
        Some(before) => format!("{}[number]", before.as_str()),
        None => "[e-mail]".to_owned(),
    })
}

/// Whether a text tells who somebody is.
pub(crate) fn tells(text: &str) -> bool {
    TELLING.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_customer_wrote_does_not_tell_who_it_was() {
        for (written, shown) in [
            ("write to ann.smith@example.co.uk!", "write to [e-mail]!"),
            ("call +49 (0)170 555-0123 please", "call [number] please"),
            ("my card 4111 1111 1111 1111", "my card [number]"),
            ("order 12345678901234", "order [number]"),
        ] {
            assert_eq!(discreet(written), shown);
        }
        for figure in [
            "0.7132558139534884",
            "1,204,331,000,000 EUR",
            "2026-11-20T03-10-00Z-7f3a",
            "+7.8% to +10.0%",
            "20 Nov 2026, 04:10",
        ] {
            assert!(!tells(figure), "{figure}");
        }
    }

    #[test]
    fn a_pseudonym_is_stable_and_tells_persons_apart() {
        assert_eq!(pseudonym("c:ann"), pseudonym("c:ann"));
        assert_ne!(pseudonym("c:ann"), pseudonym("v:ann"));
        assert_eq!(pseudonym("c:ann").len(), 10);
        assert_eq!((name("c:ann", true), name("c:ann", false)), ("c:ann".to_owned(), pseudonym("c:ann")));
    }
}
