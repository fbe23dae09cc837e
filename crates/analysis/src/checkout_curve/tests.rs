use super::*;
use crate::testing::{NOON, analysis_of, analysis_with, cart, settings};
use events::time::MINUTE;

/// Settings as of this long after the first cart.
fn as_of(after: i64) -> Settings {
    Settings { as_of: NOON + after, ..settings() }
}

fn at(curve: &CheckoutCurve, hours: i64) -> CurvePoint {
    *curve.points.iter().find(|point| point.age_hours.total_cmp(&(hours as f64)).is_eq()).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn with_all_carts_watched_to_the_end_the_curve_is_the_plain_share() {
    let carts: Vec<_> = [30, 90, 25 * 60, 73 * 60]
        .map(|minutes| cart(0).bought(minutes * MINUTE))
        .into_iter()
        .chain([cart(0).abandoned()])
        .collect();
    let curve = analysis_with(&carts, &[], &as_of(40 * DAY)).checkout_curve;
    let shares = [(0, 0.0), (1, 0.2), (2, 0.4), (24, 0.4), (48, 0.6), (72, 0.6), (96, 0.8), (720, 0.8)];
    for (hours, share) in shares {
        assert!(near(at(&curve, hours).bought.point, share), "{hours} h");
    }
    assert!(near(curve.by_window.unwrap().point, 0.6));
    let after = curve.after_window.unwrap();
    assert!(near(after.age_hours, 720.0) && near(after.share.unwrap().point, 0.2));
    let later: Vec<(f64, f64, u64)> = curve
        .later
        .iter()
        .map(|later| (later.age_hours / 24.0, later.share.unwrap().point, later.share.unwrap().n))
        .collect();
    assert!(later.iter().all(|(_, share, n)| near(*share, 0.5) && *n == 2), "{later:?}");
    assert_eq!(later.iter().map(|later| later.0).collect::<Vec<_>>(), [7.0, 14.0, 30.0]);
    assert_eq!((curve.carts, curve.purchased), (5, 4));
}

#[test]
fn a_young_cart_counts_for_as_long_as_it_has_been_watched() {
    // Two hours after it was opened, nobody can say that it will not be bought.
    let carts = [cart(0).bought(HOUR), cart(0).abandoned(), cart(0).bought(5 * HOUR), cart(10 * DAY - 2 * HOUR)];
    let curve = analysis_of(&carts).checkout_curve;
    assert!(near(at(&curve, 1).bought.point, 0.25));
    assert!(near(at(&curve, 6).unbought.point, 0.75 * 0.5));
    assert_eq!([1, 2, 3, 6].map(|hours| at(&curve, hours).at_risk), [4, 3, 2, 1]);
}

#[test]
fn the_curve_ends_where_no_cart_has_been_watched_for_longer() {
    let curve = analysis_of(&[cart(0).abandoned(), cart(DAY).bought(4 * DAY)]).checkout_curve;
    assert!(near(curve.points.last().unwrap().age_hours, 240.0));
    let known: Vec<bool> = curve.later.iter().map(|later| later.share.is_some()).collect();
    assert_eq!(known, [true, false, false]);
    assert!(near(curve.after_window.unwrap().age_hours, 240.0));
}

#[test]
fn a_cart_bought_after_the_horizon_is_one_that_was_not_bought_by_then() {
    let curve = analysis_with(&[cart(0).bought(45 * DAY), cart(0).bought(HOUR)], &[], &as_of(60 * DAY)).checkout_curve;
    assert_eq!((curve.carts, curve.purchased), (2, 1));
    assert!(near(curve.points.last().unwrap().age_hours, 720.0));
    assert!(near(curve.points.last().unwrap().bought.point, 0.5));
}

#[test]
fn a_purchase_exactly_at_the_horizon_is_on_the_curve() {
    let carts = [cart(0).bought(30 * DAY), cart(0).bought(30 * DAY + 1)];
    let curve = analysis_with(&carts, &[], &as_of(60 * DAY)).checkout_curve;
    assert_eq!(curve.purchased, 1);
    assert!(near(at(&curve, 720).bought.point, 0.5));
}

#[test]
fn a_purchase_exactly_at_the_window_is_within_it() {
    let curve =
        analysis_with(&[cart(0).bought(3 * DAY), cart(0).bought(3 * DAY + 1)], &[], &as_of(60 * DAY)).checkout_curve;
    assert!(near(curve.by_window.unwrap().point, 0.5));
    assert!(near(curve.after_window.unwrap().share.unwrap().point, 0.5));
}

#[test]
fn the_window_and_the_horizon_are_among_the_ages() {
    let settings = Settings { window: 36 * HOUR, expiry: 10 * DAY + HOUR, ..as_of(60 * DAY) };
    let curve = analysis_with(&[cart(0).abandoned()], &[], &settings).checkout_curve;
    let ages: Vec<f64> = curve.points.iter().map(|point| point.age_hours).collect();
    assert_eq!(
        ages,
        [0.0, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 48.0, 72.0, 96.0, 120.0, 144.0, 168.0, 192.0, 216.0, 240.0, 241.0]
    );
    assert_eq!(curve.later.len(), 1);
    assert!(curve.points.windows(2).all(|pair| pair[0].bought.point <= pair[1].bought.point));
}

#[test]
fn no_carts_give_no_curve_and_pending_ones_give_its_beginning() {
    let curve = analysis_of(&[]).checkout_curve;
    assert!(curve.points.is_empty() && curve.by_window.is_none() && curve.after_window.is_none());
    assert!(curve.later.iter().all(|later| later.share.is_none()));
    let curve = analysis_of(&[cart(9 * DAY), cart(9 * DAY)]).checkout_curve;
    assert_eq!((curve.points.len(), curve.by_window), (7, None));
    assert!(curve.points.iter().all(|point| point.bought.point.abs() < 1e-15 && point.bought.high > 0.5));
}
