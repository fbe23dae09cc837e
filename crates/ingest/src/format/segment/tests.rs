use super::*;
use crate::format::testing::{self, Columns, Found, refused, shown, value};
use crate::format::{AccessLog, Parser, Wanted};

/// A visit on an iPhone: found by search, a cart, a login, a checkout, an order. Written as the library writes it.
const STORY: &str = r#"
{"anonymousId":"anon-31","userId":null,"type":"page","name":"Tea","messageId":"m-1","timestamp":"2026-03-11T09:04:02.500Z","channel":"client","context":{"ip":"203.0.113.9","userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1","page":{"path":"/p/tea","referrer":"https://www.google.com/","search":"","url":"https://shop.example/p/tea"}},"properties":{"path":"/p/tea","referrer":"https://www.google.com/","search":"","title":"Tea","url":"https://shop.example/p/tea","name":"Tea"}}
{"anonymousId":"anon-31","userId":"","type":"track","event":"Product Added","messageId":"m-2","timestamp":"2026-03-11T09:05:12.123Z","originalTimestamp":"2026-03-11T11:05:10.000Z","channel":"client","context":{"page":{"url":"https://shop.example/p/tea","referrer":"https://shop.example/"}},"properties":{"cart_id":"c-4","product_id":"TEA-1","sku":"T1","name":"Green \u0026 white tea","category":"Tea","brand":"Leaf","price":"12.50","quantity":2,"currency":"EUR","coupon":"SPRING"}}
{"anonymousId":"anon-31","userId":"cust-8","type":"identify","messageId":"m-3","timestamp":"2026-03-11T09:06:00Z","context":{},"traits":{"email":"x@example.com","phone":"+49 30 1"}}
{"anonymousId":"anon-31","userId":"cust-8","type":"track","event":"Checkout Started","messageId":"m-4","timestamp":"2026-03-11T09:06:39.500Z","context":{},"properties":{"value":25,"currency":"EUR","products":[{"product_id":"TEA-1","price":12.5,"quantity":2},{"product_id":"CUP-2","name":"Cup","price":4,"quantity":1}]}}
{"anonymousId":"anon-31","userId":"cust-8","type":"track","event":"Payment Info Entered","messageId":"m-5","timestamp":"2026-03-11T09:08:00Z","context":{},"properties":{"checkout_id":"ch-2","step":3,"shipping_method":"DHL","payment_method":"card"}}
{"anonymousId":"anon-31","userId":"cust-8","type":"track","event":"Order Completed","messageId":"m-6","timestamp":"2026-03-11T09:10:40.001Z","context":{},"properties":{"order_id":"T-2002","total":33.89,"subtotal":28.99,"revenue":28.99,"shipping":4.9,"tax":0,"coupon":"","currency":"EUR","products":[{"product_id":"TEA-1","price":12.495,"quantity":2},{"product_id":"CUP-2","price":"4.00","quantity":"1","coupon":"CUPS"}]}}
"#;

fn found(text: &str) -> Found {
    testing::read(text).1
}

/// A track call with these properties.
fn track(event: &str, properties: &str) -> Found {
    let mut found = Found::default();
    let line = format!(
        r#"{{"type":"track","event":"{event}","messageId":"m","timestamp":"2026-03-11T09:00:00Z","anonymousId":"a","properties":{properties}}}"#
    );
    record(1, &line, &mut found);
    found
}

/// The only row of a call.
fn one(found: &Found) -> &Columns {
    assert_eq!((found.rows.len(), found.rejects.as_slice()), (1, [].as_slice()));
    &found.rows[0]
}

fn kind_of(event: &str, properties: &str) -> String {
    value(one(&track(event, properties)), Field::Kind).unwrap().to_owned()
}

#[test]
fn a_visit_from_search_to_order() {
    let checkout =
        "event_id=m-4 line=# ts=2026-03-11T09:06:39.500Z kind=begin_checkout visitor_id=anon-31 customer_id=cust-8";
    let order = "event_id=m-6 line=# ts=2026-03-11T09:10:40.001Z kind=purchase visitor_id=anon-31 customer_id=cust-8 order_id=T-2002";
    let line = |head: &str, line: &str, rest: &str| format!("{} {rest}", head.replace('#', line));
    let expected = [
        "event_id=m-1 line=0 ts=2026-03-11T09:04:02.500Z kind=page_view visitor_id=anon-31 \
         device=mobile os=iOS browser=Safari channel=organic search page=/p/tea"
            .to_owned(),
        "event_id=m-2 line=0 ts=2026-03-11T09:05:12.123Z kind=add_to_cart visitor_id=anon-31 \
         product_id=TEA-1 product_name=Green & white tea category=Tea brand=Leaf quantity=2 unit_price=12.50 \
         currency=EUR page=/p/tea coupon=SPRING"
            .to_owned(),
        "event_id=m-3 line=0 ts=2026-03-11T09:06:00Z kind=other visitor_id=anon-31 customer_id=cust-8".to_owned(),
        line(checkout, "0", "product_id=TEA-1 quantity=2 unit_price=12.5 currency=EUR"),
        line(checkout, "1", "product_id=CUP-2 product_name=Cup quantity=1 unit_price=4 currency=EUR"),
        "event_id=m-5 line=0 ts=2026-03-11T09:08:00Z kind=add_payment_info visitor_id=anon-31 customer_id=cust-8 \
         payment_method=card shipping_method=DHL"
            .to_owned(),
        line(order, "0", "product_id=TEA-1 quantity=2 unit_price=12.495 order_value=28.99 currency=EUR"),
        line(order, "1", "product_id=CUP-2 quantity=1 unit_price=4.00 currency=EUR coupon=CUPS"),
    ];
    let found = found(STORY);
    assert_eq!(found.rejects, []);
    assert_eq!(found.rows.iter().map(|row| shown(row)).collect::<Vec<_>>(), expected);
    assert_eq!(found.unmapped, ["identify"]);
}

#[test]
fn nothing_of_a_person_but_ids_reaches_a_column() {
    let secrets = ["x@example.com", "+49", "203.0.113.9"];
    let rows = found(STORY).rows;
    let texts = || rows.iter().flatten().map(|(_, text)| text);
    assert!(texts().all(|text| secrets.iter().all(|secret| !text.contains(secret))));
    let line = STORY.replace("cust-8", "X@example.com");
    let customers = found(&line).rows;
    assert_eq!(value(&customers[2], Field::CustomerId), Some(crate::email::hash("x@example.com").as_str()));
}

#[test]
fn rudderstack_has_visits_and_blank_ids_and_where_the_visitor_came_from_at_first() {
    let line = r#"{"anonymousId":"anon-7","channel":"web","userId":"","type":"track","event":"Checkout Step Viewed","messageId":"r-1","rudderId":"x","originalTimestamp":"2026-03-11T09:06:39Z","timestamp":"2026-03-11T09:06:40.600Z","request_ip":"203.0.113.7","context":{"sessionId":1773219900,"sessionStart":true,"page":{"url":"https://shop.example/checkout","referrer":"https://shop.example/cart","initial_referrer":"https://www.instagram.com/"}},"properties":{"checkout_id":"ch-1","step":2,"shipping_method":"DHL","payment_method":null}}"#;
    let found = found(line);
    let expected = "event_id=r-1 line=0 ts=2026-03-11T09:06:40.600Z kind=add_shipping_info visitor_id=anon-7 \
                    session_id=anon-7.1773219900 channel=organic social page=/checkout shipping_method=DHL";
    assert_eq!(shown(one(&found)), expected);
    let direct = line.replace("https://shop.example/cart", "$direct");
    assert_eq!(value(one(&self::found(&direct)), Field::Channel), Some("direct"));
}

#[test]
fn names_of_both_versions_of_the_spec_are_known_however_they_are_spelled() {
    for (event, expected) in [
        ("Product Viewed", "view_item"),
        ("Viewed Product", "view_item"),
        ("Products Searched", "search"),
        ("Added Product", "add_to_cart"),
        ("  product_added ", "add_to_cart"),
        ("PRODUCT   ADDED", "add_to_cart"),
        ("Wishlist Product Added to Cart", "add_to_cart"),
        ("Removed Product", "remove_from_cart"),
        ("Product Added to Wishlist", "add_to_wishlist"),
        ("Cart Viewed", "view_cart"),
        ("Started Order", "begin_checkout"),
        ("Payment Info Entered", "add_payment_info"),
        ("Completed Order", "purchase"),
        ("Order Refunded", "refund"),
        ("Order Cancelled", "refund"),
        ("Product Reviewed", "feedback"),
        ("begin_checkout", "begin_checkout"),
        ("Checkout Error", "checkout_error"),
    ] {
        assert_eq!(kind_of(event, r#"{"product_id":"TEA-1"}"#), expected, "{event}");
    }
    for (step, expected) in [
        (r#"{"step":1,"payment_method":"card"}"#, "begin_checkout"),
        (r#"{"step":"2","shipping_method":"DHL"}"#, "add_shipping_info"),
        (r#"{"step":3,"shipping_method":"DHL","payment_method":"card"}"#, "add_payment_info"),
        (r#"{"step":4}"#, "other"),
    ] {
        assert_eq!(kind_of("Checkout Step Completed", step), expected, "{step}");
    }
}

#[test]
fn what_the_contract_has_no_kind_for_is_kept_as_other_and_counted_by_name() {
    for name in ["Product List Viewed", "Product Clicked", "Order Updated", "Coupon Applied", "Contact", "Zap"] {
        let found = track(name, r#"{"products":[{"product_id":"A"},{"product_id":"B"}]}"#);
        assert_eq!(value(one(&found), Field::Kind), Some("other"), "{name}");
        assert_eq!(found.unmapped, [name]);
    }
    let group =
        r#"{"type":"group","messageId":"g","timestamp":"2026-03-11T09:00:00Z","anonymousId":"a","groupId":"x"}"#;
    assert_eq!(found(group).unmapped, ["group"]);
}

#[test]
fn an_order_is_worth_its_goods_wherever_that_is_said() {
    let value_of = |event, properties| {
        let found = track(event, properties);
        assert_eq!(found.rejects, []);
        value(&found.rows[0], Field::OrderValue).map(str::to_owned)
    };
    for (event, properties, expected) in [
        ("Order Completed", r#"{"revenue":25,"subtotal":24,"total":30}"#, Some("25")),
        ("Order Completed", r#"{"revenue":"","subtotal":"24.10","total":30}"#, Some("24.10")),
        ("Order Completed", r#"{"total":30,"products":[{"price":5}]}"#, Some("30")),
        ("Order Completed", r#"{"value":1e2}"#, Some("1e2")),
        ("Order Completed", "{}", None),
        ("Order Refunded", r#"{"total":30,"products":[{"product_id":"A","price":5}]}"#, None),
        ("Order Refunded", r#"{"total":30,"products":[{"product_id":"A"}]}"#, Some("30")),
        ("Order Refunded", r#"{"revenue":-25,"products":[{"price":5}]}"#, Some("-25")),
        ("Product Added", r#"{"value":30}"#, None),
    ] {
        assert_eq!(value_of(event, properties).as_deref(), expected, "{event} {properties}");
    }
}

#[test]
fn version_1_names_of_order_and_product_are_read() {
    let found = track("Completed Order", r#"{"orderId":"T-1","products":[{"id":"p-1","sku":"s-1"},{"sku":"s-2"}]}"#);
    let ids = |field| found.rows.iter().map(|row| value(row, field)).collect::<Vec<_>>();
    assert_eq!(ids(Field::ProductId), [Some("p-1"), Some("s-2")]);
    assert_eq!(ids(Field::OrderId), [Some("T-1"), Some("T-1")]);
}

#[test]
fn a_denied_coupon_is_an_error_on_the_way_to_the_order() {
    let found = track("Coupon Denied", r#"{"coupon_name":"SPRING","reason":"expired"}"#);
    let row = one(&found);
    let texts = [Field::Kind, Field::ErrorCode, Field::ErrorMessage, Field::Coupon].map(|field| value(row, field));
    assert_eq!(texts, [Some("checkout_error"), Some("coupon_denied"), Some("expired"), Some("SPRING")]);
}

#[test]
fn an_app_says_its_device_itself_and_a_crawler_is_a_bot_but_a_server_is_none() {
    let with = |envelope: &str, context: &str| {
        let line = format!(
            r#"{{"type":"screen","name":"Home","messageId":"m","timestamp":"2026-03-11T09:00:00Z","anonymousId":"a",{envelope}"context":{context}}}"#
        );
        let found = found(&line);
        [Field::Page, Field::Device, Field::Os, Field::Release, Field::Bot]
            .map(|field| value(one(&found), field).map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    let app =
        r#"{"device":{"type":"ios","model":"iPad14,1"},"os":{"name":"iPadOS"},"app":{"version":"4.2"},"page":"?"}"#;
    assert_eq!(with("", app), [some("Home"), some("tablet"), some("iPadOS"), some("4.2"), None]);
    let program = r#"{"userAgent":"python-requests/2.31.0"}"#;
    assert_eq!(with("", program), [some("Home"), some("other"), None, None, some("user agent")]);
    assert_eq!(with(r#""channel":"server","#, program), [some("Home"), None, None, None, None]);
}

#[test]
fn a_campaign_goes_before_the_referrer_wherever_it_is_written() {
    let channel = |context: &str| {
        let line = format!(
            r#"{{"type":"page","messageId":"m","timestamp":"2026-03-11T09:00:00Z","anonymousId":"a","context":{context}}}"#
        );
        value(one(&found(&line)), Field::Channel).map(str::to_owned)
    };
    for (context, expected) in [
        (
            r#"{"campaign":{"source":"Newsletter","medium":"Email"},"page":{"referrer":"https://blog.example/"}}"#,
            Some("email"),
        ),
        (r#"{"page":{"url":"https://shop.example/","search":"?gclid=1","referrer":""}}"#, Some("paid search")),
        (r#"{"page":{"url":"https://shop.example/","referrer":""}}"#, Some("direct")),
        (r#"{"page":{"url":"https://shop.example/"}}"#, None),
        (
            r#"{"campaign":"spring","page":{"url":"https://shop.example/","referrer":"https://blog.example/"}}"#,
            Some("referral"),
        ),
    ] {
        assert_eq!(channel(context).as_deref(), expected, "{context}");
    }
}

#[test]
fn a_bad_call_is_refused_with_its_reason_and_the_next_one_is_read() {
    let call = |rest: &str| format!(r#"{{"type":"track","event":"Product Added","messageId":"m",{rest}}}"#);
    let known = r#""timestamp":"2026-03-11T09:00:00Z","anonymousId":"a""#;
    let lines = [
        call(known),
        call(known).replace('}', ""),
        call(r#""anonymousId":"a""#),
        call(r#""timestamp":"2026-03-11T09:00:00Z","anonymousId":null,"userId":"""#),
        call(r#""timestamp":"2026-03-11T09:00:00Z","anonymousId":"undefined","userId":"null""#),
        call(&format!(r#"{known},"properties":{{"products":{{"product_id":"A"}}}}"#)),
        call(&format!(r#"{known},"properties":{{"products":["A"]}}"#)),
        call(&format!(r#"{known},"properties":{{"price":"€12.50"}}"#)),
        call(&format!(r#"{known},"properties":{{"price":{{"amount":1}}}}"#)),
        call(&format!(r#"{known},"properties":{{"price":1,"quantity":1.5}}"#)),
        call(&format!(r#"{known},"properties":[]"#)),
        call(known),
    ];
    let found = found(&lines.join("\r\n"));
    assert_eq!(found.rows.len(), 2);
    let expected = [
        "2: unreadable line: EOF while parsing an object at line 1 column 108",
        "3: unreadable timestamp: ",
        "4: no ids: neither visitor_id nor customer_id",
        "5: no ids: neither visitor_id nor customer_id",
        "6: unreadable line: `products` must be a list",
        "7: unreadable line: `products[]` must be an object",
        "8: unreadable price: €12.50",
        r#"9: unreadable price: {"amount":1}"#,
        "10: unreadable quantity: 1.5",
        "11: unreadable line: `properties` must be an object",
    ];
    assert_eq!(refused(&found), expected);
}

#[test]
fn one_call_of_rudderstack_makes_the_file_rudderstacks_and_either_may_be_asked_for() {
    let plain = r#"{"type":"track","event":"x","messageId":"m","timestamp":"2026-03-11T09:00:00Z","anonymousId":"a"}"#;
    let rudder = plain.replace(r#""type""#, r#""rudderId":"r","type""#);
    let format = |text: &str, wanted| {
        Parser::detect(text.as_bytes(), wanted, &AccessLog::shared_default()).map(|(format, _)| format)
    };
    assert_eq!(format(plain, Wanted::Auto), Ok(Format::Segment));
    assert_eq!(format(&format!("{{broken\n{plain}\n{rudder}"), Wanted::Auto), Ok(Format::Rudderstack));
    for wanted in [Format::Segment, Format::Rudderstack] {
        assert_eq!(format(plain, Wanted::Only(wanted)), Ok(wanted));
        assert_eq!(format(&rudder, Wanted::Only(wanted)), Ok(wanted));
    }
    assert!(format(plain, Wanted::Only(Format::Ga4)).is_err());
    assert_eq!("rudderstack".parse(), Ok(Wanted::Only(Format::Rudderstack)));
}
