use events::time::{HOUR, MINUTE};
use events::{Amount, Kind};

use super::moments::{What, story};
use super::read::Event;
use crate::testing::NOON;

fn event(minutes: i64, kind: Kind, id: &str, session: Option<&str>) -> Event {
    Event {
        ts: NOON + minutes * MINUTE,
        kind,
        line: 0,
        whole: ("shop".to_owned(), id.to_owned()),
        visitor: Some("phone".to_owned()),
        session: session.map(str::to_owned),
        order: None,
        product: None,
        quantity: 1,
        price: None,
        order_value: None,
        currency: None,
        device: Some("mobile".to_owned()),
        channel: None,
        payment: None,
        shipping: None,
        error: None,
        message: None,
        status: None,
        rating: None,
        comment: None,
        has_account: false,
    }
}

fn of(product: &str, event: Event) -> Event {
    Event { product: Some(product.to_owned()), ..event }
}

#[test]
fn looks_are_told_together_and_lines_of_one_event_are_one() {
    let events = [
        event(0, Kind::PageView, "1", Some("s")),
        of("mug", event(1, Kind::ViewItem, "2", Some("s"))),
        of("mug", event(2, Kind::ViewItem, "3", Some("s"))),
        of("cup", event(3, Kind::ViewItem, "4", Some("s"))),
        of("mug", event(4, Kind::AddToCart, "5", Some("s"))),
        of("cup", event(4, Kind::AddToCart, "5", Some("s"))),
    ];
    let told = story("c:ann", &events);
    assert_eq!((told.visits.len(), told.devices), (1, 1));
    let moments = &told.visits[0].moments;
    assert_eq!(moments[0].what, What::Looked { products: vec!["mug".into(), "cup".into()], pages: 1 });
    assert!(matches!(&moments[1].what, What::Added(items) if items.len() == 2), "{moments:?}");
}

#[test]
fn visits_are_told_apart_by_session_and_without_one_by_pauses() {
    let events = [
        event(0, Kind::PageView, "1", Some("a")),
        event(1, Kind::PageView, "2", Some("b")),
        event(90, Kind::ViewCart, "3", Some("a")),
        event(100, Kind::PageView, "4", None),
        event(130, Kind::PageView, "5", None),
        event(161, Kind::PageView, "6", None),
    ];
    let spans: Vec<(i64, i64)> = story("v:phone", &events)
        .visits
        .iter()
        .map(|visit| ((visit.from - NOON) / MINUTE, (visit.until - NOON) / MINUTE))
        .collect();
    assert_eq!(spans, [(0, 90), (1, 1), (100, 130), (161, 161)]);
}

#[test]
fn an_error_met_again_and_again_is_told_once_with_how_often() {
    let declined = |minutes, id: &str| Event {
        error: Some("declined".into()),
        ..event(minutes, Kind::CheckoutError, id, Some("s"))
    };
    let told = story("c:ann", &[declined(0, "1"), declined(1, "2"), declined(2, "3")]);
    assert!(matches!(told.visits[0].moments[..], [ref one] if matches!(one.what, What::MetError { times: 3, .. })));
}

#[test]
fn an_order_that_is_told_line_by_line_is_one_and_a_contact_is_no_visit() {
    let bought = |id: &str, product: &str| Event {
        order: Some("A1".into()),
        order_value: Some(Amount(250_000)),
        ..of(product, event(0, Kind::Purchase, id, Some("s")))
    };
    let told = story(
        "c:ann",
        &[bought("1", "mug"), bought("2", "cup"), bought("2", "cup"), {
            Event { ts: NOON + HOUR, ..event(60, Kind::Contact, "3", None) }
        }],
    );
    let What::Bought { items, .. } = &told.visits[0].moments[0].what else { panic!("{told:?}") };
    assert_eq!((items.len(), told.visits[0].moments.len()), (2, 1));
    assert!(!told.visits[1].is_visit);
}
