//! `[[source]]`: where logs lie, and how those are read that do not say themselves what they mean.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use ingest::{
    AccessLog, Capture, Column, CurrencySigns, Format, Identity, LatencyUnit, MappedKind, Mapping, Paths, Route,
    Separator, TimeFormat, Wanted,
};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::ConfigError;

/// A configured source of logs.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, which every row carries.
    pub name: String,
    /// The format of its files.
    pub wanted: Wanted,
    /// Files, folders and globs.
    pub paths: Vec<String>,
    /// How its access logs are read; `None` for other formats.
    pub access_log: Option<Arc<AccessLog>>,
    /// How its files are read whose format is `mapping`; `None` for other formats.
    pub mapping: Option<Arc<Mapping>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    name: String,
    #[serde(default)]
    format: Option<String>,
    paths: Vec<String>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    latency: Option<LatencyUnit>,
    #[serde(default)]
    hosts: Option<Vec<String>>,
    #[serde(default)]
    visitor: Option<Identity>,
    #[serde(default)]
    session: Option<Identity>,
    #[serde(default)]
    route: Option<Vec<Route>>,
    #[serde(default)]
    time: Option<TimeFormats>,
    #[serde(default)]
    decimal: Option<Separator>,
    #[serde(default)]
    thousands: Option<Separator>,
    #[serde(default)]
    items: Option<String>,
    #[serde(default)]
    columns: Option<BTreeMap<Column, Paths>>,
    #[serde(default)]
    captures: Option<BTreeMap<Column, Capture>>,
    #[serde(default)]
    constants: Option<BTreeMap<Column, String>>,
    #[serde(default)]
    kinds: Option<BTreeMap<String, MappedKind>>,
    #[serde(default)]
    currency_signs: Option<CurrencySigns>,
}

/// One way to write moments, or several of which the first counts that fits.
#[derive(Debug)]
struct TimeFormats(Vec<TimeFormat>);

impl<'de> Deserialize<'de> for TimeFormats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, because an untagged enum would hide what is wrong with a format.
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = TimeFormats;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time format, or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeFormats, E> {
                TimeFormat::try_from(text.to_owned()).map(|format| TimeFormats(vec![format])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<TimeFormats, A::Error> {
                let mut formats = Vec::new();
                while let Some(format) = list.next_element()? {
                    formats.push(format);
                }
                Ok(TimeFormats(formats))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl SourceTable {
    pub(super) fn check(self, file: &str) -> Result<Source, ConfigError> {
        let name = self.name.clone();
        let bad = |key: &str, what: String| ConfigError(format!("{file}: source `{name}`: {key}: {what}"));
        let wanted = self.format.as_deref().unwrap_or("auto").parse().map_err(|error| bad("format", error))?;
        let of_access_logs = self.first_key_of_access_logs();
        let of_mappings = self.first_key_of_mappings();
        let (mut access_log, mut mapping) = (None, None);
        match wanted {
            Wanted::Only(Format::AccessLog) => {
                access_log = Some(Arc::new(self.access_log().map_err(|what| bad("zone", what))?));
            }
            Wanted::Only(Format::Mapping) => {}
            _ => {
                let zone = self.zone.as_ref().map(|_| "zone");
                if let Some(key) = zone.or(of_access_logs) {
                    return Err(bad(key, "is for access logs; write format = \"access-log\" with it".to_owned()));
                }
            }
        }
        if wanted == Wanted::Only(Format::Mapping) {
            if let Some(key) = of_access_logs {
                return Err(bad(key, "is for access logs; write format = \"access-log\" with it".to_owned()));
            }
            mapping = Some(Arc::new(self.mapping().map_err(|what| bad("format mapping", what))?));
        } else if let Some(key) = of_mappings {
            return Err(bad(key, "is for mapped files; write format = \"mapping\" with it".to_owned()));
        }
        Ok(Source { name: self.name, wanted, paths: self.paths, access_log, mapping })
    }

    fn first_key_of_access_logs(&self) -> Option<&'static str> {
        first_given([
            ("latency", self.latency.is_some()),
            ("hosts", self.hosts.is_some()),
            ("visitor", self.visitor.is_some()),
            ("session", self.session.is_some()),
            ("route", self.route.is_some()),
        ])
    }

    fn first_key_of_mappings(&self) -> Option<&'static str> {
        first_given([
            ("time", self.time.is_some()),
            ("decimal", self.decimal.is_some()),
            ("thousands", self.thousands.is_some()),
            ("items", self.items.is_some()),
            ("columns", self.columns.is_some()),
            ("captures", self.captures.is_some()),
            ("constants", self.constants.is_some()),
            ("kinds", self.kinds.is_some()),
            ("currency_signs", self.currency_signs.is_some()),
        ])
    }

    fn zone(&self) -> Result<Tz, String> {
        let Some(zone) = &self.zone else { return Ok(Tz::UTC) };
        zone.parse().map_err(|_| format!("`{zone}` is no IANA time zone, such as Europe/Berlin or UTC"))
    }

    fn mapping(&self) -> Result<Mapping, String> {
        let mapping = Mapping {
            zone: self.zone().map_err(|what| format!("zone: {what}"))?,
            time: self.time.as_ref().map(|formats| formats.0.clone()).unwrap_or_default(),
            decimal: self.decimal.unwrap_or(Separator::POINT),
            thousands: self.thousands,
            items: self.items.clone(),
            columns: self.columns.clone().unwrap_or_default(),
            captures: self.captures.clone().unwrap_or_default(),
            constants: self.constants.clone().unwrap_or_default(),
            kinds: self.kinds.clone(),
            currency_signs: self.currency_signs.clone().unwrap_or_default(),
        };
        mapping.check().map_err(|error| error.to_string())?;
        Ok(mapping)
    }

    fn access_log(&self) -> Result<AccessLog, String> {
        let mut log = AccessLog { zone: self.zone()?, latency: self.latency, ..AccessLog::default() };
        if let Some(hosts) = &self.hosts {
            log.hosts.clone_from(hosts);
        }
        if let Some(visitor) = &self.visitor {
            log.visitor = visitor.clone();
        }
        if let Some(session) = &self.session {
            log.session = session.clone();
        }
        if let Some(routes) = &self.route {
            log.routes.clone_from(routes);
        }
        Ok(log)
    }
}

fn first_given<const N: usize>(keys: [(&'static str, bool); N]) -> Option<&'static str> {
    keys.into_iter().find(|(_, is_given)| *is_given).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    const SHOP: &str = "[[source]]\nname = \"shop\"\nformat = \"access-log\"\npaths = []\n";

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    #[test]
    fn an_access_log_has_a_map_of_routes_or_the_generic_one() {
        let routes = |text: &str| {
            let config = Config::parse(text, "leftcart.toml").unwrap();
            config.sources[0].access_log.as_ref().map(|log| log.routes.len())
        };
        assert_eq!(routes(SHOP), Some(ingest::AccessLog::generic_routes().len()));
        let route = "[[source.route]]\nmethod = \"POST\"\npath = '^/cart\\.do$'\nquery = { action = \"addtocart\" }\n\
                     status = \"2xx,3xx\"\nkind = \"add_to_cart\"\nproduct = \"query:productId\"\n";
        assert_eq!(routes(&format!("{SHOP}zone = \"Europe/Berlin\"\nlatency = \"ms\"\n{route}{route}")), Some(2));
        assert_eq!(routes("[[source]]\nname = \"a\"\npaths = []\n"), None);
    }

    #[test]
    fn mistakes_in_routes_are_named_with_their_place_and_the_nearest_key() {
        for (text, words) in [
            ("vistor = \"user\"", "leftcart.toml:5:1: source[0].vistor: unknown field `vistor`"),
            ("vistor = \"user\"", "did you mean `visitor`?"),
            ("latency = \"minutes\"", "leftcart.toml:5:11: source[0].latency: unknown variant `minutes`"),
            ("visitor = \"ip\"", "leftcart.toml:5:11: source[0].visitor: `ip` is no place"),
            ("zone = \"Berlin\"", "source `shop`: zone: `Berlin` is no IANA time zone"),
            ("[[source.route]]\npath = \"/\"\nkid = \"other\"", "leftcart.toml:7:1"),
            ("[[source.route]]\npath = \"/\"\nkid = \"other\"", "did you mean `kind`?"),
            ("[[source.route]]\npath = \"(\"\nkind = \"other\"", "is no regular expression"),
            ("[[source.route]]\npath = \"/\"\nkind = \"buy\"", "kind `buy` is none of add_to_cart"),
            ("[[source.route]]\npath = \"/\"\nkind = \"other\"\nstatus = \"ok\"", "leftcart.toml:8:10"),
        ] {
            let message = error(&format!("{SHOP}{text}\n"));
            assert!(message.contains(words), "{message}");
        }
        let other = SHOP.replace("access-log", "ga4");
        assert!(error(&format!("{other}latency = \"ms\"\n")).contains("source `shop`: latency: is for access logs"));
    }

    const MAPPED: &str = "[[source]]\nname = \"shop\"\nformat = \"mapping\"\npaths = []\n";
    const COLUMNS: &str = "[source.columns]\nts = \"created\"\nkind = \"what\"\nvisitor_id = [\"cookie\", \"c.id\"]\n";

    #[test]
    fn a_mapping_is_read_whole() {
        let text = format!(
            "{MAPPED}zone = \"Europe/Berlin\"\ntime = [\"%d.%m.%Y %H:%M:%S\", \"unix_ms\"]\ndecimal = \",\"\nthousands = \
             \".\"\nitems = \"payload.items\"\n{COLUMNS}[source.constants]\ncurrency = \"EUR\"\n[source.kinds]\n\"cart:add\" = \
             \"add_to_cart\"\n\"noise\" = \"\"\n[source.captures]\nproduct_id = {{ column = \"url\", pattern = '/p/([^/?]+)' }}\n"
        );
        let config = Config::parse(&text, "leftcart.toml").unwrap();
        let mapping = config.sources[0].mapping.as_ref().unwrap();
        assert_eq!((mapping.zone.name(), mapping.time.len(), mapping.columns.len()), ("Europe/Berlin", 2, 3));
        assert_eq!((mapping.captures.len(), mapping.kinds.as_ref().unwrap().len()), (1, 2));
        let one = format!("{MAPPED}time = \"unix_s\"\n{COLUMNS}");
        assert_eq!(Config::parse(&one, "leftcart.toml").unwrap().sources[0].mapping.as_ref().unwrap().time.len(), 1);
    }

    #[test]
    fn mistakes_in_mappings_are_named_with_their_place_and_the_nearest_name() {
        for (text, words) in [
            ("time = \"%H:%M\"", "leftcart.toml:5:8: source[0].time: time format `%H:%M`"),
            ("time = [\"%d.%m.%Y\", \"%Q\"]", "leftcart.toml:5:8: source[0].time[1]: time format `%Q` is none"),
            ("decimal = \"x\"", "leftcart.toml:5:11: source[0].decimal: `x` separates no digits"),
            ("colums = {}", "did you mean `columns`?"),
            ("[source.columns]\nvisitr_id = \"a\"", "leftcart.toml:6:1"),
            ("[source.columns]\nvisitr_id = \"a\"", "did you mean `visitor_id`?"),
            ("[source.columns]\nbot = \"a\"", "unknown field `bot`"),
            ("[source.columns]\nts = 1", "a path, or a list of paths"),
            ("[source.kinds]\na = \"buy\"", "leftcart.toml:6:5: source[0].kinds.a: kind `buy` is none of add_to_cart"),
            ("[source.captures]\npage = { column = \"u\", pattern = \"(\" }", "leftcart.toml:6:8"),
            ("[source.captures]\npage = { column = \"u\", pattern = \"x\" }", "has 0 groups"),
            ("[source.captures]\npage = { colum = \"u\", pattern = \"x\" }", "did you mean `column`?"),
            ("[source.columns]\nts = \"a\"", "source `shop`: format mapping: columns: nothing says where kind is"),
            ("zone = \"Berlin\"", "format mapping: zone: `Berlin` is no IANA time zone"),
            ("hosts = []", "hosts: is for access logs"),
        ] {
            let message = error(&format!("{MAPPED}{text}\n"));
            assert!(message.contains(words), "{message}");
        }
        let native = MAPPED.replace("mapping", "native");
        assert!(error(&format!("{native}{COLUMNS}")).contains("source `shop`: columns: is for mapped files"));
        assert!(error(&format!("{native}zone = \"UTC\"")).contains("zone: is for access logs"));
    }
}
