//! leftcart.toml: read over the defaults, which are a real file that the same parser reads, with the environment over
//! both. What a stage takes is handed on by `cli`.

mod alerts;
mod bots;
mod files;
mod follow_up;
mod origin;
mod privacy;
mod segment;
mod source;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use carts::Rules;
use chrono_tz::Tz;
use events::money::Rates;
use events::time;
use ingest::{Door, Future};
use serde::Deserialize;
use serde_json::Value;

use self::alerts::AlertsTable;
pub use self::alerts::{AlertRules, Alerts, Webhook, WebhookFormat};
pub use self::bots::Bots;
use self::bots::BotsTable;
pub use self::files::{Disk, Files};
pub use self::follow_up::{Contacting, FollowUp, KNOWN_DAYS, LoggedContact};
use self::follow_up::{FollowUpTable, ReportTable};
use self::origin::Origins;
pub use self::origin::{Origin, Setting, Variables};
pub use self::privacy::Privacy;
use self::privacy::PrivacyTable;
use self::segment::SegmentTable;
pub use self::segment::{SegmentRule, TAKEN};
pub use self::source::Source;
use self::source::SourceTable;

/// The file that is read if it is there and no other is given.
pub const FILE: &str = "leftcart.toml";
/// Every setting with its default and what it means.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// The values of `ingest.future`.
const QUARANTINE: &str = "quarantine";
const CLAMP: &str = "clamp";

/// A setting that cannot be used; says where and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shop's time zone.
    pub zone: Tz,
    /// The base currency and its rates.
    pub rates: Rates,
    /// A cart not bought within this span is abandoned, microseconds.
    pub window: i64,
    /// A cart without events for longer than this is over, microseconds.
    pub expiry: i64,
    /// Share of unreadable rows, 0 to 1, above which nothing is published.
    pub max_rejected: f64,
    /// Bytes of rows that may wait in memory.
    pub memory: usize,
    /// What becomes of rows from the future.
    pub future: Future,
    /// Nights that are kept, at least 1.
    pub keep_generations: usize,
    /// Who is a program, and whether programs make carts.
    pub bots: Bots,
    /// How persons are hidden.
    pub privacy: Privacy,
    /// What somebody is told, and where.
    pub alerts: Alerts,
    /// Whom to write, and how pages name persons.
    pub follow_up: FollowUp,
    /// Where logs lie, in the order of the file.
    pub sources: Vec<Source>,
    /// The shop's own segments, in the order of the file.
    pub segments: Vec<SegmentRule>,
    origins: Origins,
}

/// The file's shape; what it leaves out is taken from the defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    shop: Shop,
    money: Money,
    cart: Cart,
    ingest: Ingest,
    bots: BotsTable,
    privacy: PrivacyTable,
    alerts: AlertsTable,
    follow_up: FollowUpTable,
    report: ReportTable,
    data: Data,
    segment: Vec<SegmentTable>,
    source: Vec<SourceTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Shop {
    time_zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Money {
    base: Option<String>,
    rates: Option<BTreeMap<String, Number>>,
}

/// A number as written, so that 0.85 is 0.85.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Decimal(f64),
    Text(String),
}

impl Number {
    fn text(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Cart {
    window: Option<String>,
    expiry: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ingest {
    max_rejected: Option<f64>,
    memory_mb: Option<usize>,
    future: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Data {
    keep_generations: Option<usize>,
}

impl Config {
    /// The settings of this file; of leftcart.toml here, if no file is given and it is there; else the defaults. What
    /// the environment says counts instead.
    ///
    /// # Errors
    /// When the file, or another one that it names, cannot be read, or a setting cannot be used.
    pub fn load(given: Option<&Path>) -> Result<Self, ConfigError> {
        let path = given.map_or_else(|| PathBuf::from(FILE), Path::to_path_buf);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if given.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError(format!("failed to read {}: {error}", path.display()))),
        };
        Self::resolve(&text, &path.display().to_string(), &origin::variables(std::env::vars_os()), &Disk)
    }

    /// The settings of a file alone.
    #[cfg(test)]
    fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        Self::resolve(text, name, &Variables::new(), &Disk)
    }

    /// The settings of a file's text and of these variables. `name` is what messages call the file.
    ///
    /// # Errors
    /// When a setting cannot be used, or a file that it names.
    pub fn resolve(text: &str, name: &str, variables: &Variables, files: &dyn Files) -> Result<Self, ConfigError> {
        let mut file = read(DEFAULTS, "the defaults")?;
        let given = read(text, name)?;
        overlay(&mut file, given);
        let mut origins = Origins::of_file(text, name);
        origins.overlay(&mut file, variables)?;
        let bad = |key: &str, what: String| ConfigError(format!("{}: {what}", origins.blame(key, name)));
        let zone_name = file.shop.time_zone.unwrap_or_default();
        let zone: Tz = zone_name.parse().map_err(|_| {
            bad("shop.time_zone", format!("`{zone_name}` is no IANA time zone, such as Europe/Berlin or UTC"))
        })?;
        let rate_texts: BTreeMap<String, String> = file
            .money
            .rates
            .unwrap_or_default()
            .into_iter()
            .map(|(currency, number)| (currency, number.text()))
            .collect();
        let base = file.money.base.unwrap_or_default();
        Rates::new(&base, []).map_err(|error| bad("money.base", error.to_string()))?;
        let rates = Rates::new(&base, rate_texts.iter().map(|(currency, rate)| (currency.as_str(), rate.as_str())))
            .map_err(|error| bad("money.rates", error.to_string()))?;
        let span = |key: &str, text: Option<String>| {
            let text = text.unwrap_or_default();
            time::parse_span(&text).ok_or_else(|| {
                bad(key, format!("`{text}` is no span; write a whole number and d, h, m or s, such as 3d"))
            })
        };
        let window = span("cart.window", file.cart.window)?;
        let expiry = span("cart.expiry", file.cart.expiry)?;
        let max_rejected = file.ingest.max_rejected.unwrap_or_default();
        if !(0.0..=1.0).contains(&max_rejected) {
            return Err(bad("ingest.max_rejected", format!("{max_rejected} is no share; it must be from 0 to 1")));
        }
        let memory_mb = file.ingest.memory_mb.unwrap_or_default();
        if !(16..=1_048_576).contains(&memory_mb) {
            return Err(bad("ingest.memory_mb", format!("{memory_mb} is out of range; it must be from 16 to 1048576")));
        }
        let future = match file.ingest.future.as_deref().unwrap_or_default() {
            QUARANTINE => Future::Quarantine,
            CLAMP => Future::Clamp,
            other => {
                return Err(bad("ingest.future", format!("`{other}` is neither \"{QUARANTINE}\" nor \"{CLAMP}\"")));
            }
        };
        let keep_generations = file.data.keep_generations.unwrap_or_default();
        if keep_generations == 0 {
            return Err(bad("data.keep_generations", "0 would keep nothing; it must be at least 1".to_owned()));
        }
        let bots = file.bots.check(files).map_err(|(key, what)| bad(key, what))?;
        let privacy = file.privacy.check(files).map_err(|(key, what)| bad(key, what))?;
        let alerts = file.alerts.check(files).map_err(|(key, what)| bad(key, what))?;
        let segments = segment::check(file.segment, name)?;
        let door = Door { privacy: privacy.door(), ..Door::default() };
        let follow_up = file.follow_up.check(&file.report, &door, files).map_err(|(key, what)| bad(key, what))?;
        let sources = file.source.into_iter().map(|source| source.check(name)).collect::<Result<_, _>>()?;
        let memory = memory_mb << 20;
        Ok(Self {
            zone,
            rates,
            window,
            expiry,
            max_rejected,
            memory,
            future,
            keep_generations,
            bots,
            privacy,
            alerts,
            follow_up,
            sources,
            segments,
            origins,
        })
    }

    /// Every setting that counts, in the order of the file, with where it comes from.
    #[must_use]
    pub fn effective(&self) -> Vec<Setting> {
        let rules = &self.bots.rules;
        let (alerts, contacting) = (&self.alerts.rules, &self.follow_up.rules);
        let values: [(&str, Value); 36] = [
            ("shop.time_zone", self.zone.name().into()),
            ("money.base", self.rates.base().into()),
            ("money.rates", self.rates.to_string().into()),
            ("cart.window", time::format_span(self.window).into()),
            ("cart.expiry", time::format_span(self.expiry).into()),
            ("ingest.max_rejected", self.max_rejected.into()),
            ("ingest.memory_mb", (self.memory >> 20).into()),
            ("ingest.future", self.future().into()),
            ("bots.exclude", self.bots.exclude.into()),
            (
                "bots.user_agents",
                if self.bots.list.is_empty() { "built in".into() } else { self.bots.list.clone().into() },
            ),
            ("bots.adds_per_minute", rules.adds_per_minute.into()),
            ("bots.adds_without_views", rules.adds_without_views.into()),
            ("bots.regular_adds", rules.regular_adds.into()),
            ("bots.adds_per_day", rules.adds_per_day.into()),
            ("privacy.key_file", self.privacy.key_file.display().to_string().into()),
            ("privacy.visitors", self.privacy.visitors.into()),
            ("alerts.barrier", alerts.barrier.into()),
            ("alerts.quiet_source", alerts.quiet_source.into()),
            ("alerts.rejected", alerts.rejected.into()),
            ("alerts.tracking_gap", alerts.tracking_gap.into()),
            ("alerts.forecast", alerts.forecast.into()),
            ("alerts.drift", alerts.drift.into()),
            ("alerts.calibration", alerts.calibration.into()),
            ("follow_up.segments", contacting.segments.join(", ").into()),
            ("follow_up.within", time::format_span(contacting.within).into()),
            ("follow_up.quiet", time::format_span(contacting.quiet).into()),
            ("follow_up.max_contacts", contacting.max_contacts.into()),
            ("follow_up.per", time::format_span(contacting.per).into()),
            ("follow_up.hold_out", contacting.hold_out.into()),
            ("follow_up.min_value", contacting.min_value.to_f64().into()),
            ("follow_up.rows", contacting.rows.into()),
            ("follow_up.channels", contacting.channels.join(", ").into()),
            ("follow_up.opt_out", self.follow_up.opt_out.display().to_string().into()),
            ("follow_up.contacts", self.follow_up.contacts.display().to_string().into()),
            ("report.show_customers", self.follow_up.show_customers.into()),
            ("data.keep_generations", self.keep_generations.into()),
        ];
        let plain = values.map(|(name, value)| Setting { name: name.to_owned(), value, origin: self.origins.of(name) });
        let sources = self.sources.iter().enumerate().map(|(at, source)| Setting {
            name: format!("source.{}", source.name),
            value: source.paths.join(", ").into(),
            origin: self.origins.of(&format!("source[{at}]")),
        });
        let webhooks = self.alerts.webhooks.iter().map(|webhook| Setting {
            name: format!("alerts.webhook.{}", webhook.name),
            value: webhook.shown().into(),
            origin: self.origins.of("alerts.webhook"),
        });
        let segments = self.segments.iter().enumerate().map(|(at, rule)| Setting {
            name: format!("segment.{}", rule.name),
            value: segment::in_words(std::slice::from_ref(rule)).into(),
            origin: self.origins.of(&format!("segment[{at}]")),
        });
        plain.into_iter().chain(webhooks).chain(segments).chain(sources).collect()
    }

    fn future(&self) -> &'static str {
        match self.future {
            Future::Quarantine => QUARANTINE,
            Future::Clamp => CLAMP,
        }
    }

    /// What is done to rows at the door.
    #[must_use]
    pub fn door(&self) -> Door {
        Door {
            programs: self.bots.programs.clone(),
            bots: self.bots.rules,
            future: self.future,
            privacy: self.privacy.door(),
        }
    }

    /// The rules of a cart as of a moment.
    #[must_use]
    pub fn rules(&self, as_of: i64) -> Rules {
        Rules { as_of, window: self.window, expiry: self.expiry, zone: self.zone, rates: self.rates.clone() }
    }

    /// The settings that shape the tables, for the manifest.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("shop.time_zone", self.zone.name().to_owned()),
            ("money.base", self.rates.base().to_owned()),
            ("money.rates", self.rates.to_string()),
            ("cart.window", time::format_span(self.window)),
            ("cart.expiry", time::format_span(self.expiry)),
            ("ingest.future", self.future().to_owned()),
            ("bots.exclude", self.bots.exclude.to_string()),
            ("bots.user_agents", self.bots.list.clone()),
        ]
        .into_iter()
        .chain(self.bots.verdicts())
        .chain(self.privacy.settings())
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

/// Reads a file's text; errors say line, column and the nearest known key.
fn read(text: &str, name: &str) -> Result<File, ConfigError> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| describe(&error, text, name, None))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        describe(error.inner(), text, name, Some(&path))
    })
}

fn describe(error: &toml::de::Error, text: &str, name: &str, path: Option<&str>) -> ConfigError {
    let mut message = name.to_owned();
    if let Some(span) = error.span() {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        let _ = write!(message, ":{line}:{column}");
    }
    if let Some(path) = path.filter(|path| !path.is_empty() && *path != ".") {
        let _ = write!(message, ": {path}");
    }
    let _ = write!(message, ": {}", error.message());
    if let Some(near) = nearest(error.message()) {
        let _ = write!(message, "; did you mean `{near}`?");
    }
    ConfigError(message)
}

/// The expected key that is most like the unknown one, where the message names both.
fn nearest(message: &str) -> Option<String> {
    let (unknown, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let candidates = expected.split('`').skip(1).step_by(2);
    candidates
        .map(|candidate| (distance(unknown, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(unknown.len()) / 2)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// What the second file says counts.
fn overlay(base: &mut File, given: File) {
    fn take<T>(base: &mut Option<T>, given: Option<T>) {
        if given.is_some() {
            *base = given;
        }
    }
    take(&mut base.shop.time_zone, given.shop.time_zone);
    take(&mut base.money.base, given.money.base);
    take(&mut base.money.rates, given.money.rates);
    take(&mut base.cart.window, given.cart.window);
    take(&mut base.cart.expiry, given.cart.expiry);
    take(&mut base.ingest.max_rejected, given.ingest.max_rejected);
    take(&mut base.ingest.memory_mb, given.ingest.memory_mb);
    take(&mut base.ingest.future, given.ingest.future);
    take(&mut base.bots.exclude, given.bots.exclude);
    take(&mut base.bots.user_agents, given.bots.user_agents);
    take(&mut base.bots.adds_per_minute, given.bots.adds_per_minute);
    take(&mut base.bots.adds_without_views, given.bots.adds_without_views);
    take(&mut base.bots.regular_adds, given.bots.regular_adds);
    take(&mut base.bots.adds_per_day, given.bots.adds_per_day);
    take(&mut base.privacy.key_file, given.privacy.key_file);
    take(&mut base.privacy.visitors, given.privacy.visitors);
    take(&mut base.alerts.barrier, given.alerts.barrier);
    take(&mut base.alerts.quiet_source, given.alerts.quiet_source);
    take(&mut base.alerts.rejected, given.alerts.rejected);
    take(&mut base.alerts.tracking_gap, given.alerts.tracking_gap);
    take(&mut base.alerts.forecast, given.alerts.forecast);
    take(&mut base.alerts.drift, given.alerts.drift);
    take(&mut base.alerts.calibration, given.alerts.calibration);
    base.alerts.webhook = given.alerts.webhook;
    let (contacting, wanted) = (&mut base.follow_up, given.follow_up);
    take(&mut contacting.segments, wanted.segments);
    take(&mut contacting.within, wanted.within);
    take(&mut contacting.quiet, wanted.quiet);
    take(&mut contacting.max_contacts, wanted.max_contacts);
    take(&mut contacting.per, wanted.per);
    take(&mut contacting.hold_out, wanted.hold_out);
    take(&mut contacting.min_value, wanted.min_value);
    take(&mut contacting.rows, wanted.rows);
    take(&mut contacting.channels, wanted.channels);
    take(&mut contacting.opt_out, wanted.opt_out);
    take(&mut contacting.contacts, wanted.contacts);
    take(&mut base.report.show_customers, given.report.show_customers);
    take(&mut base.data.keep_generations, given.data.keep_generations);
    base.segment = given.segment;
    base.source = given.source;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_read_by_the_same_parser() {
        let config = Config::parse("", "leftcart.toml").unwrap();
        assert_eq!((config.window, config.expiry), (3 * time::DAY, 30 * time::DAY));
        assert_eq!((config.zone.name(), config.rates.base()), ("UTC", "EUR"));
    }

    #[test]
    fn a_file_changes_only_what_it_says() {
        let config = Config::parse("[money]\nbase = \"USD\"\nrates = { EUR = 0.9 }\n", "leftcart.toml").unwrap();
        assert_eq!((config.rates.base(), config.keep_generations), ("USD", 7));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest_known_one() {
        let message = error("[cart]\nwindow = \"3d\"\nexpirey = \"30d\"\n");
        assert!(message.starts_with("leftcart.toml:3:1"), "{message}");
        assert!(message.contains("expirey") && message.contains("did you mean `expiry`?"), "{message}");
    }

    #[test]
    fn values_that_make_no_sense_are_refused_in_words() {
        for (text, words) in [
            ("[shop]\ntime_zone = \"Berlin\"", "shop.time_zone: `Berlin`"),
            ("[cart]\nwindow = \"3 days\"", "cart.window: `3 days`"),
            ("[ingest]\nmax_rejected = 20", "from 0 to 1"),
            ("[ingest]\nfuture = \"drop\"", "ingest.future: `drop` is neither"),
            ("[money]\nrates = { USD = -1 }", "above 0"),
            ("[data]\nkeep_generations = 0", "at least 1"),
            ("[cart\n", "leftcart.toml:1"),
            ("[[segment]]\nname = \"vip\"\nmin_order = 3", "leftcart.toml:3:1: segment[0].min_order"),
            ("[[segment]]\nname = \"vip\"\nmin_spend = \"many\"", "segment 1 `vip`: min_spend = `many` is no amount"),
            ("[[segment]]\nname = \"vip\"\nmin_orders = 3\nmax_orders = 2", "min_orders is above max_orders"),
            ("[[segment]]\nname = \"new\"", "a name of its own"),
            ("[[segment]]\nname = \"a\"\n[[segment]]\nname = \"a\"", "segment 2 `a`: another one has this name"),
            ("[[source]]\nname = \"a\"\nformat = \"xml\"\npaths = []", "`xml` is no format"),
        ] {
            assert!(error(text).contains(words), "{}", error(text));
        }
    }
}
