//! From events to the bytes of a format. Everything here is pure: an event in, rows appended to a buffer.

mod ga4;
pub(crate) mod json;
mod native;
mod rees46;

use std::{fmt, str::FromStr};

use crate::{Error, delivery::Damage, event::Event};

/// A format that the shop's logs can be written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// CSV with the native columns.
    #[default]
    NativeCsv,
    /// NDJSON with the native columns; what is unknown is left out.
    NativeNdjson,
    /// Google Analytics 4 as extracted from `BigQuery`: one JSON object per event.
    Ga4,
    /// The CSV of the REES46 data sets. It knows views, carts, removals and purchases only, by the second.
    Rees46,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::NativeCsv, Self::NativeNdjson, Self::Ga4, Self::Rees46];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NativeCsv => "native-csv",
            Self::NativeNdjson => "native-ndjson",
            Self::Ga4 => "ga4",
            Self::Rees46 => "rees46",
        }
    }

    /// Ending of its files, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::NativeCsv | Self::Rees46 => "csv",
            Self::NativeNdjson | Self::Ga4 => "ndjson",
        }
    }

    /// What each file begins with.
    pub(crate) fn header(self) -> String {
        match self {
            Self::NativeCsv => native::header(),
            Self::Rees46 => rees46::HEADER.to_owned(),
            Self::NativeNdjson | Self::Ga4 => String::new(),
        }
    }

    /// Appends the event's rows, and says how many these are: none where the format has no word for it.
    pub(crate) fn write(self, event: &Event, out: &mut Vec<u8>) -> u64 {
        match self {
            Self::NativeCsv => native::csv(event, out),
            Self::NativeNdjson => native::ndjson(event, out),
            Self::Ga4 => ga4::write(event, out),
            Self::Rees46 => rees46::write(event, out),
        }
    }

    /// Appends one row that resembles the event and cannot be read, and says why it cannot.
    pub(crate) fn write_broken(self, event: &Event, damage: Damage, out: &mut Vec<u8>) -> Option<&'static str> {
        match self {
            Self::NativeCsv => Some(native::broken_csv(event, damage, out)),
            Self::NativeNdjson => Some(native::broken_ndjson(event, damage, out)),
            Self::Ga4 => Some(ga4::write_broken(event, damage, out)),
            Self::Rees46 => rees46::write_broken(event, damage, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        if word == "native" {
            return Ok(Self::NativeCsv);
        }
        let found = Self::ALL.into_iter().find(|format| format.as_str() == word);
        found.ok_or_else(|| Error::Unknown {
            what: "format",
            word: word.to_owned(),
            known: Self::ALL.map(Self::as_str).join(", "),
        })
    }
}

// The reasons for broken rows, as the truth counts them.
pub(crate) const UNREADABLE_PRICE: &str = "unreadable price";
pub(crate) const UNREADABLE_QUANTITY: &str = "unreadable quantity";
pub(crate) const MISSING_TS: &str = "missing ts";
pub(crate) const UNKNOWN_KIND: &str = "unknown kind";
pub(crate) const NO_IDENTITY: &str = "neither visitor nor customer";
pub(crate) const TRUNCATED: &str = "truncated line";

/// Cuts what was appended since `start` short, as a writer killed in the middle of a line leaves it.
pub(crate) fn truncate(out: &mut Vec<u8>, start: usize) -> &'static str {
    let length = out.len() - start;
    out.truncate(start + length * 2 / 5);
    // Never in the middle of a letter: what is broken here is the line, not the encoding.
    while std::str::from_utf8(&out[start..]).is_err() {
        out.pop();
    }
    out.push(b'\n');
    TRUNCATED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_as_it_is_shown() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
        assert_eq!("native".parse::<Format>().unwrap(), Format::NativeCsv);
        assert!("parquet".parse::<Format>().unwrap_err().to_string().contains("rees46"));
    }

    #[test]
    fn a_truncated_line_stays_text() {
        let mut out = b"before\n".to_vec();
        out.extend("\u{e4}\u{e4}\u{e4}\u{e4}\n".as_bytes());
        truncate(&mut out, 7);
        assert_eq!(String::from_utf8(out).unwrap(), "before\n\u{e4}\n");
    }
}
