//! One file per command.

pub(crate) mod analyze;
pub(crate) mod demo;
pub(crate) mod describe;
pub(crate) mod ingest;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod simulate;
