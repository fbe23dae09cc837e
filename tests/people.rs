//! Customers as people: their stories, the list of whom to write a personal word, and what they say.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use support::lake::Lake;

use crate::lake;

const FAILED: i32 = 1;

/// What happened before: Ann, who spends most, buys on her phone.
const EARLIER: &str =
    "event_id,line,ts,kind,visitor_id,customer_id,session_id,order_id,product_id,product_name,category,\
quantity,unit_price,order_value,currency,device,channel,error_code,error_message,rating,comment
a1,0,2026-01-05T10:00:00Z,add_to_cart,ph-ann,ann,s1,,desk,Desk,Office,1,500.00,,EUR,mobile,email,,,,
a2,0,2026-01-05T10:20:00Z,purchase,ph-ann,ann,s1,A-1,desk,Desk,Office,1,500.00,500.00,EUR,mobile,email,,,,
b1,0,2026-01-06T10:00:00Z,add_to_cart,web-bob,bob,s2,,cup,Cup,Kitchen,1,20.00,,EUR,desktop,direct,,,,
b2,0,2026-01-06T10:05:00Z,purchase,web-bob,bob,s2,B-1,cup,Cup,Kitchen,1,20.00,20.00,EUR,desktop,direct,,,,
";

/// Then she fills a cart on a laptop as a guest, her card is refused twice, she says so, and logs in on the next day.
const LATER: &str =
    "event_id,line,ts,kind,visitor_id,customer_id,session_id,order_id,product_id,product_name,category,\
quantity,unit_price,order_value,currency,device,channel,error_code,error_message,rating,comment
a3,0,2026-02-01T18:00:00Z,page_view,web-ann,,s3,,,,,,,,,desktop,organic search,,,,
a4,0,2026-02-01T18:01:00Z,view_item,web-ann,,s3,,mug,Mug,Kitchen,,30.00,,EUR,desktop,,,,,
a5,0,2026-02-01T18:02:00Z,add_to_cart,web-ann,,s3,,mug,Mug,Kitchen,2,30.00,,EUR,desktop,,,,,
a6,0,2026-02-01T18:03:00Z,begin_checkout,web-ann,,s3,,,,,,,,,desktop,,,,,
a7,0,2026-02-01T18:05:00Z,add_payment_info,web-ann,,s3,,,,,,,,,desktop,,,,,
a8,0,2026-02-01T18:06:00Z,checkout_error,web-ann,,s3,,,,,,,,,desktop,,declined,Your card was refused,,
a9,0,2026-02-01T18:07:00Z,checkout_error,web-ann,,s3,,,,,,,,,desktop,,declined,Your card was refused,,
a10,0,2026-02-01T18:10:00Z,feedback,web-ann,,s3,,,,,,,,,desktop,,,,1,\"=1+1 <b>\"\"why\"\"</b> \u{1b}[2J\"
a11,0,2026-02-02T09:00:00Z,page_view,web-ann,ann,s4,,,,,,,,,desktop,email,,,,
a12,0,2026-02-02T12:00:00Z,contact,,ann,,,,,,,,,,,email,,,,We look into it
e1,0,2026-02-08T00:00:00Z,page_view,eve,,,,,,,,,,,,,,,,
";

/// Nobody is held out, whatever the hash of a name.
const SETTINGS: &str = "[follow_up]\nhold_out = 0\n";

/// A lake of two nights, or of one.
fn shop(nights: bool, settings: &str) -> Lake {
    let lake = lake();
    lake.write("leftcart.toml", settings);
    lake.write("logs/1.csv", EARLIER);
    lake.write("logs/2.csv", LATER);
    if nights {
        drop(lake.json(&["run", "logs/1.csv"]));
    }
    drop(lake.json(&["run", "logs"]));
    lake
}

fn read(lake: &Lake, name: &str) -> String {
    let path = lake.path().join("reports/2026-02-08").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the list, without its header.
fn list(lake: &Lake) -> Vec<Vec<String>> {
    let text = read(lake, "worklist.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn says(lake: &Lake, args: &[&str]) -> String {
    let done = lake.run(args);
    assert_eq!(done.code, 0, "{}", done.stderr);
    done.stdout.replace('\u{a0}', " ")
}

#[test]
fn a_person_s_story_is_told_by_visits_in_plain_sentences_however_the_logs_came() {
    let lake = shop(false, SETTINGS);
    let told = says(&lake, &["customer", "ann"]);
    assert_eq!(told, include_str!("people/ann.txt"));
    assert_eq!(says(&shop(true, SETTINGS), &["customer", "c:ann"]), told, "two nights tell the same");
    assert_eq!(lake.json(&["customer", "ann"])["story"]["devices"], 2);
    assert!(says(&lake, &["customer", "eve"]).starts_with("v:eve\n"), "a visitor is found without v: too");
    let done = lake.run(&["customer", "zoe"]);
    assert_eq!((done.code, done.stdout.as_str()), (FAILED, ""));
    assert!(done.stderr.contains("nobody is known as c:zoe or v:zoe: looked for in the carts and events of"));
}

#[test]
fn a_cart_s_story_ends_with_the_cart_and_what_was_said_of_it() {
    let lake = shop(false, SETTINGS);
    let carts = lake.rows("carts");
    let left = carts.iter().find(|cart| cart["outcome"].as_deref() == Some("abandoned")).expect("a cart was left");
    let id = left["cart_id"].clone().expect("an id");
    let told = says(&lake, &["cart", &id[..8]]);
    assert_eq!(told.replace(&id, "ID"), include_str!("people/cart.txt"));
    assert_eq!(lake.json(&["cart", &id])["items"][0]["product_name"], "Mug");
    let done = lake.run(&["cart", "00000000"]);
    assert_eq!(done.code, FAILED);
    assert!(done.stderr.contains("no cart has an id that begins with 00000000: looked for in the table carts of"));
}

#[test]
fn whoever_was_stopped_by_an_error_is_listed_with_the_reason_in_one_sentence() {
    let lake = shop(false, SETTINGS);
    let rows = list(&lake);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0][1], "c:ann");
    assert_eq!(
        rows[0][3].replace('\u{a0}', " "),
        "Wanted to buy for 60.00 EUR on 1 Feb 2026 and met the error declined twice (“Your card was refused”); \
         one of the top hundredth of customers, with 1 order for 500.00 EUR so far."
    );
    assert_eq!((rows[0][5].as_str(), rows[0][15].as_str()), ("email", "tell_fix"));
    let page = read(&lake, "customers.html");
    assert!(page.contains(&report_name("c:ann")) && !page.contains("c:ann"), "pages have pseudonyms");
    assert!(!page.contains("<b>") && !page.contains('\u{1b}'));
    let summary: Value = serde_json::from_str(&read(&lake, "summary.json")).expect("JSON");
    assert_eq!(summary["analysis"]["follow_up"]["listed"], 1);
    assert!(!read(&lake, "summary.json").contains("c:ann"));
    let open = shop(false, &format!("{SETTINGS}[report]\nshow_customers = true\n"));
    assert!(read(&open, "customers.html").contains("c:ann"));
}

/// What pages show in place of an id, as they show it.
fn report_name(person: &str) -> String {
    report::pseudonym(person)
}

#[test]
fn nobody_is_listed_who_asked_for_silence_was_contacted_enough_came_back_or_is_held_out() {
    let with = |settings: &str, more: &str| {
        let lake = lake();
        lake.write("logs/1.csv", EARLIER);
        lake.write("logs/2.csv", format!("{LATER}{more}"));
        lake.write("people.csv", "customer_id,ts\nann,2026-02-03T10:00:00Z\n");
        lake.write("leftcart.toml", settings);
        drop(lake.json(&["run", "logs"]));
        list(&lake).len()
    };
    let event = |ts: &str, kind: &str, comment: &str| format!("z1,0,{ts},{kind},,ann,,,,,,,,,,,email,,,,{comment}\n");
    assert_eq!(with(SETTINGS, ""), 1);
    assert_eq!(with(SETTINGS, &event("2025-06-01T10:00:00Z", "contact", "Unsubscribe")), 0, "for ever");
    assert_eq!(with(SETTINGS, &event("2026-02-03T10:00:00Z", "contact", "")), 0, "the second contact of the month");
    assert_eq!(with(SETTINGS, &event("2026-02-07T20:00:00Z", "page_view", "")), 0, "still here");
    assert_eq!(with(SETTINGS, &event("2026-02-06T10:00:00Z", "purchase", "")), 0, "bought");
    assert_eq!(with(&format!("{SETTINGS}opt_out = \"people.csv\"\n"), ""), 0);
    assert_eq!(with(&format!("{SETTINGS}contacts = \"people.csv\"\n"), ""), 0);
    assert_eq!(with(&format!("{SETTINGS}min_value = 60.01\n"), ""), 0);
    assert_eq!(with("[follow_up]\nhold_out = 0.5\n", ""), usize::from(!held_out()), "as her name has it");
}

/// Whether half of all persons, when held out, have Ann among them; the table of all nights says so.
fn held_out() -> bool {
    let lake = shop(false, "[follow_up]\nhold_out = 0.5\n");
    let rows = lake.rows("follow_ups");
    assert_eq!(rows.len(), 1, "listed or held out, it is written down");
    rows[0]["held_out"].as_deref() == Some("true")
}

#[test]
fn what_was_listed_on_earlier_nights_is_remembered_as_it_was() {
    let lake = shop(true, SETTINGS);
    let listed = lake.rows("follow_ups");
    assert_eq!(listed.len(), 1);
    let next =
        "z9,0,2026-02-20T10:00:00Z,purchase,web-ann,ann,s9,A-2,mug,Mug,Kitchen,2,30.00,60.00,EUR,desktop,email,,,,\n";
    let header = LATER.lines().next().expect("a header");
    lake.write("logs/3.csv", format!("{header}\n{next}e2,0,2026-02-25T10:00:00Z,page_view,eve,,,,,,,,,,,,,,,,\n"));
    drop(lake.json(&["run", "logs"]));
    assert_eq!(lake.rows("follow_ups"), listed);
    let text = std::fs::read_to_string(lake.path().join("reports/2026-02-25/summary.json")).expect("a summary");
    let summary: Value = serde_json::from_str(&text).expect("JSON");
    let effect = &summary["analysis"]["follow_up"]["effect"];
    assert_eq!((&effect["listed"]["persons"], &effect["listed"]["bought"]), (&1.into(), &1.into()), "{effect}");
    assert_eq!(effect["difference"], Value::Null, "one person says nothing");
}

#[test]
fn a_row_of_customers_is_what_the_logs_say_of_the_person() {
    let lake = shop(false, SETTINGS);
    let rows = lake.rows("customers");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["person_id"].as_deref()).collect();
    assert_eq!(names, ["c:ann", "c:bob"], "who only looks around is no customer yet");
    assert_eq!(shop(true, SETTINGS).rows("customers"), rows, "two nights tell the same");
    let ann = |column: &str| rows[0][column].as_deref().unwrap_or("null").to_owned();
    let found = ["orders", "spend", "recency", "frequency", "segment", "top1"].map(ann);
    assert_eq!(found, ["1", "500.0000", "34", "1", "d1", "true"]);
    let found = ["carts", "purchased", "abandoned", "pending", "lost_value", "errors"].map(ann);
    assert_eq!(found, ["2", "1", "1", "0", "60.0000", "2"]);
    let found = ["favourite_category", "channel_of_choice", "contacts", "ratings", "satisfaction", "visits"].map(ann);
    assert_eq!(found, ["Kitchen", "email", "1", "1", "1", "2"]);
    let found = ["last_contact_channel", "visits_before", "trend", "opted_out"].map(ann);
    assert_eq!(found, ["email", "1", "null", "false"]);
}

#[test]
fn who_is_forgotten_is_on_no_list_and_in_no_report() {
    let lake = shop(true, SETTINGS);
    let said = lake.json(&["forget", "ann"]);
    assert_eq!(said["left"], Value::Array(Vec::new()));
    assert_eq!(said["removed"]["follow_ups"]["rows"], 1);
    assert!(said["removed"]["customers"]["rows"].as_u64() > Some(0));
    assert!(lake.rows("follow_ups").is_empty());
    assert!(!lake.rows("customers").iter().any(|row| row["person_id"].as_deref() == Some("c:ann")));
    let page = read(&lake, "customers.html");
    assert!(!page.contains(&report_name("c:ann")) && list(&lake).is_empty());
    assert_eq!(lake.run(&["customer", "ann"]).code, FAILED);
}

#[test]
fn with_a_key_a_person_is_found_by_the_plain_id_and_shown_without_it() {
    let lake = lake();
    let key = lake.write("leftcart.key", "0f".repeat(32));
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).expect("a file of ours");
    lake.write("opt-out.csv", "customer_id\nann\n");
    lake.write("leftcart.toml", format!("{SETTINGS}[privacy]\nkey_file = \"leftcart.key\"\n"));
    lake.write("logs/1.csv", EARLIER);
    lake.write("logs/2.csv", LATER);
    drop(lake.json(&["run", "logs"]));
    let told = says(&lake, &["customer", "ann"]);
    assert!(told.starts_with("c:p:") && told.contains("Was stopped by the error declined"), "{told}");
    assert!(list(&lake)[0][1].starts_with("c:p:"));
    lake.write(
        "leftcart.toml",
        format!("{SETTINGS}opt_out = \"opt-out.csv\"\n[privacy]\nkey_file = \"leftcart.key\"\n"),
    );
    drop(lake.json(&["report"]));
    assert!(list(&lake).is_empty(), "files have plain ids, too");
}
