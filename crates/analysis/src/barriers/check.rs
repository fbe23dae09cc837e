//! Are the logs whole? Where far fewer events came than at this time of other weeks, nothing can be said of attempts.

use std::collections::{BTreeMap, BTreeSet};

use events::time::{DAY, HOUR};

use super::finding::DataWarning;
use super::stream::Volume;

/// An hour with less than this share of what was expected is short.
const SHORT: f64 = 0.6;
/// Expected events below which an hour says nothing, and below which a run of hours does not.
const LEAST_HOUR: f64 = 10.0;
const LEAST_RUN: f64 = 60.0;
/// Hours in a row that have to be short.
const LEAST_HOURS: usize = 2;
/// Days before that are compared with, and weeks.
const DAYS: i64 = 7;
const WEEKS: i64 = 4;
/// Share of the checkout's rows that a source has to have to matter for attempts.
const ITS_SHARE: f64 = 0.05;
const DAY_HOURS: i64 = DAY / HOUR;

/// A stretch of hours in which logs are missing; `source` is `None` where all are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gap {
    pub(super) source: Option<String>,
    /// Microseconds since 1970.
    pub(super) from: i64,
    pub(super) until: i64,
    expected: f64,
    seen: u64,
    /// Whether steps of the checkout are missing.
    of_checkout: bool,
}

impl Gap {
    /// Whether an attempt that had until `deadline` may have gone on unseen.
    pub(super) fn hides(&self, at: i64, deadline: i64) -> bool {
        // The hours at both ends may be short in part.
        self.of_checkout && at < self.until + HOUR && deadline >= self.from - HOUR
    }

    pub(super) fn warning(&self) -> DataWarning {
        DataWarning::Outage {
            source: self.source.clone(),
            from: self.from,
            until: self.until,
            expected: self.expected,
            seen: self.seen,
        }
    }
}

/// Gaps of all sources together, and of single ones where there are several; up to `until`. `checkout` has the rows of the
/// checkout by source: what a source without any leaves out hides no attempt.
pub(super) fn gaps(volume: &Volume, checkout: &BTreeMap<String, u64>, until: i64) -> Vec<Gap> {
    let sources: BTreeSet<&str> = volume.keys().map(|(source, _)| source.as_str()).collect();
    let mut all: BTreeMap<i64, u64> = BTreeMap::new();
    for ((_, hour), count) in volume {
        *all.entry(*hour).or_default() += count;
    }
    let mut gaps = of_series(None, true, &all, until);
    let rows: u64 = checkout.values().sum();
    if sources.len() > 1 {
        for source in sources {
            let own = volume.iter().filter(|((name, _), _)| name == source).map(|((_, hour), count)| (*hour, *count));
            let share = checkout.get(source).copied().unwrap_or(0) as f64 / rows.max(1) as f64;
            gaps.extend(of_series(Some(source), share >= ITS_SHARE, &own.collect(), until));
        }
    }
    gaps
}

fn of_series(source: Option<&str>, of_checkout: bool, series: &BTreeMap<i64, u64>, until: i64) -> Vec<Gap> {
    let (Some((first, _)), last) = (series.first_key_value(), until.div_euclid(HOUR)) else { return Vec::new() };
    let mut gaps: Vec<Gap> = Vec::new();
    let mut run: Vec<(i64, f64, u64)> = Vec::new();
    let mut close = |run: &mut Vec<(i64, f64, u64)>| {
        let (expected, seen) = run.iter().fold((0.0, 0), |sum, hour| (sum.0 + hour.1, sum.1 + hour.2));
        if run.len() >= LEAST_HOURS && expected >= LEAST_RUN {
            gaps.push(Gap {
                source: source.map(str::to_owned),
                from: run[0].0 * HOUR,
                until: (run[run.len() - 1].0 + 1) * HOUR,
                expected,
                seen,
                of_checkout,
            });
        }
        run.clear();
    };
    // The hour of `until` itself is not over.
    for hour in first + DAY_HOURS..last {
        let seen = series.get(&hour).copied().unwrap_or(0);
        let expected = expected(series, *first, hour);
        // Far below, and not by chance.
        let is_short = (seen as f64) < SHORT * expected && (seen as f64) < expected - 3.0 * (2.0 * expected).sqrt();
        if expected >= LEAST_HOUR && is_short {
            run.push((hour, expected, seen));
        } else {
            close(&mut run);
        }
    }
    close(&mut run);
    gaps
}

/// Events to be expected in an hour: the lower of the medians of this hour on the days before, and in the weeks before.
fn expected(series: &BTreeMap<i64, u64>, first: i64, hour: i64) -> f64 {
    let median = |step: i64, count: i64| -> Option<f64> {
        let mut counts: Vec<u64> = (1..=count)
            .map(|back| hour - back * step)
            .filter(|hour| *hour >= first)
            .map(|hour| series.get(&hour).copied().unwrap_or(0))
            .collect();
        counts.sort_unstable();
        (!counts.is_empty()).then(|| counts[counts.len() / 2] as f64)
    };
    let days = median(DAY_HOURS, DAYS).unwrap_or(0.0);
    median(7 * DAY_HOURS, WEEKS).map_or(days, |weeks| days.min(weeks))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty days of a source with so many events an hour, fewer at night.
    fn usual(source: &str, volume: &mut Volume) {
        for hour in 0..30 * DAY_HOURS {
            volume.insert((source.to_owned(), hour), if hour % 24 < 6 { 8 } else { 120 + (hour % 7).unsigned_abs() });
        }
    }

    #[test]
    fn hours_without_logs_are_a_gap() {
        let mut volume = Volume::new();
        usual("web", &mut volume);
        volume.retain(|(_, hour), _| !(29 * 24 + 10..29 * 24 + 16).contains(hour));
        let gaps = gaps(&volume, &BTreeMap::new(), 30 * DAY);
        assert_eq!(gaps.len(), 1);
        assert_eq!((gaps[0].from, gaps[0].until), ((29 * 24 + 10) * HOUR, (29 * 24 + 16) * HOUR));
        assert!(gaps[0].hides(gaps[0].from - HOUR - 1, gaps[0].from) && !gaps[0].hides(0, HOUR));
    }

    #[test]
    fn a_source_gone_quiet_is_a_gap_of_its_own() {
        let mut volume = Volume::new();
        usual("web", &mut volume);
        usual("app", &mut volume);
        volume.retain(|(source, hour), _| source != "app" || *hour < 29 * 24);
        let gaps = gaps(&volume, &BTreeMap::new(), 30 * DAY);
        assert!(gaps.iter().any(|gap| gap.source.as_deref() == Some("app")), "{gaps:?}");
        assert!(gaps.iter().all(|gap| gap.source.as_deref() != Some("web")));
    }

    #[test]
    fn quiet_nights_and_weekends_are_no_gap() {
        let mut volume = Volume::new();
        usual("web", &mut volume);
        for ((_, hour), count) in &mut volume {
            if hour.div_euclid(24) % 7 >= 5 {
                *count /= 3;
            }
        }
        // The first weekend has no other to be compared with.
        assert!(gaps(&volume, &BTreeMap::new(), 30 * DAY).iter().all(|gap| gap.until <= 7 * DAY));
    }
}
