//! One file per command.

pub(crate) mod analyze;
pub(crate) mod cart;
pub(crate) mod check;
pub(crate) mod customer;
pub(crate) mod demo;
pub(crate) mod describe;
pub(crate) mod forget;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod manual;
pub(crate) mod migrate;
pub(crate) mod print_config;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod simulate;
