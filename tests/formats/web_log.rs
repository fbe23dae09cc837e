//! A shop's access log through a map of routes: carts, purchases and failed purchases, held against a plain reading of
//! the same lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use support::lake::Lake;
use support::tools;

use crate::lake;

/// `cart.do?action=…` for everything; the session's id stands in the query, the answer's time at the end.
const CONFIG: &str = r#"
[ingest]
max_rejected = 1.0
[[source]]
name = "shop"
format = "access-log"
paths = ["access.log"]
hosts = ["buttercupgames.com"]
latency = "ms"
visitor = "query:JSESSIONID"
session = "query:JSESSIONID"
[[source.route]]
path = '^/cart\.do$'
query = { action = "addtocart" }
status = "2xx"
kind = "add_to_cart"
product = "query:productId"
[[source.route]]
path = '^/cart\.do$'
query = { action = "remove" }
status = "2xx"
kind = "remove_from_cart"
product = "query:productId"
[[source.route]]
path = '^/cart\.do$'
query = { action = "purchase" }
status = "2xx"
kind = "purchase"
"#;

/// What a line says, by cutting it at blanks and quotes: moment, session, action, status.
fn plain(line: &str) -> Option<(String, &str, &str, u16)> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let moment = line.split(['[', ']']).nth(1)?;
    let month = MONTHS.iter().position(|name| moment.contains(name))?;
    // Day and clock have two digits each, so that text sorts as time does.
    let sortable = format!("{}{month:02}{}{}", &moment[7..11], &moment[..2], &moment[12..]);
    let quoted: Vec<&str> = line.split('"').collect();
    let target = quoted[1].split(' ').nth(1)?;
    let (path, query) = target.split_once('?')?;
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let action = if path == "/cart.do" { parameter("action")? } else { "" };
    Some((sortable, parameter("JSESSIONID")?, action, quoted[2].trim().split(' ').next()?.parse().ok()?))
}

/// Runs over the log and holds what comes out against a count of its lines.
fn assert_counted(lake: &Lake, log: &str) {
    lake.write("leftcart.toml", CONFIG);
    lake.write("access.log", log);
    let said = lake.json(&["run"]);
    assert_eq!(said["ingest"]["quarantined"], 0, "{said}");
    // Lines that are the same twice are one request told twice.
    let lines: BTreeSet<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(said["ingest"]["accepted"], lines.len());
    let read: Vec<_> = lines.iter().filter_map(|line| plain(line)).collect();
    let events = lake.rows("events");
    let count = |kind: &str| events.iter().filter(|row| row["kind"].as_deref() == Some(kind)).count();
    let asked = |action: &str, good: bool| {
        read.iter().filter(|(_, _, asked, status)| *asked == action && (*status < 300) == good).count()
    };
    for (kind, action) in [("add_to_cart", "addtocart"), ("remove_from_cart", "remove"), ("purchase", "purchase")] {
        assert_eq!(count(kind), asked(action, true), "{kind}");
        assert!(count(kind) > 0, "{kind}");
    }
    assert_eq!(count("checkout_error"), asked("purchase", false), "failed purchases, and nothing else");
    assert!(count("checkout_error") > 0);
    for row in events.iter().filter(|row| row["kind"].as_deref() == Some("checkout_error")) {
        let status = row["http_status"].as_deref().expect("a status");
        assert_eq!(row["error_code"], Some(format!("HTTP {status}")));
    }

    // What programs ask for makes no carts.
    let programs: BTreeSet<&str> =
        events.iter().filter(|row| row["bot"].is_some()).filter_map(|row| row["visitor_id"].as_deref()).collect();
    let mut wanted: BTreeMap<&str, Session> = BTreeMap::new();
    let mut requests: Vec<(&str, &str, u8, bool)> = Vec::new();
    for (moment, session, action, status) in &read {
        // Of one second: first what is put in, last what is bought, failures before it.
        let rank = match (*action, *status < 300) {
            ("addtocart", true) => 0,
            ("purchase", good) => 1 + u8::from(good),
            _ => continue,
        };
        if !programs.contains(session) {
            requests.push((session, moment, rank, rank == 1));
        }
    }
    requests.sort_unstable();
    for (session, _, rank, failed) in requests {
        let of_session = wanted.entry(session).or_default();
        match (rank, failed) {
            (0, _) => of_session.open(),
            (_, true) => of_session.fail(),
            _ => of_session.close(),
        }
    }
    let mut found: BTreeMap<String, Session> = BTreeMap::new();
    for cart in lake.rows("carts") {
        let text = |column: &str| cart[column].clone().unwrap_or_default();
        let of_session = found.entry(text("visitor_id")).or_default();
        of_session.carts += 1;
        of_session.failures += text("errors").parse::<u64>().expect("a number");
        of_session.bought += u64::from(text("state") == "purchased");
    }
    let of_carts = |errors: &Session| (errors.carts, errors.bought, errors.failures);
    let wanted: BTreeMap<String, (u64, u64, u64)> = wanted
        .iter()
        .filter(|(_, errors)| errors.carts > 0)
        .map(|(session, errors)| ((*session).to_owned(), of_carts(errors)))
        .collect();
    assert!(wanted.values().any(|(_, _, errors)| *errors > 0), "some carts have failed purchases");
    let found: BTreeMap<String, (u64, u64, u64)> =
        found.into_iter().map(|(session, errors)| (session, of_carts(&errors))).collect();
    assert_eq!(found, wanted, "carts, those bought, and failed purchases, by session");
}

/// A session's carts, and the failed purchases while one was open.
#[derive(Default)]
struct Session {
    carts: u64,
    bought: u64,
    failures: u64,
    is_open: bool,
}

impl Session {
    fn open(&mut self) {
        self.carts += u64::from(!self.is_open);
        self.is_open = true;
    }

    fn fail(&mut self) {
        self.failures += u64::from(self.is_open);
    }

    fn close(&mut self) {
        self.bought += u64::from(self.is_open);
        self.is_open = false;
    }
}

/// A log of that shape: sessions of a few requests, by numbers that repeat nothing for long.
fn generated() -> String {
    let mut lines = String::new();
    let mut request = |session: usize, second: usize, path: &str, status: u16| {
        let and = if path.contains('?') { '&' } else { '?' };
        let clock = format!("{:02}:{:02}:{:02}", 8 + session % 12, second / 60, second % 60);
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
        writeln!(
            lines,
            "203.0.113.{} - - [{:02}/Feb/2026:{clock}] \"POST {path}{and}JSESSIONID=SD{session} HTTP 1.1\" {status} 512 \
             \"http://www.buttercupgames.com\" \"{agent}\" {}",
            session % 250,
            1 + session % 20,
            100 + session,
        )
        .expect("memory");
    };
    for session in 0..200 {
        request(session, 1, "/product.screen?productId=A", 200);
        if session % 3 > 0 {
            request(
                session,
                5,
                "/cart.do?action=addtocart&itemId=1&productId=A",
                if session % 7 == 0 { 503 } else { 200 },
            );
        }
        if session % 5 == 0 {
            request(session, 9, "/cart.do?action=remove&itemId=1&productId=A", 200);
        }
        if session % 4 == 0 {
            request(session, 12, "/cart.do?action=purchase&itemId=1", 503);
        }
        if session % 8 < 5 {
            // At times in the very second of the failure.
            request(
                session,
                12 + session % 2,
                "/cart.do?action=purchase&itemId=1",
                if session % 11 == 0 { 408 } else { 200 },
            );
        }
        request(session, 30, "/cart/success.do", 200);
    }
    lines
}

#[test]
fn carts_and_failed_purchases_of_a_web_log_are_those_of_a_plain_count() {
    assert_counted(&lake(), &generated());
}

#[test]
fn carts_and_failed_purchases_of_a_real_web_log_are_those_of_a_plain_count() {
    let Some(log) = tools::real_data("access_log/access.log") else { return };
    assert_counted(&lake(), &std::fs::read_to_string(log).expect("the log"));
}
