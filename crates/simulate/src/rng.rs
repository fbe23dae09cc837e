//! Seeded dice. Every stream is keyed by (seed, domain, a, b), so one person or one day never moves the dice of another.

use chacha20::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, Poisson, StandardNormal};

/// What a stream of dice is for. The numbers are part of the key: renumbering changes every simulated shop.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    Catalogue = 1,
    Person = 2,
    Day = 3,
    Opening = 4,
    Story = 5,
    Barrier = 6,
    Delivery = 7,
    Habit = 8,
    Mix = 9,
}

/// The stream for one thing. The whole key goes into the cipher, so no two things share a stream.
pub(crate) fn stream(seed: u64, domain: Domain, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (place, word) in key.chunks_exact_mut(8).zip([seed, domain as u64, a, b]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The finaliser of `SplitMix64`: a bijection, so distinct numbers stay distinct identifiers and merely look random.
pub(crate) const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The nearest whole number. For amounts and durations far below 2^53.
#[expect(clippy::cast_possible_truncation, reason = "callers pass amounts and durations far below 2^53")]
pub(crate) fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// The throws that the shop needs, each taking what it takes from the stream in one place.
pub(crate) trait Dice: Rng {
    /// True with probability `p`.
    fn chance(&mut self, p: f64) -> bool {
        self.random::<f64>() < p
    }

    /// Uniform in `low..high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random::<f64>()
    }

    /// Uniform in `0..n`.
    fn below(&mut self, n: usize) -> usize {
        self.random_range(0..n)
    }

    /// An index in `0..n` that favours the low ones: the share of the lowest fraction `q` is `q^(1 / skew)`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the product lies in 0..n")]
    fn skewed(&mut self, n: usize, skew: f64) -> usize {
        ((n as f64 * self.random::<f64>().powf(skew)) as usize).min(n - 1)
    }

    /// One of the values, all equally likely.
    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// One of the values by weight. Weights need not sum to one.
    fn weighted<T: Copy>(&mut self, values: &[(T, f64)]) -> T {
        let total: f64 = values.iter().map(|(_, weight)| weight).sum();
        let mut left = total * self.random::<f64>();
        for &(value, weight) in values {
            if left < weight {
                return value;
            }
            left -= weight;
        }
        values[values.len() - 1].0
    }

    /// Standard normal.
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(self)
    }

    /// Lognormal with this median and this standard deviation of the logarithm.
    fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Exponential with this mean.
    fn exponential(&mut self, mean: f64) -> f64 {
        let unit: f64 = Exp1.sample(self);
        mean * unit
    }

    /// Poisson with this mean; 0 where the mean is not positive.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of carts and visits are small and not negative"
    )]
    fn poisson(&mut self, mean: f64) -> u32 {
        Poisson::new(mean).map_or(0, |counts| counts.sample(self) as u32)
    }
}

impl<R: Rng> Dice for R {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_the_key() {
        let first = |seed, domain, a, b| stream(seed, domain, a, b).random::<u64>();
        let one = first(1, Domain::Person, 2, 3);
        assert_eq!(one, first(1, Domain::Person, 2, 3));
        for other in [
            first(2, Domain::Person, 2, 3),
            first(1, Domain::Day, 2, 3),
            first(1, Domain::Person, 3, 3),
            first(1, Domain::Person, 2, 4),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn weights_decide_how_often_a_value_is_drawn() {
        let mut rng = stream(1, Domain::Day, 0, 0);
        let heads = (0..10_000).filter(|_| rng.weighted(&[(true, 3.0), (false, 1.0)])).count();
        assert!((7_200..7_800).contains(&heads), "{heads}");
    }

    #[test]
    fn a_poisson_of_mean_zero_is_zero() {
        assert_eq!(stream(1, Domain::Day, 0, 0).poisson(0.0), 0);
    }
}
