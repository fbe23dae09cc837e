//! Small worlds whose outcome the contract states in so many words.

use super::*;

const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;

fn settings(as_of: &str) -> Settings {
    let micros = |time: &str| chrono::DateTime::parse_from_rfc3339(time).expect("a time").timestamp_micros();
    Settings {
        base: "EUR".into(),
        rates: BTreeMap::from([("GBP".into(), "0.85".into())]),
        zone: Tz::UTC,
        window_micros: 3 * DAY,
        expiry_micros: 30 * DAY,
        as_of: Some(micros(as_of)),
        clock: micros("2025-06-01T00:00:00Z"),
    }
}

/// A run over lines such as `01T10:00 e1 add_to_cart "product_id": "p"`: day and time of May 2025, event id, kind,
/// further members. Everybody is visitor `v`.
fn run_lines(lines: &[&str], as_of: &str) -> World {
    let json = |line: &&str| {
        let [time, id, kind, rest] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has no four parts")
        };
        let event = format!(r#""ts": "2025-05-{time}:00Z", "event_id": "{id}", "kind": "{kind}", "visitor_id": "v""#);
        format!("{{{event}, {rest}}}")
    };
    let text = lines.iter().map(json).collect::<Vec<_>>().join("\n");
    run_ndjson(&[("lines".into(), text)], "test", &settings(as_of))
}

#[test]
fn cart_bought_after_the_window_is_abandoned_and_recovered() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "unit_price": "9.99995", "quantity": 2"#,
        r#"04T10:01 e2 purchase "product_id": "p", "unit_price": 10, "order_id": "o""#,
    ];
    let world = run_lines(&lines, "2025-05-31T00:00:00Z");
    let [cart] = &world.carts[..] else { panic!("one cart") };
    assert_eq!((cart.outcome, cart.state, cart.recovered), ("abandoned", "purchased", true));
    assert_eq!((cart.value_at_window, cart.left_behind_value), (Some(200_000), Some(100_000)));
    assert_eq!((world.losses.gross, world.losses.net()), (200_000, 0));
}

#[test]
fn nothing_after_as_of_has_any_influence() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "unit_price": 5"#,
        r#"02T10:00 e2 purchase "product_id": "p", "customer_id": "c""#,
    ];
    let world = run_lines(&lines, "2025-05-02T09:59:59Z");
    assert_eq!((world.balance.accepted, world.orders.len()), (2, 0));
    assert_eq!((world.carts[0].person_id.as_str(), world.carts[0].outcome), ("v:v", "pending"));
}

#[test]
fn event_at_the_moment_of_expiry_still_belongs_to_the_cart() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p""#,
        r#"31T10:00 e2 add_to_cart "product_id": "p""#,
        r#"31T10:01 e3 remove_from_cart "quantity": 1"#,
    ];
    assert_eq!(run_lines(&lines[..2], "2025-05-31T23:00:00Z").carts.len(), 1);
    let later = [lines[0], lines[2], r#"31T10:02 e4 add_to_cart "product_id": "p""#];
    let carts = run_lines(&later, "2025-05-31T23:00:00Z").carts;
    assert_eq!(carts.iter().map(|cart| cart.state).collect::<Vec<_>>(), ["expired", "open"]);
}

#[test]
fn rows_of_one_order_never_close_a_newer_cart() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "unit_price": 5"#,
        r#"01T11:00 e2 purchase "product_id": "p", "unit_price": 5, "order_id": "o""#,
        r#"01T12:00 e3 add_to_cart "product_id": "q", "unit_price": 7"#,
        r#"01T13:00 e4 purchase "product_id": "q", "unit_price": 7, "order_id": "o", "line": 1"#,
    ];
    let world = run_lines(&lines, "2025-05-31T00:00:00Z");
    assert_eq!(world.orders.len(), 1);
    assert_eq!(world.carts[0].purchased_value, Some(120_000));
    assert_eq!((world.carts[1].state, world.carts[1].outcome), ("open", "abandoned"));
}

#[test]
fn prices_are_converted_and_rounded_before_they_are_multiplied() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "unit_price": 1, "currency": "eur""#,
        r#"01T11:00 e2 add_to_cart "product_id": "q", "unit_price": 1, "currency": "GBP", "quantity": 3"#,
    ];
    let cart = &run_lines(&lines, "2025-05-31T00:00:00Z").carts[0];
    assert_eq!((cart.currency.as_deref(), cart.value), (Some("EUR"), 10_000 + 3 * 11_765));
}

#[test]
fn emptied_cart_is_abandoned_with_nothing_in_it() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "unit_price": 5"#,
        r#"01T11:00 e2 remove_from_cart "product_id": "p", "quantity": 4"#,
    ];
    let cart = &run_lines(&lines, "2025-05-31T00:00:00Z").carts[0];
    assert_eq!((cart.emptied, cart.outcome), (true, "abandoned"));
    assert_eq!((cart.value_at_window, cart.peak_value), (Some(0), 50_000));
}

#[test]
fn identity_with_other_content_is_a_conflict_and_the_first_row_stands() {
    let lines = [
        r#"01T10:00 e1 add_to_cart "product_id": "p", "quantity": 2"#,
        r#"01T10:00 e1 ADD_TO_CART "product_id": " p ", "quantity": "2.0", "unknown": 1"#,
        r#"01T10:00 e1 add_to_cart "product_id": "p", "quantity": 3"#,
        r#"01T10:00 e2 add_to_cart "product_id": "p", "quantity": 1.5"#,
    ];
    let World { balance, carts, .. } = run_lines(&lines, "2025-05-31T00:00:00Z");
    assert_eq!((balance.read, balance.accepted, balance.duplicates), (4, 1, 1));
    assert_eq!(balance.quarantined, BTreeMap::from([("conflict", 1), ("unreadable quantity", 1)]));
    assert_eq!(carts[0].items, 2);
}

#[test]
fn csv_and_ndjson_say_the_same() {
    let csv =
        "ts,kind,visitor_id,product_id,unit_price\n2025-05-01 10:00:00,add_to_cart,v,p,5\nnever,add_to_cart,v,p,5\n1\n";
    let json = r#"{"ts": "2025-05-01T10:00:00Z", "kind": "add_to_cart", "visitor_id": "v", "product_id": "p", "unit_price": 5}"#;
    let settings = settings("2025-05-31T00:00:00Z");
    let from_csv = run_csv(&[("a".into(), csv.into())], "test", &settings);
    let from_json = run_ndjson(&[("a".into(), json.into())], "test", &settings);
    assert_eq!(from_csv.balance.quarantined, BTreeMap::from([("unreadable line", 1), ("unreadable timestamp", 1)]));
    assert_eq!(from_csv.carts[0].value_at_window, from_json.carts[0].value_at_window);
}
