//! abandonment by day → what is other than yesterday and last week, and whether that is more than noise.
//!
//! Days differ more than carts drawn from one urn would: how much more is estimated from the days before (Pearson's
//! statistic over its degrees of freedom), and the range in which a new day is expected is widened by it. A normal
//! week is no news either: carts are compared with days of the same weekday where there are enough weeks.

use chrono::{Datelike as _, Days, NaiveDate};
use chrono_tz::Tz;
use events::time::{self, HOUR};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::Estimate;
use crate::abandonment::{Abandonment, Day};

/// Days before the newest one that say what is usual.
pub const DAYS: usize = 28;
/// Fewer say nothing.
const LEAST_DAYS: usize = 7;
/// From so many days on, weekdays are told apart.
const WEEKS_FROM: usize = 21;
/// A day of fewer carts is compared with nothing.
const LEAST_CARTS: u64 = 30;
/// A day counts as over once so much of it has passed: logs of a day rarely end with its last second.
const DAY_IS_OVER: i64 = 22 * HOUR;

/// What is other than before.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Changes {
    /// The newest day whose carts have all matured; `None` where it, or what is usual, is not known well enough.
    pub abandonment: Option<RateChange>,
    /// Carts opened on the newest day that is over; `None` likewise.
    pub carts: Option<CountChange>,
}

/// Whether a day is as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the range that 95 of 100 days are in.
    Usual,
    /// Above it.
    Higher,
    /// Below it.
    Lower,
}

/// A day's share of abandoned carts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateChange {
    /// The day on which the carts were opened.
    pub day: NaiveDate,
    /// Its share.
    pub rate: Estimate,
    /// That of the day before.
    pub day_before: Option<Estimate>,
    /// That of the same weekday a week before.
    pub week_before: Option<Estimate>,
    /// The share over the days before.
    pub usual: f64,
    /// Lower end of the range in which such a day is expected, 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Days that say what is usual.
    pub days: u64,
    /// Whether the day is within the range.
    pub verdict: Verdict,
}

/// A day's new carts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CountChange {
    /// The day.
    pub day: NaiveDate,
    /// Carts opened on it.
    pub carts: u64,
    /// Carts opened the day before.
    pub day_before: Option<u64>,
    /// Carts opened on the same weekday a week before.
    pub week_before: Option<u64>,
    /// Carts usual on such a day.
    pub usual: f64,
    /// Lower end of the range in which such a day is expected, 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Days that say what is usual.
    pub days: u64,
    /// Whether the day is within the range.
    pub verdict: Verdict,
}

/// Compares the newest days with those before. `as_of` and `window` are those of [`Settings`](crate::Settings).
#[must_use]
pub fn changes(abandonment: &Abandonment, as_of: i64, window: i64, zone: Tz) -> Changes {
    let over = time::local_date(as_of - DAY_IS_OVER, zone);
    let days: Vec<Day> = abandonment.days.iter().copied().filter(|day| day.day <= over).collect();
    Changes { abandonment: rate_change(&days, as_of, window, zone), carts: count_change(&days, over) }
}

fn on(days: &[Day], day: NaiveDate) -> Option<&Day> {
    days.binary_search_by_key(&day, |known| known.day).ok().map(|at| &days[at])
}

fn rate_change(days: &[Day], as_of: i64, window: i64, zone: Tz) -> Option<RateChange> {
    let has_matured = |day: &&Day| {
        let end = time::start_of_day(day.day + Days::new(1), zone);
        day.outcomes.pending == 0 && end.saturating_add(window) <= as_of.saturating_add(HOUR)
    };
    let matured: Vec<Day> = days.iter().filter(has_matured).copied().collect();
    let (newest, earlier) = matured.split_last()?;
    let rate = newest.outcomes.rate.filter(|rate| rate.n >= LEAST_CARTS)?;
    let of = |day: &Day| Some((day.outcomes.abandoned as f64, day.outcomes.rate?.n as f64));
    let history: Vec<(f64, f64)> = earlier.iter().rev().take(DAYS).filter_map(of).collect();
    if history.len() < LEAST_DAYS {
        return None;
    }
    let (left, carts) = history.iter().fold((0.0, 0.0), |(left, carts), (k, n)| (left + k, carts + n));
    // Half a cart on either side keeps the variance above 0 where all were left, or none.
    let usual = (left + 0.5) / (carts + 1.0);
    let pearson: f64 = history.iter().map(|(k, n)| (k - n * usual).powi(2) / (n * usual * (1.0 - usual))).sum();
    let freedom = history.len() as f64 - 1.0;
    let spread = (pearson / freedom).max(1.0);
    let n = rate.n as f64;
    let half = t975(freedom) * (spread * usual * (1.0 - usual) * (1.0 / n + 1.0 / carts)).sqrt();
    let (low, high) = ((usual - half).max(0.0), (usual + half).min(1.0));
    let before = |back: u64| on(&matured, newest.day - Days::new(back)).and_then(|day| day.outcomes.rate);
    Some(RateChange {
        day: newest.day,
        rate,
        day_before: before(1),
        week_before: before(7),
        usual,
        low,
        high,
        days: history.len() as u64,
        verdict: verdict(rate.point, low, high),
    })
}

fn count_change(days: &[Day], newest: NaiveDate) -> Option<CountChange> {
    let first = days.first()?.day;
    let carts = |day: NaiveDate| on(days, day).map_or(0, |day| day.outcomes.carts);
    // The first day of the logs may have begun before them.
    let history: Vec<(NaiveDate, f64)> = newest
        .iter_days()
        .rev()
        .skip(1)
        .take(DAYS)
        .take_while(|day| *day > first)
        .map(|day| (day, carts(day) as f64))
        .collect();
    if history.len() < LEAST_DAYS {
        return None;
    }
    let mean = |days: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = days.fold((0.0, 0.0), |(sum, count), carts| (sum + carts, count + 1.0));
        sum / count
    };
    let all = mean(&mut history.iter().map(|(_, carts)| *carts));
    let by_weekday = history.len() >= WEEKS_FROM;
    let expected = |day: NaiveDate| {
        if !by_weekday {
            return all;
        }
        let alike = history.iter().filter(|(other, _)| other.weekday() == day.weekday());
        mean(&mut alike.map(|(_, carts)| *carts))
    };
    let usual = expected(newest).max(0.5);
    if carts(newest) < LEAST_CARTS && usual < LEAST_CARTS as f64 {
        return None;
    }
    let groups = if by_weekday { 7 } else { 1 };
    let freedom = (history.len() - groups) as f64;
    let pearson: f64 =
        history.iter().map(|(day, carts)| (carts - expected(*day)).powi(2) / expected(*day).max(0.5)).sum();
    let spread = (pearson / freedom).max(1.0);
    let alike = history.len() as f64 / groups as f64;
    let half = t975(freedom) * (spread * usual * (1.0 + 1.0 / alike)).sqrt();
    let (low, high) = ((usual - half).max(0.0), usual + half);
    let before = |back: u64| Some(newest - Days::new(back)).filter(|day| *day > first).map(carts);
    Some(CountChange {
        day: newest,
        carts: carts(newest),
        day_before: before(1),
        week_before: before(7),
        usual,
        low,
        high,
        days: history.len() as u64,
        verdict: verdict(carts(newest) as f64, low, high),
    })
}

fn verdict(value: f64, low: f64, high: f64) -> Verdict {
    if value > high {
        Verdict::Higher
    } else if value < low {
        Verdict::Lower
    } else {
        Verdict::Usual
    }
}

fn t975(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom").inverse_cdf(0.975)
}

#[cfg(test)]
mod tests;
