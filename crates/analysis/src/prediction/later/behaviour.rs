//! What was seen of carts up to the end of the window, and how it goes together with being bought later.
//!
//! A sign must have been seen before the days begin in which purchases are counted, else whoever takes longer to buy has more
//! time to show it, and it looks as if it made people buy.

use events::Kind;
use events::time::HOUR;
use serde::Serialize;

use super::super::features::{Features, Vocabularies, at, number_at};
use super::super::landmark::{Frame, Row};
use super::{BY_DAYS, LaterCart, Parts};
use crate::checkout_curve::ShareByAge;
use crate::stats::association::{Association, Observation, associate, benjamini_hochberg};
use crate::stats::survival::KaplanMeier;
use crate::{Estimate, Settings};

/// Fewest carts, watched to an age, by which associations are judged.
const FEWEST: usize = 200;
/// ln(1 + 24): within a day.
const A_DAY: f32 = 3.218_876;

/// Something that a log can show of a cart before its window ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Its person came back: a visit other than the opening one.
    Returned,
    /// A cart event in the last 24 hours of the window.
    LastDay,
    /// Something was put on a wish list.
    Saved,
    /// Two pieces or more in it.
    SeveralItems,
    /// The checkout was started.
    CheckoutStarted,
    /// A checkout error was met.
    ErrorMet,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Returned, Self::LastDay, Self::Saved, Self::SeveralItems, Self::CheckoutStarted, Self::ErrorMet];

    /// Its column in the `later` table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::LastDay => "last_day",
            Self::Saved => "saved",
            Self::SeveralItems => "several_items",
            Self::CheckoutStarted => "checkout_started",
            Self::ErrorMet => "error_met",
        }
    }
}

/// Which of [`Behaviour::ALL`] the features show.
pub(super) fn seen(features: &Features, vocabularies: &Vocabularies) -> [bool; Behaviour::ALL.len()] {
    let numbers = &features.numbers;
    let step = vocabularies[at::STEP].word(features.words[at::STEP]).and_then(Kind::parse);
    Behaviour::ALL.map(|behaviour| match behaviour {
        Behaviour::Returned => numbers[number_at::VISITS] >= 1.0,
        Behaviour::LastDay => numbers[number_at::HOURS_IDLE] <= A_DAY,
        Behaviour::Saved => numbers[number_at::WISHES] >= 1.0,
        Behaviour::SeveralItems => numbers[number_at::ITEMS] >= 2.0,
        Behaviour::CheckoutStarted => step.is_some_and(|step| step >= Kind::BeginCheckout),
        Behaviour::ErrorMet => numbers[number_at::ERRORS] >= 1.0,
    })
}

/// Carts in three equal parts by value.
pub(super) struct Thirds([f32; 2]);

impl Thirds {
    pub(super) fn of(rows: &[&Row]) -> Self {
        let values = rows.iter().map(|row| row.features.numbers[number_at::VALUE]);
        let mut values: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
        values.sort_by(f32::total_cmp);
        Self([1, 2].map(|third| values.get(values.len() * third / 3).copied().unwrap_or(f32::INFINITY)))
    }

    /// From 1; 0 where nothing had a price.
    pub(super) fn third(&self, value: f32) -> u8 {
        if value.is_nan() { 0 } else { 1 + self.0.iter().map(|from| u8::from(value >= *from)).sum::<u8>() }
    }
}

/// Carts of one kind, and how many of them are bought later.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bought {
    /// Carts not bought within the window.
    pub carts: u64,
    /// The share of them bought after the window and by each age (Kaplan-Meier), with 95 % intervals that allow for persons
    /// with several carts.
    pub later: Vec<ShareByAge>,
}

/// A behaviour, and what goes with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The behaviour.
    pub behaviour: Behaviour,
    /// Carts with it.
    pub with: Bought,
    /// Carts without it.
    pub without: Bought,
    /// Over the carts watched to [`Compared::by_days`]; `None` where all of them, or none, have it or are bought.
    pub association: Option<Association>,
    /// False discovery rate at which it would just be found, when all behaviours are looked at together.
    pub q: Option<f64>,
}

/// What goes together with being bought later.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// All carts.
    pub all: Bought,
    /// The age, in days, by which associations are judged: the greatest that enough carts have been watched to.
    pub by_days: Option<i64>,
    /// Carts watched to it.
    pub watched: u64,
    /// One line for each behaviour.
    pub lines: Vec<Line>,
}

/// Compares carts with each behaviour to those without; `None` where there is no cart.
pub(super) fn compare(
    frame: &Frame,
    told: &[&Row],
    rows: &[LaterCart],
    settings: &Settings,
    parts: &Parts,
) -> Option<Compared> {
    if rows.is_empty() {
        return None;
    }
    let carts: Vec<Watched<'_>> = told.iter().zip(rows).map(|(row, told)| Watched::of(frame, row, told)).collect();
    let is_watched = |cart: &Watched<'_>, end: i64| cart.opened_at + end <= settings.as_of;
    let judged_by = (0..parts.ends.len())
        .rev()
        .find(|part| carts.iter().filter(|cart| is_watched(cart, parts.ends[*part])).count() >= FEWEST);
    let strata = strata(rows);
    let watched: Vec<(usize, &Watched<'_>)> = match judged_by {
        Some(part) => carts.iter().enumerate().filter(|(_, cart)| is_watched(cart, parts.ends[part])).collect(),
        None => Vec::new(),
    };
    let is_bought = |cart: &Watched<'_>| {
        judged_by.is_some_and(|part| cart.purchased_at.is_some_and(|at| at <= cart.opened_at + parts.ends[part]))
    };
    let observed = |is_exposed: &dyn Fn(&Watched<'_>) -> bool| -> Vec<Observation> {
        let of = |(at, cart): &(usize, &Watched<'_>)| Observation {
            exposed: is_exposed(cart),
            happened: is_bought(cart),
            stratum: strata[*at],
            cluster: cart.person,
        };
        watched.iter().map(of).collect()
    };
    // How much wider intervals are because persons have several carts.
    let spread = spread(&observed(&|_| false));
    let bought = |is: &dyn Fn(&Watched<'_>) -> bool| {
        let of: Vec<&Watched<'_>> = carts.iter().filter(|cart| is(cart)).collect();
        Bought { carts: of.len() as u64, later: shares(&of, settings, parts, spread) }
    };
    let mut lines: Vec<Line> = Behaviour::ALL
        .into_iter()
        .enumerate()
        .map(|(at, behaviour)| Line {
            behaviour,
            with: bought(&|cart| cart.seen[at]),
            without: bought(&|cart| !cart.seen[at]),
            association: associate(&observed(&|cart| cart.seen[at])),
            q: None,
        })
        .collect();
    let p: Vec<f64> = lines.iter().filter_map(|line| Some(line.association?.p)).collect();
    let judged = lines.iter_mut().filter(|line| line.association.is_some());
    judged.zip(benjamini_hochberg(&p)).for_each(|(line, q)| line.q = Some(q));
    Some(Compared {
        all: bought(&|_| true),
        by_days: judged_by.map(|part| parts.ends[part] / events::time::DAY),
        watched: watched.len() as u64,
        lines,
    })
}

/// A cart, and what is known of it by now.
struct Watched<'a> {
    opened_at: i64,
    purchased_at: Option<i64>,
    person: u64,
    seen: &'a [bool; Behaviour::ALL.len()],
}

impl<'a> Watched<'a> {
    fn of(frame: &Frame, row: &Row, told: &'a LaterCart) -> Self {
        let cart = &frame.carts[row.cart as usize];
        Self { opened_at: cart.opened_at, purchased_at: cart.purchased_at, person: row.person.into(), seen: &told.seen }
    }
}

/// A number for each segment, device and third of value, the same for carts that are alike.
fn strata(rows: &[LaterCart]) -> Vec<u64> {
    let mut known = std::collections::BTreeMap::new();
    let key = |row: &LaterCart| (row.segment.clone(), row.device.clone(), row.value_third);
    for row in rows {
        let next = known.len() as u64;
        known.entry(key(row)).or_insert(next);
    }
    rows.iter().map(|row| known[&key(row)]).collect()
}

/// By how much the standard error of the share that is bought grows because carts of a person are alike, at least 1.
fn spread(observations: &[Observation]) -> f64 {
    let n = observations.len() as f64;
    let share = observations.iter().filter(|observation| observation.happened).count() as f64 / n;
    if !(share > 0.0 && share < 1.0) {
        return 1.0;
    }
    let mut persons = std::collections::BTreeMap::<u64, f64>::new();
    for observation in observations {
        *persons.entry(observation.cluster).or_default() += f64::from(u8::from(observation.happened)) - share;
    }
    let variance = persons.values().map(|sum| sum * sum).sum::<f64>();
    (variance / (n * share * (1.0 - share))).sqrt().max(1.0)
}

/// The share bought by each age, of these carts.
fn shares(carts: &[&Watched<'_>], settings: &Settings, parts: &Parts, spread: f64) -> Vec<ShareByAge> {
    let hours = |span: i64| span as f64 / HOUR as f64;
    let last = parts.last() - parts.window;
    let watched = |cart: &&Watched<'_>| {
        let since = cart.opened_at + parts.window;
        let until = cart.purchased_at.unwrap_or(settings.as_of) - since;
        (hours(until.clamp(0, last)), cart.purchased_at.is_some() && until <= last)
    };
    let (times, ended): (Vec<f64>, Vec<bool>) = carts.iter().map(watched).unzip();
    let curve = KaplanMeier::fit(&times, &ended);
    let ends = parts.ends.iter().filter(|end| BY_DAYS.iter().any(|days| days * events::time::DAY == **end));
    ends.map(|end| ShareByAge {
        age_hours: hours(*end),
        share: curve.survival(hours(end - parts.window)).map(|kept| widened(kept, spread).complement()),
    })
    .collect()
}

/// The interval with a larger standard error, on the scale on which it was made: log(-log).
fn widened(kept: Estimate, spread: f64) -> Estimate {
    if !(kept.point > 0.0 && kept.point < 1.0 && kept.low > 0.0 && kept.high < 1.0) {
        return kept;
    }
    let wide = |end: f64| kept.point.powf((end.ln() / kept.point.ln()).powf(spread));
    Estimate { low: wide(kept.low), high: wide(kept.high), ..kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_what_features_call_a_day() {
        assert!((f64::from(A_DAY) - 24.0_f64.ln_1p()).abs() < 1e-6);
    }

    #[test]
    fn intervals_grow_as_the_standard_error_does() {
        let kept = KaplanMeier::fit(
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            &[true, true, false, true, false, true, false, true],
        );
        let at = kept.survival(4.5).unwrap();
        let half = |estimate: Estimate| (estimate.low.ln() / estimate.point.ln()).ln();
        assert!((half(widened(at, 1.5)) - 1.5 * half(at)).abs() < 1e-9);
        assert_eq!(widened(at, 1.0).point.to_bits(), at.point.to_bits());
    }

    #[test]
    fn persons_with_many_carts_that_end_alike_make_intervals_wider() {
        let carts = |cluster: fn(u64) -> u64| -> Vec<Observation> {
            let of = |at: u64| Observation { exposed: false, happened: at % 40 < 10, stratum: 0, cluster: cluster(at) };
            (0..400).map(of).collect()
        };
        assert!((spread(&carts(|at| at)) - 1.0).abs() < 1e-9);
        // Ten carts a person, all of which end alike: ten times the variance.
        assert!((spread(&carts(|at| at / 10)) - 10.0_f64.sqrt()).abs() < 1e-9);
        assert!((spread(&[]) - 1.0).abs() < 1e-12);
    }
}
