use super::*;
use crate::time::{DAY, HOUR};

const MORNING: i64 = 20_000 * DAY + 9 * HOUR;

fn row(ts: i64, kind: Kind) -> Row {
    Row { ts, kind, views_logged: true }
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
fn adds_without_views_tell_nothing_where_no_views_are_logged() {
    let adds = |count: i64, views_logged| -> Vec<Row> {
        (0..count)
            .map(|n| Row { ts: MORNING + (n * 9 + n * n % 7) * SECOND, kind: Kind::AddToCart, views_logged })
            .collect()
    };
    assert_eq!(verdict(&adds(50, true)), Some(ADDS_WITHOUT_VIEWS));
    assert_eq!(verdict(&adds(49, true)), None);
    assert_eq!(verdict(&adds(50, false)), None);
    for kind in [Kind::ViewItem, Kind::PageView, Kind::Search, Kind::ViewCart] {
        let mut rows = adds(50, true);
        rows.push(row(MORNING + 2 * HOUR, kind));
        assert_eq!(verdict(&rows), None, "{kind}");
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
    let adds = |who, source, count: i64| {
        (0..count).map(move |n| Seen { who, source, ts: MORNING + (n * 9 + n * n % 7) * SECOND, kind: Kind::AddToCart })
    };
    let mut rows: Vec<Seen<'_>> =
        adds("ann", "web", 3).chain(adds("bot", "web", 60)).chain(adds("till", "shop", 60)).collect();
    let rules = |rows: &[Seen<'_>]| {
        let verdicts = judge_day(rows, &Rules::default());
        assert_eq!(verdicts.len(), rows.len());
        let of = |who: &str| {
            let mut of = rows.iter().zip(&verdicts).filter(|(row, _)| row.who == who).map(|(_, verdict)| *verdict);
            let first = of.next().expect("a row");
            assert!(of.all(|verdict| verdict == first), "a day has one verdict");
            first
        };
        ["ann", "bot", "till"].map(of)
    };
    assert_eq!(rules(&rows), [None; 3], "nobody's views are logged");
    rows.insert(0, Seen { who: "ann", source: "web", ts: MORNING, kind: Kind::ViewItem });
    assert_eq!(rules(&rows), [None, Some(ADDS_WITHOUT_VIEWS), None]);
}

#[test]
fn verdicts_of_days_are_told_from_what_holds_for_a_row() {
    assert!(BEHAVIOUR.iter().all(|rule| is_behaviour(rule)));
    assert!(!is_behaviour(USER_AGENT));
}
