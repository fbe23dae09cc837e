//! Values that came up within a window, such as a release that is a day old: they have no history of their own, and are
//! held against what they replaced.
//!
//! Expected of them is the history of the same attempts without the value, and what those had who met the step at the same
//! time without it. Where a release reached everybody at once nobody is left to compare with; that is for [`super::whole`].

use super::attempts::{Attempts, OTHER};
use super::blame::Blame;
use super::judge::{LEAST_HISTORY, LEAST_TONIGHT, Verdict, Window};
use super::shift::Mix;

/// Columns that say who somebody is or what they want. Whoever comes with a new value of these is another person, so
/// nothing follows from how they fare.
const PERSONAL: [&str; 5] = ["channel", "top_category", "price_band", "login", "segment"];
/// The column that the shop itself changes. A new value of any other one is chosen by customers: it needs an error to show
/// for it.
const RELEASE: &str = "release";
/// A value whose share was below this part of what it is now is new.
const NEW: f64 = 0.1;
/// Attempts beside the new value that it takes, in all, and in a night as a part of its own.
const LEAST_OTHERS: usize = 200;
const SHARE_OF_OTHERS: f64 = 0.25;
/// Share of its attempts that are of nights with so many others.
const COVERED: f64 = 0.8;

/// A value without a history in a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub(super) window: Window,
    pub(super) attribute: usize,
    pub(super) code: u8,
    /// How those without the value fared since it came up, on the log-odds, and how many attempts say so.
    pub(super) shift: f64,
    pub(super) others: f64,
}

/// All of them, of the attempts that `keep` names.
pub(super) fn fresh(attempts: &Attempts, keep: &[bool], windows: &[Window]) -> Vec<Fresh> {
    let mut fresh = Vec::new();
    for (at, attribute) in attempts.attributes.iter().enumerate() {
        if PERSONAL.contains(&attribute.name) {
            continue;
        }
        let counts = counts(attempts, keep, at);
        for window in windows {
            for code in new_values(&counts, *window, attempts.blocks) {
                fresh.extend(beside(attempts, keep, *window, (at, code)));
            }
        }
    }
    fresh
}

/// Attempts by code and block.
fn counts(attempts: &Attempts, keep: &[bool], at: usize) -> Vec<Vec<u32>> {
    let attribute = &attempts.attributes[at];
    let mut counts = vec![vec![0_u32; attempts.blocks]; attribute.words.len()];
    for ((code, block), _) in attribute.codes.iter().zip(&attempts.block).zip(keep).filter(|(_, keep)| **keep) {
        counts[usize::from(*code)][usize::from(*block)] += 1;
    }
    counts
}

fn new_values(counts: &[Vec<u32>], window: Window, blocks: usize) -> Vec<u8> {
    let sums: Vec<[u32; 2]> = counts
        .iter()
        .map(|code| [window.tonight(), window.baseline(blocks)].map(|nights| code[nights].iter().sum()))
        .collect();
    let all = |part: usize| sums.iter().map(|sums| sums[part]).sum::<u32>();
    let share = |n: u32, part: usize| f64::from(n) / f64::from(all(part)).max(1.0);
    (OTHER + 1..=u8::MAX)
        .zip(sums.iter().skip(usize::from(OTHER) + 1))
        .filter(|(_, [now, then])| {
            *now >= LEAST_TONIGHT && *then < LEAST_HISTORY && share(*then, 1) < NEW * share(*now, 0)
        })
        .map(|(code, _)| code)
        .collect()
}

/// How those fared who had not the value while it was there; `None` where there are too few.
fn beside(attempts: &Attempts, keep: &[bool], window: Window, (at, code): (usize, u8)) -> Option<Fresh> {
    let (tonight, baseline) = (window.tonight(), window.baseline(attempts.blocks));
    let codes = &attempts.attributes[at].codes;
    let is_tonight = |row: &usize| keep[*row] && tonight.contains(&usize::from(attempts.block[*row]));
    let own: Vec<usize> = (0..attempts.len()).filter(is_tonight).filter(|row| codes[*row] == code).collect();
    let there = attempts.at[*own.first()?]..=attempts.at[*own.last()?];
    let is_other = |row: usize| codes[row] != code && there.contains(&attempts.at[row]);
    // Night by night: others of one night say nothing of the next one.
    let mut nights = vec![(0_usize, 0_usize); window.nights];
    for row in (0..attempts.len()).filter(is_tonight) {
        let night = &mut nights[usize::from(attempts.block[row]) - tonight.start];
        night.0 += usize::from(codes[row] == code);
        night.1 += usize::from(is_other(row));
    }
    let is_beside = |(own, others): &&(usize, usize)| *others as f64 >= SHARE_OF_OTHERS * *own as f64;
    let covered: usize = nights.iter().filter(is_beside).map(|(own, _)| own).sum();
    let others: usize = nights.iter().map(|(_, others)| others).sum();
    if others < LEAST_OTHERS || (covered as f64) < COVERED * own.len() as f64 {
        return None;
    }
    let compared: Vec<bool> = (0..attempts.len())
        .map(|row| {
            let block = usize::from(attempts.block[row]);
            keep[row] && (baseline.contains(&block) || (tonight.contains(&block) && is_other(row)))
        })
        .collect();
    let shift = Mix::of(attempts, Some(&compared)).shift(&tonight, &baseline);
    Some(Fresh { window, attribute: at, code, shift, others: others as f64 })
}

/// Whether a slice may be held against another one's history: one with a new release, or with an error to show for it.
pub(super) fn is_comparable(attempts: &Attempts, verdict: &Verdict) -> bool {
    let new = verdict.slice.parts().find(|part| verdict.like.parts().all(|other| other != *part));
    let Some((at, _)) = new else { return true };
    attempts.attributes[at].name == RELEASE || has_an_error(attempts, verdict)
}

fn has_an_error(attempts: &Attempts, verdict: &Verdict) -> bool {
    let tonight = verdict.window.tonight();
    let is_tonight = |row: &usize| tonight.contains(&usize::from(attempts.block[*row]));
    let (mut inside, mut outside) = (0.0_f64, 0.0_f64);
    let mut errors = std::collections::BTreeMap::<u16, (f64, f64)>::new();
    for row in (0..attempts.facts.len()).filter(is_tonight) {
        let is_in = attempts.is_in(row, verdict.slice);
        *(if is_in { &mut inside } else { &mut outside }) += 1.0;
        if attempts.facts[row].error != 0 {
            let met = errors.entry(attempts.facts[row].error).or_default();
            *(if is_in { &mut met.0 } else { &mut met.1 }) += 1.0;
        }
    }
    let excess = f64::from(verdict.failed) - verdict.expected;
    let usual = |elsewhere: f64| inside * elsewhere / outside.max(1.0);
    errors.into_values().any(|(met, elsewhere)| Blame::BESIDE_OTHERS.stands_for(met, usual(elsewhere), excess))
}
