//! Figures as people write them. The only file that decides on digits.

use analysis::Estimate;
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use events::time::{DAY, HOUR, MINUTE};
use events::{Amount, money};

use crate::told;

/// Below so many observations a percentage says more than is known.
pub(crate) const FEW: u64 = 30;
/// From so many observations on, a tenth of a percent means something.
const MANY: u64 = 1_000;

/// `13,760`.
#[must_use]
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// `1 cart`, `13,760 carts`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(n))
}

/// `9,812 of 13,760`.
pub(crate) fn out_of(part: u64, whole: u64) -> String {
    format!("{} of {}", count(part), count(whole))
}

/// A share of `n` observations in percent, with one decimal where there are enough of them: `71.3%`, `71%`.
/// What is not quite nothing or not quite all does not look so: `<0.1%`, `>99%`. It carries `n`, see [`told`].
pub(crate) fn percent(share: f64, n: u64) -> String {
    told::resting_on(&bare_percent(share, n), n)
}

/// The ends of the interval: `70.4–72.2%`. They carry `n`, see [`told`].
pub(crate) fn interval(estimate: Estimate) -> String {
    told::resting_on(&bare_interval(estimate), estimate.n)
}

/// The same as [`percent`] for charts, which have no room for what it rests on.
pub(crate) fn bare_percent(share: f64, n: u64) -> String {
    let (nothing, all) = if n >= MANY { ("<0.1%", ">99.9%") } else { ("<1%", ">99%") };
    match rounded(share, n).as_str() {
        "0" | "0.0" if share > 0.0 => nothing.to_owned(),
        "100" | "100.0" if share < 1.0 => all.to_owned(),
        digits => format!("{digits}%"),
    }
}

/// The same as [`interval`] for charts.
pub(crate) fn bare_interval(estimate: Estimate) -> String {
    format!("{}–{}%", rounded(estimate.low, estimate.n), rounded(estimate.high, estimate.n))
}

fn rounded(share: f64, n: u64) -> String {
    let decimals = usize::from(n >= MANY);
    format!("{:.decimals$}", share * 100.0)
}

/// The level of a range or an interval, which rests on no observations: `90%`.
pub(crate) fn level(level: f64) -> String {
    format!("{:.0}%", level * 100.0)
}

/// A difference of shares in percent, with one decimal and its sign: `+3.1%`, `−0.4%`, `0.0%`.
pub(crate) fn signed_percent(share: f64) -> String {
    let digits = format!("{:.1}", (share * 100.0).abs());
    let sign = match digits.as_str() {
        "0.0" => "",
        _ if share < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{digits}%")
}

/// A score with three decimals: `0.451`.
pub(crate) fn score(score: f64) -> String {
    format!("{score:.3}")
}

/// A mean rating, with two decimals: `3.42`.
pub(crate) fn rating(rating: f64) -> String {
    format!("{rating:.2}")
}

/// An expected number of things, rounded to a whole one: `1,204`.
pub(crate) fn about(expected: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not negative")]
    let whole = expected.max(0.0).round() as u64;
    count(whole)
}

/// An amount with the decimals of its currency: `1,234.50 EUR`.
#[must_use]
pub fn money(amount: Amount, currency: &str) -> String {
    with_code(&decimal(amount, money::display_decimals(currency)), currency)
}

/// The same without decimals where there are thousands of it: `1,234,568 EUR`, `12.50 EUR`.
pub(crate) fn money_brief(amount: Amount, currency: &str) -> String {
    money_beside(amount, amount, currency)
}

/// An amount with the decimals that the largest one beside it has.
pub(crate) fn money_beside(amount: Amount, largest: Amount, currency: &str) -> String {
    if largest.0.abs() < 1_000 * UNIT { money(amount, currency) } else { with_code(&decimal(amount, 0), currency) }
}

/// The amount alone, as in a table whose other column has the currency: `1,234.50`.
pub(crate) fn amount(amount: Amount, currency: &str) -> String {
    decimal(amount, money::display_decimals(currency))
}

fn with_code(digits: &str, currency: &str) -> String {
    format!("{digits}\u{a0}{}", crate::words::logged(currency))
}

/// Ten-thousandths in one unit of a currency.
const UNIT: i128 = 10_000;

fn decimal(amount: Amount, decimals: u16) -> String {
    let decimals = u32::from(decimals).min(4);
    let step = 10_i128.pow(4 - decimals).unsigned_abs();
    let steps = (amount.0.unsigned_abs() + step / 2) / step;
    let unit = 10_i128.pow(decimals).unsigned_abs();
    let sign = if amount.0 < 0 && steps > 0 { "−" } else { "" };
    let whole = grouped(&(steps / unit).to_string());
    let width = decimals as usize;
    if width == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{:0width$}", steps % unit) }
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An exchange rate of billionths, without trailing zeros: `0.85`.
pub(crate) fn rate(billionths: i128) -> String {
    let (whole, part) = (billionths / 1_000_000_000, billionths % 1_000_000_000);
    let text = format!("{whole}.{:09}", part.unsigned_abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How long something took, in its two largest units: `42 s`, `12 min 5 s`, `2 h 14 min`, `3 d 4 h`.
pub(crate) fn duration(secs: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "durations are not negative")]
    let whole = |unit: u64| ((secs / unit as f64).round() as u64) * unit;
    // Rounded to the smaller unit shown, so that 59.6 s is 1 min and not 60 s.
    let places = [(whole(3_600), 0), (whole(60), 1), (whole(1), 2)];
    let (secs, at) = places.into_iter().find(|(secs, at)| *secs >= UNITS[*at].0).unwrap_or((whole(1), 3));
    let (unit, name) = UNITS[at];
    match UNITS.get(at + 1) {
        Some((small, small_name)) if secs % unit > 0 => {
            format!("{} {name} {} {small_name}", count(secs / unit), (secs % unit) / small)
        }
        _ => format!("{} {name}", count(secs / unit)),
    }
}

/// A cart's age: `1 hour`, `36 hours`, `3 days`.
pub(crate) fn age(hours: f64) -> String {
    let (number, noun) = if hours >= 24.0 && hours % 24.0 == 0.0 { (hours / 24.0, "day") } else { (hours, "hour") };
    let digits = if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") };
    let ending = if digits == "1" { "" } else { "s" };
    format!("{digits}\u{a0}{noun}{ending}")
}

/// A configured span in words: `three days`, `36 hours`.
pub(crate) fn span(micros: i64) -> String {
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")];
    let Some((unit, noun)) = units.into_iter().find(|(unit, _)| micros % unit == 0) else {
        return events::time::format_span(micros);
    };
    let number = (micros / unit).unsigned_abs();
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", small(number))
}

/// A number within a sentence: `five`, and from thirteen on `13`.
pub(crate) fn small(number: u64) -> String {
    const SMALL: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let small = usize::try_from(number).ok().and_then(|number| SMALL.get(number.checked_sub(1)?));
    small.map_or_else(|| count(number), |word| (*word).to_owned())
}

/// `20 Nov 2026`.
pub(crate) fn date(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// `20 Nov 2026, 04:10` on the shop's clock, or in UTC where its zone is not known.
#[must_use]
pub fn moment(micros: i64, zone: &str) -> String {
    let utc = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    utc.with_timezone(&parse_zone(zone)).format("%-d %b %Y, %H:%M").to_string()
}

/// `04:10` on the shop's clock.
pub(crate) fn time_of_day(micros: i64, zone: &str) -> String {
    let utc = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    utc.with_timezone(&parse_zone(zone)).format("%H:%M").to_string()
}

/// `04:10:59` on the shop's clock.
pub(crate) fn clock(micros: i64, zone: &str) -> String {
    let utc = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    utc.with_timezone(&parse_zone(zone)).format("%H:%M:%S").to_string()
}

/// `20 Nov 2026`, of a moment on the shop's clock.
#[must_use]
pub fn date_of(micros: i64, zone: &str) -> String {
    date(local_date(micros, zone))
}

/// The date of a moment on the shop's clock.
pub(crate) fn local_date(micros: i64, zone: &str) -> NaiveDate {
    events::time::local_date(micros, parse_zone(zone))
}

fn parse_zone(zone: &str) -> Tz {
    zone.parse().unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests;
