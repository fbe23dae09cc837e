use super::*;
use crate::time::{DAY, HOUR};

const MORNING: i64 = 20_000 * DAY + 9 * HOUR;

fn row(ts: i64, kind: Kind) -> Row {
    Row { ts, kind }
}

/// A view, then adds at these seconds of the morning.
fn shopper(seconds: impl IntoIterator<Item = i64>) -> Vec<Row> {
    let adds = seconds.into_iter().map(|second| row(MORNING + second * SECOND, Kind::AddToCart));
    std::iter::once(row(MORNING - MINUTE, Kind::ViewItem)).chain(adds).collect()
}

fn verdict(rows: &[Row]) -> Option<&'static str> {
    judge(rows, false, &Rules::default())
}

#[test]
fn carts_filled_as_people_fill_them_are_people_s() {
    assert_eq!(verdict(&[]), None);
    assert_eq!(verdict(&shopper([0])), None);
    // Thirty in a minute, and a hundred on a day, are the most that is believed.
    assert_eq!(verdict(&shopper((0..30).map(|n| 2 * n))), None);
    assert_eq!(verdict(&shopper((0..100).map(|n| n * 7 + n * n % 11))), None);
    // A hand keeps a rhythm of a few seconds by chance, and of many seconds for a while.
    assert_eq!(verdict(&shopper((0..60).map(|n| 4 * n))), None);
    assert_eq!(verdict(&shopper((0..20).map(|n| 10 * n))), None);
}

#[test]
fn a_list_put_into_a_cart_by_one_button_is_one_act() {
    let rows: Vec<Row> = (0..500).map(|n| row(MORNING + n * 1_000, Kind::AddToCart)).collect();
    assert_eq!(verdict(&rows), None);
}

#[test]
fn a_minute_is_any_minute() {
    assert_eq!(verdict(&shopper((0..31).map(|n| 59 - n).rev())), Some(ADDS_PER_MINUTE));
    assert_eq!(verdict(&shopper((0..31).map(|n| 1_000 + 2 * n))), None, "the 31st comes after exactly a minute");
    let faster = shopper((0..31).map(|n| 1_000 + 2 * n - i64::from(n == 30)));
    assert_eq!(verdict(&faster), Some(ADDS_PER_MINUTE));
}

#[test]
fn adds_without_views_are_a_program_s_where_somebody_knows_that_views_are_logged() {
    let adds = |count: i64| -> Vec<Row> {
        (0..count).map(|n| row(MORNING + (n * 9 + n * n % 7) * SECOND, Kind::AddToCart)).collect()
    };
    let logged = Rules { adds_without_views: 50, ..Rules::default() };
    assert_eq!(judge(&adds(50), false, &logged), Some(ADDS_WITHOUT_VIEWS));
    assert_eq!(judge(&adds(49), false, &logged), None);
    assert_eq!(verdict(&adds(50)), None, "many logs hold no views");
    for kind in [Kind::ViewItem, Kind::PageView, Kind::Search, Kind::ViewCart] {
        let mut rows = adds(50);
        rows.push(row(MORNING + 2 * HOUR, kind));
        assert_eq!(judge(&rows, false, &logged), None, "{kind}");
    }
}

#[test]
fn twenty_equal_distances_in_a_row_are_a_clock_s() {
    assert_eq!(verdict(&shopper((0..21).map(|n| 10 * n))), Some(REGULAR_ADDS));
    // Up to a second, as of clocks that tell whole seconds.
    assert_eq!(verdict(&shopper((0..21).map(|n| 10 * n + n % 2))), None, "9 and 11");
    assert_eq!(verdict(&shopper((0..21).map(|n| (21 * n) / 2))), Some(REGULAR_ADDS), "10 and 11");
    assert_eq!(verdict(&shopper((0..21).map(|n| 10 * n + 2 * i64::from(n > 10)))), None, "with one pause");
}

#[test]
fn more_than_a_hundred_adds_on_a_day_are_a_program_s() {
    assert_eq!(verdict(&shopper((0..101).map(|n| n * 7 + n * n % 11))), Some(ADDS_PER_DAY));
}

#[test]
fn a_rule_can_be_switched_off_and_none_is_left_without_rules() {
    let fast_and_many = shopper(0..200);
    let rules = Rules { adds_per_minute: 0, ..Rules::default() };
    assert_eq!(judge(&fast_and_many, false, &rules), Some(ADDS_PER_DAY));
    assert_eq!(judge(&fast_and_many, false, &Rules::OFF), None);
}

#[test]
fn of_many_people_only_evenness_tells() {
    assert_eq!(judge(&shopper(0..200), true, &Rules::default()), None);
    assert_eq!(judge(&shopper((0..21).map(|n| 10 * n)), true, &Rules::default()), Some(REGULAR_ADDS));
    assert!(is_network("net:00ff") && is_network("p:net:00ff") && !is_network("p:00ff") && !is_network("network"));
}

#[test]
fn everybody_of_a_day_is_judged_for_himself() {
    let adds = |who, count: i64| {
        (0..count).map(move |n| Seen { who, ts: MORNING + (n * 9 + n * n % 7) * SECOND, kind: Kind::AddToCart })
    };
    let rows: Vec<Seen<'_>> = adds("ann", 3).chain(adds("bot", 120)).chain(adds("eve", 60)).collect();
    let verdicts = judge_day(&rows, &Rules::default());
    assert_eq!(verdicts.len(), rows.len());
    for (seen, verdict) in rows.iter().zip(verdicts) {
        assert_eq!(verdict, (seen.who == "bot").then_some(ADDS_PER_DAY), "{}", seen.who);
    }
}

#[test]
fn verdicts_of_days_are_told_from_what_holds_for_a_row() {
    assert!(BEHAVIOUR.iter().all(|rule| is_behaviour(rule)));
    assert!(!is_behaviour(USER_AGENT));
}
