use std::sync::Arc;

use super::{AccessLog, Identity, LatencyUnit, Route};
use crate::format::Format;
use crate::format::testing::{Found, read, read_as, refused, shown, value};
use crate::row::Field;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/17.5 Mobile/15E148 Safari/604.1";

/// A line at 09:06:39 UTC.
fn line(request: &str, status: u16, referrer: &str) -> String {
    format!("203.0.113.7 - - [11/Mar/2026:10:06:39 +0100] \"{request}\" {status} 17 \"{referrer}\" \"{PHONE}\"\n")
}

/// Kind, then the columns asked for.
fn cells(found: &Found, fields: &[Field]) -> Vec<String> {
    let cell = |row: &[(Field, String)], field: &Field| value(row, *field).unwrap_or("-").to_owned();
    let fields = || std::iter::once(&Field::Kind).chain(fields);
    found.rows.iter().map(|row| fields().map(|field| cell(row, field)).collect::<Vec<_>>().join(" ")).collect()
}

fn route(table: &str) -> Route {
    serde_json::from_str(table).unwrap()
}

#[test]
fn a_request_becomes_a_row_and_its_address_only_a_hash() {
    let (format, found) = read(&line("POST /cart/add?sku=SKU-1&qty=2 HTTP/1.1", 302, "https://www.google.com/"));
    assert_eq!(format, Format::AccessLog);
    let visitor = crate::network::id("203.0.113.0", Some(PHONE));
    assert_eq!(
        found.rows.iter().map(|row| shown(row)).collect::<Vec<_>>(),
        [format!(
            "ts=2026-03-11T09:06:39Z kind=add_to_cart visitor_id={visitor} product_id=SKU-1 quantity=2 device=mobile \
             os=iOS browser=Safari channel=organic search page=/cart/add"
        )]
    );
}

#[test]
fn without_a_map_common_paths_are_known_and_failures_of_the_checkout_are_errors() {
    let text = [
        line("GET / HTTP/1.1", 200, "-"),
        line("GET /checkout HTTP/1.1", 200, "-"),
        line("POST /checkout/payment HTTP/1.1", 503, "-"),
        line("GET /checkout/thank-you/T-1001 HTTP/1.1", 200, "-"),
        line("GET /checkout/thank-you/T-1002 HTTP/1.1", 404, "-"),
        line("POST /cart/add?sku=1 HTTP/1.1", 500, "-"),
        line("GET /logo.png HTTP/1.1", 200, "-"),
    ]
    .concat();
    assert_eq!(
        cells(&read(&text).1, &[Field::OrderId, Field::ProductId, Field::ErrorCode, Field::HttpStatus]),
        [
            "page_view - - - -",
            "begin_checkout - - - -",
            "checkout_error - - HTTP 503 503",
            "purchase T-1001 - - -",
            "checkout_error - - HTTP 404 404",
            "page_view - - - 500",
            "other - - - -",
        ]
    );
}

#[test]
fn a_map_tells_actions_of_one_path_apart_by_query_and_status() {
    let options = Arc::new(AccessLog {
        zone: chrono_tz::Europe::Berlin,
        latency: Some(LatencyUnit::Seconds),
        hosts: vec!["www.shop.example".to_owned()],
        visitor: Identity::try_from("query:JSESSIONID".to_owned()).unwrap(),
        session: Identity::try_from("query:JSESSIONID".to_owned()).unwrap(),
        routes: vec![
            route(
                r#"{"path":"^/cart\\.do$","query":{"action":"addtocart"},"kind":"add_to_cart","product":"query:productId"}"#,
            ),
            route(
                r#"{"path":"^/cart\\.do$","query":{"action":"~^(pay|purchase)$"},"method":"POST","status":"2xx","kind":"purchase"}"#,
            ),
            route(r#"{"path":"^/cart/error","kind":"checkout_error","status":"2xx","error_code":"query:msg"}"#),
            route(r#"{"path":"^/p/(?P<product>[^/]+)/x(?P<quantity>\\d+)$","kind":"view_item","currency":"=EUR"}"#),
        ],
    });
    let line = |request: &str, status: u16, referrer: &str| {
        format!(
            "192.0.2.1 - - [11/Mar/2026:10:06:39] \"{request} HTTP 1.1\" {status} - \"{referrer}\" \"{PHONE}\" 0.349\n"
        )
    };
    let text = [
        line("GET /cart.do?action=addtocart&productId=A%26B&JSESSIONID=S1", 200, "http://www.shop.example/p"),
        line("POST /cart.do?action=purchase&JSESSIONID=S1", 200, "http://blog.example/"),
        line("POST /cart.do?action=purchase&JSESSIONID=S1", 503, "-"),
        line("POST /cart.do?action=purchase&JSESSIONID=S1", 302, "-"),
        line("GET /cart.do?action=purchase&JSESSIONID=S1", 503, "-"),
        line("POST /cart/error.do?msg=CreditDoesNotMatch&JSESSIONID=S1", 200, "-"),
        line("GET /p/M%C3%BCg/x3;JSESSIONID=S1", 200, "-"),
    ]
    .concat();
    let (_, found) = read_as(&text, &options);
    assert_eq!(
        cells(&found, &[Field::ProductId, Field::Quantity, Field::Currency, Field::ErrorCode, Field::Channel]),
        [
            "add_to_cart A&B - - - -",
            "purchase - - - - referral",
            "checkout_error - - - HTTP 503 -",
            "page_view - - - - -",
            "page_view - - - - -",
            "checkout_error - - - CreditDoesNotMatch -",
            "view_item Müg 3 EUR - -",
        ]
    );
    for row in &found.rows {
        let of_all = [Field::Ts, Field::VisitorId, Field::SessionId, Field::LatencyMs].map(|field| value(row, field));
        assert_eq!(of_all, [Some("2026-03-11T09:06:39Z"), Some("S1"), Some("S1"), Some("349")]);
    }
    assert_eq!(value(&found.rows[6], Field::Page), Some("/p/M%C3%BCg/x3"));
}

#[test]
fn a_visitor_without_the_id_asked_for_is_told_by_address_and_agent() {
    let options = AccessLog { visitor: Identity::try_from("cookie:sid".to_owned()).unwrap(), ..AccessLog::default() };
    let text = format!(
        "{}{}",
        line("GET / HTTP/1.1", 200, "-").replace('\n', " \"a=1; sid=S9\"\n"),
        line("GET / HTTP/1.1", 200, "-")
    );
    let visitor = crate::network::id("203.0.113.0", Some(PHONE));
    assert_eq!(
        cells(&read_as(&text, &Arc::new(options)).1, &[Field::VisitorId]),
        ["page_view S9".to_owned(), format!("page_view {visitor}")]
    );
}

#[test]
fn users_are_customers_and_addresses_of_theirs_are_hashed_and_robots_are_marked() {
    let robot = "192.0.2.1 - u_77 [11/Mar/2026:10:06:39 +0100] \"GET / HTTP/1.1\" 200 1 \"-\" \"Googlebot/2.1\"\n";
    let found = read(&format!("{robot}{}", robot.replace("u_77", "x@example.com"))).1;
    let shown: Vec<String> = cells(&found, &[Field::CustomerId, Field::Device, Field::Bot]);
    assert_eq!(shown[0], format!("page_view u_77 other {}", events::bots::USER_AGENT));
    assert!(shown[1].starts_with("page_view email:") && !shown[1].contains('@'));
}

#[test]
fn what_is_no_request_is_counted_and_bad_lines_say_why_and_where() {
    let text = [
        line("-", 408, "-"),
        line("\\x16\\x03\\x01", 400, "-"),
        "192.0.2.1 - - [11/Mar/2026:10:06:39 +0100] \"GET / HT\n".to_owned(),
        line("GET / HTTP/1.1", 200, "-").replace("11/Mar", "31/Feb"),
    ]
    .concat();
    let found = read(&text).1;
    assert_eq!(cells(&found, &[Field::HttpStatus]), ["other 408", "other 400"]);
    assert_eq!(found.unmapped, ["(no request)", "(no request)"]);
    assert_eq!(
        refused(&found),
        [
            "3: unreadable line: no access log line: the request's quote is not closed",
            "4: unreadable timestamp: 31/Feb/2026:10:06:39 +0100",
        ]
    );
}
