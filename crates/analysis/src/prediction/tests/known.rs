//! What may be known at a moment: nothing that came after it, and persons as they were known then.

use std::collections::BTreeMap;

use events::time::{self, DAY, HOUR, MINUTE};

use super::SHOP;
use super::shop::{Shop, ts};
use crate::Tables;
use crate::prediction::features::{NUMBERS, WORDS};
use crate::prediction::landmark::{Folders, Frame, Purpose, frame};

fn framed(shop: &Shop) -> Frame {
    let folder = shop.publish();
    let tables = Tables::of(folder.path());
    let folders = Folders { events: &tables.events, carts: &tables.carts, orders: &tables.orders };
    frame(&folders, &shop.settings, |opened_at| opened_at + DAY).unwrap()
}

/// Features as bits and words.
type Known = (Vec<u32>, Vec<Option<String>>);

/// All features, by cart and moment.
fn features(frame: &Frame) -> BTreeMap<(String, i64), Known> {
    let known = frame.rows.iter().map(|row| {
        let bits = row.features.numbers.iter().map(|number| number.to_bits()).collect();
        let words = row.features.words.iter().enumerate();
        let words = words.map(|(at, code)| frame.vocabularies[at].word(*code).map(str::to_owned)).collect();
        ((frame.carts[row.cart as usize].name.clone(), row.moment), (bits, words))
    });
    known.collect()
}

#[test]
fn what_comes_after_a_moment_changes_no_feature_of_it() {
    let before = features(&framed(&SHOP));
    let mut compared = 0;
    for (number, days) in [21, 30, 41].into_iter().enumerate() {
        let moment = SHOP.settings.as_of - 49 * DAY + days * DAY + 7 * HOUR + 13 * MINUTE;
        let mut changed = SHOP.clone();
        let mut count = number;
        changed.rows.retain_mut(|row| {
            if ts(row) <= moment {
                return true;
            }
            count += 1;
            match count % 5 {
                0 | 1 => return false,
                2 => drop(row.insert("customer_id".to_owned(), format!("C{}", count % 700).into())),
                3 => {
                    row.insert("unit_price".to_owned(), "77.7".into());
                    row.insert("device".to_owned(), "toaster".into());
                    row.insert("error_code".to_owned(), "E-LATER".into());
                }
                _ => drop(row.insert("kind".to_owned(), "checkout_error".into())),
            }
            true
        });
        let after = features(&framed(&changed));
        let mut known = before.iter().filter(|((_, at), _)| *at <= moment).peekable();
        assert!(known.peek().is_some());
        let mut gone = 0;
        for (key, features) in known {
            // A later login may give a cart to the older one of the same person: then there is nothing to ask for.
            match after.get(key) {
                Some(found) => assert_eq!(found, features, "{key:?}"),
                None => gone += 1,
            }
            compared += 1;
        }
        assert!(gone * 20 < compared, "{gone} of {compared} are gone");
    }
    assert!(compared > 500, "{compared}");
}

/// Three orders of an account on a desk, then a cart on a telephone nobody knows; `login` is what the telephone does later.
fn guest(login: &[(i64, &'static str, &'static str)]) -> Frame {
    let start = 1_772_452_800 * time::SECOND;
    let mut rows = Vec::new();
    for order in 0..3 {
        let at = start + order * DAY;
        rows.push((at, "add_to_cart", "desk", "ann", "a"));
        rows.push((at + HOUR, "purchase", "desk", "ann", "a"));
    }
    let cart = start + 10 * DAY;
    rows.push((cart, "add_to_cart", "phone", "", "b"));
    rows.push((cart + MINUTE, "view_cart", "phone", "", "b"));
    rows.extend(login.iter().map(|(after, kind, customer)| (cart + after, *kind, "phone", *customer, "b")));
    framed(&Shop::of(&rows, start + 20 * DAY))
}

/// (account, prior orders, segment) of the telephone's cart at a landmark.
fn person(frame: &Frame, landmark: u8) -> Option<(f32, f32, Option<&str>)> {
    let cart = frame.carts.len() - 1;
    let row = frame.rows.iter().find(|row| row.cart as usize == cart && row.purpose == Purpose::Landmark(landmark))?;
    let number = |name: &str| row.features.numbers[NUMBERS.iter().position(|known| known.name == name).unwrap()];
    let segment = WORDS.iter().position(|word| word.name == "segment").unwrap();
    Some((number("account"), number("prior_orders"), frame.vocabularies[segment].word(row.features.words[segment])))
}

#[test]
fn a_guest_who_logs_in_while_paying_was_a_guest_before() {
    let frame = guest(&[(2 * HOUR, "add_payment_info", "ann"), (2 * HOUR + MINUTE, "purchase", "ann")]);
    assert_eq!(person(&frame, 0), Some((0.0, 0.0, Some("new"))));
    assert_eq!(person(&frame, 1), Some((0.0, 0.0, Some("new"))));
    assert_eq!(person(&frame, 2), None, "bought by then");
}

#[test]
fn a_guest_who_logs_in_is_a_customer_from_then_on() {
    let frame = guest(&[(2 * HOUR, "page_view", "ann")]);
    assert_eq!(person(&frame, 1), Some((0.0, 0.0, Some("new"))));
    assert_eq!(person(&frame, 2), Some((1.0, 3.0, Some("d1"))));
}

#[test]
fn carts_are_asked_for_at_every_landmark_until_they_are_bought() {
    let frame = guest(&[(7 * HOUR, "purchase", "")]);
    let asked: Vec<Purpose> =
        frame.rows.iter().filter(|row| row.cart as usize == frame.carts.len() - 1).map(|row| row.purpose).collect();
    assert_eq!(asked, [0, 1, 2].map(Purpose::Landmark));
    let ages: Vec<f64> = frame.rows.iter().map(|row| row.age_hours).collect();
    assert!(ages.iter().all(|age| *age > 0.0 && *age <= 72.0), "{ages:?}");
}

#[test]
fn what_is_in_a_cart_is_what_was_in_it_then() {
    let frame =
        guest(&[(2 * HOUR, "add_to_cart", ""), (3 * HOUR, "add_to_cart", ""), (30 * HOUR, "remove_from_cart", "")]);
    let items = NUMBERS.iter().position(|known| known.name == "items").unwrap();
    let cart = frame.carts.len() - 1;
    let pieces: Vec<f32> = frame
        .rows
        .iter()
        .filter(|row| row.cart as usize == cart && matches!(row.purpose, Purpose::Landmark(_)))
        .map(|row| row.features.numbers[items])
        .collect();
    assert_eq!(pieces, [1.0, 1.0, 3.0, 3.0, 2.0]);
}
