use super::*;

/// Remission times of leukemia, maintained chemotherapy (Miller 1981; `aml` in R's survival package).
const MAINTAINED: ([f64; 11], [bool; 11]) = (
    [9.0, 13.0, 13.0, 18.0, 23.0, 28.0, 31.0, 34.0, 45.0, 48.0, 161.0],
    [true, true, false, true, true, false, true, true, false, true, false],
);
/// The same without maintenance; the last one has the event.
const NOT_MAINTAINED: ([f64; 12], [bool; 12]) = (
    [5.0, 5.0, 8.0, 8.0, 12.0, 16.0, 23.0, 27.0, 30.0, 33.0, 43.0, 45.0],
    [true, true, true, true, true, false, true, true, true, true, true, true],
);

fn near(estimate: Estimate, point: f64, low: f64, high: f64) {
    let Estimate { point: p, low: l, high: h, .. } = estimate;
    assert!((p - point).abs() < 1e-10 && (l - low).abs() < 1e-10 && (h - high).abs() < 1e-10, "{estimate:?}");
}

/// Time, at risk, S, and the log-log interval of lifelines 0.30.3: `KaplanMeierFitter().fit(times, ended)`; S agrees
/// with the table that R prints for `survfit(Surv(time, status) ~ x, data = aml)`.
#[test]
fn the_leukemia_curves_match_lifelines_and_r() {
    let curve = KaplanMeier::fit(&MAINTAINED.0, &MAINTAINED.1);
    for (time, at_risk, point, low, high) in [
        (9.0, 11, 0.909_090_909_091, 0.508_080_205_770, 0.986_673_822_668),
        (13.0, 10, 0.818_181_818_182, 0.447_428_614_682, 0.951_162_228_582),
        (18.0, 8, 0.715_909_090_909, 0.350_190_385_908, 0.899_023_974_191),
        (28.0, 6, 0.613_636_363_636, 0.265_752_040_001, 0.835_299_243_250),
        (31.0, 5, 0.490_909_090_909, 0.167_330_909_777, 0.753_399_790_371),
        (34.0, 4, 0.368_181_818_182, 0.092_829_574_937, 0.657_040_832_398),
        (161.0, 1, 0.184_090_909_091, 0.011_738_480_123, 0.525_014_842_727),
    ] {
        let estimate = curve.survival(time).unwrap();
        near(estimate, point, low, high);
        assert_eq!((curve.at_risk(time), estimate.n), (at_risk, 11));
    }
    let curve = KaplanMeier::fit(&NOT_MAINTAINED.0, &NOT_MAINTAINED.1);
    for (time, point, low, high) in [
        (5.0, 0.833_333_333_333, 0.481_714_942_195, 0.955_509_365_728),
        (8.0, 0.666_666_666_667, 0.337_018_932_541, 0.859_711_799_084),
        (16.0, 0.583_333_333_333, 0.270_138_924_085, 0.800_940_192_333),
        (43.0, 0.097_222_222_222, 0.005_746_305_696, 0.348_903_861_111),
    ] {
        near(curve.survival(time).unwrap(), point, low, high);
    }
}

/// lifelines on the observations beyond 23 alone: a curve that starts later is the later part of the curve.
#[test]
fn the_share_that_goes_on_after_a_time_is_a_curve_of_those_left_then() {
    let curve = KaplanMeier::fit(&MAINTAINED.0, &MAINTAINED.1);
    for (to, point, low, high) in [
        (31.0, 0.8, 0.203_809_263_268, 0.969_179_788_867),
        (47.0, 0.6, 0.125_730_182_994, 0.881_756_407_394),
        (161.0, 0.3, 0.012_301_529_425, 0.719_218_020_810),
    ] {
        let estimate = curve.survival_after(23.0, to).unwrap();
        near(estimate, point, low, high);
        assert_eq!(estimate.n, 6);
    }
    assert_eq!(curve.survival_after(161.0, 161.0), None);
}

#[test]
fn without_losses_the_curve_is_the_plain_share() {
    let times: Vec<f64> = (1..=10).map(f64::from).collect();
    let curve = KaplanMeier::fit(&times, &[true; 10]);
    for bought in 0..=10_u32 {
        let survival = curve.survival(f64::from(bought)).unwrap();
        assert!((survival.point - (1.0 - f64::from(bought) / 10.0)).abs() < 1e-12);
        assert!(survival.low <= survival.point && survival.point <= survival.high);
    }
}

#[test]
fn before_the_first_event_the_interval_is_that_of_no_event_among_those_at_risk() {
    let curve = KaplanMeier::fit(&[1.0, 2.0, 2.0, 5.0], &[false, false, false, true]);
    let survival = curve.survival(2.0).unwrap();
    near(survival, 1.0, 1.0 - wilson(0, 3).unwrap().high, 1.0);
    assert_eq!(curve.lost_between(1.0, 2.0).unwrap().point.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_curve_without_events_stays_at_1_and_ends_with_its_last_observation() {
    let curve = KaplanMeier::fit(&[1.0, 2.0], &[false, false]);
    near(curve.survival(2.0).unwrap(), 1.0, 1.0 - wilson(0, 1).unwrap().high, 1.0);
    assert_eq!(curve.survival(2.1), None);
    assert_eq!((curve.last(), curve.n(), curve.at_risk(3.0)), (Some(2.0), 2, 0));
}

#[test]
fn a_curve_that_falls_to_0_stays_there_and_keeps_the_last_upper_end() {
    let curve = KaplanMeier::fit(&NOT_MAINTAINED.0, &NOT_MAINTAINED.1);
    near(curve.survival(45.0).unwrap(), 0.0, 0.0, 0.348_903_861_111);
    near(curve.survival(1_000.0).unwrap(), 0.0, 0.0, 0.348_903_861_111);
    assert_eq!(curve.survival_after(45.0, 50.0), None);
    let late = curve.lost_between(8.0, 45.0).unwrap();
    assert!((late.point - 2.0 / 3.0).abs() < 1e-12 && late.low < late.point && late.point < late.high, "{late:?}");
}

#[test]
fn one_observation_gives_a_curve_that_claims_little() {
    let bought = KaplanMeier::fit(&[3.0], &[true]);
    near(bought.survival(3.0).unwrap(), 0.0, 0.0, wilson(0, 1).unwrap().high);
    near(bought.lost_between(0.0, 3.0).unwrap(), 1.0, 1.0 - wilson(0, 1).unwrap().high, 1.0);
    let open = KaplanMeier::fit(&[3.0], &[false]);
    near(open.survival(3.0).unwrap(), 1.0, 1.0 - wilson(0, 1).unwrap().high, 1.0);
}

#[test]
fn nothing_observed_gives_no_curve() {
    let curve = KaplanMeier::fit(&[], &[]);
    assert_eq!((curve.n(), curve.last(), curve.survival(0.0), curve.lost_between(0.0, 1.0)), (0, None, None, None));
}

#[test]
fn events_come_before_losses_of_the_same_time() {
    let curve = KaplanMeier::fit(&[2.0, 2.0, 2.0, 2.0], &[false, true, false, true]);
    assert!((curve.survival(2.0).unwrap().point - 0.5).abs() < 1e-12);
    assert_eq!(curve.at_risk(2.0), 4);
}

/// From 0 on, both factors are one: the delta method gives the interval of S itself.
#[test]
fn the_share_lost_from_the_start_is_the_complement_of_the_curve() {
    let curve = KaplanMeier::fit(&MAINTAINED.0, &MAINTAINED.1);
    for time in [9.0, 23.0, 48.0] {
        let lost = curve.lost_between(0.0, time).unwrap();
        let Estimate { point, low, high, .. } = curve.survival(time).unwrap().complement();
        near(lost, point, low, high);
    }
}

/// Parts sum to the whole, and what happens between two times varies less than what happens by the later one.
#[test]
fn the_share_lost_between_two_times_is_the_difference_of_the_curve() {
    let curve = KaplanMeier::fit(&MAINTAINED.0, &MAINTAINED.1);
    let (early, late) = (curve.survival(18.0).unwrap(), curve.survival(48.0).unwrap());
    let lost = curve.lost_between(18.0, 48.0).unwrap();
    assert!((lost.point - (early.point - late.point)).abs() < 1e-12);
    assert!(0.0 < lost.low && lost.low < lost.point && lost.point < lost.high && lost.high < 1.0);
    assert_eq!(lost.n, 11);
}
