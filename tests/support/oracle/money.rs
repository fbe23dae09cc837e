//! Exact money: decimal text to integers of a ten-thousandth, and the one rounding the contract allows.

use std::collections::BTreeMap;

/// The largest amount of a decimal(18,4), in ten-thousandths.
const LARGEST: i128 = 999_999_999_999_999_999;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A decimal number exactly as written: the digits, and how many of them stand behind the point.
#[derive(Debug)]
struct Decimal {
    negative: bool,
    digits: String,
    places: i32,
}

/// Reads a decimal number such as `12.50`, `-3`, `.5` or `1.2e3`.
fn decimal(text: &str) -> Result<Decimal, Unreadable> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().map_err(|_| Unreadable)?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unreadable);
    }
    let places = i32::try_from(fraction.len()).map_err(|_| Unreadable)? - i32::from(exponent);
    Ok(Decimal { negative: mantissa.starts_with('-'), digits, places })
}

impl Decimal {
    /// With the point moved `right` places to the right: the number in front of it, and the digits behind it.
    fn split(&self, right: i32) -> Result<(i128, String), Unreadable> {
        let in_front = i32::try_from(self.digits.len()).map_err(|_| Unreadable)? - self.places + right;
        let (missing, cut) = match usize::try_from(in_front) {
            Ok(cut) => (0, cut),
            Err(_) => (in_front.unsigned_abs() as usize, 0),
        };
        let mut front = format!("{}{}", "0".repeat(missing), self.digits);
        let behind = if cut < front.len() { front.split_off(cut) } else { String::new() };
        let front = format!("0{front:0<cut$}").parse::<i128>().map_err(|_| Unreadable)?;
        Ok((if self.negative { -front } else { front }, behind))
    }
}

/// Reads an amount and rounds it half up to four decimals; the half of a negative amount goes away from zero.
pub(super) fn amount(text: &str) -> Result<i128, Unreadable> {
    let decimal = decimal(text)?;
    let (front, behind) = decimal.split(4)?;
    let up = i128::from(behind.starts_with(['5', '6', '7', '8', '9']));
    let rounded = if decimal.negative { front - up } else { front + up };
    if rounded.abs() <= LARGEST { Ok(rounded) } else { Err(Unreadable) }
}

/// Reads a whole number that may be written with a fraction of zeros (`2.0`).
pub(super) fn whole(text: &str) -> Result<i128, Unreadable> {
    let (front, behind) = decimal(text)?.split(0)?;
    if behind.bytes().all(|digit| digit == b'0') { Ok(front) } else { Err(Unreadable) }
}

/// The configured exchange rates, as units of a currency per unit of the base currency.
#[derive(Debug)]
pub(super) struct Rates {
    base: String,
    /// In units of 10^-[`RATE_PLACES`].
    per_base: BTreeMap<String, i128>,
}

/// Decimals of a rate.
const RATE_PLACES: i32 = 10;

impl Rates {
    /// Reads the rates.
    ///
    /// # Panics
    /// If a rate is no positive number of at most ten decimals: that is a mistake in the test itself.
    pub(super) fn new(base: &str, rates: &BTreeMap<String, String>) -> Self {
        let base = base.to_uppercase();
        let mut per_base = BTreeMap::new();
        for (currency, text) in rates.iter().chain([(&base, &"1".to_owned())]) {
            let (rate, rest) =
                decimal(text.trim()).and_then(|rate| rate.split(RATE_PLACES)).expect("a rate is a number");
            assert!(rate > 0 && rest.bytes().all(|digit| digit == b'0'), "{currency} has a rate of ten decimals");
            per_base.insert(currency.to_uppercase(), rate);
        }
        Self { base, per_base }
    }

    /// The currency that everything is reported in.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// An amount in another currency, rounded once, half up, to four decimals; `None` where a rate is missing.
    pub(super) fn convert(&self, amount: i128, from: &str, to: &str) -> Option<i128> {
        if from == to {
            return Some(amount);
        }
        let (from, to) = (self.per_base.get(from)?, self.per_base.get(to)?);
        let magnitude = (2 * amount.abs() * to + from) / (2 * from);
        Some(if amount < 0 { -magnitude } else { magnitude })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_half_up_to_four_decimals() {
        assert_eq!(amount("9.99995"), Ok(100_000));
        assert_eq!(amount("9.99994999"), Ok(99_999));
        assert_eq!(amount("-0.00005"), Ok(-1));
        assert_eq!(amount("1.25e3"), Ok(12_500_000));
        assert_eq!(amount(".5"), Ok(5_000));
        assert_eq!(amount("1e-40"), Ok(0));
        assert_eq!(amount("0.333333333333333333333333333333333333333333"), Ok(3_333));
        assert_eq!(amount("1e20"), Err(Unreadable));
        for text in ["", "x", "1,5", "NaN", "1e", "--1", "."] {
            assert_eq!(amount(text), Err(Unreadable), "{text:?}");
        }
    }

    #[test]
    fn whole_numbers_may_carry_zeros_behind_the_point() {
        assert_eq!(whole("2.0"), Ok(2));
        assert_eq!(whole("1.5"), Err(Unreadable));
        assert_eq!(whole("0.01"), Err(Unreadable));
        assert_eq!(whole("-1"), Ok(-1));
    }

    #[test]
    fn conversion_rounds_once() {
        let rates = Rates::new("EUR", &BTreeMap::from([("GBP".into(), "0.85".into()), ("SEK".into(), "11.2".into())]));
        assert_eq!(rates.convert(10_000, "GBP", "EUR"), Some(11_765));
        assert_eq!(rates.convert(10_000, "GBP", "SEK"), Some(131_765));
        assert_eq!(rates.convert(10_000, "USD", "EUR"), None);
        assert_eq!(rates.convert(10_000, "USD", "USD"), Some(10_000));
    }
}
