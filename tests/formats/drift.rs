//! Columns that change from night to night, and days that are missing: told, not fatal, and the carts go on.

use serde_json::{Value, json};

use crate::lake;

#[test]
fn a_cart_goes_on_while_columns_come_go_and_change_their_names() {
    let lake = lake();
    let row = |day: u8| format!("2026-01-0{day}T10:00:00Z,add_to_cart,ann,mug,12.50");
    lake.write("1.csv", format!("ts,kind,visitor_id,product_id,unit_price\n{}\n", row(5)));
    lake.write("2.csv", format!("ts,kind,visitor_id,product_id,unitprice,coupon\n{},\n", row(6)));
    let said = lake.json(&["run", "1.csv"]);
    assert_eq!(said["ingest"]["columns"], json!({ "changed": [], "absent": [] }));
    let done = lake.run(&["run", "2.csv"]);
    assert_eq!(done.code, 0);
    let told = "2.csv: columns other than in 1.csv: new `coupon`; perhaps `unit_price` is now `unitprice` (a guess)";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let carts = lake.rows("carts");
    assert_eq!((carts.len(), carts[0]["items"].as_deref()), (1, Some("2")), "one cart, over both nights");
    let described = lake.run(&["describe"]);
    assert!(described.stdout.contains(told), "{}", described.stdout);
    let changed = lake.json(&["describe"])["columns"]["changed"].clone();
    let expected = json!([{
        "path": "2.csv", "source": "logs", "since": "1.csv", "gone": ["unit_price"], "new": ["unitprice", "coupon"],
        "perhaps_renamed": [{ "from": "unit_price", "to": "unitprice" }],
    }]);
    assert_eq!(changed, expected);
}

#[test]
fn keys_of_json_and_columns_of_mappings_are_told_alike() {
    let lake = lake();
    let lines = |key: &str| {
        let line = |at: u32| json!({ "ts": format!("2026-01-05T10:00:{at:02}Z"), "kind": "add_to_cart", "visitor_id": "ann", key: "mug" });
        (0..20).map(|at| line(at).to_string()).collect::<Vec<String>>().join("\n")
    };
    lake.write("1.ndjson", lines("product_id"));
    lake.write("2.ndjson", lines("productId"));
    let changed = &lake.json(&["run", "1.ndjson", "2.ndjson"])["ingest"]["columns"]["changed"];
    assert_eq!(changed[0]["perhaps_renamed"], json!([{ "from": "product_id", "to": "productId" }]));

    lake.write(
        "leftcart.toml",
        "[[source]]\nname = \"shop\"\nformat = \"mapping\"\npaths = [\"shop/*\"]\n[source.columns]\nts = \"at\"\nkind = \
         \"what\"\nvisitor_id = \"who\"\ncountry = [\"place.country\", \"land\"]\ncoupon = \"code\"\n",
    );
    lake.write("shop/1.csv", "at,what,who,land\n2026-01-05,page_view,eve,DE\n");
    let said = lake.json(&["run", "--rebuild"]);
    let absent: Vec<Value> = said["ingest"]["columns"]["absent"].as_array().expect("a list").clone();
    assert_eq!(absent, [json!({ "path": "shop/1.csv", "source": "shop", "columns": ["coupon (`code`)"] })]);
    let done = lake.run(&["run", "--rebuild"]);
    assert!(done.stderr.contains("shop/1.csv: the mapping finds no column for coupon (`code`)"), "{}", done.stderr);
}

#[test]
fn days_on_which_carts_are_missing_are_told_by_source() {
    let lake = lake();
    let log = |days: &[(u8, usize)]| {
        let row = |day: u8, at: usize| format!("2026-01-{day:02}T10:00:00Z,add_to_cart,v{at}\n");
        let rows: String = days.iter().flat_map(|(day, rows)| (0..*rows).map(|at| row(*day, at))).collect();
        format!("ts,kind,visitor_id\n{rows}")
    };
    lake.write("app.csv", log(&[(5, 30), (6, 30), (7, 30), (8, 3), (11, 31)]));
    lake.write("shop.csv", log(&[(5, 1_200), (6, 1_300)]));
    drop(lake.json(&["run", "app.csv", "--source", "app"]));
    drop(lake.json(&["run", "shop.csv", "--source", "shop"]));
    let said = lake.json(&["describe"]);
    let days = said["days"].as_array().expect("days");
    assert_eq!(days.len(), 7);
    assert!(days.contains(&json!({ "source": "shop", "day": "2026-01-06", "rows": 1_300 })));
    let gap = |source: &str, first: &str, last: &str, rows: u64, usual: Value, is_end: bool| {
        json!({
            "source": source, "first_day": first, "last_day": last, "rows": rows, "usual_rows": usual, "is_end": is_end,
        })
    };
    let expected = json!([
        gap("app", "2026-01-08", "2026-01-08", 3, json!(30), false),
        gap("app", "2026-01-09", "2026-01-10", 0, json!(30), false),
        gap("shop", "2026-01-07", "2026-01-11", 0, Value::Null, true),
    ]);
    assert_eq!(said["gaps"], expected);
    let shown = lake.run(&["describe"]).stdout;
    for words in [
        "  app: 124 rows on 5 days\n",
        "    2026-01-05  30  30  30   3   -   -  31\n",
        "    2026-01-05  1,200  1,300      -      -      -      -      -\n",
        "gap: app, 2026-01-08: 3 rows, usually 30 a day\n",
        "gap: shop, 2026-01-07 to 2026-01-11: nothing more, while other sources go on\n",
    ] {
        assert!(shown.contains(words), "{words:?} in: {shown}");
    }
}
