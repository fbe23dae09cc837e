//! Runs that are killed, disks that are full or forbid, files that change beneath a reader, clocks that go back, tables that
//! rot: no row is lost or doubled, and no night is half there.

mod clock;
mod damage;
mod disk;
mod kills;
mod links;
mod logs;
mod two;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use simulate::{Config, Format};
use support::lake::{Done, Lake};
use support::table::{self, Row};

use crate::lake;
use crate::nights::{TABLES, assert_same_rows, rows};

/// A lake with the logs of a shop and nothing run yet, and the files of its days.
fn shop(days: u32, format: Format) -> (Lake, Vec<String>) {
    let lake = lake();
    let config =
        Config { days, carts_per_day: 12, seed: 11, duplicates: 0.03, late: 0.05, broken: 0.01, ..Config::default() };
    simulate::simulate(&config, format, &lake.path().join("logs")).expect("a shop");
    let entries = std::fs::read_dir(lake.path().join("logs")).expect("logs");
    let paths = entries.map(|entry| entry.expect("logs can be listed").path()).filter(|path| path.is_file());
    let mut files: Vec<String> =
        paths.map(|path| format!("logs/{}", path.file_name().expect("a name").to_string_lossy())).collect();
    files.sort();
    (lake, files)
}

/// The arguments of a run over these files.
fn run<'a>(data: &'a str, reports: &'a str, files: &'a [String]) -> Vec<&'a str> {
    let mut args = vec!["run", "--quiet", "--data", data, "--reports", reports];
    args.extend(files.iter().map(String::as_str));
    args
}

/// Runs over these files, which must go well.
fn night(lake: &Lake, data: &str, files: &[String]) {
    let done = lake.run(&run(data, "reports", files));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "a night in {data}");
}

/// The folder of the published generation, if one is.
fn published(data: &Path) -> Option<PathBuf> {
    let link = data.join("current");
    if link.is_symlink() || !link.is_file() {
        return std::fs::canonicalize(link).ok();
    }
    let text = std::fs::read_to_string(link).expect("the file in the place of a link");
    std::fs::canonicalize(data.join(text.trim())).ok()
}

/// Folders of generations, those of killed runs included, oldest first.
fn generations(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data.join("generations")) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("generations can be listed").path()).collect();
    folders.sort();
    folders
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Fails unless every table of a generation has as many rows and files as its manifest says.
fn assert_whole(what: &str, generation: &Path) {
    let text = std::fs::read(generation.join("manifest.json")).expect("a published night has a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&text).expect("a manifest");
    let tables = manifest["tables"].as_object().expect("tables");
    assert!(tables.len() > TABLES.len(), "{what}: {} tables", tables.len());
    for (name, entry) in tables {
        let folder = generation.join(name);
        let found = (table::read(&folder).len() as u64, table::files(&folder).len() as u64);
        let said = (entry["rows"].as_u64().expect("rows"), entry["files"].as_u64().expect("files"));
        assert_eq!(found, said, "{what}: {name}");
    }
}

/// Fails unless every report that is to be seen is whole.
fn assert_whole_reports(what: &str, reports: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(reports) else { return 0 };
    let nights: Vec<PathBuf> = entries.map(|entry| entry.expect("reports can be listed").path()).collect();
    let nights: Vec<PathBuf> = nights.into_iter().filter(|path| path.is_dir() && !is_hidden(path)).collect();
    for night in &nights {
        for file in ["summary.json", "alerts.json"] {
            let text = std::fs::read(night.join(file)).unwrap_or_else(|error| panic!("{what}: {file}: {error}"));
            assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "{what}: {file} is torn");
        }
        let page = std::fs::read_to_string(night.join("index.html")).expect("a page");
        assert!(page.trim_end().ends_with("</html>"), "{what}: index.html is torn");
    }
    nights.len()
}

/// Fails if a run did worse than to refuse: a panic is none of its exit codes.
fn assert_no_panic(what: &str, done: &Done) {
    assert!(matches!(done.code, 0..=4), "{what}: ended with {}: {}", done.code, done.stderr);
    assert!(!done.stderr.contains("panicked"), "{what}: {}", done.stderr);
}

/// The rows of every table, and their number.
fn all_rows(lake: &Lake, data: &str) -> (BTreeMap<&'static str, Vec<Row>>, usize) {
    let rows = rows(lake, data);
    let count = rows.values().map(Vec::len).sum();
    (rows, count)
}

/// Fails unless two lakes hold the same rows; returns their number.
fn assert_same_lakes(what: &str, lake: &Lake, data: &str, undisturbed: &str) -> usize {
    let (expected, count) = all_rows(lake, undisturbed);
    assert_same_rows(what, &all_rows(lake, data).0, &expected);
    assert_whole(what, &published(&lake.path().join(data)).expect("a night is published"));
    count
}

/// Numbers that look like chance and are the same on every run.
struct Chance(u64);

impl Chance {
    /// A share in 0..1.
    fn share(&mut self) -> f64 {
        // Knuth's linear congruences (MMIX); the upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}
