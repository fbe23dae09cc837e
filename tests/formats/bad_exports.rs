//! Bad rows of trackers, shop systems, data sets and web servers, each with its reason, words and place.

use support::table::pick;

use super::bad::{FINE, Verdict, assert_nothing_lost, assert_verdicts, assert_verdicts_with, bad, quarantine};
use crate::lake;

fn rows(rows: &[(String, Verdict)]) -> Vec<(&[u8], Verdict)> {
    rows.iter().map(|(row, verdict)| (row.as_bytes(), *verdict)).collect()
}

const NO_IDS: Verdict = bad("no ids", "neither visitor_id nor customer_id");

/// The same mistakes in calls of both; `more` is what tells one from the other.
fn calls(more: &str) -> Vec<(String, Verdict)> {
    let call = |event: &str, properties: &str| {
        format!(
            r#"{{"type":"track","event":"{event}","messageId":"m","timestamp":"2026-01-05T10:00:00Z","anonymousId":"v"{more},"properties":{properties}}}"#
        )
    };
    let added = call("Product Added", r#"{"product_id":"mug"}"#);
    vec![
        (added.clone(), FINE),
        (added.replace("2026-01-05T10:00:00Z", "soon"), bad("unreadable timestamp", "soon")),
        (added.replace(r#""timestamp":"2026-01-05T10:00:00Z","#, ""), bad("unreadable timestamp", "")),
        (added.replace("2026-01", "2031-01"), bad("future timestamp", "2031-01-05T10:00:00Z")),
        (added.replace(r#""anonymousId":"v""#, r#""anonymousId":null,"userId":"undefined""#), NO_IDS),
        (call("Product Added", r#"{"price":"12 EUR"}"#), bad("unreadable price", "12 EUR")),
        (call("Product Added", r#"{"price":-1}"#), bad("negative price", "-1.0000")),
        (call("Product Added", r#"{"quantity":1.5}"#), bad("unreadable quantity", "1.5")),
        (call("Product Added", r#"{"quantity":-1}"#), bad("quantity out of range", "-1")),
        (call("Order Completed", r#"{"products":[{"price":1},{"price":"x"}]}"#), bad("unreadable price", "x")),
        (call("Order Completed", r#"{"products":{"price":1}}"#), bad("unreadable line", "`products` must be a list")),
        (call("Order Completed", r#"{"products":[7]}"#), bad("unreadable line", "`products[]` must be an object")),
        (call("Product Added", "7"), bad("unreadable line", "`properties` must be an object")),
        (call("Zapped", "{}").replace(r#""messageId":"m""#, r#""messageId":"z""#), FINE),
        ("{".to_owned(), bad("unreadable line", "EOF while parsing an object at line 1 column 1")),
        ("[1]".to_owned(), bad("unreadable line", "no JSON object")),
    ]
}

#[test]
fn bad_calls_of_segment_are_kept_with_reason_and_line() {
    assert_verdicts("bad-segment.ndjson", "", &rows(&calls("")));
}

#[test]
fn bad_calls_of_rudderstack_are_kept_with_reason_and_line() {
    assert_verdicts("bad-rudderstack.ndjson", "", &rows(&calls(r#","rudderId":"r""#)));
}

/// An enriched line with these fields.
fn enriched(fields: &[(usize, &str)]) -> String {
    let mut line = vec![""; 131];
    let usual = [(3, "2026-01-05 10:00:00.000"), (5, "page_view"), (6, "e"), (15, "v"), (126, "page_view")];
    for (place, text) in usual.iter().chain(fields) {
        line[*place] = text;
    }
    line.join("\t")
}

/// The objects of an action with this product.
fn action(product: &str) -> [(usize, String); 2] {
    let about = |name: &str, data: &str| {
        format!(r#"{{"schema":"iglu:com.snowplowanalytics.snowplow.ecommerce/{name}/jsonschema/1-0-0","data":{data}}}"#)
    };
    [
        (52, format!(r#"{{"data":[{}]}}"#, about("product", product))),
        (58, format!(r#"{{"data":{}}}"#, about("snowplow_ecommerce_action", r#"{"type":"add_to_cart"}"#))),
    ]
}

#[test]
fn bad_events_of_snowplow_are_kept_with_reason_and_line() {
    let with = |product: &str| {
        let attached = action(product);
        enriched(&attached.each_ref().map(|(place, text)| (*place, text.as_str())))
    };
    let fine = enriched(&[]);
    assert_verdicts(
        "bad.tsv",
        "",
        &rows(&[
            (fine.clone(), FINE),
            (with(r#"{"id":"mug","price":2}"#).replace("\te\t", "\te2\t"), FINE),
            (with(r#"{"price":"x"}"#), bad("unreadable price", "x")),
            (with(r#"{"price":-2}"#), bad("negative price", "-2.0000")),
            (with(r#"{"quantity":"many"}"#), bad("unreadable quantity", "many")),
            (with("7"), bad("unreadable line", "`product` must be an object")),
            (fine.replace("2026-01-05 10:00:00.000", "soon"), bad("unreadable timestamp", "soon")),
            (fine.replace("2026", "2031"), bad("future timestamp", "2031-01-05T10:00:00Z")),
            (enriched(&[(15, "null")]), NO_IDS),
            (
                enriched(&[(52, "{")]),
                bad("unreadable line", "`contexts`: EOF while parsing an object at line 1 column 1"),
            ),
            (
                fine.rsplit_once('\t').expect("tabs").0.to_owned(),
                bad("unreadable line", "130 fields, where an enriched event has 131"),
            ),
            (fine + "\t", bad("unreadable line", "132 fields, where an enriched event has 131")),
        ]),
    );
}

#[test]
fn bad_events_of_snowplow_s_sdks_are_kept_with_reason_and_line() {
    let event = |more: &str| {
        format!(
            r#"{{"event_id":"e","collector_tstamp":"2026-01-05T10:00:00Z","event":"page_view","domain_userid":"v"{more}}}"#
        )
    };
    let product = |data: &str| {
        let prefix = "com_snowplowanalytics_snowplow_ecommerce";
        event(&format!(
            r#","unstruct_event_{prefix}_snowplow_ecommerce_action_1":{{"type":"add_to_cart"}},"contexts_{prefix}_product_1":{data}"#
        ))
    };
    assert_verdicts(
        "bad-sdk.ndjson",
        "",
        &rows(&[
            (event(""), FINE),
            (product(r#"[{"price":"x"}]"#), bad("unreadable price", "x")),
            (product(r#"[{"price":-2}]"#), bad("negative price", "-2.0000")),
            (product("[7]"), bad("unreadable line", "`product` must be an object")),
            (
                product("7"),
                bad(
                    "unreadable line",
                    "`com_snowplowanalytics_snowplow_ecommerce_product_1`: invalid type: integer `7`, expected a \
                     sequence at line 1 column 1",
                ),
            ),
            (event("").replace("2026-01-05T10:00:00Z", "soon"), bad("unreadable timestamp", "soon")),
            (event("").replace(r#""v""#, "null"), NO_IDS),
            (event("").replace('}', ""), bad("unreadable line", "EOF while parsing an object at line 1 column 97")),
        ]),
    );
}

#[test]
fn bad_rows_of_retailrocket_are_kept_with_reason_and_line() {
    assert_verdicts(
        "bad-retailrocket.csv",
        "timestamp,visitorid,event,itemid,transactionid\n",
        &rows(&[
            ("1434000000117,1,view,2,".to_owned(), FINE),
            ("soon,1,view,2,".to_owned(), bad("unreadable timestamp", "soon")),
            ("1434000000117,,view,2,".to_owned(), NO_IDS),
            ("1434000000117,1,view".to_owned(), bad("unreadable line", "3 fields, where the header has 5")),
            ("1934000000117,1,view,2,".to_owned(), bad("future timestamp", "2031-04-15T06:13:20.117000Z")),
        ]),
    );
}

#[test]
fn bad_lines_of_an_access_log_are_kept_with_reason_and_line() {
    let line = |moment: &str, path: &str| {
        format!(r#"203.0.113.0 - - [{moment}] "GET {path} HTTP/1.1" 200 512 "-" "Mozilla/5.0""#)
    };
    let fine = line("05/Jan/2026:10:00:00 +0000", "/cart/add?sku=mug");
    assert_verdicts(
        "bad.log",
        "",
        &rows(&[
            (fine.clone(), FINE),
            (line("31/Feb/2026:10:00:00 +0000", "/"), bad("unreadable timestamp", "31/Feb/2026:10:00:00 +0000")),
            (line("05/Jan/2031:10:00:00 +0000", "/"), bad("future timestamp", "2031-01-05T10:00:00Z")),
            (line("05/Jan/2026:10:00:00 +0000", "/cart/add?sku=mug&qty=-1"), bad("quantity out of range", "-1")),
            (line("05/Jan/2026:10:00:00 +0000", "/cart/add?sku=mug&qty=x"), bad("unreadable quantity", "x")),
            (fine.replace('[', ""), bad("unreadable line", "no access log line: no [moment] before a \"request\"")),
            (fine.replace(" 200 ", " OK "), bad("unreadable line", "no access log line: no status")),
            ("nonsense".to_owned(), bad("unreadable line", "no access log line: no client address")),
        ]),
    );
}

#[test]
fn bad_checkouts_are_kept_with_reason_and_record() {
    let checkout = |more: &str| {
        format!(
            r#"{{"id":1,"created_at":"2026-01-05T10:00:00Z","completed_at":null,"cart_token":"v","line_items":[{more}]}}"#
        )
    };
    let records = [
        (checkout(r#"{"sku":"mug","price":"2.00","quantity":1}"#), FINE),
        (checkout(r#"{"price":"x"}"#), bad("unreadable price", "x")),
        (checkout(r#"{"price":"-2"}"#), bad("negative price", "-2.0000")),
        (checkout(r#"{"quantity":0.5}"#), bad("unreadable quantity", "0.5")),
        (
            checkout("7"),
            bad("unreadable line", "invalid type: integer `7`, expected struct LineItem at line 1 column 96"),
        ),
        (checkout("").replace("2026-01-05T10:00:00Z", "soon"), bad("unreadable timestamp", "soon")),
        (checkout("").replace(r#""id":1,"#, ""), bad("unreadable line", "no checkout: no id")),
        (
            checkout("").replace("created_at", "made_at"),
            bad("unreadable line", "no checkout: neither created_at nor createdAt"),
        ),
        ("7".to_owned(), bad("unreadable line", "no checkout: no object")),
    ];
    // A checkout a line: the row is the line.
    assert_verdicts("bad-lines.ndjson", "", &rows(&records));
    // A document: the row is the number of the record.
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let texts: Vec<&str> = records.iter().map(|(text, _)| text.as_str()).collect();
    lake.write("bad.json", format!("{{\"checkouts\":[\n{}\n]}}", texts.join(",\n")));
    assert_nothing_lost(&lake.json(&["run", "bad.json"]));
    let numbered = records.iter().zip(1_u64..);
    let wanted: Vec<(u64, String, String)> = numbered
        .filter_map(|((_, verdict), number)| {
            verdict.map(|(reason, detail)| (number, reason.to_owned(), detail.to_owned()))
        })
        .collect();
    assert_eq!(quarantine(&lake), wanted);
}

#[test]
fn bad_checkouts_of_graphql_are_kept_with_reason_and_line() {
    let checkout = |more: &str| {
        format!(
            r#"{{"id":"gid://shopify/AbandonedCheckout/1","createdAt":"2026-01-05T10:00:00Z","completedAt":null,"lineItems":{{"nodes":[{more}]}}}}"#
        )
    };
    let price = |amount: &str| {
        checkout(&format!(
            r#"{{"sku":"mug","originalUnitPriceSet":{{"shopMoney":{{"amount":{amount},"currencyCode":"EUR"}}}}}}"#
        ))
    };
    assert_verdicts(
        "bad-graphql.ndjson",
        "",
        &rows(&[
            (price("\"2.0\""), FINE),
            (price("\"x\""), bad("unreadable price", "x")),
            (price("\"-2\""), bad("negative price", "-2.0000")),
            (checkout("").replace("2026-01-05T10:00:00Z", "soon"), bad("unreadable timestamp", "soon")),
            (
                checkout("").replace("gid://shopify/AbandonedCheckout/1", ""),
                bad("unreadable line", "no checkout: no id"),
            ),
        ]),
    );
}

#[test]
fn bad_orders_of_shopify_are_kept_whole_with_reason_and_first_line() {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let text = "Name,Email,Financial Status,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n\
                #1,x@example.com,paid,10.00,2026-01-05 10:00:00 +0100,1,Mug,10.00\n\
                #2,x@example.com,paid,10.00,2026-01-05 10:00:00 +0100,1,\"Mug,\nblue\",5.00\n\
                #2,,,,,one,Cup,5.00\n\
                #3,x@example.com,paid,-1,2026-01-05 10:00:00 +0100,1,Mug,10.00\n\
                #4,,,,,1,Cup,5.00\n\
                ,x@example.com,paid,10.00,2026-01-05 10:00:00 +0100,1,Mug,10.00\n\
                #5,x@example.com,paid,10.00,yesterday,1,Mug,10.00\n\
                #6,paid\n";
    lake.write("bad-orders.csv", text);
    assert_nothing_lost(&lake.json(&["run", "bad-orders.csv"]));
    let wanted = [
        (3, "unreadable quantity", "one"),
        (6, "negative price", "-1.0000"),
        (7, "unreadable line", "line items of #4 without the order's first row before them"),
        (8, "unreadable line", "no order: it has no Name"),
        (9, "unreadable timestamp", "yesterday"),
        (10, "unreadable line", "2 fields, where the header has 8"),
    ];
    assert_eq!(quarantine(&lake), wanted.map(|(row, reason, detail)| (row, reason.to_owned(), detail.to_owned())));
    let raw: Vec<_> = lake.rows("quarantine").iter().map(|row| pick(row, &["row", "raw"])).collect();
    let whole = text.lines().skip(2).take(3).collect::<Vec<&str>>().join("\n");
    assert!(raw.contains(&vec![Some("3".to_owned()), Some(whole)]), "the order is kept whole: {raw:?}");
}

#[test]
fn bad_rows_of_a_mapped_file_are_kept_with_reason_and_line() {
    let settings = "[[source]]\nname = \"shop\"\nformat = \"mapping\"\npaths = [\"bad-mapped.csv\"]\ntime = \"%d.%m.%Y\"\n\
                    decimal = \",\"\nthousands = \".\"\n[source.columns]\nts = \"when\"\nkind = \"what\"\nvisitor_id = \"who\"\n\
                    unit_price = \"price\"\nquantity = \"pieces\"\norder_value = \"total\"\n[source.kinds]\nput = \"add_to_cart\"\n\
                    [source.currency_signs]\n\"€\" = \"EUR\"\n\"$\" = \"USD\"\n";
    let not_so = "(not written as the mapping says)";
    let (dollars, half) = (format!("£5 {not_so}"), format!("1.5 {not_so}"));
    let (dollars, half): (&'static str, &'static str) = (dollars.leak(), half.leak());
    assert_verdicts_with(
        settings,
        "bad-mapped.csv",
        "when;what;who;price;pieces;total\n",
        &rows(&[
            ("05.01.2026;put;v;€ 1.234,50;2;".to_owned(), FINE),
            ("05.01.2026;put;v;1.234,50 €;2;7,00".to_owned(), FINE),
            ("05.01.2026;put;v;£5;2;".to_owned(), bad("unreadable price", dollars)),
            ("05.01.2026;put;v;1.5;2;".to_owned(), bad("unreadable price", half)),
            ("05.01.2026;put;v;-€5;2;".to_owned(), bad("negative price", "-5.0000")),
            (
                "05.01.2026;put;v;€5;2;$5".to_owned(),
                bad("unreadable line", "prices in two currencies in one row: € and $"),
            ),
            (
                "2026-01-05;put;v;;;".to_owned(),
                bad("unreadable timestamp", "2026-01-05 (not written as the mapping says)"),
            ),
            ("05.01.2026;put;;;;".to_owned(), NO_IDS),
            ("05.01.2026;zap;v;;;".to_owned(), FINE),
            ("05.01.2026;put".to_owned(), bad("unreadable line", "2 fields, where the header has 6")),
        ]),
    );
}

/// The console's export: one list, indented, nulls written out; numbers where the other has text.
#[test]
fn bad_events_of_ga4_s_console_are_kept_with_reason_and_record() {
    let event = |name: &str, price: &str| {
        format!(
            r#"{{
  "event_name": "{name}",
  "event_timestamp": 1773219912000123,
  "event_params": [{{ "key": "value", "value": {{ "string_value": null, "int_value": null, "float_value": null, "double_value": 25.0 }} }}],
  "user_pseudo_id": "v", "user_id": null, "ecommerce": null,
  "items": [{{ "item_id": "mug", "price": {price}, "quantity": 2 }}]
}}"#
        )
    };
    let records = [
        event("add_to_cart", "12.5"),
        event("add_to_cart", "\"NaN\""),
        "7".to_owned(),
        event("add_to_cart", "-1"),
        event("purchase", "12.50").replace("\"v\"", "null"),
        event("view_cart", "12.50"),
        event("view_item_list", "null"),
        "[1]".to_owned(),
    ];
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    lake.write("bad.json", format!("[\n{}\n]\n", records.join(",\n")));
    let said = lake.json(&["run", "bad.json"]);
    assert_nothing_lost(&said);
    assert_eq!((&said["ingest"]["read"], &said["ingest"]["accepted"]), (&8.into(), &3.into()));
    let wanted = [
        (2, "unreadable price", "NaN"),
        (3, "unreadable line", "not a JSON object"),
        (4, "negative price", "-1.0000"),
        (5, "no ids", "neither visitor_id nor customer_id"),
        (8, "unreadable line", "not a JSON object"),
    ];
    assert_eq!(quarantine(&lake), wanted.map(|(row, reason, detail)| (row, reason.to_owned(), detail.to_owned())));
}
