//! Whatever tells of a cart, and however badly.

mod bad;
mod mapping;
mod packed;
mod story;
