use serde_json::Value;
use support::lake::Lake;
use support::table;

use crate::lake;

const LOG: &str = "event_id,ts,kind,visitor_id,customer_id,product_id,unit_price
e1,2026-01-05T10:00:00Z,add_to_cart,tab-1,,mug,12.50
e2,2026-01-05T10:05:00Z,purchase,tab-1,ann@example.org,mug,12.50
e3,2026-01-05T11:00:00Z,add_to_cart,tab-2,,cup,8.00
e4,2026-01-05T12:00:00Z,add_to_cart,tab-3,17,cup,17.00
e5,soon,add_to_cart,tab-1,Ann@Example.org,mug,12.50
e6,soon,add_to_cart,tab-9,zed,mug,12.50
e7,2026-01-09T11:00:00Z,page_view,tab-4,,,
";

fn shop() -> Lake {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 0.5\n");
    lake.write("log.csv", LOG);
    drop(lake.json(&["run", "log.csv"]));
    lake
}

#[test]
fn nobody_is_forgotten_by_a_name_that_nobody_has() {
    let lake = shop();
    let published = lake.json(&["describe"])["generation"].clone();
    let said = |id: &str| {
        let done = lake.run(&["forget", id, "--quiet"]);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{}", done.stderr);
        done.stderr
    };
    assert!(
        said("eve").contains(
            "nobody is known as c:eve: looked for in all tables and the state of every generation in data (1)"
        )
    );
    assert!(said("tab-2").contains("there is a visitor of this id, whose rows belong to v:tab-2"));
    assert!(said("v:tab-1").contains("whose rows belong to c:"));
    assert!(said("zed").contains("1 unreadable rows mention it: `leftcart forget c:zed` removes these"));
    assert!(said("c:").contains("whom to forget?"));
    assert_eq!(lake.json(&["describe"])["generation"], published, "nothing was published");
    assert_eq!(lake.rows("quarantine").len(), 2);
    let left: Vec<_> = std::fs::read_dir(lake.path().join("data/generations")).expect("generations").collect();
    assert_eq!(left.len(), 1, "nothing lies about");

    assert_eq!(lake.json(&["forget", "c:zed"])["removed"]["quarantine"]["rows"], 1);
    assert!(said("c:zed").contains("nobody is known as c:zed"), "there is nothing to forget a second time");
    assert_eq!(lake.run(&["forget", "zed", "--data", "nothing"]).code, 1);
    assert!(!lake.path().join("nothing").exists());
}

#[test]
fn a_person_is_forgotten_by_an_address_that_is_nowhere_written() {
    let lake = shop();
    let said = lake.json(&["forget", "ANN@example.org"]);
    let removed = |table: &str| said["removed"][table]["rows"].as_u64();
    assert_eq!(
        ["events", "carts", "cart_items", "orders", "quarantine"].map(removed),
        [Some(2), Some(1), Some(1), Some(1), Some(1)]
    );
    assert_eq!(said["left"], Value::Array(Vec::new()));
    let visitors: Vec<_> =
        lake.rows("events").iter().map(|row| row["visitor_id"].clone().unwrap_or_default()).collect();
    assert_eq!(visitors.len(), 3);
    assert!(!visitors.contains(&"tab-1".to_owned()));
}

#[test]
fn a_visitor_and_a_person_whose_id_is_a_small_number_are_forgotten_too() {
    let lake = shop();
    assert_eq!(lake.json(&["forget", "v:tab-2"])["removed"]["carts"]["rows"], 1);
    let done = lake.run(&["forget", "17", "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    for words in ["removed from", "carts", "0 left", "--rebuild", "report written again"] {
        assert!(done.stdout.contains(words), "{words} in {}", done.stdout);
    }
    assert_eq!(lake.rows("carts").len(), 1);
    assert_eq!(lake.json(&["describe"])["as_of"], "2026-01-09T11:00:00Z");
}

#[test]
fn when_all_are_forgotten_tables_can_still_be_read_and_filled() {
    let lake = shop();
    for id in ["ann@example.org", "17", "v:tab-2", "v:tab-4"] {
        assert_eq!(lake.json(&["forget", id])["left"], Value::Array(Vec::new()), "{id}");
    }
    for name in ["events", "carts", "cart_items", "orders"] {
        assert_eq!(table::files(&lake.table(name)).len(), 1, "{name}");
        assert_eq!(lake.rows(name).len(), 0, "{name}");
    }
    lake.write("more.csv", LOG.replace("\ne", "\nf"));
    assert_eq!(lake.json(&["run", "more.csv"])["analysis"]["carts"], 3);
}

#[test]
fn a_report_that_names_a_forgotten_person_goes_and_others_stay() {
    let lake = shop();
    lake.write("next.csv", "event_id,ts,kind,visitor_id\nx1,2026-01-10T10:00:00Z,page_view,tab-4\n");
    drop(lake.json(&["run", "next.csv"]));
    lake.write("last.csv", "event_id,ts,kind,visitor_id\nx2,2026-01-11T10:00:00Z,page_view,tab-4\n");
    drop(lake.json(&["run", "last.csv"]));
    let page = |night: &str| lake.path().join("reports").join(night).join("index.html");
    let text = std::fs::read_to_string(page("2026-01-09")).expect("a page");
    lake.write("reports/2026-01-09/index.html", text.replace("</body>", "<p>c:17</p></body>"));
    lake.write("reports/letter.txt", "to customer c:17");
    let done = lake.run(&["forget", "17", "--json", "--quiet"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("c:17 is not forgotten: still mentioned in 1 places"), "{}", done.stderr);
    let said: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(said["left"][0]["file"], "reports/letter.txt");
    assert_eq!(said["reports"]["removed"][0], "reports/2026-01-09");
    assert_eq!(said["reports"]["written"], "reports/2026-01-11/index.html");
    assert_eq!(["2026-01-09", "2026-01-10", "2026-01-11"].map(|night| page(night).exists()), [false, true, true]);
    let list = std::fs::read_to_string(lake.path().join("reports/index.html")).expect("the list");
    let list = list.replace("&#x2f;", "/");
    assert!(!list.contains("2026-01-09/index.html") && list.contains("2026-01-10/index.html"));
    let rate: Value =
        serde_json::from_slice(&std::fs::read(lake.path().join("reports/2026-01-11/summary.json")).expect("figures"))
            .expect("JSON");
    assert_eq!(rate["headlines"]["abandonment"]["carts"], 2, "the page counts those who stay");

    std::fs::remove_file(lake.path().join("reports/letter.txt")).expect("a letter");
    let said = lake.json(&["forget", "17"]);
    assert_eq!(said["left"], Value::Array(Vec::new()));
    assert!(said["removed"].as_object().is_some_and(serde_json::Map::is_empty), "all was removed before");
    assert_eq!(lake.run(&["forget", "17"]).code, 1, "and now it is finished");
}

#[test]
fn what_a_refused_night_kept_of_a_person_is_removed() {
    let lake = shop();
    lake.write("leftcart.toml", "");
    lake.write("bad.csv", "ts,kind,visitor_id\nsoon,add_to_cart,tab-2\nsoon,add_to_cart,tab-5\n");
    assert_eq!(lake.run(&["run", "bad.csv"]).code, 4);
    let said = lake.json(&["forget", "v:tab-2"]);
    assert_eq!((&said["removed"]["refused"]["rows"], &said["left"]), (&1.into(), &Value::Array(Vec::new())));
    assert_eq!(table::read(&lake.path().join("data/refused")).len(), 1);
}

#[test]
fn a_person_is_forgotten_before_any_carts_are_made() {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 0.5\n");
    lake.write("log.csv", LOG);
    drop(lake.json(&["ingest", "log.csv"]));
    let said = lake.json(&["forget", "17"]);
    assert_eq!((&said["removed"]["events"]["rows"], &said["reports"]["written"]), (&1.into(), &Value::Null));
    assert_eq!(lake.json(&["analyze"])["analysis"]["carts"], 2);
}

#[test]
fn a_person_behind_a_pseudonym_is_forgotten_by_the_plain_id() {
    for visitors in [false, true] {
        let lake = lake();
        let key = lake.write("leftcart.key", format!("{}\n", "0f".repeat(32)));
        std::fs::set_permissions(key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of ours");
        let privacy = format!("[privacy]\nkey_file = \"leftcart.key\"\nvisitors = {visitors}\n");
        lake.write("leftcart.toml", format!("[ingest]\nmax_rejected = 0.5\n{privacy}"));
        lake.write("log.csv", LOG);
        drop(lake.json(&["run", "log.csv"]));
        // Each night that forgets somebody is one more from which the next one goes.
        for (id, events) in [("ann@Example.org", 2), ("17", 2), ("v:tab-2", 3)] {
            let said = lake.json(&["forget", id]);
            assert_eq!(
                (&said["removed"]["events"]["rows"], &said["left"]),
                (&events.into(), &Value::Array(Vec::new()))
            );
            assert!(!said.to_string().contains("ann@"), "{said}");
        }
        assert_eq!(lake.rows("events").len(), 1);
    }
}
