//! Snowplow's own test data, against what Snowplow's dbt package for e-commerce (0.6.1) makes of it, session by session.
//!
//! The data are a warehouse's table as CSV, with the entities as JSON in columns named after their schemas. Nobody loads
//! such a CSV: pipelines give enriched TSV or the SDKs' JSON, of which the table is a copy. So rows are first made into
//! the SDKs' JSON again, which has the same names but for the schemas' minor versions; the reader is Snowplow's.
//!
//! Where both mean the same, the numbers are the same:
//! - **carts transacted** are purchases, in every session;
//! - **checkout steps visited** are `begin_checkout`, `add_shipping_info`, `add_payment_info` and `purchase`, and later steps that
//!   name neither a way of delivery, an address nor a means of payment: the contract has no kind for those;
//! - **carts created** are carts opened, but in the sessions of [`CREATED_OTHERWISE`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};
use support::tools;

use crate::lake;

/// Sessions in which the package counts other carts: the beginning of their id, carts created by its rule, carts opened
/// by ours, and why.
const CREATED_OTHERWISE: [(&str, u64, u64, &str); 8] = [
    ("bbcf9fb2", 0, 1, "two products are put in at once, and neither price alone is the cart's total"),
    ("e5b6c906", 1, 0, "the account's cart of another visit, 23 days before, is still open"),
    ("179d4aec", 2, 1, SAME_CART),
    ("996606dc", 8, 1, SAME_CART),
    ("7a8e2fd8", 5, 4, SAME_CART),
    ("f21445f1", 3, 1, SAME_CART),
    ("9681591f", 3, 2, SAME_CART),
    ("0a42e1e2", 5, 3, SAME_CART),
];

/// A cart is created, says the package, where its total is the price of what was just put in. A cart that was emptied, or
/// that a page of this demo shop forgot, is created again by that; by the contract it is the same cart until it is bought.
const SAME_CART: &str = "an open cart whose total is that of one product again is the same cart";

fn csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a CSV");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// The SDKs' spelling of a row of the table.
fn event(row: &BTreeMap<String, String>) -> Value {
    let mut event = Map::new();
    for (name, text) in row.iter().filter(|(_, text)| !text.is_empty()) {
        if name.starts_with("contexts_") || name.starts_with("unstruct_event_") {
            // `…_1_0_1` and `…_1_0_0` are additions to model 1.
            let key = name.rsplitn(3, '_').last().expect("a name");
            event.insert(key.to_owned(), serde_json::from_str(text).expect("JSON"));
        } else {
            event.insert(name.clone(), text.as_str().into());
        }
    }
    Value::Object(event)
}

/// Whether an event is a later step of the checkout that says nothing of delivery or payment.
fn is_silent_step(event: &Value) -> bool {
    let entity = |name: &str| format!("contexts_com_snowplowanalytics_snowplow_ecommerce_{name}_1");
    let step = &event[entity("checkout_step")][0];
    let action = &event["unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"]["type"];
    let given =
        ["delivery_method", "delivery_provider", "shipping_full_address", "shipping_postcode", "payment_method"];
    let number = step["step"].as_str().map_or_else(|| step["step"].to_string(), str::to_owned);
    action == "checkout_step"
        && number != "1"
        && given.iter().all(|name| step[*name].as_str().is_none_or(str::is_empty))
}

#[test]
fn carts_of_snowplow_s_test_data_are_those_of_its_own_package_where_both_mean_the_same() {
    let Some(folder) = tools::real_data("snowplow") else { return };
    let events: Vec<Value> = csv(&folder.join("source/snowplow_ecommerce_events.csv")).iter().map(event).collect();
    let lake = lake();
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    lake.write("events.ndjson", lines.join("\n"));
    let said = lake.json(&["run", "events.ndjson", "--as-of", "2023-06-01"]);
    assert_eq!(
        (&said["ingest"]["files"][0]["format"], &said["ingest"]["quarantined"]),
        (&"snowplow-json".into(), &0.into())
    );

    let rows = lake.rows("events");
    let text = |column: &Option<String>| column.clone().unwrap_or_default();
    let session_of: BTreeMap<String, String> =
        rows.iter().map(|row| (text(&row["event_id"]), text(&row["session_id"]))).collect();
    let by_session = |kinds: &[&str]| {
        let of_kind = rows.iter().filter(|row| kinds.contains(&row["kind"].as_deref().unwrap_or_default()));
        let ids: BTreeSet<String> = of_kind.map(|row| text(&row["event_id"])).collect();
        ids.iter().fold(BTreeMap::<String, u64>::new(), |mut counts, id| {
            *counts.entry(session_of[id].clone()).or_default() += 1;
            counts
        })
    };
    let transacted = by_session(&["purchase"]);
    let mut steps = by_session(&["begin_checkout", "add_shipping_info", "add_payment_info", "purchase"]);
    for event in events.iter().filter(|event| is_silent_step(event)) {
        *steps.entry(session_of[event["event_id"].as_str().expect("an id")].clone()).or_default() += 1;
    }
    let mut created: BTreeMap<String, u64> = BTreeMap::new();
    for cart in lake.rows("carts") {
        *created.entry(session_of[&text(&cart["opening_event_id"])].clone()).or_default() += 1;
    }

    let expected = csv(&folder.join("expected/snowplow_ecommerce_sessions_expected.csv"));
    let mut otherwise = Vec::new();
    for session in &expected {
        let theirs = |column: &str| session[column].parse::<u64>().unwrap_or(0);
        let id = &session["domain_sessionid"];
        let ours = |counts: &BTreeMap<String, u64>| counts.get(id).copied().unwrap_or(0);
        assert_eq!(ours(&transacted), theirs("number_carts_transacted"), "carts transacted in session {id}");
        assert_eq!(ours(&steps), theirs("number_checkout_steps_visited"), "steps visited in session {id}");
        if ours(&created) != theirs("number_carts_created") {
            otherwise.push((id[..8].to_owned(), theirs("number_carts_created"), ours(&created)));
        }
    }
    let mut listed: Vec<_> =
        CREATED_OTHERWISE.iter().map(|(id, theirs, ours, _)| ((*id).to_owned(), *theirs, *ours)).collect();
    listed.sort();
    otherwise.sort();
    assert_eq!(otherwise, listed, "sessions with other carts than the package's");
    let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
    assert_eq!((expected.len(), sum(&transacted), sum(&steps), sum(&created)), (63, 14, 53, 22));
    assert!(lake.rows("orders").iter().all(|order| order["cart_id"].is_some()), "every transaction had a cart");
}
