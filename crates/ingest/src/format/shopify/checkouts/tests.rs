use crate::format::Format;
use crate::format::testing::{read, refused, shown};

const REST: &str = r##"{"id":900700001,"token":"00ff","cart_token":"c-9","name":"#900700001","email":"x@example.com",
    "phone":"+49301234","gateway":"paypal","created_at":"2026-03-11T05:06:39-04:00",
    "updated_at":"2026-03-11T05:09:02-04:00","completed_at":null,"currency":"USD","presentment_currency":"EUR",
    "landing_site":"/p/mug?utm_source=news&utm_medium=email","referring_site":"","source_name":"web",
    "abandoned_checkout_url":"https://shop.example/1/checkouts/2a/recover?key=k","total_price":"29.90",
    "discount_codes":[{"code":"TENOFF","amount":"2.50"},{"code":"MORE"}],
    "shipping_lines":[{"code":"DHL","title":"DHL Express","price":"4.90"}],
    "line_items":[{"product_id":1,"variant_id":2,"sku":"SKU-1","title":"Mug","vendor":"Acme","quantity":2,"price":"13.75"},
    {"product_id":3,"sku":"","title":"Saucer","vendor":null,"quantity":1,"price":"2.40"}],
    "customer":{"id":900700002,"email":"x@example.com"},
    "shipping_address":{"name":"Ann Bee","address1":"1 High St","country_code":"DE","zip":"10115"}}"##;

const GRAPHQL: &str = r##"{"id":"gid://shopify/AbandonedCheckout/900700001","name":"#900700001",
    "createdAt":"2026-03-11T09:06:39Z","updatedAt":"2026-03-11T09:30:00Z","completedAt":"2026-03-11T09:10:40Z",
    "abandonedCheckoutUrl":"https://shop.example/1/checkouts/ac/c-9/recover",
    "customer":{"id":"gid://shopify/Customer/900700002","email":"x@example.com"},"discountCodes":["TENOFF"],
    "totalPriceSet":{"shopMoney":{"amount":"32.59","currencyCode":"USD"},"presentmentMoney":{"amount":"29.9","currencyCode":"EUR"}},
    "shippingAddress":{"countryCodeV2":"DE","zip":"10115"},
    "lineItems":{"edges":[{"node":{"id":"gid://shopify/AbandonedCheckoutLineItem/1","sku":null,"title":"Mug","quantity":2,
    "originalUnitPriceSet":{"shopMoney":{"amount":"14.990","currencyCode":"USD"}},
    "product":{"id":"gid://shopify/Product/900700003"}}}]}}"##;

fn rows(text: &str) -> Vec<String> {
    let (format, found) = read(text);
    assert_eq!(format, Format::ShopifyCheckouts);
    assert_eq!(refused(&found), [""; 0], "{text}");
    found.rows.iter().map(|row| shown(row)).collect()
}

#[test]
fn what_an_abandoned_checkout_shows_becomes_the_steps_taken() {
    let rows = rows(&format!("{{\"checkouts\":[{REST}]}}"));
    let of_all = "visitor_id=c-9 customer_id=900700002";
    let visit = "currency=USD country=DE channel=email";
    let how = "payment_method=paypal shipping_method=DHL Express coupon=TENOFF, MORE";
    assert_eq!(
        rows,
        [
            format!(
                "event_id=900700001.begin_checkout line=0 ts=2026-03-11T05:06:39-04:00 kind=begin_checkout {of_all} \
                 product_id=SKU-1 product_name=Mug brand=Acme quantity=2 unit_price=13.75 {visit} coupon=TENOFF, MORE"
            ),
            format!(
                "event_id=900700001.begin_checkout line=1 ts=2026-03-11T05:06:39-04:00 kind=begin_checkout {of_all} \
                 product_id=3 product_name=Saucer quantity=1 unit_price=2.40 {visit} coupon=TENOFF, MORE"
            ),
            format!(
                "event_id=900700001.add_shipping_info.2026-03-11T09:09:02Z line=0 ts=2026-03-11T09:09:02Z \
                 kind=add_shipping_info {of_all} {visit} {how}"
            ),
            format!(
                "event_id=900700001.add_payment_info.2026-03-11T09:09:02Z line=0 ts=2026-03-11T09:09:02Z \
                 kind=add_payment_info {of_all} {visit} {how}"
            ),
        ]
    );
    let text = rows.join("\n");
    assert!(["Ann", "High", "10115", "x@", "4930"].iter().all(|word| !text.contains(word)), "{text}");
}

#[test]
fn a_completed_checkout_was_bought_and_its_steps_came_before() {
    let of_all = "visitor_id=checkout:900700001 customer_id=900700002";
    let item = "product_id=900700003 product_name=Mug quantity=2 unit_price=14.990";
    assert_eq!(
        rows(&format!("{{\"data\":{{\"abandonedCheckouts\":{{\"nodes\":[{GRAPHQL}]}}}}}}")),
        [
            format!(
                "event_id=900700001.begin_checkout line=0 ts=2026-03-11T09:06:39Z kind=begin_checkout {of_all} {item} \
                 currency=USD country=DE coupon=TENOFF"
            ),
            format!(
                "event_id=900700001.add_shipping_info.2026-03-11T09:10:40Z line=0 ts=2026-03-11T09:10:40Z \
                 kind=add_shipping_info {of_all} currency=USD country=DE coupon=TENOFF"
            ),
            format!(
                "event_id=900700001.purchase line=0 ts=2026-03-11T09:10:40Z kind=purchase {of_all} \
                 order_id=#900700001 {item} order_value=32.59 currency=USD country=DE coupon=TENOFF"
            ),
        ]
    );
}

#[test]
fn a_checkout_of_nobody_has_its_cart_or_itself_for_a_visitor() {
    let bare = r#"{"id":1,"cart_token":null,"created_at":"2026-03-11T05:06:39Z","line_items":[],"completed_at":null}"#;
    assert_eq!(
        rows(bare),
        ["event_id=1.begin_checkout line=0 ts=2026-03-11T05:06:39Z kind=begin_checkout visitor_id=checkout:1"]
    );
    let guest = bare.replace("null,\"created", "null,\"email\":\"x@example.com\",\"source_name\":\"pos\",\"created");
    assert!(rows(&guest)[0].ends_with("visitor_id=checkout:1 customer_id=email:… channel=pos"));
}

#[test]
fn a_file_of_checkouts_is_the_same_however_it_is_wrapped() {
    let line = REST.replace('\n', " ");
    let whole = rows(&format!("{{\"checkouts\":[{REST},{REST}]}}"));
    assert_eq!(whole.len(), 8);
    for text in [
        format!("{line}\n{line}\n"),
        format!("[{REST},{REST}]"),
        format!("{{\"checkouts\":[{line}]}}\n{{\"checkouts\":[{line}]}}\n"),
        REST.to_owned() + REST,
    ] {
        assert_eq!(rows(&text), whole, "{text}");
    }
    let edges = format!("{{\"data\":{{\"abandonedCheckouts\":{{\"edges\":[{{\"node\":{GRAPHQL}}}]}}}}}}");
    assert_eq!(rows(&edges), rows(&GRAPHQL.replace('\n', " ")));
}

#[test]
fn bad_records_say_why_and_which() {
    let price = REST.replace("\"13.75\"", "\"thirteen\"");
    let when = GRAPHQL.replace("2026-03-11T09:06:39Z", "today");
    let text = format!(
        "{{\"checkouts\":[{REST},{price},{{\"message\":\"no\"}},7,{when},{{\"created_at\":\"x\"}},{{\"id\":1]}}"
    );
    assert_eq!(
        refused(&read(&text).1),
        [
            "2: unreadable price: thirteen",
            "3: unreadable line: no checkout: neither created_at nor createdAt",
            "4: unreadable line: no checkout: no object",
            "5: unreadable timestamp: today",
            "6: unreadable line: no checkout: no id",
            "7: unreadable line: expected `,` or `}` at line 1 column 8",
        ]
    );
}
