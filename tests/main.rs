//! The whole program against the contract: one binary, a file for each kind of statement.

/// The same number on pages, in CSV, in JSON and in SQL.
mod agreement;
/// Alerts: told once when they come and once when they go, and never the reason that a run fails.
mod alerts;
/// Programs that fill carts: told by their names and by what they do, however nights are cut.
mod bots;
/// What the program prints, and its exit codes.
mod cli;
/// Daily and intraday tables of GA4's export: never both for one date, and the last delivery counts.
mod export_tables;
/// Kills, full disks, rotten tables, clocks that go back: no row is lost or doubled, and no night is half there.
mod faults;
/// A person is removed from every night, and nothing is left.
mod forget;
/// One shopper in every format, packed logs, and what ends in quarantine.
mod formats;
/// Kept and changed cases of the fuzz targets.
mod fuzz;
/// Logs that are broken or made to break: no panic, no lost row, no memory without bound.
mod hostile;
/// A shop whose texts attack whoever shows them.
mod hostile_shop;
/// What README and docs tell readers to do works as it is told.
mod manuals;
/// Cuts of logs into nights, re-deliveries, threads and killed runs: none of them changes a row.
mod nights;
/// Carts, orders and the balance of rows are what an independent reading of the contract makes of the same logs.
mod oracle;
/// Customers as people: stories, the follow-up list, what they say.
mod people;
/// Pseudonyms by key: no plain id is stored, and everybody is still followed.
mod privacy;
/// Why carts were left, against what really happened.
mod reasons;
/// The report's pages in a browser: they ask for nothing, fit every screen and are accessible; and what they must not say.
mod report;
/// What is lost, and where customers stand: nothing is counted twice, and nothing later counts.
mod revenue;
/// The sample that is kept in the repository.
mod sample;
/// Files of carts that nothing happens to any more are left as they are.
mod settled;
/// The published tables answer in SQL what the report says, and say whose carts they are.
mod sql;
/// Lakes of earlier versions open, or are brought forward.
mod upgrades;

use support::lake::Lake;

/// A folder in which the program can be run.
fn lake() -> Lake {
    Lake::new(env!("CARGO_BIN_EXE_leftcart-twin"))
}
