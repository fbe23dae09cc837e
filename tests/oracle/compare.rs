//! A run of the program and a run of the oracle, side by side.

use std::collections::BTreeMap;

use serde_json::Value;
use support::lake::Lake;
use support::oracle::{Balance, Cart, CartItem, Order, World};
use support::table::{Row, differences, moment, money, pick};

/// What tells carts apart, whoever reads them.
const CART: [&str; 3] = ["person_id", "opened_at", "opening_event_id"];

/// Runs the program over the folder `logs` and holds everything against what the oracle made of the same files: where
/// they differ, in words.
pub(crate) fn run(lake: &Lake, expected: &World, as_of: Option<i64>) -> Vec<String> {
    let as_of = as_of.map(moment);
    let mut args = vec!["run", "logs"];
    args.extend(as_of.iter().flat_map(|as_of| ["--as-of", as_of]));
    let said = lake.json(&args);
    let (found, wanted) = (balance(&said["ingest"]), in_words(&expected.balance));
    let mut words = tables(lake, expected);
    if found != wanted {
        words.push(format!("rows ended as {found:?} instead of {wanted:?}"));
    }
    words
}

/// Where the published carts, cart items and orders differ from the oracle's, in words.
pub(crate) fn tables(lake: &Lake, expected: &World) -> Vec<String> {
    // Both have names of their own for carts; what they must agree on is which is which.
    let mut carts = lake.rows("carts");
    let mine: BTreeMap<String, String> =
        carts.iter_mut().map(|cart| (cart.remove("cart_id").flatten().expect("an id"), which(cart))).collect();
    assert_eq!(mine.len(), carts.len(), "every cart has an id of its own");
    let mut rows: Vec<Row> = expected.carts.iter().map(cart_row).collect();
    let theirs: BTreeMap<&str, String> =
        expected.carts.iter().zip(&rows).map(|(cart, row)| (cart.cart_id.as_str(), which(row))).collect();
    let mut words = differences(&carts, &rows, &CART);

    let mut orders = lake.rows("orders");
    for order in &mut orders {
        let cart = order["cart_id"].as_deref().map(|id| named(&mine, id));
        order.insert("cart_id".to_owned(), cart);
        order.retain(|column, _| ORDER.contains(&column.as_str()));
    }
    rows = expected.orders.iter().map(|order| order_row(order, &theirs)).collect();
    words.extend(differences(&orders, &rows, &ORDER[..3]));

    let mut items = lake.rows("cart_items");
    items.retain(|item| item["quantity"].as_deref() != Some("0"));
    for item in &mut items {
        let cart = item["cart_id"].as_deref().map(|id| named(&mine, id));
        item.insert("cart_id".to_owned(), cart);
        item.insert("product".to_owned(), item["product_id"].clone().or_else(|| item["product_name"].clone()));
        item.insert("priced".to_owned(), Some(item["unit_price"].is_some().to_string()));
        item.retain(|column, _| ITEM.contains(&column.as_str()));
    }
    rows = expected.cart_items.iter().map(|item| item_row(item, &theirs)).collect();
    words.extend(differences(&items, &rows, &ITEM[..2]));
    words
}

/// The name under which both know the program's cart of this id.
fn named(carts: &BTreeMap<String, String>, id: &str) -> String {
    carts.get(id).cloned().unwrap_or_else(|| format!("a cart {id} that is none"))
}

fn which(cart: &Row) -> String {
    pick(cart, &CART).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")
}

/// The balance of a run as `--json` tells it, by where rows ended.
pub(crate) fn balance(ingest: &Value) -> BTreeMap<String, u64> {
    let count = |value: &Value| value.as_u64().expect("a count");
    let mut balance: BTreeMap<String, u64> =
        ["read", "accepted", "duplicates"].map(|name| (name.to_owned(), count(&ingest[name]))).into();
    for file in ingest["files"].as_array().expect("a list of files") {
        for (reason, rows) in file["quarantined"].as_object().expect("counts by reason") {
            *balance.entry(reason.clone()).or_default() += count(rows);
        }
    }
    balance
}

/// The oracle's balance in the same form.
pub(crate) fn in_words(balance: &Balance) -> BTreeMap<String, u64> {
    let of = |name: &str, count: u64| (name.to_owned(), count);
    let mut words: BTreeMap<String, u64> =
        balance.quarantined.iter().map(|(reason, count)| of(reason, *count)).collect();
    words.extend([of("read", balance.read), of("accepted", balance.accepted), of("duplicates", balance.duplicates)]);
    words
}

fn row<const N: usize>(cells: [(&str, Option<String>); N]) -> Row {
    cells.map(|(column, cell)| (column.to_owned(), cell)).into()
}

/// A row of `carts`: every column but the id, under which each has its own name.
fn cart_row(cart: &Cart) -> Row {
    let text = |text: &str| Some(text.to_owned());
    row([
        ("person_id", text(&cart.person_id)),
        ("customer_id", cart.customer_id.clone()),
        ("visitor_id", cart.visitor_id.clone()),
        ("opened_at", Some(moment(cart.opened_at))),
        ("opened_by", text(cart.opened_by)),
        ("opening_event_id", text(&cart.opening_event_id)),
        ("last_activity_at", Some(moment(cart.last_activity_at))),
        ("checkout_started_at", cart.checkout_started_at.map(moment)),
        ("shipping_info_at", cart.shipping_info_at.map(moment)),
        ("payment_info_at", cart.payment_info_at.map(moment)),
        ("purchased_at", cart.purchased_at.map(moment)),
        ("order_id", cart.order_id.clone()),
        ("expired_at", cart.expired_at.map(moment)),
        ("state", text(cart.state)),
        ("emptied", Some(cart.emptied.to_string())),
        ("outcome", text(cart.outcome)),
        ("recovered", Some(cart.recovered.to_string())),
        ("furthest_step", text(cart.furthest_step)),
        ("items", Some(cart.items.to_string())),
        ("distinct_products", Some(cart.distinct_products.to_string())),
        ("unpriced_items", Some(cart.unpriced_items.to_string())),
        ("value", Some(money(cart.value))),
        ("value_at_window", cart.value_at_window.map(money)),
        ("peak_value", Some(money(cart.peak_value))),
        ("purchased_value", cart.purchased_value.map(money)),
        ("left_behind_value", cart.left_behind_value.map(money)),
        ("currency", cart.currency.clone()),
        ("sessions", Some(cart.sessions.to_string())),
        ("returns", Some(cart.returns.to_string())),
        ("errors", Some(cart.errors.to_string())),
        ("first_error_code", cart.first_error_code.clone()),
        ("last_error_code", cart.last_error_code.clone()),
        ("device", cart.device.clone()),
        ("os", cart.os.clone()),
        ("browser", cart.browser.clone()),
        ("country", cart.country.clone()),
        ("channel", cart.channel.clone()),
        ("release", cart.release.clone()),
        ("payment_method", cart.payment_method.clone()),
        ("shipping_method", cart.shipping_method.clone()),
        ("coupon", cart.coupon.clone()),
        ("top_category", cart.top_category.clone()),
        ("segment", text(&cart.segment)),
        ("top1", Some(cart.top1.to_string())),
        ("prior_orders", Some(cart.prior_orders.to_string())),
        ("prior_spend", Some(money(cart.prior_spend))),
    ])
}

/// The columns of `orders` that the oracle knows; the first three tell orders apart.
const ORDER: [&str; 6] = ["person_id", "ordered_at", "order_id", "cart_id", "lines", "amount"];

fn order_row(order: &Order, carts: &BTreeMap<&str, String>) -> Row {
    row([
        ("person_id", Some(order.person_id.clone())),
        ("ordered_at", Some(moment(order.ordered_at))),
        ("order_id", order.order_id.clone()),
        ("cart_id", order.cart_id.as_deref().map(|cart| carts[cart].clone())),
        ("lines", Some(order.lines.to_string())),
        ("amount", Some(money(order.value))),
    ])
}

/// What `cart_items` says of a product that lies in a cart; the first two tell rows apart.
const ITEM: [&str; 5] = ["cart_id", "product", "quantity", "value", "priced"];

fn item_row(item: &CartItem, carts: &BTreeMap<&str, String>) -> Row {
    let value = i128::from(item.quantity) * item.unit_price.unwrap_or(0);
    row([
        ("cart_id", Some(carts[item.cart_id.as_str()].clone())),
        ("product", item.product.clone()),
        ("quantity", Some(item.quantity.to_string())),
        ("value", Some(money(value))),
        ("priced", Some(item.unit_price.is_some().to_string())),
    ])
}
