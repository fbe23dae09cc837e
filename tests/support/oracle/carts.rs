//! The rows of a cart to the columns of the `carts` table.

use std::collections::BTreeSet;

use super::content::{self, Content};
use super::events::{Event, Kind};
use super::history::{CartRows, History, OrderRows, last};
use super::money::Rates;
use super::orders::{self, Ledger};
use super::segments;
use super::{Cart, CartItem, Settings};

/// What is the same for every cart of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<'a> {
    pub(super) settings: &'a Settings,
    pub(super) rates: &'a Rates,
    pub(super) as_of: i64,
    pub(super) ledger: &'a Ledger,
}

/// The name of a cart: that of the row which opened it.
pub(super) fn cart_id(cart: &CartRows) -> String {
    let opening = cart.rows[0];
    format!("{}/{}/{}", opening.source, opening.event_id, opening.line)
}

/// One row of the `carts` table.
pub(super) fn cart(history: &History, rows: &CartRows, shared: Shared) -> Cart {
    let Shared { settings, rates, as_of, ledger } = shared;
    let opening = rows.rows[0];
    let opened_at = opening.ts;
    let last_activity_at = last(rows).ts;
    let order = rows.order.map(|order| &history.orders[order]);
    let purchased_at = order.map(|order| order.rows[0].ts);

    let due_at = last_activity_at + settings.expiry_micros;
    let expired_at = (purchased_at.is_none() && due_at < as_of).then_some(due_at);
    let state = match (purchased_at, expired_at) {
        (Some(_), _) => "purchased",
        (None, Some(_)) => "expired",
        (None, None) => "open",
    };
    let window_ends = opened_at + settings.window_micros;
    let outcome = if purchased_at.is_some_and(|at| at <= window_ends) {
        "purchased"
    } else if window_ends <= as_of {
        "abandoned"
    } else {
        "pending"
    };

    // A cart without a priced line is worth 0 in any currency.
    let currency = content::currency(&rows.rows, rates);
    let money = currency.unwrap_or(rates.base());
    let content = content::replay(&rows.rows);
    let until_window: Vec<&Event> = rows.rows.iter().copied().filter(|row| row.ts <= window_ends).collect();
    let value_at_window = content::replay(&until_window).value(money, rates);
    let peak_value = (1..=rows.rows.len()).map(|n| content::replay(&rows.rows[..n]).value(money, rates)).max();
    let standing = segments::standing(ledger, &history.person_id, opened_at, settings.zone);

    let first = |kind: Kind| rows.rows.iter().find(|row| row.kind == kind).map(|row| row.ts);
    let last_known = |column: fn(&Event) -> &Option<String>| rows.rows.iter().rev().find_map(|row| column(row).clone());
    let errors: Vec<&Event> = rows.rows.iter().copied().filter(|row| row.kind == Kind::CheckoutError).collect();
    let furthest = rows.rows.iter().filter(|row| row.kind.step().is_some()).map(|row| row.kind).max();

    Cart {
        cart_id: cart_id(rows),
        person_id: history.person_id.clone(),
        customer_id: history.person_id.strip_prefix("c:").map(str::to_owned),
        visitor_id: opening.visitor_id.clone(),
        opened_at,
        opened_by: opening.kind.step().unwrap_or_default(),
        opening_event_id: opening.event_id.clone(),
        last_activity_at,
        checkout_started_at: first(Kind::BeginCheckout),
        shipping_info_at: first(Kind::AddShippingInfo),
        payment_info_at: first(Kind::AddPaymentInfo),
        purchased_at,
        order_id: order.and_then(OrderRows::order_id).map(str::to_owned),
        expired_at,
        state,
        emptied: purchased_at.is_none() && content.ever_filled && content.items() == 0,
        outcome,
        recovered: outcome == "abandoned" && purchased_at.is_some(),
        furthest_step: furthest.and_then(Kind::step).unwrap_or_default(),
        items: content.items(),
        distinct_products: content.distinct_products(),
        unpriced_items: content.unpriced_items(),
        value: content.value(money, rates),
        value_at_window: (outcome != "pending").then_some(value_at_window),
        peak_value: peak_value.unwrap_or(0),
        purchased_value: order.and_then(|order| orders::lines_value(&orders::lines(order), money, rates)),
        left_behind_value: order.and_then(|order| left_behind(&content, order, money, rates)),
        currency: currency.map(str::to_owned),
        sessions: distinct(rows.rows.iter().map(|row| row.session_id.as_deref())),
        returns: returns(history, rows, purchased_at.or(expired_at)),
        errors: errors.iter().map(|row| row.identity()).collect::<BTreeSet<_>>().len(),
        first_error_code: errors.iter().find_map(|row| row.error_code.clone()),
        last_error_code: errors.iter().rev().find_map(|row| row.error_code.clone()),
        device: opening.device.clone(),
        os: opening.os.clone(),
        browser: opening.browser.clone(),
        country: opening.country.clone(),
        channel: opening.channel.clone(),
        release: opening.release.clone(),
        payment_method: last_known(|row| &row.payment_method),
        shipping_method: last_known(|row| &row.shipping_method),
        coupon: last_known(|row| &row.coupon),
        top_category: top_category(rows),
        segment: standing.segment,
        top1: standing.top1,
        prior_orders: standing.prior_orders,
        prior_spend: standing.prior_spend,
    }
}

/// How many different names there are, not counting rows without one.
fn distinct<'a>(names: impl Iterator<Item = Option<&'a str>>) -> usize {
    names.flatten().collect::<BTreeSet<_>>().len()
}

/// In how many other sessions the person was seen while the cart was open: after the moment of its opening,
/// up to and including that of its end.
fn returns(history: &History, cart: &CartRows, closed_at: Option<i64>) -> usize {
    let opening = cart.rows[0];
    let while_open = |event: &&&Event| event.ts > opening.ts && closed_at.is_none_or(|closed| event.ts <= closed);
    let sessions = history.events.iter().filter(while_open).map(|event| event.session_id.as_deref());
    distinct(sessions.filter(|session| *session != opening.session_id.as_deref()))
}

/// The category of the opening event's first line that has one.
fn top_category(cart: &CartRows) -> Option<String> {
    let opening = cart.rows[0];
    let of_event = cart.rows.iter().filter(|row| row.identity() == opening.identity());
    of_event.filter_map(|row| Some((row.line, row.category.clone()?))).min().map(|(_, category)| category)
}

/// What lay in the cart beyond what the order took of each product, at the cart's prices; `None` where the order
/// does not say what it took.
fn left_behind(content: &Content, order: &OrderRows, currency: &str, rates: &Rates) -> Option<i128> {
    let ordered = orders::lines(order);
    if ordered.is_empty() {
        return None;
    }
    let mut value = 0;
    for (&product, line) in &content.lines {
        let taken: i64 = ordered.iter().filter(|row| row.product() == product).map(|row| row.pieces()).sum();
        value += i128::from((line.quantity - taken).max(0)) * line.unit_price(currency, rates);
    }
    Some(value)
}

/// The lines of a cart as rows of the `cart_items` table.
pub(super) fn items(rows: &CartRows, rates: &Rates) -> Vec<CartItem> {
    let currency = content::currency(&rows.rows, rates).unwrap_or(rates.base());
    let content = content::replay(&rows.rows);
    let left = content.lines.iter().filter(|(_, line)| line.quantity > 0);
    left.map(|(product, line)| CartItem {
        cart_id: cart_id(rows),
        product: product.map(str::to_owned),
        quantity: line.quantity,
        unit_price: line.priced_by.map(|_| line.unit_price(currency, rates)),
    })
    .collect()
}
