//! Where settings come from: the command line wins over the environment, that over the file, that over the defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, File, Number, distance};

/// Keys that a variable can set.
const KEYS: [&str; 33] = [
    "shop.time_zone",
    "money.base",
    "cart.window",
    "cart.expiry",
    "ingest.max_rejected",
    "ingest.memory_mb",
    "ingest.future",
    "bots.exclude",
    "bots.user_agents",
    "bots.adds_per_minute",
    "bots.adds_without_views",
    "bots.regular_adds",
    "bots.adds_per_day",
    "privacy.key_file",
    "privacy.visitors",
    "alerts.barrier",
    "alerts.quiet_source",
    "alerts.rejected",
    "alerts.tracking_gap",
    "alerts.forecast",
    "alerts.drift",
    "alerts.calibration",
    "follow_up.within",
    "follow_up.quiet",
    "follow_up.max_contacts",
    "follow_up.per",
    "follow_up.hold_out",
    "follow_up.min_value",
    "follow_up.rows",
    "follow_up.opt_out",
    "follow_up.contacts",
    "report.show_customers",
    "data.keep_generations",
];
/// What such variables begin with.
const SECTIONS: [&str; 10] = [
    "LEFTCART_SHOP_",
    "LEFTCART_MONEY_",
    "LEFTCART_CART_",
    "LEFTCART_INGEST_",
    "LEFTCART_BOTS_",
    "LEFTCART_PRIVACY_",
    "LEFTCART_ALERTS_",
    "LEFTCART_FOLLOW_UP_",
    "LEFTCART_REPORT_",
    "LEFTCART_DATA_",
];

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file of this name.
    File {
        /// Its name.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of this name.
    Environment(String),
    /// An option.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A setting that counts.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// What counts.
    pub value: Value,
    /// Who says so.
    pub origin: Origin,
}

impl Setting {
    /// Its value as one would write it.
    #[must_use]
    pub fn text(&self) -> String {
        match self.value.as_str() {
            Some("") => "none".to_owned(),
            Some(text) => text.to_owned(),
            None => self.value.to_string(),
        }
    }
}

/// Variables that set keys of leftcart.toml, by name; empty ones are as good as not set.
pub type Variables = BTreeMap<String, String>;

/// Those of them that are set for this process.
pub(super) fn variables(all: impl Iterator<Item = (OsString, OsString)>) -> Variables {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    all.map(|(name, value)| (text(name), text(value)))
        .filter(|(name, value)| !value.is_empty() && SECTIONS.iter().any(|section| name.starts_with(section)))
        .collect()
}

/// The variable that sets a key.
fn variable(key: &str) -> String {
    format!("LEFTCART_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Where each setting comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    known: BTreeMap<String, Origin>,
}

impl Origins {
    /// Of the keys of a file; sources are `source[0]`, `source[1]` and so on.
    pub(super) fn of_file(text: &str, name: &str) -> Self {
        // What cannot be read is told where the file is read in earnest.
        let Ok(table) = DeTable::parse(text) else { return Self::default() };
        let origin = |start: usize| Origin::File { name: name.to_owned(), line: line_of(text, start) };
        let mut known = BTreeMap::new();
        for (section, value) in table.get_ref() {
            match value.get_ref() {
                DeValue::Table(keys) => known.extend(
                    keys.keys()
                        .map(|key| (format!("{}.{}", section.get_ref(), key.get_ref()), origin(key.span().start))),
                ),
                DeValue::Array(tables) => known.extend(
                    tables
                        .iter()
                        .enumerate()
                        .map(|(at, table)| (format!("{}[{at}]", section.get_ref()), origin(table.span().start))),
                ),
                _ => {}
            }
        }
        Self { known }
    }

    pub(super) fn of(&self, key: &str) -> Origin {
        self.known.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Whom to name when the value of this key is wrong.
    pub(super) fn blame(&self, key: &str, file: &str) -> String {
        match self.of(key) {
            origin @ Origin::Environment(_) => origin.to_string(),
            _ => format!("{file}: {key}"),
        }
    }

    /// Writes what the variables say over what the file said.
    pub(super) fn overlay(&mut self, file: &mut File, variables: &Variables) -> Result<(), ConfigError> {
        for (name, text) in variables {
            let Some(key) = KEYS.into_iter().find(|key| variable(key) == *name) else {
                return Err(unknown(name));
            };
            let bad = |what: &str| ConfigError(format!("environment variable {name}: `{text}` is no {what}"));
            let whole = || text.parse().map_err(|_| bad("whole number"));
            let count = || text.parse::<u32>().map(Some).map_err(|_| bad("whole number"));
            let share = || text.parse::<f64>().map(Some).map_err(|_| bad("number, such as 0.2"));
            let flag = || text.parse::<bool>().map(Some).map_err(|_| bad("true or false"));
            match key {
                "shop.time_zone" => file.shop.time_zone = Some(text.clone()),
                "money.base" => file.money.base = Some(text.clone()),
                "cart.window" => file.cart.window = Some(text.clone()),
                "cart.expiry" => file.cart.expiry = Some(text.clone()),
                "ingest.max_rejected" => file.ingest.max_rejected = share()?,
                "ingest.memory_mb" => file.ingest.memory_mb = Some(whole()?),
                "ingest.future" => file.ingest.future = Some(text.clone()),
                "bots.exclude" => file.bots.exclude = flag()?,
                "bots.user_agents" => file.bots.user_agents = Some(text.into()),
                "bots.adds_per_minute" => file.bots.adds_per_minute = count()?,
                "bots.adds_without_views" => file.bots.adds_without_views = count()?,
                "bots.regular_adds" => file.bots.regular_adds = count()?,
                "bots.adds_per_day" => file.bots.adds_per_day = count()?,
                "privacy.key_file" => file.privacy.key_file = Some(text.into()),
                "privacy.visitors" => file.privacy.visitors = flag()?,
                "alerts.barrier" => file.alerts.barrier = flag()?,
                "alerts.quiet_source" => file.alerts.quiet_source = flag()?,
                "alerts.rejected" => file.alerts.rejected = share()?,
                "alerts.tracking_gap" => file.alerts.tracking_gap = share()?,
                "alerts.forecast" => file.alerts.forecast = flag()?,
                "alerts.drift" => file.alerts.drift = share()?,
                "alerts.calibration" => file.alerts.calibration = share()?,
                "follow_up.within" => file.follow_up.within = Some(text.clone()),
                "follow_up.quiet" => file.follow_up.quiet = Some(text.clone()),
                "follow_up.max_contacts" => file.follow_up.max_contacts = count()?,
                "follow_up.per" => file.follow_up.per = Some(text.clone()),
                "follow_up.hold_out" => {
                    file.follow_up.hold_out = Some(text.parse().map_err(|_| bad("number, such as 0.1"))?);
                }
                "follow_up.min_value" => file.follow_up.min_value = Some(Number::Text(text.clone())),
                "follow_up.rows" => file.follow_up.rows = Some(whole()?),
                "follow_up.opt_out" => file.follow_up.opt_out = Some(text.into()),
                "follow_up.contacts" => file.follow_up.contacts = Some(text.into()),
                "report.show_customers" => file.report.show_customers = flag()?,
                "data.keep_generations" => file.data.keep_generations = Some(whole()?),
                _ => unreachable!("KEYS has no other"),
            }
            self.known.insert(key.to_owned(), Origin::Environment(name.clone()));
        }
        Ok(())
    }
}

/// A variable that looks like a setting and is none would be passed over in silence otherwise.
fn unknown(name: &str) -> ConfigError {
    let known = KEYS.map(variable);
    let near = known.iter().find(|known| distance(name, known) <= 2);
    let hint = near.map_or_else(|| format!("known are {}", known.join(", ")), |near| format!("did you mean {near}?"));
    ConfigError(format!("environment variable {name} sets no known key; {hint}"))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    const FILE: &str =
        "[shop]\ntime_zone = \"Europe/Berlin\"\n\n[cart]\nwindow = \"2d\"\n[[source]]\nname = \"a\"\npaths = []\n";

    fn resolved(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::resolve(FILE, "leftcart.toml", &variables, &crate::Disk)
    }

    #[test]
    fn the_environment_wins_over_the_file_and_that_over_the_defaults() {
        let config = resolved(&[("LEFTCART_CART_WINDOW", "1d"), ("LEFTCART_INGEST_MEMORY_MB", "64")]).unwrap();
        let said: Vec<String> = config
            .effective()
            .iter()
            .map(|setting| format!("{} = {} from {}", setting.name, setting.text(), setting.origin))
            .collect();
        assert_eq!(
            said,
            [
                "shop.time_zone = Europe/Berlin from leftcart.toml:2",
                "money.base = EUR from default",
                "money.rates = none from default",
                "cart.window = 1d from environment variable LEFTCART_CART_WINDOW",
                "cart.expiry = 30d from default",
                "ingest.max_rejected = 0.2 from default",
                "ingest.memory_mb = 64 from environment variable LEFTCART_INGEST_MEMORY_MB",
                "ingest.future = quarantine from default",
                "bots.exclude = true from default",
                "bots.user_agents = built in from default",
                "bots.adds_per_minute = 30 from default",
                "bots.adds_without_views = 0 from default",
                "bots.regular_adds = 20 from default",
                "bots.adds_per_day = 100 from default",
                "privacy.key_file = none from default",
                "privacy.visitors = false from default",
                "alerts.barrier = true from default",
                "alerts.quiet_source = true from default",
                "alerts.rejected = 0.01 from default",
                "alerts.tracking_gap = 0.05 from default",
                "alerts.forecast = true from default",
                "alerts.drift = 0.25 from default",
                "alerts.calibration = 0.03 from default",
                "follow_up.segments = top1, d1 from default",
                "follow_up.within = 14d from default",
                "follow_up.quiet = 1d from default",
                "follow_up.max_contacts = 2 from default",
                "follow_up.per = 30d from default",
                "follow_up.hold_out = 0.1 from default",
                "follow_up.min_value = 20.0 from default",
                "follow_up.rows = 50 from default",
                "follow_up.channels = email, phone, sms, push, chat from default",
                "follow_up.opt_out = none from default",
                "follow_up.contacts = none from default",
                "report.show_customers = false from default",
                "data.keep_generations = 7 from default",
                "source.a = none from leftcart.toml:6",
            ]
        );
    }

    #[test]
    fn a_variable_that_cannot_be_read_is_named() {
        for (name, value, words) in [
            ("LEFTCART_CART_WINDOW", "3 days", "environment variable LEFTCART_CART_WINDOW: `3 days` is no span"),
            ("LEFTCART_SHOP_TIME_ZONE", "Berlin", "environment variable LEFTCART_SHOP_TIME_ZONE: `Berlin` is no IANA"),
            ("LEFTCART_MONEY_BASE", "Euro", "environment variable LEFTCART_MONEY_BASE: `Euro` is not an ISO 4217"),
            ("LEFTCART_INGEST_MAX_REJECTED", "many", "LEFTCART_INGEST_MAX_REJECTED: `many` is no number"),
            ("LEFTCART_INGEST_MAX_REJECTED", "20", "LEFTCART_INGEST_MAX_REJECTED: 20 is no share"),
            ("LEFTCART_DATA_KEEP_GENERATIONS", "-1", "LEFTCART_DATA_KEEP_GENERATIONS: `-1` is no whole number"),
            ("LEFTCART_CART_EXPIREY", "3d", "did you mean LEFTCART_CART_EXPIRY?"),
            (
                "LEFTCART_MONEY_RATES",
                "{}",
                "LEFTCART_MONEY_RATES sets no known key; known are LEFTCART_SHOP_TIME_ZONE, ",
            ),
        ] {
            let message = resolved(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn only_variables_of_settings_with_a_value_count() {
        let all =
            [("LEFTCART_DATA", "lake"), ("LEFTCART_CART_WINDOW", ""), ("LEFTCART_CART_EXPIRY", "9d"), ("HOME", "/")];
        let found = variables(all.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(found, Variables::from([("LEFTCART_CART_EXPIRY".to_owned(), "9d".to_owned())]));
    }
}
