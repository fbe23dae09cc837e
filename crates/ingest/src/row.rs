//! A row on its way in: first as the format gave it ([`RawRow`]), then as the contract wants it ([`Event`]).

use std::borrow::Cow;

use events::money::parse_whole as whole;
use events::{Amount, Kind, bots, hash, time};

use crate::door::{Door, Future};
use crate::reject::{Reason, Reject};
use crate::supersede;
use crate::words;

/// Item lines are numbered by 16 bits.
pub(crate) const MOST_LINES: usize = 1 << 16;

/// Refuses a record with more rows than item lines can be told apart.
pub(crate) fn check_lines(rows: &[RawRow<'_>]) -> Result<(), Reject> {
    if rows.len() <= MOST_LINES {
        return Ok(());
    }
    Err(Reject::unreadable(format!("{} item lines in one record; {MOST_LINES} can be told apart", rows.len())))
}

/// A column of the events table; the discriminant is its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub(crate) enum Field {
    EventId,
    Line,
    Ts,
    Kind,
    Source,
    VisitorId,
    CustomerId,
    SessionId,
    OrderId,
    ProductId,
    ProductName,
    Category,
    Brand,
    Quantity,
    UnitPrice,
    OrderValue,
    Currency,
    Device,
    Os,
    Browser,
    Country,
    Channel,
    Page,
    Release,
    PaymentMethod,
    ShippingMethod,
    Coupon,
    ErrorCode,
    ErrorMessage,
    HttpStatus,
    LatencyMs,
    Rating,
    Comment,
    Bot,
    DeliveredTs,
}

/// Columns of the events table.
pub(crate) const FIELDS: usize = Field::DeliveredTs as usize + 1;

impl Field {
    /// The column of this name, without regard to case and surrounding blanks.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        let at =
            events::schema::EVENTS.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name.trim()))?;
        Self::ALL.get(at).copied()
    }

    /// Every column, in the order of the table.
    pub(crate) const ALL: [Self; FIELDS] = [
        Self::EventId,
        Self::Line,
        Self::Ts,
        Self::Kind,
        Self::Source,
        Self::VisitorId,
        Self::CustomerId,
        Self::SessionId,
        Self::OrderId,
        Self::ProductId,
        Self::ProductName,
        Self::Category,
        Self::Brand,
        Self::Quantity,
        Self::UnitPrice,
        Self::OrderValue,
        Self::Currency,
        Self::Device,
        Self::Os,
        Self::Browser,
        Self::Country,
        Self::Channel,
        Self::Page,
        Self::Release,
        Self::PaymentMethod,
        Self::ShippingMethod,
        Self::Coupon,
        Self::ErrorCode,
        Self::ErrorMessage,
        Self::HttpStatus,
        Self::LatencyMs,
        Self::Rating,
        Self::Comment,
        Self::Bot,
        Self::DeliveredTs,
    ];
}

/// A row as its format gave it: text by contract column, nothing checked yet.
#[derive(Clone, Debug)]
pub(crate) struct RawRow<'a> {
    fields: [Option<Cow<'a, str>>; FIELDS],
    /// Which of them hold a text, a bit each: rows have few of all columns, and only these are looked at.
    held: Held,
    /// Whether the format's reader, and not the log, says that a program sent it.
    is_program: bool,
}

impl Default for RawRow<'_> {
    fn default() -> Self {
        Self { fields: [const { None }; FIELDS], held: Held(0), is_program: false }
    }
}

impl<'a> RawRow<'a> {
    /// Sets a column. Blank text is no value.
    pub(crate) fn set(&mut self, field: Field, text: impl Into<Cow<'a, str>>) {
        let text = trim(text.into());
        if text.is_empty() {
            self.take(field);
        } else {
            self.fields[field as usize] = Some(text);
            self.held.insert(field);
        }
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) {
        for field in self.held.fields() {
            self.fields[field as usize] = None;
        }
        self.held = Held(0);
        self.is_program = false;
    }

    /// Sets a column where there is a value.
    pub(crate) fn set_some(&mut self, field: Field, text: Option<impl Into<Cow<'a, str>>>) {
        if let Some(text) = text {
            self.set(field, text);
        }
    }

    /// Marks the row as sent by a program that says so in its user agent.
    pub(crate) fn mark_program(&mut self) {
        self.set(Field::Bot, bots::USER_AGENT);
        self.is_program = true;
    }

    /// The text of a column; `None` where there is none.
    #[must_use]
    pub(crate) fn get(&self, field: Field) -> Option<&str> {
        self.fields[field as usize].as_deref()
    }

    fn take(&mut self, field: Field) -> Option<Cow<'a, str>> {
        if !self.held.has(field) {
            return None;
        }
        self.held.remove(field);
        self.fields[field as usize].take()
    }
}

/// A set of columns, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held(u64);

impl Held {
    const fn has(self, field: Field) -> bool {
        self.0 & (1 << field as u64) != 0
    }

    const fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u64;
    }

    const fn remove(&mut self, field: Field) {
        self.0 &= !(1 << field as u64);
    }

    /// Its columns.
    fn fields(self) -> impl Iterator<Item = Field> {
        let mut left = self;
        std::iter::from_fn(move || {
            let field = Field::ALL.get(left.0.trailing_zeros() as usize).copied()?;
            left.remove(field);
            Some(field)
        })
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    // Nothing to take off, as of nearly all texts.
    if text
        .as_bytes()
        .first()
        .zip(text.as_bytes().last())
        .is_some_and(|(a, z)| a.is_ascii_graphic() && z.is_ascii_graphic())
    {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// A row as the contract wants it; its text stays where the row has it.
#[derive(Clone, Debug)]
pub(crate) struct Event<'e> {
    /// Item line within the event.
    pub(crate) line: u16,
    /// Microseconds since 1970, UTC.
    pub(crate) ts: i64,
    /// The same as it was delivered, where `ts` is the clock of the run that read the row.
    pub(crate) delivered_ts: Option<i64>,
    /// Whether `ts` is ahead of this run's clock.
    pub(crate) is_ahead: bool,
    /// What happened.
    pub(crate) kind: Kind,
    /// Pieces.
    pub(crate) quantity: Option<i32>,
    /// Price of one piece.
    pub(crate) unit_price: Option<Amount>,
    /// The order's total.
    pub(crate) order_value: Option<Amount>,
    /// HTTP status.
    pub(crate) http_status: Option<u16>,
    /// Milliseconds.
    pub(crate) latency_ms: Option<u32>,
    /// Rating.
    pub(crate) rating: Option<f32>,
    /// The configured source.
    source: Option<&'e str>,
    /// The other text columns, normalised; numbers' places are empty.
    text: &'e RawRow<'e>,
}

/// Settings that decide whether a row is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// The configured source of the file; empty for the lake's own files, whose rows name theirs.
    pub(crate) source: &'a str,
    /// The run's clock, microseconds since 1970.
    pub(crate) clock: i64,
    /// What is done to rows at the door.
    pub(crate) door: &'a Door,
}

impl Rules<'_> {
    /// Whether rows are the lake's own: they have passed the door on an earlier night.
    const fn are_of_lake(&self) -> bool {
        self.source.is_empty()
    }
}

/// Rows may be this far ahead of the run's clock before they are rejected, or their moment is.
const FUTURE: i64 = time::DAY;
const QUANTITIES: std::ops::RangeInclusive<i128> = 0..=100_000;

impl<'e> Event<'e> {
    /// Reads and normalises a row in place. `raw` is the input row, from which a row without an id gets one.
    ///
    /// # Errors
    /// The first reason, in the contract's order, for which the row is rejected.
    pub(crate) fn from_raw(row: &'e mut RawRow<'_>, rules: &Rules<'e>, raw: &[u8]) -> Result<Self, Reject> {
        let ts = row.take(Field::Ts).unwrap_or_default();
        let ts = time::parse(&ts).ok_or_else(|| Reject::new(Reason::UnreadableTimestamp, ts))?;
        let delivered_ts = row.take(Field::DeliveredTs);
        let (ts, delivered_ts) = if rules.are_of_lake() {
            (ts, delivered_ts.and_then(|text| time::parse(&text)))
        } else if ts <= rules.clock.saturating_add(FUTURE) {
            (ts, None)
        } else if rules.door.future == Future::Clamp {
            (rules.clock, Some(ts))
        } else {
            return Err(Reject::new(Reason::FutureTimestamp, time::format(ts)));
        };
        let kind = row.take(Field::Kind).unwrap_or_default();
        let kind = Kind::parse(&kind).ok_or_else(|| Reject::new(Reason::UnknownKind, kind))?;
        if row.get(Field::VisitorId).is_none() && row.get(Field::CustomerId).is_none() {
            return Err(Reject::new(Reason::NoIds, "neither visitor_id nor customer_id"));
        }
        let unit_price = price(row, Field::UnitPrice)?;
        let order_value = price(row, Field::OrderValue)?;
        let negative = |amount: Option<Amount>| amount.filter(|amount| *amount < Amount::ZERO);
        let unlawful = negative(unit_price).or(negative(order_value).filter(|_| kind != Kind::Refund));
        if let Some(amount) = unlawful {
            return Err(Reject::new(Reason::NegativePrice, amount.to_string()));
        }
        let quantity = quantity(row)?;
        let line = row.take(Field::Line).and_then(|text| whole(&text)).and_then(|line| u16::try_from(line).ok());
        let number =
            |text: Option<Cow<'_, str>>| text.and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
        let http_status = row.take(Field::HttpStatus).and_then(|text| whole(&text)).and_then(|n| u16::try_from(n).ok());
        let latency_ms =
            number(row.take(Field::LatencyMs)).map(f64::round).filter(|ms| (0.0..=f64::from(u32::MAX)).contains(ms));
        let rating = number(row.take(Field::Rating));
        words::canonical(row);
        // Source and bot are ingest's to write: a log's own are not believed, those of its readers and of the lake's own
        // files are.
        if !rules.are_of_lake() {
            rules.door.hide_person(row);
        }
        // What the lake's own rows say of a visitor's day is made anew, with the rows that have come since.
        let stays =
            if rules.are_of_lake() { !row.get(Field::Bot).is_some_and(bots::is_behaviour) } else { row.is_program };
        if !stays {
            row.take(Field::Bot);
        }
        if row.get(Field::EventId).is_none() {
            row.set(Field::EventId, hash::hex(hash::of_bytes(raw)));
        }
        let row: &'e RawRow<'e> = row;
        let source = if rules.are_of_lake() { row.get(Field::Source) } else { Some(rules.source.trim()) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranges are checked above")]
        let event = Self {
            line: line.unwrap_or(0),
            ts,
            delivered_ts,
            is_ahead: ts > rules.clock,
            kind,
            quantity,
            unit_price,
            order_value,
            http_status,
            latency_ms: latency_ms.map(|ms| ms as u32),
            rating: rating.map(|rating| rating as f32),
            source: source.filter(|source| !source.is_empty()),
            text: row,
        };
        Ok(event)
    }

    /// The text columns that have a text, in the order of the table; not the kind.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (Field, &'e str)> {
        let mut held = self.text.held;
        held.remove(Field::Source);
        if self.source.is_some() {
            held.insert(Field::Source);
        }
        let (source, text) = (self.source, self.text);
        held.fields().filter_map(move |field| {
            let text = if field == Field::Source { source } else { text.get(field) };
            text.map(|text| (field, text))
        })
    }

    /// Who the row is bucketed by: the visitor, else the customer.
    #[must_use]
    pub(crate) fn visitor(&self) -> &'e str {
        self.text.get(Field::VisitorId).or_else(|| self.text.get(Field::CustomerId)).unwrap_or_default()
    }

    /// Hash of (source, `event_id`, line): rows with the same one are the same row.
    pub(crate) fn identity(&self, buffer: &mut Vec<u8>) -> u128 {
        supersede::identity(buffer, self.source, self.text.get(Field::EventId), self.line)
    }

    /// Hash of everything else that the contract knows of the row, as it was delivered: a row whose moment became the
    /// clock of one night is the same row when it comes again on another.
    pub(crate) fn content(&self, buffer: &mut Vec<u8>) -> u64 {
        buffer.clear();
        buffer.extend_from_slice(&self.delivered_ts.unwrap_or(self.ts).to_le_bytes());
        buffer.push(self.kind.rank());
        let mut number = |present: bool, bytes: &[u8]| {
            buffer.push(u8::from(present));
            buffer.extend_from_slice(bytes);
        };
        number(self.quantity.is_some(), &self.quantity.unwrap_or(0).to_le_bytes());
        for amount in [self.unit_price, self.order_value] {
            number(amount.is_some(), &amount.unwrap_or_default().0.to_le_bytes());
        }
        number(self.http_status.is_some(), &self.http_status.unwrap_or(0).to_le_bytes());
        number(self.latency_ms.is_some(), &self.latency_ms.unwrap_or(0).to_le_bytes());
        number(self.rating.is_some(), &self.rating.unwrap_or(0.0).to_bits().to_le_bytes());
        // Who is a program is the door's word, not the log's, and may be another one by another list.
        for (field, text) in self.texts().filter(|(field, _)| *field < Field::Bot) {
            // Absent columns are most columns: a position and a length say as much as a mark for each.
            buffer.push(u8::try_from(field as usize).expect("33 columns"));
            buffer.extend_from_slice(&(text.len() as u64).to_le_bytes());
            buffer.extend_from_slice(text.as_bytes());
        }
        #[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough beside the identity")]
        let content = hash::of_bytes(buffer) as u64;
        content
    }
}

fn price(row: &mut RawRow<'_>, field: Field) -> Result<Option<Amount>, Reject> {
    row.take(field)
        .map(|text| Amount::parse(&text).ok_or_else(|| Reject::new(Reason::UnreadablePrice, text)))
        .transpose()
}

fn quantity(row: &mut RawRow<'_>) -> Result<Option<i32>, Reject> {
    let Some(text) = row.take(Field::Quantity) else { return Ok(None) };
    let number = whole(&text).ok_or_else(|| Reject::new(Reason::UnreadableQuantity, text.clone()))?;
    if !QUANTITIES.contains(&number) {
        return Err(Reject::new(Reason::QuantityOutOfRange, text));
    }
    Ok(Some(i32::try_from(number).expect("at most 100,000")))
}
