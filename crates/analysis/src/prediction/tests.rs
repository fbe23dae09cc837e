//! From simulated shops to predictions: what may be known, how good it is, and that it never changes.

mod accuracy;
mod bayes;
mod edges;
mod kept;
mod known;
mod later;
mod outlook;
mod shop;
mod synthetic;

use std::sync::LazyLock;

use simulate::Config;

use super::*;
use crate::schema::FORECASTS;
use shop::Shop;

/// Seven weeks of a shop.
static SHOP: LazyLock<Shop> =
    LazyLock::new(|| Shop::simulate(&Config { days: 49, carts_per_day: 90, seed: 11, ..Config::default() }));

/// What is predicted of it.
static PREDICTION: LazyLock<Prediction> = LazyLock::new(|| predicted(&SHOP));

fn predicted(shop: &Shop) -> Prediction {
    let folder = shop.publish();
    predict(&Tables::of(folder.path()), &shop.settings).unwrap()
}

/// The frame of a published shop.
fn frame_of(folder: &tempfile::TempDir, shop: &Shop) -> Frame {
    let tables = Tables::of(folder.path());
    let folders = Folders { events: &tables.events, carts: &tables.carts, orders: &tables.orders };
    landmark::frame(&folders, &shop.settings, |opened_at| opened_at + time::DAY).unwrap()
}

/// Predictions, and the hash of both models, as worked out on so many threads.
fn on_threads(threads: usize, shop: &Shop) -> (Prediction, [Option<String>; 2]) {
    let work = || {
        let folder = shop.publish();
        let tables = Tables::of(folder.path());
        let folders = Folders { events: &tables.events, carts: &tables.carts, orders: &tables.orders };
        let frame = landmark::frame(&folders, &shop.settings, |opened_at| opened_at + HOUR).unwrap();
        let trained = model::train(
            &frame,
            shop.settings.as_of,
            Plan { window: shop.settings.window, boosting: true, penalty: None },
            &mut Shelf::empty(&frame),
        );
        let models = [Method::SplineLogit, Method::Boosting].map(|method| trained.fingerprint(method));
        (predict(&tables, &shop.settings).unwrap(), models)
    };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn predictions_are_the_same_on_any_number_of_threads_and_in_any_order_of_rows() {
    let (prediction, models) = on_threads(1, &SHOP);
    assert!(prediction == *PREDICTION && models.iter().all(Option::is_some));
    let mut shuffled = SHOP.clone();
    shuffled.rows.reverse();
    shuffled.rows.rotate_left(1_234);
    for (threads, shop) in [(2, &*SHOP), (8, &*SHOP), (3, &shuffled)] {
        let (again, same) = on_threads(threads, shop);
        assert!(again == prediction && same == models, "{threads} threads");
    }
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
    let young = Shop::simulate(&Config { days: 6, carts_per_day: 40, seed: 2, ..Config::default() });
    let prediction = predicted(&young);
    assert_eq!((prediction.method, prediction.why), (Method::AgeCurve, Why::TooLittleData));
    let tonight = prediction.tonight.unwrap();
    assert!((0.4..0.95).contains(&tonight.expected_rate) && tonight.high - tonight.low > 0.05, "{tonight:?}");
    assert_eq!(prediction.quality.map_or(0, |quality| quality.overall.n), 0);
}

#[test]
fn without_a_cart_that_has_matured_nothing_is_said() {
    let newborn = Shop::simulate(&Config { days: 2, carts_per_day: 30, seed: 2, ..Config::default() });
    let prediction = predicted(&newborn);
    assert_eq!((prediction.carts.len(), prediction.tonight, prediction.pending_days.len()), (0, None, 0));
}

#[test]
fn of_nothing_nothing_is_predicted() {
    let prediction = predicted(&Shop::of(&[], 1_772_452_800 * time::SECOND));
    assert_eq!((prediction.carts.len(), prediction.tonight, prediction.forecasts.len()), (0, None, 0));
}

/// Prints what benches/README.md quotes. Two minutes.
#[test]
#[ignore = "two minutes: 80 days of a shop of 400 carts a day; figures in benches/README.md"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn a_larger_shop_is_forecast_better_than_by_any_simple_method() {
    let shop = Shop::simulate(&Config { days: 80, carts_per_day: 400, seed: 4, ..Config::default() });
    let prediction = predicted(&shop);
    println!("{:?}, {:?}, trained on {}", prediction.method, prediction.why, prediction.trained_on);
    println!("the range held on {} of {} nights", prediction.track.held, prediction.track.nights);
    let quality = prediction.quality.unwrap();
    for group in quality.by_age.iter().chain(&quality.by_segment) {
        let score = &group.score;
        let skills = score
            .skills
            .iter()
            .map(|s| format!("{:+.1} % ({:+.1} to {:+.1})", 100.0 * s.skill, 100.0 * s.low, 100.0 * s.high));
        println!(
            "{}: n {}, left {:.3}, said {:.3}, log-loss {:.4}, AUC {:.3}, ECE {:.4} ({:.4}), {}",
            group.name,
            score.n,
            score.abandoned as f64 / score.n as f64,
            score.mean,
            score.log_loss,
            score.auc.unwrap_or(f64::NAN),
            score.calibration_error,
            score.debiased_calibration_error,
            skills.collect::<Vec<_>>().join(", ")
        );
    }
    let overall = &quality.overall;
    println!("all: {overall:?}");
    assert!(overall.skills.iter().all(|skill| skill.low > 0.0));
    assert!(overall.calibration_error < 0.02 && overall.debiased_calibration_error < 0.015);
    assert!((overall.mean - overall.abandoned as f64 / overall.n as f64).abs() < 0.005);
}
