use events::time::{DAY, HOUR};

use super::*;
use crate::customers::testing::{left, people, said};
use crate::testing::settings;

/// Ann left her carts, Bob bought his, and Cid has none.
fn shop() -> People {
    let mut people = people(&["c:ann", "c:bob", "c:cid"]);
    people.carts = vec![
        PastCart { errors: 1, last_error_code: Some("declined".into()), ..left(0, 0) },
        left(0, 7 * DAY),
        PastCart { outcome: "purchased".into(), ..left(1, 0) },
    ];
    people.voices = vec![
        said(0, HOUR, Some(1.0), Some("my card was declined")),
        said(0, DAY, Some(2.0), Some("Card declined again")),
        said(0, 7 * DAY + HOUR, Some(4.0), None),
        said(1, 2 * DAY, Some(5.0), Some("card worked")),
        said(1, 15 * DAY, Some(1.0), None),
        said(2, DAY, Some(3.0), Some("declined")),
    ];
    people
}

#[test]
fn who_left_a_cart_is_compared_with_who_bought_one() {
    let voice = voice(&shop(), &settings());
    let of = |mean: Option<Mean>| mean.map(|mean| (mean.point, mean.n));
    assert_eq!(of(voice.overall), Some((16.0 / 6.0, 6)));
    assert_eq!(of(voice.abandoned), Some((7.0 / 3.0, 3)));
    assert_eq!(of(voice.bought), Some((5.0, 1)), "a fortnight later it is about something else");
    let codes: Vec<_> = voice.by_error.iter().map(|by| (by.error_code.as_deref(), by.carts, of(by.rating))).collect();
    assert_eq!(codes, [(Some("declined"), 1, Some((1.5, 2))), (None, 1, Some((4.0, 1)))]);
}

#[test]
fn what_is_said_around_abandoned_carts_is_counted_by_comment() {
    let voice = voice(&shop(), &settings());
    let terms: Vec<_> = voice.terms.iter().map(|term| (term.word.as_str(), term.abandoned, term.bought)).collect();
    assert_eq!(terms, [("card", 2, 1), ("declined", 2, 0)]);
    assert_eq!((voice.comments, voice.comments_bought), (2, 1));
}

#[test]
fn weeks_begin_on_mondays_of_the_shop() {
    let voice = voice(&shop(), &settings());
    let weeks: Vec<_> = voice.weeks.iter().map(|week| (week.monday.to_string(), week.rating.n)).collect();
    assert_eq!(weeks, [("2026-03-02".to_owned(), 4), ("2026-03-09".to_owned(), 1), ("2026-03-16".to_owned(), 1)]);
}
