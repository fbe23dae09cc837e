//! The whole program against the contract: one binary, a file for each kind of statement.

/// Carts, orders and the balance of rows are what an independent reading of the contract makes of the same logs.
mod oracle;
/// The published tables answer in SQL what the report says, and say whose carts they are.
mod sql;

use support::lake::Lake;

/// A folder in which the program can be run.
fn lake() -> Lake {
    Lake::new(env!("CARGO_BIN_EXE_leftcart-twin"))
}
