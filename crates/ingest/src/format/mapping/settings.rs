//! The parts of a mapping as they are written in leftcart.toml.

use std::fmt;
use std::sync::LazyLock;

use events::Kind;
use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::BadMapping;
use crate::row::Field;

/// What a mapping can say the place of: a column of the contract, or something that tells several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column(pub(super) Target);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A column of the contract.
    Field(Field),
    /// A browser's user agent: device, os, browser and bot.
    UserAgent,
    /// The page's address: page, and by its parameters the channel.
    Url,
    /// Where the page was reached from: channel.
    Referrer,
}

impl Column {
    /// Its name in the contract, or in the mapping alone.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Target::Field(field) => events::schema::EVENTS.columns[field as usize].name,
            Target::UserAgent => "user_agent",
            Target::Url => "url",
            Target::Referrer => "referrer",
        }
    }

    pub(super) const fn field(self) -> Option<Field> {
        if let Target::Field(field) = self.0 { Some(field) } else { None }
    }
}

impl From<Field> for Column {
    fn from(field: Field) -> Self {
        Self(Target::Field(field))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// All that a mapping can fill: columns of the contract but those that ingest writes itself, and what tells several.
pub(super) fn all() -> impl Iterator<Item = Column> {
    let own = [Field::Source, Field::Bot, Field::DeliveredTs];
    let fields = Field::ALL.into_iter().filter(move |field| !own.contains(field)).map(Column::from);
    fields.chain([Target::UserAgent, Target::Url, Target::Referrer].map(Column))
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| all().map(Column::name).collect());
        let name = String::deserialize(deserializer)?;
        let found = all().find(|column| column.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| D::Error::unknown_field(&name, &NAMES))
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
