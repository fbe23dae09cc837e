use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ring::hmac;
use serde_json::Value;
use support::lake::Lake;

use crate::lake;

const SECRET: &str = "a secret of enough letters";

/// What a server was sent.
struct Sent {
    headers: Vec<(String, String)>,
    body: String,
}

impl Sent {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A server that answers with these in turn, the last one again and again; a blank one never answers.
fn server(answers: &'static [&'static str]) -> (String, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/hook/t0ken", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for (at, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let sent = read(&stream);
            let answer = answers[at.min(answers.len() - 1)];
            if answer.is_empty() {
                kept.push(stream);
            } else {
                let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
            if sender.send(sent).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

fn read(stream: &TcpStream) -> Sent {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").expect("a length").1.parse().expect("bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    Sent { headers, body: String::from_utf8(body).expect("UTF-8") }
}

/// A log of a day with so many good rows, and so many that nobody can read.
fn log(lake: &Lake, day: u32, good: usize, bad: usize) -> String {
    let good = (0..good).map(|row| {
        let (minute, second) = (row / 60, row % 60);
        format!("2026-01-{day:02}T10:{minute:02}:{second:02}Z,add_to_cart,v{row},mug,e{day}-{row}")
    });
    let bad = (0..bad).map(|row| format!("yesterday,add_to_cart,v{row},mug,b{day}-{row}"));
    let rows: Vec<String> =
        ["ts,kind,visitor_id,product_id,event_id".to_owned()].into_iter().chain(good).chain(bad).collect();
    let name = format!("{day:02}.csv");
    lake.write(&name, rows.join("\n"));
    name
}

fn settings(lake: &Lake, webhook: &str) {
    lake.write("hook.key", format!("{SECRET}\n"));
    lake.write("leftcart.toml", format!("[[alerts.webhook]]\nname = \"team\"\n{webhook}\n"));
}

fn next(receiver: &Receiver<Sent>) -> Option<Sent> {
    receiver.recv_timeout(Duration::from_secs(5)).ok()
}

fn statuses(lake: &Lake, night: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(lake.path().join("reports").join(night).join("alerts.json")).expect("a file");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let word = |alert: &Value, name: &str| alert[name].as_str().expect("a word").to_owned();
    let alerts = told["alerts"].as_array().expect("alerts");
    alerts.iter().map(|alert| (word(alert, "rule"), word(alert, "status"))).collect()
}

#[test]
fn an_alert_is_told_once_when_it_comes_and_once_when_it_goes() {
    let (address, told) = server(&["200 OK"]);
    let lake = lake();
    settings(&lake, &format!("url = \"{address}\"\nsecret_file = \"hook.key\""));
    let [first, second, third, fourth] = [(5, 10), (6, 10), (7, 0), (8, 0)].map(|(day, bad)| log(&lake, day, 190, bad));
    for (night, expected) in [(&first, Some("new")), (&second, None), (&third, Some("resolved")), (&fourth, None)] {
        drop(lake.json(&["run", night]));
        let sent = next_if(&told, expected.is_some());
        assert_eq!(sent.is_some(), expected.is_some(), "{night}");
        let (Some(sent), Some(status)) = (sent, expected) else { continue };
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signed = format!("{}.{}", sent.header("x-leftcart-timestamp"), sent.body);
        let signature = sent.header("x-leftcart-signature").strip_prefix("sha256=").expect("how it was signed");
        let signature: Vec<u8> = (0..signature.len() / 2)
            .map(|at| u8::from_str_radix(&signature[2 * at..2 * at + 2], 16).expect("hexadecimal"))
            .collect();
        hmac::verify(&key, signed.as_bytes(), &signature).expect("signed with the secret");
        let body: Value = serde_json::from_str(&sent.body).expect("JSON");
        assert_eq!(body["alerts"][0]["rule"], "rejected");
        assert_eq!(body["alerts"][0]["status"], status);
    }
    let rejected = |status: &str| vec![("rejected".to_owned(), status.to_owned())];
    let nights = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"].map(|night| statuses(&lake, night));
    assert_eq!(nights, [rejected("new"), rejected("open"), rejected("resolved"), Vec::new()]);
}

/// Waits for what must come; gives what must not come a moment.
fn next_if(receiver: &Receiver<Sent>, must: bool) -> Option<Sent> {
    if must { next(receiver) } else { receiver.recv_timeout(Duration::from_millis(300)).ok() }
}

#[test]
fn a_chat_is_sent_a_sentence() {
    let (address, told) = server(&["200 OK"]);
    let lake = lake();
    settings(&lake, &format!("url = \"{address}\"\nformat = \"slack\""));
    let night = log(&lake, 5, 190, 10);
    drop(lake.json(&["run", &night]));
    let body: Value = serde_json::from_str(&next(&told).expect("a message").body).expect("JSON");
    let text = body["text"].as_str().expect("words");
    assert!(text.contains("10 of 200 rows read tonight could not be used (5.0 %)"), "{text}");
}

#[test]
fn a_webhook_that_fails_is_tried_again_and_never_fails_the_run() {
    for (answers, tries, told_as) in [
        (&["500 Oops", "200 OK"][..], 2, "told to team (127.0.0.1) with try 2"),
        (&["503 Busy"], 2, "was not told of 1 alert: 503 Service Unavailable, 2 times"),
        (&["404 Gone"], 1, "was not told of 1 alert: it was refused: 404 Not Found"),
        (&[""], 2, "was not told of 1 alert"),
    ] {
        let (address, told) = server(answers);
        let lake = lake();
        settings(&lake, &format!("url = \"{address}\"\ntries = 2\ntimeout = \"1s\""));
        let night = log(&lake, 5, 190, 10);
        let done = lake.run(&["run", &night]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(done.stderr.contains(told_as), "{}", done.stderr);
        assert!(!done.stderr.contains("t0ken"), "the address of a webhook is a secret: {}", done.stderr);
        for _ in 0..tries {
            assert!(next(&told).is_some(), "{answers:?}");
        }
        assert!(next_if(&told, false).is_none(), "{answers:?}");
        assert!(lake.path().join("reports/2026-01-05/index.html").is_file());
    }
}

#[test]
fn a_batch_can_fail_on_alerts_and_leave_figures_for_prometheus() {
    let lake = lake();
    let night = log(&lake, 5, 190, 10);
    let done = lake.run(&["run", &night, "--fail-on-alert", "--metrics", "leftcart.prom"]);
    assert_eq!(done.code, 3, "{}", done.stderr);
    assert!(done.stdout.contains("alert (medium, new): 10 of 200 rows"), "{}", done.stdout);
    let metrics = std::fs::read_to_string(lake.path().join("leftcart.prom")).expect("metrics");
    for line in [
        "leftcart_rows{result=\"accepted\"} 190",
        "leftcart_rows{result=\"quarantined\"} 10",
        "leftcart_alerts{severity=\"medium\"} 1",
        "leftcart_table_rows{table=\"events\"} 190",
        "# TYPE leftcart_last_success_timestamp_seconds gauge",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}\n{metrics}");
    }
    let calm = lake.run(&["analyze", "--fail-on-alert"]);
    assert_eq!(calm.code, 0, "{}", calm.stderr);
}
