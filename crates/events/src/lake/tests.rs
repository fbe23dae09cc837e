use super::*;
use crate::schema::VERSION;

fn lake(name: &str) -> Lake {
    let root = std::env::temp_dir().join(format!("leftcart-lake-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    Lake::at(&root)
}

fn publish(lake: &Lake, id: &str, content: &str) -> Generation {
    let lock = lake.lock("test").unwrap();
    let draft = lake.begin(&lock, id).unwrap();
    std::fs::create_dir_all(draft.table("carts")).unwrap();
    std::fs::write(draft.table("carts").join("part-0.parquet"), content).unwrap();
    draft.publish(&Manifest { id: id.into(), schema_version: VERSION, ..Manifest::default() }).unwrap()
}

fn content(generation: &Generation) -> String {
    std::fs::read_to_string(&generation.files("carts").unwrap()[0]).unwrap()
}

#[test]
fn the_link_points_at_the_newest_published_night() {
    let lake = lake("flip");
    assert!(lake.current().unwrap().is_none());
    assert!(matches!(lake.published(), Err(Error::Empty { .. })));
    publish(&lake, "2026-01-01", "first");
    publish(&lake, "2026-01-02", "second");
    let current = lake.published().unwrap();
    assert_eq!((current.manifest().id.as_str(), content(&current).as_str()), ("2026-01-02", "second"));
}

#[test]
fn an_abandoned_draft_changes_nothing_and_is_cleared_away() {
    let lake = lake("killed");
    publish(&lake, "2026-01-01", "first");
    {
        let lock = lake.lock("test").unwrap();
        let draft = lake.begin(&lock, "2026-01-02").unwrap();
        std::fs::write(draft.scratch().join("half"), "half").unwrap();
        // A killed run drops nothing.
        std::mem::forget(draft);
    }
    assert_eq!(lake.published().unwrap().manifest().id, "2026-01-01");
    publish(&lake, "2026-01-03", "third");
    let left: Vec<_> = std::fs::read_dir(lake.root().join("generations")).unwrap().collect();
    assert_eq!(left.len(), 2);
}

#[test]
fn a_second_writer_is_told_who_holds_the_lock() {
    let lake = lake("lock");
    let held = lake.lock("pid 7").unwrap();
    let message = lake.lock("pid 8").unwrap_err().to_string();
    assert!(message.contains("pid 7"), "{message}");
    drop(held);
    assert!(lake.lock("pid 8").is_ok());
}

#[test]
fn carried_files_are_the_same_files() {
    let lake = lake("carry");
    let first = publish(&lake, "2026-01-01", "first");
    let lock = lake.lock("test").unwrap();
    let draft = lake.begin(&lock, "2026-01-02").unwrap();
    draft.carry(&first, "carts").unwrap();
    draft.carry(&first, "no such table").unwrap();
    let second =
        draft.publish(&Manifest { id: "2026-01-02".into(), schema_version: VERSION, ..Manifest::default() }).unwrap();
    assert_eq!(content(&second), "first");
    assert_eq!(links(&second.files("carts").unwrap()[0]), 2);
}

fn links(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(&std::fs::metadata(path).unwrap())
}

#[test]
fn pruning_keeps_the_newest_and_always_the_published_one() {
    let lake = lake("prune");
    for day in 1..=4 {
        publish(&lake, &format!("2026-01-0{day}"), "x");
    }
    let lock = lake.lock("test").unwrap();
    lake.prune(&lock, 2).unwrap();
    let mut left: Vec<_> = std::fs::read_dir(lake.root().join("generations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["2026-01-03", "2026-01-04"]);
}

#[test]
fn a_damaged_manifest_is_named() {
    let lake = lake("damaged");
    let generation = publish(&lake, "2026-01-01", "x");
    std::fs::write(generation.path().join("manifest.json"), "{").unwrap();
    let message = lake.current().unwrap_err().to_string();
    assert!(message.contains("manifest.json") && message.contains("--rebuild"), "{message}");
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let lake = lake("failed");
    let lock = lake.lock("test").unwrap();
    let draft = lake.begin(&lock, "2026-01-01").unwrap();
    std::fs::write(draft.scratch().join("half"), "half").unwrap();
    drop(draft);
    assert_eq!(std::fs::read_dir(lake.root().join("generations")).unwrap().count(), 0);
}

#[test]
fn a_night_that_is_gone_is_named_and_nothing_starts_anew_by_itself() {
    let lake = lake("dangling");
    publish(&lake, "2026-01-01", "first");
    let second = publish(&lake, "2026-01-02", "second");
    std::fs::remove_dir_all(second.path()).unwrap();
    let message = lake.current().unwrap_err().to_string();
    assert!(message.contains("generations/2026-01-02, which is not there; point it at a night that is"), "{message}");
    std::fs::create_dir(second.path()).unwrap();
    let message = lake.current().unwrap_err().to_string();
    assert!(message.contains("2026-01-02 is not a whole night") && message.contains("ln -sfn"), "{message}");
}

#[test]
fn without_a_link_the_newest_whole_night_counts() {
    let lake = lake("unlinked");
    publish(&lake, "2026-01-01", "first");
    publish(&lake, "2026-01-02", "second");
    std::fs::remove_file(lake.root().join("current")).unwrap();
    std::fs::create_dir(lake.root().join("generations/2026-01-03")).unwrap();
    assert_eq!(content(&lake.published().unwrap()), "second");
}

#[test]
fn a_file_or_a_copied_folder_serves_as_the_link() {
    let lake = lake("copied");
    publish(&lake, "2026-01-01", "first");
    let current = lake.root().join("current");
    std::fs::remove_file(&current).unwrap();
    std::fs::write(&current, "generations/2026-01-01\n").unwrap();
    assert_eq!(content(&lake.published().unwrap()), "first");
    std::fs::remove_file(&current).unwrap();
    std::fs::create_dir(&current).unwrap();
    let manifest = "generations/2026-01-01/manifest.json";
    std::fs::copy(lake.root().join(manifest), current.join("manifest.json")).unwrap();
    assert_eq!(content(&lake.published().unwrap()), "first");
    publish(&lake, "2026-01-02", "second");
    assert!(lake.is_linked());
    assert_eq!(content(&lake.published().unwrap()), "second");
}

#[test]
fn a_night_of_another_version_is_told_by_who_made_it_and_what_to_do() {
    let lake = lake("version");
    let generation = publish(&lake, "2026-01-01", "x");
    let of_version = |schema_version| {
        let manifest = Manifest { schema_version, code_version: "9.9.9".into(), ..generation.manifest().clone() };
        manifest.write(generation.path()).unwrap();
        lake.published().map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(of_version(VERSION), Ok(()));
    let later = of_version(VERSION + 1).unwrap_err();
    assert!(
        later.contains("made by leftcart 9.9.9") && later.contains("install that leftcart or a later one"),
        "{later}"
    );
    let earlier = of_version(schema::OLDEST - 1).unwrap_err();
    assert!(earlier.contains("too old to be brought forward"), "{earlier}");
}
