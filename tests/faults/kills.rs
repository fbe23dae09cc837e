//! Runs are killed at moments that have no order, night after night.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use simulate::Format;
use support::lake::Lake;
use support::tools;

use super::{
    Chance, assert_same_lakes, assert_whole, assert_whole_reports, generations, is_hidden, night, published, run, shop,
};
use crate::nights::{ended_within, hashes};

/// Names how many runs are killed; [`KILLS`] if nobody does.
const VARIABLE: &str = "LEFTCART_KILLS";
const KILLS: usize = 40;
const NIGHTS: usize = 10;

fn kills() -> usize {
    std::env::var(VARIABLE).map_or(KILLS, |text| text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is a number")))
}

#[test]
fn carts_of_the_last_night_stand_until_the_next_one_is_whole_even_if_runs_are_killed() {
    let (lake, files) = shop(u32::try_from(NIGHTS).expect("few"), Format::NativeCsv);
    lake.write("leftcart.toml", "[data]\nkeep_generations = 100\n");
    let began = Instant::now();
    for file in &files {
        night(&lake, "undisturbed", std::slice::from_ref(file));
    }
    let length = began.elapsed() / u32::try_from(files.len()).expect("few");
    let nights = generations(&lake.path().join("undisturbed"));
    let data = lake.path().join("data");
    let mut chance = Chance(9);
    let (mut killed, mut ended, mut moved, mut reports) = (0, 0, 0, 0);
    for (number, file) in files.iter().enumerate() {
        let file = std::slice::from_ref(file);
        let before = published(&data);
        let hashes_before = before.is_some().then(|| hashes(&lake, "data"));
        for kill in 0..kills().div_ceil(NIGHTS) {
            let what = format!("night {number}, kill {kill}");
            let mut run = start(&lake, file);
            if ended_within(&mut run, length.mul_f64(1.1 * chance.share())) {
                ended += 1;
            } else {
                run.kill().expect("a run can be killed");
                run.wait().expect("a killed run ends");
                killed += 1;
            }
            let now = published(&data);
            reports = assert_whole_reports(&what, &lake.path().join("reports"));
            if now == before {
                assert_eq!(before.is_some().then(|| hashes(&lake, "data")), hashes_before, "{what}");
                continue;
            }
            // It was published before the kill came: whole, and to be made once more for the next kill.
            let now = now.expect("a night that was published stays so");
            assert_whole(&what, &now);
            assert_eq!(rows_of(&now), rows_of(&nights[number]), "{what}");
            moved += 1;
            back_to(&data, before.as_deref(), &now);
        }
        night(&lake, "data", file);
    }
    let rows = assert_same_lakes("after all kills", &lake, "data", "undisturbed");
    let left = generations(&data);
    assert_eq!(left.iter().filter(|path| is_hidden(path)).count(), 0, "nothing lies about");
    assert_whole_reports("after all kills", &lake.path().join("reports"));
    assert!(killed > kills() / 3, "only {killed} runs were killed, {ended} ended before");
    tools::say(&format!(
        "{killed} runs killed over {NIGHTS} nights of {length:.0?}, {ended} ended before; {moved} had published their night; \
         {rows} rows as undisturbed, {reports} whole reports"
    ));
}

/// Rows of each table that follows from the logs, by table.
fn rows_of(generation: &Path) -> Vec<(&'static str, Vec<support::table::Row>)> {
    let sorted = |name| {
        let mut rows = support::table::read(&generation.join(name));
        rows.sort();
        (name, rows)
    };
    crate::nights::TABLES.map(sorted).into()
}

/// Points the lake at an earlier generation again, or at none, and removes the later one.
fn back_to(data: &Path, generation: Option<&Path>, later: &Path) {
    let link = data.join("current");
    std::fs::remove_file(&link).expect("a link");
    if let Some(generation) = generation {
        std::os::unix::fs::symlink(generation, &link).expect("a link");
    }
    std::fs::remove_dir_all(later).expect("a generation can be removed");
}

fn start(lake: &Lake, files: &[String]) -> Child {
    let mut command = lake.command(&run("data", "reports", files));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started")
}

/// Of the very first night a half may not be taken for a whole either, and no report may be lost on the way.
#[test]
fn a_first_night_that_is_killed_just_before_it_counts_is_taken_up_whole() {
    let (lake, files) = shop(3, Format::NativeCsv);
    for file in &files {
        night(&lake, "undisturbed", std::slice::from_ref(file));
    }
    night(&lake, "data", &files[..1]);
    // As a kill between the last two steps of publishing leaves it.
    std::fs::remove_file(lake.path().join("data/current")).expect("a link");
    let said = lake.run(&["describe", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    for file in &files[1..] {
        night(&lake, "data", std::slice::from_ref(file));
    }
    assert_same_lakes("taken up", &lake, "data", "undisturbed");
}
