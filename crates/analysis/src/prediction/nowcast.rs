//! What the last day's checkouts say that no outcome can say yet: when a barrier comes up, every model goes on
//! forecasting the old world until carts have matured. Where far fewer (or more) carts of a kind were bought in the last
//! day than their own curve of the weeks before expects, their chance of being bought is scaled by that ratio.

use std::collections::BTreeMap;

use events::time::{DAY, HOUR};
use serde::Serialize;

use super::landmark::Cart;
use crate::stats::survival::KaplanMeier;

/// Expected checkouts below which a kind of cart is left alone.
const LEAST_EXPECTED: f64 = 100.0;
/// Standard deviations by which checkouts must differ, at this overdispersion.
const GATE: f64 = 3.0;
const OVERDISPERSION: f64 = 1.3;
/// Checkouts as expected that are added to both sides: a ratio of few is drawn towards 1.
const DRAW: f64 = 20.0;
/// Days before the last one that make the curve.
const CURVE: i64 = 28 * DAY;

/// A kind of cart that was bought unusually rarely, or often, in the last day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// `device`, `release` or `payment_method`.
    pub column: &'static str,
    /// Its value.
    pub value: String,
    /// Carts bought in the last 24 hours.
    pub observed: u64,
    /// As many as their curve of the four weeks before expects.
    pub expected: f64,
    /// By what the rate of buying is multiplied; below 1 fewer carts are bought.
    pub theta: f64,
    /// Standard deviations between observed and expected.
    pub z: f64,
}

/// The carts of one kind: from when on they are watched, and when they were bought.
type Watched = Vec<(i64, Option<i64>)>;

/// The kinds of cart that passed the gate, the most unusual first.
pub(super) fn slices(carts: &[Cart], as_of: i64, window: i64) -> Vec<Slice> {
    let mut kinds: BTreeMap<(&'static str, &str), Watched> = BTreeMap::new();
    let from = carts.partition_point(|cart| cart.opened_at < as_of - DAY - CURVE);
    for cart in &carts[from..] {
        for (column, value) in [("device", &cart.device), ("release", &cart.release)] {
            if let Some(value) = value {
                kinds.entry((column, value)).or_default().push((cart.opened_at, cart.purchased_at));
            }
        }
        // A means of payment is known only from when it is given: before that, the cart is not watched.
        if let Some((payment, given_at)) = &cart.payment {
            kinds.entry(("payment_method", payment)).or_default().push((*given_at, cart.purchased_at));
        }
    }
    let judged = kinds.into_iter().filter_map(|((column, value), watched)| {
        let (observed, expected) = last_day(&watched, as_of, window)?;
        let z = (observed as f64 - expected) / (OVERDISPERSION * expected).sqrt();
        let theta = (observed as f64 + DRAW) / (expected + DRAW);
        let slice = Slice { column, value: value.to_owned(), observed, expected, theta, z };
        (expected >= LEAST_EXPECTED && z.abs() > GATE).then_some(slice)
    });
    let mut slices: Vec<Slice> = judged.collect();
    slices
        .sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()).then_with(|| (a.column, &a.value).cmp(&(b.column, &b.value))));
    slices
}

/// Carts bought in the last day within the window, and how many the curve of the time before expects.
fn last_day(watched: &Watched, as_of: i64, window: i64) -> Option<(u64, f64)> {
    let hours = |span: i64| span as f64 / HOUR as f64;
    let begin = as_of - DAY;
    let earlier: Vec<(f64, bool)> = watched
        .iter()
        .filter(|(from, _)| *from < begin)
        .map(|(from, bought)| {
            let end = bought.filter(|bought| *bought < begin);
            (hours((end.unwrap_or(begin) - from).max(0)), end.is_some())
        })
        .collect();
    if (earlier.len() as f64) < LEAST_EXPECTED {
        return None;
    }
    let (times, ended): (Vec<f64>, Vec<bool>) = earlier.into_iter().unzip();
    let curve = KaplanMeier::fit(&times, &ended);
    let hazard = |age: f64| curve.survival(age).map(|share| -share.point.max(1e-6).ln());
    let (mut observed, mut expected) = (0, 0.0);
    for (from, bought) in watched.iter().filter(|(from, _)| from + window > begin && *from <= as_of) {
        let until = bought.unwrap_or(as_of).min(as_of).min(from + window);
        let since = begin.max(*from);
        if until < since {
            continue;
        }
        observed += u64::from(bought.is_some_and(|bought| bought >= begin && bought <= as_of.min(from + window)));
        let before = if since == *from { Some(0.0) } else { hazard(hours(since - from)) };
        expected += hazard(hours(until - from))? - before?;
    }
    Some((observed, expected))
}

/// The probability of a cart of these kinds not to be bought in time; of several slices the most unusual one counts.
pub(super) fn adjust(p: f64, kinds: &[(&'static str, Option<&str>)], slices: &[Slice]) -> f64 {
    let is_in = |slice: &&Slice| kinds.contains(&(slice.column, Some(slice.value.as_str())));
    slices.iter().find(is_in).map_or(p, |slice| p.powf(slice.theta))
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Amount;

    const AS_OF: i64 = 40 * DAY;

    /// A hundred carts a day; of each ten, three are bought after an hour unless `blocked`.
    fn carts(blocked: impl Fn(i64, &str) -> bool) -> Vec<Cart> {
        (0..4_000_i64)
            .map(|at| {
                let opened_at = at * DAY / 100 * 2 / 2;
                let device = if at % 2 == 0 { "mobile" } else { "desktop" };
                let buys = at / 2 % 10 < 3 && !blocked(opened_at + HOUR, device);
                Cart {
                    name: String::new(),
                    id: 1,
                    opened_at,
                    purchased_at: (buys && opened_at + HOUR <= AS_OF).then_some(opened_at + HOUR),
                    is_expired: false,
                    is_pending: false,
                    value: Amount::ZERO,
                    currency: None,
                    device: Some(device.to_owned()),
                    release: None,
                    payment: None,
                }
            })
            .collect()
    }

    /// The same carts many times over: a shop large enough to be judged.
    fn large(carts: Vec<Cart>) -> Vec<Cart> {
        carts.into_iter().flat_map(|cart| std::iter::repeat_n(cart, 12)).collect()
    }

    #[test]
    fn an_ordinary_night_moves_nothing() {
        assert_eq!(slices(&large(carts(|_, _| false)), AS_OF, 3 * DAY), []);
    }

    #[test]
    fn a_device_that_cannot_pay_since_yesterday_is_found_and_the_other_left_alone() {
        let blocked = carts(|at, device| device == "mobile" && at > AS_OF - DAY && at / HOUR % 2 == 0);
        let found = slices(&large(blocked), AS_OF, 3 * DAY);
        assert_eq!(found.iter().map(|slice| slice.value.as_str()).collect::<Vec<_>>(), ["mobile"]);
        assert!((0.35..0.7).contains(&found[0].theta), "{found:?}");
        let of = |device| adjust(0.8, &[("device", Some(device))], &found);
        assert!(of("mobile") > 0.85 && (of("desktop") - 0.8).abs() < 1e-12);
    }

    #[test]
    fn few_checkouts_are_no_evidence() {
        let blocked = carts(|at, device| device == "mobile" && at > AS_OF - DAY);
        assert_eq!(slices(&blocked, AS_OF, 3 * DAY), []);
    }
}
