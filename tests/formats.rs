//! Whatever tells of a cart, and however badly.

mod bad;
mod packed;
mod story;
