//! The story as shop systems, data sets and web servers tell it, each the part of it that it knows.

use std::fmt::Write;

use serde_json::{Value, json};
use support::world::micros;

use super::story::{STORY, Told, VISITOR, session};
use super::trackers::AGENT;

/// The event of this kind.
fn of_kind(kind: &str) -> &'static Told {
    STORY.iter().find(|told| told.1 == kind).expect("the story has it")
}

/// The checkout as Shopify's REST API gives it after it was completed.
pub(crate) fn shopify_rest() -> String {
    let line = |(sku, name, pieces, price): &(&str, &str, i64, &str)| json!({ "sku": sku, "title": name, "quantity": pieces, "price": price });
    let checkout = json!({
        "id": 9001, "name": "T-2002", "cart_token": VISITOR, "customer": { "id": "u_9" }, "currency": "EUR",
        "created_at": of_kind("begin_checkout").0, "updated_at": of_kind("add_payment_info").0,
        "completed_at": of_kind("purchase").0, "total_price": "66.90", "gateway": "PayPal",
        "discount_codes": [{ "code": "SPRING", "amount": "0.10" }],
        "shipping_lines": [{ "title": "Express", "price": "3.00" }],
        "shipping_address": { "country_code": "AT" },
        "landing_site": "/?utm_source=newsletter&utm_medium=email",
        "line_items": of_kind("begin_checkout").3.iter().map(line).collect::<Vec<Value>>(),
    });
    json!({ "checkouts": [checkout] }).to_string()
}

/// The same as the GraphQL API gives it.
pub(crate) fn shopify_graphql() -> String {
    let money = |amount: &str| json!({ "shopMoney": { "amount": amount, "currencyCode": "EUR" } });
    let line = |(sku, name, pieces, price): &(&str, &str, i64, &str)| json!({ "sku": sku, "title": name, "quantity": pieces, "originalUnitPriceSet": money(price) });
    let checkout = json!({
        "id": "gid://shopify/AbandonedCheckout/9001", "name": "T-2002",
        "customer": { "id": "gid://shopify/Customer/u_9" },
        "createdAt": of_kind("begin_checkout").0, "updatedAt": of_kind("add_payment_info").0,
        "completedAt": of_kind("purchase").0, "totalPriceSet": money("66.9"), "discountCodes": ["SPRING"],
        "shippingAddress": { "countryCodeV2": "AT" }, "abandonedCheckoutUrl": "https://shop.example/recover",
        "lineItems": { "nodes": of_kind("begin_checkout").3.iter().map(line).collect::<Vec<Value>>() },
    });
    format!("{:#}", json!({ "data": { "abandonedCheckouts": { "nodes": [checkout] } } }))
}

/// The order as Shopify exports it.
pub(crate) fn shopify_orders() -> String {
    let mut text = "Name,Email,Financial Status,Currency,Total,Discount Code,Shipping Method,Created at,\
                    Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Country,Payment Method\n"
        .to_owned();
    let (ts, _, _, items) = of_kind("purchase");
    for (at, (sku, name, pieces, price)) in items.iter().enumerate() {
        let order = if at == 0 { "x@example.com,paid,EUR,66.90,SPRING,Express" } else { ",,,,," };
        let created = ts.replace('T', " ").replace('Z', " +0000");
        let name = name.replace('"', "\"\"");
        writeln!(text, "T-2002,{order},{created},{pieces},\"{name}\",{price},{sku},AT,PayPal").expect("memory");
    }
    text
}

/// One row for each piece, a second apart, because the data set has no quantities.
fn by_piece(kinds: &[(&str, &'static str)]) -> Vec<(i64, &'static str, &'static str, &'static str, &'static str)> {
    let mut rows = Vec::new();
    for (ts, kind, _, items) in STORY {
        let Some((_, name)) = kinds.iter().find(|(known, _)| *known == kind) else { continue };
        // Bought together is bought at once.
        let step = i64::from(kind != "purchase") * 1_000_000;
        let mut at = micros(ts);
        for (id, _, pieces, price) in items {
            for _ in 0..if kind == "purchase" { 1 } else { *pieces } {
                rows.push((at, *name, *id, *price, session(ts)));
                at += step;
            }
        }
    }
    rows
}

/// The data set of REES46.
pub(crate) fn rees46() -> String {
    let kinds = [
        ("view_item", "view"),
        ("add_to_cart", "cart"),
        ("remove_from_cart", "remove_from_cart"),
        ("purchase", "purchase"),
    ];
    let mut text =
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n".to_owned();
    for (at, name, product, price, session) in by_piece(&kinds) {
        let moment = events::time::format(at / 1_000_000 * 1_000_000).replace('T', " ").replace('Z', " UTC");
        writeln!(text, "{moment},{name},{product},1,Kitchen,,{price},{VISITOR},5500.{VISITOR}.{session}")
            .expect("memory");
    }
    text
}

/// The data set of Retailrocket.
pub(crate) fn retailrocket() -> String {
    let kinds = [("view_item", "view"), ("add_to_cart", "addtocart"), ("purchase", "transaction")];
    let mut text = "timestamp,visitorid,event,itemid,transactionid\n".to_owned();
    for (at, name, product, _, _) in by_piece(&kinds) {
        let order = if name == "transaction" { "T-2002" } else { "" };
        writeln!(text, "{},{VISITOR},{name},{product},{order}", at / 1_000).expect("memory");
    }
    text
}

/// How visitors and visits are found in [`access_log`].
pub(super) const ACCESS_LOG_CONFIG: &str = "[[source]]\nname = \"logs\"\nformat = \"access-log\"\npaths = [\"story.log\"]\n\
     hosts = [\"shop.example\"]\nvisitor = \"query:visitor\"\nsession = \"query:visit\"\n";

/// The web server's log of a shop whose pages have the paths that many have.
pub(crate) fn access_log() -> String {
    let mut text = String::new();
    for (ts, kind, customer, items) in STORY {
        let moment = chrono::DateTime::parse_from_rfc3339(ts).expect("a moment").format("%d/%b/%Y:%H:%M:%S %z");
        let mut line = |method: &str, path: &str| {
            let and = if path.contains('?') { '&' } else { '?' };
            let visit = session(ts);
            writeln!(
                text,
                "203.0.113.7 - {} [{moment}] \"{method} {path}{and}visitor={VISITOR}&visit=5500.{VISITOR}.{visit}\
                 &utm_source=newsletter&utm_medium=email HTTP/1.1\" 200 512 \"-\" \"{AGENT}\"",
                customer.unwrap_or("-"),
            )
            .expect("memory");
        };
        match kind {
            "view_item" => line("GET", &format!("/product/{}", items[0].0)),
            "add_to_cart" => line("POST", &format!("/cart/add?sku={}&qty={}", items[0].0, items[0].2)),
            "remove_from_cart" => line("POST", &format!("/cart/remove?sku={}&qty={}", items[0].0, items[0].2)),
            "begin_checkout" => line("GET", "/checkout"),
            "add_shipping_info" => line("POST", "/checkout/shipping"),
            "add_payment_info" => line("POST", "/checkout/payment"),
            _ => line("GET", "/checkout/thank-you/T-2002"),
        }
    }
    text
}

/// Where the story's columns are in [`mapped`].
pub(crate) const MAPPING_CONFIG: &str = r#"
[[source]]
name = "logs"
format = "mapping"
paths = ["story.jsonl"]
zone = "Europe/Vienna"
time = "%d.%m.%Y %H:%M:%S%.f"
decimal = ","
items = "basket.lines"
[source.columns]
event_id = "nr"
ts = "when"
kind = "what"
visitor_id = "who.cookie"
customer_id = "who.account"
session_id = "who.visit"
product_id = "lines.sku"
product_name = "lines.label"
category = "lines.shelf"
quantity = "lines.pieces"
unit_price = "lines.price"
order_id = "order.id"
order_value = "order.total"
country = "who.country"
payment_method = "order.paid_with"
shipping_method = "order.sent_by"
coupon = "order.code"
user_agent = "who.browser"
url = "address"
[source.currency_signs]
"€" = "EUR"
[source.kinds]
seen = "view_item"
taken = "add_to_cart"
"put back" = "remove_from_cart"
till = "begin_checkout"
parcel = "add_shipping_info"
purse = "add_payment_info"
bought = "purchase"
"#;

/// A shop's own log: local clocks, decimal commas and currency signs, nested objects, names of its own.
pub(crate) fn mapped() -> String {
    let names = [
        ("view_item", "seen"),
        ("add_to_cart", "taken"),
        ("remove_from_cart", "put back"),
        ("begin_checkout", "till"),
        ("add_shipping_info", "parcel"),
        ("add_payment_info", "purse"),
        ("purchase", "bought"),
    ];
    let line = |(number, (ts, kind, customer, items)): (usize, &Told)| {
        let moment = chrono::DateTime::parse_from_rfc3339(ts).expect("a moment");
        let local = moment.with_timezone(&chrono_tz::Europe::Vienna).format("%d.%m.%Y %H:%M:%S%.6f");
        let euros = |text: &str| format!("€ {}", text.replace('.', ","));
        let lines = items.iter().map(|(sku, label, pieces, price)| {
            json!({ "sku": sku, "label": label, "shelf": "Kitchen", "pieces": pieces.to_string(), "price": euros(price) })
        });
        let order = match *kind {
            "add_shipping_info" => json!({ "sent_by": "Express" }),
            "add_payment_info" => json!({ "paid_with": "PayPal" }),
            "purchase" => json!({ "id": "T-2002", "total": euros("66.9"), "code": "SPRING" }),
            _ => Value::Null,
        };
        json!({
            "nr": format!("story-{number}"), "when": local.to_string(),
            "what": names.iter().find(|(known, _)| known == kind).expect("a name").1,
            "address": "https://shop.example/tea?utm_source=newsletter&utm_medium=email",
            "who": {
                "cookie": VISITOR, "account": customer, "visit": format!("5500.{VISITOR}.{}", session(ts)),
                "country": "Austria", "browser": AGENT,
            },
            "basket": { "lines": lines.collect::<Vec<Value>>() },
            "order": order,
        })
        .to_string()
    };
    STORY.iter().enumerate().map(line).collect::<Vec<String>>().join("\n")
}
