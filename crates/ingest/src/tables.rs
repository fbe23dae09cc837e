//! Tables of GA4's export, told by the names of files: `events_20260311` is what happened on a day, final but for
//! corrections; `events_intraday_20260311` the same day while it lasts.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use events::time;

use crate::format::Format;
use crate::read::InputFile;
use crate::source::STDIN;
use crate::stream::Stream;

/// A table of GA4's export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExportTable {
    /// Its date, in days since 1970-01-01. It is on the clock of the property: moments are up to a day away from it.
    day: i32,
    is_daily: bool,
}

impl ExportTable {
    /// The table that a file is a part of, by its name or that of a folder in which it lies, the nearest first:
    /// `events_` or `events_intraday_` (before it perhaps the data set, `analytics_123456.`), the date, perhaps the
    /// number of a shard behind `_`, `-` or nothing (then of 12 digits), perhaps a dot and anything.
    #[must_use]
    pub fn named_by(path: &Path) -> Option<Self> {
        path.ancestors().filter_map(Path::file_name).filter_map(OsStr::to_str).find_map(Self::parse)
    }

    fn parse(name: &str) -> Option<Self> {
        let is_digit = |letter: char| letter.is_ascii_digit();
        let of_data_set = name
            .strip_prefix("analytics_")
            .and_then(|rest| rest.trim_start_matches(is_digit).strip_prefix(['.', '_', '-']));
        let name = of_data_set.unwrap_or(name).strip_prefix("events_")?;
        let (is_daily, name) = name.strip_prefix("intraday_").map_or((true, name), |name| (false, name));
        let (date, rest) = name.split_at_checked(8).filter(|(date, _)| date.chars().all(is_digit))?;
        let day = time::parse_day(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))?;
        let (shard, least) = rest.strip_prefix(['_', '-']).map_or((rest, 12), |shard| (shard, 1));
        let behind = shard.trim_start_matches(is_digit);
        let digits = shard.len() - behind.len();
        let is_sharded = digits >= least;
        let is_whole = shard.len() == rest.len() && digits == 0;
        ((is_sharded || is_whole) && (behind.is_empty() || behind.starts_with('.'))).then_some(Self { day, is_daily })
    }

    /// The table that a file is a part of; `None` for files of other formats, whatever their names.
    pub(crate) fn of(file: &InputFile) -> Option<Self> {
        let table = Self::named_by(&file.path).filter(|_| file.path != Path::new(STDIN))?;
        // A file that cannot be read is told as such when it is its turn.
        let stream = Stream::open(file).ok().flatten()?;
        (stream.format == Format::Ga4).then_some(table)
    }

    /// Whether it is the final table of its date.
    #[must_use]
    pub const fn is_daily(self) -> bool {
        self.is_daily
    }

    /// The other table of its date.
    #[must_use]
    pub const fn counterpart(self) -> Self {
        Self { day: self.day, is_daily: !self.is_daily }
    }
}

impl fmt::Display for ExportTable {
    /// The name that it has in the export.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_daily { "events_" } else { "events_intraday_" };
        write!(formatter, "{kind}{}", time::day_name(self.day).replace('-', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_names_of_files_and_folders() {
        let named = |path: &str| ExportTable::named_by(Path::new(path)).map(|table| table.to_string());
        for name in [
            "events_20260311",
            "events_20260311.json",
            "logs/events_20260311.ndjson.gz",
            "events_20260311_000000000001.json.gz",
            "events_20260311-000000000001.json.gz",
            "events_20260311000000000001.json.gz",
            "events_20260311_7.json",
            "analytics_123456.events_20260311.json",
            "analytics_123456_events_20260311-3.json",
            "events_20260311/part-000.json",
            "events_20260311/hours/07.json.zst",
            "events_intraday_20260310/events_20260311.json",
        ] {
            assert_eq!(named(name).as_deref(), Some("events_20260311"), "{name}");
        }
        for name in ["events_intraday_20260311.json", "a/events_intraday_20260311/000.json"] {
            assert_eq!(named(name).as_deref(), Some("events_intraday_20260311"), "{name}");
        }
        for name in [
            "export.json",
            "events_2026-03-11.csv",
            "events_20260231.json",
            "events_202603110.json",
            "events_20260311_.json",
            "events_20260311_old.json",
            "events_20260311old.json",
            "my_events_20260311.json",
            "analytics_123456/users_20260311.json",
            "-",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
