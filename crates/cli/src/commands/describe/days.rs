//! Rows by source and day, and the days on which something is missing.

use std::collections::BTreeMap;

use events::time;
use serde_json::{Value, json};

use crate::show;

/// Rows by day (days since 1970, UTC), by source.
pub(super) type Days = BTreeMap<String, BTreeMap<i32, u64>>;

/// Days of a source with far fewer rows than usual, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) source: String,
    pub(super) first: i32,
    pub(super) last: i32,
    /// All rows of these days.
    pub(super) rows: u64,
    /// The median of the source's other days with rows; for several days that of the first.
    pub(super) usual: Option<u64>,
    /// Whether the source has nothing later, while others have.
    pub(super) is_end: bool,
}

/// A day with this part of its usual rows, or less, is a gap.
const FEW: u64 = 10;
/// Fewer other days say nothing of what is usual.
const ENOUGH_DAYS: usize = 3;

/// The gaps of every source: days without any row between its first and its last, days with a tenth of the usual or less,
/// and, where other sources go on, everything after its last day.
pub(super) fn gaps(days: &Days) -> Vec<Gap> {
    let latest = days.values().filter_map(|days| days.last_key_value()).map(|(day, _)| *day).max();
    let mut gaps: Vec<Gap> = Vec::new();
    for (source, days) in days {
        let (Some((first, _)), Some((last, _)), Some(latest)) = (days.first_key_value(), days.last_key_value(), latest)
        else {
            continue;
        };
        for day in *first..=latest {
            let rows = days.get(&day).copied().unwrap_or(0);
            let usual = usual(days, day);
            if rows > 0 && usual.is_none_or(|usual| rows * FEW > usual) {
                continue;
            }
            let is_end = day > *last;
            let goes_on = gaps.last_mut().filter(|gap| {
                gap.source == *source && gap.last + 1 == day && (gap.rows == 0) == (rows == 0) && gap.is_end == is_end
            });
            match goes_on {
                Some(gap) => (gap.last, gap.rows) = (day, gap.rows + rows),
                None => gaps.push(Gap { source: source.clone(), first: day, last: day, rows, usual, is_end }),
            }
        }
    }
    gaps
}

/// The median of the other days' rows, the lower one of two; `None` where there are too few days.
fn usual(days: &BTreeMap<i32, u64>, day: i32) -> Option<u64> {
    let mut others: Vec<u64> = days.iter().filter(|(other, _)| **other != day).map(|(_, rows)| *rows).collect();
    others.sort_unstable();
    (others.len() >= ENOUGH_DAYS).then(|| others[(others.len() - 1) / 2])
}

/// A line for each week of each source, Monday first, and one for each gap.
pub(super) fn show(days: &Days) {
    show::line("");
    show::line("rows by source and day (UTC), a week a line:");
    for (source, days) in days {
        let all: u64 = days.values().sum();
        let on = if days.len() == 1 { "1 day".to_owned() } else { format!("{} days", days.len()) };
        show::line(&format!("  {}: {} rows on {on}", show::printable(source), show::thousands(all)));
        for line in weeks(days) {
            show::line(&format!("    {line}"));
        }
    }
    let gaps = gaps(days);
    if gaps.is_empty() {
        show::line("no gaps: no day is missing, none has a tenth of its usual rows or less");
    }
    for gap in &gaps {
        show::line(&format!("gap: {}", gap.line()));
    }
}

/// Weeks with rows: the Monday, and the rows of each day.
fn weeks(days: &BTreeMap<i32, u64>) -> Vec<String> {
    let mut weeks: BTreeMap<i32, [u64; 7]> = BTreeMap::new();
    for (day, rows) in days {
        // 1970 began on a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        weeks.entry(day - weekday).or_default()[usize::try_from(weekday).unwrap_or(0)] = *rows;
    }
    let cell = |rows: &u64| if *rows == 0 { "-".to_owned() } else { show::thousands(*rows) };
    let width = days.values().map(|rows| cell(rows).len()).max().unwrap_or(1);
    let line = |(monday, rows): (&i32, &[u64; 7])| {
        let cells: Vec<String> = rows.iter().map(|rows| format!("{:>width$}", cell(rows))).collect();
        format!("{}  {}", time::day_name(*monday), cells.join("  "))
    };
    weeks.iter().map(line).collect()
}

impl Gap {
    fn line(&self) -> String {
        let (first, last) = (time::day_name(self.first), time::day_name(self.last));
        let days = if self.first == self.last { first } else { format!("{first} to {last}") };
        let what = match (self.rows, self.is_end) {
            (0, true) => "nothing more, while other sources go on".to_owned(),
            (0, false) => "no rows".to_owned(),
            (rows, _) => format!("{} rows", show::thousands(rows)),
        };
        let usual = self.usual.map(|usual| format!(", usually {} a day", show::thousands(usual))).unwrap_or_default();
        format!("{}, {days}: {what}{usual}", show::printable(&self.source))
    }

    fn json(&self) -> Value {
        json!({
            "source": self.source, "first_day": time::day_name(self.first), "last_day": time::day_name(self.last),
            "rows": self.rows, "usual_rows": self.usual, "is_end": self.is_end,
        })
    }
}

/// Every day of every source, and the gaps.
pub(super) fn json(days: &Days) -> (Vec<Value>, Vec<Value>) {
    let day = |source: &String, (day, rows): (&i32, &u64)| json!({ "source": source, "day": time::day_name(*day), "rows": rows });
    let all = days.iter().flat_map(|(source, days)| days.iter().map(move |rows| day(source, rows)));
    (all.collect(), gaps(days).iter().map(Gap::json).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(sources: &[(&str, &[(i32, u64)])]) -> Days {
        sources.iter().map(|(source, days)| ((*source).to_owned(), days.iter().copied().collect())).collect()
    }

    fn lines(days: &Days) -> Vec<String> {
        gaps(days).iter().map(Gap::line).collect()
    }

    #[test]
    fn a_day_with_a_tenth_of_the_usual_rows_or_none_is_a_gap() {
        let shop: &[(i32, u64)] = &[(0, 1_000), (1, 1_200), (2, 100), (3, 101), (6, 900), (7, 1_100)];
        let told = lines(&days(&[("shop", shop)]));
        let expected = [
            "shop, 1970-01-03: 100 rows, usually 1,000 a day",
            "shop, 1970-01-05 to 1970-01-06: no rows, usually 900 a day",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_source_that_ends_before_the_others_is_told_and_one_alone_has_no_end() {
        let both = days(&[("app", &[(0, 5), (1, 5)]), ("shop", &[(0, 5), (1, 5), (3, 5)])]);
        let expected = [
            "app, 1970-01-03 to 1970-01-04: nothing more, while other sources go on",
            "shop, 1970-01-03: no rows, usually 5 a day",
        ];
        assert_eq!(lines(&both), expected);
        assert_eq!(lines(&days(&[("app", &[(0, 5), (1, 1)])])), [""; 0], "two days say nothing of what is usual");
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let told = weeks(&[(0, 5), (3, 1_200), (4, 7)].into());
        assert_eq!(
            told,
            [
                "1969-12-29      -      -      -      5      -      -  1,200",
                "1970-01-05      7      -      -      -      -      -      -",
            ]
        );
    }
}
