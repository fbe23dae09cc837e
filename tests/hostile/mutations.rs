use serde_json::Value;
use support::lake::Lake;

use crate::formats::{shops, story, trackers};
use crate::lake;

/// Numbers that look like chance and are the same on every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's linear congruences (MMIX); the upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Bytes that mean something to one reader or another.
const TELLING: &[u8] = b"\n\r\t,;\"'\\{}[]:|-+.eE0 \0\xff\xc3\xf0<>%&=#/";

/// The log with a few bytes replaced, taken out, put in, doubled or cut off.
fn mutated(text: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len());
        match chance.below(7) {
            0 => bytes[at] = TELLING[chance.below(TELLING.len())],
            1 => bytes[at] = u8::try_from(chance.below(256)).expect("a byte"),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, TELLING[chance.below(TELLING.len())]),
            4 => {
                let end = (at + chance.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => drop(bytes.drain(at..(at + chance.below(40)).min(bytes.len()))),
            _ if bytes.len() > 200 => bytes.truncate(bytes.len() - chance.below(100)),
            _ => {}
        }
        if bytes.is_empty() {
            return vec![b' '];
        }
    }
    bytes
}

/// Files of a run, so that a process is started for many.
const FILES: usize = 12;
const RUNS: u64 = 3;

/// Runs over changed logs of this format: each row is accepted, a duplicate or in quarantine, and the tables hold as many
/// as the run says.
fn assert_reconciled(lake: &Lake, format: &str, text: &[u8]) {
    let mut reconciled = 0;
    for seed in 0..RUNS {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + format.len() as u64);
        let mut names = Vec::new();
        for at in 0..FILES {
            let name = format!("logs/{format}-{seed}-{at}");
            lake.write(&name, mutated(text, &mut chance));
            names.push(name);
        }
        // Heads that are no longer known stop a run, so those are looked for first.
        let args: Vec<&str> =
            [&["check", "--json", "--quiet"], &names.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat();
        let checked = lake.run(&args);
        assert!(matches!(checked.code, 0 | 1), "{format} {seed}: {}", checked.stderr);
        let looked: Value = serde_json::from_str(&checked.stdout).expect("JSON");
        let readable: Vec<&str> = looked["files"]
            .as_array()
            .expect("files")
            .iter()
            .filter(|file| file.get("error").is_none())
            .map(|file| file["path"].as_str().expect("a path"))
            .collect();
        if readable.is_empty() {
            continue;
        }
        let said = lake.json(&[&["run", "--rebuild"], &readable[..]].concat())["ingest"].clone();
        let count = |key: &str| said[key].as_u64().expect("a count");
        assert_eq!(count("read"), count("accepted") + count("duplicates") + count("quarantined"), "{format} {seed}");
        assert_eq!(count("accepted"), lake.rows("events").len() as u64, "{format} {seed}");
        assert_eq!(count("quarantined"), lake.rows("quarantine").len() as u64, "{format} {seed}");
        for file in said["files"].as_array().expect("files") {
            let path = file["path"].as_str().expect("a path");
            let of_file = looked["files"].as_array().expect("files").iter().find(|looked| looked["path"] == path);
            assert_eq!(file["rows"], of_file.expect("looked at")["rows"], "{path}: two readings, one count");
            let bytes = std::fs::read(lake.path().join(path)).expect("the file");
            assert!(file["rows"].as_u64().expect("a count") >= least_rows(format, &bytes), "{path}: rows are missing");
            reconciled += 1;
        }
    }
    assert!(reconciled >= FILES, "{format}: most files are still known, {reconciled} were");
}

/// Rows that are there at least: where lines are records, as many as lines that are not blank.
fn least_rows(format: &str, bytes: &[u8]) -> u64 {
    let by_lines = matches!(
        format,
        "native-ndjson" | "ga4" | "segment" | "rudderstack" | "snowplow" | "snowplow-json" | "access-log"
    );
    // Without any line feed, carriage returns are ends of lines.
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let lines = bytes
        .split(|byte| *byte == end)
        .filter(|line| std::str::from_utf8(line).map_or(true, |line| !line.trim().is_empty()));
    if by_lines { lines.count() as u64 } else { 0 }
}

#[test]
fn carts_of_logs_with_bytes_changed_at_random_are_reconciled_in_every_format() {
    let lake = lake();
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    for (format, text) in [
        ("native-csv", story::csv()),
        ("native-ndjson", story::ndjson()),
        ("ga4", story::ga4()),
        ("ga4-console", format!("[{}]", story::ga4().trim_end().replace('\n', ",\n"))),
        ("segment", trackers::segment(false)),
        ("rudderstack", trackers::segment(true)),
        ("snowplow", trackers::snowplow()),
        ("snowplow-json", trackers::snowplow_json()),
        ("shopify-rest", shops::shopify_rest()),
        ("shopify-graphql", shops::shopify_graphql()),
        ("shopify-orders", shops::shopify_orders()),
        ("rees46", shops::rees46()),
        ("retailrocket", shops::retailrocket()),
        ("access-log", shops::access_log()),
    ] {
        assert_reconciled(&lake, format, text.as_bytes());
    }
}

#[test]
fn carts_of_mapped_logs_with_bytes_changed_at_random_are_reconciled() {
    let lake = lake();
    let text = shops::mapped();
    let mut chance = Chance(7);
    let settings = shops::MAPPING_CONFIG.replace("story.jsonl", "logs/*");
    lake.write("leftcart.toml", format!("[ingest]\nmax_rejected = 1.0\n{settings}"));
    for at in 0..FILES * 3 {
        // The first line is what a file is known by.
        let (first, rest) = text.split_at(text.find('\n').expect("lines") + 1);
        let bytes = [first.as_bytes(), &mutated(rest.as_bytes(), &mut chance)].concat();
        lake.write(&format!("logs/{at:02}"), bytes);
    }
    let said = lake.json(&["run"])["ingest"].clone();
    let count = |key: &str| said[key].as_u64().expect("a count");
    assert_eq!(count("read"), count("accepted") + count("duplicates") + count("quarantined"));
    assert_eq!(
        (count("accepted"), count("quarantined")),
        (lake.rows("events").len() as u64, lake.rows("quarantine").len() as u64)
    );
    assert!(count("quarantined") > 10 && count("duplicates") > 100, "some rows are changed, most are not");
}
