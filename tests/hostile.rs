//! Logs that are broken, or made to break: nothing panics, every row is somewhere, and what was fine before is fine still.

/// Bytes changed at random in good logs of every format.
mod mutations;
/// Numbers that are none, or too large, or too many.
mod numbers;
/// Files that no shop writes on purpose.
mod oddities;
