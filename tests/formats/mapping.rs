//! A shopper told in a shop's own columns, through a mapping: the same cart as natively.

use crate::lake;

const NATIVE: &str = "event_id,ts,kind,visitor_id,product_id,quantity,unit_price,currency,order_id,order_value
e1,2026-03-28T09:15:00Z,view_item,k1,CUP-1,,,EUR,,
e2,2026-03-28T09:16:00Z,add_to_cart,k1,CUP-1,2,1249.5,EUR,,
e3,2026-03-28T09:17:00Z,begin_checkout,k1,CUP-1,2,1249.5,EUR,,
e4,2026-03-29T07:30:00Z,purchase,k1,CUP-1,2,1249.5,EUR,T-1,2499
";

const MAPPED: &str = "nr;created;event;cookie_id;url;pieces;price;order
e1;28.03.2026 10:15:00;seen;k1;https://shop.example/p/CUP-1?ref=x;;;
e2;28.03.2026 10:16:00;cart:add;k1;/p/CUP-1;2;1.249,50;
e3;28.03.2026 10:17:00;checkout;k1;/p/CUP-1;2;1.249,50;
e4;29.03.2026 09:30:00;bought;k1;/p/CUP-1;2;1.249,50;\"{\"\"id\"\":\"\"T-1\"\",\"\"total\"\":2499}\"
";

const CONFIG: &str = r#"
[[source]]
name = "shop"
format = "mapping"
paths = ["export/*.csv"]
zone = "Europe/Berlin"
time = "%d.%m.%Y %H:%M:%S"
decimal = ","
thousands = "."
[source.columns]
event_id = "nr"
ts = "created"
kind = "event"
visitor_id = "cookie_id"
quantity = "pieces"
unit_price = "price"
order_id = "order.id"
order_value = "order.total"
[source.captures]
product_id = { column = "url", pattern = '/p/([^/?]+)' }
[source.constants]
currency = "EUR"
[source.kinds]
seen = "view_item"
"cart:add" = "add_to_cart"
checkout = "begin_checkout"
bought = "purchase"
"#;

#[test]
fn a_shopper_in_a_mapped_csv_has_the_cart_that_the_native_rows_have() {
    let carts = |lake: &support::lake::Lake| {
        let told = ["carts", "cart_items", "orders"].map(|table| lake.rows(table));
        assert!(told.iter().all(|rows| !rows.is_empty()));
        told
    };
    let native = lake();
    native.write("shop.csv", NATIVE);
    native.write("leftcart.toml", "[[source]]\nname = \"shop\"\npaths = [\"shop.csv\"]\n");
    drop(native.json(&["run"]));
    let mapped = lake();
    mapped.write("export/shop.csv", MAPPED);
    mapped.write("leftcart.toml", CONFIG);
    let said = mapped.json(&["run"]);
    assert_eq!(said["ingest"]["files"][0]["format"], "mapping");
    assert_eq!(said["ingest"]["accepted"], 4);
    assert_eq!(carts(&mapped), carts(&native));
}
