//! Any CSV, NDJSON or Parquet, with a table that says where the contract's columns are in it.
//!
//! ```text
//! record ─ value ─> tree of values ─ columns, captures, constants ─> rows, one for each item
//! ```
//! A row is the contract's columns and, where a user agent, an address or a referrer is named, what these tell. A path such as `payload.item.sku` goes into objects, into structs of Parquet, and into text that holds JSON. Rows
//! without an `event_id` have the hash of the raw row for one.

mod file;
mod moment;
mod number;
mod settings;
mod sign;
mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono_tz::Tz;
use events::{Kind, time};

pub(crate) use self::file::Mapped;
pub use self::moment::TimeFormat;
pub use self::number::Separator;
use self::settings::Target;
pub use self::settings::{Capture, Column, MappedKind, Paths};
pub use self::sign::CurrencySigns;
use self::sign::Signed;
use self::value::Value;
pub use self::value::{Found, find_in_json};
use super::{Raw, Sink};
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use crate::{channel, ids, url};

/// A setting of a mapping that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadMapping(String);

/// Where the contract's columns are in a log. Of what it says of a column the first counts that has a value: paths,
/// then the capture, then the constant.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The zone of moments that name none.
    pub zone: Tz,
    /// How moments are written; ISO 8601 if nothing is said.
    pub time: Vec<TimeFormat>,
    /// What stands before decimals.
    pub decimal: Separator,
    /// What stands between thousands, if anything.
    pub thousands: Option<Separator>,
    /// The list whose elements are an event's items. Paths that begin with its last name are looked up in the element.
    pub items: Option<String>,
    /// Where each column's value is.
    pub columns: BTreeMap<Column, Paths>,
    /// Columns that are a part of another one.
    pub captures: BTreeMap<Column, Capture>,
    /// Columns that are always the same.
    pub constants: BTreeMap<Column, String>,
    /// What the names of events stand for; without this table they are the contract's kinds.
    pub kinds: Option<BTreeMap<String, MappedKind>>,
    /// Currency signs that may stand around prices, each with the currency that it is the sign of.
    pub currency_signs: CurrencySigns,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            time: Vec::new(),
            decimal: Separator::POINT,
            thousands: None,
            items: None,
            columns: BTreeMap::new(),
            captures: BTreeMap::new(),
            constants: BTreeMap::new(),
            kinds: None,
            currency_signs: CurrencySigns::default(),
        }
    }
}

/// A row in the making, and what tells several of its columns.
#[derive(Clone, Default)]
struct Draft {
    row: RawRow<'static>,
    user_agent: Option<String>,
    url: Option<String>,
    referrer: Option<String>,
    /// Currency signs of the row's prices.
    signs: Vec<Signed>,
}

fn set_default(row: &mut RawRow<'static>, field: Field, text: Option<impl Into<Cow<'static, str>>>) {
    if row.get(field).is_none() {
        row.set_some(field, text);
    }
}

/// What address and referrer tell of where a visit came from. A referrer that may be the shop itself, because the
/// address names no host, tells only search engines, social networks and mail.
fn channel_of(address: Option<&str>, referrer: Option<&str>) -> Option<&'static str> {
    let has_host = address.and_then(url::host).is_some();
    let referrer = referrer.filter(|referrer| has_host || !referrer.is_empty());
    let channel = channel::from_url(address.unwrap_or_default(), referrer, None)?;
    (has_host || channel != "referral").then_some(channel)
}

/// Columns with numbers, which people write in their own way.
const NUMBERS: [Field; 6] =
    [Field::UnitPrice, Field::OrderValue, Field::Quantity, Field::Rating, Field::LatencyMs, Field::HttpStatus];

impl Mapping {
    /// Whether the parts make a whole.
    ///
    /// # Errors
    /// When a column is missing that every row needs, or two settings contradict each other.
    pub fn check(&self) -> Result<(), BadMapping> {
        let bad = |what: String| Err(BadMapping(what));
        let says = |field: Field| self.says(field.into());
        for field in [Field::Ts, Field::Kind] {
            if !says(field) {
                return bad(format!("columns: nothing says where {} is", Column::from(field)));
            }
        }
        if !says(Field::VisitorId) && !says(Field::CustomerId) {
            return bad("columns: nothing says where visitor_id or customer_id is; one of them is needed".to_owned());
        }
        if self.items.is_some() && says(Field::Line) {
            return bad("columns: items count line themselves; leave one of the two out".to_owned());
        }
        let paths = self.columns.values().chain(self.captures.values().map(|capture| &capture.paths));
        if paths.clone().any(|paths| paths.0.is_empty()) || self.paths().any(|path| path.trim().is_empty()) {
            return bad("columns: a path is empty".to_owned());
        }
        if let Some(kind) = self.constants.get(&Field::Kind.into()) {
            settings::kind(kind).map_err(|BadMapping(what)| BadMapping(format!("constants.kind: {what}")))?;
        }
        if let Some(column) = self.constants.keys().find(|column| column.field().is_none()) {
            return bad(format!("constants: {column} tells other columns; write those themselves"));
        }
        if !self.decimal.is_decimal() {
            return bad("decimal: write \".\" or \",\"".to_owned());
        }
        if self.thousands == Some(self.decimal) {
            return bad("thousands: it is what stands before decimals, too".to_owned());
        }
        Ok(())
    }

    /// Every path that is looked up, that of the items included.
    fn paths(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.values().chain(self.captures.values().map(|capture| &capture.paths));
        columns.flat_map(|paths| &paths.0).chain(&self.items).map(String::as_str)
    }

    /// What of a path is looked up in an item: nothing for the item itself.
    fn within_item<'p>(&self, path: &'p str) -> Option<&'p str> {
        let items = self.items.as_deref()?;
        // Both the list's own name and its whole path say "in the item".
        [items, items.rsplit('.').next()?].into_iter().find_map(|name| {
            let rest = path.strip_prefix(name)?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
        })
    }

    fn says(&self, column: Column) -> bool {
        self.columns.contains_key(&column)
            || self.captures.contains_key(&column)
            || self.constants.contains_key(&column)
    }

    /// Columns that something is said of.
    fn said(&self) -> impl Iterator<Item = Column> {
        settings::all().filter(|column| self.says(*column))
    }

    /// The paths of a column, those of its capture included.
    fn paths_of(&self, column: Column) -> impl Iterator<Item = &str> {
        let paths = self.columns.get(&column).into_iter();
        let paths = paths.chain(self.captures.get(&column).map(|capture| &capture.paths));
        paths.flat_map(|paths| &paths.0).map(String::as_str)
    }

    /// Reads a record.
    fn record<S: Sink>(&self, line: u64, raw: Raw<'_>, record: &Value<'_>, sink: &mut S) {
        match self.rows(record, sink) {
            Ok(mut rows) => sink.record(line, raw, &mut rows),
            Err(detail) => sink.reject(line, raw, Reject::unreadable(detail)),
        }
    }

    fn rows(&self, record: &Value<'_>, sink: &mut impl Sink) -> Result<Vec<RawRow<'static>>, String> {
        let list = self.items.as_ref().and_then(|path| record.find(path));
        let items = list.as_ref().map_or(Ok(Vec::new()), Value::elements);
        let items = items.map_err(|what| format!("items: {what}"))?;
        if items.len() > usize::from(u16::MAX) {
            return Err(format!("{} items in one event", items.len()));
        }
        let of_items = |column: &Column| self.paths_of(*column).any(|path| self.within_item(path).is_some());
        let mut head = Draft::default();
        for column in self.said().filter(|column| !of_items(column)) {
            self.set(&mut head, column, record, None)?;
        }
        let is_other = self.name_kind(&mut head.row, sink);
        // An event that becomes `other` is one row.
        if items.is_empty() || is_other {
            return Ok(vec![self.finish(head, sink)?]);
        }
        let mut rows = Vec::with_capacity(items.len());
        for (line, item) in items.iter().enumerate() {
            let mut draft = head.clone();
            draft.row.set(Field::Line, line.to_string());
            for column in self.said().filter(of_items) {
                self.set(&mut draft, column, record, Some(item))?;
            }
            rows.push(self.finish(draft, sink)?);
        }
        Ok(rows)
    }

    /// The row, with what its address, referrer, user agent and currency signs tell of columns that nothing else says.
    fn finish(&self, draft: Draft, sink: &mut impl Sink) -> Result<RawRow<'static>, String> {
        let Draft { mut row, user_agent, url: address, referrer, signs } = draft;
        let mut signs = signs.into_iter();
        if let Some((sign, currency)) = signs.next() {
            if let Some((other, _)) = signs.find(|(_, other)| *other != currency) {
                return Err(format!("prices in two currencies in one row: {sign} and {other}"));
            }
            if !self.is_found(&row, Field::Currency) {
                row.set(Field::Currency, currency);
            }
        }
        if let Some(agent) = user_agent.as_deref().map(|text| sink.agent(text)) {
            set_default(&mut row, Field::Device, Some(agent.device));
            set_default(&mut row, Field::Os, agent.os);
            set_default(&mut row, Field::Browser, agent.browser);
            if agent.is_bot {
                row.mark_program();
            }
        }
        set_default(&mut row, Field::Channel, channel_of(address.as_deref(), referrer.as_deref()));
        set_default(&mut row, Field::Page, address.as_deref().map(|address| url::page(address).into_owned()));
        Ok(row)
    }

    /// Whether a row's value of this column comes from the log, and not from a constant.
    fn is_found(&self, row: &RawRow<'_>, field: Field) -> bool {
        let constant = self.constants.get(&field.into()).map(|text| text.trim());
        row.get(field).is_some_and(|text| Some(text) != constant)
    }

    /// Puts the contract's kind in the place of the log's name for it; whether that is `other` for want of one.
    fn name_kind(&self, row: &mut RawRow<'_>, sink: &mut impl Sink) -> bool {
        let Some(kinds) = &self.kinds else { return false };
        let name = row.get(Field::Kind).unwrap_or_default();
        let is_constant = self.constants.get(&Field::Kind.into()).is_some_and(|constant| constant == name)
            && !kinds.contains_key(name);
        let kind = match kinds.get(name) {
            Some(MappedKind(kind)) => *kind,
            None if is_constant => Kind::parse(name),
            None => None,
        };
        if kind.is_none() {
            sink.unmapped(if name.is_empty() { "(no name)" } else { name });
        }
        row.set(Field::Kind, kind.unwrap_or(Kind::Other).name());
        kind.is_none()
    }

    fn set(
        &self,
        draft: &mut Draft,
        column: Column,
        record: &Value<'_>,
        item: Option<&Value<'_>>,
    ) -> Result<(), String> {
        let captured = |text: &str, capture: &Capture| {
            Some(capture.pattern.captures(text)?.get(1)?.as_str().to_owned()).filter(|text| !text.trim().is_empty())
        };
        let signs = &mut draft.signs;
        let mut found = match self.columns.get(&column) {
            Some(paths) => self.first(paths, record, item, |value| Ok(self.text(column, value, signs)))?,
            None => None,
        };
        if let (None, Some(capture)) = (&found, self.captures.get(&column)) {
            found = self.first(&capture.paths, record, item, |value| {
                let (Value::Text(text) | Value::Bare(text) | Value::Moment(text)) = value else { return Ok(None) };
                let part = captured(text, capture).map(|part| Value::Text(Cow::Owned(part)));
                Ok(part.and_then(|part| self.text(column, &part, signs)))
            })?;
        }
        let found = found.or_else(|| self.constants.get(&column).cloned());
        match column.0 {
            Target::Field(field) => draft.row.set_some(field, found),
            Target::UserAgent => draft.user_agent = found,
            Target::Url => draft.url = found,
            // A blank referrer says that there was none; where it is missing, nothing is known.
            Target::Referrer => {
                let is_blank = |path: &str| matches!(self.look_up(path, record, item), Some(Value::Text(_)));
                draft.referrer = found.or_else(|| self.paths_of(column).any(is_blank).then(String::new));
            }
        }
        Ok(())
    }

    /// The first of the values at these paths from which something is read.
    fn first(
        &self,
        paths: &Paths,
        record: &Value<'_>,
        item: Option<&Value<'_>>,
        mut read: impl FnMut(&Value<'_>) -> Result<Option<String>, String>,
    ) -> Result<Option<String>, String> {
        let mut refused = None;
        for path in &paths.0 {
            match self.look_up(path, record, item) {
                None | Some(Value::Nothing) => {}
                Some(Value::Object(_) | Value::List(_)) => {
                    refused = Some(format!("`{path}` must be text or a number"));
                }
                Some(value) => {
                    if let Some(text) = read(&value)? {
                        return Ok(Some(text));
                    }
                }
            }
        }
        refused.map_or(Ok(None), Err)
    }

    fn look_up<'v>(&self, path: &str, record: &'v Value<'_>, item: Option<&'v Value<'_>>) -> Option<Value<'v>> {
        match self.within_item(path) {
            Some(rest) => item?.find(rest),
            None => record.find(path),
        }
    }

    /// A value as the native format has it; `None` where it is none. What cannot be read says so, and is rejected.
    fn text(&self, column: Column, value: &Value<'_>, signs: &mut Vec<Signed>) -> Option<String> {
        let (Value::Text(text) | Value::Bare(text) | Value::Moment(text)) = value else { return None };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        let unreadable = |what: &str| format!("{trimmed} ({what})");
        let Some(field) = column.field() else { return Some(trimmed.to_owned()) };
        Some(match field {
            Field::Ts => {
                let micros = match value {
                    Value::Moment(_) => moment::iso(trimmed, self.zone),
                    _ => moment::read(trimmed, &self.time, self.zone),
                };
                micros.map_or_else(|| unreadable("not written as the mapping says"), time::format)
            }
            Field::VisitorId | Field::CustomerId | Field::SessionId => ids::person(text.as_ref().into())?.into_owned(),
            Field::Page => url::page(trimmed).into_owned(),
            _ if NUMBERS.contains(&field) && matches!(value, Value::Text(_)) => {
                let is_price = matches!(field, Field::UnitPrice | Field::OrderValue);
                let bare = if is_price { self.currency_signs.take(trimmed, signs) } else { Cow::Borrowed(trimmed) };
                let number = number::plain(&bare, self.decimal, self.thousands);
                number.map_or_else(|| unreadable("not written as the mapping says"), Cow::into_owned)
            }
            _ => trimmed.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
