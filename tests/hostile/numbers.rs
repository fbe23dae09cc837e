use std::fmt::Write;

use support::table::pick;

use crate::lake;

/// Numbers, and what becomes of a row with this as its price, quantity and order value: nothing special, or a reason.
const NUMBERS: [(&str, &str, &str); 18] = [
    ("0", "", ""),
    ("-0", "", ""),
    ("007.50", "", "unreadable quantity"),
    ("1e2", "", ""),
    ("1e-9", "", "unreadable quantity"),
    ("1e400", "unreadable price", "quantity out of range"),
    ("-1e400", "unreadable price", "quantity out of range"),
    ("1e-400", "", "unreadable quantity"),
    ("NaN", "unreadable price", "unreadable quantity"),
    ("Infinity", "unreadable price", "unreadable quantity"),
    ("-inf", "unreadable price", "unreadable quantity"),
    ("0x10", "unreadable price", "unreadable quantity"),
    ("1_000", "unreadable price", "unreadable quantity"),
    ("１２", "unreadable price", "unreadable quantity"),
    ("1234567890123456789012345678901234567890", "unreadable price", "unreadable quantity"),
    ("0.1234567890123456789012345678901234567890", "", "unreadable quantity"),
    ("99999999999999.9999", "", "unreadable quantity"),
    ("-5", "negative price", "quantity out of range"),
];

#[test]
fn a_cart_takes_no_number_that_is_none() {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let mut csv = "ts,kind,visitor_id,unit_price,quantity\n".to_owned();
    let mut json = String::new();
    let mut wanted = Vec::new();
    for (at, (number, as_price, as_quantity)) in NUMBERS.iter().enumerate() {
        let moment = format!("2026-01-05T10:00:{at:02}Z");
        writeln!(csv, "{moment},add_to_cart,p,{number},\n{moment},add_to_cart,q,,{number}").expect("memory");
        let line = |key: &str| {
            format!("{{\"ts\":\"{moment}\",\"kind\":\"add_to_cart\",\"visitor_id\":\"v\",\"{key}\":\"{number}\"}}\n")
        };
        json.push_str(&(line("unit_price") + &line("quantity")));
        wanted.extend([*as_price, *as_quantity].map(str::to_owned));
    }
    for (name, text, first) in [("numbers.csv", csv, 2), ("numbers.ndjson", json, 1)] {
        lake.write(name, text);
        let said = lake.json(&["run", name, "--rebuild"]);
        let mut found = vec![String::new(); wanted.len()];
        for row in lake.rows("quarantine") {
            let row = pick(&row, &["row", "reason"]).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
            found[row[0].parse::<usize>().expect("a number") - first].clone_from(&row[1]);
        }
        let told = |reasons: &[String]| -> Vec<String> {
            reasons.chunks(2).zip(NUMBERS).map(|(reasons, (number, ..))| format!("{number}: {reasons:?}")).collect()
        };
        assert_eq!(told(&found), told(&wanted), "{name}");
        assert_eq!(said["ingest"]["read"], wanted.len());
    }
}

#[test]
fn a_cart_in_two_currencies_is_worth_both_or_says_that_it_cannot_be_told() {
    let lake = lake();
    lake.write("leftcart.toml", "[money]\nbase = \"EUR\"\nrates = { USD = 2.0 }\n");
    lake.write(
        "mixed.csv",
        "ts,kind,visitor_id,product_id,unit_price,currency\n2026-01-05T10:00:00Z,add_to_cart,a,mug,10,EUR\n\
         2026-01-05T10:01:00Z,add_to_cart,a,cup,10,usd\n2026-01-05T10:02:00Z,add_to_cart,a,pot,10,XYZ\n",
    );
    drop(lake.json(&["run", "mixed.csv", "--as-of", "2026-01-10"]));
    let [cart] = &lake.rows("carts")[..] else { panic!("one cart") };
    assert_eq!(pick(cart, &["value", "currency"]), [Some("15.0000".to_owned()), Some("EUR".to_owned())]);
}
