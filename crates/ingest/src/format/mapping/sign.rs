//! Currency signs around prices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::BadMapping;

/// Signs that may stand before or behind a price, each with the currency that it is the sign of. None are known by
/// themselves: `$` is the sign of some twenty currencies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct CurrencySigns(BTreeMap<String, String>);

impl TryFrom<BTreeMap<String, String>> for CurrencySigns {
    type Error = BadMapping;

    fn try_from(table: BTreeMap<String, String>) -> Result<Self, BadMapping> {
        for (sign, currency) in &table {
            let is_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '-' | '+');
            if sign.trim().is_empty() || sign.contains(is_number) {
                return Err(BadMapping(format!("`{sign}` is no currency sign")));
            }
            if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return Err(BadMapping(format!("`{currency}` is no currency: write three letters, such as EUR")));
            }
        }
        Ok(Self(table.into_iter().map(|(sign, code)| (sign.trim().to_owned(), code.to_ascii_uppercase())).collect()))
    }
}

/// A sign as it was found, and its currency.
pub(super) type Signed = (String, String);

impl CurrencySigns {
    /// A price without its sign, which goes to `found`. Text without a sign that is known stays as it is.
    pub(super) fn take<'a>(&self, text: &'a str, found: &mut Vec<Signed>) -> Cow<'a, str> {
        let trimmed = text.trim();
        let (minus, rest) = match trimmed.strip_prefix('-') {
            Some(rest) => ("-", rest.trim_start()),
            None => ("", trimmed),
        };
        let without = |sign: &str| rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign));
        // `US$` ends with `$`: the longest counts.
        let longest = self.0.iter().filter(|(sign, _)| without(sign).is_some()).max_by_key(|(sign, _)| sign.len());
        let Some((sign, currency)) = longest else { return Cow::Borrowed(text) };
        found.push((sign.clone(), currency.clone()));
        Cow::Owned(format!("{minus}{}", without(sign).unwrap_or_default().trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(signs: &[(&str, &str)]) -> Result<CurrencySigns, BadMapping> {
        let signs = signs.iter().map(|(sign, code)| ((*sign).to_owned(), (*code).to_owned()));
        signs.collect::<BTreeMap<_, _>>().try_into()
    }

    #[test]
    fn a_sign_stands_before_or_behind_a_price_and_tells_its_currency() {
        let signs = table(&[("€", "eur"), ("$", "USD"), ("US$", "USD"), ("C$", "CAD"), ("zł", "PLN")]).unwrap();
        for (text, price, currency) in [
            ("€ 12,50", "12,50", "EUR"),
            ("12,50\u{a0}€", "12,50", "EUR"),
            ("$1,234.00", "1,234.00", "USD"),
            ("US$ 3", "3", "USD"),
            ("C$3", "3", "CAD"),
            ("-€5", "-5", "EUR"),
            ("€ -5", "-5", "EUR"),
            ("7 zł", "7", "PLN"),
            ("£5", "£5", ""),
            ("5", "5", ""),
        ] {
            let mut found = Vec::new();
            assert_eq!(signs.take(text, &mut found), price, "{text}");
            assert_eq!(found.first().map_or("", |(_, currency)| currency), currency, "{text}");
        }
    }

    #[test]
    fn what_is_no_sign_or_no_currency_is_refused() {
        assert_eq!(table(&[("5", "EUR")]).unwrap_err().to_string(), "`5` is no currency sign");
        assert!(table(&[("€", "Euro")]).unwrap_err().to_string().starts_with("`Euro` is no currency"));
    }
}
