//! Carts that are settled are left alone: their files are those of the night before.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt;

use support::lake::Lake;
use support::table;

use crate::lake;
use crate::nights::{assert_same_rows, night, rows};

/// A night's log: `moment kind visitor customer order product`, with `-` for nothing.
fn log(rows: &[&str]) -> String {
    let mut text = "ts,kind,visitor_id,customer_id,order_id,product_id,unit_price,currency\n".to_owned();
    for row in rows {
        let cells: Vec<&str> = row.split_whitespace().map(|cell| if cell == "-" { "" } else { cell }).collect();
        let price = if cells[5].is_empty() { "," } else { "12.5,EUR" };
        writeln!(text, "2026-{}Z,{},{price}", cells[0], cells[1..].join(",")).expect("a String takes any text");
    }
    text
}

/// Anna buys as a guest; Bob and Carl leave theirs; a month goes by, and others come.
const NIGHTS: [&[&str]; 4] = [
    &[
        "01-01T10:00:00 add_to_cart anna - - mug",
        "01-01T10:10:00 purchase anna - A-1 mug",
        "01-01T11:00:00 add_to_cart bob - - pot",
    ],
    &["01-02T12:00:00 add_to_cart carl - - pan"],
    &["02-03T09:00:00 add_to_cart dora - - mug"],
    &["02-04T09:00:00 add_to_cart erik - - pot"],
];

/// Runs over one more night.
fn another(lake: &Lake, number: usize, rows: &[&str]) {
    let name = format!("logs/{number}.csv");
    lake.write(&name, log(rows));
    night(lake, "data", &[name]);
}

/// A lake after so many of [`NIGHTS`].
fn after(nights: usize) -> Lake {
    let lake = lake();
    for (number, rows) in NIGHTS.iter().enumerate().take(nights) {
        another(&lake, number, rows);
    }
    lake
}

/// The files of settled carts, their items and of orders by name, and which file of the disk each is.
fn settled(lake: &Lake) -> BTreeMap<String, u64> {
    let mut files = BTreeMap::new();
    for name in ["carts", "cart_items", "orders"] {
        for file in table::files(&lake.table(name)) {
            let within = format!("{name}/{}", file.file_stem().expect("a name").to_string_lossy());
            files.insert(within, std::fs::metadata(&file).expect("a file").ino());
        }
    }
    files.retain(|name, _| !name.contains("/open-"));
    files
}

/// In which files of carts a visitor's carts lie, without the number of those that are open.
fn lies_in(lake: &Lake, visitor: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in table::files(&lake.table("carts")) {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let name = if name.starts_with("open-") { "open".to_owned() } else { name };
        let of = |row: &table::Row| table::pick(row, &["visitor_id"]) == [Some(visitor.to_owned())];
        found.extend(table::read_file(&file).iter().filter(|row| of(row)).map(|_| name.clone()));
    }
    found
}

/// All nights in one run give the same rows.
fn assert_same_as_one_run(lake: &Lake) {
    let mut logs: Vec<String> = std::fs::read_dir(lake.path().join("logs"))
        .expect("logs")
        .map(|log| format!("logs/{}", log.expect("a log").file_name().to_string_lossy()))
        .collect();
    logs.sort();
    night(lake, "whole", &logs);
    assert_same_rows("nights", &rows(lake, "data"), &rows(lake, "whole"));
}

#[test]
fn a_cart_that_expires_moves_once_and_then_lies_still() {
    let lake = after(2);
    assert_eq!(lies_in(&lake, "bob"), ["open"]);
    another(&lake, 2, NIGHTS[2]);
    assert_eq!(lies_in(&lake, "bob"), ["expired-2026-01-31"]);
    assert_eq!(lies_in(&lake, "carl"), ["expired-2026-02-01"]);
    let files = settled(&lake);
    another(&lake, 3, NIGHTS[3]);
    assert_eq!(lies_in(&lake, "bob"), ["expired-2026-01-31"]);
    assert_eq!(settled(&lake), files);
    assert_same_as_one_run(&lake);
}

#[test]
fn a_night_without_anything_for_old_carts_leaves_their_files_as_they_are() {
    let lake = after(3);
    let files = settled(&lake);
    let names = ["bought-2026-01-01", "expired-2026-01-31", "expired-2026-02-01"];
    let names = names.iter().flat_map(|name| ["cart_items", "carts"].map(|table| format!("{table}/{name}")));
    let mut names: Vec<String> = names.chain(["orders/2026-01-01".to_owned()]).collect();
    names.sort();
    assert_eq!(files.keys().cloned().collect::<Vec<_>>(), names);
    another(&lake, 3, NIGHTS[3]);
    assert_eq!(settled(&lake), files);
    // Who has old carts and does something new has the same old carts.
    another(&lake, 4, &["02-05T09:00:00 add_to_cart anna - - pan", "02-05T09:00:00 view_cart bob - - -"]);
    assert_eq!(settled(&lake), files);
    assert_eq!(lies_in(&lake, "anna"), ["bought-2026-01-01", "open"]);
    assert_same_as_one_run(&lake);
}

#[test]
fn a_late_row_changes_the_files_of_its_cart_alone() {
    let lake = after(4);
    let mut before = settled(&lake);
    another(&lake, 4, &["01-01T10:05:00 add_to_cart anna - - pan"]);
    let mut now = settled(&lake);
    for name in ["carts/bought-2026-01-01", "cart_items/bought-2026-01-01"] {
        assert_ne!(now.remove(name), before.remove(name), "{name}");
    }
    assert_eq!(now, before);
    assert_same_as_one_run(&lake);
}

#[test]
fn a_login_changes_the_files_of_the_carts_that_it_moves_alone() {
    let lake = after(4);
    let mut before = settled(&lake);
    another(&lake, 4, &["02-05T09:00:00 page_view anna anna@example.com - -"]);
    let mut now = settled(&lake);
    for name in ["carts/bought-2026-01-01", "orders/2026-01-01"] {
        assert_ne!(now.remove(name), before.remove(name), "{name}");
    }
    // What was in the cart is not said to be anybody's, and stays.
    assert_eq!(now, before);
    assert_eq!(lies_in(&lake, "anna"), ["bought-2026-01-01"]);
    assert_same_as_one_run(&lake);
}

#[test]
fn a_cart_that_is_bought_late_leaves_the_open_ones() {
    let lake = after(2);
    another(&lake, 2, &["01-09T09:00:00 purchase bob - B-1 pot"]);
    assert_eq!(lies_in(&lake, "bob"), ["bought-2026-01-09"]);
    assert_eq!(lies_in(&lake, "carl"), ["open"]);
    assert_same_as_one_run(&lake);
}

#[test]
fn carts_that_lie_as_an_earlier_version_laid_them_are_laid_anew() {
    let lake = after(3);
    for table in ["carts", "cart_items"] {
        // That version had a file for each day on which carts were opened.
        let folder = lake.table(table);
        for (number, file) in table::files(&folder).iter().enumerate() {
            std::fs::rename(file, folder.join(format!("2026-01-{:02}.parquet", number + 1))).expect("a file");
        }
    }
    another(&lake, 3, NIGHTS[3]);
    assert_eq!(lies_in(&lake, "bob"), ["expired-2026-01-31"]);
    assert_same_as_one_run(&lake);
}

#[test]
fn carts_judged_as_of_an_earlier_moment_are_open_again_and_settled_by_the_next_night() {
    let lake = after(4);
    drop(lake.json(&["analyze", "--as-of", "2026-01-15"]));
    assert_eq!(lies_in(&lake, "bob"), ["open"]);
    assert_eq!(lies_in(&lake, "dora"), Vec::<String>::new());
    another(&lake, 4, &["02-05T09:00:00 add_to_cart fay - - pan"]);
    assert_eq!(lies_in(&lake, "bob"), ["expired-2026-01-31"]);
    assert_eq!(lies_in(&lake, "dora"), ["open"]);
    assert_same_as_one_run(&lake);
}

#[test]
fn a_cart_that_changes_hands_and_contents_in_one_night_has_its_items_written_anew() {
    let lake = after(4);
    let before = settled(&lake);
    another(
        &lake,
        4,
        &["01-01T10:05:00 add_to_cart anna - - pan", "02-05T09:00:00 page_view anna anna@example.com - -"],
    );
    let now = settled(&lake);
    for name in ["carts/bought-2026-01-01", "cart_items/bought-2026-01-01"] {
        assert_ne!(now[name], before[name], "{name}");
    }
    assert_same_as_one_run(&lake);
}
