//! Where a text mentions a person: one of his ids as a whole token, however it is escaped.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray};
use regex::bytes::Regex;

/// Ids of so many digits and no other letter are hardly told from numbers; in texts only `c:17` and `v:17` are theirs.
const FEW_DIGITS: usize = 8;

/// What stands for an e-mail address, or the text as it is.
pub type Conceal = fn(Cow<'_, str>) -> Cow<'_, str>;

/// The ids of a person, to be looked for in texts.
#[derive(Debug)]
pub struct Mentions {
    /// Every id: for rows that came from logs and could not be read.
    all: Needles,
    /// Those that cannot be a count or an amount: for texts of any kind.
    texts: Needles,
    /// Those that have more than digits: for names of products, orders and events, which are numbers in many shops.
    names: Needles,
    /// Ids that stand for e-mail addresses.
    addresses: BTreeSet<String>,
    conceal: Conceal,
}

impl Mentions {
    /// Looks for these ids and each `person_id`; `conceal` is what ingest does with an id that is an e-mail address.
    ///
    /// # Panics
    /// If there are more ids than fit into a search, some hundred thousand.
    #[must_use]
    pub fn new<'a>(ids: impl IntoIterator<Item = &'a str>, persons: &[String], conceal: Conceal) -> Self {
        let ids: BTreeSet<&str> = ids.into_iter().filter(|id| !id.is_empty()).collect();
        let is_number = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit());
        // A number is a person's where it says so.
        let marked: BTreeSet<String> = ids
            .iter()
            .filter(|id| is_number(id))
            .flat_map(|id| ["c:", "v:"].map(|kind| format!("{kind}{id}")))
            .chain(persons.iter().cloned())
            .collect();
        let of = |is_in: &dyn Fn(&str) -> bool| {
            let ids = ids.iter().copied().filter(|id| is_in(id));
            Needles::new(ids.chain(marked.iter().map(String::as_str)))
        };
        Self {
            all: of(&|_| true),
            texts: of(&|id| !is_number(id) || id.len() >= FEW_DIGITS),
            names: of(&|id| !is_number(id)),
            addresses: ids.iter().filter(|id| id.starts_with("email:")).map(|id| (*id).to_owned()).collect(),
            conceal,
        }
    }

    /// Whether a row as it came mentions the person: an id, or an e-mail address that an id stands for.
    pub(super) fn in_row_as_it_came(&self, column: &ArrayRef, row: usize) -> bool {
        if column.is_null(row) {
            return false;
        }
        let bytes = match (column.as_string_opt::<i32>(), column.as_binary_opt::<i32>()) {
            (Some(texts), _) => texts.value(row).as_bytes(),
            (_, Some(bytes)) => bytes.value(row),
            _ => return false,
        };
        self.all.find(bytes, 0).is_some() || self.has_address(bytes)
    }

    /// Whether a text mentions the person.
    #[must_use]
    pub fn in_text(&self, text: &[u8]) -> bool {
        self.texts.find(text, 0).is_some() || self.has_address(text)
    }

    /// Whether the name of a product, order or event mentions the person.
    #[must_use]
    pub fn in_name(&self, name: &[u8]) -> bool {
        self.names.find(name, 0).is_some() || self.has_address(name)
    }

    /// The text with `*` for every mention; `None` if there is none.
    #[must_use]
    pub fn redacted(&self, text: &str) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some((start, end)) = self.texts.find(text.as_bytes(), at) {
            parts.push(text.get(at..start)?);
            at = end;
        }
        parts.push(&text[at..]);
        (parts.len() > 1).then(|| parts.join("*"))
    }

    /// Whether an e-mail address in a text is the person's.
    pub(super) fn has_address(&self, text: &[u8]) -> bool {
        if self.addresses.is_empty() {
            return false;
        }
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"@.+-_!#$%&'*/=?^`{|}~".contains(byte) || *byte >= 0x80;
        text.split(|byte| !is_part(byte)).filter(|part| part.contains(&b'@')).any(|part| {
            // What may stand in an address also stands around one: `mail=ann@example.org&x=1`, `'ann@example.org'.`
            let is_start = |at: &usize| *at == 0 || !is_letter(part[at - 1]) && !b".+".contains(&part[at - 1]);
            let is_end = |at: &usize| match &part[*at..] {
                [b'.', next, ..] | [next, ..] => !is_letter(*next),
                [] => true,
            };
            let starts = (0..part.len()).filter(is_start);
            starts.into_iter().any(|start| {
                let mut ends = (start + 1..=part.len()).filter(is_end).map(|end| &part[start..end]);
                ends.any(|part| {
                    let address = String::from_utf8_lossy(part);
                    address.contains('@') && self.addresses.contains(&*(self.conceal)(address))
                })
            })
        })
    }
}

/// Texts to look for, in all ways in which they may be escaped.
#[derive(Debug)]
struct Needles {
    texts: BTreeSet<Vec<u8>>,
    any: Option<Regex>,
}

impl Needles {
    fn new<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let texts: BTreeSet<Vec<u8>> = ids.flat_map(spellings).map(String::into_bytes).collect();
        let mut patterns: Vec<String> =
            texts.iter().map(|text| regex::escape(&String::from_utf8_lossy(text))).collect();
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.len()));
        let pattern = patterns.join("|");
        let any = (!pattern.is_empty()).then(|| {
            let built = regex::bytes::RegexBuilder::new(&pattern).size_limit(1 << 30).build();
            built.expect("escaped texts are a pattern")
        });
        Self { texts, any }
    }

    /// The first place from `from` on where one of the texts stands as a whole token.
    fn find(&self, text: &[u8], mut from: usize) -> Option<(usize, usize)> {
        let any = self.any.as_ref()?;
        while let Some(found) = any.find_at(text, from) {
            let start = found.start();
            let here = |needle: &&Vec<u8>| text[start..].starts_with(needle) && is_token(text, start, needle.len());
            let longest = found.as_bytes().to_vec();
            if let Some(needle) = Some(&longest).filter(here).or_else(|| self.texts.iter().rev().find(here)) {
                return Some((start, start + needle.len()));
            }
            from = start + 1;
        }
        None
    }
}

/// The text, and as JSON, HTML and addresses of pages write it.
fn spellings(id: &str) -> BTreeSet<String> {
    let replace = |pairs: &[(char, &str)]| {
        id.chars().fold(String::new(), |mut text, letter| {
            match pairs.iter().find(|(plain, _)| *plain == letter) {
                Some((_, escaped)) => text.push_str(escaped),
                None => text.push(letter),
            }
            text
        })
    };
    let json = replace(&[('"', "\\\""), ('\\', "\\\\")]);
    let slashes = replace(&[('"', "\\\""), ('\\', "\\\\"), ('/', "\\/")]);
    let html = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#x27;"), ('/', "&#x2f;")];
    let few = replace(&html[..3]);
    let quoted = replace(&[('"', "\"\"")]);
    let percent = |upper: bool| {
        id.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                text.push(char::from(byte));
            } else if upper {
                let _ = write!(text, "%{byte:02X}");
            } else {
                let _ = write!(text, "%{byte:02x}");
            }
            text
        })
    };
    [id.to_owned(), json, slashes, replace(&html), few, quoted, percent(true), percent(false)].into()
}

/// Whether what stands here is not a part of a longer word.
fn is_token(text: &[u8], start: usize, length: usize) -> bool {
    let end = start + length;
    let begins_inside =
        is_letter(text[start]) && start > 0 && is_letter(text[start - 1]) && !ends_escape(&text[..start]);
    let ends_inside = is_letter(text[end - 1]) && text.get(end).is_some_and(|byte| is_letter(*byte));
    !begins_inside && !ends_inside
}

/// Letters, digits, `_` and `-` make words; bytes beyond ASCII are letters of some script.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

/// Whether a text ends with an escape, `%2F` or `\n`, whose last letter is none of the word that follows.
fn ends_escape(text: &[u8]) -> bool {
    match text {
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conceal(id: Cow<'_, str>) -> Cow<'_, str> {
        if id == "ann@example.org" { "email:1234".into() } else { id }
    }

    fn mentions(id: &str, text: &str) -> bool {
        Mentions::new([id], &[format!("c:{id}")], conceal).in_text(text.as_bytes())
    }

    #[test]
    fn an_id_is_found_as_a_whole_token_only() {
        for text in ["ann", "x,ann,y", "{\"id\":\"ann\"}", "c:ann", "/account/ann.html", "?q=%2Fann&x", "\"hi\\nann\""]
        {
            assert!(mentions("ann", text), "{text}");
        }
        for text in ["", "anna", "joann", "ann-marie", "ann_2", "Ann", "éann"] {
            assert!(!mentions("ann", text), "{text}");
        }
    }

    #[test]
    fn an_id_is_found_however_it_is_escaped() {
        let id = "a\"b/c&d";
        for text in ["a\"b/c&d", "a\\\"b/c&d", "a\\\"b\\/c&d", "a&quot;b&#x2f;c&amp;d", "a\"\"b/c&d", "a%22b%2Fc%26d"] {
            assert!(mentions(id, text), "{text}");
        }
    }

    #[test]
    fn a_short_id_behind_a_longer_one_is_found() {
        let mentions = Mentions::new(["ann.b", "ann"], &["c:ann".to_owned()], conceal);
        assert!(mentions.in_text(b"ann.bc"));
        assert_eq!(mentions.redacted("x/ann.b/ann/anna").as_deref(), Some("x/*/*/anna"));
        assert_eq!(mentions.redacted("anna"), None);
    }

    #[test]
    fn a_number_is_a_person_only_where_it_cannot_be_anything_else() {
        assert!(!mentions("17", "17 carts") && mentions("17", "carts of c:17"));
        assert!(mentions("512345678", "user 512345678"));
        let long = Mentions::new(["512345678"], &["v:512345678".to_owned()], conceal);
        assert!(!long.in_name(b"512345678") && long.in_name(b"v:512345678"));
    }

    #[test]
    fn an_address_is_found_by_what_stands_for_it() {
        let mentions = Mentions::new(["email:1234"], &["c:email:1234".to_owned()], conceal);
        for text in ["ann@example.org", "mail=ann@example.org&x=1", "\"ann@example.org\".", "<ann@example.org>"] {
            assert!(mentions.in_text(text.as_bytes()), "{text}");
        }
        assert!(!mentions.in_text(b"joann@example.org.uk") && !mentions.in_text(b"bob@example.org"));
    }
}
