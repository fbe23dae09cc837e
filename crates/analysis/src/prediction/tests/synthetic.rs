//! Worlds in which the true probability of every cart is known.

use events::Amount;
use events::time::{DAY, HOUR, MINUTE};

use crate::prediction::features::{Features, NUMBERS, Vocabularies, WORDS, narrow};
use crate::prediction::landmark::{Cart, Frame, Purpose, Row};
use crate::prediction::model::{Method, Plan, train};
use crate::prediction::shelf::Shelf;
use crate::stats::logistic::{log_loss, sigmoid};
use crate::stats::scoring;

const WINDOW: i64 = 3 * DAY;
const PLAN: Plan = Plan { window: WINDOW, boosting: true, penalty: None };

/// Numbers that look random (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A world of so many carts, a landmark each, and the true probability of each not to be bought in time. With `curved`,
/// what one feature tells depends on another.
fn world(carts: u32, curved: bool) -> (Frame, Vec<f64>) {
    let mut dice = Dice(77);
    let mut frame = Frame { carts: Vec::new(), rows: Vec::new(), vocabularies: Vocabularies::default(), one_in: 1 };
    let mut truth = Vec::new();
    for at in 0..carts {
        let opened_at = i64::from(at) * 60 * DAY / i64::from(carts);
        let mut numbers = [0.0_f32; NUMBERS.len()];
        let mut words = [0_u16; WORDS.len()];
        let (a, b, c) = (dice.uniform(), dice.uniform(), dice.uniform());
        numbers[0] = narrow(3.0 * a);
        numbers[12] = narrow(2.0 * b);
        numbers[14] = if c > 0.7 { 1.0 } else { 0.0 };
        let device = if dice.uniform() < 0.6 { "mobile" } else { "desktop" };
        words[2] = frame.vocabularies.code(2, Some(device));
        let mut log_odds = 0.4 + 1.2 * (a - 0.5).powi(2) * 4.0 + 0.9 * b - if c > 0.7 { 1.0 } else { 0.0 };
        log_odds += if device == "mobile" { 0.5 } else { 0.0 };
        if curved {
            log_odds += if (a > 0.5) == (b > 0.5) { 1.2 } else { -1.2 };
        }
        let p = sigmoid(log_odds);
        truth.push(p);
        let is_abandoned = dice.uniform() < p;
        frame.carts.push(Cart {
            name: at.to_string(),
            id: u128::from(at),
            opened_at,
            purchased_at: (!is_abandoned).then_some(opened_at + 2 * DAY),
            is_pending: false,
            is_expired: false,
            value: Amount::ZERO,
            currency: None,
            device: None,
            release: None,
            payment: None,
        });
        frame.rows.push(Row {
            cart: at,
            moment: opened_at + HOUR,
            purpose: Purpose::Landmark(1),
            age_hours: 1.0,
            person: 0,
            features: Features { numbers, words },
        });
    }
    (frame, truth)
}

/// Log-loss of a method on the last fifth of the carts, trained on those before, over that of the truth; and the pairs.
fn judged(frame: &Frame, truth: &[f64], method: Method) -> (f64, Vec<(f64, bool)>) {
    let origin = 48 * DAY;
    let trained = train(frame, origin, PLAN, &mut Shelf::empty(frame));
    let later: Vec<&Row> = frame.rows.iter().filter(|row| row.moment > origin).collect();
    let abandoned = |row: &Row| frame.carts[row.cart as usize].is_abandoned(WINDOW);
    let pairs: Vec<(f64, bool)> =
        later.iter().map(|row| (trained.score(row, method).unwrap(), abandoned(row))).collect();
    let best: f64 = later.iter().map(|row| log_loss(truth[row.cart as usize], abandoned(row))).sum();
    let reached: f64 = pairs.iter().map(|(p, abandoned)| log_loss(*p, *abandoned)).sum();
    (reached / best - 1.0, pairs)
}

#[test]
fn the_spline_logit_comes_close_to_the_truth_where_effects_add_up() {
    let (frame, truth) = world(20_000, false);
    let (gap, pairs) = judged(&frame, &truth, Method::SplineLogit);
    assert!(gap < 0.012, "log-loss {gap:.4} above the best possible");
    let bins = scoring::reliability(&pairs, 15);
    // Of 4,000 perfect forecasts one in twenty has more.
    assert!(scoring::calibration_error(&bins) < 0.028, "{bins:?}");
    let (rate, _) = judged(&frame, &truth, Method::RecentRate);
    assert!(rate > gap + 0.03, "the rate alone is worse: {rate}");
}

#[test]
fn boosted_trees_find_what_the_spline_logit_cannot() {
    let (frame, truth) = world(20_000, true);
    let (trees, pairs) = judged(&frame, &truth, Method::Boosting);
    let (splines, _) = judged(&frame, &truth, Method::SplineLogit);
    assert!(trees < 0.03 && splines > trees + 0.03, "trees {trees}, splines {splines}");
    assert!(scoring::debiased_calibration_error(&scoring::reliability(&pairs, 15)) < 0.03);
}

#[test]
fn where_nothing_is_to_be_known_nothing_is_found() {
    let (mut frame, truth) = world(12_000, true);
    let mut dice = Dice(5);
    for cart in &mut frame.carts {
        cart.purchased_at = (dice.uniform() < 0.3).then_some(cart.opened_at + 2 * DAY);
    }
    for method in [Method::SplineLogit, Method::Boosting] {
        let auc = scoring::auc(&judged(&frame, &truth, method).1).unwrap();
        assert!((0.46..0.54).contains(&auc), "{method:?}: {auc}");
    }
}

#[test]
fn carts_too_young_to_be_judged_teach_nothing() {
    let (mut frame, _) = world(4_000, false);
    let origin = 48 * DAY;
    let taught = train(&frame, origin, PLAN, &mut Shelf::empty(&frame)).fingerprint(Method::SplineLogit);
    for cart in frame.carts.iter_mut().filter(|cart| cart.opened_at > origin - WINDOW) {
        cart.purchased_at = Some(cart.opened_at + 5 * MINUTE);
    }
    assert_eq!(train(&frame, origin, PLAN, &mut Shelf::empty(&frame)).fingerprint(Method::SplineLogit), taught);
    assert!(taught.is_some());
}

#[test]
fn a_word_that_was_never_seen_is_like_any_other_rare_one() {
    let (mut frame, _) = world(12_000, false);
    let trained = train(&frame, 48 * DAY, PLAN, &mut Shelf::empty(&frame));
    let known = frame.rows[100].clone();
    let said = |word: &str, frame: &mut Frame, method: Method| {
        let mut row = known.clone();
        row.features.words[2] = frame.vocabularies.code(2, Some(word));
        trained.score(&row, method).unwrap()
    };
    for method in [Method::SplineLogit, Method::Boosting] {
        let [first, second] = ["release 7", "release 8"].map(|word| said(word, &mut frame, method));
        assert!((first - second).abs() < 1e-12 && first > 0.0 && first < 1.0, "{method:?}");
        let [mobile, desktop] = ["mobile", "desktop"].map(|word| said(word, &mut frame, method));
        let (low, high) = (mobile.min(desktop), mobile.max(desktop));
        assert!((low - 0.02..=high + 0.02).contains(&first), "{method:?}: {first} is not among {low} and {high}");
    }
}
