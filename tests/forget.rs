//! Who is forgotten is nowhere any more, in no night that is kept, and everybody else's carts are as they were.

/// Reports, words and exit codes.
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;
use simulate::{Config, Format};
use support::lake::Lake;
use support::table::{self, Row};

use crate::lake;

/// One file a night. Ann is a guest on her phone before she logs in there; on the sofa's tablet, which Bob has too, her
/// visit `s-mon` is taken for his until she logs in on the next day.
const NIGHTS: [&str; 4] = [
    "a1,2026-01-05T10:00:00Z,add_to_cart,ph-ann,,s-a,mug,12.50,
a2,2026-01-05T10:01:00Z,page_view,ph-ann,,s-a,,,
t1,2026-01-05T11:00:00Z,add_to_cart,sofa,,s-mon,cup,8.00,
b1,2026-01-05T10:30:00Z,add_to_cart,sofa,U-bob,s-tue,jar,3.00,
c1,2026-01-05T13:00:00Z,add_to_cart,web-c,U-anna,s-c,cup,8.00,
",
    "a3,2026-01-07T10:00:00Z,page_view,ph-ann,U-ann,s-b,,,
t2,2026-01-07T11:00:00Z,begin_checkout,sofa,U-ann,s-mon,cup,8.00,
t3,2026-01-07T12:00:00Z,add_to_cart,sofa,,,box,2.00,
q1,soon,add_to_cart,ph-ann,U-ann,s-b,mug,12.50,
q2,soon,add_to_cart,web-c,U-anna,s-c,mug,12.50,
",
    "a4,2026-01-09T10:00:00Z,purchase,ph-ann,U-ann,s-b,mug,12.50,O-1
t4,2026-01-09T10:30:00Z,purchase,sofa,U-ann,s-mon,cup,8.00,O-2
c2,2026-01-09T13:00:00Z,purchase,web-c,U-anna,s-c,cup,8.00,O-3
",
    "a5,2026-01-11T10:00:00Z,view_cart,,U-ann,,,,
b2,2026-01-11T12:00:00Z,purchase,sofa,U-bob,s-tue,jar,3.00,O-4
",
];
/// Her ids, and what one can tell her rows by.
const HERS: [&str; 3] = ["U-ann", "ph-ann", "s-mon"];
const HEADER: &str = "event_id,ts,kind,visitor_id,customer_id,session_id,product_id,unit_price,order_id\n";
const KEYS: [&str; 8] = ["event_id", "line", "cart_id", "order_key", "segment", "currency", "raw", "id"];

/// Whether a text names her: as a whole token, for there is an Anna.
fn names_her(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    text.split(|letter| !is_letter(letter)).any(|token| HERS.contains(&token))
}

/// The logs of a shop, and of Ann, Bob and Anna; without Ann's lines if `without` says so.
fn logs(lake: &Lake, folder: &str, without: bool) -> Vec<Vec<String>> {
    let config =
        Config { days: 8, carts_per_day: 10, seed: 7, duplicates: 0.03, late: 0.05, broken: 0.01, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join(folder)).expect("a shop");
    let entries = std::fs::read_dir(lake.path().join(folder)).expect("logs").map(|entry| entry.expect("an entry"));
    let mut days: Vec<String> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
        .collect();
    days.sort();
    let nights = days.chunks(2).zip(NIGHTS).enumerate().map(|(number, (days, text))| {
        let lines = text.lines().filter(|line| !without || !names_her(line)).flat_map(|line| [line, "\n"]);
        let name = format!("{folder}/extra-{number}.csv");
        lake.write(&name, format!("{HEADER}{}", lines.collect::<String>()));
        [days, &[name]].concat()
    });
    nights.collect()
}

fn run(lake: &Lake, data: &str, files: &[String]) -> Value {
    let mut args = vec!["run", "--data", data, "--reports", "pages"];
    args.extend(files.iter().map(String::as_str));
    lake.json(&args)
}

fn forget(lake: &Lake, data: &str, id: &str) -> Value {
    lake.json(&["forget", id, "--data", data, "--reports", "pages"])
}

/// A lake of four nights, and the files of each.
fn four_nights() -> (Lake, Vec<Vec<String>>) {
    let lake = lake();
    let nights = logs(&lake, "logs", false);
    for files in &nights {
        drop(run(&lake, "data", files));
    }
    (lake, nights)
}

fn generations(lake: &Lake, data: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(lake.path().join(data).join("generations")).expect("generations");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The rows of a table of a generation, in an order of their own.
fn rows(generation: &std::path::Path, name: &str) -> Vec<Row> {
    let mut rows = table::read(&generation.join(name));
    rows.sort();
    rows
}

/// Fails if any cell of any table or state of any generation names her; entries of the state are bytes.
fn assert_nowhere(lake: &Lake, data: &str) {
    let bytes = ["U-ann", "ph-ann"].map(|id| format!("{:02x?}", id.as_bytes()).trim_matches(['[', ']']).to_owned());
    let files = table::files(&lake.path().join(data));
    assert!(files.len() > 50, "only {} files", files.len());
    for file in files {
        let is_entry = file
            .components()
            .any(|part| ["links", "cart_rows", "presence"].contains(&part.as_os_str().to_str().unwrap_or_default()));
        for row in table::read_file(&file) {
            for (column, cell) in row.iter().filter_map(|(column, cell)| Some((column, cell.as_deref()?))) {
                // Anna's name begins with hers, also in bytes.
                let found = if is_entry {
                    bytes.iter().any(|id| cell.replace("55, 2d, 61, 6e, 6e, 61", "").contains(id.as_str()))
                } else {
                    names_her(cell)
                };
                assert!(!found, "{}: {column} is {cell}", file.display());
            }
        }
    }
}

/// What manifests say of tables is what is in them.
fn assert_manifests_count(lake: &Lake, data: &str) {
    for generation in generations(lake, data) {
        let text = std::fs::read(generation.join("manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&text).expect("JSON");
        for (name, entry) in manifest["tables"].as_object().expect("tables") {
            let files = table::files(&generation.join(name));
            assert!(!files.is_empty(), "{name} can be read");
            let rows: usize = files.iter().map(|file| table::read_file(file).len()).sum();
            assert_eq!((&entry["rows"], &entry["files"]), (&rows.into(), &files.len().into()), "{name}");
        }
    }
}

/// The tables that follow from logs are those of a lake that never saw her.
fn assert_as_without_her(lake: &Lake, data: &str, reference: &str) {
    let [found, expected] = [data, reference].map(|data| lake.path().join(data).join("current"));
    for name in ["events", "carts", "cart_items", "orders", "revenue"] {
        let expected = rows(&expected, name);
        assert!(!expected.is_empty(), "{name} is empty, which shows nothing");
        table::assert_same(&format!("{data}: {name}"), &rows(&found, name), &expected, &KEYS);
    }
    let raw = |generation| -> BTreeSet<Vec<Option<String>>> {
        rows(generation, "quarantine").iter().map(|row| table::pick(row, &["raw", "reason", "detail"])).collect()
    };
    assert_eq!(raw(&found), raw(&expected));
}

/// A lake whose logs never had her, judged as of the same moment.
fn reference(lake: &Lake, name: &str, nights: &[Vec<String>], said: &Value) {
    let files: Vec<&str> = nights.iter().flatten().map(String::as_str).collect();
    let as_of = said.as_str().expect("a moment");
    drop(lake.json(&[&["run", "--data", name, "--reports", "other", "--as-of", as_of], &files[..]].concat()));
}

#[test]
fn a_person_is_in_no_night_any_more_and_everybody_elses_carts_are_as_they_were() {
    let (lake, _) = four_nights();
    let tables = ["events", "carts", "cart_items", "orders", "quarantine"];
    let read = || -> Vec<BTreeMap<&str, Vec<Row>>> {
        generations(&lake, "data").iter().map(|path| tables.map(|name| (name, rows(path, name))).into()).collect()
    };
    let inodes = || -> BTreeSet<u64> {
        let events = generations(&lake, "data").into_iter().flat_map(|path| table::files(&path.join("events")));
        events.map(|file| std::fs::metadata(file).expect("a file").ino()).collect()
    };
    let (before, files_before) = (read(), inodes().len());
    assert_eq!(before.len(), 4);
    let as_guest = |row: &Row| row["person_id"].as_deref() == Some("v:ph-ann");
    assert!(before[0]["carts"].iter().any(as_guest), "the first night does not know her name");

    let said = forget(&lake, "data", "U-ann");
    assert_eq!(said["left"], Value::Array(Vec::new()));
    let removed =
        |table: &str| (said["removed"][table]["rows"].as_u64(), said["removed"][table]["generations"].as_u64());
    // Three rows of the first night are in all four generations, two of the second in three, two in two, one in one.
    assert_eq!(removed("events"), (Some(3 * 4 + 2 * 3 + 2 * 2 + 1), Some(4)));
    assert_eq!(removed("quarantine"), (Some(3), Some(3)));
    assert_nowhere(&lake, "data");
    assert_manifests_count(&lake, "data");
    assert!(inodes().len() <= files_before, "nights still share their files");

    let after = read();
    assert_eq!(after.len(), 5);
    let hers = |row: &Row| row.values().flatten().any(|cell| names_her(cell));
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        // The first night took her visit to the sofa for Bob's, because he alone was known there, and put her cup into
        // the cart that he had opened.
        let gone: BTreeSet<&Option<String>> = before["carts"]
            .iter()
            .filter(|row| hers(row) || number == 0 && row["opening_event_id"].as_deref() == Some("b1"))
            .map(|row| &row["cart_id"])
            .collect();
        assert!(!gone.is_empty());
        for name in tables {
            let stays =
                |row: &&Row| !hers(row) && row.get("cart_id").is_none_or(|id| id.is_none() || !gone.contains(id));
            let expected: Vec<Row> = before[name].iter().filter(stays).cloned().collect();
            table::assert_same(&format!("night {number}: {name}"), &after[name], &expected, &KEYS);
        }
    }
    // What was published last is the same but for where people stand, and for the tablet, which is Bob's alone now.
    let (last, anew) = (&after[3], &after[4]);
    assert_eq!(anew["events"], last["events"]);
    for name in ["carts", "orders"] {
        let others = |rows: &[Row]| -> Vec<Row> {
            let is_other =
                |row: &&Row| !["v:sofa", "c:U-bob"].contains(&row["person_id"].as_deref().unwrap_or_default());
            let plain = |row: &Row| {
                let mut row = row.clone();
                row.remove("segment");
                row.remove("top1");
                row
            };
            rows.iter().filter(is_other).map(plain).collect()
        };
        assert!(!others(&last[name]).is_empty());
        table::assert_same(name, &others(&anew[name]), &others(&last[name]), &KEYS);
    }
}

#[test]
fn a_lake_that_forgot_a_person_goes_on_like_one_that_never_saw_her() {
    let (lake, nights) = four_nights();
    let clean = logs(&lake, "clean", true);
    let as_of = |data: &str| lake.json(&["describe", "--data", data])["as_of"].clone();
    drop(forget(&lake, "data", "U-ann"));
    reference(&lake, "never", &clean, &as_of("data"));
    assert_as_without_her(&lake, "data", "never");

    // The next night is a night like any other.
    let more = format!(
        "{HEADER}n1,2026-01-13T10:00:00Z,add_to_cart,web-c,U-anna,s-n,cup,8.00,\n\
         n2,2026-01-13T11:00:00Z,add_to_cart,sofa,,s-z,jar,3.00,\n"
    );
    lake.write("more.csv", more);
    let next = run(&lake, "data", &["more.csv".to_owned()]);
    assert!(next["analysis"]["persons_made_again"].as_u64().is_some_and(|persons| persons < 10), "{next}");
    drop(run(&lake, "never", &["more.csv".to_owned()]));
    assert_as_without_her(&lake, "data", "never");

    // Her lines come again, in other files: they are known, and she stays away.
    for (number, file) in nights.iter().filter_map(|files| files.last()).enumerate() {
        let text = std::fs::read_to_string(lake.path().join(file)).expect("a log");
        let sound: String = text.lines().filter(|line| !line.contains("soon")).flat_map(|line| [line, "\n"]).collect();
        lake.write(&format!("again-{number}.csv"), format!("{sound}\n"));
    }
    let again: Vec<String> = (0..nights.len()).map(|number| format!("again-{number}.csv")).collect();
    assert_eq!(run(&lake, "data", &again)["ingest"]["accepted"], 0);
    assert_nowhere(&lake, "data");
    assert_as_without_her(&lake, "data", "never");
}

#[test]
fn a_lake_of_one_night_knows_the_rows_of_a_forgotten_person_again() {
    let lake = lake();
    let nights = logs(&lake, "logs", false);
    drop(run(&lake, "data", &nights.concat()));
    drop(forget(&lake, "data", "U-ann"));
    let text = std::fs::read_to_string(lake.path().join("logs/extra-0.csv")).expect("a log");
    lake.write("again.csv", format!("{text}\n"));
    let said = run(&lake, "data", &["again.csv".to_owned()]);
    assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["duplicates"]), (&0.into(), &5.into()));
    assert_nowhere(&lake, "data");
}

#[test]
fn a_shopper_of_the_simulated_shop_leaves_no_trace() {
    let (lake, nights) = four_nights();
    let orders = rows(&lake.path().join("data/current"), "orders");
    let person = orders.iter().find_map(|row| row["person_id"].clone().filter(|person| person.starts_with("c:C")));
    let customer = person.expect("a customer bought")[2..].to_owned();
    let events = rows(&lake.path().join("data/current"), "events");
    let with = |row: &&Row| row["customer_id"].as_deref() == Some(&customer);
    let devices: BTreeSet<String> = events.iter().filter(with).filter_map(|row| row["visitor_id"].clone()).collect();
    let ids: BTreeSet<&str> = devices.iter().map(String::as_str).chain([customer.as_str()]).collect();
    let said = forget(&lake, "data", &customer);
    assert_eq!(said["left"], Value::Array(Vec::new()));
    let as_of = lake.json(&["describe"])["as_of"].clone();
    for file in nights.iter().flatten() {
        let text = std::fs::read_to_string(lake.path().join(file)).expect("a log");
        let lines = text.lines().filter(|line| !ids.iter().any(|id| line.contains(id)));
        lake.write(file, lines.flat_map(|line| [line, "\n"]).collect::<String>());
    }
    reference(&lake, "never", &nights, &as_of);
    assert_as_without_her(&lake, "data", "never");
}

#[test]
fn every_file_is_whole_whenever_forgetting_is_killed_and_another_run_finishes_it() {
    let (lake, _) = four_nights();
    let copy = std::process::Command::new("cp").args(["-a", "data", "undisturbed"]).current_dir(lake.path()).status();
    assert!(copy.expect("cp can be started").success());
    let began = Instant::now();
    drop(forget(&lake, "undisturbed", "U-ann"));
    let step = began.elapsed() / 30;
    let mut killed = 0;
    for moment in 0..60 {
        let args = ["forget", "U-ann", "--quiet", "--reports", "pages"];
        let mut run = lake.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(step * moment);
        if run.try_wait().expect("a run can be asked").is_some() {
            break;
        }
        run.kill().expect("a run can be killed");
        run.wait().expect("a killed run ends");
        killed += 1;
        let rows: usize = table::files(&lake.path().join("data/current/events"))
            .iter()
            .map(|file| table::read_file(file).len())
            .sum();
        assert!(rows > 100);
        // What was in the making is nobody's; everything that is published can be read.
        let is_published = |file: &std::path::PathBuf| !file.to_string_lossy().contains(".building-");
        for file in table::files(&lake.path().join("data/generations")).iter().filter(|file| is_published(file)) {
            drop(table::read_file(file));
        }
    }
    assert!(killed > 3, "only {killed} runs were killed");
    let done = lake.run(&["forget", "U-ann", "--quiet", "--reports", "pages"]);
    assert!(done.code == 0 || done.stderr.contains("nobody is known as c:U-ann"), "{}", done.stderr);
    assert_nowhere(&lake, "data");
    assert_manifests_count(&lake, "data");
    assert_as_without_her(&lake, "data", "undisturbed");
    assert!(!lake.path().join("data/.forgetting").exists());
}
