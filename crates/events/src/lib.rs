//! The words every part of leftcart agrees on: event kinds, money, time, identifiers, table schemas,
//! and the lake that holds the tables.
//!
//! Nothing here knows a log format, a cart or a chart. [`schema`] is the only place that names the
//! event columns; [`lake`] is the only place that knows how a night is published.

mod begin;
pub mod bots;
pub mod exchange;
pub mod hash;
pub mod kind;
pub mod lake;
pub mod money;
pub mod parquet_io;
pub mod runs;
pub mod schema;
pub mod time;

pub use begin::Begin;
pub use kind::Kind;
pub use money::Amount;
