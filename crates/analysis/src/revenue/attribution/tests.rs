use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::revenue::avoidable::{self, Claim};
use crate::revenue::ledger::Paid;
use crate::revenue::waterfall::{self, Waterfall};
use crate::testing::NOON;
use events::time::HOUR;

const WINDOW: i64 = 3 * DAY;

/// A cart of the person opened on this day, in which each product costs 10.
fn cart(id: &str, day: i64) -> Cart {
    Cart {
        id: id.to_owned(),
        person: 1,
        opened_at: NOON + day * DAY,
        purchased_at: None,
        day: events::time::date(20_000),
        outcome: Outcome::Abandoned,
        recovered: false,
        at_window: Amount::ZERO,
        currency: Some(0),
        segment: 0,
        step: 0,
        prior_orders: 0,
        prior_spend: Amount::ZERO,
        days_since: None,
        paid: None,
    }
}

fn bought(id: &str, day: i64) -> Cart {
    let paid = Some(Paid { amount: Amount(1_000_000), refunded: Amount::ZERO });
    Cart { purchased_at: Some(NOON + day * DAY + HOUR), outcome: Outcome::Purchased, paid, ..cart(id, day) }
}

/// Pieces of a product at 10 each; in a cart that was bought, all of them were.
fn line(carts: &[Cart], at: u32, product: &str, pieces: i64) -> Line {
    let cart = &carts[at as usize];
    Line {
        cart: at,
        product: product.to_owned(),
        is_named: false,
        added_at: cart.opened_at,
        quantity: pieces,
        value: Amount(100_000).times(pieces),
        bought: if cart.purchased_at.is_some() { pieces } else { 0 },
    }
}

/// Carts with what was in them.
fn shop(given: &[(Cart, &[(&str, i64)])]) -> (Vec<Cart>, Vec<Line>) {
    let mut carts: Vec<Cart> = given.iter().map(|(cart, _)| cart.clone()).collect();
    let mut lines = Vec::new();
    for (at, (_, products)) in (0_u32..).zip(given) {
        let of_cart: Vec<Line> = products.iter().map(|(product, pieces)| line(&carts, at, product, *pieces)).collect();
        carts[at as usize].at_window = of_cart.iter().map(|line| line.value).sum();
        lines.extend(of_cart);
    }
    (carts, lines)
}

fn euros(amount: Amount) -> i128 {
    amount.0 / 10_000
}

/// Abandoned cart, way, other cart, pieces, euros.
fn told(carts: &[Cart], lines: &[Line]) -> Vec<(String, &'static str, String, i64, i128)> {
    let id = |at: u32| carts[at as usize].id.clone();
    let parts = attribute(carts, lines, WINDOW);
    parts.iter().map(|part| (id(part.cart), part.way.name(), id(part.by), part.quantity, euros(part.amount))).collect()
}

fn part(
    cart: &str,
    way: &'static str,
    by: &str,
    pieces: i64,
    euros: i128,
) -> (String, &'static str, String, i64, i128) {
    (cart.to_owned(), way, by.to_owned(), pieces, euros)
}

#[test]
fn what_is_bought_in_another_cart_within_30_days_of_the_window_is_not_lost() {
    let (carts, lines) = shop(&[(cart("a", 0), &[("cup", 2), ("pot", 1)]), (bought("b", 20), &[("cup", 1)])]);
    assert_eq!(told(&carts, &lines), [part("a", "other_cart", "b", 1, 10)]);
    let (carts, lines) = shop(&[(cart("a", 0), &[("cup", 2)]), (bought("b", 33), &[("cup", 1)])]);
    assert_eq!(told(&carts, &lines), []);
}

#[test]
fn each_piece_of_an_order_stands_for_one_piece_of_the_most_recent_cart() {
    let (carts, lines) = shop(&[
        (cart("a", 0), &[("cup", 1)]),
        (cart("b", 16), &[("cup", 2)]),
        (bought("c", 20), &[("cup", 2)]),
        (bought("d", 21), &[("cup", 5)]),
    ]);
    assert_eq!(told(&carts, &lines), [part("a", "other_cart", "d", 1, 10), part("b", "other_cart", "c", 2, 20)]);
}

#[test]
fn carts_opened_at_the_same_moment_are_served_by_their_ids() {
    let (carts, lines) =
        shop(&[(cart("a", 0), &[("cup", 1)]), (cart("b", 0), &[("cup", 1)]), (bought("c", 9), &[("cup", 1)])]);
    assert_eq!(told(&carts, &lines)[0], part("a", "other_cart", "c", 1, 10));
}

#[test]
fn a_wish_left_in_three_carts_within_14_days_counts_once_in_the_last() {
    let (carts, lines) = shop(&[
        (cart("a", 0), &[("cup", 1), ("pot", 1)]),
        (cart("b", 10), &[("cup", 3)]),
        (cart("c", 20), &[("cup", 1)]),
        (cart("d", 40), &[("cup", 1)]),
    ]);
    assert_eq!(told(&carts, &lines), [part("a", "same_wish", "b", 1, 10), part("b", "same_wish", "c", 3, 30)]);
}

#[test]
fn a_cart_bought_after_the_window_stands_for_itself_alone() {
    let late = |id: &str, day: i64| Cart { outcome: Outcome::Abandoned, recovered: true, ..bought(id, day) };
    let (carts, lines) = shop(&[(cart("a", 0), &[("cup", 1)]), (late("b", 20), &[("cup", 1)])]);
    assert_eq!(told(&carts, &lines), [part("b", "same_cart", "b", 0, 10)]);
}

#[test]
fn what_was_given_back_and_ordered_again_is_not_lost_and_counts_once() {
    let refunded = Some(Paid { amount: Amount(100_000), refunded: Amount(100_000) });
    let late = Cart { outcome: Outcome::Abandoned, recovered: true, paid: refunded, ..bought("a", 0) };
    let again: [(Cart, &[(&str, i64)]); 2] = [(late.clone(), &[("cup", 1)]), (bought("b", 9), &[("cup", 2)])];
    let (carts, lines) = shop(&again);
    let parts = attribute(&carts, &lines, WINDOW);
    let settled = waterfall::of_carts(&carts, &parts, &BTreeMap::new(), &BTreeMap::new())[0];
    assert_eq!(
        [settled.gross, settled.recovered, settled.elsewhere, settled.refunded, settled.lost].map(euros),
        [10, 10, 10, 10, 0]
    );
    let (carts, lines) = shop(&again[..1]);
    let settled =
        waterfall::of_carts(&carts, &attribute(&carts, &lines, WINDOW), &BTreeMap::new(), &BTreeMap::new())[0];
    assert_eq!([settled.recovered, settled.refunded, settled.lost].map(euros), [10, 10, 10]);
}

#[test]
fn the_prices_of_the_cart_that_was_left_count_and_never_more_than_it_held_at_the_window() {
    let (mut carts, mut lines) = shop(&[(cart("a", 0), &[("cup", 2)]), (bought("b", 9), &[("cup", 2)])]);
    lines[1].value = Amount(10_000_000);
    assert_eq!(told(&carts, &lines), [part("a", "other_cart", "b", 2, 20)]);
    carts[0].at_window = Amount(150_000);
    assert_eq!(told(&carts, &lines), [part("a", "other_cart", "b", 2, 15)]);
}

#[test]
fn products_known_by_an_id_are_not_those_known_by_the_same_name() {
    let (carts, mut lines) = shop(&[(cart("a", 0), &[("cup", 2)]), (bought("b", 9), &[("cup", 2)])]);
    lines[1].is_named = true;
    assert_eq!(told(&carts, &lines), []);
}

/// Numbers that look random, the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn upto(&mut self, bound: i64) -> i64 {
        self.below(bound.cast_unsigned()).cast_signed()
    }
}

/// A history of up to three persons with up to six carts each, sorted as the ledger sorts them.
fn history(dice: &mut Dice) -> (Vec<Cart>, Vec<Line>) {
    let mut carts = Vec::new();
    for person in 0..=dice.below(3) {
        let mut day = 0;
        for number in 0..=dice.below(6) {
            let cart = cart(&format!("{person}-{number}"), day);
            let paid = Paid { amount: Amount((1 + dice.below(400_000)).into()), refunded: Amount(0) };
            let paid = Paid { refunded: Amount((dice.below(4) / 2 * dice.below(500_000)).into()), ..paid };
            let after = [HOUR, 2 * DAY, 4 * DAY, 20 * DAY][usize::try_from(dice.below(4)).unwrap()];
            let cart = match dice.below(5) {
                0 | 1 => cart,
                2 => Cart { outcome: Outcome::Pending, ..cart },
                _ => Cart {
                    purchased_at: Some(cart.opened_at + after),
                    outcome: if after <= WINDOW { Outcome::Purchased } else { Outcome::Abandoned },
                    recovered: after > WINDOW,
                    paid: Some(paid),
                    ..cart
                },
            };
            carts.push(Cart { person, ..cart });
            day += dice.upto(25);
        }
    }
    let mut lines = Vec::new();
    for at in 0..carts.len() {
        let mut value = Amount::ZERO;
        for product in 0..4 {
            if dice.below(2) == 0 {
                continue;
            }
            let mut line = line(&carts, u32::try_from(at).unwrap(), &format!("p{product}"), dice.upto(4));
            line.value = Amount(dice.below(90_000).into()).times(line.quantity);
            line.bought = if carts[at].purchased_at.is_some() { dice.upto(5) } else { 0 };
            line.added_at += dice.upto(3 * DAY);
            value += line.value;
            lines.push(line);
        }
        // The value at the window is another than the last one where products or prices changed after it.
        let changed = Amount(value.0 * i128::from(dice.below(3)) / 2);
        carts[at].at_window = if carts[at].outcome == Outcome::Pending { Amount::ZERO } else { changed };
    }
    (carts, lines)
}

fn assert_units_are_used_once(carts: &[Cart], lines: &[Line], parts: &[Part]) {
    let line_of = |cart: u32, product: &str| lines.iter().find(|line| line.cart == cart && line.product == product);
    let (mut used, mut given): (BTreeMap<_, i64>, BTreeMap<_, i64>) = (BTreeMap::new(), BTreeMap::new());
    for part in parts.iter().filter(|part| part.way != Way::SameCart) {
        let product = part.product.as_deref().unwrap();
        *given.entry((part.cart, product)).or_default() += part.quantity;
        assert_eq!(carts[part.cart as usize].person, carts[part.by as usize].person);
        if part.way == Way::OtherCart {
            *used.entry((part.by, product)).or_default() += part.quantity;
            assert_eq!(carts[part.by as usize].outcome, Outcome::Purchased);
            let age = part.at - carts[part.cart as usize].opened_at;
            assert!(age > 0 && age <= WINDOW + ELSEWHERE);
        }
    }
    for ((cart, product), pieces) in &used {
        assert!(*pieces <= line_of(*cart, product).unwrap().bought, "an order's piece is used twice");
    }
    for ((cart, product), pieces) in &given {
        assert!(*pieces <= line_of(*cart, product).unwrap().quantity, "a cart's piece is bought twice");
    }
    // No cart is served while one opened later still waits for the same product.
    for part in parts.iter().filter(|part| part.way == Way::OtherCart) {
        let product = part.product.as_deref().unwrap();
        for line in lines.iter().filter(|line| line.product == product && line.cart != part.by) {
            let (cart, served) = (&carts[line.cart as usize], &carts[part.cart as usize]);
            let since = cart.purchased_at.unwrap_or(cart.opened_at);
            let waits = cart.person == served.person && cart.opened_at > served.opened_at && part.at > since;
            if waits && cart.still_to_lose() > Amount::ZERO && part.at - cart.opened_at <= WINDOW + ELSEWHERE {
                let got = given.get(&(line.cart, product)).copied().unwrap_or(0);
                let nothing_left = line.value == Amount::ZERO || got == line.quantity;
                let spent: Amount =
                    parts.iter().filter(|p| p.cart == line.cart && p.way != Way::SameCart).map(|p| p.amount).sum();
                assert!(nothing_left || spent == cart.still_to_lose(), "an earlier cart was served first");
            }
        }
    }
}

#[test]
fn over_10_000_histories_no_piece_is_used_twice_and_avoidable_net_and_gross_keep_their_order() {
    let (mut elsewhere, mut wishes, mut claimed) = (0, 0, Amount::ZERO);
    for seed in 0..10_000 {
        let mut dice = Dice(seed);
        let (carts, lines) = history(&mut dice);
        let parts = attribute(&carts, &lines, WINDOW);
        assert_units_are_used_once(&carts, &lines, &parts);
        elsewhere += parts.iter().filter(|part| part.way == Way::OtherCart).count();
        wishes += parts.iter().filter(|part| part.way == Way::SameWish).count();

        let waterfalls = waterfall::of_carts(&carts, &parts, &BTreeMap::new(), &BTreeMap::new());
        let mut total = Waterfall::default();
        for waterfall in &waterfalls {
            let Waterfall { gross, recovered, elsewhere, repeated, refunded, lost, .. } = *waterfall;
            assert!([recovered, elsewhere, repeated, refunded].iter().all(|amount| *amount >= Amount::ZERO));
            assert!(Amount::ZERO <= lost && lost <= gross, "{waterfall:?}");
            assert!(Amount::ZERO <= waterfall.net() && refunded <= recovered + elsewhere, "{waterfall:?}");
            total += *waterfall;
        }
        let lost: HashMap<&str, Amount> =
            carts.iter().zip(&waterfalls).map(|(cart, w)| (cart.id.as_str(), w.net().min(w.lost))).collect();
        let claims: Vec<Claim> = (0..dice.below(5))
            .map(|number| Claim {
                id: number.to_string(),
                carts: carts.iter().filter(|_| dice.below(3) == 0).map(|cart| cart.id.clone()).collect(),
                low: Amount(dice.below(300_000).into()),
                point: Amount(dice.below(600_000).into()),
                high: Amount(dice.below(900_000).into()),
            })
            .collect();
        let avoidable = avoidable::settle(&claims, &lost);
        assert!(Amount::ZERO <= avoidable.low && avoidable.low <= avoidable.point && avoidable.point <= avoidable.high);
        assert!(avoidable.high <= total.net() && avoidable.high <= total.lost && total.lost <= total.gross);
        claimed += avoidable.point;
    }
    assert!(elsewhere > 1_000 && wishes > 1_000 && claimed > Amount::ZERO, "{elsewhere} {wishes} {claimed}");
}
