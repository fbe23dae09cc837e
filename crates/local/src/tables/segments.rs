//! Where everybody stands on the days on which carts were opened.

use std::collections::{BTreeSet, HashMap, HashSet};

use carts::segments::{Segment, Spender, segments};
use chrono::NaiveDate;
use chrono_tz::Tz;

/// The segments that carts need.
pub(super) struct Ranked<'a> {
    spenders: &'a [Spender],
    segments: HashMap<(NaiveDate, u32), Segment>,
}

/// Where a person is among all who bought, who are sorted.
pub(super) fn position(spenders: &[Spender], person: &str) -> Option<u32> {
    let at = spenders.binary_search_by(|spender| spender.person.as_str().cmp(person)).ok()?;
    Some(u32::try_from(at).expect("fewer persons than 2^32"))
}

impl<'a> Ranked<'a> {
    pub(super) fn new(spenders: &'a [Spender], asked: impl Iterator<Item = (NaiveDate, u32)>, zone: Tz) -> Self {
        let asked: Vec<(NaiveDate, u32)> = asked.collect::<BTreeSet<_>>().into_iter().collect();
        let answers = segments(spenders, &asked, zone);
        Self { spenders, segments: asked.into_iter().zip(answers).collect() }
    }

    /// Where a person stood on a day that was asked for; who never bought is new.
    pub(super) fn of(&self, person: &str, day: NaiveDate) -> Segment {
        position(self.spenders, person).map_or(Segment::New, |person| self.at((day, person)))
    }

    /// As [`Ranked::of`], if that question is among these.
    pub(super) fn asked(&self, person: &str, day: NaiveDate, among: &HashSet<(NaiveDate, u32)>) -> Option<Segment> {
        let question = (day, position(self.spenders, person)?);
        among.contains(&question).then(|| self.at(question))
    }

    /// The answer to a question.
    pub(super) fn at(&self, asked: (NaiveDate, u32)) -> Segment {
        *self.segments.get(&asked).expect("asked for every day on which a buyer opened a cart")
    }
}
