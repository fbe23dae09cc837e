use super::*;

fn drafted(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.csv");
    std::fs::write(&path, text).unwrap();
    suggest(&path).map(|draft| draft.replace(&format!("{}", folder.path().display()), "FOLDER"))
}

#[test]
fn a_german_export_is_drafted_with_its_moments_commas_and_signs() {
    let text = "created;event;cookie_id;account;sku;pieces;price;order;colour\n\
                24.03.2026 09:12:44;cart:add;k-81;;MUG-1;1;12,50 €;;red\n\
                24.03.2026 09:14:02;checkout;k-81;;;;;;\n\
                24.03.2026 09:36:21;paid;k-82;4711;CUP-2;2;8,00 €;A-1001;\n\
                24.03.2026 09:40:00;wheel_of_fortune;k-90;;;;;;\n";
    assert_eq!(
        drafted(text).unwrap(),
        r#"[[source]]
name = "shop"
format = "mapping"
paths = ["FOLDER/*"]
time = ["%d.%m.%Y %H:%M:%S"]
decimal = ","
thousands = "."

[source.columns]
ts = "created"
kind = "event"
visitor_id = "cookie_id"
customer_id = "account"
order_id = "order"
product_id = "sku"
quantity = "pieces"
unit_price = "price"
# not used: "colour"

[source.kinds]
"cart:add" = "add_to_cart"
"checkout" = "begin_checkout"
"paid" = "purchase"
# "wheel_of_fortune" = ""  # 1 of the rows looked at: which kind is it?

[source.currency_signs]
"€" = "EUR"
"#
    );
}

#[test]
fn what_lies_in_json_is_found_by_its_path() {
    let csv = "ts_ms,user,sess,evt,props\n\
               1767305142916,u61,s0,basket_add,\"{\"\"sku\"\": \"\"P35\"\", \"\"price\"\": 9.99}\"\n";
    let draft = drafted(csv).unwrap();
    for line in [
        "time = [\"unix_ms\"]",
        "product_id = \"props.sku\"",
        "unit_price = \"props.price\"",
        "\"basket_add\" = \"add_to_cart\"",
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }
    let json =
        r#"{"at":"2026-01-05T10:00:00Z","event":"order_placed","ctx":{"visitor":"v1"},"lines":[{"sku":"A","qty":2}]}"#;
    let draft = drafted(&format!("{json}\n{json}\n")).unwrap();
    for line in [
        "items = \"lines\"",
        "product_id = \"lines.sku\"",
        "quantity = \"lines.qty\"",
        "visitor_id = \"ctx.visitor\"",
        "ts = \"at\"",
        "\"order_placed\" = \"purchase\"",
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }
}

#[test]
fn what_every_row_needs_and_nothing_looks_like_is_asked_for() {
    let draft = drafted("colour,size\nred,2\n").unwrap();
    for question in ["when it happened", "what happened", "who it was"] {
        assert!(draft.contains(&format!("# which column says {question}?")), "{draft}");
    }
}

#[test]
fn columns_of_parquet_are_drafted_too() {
    use arrow::array::{ArrayRef, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray};
    use std::sync::Arc;
    let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let item = StructArray::try_from(vec![("sku", text("A"))]).unwrap();
    let moment = TimestampMicrosecondArray::from(vec![1_767_305_142_916_000]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("InvoiceDate", Arc::new(moment)),
        ("event", text("order")),
        ("Customer ID", text("7")),
        ("item", Arc::new(item)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.parquet");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let draft = suggest(&path).unwrap();
    for line in [
        "ts = \"InvoiceDate\"",
        "customer_id = \"Customer ID\"",
        "product_id = \"item.sku\"",
        "\"order\" = \"purchase\"",
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }
    assert!(!draft.contains("not used"), "{draft}");
}

#[test]
fn days_and_months_that_cannot_be_told_apart_are_asked_about() {
    let draft = drafted("date,event,user\n03/04/2026 10:00:00,cart,ann\n").unwrap();
    assert!(draft.contains("# time = [\"\"]  # how is \"03/04/2026 10:00:00\" written?"), "{draft}");
    let draft = drafted("date,event,user\n13/04/2026 10:00:00,cart,ann\n").unwrap();
    assert!(draft.contains("time = [\"%d/%m/%Y %H:%M:%S\"]"), "{draft}");
}

#[test]
fn what_is_no_table_is_not_drafted() {
    for text in ["", "\0\0\0\u{1}", "a\nb\n", "Dear shop my cart is gone\n", "PAR1"] {
        assert_eq!(drafted(text), None, "{text:?}");
    }
}

#[test]
fn names_from_a_log_stay_within_their_quotes() {
    let draft = drafted("ts,event,user\n2026-01-05,\"a\"\" = 1\n[[source]]\",ann\n").unwrap();
    assert!(draft.contains(r#"# "a\" = 1\n[[source]]" = """#), "{draft}");
}
