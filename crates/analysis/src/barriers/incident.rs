//! Findings from night to night: what an earlier night found is taken over, and closed when it is over.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, TimestampMicrosecondType};
use carts::columns::Text;
use events::lake;
use events::parquet_io::Reader;
use events::time::{DAY, HOUR};

use super::assemble::{Case, Course, Finding};
use super::attempts::{Attempts, Slice};
use super::finding::{Confounding, Nature, Onset, Status};
use super::judge::{Verdict, Window};
use super::localise::Found;
use super::price::Toll;
use super::shift::Mix;
use crate::Error;
use crate::stats::logistic::{logit, sigmoid};

/// Two findings of one step and mostly the same attempts whose onsets are so near are one.
const SAME: i64 = 36 * HOUR;
/// Share of failed attempts that two findings have to have in common.
const MOSTLY: f64 = 0.5;
/// Failures beyond so many standard deviations are not those of a clean night.
const CLEAN: f64 = 1.64;
/// Overdispersion of a finding that is only taken over.
const PHI: f64 = 1.5;

/// A finding as an earlier night left it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Earlier {
    id: String,
    first_seen: i64,
    step: String,
    place: BTreeMap<String, String>,
    onset: Option<i64>,
    expected_rate: f64,
    /// Whether it stands, and was beyond doubt.
    is_open: bool,
    is_alert: bool,
}

/// What the table of an earlier night holds. Nights later than `as_of` are not looked at: this one comes before them.
pub(super) fn read(folder: &Path, as_of: i64) -> Result<Vec<Earlier>, Error> {
    const COLUMNS: [&str; 10] = [
        "barrier_id",
        "found_at",
        "first_seen",
        "level",
        "status",
        "nature",
        "where",
        "step",
        "onset",
        "expected_rate",
    ];
    let mut earlier = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &COLUMNS)? {
            let batch = batch?;
            let text = |name: &str| Text::of(&batch, name).expect("the barriers table is ours");
            let (ids, places, steps) = (text("barrier_id"), text("where"), text("step"));
            let (levels, states, natures) = (text("level"), text("status"), text("nature"));
            let [found, first, onset] =
                [1, 2, 8].map(|at| batch.column(at).as_primitive::<TimestampMicrosecondType>().clone());
            let expected = batch.column(9).as_primitive::<Float64Type>();
            for row in (0..batch.num_rows()).filter(|row| found.value(*row) <= as_of) {
                earlier.push(Earlier {
                    id: ids.get(row).unwrap_or_default().to_owned(),
                    first_seen: first.value(row),
                    step: steps.get(row).unwrap_or_default().to_owned(),
                    place: serde_json::from_str(places.get(row).unwrap_or_default()).unwrap_or_default(),
                    onset: known(&onset, row),
                    expected_rate: expected.value(row),
                    is_open: states.get(row) != Some("resolved") && natures.get(row) == Some("onset"),
                    is_alert: levels.get(row) == Some("alert"),
                });
            }
        }
    }
    earlier.sort_by(|a, b| (a.first_seen, &a.id).cmp(&(b.first_seen, &b.id)));
    Ok(earlier)
}

fn known<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

impl Earlier {
    /// Whether a finding of tonight is this one: the same step and time, and mostly the same attempts.
    fn is(&self, finding: &Finding, attempts: &[Attempts]) -> bool {
        let barrier = &finding.barrier;
        let dates = match (barrier.onset, self.onset) {
            (Some(own), Some(then)) => {
                (own.earliest - SAME..=own.latest + SAME).contains(&then) || (own.at - then).abs() <= SAME
            }
            (None, None) => true,
            // One that could not be dated tonight is the one that is known.
            (None, Some(_)) => barrier.nature == Nature::Onset,
            (Some(_), None) => false,
        };
        let of_step = attempts.iter().find(|attempts| attempts.stage == finding.stage);
        let Some(attempts) = of_step.filter(|_| dates && barrier.step.name() == self.step) else { return false };
        let Some(slice) = self.slice(attempts) else { return false };
        let shared = finding.failures.iter().filter(|row| attempts.is_in(**row, slice)).count();
        shared as f64 >= MOSTLY * finding.failures.len() as f64
    }

    /// Its conditions as tonight's attempts know them; `None` where these no longer have one of its values.
    fn slice(&self, attempts: &Attempts) -> Option<Slice> {
        let mut parts = Vec::new();
        for (column, value) in &self.place {
            let at = attempts.attributes.iter().position(|attribute| attribute.name == column)?;
            let code = attempts.attributes[at].words.iter().position(|word| word == value)?;
            parts.push((u8::try_from(at).ok()?, u8::try_from(code).ok()?));
        }
        parts.sort_unstable();
        Some(Slice::new(&parts))
    }
}

/// Takes over what earlier nights knew, and says which of it was not found tonight.
pub(super) fn take_over(
    findings: &mut [Finding],
    earlier: Vec<Earlier>,
    attempts: &[Attempts],
    as_of: i64,
) -> Vec<Earlier> {
    let mut left = earlier;
    for finding in findings {
        if let Some(at) = left.iter().position(|earlier| earlier.is(finding, attempts)) {
            let earlier = left.remove(at);
            finding.barrier.id = earlier.id;
            finding.barrier.first_seen = earlier.first_seen;
        }
        let barrier = &mut finding.barrier;
        if barrier.first_seen == as_of && barrier.status != Status::Resolved {
            barrier.status = Status::New;
        }
    }
    left.retain(|earlier| earlier.is_open && earlier.is_alert && earlier.first_seen < as_of);
    left
}

/// An open finding of an earlier night that tonight's search did not make: estimated again from what was expected then.
pub(super) fn estimated(case: &Case<'_>, earlier: &Earlier) -> Finding {
    let attempts = case.attempts;
    let start = attempts.start_of_block(attempts.blocks - 1);
    let from = earlier.onset.unwrap_or(start).max(start);
    let oldest = Attempts::block_of(attempts.cut, from).map_or(attempts.blocks - 1, usize::from);
    let since: Vec<usize> =
        (0..attempts.len()).filter(|row| case.found.members[*row] && attempts.at[*row] >= from).collect();
    let baseline = oldest + 1..attempts.blocks.max(oldest + 1);
    let before: Vec<usize> = (0..attempts.len())
        .filter(|row| case.found.members[*row] && baseline.contains(&usize::from(attempts.block[*row])))
        .collect();
    let count = |night: Option<usize>| {
        let rows = since.iter().filter(|row| night.is_none_or(|night| usize::from(attempts.block[**row]) == night));
        rows.fold((0.0, 0.0), |sum, row| (sum.0 + 1.0, sum.1 + f64::from(u8::from(attempts.failed[*row]))))
    };
    let toll = |(n, k): (f64, f64)| Toll {
        attempts: n,
        observed: k,
        expected: n * earlier.expected_rate,
        history: 1_000.0,
        history_failed: 1_000.0 * earlier.expected_rate,
        phi: PHI,
        of_others: 0.0,
    };
    let is_clean = |night: usize| {
        let (n, k) = count(Some(night));
        let p = earlier.expected_rate;
        k <= n * p + CLEAN * (PHI * n * p * (1.0 - p)).sqrt() || k <= 1.15 * n * p
    };
    let is_over = is_clean(0) && is_clean(1);
    let (all, last) = (toll(count(None)), toll(count(Some(0))));
    let onset = earlier.onset.map(|at| Onset { at, earliest: at, latest: at });
    let end = is_over.then(|| attempts.start_of_block(1).max(from));
    let course = Course { onset, end, since, before, standing: 0..oldest + 1, baseline };
    let mut finding = case.finding(&course, &all, &last, Confounding::default(), Nature::Onset);
    let barrier = &mut finding.barrier;
    barrier.id.clone_from(&earlier.id);
    barrier.first_seen = earlier.first_seen;
    barrier.status = if is_over { Status::Resolved } else { barrier.status };
    finding
}

/// The attempts of an earlier finding, as if they had been found tonight; `None` at another step, or where its values
/// are no longer in the logs.
pub(super) fn found(attempts: &Attempts, earlier: &Earlier, others: &Mix) -> Option<Found> {
    if attempts.stage.step().name() != earlier.step {
        return None;
    }
    let slice = earlier.slice(attempts)?;
    let members: Vec<bool> = (0..attempts.len()).map(|row| attempts.is_in(row, slice)).collect();
    let tonight: Vec<usize> = attempts.tonight().filter(|row| members[*row]).collect();
    let failed = tonight.iter().filter(|row| attempts.failed[**row]).count();
    let count = |n: usize| u32::try_from(n).expect("fewer than four billion attempts");
    // Of everybody there are no others.
    let shift = if slice.order() == 0 { 0.0 } else { others.shift(&(0..1), &(1..attempts.blocks)) };
    let p = sigmoid(logit(earlier.expected_rate) + shift);
    let expected = tonight.len() as f64 * p;
    let z = (failed as f64 - expected) / (PHI * expected * (1.0 - p)).sqrt().max(1e-9);
    let verdict = Verdict {
        slice,
        like: slice,
        window: Window { nights: 1, ago: 0 },
        attempts: count(tonight.len()),
        failed: count(failed),
        expected,
        shift,
        history_rate: earlier.expected_rate,
        history: 1_000,
        phi: PHI,
        z,
        p: 1.0,
        q: 1.0,
        q_dependent: 1.0,
    };
    let usual = (slice.order() == 0).then(|| vec![0.0; attempts.blocks]);
    Some(Found { verdict, is_alert: earlier.is_alert, trail: members.clone(), members, usual })
}

/// How long a finding is told after it is over.
pub(super) const TOLD: i64 = 7 * DAY;
