//! GA4 exports a day twice: while it lasts, and when it is over; and for three days it may deliver it again. Of each day
//! the lake has what was delivered last, as if nothing else had ever been read.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;
use simulate::{Config, Format};
use support::lake::Lake;
use support::table;

use crate::formats::story;
use crate::lake;
use crate::nights::{assert_same_rows, ended_within, hashes, night, rows, start};

const LAX: &str = "[ingest]\nmax_rejected = 1.0\n[data]\nkeep_generations = 100\n";

/// A day of a shop: its digits, and what GA4 exports of it.
struct Day {
    digits: String,
    lines: Vec<String>,
}

impl Day {
    fn daily(&self) -> String {
        self.lines.concat()
    }

    /// What was there in the afternoon: not all of it, some of it not yet as it will be, and some that nobody will
    /// confirm.
    fn intraday(&self) -> String {
        let mut lines = String::new();
        // Whether those whom nobody will confirm say who they are.
        let anonymous = self.digits.ends_with(['2', '4', '6', '8']);
        for (at, line) in self.lines.iter().take(self.lines.len() * 2 / 3).enumerate() {
            lines.push_str(&if at % 5 == 0 { in_country(line, "Nowhere") } else { line.clone() });
            if at % 4 == 0 {
                let ghost = line.replace("\"user_pseudo_id\":\"", "\"user_pseudo_id\":\"ghost-");
                lines.push_str(&if anonymous { without_login(&ghost) } else { ghost });
            }
            if at % 40 == 0 {
                lines.push_str("{\"event_name\": \"half of a li\n");
            }
        }
        lines
    }

    fn file(&self, folder: &str, kind: &str) -> String {
        format!("{folder}/events_{kind}{}.json", self.digits)
    }
}

/// The same event, otherwise told.
fn in_country(line: &str, country: &str) -> String {
    let Ok(mut event) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    event["geo"]["country"] = country.into();
    format!("{event}\n")
}

/// The same event of somebody who has not said who he is.
fn without_login(line: &str) -> String {
    let Ok(mut event) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    event["user_id"] = Value::Null;
    format!("{event}\n")
}

/// A lake with nothing in it, and the days of a shop.
fn shop(days: u32) -> (Lake, Vec<Day>) {
    let lake = lake();
    let config =
        Config { days, carts_per_day: 12, seed: 11, duplicates: 0.0, late: 0.0, broken: 0.01, ..Config::default() };
    simulate::simulate(&config, Format::Ga4, &lake.path().join("shop")).expect("a shop");
    let mut days = Vec::new();
    for entry in std::fs::read_dir(lake.path().join("shop")).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some(digits) = name.strip_prefix("events_").and_then(|name| name.get(..8)) {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            days.push(Day {
                digits: digits.to_owned(),
                lines: text.split_inclusive('\n').map(str::to_owned).collect(),
            });
        }
    }
    days.sort_by(|a, b| a.digits.cmp(&b.digits));
    lake.write("leftcart.toml", LAX);
    (lake, days)
}

/// Writes the tables of these days into the folder `logs`; returns the names of the files by day: intraday, daily.
fn deliver(lake: &Lake, days: &[Day]) -> Vec<[String; 2]> {
    let write = |day: &Day| {
        let files = [day.file("logs", "intraday_"), day.file("logs", "")];
        lake.write(&files[0], day.intraday());
        lake.write(&files[1], day.daily());
        files
    };
    days.iter().map(write).collect()
}

fn run(lake: &Lake, data: &str, files: &[&str]) -> Value {
    let said = lake.json(&[&["run", "--data", data], files].concat());
    reconcile(lake, data, &said["ingest"]);
    said
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

/// Every row ended in one place, tonight and in all nights, and what was accepted is what there is.
fn reconcile(lake: &Lake, data: &str, ingest: &Value) {
    let ends = ["accepted", "duplicates", "quarantined", "superseded"].map(|end| count(&ingest[end]));
    assert_eq!(count(&ingest["read"]), ends.iter().sum::<u64>(), "{ingest:#}");
    let manifest = manifest(lake, data);
    let mut accepted = 0;
    for input in manifest["inputs"].as_array().expect("inputs") {
        let quarantined: u64 = input["quarantined"].as_object().expect("reasons").values().map(count).sum();
        let ends = ["accepted", "duplicates", "superseded"].map(|end| count(&input[end]));
        assert_eq!(count(&input["rows"]), ends.iter().sum::<u64>() + quarantined, "{input:#}");
        accepted += count(&input["accepted"]);
    }
    let current = lake.path().join(data).join("current");
    assert_eq!(accepted, table::read(&current.join("events")).len() as u64);
    assert_eq!(accepted, count(&manifest["tables"]["events"]["rows"]));
    assert_eq!(count(&manifest["tables"]["events"]["files"]), table::files(&current.join("events")).len() as u64);
}

fn manifest(lake: &Lake, data: &str) -> Value {
    let text = std::fs::read(lake.path().join(data).join("current/manifest.json")).expect("a manifest");
    serde_json::from_slice(&text).expect("JSON")
}

fn assert_same(lake: &Lake, what: &str, data: &str, expected: &str) {
    assert_same_rows(what, &rows(lake, data), &rows(lake, expected));
}

#[test]
fn carts_of_a_daily_table_are_the_same_whatever_of_the_day_was_read_before() {
    let (lake, days) = shop(5);
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "daily", &daily);
    // Each day while it lasts, with the whole of the day before; the last one comes alone.
    let first = run(&lake, "nights", &[&files[0][0]]);
    assert!(count(&first["ingest"]["quarantined"]) > 0, "some lines are broken");
    let mut anew = Vec::new();
    for pair in files.windows(2) {
        let [[intraday, daily], [next, _]] = pair else { unreachable!("two of them") };
        let said = run(&lake, "nights", &[next, daily]);
        anew.push(said["analysis"]["persons_made_again"].is_null());
        let [told] = &said["ingest"]["superseded_tables"].as_array().expect("tables")[..] else { panic!("{said:#}") };
        let [unchanged, changed, events, rows] =
            ["unchanged", "changed", "events", "rows"].map(|key| count(&told[key]));
        assert!(unchanged > 0 && changed > 0 && events > unchanged + changed && rows > events, "{told:#}");
        let manifest = manifest(&lake, "nights");
        assert_eq!(manifest["superseded"][0], *told);
        let inputs = manifest["inputs"].as_array().expect("inputs");
        let input = inputs.iter().find(|input| input["path"] == *intraday).expect("it was read");
        assert_eq!((&input["rows"], &input["accepted"]), (&input["superseded"], &0.into()), "{daily}");
    }
    drop(run(&lake, "nights", &[&files[4][1]]));
    assert_same(&lake, "nights", "nights", "daily");
    assert!(anew[1..].contains(&false), "who is who is learnt anew only where a login is gone: {anew:?}");
    assert!(anew[1..].contains(&true), "{anew:?}");
}

#[test]
fn carts_are_the_same_when_a_day_comes_once_more_as_it_was_while_it_lasted() {
    let (lake, days) = shop(3);
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "daily", &daily);
    night(&lake, "late", &daily);
    for [intraday, _] in &files {
        let said = run(&lake, "late", &[intraday]);
        assert_eq!((&said["ingest"]["superseded"], &said["ingest"]["accepted"]), (&said["ingest"]["read"], &0.into()));
    }
    assert_same(&lake, "late", "late", "daily");
    assert_eq!(rows(&lake, "late")["quarantine"], rows(&lake, "daily")["quarantine"]);
}

#[test]
fn carts_are_the_same_in_whatever_order_the_tables_of_a_day_are_read_at_once() {
    let (lake, days) = shop(3);
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "daily", &daily);
    let all: Vec<&str> = files.iter().flatten().map(String::as_str).collect();
    drop(run(&lake, "at once", &all));
    assert_same(&lake, "at once", "at once", "daily");
    // Files are read in the order of their names: now the intraday ones come first.
    for day in &days {
        lake.write(&day.file("a", "intraday_"), day.intraday());
    }
    let said = run(&lake, "first", &["a", &daily[0], &daily[1], &daily[2]]);
    assert!(count(&said["ingest"]["superseded"]) > 0);
    assert_same(&lake, "first", "first", "daily");
    drop(run(&lake, "first", &["--rebuild", "logs"]));
    assert_same(&lake, "rebuilt", "first", "daily");
}

#[test]
fn carts_follow_a_daily_table_that_is_delivered_again() {
    let (lake, days) = shop(4);
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "data", &daily[..1]);
    night(&lake, "data", &daily[1..3]);
    let told = |said: &Value| {
        let [told] = &said["ingest"]["superseded_tables"].as_array().expect("tables")[..] else { panic!("{said:#}") };
        let [events, unchanged, changed] = ["events", "unchanged", "changed"].map(|key| count(&told[key]));
        (changed, events - unchanged - changed)
    };
    // An event less, one changed, and one more, each of one row; first in the old place, then in another one.
    let of_one_row = |line: &&String| {
        serde_json::from_str::<Value>(line)
            .is_ok_and(|event| event["items"].as_array().is_none_or(|items| items.len() < 2))
    };
    for (number, name) in [daily[1].clone(), format!("again/events_{}.ndjson", days[1].digits)].iter().enumerate() {
        let mut single = days[1].lines.iter().filter(of_one_row).skip(number * 5);
        let [gone, changed] = [single.next(), single.next()].map(|line| line.expect("a line").clone());
        let mut lines: Vec<String> = days[1].lines.iter().filter(|line| **line != gone).cloned().collect();
        lines.iter_mut().filter(|line| **line == changed).for_each(|line| *line = in_country(line, "Elsewhere"));
        lines.push(changed.replace("\"user_pseudo_id\":\"", "\"user_pseudo_id\":\"new-"));
        lake.write(name, lines.concat());
        let said = run(&lake, "data", &[name]);
        assert_eq!(count(&said["ingest"]["duplicates"]), 0, "{said:#}");
        // The second delivery brings back what the first left out and changed.
        assert_eq!(told(&said), if number == 0 { (1, 1) } else { (2, 2) }, "{said:#}");
        drop(run(&lake, "fresh", &["--rebuild", &daily[0], name, &daily[2]]));
        assert_same(&lake, "again", "data", "fresh");
    }
    // Nights go on as ever.
    night(&lake, "data", &daily[3..]);
    let again = format!("again/events_{}.ndjson", days[1].digits);
    drop(run(&lake, "fresh", &["--rebuild", &daily[0], &again, &daily[2], &daily[3]]));
    assert_same(&lake, "the night after", "data", "fresh");
    // All that was ever delivered lies there, and none of it is new.
    let said = run(&lake, "data", &["logs/events_20*.json", "again"]);
    assert_eq!(count(&said["ingest"]["read"]), 0, "{said:#}");
    assert_same(&lake, "nothing new", "data", "fresh");
}

#[test]
fn carts_are_those_of_all_shards_of_a_delivery() {
    let (lake, days) = shop(2);
    let day = &days[1];
    let parts = day.lines.len().div_ceil(3);
    let shards: Vec<String> = (0..3).map(|at| format!("shards/events_{}_{at:012}.json", day.digits)).collect();
    let write = |lines: &[String]| {
        for (name, lines) in shards.iter().zip(lines.chunks(parts)) {
            lake.write(name, lines.concat());
        }
    };
    lake.write(&days[0].file("logs", ""), days[0].daily());
    lake.write(&day.file("logs", "intraday_"), day.intraday());
    drop(run(&lake, "data", &["logs"]));
    write(&day.lines);
    drop(run(&lake, "data", &["shards"]));
    drop(run(&lake, "whole", &[&days[0].file("logs", ""), "shards"]));
    assert_same(&lake, "shards", "data", "whole");
    // Of the second delivery two shards are as they were.
    let mut lines = day.lines.clone();
    lines.iter_mut().take(10).for_each(|line| *line = in_country(line, "Elsewhere"));
    write(&lines);
    let said = run(&lake, "data", &["shards"]);
    assert_eq!(said["ingest"]["files"].as_array().map(Vec::len), Some(3), "{said:#}");
    assert!(count(&said["ingest"]["superseded_tables"][0]["changed"]) >= 9);
    drop(run(&lake, "whole", &["--rebuild", &days[0].file("logs", ""), "shards"]));
    assert_same(&lake, "shards again", "data", "whole");
    // A folder of the table's name is as good as a name.
    lake.write(&format!("events_{}/part-7.json", day.digits), in_country(&day.daily(), "").as_str());
    let said = run(&lake, "data", &[&format!("events_{}", day.digits)]);
    assert_eq!(said["ingest"]["superseded_tables"][0]["by"], format!("events_{}", day.digits));
    lake.write("export.json", day.daily());
    drop(run(&lake, "whole", &["--rebuild", &days[0].file("logs", ""), "export.json"]));
    let [mut data, mut whole] = ["data", "whole"].map(|data| rows(&lake, data));
    assert!(data.remove("quarantine").is_some() && whole.remove("quarantine").is_some(), "files have other names");
    assert_same_rows("a folder", &data, &whole);
}

#[test]
fn a_cart_is_not_bought_any_more_when_its_purchase_is_not_confirmed() {
    let lake = lake();
    let (before, after): (Vec<String>, Vec<String>) = story::ga4()
        .lines()
        .map(|line| format!("{line}\n"))
        .partition(|line| line.contains("\"event_date\":\"20260328\""));
    lake.write("events_20260328.json", before.concat());
    lake.write("events_intraday_20260329.json", after.concat());
    drop(run(&lake, "data", &["events_20260328.json", "--as-of", "2026-04-10"]));
    drop(run(&lake, "data", &["events_intraday_20260329.json", "--as-of", "2026-04-10"]));
    let [cart] = &lake.rows("carts")[..] else { panic!("one cart") };
    assert_eq!((cart["outcome"].as_deref(), lake.rows("orders").len()), (Some("purchased"), 1));
    let confirmed: Vec<&str> = after.iter().map(String::as_str).filter(|line| !line.contains("T-2002")).collect();
    assert_eq!(confirmed.len() + 1, after.len());
    lake.write("events_20260329.json", confirmed.concat());
    drop(run(&lake, "data", &["events_20260329.json", "--as-of", "2026-04-10"]));
    let [cart] = &lake.rows("carts")[..] else { panic!("one cart") };
    assert_eq!((cart["outcome"].as_deref(), lake.rows("orders").len()), (Some("abandoned"), 0));
    assert_eq!(cart["person_id"].as_deref(), Some("c:u_9"), "the login was confirmed");
    // Nothing at all is confirmed but that somebody was there.
    lake.write("events_20260329.json", after[0].as_str());
    drop(run(&lake, "data", &["events_20260329.json", "--as-of", "2026-04-10"]));
    let [cart] = &lake.rows("carts")[..] else { panic!("one cart") };
    assert_eq!(cart["person_id"].as_deref(), Some(format!("v:{}", story::VISITOR).as_str()));
}

#[test]
fn carts_are_the_same_whether_tables_are_read_and_judged_in_one_go_or_apart_and_with_hidden_persons() {
    let (lake, days) = shop(4);
    let key = lake.write("leftcart.key", format!("{}\n", "0f".repeat(32)));
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("a key of one's own");
    lake.write("leftcart.toml", format!("{LAX}[privacy]\nkey_file = \"leftcart.key\"\nvisitors = true\n"));
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "daily", &daily);
    drop(lake.json(&["run", "--data", "apart", &files[0][1], &files[1][0]]));
    for (number, part) in
        [[&files[2][0], &files[1][1]], [&files[3][0], &files[2][1]], [&files[0][0], &files[3][1]]].iter().enumerate()
    {
        let said = lake.json(&["ingest", "--data", "apart", part[0], part[1]]);
        reconcile(&lake, "apart", &said["ingest"]);
        if number != 1 {
            drop(lake.json(&["analyze", "--data", "apart"]));
        }
    }
    assert_same(&lake, "apart", "apart", "daily");
}

#[test]
fn carts_of_the_last_night_stand_until_a_daily_table_has_wholly_taken_its_place() {
    const KILLS: u32 = 12;
    let (lake, days) = shop(4);
    let files = deliver(&lake, &days);
    let daily: Vec<String> = files.iter().map(|[_, daily]| daily.clone()).collect();
    night(&lake, "daily", &daily);
    night(&lake, "data", &daily[..2]);
    night(&lake, "data", &[files[2][0].clone(), files[3][0].clone()]);
    let before = hashes(&lake, "data");
    let began = std::time::Instant::now();
    for data in ["data-1", "data-2"] {
        night(&lake, data, &daily[..2]);
    }
    let length = began.elapsed() / 2;
    let mut killed = 0;
    for number in 0..KILLS {
        let mut one = start(&lake, &daily[2..]);
        if !ended_within(&mut one, length * number / KILLS) {
            one.kill().expect("a run can be killed");
            one.wait().expect("a killed run ends");
            killed += 1;
        }
        if lake.rows("runs").len() > 2 {
            break;
        }
        assert_eq!(hashes(&lake, "data"), before, "killed run {number}");
    }
    assert!(killed > 0, "no run was killed");
    night(&lake, "data", &daily[2..]);
    assert_same(&lake, "after killed runs", "data", "daily");
}

#[test]
fn carts_of_a_forgotten_person_do_not_come_back_with_a_daily_table() {
    let (lake, days) = shop(2);
    let files = deliver(&lake, &days);
    for nights in [vec![&files[0][1], &files[1][1]], vec![&files[0][1]]] {
        let _ = std::fs::remove_dir_all(lake.path().join("data"));
        lake.write(&files[1][1], days[1].daily());
        for file in nights {
            drop(lake.json(&["run", file]));
        }
        drop(lake.json(&["run", &files[1][1]]));
        let carts = lake.rows("carts");
        let person = carts.last().and_then(|cart| cart["person_id"].clone()).expect("a person");
        drop(lake.json(&["forget", &person[2..]]));
        let left = lake.rows("events").len();
        lake.write(&files[1][1], format!("{}\n", days[1].daily()));
        let said = lake.json(&["run", &files[1][1]]);
        assert!(count(&said["ingest"]["duplicates"]) > 0, "{said:#}");
        assert_eq!(lake.rows("events").len(), left);
        assert!(!lake.rows("carts").iter().any(|cart| cart["person_id"].as_ref() == Some(&person)));
    }
}

#[test]
fn carts_of_files_with_other_names_are_settled_by_identity() {
    let (lake, days) = shop(1);
    lake.write("export.json", days[0].daily());
    lake.write("again.json", in_country(&days[0].lines[0], "Elsewhere"));
    drop(run(&lake, "data", &["export.json"]));
    let before = rows(&lake, "data");
    let said = run(&lake, "data", &["again.json"]);
    assert_eq!((&said["ingest"]["superseded"], &said["ingest"]["accepted"]), (&0.into(), &0.into()));
    assert_eq!(rows(&lake, "data")["events"], before["events"]);
    assert!(!lake.path().join("data/current/state/tables").exists(), "nothing is kept of what is no table");
    // Rows of another format are no table of GA4's, whatever the file is called.
    lake.write("events_20260101.csv", story::csv());
    let said = run(&lake, "data", &["events_20260101.csv"]);
    assert_eq!(said["ingest"]["files"][0]["table"], Value::Null);
    assert!(!lake.path().join("data/current/state/tables").exists());
    let done =
        lake.command(&["run", "again.json", "--data", "other"]).stdout(Stdio::piped()).output().expect("it runs");
    assert!(!String::from_utf8_lossy(&done.stdout).contains("superseded"), "no word of what is not there");
}
