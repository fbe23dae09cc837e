//! Why a row was not accepted.

use std::fmt;

/// The reason that stands in quarantine. The words are part of the tables: do not change them lightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The row cannot be read as its format, or is not UTF-8.
    UnreadableLine,
    /// No moment, or none that can be read.
    UnreadableTimestamp,
    /// More than a day after the run's clock.
    FutureTimestamp,
    /// A kind that the contract does not have.
    UnknownKind,
    /// Neither visitor nor customer.
    NoIds,
    /// A price or order value that is not a number that decimal(18,4) holds.
    UnreadablePrice,
    /// A price below zero, or an order value below zero on anything but a refund.
    NegativePrice,
    /// A quantity that is not a whole number.
    UnreadableQuantity,
    /// A quantity below 0 or above 100,000.
    QuantityOutOfRange,
    /// The identity of an accepted row, with other content.
    Conflict,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::UnreadableLine,
        Self::UnreadableTimestamp,
        Self::FutureTimestamp,
        Self::UnknownKind,
        Self::NoIds,
        Self::UnreadablePrice,
        Self::NegativePrice,
        Self::UnreadableQuantity,
        Self::QuantityOutOfRange,
        Self::Conflict,
    ];

    /// The words in the quarantine table.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnreadableLine => "unreadable line",
            Self::UnreadableTimestamp => "unreadable timestamp",
            Self::FutureTimestamp => "future timestamp",
            Self::UnknownKind => "unknown kind",
            Self::NoIds => "no ids",
            Self::UnreadablePrice => "unreadable price",
            Self::NegativePrice => "negative price",
            Self::UnreadableQuantity => "unreadable quantity",
            Self::QuantityOutOfRange => "quantity out of range",
            Self::Conflict => "conflict",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A row that was not accepted: why, and the value or message behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// The offending value or the parser's words.
    pub detail: String,
}

impl Reject {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(Reason::UnreadableLine, detail)
    }
}
