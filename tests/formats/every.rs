//! The story in every format: the same cart, in every column that the format can carry. Which it cannot, and why, is
//! listed, and a column stands in a list only if it does come out differently.

use std::collections::BTreeMap;

use support::lake::Lake;
use support::table::{Row, pick};

use super::{shops, story, trackers};
use crate::lake;

/// Columns that a format cannot carry, with the reason.
type Lost = &'static [(&'static str, &'static str)];

/// The cart of these logs, without the names that a format gives to events.
fn cart(lake: &Lake, args: &[&str], format: &str) -> Row {
    let said = lake.json(&[&["run", "--rebuild", "--as-of", "2026-04-10"], args].concat());
    assert_eq!(said["ingest"]["files"][0]["format"], format);
    assert_eq!(said["ingest"]["quarantined"], 0, "{format}: {said}");
    let [cart] = &lake.rows("carts")[..] else { panic!("{format}: one cart") };
    let mut cart = cart.clone();
    // Hashes of the format's own names for events.
    assert!(cart.remove("cart_id").is_some() && cart.remove("opening_event_id").is_some());
    cart
}

fn native() -> Row {
    let lake = lake();
    lake.write("story.csv", story::csv());
    cart(&lake, &["story.csv"], "native-csv")
}

/// Whole seconds, as formats write them that have no finer ones.
fn cut_to_seconds(cart: &mut Row) {
    for (column, text) in cart.iter_mut().filter(|(column, _)| column.ends_with("_at")) {
        if let Some(text) = text {
            let (seconds, _) = text.split_once('.').unwrap_or_else(|| panic!("{column}: {text}"));
            *text = format!("{seconds}.000000Z");
        }
    }
}

/// Fails unless the columns that are lost are the very ones that differ.
#[track_caller]
fn assert_same(format: &str, told: &Row, native: &Row, lost: Lost) {
    let differ = native.iter().filter(|(column, wanted)| told[*column] != **wanted);
    let differ: BTreeMap<&str, String> =
        differ.map(|(column, wanted)| (column.as_str(), format!("{:?} for {wanted:?}", told[column]))).collect();
    let lost: BTreeMap<&str, &str> = lost.iter().copied().collect();
    assert!(differ.keys().eq(lost.keys()), "{format}: these differ: {differ:#?}\nthese may: {lost:#?}");
}

const NO_VISITS: Lost = &[("sessions", "there are no visits"), ("returns", "there are no visits")];

#[test]
fn a_cart_is_the_same_as_every_tracker_tells_it() {
    let native = native();
    for (name, text, lost) in [
        ("segment", trackers::segment(false), NO_VISITS),
        ("rudderstack", trackers::segment(true), &[]),
        ("snowplow", trackers::snowplow(), &[]),
        ("snowplow-json", trackers::snowplow_json(), &[]),
    ] {
        let lake = lake();
        lake.write("story", text);
        assert_same(name, &cart(&lake, &["story"], name), &native, lost);
    }
}

#[test]
fn a_cart_is_the_same_in_a_shop_s_own_log_through_a_mapping() {
    let lake = lake();
    lake.write("leftcart.toml", shops::MAPPING_CONFIG);
    lake.write("story.jsonl", shops::mapped());
    assert_same("mapping", &cart(&lake, &[], "mapping"), &native(), &[]);
}

const OF_ACCESS_LOGS: Lost = &[
    ("value", "requests tell no prices"),
    ("value_at_window", "requests tell no prices"),
    ("peak_value", "requests tell no prices"),
    ("purchased_value", "the page behind the checkout tells no lines"),
    ("left_behind_value", "without lines of the order nobody knows"),
    ("unpriced_items", "requests tell no prices"),
    ("currency", "requests tell no prices"),
    ("payment_method", "what is posted is not logged"),
    ("shipping_method", "what is posted is not logged"),
    ("coupon", "what is posted is not logged"),
    ("country", "addresses are not looked up"),
    ("top_category", "requests name products alone"),
];

#[test]
fn a_cart_of_a_web_server_s_log_has_its_course_but_no_money() {
    let lake = lake();
    lake.write("leftcart.toml", shops::ACCESS_LOG_CONFIG);
    lake.write("story.log", shops::access_log());
    let mut native = native();
    cut_to_seconds(&mut native);
    assert_same("access-log", &cart(&lake, &[], "access-log"), &native, OF_ACCESS_LOGS);
}

/// What a data set that was made for recommendations leaves out.
const OF_REES46: Lost = &[
    ("checkout_started_at", "no steps of the checkout"),
    ("shipping_info_at", "no steps of the checkout"),
    ("payment_info_at", "no steps of the checkout"),
    ("person_id", "no accounts"),
    ("customer_id", "no accounts"),
    ("order_id", "no orders' ids"),
    ("value", "the price given at the checkout is not told before the purchase"),
    ("value_at_window", "the price given at the checkout is not told before the purchase"),
    ("purchased_value", "no quantities: a bought product is one piece"),
    ("left_behind_value", "no quantities: the second piece looks left behind"),
    ("device", "no user agents"),
    ("os", "no user agents"),
    ("browser", "no user agents"),
    ("country", "no places"),
    ("channel", "no referrers"),
    ("payment_method", "no orders but their products"),
    ("shipping_method", "no orders but their products"),
    ("coupon", "no orders but their products"),
];

#[test]
fn a_cart_of_rees46_s_data_set_has_its_products_and_prices() {
    let lake = lake();
    lake.write("story.csv", shops::rees46());
    let mut native = native();
    cut_to_seconds(&mut native);
    assert_same("rees46", &cart(&lake, &["story.csv"], "rees46"), &native, OF_REES46);
}

const OF_RETAILROCKET: Lost = &[
    ("purchased_at", "milliseconds"),
    ("last_activity_at", "milliseconds"),
    ("checkout_started_at", "no steps of the checkout"),
    ("shipping_info_at", "no steps of the checkout"),
    ("payment_info_at", "no steps of the checkout"),
    ("items", "nothing is taken out again"),
    ("unpriced_items", "no prices"),
    ("value", "no prices"),
    ("value_at_window", "no prices"),
    ("peak_value", "no prices"),
    ("purchased_value", "no prices"),
    ("currency", "no prices"),
    ("person_id", "no accounts"),
    ("customer_id", "no accounts"),
    ("sessions", "no visits"),
    ("returns", "no visits"),
    ("device", "no user agents"),
    ("os", "no user agents"),
    ("browser", "no user agents"),
    ("country", "no places"),
    ("channel", "no referrers"),
    ("payment_method", "no orders but their products"),
    ("shipping_method", "no orders but their products"),
    ("coupon", "no orders but their products"),
    ("top_category", "products without categories"),
];

#[test]
fn a_cart_of_retailrocket_s_data_set_has_its_products_alone() {
    let lake = lake();
    lake.write("story.csv", shops::retailrocket());
    let told = cart(&lake, &["story.csv"], "retailrocket");
    assert_same("retailrocket", &told, &native(), OF_RETAILROCKET);
}

/// A checkout is a state: of what came before it and of single steps it knows nothing.
const OF_CHECKOUTS: Lost = &[
    ("opened_at", "the cart before the checkout is not told"),
    ("opened_by", "the cart before the checkout is not told"),
    ("peak_value", "what was in the cart before is not told"),
    ("shipping_info_at", "one moment for all steps: the last change"),
    ("sessions", "no visits"),
    ("returns", "no visits"),
    ("device", "no user agents"),
    ("os", "no user agents"),
    ("browser", "no user agents"),
    ("country", "the country's code for its name"),
    ("top_category", "products without categories"),
];

/// What GraphQL leaves out of it.
const OF_GRAPHQL: Lost = &[
    ("visitor_id", "no cart's token"),
    ("payment_info_at", "no gateway"),
    ("payment_method", "no gateway"),
    ("shipping_method", "no shipping lines"),
    ("channel", "no landing page"),
];

#[test]
fn a_cart_of_shopify_s_checkouts_begins_with_the_checkout() {
    let graphql = [OF_CHECKOUTS, OF_GRAPHQL].concat();
    for (name, text, lost) in
        [("rest", shops::shopify_rest(), OF_CHECKOUTS), ("graphql", shops::shopify_graphql(), graphql.leak())]
    {
        let lake = lake();
        lake.write("story.json", text);
        let told = cart(&lake, &["story.json"], "shopify-checkouts");
        assert_same(name, &told, &native(), lost);
    }
}

#[test]
fn an_order_of_shopify_s_export_is_the_order_of_the_cart() {
    let columns = ["order_id", "ordered_at", "lines", "items", "order_value", "lines_value", "currency", "amount"];
    let lake = lake();
    lake.write("story.csv", story::csv());
    drop(lake.json(&["run", "story.csv", "--as-of", "2026-04-10"]));
    let native: Vec<_> = lake.rows("orders").iter().map(|row| pick(row, &columns)).collect();
    lake.write("orders.csv", shops::shopify_orders());
    let said = lake.json(&["run", "orders.csv", "--rebuild", "--as-of", "2026-04-10"]);
    assert_eq!(said["ingest"]["files"][0]["format"], "shopify-orders");
    assert_eq!(lake.rows("carts"), [], "an order is no cart: nobody saw what was put into it");
    let told: Vec<_> = lake.rows("orders").iter().map(|row| pick(row, &columns)).collect();
    assert_eq!(told, native);
}
