//! From simulated shops to predictions: what may be known, how good it is, and that it never changes.

mod known;
mod shop;
mod synthetic;

use std::sync::LazyLock;

use simulate::Config;

use super::*;
use crate::schema::FORECASTS;
use shop::Shop;

/// Seven weeks of a shop.
static SHOP: LazyLock<Shop> =
    LazyLock::new(|| Shop::simulate(Config { days: 49, carts_per_day: 60, seed: 11, ..Config::default() }));

/// What is predicted of it.
static PREDICTION: LazyLock<Prediction> = LazyLock::new(|| predicted(&SHOP));

fn predicted(shop: &Shop) -> Prediction {
    let folder = shop.publish();
    predict(&Tables::of(folder.path()), &shop.settings).unwrap()
}

fn on_threads(threads: usize, shop: &Shop) -> Prediction {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| predicted(shop))
}

#[test]
fn predictions_are_the_same_on_any_number_of_threads_and_in_any_order_of_rows() {
    assert!(PREDICTION.fingerprint.is_some(), "a model is compared: {:?}", PREDICTION.why);
    for threads in [1, 2, 8] {
        assert!(on_threads(threads, &SHOP) == *PREDICTION, "{threads} threads");
    }
    let mut shuffled = SHOP.clone();
    shuffled.rows.reverse();
    shuffled.rows.rotate_left(1_234);
    assert!(predicted(&shuffled) == *PREDICTION, "shuffled rows");
}

#[test]
fn every_pending_cart_has_a_probability_and_a_loss() {
    let folder = SHOP.publish();
    let analysis = crate::analyze(&Tables::of(folder.path()), &SHOP.settings).unwrap();
    let prediction = &analysis.prediction;
    assert_eq!(prediction.carts.len() as u64, analysis.abandonment.overall.pending);
    assert!(prediction.carts.iter().all(|cart| (0.0..=1.0).contains(&cart.p_abandon)));
    assert!(prediction.carts.iter().all(|cart| cart.age_hours <= 72.0 && cart.expected_loss <= cart.value));
    let oldest = prediction.carts.iter().max_by(|a, b| a.age_hours.total_cmp(&b.age_hours)).unwrap();
    let youngest = prediction.carts.iter().min_by(|a, b| a.age_hours.total_cmp(&b.age_hours)).unwrap();
    assert!(oldest.p_abandon > 0.97 && youngest.p_abandon < oldest.p_abandon);
    let explained = prediction.carts.iter().filter(|cart| !cart.reasons.is_empty()).count();
    assert!(explained * 10 > prediction.carts.len() * 9, "{explained} of {} have reasons", prediction.carts.len());
}

#[test]
fn past_weeks_were_scored_better_than_by_the_rate_of_the_last_days() {
    let quality = PREDICTION.quality.as_ref().unwrap();
    let at_opening = &quality.by_age[0].score;
    for skill in at_opening.skills.iter().filter(|skill| skill.over != Method::GroupRate) {
        assert!(skill.low > 0.0, "{skill:?}");
    }
    let overall = &quality.overall;
    let observed = overall.abandoned as f64 / overall.n as f64;
    assert!((overall.mean - observed).abs() < 0.015, "said {} came to {observed}", overall.mean);
    assert!(overall.debiased_calibration_error < 0.03, "{overall:?}");
    let auc = overall.auc.unwrap();
    assert!((0.6..0.93).contains(&auc), "{auc}: at the opening of a cart more would be a leak");
}

#[test]
fn every_backtest_row_was_scored_by_a_week_that_began_before() {
    assert!(PREDICTION.backtest.len() > 1_000);
    for row in &PREDICTION.backtest {
        let monday = time::start_of_day(row.fold, SHOP.settings.zone);
        assert!(monday <= row.scored_at && row.scored_at < monday + 10 * time::DAY);
    }
}

#[test]
fn the_range_holds_on_about_nine_of_ten_nights() {
    let track = &PREDICTION.track;
    assert!(track.nights >= 20, "{}", track.nights);
    assert!(track.held * 100 >= track.nights * 80, "{} of {}", track.held, track.nights);
    let tonight = PREDICTION.tonight.as_ref().unwrap();
    assert!(tonight.low < tonight.expected_rate && tonight.expected_rate < tonight.high);
    assert!(tonight.high - tonight.low < 0.25, "{tonight:?}");
}

#[test]
fn a_forecast_once_made_stays_and_learns_what_came_of_it() {
    let before = SHOP.as_of(SHOP.settings.as_of - 6 * time::DAY);
    let folder = before.publish();
    let first = predict(&Tables::of(folder.path()), &before.settings).unwrap();
    tables::write(&first, folder.path()).unwrap();
    let own = |prediction: &Prediction| -> Vec<CohortForecast> {
        prediction.forecasts.iter().filter(|made| !made.replayed).cloned().collect()
    };
    let made = own(&first);
    assert!(made.len() >= 3 && made.iter().all(|made| made.actual_rate.is_none()));

    let now = SHOP.publish();
    let later = Tables { forecasts: Some(folder.path().join(FORECASTS.name)), ..Tables::of(now.path()) };
    let second = predict(&later, &SHOP.settings).unwrap();
    let kept: Vec<CohortForecast> =
        own(&second).into_iter().filter(|kept| kept.made_at == before.settings.as_of).collect();
    assert_eq!(kept.len(), made.len());
    for (kept, made) in kept.iter().zip(&made) {
        assert!(kept.actual_rate.is_some(), "every cart of {} has matured", kept.day);
        assert_eq!(CohortForecast { actual_rate: None, ..kept.clone() }, *made);
    }
    let day = made.iter().find(|made| made.age_days == 0).unwrap().day;
    let judged = second.track.forecasts.iter().find(|judged| judged.day == day).unwrap();
    assert!(!judged.replayed, "what was said on the night counts, not what is worked out afterwards");
    assert_eq!(second.carts, PREDICTION.carts, "forecasts of earlier nights change no prediction");
}

#[test]
fn a_night_again_says_what_it_said() {
    let folder = SHOP.publish();
    tables::write(&PREDICTION, folder.path()).unwrap();
    let again = predict(&Tables::of(folder.path()), &SHOP.settings).unwrap();
    assert!(again == *PREDICTION);
}

#[test]
fn what_happens_after_as_of_changes_nothing() {
    let as_of = SHOP.settings.as_of - 9 * time::DAY;
    let early = SHOP.as_of(as_of);
    let mut cut = early.clone();
    cut.rows.retain(|row| shop::ts(row) <= as_of);
    assert!(predicted(&early) == predicted(&cut));
}

#[test]
fn with_a_few_days_of_data_the_rate_is_used_and_said_to_be() {
    let young = Shop::simulate(Config { days: 6, carts_per_day: 40, seed: 2, ..Config::default() });
    let prediction = predicted(&young);
    assert_eq!((prediction.method, prediction.why), (Method::AgeCurve, Why::TooLittleData));
    let tonight = prediction.tonight.unwrap();
    assert!((0.4..0.95).contains(&tonight.expected_rate) && tonight.high - tonight.low > 0.05, "{tonight:?}");
    assert_eq!(prediction.quality.map_or(0, |quality| quality.overall.n), 0);
}

#[test]
fn without_a_cart_that_has_matured_nothing_is_said() {
    let newborn = Shop::simulate(Config { days: 2, carts_per_day: 30, seed: 2, ..Config::default() });
    let prediction = predicted(&newborn);
    assert_eq!((prediction.carts.len(), prediction.tonight, prediction.pending_days.len()), (0, None, 0));
}

#[test]
fn of_nothing_nothing_is_predicted() {
    let prediction = predicted(&Shop::of(&[], 1_772_452_800 * time::SECOND));
    assert_eq!((prediction.carts.len(), prediction.tonight, prediction.forecasts.len()), (0, None, 0));
}

#[test]
#[ignore = "for its figures"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn figures_of_a_shop() {
    let env = |name: &str, default: u32| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let config = Config { days: env("DAYS", 80), carts_per_day: env("CARTS", 200), seed: 4, ..Config::default() };
    let shop = Shop::simulate(config);
    let folder = shop.publish();
    println!("rows {}", shop.rows.len());
    let began = std::time::Instant::now();
    let folders = Tables::of(folder.path());
    let folders = Folders { events: &folders.events, carts: &folders.carts, orders: &folders.orders };
    let frame = landmark::frame(&folders, &shop.settings, |at| at + HOUR).unwrap();
    println!("frame {:?} of {} rows", began.elapsed(), frame.rows.len());
    let began = std::time::Instant::now();
    let trained = model::train(&frame, shop.settings.as_of, Plan { window: shop.settings.window, boosting: false });
    println!("train {:?} on {}", began.elapsed(), trained.carts);
    let began = std::time::Instant::now();
    let trained = model::train(&frame, shop.settings.as_of, Plan { window: shop.settings.window, boosting: true });
    println!("with boosting {:?} on {}", began.elapsed(), trained.carts);
    let began = std::time::Instant::now();
    let n = frame.rows.iter().filter(|row| trained.scores(row)[0].is_some()).count();
    println!("scores {:?} of {n}", began.elapsed());
    let began = std::time::Instant::now();
    let p = predict(&Tables::of(folder.path()), &shop.settings).unwrap();
    println!("{:?} {:?} {:?} trained on {}", began.elapsed(), p.method, p.why, p.trained_on);
    println!("{:?}", p.tonight);
    println!("{:?} {:?}", p.tonight_open_rate, p.at_risk);
    println!("track {} of {}", p.track.held, p.track.nights);
    if let Some(q) = &p.quality {
        println!("{:?}", q.overall);
        for group in q.by_age.iter().chain(&q.by_segment) {
            let s = &group.score;
            println!(
                "{:6} n {:6} rate {:.3} mean {:.3} ll {:.4} auc {:.3} ece {:.4} dece {:.4} skills {:?}",
                group.name,
                s.n,
                s.abandoned as f64 / s.n as f64,
                s.mean,
                s.log_loss,
                s.auc.unwrap_or(0.0),
                s.calibration_error,
                s.debiased_calibration_error,
                s.skills.iter().map(|k| format!("{:.3} [{:.3},{:.3}]", k.skill, k.low, k.high)).collect::<Vec<_>>()
            );
        }
    }
    for cart in p.carts.iter().step_by(p.carts.len() / 12 + 1) {
        println!("{:.1} h {:.3} {} | {}", cart.age_hours, cart.p_abandon, cart.value, cart.reasons);
    }
}
