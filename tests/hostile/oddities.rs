use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use support::lake::Lake;
use support::table::pick;

use crate::lake;

const HEAD: &str = "ts,kind,visitor_id,product_id,quantity,unit_price,comment\n";

fn row(visitor: &str, comment: &str) -> String {
    format!("2026-01-05T10:00:00Z,add_to_cart,{visitor},mug,1,2.00,{comment}\n")
}

fn line(visitor: &str) -> String {
    format!("{{\"ts\":\"2026-01-05T10:00:00Z\",\"kind\":\"add_to_cart\",\"visitor_id\":\"{visitor}\"}}\n")
}

fn ga4(visitor: &str, items: &str) -> String {
    format!(
        "{{\"event_name\":\"add_to_cart\",\"event_timestamp\":\"1767607200000000\",\"user_pseudo_id\":\"{visitor}\",\
         \"items\":[{items}]}}\n"
    )
}

/// A run over one file, of which any part may be unreadable.
fn run(lake: &Lake, name: &str, bytes: impl AsRef<[u8]>) -> Value {
    lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
    lake.write(name, bytes);
    lake.json(&["ingest", name, "--rebuild"])["ingest"].clone()
}

/// Rows, accepted rows, and the place and reason of the others; what the run says is what the tables hold.
#[track_caller]
fn told(lake: &Lake, said: &Value) -> (u64, u64, Vec<(u64, String)>) {
    let count = |key: &str| said[key].as_u64().expect("a count");
    let rejected: Vec<(u64, String)> = lake
        .rows("quarantine")
        .iter()
        .map(|row| pick(row, &["row", "reason"]).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>())
        .map(|row| (row[0].parse().expect("a number"), row[1].clone()))
        .collect();
    assert_eq!(count("accepted"), lake.rows("events").len() as u64);
    assert_eq!(count("quarantined"), rejected.len() as u64);
    assert_eq!(count("read"), count("accepted") + count("duplicates") + count("quarantined"));
    (count("read"), count("accepted"), rejected)
}

fn unreadable(row: u64) -> (u64, String) {
    (row, "unreadable line".to_owned())
}

#[test]
fn carts_of_lines_of_fifty_megabytes_need_no_gigabytes() {
    let long = "x".repeat(50_000_000);
    // A row for each of these items would fill the memory of most machines.
    let many = vec!["{}"; 15_000_000].join(",");
    let lake = lake();
    for (name, text, expected) in [
        ("long.csv", format!("{HEAD}{}{}{}", row("a", ""), row("b", &long), row("c", "")), (3, 3, vec![])),
        (
            "quoted.csv",
            format!("{HEAD}{}{}{}", row("a", ""), row("b", &format!("\"{long}")), row("c", "")),
            (3, 2, vec![unreadable(3)]),
        ),
        ("junk.ndjson", format!("{}{long}\n{}", line("a"), line("c")), (3, 2, vec![unreadable(2)])),
        ("items.json", format!("{}{}{}", ga4("a", ""), ga4("b", &many), ga4("c", "{}")), (3, 2, vec![unreadable(2)])),
    ] {
        lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
        lake.write(name, text);
        let mut command = lake.command(&["ingest", name, "--rebuild", "--quiet"]);
        let mut child = command.stdout(Stdio::null()).spawn().expect("the program");
        let mut most = 0;
        while child.try_wait().expect("a child can be waited for").is_none() {
            most = most.max(resident(child.id()).unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(most < 1_000_000_000, "{name} took {most} bytes of memory");
        let said = lake.json(&["ingest", name, "--rebuild"])["ingest"].clone();
        assert_eq!(told(&lake, &said), expected, "{name}");
    }
}

/// Bytes of memory that a process has had at most; `None` where the system does not say.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

#[test]
fn carts_survive_a_line_that_never_ends() {
    let lake = lake();
    let endless = "x".repeat((64 << 20) + 1);
    let text = format!("{}{endless}\n{}", line("a"), line("c"));
    let said = run(&lake, "endless.ndjson", text);
    assert_eq!(told(&lake, &said), (3, 2, vec![unreadable(2)]));
    let kept = &lake.rows("quarantine")[0];
    let words = "a line of 67108866 bytes, of which the first 65536 are kept here";
    assert_eq!(kept["detail"].as_deref(), Some(words));
    assert_eq!(kept["raw"].as_ref().map(String::len), Some(65_536));
}

#[test]
fn carts_are_read_whatever_ends_a_line() {
    let lake = lake();
    let csv = format!("{HEAD}{}{}{}", row("a", ""), row("b", "").replace("2.00", "x"), row("c", ""));
    let json = format!("{}nonsense\n{}", line("a"), line("c"));
    for end in ["\n", "\r\n", "\r"] {
        let rejected = |row: u64, reason: &str| vec![(row, reason.to_owned())];
        let said = run(&lake, "lines.csv", csv.replace('\n', end));
        assert_eq!(told(&lake, &said), (3, 2, rejected(3, "unreadable price")), "{end:?}");
        let said = run(&lake, "lines.ndjson", json.replace('\n', end));
        assert_eq!(told(&lake, &said), (3, 2, rejected(2, "unreadable line")), "{end:?}");
    }
}

#[test]
fn carts_are_those_of_the_log_with_or_without_a_byte_order_mark() {
    let lake = lake();
    let bom = |text: String| [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    let said = run(&lake, "bom.csv", bom(format!("{HEAD}{}", row("a", ""))));
    assert_eq!(told(&lake, &said), (1, 1, vec![]));
    let said = run(&lake, "bom.ndjson", bom(line("a") + &line("b")));
    assert_eq!(told(&lake, &said), (2, 2, vec![]));
    let wide: Vec<u8> = "\u{feff}ts,kind\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    lake.write("wide.csv", wide);
    let done = lake.run(&["ingest", "wide.csv"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("wide.csv") && done.stderr.contains("it is UTF-16"), "{}", done.stderr);
}

#[test]
fn there_are_no_carts_in_nothing() {
    let lake = lake();
    for (name, bytes) in [
        ("empty.csv", &b""[..]),
        ("mark.csv", b"\xef\xbb\xbf"),
        ("blank.csv", b"\n \r\n\n"),
        ("list.json", b"[]\n"),
        ("head.csv", HEAD.as_bytes()),
        ("empty.gz", &packed(b"")),
    ] {
        let said = run(&lake, name, bytes);
        assert_eq!(told(&lake, &said), (0, 0, vec![]), "{name}");
    }
    lake.write("folder.csv/log", format!("{HEAD}{}", row("a", "")));
    let said = lake.json(&["ingest", "folder.csv", "--rebuild"])["ingest"].clone();
    assert_eq!(told(&lake, &said), (1, 1, vec![]), "a folder is a folder, whatever its name");
}

#[test]
fn junk_is_no_log_and_says_so() {
    let lake = lake();
    let junk: Vec<u8> = (0..100_000_u64).map(|at| events::hash::of_bytes(&at.to_le_bytes()).to_le_bytes()[0]).collect();
    lake.write("junk.bin", &junk);
    let done = lake.run(&["ingest", "junk.bin"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("failed to read junk.bin: its head looks like none"), "{}", done.stderr);
    // Behind a good head it is rows like any other.
    let said = run(&lake, "tail.csv", [HEAD.as_bytes(), row("a", "").as_bytes(), &junk].concat());
    let (read, accepted, rejected) = told(&lake, &said);
    assert_eq!((accepted, rejected.len() as u64), (1, read - 1));
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes every byte")
}

#[test]
fn carts_up_to_the_cut_are_kept_wherever_a_packed_log_is_cut() {
    let lake = lake();
    let text: String = HEAD.to_owned() + &(0..2_000).map(|at| row(&format!("v{at}"), "")).collect::<String>();
    let zst = zstd::encode_all(text.as_bytes(), 3).expect("memory");
    for (name, whole) in [("cut.gz", packed(text.as_bytes())), ("cut.zst", zst)] {
        for eighth in 1..8 {
            lake.write("leftcart.toml", "[ingest]\nmax_rejected = 1.0\n");
            lake.write(name, &whole[..whole.len() * eighth / 8]);
            let done = lake.run(&["ingest", name, "--rebuild", "--json", "--quiet"]);
            if done.code == 1 {
                // So little is left that not even the header came out.
                let words = ["its head looks like none", "cut short or damaged before anything of it can be read"];
                assert!(words.iter().any(|words| done.stderr.contains(words)), "{name}: {}", done.stderr);
                continue;
            }
            let said: Value = serde_json::from_str(&done.stdout).expect("JSON");
            let (_, accepted, rejected) = told(&lake, &said["ingest"]);
            assert!(accepted < 2_000, "{name} {eighth}");
            assert!((1..=2).contains(&rejected.len()), "{name} {eighth}: the cut, and the line it runs through");
        }
    }
}

#[test]
fn carts_stand_beside_quotes_that_are_never_closed_and_fields_of_many_lines() {
    let lake = lake();
    let many = format!("\"{}\"", "two\nlines\r\nand \"\"quotes\"\" ".repeat(1_000));
    let rows = [row("a", &many), row("b", "5\" pipe"), row("c", "\"never closed"), row("d", "")];
    let said = run(&lake, "quotes.csv", HEAD.to_owned() + &rows.concat());
    let place = 1 + [HEAD, &rows[0], &rows[1]].map(|text| text.matches('\n').count()).iter().sum::<usize>();
    assert_eq!(told(&lake, &said), (4, 3, vec![unreadable(place as u64)]));
}

#[test]
fn json_ten_thousand_deep_is_a_row_like_any_other() {
    let lake = lake();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    let with = |value: &str| line("b").replacen('{', &format!("{{\"x\":{value},"), 1);
    let text = [line("a"), with(&deep("[", "]")), with(&deep("{\"y\":", "}")), deep("{\"y\":", "}") + "\n"].concat();
    let said = run(&lake, "deep.ndjson", &text);
    assert_eq!(told(&lake, &said), (4, 3, vec![(4, "unreadable timestamp".to_owned())]));
    let settings = "[ingest]\nmax_rejected = 1.0\n[[source]]\nname = \"shop\"\nformat = \"mapping\"\npaths = [\"deep.ndjson\"]\n\
                    [source.columns]\nts = \"ts\"\nkind = \"kind\"\nvisitor_id = \"visitor_id\"\n";
    lake.write("leftcart.toml", settings);
    let said = lake.json(&["ingest", "--rebuild"])["ingest"].clone();
    assert_eq!(said["files"][0]["format"], "mapping");
    assert_eq!(told(&lake, &said), (4, 2, vec![unreadable(3), unreadable(4)]));
}

#[test]
fn nul_bytes_are_bytes() {
    let lake = lake();
    let text = format!("{HEAD}{}{}\n{}", row("a\0b", "\0"), "\0".repeat(1_000), row("c", ""));
    let said = run(&lake, "nul.csv", text);
    assert_eq!(told(&lake, &said), (3, 2, vec![unreadable(3)]));
}
