//! What the trackers' e-commerce events have in common: scalars in JSON, item lines, checkout steps.

use std::borrow::Cow;

use events::Kind;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::native_json::scalar;
use crate::reject::Reject;
use crate::row::{Field, RawRow};

/// A JSON value of which only the text is wanted; `None` for null and what is absent.
pub(super) type Scalar<'a> = Option<&'a RawValue>;

/// The text of a scalar; `None` for null, blank text and what is no scalar.
pub(super) fn text(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    scalar(value?).ok().flatten().filter(|text| !text.trim().is_empty())
}

/// The text of what must be a number: what is none keeps its own text, so that it is rejected by it, not forgotten.
pub(super) fn number(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    let value = value?;
    scalar(value).unwrap_or(Some(Cow::Borrowed(value.get()))).filter(|text| !text.trim().is_empty())
}

/// An object that is part of an event; `name` is what the source calls it. (A derived reader takes a list for one too.)
pub(super) fn object<'a, T: Deserialize<'a>>(name: &str, value: &'a RawValue) -> Result<T, Reject> {
    if !value.get().starts_with('{') {
        return Err(Reject::unreadable(format!("`{name}` must be an object")));
    }
    serde_json::from_str(value.get()).map_err(|error| Reject::unreadable(format!("`{name}`: {error}")))
}

/// An object that says more about an event and is no part of its sense: `None` where it is not as expected.
pub(super) fn aside<'a, T: Deserialize<'a>>(value: Scalar<'a>) -> Option<T> {
    object("", value?).ok()
}

/// A product as an event names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) category: Option<Cow<'a, str>>,
    pub(super) brand: Option<Cow<'a, str>>,
    pub(super) price: Option<Cow<'a, str>>,
    pub(super) quantity: Option<Cow<'a, str>>,
    pub(super) coupon: Option<Cow<'a, str>>,
    pub(super) currency: Option<Cow<'a, str>>,
}

/// One row per item, or one where there is none; `head` is what all rows share, and the order's value stands on line 0.
///
/// An event that becomes `other` is one row: nothing asks for the items of a list that was looked at. An order in
/// another currency than its first item has a line 0 of its own, because a row has one currency.
pub(super) fn rows<'a>(head: &RawRow<'a>, items: Vec<Item<'a>>, order_value: Option<Cow<'a, str>>) -> Vec<RawRow<'a>> {
    let is_other = head.get(Field::Kind) == Some(Kind::Other.name());
    let items = if is_other && items.len() > 1 { Vec::new() } else { items };
    let mut rows = Vec::with_capacity(items.len() + 1);
    let differs = |item: &Item<'_>| match (head.get(Field::Currency), item.currency.as_deref()) {
        (Some(order), Some(item)) => !order.eq_ignore_ascii_case(item.trim()),
        _ => false,
    };
    if items.is_empty() || (order_value.is_some() && items.first().is_some_and(differs)) {
        rows.push(head.clone());
    }
    rows.extend(items.into_iter().map(|item| with_item(head.clone(), item)));
    for (line, row) in rows.iter_mut().enumerate() {
        row.set(Field::Line, line.to_string());
    }
    rows[0].set_some(Field::OrderValue, order_value);
    rows
}

fn with_item<'a>(mut row: RawRow<'a>, item: Item<'a>) -> RawRow<'a> {
    row.set_some(Field::ProductId, item.id);
    row.set_some(Field::ProductName, item.name);
    row.set_some(Field::Category, item.category);
    row.set_some(Field::Brand, item.brand);
    row.set_some(Field::UnitPrice, item.price);
    row.set_some(Field::Quantity, item.quantity);
    row.set_some(Field::Currency, item.currency);
    if row.get(Field::Coupon).is_none() {
        row.set_some(Field::Coupon, item.coupon);
    }
    row
}

/// What a numbered step of a checkout is. Shops number their steps as they like, so only the first is known by its
/// number: it is the checkout's beginning. A later one is told by what was given with it; payment comes after shipping,
/// and what was given before is often repeated, so payment decides. A later step with neither tells nothing: `None`.
pub(super) fn checkout_step(step: Option<&str>, shipping: bool, payment: bool) -> Option<Kind> {
    match step.map(str::trim) {
        Some("1" | "1.0") => Some(Kind::BeginCheckout),
        _ if payment => Some(Kind::AddPaymentInfo),
        _ if shipping => Some(Kind::AddShippingInfo),
        _ => None,
    }
}

/// The kind that a shop's own event name spells out as the contract does (`add_to_cart`, `Begin Checkout`); `name` is
/// in lower case. "Contact" is a page of many shops, and not the shop's message that the contract means by it.
pub(super) fn kind_by_name(name: &str) -> Option<Kind> {
    Kind::parse(&name.replace([' ', '-'], "_")).filter(|kind| !matches!(kind, Kind::Contact | Kind::Other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_begins_the_checkout_and_later_ones_are_told_by_what_was_given() {
        for (step, shipping, payment, expected) in [
            (Some("1"), true, true, Some(Kind::BeginCheckout)),
            (Some("1.0"), false, false, Some(Kind::BeginCheckout)),
            (Some("2"), true, false, Some(Kind::AddShippingInfo)),
            (Some("3"), true, true, Some(Kind::AddPaymentInfo)),
            (None, false, true, Some(Kind::AddPaymentInfo)),
            (Some("4"), false, false, None),
            (None, false, false, None),
        ] {
            assert_eq!(checkout_step(step, shipping, payment), expected, "{step:?} {shipping} {payment}");
        }
    }

    #[test]
    fn a_row_has_one_currency_so_an_order_in_another_one_stands_alone() {
        let mut head = RawRow::default();
        head.set(Field::Kind, "purchase");
        head.set(Field::Currency, "EUR");
        let item = |currency: &'static str| Item { currency: Some(currency.into()), ..Item::default() };
        let of = |items| {
            let rows = rows(&head, items, Some("9.90".into()));
            let texts = rows.iter().map(|row| {
                [Field::Line, Field::Currency, Field::OrderValue].map(|field| row.get(field).map(str::to_owned))
            });
            texts.collect::<Vec<_>>()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(vec![item("eur")]), [[some("0"), some("eur"), some("9.90")]]);
        assert_eq!(of(vec![item("USD")]), [[some("0"), some("EUR"), some("9.90")], [some("1"), some("USD"), None]]);
        assert_eq!(of(vec![]), [[some("0"), some("EUR"), some("9.90")]]);
    }

    #[test]
    fn an_other_event_keeps_its_product_but_no_list_of_them() {
        let mut head = RawRow::default();
        head.set(Field::Kind, "other");
        let item = || Item { id: Some("SKU-1".into()), ..Item::default() };
        assert_eq!(rows(&head, vec![item()], None)[0].get(Field::ProductId), Some("SKU-1"));
        let list = rows(&head, vec![item(), item()], None);
        assert_eq!((list.len(), list[0].get(Field::ProductId)), (1, None));
    }

    #[test]
    fn what_should_be_a_number_and_is_none_keeps_its_text() {
        let raw = |text: &'static str| serde_json::from_str::<&RawValue>(text).unwrap();
        for (given, expected) in [
            ("12.50", Some("12.50")),
            ("\"€5\"", Some("€5")),
            ("{\"a\":1}", Some("{\"a\":1}")),
            ("\" \"", None),
            ("null", None),
        ] {
            assert_eq!(number(Some(raw(given))).as_deref(), expected);
        }
    }
}
