//! Logs that grow, vanish or are cut short while they are read.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use simulate::Format;
use support::lake::Lake;
use support::tools;

use super::{Chance, assert_no_panic, assert_same_lakes, night, run, shop};
use crate::nights::{ended_within, hashes};

/// The files of some days as one log.
fn whole(lake: &Lake, files: &[String], has_header: bool) -> String {
    let mut text = String::new();
    for (at, file) in files.iter().enumerate() {
        let day = std::fs::read_to_string(lake.path().join(file)).expect("UTF-8");
        let skipped = if has_header && at > 0 { day.find('\n').map_or(0, |end| end + 1) } else { 0 };
        text.push_str(&day[skipped..]);
    }
    text
}

/// Runs again and again over a log while it is written piece by piece; `ends` says where a piece may end.
fn assert_growing(format: Format, ends: fn(&[u8], usize) -> usize) {
    let (lake, files) = shop(6, format);
    // A line that is torn is a row that cannot be read.
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    let has_header = format == Format::NativeCsv;
    let text = whole(&lake, &files, has_header);
    let log = vec!["grown.log".to_owned()];
    lake.write(&log[0], &text);
    night(&lake, "undisturbed", &log);
    // The first lines are there: from less nobody could tell what it is.
    let (start, rest) = text.split_at(text.match_indices('\n').nth(2).expect("lines").0 + 1);
    let path = lake.write(&log[0], start);
    let done = AtomicBool::new(false);
    let mut nights = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            write_by_and_by(&path, rest.as_bytes(), ends);
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let said = lake.run(&run("data", "reports", &log));
            assert_eq!(said.code, 0, "{}", said.stderr);
            nights += 1;
        }
    });
    let said = lake.run(&run("data", "reports", &log));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(nights > 1, "only {nights} nights while the log was written");
    let expected = crate::nights::rows(&lake, "undisturbed");
    let found = crate::nights::rows(&lake, "data");
    let mut without = found.clone();
    // Torn lines are kept in quarantine, beside the whole ones that were read later.
    without.insert("quarantine", expected["quarantine"].clone());
    crate::nights::assert_same_rows("a log that grows", &without, &expected);
    let torn = |rows: &[support::table::Row]| {
        rows.iter()
            .filter(|row| row["detail"].as_deref().is_some_and(|detail| detail.contains("was being written")))
            .count()
    };
    tools::say(&format!(
        "a {} log read {} times while it grew to {} bytes: {} events as undisturbed, {} torn lines noticed",
        if has_header { "CSV" } else { "NDJSON" },
        nights + 1,
        text.len(),
        found["events"].len(),
        torn(&found["quarantine"]),
    ));
}

fn write_by_and_by(path: &Path, text: &[u8], ends: fn(&[u8], usize) -> usize) {
    let mut chance = Chance(3);
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("a log");
    let mut at = 0;
    while at < text.len() {
        let piece = 1 + chance.below(2 * text.len() / 400);
        let end = ends(text, (at + piece).min(text.len()));
        file.write_all(&text[at..end]).expect("room for a log");
        at = end;
        std::thread::sleep(Duration::from_millis(8));
    }
}

#[test]
fn carts_of_a_log_that_grows_while_it_is_read_are_whole_wherever_it_stops() {
    assert_growing(Format::NativeNdjson, |_, at| at);
}

#[test]
fn carts_of_a_table_that_grows_line_by_line_while_it_is_read_are_whole() {
    let at_line_end = |text: &[u8], at: usize| {
        text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end + 1)
    };
    assert_growing(Format::NativeCsv, at_line_end);
}

#[test]
fn carts_of_the_last_night_stand_when_logs_vanish_while_they_are_read() {
    let (lake, files) = shop(8, Format::NativeCsv);
    for part in [&files[..4], &files[4..]] {
        night(&lake, "undisturbed", part);
    }
    night(&lake, "data", &files[..4]);
    let before = hashes(&lake, "data");
    let began = Instant::now();
    night(&lake, "once", &files[4..]);
    let length = began.elapsed();
    let mut chance = Chance(4);
    let (mut named, mut unnoticed) = (0, 0);
    for _ in 0..24 {
        let mut command = lake.command(&run("data", "reports", &files[4..]));
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program can be started");
        // Files are read in the first part of a run.
        let _ = ended_within(&mut child, length.mul_f64(0.3 * chance.share()));
        let gone = lake.path().join(&files[4 + chance.below(4)]);
        let aside = gone.with_extension("aside");
        std::fs::rename(&gone, &aside).expect("a log can be moved");
        let done = support::lake::Done::of(child.wait_with_output().expect("a run ends"));
        std::fs::rename(&aside, &gone).expect("and back");
        assert_no_panic("a log vanishes", &done);
        if done.code == 0 {
            unnoticed += 1;
            assert_same_lakes("it was read before it went", &lake, "data", "undisturbed");
            std::fs::remove_dir_all(lake.path().join("data")).expect("a lake");
            night(&lake, "data", &files[..4]);
        } else {
            let name = gone.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(done.stderr.contains(&name), "which file: {}", done.stderr);
            assert_eq!(hashes(&lake, "data"), before);
            named += 1;
        }
    }
    night(&lake, "data", &files[4..]);
    let rows = assert_same_lakes("all logs are back", &lake, "data", "undisturbed");
    assert!(named > 0, "no run missed a log");
    tools::say(&format!(
        "logs vanished in 24 runs: {named} named the file and changed nothing, {unnoticed} had read it; {rows} rows as undisturbed"
    ));
}

/// As logrotate's `copytruncate` does: what was read of a log comes once more in its copy.
#[test]
fn carts_of_a_log_that_is_copied_and_cut_off_while_it_is_read_are_neither_lost_nor_doubled() {
    let (lake, files) = shop(4, Format::NativeCsv);
    let log = vec!["shop.log".to_owned()];
    let text = whole(&lake, &files, true);
    lake.write(&log[0], &text);
    night(&lake, "undisturbed", &log);
    let mut chance = Chance(8);
    for number in 0..8 {
        let data = format!("data-{number}");
        let path = lake.write(&log[0], &text);
        let mut command = lake.command(&run(&data, "reports", &log));
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program can be started");
        let _ = ended_within(&mut child, Duration::from_secs_f64(0.05 * chance.share()));
        let copy = vec!["shop.log.1".to_owned()];
        std::fs::copy(&path, lake.path().join(&copy[0])).expect("a copy");
        std::fs::write(&path, "").expect("a log can be cut off");
        let done = support::lake::Done::of(child.wait_with_output().expect("a run ends"));
        assert_no_panic("a log is cut off", &done);
        let said = lake.run(&run(&data, "reports", &copy));
        assert_eq!(said.code, 0, "{}", said.stderr);
        let (found, expected) = (crate::nights::rows(&lake, &data), crate::nights::rows(&lake, "undisturbed"));
        for table in ["events", "carts", "cart_items", "orders"] {
            support::table::assert_same(
                table,
                &found[table],
                &expected[table],
                &["event_id", "line", "cart_id", "order_key"],
            );
        }
    }
}
