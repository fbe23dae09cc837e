//! What a barrier should leave as it was: traffic, and the step before. Where that has changed, too, something else is likelier.

use super::assemble::{Case, Course, conditions};
use super::attempts::Slice;
use super::finding::{Control, ControlKind};
use super::shift::{Mix, Nights};
use crate::stats::logistic::{logit, sigmoid};

/// A control within these is quiet.
const QUIET: (f64, f64) = (0.8, 1.25);

impl Case<'_> {
    /// What a barrier should leave as it was.
    pub(super) fn controls(&self, course: &Course) -> Vec<Control> {
        let attempts = self.attempts;
        let mut controls = Vec::new();
        if self.found.usual.is_some() || self.found.has_no_own_history() {
            // There is nobody to compare with, or what it replaced has given its attempts away.
            controls.extend(self.earlier_step(course));
            return controls;
        }
        // Attempts of the slice, against everybody else's.
        let nights = |rows: usize, nights: &Nights| rows as f64 / (nights.end - nights.start).max(1) as f64;
        let standing: usize =
            self.trail().filter(|row| course.standing.contains(&usize::from(attempts.block[*row]))).count();
        let all = |nights: &Nights| {
            (0..attempts.len()).filter(|row| nights.contains(&usize::from(attempts.block[*row]))).count()
        };
        let before = nights(course.before.len(), &course.baseline);
        let growth =
            nights(all(&course.standing), &course.standing) / nights(all(&course.baseline), &course.baseline).max(1e-9);
        if before > 0.0 {
            let expected = before * growth;
            let ratio = nights(standing, &course.standing) / expected;
            let z = (standing as f64 / expected.max(1e-9) / (course.standing.end.max(1) as f64) - 1.0)
                * (expected * course.standing.end as f64).sqrt();
            controls.push(control(ControlKind::Attempts, ratio, z));
        }
        controls.extend(self.earlier_step(course));
        controls
    }

    /// Failures at the step before, under the same condition as far as it is known there.
    fn earlier_step(&self, course: &Course) -> Option<Control> {
        let earlier = self.night.attempts.iter().take_while(|other| other.stage < self.attempts.stage).last()?;
        let there = |slice: Slice| {
            let mut parts = Vec::new();
            for condition in conditions(self.attempts, slice) {
                let at = earlier.attributes.iter().position(|attribute| attribute.name == condition.column);
                if let Some(at) = at {
                    let code = earlier.attributes[at].words.iter().position(|word| *word == condition.value)?;
                    parts.push((u8::try_from(at).ok()?, u8::try_from(code).ok()?));
                }
            }
            Some(Slice::new(&parts))
        };
        let (own, like) = (there(self.found.verdict.slice)?, there(self.found.verdict.like)?);
        let (mut now, mut then) = ((0.0, 0.0), (0.0, 0.0));
        for row in 0..earlier.len() {
            let block = usize::from(earlier.block[row]);
            let cell = if course.standing.contains(&block) && earlier.is_in(row, own) {
                &mut now
            } else if course.baseline.contains(&block) && earlier.is_in(row, like) {
                &mut then
            } else {
                continue;
            };
            cell.0 += 1.0;
            cell.1 += f64::from(u8::from(earlier.failed[row]));
        }
        if now.0 < 30.0 || then.0 < 30.0 {
            return None;
        }
        // Where everybody is meant nothing may be taken out.
        let is_everybody = self.found.usual.is_some();
        let shift = if is_everybody { 0.0 } else { Mix::of(earlier, None).shift(&course.standing, &course.baseline) };
        let p = sigmoid(logit((then.1 + 0.5) / (then.0 + 1.0)) + shift);
        let z = (now.1 - now.0 * p) / (now.0 * p * (1.0 - p) * (1.0 + now.0 / then.0)).sqrt();
        Some(control(ControlKind::EarlierStep, now.1 / (now.0 * p), z))
    }
}

fn control(what: ControlKind, ratio: f64, z: f64) -> Control {
    Control { what, ratio, z, quiet: (QUIET.0..=QUIET.1).contains(&ratio) || z.abs() < 3.0 }
}
