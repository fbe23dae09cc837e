//! File systems without hard links or symbolic ones, as memory cards and some network folders are.

use std::path::PathBuf;
use std::process::Command;

use simulate::Format;
use support::lake::{Done, Lake};
use support::tools;

use super::{assert_same_lakes, generations, is_hidden, night, published, run, shop};

/// What such a file system answers, whatever lies beneath: a library that is loaded before the system's own.
const REFUSING: &str = r"
#include <errno.h>
static int refused(void) { errno = EPERM; return -1; }
#ifdef HARD
int link(const char *a, const char *b) { return refused(); }
int linkat(int a, const char *b, int c, const char *d, int e) { return refused(); }
#endif
#ifdef SYMBOLIC
int symlink(const char *a, const char *b) { return refused(); }
int symlinkat(const char *a, int b, const char *c) { return refused(); }
#endif
";

/// The library that refuses links of these kinds.
fn refusing(lake: &Lake, kinds: &[&str]) -> Option<PathBuf> {
    let source = lake.write("refusing.c", REFUSING);
    let library = lake.path().join("refusing.so");
    let defines = kinds.iter().map(|kind| format!("-D{kind}"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).args(defines).arg(source).status();
    if built.is_ok_and(|status| status.success()) { Some(library) } else { tools::absent("a C compiler, cc") }
}

fn run_with(lake: &Lake, library: &PathBuf, args: &[&str]) -> Done {
    let mut command = lake.command(args);
    Done::of(command.env("LD_PRELOAD", library).output().expect("the program can be started"))
}

fn assert_carts_survive(kinds: &[&str], has_link: bool) {
    let (lake, files) = shop(5, Format::NativeCsv);
    files.chunks(1).for_each(|part| night(&lake, "undisturbed", part));
    let Some(library) = refusing(&lake, kinds) else { return };
    for part in files.chunks(1) {
        let said = run_with(&lake, &library, &run("data", "reports", part));
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{kinds:?}");
    }
    let data = lake.path().join("data");
    assert_eq!(data.join("current").is_symlink(), has_link);
    let now = published(&data).expect("a night is published");
    assert_eq!(
        Some(&now),
        generations(&data).last().map(|path| std::fs::canonicalize(path).expect("it is there")).as_ref()
    );
    for args in [&["describe"][..], &["report"], &["analyze"]] {
        let said = run_with(&lake, &library, &[args, &["--quiet"]].concat());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{args:?}");
    }
    if !has_link {
        let said = run_with(&lake, &library, &["describe"]);
        let folder = now.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(said.stdout.contains("no symbolic links") || said.stdout.contains(&folder), "{}", said.stdout);
        let queries = tools::last(&lake.path().join("reports")).join("queries.sql");
        let sql = std::fs::read_to_string(queries).expect("the queries of the report");
        assert!(sql.contains("data/generations/") && !sql.contains("data/current"), "queries name what is there");
        // The tables are compared through a link of the test's own.
        std::fs::remove_file(data.join("current")).expect("the file in the place of a link");
        std::os::unix::fs::symlink(published_last(&lake), data.join("current")).expect("a link");
    }
    let rows = assert_same_lakes(&format!("without {kinds:?} links"), &lake, "data", "undisturbed");
    let person = lake.rows("carts").first().and_then(|cart| cart["person_id"].clone()).expect("a person");
    let said = run_with(&lake, &library, &["forget", &person, "--quiet"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "a person is forgotten: {kinds:?}");
    assert_eq!(generations(&data).iter().filter(|path| is_hidden(path)).count(), 0);
    tools::say(&format!("without {kinds:?} links: {rows} rows as undisturbed"));
}

fn published_last(lake: &Lake) -> PathBuf {
    generations(&lake.path().join("data")).pop().expect("a generation")
}

#[test]
fn carts_are_the_same_on_a_disk_without_hard_links() {
    assert_carts_survive(&["HARD"], true);
}

#[test]
fn carts_are_the_same_on_a_disk_without_any_links() {
    assert_carts_survive(&["HARD", "SYMBOLIC"], false);
}
