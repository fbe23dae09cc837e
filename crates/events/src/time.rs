//! Moments as microseconds since 1970 in UTC, spans as microseconds.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day of 24 hours.
pub const DAY: i64 = 24 * HOUR;

/// Moments outside the years 1 to 9999 are taken for garbage: tables and SQL engines agree on this range.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800 * SECOND..=253_402_300_800 * SECOND - 1;

/// Reads a moment: ISO 8601 with `T` or a blank, any number of decimals (beyond microseconds cut off),
/// with `Z`, ` UTC`, `+01:00`, `+0100` or `+01` at its end, or none of these, which is UTC; a date alone is its
/// midnight; digits alone are seconds, milliseconds or microseconds since 1970 by their number (9-11, 12-14, 15-17).
///
/// `None` for anything else, and for days that no calendar has.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if let Some(micros) = epoch(bytes) {
        return in_range(micros);
    }
    let date = bytes.get(..10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(
        i32::try_from(digits(&date[..4])?).ok()?,
        u32::try_from(digits(&date[5..7])?).ok()?,
        u32::try_from(digits(&date[8..])?).ok()?,
    )?;
    let midnight = i64::from(day.num_days_from_ce() - EPOCH_DAYS) * DAY;
    if bytes.len() == 10 {
        return in_range(midnight);
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let (clock, zone) = clock(&bytes[11..])?;
    in_range(midnight + clock - offset(zone)?)
}

/// Days from 0001-01-01 (day 1) to 1970-01-01.
const EPOCH_DAYS: i32 = 719_163;

fn in_range(micros: i64) -> Option<i64> {
    YEARS.contains(&micros).then_some(micros)
}

fn epoch(bytes: &[u8]) -> Option<i64> {
    let unit = match bytes.len() {
        9..=11 => SECOND,
        12..=14 => 1_000,
        15..=17 => 1,
        _ => return None,
    };
    digits(bytes)?.checked_mul(unit)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0_i64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…` at the head of `bytes`: microseconds since midnight, and the rest.
fn clock(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let pair = |at: usize, limit: i64| digits(bytes.get(at..at + 2)?).filter(|number| *number < limit);
    let hour = pair(0, 24)?;
    if bytes.get(2) != Some(&b':') {
        return None;
    }
    let minute = pair(3, 60)?;
    let mut micros = hour * HOUR + minute * MINUTE;
    let mut end = 5;
    if bytes.get(5) == Some(&b':') {
        micros += pair(6, 60)? * SECOND;
        end = 8;
        if matches!(bytes.get(8), Some(b'.' | b',')) {
            let fraction = bytes[9..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if fraction == 0 {
                return None;
            }
            let kept = &bytes[9..9 + fraction.min(6)];
            micros += digits(kept)? * 10_i64.pow(6 - u32::try_from(kept.len()).ok()?);
            end = 9 + fraction;
        }
    }
    Some((micros, &bytes[end..]))
}

/// Microseconds that local time is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"" | b"Z" | b"z" | b" UTC" | b"UTC" | b" GMT" | b" Z" => return Some(0),
        _ => {}
    }
    let zone = zone.strip_prefix(b" ").unwrap_or(zone);
    let sign = match zone.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match &zone[1..] {
        [a, b] => (digits(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * HOUR + minutes * MINUTE))
}

/// `2026-11-20T03:10:00.000001Z`: the shortest text that [`parse`] reads back to the same microsecond.
#[must_use]
pub fn format(micros: i64) -> String {
    let moment = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    if micros.rem_euclid(SECOND) == 0 {
        moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
    }
}

/// The UTC calendar day of a moment, as days since 1970-01-01.
#[must_use]
pub fn utc_day(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY)).expect("years 1 to 9999 are some 3.6 million days")
}

/// `2026-11-20` for days since 1970-01-01.
///
/// # Panics
/// For days that are not in the years 1 to 9999; [`parse`] lets no such day in.
#[must_use]
pub fn day_name(day: i32) -> String {
    date(day).to_string()
}

/// The day that [`day_name`] names; `None` if it is no such name.
#[must_use]
pub fn parse_day(name: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(name, "%Y-%m-%d").ok()?;
    Some(utc_day(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()))
}

/// The date of a number of days since 1970-01-01.
///
/// # Panics
/// As [`day_name`].
#[must_use]
pub fn date(day: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day + EPOCH_DAYS).expect("a day of the years 1 to 9999")
}

/// The calendar date of a moment on the shop's clock.
#[must_use]
pub fn local_date(micros: i64, zone: Tz) -> NaiveDate {
    DateTime::from_timestamp_micros(micros).unwrap_or_default().with_timezone(&zone).date_naive()
}

/// The moment at which this date begins on the shop's clock. Where summer time skips midnight, the day begins
/// with the first moment after the gap; where midnight comes twice, with the first.
#[must_use]
pub fn start_of_day(date: NaiveDate, zone: Tz) -> i64 {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let mut local = midnight;
    // No zone's gap is longer than a day; transitions lie on whole quarters of an hour.
    for _ in 0..=96 {
        if let Some(moment) = zone.from_local_datetime(&local).earliest() {
            return moment.with_timezone(&Utc).timestamp_micros();
        }
        local += chrono::TimeDelta::minutes(15);
    }
    midnight.and_utc().timestamp_micros()
}

/// Reads a span such as `3d`, `36h`, `90m` or `45s`: a whole number and one unit. `None` for anything else and for 0.
#[must_use]
pub fn parse_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = match text.bytes().last()? {
        b'd' => DAY,
        b'h' => HOUR,
        b'm' => MINUTE,
        b's' => SECOND,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || number.len() > 9 {
        return None;
    }
    digits(number.as_bytes())?.checked_mul(unit).filter(|span| *span > 0)
}

/// A span in the largest unit that divides it: `3d`, `36h`, `90m`, `45s`.
#[must_use]
pub fn format_span(micros: i64) -> String {
    let (unit, letter) = [(DAY, 'd'), (HOUR, 'h'), (MINUTE, 'm')]
        .into_iter()
        .find(|(unit, _)| micros % unit == 0)
        .unwrap_or((SECOND, 's'));
    format!("{}{letter}", micros / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_of_four_digit_years() {
        let year = |micros| DateTime::from_timestamp_micros(micros).unwrap().year();
        assert_eq!((year(*YEARS.start()), year(*YEARS.start() - 1)), (1, 0));
        assert_eq!((year(*YEARS.end()), year(*YEARS.end() + 1)), (9999, 10_000));
    }

    const NOON: i64 = 1_773_230_400 * SECOND; // 2026-03-11T12:00:00Z

    #[test]
    fn moments_are_read_in_every_form_logs_use() {
        for text in [
            "2026-03-11T12:00:00Z",
            "2026-03-11T12:00:00",
            "2026-03-11 12:00:00",
            "2026-03-11 12:00",
            "2026-03-11 12:00:00 UTC",
            "2026-03-11T13:00:00+01:00",
            "2026-03-11 13:00:00 +0100",
            "2026-03-11T13:00:00.000000000+01",
            "2026-03-11t06:30:00.0-05:30",
            "1773230400",
            "1773230400000",
            "1773230400000000",
        ] {
            assert_eq!(parse(text), Some(NOON), "{text}");
        }
        assert_eq!(parse("2026-03-11T12:00:00.1234567Z"), Some(NOON + 123_456));
        assert_eq!(parse("2026-03-11"), Some(NOON - 12 * HOUR));
        assert_eq!(parse("1969-12-31T23:59:59.999999Z"), Some(-1));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "never",
            "2026-02-30",
            "2026-3-11",
            "2026-03-11T24:00:00",
            "2026-03-11T12:60",
            "2026-03-11T12:00:61",
            "2026-03-11T12:00:00.",
            "2026-03-11T12:00:00+25:00",
            "2026-03-11T12:00:00 CET",
            "2026-03-11X12:00:00",
            "0000-01-01",
            "12",
            "999999999999999999",
            "2026-03-11T",
            "２026-03-11",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn format_reads_back_to_the_microsecond() {
        for micros in [NOON, NOON + 1, -1, 0] {
            assert_eq!(parse(&format(micros)), Some(micros));
        }
        assert_eq!(format(NOON + 1), "2026-03-11T12:00:00.000001Z");
    }

    #[test]
    fn a_day_begins_when_the_shop_clock_says_so() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let start = |date: &str, zone: Tz| format(start_of_day(day(date), zone));
        assert_eq!(start("2026-03-29", chrono_tz::Europe::Berlin), "2026-03-28T23:00:00Z");
        assert_eq!(start("2026-03-30", chrono_tz::Europe::Berlin), "2026-03-29T22:00:00Z");
        // Midnight does not exist in Santiago on the day that summer time begins.
        assert_eq!(start("2026-09-06", chrono_tz::America::Santiago), "2026-09-06T04:00:00Z");
        assert_eq!(local_date(NOON + 12 * HOUR, chrono_tz::Europe::Berlin), day("2026-03-12"));
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        assert_eq!(
            ["3d", "36h", "90m", "45s"].map(parse_span),
            [Some(3 * DAY), Some(36 * HOUR), Some(90 * MINUTE), Some(45 * SECOND)]
        );
        assert_eq!(["", "d", "3", "3 d", "-3d", "0d", "1.5d", "9999999999d"].map(parse_span), [None; 8]);
        assert_eq!([3 * DAY, 36 * HOUR, 90 * MINUTE, 45 * SECOND].map(format_span), ["3d", "36h", "90m", "45s"]);
    }
}
