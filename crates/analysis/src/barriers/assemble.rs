//! A slice that was found → a finding: since when, how many, how much, and what else was looked at.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use events::hash;
use events::time::{self, DAY, HOUR};

use super::attempts::{Attempts, Slice, Stage};
use super::blame::Blame;
use super::confound;
use super::finding::{
    Barrier, Comparison, Condition, Confounding, ControlKind, Doubt, ErrorSeen, Level, Nature, Onset, Range, Rung,
    Share, Status,
};
use super::gather::Night;
use super::judge::LEAST_NIGHTS;
use super::localise::Found;
use super::onset;
use super::price::{self, Toll};
use super::shift::{Mix, Nights};
use super::stream::ERROR;
use crate::funnel::Step;
use crate::stats::logistic::{logit, sigmoid};
use crate::stats::proportion::wilson;

/// The segment of top customers.
const TOP: &str = "d1";
/// After so many nights as usual it is over.
const CLEAN: i64 = 2 * DAY;
/// How far from an onset a release may have come.
const BESIDE: i64 = 2 * HOUR;

/// What a finding is made of.
pub(super) struct Case<'a> {
    pub(super) night: &'a Night,
    pub(super) attempts: &'a Attempts,
    pub(super) found: &'a Found,
    /// The mix of all attempts that are in no finding.
    pub(super) others: &'a Mix,
    pub(super) as_of: i64,
    pub(super) zone: Tz,
}

/// A finding, with the attempts behind it.
pub(super) struct Finding {
    pub(super) barrier: Barrier,
    pub(super) stage: Stage,
    /// Attempts that failed since the onset.
    pub(super) failures: Vec<usize>,
}

/// The attempts of a finding in time.
pub(super) struct Course {
    pub(super) onset: Option<Onset>,
    pub(super) end: Option<i64>,
    /// Attempts since the onset, until the end.
    pub(super) since: Vec<usize>,
    /// Attempts of the nights before.
    pub(super) before: Vec<usize>,
    /// Nights since the onset, and those before it.
    pub(super) standing: Nights,
    pub(super) baseline: Nights,
}

impl Case<'_> {
    /// Attempts that are dated and priced.
    pub(super) fn trail(&self) -> impl Iterator<Item = usize> {
        (0..self.attempts.len()).filter(|row| self.found.trail[*row])
    }

    /// How everybody else fared in a night, on the log-odds; where it is everybody's, how that weekday usually is.
    fn shift(&self, night: usize, baseline: &Nights) -> f64 {
        match &self.found.usual {
            Some(usual) => usual[night],
            None => self.others.shift(&(night..night + 1), baseline),
        }
    }

    /// When it began and ended.
    pub(super) fn course(&self) -> Course {
        let attempts = self.attempts;
        let verdict = &self.found.verdict;
        let window = verdict.window;
        let series: Vec<(i64, bool)> = self.trail().map(|row| (attempts.at[row], attempts.failed[row])).collect();
        let course = onset::course(&series, attempts.cut, verdict.phi.min(3.0));
        let dated = course.filter(|course| {
            // Without a week before it there is nothing to compare with; then the window has to do.
            let block = Attempts::block_of(attempts.cut, course.onset.at);
            block.is_some_and(|block| usize::from(block) + 1 + LEAST_NIGHTS <= attempts.blocks)
                && course.end.is_none_or(|end| end > attempts.start_of_block(window.nights - 1))
        });
        let from = dated.map_or(attempts.start_of_block(window.nights - 1), |course| course.onset.at);
        let until = dated.and_then(|course| course.end).unwrap_or(i64::MAX);
        let oldest = Attempts::block_of(attempts.cut, from).map_or(window.nights - 1, usize::from);
        let baseline = oldest + 1..(oldest + 1 + super::attempts::BASELINE).min(attempts.blocks);
        let (mut since, mut before) = (Vec::new(), Vec::new());
        for row in self.trail() {
            if (from..until).contains(&attempts.at[row]) {
                since.push(row);
            } else if baseline.contains(&usize::from(attempts.block[row])) {
                before.push(row);
            }
        }
        Course {
            onset: dated.map(|course| course.onset),
            end: dated.and_then(|course| course.end),
            since,
            before,
            standing: 0..oldest + 1,
            baseline,
        }
    }

    /// Failures since the onset, and those to be expected: by block, with everybody else's shift.
    pub(super) fn toll(&self, course: &Course, newest: bool) -> Toll {
        let attempts = self.attempts;
        let failed = |rows: &[usize]| rows.iter().filter(|row| attempts.failed[**row]).count() as f64;
        let (history_failed, history) = (failed(&course.before), course.before.len() as f64);
        let rate = logit((history_failed + 0.5) / (history + 1.0));
        let mut blocks: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
        for row in course.since.iter().filter(|row| !newest || attempts.block[**row] == 0) {
            let cell = blocks.entry(attempts.block[*row]).or_default();
            cell.0 += 1.0;
            cell.1 += f64::from(u8::from(attempts.failed[*row]));
        }
        let mut toll = Toll { history_failed, history, phi: self.found.verdict.phi, ..Toll::default() };
        for (block, (n, k)) in blocks {
            let shift = self.shift(usize::from(block), &course.baseline);
            let p = sigmoid(rate + shift);
            toll.attempts += n;
            toll.observed += k;
            toll.expected += n * p;
            if self.found.usual.is_none() {
                let (others, _) = self.others.count(usize::from(block));
                toll.of_others += n * n * p * (1.0 - p) / others.max(1.0);
            }
        }
        toll
    }

    /// The finding, but for its evidence from the events and for what earlier nights said of it.
    pub(super) fn barrier(&self) -> Finding {
        let course = self.course();
        let mut confounding = confound::confounding(
            self.attempts,
            &self.found.trail,
            self.others,
            &self.found.verdict,
            (&course.standing, &course.baseline),
        );
        (confounding.placebo_as_extreme, confounding.placebo_nights) = self.placebo(&course);
        let (toll, last_day) = (self.toll(&course, false), self.toll(&course, true));
        self.finding(&course, &toll, &last_day, confounding, Nature::Onset)
    }

    /// Puts a finding together from its course, its toll since the onset and on the last day, and what else was looked at.
    pub(super) fn finding(
        &self,
        course: &Course,
        toll: &Toll,
        last_day: &Toll,
        confounding: Confounding,
        nature: Nature,
    ) -> Finding {
        let (attempts, verdict) = (self.attempts, &self.found.verdict);
        let excess = toll.excess();
        let fate = price::fate(attempts, &course.since, &course.before, self.as_of);
        let (lost_carts, lost) =
            fate.map_or((Range::default(), None), |fate| price::loss(attempts, &course.since, toll, &fate));
        let errors = self.errors(course);
        let error = Self::its_error(&errors, course, excess.point);
        let conditions = conditions(attempts, verdict.slice);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let (n, k) = (toll.attempts.round() as u64, toll.observed.round() as u64);
        let carts = self.carts(&course.since);
        let name = |cart: &u32| self.night.carts[*cart as usize].id.clone();
        let is_top = |cart: &&u32| self.night.carts[**cart as usize].segment == TOP;
        let from = course.onset.map_or(attempts.start_of_block(verdict.window.nights - 1), |onset| onset.at);
        let night = match nature {
            Nature::Onset => time::local_date(from, self.zone).to_string(),
            Nature::Standing => String::new(),
        };
        let mut barrier = Barrier {
            id: id(attempts.stage, &conditions, &night),
            rank: 0,
            level: if self.found.is_alert { Level::Alert } else { Level::Watch },
            status: status(course, toll, last_day, self.as_of),
            nature,
            rung: Rung::Unusual,
            first_seen: self.as_of,
            step: attempts.stage.step(),
            next_step: attempts.next,
            conditions,
            error_code: error.map(|error| error.code.clone()),
            onset: course.onset,
            end: course.end,
            attempts: n,
            failed: k,
            rate: wilson(k.min(n), n.max(1)).expect("at least one attempt"),
            expected_rate: toll.expected / toll.attempts.max(1.0),
            no_own_history: self.found.has_no_own_history(),
            ratio: toll.ratio(),
            excess,
            excess_last_day: last_day.observed - last_day.expected,
            lost_carts,
            recovered_share: fate.map_or(0.0, |fate| fate.recovered),
            lost,
            q_value: verdict.q,
            z: verdict.z,
            nights: u32::try_from(verdict.window.nights).expect("few nights"),
            carts: carts.len() as u64,
            persons: self.persons(&course.since),
            top_customer_carts: carts.iter().filter(is_top).map(name).collect(),
            cart_ids: carts.iter().map(name).collect(),
            comparison: self.comparison(course),
            errors,
            journeys: Vec::new(),
            words: Vec::new(),
            confounding,
            controls: if nature == Nature::Onset { self.controls(course) } else { Vec::new() },
            doubts: Vec::new(),
        };
        barrier.cart_ids.sort_unstable();
        barrier.top_customer_carts.sort_unstable();
        barrier.rung = self.rung(&barrier, course);
        barrier.doubts = doubts(&barrier);
        let failures = course.since.iter().filter(|row| attempts.failed[**row]).copied().collect();
        Finding { barrier, stage: attempts.stage, failures }
    }

    /// Carts with a failed attempt since the onset.
    fn carts(&self, since: &[usize]) -> BTreeSet<u32> {
        let failed = since.iter().filter(|row| self.attempts.failed[**row]);
        failed
            .filter_map(|row| self.attempts.facts.get(*row))
            .map(|fact| fact.cart)
            .filter(|cart| *cart != u32::MAX)
            .collect()
    }

    fn persons(&self, since: &[usize]) -> u64 {
        let failed = since.iter().filter(|row| self.attempts.failed[**row]);
        let who: BTreeSet<u64> = failed
            .filter_map(|row| self.attempts.facts.get(*row))
            .map(|fact| if fact.customer == 0 { fact.visitor } else { fact.customer })
            .collect();
        who.len() as u64
    }

    fn comparison(&self, course: &Course) -> Comparison {
        let attempts = self.attempts;
        let share = |rows: &mut dyn Iterator<Item = usize>| {
            let mut share = Share::default();
            for row in rows {
                share.attempts += 1;
                share.failed += u64::from(attempts.failed[row]);
                share.with_error += u64::from(attempts.facts.get(row).is_some_and(|fact| fact.error != 0));
            }
            share
        };
        let from = course.since.first().map_or(i64::MAX, |row| attempts.at[*row]);
        let others = |row: &usize| !attempts.is_in(*row, self.found.verdict.slice) && !self.found.trail[*row];
        let in_baseline = |row: &usize| course.baseline.contains(&usize::from(attempts.block[*row]));
        Comparison {
            before: share(&mut course.before.iter().copied()),
            since: share(&mut course.since.iter().copied()),
            elsewhere_before: share(&mut (0..attempts.len()).filter(others).filter(in_baseline)),
            elsewhere_since: share(&mut (0..attempts.len()).filter(others).filter(|row| attempts.at[*row] >= from)),
        }
    }

    /// Errors that failed attempts met, the most frequent first.
    fn errors(&self, course: &Course) -> Vec<ErrorSeen> {
        let attempts = self.attempts;
        let mut counts: BTreeMap<u16, [u64; 3]> = BTreeMap::new();
        if attempts.facts.is_empty() {
            return Vec::new();
        }
        let from = course.since.first().map_or(i64::MAX, |row| attempts.at[*row]);
        let elsewhere = (0..attempts.len())
            .filter(|row| attempts.at[*row] >= from && !attempts.is_in(*row, self.found.verdict.slice));
        let parts: [&mut dyn Iterator<Item = usize>; 3] =
            [&mut course.since.iter().copied(), &mut course.before.iter().copied(), &mut elsewhere.into_iter()];
        for (part, rows) in parts.into_iter().enumerate() {
            for row in rows.filter(|row| attempts.facts[*row].error != 0) {
                counts.entry(attempts.facts[row].error).or_default()[part] += 1;
            }
        }
        let word = |number: u16| self.night.words.by_number[ERROR][usize::from(number)].clone();
        let mut errors: Vec<ErrorSeen> = counts
            .into_iter()
            .filter(|(_, counts)| counts[0] > 0)
            .map(|(number, [attempts, before, elsewhere])| ErrorSeen {
                code: word(number),
                message: None,
                attempts,
                before,
                elsewhere,
            })
            .collect();
        errors.sort_by(|a, b| b.attempts.cmp(&a.attempts).then_with(|| a.code.cmp(&b.code)));
        errors.truncate(5);
        errors
    }

    /// The error that accounts for much of the excess and is far more frequent than before.
    fn its_error<'e>(errors: &'e [ErrorSeen], course: &Course, excess: f64) -> Option<&'e ErrorSeen> {
        let growth = course.since.len() as f64 / course.before.len().max(1) as f64;
        let beyond = |error: &ErrorSeen| error.attempts as f64 - error.before as f64 * growth;
        errors
            .iter()
            .filter(|error| Blame::OF_A_CHANGE.stands_for(error.attempts as f64, error.before as f64 * growth, excess))
            .max_by(|a, b| beyond(a).total_cmp(&beyond(b)))
    }

    /// How many of the nights before were as unusual as the newest one, and how many there were.
    fn placebo(&self, course: &Course) -> (u32, u32) {
        let attempts = self.attempts;
        let mut blocks: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
        for row in self.trail() {
            let cell = blocks.entry(attempts.block[row]).or_default();
            cell.0 += 1.0;
            cell.1 += f64::from(u8::from(attempts.failed[row]));
        }
        let total = course.before.len() as f64;
        let failed = course.before.iter().filter(|row| attempts.failed[**row]).count() as f64;
        let rate = logit((failed + 0.5) / (total + 1.0));
        let z = |block: u8, (n, k): (f64, f64)| {
            let p = sigmoid(rate + self.shift(usize::from(block), &course.baseline));
            (k - n * p) / (n * p * (1.0 - p)).sqrt().max(1e-9)
        };
        let Some(tonight) = blocks.iter().find(|(block, _)| course.standing.contains(&usize::from(**block))) else {
            return (0, 0);
        };
        let tonight = z(*tonight.0, *tonight.1);
        let past: Vec<f64> = blocks
            .iter()
            .filter(|(block, _)| course.baseline.contains(&usize::from(**block)))
            .map(|(block, cell)| z(*block, *cell))
            .collect();
        let count = |n: usize| u32::try_from(n).expect("few nights");
        (count(past.iter().filter(|z| **z >= tonight).count()), count(past.len()))
    }

    fn rung(&self, barrier: &Barrier, course: &Course) -> Rung {
        let confounding = &barrier.confounding;
        if confounding.worst_share > 0.5 || confounding.odds_ratio_low.is_nan() || confounding.odds_ratio_low <= 1.0 {
            return Rung::Unusual;
        }
        let quiet = barrier.controls.iter().all(|control| control.quiet);
        if barrier.error_code.is_none() || !quiet {
            // What everybody meets is concentrated nowhere.
            return if self.found.usual.is_some() { Rung::Unusual } else { Rung::Localised };
        }
        if self.came_with_a_release(course) { Rung::Aligned } else { Rung::Corroborated }
    }

    /// Whether a release came within the interval of the onset, and attempts with it fail more than those without.
    fn came_with_a_release(&self, course: &Course) -> bool {
        let attempts = self.attempts;
        let Some(onset) = course.onset else { return false };
        let Some(releases) = attempts.attributes.iter().find(|attribute| attribute.name == "release") else {
            return false;
        };
        let mut first: BTreeMap<u8, i64> = BTreeMap::new();
        for row in 0..attempts.len() {
            first.entry(releases.codes[row]).or_insert(attempts.at[row]);
        }
        first.into_iter().filter(|(code, at)| *code > super::attempts::OTHER && beside(&onset, *at)).any(|(code, _)| {
            let rate = |with: bool| {
                let rows: Vec<&usize> =
                    course.since.iter().filter(|row| (releases.codes[**row] == code) == with).collect();
                let failed = rows.iter().filter(|row| attempts.failed[***row]).count();
                (rows.len() >= 30).then(|| failed as f64 / rows.len() as f64)
            };
            rate(true).zip(rate(false)).is_some_and(|(with, without)| with > 1.3 * without)
        })
    }
}

/// Whether something happened where something else began, as far as that is known.
pub(super) fn beside(onset: &Onset, at: i64) -> bool {
    (onset.earliest - BESIDE..=onset.latest + BESIDE).contains(&at)
}

/// How it stands, but for whether it is new.
fn status(course: &Course, toll: &Toll, last_day: &Toll, as_of: i64) -> Status {
    if course.end.is_some_and(|end| end <= as_of - CLEAN) {
        return Status::Resolved;
    }
    let earlier = (toll.attempts - last_day.attempts, toll.observed - last_day.observed);
    if earlier.0 < 50.0 || last_day.attempts < 50.0 {
        return Status::Open;
    }
    let (then, now) = (earlier.1 / earlier.0, last_day.observed / last_day.attempts);
    let spread = (toll.phi * then * (1.0 - then) * (1.0 / earlier.0 + 1.0 / last_day.attempts)).sqrt();
    // A quarter worse, and not by chance.
    if now > 1.25 * then && now - then > 3.0 * spread { Status::Worse } else { Status::Open }
}

/// The conditions of a slice in words.
pub(super) fn conditions(attempts: &Attempts, slice: Slice) -> Vec<Condition> {
    slice
        .parts()
        .map(|(at, code)| {
            let attribute = &attempts.attributes[at];
            Condition { column: attribute.name, value: attribute.words[usize::from(code)].clone() }
        })
        .collect()
}

/// The name of a finding: the same whenever step, condition and first night are.
pub(super) fn id(stage: Stage, conditions: &[Condition], night: &str) -> String {
    let mut fields = vec![stage.step().name().to_owned(), night.to_owned()];
    fields.extend(conditions.iter().flat_map(|condition| [condition.column.to_owned(), condition.value.clone()]));
    let hashed = hash::of_fields(fields.iter().map(|field| Some(field.as_bytes())));
    hash::hex(hashed)[..12].to_owned()
}

/// What else could explain it, the likeliest first.
fn doubts(barrier: &Barrier) -> Vec<Doubt> {
    let has = |column: &str| barrier.conditions.iter().any(|condition| condition.column == column);
    let is_quiet = |what: ControlKind| {
        barrier.controls.iter().find(|control| control.what == what).is_none_or(|control| control.quiet)
    };
    let mut doubts = Vec::new();
    if barrier.confounding.worst_share > 0.2 {
        doubts.push(Doubt::Mix);
    }
    if !is_quiet(ControlKind::Attempts) {
        doubts.push(Doubt::Traffic);
    }
    if barrier.error_code.is_none() {
        doubts.push(Doubt::Tracking);
        doubts.push(Doubt::Offer);
    }
    if has("payment_method") || has("shipping_method") {
        doubts.push(Doubt::Provider);
    }
    if has("release") || barrier.rung == Rung::Aligned || barrier.conditions.is_empty() {
        doubts.push(Doubt::Release);
    }
    if barrier.level == Level::Watch {
        doubts.push(Doubt::Chance);
    }
    if doubts.is_empty() {
        doubts.push(if barrier.step == Step::AddPaymentInfo { Doubt::Provider } else { Doubt::Release });
    }
    doubts
}
