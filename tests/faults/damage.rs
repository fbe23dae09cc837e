//! Tables and manifests that rot: a run names the file and says what to do, and never makes a night of half of them.

use std::path::{Path, PathBuf};

use simulate::Format;
use support::lake::Lake;
use support::{table, tools};

use super::{Chance, assert_no_panic, assert_same_lakes, night, published, run, shop};

/// What may happen to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Emptied,
    Halved,
    /// Bytes of its end are others, where Parquet has its footer.
    FooterChanged,
    /// Bytes of its beginning are others, where its rows are.
    RowsChanged,
    Gone,
}

const EVERY: [Damage; 5] = [Damage::Emptied, Damage::Halved, Damage::FooterChanged, Damage::RowsChanged, Damage::Gone];

impl Damage {
    /// Does it to the file, which gets a body of its own: its other names stay as they are.
    fn to(self, path: &Path, chance: &mut Chance) {
        let mut bytes = std::fs::read(path).expect("a file");
        std::fs::remove_file(path).expect("a file can be removed");
        let half = bytes.len() / 2;
        match self {
            Self::Gone => return,
            Self::Emptied => bytes.clear(),
            Self::Halved => bytes.truncate(half),
            Self::FooterChanged => (0..8).for_each(|_| bytes[half + chance.below(half)] ^= 0x55),
            Self::RowsChanged => (0..8).for_each(|_| bytes[4 + chance.below(half.max(8) - 4)] ^= 0x55),
        }
        std::fs::write(path, bytes).expect("a file can be written");
    }
}

/// The first and the last file of each table, and of each folder of the state.
fn samples(generation: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(generation).expect("a generation").map(|entry| entry.expect("an entry").path()) {
        if entry.ends_with("state") {
            let state = std::fs::read_dir(entry).expect("the state").map(|entry| entry.expect("an entry").path());
            folders.extend(state.filter(|path| path.is_dir()));
        } else if entry.is_dir() {
            folders.push(entry);
        }
    }
    folders.sort();
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let of_table = table::files(&folder);
        files.extend(of_table.last().cloned());
        files.extend(of_table.first().cloned());
        files.dedup();
    }
    files
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&path).expect("a link"), target).expect("a link");
        } else if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::hard_link(&path, &target).expect("a link");
        }
    }
}

/// A lake of three nights in `original`, what a fourth makes of it in `undisturbed`, and the fourth night's files.
fn three_nights() -> (Lake, Vec<String>) {
    let (lake, files) = shop(8, Format::NativeCsv);
    for data in ["original", "undisturbed"] {
        files[..6].chunks(2).for_each(|part| night(&lake, data, part));
    }
    night(&lake, "undisturbed", &files[6..]);
    (lake, files[6..].to_vec())
}

#[test]
fn a_table_that_rots_is_named_with_what_to_do_and_no_night_is_made_of_its_rest() {
    let (lake, tonight) = three_nights();
    let [original, data] = ["original", "data"].map(|name| lake.path().join(name));
    let files = samples(&published(&original).expect("a night"));
    let mut chance = Chance(2);
    let (mut named, mut harmless, mut silent) = (0, 0, Vec::new());
    for file in &files {
        let within = file.strip_prefix(original.canonicalize().expect("it is there")).expect("below it").to_path_buf();
        for damage in EVERY {
            let what = format!("{} {damage:?}", within.display());
            let _ = std::fs::remove_dir_all(&data);
            copy(&original, &data);
            damage.to(&data.join(&within), &mut chance);
            let before = published(&data);
            let said = lake.run(&run("data", "reports", &tonight));
            assert_no_panic(&what, &said);
            if said.code == 0 {
                // What nothing of tonight needs goes on as it is, and is named by whoever reads it.
                let table = within.components().nth(2).expect("a table").as_os_str().to_string_lossy().into_owned();
                if is_as_undisturbed(&lake, &table) {
                    harmless += 1;
                } else {
                    silent.push(what);
                }
                continue;
            }
            assert_eq!(said.code, 1, "{what}: {}", said.stderr);
            assert_eq!(published(&data), before, "{what}");
            let name = within.file_name().expect("a name").to_string_lossy().into_owned();
            let table = within.components().nth(2).expect("a table").as_os_str().to_string_lossy().into_owned();
            assert!(said.stderr.contains(&table), "{what}: which table: {}", said.stderr);
            assert!(
                said.stderr.contains(&name) || matches!(damage, Damage::Gone),
                "{what}: which file: {}",
                said.stderr
            );
            assert!(said.stderr.contains("--rebuild"), "{what}: what to do: {}", said.stderr);
            named += 1;
        }
    }
    // Bytes within rows may still be rows: Parquet has no sum that would tell.
    let told: Vec<&String> = silent.iter().filter(|what| !what.ends_with("RowsChanged")).collect();
    assert!(told.is_empty(), "nights were made of what is left: {told:#?}");
    tools::say(&format!(
        "{} damages to {} files of a lake: {named} named, {harmless} made no difference to other tables, {} changed rows unnoticed",
        files.len() * EVERY.len(),
        files.len(),
        silent.len()
    ));
}

/// Whether the last night's tables, but for this one, are what they would be without any damage.
fn is_as_undisturbed(lake: &Lake, but: &str) -> bool {
    crate::nights::TABLES.iter().filter(|table| **table != but).all(|table| {
        let [found, expected] = ["data", "undisturbed"].map(|data| {
            let folder = lake.path().join(data).join("current").join(table);
            let mut rows = table::read(&folder);
            rows.sort();
            rows
        });
        found == expected
    })
}

#[test]
fn a_manifest_that_rots_is_named_with_what_to_do_and_an_earlier_night_can_be_gone_back_to() {
    let (lake, tonight) = three_nights();
    let [original, data] = ["original", "data"].map(|name| lake.path().join(name));
    for damage in [Damage::Emptied, Damage::Halved, Damage::Gone] {
        let _ = std::fs::remove_dir_all(&data);
        copy(&original, &data);
        let current = published(&data).expect("a night");
        damage.to(&current.join("manifest.json"), &mut Chance(1));
        for args in [&run("data", "reports", &tonight)[..], &["describe"], &["report"]] {
            let said = lake.run(args);
            assert_eq!(said.code, 1, "{damage:?}: {}", said.stderr);
            for word in ["manifest.json", "ln -sfn generations/ID ", "/data/current", "--rebuild"] {
                assert!(said.stderr.contains(word), "{damage:?}: {word}: {}", said.stderr);
            }
        }
        // As the words say: an earlier night, and the files since then once more.
        let earlier = super::generations(&data).into_iter().rev().nth(1).expect("an earlier night");
        std::fs::remove_file(data.join("current")).expect("a link");
        std::os::unix::fs::symlink(earlier, data.join("current")).expect("a link");
        let since: Vec<String> = ["logs/events_20260109.csv", "logs/events_20260110.csv"]
            .map(str::to_owned)
            .into_iter()
            .chain(tonight.clone())
            .collect();
        night(&lake, "data", &since);
        assert_same_lakes("gone back", &lake, "data", "undisturbed");
    }
}
