//! Programs that fill carts are told by what they do, and people are not.

use std::collections::BTreeSet;

use serde_json::Value;
use simulate::{Config, Format, Scenario};
use support::lake::Lake;
use support::table;

use crate::lake;

/// A shop to which a dozen programs come for three hours, and the browsers that they use.
fn shop(seed: u64) -> (Lake, BTreeSet<String>) {
    let lake = lake();
    let config = Config { days: 12, carts_per_day: 60, scenario: Scenario::Bots, seed, ..Config::default() };
    let logs = lake.path().join("logs");
    simulate::simulate(&config, Format::NativeCsv, &logs).expect("a shop");
    let truth = std::fs::read(logs.join("_truth/barriers.json")).expect("the truth");
    let truth: Value = serde_json::from_slice(&truth).expect("JSON");
    let ids = truth["bots"]["visitor_ids"].as_array().expect("programs");
    (lake, ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect())
}

/// The visitors whose rows have a rule, and the rules.
fn told(lake: &Lake) -> BTreeSet<(String, String)> {
    let rows = lake.rows("events").into_iter();
    rows.filter_map(|mut row| Some((row.remove("visitor_id")??, row.remove("bot")??))).collect()
}

fn told_visitors(lake: &Lake) -> BTreeSet<String> {
    told(lake).into_iter().map(|(visitor, _)| visitor).collect()
}

#[test]
fn every_planted_program_is_told_and_no_shopper_is() {
    for seed in [1, 2] {
        let (lake, programs) = shop(seed);
        let said = lake.json(&["run", "logs"]);
        assert_eq!(told_visitors(&lake), programs, "seed {seed}");
        let automation = &said["analysis"]["automation"];
        assert_eq!(automation["automated_visitor_days"], programs.len());
        let by_rule = automation["by_rule"].as_array().expect("rules");
        let adds = |at: usize| by_rule[at]["adds"].as_u64().expect("a count");
        assert_eq!((&by_rule[0]["rule"], by_rule[1]["rule"].as_str()), (&Value::Null, Some("adds per day")));
        assert_eq!(automation["adds"], adds(0) + adds(1));
        assert!(adds(1) > 12 * 100, "{automation}");
        assert_eq!(lake.json(&["describe"])["automation"], *automation);
        let page = lake.path().join(said["report"].as_str().expect("a path")).with_file_name("data.html");
        let page = std::fs::read_to_string(page).expect("a report");
        assert!(page.contains("Adds to cart by programs") && page.contains("adds per day"));
    }
}

#[test]
fn programs_make_no_carts_unless_they_are_let_in() {
    let (lake, programs) = shop(3);
    let carts_of_programs = || {
        let is_program = |row: &table::Row| row["visitor_id"].as_ref().is_some_and(|id| programs.contains(id));
        lake.rows("carts").iter().filter(|row| is_program(row)).count()
    };
    drop(lake.json(&["run", "logs"]));
    assert_eq!(carts_of_programs(), 0);
    lake.write("leftcart.toml", "[bots]\nexclude = false\n");
    drop(lake.json(&["analyze"]));
    assert_eq!(carts_of_programs(), programs.len());
    assert_eq!(told_visitors(&lake), programs, "their rows are marked all the same");
}

#[test]
fn verdicts_are_the_same_however_a_day_is_cut_into_nights() {
    let (lake, programs) = shop(4);
    drop(lake.json(&["run", "logs", "--data", "whole"]));
    // Every day comes in three nights, and each night has a third of every visitor's rows.
    for night in 0..3 {
        for entry in std::fs::read_dir(lake.path().join("logs")).expect("logs") {
            let path = entry.expect("a file").path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let (head, rows) = text.split_once('\n').expect("a header");
            let rows: String = rows.split_inclusive('\n').skip(night).step_by(3).collect();
            let name = path.file_name().expect("a name").to_string_lossy();
            lake.write(&format!("night-{night}/{name}"), format!("{head}\n{rows}"));
        }
        drop(lake.json(&["run", &format!("night-{night}"), "--source", "logs"]));
        let found = told_visitors(&lake);
        assert!(
            found.is_subset(&programs) && (found.len() == programs.len()) == (night == 2),
            "night {night}: {found:?}"
        );
    }
    let sorted = |data: &str, name: &str| {
        let mut rows = table::read(&lake.path().join(data).join("current").join(name));
        rows.sort();
        rows
    };
    for name in ["events", "carts"] {
        let (found, expected) = (sorted("data", name), sorted("whole", name));
        table::assert_same(name, &found, &expected, &["event_id", "line", "cart_id"]);
    }
}

/// One visitor adds evenly for an hour, another shops.
fn evenly(minutes: std::ops::Range<u32>) -> String {
    let add = |minute: u32| format!("2026-01-05T10:{minute:02}:00Z,add_to_cart,clock,mug,e{minute}\n");
    let shopper = "2026-01-05T10:00:30Z,add_to_cart,ann,cup,a1\n2026-01-05T10:01:30Z,purchase,ann,cup,a2\n";
    format!("ts,kind,visitor_id,product_id,event_id\n{shopper}{}", minutes.map(add).collect::<String>())
}

#[test]
fn what_a_visitor_does_after_as_of_does_not_make_his_carts_a_program_s() {
    let lake = lake();
    lake.write("whole.csv", evenly(0..60));
    lake.write("part.csv", evenly(0..20));
    drop(lake.json(&["run", "whole.csv", "--source", "shop"]));
    assert_eq!(lake.rows("carts").len(), 1, "only ann has a cart");
    for (as_of, carts) in [("2026-01-05T10:19:00Z", 2), ("2026-01-05T10:20:00Z", 1)] {
        drop(lake.json(&["run", "whole.csv", "--source", "shop", "--as-of", as_of]));
        assert_eq!(lake.rows("carts").len(), carts, "as of {as_of}");
    }
    drop(lake.json(&["analyze", "--as-of", "2026-01-05T10:19:00Z"]));
    drop(lake.json(&["run", "part.csv", "--source", "shop", "--data", "part"]));
    let carts = |data: &str| table::read(&lake.path().join(data).join("current/carts"));
    table::assert_same("as of a moment within the day", &carts("data"), &carts("part"), &["cart_id"]);
}

#[test]
fn other_rules_judge_all_days_anew() {
    let lake = lake();
    lake.write("log.csv", evenly(0..60));
    drop(lake.json(&["run", "log.csv"]));
    assert_eq!(told(&lake), [("clock".to_owned(), "regular adds".to_owned())].into());
    lake.write("leftcart.toml", "[bots]\nregular_adds = 0\n");
    let done = lake.run(&["analyze", "--quiet"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains("the rules of [bots] are others") && done.stderr.contains("`leftcart ingest`"));
    drop(lake.json(&["run", "log.csv"]));
    assert_eq!(told(&lake), BTreeSet::new());
    lake.write("leftcart.toml", "[bots]\nadds_per_day = 50\nregular_adds = 0\n");
    drop(lake.json(&["run", "log.csv"]));
    assert_eq!(told(&lake), [("clock".to_owned(), "adds per day".to_owned())].into());
}

#[test]
fn a_shop_s_own_list_of_programs_takes_the_place_of_the_built_in_one() {
    let lake = lake();
    let line = |address: u8, agent: &str| {
        format!(
            "192.0.{address}.1 - - [11/Mar/2026:10:06:39 +0000] \"POST /cart/add?sku=1 HTTP/1.1\" 302 0 \"-\" \"{agent}\"\n"
        )
    };
    let log = [
        line(1, "Googlebot/2.1"),
        line(2, "Mozilla/5.0 (Windows NT 10.0) NightShopper/1"),
        line(3, "Mozilla/5.0 (Windows NT 10.0)"),
    ];
    lake.write("access.log", log.concat());
    let carts = |args: &[&str]| {
        drop(lake.json(&[&["run", "access.log", "--rebuild"], args].concat()));
        lake.rows("carts").len()
    };
    assert_eq!(carts(&[]), 2, "the crawler that says so has none");
    lake.write("programs.txt", "# ours\nnightshopper\n");
    lake.write("leftcart.toml", "[bots]\nuser_agents = \"programs.txt\"\n");
    assert_eq!(carts(&[]), 2, "now the other one has none");
    assert_eq!(told(&lake).len(), 1);
    lake.write("programs.txt", "nightshopper\ngooglebot\n");
    assert_eq!(carts(&[]), 1);
}
