//! From thousands of unusual slices to the few that explain them all.
//!
//! The slice that stands out most, in its shortest wording, is taken; its attempts are put aside; and everything is
//! counted anew. What was unusual only because it overlapped is so no longer, and the shift of the day is free of what
//! the barrier did to it.

use std::collections::{BTreeMap, BTreeSet};

use super::attempts::{Attempts, Slice};
use super::confound;
use super::cube::{self, Cube};
use super::fresh;
use super::judge::{self, Verdict, Window};
use super::shift::Mix;
use super::whole::{self, Whole};

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
    /// The same, and what they are held against: of a slice without a history of its own, the attempts before it of the one
    /// that stands in for it.
    pub(super) trail: Vec<bool>,
    /// Of what everybody meets: how nights are by their weekday, on the log-odds, by block.
    pub(super) usual: Option<Vec<f64>>,
}

impl Found {
    /// What the attempts that `keep` names say for this verdict.
    pub(super) fn new(attempts: &Attempts, keep: &[bool], verdict: Verdict, is_alert: bool) -> Self {
        let within = |row: usize, slice: Slice| keep[row] && attempts.is_in(row, slice);
        let members: Vec<bool> = (0..attempts.len()).map(|row| within(row, verdict.slice)).collect();
        let first = members.iter().position(|member| *member).unwrap_or(members.len());
        let is_before = |row: usize| row < first && within(row, verdict.like);
        let trail = (0..attempts.len()).map(|row| members[row] || is_before(row)).collect();
        Self { verdict, is_alert, members, trail, usual: None }
    }

    /// Whether it came up with a new value, and is held against what that replaced.
    pub(super) fn has_no_own_history(&self) -> bool {
        self.verdict.like != self.verdict.slice
    }
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

impl Search {
    /// Whether an attempt is in a finding other than everybody's.
    pub(super) fn is_found(&self, row: usize) -> bool {
        self.found.iter().any(|found| found.usual.is_none() && found.members[row])
    }
}

/// Searches the attempts at one step; `steps` are searched in one night.
pub(super) fn search(attempts: &Attempts, steps: usize) -> Search {
    let mut search = Search::default();
    let mut keep = vec![true; attempts.len()];
    let mut dismissed = BTreeSet::new();
    for round in 0..MOST {
        let cube = cube::count(attempts, Some(&keep));
        let mix = Mix::of(attempts, Some(&keep));
        let windows = Window::all(attempts.blocks);
        let fresh = fresh::fresh(attempts, &keep, &windows);
        let verdicts = judge::judge(&cube, &mix, &windows, &fresh, attempts.blocks, steps);
        if round == 0 {
            search.tests = verdicts.len();
            search.slices = verdicts.iter().map(|verdict| verdict.slice).collect::<BTreeSet<_>>().len();
        }
        let mut candidates = candidates(&verdicts, &cube, &mix, attempts, steps);
        candidates.retain(|(verdict, _)| !dismissed.contains(&verdict.slice));
        candidates.retain(|(verdict, _)| fresh::is_comparable(attempts, verdict));
        let Some((verdict, is_alert)) = pick(&mut candidates, attempts, &keep, &mut dismissed, &mut search) else {
            break;
        };
        let found = Found::new(attempts, &keep, verdict, is_alert);
        put_aside(&mut keep, &found);
        search.found.push(found);
    }
    everybody(attempts, &keep, steps, &mut search);
    search
}

fn put_aside(keep: &mut [bool], found: &Found) {
    for (keep, member) in keep.iter_mut().zip(&found.members) {
        *keep &= !member;
    }
}

/// What is left is held against its own nights. Where that is worse, too, only slices that stand out from it stay.
fn everybody(attempts: &Attempts, keep: &[bool], steps: usize, search: &mut Search) {
    let mut found = match whole::whole(attempts, keep, steps) {
        Whole::Usual => return,
        Whole::Explained(explained) => return search.explained.push(explained),
        Whole::Found(found) => found,
    };
    if found.usual.is_some() {
        let slices = search.found.len();
        search.found.retain(|slice| whole::is_beside(attempts, slice, &found.verdict));
        if search.found.len() < slices {
            let mut keep = vec![true; attempts.len()];
            search.found.iter().for_each(|slice| put_aside(&mut keep, slice));
            if let Whole::Found(anew) = whole::whole(attempts, &keep, steps) {
                found = anew;
            }
        }
    }
    search.found.push(*found);
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
        let of_before = judge::judge(cube, mix, &[before], &[], attempts.blocks, steps);
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
    dismissed: &mut BTreeSet<Slice>,
    search: &mut Search,
) -> Option<(Verdict, bool)> {
    loop {
        let strongest = candidates.first()?.0.z;
        let near = candidates.iter().take_while(|(verdict, _)| verdict.z >= NEARLY * strongest);
        let (at, _) = near.enumerate().min_by_key(|(_, (verdict, _))| verdict.slice.order())?;
        let (verdict, is_alert) = candidates.remove(at);
        match confound::explanation(attempts, keep, &verdict) {
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
