use super::*;

fn night(folder: &Path, name: &str, entries: &[(u64, &str)]) {
    let runs = Runs::open(folder).unwrap();
    let mut writer = runs.add(name).unwrap();
    for (key, entry) in entries {
        writer.push(*key, entry.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    Runs::open(folder).unwrap().compact().unwrap();
}

fn found(folder: &Path, keys: &[u64]) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let runs = Runs::open(folder).unwrap();
    runs.look_up(keys, |key, entry| found.push((key, String::from_utf8(entry.to_vec()).unwrap()))).unwrap();
    found
}

#[test]
fn a_key_brings_its_entries_of_all_nights_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Runs::open(&folder.path().join("none")).unwrap().is_empty());
    night(folder.path(), "1", &[(1, "a"), (5, "b"), (5, "c"), (u64::MAX, "d")]);
    night(folder.path(), "2", &[(0, "e"), (5, "f")]);
    let expected = [(5, "b"), (5, "c"), (u64::MAX, "d"), (5, "f")].map(|(key, entry)| (key, entry.to_owned()));
    assert_eq!(found(folder.path(), &[2, 5, 6, u64::MAX]), expected);
    assert_eq!(found(folder.path(), &[]), []);
}

/// Numbers without any order, the same every time.
fn scatter(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
}

#[test]
fn many_nights_are_few_runs_and_nothing_is_lost_in_merging() {
    let folder = tempfile::tempdir().unwrap();
    let nights = 100;
    for number in 0..nights {
        let mut entries: Vec<(u64, String)> =
            (0..300).map(|at| (scatter(number * 300 + at) % 5_000, format!("{number} {at}"))).collect();
        entries.sort_by_key(|(key, _)| *key);
        let entries: Vec<_> = entries.iter().map(|(key, entry)| (*key, entry.as_str())).collect();
        night(folder.path(), &format!("{number:04}"), &entries);
    }
    let runs = Runs::open(folder.path()).unwrap();
    // 100 nights are 1 x 64 + 4 x 8 + 4.
    assert_eq!(runs.files.len(), 9);
    let mut all = 0;
    runs.scan(|_, _| all += 1).unwrap();
    assert_eq!(all, nights * 300);
    for key in [0, 17, 4_999] {
        let expected: Vec<(u64, u64)> =
            (0..nights * 300).filter(|at| scatter(*at) % 5_000 == key).map(|at| (at / 300, at % 300)).collect();
        let mut found: Vec<(u64, u64)> = found(folder.path(), &[key])
            .iter()
            .map(|(_, entry)| entry.split_once(' ').map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).unwrap())
            .collect();
        assert!(found.is_sorted_by_key(|(night, _)| *night), "oldest first");
        found.sort_unstable();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_damaged_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("level-0-1.parquet"), "no Parquet").unwrap();
    let error = Runs::open(folder.path()).unwrap().look_up(&[1], |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("level-0-1.parquet is not a readable Parquet file"), "{error}");
}
