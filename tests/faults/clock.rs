//! Clocks that are set back.

use std::process::Stdio;

use chrono::NaiveDate;
use simulate::{Config, Format};
use support::lake::Done;
use support::tools;

use super::{assert_same_lakes, generations, night, published};
use crate::lake;

#[test]
fn carts_of_today_are_none_of_the_future_because_a_clock_was_set_back() {
    let lake = lake();
    // Years ahead of the machine's clock, which so goes back after the first night.
    let start = NaiveDate::from_ymd_opt(2090, 1, 1).expect("a date");
    let config = Config { days: 6, carts_per_day: 12, seed: 5, start, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    let files: Vec<String> = (1..=6).map(|day| format!("logs/events_209001{day:02}.csv")).collect();
    let nights: Vec<&[String]> = [&files[..3]].into_iter().chain(files[3..].chunks(1)).collect();
    let mut lake = lake;
    lake.clock = "2090-01-10T03:00:00Z".to_owned();
    for files in &nights {
        night(&lake, "undisturbed", files);
    }
    night(&lake, "data", nights[0]);
    for files in &nights[1..] {
        let args = super::run("data", "reports", files);
        let mut command = lake.command(&args);
        let output = command.env_remove("LEFTCART_CLOCK").stdout(Stdio::null()).output().expect("it starts");
        let said = Done::of(output);
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(said.stderr.contains("is before the last night (2090-01-10T03:00:00Z)"), "{}", said.stderr);
        assert!(said.stderr.contains("Set the clock right"), "{}", said.stderr);
    }
    let rows = assert_same_lakes("a clock set back", &lake, "data", "undisturbed");
    assert!(lake.rows("quarantine").iter().all(|row| row["reason"].as_deref() != Some("future timestamp")));
    tools::say(&format!(
        "a clock set back by decades after the first of {} nights: {rows} rows as undisturbed",
        nights.len()
    ));
}

#[test]
fn nights_follow_each_other_in_the_order_of_their_runs_whatever_the_clock_says() {
    let (mut lake, files) = super::shop(8, Format::NativeCsv);
    lake.write("leftcart.toml", "[data]\nkeep_generations = 3\n");
    files.chunks(1).for_each(|part| night(&lake, "undisturbed", part));
    for (number, file) in files.iter().enumerate() {
        // Forwards, backwards, and the same once more.
        let day = [10, 3, 3, 20, 1, 15, 15, 2][number];
        lake.clock = format!("2030-01-{day:02}T00:00:00Z");
        night(&lake, "data", std::slice::from_ref(file));
        let data = lake.path().join("data");
        let last = generations(&data).pop().map(|path| std::fs::canonicalize(path).expect("it is there"));
        assert_eq!(published(&data), last, "night {number}: the newest name is the newest night");
    }
    assert_same_lakes("clocks without order", &lake, "data", "undisturbed");
    let left = generations(&lake.path().join("data"));
    assert_eq!(left.len(), 3, "the last three nights are kept");
    let runs: Vec<usize> = left.iter().map(|night| support::table::read(&night.join("runs")).len()).collect();
    assert_eq!(runs, [6, 7, 8], "and they are the last three");
}
