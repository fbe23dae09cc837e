//! With a key nobody can be told by his id, and everybody is still followed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use simulate::{Config, Format};
use support::lake::Lake;
use support::table::{self, Row};

use crate::lake;

const USAGE: i32 = 2;
const KEY: &str = "0f";
/// Settings without a key. Whatever share of rows is broken, the run goes on.
const PLAIN: &str = "[ingest]\nmax_rejected = 1.0\n";

/// Writes a file with a key, and settings that name it.
fn with_key(lake: &Lake, pair: &str, visitors: bool) {
    let path = lake.write("leftcart.key", format!("{}\n", pair.repeat(32)));
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a file of ours");
    lake.write("leftcart.toml", format!("{PLAIN}[privacy]\nkey_file = \"leftcart.key\"\nvisitors = {visitors}\n"));
}

/// What the documentation says a pseudonym is.
fn pseudonym(kind: &str, id: &str) -> String {
    let mut text = kind.as_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(id.as_bytes());
    format!("p:{}", &blake3::keyed_hash(&[0x0f; 32], &text).to_hex()[..32])
}

/// Every file below the lake that holds one of these words as they are, packed columns included.
fn holding(lake: &Lake, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![lake.path().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let mut texts = vec![String::from_utf8_lossy(&bytes).into_owned()];
            if path.extension().is_some_and(|extension| extension == "parquet") {
                texts.extend(table::read_file(&path).into_iter().flat_map(Row::into_values).flatten());
            }
            let holds = |word: &&&str| texts.iter().any(|text| text.contains(**word));
            found.extend(words.iter().filter(holds).map(|word| format!("{word} in {}", path.display())));
        }
    }
    found
}

const NATIVE: &str = "event_id,ts,kind,visitor_id,customer_id,product_id,comment\n\
    n1,2026-01-05T10:00:00Z,add_to_cart,dev-1,Ann@Example.com,mug,\n\
    n2,2026-01-05T10:01:00Z,add_to_cart,198.51.100.77,u_4711,mug,\n\
    n3,2026-01-05T10:02:00Z,feedback,dev-1,u_4711,,mail ann@example.com or see 198.51.100.77\n\
    n4,yesterday by u_4711,add_to_cart,dev-1,u_4711,mug,ann@example.com\n";
const SEGMENT: &str = r#"{"type":"track","event":"Product Added","anonymousId":"dev-1","userId":"ann@example.com","messageId":"s1","timestamp":"2026-01-05T11:00:00Z","properties":{"product_id":"mug"},"context":{"ip":"198.51.100.77"}}
{"type":"track","event":"Product Added","anonymousId":"dev-1","userId":"u_4711","messageId":"s2","timestamp":"never","properties":{"product_id":"mug"},"context":{"ip":"198.51.100.77"}}
"#;
const ACCESS: &str = "198.51.100.77 - u_4711 [05/Jan/2026:12:00:00 +0000] \"POST /cart/add?sku=1 HTTP/1.1\" 302 0 \"-\" \"Mozilla/5.0 (Windows NT 10.0)\"\n\
    198.51.100.77 - u_4711 [05/Jan/2026:12:00:00 +0000] \"POST /cart\n";

fn logs(lake: &Lake) {
    for (name, text) in [("logs/a.csv", NATIVE), ("logs/b.ndjson", SEGMENT), ("logs/c.log", ACCESS)] {
        lake.write(name, text);
    }
    lake.write("leftcart.toml", PLAIN);
}

#[test]
fn with_a_key_no_plain_id_is_stored_and_persons_meet_over_all_sources() {
    let lake = lake();
    logs(&lake);
    with_key(&lake, KEY, true);
    let said = lake.json(&["run", "logs"]);
    assert_eq!((&said["ingest"]["accepted"], &said["ingest"]["quarantined"]), (&5.into(), &3.into()), "{said}");
    assert_eq!(holding(&lake, &["u_4711", "xample.com", "198.51.100.77", "dev-1", "email:"]), [""; 0]);
    let rows = lake.rows("events");
    let customer = |id: &str| {
        let row = rows.iter().find(|row| row["event_id"].as_deref() == Some(id)).expect("the row");
        row["customer_id"].clone().expect("a customer")
    };
    assert_eq!(customer("n2"), pseudonym("customer", "u_4711"));
    assert_eq!(customer("n1"), customer("s1"), "one address, in two spellings and sources");
    assert!(rows.iter().any(|row| row["visitor_id"].as_deref() == Some(&pseudonym("visitor", "dev-1"))));
    let feedback = rows.iter().find(|row| row["event_id"].as_deref() == Some("n3")).expect("the row");
    assert_eq!(feedback["comment"].as_deref(), Some("mail (e-mail) or see 198.51.100.0"));
    for row in lake.rows("quarantine") {
        assert_eq!((&row["raw"], &row["raw_bytes"]), (&None, &None));
        let detail = row["detail"].as_deref().expect("a reason");
        assert!(detail.ends_with("; the row is withheld because of [privacy], see the file"), "{detail}");
        assert!(row["file"].is_some() && row["row"].is_some());
    }
    let details = lake.rows("quarantine");
    let shaped =
        details.iter().any(|row| row["detail"].as_deref().is_some_and(|text| text.starts_with("aaaaaaaaa aa a_9999;")));
    assert!(shaped, "{details:?}");
}

#[test]
fn without_visitors_only_ids_made_of_addresses_are_hidden_beside_customers() {
    let lake = lake();
    logs(&lake);
    with_key(&lake, KEY, false);
    drop(lake.json(&["run", "logs"]));
    assert_eq!(holding(&lake, &["u_4711", "xample.com", "198.51.100.77", "email:"]), [""; 0]);
    let visitors: Vec<String> =
        lake.rows("events").into_iter().filter_map(|mut row| row.remove("visitor_id")?).collect();
    assert_eq!(visitors.iter().filter(|id| *id == "dev-1").count(), 3);
    assert_eq!(visitors.iter().filter(|id| id.starts_with("p:net:")).count(), 2, "{visitors:?}");
}

#[test]
fn without_a_key_addresses_of_clients_are_cut_before_anything_is_stored() {
    let lake = lake();
    logs(&lake);
    drop(lake.json(&["run", "logs"]));
    assert_eq!(holding(&lake, &["198.51.100.77"]), [""; 0]);
    let raw: Vec<String> = lake.rows("quarantine").into_iter().filter_map(|mut row| row.remove("raw")?).collect();
    assert_eq!(raw.len(), 3);
    assert!(
        raw.iter().any(|raw| raw.contains(r#""userId":"u_4711""#) && raw.contains(r#""ip":"198.51.100.0""#)),
        "{raw:?}"
    );
    assert!(raw.iter().any(|raw| raw.starts_with("198.51.100.0 - u_4711")), "{raw:?}");
}

#[test]
fn carts_under_pseudonyms_are_the_carts_of_the_same_people_every_night() {
    let lake = lake();
    let config = Config { days: 8, carts_per_day: 20, duplicates: 0.03, late: 0.05, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    let plain = lake.json(&["run", "logs", "--data", "plain"]);
    with_key(&lake, KEY, true);
    let hidden = lake.json(&["run", "logs"]);
    assert_eq!(hidden["analysis"]["headlines"], plain["analysis"]["headlines"]);
    assert_eq!(hidden["ingest"]["duplicates"], plain["ingest"]["duplicates"]);
    let events = lake.rows("events");

    let mut files: Vec<String> = std::fs::read_dir(lake.path().join("logs"))
        .expect("logs")
        .filter_map(|entry| {
            let path = entry.expect("a file").path();
            path.is_file().then(|| path.display().to_string())
        })
        .collect();
    files.sort();
    for night in files.chunks(3) {
        let mut args = vec!["run", "--data", "nights", "--source", "logs"];
        args.extend(night.iter().map(String::as_str));
        drop(lake.json(&args));
    }
    let nights = table::read(&lake.path().join("nights/current/events"));
    table::assert_same("three nights", &nights, &events, &["event_id", "line"]);
}

#[test]
fn a_lake_is_not_gone_on_with_under_another_key() {
    let lake = lake();
    logs(&lake);
    drop(lake.json(&["run", "logs"]));
    with_key(&lake, KEY, false);
    let refused = |words: &[&str]| {
        for args in [&["run", "logs", "--quiet"][..], &["analyze", "--quiet"], &["check", "logs"]] {
            let done = lake.run(args);
            assert_eq!(done.code, USAGE, "{args:?}: {}", done.stderr);
            for word in words.iter().chain(&["--rebuild"]) {
                assert!(done.stderr.contains(word), "{word} in {}", done.stderr);
            }
            assert!(!done.stderr.contains("0f0f") && !done.stderr.contains("a1a1"), "the key stays secret");
        }
    };
    refused(&["the ids in data are plain", "remove privacy.key_file"]);
    drop(lake.json(&["run", "logs", "--rebuild"]));
    drop(lake.json(&["analyze"]));
    with_key(&lake, KEY, true);
    refused(&["privacy.visitors = false; set it back"]);
    with_key(&lake, "a1", false);
    refused(&["give the old key back", "leftcart.key"]);
    lake.write("leftcart.toml", PLAIN);
    refused(&["give its file in privacy.key_file"]);
    with_key(&lake, KEY, false);
    drop(lake.json(&["run", "logs"]));

    let path = lake.path().join("leftcart.key");
    std::fs::set_permissions(path, Permissions::from_mode(0o644)).expect("a file of ours");
    let done = lake.run(&["run", "logs"]);
    assert_eq!(done.code, USAGE);
    assert!(done.stderr.contains("leftcart.toml: privacy.key_file: leftcart.key") && done.stderr.contains("chmod 600"));
}
