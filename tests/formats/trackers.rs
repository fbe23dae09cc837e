//! The story as trackers tell it: Segment, `RudderStack`, Snowplow.

use serde_json::{Map, Value, json};

use super::story::{STORY, Told, VISITOR, session};

/// A tablet with Android and Firefox.
pub(super) const AGENT: &str = "Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0";

/// A price as a number whose digits are those of the story.
fn number(text: &str) -> Value {
    serde_json::from_str(text).expect("a number")
}

/// Calls of Segment's e-commerce spec; with a visit, `RudderStack`'s.
pub(crate) fn segment(with_visits: bool) -> String {
    let call = |(number, (ts, kind, customer, items)): (usize, &Told)| {
        let products: Vec<Value> = items
            .iter()
            .map(|(id, name, pieces, price)| {
                json!({
                    "product_id": id, "name": name, "category": "Kitchen", "price": self::number(price),
                    "quantity": pieces,
                })
            })
            .collect();
        let mut properties = match *kind {
            "view_item" | "add_to_cart" | "remove_from_cart" => products[0].clone(),
            _ => json!({ "products": products }),
        };
        properties["currency"] = "EUR".into();
        let event = match *kind {
            "view_item" => "Product Viewed",
            "add_to_cart" => "Product Added",
            "remove_from_cart" => "Product Removed",
            "begin_checkout" => "Checkout Started",
            "add_shipping_info" => {
                (properties["step"], properties["shipping_method"]) = (2.into(), "Express".into());
                "Checkout Step Completed"
            }
            "add_payment_info" => {
                properties["payment_method"] = "PayPal".into();
                "Payment Info Entered"
            }
            _ => {
                (properties["order_id"], properties["coupon"]) = ("T-2002".into(), "SPRING".into());
                (properties["revenue"], properties["total"]) = (self::number("66.9"), self::number("80.1"));
                "Order Completed"
            }
        };
        let mut context = json!({
            "userAgent": AGENT,
            "location": { "country": "Austria" },
            "campaign": { "source": "newsletter", "medium": "email" },
            "page": { "url": "https://shop.example/tea" },
        });
        if with_visits {
            context["sessionId"] = session(ts).parse::<u64>().expect("a number").into();
        }
        json!({
            "type": "track", "event": event, "messageId": format!("m-{number}"), "timestamp": ts,
            "anonymousId": VISITOR, "userId": customer, "context": context, "properties": properties,
        })
        .to_string()
    };
    STORY.iter().enumerate().map(call).collect::<Vec<String>>().join("\n")
}

/// A field of an enriched event: its place, name and value.
type Field = (usize, &'static str, String);

/// What an event of the story says of itself, and the objects attached to it: schema and data.
fn enriched(number: usize, told: &Told) -> (Vec<Field>, Value, Vec<(&'static str, Value)>) {
    let (ts, kind, customer, items) = told;
    let moment = ts.replace('T', " ").trim_end_matches('Z').to_owned();
    let fields = vec![
        (1, "platform", "web".to_owned()),
        (3, "collector_tstamp", "2026-03-30 00:00:00.000".to_owned()),
        (5, "event", "unstruct".to_owned()),
        (6, "event_id", format!("s-{number}")),
        (12, "user_id", customer.unwrap_or_default().to_owned()),
        (15, "domain_userid", VISITOR.to_owned()),
        (18, "geo_country", "Austria".to_owned()),
        (29, "page_url", "https://shop.example/tea".to_owned()),
        (47, "mkt_medium", "email".to_owned()),
        (48, "mkt_source", "newsletter".to_owned()),
        (77, "useragent", AGENT.to_owned()),
        (123, "domain_sessionid", format!("5500.{VISITOR}.{}", session(ts))),
        (124, "derived_tstamp", moment),
        (126, "event_name", "snowplow_ecommerce_action".to_owned()),
    ];
    let product = |(id, name, pieces, price): &(&str, &str, i64, &str)| {
        let data = json!({
            "id": id, "name": name, "category": "Kitchen", "price": self::number(price), "quantity": pieces,
            "currency": "EUR",
        });
        ("product", data)
    };
    let mut attached: Vec<(&str, Value)> = items.iter().map(product).collect();
    let action = match *kind {
        "view_item" => "product_view",
        "begin_checkout" => {
            attached.push(("checkout_step", json!({ "step": 1 })));
            "checkout_step"
        }
        "add_shipping_info" => {
            attached.push(("checkout_step", json!({ "step": 2, "delivery_method": "Express" })));
            "checkout_step"
        }
        "add_payment_info" => {
            attached.push(("checkout_step", json!({ "step": 3, "payment_method": "PayPal" })));
            "checkout_step"
        }
        "purchase" => {
            let transaction = json!({
                "transaction_id": "T-2002", "revenue": self::number("66.9"), "currency": "EUR",
                "discount_code": "SPRING",
            });
            attached.push(("transaction", transaction));
            "transaction"
        }
        same => same,
    };
    (fields, json!({ "type": action }), attached)
}

const VENDOR: &str = "com.snowplowanalytics.snowplow.ecommerce";

/// Enriched events as TSV.
pub(crate) fn snowplow() -> String {
    let describing =
        |name: &str, data: Value| json!({ "schema": format!("iglu:{VENDOR}/{name}/jsonschema/1-0-0"), "data": data });
    let line = |(number, told): (usize, &Told)| {
        let (fields, action, attached) = enriched(number, told);
        let mut line = vec![String::new(); 131];
        for (place, _, text) in fields {
            line[place] = text;
        }
        let attached: Vec<Value> = attached.into_iter().map(|(name, data)| describing(name, data)).collect();
        line[52] =
            json!({ "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1", "data": attached })
                .to_string();
        line[58] = json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
            "data": describing("snowplow_ecommerce_action", action),
        })
        .to_string();
        line.join("\t")
    };
    STORY.iter().enumerate().map(line).collect::<Vec<String>>().join("\n")
}

/// Enriched events as the Analytics SDKs write them.
pub(crate) fn snowplow_json() -> String {
    let vendor = VENDOR.replace('.', "_");
    let line = |(number, told): (usize, &Told)| {
        let (fields, action, attached) = enriched(number, told);
        let mut event: Map<String, Value> =
            fields.into_iter().map(|(_, name, text)| (name.to_owned(), text.into())).collect();
        event.insert(format!("unstruct_event_{vendor}_snowplow_ecommerce_action_1"), action);
        for (name, data) in attached {
            let key = format!("contexts_{vendor}_{name}_1");
            event.entry(key).or_insert_with(|| json!([])).as_array_mut().expect("a list").push(data);
        }
        Value::Object(event).to_string()
    };
    STORY.iter().enumerate().map(line).collect::<Vec<String>>().join("\n")
}
