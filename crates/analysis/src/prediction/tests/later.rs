//! What is bought after the window: how close the probabilities come to the best possible ones, and what they rest on.

use events::time::{self, DAY, HOUR, MINUTE};

use super::bayes::{Made, World};
use super::predicted;
use super::shop::Shop;
use crate::prediction::later::backtest::{Told, told};
use crate::prediction::later::behaviour::Behaviour;
use crate::prediction::later::{Later, LaterCart, Parts};
use crate::prediction::model::Method;
use crate::prediction::shelf::Shelf;
use crate::stats::logistic::log_loss;
use crate::stats::scoring;

const START: i64 = 1_772_452_800 * time::SECOND;

/// Carts as they were judged blind, each with the best probability.
struct Judged(Vec<(Told, f64)>);

impl Judged {
    fn of(world: &World) -> Self {
        let Made { shop, truth } = world.make_with_late_purchases();
        let folder = shop.publish();
        let frame = super::frame_of(&folder, &shop);
        let told = told(&frame, &shop.settings, &Parts::of(shop.settings.window), &mut Shelf::empty(&frame));
        let best = |told: &Told| truth[&frame.carts[told.cart as usize].opened_at].later.expect("it was not bought");
        Self(told.into_iter().filter(|told| told.model.is_some()).map(|told| (told, best(&told))).collect())
    }

    fn pairs(&self, of: impl Fn(&Told, f64) -> f64) -> Vec<(f64, bool)> {
        self.0.iter().map(|(told, best)| (of(told, *best), told.bought)).collect()
    }

    /// Log-loss of the model and of similar carts over that of the best, less 1; AUC of the model and of the best; mean
    /// probability of the model, of the best, and what came.
    fn figures(&self) -> ([f64; 2], [f64; 2], [f64; 3]) {
        let model = self.pairs(|told, _| told.model.expect("only those"));
        let (groups, best) = (self.pairs(|told, _| told.groups), self.pairs(|_, best| best));
        let loss = |pairs: &[(f64, bool)]| pairs.iter().map(|(p, bought)| log_loss(*p, *bought)).sum::<f64>();
        let mean = |pairs: &[(f64, bool)]| pairs.iter().map(|(p, _)| p).sum::<f64>() / pairs.len() as f64;
        let came = model.iter().filter(|(_, bought)| *bought).count() as f64 / model.len() as f64;
        (
            [&model, &groups].map(|pairs| loss(pairs) / loss(&best) - 1.0),
            [&model, &best].map(|pairs| scoring::auc(pairs).expect("both outcomes")),
            [mean(&model), mean(&best), came],
        )
    }
}

#[test]
fn later_purchases_are_told_nearly_as_well_as_can_be() {
    let judged = Judged::of(&World { days: 96, carts_per_day: 120, day_effect: (0.0, 0.0), seed: 1 });
    let (gaps, aucs, means) = judged.figures();
    assert!(judged.0.len() > 500 && means[2] > 0.05, "{} {means:?}", judged.0.len());
    assert!((means[1] - means[2]).abs() < 0.05, "the best probabilities come true: {means:?}");
    assert!(gaps[0] < 0.08 && (means[0] - means[2]).abs() < 0.05, "{gaps:?} {means:?}");
    assert!(aucs[0] > aucs[1] - 0.04, "{aucs:?}");
}

/// Prints what docs/evaluation.md quotes.
#[test]
#[ignore = "minutes: five shops of 57,600 carts; figures in docs/evaluation.md"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn later_purchases_against_the_best_possible() {
    for (carts_per_day, day_effect) in [(600, (0.0, 0.0)), (600, (0.15, 0.8)), (200, (0.0, 0.0))] {
        for seed in 11..=15 {
            let judged = Judged::of(&World { days: 96, carts_per_day, day_effect, seed });
            let (gaps, aucs, means) = judged.figures();
            let model = judged.pairs(|told, _| told.model.expect("only those"));
            println!(
                "{carts_per_day} a day, days {day_effect:?}, seed {seed}: {} carts, gap {:+.2} %, of similar carts {:+.2} %, \
                 AUC {:.4} of {:.4}, said {:.4}, best {:.4}, came {:.4}, calibration error {:.4}",
                judged.0.len(),
                100.0 * gaps[0],
                100.0 * gaps[1],
                aucs[0],
                aucs[1],
                means[0],
                means[1],
                means[2],
                scoring::calibration_error(&scoring::reliability(&model, 15))
            );
        }
    }
}

/// So many carts, one every hour, of which each third is saved on a wish list and, of these, so many of ten are bought on the
/// eighth day; judged `days` after the last one.
fn wishes(carts: i64, bought_of_ten: i64, days: i64) -> Later {
    let names: Vec<String> = (0..carts).map(|at| format!("v{at}")).collect();
    let mut rows = Vec::new();
    for (at, name) in (0_i64..).zip(&names) {
        let opened_at = START + at * HOUR;
        rows.push((opened_at, "add_to_cart", name.as_str(), "", "a"));
        if at % 3 == 0 {
            rows.push((opened_at + MINUTE, "add_to_wishlist", name.as_str(), "", "a"));
            if at / 3 % 10 < bought_of_ten {
                rows.push((opened_at + 8 * DAY, "purchase", name.as_str(), "", "a"));
            }
        }
        // Whoever comes back after the window has not come back within it.
        rows.push((opened_at + 5 * DAY, "page_view", name.as_str(), "", ""));
    }
    rows.sort_by_key(|(ts, ..)| *ts);
    predicted(&Shop::of(&rows, START + carts * HOUR + days * DAY)).later
}

fn mean(rows: &[&LaterCart], of: impl Fn(&LaterCart) -> f64) -> f64 {
    rows.iter().map(|row| of(row)).sum::<f64>() / rows.len() as f64
}

#[test]
fn carts_like_those_that_were_bought_later_are_likelier_to_be() {
    let later = wishes(720, 6, 6);
    assert_eq!((later.method, later.carts), (Method::GroupRate, 720));
    let saved = Behaviour::ALL.iter().position(|behaviour| *behaviour == Behaviour::Saved).unwrap();
    let (wished, others): (Vec<_>, Vec<_>) = later.rows.iter().partition(|row| row.seen[saved]);
    assert_eq!(wished.len(), 240);
    let by = |age: usize| move |row: &LaterCart| row.by[age].unwrap();
    assert!(mean(&wished, by(0)) < 0.02, "nothing is bought within a week");
    assert!((mean(&wished, by(2)) - 0.6).abs() < 0.06, "{}", mean(&wished, by(2)));
    assert!(mean(&others, by(2)) < 0.06, "{}", mean(&others, by(2)));
    for row in &later.rows {
        assert!(row.by[0] <= row.by[1] && row.by[1] <= row.by[2]);
    }
    // Bought: certain. The day on which such carts are bought has passed: it is over. Young: as at the window.
    assert!(wished.iter().any(|row| row.now > 0.999_999));
    let first = wished.iter().find(|row| row.now < 1.0).unwrap();
    let last = wished.last().unwrap();
    assert!(first.now < 0.05 && (0.5..0.7).contains(&last.now), "{} {}", first.now, last.now);
    assert!(later.open > 0 && later.expected > 0.0 && later.expected < later.open as f64);
}

#[test]
fn what_is_seen_after_the_window_is_no_sign() {
    let later = wishes(720, 6, 40);
    let compared = later.compared.unwrap();
    assert_eq!((compared.by_days, compared.watched), (Some(30), 720));
    for line in &compared.lines {
        match line.behaviour {
            Behaviour::Saved => {
                let found = line.association.unwrap();
                assert_eq!((found.exposed, found.others), ((240, 144), (480, 0)));
                assert!(found.phi.low > 0.5 && line.q.unwrap() < 1e-6, "{line:?}");
                let by_30 = line.with.later[2].share.unwrap();
                assert!((by_30.point - 0.6).abs() < 1e-9 && by_30.low < 0.6 && by_30.high > 0.6);
            }
            // Everybody came back on the fifth day, which is too late.
            _ => assert_eq!((line.with.carts, line.association), (0, None), "{:?}", line.behaviour),
        }
    }
    assert!(later.rows.iter().all(|row| row.now == 0.0 || row.now > 0.999), "all have shown what became of them");
}

#[test]
fn with_few_carts_or_none_it_is_said_that_there_are_too_few() {
    let few = wishes(30, 6, 12);
    assert_eq!((few.method, few.trained_on, few.quality), (Method::GroupRate, 0, None));
    assert!(few.rows.iter().all(|row| (0.0..=1.0).contains(&row.now)));
    assert!(few.compared.unwrap().lines.iter().all(|line| line.association.is_none()));
    let none = wishes(0, 0, 1);
    assert_eq!((none.carts, none.compared, none.rows.len()), (0, None, 0));
    let all_pending = wishes(30, 0, 0);
    assert_eq!(all_pending.carts, 0, "their windows are not over");
    let never = wishes(720, 0, 40);
    assert!(never.rows.iter().all(|row| row.by[2] == Some(0.0) && row.now == 0.0));
    assert!(never.compared.unwrap().lines.iter().all(|line| line.association.is_none()));
}
