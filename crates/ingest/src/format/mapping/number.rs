//! Numbers as people write them.

use std::borrow::Cow;

use serde::Deserialize;

use super::BadMapping;

/// A character that stands in numbers: `.`, `,`, `'` or a blank (which a no-break space is too).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Separator(char);

impl Separator {
    /// `.`
    pub const POINT: Self = Self('.');

    fn is(self, letter: char) -> bool {
        letter == self.0
            || self.0 == ' ' && matches!(letter, '\u{a0}' | '\u{202f}')
            || self.0 == '\'' && letter == '\u{2019}'
    }

    /// Whether it can stand before decimals.
    pub(super) fn is_decimal(self) -> bool {
        matches!(self.0, '.' | ',')
    }
}

impl TryFrom<String> for Separator {
    type Error = BadMapping;

    fn try_from(text: String) -> Result<Self, BadMapping> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter @ ('.' | ',' | ' ' | '\'')), None) => Ok(Self(letter)),
            _ => Err(BadMapping(format!("`{text}` separates no digits: write \".\", \",\", \"'\" or \" \""))),
        }
    }
}

/// A number with a point before its decimals and nothing between its thousands; `None` where it is not written as
/// these say, which is safer than to take `1.5` for 15.
pub(super) fn plain(text: &str, decimal: Separator, thousands: Option<Separator>) -> Option<Cow<'_, str>> {
    if decimal == Separator::POINT && thousands.is_none() {
        return Some(Cow::Borrowed(text));
    }
    let text = text.trim();
    let (whole, fraction) =
        text.find(|letter| decimal.is(letter)).map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_some_and(|fraction| !is_number(fraction)) {
        return None;
    }
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let sign = &whole[..whole.len() - digits.len()];
    let groups: Vec<&str> = digits.split(|letter| thousands.is_some_and(|thousands| thousands.is(letter))).collect();
    let grouped =
        groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    if !grouped || !groups.iter().all(|group| is_number(group)) {
        return None;
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    Some(Cow::Owned(format!("{sign}{}{fraction}", groups.concat())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_read_and_others_refused() {
        let sign = |text: &str| Separator::try_from(text.to_owned()).unwrap();
        let read = |text: &str, thousands: Option<&str>| {
            plain(text, sign(","), thousands.map(sign)).map(Cow::into_owned).unwrap_or_default()
        };
        for (text, thousands, expected) in [
            ("12,10", None, "12.10"),
            ("-1.234.567,8", Some("."), "-1234567.8"),
            ("1\u{a0}234,5", Some(" "), "1234.5"),
            ("1\u{2019}234", Some("'"), "1234"),
            ("7", Some("."), "7"),
            ("1.5", Some("."), ""),
            ("1.5", None, ""),
            ("1,234.5", Some("."), ""),
            ("12,50 €", None, ""),
        ] {
            assert_eq!(read(text, thousands), expected, "{text}");
        }
        assert_eq!(plain("1,234.50", Separator::POINT, Some(sign(","))).as_deref(), Some("1234.50"));
        assert!(Separator::try_from("x".to_owned()).unwrap_err().to_string().contains("`x` separates no digits"));
    }
}
