//! leftcart.toml, with the files that it names.

use std::io;
use std::path::Path;

use ingest::Mapping;
use ingest::pseudonym::{Key, KeyError};
use settings::{Config, Files, Variables};

/// What stands between the settings and the text of every file that they name.
const BETWEEN: &[u8] = b"\n---\n";

/// Settings, perhaps followed by the text of every file that they name. Whatever is written, it is taken or refused in
/// words; what is taken can be told, and its spans and amounts read back as they were.
pub fn config(data: &[u8]) {
    let at = data.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (text, named) = at.map_or((data, &[][..]), |at| (&data[..at], &data[at + BETWEEN.len()..]));
    // Files are read as text before anything looks at them.
    let Ok(text) = std::str::from_utf8(text) else { return };
    match Config::resolve(text, "leftcart.toml", &Variables::new(), &Held(named)) {
        Ok(config) => taken(&config),
        Err(error) => assert!(error.to_string().starts_with("leftcart.toml"), "{error}"),
    }
}

fn taken(config: &Config) {
    assert!(config.window > 0 && config.expiry > 0 && config.keep_generations > 0);
    assert!((0.0..=1.0).contains(&config.max_rejected));
    for setting in config.effective() {
        assert!(!setting.name.is_empty() && !setting.text().is_empty() && !setting.origin.to_string().is_empty());
        let is_span = ["cart.window", "cart.expiry", "follow_up.within", "follow_up.quiet", "follow_up.per"];
        if is_span.contains(&setting.name.as_str()) {
            assert!(events::time::parse_span(&setting.text()).is_some(), "{} = {}", setting.name, setting.text());
        }
    }
    for webhook in &config.alerts.webhooks {
        assert!(!webhook.shown().is_empty());
    }
    // With the same settings the lake that they made is opened again.
    assert!(config.privacy.check_lake(&config.settings(), Path::new("data")).is_ok());
    let door = config.door();
    for id in ["ann", "Ann@Example.com", "192.0.2.7"] {
        let (customer, visitor) = (door.customer(id), door.visitor(id));
        assert_eq!((door.customer(&customer), door.visitor(&visitor)), (customer, visitor), "stored is stored");
    }
}

/// One text for every file.
struct Held<'a>(&'a [u8]);

impl Files for Held<'_> {
    fn bytes(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }

    fn key(&self, path: &Path) -> Result<Key, KeyError> {
        let key = std::str::from_utf8(self.0).ok().and_then(Key::parse);
        key.ok_or_else(|| KeyError::NoKey { path: path.to_path_buf() })
    }
}

/// The mapping of a source with these keys.
pub(crate) fn mapping(keys: &str) -> Mapping {
    parsed(keys).expect("a mapping")
}

/// The same of keys that may be wrong.
pub(crate) fn parsed(keys: &str) -> Result<Mapping, String> {
    let text = format!("[[source]]\nname = \"shop\"\nformat = \"mapping\"\npaths = []\n{keys}");
    let config =
        Config::resolve(&text, "leftcart.toml", &Variables::new(), &Held(b"")).map_err(|error| error.to_string())?;
    let mapping = config.sources.first().and_then(|source| source.mapping.clone());
    mapping.map(|mapping| (*mapping).clone()).ok_or_else(|| "no mapping".to_owned())
}
