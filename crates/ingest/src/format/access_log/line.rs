//! A line of the combined format, or of the common one, which ends after the bytes.

use std::borrow::Cow;

use chrono::NaiveDate;
use chrono_tz::Tz;
use events::time::{HOUR, MINUTE};

use crate::clock;

/// A line, its escapes undone. `-` is `None`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) host: &'a str,
    /// The name by which the client logged in to the web server.
    pub(super) user: Option<&'a str>,
    pub(super) time: &'a str,
    pub(super) request: Cow<'a, str>,
    pub(super) status: u16,
    pub(super) referrer: Option<Cow<'a, str>>,
    pub(super) agent: Option<Cow<'a, str>>,
    /// What follows the user agent.
    pub(super) more: Vec<Option<Cow<'a, str>>>,
}

impl<'a> Line<'a> {
    /// Reads a line; else says what is missing of it.
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let (host, rest) = text.trim_end().split_once(' ').ok_or("no client address")?;
        let (_, rest) = rest.split_once(' ').ok_or("no identity")?;
        // A user's name may hold blanks, and may even look like a moment: the last bracket before the request counts.
        let request_at = rest.find("] \"").ok_or("no [moment] before a \"request\"")?;
        let (before, rest) = (&rest[..request_at], &rest[request_at + 2..]);
        let (user, time) = before.rsplit_once('[').ok_or("no [moment] before a \"request\"")?;
        let (request, rest) = quoted(rest).ok_or("the request's quote is not closed")?;
        let mut fields = Fields { rest };
        let status = fields.next().flatten().ok_or("no status")?;
        let status = status.parse().ok().filter(|status| (100..=999).contains(status)).ok_or("no status")?;
        let bytes = fields.next().ok_or("no number of bytes")?;
        if bytes.is_some_and(|bytes| bytes.parse::<u64>().is_err()) {
            return Err("no number of bytes");
        }
        let referrer = fields.next().flatten();
        let agent = fields.next().flatten();
        let user = Some(user.trim()).filter(|user| !matches!(*user, "" | "-" | "\"\""));
        Ok(Self { host, user, time, request, status, referrer, agent, more: fields.collect() })
    }
}

/// Fields divided by blanks, quoted or not.
struct Fields<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let (field, rest) = quoted(rest).unwrap_or_else(|| {
            let (field, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            (Cow::Borrowed(field), rest)
        });
        self.rest = rest;
        Some(Some(field).filter(|field| !matches!(field.trim(), "" | "-")))
    }
}

/// A text in quotes at the start of `rest`, and what follows it.
fn quoted(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = rest.strip_prefix('"')?;
    let bytes = inner.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some((unescape(&inner[..at]), &inner[at + 1..]));
        }
        at += 2;
    }
}

/// Undoes `\"`, `\\`, `\n`, `\t`, `\r` and `\xhh`; another backslash stays. Bytes that are not UTF-8 become `�`.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'\\', [b'x', high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                (digit(*high).zip(digit(*low)).map_or(b'?', |(high, low)| high << 4 | low), after)
            }
            (b'\\', [b'n', after @ ..]) => (b'\n', after),
            (b'\\', [b't', after @ ..]) => (b'\t', after),
            (b'\\', [b'r', after @ ..]) => (b'\r', after),
            (b'\\', [escaped @ (b'"' | b'\\'), after @ ..]) => (*escaped, after),
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Microseconds since 1970 of `11/Mar/2026:10:06:39 +0100`; without an offset it is the clock of `zone`. Of two moments
/// with the same clock it is the first; a clock that summer time skips is read as if it had not yet been put forward.
pub(super) fn moment(text: &str, zone: Tz) -> Option<i64> {
    let (clock, offset) = text.split_once(' ').map_or((text, None), |(clock, offset)| (clock, Some(offset)));
    let mut parts = clock.splitn(3, ['/', ':']);
    let day = number(parts.next()?)?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let mut parts = parts.next()?.split(':');
    let year = i32::try_from(number(parts.next()?)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day)?;
    let mut next = || number(parts.next()?);
    // A leap second is the one before it.
    let local = date.and_hms_opt(next()?, next()?, next()?.min(59))?;
    if parts.next().is_some() {
        return None;
    }
    let micros = if let Some(offset) = offset {
        local.and_utc().timestamp_micros() - ahead(offset.trim())?
    } else {
        clock::moment(local, zone)?
    };
    (1..=9999).contains(&year).then_some(micros)
}

fn number(text: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// Microseconds that `+0100` or `+01:00` is ahead of UTC.
fn ahead(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let (hours, minutes) = (number(hours)?, number(minutes.trim_start_matches(':'))?);
    (hours < 24 && minutes < 60).then_some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_escapes_undone_and_a_dash_is_no_value() {
        let text = r#"2001:db8::1 - Ann B [11/Mar/2026:10:10:40 +0100] "GET /a?q=\"x\" HTTP/2.0" 200 - "-" "Odd \"UA\" \\ \x22q\x22 \xc3\xa9" 0.250 "a=1; b=2" -"#;
        let line = Line::parse(text).unwrap();
        assert_eq!((line.host, line.user, line.time), ("2001:db8::1", Some("Ann B"), "11/Mar/2026:10:10:40 +0100"));
        assert_eq!((line.request.as_ref(), line.status), ("GET /a?q=\"x\" HTTP/2.0", 200));
        assert_eq!((line.referrer, line.agent.as_deref()), (None, Some("Odd \"UA\" \\ \"q\" é")));
        assert_eq!(line.more, [Some("0.250".into()), Some("a=1; b=2".into()), None]);
    }

    #[test]
    fn the_common_format_has_neither_referrer_nor_agent() {
        let line = Line::parse(r#"192.0.2.1 - - [11/Mar/2026:10:10:40 +0100] "-" 408 0"#).unwrap();
        assert_eq!((line.request.as_ref(), line.status, line.agent), ("-", 408, None));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, words) in [
            ("", "no client address"),
            ("a b c", "no [moment] before a \"request\""),
            ("a - - 11/Mar/2026:10:10:40] \"GET / HTTP/1.1\" 200 1", "no [moment] before a \"request\""),
            ("a - - [11/Mar/2026:10:10:40] \"GET / HTTP/1.1", "the request's quote is not closed"),
            ("a - - [11/Mar/2026:10:10:40] \"GET / HTTP/1.1\"", "no status"),
            ("a - - [11/Mar/2026:10:10:40] \"GET / HTTP/1.1\" OK 1", "no status"),
            ("a - - [11/Mar/2026:10:10:40] \"GET / HTTP/1.1\" 200 many", "no number of bytes"),
        ] {
            assert_eq!(Line::parse(text), Err(words), "{text}");
        }
    }

    #[test]
    fn a_moment_has_an_offset_or_the_clock_of_its_zone() {
        let berlin = chrono_tz::Europe::Berlin;
        let text = |clock: &str| moment(clock, berlin).map(events::time::format);
        let utc = |clock: &str| Some(clock.to_owned());
        assert_eq!(text("11/Mar/2026:10:06:39 +0100"), utc("2026-03-11T09:06:39Z"));
        assert_eq!(text("11/Mar/2026:10:06:39 -05:30"), utc("2026-03-11T15:36:39Z"));
        assert_eq!(text("11/Mar/2026:10:06:39"), utc("2026-03-11T09:06:39Z"));
        assert_eq!(text("11/Jul/2026:10:06:39"), utc("2026-07-11T08:06:39Z"));
        assert_eq!(text("29/Mar/2026:02:30:00"), utc("2026-03-29T01:30:00Z"), "skipped by summer time");
        assert_eq!(text("25/Oct/2026:02:30:00"), utc("2026-10-25T00:30:00Z"), "the first of two");
        assert_eq!(text("31/Dec/2016:23:59:60 +0000"), utc("2016-12-31T23:59:59Z"));
        for bad in ["30/Feb/2026:10:06:39", "11/Mär/2026:10:06:39", "11/Mar/2026:10:06", "11/Mar/2026:10:06:39 CET", ""]
        {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}
