//! Personal data out of text that is kept beside the tables' columns: rejected rows, messages, comments.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use crate::network;

/// The text with every address of a client cut to its network.
pub(crate) fn cut_addresses(text: &[u8]) -> Cow<'_, [u8]> {
    let mut cut: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut at = 0;
    while at < text.len() {
        if !is_of_address(text[at]) {
            at += 1;
            continue;
        }
        let length = text[at..].iter().position(|byte| !is_of_address(*byte)).unwrap_or(text.len() - at);
        let end = at + length;
        let is_part_of_a_word =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        if !is_part_of_a_word(before)
            && !is_part_of_a_word(text.get(end))
            && let Some((address, length)) = address(&text[at..end])
        {
            let network = network::cut(address).to_string();
            let into = cut.get_or_insert_with(|| Vec::with_capacity(text.len()));
            into.extend_from_slice(&text[copied..at]);
            into.extend_from_slice(network.as_bytes());
            copied = at + length;
        }
        at = end;
    }
    match cut {
        None => Cow::Borrowed(text),
        Some(mut cut) => {
            cut.extend_from_slice(&text[copied..]);
            Cow::Owned(cut)
        }
    }
}

/// The same of a text.
pub(crate) fn cut_addresses_of(text: &str) -> Cow<'_, str> {
    match cut_addresses(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).expect("ASCII was replaced by ASCII")),
    }
}

const fn is_of_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')
}

/// The address with which a run of its letters begins, and its length: a full stop or a port may follow.
fn address(run: &[u8]) -> Option<(IpAddr, usize)> {
    let run = std::str::from_utf8(run).ok()?;
    let whole = run.trim_end_matches('.');
    let without_colon = whole.trim_end_matches(':');
    let without_port = whole.rsplit_once(':').map_or(whole, |(address, _)| address);
    let parsed = |text: &str| text.parse().ok().map(|address: IpAddr| (address, text.len()));
    // Two colons alone are no client, but they are how programs write paths.
    let is_told = |(address, _): &(IpAddr, usize)| !address.is_unspecified();
    parsed(whole).or_else(|| parsed(without_colon)).or_else(|| parsed(without_port)).filter(is_told)
}

/// The text without e-mail addresses, and with addresses of clients cut.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[\p{L}\p{N}._%+'-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+").expect("it is tested")
    });
    if !text.contains('@') && !text.contains("%40") {
        return cut_addresses_of(text);
    }
    // E-mail addresses first: where one runs into a client's address, what is left of that can be told.
    let without = EMAIL.replace_all(text, "(e-mail)");
    Cow::Owned(cut_addresses_of(&without).into_owned())
}

/// What a text looks like, without what it says: `a` for letters, `9` for digits, all else as it is.
pub(crate) fn shape(text: &str) -> String {
    let shaped = |letter: char| match letter {
        letter if letter.is_numeric() => '9',
        letter if letter.is_alphabetic() => 'a',
        letter => letter,
    };
    text.chars().map(shaped).collect()
}

/// A parser's message: what it quotes from the log only in its shape.
pub(crate) fn unquoted(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['"', '`']) {
        let quote = &rest[at..=at];
        let (before, quoted) = (&rest[..at], &rest[at + 1..]);
        // A quote that does not end where the next one stands may hold it: what follows the last one is the parser's own.
        let end = quoted.rfind(quote).unwrap_or(quoted.len());
        text.push_str(before);
        text.push_str(quote);
        text.push_str(&shape(&quoted[..end]));
        rest = &quoted[end..];
        if let Some(after) = rest.strip_prefix(quote) {
            text.push_str(quote);
            rest = after;
        }
    }
    text.push_str(rest);
    hide(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_clients_are_cut_wherever_they_stand() {
        for (text, expected) in [
            (
                "203.0.113.7 - - [11/Mar/2026:10:06:39 +0100] \"GET / HTTP/1.1\"",
                "203.0.113.0 - - [11/Mar/2026:10:06:39 +0100] \"GET / HTTP/1.1\"",
            ),
            (r#"{"ip":"203.0.113.7","to":"203.0.114.9"}"#, r#"{"ip":"203.0.113.0","to":"203.0.114.0"}"#),
            ("from 203.0.113.7:443, 203.0.113.8.", "from 203.0.113.0:443, 203.0.113.0."),
            ("[2001:db8:1:2::3]:8080 ip=2001:DB8::1;", "[2001:db8:1::]:8080 ip=2001:db8::;"),
            ("client::ffff:203.0.113.7", "client::ffff:203.0.113.7"),
            (
                "at 2026-03-11T10:06:39.123Z, 12.50 EUR, 17.5.1, a.b.c.d, std::string, x203.0.113.7",
                "at 2026-03-11T10:06:39.123Z, 12.50 EUR, 17.5.1, a.b.c.d, std::string, x203.0.113.7",
            ),
            ("Chrome/124.0.0.0 Safari/537.36", "Chrome/124.0.0.0 Safari/537.36"),
            ("::", "::"),
            ("", ""),
        ] {
            assert_eq!(cut_addresses_of(text), expected);
        }
        assert_eq!(cut_addresses(b"\xff 203.0.113.7 \xfe").as_ref(), b"\xff 203.0.113.0 \xfe");
    }

    #[test]
    fn e_mail_addresses_are_hidden() {
        for (text, expected) in [
            ("write to Ann.O'Neil+shop@mail.example.com!", "write to (e-mail)!"),
            ("/unsubscribe?who=ann%40example.com&x=1", "/unsubscribe?who=(e-mail)&x=1"),
            ("jürgen@müller.example from 203.0.113.7", "(e-mail) from 203.0.113.0"),
            ("203.0.113.7:92n@example.com", "203.0.113.0:(e-mail)"),
            ("2 @ 5.00", "2 @ 5.00"),
        ] {
            assert_eq!(hide(text), expected);
        }
    }

    #[test]
    fn a_shape_says_nothing_of_its_text() {
        assert_eq!(shape("Ann Müller, 2026-02-30, +49 30"), "aaa aaaaaa, 9999-99-99, +99 99");
        assert_eq!(
            unquoted("invalid type: string \"u_77\", expected a map at line 1"),
            "invalid type: string \"a_99\", expected a map at line 1"
        );
        assert_eq!(unquoted("unknown `ann` or `bob` here"), "unknown `aaa` aa `aaa` here");
        assert_eq!(unquoted("it ends in \"ann"), "it ends in \"aaa");
        assert_eq!(unquoted("found ann@example.com at 203.0.113.7"), "found (e-mail) at 203.0.113.0");
    }
}
