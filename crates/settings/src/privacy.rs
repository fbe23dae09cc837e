//! `[privacy]`: whose ids become pseudonyms, and by which key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ingest::pseudonym::Key;
use serde::Deserialize;

use super::{ConfigError, Files};

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PrivacyTable {
    pub(super) key_file: Option<PathBuf>,
    pub(super) visitors: Option<bool>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct Privacy {
    /// Blank where persons are not hidden.
    pub key_file: PathBuf,
    /// The key of pseudonyms, if persons are hidden.
    pub key: Option<Key>,
    /// Whether visitors and visits have pseudonyms too.
    pub visitors: bool,
}

const KEY: &str = "privacy.key";
const VISITORS: &str = "privacy.visitors";
/// What stands in the manifest in place of a key's fingerprint.
const NO_KEY: &str = "none";

impl PrivacyTable {
    /// # Errors
    /// The key and what is wrong with its value.
    pub(super) fn check(self, files: &dyn Files) -> Result<Privacy, (&'static str, String)> {
        let (key_file, visitors) = (self.key_file.unwrap_or_default(), self.visitors.unwrap_or_default());
        if key_file.as_os_str().is_empty() {
            if visitors {
                return Err((VISITORS, "needs a key; name its file in privacy.key_file".to_owned()));
            }
            return Ok(Privacy { key_file, key: None, visitors });
        }
        let key = files.key(&key_file).map_err(|error| ("privacy.key_file", error.to_string()))?;
        Ok(Privacy { key_file, key: Some(key), visitors })
    }
}

impl Privacy {
    /// What is done to rows at the door.
    #[must_use]
    pub fn door(&self) -> Option<ingest::Privacy> {
        self.key.clone().map(|key| ingest::Privacy { key, visitors: self.visitors })
    }

    /// What the ids in the tables depend on, for the manifest. The key is told by its fingerprint.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, String); 2] {
        let key = self.key.as_ref().map_or_else(|| NO_KEY.to_owned(), Key::fingerprint);
        [(KEY, key), (VISITORS, self.visitors.to_string())]
    }

    /// Refuses to go on with a lake, whose manifest has these settings, under other pseudonyms than its own.
    ///
    /// # Errors
    /// When it would.
    pub fn check_lake(&self, settings: &BTreeMap<String, String>, lake: &Path) -> Result<(), ConfigError> {
        let of_lake = |key: &str, default: &str| settings.get(key).cloned().unwrap_or_else(|| default.to_owned());
        let (theirs, lake) = (of_lake(KEY, NO_KEY), lake.display());
        let [(_, ours), (_, visitors)] = self.settings();
        let what = if theirs == NO_KEY && ours != NO_KEY {
            format!(
                "the ids in {lake} are plain, and a key now would tear every customer in two; remove privacy.key_file"
            )
        } else if ours == NO_KEY && theirs != NO_KEY {
            format!(
                "the ids in {lake} are pseudonyms by a key of fingerprint {theirs}; give its file in privacy.key_file"
            )
        } else if ours != theirs {
            format!(
                "the ids in {lake} are pseudonyms by a key of fingerprint {theirs}, and that in {} has {ours}; give the old \
                 key back",
                self.key_file.display()
            )
        } else if of_lake(VISITORS, "false") != visitors {
            format!("{lake} was made with privacy.visitors = {}; set it back", of_lake(VISITORS, "false"))
        } else {
            return Ok(());
        };
        Err(ConfigError(format!("{what}, or make the lake anew: `leftcart run --rebuild` over all logs")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named_with_what_to_do() {
        assert!(error("[privacy]\nvisitors = true").contains("leftcart.toml: privacy.visitors: needs a key"));
        let missing = error("[privacy]\nkey_file = \"no.key\"");
        assert!(
            missing.contains("privacy.key_file: no.key cannot be read") && missing.contains("openssl rand -hex 32")
        );
        assert!(error("[privacy]\nkeyfile = \"x\"").contains("did you mean `key_file`?"));
    }

    #[test]
    fn a_lake_of_before_has_plain_ids() {
        let privacy = Config::parse("", "leftcart.toml").unwrap().privacy;
        assert!(privacy.check_lake(&[].into(), "data".as_ref()).is_ok());
        let keyed = [("privacy.key".to_owned(), "00ff".to_owned())].into();
        let message = privacy.check_lake(&keyed, "data".as_ref()).unwrap_err().to_string();
        assert!(message.contains("fingerprint 00ff") && message.contains("--rebuild"), "{message}");
    }
}
