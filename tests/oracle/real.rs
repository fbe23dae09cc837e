//! Logs that are not ours to ship, where the machine has them.

use support::oracle::{self, Settings};
use support::table::{self, moment};
use support::tools;
use support::world::micros;

use super::compare::{self, balance, in_words};
use super::shops::{DAY, settings, texts, with_ids};
use crate::lake;

#[test]
fn carts_of_the_real_rees46_file_are_those_of_the_contract() {
    let Some(file) = tools::real_data("rees46/2019-Oct.csv") else { return };
    let lake = lake();
    lake.write("logs/2019-Oct.csv", std::fs::read(file).expect("a file"));
    let logs = texts(&lake.path().join("logs"));
    let latest = micros(lake.json(&["run", "logs"])["analysis"]["as_of"].as_str().expect("a moment"));

    let as_of = Some(latest + 3 * DAY);
    let settings = Settings { as_of, ..settings() };
    let expected = oracle::run_csv(&with_ids(&logs), "logs", &settings);
    let said = lake.json(&["run", "logs", "--rebuild", "--as-of", &moment(latest + 3 * DAY)]);
    let words = balance(&said["ingest"]);
    assert_eq!(words, in_words(&oracle::run_rees46(&logs, "logs", &settings).balance));
    assert_eq!((words["read"], words["accepted"], words["duplicates"]), (17_435, 17_429, 5));
    let [bad] = &lake.rows("quarantine")[..] else { panic!("one row in quarantine") };
    assert_eq!((bad["row"].as_deref(), bad["reason"].as_deref()), (Some("17436"), Some("unreadable line")));
    assert_eq!(compare::tables(&lake, &expected), [""; 0]);

    // Three hours of 123 carts teach no model, and it is said so.
    let summary = std::fs::read_to_string(lake.path().join("reports/2019-10-04/summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let prediction = &summary["analysis"]["prediction"];
    let later = &prediction["later"];
    assert_eq!(
        (prediction["method"].as_str(), prediction["why"].as_str()),
        (Some("age_curve"), Some("too_little_data"))
    );
    assert_eq!((later["method"].as_str(), later["why"].as_str()), (Some("group_rate"), Some("too_little_data")));
    assert!(prediction["fingerprint"].is_null() && later["quality"].is_null());

    let carts = lake.rows("carts");
    let with = |outcome: &str| carts.iter().filter(|cart| cart["outcome"].as_deref() == Some(outcome)).count();
    assert_eq!((carts.len(), with("purchased"), with("abandoned")), (123, 70, 53));
    let orders = lake.rows("orders");
    assert_eq!((orders.len(), orders.iter().filter(|order| order["cart_id"].is_none()).count()), (203, 133));
    assert_eq!(table::money(expected.losses.gross), "25553.3300");
    let total = &said["analysis"]["headlines"]["revenue"][0];
    assert_eq!((total["currency"].as_str(), total["loss"]["gross"].as_str()), (Some("EUR"), Some("25553.3300")));
}

#[test]
fn carts_of_the_worked_cases_are_those_of_the_contract() {
    let Some(cases) = tools::real_data("../cases") else { return };
    let lake = lake();
    for (name, text) in texts(&cases.join("events")) {
        lake.write(&format!("logs/{name}"), text);
    }
    lake.write("leftcart.toml", "[money]\nrates = { GBP = 0.85, SEK = 11.2 }\n");
    let rates = [("GBP", "0.85"), ("SEK", "11.2")].map(|(code, rate)| (code.to_owned(), rate.to_owned()));
    let settings = Settings { rates: rates.into(), as_of: Some(micros("2025-06-01T00:00:00Z")), ..settings() };
    let expected = oracle::run_ndjson(&texts(&lake.path().join("logs")), "logs", &settings);
    assert_eq!(compare::run(&lake, &expected, settings.as_of), [""; 0]);
    assert_eq!((expected.balance.read, expected.balance.accepted, expected.balance.duplicates), (3_922, 3_479, 122));

    // What others have worked out is held against the program itself, not only against the oracle.
    let mut carts = lake.rows("carts");
    let worked_out = table::read_file(&cases.join("carts.parquet"));
    let columns: Vec<&String> = worked_out[0].keys().collect();
    for cart in &mut carts {
        cart.retain(|column, _| columns.contains(&column));
    }
    table::assert_same("carts.parquet", &carts, &worked_out, &["person_id", "opened_at"]);
}
