//! Rows that cannot be accepted: each with its reason, the words behind it, its place and all of its text; and no row
//! is lost.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use support::lake::Lake;
use support::table::pick;

use crate::lake;

/// Rows read = accepted + duplicates + quarantined, per file and in all.
pub(super) fn assert_nothing_lost(said: &Value) {
    let count = |value: &Value| value.as_u64().expect("a count");
    let ingest = &said["ingest"];
    let sum = ["accepted", "duplicates", "quarantined"].map(|key| count(&ingest[key])).iter().sum::<u64>();
    assert_eq!(count(&ingest["read"]), sum);
    for file in ingest["files"].as_array().expect("files") {
        let rejected: u64 = file["quarantined"].as_object().expect("reasons").values().map(count).sum();
        assert_eq!(count(&file["rows"]), count(&file["accepted"]) + count(&file["duplicates"]) + rejected, "{file}");
    }
}

/// Row, reason and detail of everything in quarantine, in order.
pub(super) fn quarantine(lake: &Lake) -> Vec<(u64, String, String)> {
    let rows = lake.rows("quarantine").into_iter();
    let mut rows: Vec<_> = rows
        .map(|mut row| {
            let mut take = |column: &str| row.remove(column).flatten().unwrap_or_default();
            (take("row").parse().expect("a number"), take("reason"), take("detail"))
        })
        .collect();
    rows.sort();
    rows
}

/// What becomes of a row: nothing special, or the reason and detail of its rejection.
pub(super) type Verdict = Option<(&'static str, &'static str)>;

pub(super) const FINE: Verdict = None;

#[expect(clippy::unnecessary_wraps, reason = "a verdict is what it makes")]
pub(super) const fn bad(reason: &'static str, detail: &'static str) -> Verdict {
    Some((reason, detail))
}

/// Runs over a file of these rows below `head`, and holds the quarantine against the verdicts.
pub(super) fn assert_verdicts(name: &str, head: &str, rows: &[(&[u8], Verdict)]) {
    assert_verdicts_with("", name, head, rows);
}

/// The same with further settings.
pub(super) fn assert_verdicts_with(settings: &str, name: &str, head: &str, rows: &[(&[u8], Verdict)]) {
    let lake = lake();
    lake.write("leftcart.toml", format!("[ingest]\nmax_rejected = 1.0\n{settings}"));
    let mut bytes = head.as_bytes().to_vec();
    let mut wanted = Vec::new();
    for (row, verdict) in rows {
        let line = bytes.split(|byte| *byte == b'\n').count();
        if let Some((reason, detail)) = verdict {
            let text = std::str::from_utf8(row).ok().map(str::to_owned);
            let raw_bytes = text.is_none().then(|| format!("{row:02x?}"));
            let detail = Some((*detail).to_owned()).filter(|detail| !detail.is_empty());
            wanted.push((line, vec![Some(line.to_string()), Some((*reason).to_owned()), detail, text, raw_bytes]));
        }
        bytes.extend(*row);
        bytes.push(b'\n');
    }
    lake.write(name, bytes);
    let said = lake.json(&if settings.is_empty() { vec!["run", name] } else { vec!["run"] });
    assert_nothing_lost(&said);
    assert_eq!(said["ingest"]["read"], rows.len(), "{name}: every row is read");
    let mut found: Vec<(usize, Vec<Option<String>>)> = lake
        .rows("quarantine")
        .iter()
        .map(|row| pick(row, &["row", "reason", "detail", "raw", "raw_bytes"]))
        .map(|row| (row[0].as_deref().and_then(|line| line.parse().ok()).expect("a line"), row))
        .collect();
    found.sort();
    assert_eq!(found.len(), wanted.len(), "{name}: {found:#?}");
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn bad_rows_of_csv_are_kept_with_reason_and_line() {
    let head = "ts,kind,visitor_id,customer_id,quantity,unit_price,order_value,comment\n";
    assert_verdicts(
        "bad.csv",
        head,
        &[
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,2.00,,\"first\nsecond, \"\"third\"\"\n\"", FINE),
            (b"2026-01-05T10:00:00Z,add_to_cart,v", bad("unreadable line", "3 fields, where the header has 8")),
            (b"2026-01-05T10:00:00Z,a,v,,1,2,,\"x\ny\",", bad("unreadable line", "9 fields, where the header has 8")),
            (
                b"2026-01-05T10:00:00Z,add_to_cart,v\xff,,1,2.00,,",
                bad("unreadable line", "not UTF-8: invalid utf-8: invalid UTF-8 in field 2 near byte index 1"),
            ),
            (b"2026-01-05T10:00:00Z,add_to_cart,a\0b,,1,2.00,,", FINE),
            (b"2026-01-05T10:00:00Z,add\0to_cart,v,,1,2.00,,", bad("unknown kind", "add\0to_cart")),
            (b",add_to_cart,v,,1,2.00,,", bad("unreadable timestamp", "")),
            (b"2026-02-30,add_to_cart,v,,1,2.00,,", bad("unreadable timestamp", "2026-02-30")),
            (b"2030-01-02T00:00:00Z,page_view,v,,1,2.00,,", FINE),
            (
                b"2030-01-02T00:00:00.000001Z,page_view,v,,1,2.00,,",
                bad("future timestamp", "2030-01-02T00:00:00.000001Z"),
            ),
            (b"2026-01-05T10:00:00Z,zap,v,,1,2.00,,", bad("unknown kind", "zap")),
            (b"2026-01-05T10:00:00Z,,v,,1,2.00,,", bad("unknown kind", "")),
            (b"2026-01-05T10:00:00Z,add_to_cart, ,,1,2.00,,", bad("no ids", "neither visitor_id nor customer_id")),
            (b"2026-01-05T10:00:00Z,add_to_cart,,c,1,2.00,,", FINE),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,\"2,00\",,", bad("unreadable price", "2,00")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,NaN,,", bad("unreadable price", "NaN")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,1e99,,", bad("unreadable price", "1e99")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,100000000000000,,", bad("unreadable price", "100000000000000")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1,-2,,", bad("negative price", "-2.0000")),
            (b"2026-01-05T10:00:00Z,purchase,v,,1,2,-5,", bad("negative price", "-5.0000")),
            (b"2026-01-05T10:00:00Z,refund,v,,1,2,-5,", FINE),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,2.0,2,,", FINE),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,1.5,2,,", bad("unreadable quantity", "1.5")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,two,2,,", bad("unreadable quantity", "two")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,-1,2,,", bad("quantity out of range", "-1")),
            (b"2026-01-05T10:00:00Z,add_to_cart,v,,100001,2,,", bad("quantity out of range", "100001")),
            (
                b"2026-01-05T10:00:00Z,add_to_cart,\"v,,1,2.00,,",
                bad("unreadable line", "a quote is opened and not closed"),
            ),
            (b"2026-01-05T10:00:00Z,add_to_cart,last,,100000,2.00,,", FINE),
        ],
    );
}

#[test]
fn bad_rows_of_json_are_kept_with_reason_and_line() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let row = |members: &str| format!(r#"{{"ts":"2026-01-05T10:00:00Z","kind":"add_to_cart",{members}}}"#);
    let no_object = "invalid type: sequence, expected an object with the contract's columns at line 1 column 0";
    let rows = [
        (row(r#""visitor_id":"v""#), FINE),
        ("[1]".to_owned(), bad("unreadable line", no_object)),
        (deep.clone(), bad("unreadable line", no_object)),
        ("[".repeat(10_000), bad("unreadable line", no_object)),
        (row(&format!(r#""visitor_id":"deep","unknown":{deep}"#)), FINE),
        (
            row(&format!(r#""visitor_id":{deep}"#)),
            bad("unreadable line", "`visitor_id` must be text or a number at line 1 column 20064"),
        ),
        (
            "7".to_owned(),
            bad(
                "unreadable line",
                "invalid type: integer `7`, expected an object with the contract's columns at line 1 column 1",
            ),
        ),
        ("nonsense".to_owned(), bad("unreadable line", "expected ident at line 1 column 2")),
        (r#"{"ts":"2026"#.to_owned(), bad("unreadable line", "EOF while parsing a string at line 1 column 11")),
        (row(r#""visitor_id":"v""#) + " x", bad("unreadable line", "trailing characters at line 1 column 69")),
        (row(r#""visitor_id":"v","unit_price":-0.01"#), bad("negative price", "-0.0100")),
        (row(r#""visitor_id":"v","unit_price":true"#), bad("unreadable price", "true")),
        (row(r#""visitor_id":"v","quantity":1.5"#), bad("unreadable quantity", "1.5")),
        (row(r#""visitor_id":"v","quantity":100001"#), bad("quantity out of range", "100001")),
        (row(r#""visitor_id":null"#), bad("no ids", "neither visitor_id nor customer_id")),
        (row(r#""visitor_id":"v\u0000""#), FINE),
        (r#"{"ts":null,"kind":"add_to_cart","visitor_id":"v"}"#.to_owned(), bad("unreadable timestamp", "")),
    ];
    let mut rows: Vec<(&[u8], Verdict)> = rows.iter().map(|(row, verdict)| (row.as_bytes(), *verdict)).collect();
    rows.push((
        b"{\"ts\":\"\xff\"}",
        bad("unreadable line", "not UTF-8: invalid utf-8 sequence of 1 bytes from index 7"),
    ));
    assert_verdicts("bad.ndjson", "", &rows);
}

#[test]
fn bad_rows_of_ga4_are_kept_with_reason_and_line() {
    let event = |members: &str| {
        format!(r#"{{"event_name":"add_to_cart","event_timestamp":"1773219912000123","user_pseudo_id":"v"{members}}}"#)
    };
    let rows = [
        (event(""), FINE),
        (event(r#","items":[{"item_id":"a","price":1},{"item_id":"b","price":-1}]"#), bad("negative price", "-1.0000")),
        (event(r#","items":[{"item_id":"a","price":"n/a"}]"#), bad("unreadable price", "n/a")),
        (event(r#","items":[{"item_id":"a","quantity":"100001"}]"#), bad("quantity out of range", "100001")),
        (
            event(r#","items":7"#),
            bad("unreadable line", "invalid type: integer `7`, expected a sequence at line 1 column 95"),
        ),
        (event("").replace("\"v\"", "null"), bad("no ids", "neither visitor_id nor customer_id")),
        (event("").replace("1773219912000123", "soon"), bad("unreadable timestamp", "soon")),
        (event("").replace("1773219912000123", "1893628800000000"), bad("future timestamp", "2030-01-03T00:00:00Z")),
        (event("").replace("add_to_cart", "zap"), FINE),
    ];
    let rows: Vec<(&[u8], Verdict)> = rows.iter().map(|(row, verdict)| (row.as_bytes(), *verdict)).collect();
    assert_verdicts("bad-ga4.ndjson", "", &rows);
}

#[test]
fn bad_rows_of_rees46_are_kept_with_reason_and_line() {
    assert_verdicts(
        "bad-rees46.csv",
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n",
        &[
            (b"2019-10-01 00:00:05 UTC,cart,1,2,a.b,c,33.20,7,s", FINE),
            (b",cart,1,2,a.b,c,33.20,7,s", bad("unreadable timestamp", "")),
            (b"2019-10-01 00:00:05 UTC,cart,1,2,a.b,c,n/a,7,s", bad("unreadable price", "n/a")),
            (b"2019-10-01 00:00:05 UTC,cart,1,2,a.b,c,-1,7,s", bad("negative price", "-1.0000")),
            (b"2019-10-01 00:00:05 UTC,cart,1,2,a.b,c,33.20,,s", bad("no ids", "neither visitor_id nor customer_id")),
            (b"2019-10-01 00:00:05 UTC,zap,1,2,a.b,c,33.20,7,s", FINE),
            (b"2019-10-01 00:00:05 UTC,cart,1,2,a.b", bad("unreadable line", "5 fields, where the header has 9")),
        ],
    );
}

#[test]
fn bad_rows_of_parquet_are_kept_with_reason_and_place() {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let texts = |texts: [Option<&str>; 5]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let now = Some("2026-01-05T10:00:00Z");
    let batch = RecordBatch::try_from_iter([
        ("ts", texts([now, now, None, now, now])),
        ("kind", texts([Some("add_to_cart"), Some("zap"), Some("add_to_cart"), Some("add_to_cart"), None])),
        ("visitor_id", texts([Some("v"); 5])),
        ("unit_price", Arc::new(Float64Array::from(vec![2.5, 1.0, 1.0, f64::NAN, 1.0])) as ArrayRef),
    ]);
    let batch = batch.expect("columns of one length");
    let file = File::create(lake.path().join("bad.parquet")).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).and_then(|()| writer.close()).expect("a Parquet file");
    assert_nothing_lost(&lake.json(&["run", "bad.parquet"]));
    let found: Vec<_> = quarantine(&lake);
    let wanted = [
        (2, "unknown kind", "zap"),
        (3, "unreadable timestamp", ""),
        (4, "unreadable price", "NaN"),
        (5, "unknown kind", ""),
    ];
    assert_eq!(found, wanted.map(|(row, reason, detail)| (row, reason.to_owned(), detail.to_owned())));
    let raw = lake.rows("quarantine")[0]["raw"].clone().expect("the row as text");
    assert!(raw.contains("\"zap\"") && raw.contains("\"unit_price\""), "{raw}");
}

#[test]
fn a_row_told_again_with_other_content_is_kept_and_the_first_one_stands() {
    let lake = lake();
    let row = |kind: &str, price: &str| format!("e1,2026-01-05T10:00:00Z,{kind},v,mug,{price}\n");
    let head = "event_id,ts,kind,visitor_id,product_id,unit_price\n";
    lake.write("1.csv", format!("{head}{}{}", row("add_to_cart", "2.50"), row(" ADD_TO_CART", " 2.5000 ")));
    lake.write("2.csv", format!("{head}{}{}", row("add_to_cart", "2.51"), row("add_to_cart", "2.5")));
    let said = lake.json(&["run", "1.csv", "2.csv"]);
    assert_nothing_lost(&said);
    assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["duplicates"]), (&1.into(), &2.into()));
    let detail = "same source, event_id and line (0) as a row accepted before, other content".to_owned();
    assert_eq!(quarantine(&lake), [(2, "conflict".to_owned(), detail)]);
    assert_eq!(lake.rows("quarantine")[0]["raw"].as_deref(), Some(row("add_to_cart", "2.51").trim_end()));
    assert_eq!(lake.rows("carts")[0]["value"].as_deref(), Some("2.5000"));
    // What belongs to another source is another row.
    let said = lake.json(&["run", "2.csv", "--source", "app"]);
    assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["quarantined"]), (&1.into(), &1.into()));
}
