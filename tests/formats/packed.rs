//! Packed logs: the same rows as unpacked ones, and what is lost where one is cut short.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use simulate::{Config, Format};

use super::bad::{assert_nothing_lost, quarantine};
use crate::lake;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}

#[test]
fn carts_of_packed_logs_are_those_of_the_logs() {
    let lake = lake();
    let config = Config { days: 1, carts_per_day: 150, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    let text = std::fs::read(lake.path().join("logs/events_20260105.csv")).expect("a day");
    let (front, back) = text.split_at(text.len() / 2);
    lake.write("packed.gz", gzip(&text));
    lake.write("members.gz", [gzip(front), gzip(back)].concat());
    lake.write("packed.zst", zstd::encode_all(&text[..], 3).expect("memory"));
    let frames = [front, back].map(|part| zstd::encode_all(part, 3).expect("memory"));
    lake.write("no-ending", frames.concat());
    drop(lake.json(&["run", "logs"]));
    let tables = ["events", "carts", "cart_items", "orders"];
    let plain = tables.map(|table| lake.rows(table));
    assert!(plain.iter().all(|rows| !rows.is_empty()));
    for name in ["packed.gz", "members.gz", "packed.zst", "no-ending"] {
        let said = lake.json(&["run", name, "--rebuild"]);
        assert_eq!(said["ingest"]["files"][0]["format"], "native-csv");
        assert_eq!(tables.map(|table| lake.rows(table)), plain, "{name}");
    }
}

#[test]
fn carts_up_to_the_damage_are_kept_where_a_packed_log_is_cut_short() {
    let lake = lake();
    // Enough that hundreds of thousands of bytes come out before the damage, and little enough for the head alone.
    for rows in [20_000, 20] {
        let mut text = b"ts,kind,visitor_id,product_id\n".to_vec();
        for row in 0..rows {
            let product = events::hash::hex(events::hash::of_bytes(&[u8::try_from(row % 251).expect("small")]));
            writeln!(text, "2026-01-05T10:00:00.{row:06}Z,add_to_cart,v{row},{product}").expect("memory");
        }
        let packed = gzip(&text);
        lake.write("cut.csv.gz", &packed[..packed.len() * 3 / 4]);
        let said = lake.json(&["run", "cut.csv.gz", "--rebuild"]);
        assert_nothing_lost(&said);
        let accepted = said["ingest"]["accepted"].as_u64().expect("a count");
        assert!(accepted > rows / 4 && accepted < rows, "{accepted} of {rows} rows");
        let bad = quarantine(&lake);
        let (row, reason, detail) = bad.last().expect("the damage is in quarantine");
        assert_eq!(reason, "unreadable line");
        assert!(detail.starts_with("the file cannot be read on from here: "), "{detail}");
        assert!(bad.len() <= 2, "the damage, and the line that it cut: {bad:?}");
        assert!(row.abs_diff(accepted + 2) <= 1, "row {row} after {accepted} rows");
    }
}
