//! Columns that change from night to night: told, not fatal, and the carts go on.

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
