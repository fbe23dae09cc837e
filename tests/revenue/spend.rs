//! A real shop's customers by what they spent, where the machine has its orders.

use std::collections::BTreeMap;

use serde_json::Value;
use support::tools;

use super::scaled;
use crate::lake;
use crate::sql::answers;

/// Each line of an invoice has a number: without it, equal lines would be one.
const LINES: &str = "copy (
  select InvoiceNo, row_number() over (partition by InvoiceNo) - 1 as Line, StockCode, Description, Quantity,
    strftime(InvoiceDate, '%Y-%m-%d %H:%M:%S') as InvoiceDate, UnitPrice::decimal(18, 4) as UnitPrice, CustomerID, Country
  from '{file}'
) to '{csv}' (header)";

const CONFIG: &str = r#"
[money]
base = "GBP"
[ingest]
max_rejected = 0.3
[[source]]
name = "retail"
format = "mapping"
paths = ["logs/*.csv"]
time = "%Y-%m-%d %H:%M:%S"
[source.columns]
event_id = "InvoiceNo"
line = "Line"
ts = "InvoiceDate"
order_id = "InvoiceNo"
customer_id = "CustomerID"
product_id = "StockCode"
product_name = "Description"
unit_price = "UnitPrice"
country = "Country"
[source.captures]
kind = { column = "InvoiceNo", pattern = '^(.)' }
quantity = { column = "Quantity", pattern = '^-?([0-9]+)$' }
[source.constants]
currency = "GBP"
[source.kinds]
"5" = "purchase"
C = "refund"
"#;

/// Tenths of customers by spend less cancellations, worked out from the file itself.
const TENTHS: &str = "with customers as (
  select 'c:' || CustomerID as person, sum(Quantity * UnitPrice::decimal(18, 4)) as spend
  from '{file}'
  where CustomerID is not null and InvoiceDate >= timestamp '{from}' and InvoiceDate < timestamp '2011-12-10'
  group by person
  having count(*) filter (where InvoiceNo not like 'C%') > 0
),
ranked as (
  select *, 1 + (10 * (row_number() over (order by spend desc, person) - 1)) // count(*) over () as tenth from customers
)
select tenth, count(*), sum(spend)::decimal(38, 4) from ranked group by tenth order by tenth";

#[test]
fn spend_of_a_real_shop_less_cancellations_is_in_the_tenths_that_plain_sql_gives() {
    let Some(file) = tools::real_data("uci_online_retail/online_retail.parquet") else { return };
    let Some(python) = tools::duckdb() else { return };
    let lake = lake();
    let csv = lake.write("logs/retail.csv", "");
    let file = file.display().to_string();
    let asked = |sql: &str| sql.replace("{file}", &file).replace("{csv}", &csv.display().to_string());
    let year = asked(TENTHS).replace("{from}", "2010-12-10");
    let ever = asked(TENTHS).replace("{from}", "2000-01-01");
    let expected = answers(python, &lake, &[&asked(LINES), &year, &ever]);
    lake.write("leftcart.toml", CONFIG);
    let said = lake.json(&["run", "--as-of", "2011-12-10T06:00:00Z"]);
    assert_eq!(said["ingest"]["duplicates"], 0, "every line is one of its own");

    let summary = lake.path().join("reports/2011-12-10/summary.json");
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).expect("a summary")).expect("JSON");
    let standing = &summary["analysis"]["revenue"]["detail"]["standing"];
    for (span, expected) in [("year", &expected[1]), ("ever", &expected[2])] {
        let tenths = standing[span].as_array().expect("tenths");
        let found: Vec<[i128; 3]> = tenths
            .iter()
            .map(|line| {
                let count = |key: &str| i128::from(line[key].as_i64().expect("a count"));
                [count("tenth"), count("customers"), scaled(line["spend"].as_str().expect("an amount"))]
            })
            .collect();
        let text = |value: &Value| scaled(value.as_str().expect("text"));
        let expected: Vec<[i128; 3]> =
            expected.iter().map(|row| [text(&row[0]), text(&row[1]), text(&row[2])]).collect();
        assert_eq!(found, expected, "{span}");
    }
    // Those who only gave things back are no customers of the tenths; with them the top tenth holds 60.0 %.
    assert_eq!(format!("{:.3}", standing["ever"][0]["share"].as_f64().expect("a share")), "0.598");
    let mut spend: BTreeMap<String, i128> = BTreeMap::new();
    for row in lake.rows("state/spend") {
        let person = row["person_id"].clone().expect("never null");
        *spend.entry(person).or_default() += scaled(row["amount"].as_deref().expect("never null"));
    }
    let mut spend: Vec<i128> = spend.into_values().collect();
    spend.sort_unstable_by(|a, b| b.cmp(a));
    let top: i128 = spend.iter().take(spend.len().div_ceil(10)).sum();
    let permille = 1_000 * top / spend.iter().sum::<i128>();
    assert_eq!((spend.len(), permille), (4_372, 600));
}
