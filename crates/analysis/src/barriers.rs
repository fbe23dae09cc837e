//! events + carts → what breaks the checkout, since when, for whom, and what it costs; false alarms held down.
//!
//! ```text
//! events ─┐
//! carts ──┴─> attempts   first of a person at a step within an hour; did the next step follow in time?
//!               │
//!               ├─> cube        every conjunction of up to three attributes, night by night
//!               ├─> shift       what everybody fared differently, taken out
//!               ├─> judge       a slice against its own history; false discoveries held down
//!               ├─> localise    the few slices that explain all others; confound: not by another mix
//!               ├─> whole       the step itself against its own nights; fresh: values without a history
//!               └─> onset, price, evidence
//! ```
//!
//! Nothing is drawn by chance and nothing depends on the number of threads: the same tables and `as_of` give the same
//! bytes.

mod assemble;
mod attempts;
mod blame;
mod check;
mod confound;
mod controls;
mod cube;
mod evidence;
mod finding;
mod fresh;
mod gather;
mod incident;
mod judge;
mod localise;
mod onset;
mod power;
mod price;
mod shift;
mod standing;
mod stream;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
mod walk;
mod whole;

use events::time;

use crate::stats::proportion::wilson;
use crate::{Error, Settings, Tables};
use assemble::{Case, Finding};
use attempts::Attempts;
pub use finding::*;
use gather::Night;
use judge::LEAST_NIGHTS;
use localise::{Found, Search};
use shift::Mix;
pub use tables::write;

/// Explained slices and differences that are told.
const TOLD: usize = 5;
/// Gaps of so many days are told.
const RECENT: i64 = 14 * time::DAY;

/// Barriers as of `settings.as_of`, from the tables of one generation; [`write`] leaves them for the next night.
///
/// # Errors
/// When a table cannot be read.
pub fn find(tables: &Tables, settings: &Settings) -> Result<Barriers, Error> {
    let night = gather::night(tables, settings)?;
    let judged: Vec<&Attempts> = night.attempts.iter().filter(|attempts| attempts.blocks > LEAST_NIGHTS).collect();
    let searches: Vec<(&Attempts, Search)> =
        judged.iter().map(|attempts| (*attempts, localise::search(attempts, judged.len()))).collect();
    let mut barriers = Barriers { data: warnings(&night, settings.as_of), ..Barriers::default() };
    let mut made = Vec::new();
    for (attempts, search) in &searches {
        let (own, mixed): (Vec<Finding>, Vec<Finding>) =
            findings(&night, attempts, search, settings).into_iter().partition(|finding| !is_mix(&finding.barrier));
        made.extend(own);
        barriers.explained.extend(mixed.into_iter().map(|finding| Explained {
            step: finding.barrier.step,
            by: finding.barrier.confounding.worst_column.unwrap_or("channel"),
            share: mix_share(&finding.barrier.confounding),
            conditions: finding.barrier.conditions,
        }));
        let (standing, differences) = standing::standing(&night, attempts, search, settings);
        made.extend(standing);
        barriers.differences.extend(differences);
        barriers.explained.extend(search.explained.iter().map(|explained| Explained {
            step: attempts.stage.step(),
            conditions: assemble::conditions(attempts, explained.slice),
            by: explained.by,
            share: explained.share,
        }));
        barriers.steps.push(scan(attempts, search, judged.len()));
    }
    if !barriers.explained.is_empty() {
        made.retain(|finding| outlasts_another_mix(&finding.barrier));
    }
    barriers.explained.truncate(TOLD);
    let earlier = match &tables.barriers {
        Some(folder) => incident::read(folder, settings.as_of)?,
        None => Vec::new(),
    };
    let left = incident::take_over(&mut made, earlier, &night.attempts, settings.as_of);
    for (attempts, search) in &searches {
        let others = others(attempts, search);
        for earlier in &left {
            if let Some(found) = incident::found(attempts, earlier, &others) {
                let case = case(&night, attempts, &found, &others, settings);
                made.push(incident::estimated(&case, earlier));
            }
        }
    }
    made.retain(|finding| finding.barrier.end.is_none_or(|end| end > settings.as_of - incident::TOLD));
    evidence::add(&mut made, &night, &tables.events, settings)?;
    barriers.findings = made.into_iter().map(|finding| finding.barrier).collect();
    rank(&mut barriers.findings);
    Ok(barriers)
}

/// Whether another mix of customers since the onset explains a finding, as far as can be told.
fn is_mix(barrier: &Barrier) -> bool {
    let confounding = &barrier.confounding;
    let is_adjusted_away = confounding.odds_ratio_low.is_nan() || confounding.odds_ratio_low <= 1.0;
    is_adjusted_away && mix_share(confounding) > confound::EXPLAINED
}

/// Whether a finding is told on a night of another mix of customers. Then hundreds of slices are unusual for that reason,
/// and a false discovery rate among all of them lets through what by itself would be chance: only what is beyond doubt
/// is told, or has an error to show for it.
fn outlasts_another_mix(barrier: &Barrier) -> bool {
    barrier.level == Level::Alert || barrier.error_code.is_some()
}

/// Share of the change of a rate, 0 to 1, that the mix of strata makes.
fn mix_share(confounding: &Confounding) -> f64 {
    let change = confounding.rate_part + confounding.mix_part;
    if change > 0.0 { (confounding.mix_part / change).clamp(0.0, 1.0) } else { 0.0 }
}

/// The mix of all attempts that are in no finding.
fn others(attempts: &Attempts, search: &Search) -> Mix {
    let others: Vec<bool> = (0..attempts.len()).map(|row| !search.is_found(row)).collect();
    Mix::of(attempts, Some(&others))
}

fn case<'a>(
    night: &'a Night,
    attempts: &'a Attempts,
    found: &'a Found,
    others: &'a Mix,
    settings: &Settings,
) -> Case<'a> {
    Case { night, attempts, found, others, as_of: settings.as_of, zone: settings.zone }
}

fn findings(night: &Night, attempts: &Attempts, search: &Search, settings: &Settings) -> Vec<Finding> {
    let others = others(attempts, search);
    search.found.iter().map(|found| case(night, attempts, found, &others, settings).barrier()).collect()
}

/// The costliest for top customers first.
fn rank(findings: &mut [Barrier]) {
    findings.sort_by(|a, b| {
        let over = |barrier: &Barrier| barrier.status == Status::Resolved;
        let money = |barrier: &Barrier| barrier.lost.map_or(0, |lost| lost.low.0);
        let top = |barrier: &Barrier| {
            money(barrier) as f64 * barrier.top_customer_carts.len() as f64 / barrier.carts.max(1) as f64
        };
        over(a)
            .cmp(&over(b))
            .then(a.level.cmp(&b.level))
            .then(top(b).total_cmp(&top(a)))
            .then(money(b).cmp(&money(a)))
            .then(b.excess.low.total_cmp(&a.excess.low))
            .then_with(|| a.id.cmp(&b.id))
    });
    for (rank, barrier) in (1..).zip(findings) {
        barrier.rank = rank;
    }
}

fn warnings(night: &Night, as_of: i64) -> Vec<DataWarning> {
    // What was missing before the nights that are judged thins their history, and no more.
    let from = as_of - RECENT;
    let mut warnings: Vec<DataWarning> =
        night.gaps.iter().filter(|gap| gap.until > from).map(check::Gap::warning).collect();
    let days: Vec<_> =
        night.missing.iter().filter(|day| **day >= time::utc_day(from)).copied().map(time::date).collect();
    if !days.is_empty() {
        warnings.push(DataWarning::MissingDays { days });
    }
    let number = |nights: usize| u32::try_from(nights).expect("few nights");
    match night.attempts.iter().map(|attempts| attempts.blocks).max() {
        None => warnings.push(DataWarning::NoSteps),
        Some(blocks) if blocks <= LEAST_NIGHTS => warnings
            .push(DataWarning::ShortHistory { nights: number(blocks.saturating_sub(1)), needed: number(LEAST_NIGHTS) }),
        Some(_) => {}
    }
    warnings
}

fn scan(attempts: &Attempts, search: &Search, steps: usize) -> StepScan {
    let n = attempts.tonight().count() as u64;
    let failed = attempts.tonight().filter(|row| attempts.failed[*row]).count() as u64;
    StepScan {
        step: attempts.stage.step(),
        next_step: attempts.next,
        horizon_minutes: attempts.stage.horizon() / time::MINUTE,
        attempts: n,
        failure_rate: wilson(failed, n),
        nights: u32::try_from(attempts.blocks.saturating_sub(1)).expect("few nights"),
        slices: search.slices as u64,
        tests: search.tests as u64,
        smallest: power::smallest(attempts, search.tests, steps),
    }
}
