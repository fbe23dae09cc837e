//! Pseudonyms: keyed hashes that stand for the ids of persons.
//!
//! The same key gives the same pseudonym every night and in every source, so that persons can still be followed; without
//! the key nobody can try out the ids that he knows. Kinds of ids are kept apart: a customer and a visitor with the same
//! id have different pseudonyms. Whoever looks up a person by his plain id applies the same function to it.

use std::fmt;
use std::path::{Path, PathBuf};

use events::bots::{HIDDEN_NETWORK, NETWORK};

use crate::ids;

/// What pseudonyms begin with.
pub const PREFIX: &str = "p:";
/// Hexadecimal digits of a pseudonym: 128 bits.
const DIGITS: usize = 32;

/// The key of a lake's pseudonyms.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// A key that cannot be used; says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}; make a key with `openssl rand -hex 32 > {}` and `chmod 600 {}`",
        path.display(), path.display(), path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Everybody on the machine can read it.
    #[error("{} can be read or changed by everybody on this machine (mode {mode:o}); run `chmod 600 {}`, and make a new \
         key if somebody may have seen it", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Something else than a key is in it. What it is, is not told.
    #[error("{} holds no key: 64 hexadecimal digits are wanted, as `openssl rand -hex 32` prints them", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    /// The key in a file: 64 hexadecimal digits, with blanks around, that not everybody may read.
    ///
    /// # Errors
    /// When the file cannot be read, is open to everybody, or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_path_buf(), source };
        let text = std::fs::read(path).map_err(unreadable)?;
        let mode = mode(&std::fs::metadata(path).map_err(unreadable)?);
        if mode & 0o007 != 0 {
            return Err(KeyError::Open { path: path.to_path_buf(), mode });
        }
        let key = std::str::from_utf8(&text).ok().and_then(Self::parse);
        key.ok_or_else(|| KeyError::NoKey { path: path.to_path_buf() })
    }

    /// The key of 64 hexadecimal digits, with blanks around.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let key = <[u8; 32]>::try_from(bytes).ok()?;
        (digits.len() == 64).then_some(Self(key))
    }

    /// Tells keys apart without telling the key: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.hash("key", "")[..16].to_owned()
    }

    /// The pseudonym of a customer's id. An e-mail address has one however it is written, and the same as the hash that
    /// stands for it elsewhere.
    #[must_use]
    pub fn customer(&self, id: &str) -> String {
        format!("{PREFIX}{}", self.hash("customer", &ids::stored(id.into())))
    }

    /// The pseudonym of a visitor's id; that of one that stands for a network says so.
    #[must_use]
    pub fn visitor(&self, id: &str) -> String {
        let id = ids::stored(id.into());
        let prefix = if id.starts_with(NETWORK) { HIDDEN_NETWORK } else { PREFIX };
        format!("{prefix}{}", self.hash("visitor", &id))
    }

    /// The pseudonym of a visit's id.
    #[must_use]
    pub fn session(&self, id: &str) -> String {
        format!("{PREFIX}{}", self.hash("session", &ids::stored(id.into())))
    }

    fn hash(&self, kind: &str, id: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // No kind holds the byte 0, so that no kind and id run into another kind's.
        hasher.update(kind.as_bytes()).update(&[0]).update(id.as_bytes());
        hasher.finalize().to_hex()[..DIGITS].to_owned()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> Key {
        Key::parse(&digit.to_string().repeat(64)).unwrap()
    }

    /// Against the definition, by the library's other interface.
    #[test]
    fn a_pseudonym_is_the_keyed_hash_of_kind_and_id() {
        let hash = blake3::keyed_hash(&[0xaa; 32], b"customer\0u_77").to_hex();
        assert_eq!(key('a').customer("u_77"), format!("p:{}", &hash[..32]));
    }

    #[test]
    fn a_person_has_one_pseudonym_per_key_and_kind() {
        let a = key('a');
        assert_eq!(a.customer("u_77"), key('A').customer("u_77"));
        let all =
            [a.customer("u_77"), key('b').customer("u_77"), a.customer("u_78"), a.visitor("u_77"), a.session("u_77")];
        let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|id| id.starts_with("p:") && id.len() == 34), "{all:?}");
    }

    #[test]
    fn an_address_has_one_pseudonym_however_it_came() {
        let a = key('a');
        assert_eq!(a.customer("Ann@Example.com"), a.customer(&crate::email::hash("ann@example.com")));
        assert_ne!(a.customer("ann@example.com"), a.customer("bob@example.com"));
    }

    #[test]
    fn many_people_are_still_known_to_be_many() {
        assert!(events::bots::is_network(&key('a').visitor("net:00ff")));
        assert!(!events::bots::is_network(&key('a').visitor("v1")));
    }

    #[test]
    fn a_key_that_cannot_be_used_says_what_to_do_and_not_what_it_is() {
        for text in ["", "secret", &"a".repeat(63), &"a".repeat(66), &"g".repeat(64), &"é".repeat(32)] {
            assert!(Key::parse(text).is_none(), "{text}");
        }
        let path = std::env::temp_dir().join(format!("leftcart-key-{}", std::process::id()));
        let said = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
            Key::read(&path).map_err(|error| error.to_string())
        };
        let good = format!("{}\n", "0f".repeat(32));
        assert!(said(&good, 0o600).is_ok() && said(&good, 0o640).is_ok());
        let open = said(&good, 0o644).unwrap_err();
        assert!(open.contains("mode 644") && open.contains("chmod 600") && !open.contains("0f0f"), "{open}");
        let short = said("0f0f", 0o600).unwrap_err();
        assert!(
            short.contains("64 hexadecimal digits")
                && short.contains("openssl rand -hex 32")
                && !short.contains("0f0f")
        );
        std::fs::remove_file(&path).unwrap();
        assert!(Key::read(&path).unwrap_err().to_string().contains("openssl rand -hex 32"));
        assert!(!format!("{:?}", key('a')).contains("aaaa"));
    }
}
