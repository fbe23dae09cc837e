//! Moments that say no offset, on the clock of a zone.

use chrono::{NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use events::time::HOUR;

/// Microseconds since 1970 of a clock's face. Of two moments with the same face it is the first; one that summer time
/// skips is read as if the clock had not yet been put forward.
pub(crate) fn moment(local: NaiveDateTime, zone: Tz) -> Option<i64> {
    let first = |local| zone.from_local_datetime(&local).earliest().map(|moment| moment.timestamp_micros());
    first(local).or_else(|| Some(first(local.checked_sub_signed(TimeDelta::hours(3))?)? + 3 * HOUR))
}
