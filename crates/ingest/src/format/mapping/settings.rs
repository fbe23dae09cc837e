//! The parts of a mapping as they are written in leftcart.toml.

use std::fmt;

use events::Kind;
use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::BadMapping;
use crate::row::Field;

/// A column of the contract that a mapping can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column(pub(super) Field);

impl Column {
    /// Its name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        events::schema::EVENTS.columns[self.0 as usize].name
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Columns of the contract but those that ingest writes itself.
fn names() -> &'static [&'static str] {
    static NAMES: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
        let own = [Field::Source, Field::Bot, Field::DeliveredTs];
        Field::ALL.into_iter().filter(|field| !own.contains(field)).map(|field| Column(field).name()).collect()
    });
    &NAMES
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let field = Field::named(&name).filter(|field| names().contains(&Self(*field).name()));
        field.map(Self).ok_or_else(|| D::Error::unknown_field(&name, names()))
    }
}

/// Where a value is: one dotted path, or several of which the first counts that has a value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "OneOrMore")]
pub struct Paths(pub(super) Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path, or a list of paths")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<OneOrMore> for Paths {
    fn from(written: OneOrMore) -> Self {
        Self(match written {
            OneOrMore::One(path) => vec![path],
            OneOrMore::More(paths) => paths,
        })
    }
}

/// A part of another column: what the one group of a regular expression finds there.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "CaptureTable")]
pub struct Capture {
    pub(super) paths: Paths,
    pub(super) pattern: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureTable {
    column: Paths,
    pattern: String,
}

impl TryFrom<CaptureTable> for Capture {
    type Error = BadMapping;

    fn try_from(table: CaptureTable) -> Result<Self, BadMapping> {
        let text = &table.pattern;
        let pattern =
            Regex::new(text).map_err(|error| BadMapping(format!("`{text}` is no regular expression: {error}")))?;
        match pattern.captures_len() - 1 {
            1 => Ok(Self { paths: table.column, pattern }),
            groups => Err(BadMapping(format!(
                "`{text}` has {groups} groups; write one (…) around what is wanted, (?:…) around the rest"
            ))),
        }
    }
}

/// The kind that a log's name stands for; none, written `""`, is `other`, and counted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MappedKind(pub(super) Option<Kind>);

impl TryFrom<String> for MappedKind {
    type Error = BadMapping;

    fn try_from(text: String) -> Result<Self, BadMapping> {
        if text.is_empty() { Ok(Self(None)) } else { kind(&text).map(|kind| Self(Some(kind))) }
    }
}

pub(super) fn kind(text: &str) -> Result<Kind, BadMapping> {
    Kind::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        BadMapping(format!("kind `{text}` is none of {}", names.join(", ")))
    })
}
