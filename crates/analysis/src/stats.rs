//! Statistics: slices in, numbers out. Every function names its source, and is tested against R, `SciPy` or lifelines.

pub mod association;
pub mod beta_binomial;
pub mod bootstrap;
pub mod cholesky;
pub mod difference;
pub mod logistic;
pub mod mantel_haenszel;
pub mod mean;
pub mod proportion;
pub mod quantile;
pub mod scoring;
pub mod spline;
pub mod survival;
pub mod tail;

/// The 97.5 % point of the standard normal distribution: intervals are 95 % ones, where nothing else is said.
pub const Z95: f64 = 1.959_963_984_540_054;
