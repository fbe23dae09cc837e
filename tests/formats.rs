//! Whatever tells of a cart, and however badly.

mod bad;
mod bad_exports;
mod drift;
mod every;
mod mapping;
mod package;
mod packed;
pub(crate) mod shops;
pub(crate) mod story;
pub(crate) mod trackers;
mod web_log;
