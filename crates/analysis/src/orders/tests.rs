use super::*;
use crate::testing::{Order, analysis_with, order, settings};

fn amount(text: &str) -> Option<Amount> {
    Amount::parse(text)
}

fn summary(orders: &[Order]) -> OrderSummary {
    analysis_with(&[], orders, &settings()).orders
}

#[test]
fn orders_without_a_cart_are_a_gap_in_tracking() {
    let summary = summary(&[order(), Order { cart_id: Some("c"), ..order() }, Order { cart_id: Some("d"), ..order() }]);
    assert_eq!((summary.orders, summary.without_cart), (3, 1));
    assert_eq!(summary.without_cart_share, wilson(1, 3));
}

#[test]
fn an_order_is_worth_its_total_else_its_lines_else_nothing() {
    let summary = summary(&[
        Order { total: amount("10"), lines: amount("99"), ..order() },
        Order { total: None, lines: amount("5.5"), ..order() },
        Order { total: None, lines: None, amount: Amount::ZERO, ..order() },
        Order { total: amount("15.5"), currency: "GBP", ..order() },
        Order { total: amount("100"), currency: "SEK", amount: Amount::ZERO, converted: false, ..order() },
    ]);
    let totals: Vec<(&str, u64, Option<Amount>)> =
        summary.totals.iter().map(|total| (total.currency.as_str(), total.orders, Some(total.value))).collect();
    assert_eq!(totals, [("SEK", 1, amount("100")), ("EUR", 3, amount("15.5")), ("GBP", 1, amount("15.5"))]);
    assert_eq!((summary.unconverted, Some(summary.amount)), (1, amount("3")));
}

#[test]
fn refunds_are_shown_beside_what_was_sold() {
    let summary = summary(&[Order { refunded: Amount(2_500), ..order() }, order()]);
    assert_eq!((summary.amount, summary.refunded), (Amount(20_000), Amount(2_500)));
}

#[test]
fn no_orders_sum_to_nothing() {
    let summary = summary(&[]);
    assert_eq!((summary.orders, summary.without_cart_share, summary.totals.len()), (0, None, 0));
}
