//! `[bots]`: who is a program, and whether programs make carts.

use std::path::PathBuf;
use std::sync::Arc;

use events::bots::Rules;
use events::hash;
use ingest::Programs;
use serde::Deserialize;

use super::Files;

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BotsTable {
    pub(super) exclude: Option<bool>,
    pub(super) user_agents: Option<PathBuf>,
    pub(super) adds_per_minute: Option<u32>,
    pub(super) adds_without_views: Option<u32>,
    pub(super) regular_adds: Option<u32>,
    pub(super) adds_per_day: Option<u32>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct Bots {
    /// Whether programs make no carts.
    pub exclude: bool,
    /// When a visitor is a program by what he does.
    pub rules: Rules,
    /// Programs that say what they are.
    pub programs: Arc<Programs>,
    /// Where the list of programs comes from: its path and a hash of its text, or blank for the built-in one.
    pub list: String,
}

impl BotsTable {
    /// # Errors
    /// The key and what is wrong with its value.
    pub(super) fn check(self, files: &dyn Files) -> Result<Bots, (&'static str, String)> {
        let rules = Rules {
            adds_per_minute: self.adds_per_minute.unwrap_or_default(),
            adds_without_views: self.adds_without_views.unwrap_or_default(),
            regular_adds: self.regular_adds.unwrap_or_default(),
            adds_per_day: self.adds_per_day.unwrap_or_default(),
        };
        if rules.adds_per_minute > 60 {
            let what = format!(
                "{} is out of range; a minute has 60 seconds, and 0 switches the rule off",
                rules.adds_per_minute
            );
            return Err(("bots.adds_per_minute", what));
        }
        // A few equal distances, or a handful of adds, are everybody's.
        for (key, value, least) in [
            ("bots.adds_per_minute", rules.adds_per_minute, 10),
            ("bots.adds_without_views", rules.adds_without_views, 10),
            ("bots.regular_adds", rules.regular_adds, 5),
            ("bots.adds_per_day", rules.adds_per_day, 10),
        ] {
            if (1..least).contains(&value) {
                let what = format!(
                    "{value} would take shoppers for programs; it must be at least {least}, or 0 to switch the rule off"
                );
                return Err((key, what));
            }
        }
        let path = self.user_agents.unwrap_or_default();
        let (programs, list) = if path.as_os_str().is_empty() {
            (Programs::built_in(), String::new())
        } else {
            let bad = |what: String| ("bots.user_agents", format!("{}: {what}", path.display()));
            let text = files.text(&path).map_err(|error| {
                bad(format!("cannot be read: {error}; give a text file, or \"\" for the built-in list"))
            })?;
            let programs = Programs::parse(&text).map_err(|error| bad(error.to_string()))?;
            (Arc::new(programs), format!("{} ({})", path.display(), &hash::hex(hash::of_bytes(text.as_bytes()))[..8]))
        };
        Ok(Bots { exclude: self.exclude.unwrap_or_default(), rules, programs, list })
    }
}

impl Bots {
    /// What the verdicts over visitors' days depend on, for the manifest.
    #[must_use]
    pub fn verdicts(&self) -> [(&'static str, String); 4] {
        let Rules { adds_per_minute, adds_without_views, regular_adds, adds_per_day } = self.rules;
        [
            ("bots.adds_per_minute", adds_per_minute.to_string()),
            ("bots.adds_without_views", adds_without_views.to_string()),
            ("bots.regular_adds", regular_adds.to_string()),
            ("bots.adds_per_day", adds_per_day.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_documented_defaults_are_those_of_the_rules() {
        let bots = Config::parse("", "leftcart.toml").unwrap().bots;
        assert_eq!((bots.rules, bots.exclude, bots.list.as_str()), (events::bots::Rules::default(), true, ""));
    }

    #[test]
    fn thresholds_that_shoppers_reach_are_refused_and_0_switches_a_rule_off() {
        assert!(error("[bots]\nadds_per_minute = 90").contains("bots.adds_per_minute: 90 is out of range"));
        assert!(error("[bots]\nadds_per_day = 3").contains("bots.adds_per_day: 3 would take shoppers for programs"));
        assert!(error("[bots]\nuser_agent = \"x\"").contains("did you mean `user_agents`?"));
        let rules = Config::parse("[bots]\nadds_per_day = 0\nregular_adds = 30", "leftcart.toml").unwrap().bots.rules;
        assert_eq!((rules.adds_per_day, rules.regular_adds, rules.adds_per_minute), (0, 30, 30));
    }

    #[test]
    fn a_list_that_cannot_be_used_is_named_with_what_to_do() {
        let message = error("[bots]\nuser_agents = \"nowhere.txt\"");
        assert!(message.contains("leftcart.toml: bots.user_agents: nowhere.txt: cannot be read"), "{message}");
        assert!(message.contains("give a text file"), "{message}");
    }
}
