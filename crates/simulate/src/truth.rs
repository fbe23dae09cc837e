//! What really happened, for judging what an analysis says about it.

mod cart;
mod planted;

pub use cart::{CartTruth, Why};
pub(crate) use planted::PlantedTruth;

/// A cart not bought within this time is abandoned.
pub(crate) const WINDOW: i64 = 3 * crate::calendar::DAY;
