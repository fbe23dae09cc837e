//! What similar carts do on the days after the window: the simple method that a model has to beat.
//!
//! Carts with the same signs form a group. For each group and each day after the window, a hazard: those bought on that
//! day of those that could be watched through it, drawn towards that of all groups (15 carts' worth). Young carts count
//! for as long as they have been watched, as in a Kaplan-Meier curve.

use super::super::features::{Features, number_at};
use super::super::landmark::Frame;
use super::{Kept, Parts, at_window};
use events::time::DAY;

/// Carts' worth by which a group is drawn towards all.
const PRIOR_CARTS: f64 = 15.0;
/// Signs that make a group: something saved on a wish list or not; no further visit, one, or more.
const GROUPS: usize = 6;

/// Hazards by day after the window.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    of_group: Vec<Vec<f64>>,
    of_all: Vec<f64>,
}

/// The group of a cart.
fn group(features: &Features) -> usize {
    let above = |at: usize, least: f32| usize::from(features.numbers[at] >= least);
    above(number_at::WISHES, 1.0) * 3 + above(number_at::VISITS, 1.0) + above(number_at::VISITS, 2.0)
}

impl Groups {
    /// From what carts had done by `origin`.
    pub(super) fn of(frame: &Frame, origin: i64, parts: &Parts) -> Self {
        let days = parts.days();
        let mut watched = vec![vec![0.0_f64; days]; GROUPS];
        let mut bought = vec![vec![0.0_f64; days]; GROUPS];
        for (_, row) in at_window(frame).take_while(|(_, row)| row.moment <= origin) {
            let cart = &frame.carts[row.cart as usize];
            let group = group(&row.features);
            // A day that is not over says nothing yet, whatever has been bought on it.
            let over = parts.day(origin - cart.opened_at).min(days);
            let day = cart.purchased_at.map(|bought| parts.day(bought - cart.opened_at)).filter(|day| *day < over);
            for line in &mut watched[group][..day.map_or(over, |day| day + 1)] {
                *line += 1.0;
            }
            if let Some(day) = day {
                bought[group][day] += 1.0;
            }
        }
        let total = |counts: &[Vec<f64>], day: usize| counts.iter().map(|group| group[day]).sum::<f64>();
        let all = |day: usize| {
            let n = total(&watched, day);
            // A day that nobody has been watched through counts as one on which nothing is bought.
            if n > 0.0 { total(&bought, day) / n } else { 0.0 }
        };
        let of_all: Vec<f64> = (0..days).map(all).collect();
        let drawn = |group: usize, day: usize| {
            (bought[group][day] + PRIOR_CARTS * of_all[day]) / (watched[group][day] + PRIOR_CARTS)
        };
        Self { of_group: (0..GROUPS).map(|group| (0..days).map(|day| drawn(group, day)).collect()).collect(), of_all }
    }

    /// What is kept in each part; of `None` by all carts together.
    pub(super) fn kept(&self, features: Option<&Features>, parts: &Parts) -> Kept {
        let hazards = features.map_or(&self.of_all, |features| &self.of_group[group(features)]);
        (0..parts.ends.len()).map(|part| (-lost(hazards, parts.start(part), parts.ends[part], parts)).exp()).collect()
    }

    /// Of what all carts lose in a part, the share that they lose after this age, 0..=1.
    pub(super) fn left(&self, part: usize, age: i64, parts: &Parts) -> f64 {
        let end = parts.ends[part];
        let all = lost(&self.of_all, parts.start(part), end, parts);
        if all > 0.0 { (lost(&self.of_all, age, end, parts) / all).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The sum of -ln(1 - hazard) between two ages; days count by the share of them that lies between.
fn lost(hazards: &[f64], from: i64, until: i64, parts: &Parts) -> f64 {
    let of_day = |(day, hazard): (i64, &f64)| {
        let start = parts.window + day * DAY;
        let share = ((until.min(start + DAY) - from.max(start)) as f64 / DAY as f64).clamp(0.0, 1.0);
        -(1.0 - hazard).max(1e-9).ln() * share
    };
    (0..).zip(hazards).map(of_day).sum()
}
