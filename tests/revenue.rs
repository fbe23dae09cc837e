//! What is lost, from logs to table: nothing is counted twice, and what nobody could know counts nowhere.

mod history;
mod spend;
mod traps;

use std::collections::BTreeMap;

use support::lake::Lake;

use crate::lake;

/// Amounts and counts of the revenue table, summed over segments, for one currency; unnamed columns are text.
fn sums(lake: &Lake, currency: &str) -> BTreeMap<String, i128> {
    const COLUMNS: [&str; 14] = [
        "carts",
        "abandoned",
        "recovered_carts",
        "pending",
        "gross",
        "recovered",
        "net",
        "pending_value",
        "expected_loss",
        "elsewhere",
        "repeated",
        "refunded",
        "lost",
        "expected_recovery",
    ];
    let mut sums: BTreeMap<String, i128> = COLUMNS.map(|column| (column.to_owned(), 0)).into();
    for row in lake.rows("revenue").iter().filter(|row| row["currency"].as_deref() == Some(currency)) {
        for (column, sum) in &mut sums {
            *sum += scaled(row[column].as_deref().expect("never null"));
        }
    }
    sums
}

/// Ten-thousandths of an amount; counts as they are.
fn scaled(text: &str) -> i128 {
    text.replace('.', "").parse().expect("a number")
}

/// A shop's log as CSV, judged on a day of 2026.
fn shop(rows: &str, config: &str, as_of: &str) -> Lake {
    let lake = lake();
    let header = "event_id,ts,kind,visitor_id,customer_id,product_id,quantity,unit_price,currency,order_id,order_value";
    lake.write("logs/shop.csv", format!("{header}\n{rows}"));
    lake.write("leftcart.toml", config);
    drop(lake.json(&["run", "logs", "--as-of", as_of]));
    lake
}
