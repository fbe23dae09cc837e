//! What is other than yesterday and last week, in sentences.

use analysis::changes::{CountChange, RateChange, Verdict};
use analysis::{Analysis, Changes, Estimate};

use crate::number;

pub(super) fn sentences(analysis: &Analysis) -> Vec<String> {
    let Changes { abandonment, carts } = &analysis.changes;
    abandonment.iter().flat_map(rate).chain(carts.iter().flat_map(count)).collect()
}

fn rate(change: &RateChange) -> [String; 2] {
    let percent = |rate: Estimate| number::percent(rate.point, rate.n);
    let mut before = Vec::new();
    before.extend(change.day_before.filter(is_enough).map(|rate| format!("{} the day before", percent(rate))));
    before.extend(change.week_before.filter(is_enough).map(|rate| format!("{} a week before", percent(rate))));
    let before = if before.is_empty() { String::new() } else { format!("; {}", before.join(", ")) };
    let range = Estimate { point: change.usual, low: change.low, high: change.high, n: change.rate.n };
    [
        format!(
            "{} ({}) of the carts of {} were abandoned{before}.",
            percent(change.rate),
            number::counted(change.rate.n, "cart"),
            number::date(change.day)
        ),
        format!(
            "{} Usual, by the {} days before: {} (95% range).",
            match change.verdict {
                Verdict::Usual => "That is no more than days differ anyway.",
                Verdict::Higher => "That is more than days differ by chance.",
                Verdict::Lower => "That is less than days differ by chance.",
            },
            change.days,
            number::interval(range)
        ),
    ]
}

fn is_enough(rate: &Estimate) -> bool {
    rate.n >= number::FEW
}

fn count(change: &CountChange) -> [String; 2] {
    let mut before = Vec::new();
    before.extend(change.day_before.map(|carts| format!("{} the day before", number::count(carts))));
    before.extend(change.week_before.map(|carts| format!("{} a week before", number::count(carts))));
    let before = if before.is_empty() { String::new() } else { format!("; {}", before.join(", ")) };
    [
        format!("{} opened on {}{before}.", super::answers::were(change.carts, "cart"), number::date(change.day)),
        format!(
            "{} Usual on such a day, by the {} days before: {} to {} (95% range).",
            match change.verdict {
                Verdict::Usual => "That is as usual.",
                Verdict::Higher => "That is more than usual.",
                Verdict::Lower => "That is fewer than usual.",
            },
            change.days,
            number::about(change.low),
            number::about(change.high)
        ),
    ]
}
