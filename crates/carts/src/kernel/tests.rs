//! The rules of a cart, one statement each.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt16Array,
};
use arrow::datatypes::{Decimal128Type, Int64Type};
use events::schema::Type;
use events::time::{DAY, HOUR, MINUTE};
use events::{Amount, money};

use super::*;
use crate::columns::PERSON;
use crate::schema::event_columns;

const START: i64 = 20_000 * DAY;

/// One event row of a test; what is not set is null.
#[derive(Clone, Default)]
struct Given {
    at: i64,
    kind: &'static str,
    person: Option<&'static str>,
    event: Option<&'static str>,
    line: u16,
    session: Option<&'static str>,
    order: Option<&'static str>,
    product: Option<&'static str>,
    quantity: Option<i32>,
    price: Option<&'static str>,
    order_value: Option<&'static str>,
    currency: Option<&'static str>,
}

fn event(kind: &'static str, at: i64) -> Given {
    Given { at, kind, ..Given::default() }
}

fn add(at: i64, product: &'static str, quantity: i32, price: &'static str) -> Given {
    Given { product: Some(product), quantity: Some(quantity), price: Some(price), ..event("add_to_cart", at) }
}

fn purchase(at: i64, order: &'static str) -> Given {
    Given { order: Some(order), ..event("purchase", at) }
}

fn rules(as_of: i64) -> Rules {
    Rules {
        as_of: START + as_of,
        window: 3 * DAY,
        expiry: 30 * DAY,
        zone: chrono_tz::UTC,
        rates: Rates::new("EUR", [("GBP", "0.85")]).unwrap(),
    }
}

fn tables(as_of: i64, rows: &[Given]) -> Tables {
    let text = |of: &dyn Fn(usize, &Given) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().enumerate().map(|(at, row)| of(at, row)).collect::<StringArray>())
    };
    let price = |of: fn(&Given) -> Option<&'static str>| -> ArrayRef {
        let amounts = rows.iter().map(|row| of(row).map(|text| Amount::parse(text).unwrap().0));
        let array = amounts.collect::<Decimal128Array>();
        Arc::new(array.with_precision_and_scale(money::PRECISION, money::SCALE).unwrap())
    };
    let owned = |text: Option<&'static str>| text.map(str::to_owned);
    let mut columns: Vec<(&str, ArrayRef)> =
        vec![(PERSON, text(&|_, row| Some(row.person.unwrap_or("v:ann").to_owned())))];
    for name in event_columns() {
        let column = match name {
            "event_id" => text(&|at, row| Some(owned(row.event).unwrap_or_else(|| format!("e{at:03}")))),
            "line" => Arc::new(UInt16Array::from_iter_values(rows.iter().map(|row| row.line))),
            "ts" => {
                let moments = rows.iter().map(|row| START + row.at);
                Arc::new(TimestampMicrosecondArray::from_iter_values(moments).with_timezone("UTC"))
            }
            "kind" => text(&|_, row| Some(row.kind.to_owned())),
            "source" => text(&|_, _| Some("test".to_owned())),
            "session_id" => text(&|_, row| owned(row.session)),
            "order_id" => text(&|_, row| owned(row.order)),
            "product_id" => text(&|_, row| owned(row.product)),
            "quantity" => Arc::new(rows.iter().map(|row| row.quantity).collect::<Int32Array>()),
            "unit_price" => price(|row| row.price),
            "order_value" => price(|row| row.order_value),
            "currency" => text(&|_, row| owned(row.currency)),
            other => {
                let ty = events::schema::EVENTS.columns.iter().find(|column| column.name == other).unwrap().ty;
                assert!(matches!(ty, Type::Text | Type::Word), "a test sets {other}");
                text(&|_, _| None)
            }
        };
        columns.push((name, column));
    }
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
    reconstruct(&Columns::of(&batch.unwrap()).unwrap(), &rules(as_of)).unwrap()
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let plain = events::parquet_io::plain(batch).unwrap();
    let array = plain.column_by_name(column).unwrap().as_string::<i32>();
    array.iter().map(|text| text.unwrap_or("-").to_owned()).collect()
}

fn amounts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let array = batch.column_by_name(column).unwrap().as_primitive::<Decimal128Type>();
    array.iter().map(|amount| amount.map_or("-".to_owned(), |scaled| Amount(scaled).to_string())).collect()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn flags(batch: &RecordBatch, column: &str) -> Vec<bool> {
    batch.column_by_name(column).unwrap().as_boolean().iter().map(Option::unwrap).collect()
}

#[test]
fn a_cart_bought_exactly_three_days_after_it_opened_is_purchased_and_a_moment_later_abandoned_and_recovered() {
    let bought = |at| tables(9 * DAY, &[add(0, "mug", 1, "10"), purchase(at, "o")]).carts;
    assert_eq!(texts(&bought(3 * DAY), "outcome"), ["purchased"]);
    let late = bought(3 * DAY + 1);
    assert_eq!((texts(&late, "outcome"), flags(&late, "recovered")), (vec!["abandoned".to_owned()], vec![true]));
}

#[test]
fn a_cart_is_pending_until_its_window_has_passed() {
    let outcome = |as_of| texts(&tables(as_of, &[add(0, "mug", 1, "10")]).carts, "outcome");
    assert_eq!(outcome(3 * DAY - 1), ["pending"]);
    assert_eq!(outcome(3 * DAY), ["abandoned"]);
    let pending = tables(DAY, &[add(0, "mug", 1, "10")]).carts;
    assert_eq!(amounts(&pending, "value_at_window"), ["-"]);
}

#[test]
fn an_event_exactly_at_expiry_still_belongs_to_the_cart_and_a_moment_later_opens_a_new_one() {
    let carts = |at| tables(90 * DAY, &[add(0, "mug", 1, "10"), add(at, "mug", 1, "10")]).carts;
    assert_eq!(carts(30 * DAY).num_rows(), 1);
    assert_eq!(carts(30 * DAY + 1).num_rows(), 2);
    assert_eq!(texts(&carts(30 * DAY), "state"), ["expired"]);
}

#[test]
fn only_adding_and_starting_checkout_open_a_cart() {
    let kinds = ["view_cart", "remove_from_cart", "add_shipping_info", "checkout_error", "page_view", "purchase"];
    for kind in kinds {
        assert_eq!(tables(DAY, &[event(kind, 0)]).carts.num_rows(), 0, "{kind}");
    }
    assert_eq!(texts(&tables(DAY, &[event("begin_checkout", 0)]).carts, "opened_by"), ["begin_checkout"]);
}

#[test]
fn a_begin_checkout_that_opens_a_cart_fills_it_and_a_later_one_only_prices_it() {
    let line = |at, event_id, line, price| Given {
        event: Some(event_id),
        line,
        product: Some(if line == 0 { "mug" } else { "tea" }),
        quantity: Some(2),
        price: Some(price),
        ..event("begin_checkout", at)
    };
    let carts = tables(DAY, &[line(0, "a", 0, "10"), line(0, "a", 1, "1"), line(HOUR, "b", 0, "8")]).carts;
    assert_eq!(carts.num_rows(), 1);
    assert_eq!((numbers(&carts, "items"), amounts(&carts, "value")), (vec![4], vec!["18.0000".to_owned()]));
    assert_eq!(amounts(&carts, "peak_value"), ["22.0000"]);
}

#[test]
fn removing_more_than_there_is_leaves_nothing_and_empties_the_cart() {
    let remove = Given { product: Some("mug"), quantity: Some(9), ..event("remove_from_cart", HOUR) };
    let emptied = tables(9 * DAY, &[add(0, "mug", 2, "10"), remove.clone()]).carts;
    assert_eq!((flags(&emptied, "emptied"), amounts(&emptied, "value")), (vec![true], vec!["0.0000".to_owned()]));
    assert_eq!(texts(&emptied, "outcome"), ["abandoned"]);
    let refilled = tables(9 * DAY, &[add(0, "mug", 2, "10"), remove, add(2 * HOUR, "mug", 1, "10")]).carts;
    assert_eq!((flags(&refilled, "emptied"), numbers(&refilled, "items")), (vec![false], vec![1]));
    let nothing = tables(9 * DAY, &[add(0, "mug", 0, "10")]).carts;
    assert_eq!(flags(&nothing, "emptied"), [false], "it never held anything");
}

#[test]
fn the_value_at_the_window_is_frozen_whatever_happens_later() {
    let carts = tables(9 * DAY, &[add(0, "mug", 1, "10"), add(3 * DAY, "tea", 1, "5"), add(4 * DAY, "pot", 1, "50")]);
    assert_eq!(amounts(&carts.carts, "value_at_window"), ["15.0000"]);
    assert_eq!(amounts(&carts.carts, "value"), ["65.0000"]);
}

#[test]
fn prices_of_another_currency_are_converted_and_those_without_a_rate_count_nothing() {
    let pounds = Given { currency: Some("GBP"), ..add(HOUR, "tea", 2, "8.5") };
    let dollars = Given { currency: Some("USD"), ..add(2 * HOUR, "pot", 1, "100") };
    let made = tables(DAY, &[add(0, "mug", 1, "10"), pounds, dollars]);
    assert_eq!(
        (texts(&made.carts, "currency"), amounts(&made.carts, "value")),
        (vec!["EUR".into()], vec!["30.0000".into()])
    );
    assert_eq!(made.unconverted, 1);
}

#[test]
fn an_order_sent_again_never_closes_a_newer_cart() {
    let rows = [add(0, "mug", 1, "10"), purchase(HOUR, "o"), add(2 * HOUR, "tea", 1, "5"), purchase(3 * HOUR, "o")];
    let made = tables(DAY, &rows);
    assert_eq!(texts(&made.carts, "state"), ["purchased", "open"]);
    assert_eq!(made.orders.num_rows(), 1);
}

#[test]
fn purchase_rows_without_an_order_id_are_one_order_while_they_follow_each_other_within_half_an_hour() {
    let bare = |at| Given { product: Some("mug"), ..event("purchase", at) };
    let orders = |rows: &[Given]| tables(DAY, rows).orders.num_rows();
    assert_eq!(orders(&[bare(0), bare(30 * MINUTE), bare(60 * MINUTE)]), 1);
    assert_eq!(orders(&[bare(0), bare(30 * MINUTE + 1)]), 2);
    assert_eq!(orders(&[bare(0), event("view_cart", MINUTE), bare(2 * MINUTE)]), 2);
}

#[test]
fn what_was_in_the_cart_but_not_in_the_order_is_left_behind_not_abandoned() {
    let bought = Given { product: Some("mug"), quantity: Some(1), price: Some("9"), ..purchase(HOUR, "o") };
    let carts = tables(9 * DAY, &[add(0, "mug", 2, "10"), add(0, "tea", 1, "5"), bought]).carts;
    assert_eq!(amounts(&carts, "left_behind_value"), ["15.0000"]);
    assert_eq!(
        (amounts(&carts, "purchased_value"), amounts(&carts, "value")),
        (vec!["9.0000".into()], vec!["25.0000".into()])
    );
}

#[test]
fn a_purchase_with_no_cart_open_is_an_order_with_no_cart() {
    let made = tables(DAY, &[purchase(0, "o")]);
    assert_eq!((made.carts.num_rows(), texts(&made.orders, "cart_id")), (0, vec!["-".to_owned()]));
}

#[test]
fn refunds_lower_what_was_spent_before_only_once_they_were_given() {
    let order = Given { order_value: Some("100"), ..purchase(0, "o") };
    let refund = Given { order: Some("o"), order_value: Some("-30"), ..event("refund", 5 * DAY) };
    let carts = tables(
        9 * DAY,
        &[order, add(4 * DAY, "mug", 1, "10"), purchase(4 * DAY, "p"), refund, add(6 * DAY, "tea", 1, "5")],
    );
    assert_eq!(numbers(&carts.carts, "prior_orders"), [1, 2]);
    assert_eq!(amounts(&carts.carts, "prior_spend"), ["100.0000", "70.0000"]);
    assert_eq!(amounts(&carts.orders, "refunded"), ["30.0000", "0.0000"]);
}

#[test]
fn events_of_the_same_moment_are_taken_in_the_order_of_the_funnel() {
    let rows = [Given { event: Some("z"), ..add(0, "mug", 1, "10") }, Given { event: Some("a"), ..purchase(0, "o") }];
    assert_eq!(texts(&tables(DAY, &rows).carts, "state"), ["purchased"]);
}

#[test]
fn a_return_is_another_visit_while_the_cart_is_open() {
    let seen = |at, session| Given { session: Some(session), ..event("page_view", at) };
    let opening = Given { session: Some("monday"), ..add(0, "mug", 1, "10") };
    let bought = Given { session: Some("tuesday"), ..purchase(DAY, "o") };
    let rows = [
        seen(-HOUR, "sunday"),
        opening,
        seen(HOUR, "monday"),
        seen(DAY - 1, "tuesday"),
        bought,
        seen(2 * DAY, "later"),
    ];
    let carts = tables(9 * DAY, &rows).carts;
    assert_eq!((numbers(&carts, "returns"), numbers(&carts, "sessions")), (vec![1], vec![2]));
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let rows = [add(0, "mug", 1, "10"), add(HOUR, "tea", 2, "5"), purchase(DAY, "o"), add(2 * DAY, "mug", 1, "9")];
    let mut turned = rows.clone();
    turned.reverse();
    // Event ids are given by position, so they are fixed first.
    let named = |rows: &[Given]| -> Vec<Given> {
        let name = |row: &Given| ["a", "b", "c", "d"][usize::try_from(row.at / HOUR % 4).unwrap()];
        rows.iter().map(|row| Given { event: Some(name(row)), ..row.clone() }).collect()
    };
    let (left, right) = (tables(9 * DAY, &named(&rows)), tables(9 * DAY, &named(&turned)));
    assert_eq!((left.carts, left.orders, left.cart_items), (right.carts, right.orders, right.cart_items));
}

#[test]
fn the_cart_id_is_of_the_opening_event_and_survives_a_login() {
    let id = |person| texts(&tables(DAY, &[Given { person: Some(person), ..add(0, "mug", 1, "10") }]).carts, "cart_id");
    assert_eq!(id("v:phone"), id("c:ann"));
}

#[test]
fn a_thousand_products_in_one_cart_are_still_told_apart() {
    let names: Vec<&'static str> = (0..1_000).map(|at| &*Box::leak(format!("p{at}").into_boxed_str())).collect();
    let rows: Vec<Given> = names.iter().flat_map(|name| [add(0, name, 1, "1"), add(HOUR, name, 1, "2")]).collect();
    let carts = tables(DAY, &rows).carts;
    assert_eq!((numbers(&carts, "distinct_products"), numbers(&carts, "items")), (vec![1_000], vec![2_000]));
    assert_eq!(amounts(&carts, "value"), ["4000.0000"]);
}
