//! The committed sample is what its README says it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file below a folder, by its path within it.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let within = path.strip_prefix(root).unwrap().to_path_buf();
                found.insert(within, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_committed_sample_is_what_the_simulator_writes_today() {
    let folder = tempfile::tempdir().unwrap();
    let config = simulate::Config { days: 10, carts_per_day: 8, seed: 1, ..simulate::Config::default() };
    simulate::simulate(&config, simulate::Format::NativeCsv, folder.path()).unwrap();
    let (today, committed) =
        (files(folder.path()), files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/sample")));
    assert_eq!(today.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (path, bytes) in &today {
        assert!(
            committed[path] == *bytes,
            "{} differs: write data/sample anew, as data/README.md says",
            path.display()
        );
    }
}
