//! Money as scaled integers. A price is never a float: 0.1 + 0.2 is 0.3 here.

use std::collections::BTreeMap;
use std::fmt;

/// Digits after the decimal point in every stored amount.
pub const SCALE: i8 = 4;
/// Digits in all of a stored unit price or order value: decimal(18,4).
pub const PRECISION: u8 = 18;
/// Digits in all of a stored sum: decimal(38,4).
pub const SUM_PRECISION: u8 = 38;

const UNIT: i128 = 10_000;
/// The largest scaled integer that decimal(18,4) holds.
const LARGEST: i128 = 999_999_999_999_999_999;

/// An amount of some currency in ten-thousandths of its unit (12.50 is 125,000).
///
/// Wide enough for any sum of decimal(18,4) values: additions cannot overflow before 10^19 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads decimal text such as `12.5`, `-3` or `1e3`; more than four decimals are rounded half up
    /// (away from zero). `None` for anything else, and for what decimal(18,4) cannot hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(amount) = plain(text.as_bytes()) {
            return Some(amount);
        }
        let scaled = Decimal::parse(text)?.scaled(i32::from(SCALE))?;
        (scaled.abs() <= LARGEST).then_some(Self(scaled))
    }

    /// This many of the thing that costs `self`.
    #[must_use]
    pub const fn times(self, quantity: i64) -> Self {
        Self(self.0 * quantity as i128)
    }

    /// For charts and statistics only; sums are made before, not after.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }
}

/// Digits with at most four decimals, as nearly all prices are; `None` leaves the text to [`Decimal`].
fn plain(text: &[u8]) -> Option<Amount> {
    // More digits than these, times 10,000, might not fit.
    if text.len() > 13 {
        return None;
    }
    let (mut number, mut digits, mut point) = (0_i64, 0, None);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + i64::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    let power = [10_000, 1_000, 100, 10, 1].get(digits - point.unwrap_or(digits)).filter(|_| digits > 0)?;
    Some(Amount(i128::from(number * power)))
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| total + amount)
    }
}

impl fmt::Display for Amount {
    /// Plain decimal text with four decimals, as SQL prints a decimal(38,4).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / UNIT.unsigned_abs(), self.0.unsigned_abs() % UNIT.unsigned_abs());
        write!(f, "{sign}{whole}.{part:04}")
    }
}

/// A decimal number as written: `digits` x 10^-`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    digits: i128,
    decimals: i32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.as_bytes().first()? {
            b'-' => (true, &mantissa[1..]),
            b'+' => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let mut digits: i128 = 0;
        let mut decimals: i32 = 0;
        for (is_part, byte) in whole.bytes().map(|b| (false, b)).chain(part.bytes().map(|b| (true, b))) {
            if !byte.is_ascii_digit() {
                return None;
            }
            // Beyond 30 digits nothing can change a value rounded to 4 decimals that still fits.
            if digits < 10_i128.pow(30) {
                digits = digits * 10 + i128::from(byte - b'0');
                decimals += i32::from(is_part);
            } else if !is_part {
                return None;
            }
        }
        let decimals = decimals.checked_sub(exponent)?;
        Some(Self { digits: if negative { -digits } else { digits }, decimals })
    }

    /// The value times 10^`scale`, rounded half up; `None` if it cannot be held.
    fn scaled(self, scale: i32) -> Option<i128> {
        if self.digits == 0 {
            return Some(0);
        }
        let shift = scale.checked_sub(self.decimals)?;
        if shift >= 0 {
            return 10_i128.checked_pow(u32::try_from(shift).ok()?)?.checked_mul(self.digits);
        }
        // Below 10^-38 every value rounds to nothing.
        let power = u32::try_from(-shift).ok()?;
        if power > 37 {
            return Some(0);
        }
        Some(divide_half_up(self.digits, 10_i128.pow(power)))
    }
}

/// Reads a whole number exactly, also where it is written `2.0` or `2e3`; a number too large for 128 bits is the
/// largest that fits. `None` for what is no number or not whole.
#[must_use]
pub fn parse_whole(text: &str) -> Option<i128> {
    let Decimal { digits, decimals } = Decimal::parse(text)?;
    if digits == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(decimals.unsigned_abs());
    if decimals <= 0 {
        let beyond = if digits < 0 { i128::MIN } else { i128::MAX };
        return Some(power.and_then(|power| digits.checked_mul(power)).unwrap_or(beyond));
    }
    power.filter(|power| digits % power == 0).map(|power| digits / power)
}

/// `number / divisor` rounded half up, that is away from zero on both sides; `divisor` must be positive.
fn divide_half_up(number: i128, divisor: i128) -> i128 {
    let half = divisor / 2 + divisor % 2;
    let magnitude = number.abs();
    let quotient = magnitude / divisor;
    let rounded = if magnitude % divisor >= half { quotient + 1 } else { quotient };
    if number < 0 { -rounded } else { rounded }
}

/// Exchange rates: units of each currency per one unit of the base currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    base: String,
    /// Rates scaled by 10^9; the base itself is in the table with 10^9.
    per_base: BTreeMap<String, i128>,
}

/// Why a table of rates was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RatesError {
    /// Not a code of ISO 4217.
    #[error("`{0}` is not an ISO 4217 currency code, such as EUR or USD")]
    Currency(String),
    /// Not a positive decimal.
    #[error("the rate of {currency} is `{text}`; it must be a number above 0, in units of {currency} per one {base}")]
    Rate {
        /// The currency whose rate it is.
        currency: String,
        /// What was given.
        text: String,
        /// The base currency.
        base: String,
    },
}

const RATE_DECIMALS: i32 = 9;

impl Rates {
    /// Rates from decimal texts, such as `("USD", "1.09")`: units of the currency per one `base`.
    ///
    /// # Errors
    /// When a code is not in ISO 4217 or a rate is not a number above zero.
    pub fn new<'a>(base: &str, rates: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, RatesError> {
        let code = |text: &str| {
            let upper = text.trim().to_ascii_uppercase();
            match iso_currency::Currency::from_code(&upper) {
                Some(_) => Ok(upper),
                None => Err(RatesError::Currency(text.to_owned())),
            }
        };
        let base = code(base)?;
        let mut per_base = BTreeMap::new();
        for (currency, text) in rates {
            let rate = Decimal::parse(text).and_then(|rate| rate.scaled(RATE_DECIMALS)).filter(|rate| *rate > 0);
            let rate = rate.ok_or_else(|| RatesError::Rate {
                currency: currency.to_owned(),
                text: text.to_owned(),
                base: base.clone(),
            })?;
            per_base.insert(code(currency)?, rate);
        }
        per_base.insert(base.clone(), 10_i128.pow(RATE_DECIMALS.unsigned_abs()));
        Ok(Self { base, per_base })
    }

    /// The base currency's code.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `amount` of `from` in `to`, rounded half up to four decimals; `None` where a rate is missing.
    ///
    /// Equal currencies need no rate.
    #[must_use]
    pub fn convert(&self, amount: Amount, from: &str, to: &str) -> Option<Amount> {
        if from == to {
            return Some(amount);
        }
        let (from, to) = (*self.per_base.get(from)?, *self.per_base.get(to)?);
        Some(Amount(divide_half_up(amount.0.checked_mul(to)?, from)))
    }
}

impl fmt::Display for Rates {
    /// `GBP=0.85, USD=1.09`: units per one base, the base itself left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates = self.per_base.iter().filter(|(currency, _)| **currency != self.base);
        for (at, (currency, rate)) in rates.enumerate() {
            let unit = 10_i128.pow(RATE_DECIMALS.unsigned_abs());
            let text = format!("{}.{:09}", rate / unit, rate % unit);
            let text = text.trim_end_matches('0').trim_end_matches('.');
            write!(f, "{}{currency}={text}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Digits after the point in which people write amounts of this currency: 2 for EUR, 0 for JPY, 3 for KWD;
/// 2 where the code is unknown.
#[must_use]
pub fn display_decimals(currency: &str) -> u16 {
    iso_currency::Currency::from_code(currency).and_then(iso_currency::Currency::exponent).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_read_exactly_and_rounded_half_up() {
        let cases = [
            ("12.5", Some(125_000)),
            ("0", Some(0)),
            (" 3.33 ", Some(33_300)),
            ("9.99995", Some(100_000)),
            ("9.99994999", Some(99_999)),
            ("-0.00005", Some(-1)),
            (".5", Some(5_000)),
            ("1e3", Some(10_000_000)),
            ("1.25E-2", Some(125)),
            ("99999999999999.9999", Some(LARGEST)),
            ("100000000000000", None),
            ("1e99", None),
            ("1e-99", Some(0)),
            ("0e999999999", Some(0)),
            ("x", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1,5", None),
            ("NaN", None),
            ("1.5.2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Amount::parse(text).map(|amount| amount.0), expected, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_read_exactly_however_they_are_written() {
        let whole = ["2", "2.0", "2e3", "-1", "0.0", "20e-1"].map(parse_whole);
        assert_eq!(whole, [Some(2), Some(2), Some(2_000), Some(-1), Some(0), Some(2)]);
        assert_eq!(["1.5", "2.00000000000000000001", "x", ""].map(parse_whole), [None; 4]);
        assert_eq!(parse_whole("99999999999999999999"), Some(99_999_999_999_999_999_999));
        assert_eq!(parse_whole("1e99"), Some(i128::MAX));
    }

    #[test]
    fn amounts_print_as_sql_prints_them() {
        assert_eq!(Amount(125_000).to_string(), "12.5000");
        assert_eq!(Amount(-1).to_string(), "-0.0001");
        assert_eq!(Amount::ZERO.to_string(), "0.0000");
    }

    #[test]
    fn conversion_goes_through_the_base_and_rounds_half_up() {
        let rates = Rates::new("EUR", [("GBP", "0.85"), ("SEK", "11.2")]).unwrap();
        let ten = Amount(100_000);
        assert_eq!(rates.convert(ten, "EUR", "GBP"), Some(Amount(85_000)));
        assert_eq!(rates.convert(ten, "GBP", "EUR"), Some(Amount(117_647)));
        assert_eq!(rates.convert(ten, "GBP", "SEK"), Some(Amount(1_317_647)));
        assert_eq!(rates.to_string(), "GBP=0.85, SEK=11.2");
        assert_eq!(rates.convert(ten, "USD", "EUR"), None);
        assert_eq!(rates.convert(ten, "USD", "USD"), Some(ten));
    }

    #[test]
    fn rates_that_make_no_sense_are_refused_in_words() {
        assert_eq!(Rates::new("Euro", []), Err(RatesError::Currency("Euro".into())));
        assert!(Rates::new("EUR", [("USD", "0")]).unwrap_err().to_string().contains("above 0"));
    }

    #[test]
    fn currencies_are_shown_with_their_own_decimals() {
        assert_eq!(["EUR", "JPY", "KWD", "???"].map(display_decimals), [2, 0, 3, 2]);
    }
}
