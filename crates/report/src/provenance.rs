//! Where a night's figures come from: what the report says about its own data.

use std::collections::BTreeMap;

use events::lake::Input;
use serde::Serialize;

/// What a report says about the data behind it. The moment of the night is [`as_of`](analysis::Analysis::as_of).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Id of the generation that was analysed.
    pub generation: String,
    /// Version of leftcart that analysed it.
    pub code_version: String,
    /// The folder of the tables as the reader of the SQL would write it, such as `data/current`.
    pub data: String,
    /// Every input file of the generation with what became of its rows, in the order in which they were read.
    pub inputs: Vec<Input>,
    /// Events that the contract has no kind for, by the source's name for them.
    pub unmapped: BTreeMap<String, u64>,
    /// Columns that the contract has no place for, by file.
    pub unused_columns: BTreeMap<String, Vec<String>>,
    /// Whether pages name persons by their ids; by pseudonyms otherwise.
    pub show_customers: bool,
    /// Whatever else a reader should know, one sentence each.
    pub notes: Vec<String>,
}

/// What became of rows: `rows` = `accepted` + `duplicates` + `quarantined` + `superseded`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Rows read.
    pub rows: u64,
    /// Rows that are in events.
    pub accepted: u64,
    /// Rows that repeat an accepted one.
    pub duplicates: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Rows of tables of GA4's export in whose place others count.
    pub superseded: u64,
}

impl Provenance {
    /// What became of the rows of all inputs.
    #[must_use]
    pub fn balance(&self) -> Balance {
        self.inputs.iter().map(Balance::of).fold(Balance::default(), std::ops::Add::add)
    }

    /// Rows in quarantine by reason, over all inputs.
    #[must_use]
    pub fn quarantined(&self) -> BTreeMap<&str, u64> {
        let mut reasons = BTreeMap::new();
        for (reason, rows) in self.inputs.iter().flat_map(|input| &input.quarantined) {
            *reasons.entry(reason.as_str()).or_default() += rows;
        }
        reasons
    }
}

impl Balance {
    /// What became of the rows of one file.
    #[must_use]
    pub fn of(input: &Input) -> Self {
        Self {
            rows: input.rows,
            accepted: input.accepted,
            duplicates: input.duplicates,
            quarantined: input.quarantined.values().sum(),
            superseded: input.superseded,
        }
    }

    /// Whether every row ended in exactly one place.
    #[must_use]
    pub const fn adds_up(self) -> bool {
        self.rows == self.accepted + self.duplicates + self.quarantined + self.superseded
    }
}

impl std::ops::Add for Balance {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            accepted: self.accepted + other.accepted,
            duplicates: self.duplicates + other.duplicates,
            quarantined: self.quarantined + other.quarantined,
            superseded: self.superseded + other.superseded,
        }
    }
}
