//! How likely an abandoned cart is to be bought after its window, by what was seen of it up to then.
//!
//! Carts with the same signs form a group. For each group and each day after the window, a hazard: those bought on that
//! day of those that could be watched through it, drawn towards that of all groups (15 carts' worth). Young carts count
//! for as long as they have been watched, as in a Kaplan-Meier curve.

use events::time::DAY;

use super::carts::Cart;
use crate::Settings;

/// Days after the window that are looked at.
const DAYS: usize = 30;
/// Carts' worth by which a group is drawn towards all.
const PRIOR_CARTS: f64 = 15.0;
/// Signs that make a group: saved or not; no further visit, one, or more.
const GROUPS: usize = 6;

/// Hazards by group and day.
#[derive(Clone, Debug)]
pub(super) struct Later {
    hazards: Vec<[f64; DAYS]>,
    window: i64,
    expiry: i64,
}

impl Later {
    /// From all abandoned carts.
    pub(super) fn learn(carts: &[Cart], settings: &Settings) -> Self {
        let mut watched = vec![[0.0_f64; DAYS]; GROUPS];
        let mut bought = vec![[0.0_f64; DAYS]; GROUPS];
        for cart in carts.iter().filter(|cart| cart.abandoned) {
            let group = group(cart);
            let ended = cart.opened_at + settings.window;
            let day_of = |at: i64| usize::try_from((at - ended).max(0) / DAY).unwrap_or(DAYS);
            let days = match cart.purchased_at {
                Some(at) => {
                    let day = day_of(at);
                    if day < DAYS {
                        bought[group][day] += 1.0;
                        watched[group][day] += 1.0;
                    }
                    day
                }
                // A day that is not over says nothing yet.
                None => day_of(settings.as_of),
            };
            watched[group][..days.min(DAYS)].iter_mut().for_each(|day| *day += 1.0);
        }
        let total = |counts: &[[f64; DAYS]], day: usize| counts.iter().map(|group| group[day]).sum::<f64>();
        let mut hazards = vec![[0.0; DAYS]; GROUPS];
        for day in 0..DAYS {
            let n = total(&watched, day);
            let all = if n > 0.0 { total(&bought, day) / n } else { 0.0 };
            for group in 0..GROUPS {
                hazards[group][day] = (bought[group][day] + PRIOR_CARTS * all) / (watched[group][day] + PRIOR_CARTS);
            }
        }
        Self { hazards, window: settings.window, expiry: settings.expiry }
    }

    /// The probability at the end of the window.
    pub(super) fn at_window(&self, cart: &Cart) -> f64 {
        1.0 - self.unbought(group(cart), 0)
    }

    /// The probability now: 1 if it was bought, 0 once it has expired, else given that it is not bought yet.
    pub(super) fn now(&self, cart: &Cart, as_of: i64) -> f64 {
        if cart.purchased_at.is_some() {
            return 1.0;
        }
        if as_of > cart.last_activity_at.saturating_add(self.expiry) {
            return 0.0;
        }
        let passed = usize::try_from((as_of - cart.opened_at - self.window).max(0) / DAY).unwrap_or(DAYS);
        1.0 - self.unbought(group(cart), passed)
    }

    /// The share that stays unbought from this day on.
    fn unbought(&self, group: usize, from: usize) -> f64 {
        self.hazards[group].iter().skip(from).map(|hazard| 1.0 - hazard).product()
    }
}

fn group(cart: &Cart) -> usize {
    usize::from(cart.signals.saved) * 3 + cart.signals.returns().min(2)
}
