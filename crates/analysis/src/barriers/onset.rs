//! attempts of a slice → when it began, and whether it is over.
//!
//! The likelihood of one stretch of time within which attempts fail at another rate than outside it. Stretches are looked
//! for by the hour, and the beginning then to the attempt.

use events::time::HOUR;

use super::finding::Onset;

/// Twice the log-likelihood by which an end must explain the attempts better than none.
const END: f64 = 10.0;
/// So much has to lie before the beginning.
const LEAST: i64 = 24 * HOUR;
/// By how much less likely a beginning may be and still be in the interval. More than the 1.92 of a smooth likelihood:
/// that of a change jumps from attempt to attempt, and intervals by 1.92 were measured to hold too rarely.
const DROP: f64 = 3.5;

/// When a slice went bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Course {
    pub(super) onset: Onset,
    /// When it was well again; `None` while it is not.
    pub(super) end: Option<i64>,
}

/// The course of attempts given as (moment, failed), ascending, up to `until`; `phi` is how much more they vary than coins.
/// `None` where failures never are more frequent than before.
pub(super) fn course(attempts: &[(i64, bool)], until: i64, phi: f64) -> Option<Course> {
    let first = attempts.first()?.0;
    let hours = usize::try_from((until - first) / HOUR).ok()? + 1;
    // Attempts and failures before each hour.
    let mut before = vec![(0.0, 0.0); hours + 1];
    for (at, failed) in attempts {
        let hour = usize::try_from((at - first) / HOUR).ok()?.min(hours - 1) + 1;
        before[hour].0 += 1.0;
        before[hour].1 += f64::from(u8::from(*failed));
    }
    for hour in 1..=hours {
        before[hour].0 += before[hour - 1].0;
        before[hour].1 += before[hour - 1].1;
    }
    let all = before[hours];
    let gain = |from: usize, to: usize| split(all, (before[to].0 - before[from].0, before[to].1 - before[from].1));
    let least = hours.min(usize::try_from(LEAST / HOUR).expect("a day"));
    let open = (least..hours).map(|from| (gain(from, hours), from)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let mut closed = (f64::NEG_INFINITY, 0, 0);
    for from in least..hours {
        for to in from + 2..hours {
            let gain = gain(from, to);
            if gain > closed.0 {
                closed = (gain, from, to);
            }
        }
    }
    let has_end = 2.0 * (closed.0 - open.0) > END * phi;
    let (from, to) = if has_end { (closed.1, Some(closed.2)) } else { (open.1, None) };
    if !gain(from, to.unwrap_or(hours)).is_finite() {
        return None;
    }
    let moment = |hour: usize| first + i64::try_from(hour).expect("few hours") * HOUR;
    let end = to.map(moment);
    Some(Course { onset: refine(attempts, moment(from), end, phi)?, end })
}

/// Log-likelihood gained by giving the attempts within a stretch their own rate; minus infinity where it is no higher.
fn split(all: (f64, f64), within: (f64, f64)) -> f64 {
    let outside = (all.0 - within.0, all.1 - within.1);
    if within.0 == 0.0 || outside.0 == 0.0 || within.1 * outside.0 <= outside.1 * within.0 {
        return f64::NEG_INFINITY;
    }
    likelihood(within) + likelihood(outside) - likelihood(all)
}

fn likelihood((n, k): (f64, f64)) -> f64 {
    let part = |k: f64| if k > 0.0 { k * (k / n).ln() } else { 0.0 };
    part(k) + part(n - k)
}

/// The beginning to the attempt, and the interval of all beginnings nearly as likely.
fn refine(attempts: &[(i64, bool)], near: i64, end: Option<i64>, phi: f64) -> Option<Onset> {
    let until = end.map_or(attempts.len(), |end| attempts.partition_point(|(at, _)| *at < end));
    let mut totals = (0.0, 0.0);
    let mut before = vec![(0.0, 0.0); attempts.len() + 1];
    for (row, (_, failed)) in attempts.iter().enumerate() {
        totals.0 += 1.0;
        totals.1 += f64::from(u8::from(*failed));
        before[row + 1] = totals;
    }
    let gains: Vec<f64> = (1..until)
        .map(|row| split(totals, (before[until].0 - before[row].0, before[until].1 - before[row].1)))
        .collect();
    // The likeliest; of equals the one nearest to where the hours say.
    let first = attempts.partition_point(|(at, _)| *at < attempts[0].0 + LEAST).max(1);
    let best = gains[(first - 1).min(gains.len())..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !best.is_finite() {
        return None;
    }
    let at =
        (first..until).filter(|row| gains[row - 1] >= best - 1e-9).min_by_key(|row| attempts[*row].0.abs_diff(near))?;
    let likely = |row: &usize| gains[row - 1] >= best - DROP * phi;
    let earliest = (first..=at).rev().take_while(likely).last().unwrap_or(at);
    let latest = (at..until).take_while(likely).last().unwrap_or(at);
    // It began after the attempt before, and no later than this one.
    Some(Onset { at: attempts[at].0, earliest: attempts[earliest - 1].0, latest: attempts[latest].0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::time::{DAY, MINUTE};

    /// An attempt every ten minutes; one in ten fails, and nine in ten from `from` to `to`.
    fn attempts(days: i64, from: i64, to: i64) -> Vec<(i64, bool)> {
        (0..days * 144)
            .map(|number| {
                let at = number * 10 * MINUTE;
                (at, if (from..to).contains(&at) { number % 10 != 0 } else { number % 10 == 0 })
            })
            .collect()
    }

    #[test]
    fn a_barrier_is_dated_to_the_hour() {
        let course = course(&attempts(20, 15 * DAY, 99 * DAY), 20 * DAY, 1.0).unwrap();
        assert!((course.onset.at - 15 * DAY).abs() <= HOUR, "{course:?}");
        assert!(course.onset.earliest <= 15 * DAY && 15 * DAY <= course.onset.latest + 10 * MINUTE, "{course:?}");
        assert_eq!(course.end, None);
    }

    #[test]
    fn a_barrier_that_is_over_has_an_end() {
        let course = course(&attempts(20, 12 * DAY, 16 * DAY), 20 * DAY, 1.0).unwrap();
        assert!((course.onset.at - 12 * DAY).abs() <= HOUR, "{course:?}");
        assert!((course.end.unwrap() - 16 * DAY).abs() <= HOUR, "{course:?}");
    }

    #[test]
    fn the_interval_is_wider_where_less_changes() {
        let mild: Vec<(i64, bool)> = (0..2_880)
            .map(|number| (number * 10 * MINUTE, if number < 2_160 { number % 10 == 0 } else { number % 5 == 0 }))
            .collect();
        let wide = course(&mild, 20 * DAY, 1.0).unwrap().onset;
        let narrow = course(&attempts(20, 15 * DAY, 99 * DAY), 20 * DAY, 1.0).unwrap().onset;
        assert!(wide.latest - wide.earliest > narrow.latest - narrow.earliest);
    }

    #[test]
    fn attempts_that_only_get_better_have_no_onset() {
        let better: Vec<(i64, bool)> = (0..2_000).map(|number| (number * 10 * MINUTE, number < 100)).collect();
        assert_eq!(course(&better, 2_000 * 10 * MINUTE, 1.0), None);
        assert_eq!(course(&[], 0, 1.0), None);
    }
}
