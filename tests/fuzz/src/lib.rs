//! Any bytes into the readers, the settings, the paths of mappings and the cart kernel, with the laws that hold whatever
//! the bytes are.
//!
//! ```text
//! bytes ──> targets ──> reader ──> a night's reading of a file ──> laws: no row is lost, places are within the file
//!                  ├──> config, paths, addresses ────────────────> laws of each
//!                  └──> kernel ──> the cart kernel beside the oracle: the same carts, items and orders
//! ```
//!
//! A target panics where a law does not hold. libFuzzer calls it for hours (`tests/fuzz/targets`), `replay` for some
//! seconds in every run of the tests: first what is kept in `corpus` and `regressions`, then seeded changes to it.

mod addresses;
mod config;
mod kept;
mod kernel;
mod mutate;
mod paths;
mod reader;
mod readers;

pub use addresses::addresses;
pub use config::config;
pub use kept::{Case, cases, corpus, regressions};
pub use kernel::kernel;
pub use mutate::Mutations;
pub use paths::paths;
pub use readers::{
    access_log, ga4, mapping_csv, mapping_ndjson, native_csv, native_ndjson, recognise, rees46, retailrocket,
    rudderstack, segment, shopify_checkouts, shopify_orders, snowplow, snowplow_json,
};

/// Takes any bytes, and panics where a law does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its folder of cases.
pub const TARGETS: [(&str, Target); 19] = [
    ("native_csv", native_csv),
    ("native_ndjson", native_ndjson),
    ("ga4", ga4),
    ("segment", segment),
    ("rudderstack", rudderstack),
    ("snowplow", snowplow),
    ("snowplow_json", snowplow_json),
    ("shopify_checkouts", shopify_checkouts),
    ("shopify_orders", shopify_orders),
    ("rees46", rees46),
    ("retailrocket", retailrocket),
    ("access_log", access_log),
    ("mapping_csv", mapping_csv),
    ("mapping_ndjson", mapping_ndjson),
    ("recognise", recognise),
    ("config", config),
    ("paths", paths),
    ("addresses", addresses),
    ("kernel", kernel),
];
