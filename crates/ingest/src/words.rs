//! One spelling for what logs spell in many ways.

use std::borrow::Cow;

use crate::row::{Field, RawRow};

/// Spells currency, device, os, browser, country and channel as the contract does.
pub(crate) fn canonical(row: &mut RawRow<'_>) {
    respell(row, Field::Currency, |text| {
        text.bytes().any(|byte| byte.is_ascii_lowercase()).then(|| Cow::Owned(text.to_ascii_uppercase()))
    });
    respell(row, Field::Device, |text| Some(Cow::Borrowed(device(text))));
    respell(row, Field::Os, |text| known(text, &SYSTEMS).map(Cow::Borrowed));
    respell(row, Field::Browser, |text| known(text, &BROWSERS).map(Cow::Borrowed));
    respell(row, Field::Country, |text| {
        (!is_upper(text) && text.chars().count() == 2).then(|| Cow::Owned(text.to_uppercase()))
    });
    respell(row, Field::Channel, |text| (!is_lower(text)).then(|| Cow::Owned(text.to_lowercase())));
}

/// Whether there is certainly nothing to put into lower case.
fn is_lower(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

/// Whether there is certainly nothing to put into upper case.
fn is_upper(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase())
}

/// Replaces a column's text where `spell` gives another one.
fn respell(row: &mut RawRow<'_>, field: Field, spell: impl FnOnce(&str) -> Option<Cow<'static, str>>) {
    let Some(text) = row.get(field) else { return };
    if let Some(spelled) = spell(text).filter(|spelled| spelled != text) {
        row.set(field, spelled);
    }
}

fn device(text: &str) -> &'static str {
    // Spelled as they should be, most of them.
    if let Some(name) = ["desktop", "mobile", "tablet", "other"].into_iter().find(|name| *name == text) {
        return name;
    }
    match text.to_ascii_lowercase().as_str() {
        "desktop" | "computer" | "pc" | "web" => "desktop",
        "mobile" | "phone" | "smartphone" => "mobile",
        "tablet" => "tablet",
        _ => "other",
    }
}

/// Names as they are spelled by their makers, and the other names that logs give them.
type Spellings = [(&'static str, &'static [&'static str])];

static SYSTEMS: [(&str, &[&str]); 9] = [
    ("iOS", &["iphone os", "iphoneos"]),
    ("iPadOS", &[]),
    ("macOS", &["macintosh", "mac os", "mac os x", "os x", "mac"]),
    ("Windows", &["win"]),
    ("Android", &[]),
    ("Linux", &[]),
    ("Chrome OS", &["chromeos", "chromium os", "cros"]),
    ("Fire OS", &[]),
    ("Tizen", &[]),
];

static BROWSERS: [(&str, &[&str]); 10] = [
    ("Chrome", &["google chrome"]),
    ("Safari", &[]),
    ("Mobile Safari", &[]),
    ("Firefox", &["mozilla firefox"]),
    ("Edge", &["microsoft edge"]),
    ("Opera", &[]),
    ("Samsung Internet", &["samsung browser", "samsungbrowser"]),
    ("Internet Explorer", &["ie", "msie"]),
    ("Android Webview", &["android webview"]),
    ("Safari (in-app)", &[]),
];

fn known(text: &str, spellings: &'static Spellings) -> Option<&'static str> {
    if let Some((name, _)) = spellings.iter().find(|(name, _)| *name == text) {
        return Some(name);
    }
    let same = |name: &&str| name.eq_ignore_ascii_case(text);
    spellings.iter().find(|(name, others)| same(name) || others.iter().any(&same)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_one_spelling() {
        let mut row = RawRow::default();
        for (field, text) in [
            (Field::Currency, "eur"),
            (Field::Device, "Mobile"),
            (Field::Os, "ios"),
            (Field::Browser, "SAFARI"),
            (Field::Country, "de"),
            (Field::Channel, "E-Mail"),
        ] {
            row.set(field, text);
        }
        canonical(&mut row);
        let texts = [Field::Currency, Field::Device, Field::Os, Field::Browser, Field::Country, Field::Channel];
        assert_eq!(texts.map(|field| row.get(field).unwrap()), ["EUR", "mobile", "iOS", "Safari", "DE", "e-mail"]);
    }

    #[test]
    fn what_is_not_known_keeps_its_spelling() {
        let mut row = RawRow::default();
        row.set(Field::Country, "Germany");
        row.set(Field::Browser, "Lynx");
        row.set(Field::Device, "smart tv");
        canonical(&mut row);
        let texts = [Field::Country, Field::Browser, Field::Device];
        assert_eq!(texts.map(|field| row.get(field).unwrap()), ["Germany", "Lynx", "other"]);
    }
}
