use super::*;
use crate::agent::{Agent, Agents};
use crate::format::Raw;

#[derive(Default)]
struct Found {
    rows: Vec<Vec<(Field, String)>>,
    rejects: Vec<Reject>,
    unmapped: Vec<String>,
}

impl Sink for Found {
    fn record(&mut self, _: u64, _: Raw<'_>, rows: &mut [RawRow<'_>]) {
        for row in rows {
            let set = |field: Field| Some((field, row.get(field)?.to_owned()));
            self.rows.push(Field::ALL.into_iter().filter_map(set).collect());
        }
    }

    fn reject(&mut self, _: u64, _: Raw<'_>, reject: Reject) {
        self.rejects.push(reject);
    }

    fn unmapped(&mut self, name: &str) {
        self.unmapped.push(name.to_owned());
    }

    fn agent(&mut self, text: &str) -> Agent {
        Agents::default().read(text)
    }
}

fn found(line: &str) -> Found {
    let mut found = Found::default();
    record(1, line, &mut found);
    found
}

fn value(row: &[(Field, String)], field: Field) -> Option<&str> {
    row.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
}

const PURCHASE: &str = r#"{"event_timestamp":"1773220240000001","event_name":"purchase","event_params":[
    {"key":"ga_session_id","value":{"string_value":null,"int_value":"1773219900","float_value":null,"double_value":null}},
    {"key":"currency","value":{"string_value":"EUR"}},{"key":"payment_type","value":{"string_value":"card"}}],
    "user_pseudo_id":"1.2","user_id":"u_77","stream_id":"9","device":{"category":"mobile","operating_system":"iOS",
    "web_info":{"browser":"Safari"}},"geo":{"country":"Germany"},"traffic_source":{"source":"(direct)","medium":"(none)"},
    "ecommerce":{"purchase_revenue":24.99,"transaction_id":"T-1001"},
    "items":[{"item_id":"SKU-1","item_name":"Mug \u0026 Saucer","item_brand":"(not set)","price":12.5,"quantity":"2"},
    {"item_id":"SKU-2","price":3,"quantity":1}]}"#;

#[test]
fn each_item_is_a_line_and_the_total_stands_on_line_0() {
    let rows = found(PURCHASE).rows;
    assert_eq!(rows.len(), 2);
    let [first, second] = [&rows[0], &rows[1]];
    assert_eq!(value(first, Field::Ts), Some("2026-03-11T09:10:40.000001Z"));
    assert_eq!(value(first, Field::ProductName), Some("Mug & Saucer"));
    assert_eq!(value(first, Field::Brand), None, "a placeholder is no value");
    assert_eq!(value(first, Field::OrderValue), Some("24.99"));
    assert_eq!(value(first, Field::SessionId), Some("9.1.2.1773219900"));
    assert_eq!(value(first, Field::PaymentMethod), Some("card"));
    assert_eq!(value(first, Field::Channel), Some("direct"));
    assert_eq!((value(second, Field::Line), value(second, Field::OrderValue)), (Some("1"), None));
    assert_eq!(value(first, Field::EventId), value(second, Field::EventId));
}

#[test]
fn the_identity_of_an_event_does_not_change_with_what_is_added_to_it_later() {
    let id = |line: &str| value(&found(line).rows[0], Field::EventId).unwrap().to_owned();
    let with_ltv = PURCHASE.replacen('{', r#"{"user_ltv":{"revenue":1.0},"#, 1);
    assert_eq!(id(PURCHASE), id(&with_ltv));
    assert_ne!(id(PURCHASE), id(&PURCHASE.replace("SKU-1", "SKU-3")));
}

#[test]
fn an_event_without_a_kind_becomes_other_and_is_counted_by_name() {
    let found = found(r#"{"event_name":"session_start","event_timestamp":"1773220240000001","user_pseudo_id":"1"}"#);
    assert_eq!(value(&found.rows[0], Field::Kind), Some("other"));
    assert_eq!(found.unmapped, ["session_start"]);
}

#[test]
fn a_line_that_is_no_event_is_refused() {
    assert_eq!(found("{").rejects.len(), 1);
    assert_eq!(found(r#"{"items": 3}"#).rejects.len(), 1);
}

#[test]
fn a_transaction_id_that_is_a_placeholder_names_no_order() {
    let line = PURCHASE.replace("T-1001", "(not set)");
    assert_eq!(value(&found(&line).rows[0], Field::OrderId), None);
}

#[test]
fn the_console_s_list_holds_the_same_events_as_the_extract_s_lines() {
    let extract = PURCHASE.replace('\n', " ");
    let nulls = PURCHASE.replacen(
        '{',
        r#"{"privacy_info":null,"user_properties":[],"app_info":null,"collected_traffic_source":null,"#,
        1,
    );
    let console = nulls
        .replace("\"1773220240000001\"", "1773220240000001")
        .replace(r#""quantity":"2""#, r#""quantity":2"#)
        .replace("\\u0026", "&");
    let lines = format!("{extract}\n");
    for list in [format!("[{console}]"), format!("[\n  {console},\n  {console}\n]\n")] {
        let (format, of_list) = crate::format::testing::read(&list);
        let (_, of_lines) = crate::format::testing::read(&lines);
        assert_eq!(format, crate::format::Format::Ga4);
        assert_eq!(of_list.rows[..2], of_lines.rows, "ids included");
    }
}

#[test]
fn a_parameter_s_value_is_in_whichever_of_its_four_fields() {
    let line = |value: &str| {
        format!(
            r#"{{"event_name":"purchase","event_timestamp":"1773220240000001","user_pseudo_id":"1","event_params":[{{"key":"value","value":{value}}}]}}"#
        )
    };
    for value in [
        r#"{"int_value":"25"}"#,
        r#"{"int_value":25}"#,
        r#"{"string_value":"25"}"#,
        r#"{"float_value":25}"#,
        r#"{"string_value":null,"int_value":null,"float_value":null,"double_value":25}"#,
        r#"{"string_value":"(not set)","double_value":"25"}"#,
    ] {
        assert_eq!(value_of(&line(value)).as_deref(), Some("25"), "{value}");
    }
    assert_eq!(value_of(&line(r#"{"double_value":24.990}"#)).as_deref(), Some("24.990"), "as it is written");
    assert_eq!(value_of(&line("null")), None);
}

fn value_of(line: &str) -> Option<String> {
    value(&found(line).rows[0], Field::OrderValue).map(str::to_owned)
}

#[test]
fn addresses_are_hashed_or_masked_and_no_id_is_nobody() {
    let line = PURCHASE.replace("\"u_77\"", "\"X@example.com\"").replace(
        r#""event_params":["#,
        r#""event_params":[{"key":"page_location","value":{"string_value":"https://s.example/u/x@example.com/me"}},"#,
    );
    let row = &found(&line).rows[0];
    assert_eq!(value(row, Field::CustomerId), Some(crate::email::hash("x@example.com").as_str()));
    assert_eq!(value(row, Field::Page), Some("/u/*/me"));
    assert_eq!(value(&found(&PURCHASE.replace("u_77", "undefined")).rows[0], Field::CustomerId), None);
}

#[test]
fn a_list_of_products_shown_is_one_row() {
    let found = found(&PURCHASE.replace("\"purchase\"", "\"view_item_list\""));
    assert_eq!((found.rows.len(), value(&found.rows[0], Field::ProductId)), (1, None));
    assert_eq!(found.unmapped, ["view_item_list"]);
}
