use super::*;
use crate::format::testing::{self, Columns, Found, refused, shown, value};
use crate::format::{AccessLog, Format, Parser, Wanted};

/// An enriched line with these fields, the others blank.
fn line(fields: &[(&str, &str)]) -> String {
    let mut all = vec![""; atomic::COLUMNS];
    for (name, text) in fields {
        all[Atomic::named(name).unwrap() as usize] = text;
    }
    all.join("\t")
}

fn found(text: &str) -> Found {
    testing::read(text).1
}

const ECOMMERCE: &str = "iglu:com.snowplowanalytics.snowplow.ecommerce";

/// What every event of the story has.
const VISIT: [(&str, &str); 8] = [
    ("platform", "web"),
    ("collector_tstamp", "2026-03-11 09:05:12.223"),
    ("event", "unstruct"),
    ("event_id", "e-1"),
    ("domain_userid", "d-9"),
    ("domain_sessionid", "s-4"),
    ("derived_tstamp", "2026-03-11 09:05:12.123"),
    ("event_name", "snowplow_ecommerce_action"),
];

/// An e-commerce action as TSV: its type, its entities by name, more fields.
fn action(name: &str, entities: &[(&str, &str)], more: &[(&str, &str)]) -> String {
    let attached: Vec<String> = entities
        .iter()
        .map(|(name, data)| format!(r#"{{"schema":"{ECOMMERCE}/{name}/jsonschema/1-0-0","data":{data}}}"#))
        .collect();
    let contexts = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{}]}}"#,
        attached.join(",")
    );
    let event = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{{"schema":"{ECOMMERCE}/snowplow_ecommerce_action/jsonschema/1-0-2","data":{{"type":"{name}","name":null}}}}}}"#
    );
    let own = [("contexts", contexts.as_str()), ("unstruct_event", event.as_str())];
    line(&[&VISIT[..], &own[..], more].concat())
}

fn one(found: &Found) -> &Columns {
    assert_eq!((found.rows.len(), found.rejects.as_slice()), (1, [].as_slice()));
    &found.rows[0]
}

const TEA: &str =
    r#"{"id":"TEA-1","name":"Tea","category":"Pantry/Tea","brand":"Leaf","price":12.5,"quantity":2,"currency":"EUR"}"#;
const CART: &str = r#"{"cart_id":"c-4","total_value":25,"currency":"EUR"}"#;
const PAGE: [(&str, &str); 3] =
    [("page_url", "https://shop.example/p/tea?x=1"), ("page_urlpath", "/p/tea"), ("geo_country", "DE")];

const GOLDEN: &str = "event_id=e-1 line=0 ts=2026-03-11 09:05:12.123 kind=add_to_cart visitor_id=d-9 session_id=s-4 \
                      product_id=TEA-1 product_name=Tea category=Pantry/Tea brand=Leaf quantity=2 unit_price=12.5 \
                      currency=EUR device=mobile country=DE channel=direct page=/p/tea";

#[test]
fn a_product_put_into_the_cart() {
    let guest = r#"{"id":"cust-8","is_guest":true,"email":"x@example.com"}"#;
    let more = [&PAGE[..], &[("useragent", "Mozilla/5.0"), ("dvce_ismobile", "1")]].concat();
    let tsv = action("add_to_cart", &[("cart", CART), ("product", TEA), ("user", guest)], &more);
    assert_eq!(shown(one(&found(&tsv))), GOLDEN);
}

#[test]
fn the_sdks_json_says_the_same() {
    let prefix = "com_snowplowanalytics_snowplow_ecommerce";
    let json = format!(
        r#"{{"app_id":"shop","platform":"web","collector_tstamp":"2026-03-11T09:05:12.223Z","event":"unstruct","event_id":"e-1","user_id":null,"user_ipaddress":"203.0.113.1","domain_userid":"d-9","domain_sessionidx":3,"geo_country":"DE","page_url":"https://shop.example/p/tea?x=1","page_urlpath":"/p/tea","useragent":"Mozilla/5.0","dvce_ismobile":true,"domain_sessionid":"s-4","derived_tstamp":"2026-03-11 09:05:12.123","event_name":"snowplow_ecommerce_action","unstruct_event_{prefix}_snowplow_ecommerce_action_1":{{"type":"add_to_cart","name":null}},"contexts_{prefix}_cart_1":[{CART}],"contexts_{prefix}_product_1":[{TEA}],"contexts_{prefix}_page_1":null,"contexts_com_acme_thing_1":[1]}}"#
    );
    assert_eq!(shown(one(&found(&json))), GOLDEN);
}

#[test]
fn an_order_has_its_products_as_lines_and_its_revenue_on_line_0() {
    let transaction = r#"{"transaction_id":"T-2002","revenue":28.99,"currency":"EUR","payment_method":"card","total_quantity":3,"discount_code":"SPRING"}"#;
    let cup = r#"{"id":"CUP-2","category":"Cups","price":4,"currency":"EUR","quantity":null}"#;
    let known = r#"{"id":"cust-8","is_guest":false}"#;
    let entities = [("transaction", transaction), ("product", TEA), ("product", cup), ("user", known)];
    let found = found(&action("transaction", &entities, &[]));
    assert_eq!(found.rejects, []);
    let texts = |field| found.rows.iter().map(|row| value(row, field)).collect::<Vec<_>>();
    assert_eq!(texts(Field::Kind), [Some("purchase"); 2]);
    assert_eq!(texts(Field::OrderId), [Some("T-2002"); 2]);
    assert_eq!(texts(Field::CustomerId), [Some("cust-8"); 2]);
    assert_eq!(texts(Field::PaymentMethod), [Some("card"); 2]);
    assert_eq!(texts(Field::Coupon), [Some("SPRING"); 2]);
    assert_eq!(texts(Field::OrderValue), [Some("28.99"), None]);
    assert_eq!(texts(Field::ProductId), [Some("TEA-1"), Some("CUP-2")]);
    assert_eq!(texts(Field::Quantity), [Some("2"), None]);
    assert_eq!(texts(Field::Line), [Some("0"), Some("1")]);
}

#[test]
fn a_step_of_the_checkout_is_told_by_what_was_given_and_the_address_is_not_kept() {
    for (step, expected) in [
        (r#"{"step":1,"account_type":"guest"}"#, "begin_checkout"),
        (r#"{"step":2,"shipping_full_address":"1 Main Street","shipping_postcode":"10115"}"#, "add_shipping_info"),
        (r#"{"step":2,"delivery_provider":"DHL"}"#, "add_shipping_info"),
        (r#"{"step":3,"delivery_method":"express","payment_method":"card"}"#, "add_payment_info"),
        (r#"{"step":4}"#, "other"),
    ] {
        let found = found(&action("checkout_step", &[("checkout_step", step)], &[]));
        let row = one(&found);
        assert_eq!(value(row, Field::Kind), Some(expected), "{step}");
        assert!(row.iter().all(|(_, text)| !text.contains("Main") && !text.contains("10115")));
    }
}

#[test]
fn refunds_and_failed_payments() {
    let refund = r#"{"transaction_id":"T-2002","currency":"EUR","refund_amount":4.0}"#;
    let refunded = found(&action("refund", &[("refund", refund)], &[]));
    let texts = |row: &Columns, fields: [Field; 4]| fields.map(|field| value(row, field).map(str::to_owned));
    let some = |text: &str| Some(text.to_owned());
    let money = [Field::Kind, Field::OrderId, Field::OrderValue, Field::Currency];
    assert_eq!(texts(one(&refunded), money), [some("refund"), some("T-2002"), some("4.0"), some("EUR")]);
    let error = r#"{"error_code":null,"error_shortcode":"card_declined","error_description":"declined by the bank","error_type":"hard"}"#;
    let transaction = r#"{"transaction_id":"T-1","revenue":9,"currency":"EUR","payment_method":"card"}"#;
    let failed = found(&action("trns_error", &[("transaction_error", error), ("transaction", transaction)], &[]));
    let why = [Field::Kind, Field::ErrorCode, Field::ErrorMessage, Field::PaymentMethod];
    let expected = [some("checkout_error"), some("card_declined"), some("declined by the bank"), some("card")];
    assert_eq!(texts(one(&failed), why), expected);
    assert_eq!(value(one(&failed), Field::OrderId), None, "there is no order");
}

/// An event that is no e-commerce action.
fn plain(fields: &[(&str, &str)]) -> Found {
    let ids = [("collector_tstamp", "2026-03-11 09:05:12"), ("event_id", "e-1"), ("network_userid", "n-1")];
    found(&line(&[&ids[..], fields].concat()))
}

#[test]
fn events_from_before_there_were_actions() {
    let pages = plain(&[("event", "page_view"), ("event_name", "page_view")]);
    assert_eq!(value(one(&pages), Field::Kind), Some("page_view"));
    let order = [("event", "transaction"), ("tr_orderid", "T-3"), ("tr_total", "30.5"), ("tr_currency", "EUR")];
    let order = plain(&order);
    let texts = |found: &Found, fields: [Field; 4]| fields.map(|field| value(one(found), field).map(str::to_owned));
    let some = |text: &str| Some(text.to_owned());
    let money = [Field::Kind, Field::OrderId, Field::OrderValue, Field::Currency];
    assert_eq!(texts(&order, money), [some("purchase"), some("T-3"), some("30.5"), some("EUR")]);
    let item = [("event", "transaction_item"), ("ti_orderid", "T-3"), ("ti_sku", "TEA-1"), ("ti_price", "12.5")];
    let of_item = [Field::Kind, Field::OrderId, Field::ProductId, Field::UnitPrice];
    assert_eq!(texts(&plain(&item), of_item), [some("purchase"), some("T-3"), some("TEA-1"), some("12.5")]);
    let added = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.snowplowanalytics.snowplow/add_to_cart/jsonschema/1-0-0","data":{"sku":"TEA-1","unitPrice":12.5,"quantity":2,"currency":"EUR"}}}"#;
    let added = plain(&[("event", "unstruct"), ("event_name", "add_to_cart"), ("unstruct_event", added)]);
    let of_cart = [Field::Kind, Field::ProductId, Field::Quantity, Field::Currency];
    assert_eq!(texts(&added, of_cart), [some("add_to_cart"), some("TEA-1"), some("2"), some("EUR")]);
    let own = plain(&[("event", "struct"), ("event_name", "event"), ("se_action", "Add-to-cart")]);
    assert_eq!(value(one(&own), Field::Kind), Some("add_to_cart"));
}

#[test]
fn what_the_contract_has_no_kind_for_is_kept_as_other_and_counted_by_name() {
    let list = found(&action("list_view", &[("product", TEA), ("product", TEA)], &[]));
    assert_eq!(
        (value(one(&list), Field::Kind), list.unmapped.as_slice()),
        (Some("other"), ["list_view".to_owned()].as_slice())
    );
    let pings = plain(&[("event", "page_ping"), ("event_name", "page_ping")]);
    assert_eq!(
        (value(one(&pings), Field::Kind), pings.unmapped.as_slice()),
        (Some("other"), ["page_ping".to_owned()].as_slice())
    );
    let own = plain(&[("event", "struct"), ("event_name", "event"), ("se_action", "play")]);
    assert_eq!(own.unmapped, ["play"]);
}

#[test]
fn an_app_names_visitor_visit_and_device_in_its_entities() {
    let contexts = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2","data":{"userId":"app-1","sessionId":"s-7"}},{"schema":"iglu:com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-3","data":{"osType":"ios","deviceModel":"iPhone15,3","appleIdfa":"secret"}},{"schema":"iglu:com.snowplowanalytics.mobile/application/jsonschema/1-0-0","data":{"version":"4.2","build":"7"}}]}"#;
    let view = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.snowplowanalytics.mobile/screen_view/jsonschema/1-0-0","data":{"name":"Home","id":"x"}}}"#;
    let fields = [("platform", "mob"), ("event", "unstruct"), ("contexts", contexts), ("unstruct_event", view)];
    let found = plain(&fields);
    let expected = "event_id=e-1 line=0 ts=2026-03-11 09:05:12 kind=page_view visitor_id=app-1 session_id=s-7 \
                    device=mobile os=ios page=Home release=4.2";
    assert_eq!(shown(one(&found)), expected);
}

#[test]
fn where_a_visit_came_from() {
    let channel = |fields: &[(&str, &str)]| {
        let page = [("platform", "web"), ("event", "page_view"), ("page_url", "https://shop.example/")];
        value(one(&plain(&[&page[..], fields].concat())), Field::Channel).map(str::to_owned)
    };
    for (fields, expected) in [
        (&[("mkt_source", "News"), ("mkt_medium", "Email"), ("refr_medium", "search")][..], Some("email")),
        (&[("mkt_clickid", "1"), ("mkt_network", "Google")], Some("paid search")),
        (&[("refr_medium", "search"), ("page_referrer", "https://search.example/")], Some("organic search")),
        (&[("refr_medium", "internal"), ("page_referrer", "https://shop.example/cart")], None),
        (&[("refr_medium", "unknown"), ("page_referrer", "https://blog.example/")], Some("referral")),
        (&[("page_referrer", "https://shop.example/cart")], None),
        (&[], Some("direct")),
    ] {
        assert_eq!(channel(fields).as_deref(), expected, "{fields:?}");
    }
    assert_eq!(value(one(&plain(&[("platform", "srv"), ("event", "page_view")])), Field::Channel), None);
}

#[test]
fn the_moment_is_the_best_that_is_known_and_ids_that_are_none_are_not_taken_for_one() {
    let moment = |fields: &[(&str, &str)]| value(one(&plain(fields)), Field::Ts).map(str::to_owned);
    let derived = ("derived_tstamp", "2026-03-11 09:00:01");
    let all = [derived, ("true_tstamp", "2026-03-11 09:00:00")];
    assert_eq!(moment(&all).as_deref(), Some("2026-03-11 09:00:00"));
    assert_eq!(moment(&[derived]).as_deref(), Some("2026-03-11 09:00:01"));
    assert_eq!(moment(&[]).as_deref(), Some("2026-03-11 09:05:12"));
    let nobody = plain(&[("network_userid", "00000000-0000-0000-0000-000000000000"), ("user_id", "")]);
    assert_eq!(refused(&nobody), ["1: no ids: neither visitor_id nor customer_id"]);
}

#[test]
fn a_crawler_on_the_web_is_a_bot_and_a_servers_library_is_none() {
    let bot = |platform| {
        let found = plain(&[("platform", platform), ("event", "page_view"), ("useragent", "python-requests/2.31.0")]);
        value(one(&found), Field::Bot).map(str::to_owned)
    };
    assert_eq!((bot("web").as_deref(), bot("srv")), (Some("user agent"), None));
}

#[test]
fn a_bad_line_is_refused_with_its_reason_and_the_next_one_is_read() {
    let good = action("add_to_cart", &[("product", TEA)], &[]);
    let no_moment = line(&[("event", "page_view"), ("event_id", "e-2"), ("domain_userid", "d-9")]);
    let lines = [
        good.clone(),
        good.split_once("\tsnowplow_ecommerce_action").unwrap().0.to_owned(),
        format!("{good}\t"),
        no_moment,
        good.replace("\td-9", "\t"),
        good.replace("12.5", r#""€12.50""#),
        good.replace(r#""quantity":2"#, r#""quantity":1.5"#),
        good.replace(r#""name":null}}}"#, ""),
        action("add_to_cart", &[("product", "[]")], &[]),
        good,
    ];
    let found = found(&lines.join("\r\n"));
    assert_eq!(found.rows.len(), 2);
    let expected = [
        "2: unreadable line: 126 fields, where an enriched event has 131",
        "3: unreadable line: 132 fields, where an enriched event has 131",
        "4: unreadable timestamp: ",
        "5: no ids: neither visitor_id nor customer_id",
        "6: unreadable price: €12.50",
        "7: unreadable quantity: 1.5",
        "8: unreadable line: `unstruct_event`: EOF while parsing an object at line 1 column 217",
        "9: unreadable line: `product` must be an object",
    ];
    assert_eq!(refused(&found), expected);
}

#[test]
fn a_bad_json_line_is_refused_with_its_reason() {
    let good =
        r#"{"collector_tstamp":"2026-03-11T09:05:12Z","event":"page_view","event_id":"e-1","domain_userid":"d"}"#;
    let key = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1";
    let lines = [good.to_owned(), good.replace('}', ""), good.replace('}', &format!(r#","{key}":3}}"#))];
    let found = found(&lines.join("\n"));
    let details: Vec<&str> = found.rejects.iter().map(|(_, reject)| reject.detail.as_str()).collect();
    let short = &key["contexts_".len()..];
    assert_eq!(found.rows.len(), 1);
    assert_eq!(details[0], "EOF while parsing an object at line 1 column 99");
    assert!(
        details[1].starts_with(&format!("`{short}`: invalid type: integer `3`, expected a sequence")),
        "{}",
        details[1]
    );
}

#[test]
fn both_spellings_are_recognised_also_after_a_broken_line() {
    let format = |text: &str| {
        Parser::detect(text.as_bytes(), Wanted::Auto, &AccessLog::shared_default()).map(|(format, _)| format)
    };
    let good = line(&VISIT);
    assert_eq!(format(&good), Ok(Format::Snowplow));
    assert_eq!(format(&format!("cut\tshort\n{good}")), Ok(Format::Snowplow));
    assert!(format(&line(&[])).is_err());
    assert_eq!(format(r#"{"event_id":"e","collector_tstamp":"x"}"#), Ok(Format::SnowplowJson));
    assert_eq!("snowplow-json".parse(), Ok(Wanted::Only(Format::SnowplowJson)));
}
