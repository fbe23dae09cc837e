//! Moments as logs write them.

use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use events::time;
use serde::Deserialize;

use super::BadMapping;
use crate::clock;

/// How moments are written: `unix_s`, `unix_ms`, `unix_us`, `iso`, or chrono's letters, such as `%d.%m.%Y %H:%M:%S`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeFormat(How);

#[derive(Clone, Debug)]
enum How {
    Iso,
    /// Counted since 1970, in units of so many microseconds, as a power of ten.
    Unix(u32),
    Letters(Vec<Item<'static>>),
}

impl TryFrom<String> for TimeFormat {
    type Error = BadMapping;

    fn try_from(text: String) -> Result<Self, BadMapping> {
        let how = match text.as_str() {
            "iso" => How::Iso,
            "unix_s" => How::Unix(6),
            "unix_ms" => How::Unix(3),
            "unix_us" => How::Unix(0),
            _ => How::Letters(letters(&text)?),
        };
        Ok(Self(how))
    }
}

fn letters(text: &str) -> Result<Vec<Item<'static>>, BadMapping> {
    let known = "write iso, unix_s, unix_ms, unix_us, or letters such as %Y-%m-%d %H:%M:%S";
    let bad = |what: &str| BadMapping(format!("time format `{text}` {what}; {known}"));
    let items = StrftimeItems::new(text).parse_to_owned().map_err(|_| bad("is none"))?;
    if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
        return Err(bad("has %Z, which does not say an offset: %z does"));
    }
    // What it writes it must be able to read, or else it would reject every row.
    let sample = DateTime::from_timestamp(1_773_223_599, 0).unwrap_or_default().fixed_offset();
    let written = sample.format_with_items(items.iter()).to_string();
    if read_letters(&written, &items, Tz::UTC).is_none() {
        return Err(bad("does not say which day it is"));
    }
    Ok(items)
}

/// Microseconds since 1970, by the first of the formats that reads the text; without any it is ISO 8601. What says no
/// offset is the clock of `zone`.
pub(super) fn read(text: &str, formats: &[TimeFormat], zone: Tz) -> Option<i64> {
    let text = text.trim();
    if formats.is_empty() {
        return iso(text, zone);
    }
    formats.iter().find_map(|TimeFormat(how)| match how {
        How::Iso => iso(text, zone),
        How::Unix(power) => unix(text, *power),
        How::Letters(items) => read_letters(text, items, zone),
    })
}

/// ISO 8601, or digits as the native formats have them.
pub(super) fn iso(text: &str, zone: Tz) -> Option<i64> {
    let micros = time::parse(text)?;
    // A text that can still take a `Z` has no offset yet; nor has a date alone.
    let is_date = text.len() == 10 && text.as_bytes()[4] == b'-';
    if zone == Tz::UTC || !(is_date || time::parse(&format!("{text}Z")).is_some()) {
        return Some(micros);
    }
    in_range(clock::moment(DateTime::from_timestamp_micros(micros)?.naive_utc(), zone)?)
}

/// A count, decimals and all, never through a float.
fn unix(text: &str, power: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(power as usize)];
    let rest = power - u32::try_from(kept.len()).ok()?;
    let count: i64 = format!("{whole}{kept}").parse().ok()?;
    in_range(count.checked_mul(10_i64.pow(rest))?)
}

fn read_letters(text: &str, items: &[Item<'_>], zone: Tz) -> Option<i64> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    let micros = if parsed.offset().is_some() {
        parsed.to_datetime().ok()?.timestamp_micros()
    } else if parsed.timestamp().is_some() {
        parsed.to_datetime_with_timezone(&Utc).ok()?.timestamp_micros()
    } else {
        let local = parsed.to_naive_datetime_with_offset(0).or_else(|error| {
            let has_clock = parsed.hour_mod_12().is_some() || parsed.minute().is_some();
            let midnight = || Ok(parsed.to_naive_date()?.and_time(NaiveTime::MIN));
            if has_clock { Err(error) } else { midnight() }
        });
        clock::moment(local.ok()?, zone)?
    };
    in_range(micros)
}

/// As moments that the events table takes.
fn in_range(micros: i64) -> Option<i64> {
    time::parse(&time::format(micros)).filter(|again| *again == micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> TimeFormat {
        TimeFormat::try_from(text.to_owned()).unwrap()
    }

    fn shown(text: &str, formats: &[&str]) -> String {
        let formats: Vec<TimeFormat> = formats.iter().map(|text| format(text)).collect();
        read(text, &formats, Tz::Europe__Berlin).map(time::format).unwrap_or_default()
    }

    #[test]
    fn clocks_without_an_offset_are_the_zone_s() {
        let german = ["%d.%m.%Y %H:%M:%S", "unix_ms"];
        for (text, formats, expected) in [
            ("11.03.2026 10:06:39", &german[..], "2026-03-11T09:06:39Z"),
            ("11.07.2026 10:06:39", &german, "2026-07-11T08:06:39Z"),
            ("25.10.2026 02:30:00", &german, "2026-10-25T00:30:00Z"),
            ("29.03.2026 02:30:00", &german, "2026-03-29T01:30:00Z"),
            ("1773223599123", &german, "2026-03-11T10:06:39.123000Z"),
            ("2026-03-11 10:06:39", &german, ""),
            ("31.02.2026 10:06:39", &german, ""),
            ("2026-03-11 10:06:39", &[], "2026-03-11T09:06:39Z"),
            ("2026-03-11T10:06:39Z", &[], "2026-03-11T10:06:39Z"),
            ("2026-03-11T10:06:39+0200", &[], "2026-03-11T08:06:39Z"),
            ("2026-03-11", &[], "2026-03-10T23:00:00Z"),
            ("1773223599", &[], "2026-03-11T10:06:39Z"),
            ("1773223599.0000019", &["unix_s"], "2026-03-11T10:06:39.000001Z"),
            ("11.03.2026", &["%d.%m.%Y"], "2026-03-10T23:00:00Z"),
            ("11/Mar/2026 10:06 +0000", &["%d/%b/%Y %H:%M %z"], "2026-03-11T10:06:00Z"),
        ] {
            assert_eq!(shown(text, formats), expected, "{text}");
        }
    }

    #[test]
    fn formats_that_could_read_nothing_are_refused() {
        for (text, words) in
            [("%Q", "is none"), ("%H:%M", "which day"), ("%d.%m.%Y %Z", "%z does"), ("unix_ns", "which day")]
        {
            let error = TimeFormat::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
