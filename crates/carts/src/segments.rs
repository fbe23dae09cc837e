//! Top-customer segments without hindsight: where a person stood at 00:00 of a day, by spend in the 365 days before.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use events::{Amount, time};

/// Days of spend that count.
const DAYS: u64 = 365;

/// A purchase or refund of a person, as far as spend is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spend {
    /// From this moment on it can count: the order's, or the refund's where that is later.
    pub known_at: i64,
    /// The day on which it counts: the order's moment, also for a refund that names it.
    pub counts_at: i64,
    /// What it adds, in the base currency; negative for refunds.
    pub amount: Amount,
    /// Whether it is an order.
    pub is_order: bool,
}

/// Everything that a person spent and got back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spender {
    /// The person.
    pub person: String,
    /// Orders and refunds, in any order.
    pub spend: Vec<Spend>,
}

/// Where a person stands among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// No order before the day.
    New,
    /// Orders, but none in the 365 days before.
    Lapsed,
    /// A tenth of those with orders, by spend: 1 is the top one.
    Tenth {
        /// 1 to 10.
        tenth: u8,
        /// Whether among the top hundredth.
        top1: bool,
    },
}

impl Segment {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        const TENTHS: [&str; 10] = ["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10"];
        match self {
            Self::New => "new",
            Self::Lapsed => "lapsed",
            Self::Tenth { tenth, .. } => TENTHS[tenth as usize - 1],
        }
    }

    /// Whether among the top hundredth of spend.
    #[must_use]
    pub const fn is_top1(self) -> bool {
        matches!(self, Self::Tenth { top1: true, .. })
    }

    fn of_rank(rank: usize, count: usize) -> Self {
        let tenth = u8::try_from(1 + 10 * (rank - 1) / count).expect("1 to 10, as rank <= count");
        Self::Tenth { tenth, top1: 100 * (rank - 1) < count }
    }
}

/// Answers where persons stood on days.
///
/// `spenders` must be sorted by person; `asked` are pairs of a day and a position in `spenders`. The answers come in
/// the order of the questions. Cost: the spend once, and per day asked one pass over those ranked.
#[must_use]
pub fn segments(spenders: &[Spender], asked: &[(NaiveDate, u32)], zone: Tz) -> Vec<Segment> {
    let mut answers = vec![Segment::New; asked.len()];
    let mut questions: Vec<usize> = (0..asked.len()).collect();
    questions.sort_unstable_by_key(|at| asked[*at]);
    let mut ranking = Ranking::new(spenders);
    for day in questions.chunk_by(|a, b| asked[*a].0 == asked[*b].0) {
        let date = asked[day[0]].0;
        let start = date.checked_sub_days(Days::new(DAYS)).unwrap_or(NaiveDate::MIN);
        ranking.advance(time::start_of_day(start, zone), time::start_of_day(date, zone));
        for question in day {
            answers[*question] = ranking.segment(asked[*question].1);
        }
    }
    answers
}

/// The spend of everybody within a window that only moves forward.
struct Ranking<'a> {
    spenders: &'a [Spender],
    /// All spend by the moment from which it can count: person and position among the person's.
    entering: Vec<(i64, u32, usize)>,
    entered: usize,
    /// Spend within the window, by the moment with which it leaves.
    leaving: BinaryHeap<Reverse<(i64, u32, usize)>>,
    standing: Vec<Standing>,
    /// How often the window had moved when a person's spend in it last changed.
    touched: Vec<u32>,
    moves: u32,
    /// Those with an order in the window, by falling spend, ties by person.
    ranked: Vec<(Amount, u32)>,
}

#[derive(Clone, Copy, Default)]
struct Standing {
    spend: Amount,
    orders: u32,
    ever_ordered: bool,
}

impl<'a> Ranking<'a> {
    fn new(spenders: &'a [Spender]) -> Self {
        let mut entering = Vec::new();
        for (person, spender) in (0_u32..).zip(spenders) {
            for (at, spend) in spender.spend.iter().enumerate() {
                entering.push((spend.known_at.max(spend.counts_at), person, at));
            }
        }
        entering.sort_unstable();
        let standing = vec![Standing::default(); spenders.len()];
        Self {
            spenders,
            entering,
            entered: 0,
            leaving: BinaryHeap::new(),
            standing,
            touched: vec![0; spenders.len()],
            moves: 0,
            ranked: Vec::new(),
        }
    }

    /// Moves the window to [`start`, `end`).
    fn advance(&mut self, start: i64, end: i64) {
        let mut touched = Vec::new();
        self.moves += 1;
        while let Some(&(_, person, at)) = self.entering.get(self.entered).filter(|(known_at, ..)| *known_at < end) {
            let spend = self.spenders[person as usize].spend[at];
            let standing = &mut self.standing[person as usize];
            standing.spend += spend.amount;
            standing.orders += u32::from(spend.is_order);
            standing.ever_ordered |= spend.is_order;
            self.leaving.push(Reverse((spend.counts_at, person, at)));
            touched.push(person);
            self.entered += 1;
        }
        while let Some(&Reverse((counts_at, person, at))) = self.leaving.peek() {
            if counts_at >= start {
                break;
            }
            self.leaving.pop();
            let spend = self.spenders[person as usize].spend[at];
            let standing = &mut self.standing[person as usize];
            standing.spend = standing.spend - spend.amount;
            standing.orders -= u32::from(spend.is_order);
            touched.push(person);
        }
        if touched.is_empty() {
            return;
        }
        touched.retain(|person| std::mem::replace(&mut self.touched[*person as usize], self.moves) != self.moves);
        let mut moved: Vec<(Amount, u32)> = touched
            .iter()
            .filter(|person| self.standing[**person as usize].orders > 0)
            .map(|person| (Amount(-self.standing[*person as usize].spend.0), *person))
            .collect();
        moved.sort_unstable();
        let stayed = std::mem::take(&mut self.ranked).into_iter();
        let stayed = stayed.filter(|(_, person)| self.touched[*person as usize] != self.moves);
        self.ranked = merge(stayed, moved);
    }

    fn segment(&self, person: u32) -> Segment {
        let standing = &self.standing[person as usize];
        if standing.orders == 0 {
            return if standing.ever_ordered { Segment::Lapsed } else { Segment::New };
        }
        let key = (Amount(-standing.spend.0), person);
        let at = self.ranked.binary_search(&key).expect("everybody with an order in the window is ranked");
        Segment::of_rank(at + 1, self.ranked.len())
    }
}

/// Two sorted runs as one.
fn merge(left: impl Iterator<Item = (Amount, u32)>, right: Vec<(Amount, u32)>) -> Vec<(Amount, u32)> {
    let mut merged = Vec::with_capacity(left.size_hint().1.unwrap_or(0) + right.len());
    let mut right = right.into_iter().peekable();
    for item in left {
        while let Some(smaller) = right.next_if(|next| *next < item) {
            merged.push(smaller);
        }
        merged.push(item);
    }
    merged.extend(right);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::UTC;

    fn day(number: i32) -> NaiveDate {
        time::date(20_000 + number)
    }

    fn at(number: i64) -> i64 {
        (20_000 + number) * time::DAY
    }

    fn order(day: i64, amount: i128) -> Spend {
        Spend { known_at: at(day), counts_at: at(day), amount: Amount(amount), is_order: true }
    }

    fn spender(person: &str, spend: &[Spend]) -> Spender {
        Spender { person: person.into(), spend: spend.to_vec() }
    }

    fn names(spenders: &[Spender], day_asked: i32) -> Vec<&'static str> {
        let asked: Vec<_> =
            (0..u32::try_from(spenders.len()).unwrap()).map(|person| (day(day_asked), person)).collect();
        segments(spenders, &asked, ZONE).into_iter().map(Segment::name).collect()
    }

    #[test]
    fn an_order_counts_from_the_next_day_for_365_days() {
        let spenders = [spender("a", &[order(0, 100)])];
        assert_eq!([0, 1, 365, 366].map(|asked| names(&spenders, asked)[0]), ["new", "d1", "d1", "lapsed"]);
    }

    #[test]
    fn tenths_are_by_falling_spend_with_ties_by_person() {
        let spenders: Vec<Spender> =
            (0..20).map(|at| spender(&format!("p{at:02}"), &[order(0, if at < 2 { 50 } else { 40 - at })])).collect();
        let segments = names(&spenders, 1);
        assert_eq!((segments[0], segments[1], segments[2], segments[19]), ("d1", "d1", "d2", "d10"));
        let asked: Vec<_> = (0..20).map(|person| (day(1), person)).collect();
        let top: Vec<bool> = super::segments(&spenders, &asked, ZONE).into_iter().map(Segment::is_top1).collect();
        assert_eq!(top.iter().filter(|is_top| **is_top).count(), 1);
        assert!(top[0]);
    }

    #[test]
    fn a_refund_lowers_spend_only_from_the_day_after_it_was_given() {
        let refund = Spend { known_at: at(10), counts_at: at(0), amount: Amount(-90), is_order: false };
        let spenders = [spender("a", &[order(0, 100), refund]), spender("b", &[order(0, 50)])];
        assert_eq!(names(&spenders, 10), ["d1", "d6"]);
        assert_eq!(names(&spenders, 11), ["d6", "d1"]);
    }

    #[test]
    fn a_refund_that_comes_after_its_order_left_the_window_changes_nothing() {
        let late = Spend { known_at: at(500), counts_at: at(0), amount: Amount(-100), is_order: false };
        let spenders = [spender("a", &[order(0, 100), late, order(390, 10)]), spender("b", &[order(390, 20)])];
        assert_eq!(names(&spenders, 400), ["d6", "d1"]);
        assert_eq!(names(&spenders, 501), ["d6", "d1"]);
    }

    #[test]
    fn a_refund_without_order_makes_nobody_a_customer() {
        let refund = Spend { known_at: at(0), counts_at: at(0), amount: Amount(-90), is_order: false };
        assert_eq!(names(&[spender("a", &[refund])], 1), ["new"]);
    }

    #[test]
    fn questions_are_answered_in_their_own_order() {
        let spenders = [spender("a", &[order(0, 100)])];
        let asked = [(day(400), 0), (day(0), 0), (day(5), 0)];
        let answers: Vec<_> = segments(&spenders, &asked, ZONE).into_iter().map(Segment::name).collect();
        assert_eq!(answers, ["lapsed", "new", "d1"]);
    }
}
