//! Programs among the visitors, by the rules as `docs/definitions.md` words them, with their default thresholds: the one that
//! asks for views is off.

use std::collections::BTreeMap;

use super::events::{Event, Kind};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Writes the rule into every row of a program, judged by the rows of one visitor and UTC day.
pub(super) fn mark(events: &mut [Event]) {
    let mut days: BTreeMap<(String, i64), Vec<usize>> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        let who = event.visitor_id.as_ref().or(event.customer_id.as_ref()).expect("an accepted row has an id");
        days.entry((who.clone(), event.ts.div_euclid(DAY))).or_default().push(at);
    }
    for rows in days.values() {
        let of_day: Vec<&Event> = rows.iter().map(|at| &events[*at]).collect();
        let adds = adds(of_day.iter().copied());
        let rule = if is_fast(&adds) {
            Some("adds per minute")
        } else if is_even(&adds) {
            Some("regular adds")
        } else if adds.len() > 100 {
            Some("adds per day")
        } else {
            None
        };
        for at in rows {
            events[*at].bot = rule.map(str::to_owned);
        }
    }
}

/// The first moment of every second with an add.
fn adds<'a>(rows: impl Iterator<Item = &'a Event>) -> Vec<i64> {
    let mut seconds: BTreeMap<i64, i64> = BTreeMap::new();
    for row in rows.filter(|row| row.kind == Kind::AddToCart) {
        let first = seconds.entry(row.ts.div_euclid(SECOND)).or_insert(row.ts);
        *first = row.ts.min(*first);
    }
    seconds.into_values().collect()
}

fn is_fast(adds: &[i64]) -> bool {
    adds.iter().any(|from| adds.iter().filter(|add| (*from..from + 60 * SECOND).contains(add)).count() > 30)
}

fn is_even(adds: &[i64]) -> bool {
    (0..adds.len()).any(|from| {
        let gaps: Vec<i64> = adds[from..].windows(2).take(20).map(|pair| pair[1] - pair[0]).collect();
        let (low, high) = (gaps.iter().min(), gaps.iter().max());
        let is_even = low.zip(high).is_some_and(|(low, high)| *low >= 5 * SECOND && high - low <= SECOND);
        gaps.len() == 20 && is_even
    })
}
