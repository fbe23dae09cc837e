//! What the program says, and the codes with which it ends.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use simulate::{Config, Format};
use support::lake::{Done, Lake};
use support::table;

use crate::lake;

const FAILED: i32 = 1;
const USAGE: i32 = 2;
const REFUSED: i32 = 4;

/// A cart that is bought, and one that is left.
const LOG: &str = "ts,kind,visitor_id,product_id,unit_price,order_id
2026-01-05T10:00:00Z,add_to_cart,ann,mug,12.50,
2026-01-05T10:05:00Z,purchase,ann,mug,12.50,A1
2026-01-05T11:00:00Z,add_to_cart,bob,cup,8.00,
2026-01-09T11:00:00Z,page_view,eve,,,
";

/// Fails unless the run ended with this code and said all of this on standard error, no piece of it twice.
#[track_caller]
fn assert_fails(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, code, "{}", done.stderr);
    assert_eq!(done.stdout, "", "results go to standard output, mistakes do not");
    for word in words {
        assert_eq!(done.stderr.matches(word).count(), 1, "{word:?} in: {}", done.stderr);
    }
}

fn names(lake: &Lake, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(lake.path().join(folder)) else { return Vec::new() };
    entries.map(|entry| entry.expect("a folder can be listed").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn carts_wait_while_the_settings_have_a_key_that_nobody_knows() {
    let lake = lake();
    lake.write("log.csv", LOG);
    lake.write("leftcart.toml", "[cart]\nwindow = \"3d\"\nexpirey = \"30d\"\n");
    let done = lake.run(&["run", "log.csv"]);
    assert_fails(&done, USAGE, &["leftcart.toml:3:1", "unknown field `expirey`", "did you mean `expiry`?"]);
    assert_eq!(names(&lake, "data"), [""; 0], "nothing was begun");
    assert_fails(&lake.run(&["run", "log.csv", "--config", "other.toml"]), USAGE, &["failed to read other.toml"]);
}

#[test]
fn carts_need_logs_to_be_made_from() {
    let lake = lake();
    assert_fails(&lake.run(&["run"]), USAGE, &["no input: give files, folders or globs", "[[source]]"]);
    assert_fails(&lake.run(&["run", "nothing.csv"]), USAGE, &["no input matches `nothing.csv`"]);
    assert_fails(
        &lake.run(&["run", "log.csv", "--format", "xml"]),
        USAGE,
        &["`xml` is no format; one of auto, native"],
    );
    assert_fails(&lake.run(&["run", "log.csv", "--as-of", "soon"]), USAGE, &["give a moment such as 2026-11-20"]);
    assert_fails(&lake.run(&["rum"]), USAGE, &["unrecognized subcommand 'rum'"]);
    for command in ["analyze", "report", "describe"] {
        assert_fails(&lake.run(&[command, "--quiet"]), FAILED, &["data holds no published generation yet"]);
    }
    lake.write("letter.txt", "Dear Sir,\nwhere is my cart?\n");
    let done = lake.run(&["run", "letter.txt", "--quiet"]);
    assert_fails(&done, FAILED, &["failed to read letter.txt", "looks like none of the formats", "\"Dear Sir,\""]);
    lake.write("log.csv", LOG);
    let done = lake.run(&["run", "log.csv", "--format", "ga4", "--quiet"]);
    assert_fails(&done, FAILED, &["failed to read log.csv", "it is not ga4: its head looks like native-csv"]);
    assert!(table::files(&lake.path().join("data")).is_empty());
}

#[test]
fn carts_made_with_other_settings_are_not_reported_under_these() {
    let lake = lake();
    lake.write("log.csv", LOG);
    drop(lake.json(&["ingest", "log.csv"]));
    assert_fails(&lake.run(&["report"]), FAILED, &["no carts yet; run `leftcart analyze` first"]);
    drop(lake.json(&["analyze"]));
    drop(lake.json(&["report"]));
    lake.write("leftcart.toml", "[shop]\ntime_zone = \"Europe/Berlin\"\n");
    assert_fails(&lake.run(&["report"]), FAILED, &["settings have changed", "run `leftcart analyze` first"]);
}

#[test]
fn carts_are_made_by_one_run_at_a_time_and_the_other_says_who_holds_them() {
    let lake = lake();
    lake.write("log.csv", LOG);
    drop(lake.json(&["run", "log.csv"]));
    let mut held = std::fs::File::create(lake.path().join("data/.lock")).expect("a lock file");
    held.try_lock().expect("no run holds the lake");
    held.write_all(b"process 4242 since 2026-11-20T03:10:00Z").expect("a note");
    let done = lake.run(&["run", "log.csv"]);
    let holder = "data is in use by another run (process 4242 since 2026-11-20T03:10:00Z)";
    assert_fails(&done, FAILED, &[holder, "another --data folder"]);
    assert_eq!(lake.run(&["describe"]).code, 0, "readers need no lock");
    drop(held);
    assert_eq!(lake.run(&["run", "log.csv"]).code, 0);
}

#[test]
fn carts_are_not_made_from_logs_that_are_mostly_unreadable() {
    let lake = lake();
    let bad = LOG.replace("2026-01-05T11:00:00Z", "yesterday").replace("2026-01-09T11:00:00Z", "today");
    lake.write("log.csv", bad);
    let done = lake.run(&["run", "log.csv", "--quiet"]);
    assert_fails(
        &done,
        REFUSED,
        &["2 of 4 rows were unreadable", "ingest.max_rejected = 0.2", "nothing was published"],
    );
    assert_eq!(names(&lake, "data/current"), [""; 0]);
    let file = done.stderr.trim().rsplit(" in ").next().expect("the message ends with the file");
    let rows = table::read_file(&lake.path().join(file));
    let details: Vec<_> = rows.iter().map(|row| (row["row"].as_deref(), row["detail"].as_deref())).collect();
    assert_eq!(details, [(Some("4"), Some("yesterday")), (Some("5"), Some("today"))]);

    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 0.5\n");
    assert_eq!(lake.json(&["run", "log.csv"])["ingest"]["quarantined"], 2);
}

#[test]
fn a_refused_night_leaves_the_carts_of_the_night_before() {
    let lake = lake();
    lake.write("good.csv", LOG);
    lake.write("bad.csv", LOG.replace("2026-", "x"));
    let generation = lake.json(&["run", "good.csv"])["generation"].clone();
    assert_eq!(lake.run(&["run", "bad.csv"]).code, REFUSED);
    assert_eq!(lake.json(&["describe"])["generation"], generation);
    assert_eq!(lake.rows("carts").len(), 2);
}

#[test]
fn carts_in_json_come_with_the_balance_of_rows() {
    let lake = lake();
    lake.write("log.csv", format!("{LOG}{}\nnonsense\n", LOG.lines().nth(1).expect("a row")));
    let said = lake.json(&["run", "log.csv"]);
    let of = |key: &str| said["ingest"][key].as_u64().expect("a count");
    assert_eq!(["read", "accepted", "duplicates", "quarantined"].map(of), [6, 4, 1, 1]);
    assert_eq!(said["ingest"]["files"][0]["quarantined"]["unreadable line"], 1);
    assert_eq!((&said["analysis"]["carts"], &said["analysis"]["orders"]), (&2.into(), &1.into()));
    assert_eq!(said["analysis"]["headlines"]["abandonment"]["abandoned"], 1);
    assert_eq!(said["analysis"]["headlines"]["revenue"][0]["loss"]["net"], "8.0000");
    let again = lake.json(&["analyze"]);
    assert_eq!(again["analysis"], said["analysis"], "stage by stage is the same");
    for command in ["ingest", "run"] {
        let said = lake.json(&[command, "log.csv"]);
        assert_eq!(said["ingest"]["unchanged_files"][0], "log.csv");
    }
}

#[test]
fn carts_in_words_say_what_became_of_every_row_and_what_was_lost() {
    let lake = lake();
    lake.write("log.csv", LOG);
    let done = lake.run(&["run", "log.csv"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    for words in
        ["native-csv", "total", "abandoned within 3d: 1 of 2", "lost revenue: 8.00 EUR net", "report: reports/"]
    {
        assert!(done.stdout.contains(words), "{words} in: {}", done.stdout);
    }
    assert!(done.stderr.contains("reading logs"), "progress goes to standard error: {}", done.stderr);
}

#[test]
fn carts_can_come_through_a_pipe() {
    let lake = lake();
    let mut run = lake
        .command(&["run", "-", "--quiet", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a run");
    run.stdin.take().expect("a pipe").write_all(LOG.as_bytes()).expect("the run reads");
    let output = run.wait_with_output().expect("the run ends");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&said["analysis"]["carts"], &said["ingest"]["files"][0]["path"]), (&2.into(), &"-".into()));
}

#[test]
fn carts_logged_without_checkout_steps_are_described_as_such() {
    let lake = lake();
    let config = Config { days: 3, carts_per_day: 10, ..Config::default() };
    simulate::simulate(&config, Format::Rees46, &lake.path().join("logs")).expect("a shop");
    drop(lake.json(&["run", "logs"]));
    let done = lake.run(&["describe"]);
    for words in [
        "yes how many carts are abandoned",
        "NO  where in checkout carts stop: there are no checkout steps",
        "NO  which errors stop checkout",
        "NO  who comes back on another device",
        "NO  what customers said",
        "NO  in which currency: no row names one",
        "logs: ",
        "2026-01-05  ",
        "no gaps: no day is missing",
        "opened_at",
    ] {
        assert!(done.stdout.contains(words), "{words} in: {}", done.stdout);
    }
    let said = lake.json(&["describe"]);
    let cannot = |answer: &&Value| answer["can"] == false;
    assert_eq!(said["answers"].as_array().expect("answers").iter().filter(cannot).count(), 16);
    let carts = said["tables"].as_array().expect("tables").iter().find(|table| table["name"] == "carts");
    assert_eq!(carts.expect("carts")["rows"].as_u64(), Some(lake.rows("carts").len() as u64));
}

#[test]
fn settings_are_written_once_and_can_be_read() {
    let lake = lake();
    let done = lake.run(&["init"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert!(done.stdout.contains("are in leftcart.toml\n") && done.stdout.contains("leftcart check INPUT…"));
    let settings = lake.json(&["run", "--print-config"])["settings"].clone();
    let plain = settings.as_array().expect("settings").iter().filter(|setting| {
        let name = setting["name"].as_str().expect("a name");
        !name.starts_with("--")
    });
    for setting in plain {
        assert!(setting["from"].as_str().expect("an origin").starts_with("leftcart.toml:"), "{setting}");
    }
    lake.write("leftcart.toml", "[cart]\nwindow = \"2d\"\n");
    let words = ["leftcart.toml exists and is left as it is", "another file with --out"];
    assert_fails(&lake.run(&["init"]), FAILED, &words);
    let kept = std::fs::read_to_string(lake.path().join("leftcart.toml")).expect("the file");
    assert_eq!(kept, "[cart]\nwindow = \"2d\"\n");
    assert!(lake.run(&["init", "--out", "new.toml"]).stdout.contains("leftcart check --config new.toml INPUT…"));
}

#[test]
fn every_setting_says_where_it_comes_from_and_the_nearest_to_the_run_counts() {
    let lake = lake();
    lake.write("log.csv", LOG);
    lake.write("leftcart.toml", "[cart]\nwindow = \"2d\"\nexpiry = \"20d\"\n");
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let output = lake.command(args).envs(variables.iter().copied()).output().expect("a run");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let variables = [("LEFTCART_CART_WINDOW", "1d"), ("LEFTCART_DATA", "other"), ("LEFTCART_REPORTS", "pages")];
    for command in ["run", "ingest", "analyze", "report"] {
        let (code, said, _) = run(&[command, "--print-config", "--data", "here"], &variables);
        assert_eq!(code, Some(0));
        let origin = |name: &str, value: &str| {
            let line = said.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("the setting");
            let rest = line[name.len()..].trim_start();
            rest.strip_prefix(value).unwrap_or_else(|| panic!("{value} in {line}")).trim_start().to_owned()
        };
        assert_eq!(origin("cart.window", "1d"), "environment variable LEFTCART_CART_WINDOW");
        assert_eq!(origin("cart.expiry", "20d"), "leftcart.toml:3");
        assert_eq!(origin("money.base", "EUR"), "default");
        assert_eq!(origin("--data", "here"), "command line");
        if matches!(command, "run" | "report") {
            assert_eq!(origin("--reports", "pages"), "environment variable LEFTCART_REPORTS");
        }
    }
    assert!(!lake.path().join("here").exists() && !lake.path().join("other").exists(), "nothing was done");
    let (code, said, _) = run(&["run", "log.csv", "--quiet"], &[("LEFTCART_CART_WINDOW", "1d")]);
    assert_eq!(code, Some(0));
    assert!(said.contains("abandoned within 1d: "), "{said}");
    let (code, _, said) = run(&["run", "log.csv"], &[("LEFTCART_CART_WINDOW", "soon")]);
    assert_eq!(code, Some(USAGE));
    assert!(said.contains("environment variable LEFTCART_CART_WINDOW: `soon` is no span"), "{said}");
}

#[test]
fn a_check_names_the_reason_and_row_of_bad_rows_and_writes_nothing() {
    let lake = lake();
    let log = LOG
        .replace('\n', ",\n")
        .replace("order_id,\n", "order_id,colour\n")
        .replace("2026-01-05T11:00:00Z", "yesterday");
    lake.write("log.csv", log);
    let before = names(&lake, ".");
    let done = lake.run(&["check", "log.csv"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    for words in [
        "log.csv: native-csv; looked at all 4 rows",
        "would be accepted: 3; would be quarantined: 1",
        "unreadable timestamp: 1, first in row 4: yesterday",
        "kinds: add_to_cart 1, page_view 1, purchase 1",
        "from 2026-01-05T10:00:00Z to 2026-01-09T11:00:00Z",
        "columns not used: colour",
        "the rows of 1 file into data and begin anew",
        "as of 2026-01-09T11:00:00Z",
        "would be REFUSED: 25.0 %",
        "nothing was written",
    ] {
        assert!(done.stdout.contains(words), "{words} in: {}", done.stdout);
    }
    let said = lake.json(&["check", "log.csv"]);
    assert_eq!(said["files"][0]["quarantined"]["unreadable timestamp"]["first_row"], 4);
    assert_eq!((&said["run"]["refused"], &said["run"]["whole"]), (&true.into(), &true.into()));
    assert_eq!(names(&lake, "."), before, "nothing was written");

    lake.write("good.csv", LOG);
    lake.write("letter.txt", "Dear Sir,\nwhere is my cart?\n");
    let generation = lake.json(&["run", "good.csv"])["generation"].as_str().expect("an id").to_owned();
    let done = lake.run(&["check", "good.csv", "letter.txt"]);
    assert_eq!(done.code, FAILED);
    assert!(done.stderr.contains("1 of 2 files cannot be read"), "{}", done.stderr);
    for words in ["looks like none of the formats", "1 file read on an earlier night", &generation] {
        assert!(done.stdout.contains(words), "{words} in: {}", done.stdout);
    }
    assert_fails(&lake.run(&["check"]), USAGE, &["no input: give files, folders or globs"]);
}

#[test]
fn a_check_looks_at_the_head_of_a_long_file_alone() {
    let lake = lake();
    lake.write("long.csv", format!("{LOG}{}broken\n", &LOG[LOG.find('\n').expect("a header") + 1..].repeat(20_000)));
    let said = lake.json(&["check", "long.csv"]);
    let file = &said["files"][0];
    assert_eq!((&file["whole"], &file["rows"]), (&false.into(), &file["accepted"]));
    assert!(file["rows"].as_u64().expect("a count") > 1_000);
    assert!(lake.run(&["check", "long.csv"]).stdout.contains("only about the first MiB of each file was looked at"));
}

#[test]
fn help_names_the_options_of_every_command() {
    let lake = lake();
    let of_lakes = ["--data", "--config", "--json", "--quiet", "--clock", "--print-config"];
    let of_inputs = ["[INPUT]...", "--format", "--source", "--rebuild"];
    let of_shops = ["--days", "--carts-per-day", "--seed", "--scenario"];
    for (command, options) in [
        ("demo", [&of_lakes[..], &of_shops, &["--reports"]].concat()),
        ("run", [&of_lakes[..], &of_inputs, &["--as-of", "--reports"]].concat()),
        ("ingest", [&of_lakes[..], &of_inputs].concat()),
        ("analyze", [&of_lakes[..], &["--as-of"]].concat()),
        ("report", [&of_lakes[..], &["--reports"]].concat()),
        ("describe", of_lakes.to_vec()),
        ("init", vec!["--out"]),
        ("check", [&of_lakes[..], &of_inputs, &["--as-of"]].concat()),
        ("simulate", [&of_shops[..], &["--format", "--out", "--json"]].concat()),
    ] {
        let done = lake.run(&[command, "--help"]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
        for option in options {
            assert!(done.stdout.contains(option), "{command} {option}");
        }
        assert!(lake.run(&["--help"]).stdout.contains(&format!("\n  {command} ")), "{command}");
    }
    assert_eq!(lake.run(&["--version"]).stdout, format!("leftcart {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn carts_of_the_demo_end_in_a_report() {
    let lake = lake();
    let demo = ["demo", "--days", "9", "--carts-per-day", "20", "--quiet"];
    let done = lake.run(&demo);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    for words in ["simulated 9 days of a shop", "abandoned within 3d: ", "lost revenue: ", "most stop between "] {
        assert!(done.stdout.contains(words), "{words} in: {}", done.stdout);
    }
    let page = done.stdout.lines().find_map(|line| line.strip_prefix("report: ")).expect("the report's path");
    assert_eq!(page, "reports/demo/2026-01-13/index.html");
    let html = std::fs::read_to_string(lake.path().join(page)).expect("the report is there");
    assert!(html.starts_with("<!doctype html>"), "{}", &html[..html.len().min(80)]);
    assert!(lake.path().join("reports/demo/index.html").is_file(), "the list of all nights");
    assert_eq!(names(&lake, "data"), ["demo"], "a lake of its own");
    let page = lake.path().join(page);
    let said = lake.json(&["report", "--data", "data/demo/lake", "--reports", "again"]);
    let again = lake.path().join(said["report"].as_str().expect("a path"));
    assert_eq!(std::fs::read_to_string(again).expect("a report"), std::fs::read_to_string(page).expect("a report"));
}

#[test]
fn carts_of_devices_whose_clock_is_ahead_are_quarantined_or_clamped_as_the_shop_wants() {
    let log = "ts,kind,visitor_id,event_id\n\
               2026-01-05T10:00:00Z,add_to_cart,ann,a1\n\
               2026-01-06T09:59:59Z,add_to_cart,bob,b1\n\
               2031-01-01T00:00:00Z,add_to_cart,eve,c1\n";
    let mut lake = lake();
    lake.clock = "2026-01-05T12:00:00Z".to_owned();
    lake.write("log.csv", log);
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let counts = |said: &Value| {
        let file = &said["ingest"]["files"][0];
        ["accepted", "ahead", "clamped"].map(|count| file[count].as_u64().expect("a count"))
    };
    let said = lake.json(&["run", "log.csv"]);
    assert_eq!((counts(&said), &said["ingest"]["quarantined"]), ([2, 1, 0], &1.into()));
    assert_eq!(lake.rows("quarantine")[0]["reason"].as_deref(), Some("future timestamp"));

    lake.write("leftcart.toml", "[ingest]\nfuture = \"clamp\"\n");
    let checked = lake.run(&["check", "log.csv", "--rebuild"]).stdout;
    assert!(
        checked.contains("ahead of the clock by up to a day: 1")
            && checked.contains("would be clamped to the clock: 1")
    );
    let done = lake.run(&["run", "log.csv", "--rebuild", "--quiet"]);
    assert!(done.stdout.contains("clamped to the clock, because they were further ahead: 1"), "{}", done.stdout);
    assert!(done.stdout.contains("ahead of the clock by up to a day, kept as they are: 1"), "{}", done.stdout);
    let of_eve = |lake: &Lake| {
        let rows = lake.rows("events").into_iter();
        let row =
            rows.filter(|row| row["visitor_id"].as_deref() == Some("eve")).collect::<Vec<_>>().pop().expect("eve");
        ["ts", "delivered_ts"].map(|column| row[column].clone().unwrap_or_default()[..19].to_owned())
    };
    let moments = ["2026-01-05T12:00:00", "2031-01-01T00:00:00"];
    assert_eq!(of_eve(&lake), moments);
    assert_eq!(lake.rows("carts").len(), 2, "bob's comes after the clock, as of which carts are judged");

    // Later nights: the same row again is the same row, clamped or not, and another one of its id is in conflict.
    for (clock, rows) in
        [("2026-01-07T12:00:00Z", ""), ("2031-01-02T00:00:00Z", "2031-01-01T00:00:01Z,add_to_cart,eve,c1\n")]
    {
        lake.clock = clock.to_owned();
        lake.write("log.csv", format!("{log}{rows}\n"));
        let said = lake.json(&["run", "log.csv"]);
        let file = &said["ingest"]["files"][0];
        assert_eq!((&file["accepted"], &file["duplicates"]), (&0.into(), &3.into()), "{file}");
        assert_eq!(file["quarantined"]["conflict"].as_u64().unwrap_or(0), u64::from(!rows.is_empty()));
        assert_eq!(of_eve(&lake), moments, "the first one stands");
    }
}
