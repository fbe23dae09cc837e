//! `[[source]]`: where logs lie, and how those are read that do not say themselves what they mean.

use std::sync::Arc;

use ingest::{AccessLog, Format, Identity, LatencyUnit, Route, Wanted};
use serde::Deserialize;

use super::ConfigError;

/// A configured source of logs.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) wanted: Wanted,
    pub(crate) paths: Vec<String>,
    /// How its access logs are read; `None` for other formats.
    pub(crate) access_log: Option<Arc<AccessLog>>,
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
}

impl SourceTable {
    pub(super) fn check(self, file: &str) -> Result<Source, ConfigError> {
        let name = self.name.clone();
        let bad = |key: &str, what: String| ConfigError(format!("{file}: source `{name}`: {key}: {what}"));
        let wanted = self.format.as_deref().unwrap_or("auto").parse().map_err(|error| bad("format", error))?;
        let access_log = if wanted == Wanted::Only(Format::AccessLog) {
            Some(Arc::new(self.access_log().map_err(|what| bad("zone", what))?))
        } else if let Some(key) = self.first_key_of_access_logs() {
            return Err(bad(key, "is for access logs; write format = \"access-log\" with it".to_owned()));
        } else {
            None
        };
        Ok(Source { name: self.name, wanted, paths: self.paths, access_log })
    }

    fn first_key_of_access_logs(&self) -> Option<&'static str> {
        let given = [
            ("zone", self.zone.is_some()),
            ("latency", self.latency.is_some()),
            ("hosts", self.hosts.is_some()),
            ("visitor", self.visitor.is_some()),
            ("session", self.session.is_some()),
            ("route", self.route.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(key, _)| key)
    }

    fn access_log(&self) -> Result<AccessLog, String> {
        let mut log = AccessLog { latency: self.latency, ..AccessLog::default() };
        if let Some(zone) = &self.zone {
            log.zone =
                zone.parse().map_err(|_| format!("`{zone}` is no IANA time zone, such as Europe/Berlin or UTC"))?;
        }
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
}
