//! The simple forecasts that a model has to beat: the rate of last week, the rate of similar carts, the curve.

use std::collections::BTreeMap;

use events::time::{DAY, HOUR};

use super::features::at;
use super::landmark::{Cart, LANDMARKS, Purpose, Row};
use crate::stats::logistic::{logit, sigmoid};
use crate::stats::survival::KaplanMeier;

/// Days of matured carts behind the recent rate.
const RECENT: i64 = 7 * DAY;
/// Days of carts behind the curve.
const CURVE: i64 = 28 * DAY;
/// Carts of all kinds that count as much as those of a group: groups with few are drawn towards all.
const DRAW: f64 = 50.0;

/// What is known of carts at one moment, without any model.
#[derive(Clone, Debug)]
pub(super) struct Baselines {
    /// Hours after which the carts of the last matured days were bought, sorted; those not bought are not in it.
    recent_bought: Vec<f64>,
    recent: usize,
    window_hours: f64,
    curve: KaplanMeier,
    /// Log-odds beyond those of everybody, by segment, device, step and landmark.
    groups: BTreeMap<(u16, u16, u16, u8), f64>,
}

impl Baselines {
    /// As of `origin`: from carts whose window has passed by then, and for the curve from what younger ones had done
    /// by then. `training` are rows at landmarks, with what became of them.
    pub(super) fn of<'a>(
        carts: &[Cart],
        training: impl Iterator<Item = (&'a Row, bool)>,
        origin: i64,
        window: i64,
    ) -> Self {
        let hours = |span: i64| span as f64 / HOUR as f64;
        let opened = |from: i64, until: i64| {
            let at = |moment: i64| carts.partition_point(|cart| cart.opened_at < moment);
            &carts[at(from)..at(until).max(at(from))]
        };
        let matured = opened(origin - window - RECENT, origin - window);
        let mut recent_bought: Vec<f64> =
            matured.iter().filter_map(|cart| Some(hours(cart.purchased_at? - cart.opened_at))).collect();
        recent_bought.sort_by(f64::total_cmp);
        let watched = opened(origin - CURVE, origin);
        let known = |cart: &Cart| cart.purchased_at.filter(|bought| *bought < origin);
        let times: Vec<f64> =
            watched.iter().map(|cart| hours(known(cart).unwrap_or(origin) - cart.opened_at)).collect();
        let ended: Vec<bool> = watched.iter().map(|cart| known(cart).is_some()).collect();
        Self {
            recent_bought,
            recent: matured.len(),
            window_hours: hours(window),
            curve: KaplanMeier::fit(&times, &ended),
            groups: groups(training),
        }
    }

    /// Of the carts of the last matured days that were not bought by this age, the share that was not bought in time.
    pub(super) fn recent(&self, age_hours: f64) -> Option<f64> {
        let unbought = |hours: f64| self.recent - self.recent_bought.partition_point(|bought| *bought <= hours);
        let open = unbought(age_hours.min(self.window_hours));
        (open > 0).then(|| unbought(self.window_hours) as f64 / open as f64)
    }

    /// The same by the curve of all carts, young and old.
    pub(super) fn curve(&self, age_hours: f64) -> Option<f64> {
        let share = self.curve.survival_after(age_hours.min(self.window_hours), self.window_hours);
        share.map(|share| share.point)
    }

    /// The curve, moved as far as carts of the same segment, device and step differed from all carts of that age.
    pub(super) fn group(&self, row: &Row) -> Option<f64> {
        let all = self.curve(row.age_hours)?;
        let landmark = LANDMARKS.partition_point(|hours| *hours <= row.age_hours).saturating_sub(1);
        let moved = self.groups.get(&key(row, u8::try_from(landmark).unwrap_or(u8::MAX)));
        Some(moved.map_or(all, |moved| sigmoid(logit(all) + moved)))
    }
}

fn key(row: &Row, landmark: u8) -> (u16, u16, u16, u8) {
    let words = &row.features.words;
    (words[at::SEGMENT], words[at::DEVICE], words[at::STEP], landmark)
}

/// How far the log-odds of each group lie from those of its landmark.
fn groups<'a>(training: impl Iterator<Item = (&'a Row, bool)>) -> BTreeMap<(u16, u16, u16, u8), f64> {
    let mut all: [(f64, f64); LANDMARKS.len()] = [(0.0, 0.0); LANDMARKS.len()];
    let mut groups: BTreeMap<(u16, u16, u16, u8), (f64, f64)> = BTreeMap::new();
    for (row, abandoned) in training {
        let Purpose::Landmark(landmark) = row.purpose else { continue };
        let of_group = groups.entry(key(row, landmark)).or_default();
        for (abandoned_carts, carts) in [of_group, &mut all[usize::from(landmark)]] {
            *carts += 1.0;
            *abandoned_carts += f64::from(u8::from(abandoned));
        }
    }
    let moved = |(key, (abandoned, carts)): ((u16, u16, u16, u8), (f64, f64))| {
        let (of_all, n) = all[usize::from(key.3)];
        let rate = of_all / n;
        (key, logit((abandoned + DRAW * rate) / (carts + DRAW)) - logit(rate))
    };
    groups.into_iter().map(moved).collect()
}
