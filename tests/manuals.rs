//! Every command in README and docs is run, in the order of the page, by whoever follows it to the letter.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use simulate::{Config, Format};
use support::lake::{Done, Lake};
use support::tools;

use crate::formats::shops;
use crate::lake;

/// Lines that no test can run, by how they begin, and why.
const EXCUSED: [(&str, &str); 17] = [
    ("cargo test", "it runs this test"),
    ("cargo bench", "minutes of measuring; that benches compile is a step of .ci/run"),
    ("cargo install", "minutes of compiling; it builds the program that all other lines run"),
    ("cargo deny", "a step of .ci/run"),
    ("cargo tree", "it reads the workspace, not logs"),
    ("bq ", "Google's clouds"),
    ("gsutil ", "Google's clouds"),
    ("curl ", "Shopify's servers"),
    ("aws ", "Amazon's clouds"),
    ("mail ", "it would send a mail"),
    ("sendmail ", "so would it"),
    ("systemctl ", "it would change the machine"),
    ("rsync ", "another program, which copies what is described"),
    ("leftcart describe --data backup", "of the copy that rsync would have made"),
    ("bash benches/", "minutes of measuring"),
    ("python benches/", "so are these, and other programs"),
    ("bash tests/fuzz/", "hours of fuzzing; its cases are replayed by a test"),
];

/// A block between fences: its language, and what is in it.
struct Block {
    language: String,
    text: String,
    /// Its first line in the page, from 1.
    line: usize,
    /// The heading above it.
    section: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// README and every page of docs, by its path from the root.
fn pages() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    let docs = std::fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").file_name());
    let is_page = |name: &std::ffi::OsString| Path::new(name).extension().is_some_and(|extension| extension == "md");
    names.extend(docs.filter(is_page).map(|name| format!("docs/{}", name.to_string_lossy())));
    names.sort();
    names
        .into_iter()
        .map(|name| (std::fs::read_to_string(root().join(&name)).expect("UTF-8"), name))
        .map(|(a, b)| (b, a))
        .collect()
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open, mut section) = (Vec::new(), None::<Block>, String::new());
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, Some(language)) => {
                let (language, section) = (language.trim().to_owned(), section.clone());
                open = Some(Block { language, text: String::new(), line: number + 2, section });
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut section);
                }
            }
        }
    }
    assert!(open.is_none(), "a fence is never closed");
    blocks
}

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a program can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("and be made one");
}

/// A folder as the pages' readers have it: logs in several formats, small ones, and the programs that they would have.
fn reader() -> Lake {
    let lake = lake();
    let shop = Config { days: 7, carts_per_day: 15, seed: 3, ..Config::default() };
    for (folder, format) in [("logs", Format::NativeCsv), ("ga4", Format::Ga4)] {
        simulate::simulate(&shop, format, &lake.path().join(folder)).expect("a shop");
    }
    lake.write("shopify/checkouts.json", shops::shopify_rest());
    lake.write("shopify/orders_export.csv", shops::shopify_orders());
    lake.write("nginx/access.log", shops::access_log());
    let programs = lake.path().join("bin");
    std::fs::create_dir(&programs).expect("a folder");
    let twin = env!("CARGO_BIN_EXE_leftcart-twin");
    // Simulated shops are smaller ones, so that a test has the time; everything else as written.
    executable(&programs.join("leftcart"), &SMALLER.replace("TWIN", twin));
    // `cargo run … -- ARGUMENTS` is the program with these.
    executable(
        &programs.join("cargo"),
        "#!/bin/sh\n[ \"$1\" = run ] || exit 9\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec leftcart \"$@\"\n",
    );
    executable(&programs.join("duckdb"), DUCKDB);
    lake
}

const SMALLER: &str = r#"#!/bin/bash
command=$1
args=()
while [ $# -gt 0 ]; do
    case "$command $1" in
        "demo --days" | "demo --carts-per-day" | "simulate --days" | "simulate --carts-per-day") shift 2 ;;
        *) args+=("$1"); shift ;;
    esac
done
case "$command" in demo | simulate) args+=(--days 9 --carts-per-day 40) ;; esac
exec TWIN "${args[@]}"
"#;

/// `duckdb [-noheader -list] -c QUERY` by way of its module for Python.
const DUCKDB: &str = r#"#!/usr/bin/env python3
import sys, duckdb
query = sys.argv[sys.argv.index("-c") + 1]
for row in duckdb.sql(query).fetchall():
    print("|".join(str(value) for value in row))
"#;

fn excuse(line: &str) -> Option<&'static str> {
    EXCUSED.iter().map(|(beginning, _)| *beginning).find(|beginning| line.trim_start().starts_with(beginning))
}

fn shell(lake: &Lake, script: &str) -> Done {
    let path = std::env::join_paths(
        [lake.path().join("bin")]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(lake.path()).env("PATH", path.expect("no colon in a temporary folder"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LEFTCART_")) {
        command.env_remove(name);
    }
    Done::of(command.output().expect("bash"))
}

#[test]
fn every_command_of_readme_and_docs_does_what_it_is_there_for() {
    let has_duckdb = tools::duckdb().is_some();
    let (mut excused, mut ran) = (BTreeSet::new(), 0);
    for (name, page) in pages() {
        let mut reader_of = (String::new(), None);
        for block in blocks(&page).iter().filter(|block| block.language == "sh") {
            // A section is followed from an empty folder on.
            if reader_of.1.is_none() || reader_of.0 != block.section {
                reader_of = (block.section.clone(), Some(reader()));
            }
            let lake = reader_of.1.as_ref().expect("set above");
            let mut script = String::new();
            for line in block.text.lines() {
                match excuse(line) {
                    Some(beginning) => drop(excused.insert(beginning)),
                    None if line.contains("duckdb ") && !has_duckdb => {}
                    None => script.extend([line, "\n"]),
                }
            }
            if script.trim().is_empty() {
                continue;
            }
            if needs_a_lake(&script) && !lake.path().join("data/current").exists() {
                drop(lake.json(&["run", "logs/"]));
            }
            let done = shell(lake, &script);
            assert_eq!(done.code, 0, "{name}:{}:\n{script}\n{}{}", block.line, done.stdout, done.stderr);
            ran += script.lines().filter(|line| line.contains("leftcart ") || line.contains("cargo run")).count();
        }
    }
    for (beginning, why) in EXCUSED {
        assert!(excused.contains(beginning) || !beginning_is_used(beginning), "nobody says {beginning:?} ({why})");
    }
    assert!(ran > 20, "only {ran} commands were found");
    tools::say(&format!("{ran} commands of README and docs ran; {} kinds are excused", excused.len()));
}

/// A recipe that looks at a lake is for somebody who has one.
fn needs_a_lake(script: &str) -> bool {
    let first = script.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    [
        "leftcart describe",
        "leftcart report",
        "leftcart migrate",
        "leftcart forget",
        "duckdb",
        "ls ",
        "night=",
        "person=",
    ]
    .iter()
    .any(|beginning| first.starts_with(beginning))
}

fn beginning_is_used(beginning: &str) -> bool {
    pages().iter().any(|(_, page)| page.lines().any(|line| line.starts_with(beginning)))
}

/// Lines of crontabs, units and rules of other programs cannot be run here; what they call can be asked whether it would.
#[test]
fn every_call_in_a_crontab_or_unit_is_one_that_leftcart_knows() {
    let mut found = 0;
    for (name, page) in pages() {
        for block in blocks(&page).iter().filter(|block| ["cron", "ini"].contains(&block.language.as_str())) {
            for line in block.text.lines().filter(|line| line.contains("leftcart run")) {
                let call = &line[line.find("leftcart run").expect("it is in the line") + "leftcart ".len()..];
                let call = call.split([';', '&', '|', '>']).next().unwrap_or_default();
                let args: Vec<&str> = call.split_whitespace().chain(["--print-config"]).collect();
                let done = lake().run(&args);
                assert_eq!(done.code, 0, "{name}: {line}: {}", done.stderr);
                found += 1;
            }
        }
    }
    assert!(found >= 2, "{found} calls");
}

#[test]
fn every_piece_of_settings_in_readme_and_docs_is_one() {
    let mut found = 0;
    for (name, page) in pages() {
        for block in blocks(&page).iter().filter(|block| block.language == "toml") {
            let lake = lake();
            lake.write("leftcart.toml", &block.text);
            for key in ["leftcart.key", "webhook.key"] {
                let path = lake.write(key, format!("{}\n", "5e".repeat(32)));
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a key of one's own");
            }
            let done = lake.run(&["describe", "--print-config"]);
            assert_eq!(done.code, 0, "{name}:{}: {}", block.line, done.stderr);
            found += 1;
        }
    }
    assert!(found > 3, "{found} pieces of settings");
}

/// A command outside a fence would be one that nobody runs.
#[test]
fn no_command_hides_outside_a_fence() {
    for (name, page) in pages() {
        let mut fenced = false;
        for (number, line) in page.lines().enumerate() {
            fenced ^= line.starts_with("```");
            let is_command = ["    leftcart ", "    cargo ", "    duckdb "].iter().any(|call| line.starts_with(call));
            assert!(fenced || !is_command, "{name}:{}: {line}", number + 1);
        }
    }
}

/// Links from page to page, and to headings in them, lead somewhere.
#[test]
fn every_link_of_readme_and_docs_leads_somewhere() {
    let mut found = 0;
    for (name, page) in pages() {
        let folder = root().join(&name);
        let folder = folder.parent().expect("a page lies in a folder");
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.is_empty() || target.contains(' ') {
                continue;
            }
            let (path, heading) =
                target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)));
            let path = if path.is_empty() { root().join(&name) } else { folder.join(path) };
            assert!(path.exists(), "{name}: {target} leads nowhere");
            if let Some(heading) = heading.filter(|_| path.extension().is_some_and(|extension| extension == "md")) {
                let page = std::fs::read_to_string(&path).expect("UTF-8");
                let headings: Vec<String> = page.lines().filter(|line| line.starts_with('#')).map(slug).collect();
                assert!(headings.iter().any(|known| known == heading), "{name}: {target}: headings are {headings:?}");
            }
            found += 1;
        }
    }
    assert!(found > 30, "{found} links");
}

/// A heading as a link names it.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
