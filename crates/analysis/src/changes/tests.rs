use super::*;
use crate::abandonment::Outcomes;
use crate::stats::proportion::wilson;
use crate::testing::settings;

/// A shop whose days have these carts and abandoned carts, the last of them three days before the newest that is over.
fn shop(days: &[(u64, u64)]) -> (Abandonment, crate::Settings) {
    let settings = settings();
    let newest = time::local_date(settings.as_of - DAY_IS_OVER, settings.zone);
    let count = u64::try_from(days.len()).unwrap();
    let day = |(at, (carts, abandoned)): (u64, &(u64, u64))| Day {
        day: newest - Days::new(count - 1 - at),
        outcomes: if count - at <= 3 {
            Outcomes { carts: *carts, pending: *carts, ..Outcomes::default() }
        } else {
            Outcomes { carts: *carts, abandoned: *abandoned, rate: wilson(*abandoned, *carts), ..Outcomes::default() }
        },
    };
    let days = (0..).zip(days).map(day).collect();
    (Abandonment { overall: Outcomes::default(), emptied: 0, days, by: Vec::new() }, settings)
}

/// Four weeks of 100 carts a day, 70 of them left, and these three more or fewer on every other day.
fn weeks(wobble: u64) -> Vec<(u64, u64)> {
    (0..31).map(|day| (100, if day % 2 == 0 { 70 + wobble } else { 70 - wobble })).collect()
}

fn judged(days: &[(u64, u64)]) -> Changes {
    let (abandonment, settings) = shop(days);
    changes(&abandonment, settings.as_of, settings.window, settings.zone)
}

#[test]
fn a_day_like_the_others_is_usual() {
    let changes = judged(&weeks(2));
    let rate = changes.abandonment.unwrap();
    assert_eq!((rate.verdict, rate.days), (Verdict::Usual, 27));
    assert!((rate.usual - 0.70).abs() < 0.01 && rate.low < 0.62 && rate.high > 0.78, "{rate:?}");
    assert!(rate.day_before.is_some() && rate.week_before.is_some());
    assert_eq!(changes.carts.unwrap().verdict, Verdict::Usual);
}

#[test]
fn what_is_far_from_steady_days_may_be_nothing_among_unsteady_ones() {
    let with_newest = |wobble, abandoned| {
        let mut days = weeks(wobble);
        days[27] = (100, abandoned);
        judged(&days).abandonment.unwrap().verdict
    };
    assert_eq!(with_newest(2, 83), Verdict::Higher);
    assert_eq!(with_newest(2, 55), Verdict::Lower);
    assert_eq!(with_newest(14, 83), Verdict::Usual);
}

#[test]
fn a_quiet_sunday_is_usual_where_sundays_are_quiet() {
    let mut days: Vec<(u64, u64)> = (0..31).map(|day| (if day % 7 == 2 { 40 } else { 100 }, 20)).collect();
    assert_eq!(30 % 7, 2, "the newest day is such a day");
    assert_eq!(judged(&days).carts.unwrap().verdict, Verdict::Usual);
    days[30].0 = 100;
    assert_eq!(judged(&days).carts.unwrap().verdict, Verdict::Higher);
    days[30].0 = 0;
    assert_eq!(judged(&days).carts.unwrap().verdict, Verdict::Lower);
}

#[test]
fn a_shop_of_few_days_or_few_carts_is_compared_with_nothing() {
    assert_eq!(judged(&weeks(2)[..5]), Changes::default());
    assert_eq!(judged(&[(3, 2); 31]), Changes::default());
}

#[test]
fn a_shop_without_any_difference_of_its_own_is_alarmed_on_some_five_days_in_a_hundred() {
    // Carts left of 200 by a generator of its own: sums of bits of a fixed sequence.
    let mut state = 7_u64;
    let mut draw = || {
        (0..200)
            .filter(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % 100 < 70
            })
            .count() as u64
    };
    let days: Vec<(u64, u64)> = (0..700).map(|_| (200, draw())).collect();
    let judged = days.windows(31).map(|days| judged(days).abandonment.unwrap().verdict);
    let share = judged.filter(|verdict| *verdict != Verdict::Usual).count() as f64 / 670.0;
    assert!((0.005..0.06).contains(&share), "{share}");
}
