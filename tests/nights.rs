//! However logs are cut into nights, whatever happens to a run: the same rows come out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use events::time;
use simulate::{Config, Format};
use support::lake::Lake;
use support::table::{self, Row};
use support::world::World;

use crate::lake;

/// The tables that follow from the logs alone. `runs` tells of the runs, and must differ.
pub(crate) const TABLES: [&str; 6] = ["events", "quarantine", "carts", "cart_items", "orders", "revenue"];

/// A lake with the logs of a shop, one file a day, and nothing run yet.
fn shop(days: u32, format: Format) -> Lake {
    let lake = lake();
    let config =
        Config { days, carts_per_day: 12, seed: 7, duplicates: 0.03, late: 0.05, broken: 0.01, ..Config::default() };
    simulate::simulate(&config, format, &lake.path().join("logs")).expect("a shop");
    lake
}

/// The names of the shop's files, in the order of its days.
fn files(lake: &Lake) -> Vec<String> {
    let entries = std::fs::read_dir(lake.path().join("logs")).expect("logs");
    let paths = entries.map(|entry| entry.expect("logs can be listed").path()).filter(|path| path.is_file());
    let mut files: Vec<String> =
        paths.map(|path| format!("logs/{}", path.file_name().expect("a name").to_string_lossy())).collect();
    files.sort();
    files
}

/// Runs over these files, into the lake in the folder `data`.
pub(crate) fn night(lake: &Lake, data: &str, files: &[String]) {
    let mut args = vec!["run", "--data", data];
    args.extend(files.iter().map(String::as_str));
    drop(lake.json(&args));
}

/// The rows of every table in a lake, in an order of their own.
pub(crate) fn rows(lake: &Lake, data: &str) -> BTreeMap<&'static str, Vec<Row>> {
    let sorted = |name| {
        let mut rows = table::read(&lake.path().join(data).join("current").join(name));
        rows.sort();
        (name, rows)
    };
    TABLES.map(sorted).into()
}

pub(crate) fn assert_same_rows(
    what: &str,
    found: &BTreeMap<&'static str, Vec<Row>>,
    expected: &BTreeMap<&'static str, Vec<Row>>,
) {
    for (name, rows) in expected {
        assert!(!rows.is_empty() || *name == "quarantine", "{what}: {name} is empty, which shows nothing");
        table::assert_same(&format!("{what}: {name}"), &found[name], rows, &KEYS);
    }
}

/// What tells the rows of any table apart.
const KEYS: [&str; 8] = ["cart_id", "event_id", "line", "file", "row", "order_key", "segment", "currency"];

/// The hash of every table file, by table and name. Files of the quarantine are named for their run.
pub(crate) fn hashes(lake: &Lake, data: &str) -> BTreeMap<String, String> {
    let current = lake.path().join(data).join("current");
    let mut hashes = BTreeMap::new();
    for name in TABLES {
        for (at, file) in table::files(&current.join(name)).iter().enumerate() {
            let within = file.strip_prefix(&current).expect("below it").display().to_string();
            let name = if name == "quarantine" { format!("quarantine {at}") } else { within };
            hashes.insert(name, hash(file));
        }
    }
    hashes
}

fn hash(file: &Path) -> String {
    blake3::hash(&std::fs::read(file).expect("a file")).to_hex().to_string()
}

#[test]
fn carts_stay_as_they_are_when_the_same_files_are_read_again() {
    let lake = shop(6, Format::NativeCsv);
    let files = files(&lake);
    night(&lake, "data", &files);
    let (rows_before, hashes_before) = (rows(&lake, "data"), hashes(&lake, "data"));
    night(&lake, "data", &files);
    assert_same_rows("read again", &rows(&lake, "data"), &rows_before);
    assert_eq!(hashes(&lake, "data"), hashes_before);

    // The same rows in other bytes: every sound row is a duplicate now.
    let text = std::fs::read_to_string(lake.path().join(&files[0])).expect("UTF-8");
    lake.write(&files[0], format!("{text}\n"));
    let said = lake.json(&["run", "logs"]);
    assert_eq!(
        (said["ingest"]["accepted"].as_u64(), &said["ingest"]["events"]),
        (Some(0), &rows_before["events"].len().into())
    );
    let mut rows_after = rows(&lake, "data");
    rows_after.insert("quarantine", rows_before["quarantine"].clone());
    assert_same_rows("sent again", &rows_after, &rows_before);
}

#[test]
fn carts_are_the_same_however_the_logs_are_cut_into_nights() {
    let lake = shop(9, Format::NativeCsv);
    let files = files(&lake);
    night(&lake, "whole", &files);
    let whole = rows(&lake, "whole");
    for (data, size) in [("halves", 5), ("thirds", 3), ("days", 1)] {
        for part in files.chunks(size) {
            night(&lake, data, part);
        }
        assert_same_rows(data, &rows(&lake, data), &whole);
    }
}

#[test]
fn carts_of_logs_without_event_ids_are_the_same_however_they_are_cut_into_nights() {
    let lake = shop(6, Format::Rees46);
    let files = files(&lake);
    night(&lake, "whole", &files);
    files.chunks(2).for_each(|part| night(&lake, "nights", part));
    assert_same_rows("nights", &rows(&lake, "nights"), &rows(&lake, "whole"));
}

/// A lake with the logs of some small worlds that are dense in what is easy to get wrong; returns also its files.
fn nasty(seed: u64) -> (Lake, Vec<String>) {
    let world = World::new(seed, 3);
    let lake = lake();
    lake.write("leftcart.toml", world.config());
    let files: Vec<String> = world.files.iter().map(|(name, _)| format!("logs/{name}")).collect();
    for (name, (_, text)) in files.iter().zip(&world.files) {
        lake.write(name, text);
    }
    (lake, files)
}

#[test]
fn carts_of_nasty_worlds_are_the_same_however_they_are_cut_into_nights() {
    for seed in 100..103 {
        let (lake, files) = nasty(seed);
        night(&lake, "whole", &files);
        files.chunks(1).for_each(|part| night(&lake, "nights", part));
        let [whole, nights] = ["whole", "nights"].map(|data| rows(&lake, data));
        assert_same_rows(&format!("world {seed}"), &nights, &whole);
    }
}

#[test]
fn carts_of_nasty_worlds_are_the_same_whatever_moment_each_night_was_judged_as_of() {
    for seed in 103..106 {
        let (lake, files) = nasty(seed);
        let said = lake
            .json(&[&["run", "--data", "whole"][..], &files.iter().map(String::as_str).collect::<Vec<_>>()].concat());
        let last = said["analysis"]["as_of"].as_str().and_then(time::parse).expect("a moment");
        let pieces = pieces(&lake, &files);
        night(&lake, "once", &pieces);
        for (at, piece) in pieces.iter().enumerate() {
            // Forwards, backwards, and far before anything happened.
            let back = [40, 3, 200, 0, 11][at % 5] * time::DAY;
            drop(lake.json(&["run", piece, "--data", "nights", "--as-of", &time::format(last - back)]));
        }
        drop(lake.json(&["analyze", "--data", "nights", "--as-of", &time::format(last)]));
        drop(lake.json(&["analyze", "--data", "once", "--as-of", &time::format(last)]));
        let [once, nights] = ["once", "nights"].map(|data| rows(&lake, data));
        for table in ["events", "carts", "cart_items", "orders", "revenue"] {
            table::assert_same(&format!("world {seed}: {table}"), &nights[table], &once[table], &KEYS);
        }
    }
}

/// Files of JSON lines in four pieces each, as a shop would deliver them by and by; others as they are.
fn pieces(lake: &Lake, files: &[String]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (number, name) in files.iter().enumerate() {
        if !name.ends_with("json") {
            pieces.push(name.clone());
            continue;
        }
        let text = std::fs::read_to_string(lake.path().join(name)).expect("UTF-8");
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (at, part) in lines.chunks(lines.len().div_ceil(4).max(1)).enumerate() {
            let piece = format!("pieces/{number}-{at}.ndjson");
            lake.write(&piece, part.concat());
            pieces.push(piece);
        }
    }
    pieces
}

#[test]
fn carts_do_not_depend_on_the_order_in_which_files_or_nights_come() {
    let lake = shop(6, Format::NativeNdjson);
    let mut files = files(&lake);
    night(&lake, "forwards", &files);
    files.reverse();
    night(&lake, "backwards", &files);
    assert_eq!(hashes(&lake, "backwards"), hashes(&lake, "forwards"));
    files.chunks(2).for_each(|part| night(&lake, "nights", part));
    assert_same_rows("nights backwards", &rows(&lake, "nights"), &rows(&lake, "forwards"));
}

#[test]
fn carts_are_the_same_to_the_byte_with_any_number_of_threads() {
    let lake = shop(6, Format::NativeCsv);
    night(&lake, "data", &files(&lake));
    for threads in ["1", "2", "5"] {
        let data = format!("data-{threads}");
        let mut command = lake.command(&["run", "logs", "--quiet", "--data", &data]);
        let status = command
            .env("RAYON_NUM_THREADS", threads)
            .env("POLARS_MAX_THREADS", threads)
            .stdout(Stdio::null())
            .status()
            .expect("the program can be started");
        assert!(status.success());
        assert_eq!(hashes(&lake, &data), hashes(&lake, "data"), "{threads} threads");
    }
}

#[test]
fn carts_are_the_same_after_many_nights_in_any_order_of_days() {
    // Nights enough that what is remembered of them is merged, and days so mixed that most rows come late.
    let lake = shop(18, Format::NativeNdjson);
    let mut files = files(&lake);
    night(&lake, "whole", &files);
    let mut moment = 3;
    for at in (1..files.len()).rev() {
        moment = (moment * 31 + 7) % 1_009;
        files.swap(at, moment % (at + 1));
    }
    files.chunks(1).for_each(|part| night(&lake, "nights", part));
    assert_same_rows("many nights", &rows(&lake, "nights"), &rows(&lake, "whole"));
}

#[test]
fn carts_are_the_same_whether_logs_are_read_and_judged_in_one_go_or_apart() {
    let lake = shop(8, Format::NativeCsv);
    let files = files(&lake);
    files.chunks(2).for_each(|part| night(&lake, "nights", part));
    let stage = |stage: &str, files: &[String]| {
        let mut args = vec![stage, "--data", "apart"];
        args.extend(files.iter().map(String::as_str));
        drop(lake.json(&args));
    };
    for (number, part) in files.chunks(1).enumerate() {
        stage("ingest", part);
        // What is read while nobody judges waits.
        if number % 3 == 2 || number + 1 == files.len() {
            stage("analyze", &[]);
        }
    }
    assert_same_rows("apart", &rows(&lake, "apart"), &rows(&lake, "nights"));
}

#[test]
fn the_carts_of_an_earlier_night_can_be_had_again_from_the_lake() {
    let lake = shop(9, Format::NativeCsv);
    let files = files(&lake);
    let as_of = "2026-01-09T12:00:00Z";
    drop(lake.json(&["run", "logs", "--data", "then", "--as-of", as_of]));
    files.chunks(2).for_each(|part| night(&lake, "data", part));
    let now = rows(&lake, "data");
    drop(lake.json(&["analyze", "--data", "data", "--as-of", as_of]));
    assert_same_rows("an earlier night", &rows(&lake, "data"), &rows(&lake, "then"));
    drop(lake.json(&["analyze", "--data", "data"]));
    assert_same_rows("and tonight again", &rows(&lake, "data"), &now);
}

#[test]
fn carts_of_earlier_nights_are_there_to_go_back_to_as_many_as_are_wanted() {
    let mut lake = shop(4, Format::NativeCsv);
    lake.write("leftcart.toml", "[data]\nkeep_generations = 2\n");
    for (number, file) in files(&lake).into_iter().enumerate() {
        lake.clock = format!("2030-01-0{}T00:00:00Z", number + 1);
        night(&lake, "data", &[file]);
    }
    let kept = std::fs::read_dir(lake.path().join("data/generations")).expect("generations");
    let mut kept: Vec<_> = kept.map(|entry| entry.expect("generations can be listed").path()).collect();
    kept.sort();
    assert_eq!(kept.len(), 2);
    assert_eq!(std::fs::canonicalize(lake.path().join("data/current")).ok(), std::fs::canonicalize(&kept[1]).ok());
    let [yesterday, today] = [0, 1].map(|at| table::read(&kept[at].join("carts")).len());
    assert!(0 < yesterday && yesterday < today, "{yesterday} carts, then {today}");
    assert_eq!(lake.rows("runs").len(), 4, "every night is on record");
}

pub(crate) fn start(lake: &Lake, files: &[String]) -> Child {
    let mut args = vec!["run", "--quiet"];
    args.extend(files.iter().map(String::as_str));
    lake.command(&args).stdout(Stdio::null()).spawn().expect("the program can be started")
}

/// Whether the run ends by itself within this time.
pub(crate) fn ended_within(run: &mut Child, time: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < time {
        if run.try_wait().expect("a run can be asked").is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}
