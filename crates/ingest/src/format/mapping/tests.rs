use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, StructArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field as ArrowField};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Mapped, Mapping};
use crate::chunk::Chunks;
use crate::format::Unrecognised;
use crate::format::testing::{Found, refused, shown};

/// A mapping from its tables, as leftcart.toml has them.
fn mapping(tables: &Value) -> Arc<Mapping> {
    fn part<T: DeserializeOwned>(tables: &Value, name: &str) -> Option<T> {
        tables.get(name).map(|table| serde_json::from_value(table.clone()).unwrap())
    }
    let default = Mapping::default();
    let mapping = Mapping {
        zone: part::<String>(tables, "zone").map_or(default.zone, |zone| zone.parse().unwrap()),
        time: part::<Vec<_>>(tables, "time").unwrap_or_default(),
        decimal: part(tables, "decimal").unwrap_or(default.decimal),
        thousands: part(tables, "thousands"),
        items: part(tables, "items"),
        columns: part::<BTreeMap<_, _>>(tables, "columns").unwrap_or_default(),
        captures: part::<BTreeMap<_, _>>(tables, "captures").unwrap_or_default(),
        constants: part::<BTreeMap<_, _>>(tables, "constants").unwrap_or_default(),
        kinds: part(tables, "kinds"),
        currency_signs: part(tables, "currency_signs").unwrap_or_default(),
    };
    mapping.check().unwrap();
    Arc::new(mapping)
}

fn read(text: &str, tables: &Value) -> Found {
    let mapped = Mapped::new(text.as_bytes(), &mapping(tables)).unwrap();
    let mut found = Found::default();
    let mut chunks = Chunks::new(text.as_bytes(), mapped.boundary());
    while let Some(chunk) = chunks.next() {
        mapped.parse(&chunk, &mut found);
    }
    found
}

fn rows(found: &Found) -> Vec<String> {
    found.rows.iter().map(|row| shown(row)).collect()
}

#[test]
fn semicolons_decimal_commas_and_local_clocks_are_read() {
    let tables = json!({
        "zone": "Europe/Berlin", "time": ["%d.%m.%Y %H:%M:%S", "unix_ms"], "decimal": ",", "thousands": ".",
        "columns": {
            "ts": "created", "kind": "what", "visitor_id": ["cookie_id", "Kennung"], "product_name": "name",
            "unit_price": "price", "quantity": "pieces", "page": "url", "currency": "money"
        },
        "captures": { "product_id": { "column": "url", "pattern": "/p/([^/?]+)" } },
        "constants": { "currency": "EUR" },
        "kinds": { "cart:add": "add_to_cart", "seen": "view_item", "noise": "" }
    });
    let text = "created;what;cookie_id;Kennung;name;price;pieces;url;money\n\
        11.03.2026 10:06:39;cart:add;;k1;\"Cup; \"\"XL\"\"\nblue\";1.234,56;2;https://s.example/p/A-1?x=1;\n\
        25.10.2025 02:30:00;seen;null;k1;;12,1;;/p/B-2/more;chf\n\
        1773223599123;seen;k2;;;;;/about;\n\
        26.10.2025 02:30:00;noise;k2;;;;;;\n\
        29.03.2026 02:30:00;zap;x@example.com;;;;;;\n";
    let found = read(text, &tables);
    assert_eq!(
        rows(&found),
        [
            "ts=2026-03-11T09:06:39Z kind=add_to_cart visitor_id=k1 product_id=A-1 product_name=Cup; \"XL\"\nblue \
             quantity=2 unit_price=1234.56 currency=EUR page=/p/A-1",
            "ts=2025-10-25T00:30:00Z kind=view_item visitor_id=k1 product_id=B-2 unit_price=12.1 currency=chf \
             page=/p/B-2/more",
            "ts=2026-03-11T10:06:39.123000Z kind=view_item visitor_id=k2 currency=EUR page=/about",
            // Twice on that night: the first.
            "ts=2025-10-26T00:30:00Z kind=other visitor_id=k2 currency=EUR",
            // Not at all on that night: as if the clock had not yet been put forward.
            "ts=2026-03-29T01:30:00Z kind=other visitor_id=email:… currency=EUR",
        ]
    );
    assert_eq!(found.unmapped, ["noise", "zap"]);
    assert_eq!(refused(&found), [""; 0]);
}

#[test]
fn bad_rows_say_why_and_where() {
    let tables = json!({
        "time": ["%d.%m.%Y"], "decimal": ",",
        "columns": { "ts": "t", "kind": "k", "visitor_id": "v", "unit_price": "p" }
    });
    let text = "t\tk\tv\tp\n2026-03-11\tpage_view\ta\t\n11.03.2026\tzap\ta\t\n11.03.2026\tpage_view\tnull\t\n\
        11.03.2026\tpage_view\ta\t1.5\n11.03.2026\tpage_view\ta\n11.03.2026\tpage_view\ta\t1,5\n";
    let found = read(text, &tables);
    assert_eq!(found.rows.len(), 1);
    assert_eq!(
        refused(&found),
        [
            "2: unreadable timestamp: 2026-03-11 (not written as the mapping says)",
            "3: unknown kind: zap",
            "4: no ids: neither visitor_id nor customer_id",
            "5: unreadable price: 1.5 (not written as the mapping says)",
            "6: unreadable line: 3 fields, where the header has 4",
        ]
    );
}

#[test]
fn paths_lead_into_json_and_each_item_is_a_row() {
    let tables = json!({
        "items": "payload.items", "decimal": ",",
        "columns": {
            "ts": "at", "kind": "event.name", "event_id": "id", "visitor_id": ["cookie_id", "client.cookie"],
            "order_value": "payload.total", "product_id": "items.sku", "unit_price": "items.price.gross",
            "quantity": ["items.qty", "payload.qty"]
        },
        "kinds": { "order": "purchase" }
    });
    let text = r#"{"id":1,"at":"2026-03-11T10:06:39Z","event":{"name":"order"},"client":{"cookie":"c1"},"payload":{"total":33.10,"qty":3,"items":[{"sku":"A","price":{"gross":"11,05"},"qty":2},{"sku":7,"price":{"gross":11.00}}]}}
{"id":2,"at":1773223599,"event":{"name":"order"},"cookie_id":"c2","payload":"{\"total\":\"5,50\",\"items\":[]}"}
{"id":3,"at":1773223599,"event":{"name":"zap"},"cookie_id":"c2","payload":{"items":[{"sku":"A"},{"sku":"B"}]}}
{"id":4,"at":1773223599,"event":{},"cookie_id":"c2"}
{"id":5,"at":{"x":1},"event":{"name":"order"},"cookie_id":"c2"}
{"id":6,"at":1773223599,"event":{"name":"order"},"cookie_id":"c2","payload":{"items":"none"}}
[1]
{"id":7
"#;
    let found = read(text, &tables);
    assert_eq!(
        rows(&found),
        [
            "event_id=1 line=0 ts=2026-03-11T10:06:39Z kind=purchase visitor_id=c1 product_id=A quantity=2 \
             unit_price=11.05 order_value=33.10",
            "event_id=1 line=1 ts=2026-03-11T10:06:39Z kind=purchase visitor_id=c1 product_id=7 quantity=3 \
             unit_price=11.00 order_value=33.10",
            "event_id=2 ts=2026-03-11T10:06:39Z kind=purchase visitor_id=c2 order_value=5.50",
            "event_id=3 ts=2026-03-11T10:06:39Z kind=other visitor_id=c2",
            "event_id=4 ts=2026-03-11T10:06:39Z kind=other visitor_id=c2",
        ]
    );
    assert_eq!(found.unmapped, ["zap", "(no name)"]);
    let refused = refused(&found);
    assert_eq!(refused[0], "5: unreadable line: `at` must be text or a number");
    assert!(refused[1].starts_with("6: unreadable line: items: "), "{}", refused[1]);
    assert_eq!(refused[2], "7: unreadable line: no JSON object");
    assert!(refused[3].starts_with("8: unreadable line: EOF") && refused.len() == 4);
}

#[test]
fn a_column_of_csv_may_hold_json() {
    let tables = json!({
        "columns": {
            "ts": "t", "visitor_id": "v", "product_id": "payload.item.sku", "category": "payload.item.tags.1"
        },
        "constants": { "kind": "view_item" }
    });
    let text = "t,v,payload\n2026-03-11,a,\"{\"\"item\"\":{\"\"sku\"\":\"\"A\"\",\"\"tags\"\":[1,\"\"x\"\"]}}\"\n2026-03-11,a,{broken\n";
    assert_eq!(
        rows(&read(text, &tables)),
        [
            "ts=2026-03-11T00:00:00Z kind=view_item visitor_id=a product_id=A category=x",
            "ts=2026-03-11T00:00:00Z kind=view_item visitor_id=a",
        ]
    );
}

#[test]
fn columns_of_parquet_have_moments_numbers_structs_and_json() {
    let tables = json!({
        "zone": "Europe/Berlin", "time": ["unix_s"], "decimal": ",",
        "columns": {
            "ts": "at", "visitor_id": "who.cookie", "product_id": "payload.sku", "unit_price": "price"
        },
        "constants": { "kind": "view_item" }
    });
    let text = |texts: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    let cookie = Arc::new(ArrowField::new("cookie", DataType::Utf8, true));
    let who = StructArray::from(vec![(cookie, text(vec![Some("c1"), None]))]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("at", Arc::new(TimestampMillisecondArray::from(vec![1_773_223_599_123, 0]))),
        ("who", Arc::new(who)),
        ("payload", text(vec![Some(r#"{"sku":"A"}"#), None])),
        ("price", Arc::new(Float64Array::from(vec![Some(12.5), None]))),
        ("rest", text(vec![None, None])),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut mapped = Mapped::new(b"PAR1", &mapping(&tables)).unwrap();
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    mapped.judge(&names).unwrap();
    assert_eq!((mapped.is_parquet(), mapped.unused()), (true, &["rest".to_owned()][..]));
    let mut found = Found::default();
    mapped.columns(1, &batch, &mut found);
    assert_eq!(
        rows(&found),
        ["ts=2026-03-11T09:06:39.123000Z kind=view_item visitor_id=c1 product_id=A unit_price=12.5"]
    );
    assert_eq!(refused(&found), ["2: no ids: neither visitor_id nor customer_id"]);
}

#[test]
fn a_file_without_what_every_row_needs_is_refused_with_its_columns() {
    let tables = json!({ "columns": { "ts": "created", "kind": "what", "customer_id": ["a.id", "b"] } });
    let refused = |text: &str| match Mapped::new(text.as_bytes(), &mapping(&tables)) {
        Err(Unrecognised::Mapping(what)) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("creatd;what;a\n"), "it has no column `created` for ts; its columns are creatd, what, a");
    assert!(refused("created,what\n").starts_with("it has no column `a.id`, `b` for visitor_id or customer_id"));
    assert!(refused("[{\"created\":1}]\n").starts_with("a JSON list; write one object a line"));
    let mapped = Mapped::new(b"created|what|b|extra\n", &mapping(&tables)).unwrap();
    assert_eq!(mapped.unused(), ["extra"]);
    assert_eq!(Mapped::new(b"\n", &mapping(&tables)).unwrap_err(), Unrecognised::Empty);
}

#[test]
fn user_agent_url_and_referrer_tell_what_no_column_says() {
    let tables = json!({
        "columns": {
            "ts": "ts", "kind": "kind", "visitor_id": "who", "user_agent": "ua", "url": "url", "referrer": "from",
            "os": "os"
        }
    });
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    let line = |who: &str, more: Value| {
        let mut line = json!({ "ts": "2026-03-11", "kind": "page_view", "who": who });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string() + "\n"
    };
    let text = [
        line("a", json!({ "ua": phone, "url": "https://s.example/p/mug?gclid=1", "from": "https://blog.example/" })),
        line("b", json!({ "ua": phone, "os": "Symbian", "url": "https://s.example/p", "from": "" })),
        line("c", json!({ "ua": "Googlebot/2.1", "url": "https://s.example/p", "from": null })),
        line("d", json!({ "url": "/p/mug", "from": "https://s.example/" })),
        line("e", json!({ "url": "/p/mug", "from": "https://www.google.com/" })),
        line("f", json!({ "url": "https://s.example/u/x@example.com", "from": "https://blog.example/" })),
    ];
    let head = "ts=2026-03-11T00:00:00Z kind=page_view visitor_id";
    assert_eq!(
        rows(&read(&text.concat(), &tables)),
        [
            format!("{head}=a device=mobile os=iOS browser=Safari channel=paid search page=/p/mug"),
            format!("{head}=b device=mobile os=Symbian browser=Safari channel=direct page=/p"),
            format!("{head}=c device=other page=/p bot=user agent"),
            format!("{head}=d page=/p/mug"),
            format!("{head}=e channel=organic search page=/p/mug"),
            format!("{head}=f channel=referral page=/u/*"),
        ]
    );
}

#[test]
fn currency_signs_tell_the_currency_where_no_column_does() {
    let tables = json!({
        "columns": { "ts": "ts", "kind": "kind", "visitor_id": "who", "unit_price": "price", "currency": "money" },
        "constants": { "currency": "CHF" }, "thousands": ",", "currency_signs": { "€": "EUR", "$": "USD" }
    });
    let line = |price: &str, money: &str| format!("2026-03-11,add_to_cart,a,\"{price}\",{money}\n");
    let text = format!(
        "ts,kind,who,price,money\n{}{}{}{}{}",
        line("$1,234.00", ""),
        line("12.50 €", ""),
        line("$3", "CAD"),
        line("4", ""),
        line("£5", "")
    );
    let found = read(&text, &tables);
    let prices: Vec<String> =
        rows(&found).iter().map(|row| row.split(" visitor_id=a ").nth(1).unwrap().to_owned()).collect();
    let price = |price: &str, currency: &str| format!("unit_price={price} currency={currency}");
    let expected = [price("1234.00", "USD"), price("12.50", "EUR"), price("3", "CAD"), price("4", "CHF")];
    assert_eq!(prices, expected);
    assert_eq!(refused(&found), ["6: unreadable price: £5 (not written as the mapping says)"]);
}
