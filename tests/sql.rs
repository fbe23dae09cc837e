//! The published tables as any SQL engine reads them.

use std::process::Command;

use analysis::revenue::SegmentRule;
use analysis::{Query, Settings, Tables};
use events::bots::Rules;
use events::money::Rates;
use serde_json::Value;
use simulate::{Config, Format, Scenario};
use support::lake::Lake;
use support::tools;
use support::world::micros;

use crate::lake;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// With a base currency, one that has a rate, and one that has none.
const CONFIG: &str = "[shop]\ntime_zone = \"Europe/Berlin\"\n[money]\nrates = { GBP = 0.85 }\n";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/answers.py");

/// Carts beside the shop's own in three currencies, abandoned, recovered, and ordered with no cart seen; and a device
/// that two customers share, whose visits tell whose they are, or do not.
const ABROAD: &str = "event_id,line,ts,kind,visitor_id,product_id,quantity,unit_price,currency,order_id,order_value,\
customer_id,session_id
x1,0,2026-01-07T10:00:00Z,add_to_cart,x1,a,2,10.50,GBP,,,,
x2,0,2026-01-08T23:30:00Z,add_to_cart,x2,a,1,3.3333,GBP,,,,
x3,0,2026-01-13T10:00:00Z,purchase,x2,a,1,3.3333,GBP,G1,8.3333,,
x4,0,2026-01-08T10:00:00Z,add_to_cart,x4,b,1,7.00,USD,,,,
x5,0,2026-01-08T11:00:00Z,purchase,x5,b,1,7.00,USD,U1,7.00,,
x6,0,2026-01-09T10:00:00Z,add_to_cart,x6,b,3,,,,,,
y1,0,2026-01-09T10:00:00Z,add_to_cart,sofa,a,1,5.00,EUR,,,,monday
y2,0,2026-01-09T10:01:00Z,page_view,sofa,,,,,,,ann,monday
y3,0,2026-01-10T10:00:00Z,add_to_cart,sofa,b,1,5.00,EUR,,,,tuesday
y4,0,2026-01-10T10:01:00Z,purchase,sofa,b,1,5.00,EUR,Y1,5.00,bob,tuesday
y5,0,2026-01-11T10:00:00Z,add_to_cart,sofa,c,1,5.00,EUR,,,,
";

/// What people say, on both sides of a Monday of the shop, with a rating or without.
const VOICES: &str = "event_id,ts,kind,visitor_id,customer_id,rating,comment,channel
v1,2026-01-11T22:59:00Z,feedback,x1,,2,too slow,
v2,2026-01-11T23:01:00Z,feedback,x2,,4.5,fine,
v3,2026-01-13T10:00:00Z,support_contact,,ann,1,where is it,phone
v4,2026-01-14T10:00:00Z,support_contact,zed,,,nobody answers,email
v5,2026-01-20T10:00:00Z,feedback,,bob,3,,
v6,2026-01-20T10:00:00Z,contact,,bob,,sorry,email
";

/// A lake of a simulated shop that also sells abroad, and the moment as of which it is judged.
fn shop() -> (Lake, i64) {
    let lake = lake();
    // Bots come on one of the last days: those are looked at for them.
    let onset = Some("2026-02-01T10:00:00".parse().expect("a moment"));
    let config = Config { days: 30, carts_per_day: 40, scenario: Scenario::Bots, onset, seed: 5, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    lake.write("logs/abroad.csv", ABROAD);
    lake.write("logs/voices.csv", VOICES);
    lake.write("leftcart.toml", CONFIG);
    let said = lake.json(&["run", "logs"]);
    let as_of = micros(said["analysis"]["as_of"].as_str().expect("a moment"));
    (lake, as_of)
}

/// The answers that `DuckDB` gives to these queries.
pub(crate) fn answers(python: &str, lake: &Lake, sql: &[&str]) -> Vec<Vec<Vec<Value>>> {
    let queries = lake.write("queries.json", serde_json::to_vec(sql).expect("text"));
    let output = Command::new(python).arg(SCRIPT).arg(queries).output().expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("answers as JSON")
}

#[test]
fn every_number_about_carts_can_be_had_again_from_the_published_tables() {
    let Some(python) = tools::duckdb() else { return };
    let (lake, as_of) = shop();
    let rates = Rates::new("EUR", [("GBP", "0.85")]).expect("rates");
    let settings = Settings {
        as_of,
        window: 3 * DAY,
        expiry: 30 * DAY,
        zone: chrono_tz::Europe::Berlin,
        rates,
        bots: Rules::default(),
        segments: vec![
            SegmentRule { name: "the shop's best".to_owned(), min_orders: Some(2), ..SegmentRule::default() },
            SegmentRule { name: "recent".to_owned(), max_days_since_order: Some(9), ..SegmentRule::default() },
        ],
    };
    let current = lake.path().join("data/current");
    let analysis = analysis::analyze(&Tables::of(&current), &settings).expect("an analysis");
    let queries = analysis.queries(&current.display().to_string());
    assert!(queries.len() > 10, "one query for each table and chart of the report");
    let sql: Vec<&str> = queries.iter().map(|query| query.sql.as_str()).collect();
    for (query, answer) in queries.iter().zip(answers(python, &lake, &sql)) {
        assert_answers(query, &answer);
    }
}

/// Counts, money, days and words are equal to the letter; floats up to a relative 1e-9.
fn assert_answers(query: &Query, answer: &[Vec<Value>]) {
    let Query { id, sql, expected, .. } = query;
    assert_eq!(answer.len(), expected.len(), "{id}: rows\n{sql}\n{answer:?}\ninstead of\n{expected:?}");
    for (found, wanted) in answer.iter().zip(expected) {
        let same = |(found, wanted): (&Value, &Option<String>)| match (found, wanted) {
            (Value::Null, None) => true,
            (Value::String(found), Some(wanted)) => found == wanted,
            (Value::Object(found), Some(wanted)) => {
                let wanted: f64 = wanted.parse().unwrap_or(f64::NAN);
                let difference = (found["float"].as_f64().unwrap_or(f64::NAN) - wanted).abs();
                difference <= 1e-9 * wanted.abs() && wanted.is_finite()
            }
            _ => false,
        };
        let is_same = found.len() == wanted.len() && found.iter().zip(wanted).all(same);
        assert!(is_same, "{id}\n{sql}\n{found:?}\ninstead of\n{wanted:?}");
    }
}

/// Who is who, worked out from events in SQL, for every cart and order.
const STRANGERS: &str = "
with seen as (select * from read_parquet('{data}/events/**/*.parquet', hive_partitioning = false) where ts <= {as_of}),
visitors as (
  select visitor_id, count(distinct customer_id) as customers, min(customer_id) as customer
  from seen where visitor_id is not null and customer_id is not null group by visitor_id),
sessions as (
  select session_id, count(distinct customer_id) as customers, min(customer_id) as customer
  from seen where session_id is not null and customer_id is not null group by session_id),
persons as (
  select seen.event_id, seen.kind, seen.order_id, case
    when customer_id is not null then 'c:' || customer_id
    when visitors.customers = 1 then 'c:' || visitors.customer
    when visitors.customers > 1 and sessions.customers = 1 then 'c:' || sessions.customer
    else 'v:' || visitor_id end as person_id
  from seen left join visitors using (visitor_id) left join sessions using (session_id))
select
  (select count(*) from read_parquet('{data}/carts/*.parquet')) as carts,
  (select count(*) from read_parquet('{data}/carts/*.parquet') as cart
   where person_id not in (select person_id from persons where event_id = cart.opening_event_id)) as carts_of_strangers,
  (select count(*) from (select distinct person_id, order_id from persons where kind = 'purchase')
   anti join read_parquet('{data}/orders/*.parquet') using (person_id, order_id)) as orders_of_strangers,
  (select count(*) from visitors where customers > 1) as shared_devices";

#[test]
fn every_cart_and_order_belongs_to_whom_plain_sql_gives_it() {
    let Some(python) = tools::duckdb() else { return };
    let (lake, as_of) = shop();
    let current = lake.path().join("data/current").display().to_string();
    let sql = STRANGERS.replace("{data}", &current).replace("{as_of}", &format!("make_timestamptz({as_of})"));
    let answer = answers(python, &lake, &[&sql]);
    let count = |at: usize| answer[0][0][at].as_str().expect("a count").parse::<u64>().expect("a number");
    assert!(count(0) > 500, "the shop has carts: {answer:?}");
    assert_eq!((count(1), count(2)), (0, 0), "carts and orders of strangers: {answer:?}");
    assert!(count(3) > 0, "somebody shares a device: {answer:?}");
}
