//! From thousands of unusual slices to the few that explain them all.
//!
//! The slice that stands out most, in its shortest wording, is taken; its attempts are put aside; and everything is
//! counted anew. What was unusual only because it overlapped is so no longer, and the shift of the day is free of what
//! the barrier did to it.

use std::collections::{BTreeMap, BTreeSet};

use super::attempts::{Attempts, Slice};
use super::confound;
use super::cube::{self, Cube};
use super::judge::{self, Verdict, Window};
use super::shift::Mix;

/// Findings at one step.
const MOST: usize = 5;
/// Slices nearly as strong as the strongest: the shortest of them is taken.
const NEARLY: f64 = 0.97;
/// False discovery rate.
pub(super) const LEVEL: f64 = 0.05;
/// Slices that are looked into for a mix that explains them; beyond, the night is one of another mix of customers.
const MOST_EXPLAINED: usize = 60;

/// A slice that explains what is unusual.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    /// Beyond doubt, or unusual two nights running.
    pub(super) is_alert: bool,
    /// Attempts in the slice and in none that was found before: what it has to answer for.
    pub(super) members: Vec<bool>,
}

/// A slice that another mix of customers explains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Explained {
    pub(super) slice: Slice,
    pub(super) by: &'static str,
    pub(super) share: f64,
}

/// What the search at one step came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) found: Vec<Found>,
    pub(super) explained: Vec<Explained>,
    /// Slices large enough to be judged, and tests made of them.
    pub(super) slices: usize,
    pub(super) tests: usize,
}

/// Searches the attempts at one step; `steps` are searched in one night.
pub(super) fn search(attempts: &Attempts, steps: usize) -> Search {
    let mut search = Search::default();
    let mut keep = vec![true; attempts.len()];
    let mut dismissed = BTreeSet::new();
    for round in 0..MOST {
        let cube = cube::count(attempts, Some(&keep));
        let mix = Mix::of(attempts, Some(&keep));
        let verdicts = judge::judge(&cube, &mix, &Window::all(attempts.blocks), attempts.blocks, steps);
        if round == 0 {
            search.tests = verdicts.len();
            search.slices = verdicts.iter().map(|verdict| verdict.slice).collect::<BTreeSet<_>>().len();
        }
        let mut candidates = candidates(&verdicts, &cube, &mix, attempts, steps);
        candidates.retain(|(verdict, _)| !dismissed.contains(&verdict.slice));
        let Some((verdict, is_alert)) = pick(&mut candidates, attempts, &keep, &mix, &mut dismissed, &mut search)
        else {
            break;
        };
        let members: Vec<bool> =
            (0..attempts.len()).map(|row| keep[row] && attempts.is_in(row, verdict.slice)).collect();
        for (keep, member) in keep.iter_mut().zip(&members) {
            *keep &= !member;
        }
        search.found.push(Found { verdict, is_alert, members });
    }
    search
}

/// The best window of each slice that is unusual and matters, the strongest first; and whether it is an alert.
fn candidates(verdicts: &[Verdict], cube: &Cube, mix: &Mix, attempts: &Attempts, steps: usize) -> Vec<(Verdict, bool)> {
    let mut best: BTreeMap<Slice, (Verdict, bool)> = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.q < LEVEL && verdict.matters()) {
        let is_sure = verdict.q_dependent < LEVEL;
        let known = best.entry(verdict.slice).or_insert((*verdict, false));
        if verdict.z > known.0.z {
            known.0 = *verdict;
        }
        known.1 |= is_sure;
    }
    if best.is_empty() {
        return Vec::new();
    }
    // The night before, on its own: its last 24 hours are none of tonight's.
    let before = Window { nights: 1, ago: 1 };
    if before.fits(attempts.blocks) {
        let of_before = judge::judge(cube, mix, &[before], attempts.blocks, steps);
        for verdict in of_before.iter().filter(|verdict| verdict.q < LEVEL && verdict.matters()) {
            let tonight = verdicts.iter().find(|other| other.slice == verdict.slice && other.window.nights == 1);
            if tonight.is_some_and(|tonight| tonight.q < LEVEL && tonight.matters())
                && let Some(known) = best.get_mut(&verdict.slice)
            {
                known.1 = true;
            }
        }
    }
    let mut candidates: Vec<(Verdict, bool)> = best.into_values().collect();
    candidates.sort_by(|a, b| judge::by_strength(&a.0, &b.0));
    candidates
}

/// The slice to answer for it all: the shortest of the strongest that no other mix explains.
fn pick(
    candidates: &mut Vec<(Verdict, bool)>,
    attempts: &Attempts,
    keep: &[bool],
    mix: &Mix,
    dismissed: &mut BTreeSet<Slice>,
    search: &mut Search,
) -> Option<(Verdict, bool)> {
    loop {
        let strongest = candidates.first()?.0.z;
        let near = candidates.iter().take_while(|(verdict, _)| verdict.z >= NEARLY * strongest);
        let (at, _) = near.enumerate().min_by_key(|(_, (verdict, _))| verdict.slice.order())?;
        let (verdict, is_alert) = candidates.remove(at);
        match confound::explanation(attempts, keep, mix, &verdict) {
            None => return Some((verdict, is_alert)),
            Some((by, share)) => {
                dismissed.insert(verdict.slice);
                search.explained.push(Explained { slice: verdict.slice, by, share });
                if search.explained.len() >= MOST_EXPLAINED {
                    return None;
                }
            }
        }
    }
}
