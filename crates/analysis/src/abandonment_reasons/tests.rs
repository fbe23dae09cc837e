use std::sync::Arc;

use events::Kind;
use events::time::{DAY, HOUR, MINUTE};

use super::carts::Cart;
use super::lift::Lift;
use super::signals::{Row, Signals};
use super::{BarrierFinding, CartReason, Chance, Reason, rules};
use crate::funnel::Step;
use crate::testing::{NOON, settings};

fn row(after: i64, kind: Kind, product: u64) -> Row {
    Row { ts: NOON + after, kind, event: 1, line: 0, person: 0, session: 1, product, error_code: None }
}

fn error(after: i64, code: &str) -> Row {
    Row { error_code: Some(Arc::from(code)), ..row(after, Kind::CheckoutError, 0) }
}

fn signals(rows: &[Row]) -> Signals {
    let mut signals = Signals::default();
    for row in rows {
        signals.take(row);
    }
    signals
}

/// An abandoned cart with product 1, opened at noon, and what happened then.
fn cart(rows: &[Row]) -> Cart {
    Cart {
        id: "a".to_owned(),
        person_id: "v:1".to_owned(),
        visitor_id: None,
        opened_at: NOON,
        purchased_at: None,
        abandoned: true,
        emptied: false,
        words: [Some("mobile"), Some("iOS"), None, Some("BE"), None, None, Some("paypal"), None]
            .map(|word| word.map(Arc::from)),
        signals: signals(&[&[row(0, Kind::AddToCart, 1)], rows].concat()),
    }
}

const TILL: [Kind; 3] = [Kind::BeginCheckout, Kind::AddShippingInfo, Kind::AddPaymentInfo];

/// The steps of the till up to this one, a minute each.
fn up_to(step: Kind) -> Vec<Row> {
    let steps = TILL.into_iter().zip(1..);
    steps.filter(|(kind, _)| *kind <= step).map(|(kind, minute)| row(minute * MINUTE, kind, 0)).collect()
}

/// So many that bought, and so many that left, at the payment.
fn crowd(bought: usize, left: usize, more: &[Row]) -> Vec<Cart> {
    let way = [up_to(Kind::AddPaymentInfo), more.to_vec()].concat();
    let buys = [way.clone(), vec![row(HOUR, Kind::Purchase, 1)]].concat();
    let bought_in_time = Cart { purchased_at: Some(NOON + HOUR), abandoned: false, ..cart(&buys) };
    [vec![bought_in_time; bought], vec![cart(&way); left]].concat()
}

fn judge(cart: &Cart, others: &[Cart], findings: &[BarrierFinding]) -> CartReason {
    judge_with(cart, others, findings, Chance { at_window: 0.2, now: 0.1 })
}

fn judge_with(cart: &Cart, others: &[Cart], findings: &[BarrierFinding], chance: Chance) -> CartReason {
    let settings = settings();
    let carts = [std::slice::from_ref(cart), others].concat();
    rules::judge(cart, &Lift::learn(&carts, &settings, findings), chance, &settings, findings)
}

#[test]
fn an_error_that_nothing_comes_after_stands_and_a_try_that_went_through_ends_it() {
    let failed = [up_to(Kind::AddPaymentInfo), vec![error(10 * MINUTE, "E1")]].concat();
    assert_eq!(signals(&failed).stuck.unwrap().step, Step::AddPaymentInfo);
    let began_again = [failed.clone(), vec![row(HOUR, Kind::BeginCheckout, 0)]].concat();
    assert!(signals(&began_again).stuck.is_some());
    let paid = [failed, vec![row(HOUR, Kind::AddPaymentInfo, 0)]].concat();
    assert_eq!(signals(&paid).stuck, None);
    assert_eq!(signals(&paid).errors.len(), 1);
}

#[test]
fn only_what_lies_in_the_cart_is_saved_for_later() {
    let before = [row(0, Kind::AddToWishlist, 1), row(MINUTE, Kind::AddToCart, 1)];
    let after = [row(0, Kind::AddToCart, 1), row(MINUTE, Kind::AddToWishlist, 1)];
    assert!(!signals(&before).saved && signals(&after).saved);
}

#[test]
fn what_is_looked_at_and_then_put_in_is_no_other() {
    let looked = [row(0, Kind::AddToCart, 1), row(1, Kind::ViewItem, 2), row(2, Kind::ViewItem, 3)];
    assert_eq!(signals(&looked).others(), 2);
    let taken = [&looked[..], &[row(3, Kind::AddToCart, 3)]].concat();
    assert_eq!((signals(&taken).others(), signals(&taken).products()), (1, 2));
}

#[test]
fn an_error_after_which_more_leave_is_a_barrier_and_one_that_changes_nothing_is_not() {
    let without = crowd(90, 10, &[]);
    let bad = crowd(10, 40, &[error(10 * MINUTE, "PSP-1")]);
    let harmless = crowd(180, 20, &[error(10 * MINUTE, "HINT")]);
    let others = [without, bad.clone(), harmless.clone()].concat();
    let stopped = judge(&bad[10], &others, &[]);
    assert_eq!((stopped.reason, stopped.evidence.as_str()), (Reason::Barrier, "error PSP-1 at add_payment_info"));
    // 40 of 50 left; 5 would have anyway.
    assert!((0.7..0.9).contains(&stopped.confidence), "{}", stopped.confidence);
    assert_eq!(judge(&harmless[180], &others, &[]).reason, Reason::Unknown);
}

fn silent(column: &str, value: &str) -> BarrierFinding {
    BarrierFinding {
        id: "b1".to_owned(),
        step: Step::AddShippingInfo,
        conditions: vec![(column.to_owned(), value.to_owned())],
        onset: NOON,
        end: None,
    }
}

#[test]
fn a_barrier_that_was_found_stops_carts_without_any_error() {
    let stopped = cart(&up_to(Kind::AddShippingInfo));
    let elsewhere = |cart: Cart| {
        let mut words = cart.words.clone();
        words[3] = Some(Arc::from("DE"));
        Cart { words, ..cart }
    };
    let others: Vec<Cart> = crowd(90, 10, &[]).into_iter().map(elsewhere).chain(vec![stopped.clone(); 20]).collect();
    assert_eq!(judge(&stopped, &others, &[]).reason, Reason::Costs);
    let reason = judge(&stopped, &others, &[silent("country", "BE")]);
    assert_eq!((reason.reason, reason.barrier.as_deref()), (Reason::Barrier, Some("b1")));
    for finding in [
        silent("country", "DE"),
        silent("moon", "full"),
        BarrierFinding { onset: NOON + DAY, ..silent("country", "BE") },
        BarrierFinding { end: Some(NOON), ..silent("country", "BE") },
        BarrierFinding { step: Step::BeginCheckout, ..silent("country", "BE") },
    ] {
        assert_eq!(judge(&stopped, &others, std::slice::from_ref(&finding)).reason, Reason::Costs, "{finding:?}");
    }
}

#[test]
fn each_sign_leads_to_its_reason() {
    let reason = |cart: &Cart| judge(cart, &[], &[]).reason;
    assert_eq!(reason(&cart(&[])), Reason::LeftBeforeCheckout);
    assert_eq!(reason(&Cart { emptied: true, ..cart(&[]) }), Reason::Emptied);
    assert_eq!(reason(&cart(&[row(1, Kind::AddToWishlist, 1)])), Reason::WishList);
    assert_eq!(reason(&Cart { purchased_at: Some(NOON + 5 * DAY), ..cart(&[]) }), Reason::WishList);
    assert_eq!(reason(&cart(&up_to(Kind::BeginCheckout))), Reason::Unknown);
    assert_eq!(reason(&cart(&up_to(Kind::AddShippingInfo))), Reason::Costs);
    let views: Vec<Row> = (2..8).map(|product| row(1, Kind::ViewItem, product)).collect();
    assert_eq!(reason(&cart(&views)), Reason::Comparison);
    assert_eq!(reason(&cart(&views[..3])), Reason::LeftBeforeCheckout);
    assert_eq!(reason(&cart(&[views, up_to(Kind::BeginCheckout)].concat())), Reason::Unknown);
}

#[test]
fn who_goes_back_to_the_cart_after_the_costs_is_surer_to_have_left_for_them() {
    let left = cart(&up_to(Kind::AddShippingInfo));
    let back = cart(&[up_to(Kind::AddShippingInfo), vec![row(HOUR, Kind::ViewCart, 0)]].concat());
    assert!(judge(&back, &[], &[]).confidence > judge(&left, &[], &[]).confidence);
}

#[test]
fn a_cart_that_is_likely_to_be_bought_later_is_kept_for_later() {
    let chance = |at_window| Chance { at_window, now: at_window / 2.0 };
    let likely = judge_with(&cart(&[]), &[], &[], chance(0.6));
    assert_eq!((likely.reason, likely.confidence, likely.p_later), (Reason::WishList, 0.6, 0.3));
    let unlikely = judge_with(&cart(&[]), &[], &[], chance(0.4));
    assert_eq!((unlikely.reason, unlikely.p_later), (Reason::LeftBeforeCheckout, 0.2));
    let saved = judge_with(&cart(&[row(1, Kind::AddToWishlist, 1)]), &[], &[], chance(0.4));
    assert_eq!((saved.reason, saved.confidence), (Reason::WishList, 0.4), "saved, and as sure as it is to be bought");
}
