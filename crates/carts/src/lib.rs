//! The cart kernel: one person's events in, carts, cart items and orders out.
//!
//! ```text
//! events ── persons ──> whose event is it
//!        ── kernel ───> one person's cart events, in order, through the rules of a cart
//!             cart        what is in a cart and what happened to it
//!             orders      what was ordered and refunded
//!        ── segments ─> top-customer segments as of each opening day
//! carts ─── aging ────> what time alone does to carts of persons without new events
//! ```
//!
//! Pure: columns in, columns out; no files, no clock, no threads. `docs/definitions.md` has the rules in words.

pub mod aging;
pub mod cart;
pub mod columns;
pub mod kernel;
pub mod orders;
mod output;
pub mod persons;
pub mod schema;
pub mod segments;

pub use kernel::{Rules, reconstruct};
pub use output::{Tables, unranked_carts};
