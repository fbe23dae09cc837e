//! The way back: SQL that gives each number of the report again from the published Parquet tables.
//!
//! One file per part of the analysis. The SQL is `DuckDB`'s, written to be read: it states in its own terms what the
//! Rust beside it does, so that the two check each other. Intervals are the exception; they are left to Rust.

mod abandonment;
mod automation;
mod barriers;
mod checkout_curve;
mod customers;
mod forecast;
mod funnel;
mod later;
mod orders;
mod reasons;
mod revenue;
mod sql;
mod standing;
mod voice;
mod waterfall;

use serde::Serialize;

use crate::Analysis;

/// A question in SQL with the answer that the report gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Query {
    /// A stable name of the figure, such as `abandonment.overall`; charts and tables refer to it.
    pub id: String,
    /// What it answers, in words.
    pub title: String,
    /// `DuckDB` SQL that reads the tables as they lie; it orders its rows, and ends without a semicolon.
    pub sql: String,
    /// Names of the result's columns.
    pub columns: Vec<&'static str>,
    /// The rows that the SQL gives, in order, each with one cell per column; `None` is SQL's NULL.
    ///
    /// Counts are whole numbers, money has four decimals, days are ISO 8601. Shares, hours and seconds are floats
    /// (always with a point or an exponent) and equal up to a relative 1e-9.
    pub expected: Vec<Vec<Option<String>>>,
}

impl Analysis {
    /// SQL for the numbers of the report, in its order. `data` is the folder that holds the tables, as the reader of
    /// the SQL would write it: `data/current`.
    #[must_use]
    pub fn queries(&self, data: &str) -> Vec<Query> {
        let tables = sql::Tables::new(data);
        [
            abandonment::queries(self, &tables),
            reasons::queries(self, &tables),
            revenue::queries(self, &tables),
            waterfall::queries(self, &tables),
            standing::queries(self, &tables),
            funnel::queries(self, &tables),
            checkout_curve::queries(self, &tables),
            later::queries(self, &tables),
            orders::queries(self, &tables),
            forecast::queries(self, &tables),
            barriers::queries(self, &tables),
            automation::queries(self, &tables),
            customers::queries(self, &tables),
            voice::queries(self, &tables),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests;
