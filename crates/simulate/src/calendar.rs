//! Time as microseconds since the epoch, UTC, and the seasons of the week and of the day.

use chacha20::ChaCha8Rng;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat};
use serde::Serializer;

use crate::rng::{Dice, whole};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Visits by hour of the day (UTC) of a shop in central Europe: a dip at night, a peak in the evening.
const HOURS: [f64; 24] = [
    0.9, 0.5, 0.3, 0.25, 0.35, 0.7, 1.5, 2.4, 3.2, 4.0, 4.4, 4.6, 4.5, 4.4, 4.4, 4.6, 5.0, 5.8, 6.8, 7.4, 6.9, 5.2,
    3.2, 1.7,
];

/// Visits by day of the week, Monday first.
const WEEKDAYS: [f64; 7] = [1.06, 1.00, 0.97, 0.96, 0.90, 0.95, 1.16];

/// Midnight of the date.
pub(crate) fn midnight(date: NaiveDate) -> i64 {
    micros(date.and_time(NaiveTime::MIN))
}

/// The time as microseconds.
pub(crate) fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}

/// The date on which the time falls; the epoch for a time that no calendar holds.
pub(crate) fn date(at: i64) -> NaiveDate {
    DateTime::from_timestamp_micros(at).map_or(NaiveDate::default(), |at| at.date_naive())
}

/// How busy this weekday is, around 1.
pub(crate) fn weekday(at: i64) -> f64 {
    // The epoch was a Thursday.
    let day = usize::try_from((at.div_euclid(DAY) + 3).rem_euclid(7)).unwrap_or(0);
    WEEKDAYS[day]
}

/// A moment of the day that starts at `midnight`, by the season of the day.
pub(crate) fn moment(rng: &mut ChaCha8Rng, midnight: i64) -> i64 {
    let total: f64 = HOURS.iter().sum();
    let mut left = rng.between(0.0, total);
    let mut hour = 0;
    for (index, weight) in (0..24).zip(HOURS) {
        hour = index;
        if left < weight {
            break;
        }
        left -= weight;
    }
    let within = whole(rng.between(0.0, 1.0) * (HOUR - SECOND) as f64);
    midnight + hour * HOUR + within
}

/// RFC 3339 with microseconds, as in `2026-01-05T09:30:00.000000Z`.
pub(crate) fn rfc3339(at: i64) -> String {
    DateTime::from_timestamp_micros(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// For `serialize_with`: a time as text.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(crate) fn as_text<S: Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// For `serialize_with`: a time as text, or null.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(crate) fn as_text_or_null<S: Serializer>(at: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => as_text(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, stream};

    #[test]
    fn a_sunday_is_busier_than_a_friday() {
        let sunday = midnight(NaiveDate::from_ymd_opt(2026, 1, 11).unwrap());
        let friday = midnight(NaiveDate::from_ymd_opt(2026, 1, 9).unwrap());
        assert!((weekday(sunday) - 1.16).abs() < 1e-9);
        assert!((weekday(friday) - 0.90).abs() < 1e-9);
    }

    #[test]
    fn moments_stay_within_their_day_and_crowd_the_evening() {
        let mut rng = stream(1, Domain::Day, 0, 0);
        let moments: Vec<i64> = (0..5_000).map(|_| moment(&mut rng, 0)).collect();
        assert!(moments.iter().all(|at| (0..DAY).contains(at)));
        let evening = moments.iter().filter(|at| **at >= 17 * HOUR && **at < 21 * HOUR).count();
        assert!(evening > 1_300, "{evening}");
    }
}
