//! `[alerts]`: what somebody is told, and where.

use std::path::PathBuf;
use std::time::Duration;

use events::time;
use serde::Deserialize;
use url::Url;

use super::Files;

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlertsTable {
    pub(super) barrier: Option<bool>,
    pub(super) quiet_source: Option<bool>,
    pub(super) rejected: Option<f64>,
    pub(super) tracking_gap: Option<f64>,
    pub(super) forecast: Option<bool>,
    pub(super) drift: Option<f64>,
    pub(super) calibration: Option<f64>,
    pub(super) webhook: Vec<WebhookTable>,
}

/// A `[[alerts.webhook]]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebhookTable {
    name: String,
    url: String,
    format: Option<String>,
    secret_file: Option<PathBuf>,
    timeout: Option<String>,
    tries: Option<u32>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// When alerts are raised.
    pub rules: AlertRules,
    /// Where they are sent.
    pub webhooks: Vec<Webhook>,
}

/// When alerts are raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertRules {
    /// Whether for a barrier in the checkout.
    pub barrier: bool,
    /// Whether for a source that has gone quiet.
    pub quiet_source: bool,
    /// From this share, 0 to 1, of rows on that could not be used.
    pub rejected: f64,
    /// From this share, 0 to 1, of orders without a cart on.
    pub tracking_gap: f64,
    /// Whether for a day that came out far from its forecast.
    pub forecast: bool,
    /// From this population stability index of a feature on; above 0.
    pub drift: f64,
    /// From this distance, 0 to 1, between forecasts and what came on.
    pub calibration: f64,
}

/// Where alerts are sent.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// What people call it.
    pub name: String,
    /// Often a secret itself: it is never shown, its host is.
    pub url: Url,
    /// What it understands.
    pub format: WebhookFormat,
    /// What bodies are signed with, if they are.
    pub secret: Option<Vec<u8>>,
    /// Of one try.
    pub timeout: Duration,
    /// How often it is tried, at least once.
    pub tries: u32,
}

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// `{"text": …}`, as Slack, Mattermost and others take it.
    Slack,
    /// The alerts themselves.
    Json,
}

impl Webhook {
    /// Its name and host, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} ({})", self.name, self.url.host_str().unwrap_or_default())
    }
}

/// A shorter key is guessed.
const LEAST_SECRET: usize = 16;
const MOST_TRIES: u32 = 10;

impl AlertsTable {
    /// # Errors
    /// The key and what is wrong with its value.
    pub(super) fn check(self, files: &dyn Files) -> Result<Alerts, (&'static str, String)> {
        let share = |key: &'static str, share: Option<f64>| {
            let share = share.unwrap_or_default();
            let what = format!("{share} is no share; it must be from 0 to 1");
            if (0.0..=1.0).contains(&share) { Ok(share) } else { Err((key, what)) }
        };
        let index = |key: &'static str, index: Option<f64>| {
            let index = index.unwrap_or_default();
            let what = format!("{index} is no stability index; it must be above 0, such as 0.25");
            if index > 0.0 { Ok(index) } else { Err((key, what)) }
        };
        let rules = AlertRules {
            barrier: self.barrier.unwrap_or_default(),
            quiet_source: self.quiet_source.unwrap_or_default(),
            rejected: share("alerts.rejected", self.rejected)?,
            tracking_gap: share("alerts.tracking_gap", self.tracking_gap)?,
            forecast: self.forecast.unwrap_or_default(),
            drift: index("alerts.drift", self.drift)?,
            calibration: share("alerts.calibration", self.calibration)?,
        };
        let webhooks = self.webhook.into_iter().map(|webhook| webhook.check(files)).collect::<Result<_, _>>();
        Ok(Alerts { rules, webhooks: webhooks.map_err(|what| ("alerts.webhook", what))? })
    }
}

impl WebhookTable {
    fn check(self, files: &dyn Files) -> Result<Webhook, String> {
        if self.name.trim().is_empty() {
            return Err("a webhook needs a `name`, such as \"shop team\"".to_owned());
        }
        let bad = |what: String| format!("`{}`: {what}", self.name);
        let url = Url::parse(&self.url).map_err(|error| bad(format!("`url` is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad("`url` must begin with https:// or http://".to_owned()));
        }
        let format = match self.format.as_deref() {
            Some("slack") => WebhookFormat::Slack,
            None | Some("json") => WebhookFormat::Json,
            Some(other) => return Err(bad(format!("`format` is `{other}`; it must be \"slack\" or \"json\""))),
        };
        let secret = self.secret_file.as_deref().map(|path| {
            let text = files.text(path).map_err(|error| {
                bad(format!("{} cannot be read: {error}; `openssl rand -hex 32 > {0}` makes one", path.display()))
            })?;
            let secret = text.trim().as_bytes().to_vec();
            let what =
                format!("{} is too short for a secret; it must hold {LEAST_SECRET} letters or more", path.display());
            if secret.len() < LEAST_SECRET { Err(bad(what)) } else { Ok(secret) }
        });
        let timeout = self.timeout.as_deref().unwrap_or("10s");
        let micros = time::parse_span(timeout).filter(|span| (time::SECOND..=5 * time::MINUTE).contains(span));
        let micros = micros.ok_or_else(|| bad(format!("`timeout` is `{timeout}`; it must be from 1s to 5m")))?;
        let tries = self.tries.unwrap_or(3);
        if !(1..=MOST_TRIES).contains(&tries) {
            return Err(bad(format!("`tries` is {tries}; it must be from 1 to {MOST_TRIES}")));
        }
        let timeout = Duration::from_micros(micros.unsigned_abs());
        Ok(Webhook { url, format, secret: secret.transpose()?, timeout, tries, name: self.name })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_webhook_is_json_with_three_tries_of_ten_seconds_unless_told_otherwise() {
        let text = "[[alerts.webhook]]\nname = \"team\"\nurl = \"https://example.com/secret\"";
        let webhook = &Config::parse(text, "leftcart.toml").unwrap().alerts.webhooks[0];
        assert_eq!((webhook.format, webhook.tries, webhook.timeout.as_secs()), (WebhookFormat::Json, 3, 10));
        assert_eq!(webhook.shown(), "team (example.com)", "the path of a webhook is a secret");
    }

    #[test]
    fn mistakes_are_named_with_what_to_do() {
        let webhook = |keys: &str| error(&format!("[[alerts.webhook]]\nname = \"team\"\n{keys}"));
        for (message, words) in [
            (error("[alerts]\nrejected = 5"), "alerts.rejected: 5 is no share"),
            (error("[alerts]\ndrift = 0"), "alerts.drift: 0 is no stability index"),
            (error("[alerts]\nforcast = true"), "did you mean `forecast`?"),
            (error("[[alerts.webhook]]\nurl = \"https://a.example\""), "a webhook needs a `name`"),
            (webhook("url = \"example.com\""), "`team`: `url` is no address"),
            (webhook("url = \"ftp://example.com\""), "must begin with https://"),
            (webhook("url = \"https://a.example\"\nformat = \"teams\""), "it must be \"slack\" or \"json\""),
            (webhook("url = \"https://a.example\"\nsecret_file = \"no.key\""), "openssl rand -hex 32"),
            (webhook("url = \"https://a.example\"\ntimeout = \"1h\""), "from 1s to 5m"),
            (webhook("url = \"https://a.example\"\ntries = 0"), "from 1 to 10"),
            (webhook("link = \"https://a.example\""), "unknown field `link`"),
        ] {
            assert!(message.contains(words), "{message}");
        }
    }
}
