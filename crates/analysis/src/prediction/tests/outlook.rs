//! What is said on the day after a barrier came up, and of checkouts after the window: against the truth.

use events::Amount;
use events::time::{DAY, HOUR};

use super::bayes::{HOURS, Life, START, World, survival};
use crate::prediction::landmark::Cart;
use crate::prediction::nowcast;
use crate::stats::survival::KaplanMeier;

const WINDOW: i64 = 3 * DAY;

/// A life as the carts table has it at a moment.
fn cart(life: &Life, as_of: i64) -> Cart {
    let purchased_at = life.purchased_at().filter(|bought| *bought <= as_of);
    Cart {
        name: String::new(),
        id: 1,
        opened_at: life.opened_at,
        purchased_at,
        is_pending: purchased_at.is_none() && life.opened_at + WINDOW > as_of,
        is_expired: false,
        value: Amount::ZERO,
        currency: None,
        device: Some(life.device().to_owned()),
        release: None,
        payment: None,
    }
}

/// Of the pending carts of mobiles on a night: how far the best forecasts of the old world, and the nowcast, are above
/// what comes; and their checkouts of the last day. `kept` is the share of these that a barrier lets through since a day.
fn outlook(carts_per_day: u32, kept: f64, seed: u64) -> (f64, f64, f64) {
    let world = World { days: 36, carts_per_day, day_effect: (0.0, 0.0), seed };
    let as_of = START + 33 * DAY;
    let since = as_of - DAY;
    let lives = world.lives(HOURS, |ts, is_mobile| if is_mobile && ts >= since { kept } else { 1.0 });
    let known: Vec<&Life> = lives.iter().filter(|life| life.opened_at <= as_of).collect();
    let carts: Vec<Cart> = known.iter().map(|life| cart(life, as_of)).collect();
    let unusual = nowcast::slices(&carts, as_of, WINDOW);
    let table = survival(HOURS);
    let (mut n, mut model, mut adjusted, mut came) = (0.0, 0.0, 0.0, 0.0);
    for (life, cart) in known.iter().zip(&carts).filter(|(life, cart)| cart.is_pending && life.device() == "mobile") {
        let hours = usize::try_from((as_of - life.opened_at) / HOUR).unwrap();
        let Some(p) = life.best(hours, &table) else { continue };
        n += 1.0;
        model += p;
        adjusted += nowcast::adjust(p, &[("device", cart.device.as_deref())], &unusual);
        came += f64::from(u8::from(life.purchased_at().is_none_or(|at| at > life.opened_at + WINDOW)));
    }
    let of_last_day = |life: &&&Life| {
        life.device() == "mobile" && life.purchased_at().is_some_and(|at| (since..=as_of).contains(&at))
    };
    ((model - came) / n, (adjusted - came) / n, known.iter().filter(of_last_day).count() as f64)
}

#[test]
fn a_day_after_a_barrier_came_up_the_nowcast_is_nearer_than_any_model_of_the_old_world() {
    let (model, nowcast, _) = outlook(1_500, 0.3, 1);
    assert!(model < -0.04, "the old world is over: {model}");
    assert!(nowcast.abs() < 0.02, "{nowcast}");
    let (model, nowcast, _) = outlook(1_500, 1.0, 1);
    assert!((model - nowcast).abs() < 1e-12, "on an ordinary night nothing is moved");
}

#[test]
#[ignore = "minutes; figures in docs/evaluation.md"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn nowcasts_over_many_nights() {
    for carts in [700, 2_000, 6_000] {
        for kept in [1.0, 0.5, 0.3] {
            let nights: Vec<(f64, f64, f64)> = (1..=20).map(|seed| outlook(carts, kept, seed)).collect();
            let mean = |of: fn(&(f64, f64, f64)) -> f64| nights.iter().map(of).sum::<f64>() / 20.0;
            let root = |of: fn(&(f64, f64, f64)) -> f64| {
                (nights.iter().map(|night| of(night).powi(2)).sum::<f64>() / 20.0).sqrt()
            };
            println!(
                "{carts} carts a day, {:.0} % let through ({:.0} checkouts of mobiles in a day): model {:+.2} pp, nowcast \
                 {:+.2} pp, RMSE {:.2} and {:.2} pp",
                100.0 * kept,
                mean(|night| night.2),
                100.0 * mean(|night| night.0),
                100.0 * mean(|night| night.1),
                100.0 * root(|night| night.0),
                100.0 * root(|night| night.1)
            );
        }
    }
}

/// Share of shops whose interval for checkouts after the window holds the truth, and mean errors of the curve and of the
/// plain share among carts not bought within the window, young and old.
fn later(shops: u64, carts_per_day: u32, by_days: usize) -> (f64, f64, f64) {
    let hours = 30 * 24;
    // The truth is that of a large shop in which every cart is watched to the end.
    let at_end = |life: &&Life| life.purchased_at().is_none_or(|at| at > life.opened_at + WINDOW);
    let large = World { days: 7, carts_per_day: 20_000, day_effect: (0.0, 0.0), seed: 99 }.lives(hours, |_, _| 1.0);
    let until = i64::try_from(by_days).unwrap() * DAY;
    let bought = |life: &Life| life.purchased_at().is_some_and(|at| at <= life.opened_at + until);
    let left: Vec<&Life> = large.iter().filter(at_end).collect();
    let truth = left.iter().filter(|life| bought(life)).count() as f64 / left.len() as f64;
    let (mut held, mut error, mut naive_error) = (0.0, 0.0, 0.0);
    for seed in 1..=shops {
        let world = World { days: 49, carts_per_day, day_effect: (0.0, 0.0), seed };
        let as_of = START + 49 * DAY;
        let (mut times, mut ended) = (Vec::new(), Vec::new());
        let (mut left, mut came_back) = (0.0, 0.0);
        for life in world.lives(hours, |_, _| 1.0) {
            let bought = life.purchased_at().filter(|at| *at <= as_of);
            times.push((bought.unwrap_or(as_of) - life.opened_at) as f64 / HOUR as f64);
            ended.push(bought.is_some());
            if life.opened_at + WINDOW <= as_of && bought.is_none_or(|at| at > life.opened_at + WINDOW) {
                left += 1.0;
                came_back += f64::from(u8::from(bought.is_some_and(|at| at <= life.opened_at + until)));
            }
        }
        let curve = KaplanMeier::fit(&times, &ended);
        let share = curve.survival_after(72.0, by_days as f64 * 24.0).unwrap().complement();
        held += f64::from(u8::from(share.low <= truth && truth <= share.high));
        error += share.point - truth;
        naive_error += came_back / left - truth;
    }
    let n = shops as f64;
    (held / n, error / n, naive_error / n)
}

#[test]
fn young_carts_do_not_bias_the_share_that_is_bought_later() {
    let (held, error, naive) = later(60, 60, 30);
    assert!(held > 0.86, "{held}");
    assert!(error.abs() < 0.01 && naive < -0.01, "{error} {naive}");
}

#[test]
#[ignore = "minutes; figures in docs/evaluation.md"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn later_checkouts_over_many_shops() {
    for days in [7, 14, 30] {
        let (held, error, naive) = later(400, 60, days);
        println!(
            "by day {days}: the 95 % interval held in {:.1} % of 400 shops, mean error {:+.2} pp, of the plain share {:+.2} pp",
            100.0 * held,
            100.0 * error,
            100.0 * naive
        );
    }
}
