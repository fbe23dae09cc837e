//! Alerts on their way to webhooks: a few tries within a time limit, and never the reason that a run fails.

use std::fmt::Write as _;
use std::time::Duration;

use analysis::Alert;
use analysis::alerts::Status;
use anyhow::{Context, Result, bail};
use reqwest::{Client, StatusCode, redirect};
use ring::hmac;
use serde_json::{Value, json};

use crate::config::{Webhook, WebhookFormat};

/// Before the second try; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Letters of a sentence that a chat is sent at most.
const LONGEST: usize = 1_000;

/// What is told besides the alerts.
pub(crate) struct Night<'a> {
    /// The day of the report.
    pub(crate) date: &'a str,
    pub(crate) as_of: &'a str,
    pub(crate) generation: &'a str,
    /// The run's clock, microseconds since 1970.
    pub(crate) clock: i64,
}

/// Sends these alerts to a webhook; returns after how many tries that succeeded.
///
/// # Errors
/// When it was refused, or not delivered with the last try.
pub(crate) fn send(webhook: &Webhook, night: &Night<'_>, alerts: &[&Alert]) -> Result<u32> {
    let body = match webhook.format {
        WebhookFormat::Slack => json!({ "text": text(night, alerts) }),
        WebhookFormat::Json => payload(night, alerts),
    };
    let body = body.to_string();
    let timestamp = night.clock.div_euclid(events::time::SECOND).to_string();
    let signature = webhook.secret.as_deref().map(|secret| sign(secret, &timestamp, &body));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("failed to start")?;
    runtime.block_on(async {
        let client = Client::builder().timeout(webhook.timeout).redirect(redirect::Policy::none()).build()?;
        let mut pause = FIRST_PAUSE;
        let mut tried = 1;
        loop {
            let mut request = client
                .post(webhook.url.clone())
                .header("content-type", "application/json")
                .header("user-agent", concat!("leftcart/", env!("CARGO_PKG_VERSION")))
                .header("x-leftcart-timestamp", &timestamp);
            if let Some(signature) = &signature {
                request = request.header("x-leftcart-signature", signature);
            }
            let problem = match request.body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(tried),
                Ok(answer) if !is_passing(answer.status()) => bail!("it was refused: {}", answer.status()),
                Ok(answer) => answer.status().to_string(),
                // The address is a secret of many webhooks.
                Err(error) => error.without_url().to_string(),
            };
            if tried == webhook.tries {
                bail!("{problem}, {tried} times");
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tried += 1;
        }
    })
}

/// Whether another try may fare better.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// The alerts for machines.
pub(crate) fn payload(night: &Night<'_>, alerts: &[&Alert]) -> Value {
    json!({ "night": night.date, "as_of": night.as_of, "generation": night.generation, "alerts": alerts })
}

/// The alerts for people: a line each.
fn text(night: &Night<'_>, alerts: &[&Alert]) -> String {
    let mut text = format!("leftcart, night of {}:", night.date);
    for alert in alerts {
        let sign = match alert.status {
            Status::Resolved => "resolved",
            Status::New | Status::Open => alert.severity.name(),
        };
        let _ = write!(text, "\n• [{sign}] {}", plain(&alert.what));
    }
    text
}

/// Words from logs without what a chat would take for markup: links, mentions and formats.
fn plain(text: &str) -> String {
    let visible = text.chars().filter(|letter| !letter.is_control()).take(LONGEST);
    visible.fold(String::new(), |mut plain, letter| {
        match letter {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '*' | '_' | '~' | '`' | '@' => plain.extend(['\u{200b}', letter]),
            letter => plain.push(letter),
        }
        plain
    })
}

fn sign(secret: &[u8], timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    signature.as_ref().iter().fold("sha256=".to_owned(), |mut signature, byte| {
        let _ = write!(signature, "{byte:02x}");
        signature
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_of_timestamp_and_body() {
        // printf '1.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(
            sign(b"0123456789abcdef", "1", "{}"),
            "sha256=2af693cb56b22c16912222aeefdc75a01de562bf70ee2015f41ecea48382997f"
        );
    }

    #[test]
    fn a_chat_is_sent_words_and_no_markup() {
        assert_eq!(plain("<!channel> & *b*"), "&lt;!channel&gt; &amp; \u{200b}*b\u{200b}*");
    }
}
