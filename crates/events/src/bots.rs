//! Which visitors are programs, told by what they do within one day.
//!
//! ```text
//! rows of one day, by visitor ──> visitor-days ──> judge ──> the name of the rule, or none
//! ```
//!
//! A visitor is judged by all rows of one UTC day together, whatever order they were delivered in, so that the verdict
//! does not depend on how logs are cut into nights. The rules look at adds to cart alone: that is what a program has to
//! do to make carts, and what a hand cannot do so fast, so long or so evenly.

mod as_of;

use crate::Kind;
use crate::time::{MINUTE, SECOND};

pub use as_of::as_of;

/// The rule that takes a visitor at his word: the user agent says that it is a program. It holds for a row, not for a
/// day, and is settled when the row is read.
pub const USER_AGENT: &str = "user agent";
/// More adds to cart within a minute than a hand can do.
pub const ADDS_PER_MINUTE: &str = "adds per minute";
/// Many adds to cart, and nothing looked at; for logs that tell what is looked at.
pub const ADDS_WITHOUT_VIEWS: &str = "adds without views";
/// Many adds to cart at equal distances.
pub const REGULAR_ADDS: &str = "regular adds";
/// More adds to cart on one day than people do.
pub const ADDS_PER_DAY: &str = "adds per day";

/// The rules that judge a visitor's day, in the order in which they are asked.
pub const BEHAVIOUR: [&str; 4] = [ADDS_PER_MINUTE, ADDS_WITHOUT_VIEWS, REGULAR_ADDS, ADDS_PER_DAY];

/// Whether a rule in the `bot` column is one of [`BEHAVIOUR`]. Its verdict holds for the rows that were known when it
/// was made: where rows are read again together with others, it is to be forgotten and made anew. Other rules stay.
#[must_use]
pub fn is_behaviour(rule: &str) -> bool {
    BEHAVIOUR.contains(&rule)
}

/// What visitors' ids begin with that stand for everybody of a network with the same browser.
pub const NETWORK: &str = "net:";
/// The same where ids are pseudonyms.
pub const HIDDEN_NETWORK: &str = "p:net:";

/// Whether a visitor's id stands for a network, and so for many people. Only evenness tells a program among them.
#[must_use]
pub fn is_network(visitor: &str) -> bool {
    visitor.starts_with(NETWORK) || visitor.starts_with(HIDDEN_NETWORK)
}

/// Thresholds of the rules; 0 switches a rule off. Adds to cart of the same second count once: one press of a button
/// may put a whole list into a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// More seconds with adds than these within any 60 seconds are a program's; 0 to 60.
    pub adds_per_minute: u32,
    /// So many seconds with adds on a day without any view are a program's. A visitor's rows do not tell whether views are
    /// logged at all, so that this rule is for those who know that they are.
    pub adds_without_views: u32,
    /// So many distances between adds in a row that are equal, up to a second, and at least five seconds long.
    pub regular_adds: u32,
    /// More seconds with adds than these on a day are a program's.
    pub adds_per_day: u32,
}

impl Default for Rules {
    /// Far beyond what shoppers do: a program that keeps below these does little harm to a rate.
    fn default() -> Self {
        Self { adds_per_minute: 30, adds_without_views: 0, regular_adds: 20, adds_per_day: 100 }
    }
}

impl Rules {
    /// No rule at all.
    pub const OFF: Self = Self { adds_per_minute: 0, adds_without_views: 0, regular_adds: 0, adds_per_day: 0 };

    /// With fewer adds on a day than these no rule takes a visitor for a program; `None` if all are switched off.
    #[must_use]
    pub fn fewest_adds(&self) -> Option<usize> {
        let beyond =
            [self.adds_per_minute, self.regular_adds, self.adds_per_day].map(|limit| (limit, limit as usize + 1));
        let rules = beyond.into_iter().chain([(self.adds_without_views, self.adds_without_views as usize)]);
        rules.filter(|(limit, _)| *limit > 0).map(|(_, adds)| adds).min()
    }
}

/// A row as the rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Microseconds since 1970, UTC.
    pub ts: i64,
    /// What happened.
    pub kind: Kind,
}

/// Judges one visitor by the rows of one UTC day, in order of time; rows of the same moment in any order. `None` takes
/// him for a person. A visitor that stands for a network ([`is_network`]) is judged by evenness only.
#[must_use]
pub fn judge(rows: &[Row], is_network: bool, rules: &Rules) -> Option<&'static str> {
    let adds = |row: &&Row| row.kind == Kind::AddToCart;
    let acts = acts(rows.iter().filter(adds));
    let holds = |threshold: u32, rule: &dyn Fn(usize) -> bool| threshold > 0 && rule(threshold as usize);
    if !is_network && holds(rules.adds_per_minute, &|limit| is_crowded(&acts, limit)) {
        return Some(ADDS_PER_MINUTE);
    }
    if !is_network && holds(rules.adds_without_views, &|limit| is_blind(rows, &acts, limit)) {
        return Some(ADDS_WITHOUT_VIEWS);
    }
    if holds(rules.regular_adds, &|limit| is_regular(&acts, limit)) {
        return Some(REGULAR_ADDS);
    }
    (!is_network && holds(rules.adds_per_day, &|limit| acts.len() > limit)).then_some(ADDS_PER_DAY)
}

/// The moments of rows, of each second the first.
fn acts<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<i64> {
    let mut acts: Vec<i64> = rows.map(|row| row.ts).collect();
    acts.dedup_by_key(|ts| ts.div_euclid(SECOND));
    acts
}

/// Whether more than `limit` acts lie within less than a minute.
fn is_crowded(acts: &[i64], limit: usize) -> bool {
    acts.windows(limit + 1).any(|acts| acts[limit] - acts[0] < MINUTE)
}

/// Whether there are at least `limit` acts, and no view of any kind.
fn is_blind(rows: &[Row], acts: &[i64], limit: usize) -> bool {
    let is_view = |row: &Row| matches!(row.kind, Kind::PageView | Kind::ViewItem | Kind::Search | Kind::ViewCart);
    acts.len() >= limit && !rows.iter().any(is_view)
}

/// Shorter distances than this look equal to a clock of seconds, whoever makes them.
const SHORTEST_GAP: i64 = 5 * SECOND;
/// What clocks of seconds and the way to the server make of equal distances.
const JITTER: i64 = SECOND;

/// Whether `limit` distances in a row are equal.
fn is_regular(acts: &[i64], limit: usize) -> bool {
    let gaps: Vec<i64> = acts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.windows(limit).any(|gaps| {
        let (shortest, longest) =
            gaps.iter().fold((i64::MAX, i64::MIN), |(low, high), gap| (low.min(*gap), high.max(*gap)));
        shortest >= SHORTEST_GAP && longest - shortest <= JITTER
    })
}

/// A row of one UTC day as the lake holds it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The visitor, or the customer of a row that names no visitor.
    pub who: &'a str,
    /// Microseconds since 1970, UTC.
    pub ts: i64,
    /// What happened.
    pub kind: Kind,
}

/// Judges everybody in rows of one UTC day, which are sorted by visitor and time: the rule of each row's visitor.
#[must_use]
pub fn judge_day(rows: &[Seen<'_>], rules: &Rules) -> Vec<Option<&'static str>> {
    let mut verdicts = Vec::with_capacity(rows.len());
    let mut of_visitor = Vec::new();
    for visitor in rows.chunk_by(|a, b| a.who == b.who) {
        // Without an add there is nothing to judge, and most visitors add nothing.
        let verdict = if visitor.iter().any(|row| row.kind == Kind::AddToCart) {
            of_visitor.clear();
            of_visitor.extend(visitor.iter().map(|seen| Row { ts: seen.ts, kind: seen.kind }));
            judge(&of_visitor, is_network(visitor[0].who), rules)
        } else {
            None
        };
        verdicts.resize(verdicts.len() + visitor.len(), verdict);
    }
    verdicts
}

#[cfg(test)]
mod tests;
