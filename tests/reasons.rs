//! Why carts were left behind, judged against a shop in which that is known.

use std::collections::BTreeMap;

use analysis::abandonment_reasons::{self, BarrierFinding, Chances, Reason};
use analysis::funnel::Step;
use analysis::{Settings, Tables};
use events::bots::Rules;
use events::money::Rates;
use serde_json::Value;
use simulate::{Config, Format, Scenario};
use support::lake::Lake;
use support::world::micros;

use crate::lake;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const LABELS: [&str; 7] = ["barrier", "emptied", "wish_list", "costs", "comparison", "left_before_checkout", "unknown"];

/// A night's lake of a shop of 40 days, as of when it is, and the truth about its carts by the event that opened them.
fn shop(scenario: Scenario) -> (Lake, i64, BTreeMap<String, Value>) {
    let lake = lake();
    let config = Config { days: 40, carts_per_day: 150, seed: 11, scenario, ..Config::default() };
    let logs = lake.path().join("logs");
    simulate::simulate(&config, Format::NativeCsv, &logs).expect("a shop");
    let said = lake.json(&["run", "logs"]);
    let as_of = micros(said["analysis"]["as_of"].as_str().expect("a moment"));
    let truth = std::fs::read_to_string(logs.join("_truth/carts.ndjson")).expect("the truth");
    let carts = truth.lines().map(|line| {
        let cart: Value = serde_json::from_str(line).expect("JSON");
        (cart["opening_event_id"].as_str().expect("an id").to_owned(), cart)
    });
    (lake, as_of, carts.collect())
}

/// Carts by what is true and what is said.
fn confusion(
    lake: &Lake,
    truth: &BTreeMap<String, Value>,
    said: &BTreeMap<String, String>,
) -> BTreeMap<(String, String), f64> {
    let mut confusion = BTreeMap::new();
    for cart in lake.rows("carts") {
        let id = |column: &str| cart[column].clone().expect("an id");
        let Some(said) = said.get(&id("cart_id")) else { continue };
        // Two of a hundred carts are of devices that two accounts share, and the truth may see them as others.
        let Some(why) = truth.get(&id("opening_event_id")).and_then(|cart| cart["why"].as_str()) else { continue };
        *confusion.entry((why.to_owned(), said.clone())).or_insert(0.0) += 1.0;
    }
    confusion
}

fn f1(confusion: &BTreeMap<(String, String), f64>, label: &str) -> f64 {
    let sum = |is: &dyn Fn(&str, &str) -> bool| -> f64 {
        confusion.iter().filter(|((why, said), _)| is(why, said)).map(|(_, carts)| carts).sum()
    };
    let both = sum(&|why, said| why == label && said == label);
    2.0 * both / (sum(&|why, _| why == label) + sum(&|_, said| said == label))
}

fn said(lake: &Lake) -> BTreeMap<String, String> {
    let rows = lake.rows("reasons").into_iter();
    rows.map(|row| (row["cart_id"].clone().expect("an id"), row["reason"].clone().expect("a word"))).collect()
}

#[test]
fn the_reasons_are_mostly_the_true_ones() {
    let (lake, as_of, truth) = shop(Scenario::Barrier);
    let said = said(&lake);
    let abandoned = lake.rows("carts").iter().filter(|cart| cart["outcome"].as_deref() == Some("abandoned")).count();
    assert_eq!(said.len(), abandoned, "every abandoned cart has one reason");
    let confusion = confusion(&lake, &truth, &said);
    let scores = LABELS.map(|label| f1(&confusion, label));
    let macro_f1 = scores.iter().sum::<f64>() / 7.0;
    assert!(macro_f1 >= 0.85, "{macro_f1} {scores:?} {confusion:?}");
    assert!(scores.iter().all(|score| *score >= 0.75), "{scores:?} {confusion:?}");

    // Of the carts that may still be bought, about as many are as was said.
    let end = as_of;
    let (mut expected, mut bought, mut high, mut bought_high) = (0.0, 0.0, 0.0, 0.0);
    let p_later: BTreeMap<String, f64> = lake
        .rows("reasons")
        .into_iter()
        .map(|row| {
            (
                row["cart_id"].clone().expect("an id"),
                row["p_later"].as_ref().expect("a number").parse().expect("a number"),
            )
        })
        .collect();
    for cart in lake.rows("carts").iter().filter(|cart| cart["state"].as_deref() == Some("open")) {
        let Some(p) = p_later.get(cart["cart_id"].as_deref().expect("an id")) else { continue };
        let Some(truth) = truth.get(cart["opening_event_id"].as_deref().expect("an id")) else { continue };
        let later = truth["purchased_at"].as_str().is_some_and(|at| micros(at) > end);
        let later = f64::from(u8::from(later));
        expected += p;
        bought += later;
        if *p > 0.2 {
            high += p;
            bought_high += later;
        }
    }
    assert!(expected > 50.0 && (expected - bought).abs() < 3.0 * expected.sqrt(), "{expected} {bought}");
    assert!(high > 20.0 && (high - bought_high).abs() < 3.0 * high.sqrt(), "{high} {bought_high}");
}

#[test]
fn an_error_that_keeps_nobody_away_is_no_reason() {
    let (lake, ..) = shop(Scenario::HarmlessError);
    let rows = lake.rows("reasons");
    let shown = lake.rows("events").iter().filter(|event| event["error_code"].as_deref() == Some("ADDR-WARN")).count();
    assert!(shown > 100, "{shown}");
    let blamed = |row: &&BTreeMap<String, Option<String>>| {
        row["evidence"].as_ref().is_some_and(|evidence| evidence.contains("ADDR-WARN"))
    };
    assert_eq!(rows.iter().filter(blamed).count(), 0);
}

#[test]
fn a_barrier_that_no_error_tells_of_is_met_once_it_is_found() {
    let (lake, as_of, truth) = shop(Scenario::SilentStop);
    let settings = Settings {
        as_of,
        window: 3 * DAY,
        expiry: 30 * DAY,
        zone: chrono_tz::UTC,
        rates: Rates::new("EUR", []).expect("rates"),
        bots: Rules::default(),
        segments: Vec::new(),
    };
    let planted = std::fs::read(lake.path().join("logs/_truth/barriers.json")).expect("the truth");
    let planted: Value = serde_json::from_slice(&planted).expect("JSON");
    let finding = BarrierFinding {
        id: "belgium".to_owned(),
        step: Step::AddShippingInfo,
        conditions: vec![("country".to_owned(), "BE".to_owned())],
        onset: micros(planted["barriers"][0]["onset"].as_str().expect("a moment")),
        end: None,
    };
    let tables = Tables::of(&lake.path().join("data/current"));
    let found = |findings: &[BarrierFinding]| {
        let reasons = abandonment_reasons::reasons(&tables, &settings, findings, &Chances::new()).expect("reasons");
        let said = reasons.rows.iter().map(|row| (row.cart_id.clone(), row.reason.name().to_owned())).collect();
        let met = reasons.rows.iter().filter(|row| row.barrier.is_some());
        assert!(met.clone().all(|row| row.reason == Reason::Barrier && row.confidence > 0.5));
        (f1(&confusion(&lake, &truth, &said), "barrier"), met.count())
    };
    let ((blind, none), (told, met)) = (found(&[]), found(&[finding]));
    assert_eq!(none, 0);
    assert!(met > 10 && told > blind + 0.15, "{met} {blind} {told}");
}
