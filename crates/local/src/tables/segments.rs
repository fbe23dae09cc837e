//! Where everybody stands on the days on which carts were opened.

use std::collections::{BTreeSet, HashMap};

use carts::segments::{Segment, Spender, segments};
use chrono::NaiveDate;
use chrono_tz::Tz;

/// Everybody who bought, sorted, and where each is among them.
pub(super) struct Spenders<'a> {
    all: &'a [Spender],
    positions: HashMap<&'a str, u32>,
}

impl<'a> Spenders<'a> {
    pub(super) fn new(all: &'a [Spender]) -> Self {
        let positions = all.iter().map(|spender| spender.person.as_str()).zip(0..).collect();
        Self { all, positions }
    }

    /// Where a person is; `None` for who never bought.
    pub(super) fn position(&self, person: &str) -> Option<u32> {
        self.positions.get(person).copied()
    }
}

/// The segments that carts need.
pub(super) struct Ranked<'a> {
    spenders: &'a Spenders<'a>,
    segments: HashMap<(NaiveDate, u32), Segment>,
}

impl<'a> Ranked<'a> {
    pub(super) fn new(spenders: &'a Spenders<'a>, asked: impl Iterator<Item = (NaiveDate, u32)>, zone: Tz) -> Self {
        let asked: Vec<(NaiveDate, u32)> = asked.collect::<BTreeSet<_>>().into_iter().collect();
        let answers = segments(spenders.all, &asked, zone);
        Self { spenders, segments: asked.into_iter().zip(answers).collect() }
    }

    /// Where a person stood on a day that was asked for; who never bought is new.
    pub(super) fn of(&self, person: &str, day: NaiveDate) -> Segment {
        self.spenders.position(person).map_or(Segment::New, |person| self.at((day, person)))
    }

    /// The answer to a question.
    pub(super) fn at(&self, asked: (NaiveDate, u32)) -> Segment {
        *self.segments.get(&asked).expect("asked for every day on which a buyer opened a cart")
    }
}
