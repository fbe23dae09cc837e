//! Several runs at once on one lake, and readers beside them.

use std::process::{Child, Stdio};

use simulate::Format;
use support::lake::{Done, Lake};
use support::tools;

use super::{assert_same_lakes, generations, is_hidden, night, run, shop};

fn start(lake: &Lake, args: &[&str]) -> Child {
    lake.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
}

fn ended(child: Child) -> Done {
    Done::of(child.wait_with_output().expect("a run ends"))
}

#[test]
fn carts_are_the_same_when_runs_get_in_each_others_way_and_readers_see_whole_nights() {
    let (lake, files) = shop(8, Format::NativeCsv);
    files.chunks(1).for_each(|part| night(&lake, "undisturbed", part));
    night(&lake, "data", &files[..1]);
    let mut left: Vec<&[String]> = files[1..].chunks(1).collect();
    let (mut refused, mut read) = (0, 0);
    while !left.is_empty() {
        let runs: Vec<Child> = left.iter().take(4).map(|files| start(&lake, &run("data", "reports", files))).collect();
        let readers: Vec<Child> = [&["describe", "--quiet"][..], &["report", "--quiet", "--reports", "pages"]]
            .map(|args| start(&lake, args))
            .into();
        let mut again = Vec::new();
        for (done, files) in runs.into_iter().map(ended).zip(&left) {
            if done.code == 0 {
                continue;
            }
            assert_eq!(done.code, 1, "{}", done.stderr);
            assert!(done.stderr.contains("data is in use by another run (process "), "{}", done.stderr);
            again.push(*files);
            refused += 1;
        }
        for reader in readers.into_iter().map(ended) {
            assert_eq!((reader.code, reader.stderr.as_str()), (0, ""), "readers need no lock");
            read += 1;
        }
        let started = left.len().min(4);
        assert!(again.len() < started, "one of the runs at once has the lake");
        left.splice(..started, again);
    }
    let rows = assert_same_lakes("runs at once", &lake, "data", "undisturbed");
    assert_eq!(generations(&lake.path().join("data")).iter().filter(|path| is_hidden(path)).count(), 0);
    tools::say(&format!(
        "four runs at once: {refused} times refused and tried again, {read} readers; {rows} rows as undisturbed"
    ));
}
