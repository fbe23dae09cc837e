//! Poisson bootstrap over persons: every person is drawn a Poisson(1) number of times, all that is theirs together.
//!
//! Chamandy, Muralidharan, Najmi and Naidu, Estimating uncertainty for massive data streams, Google (2012). The weight of a
//! person in a replicate is a function of person, replicate and seed alone: shards can be added up in any order, and
//! neither the number of threads nor the order of the rows changes a bit.

use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use super::quantile;

/// Replicates that one 64-bit word holds, a byte each.
const LANES: usize = 8;
/// Rows that are added up by one thread at a time. Fixed, so that sums are made in one order whatever the threads.
const CHUNK: usize = 2_048;
/// Persons below which percentiles are corrected for bias and acceleration.
pub const FEW_PERSONS: usize = 5_000;

/// How often a person is drawn, by a random byte. Of 256 bytes 94 stand for 0, 95 for 1, 46 for 2, 16 for 3, 4 for 4 and 1 for
/// 5: mean and variance are 1 to the last digit, as Poisson's are, and no share differs from Poisson's by more than 0.005.
const DRAWS: [u8; 256] = {
    let counts = [94, 95, 46, 16, 4, 1];
    let mut table = [0; 256];
    let (mut at, mut weight) = (0, 0);
    while weight < counts.len() {
        let mut left = counts[weight];
        while left > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "0 to 5")]
            {
                table[at] = weight as u8;
            }
            at += 1;
            left -= 1;
        }
        weight += 1;
    }
    table
};

/// What one person adds to `N` sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit<const N: usize> {
    /// Hash of the person's id: equal for all that is theirs.
    pub person: u64,
    /// What they add. Whole numbers below 2^53 are added without rounding.
    pub values: [f64; N],
}

/// Sums over persons, once as they are and once for each replicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates<const N: usize> {
    /// The sums themselves.
    pub point: [f64; N],
    /// For each of the sums, its replicates, in their order.
    pub sums: [Vec<f64>; N],
}

/// The finalizer of Steele, Lea and Flood's `SplitMix64` (OOPSLA 2014).
const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// How often a person is drawn in each replicate.
fn draw(person: u64, seed: u64, weights: &mut [f64]) {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = mix(person ^ mix(seed.wrapping_add(GOLDEN)));
    for (word, lanes) in (1_u64..).zip(weights.chunks_mut(LANES)) {
        let bytes = mix(start.wrapping_add(word.wrapping_mul(GOLDEN))).to_le_bytes();
        for (weight, byte) in lanes.iter_mut().zip(bytes) {
            *weight = f64::from(DRAWS[usize::from(byte)]);
        }
    }
}

/// Adds units up, `replicates` times over.
#[must_use]
pub fn resample<const N: usize>(units: &[Unit<N>], replicates: usize, seed: u64) -> Replicates<N> {
    let zero = || Replicates { point: [0.0; N], sums: std::array::from_fn(|_| vec![0.0; replicates]) };
    let parts: Vec<Replicates<N>> = units
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut part = zero();
            let mut weights = vec![0.0; replicates];
            for unit in chunk {
                draw(unit.person, seed, &mut weights);
                for ((value, point), sums) in unit.values.iter().zip(&mut part.point).zip(&mut part.sums) {
                    *point += value;
                    if *value != 0.0 {
                        for (sum, weight) in sums.iter_mut().zip(&weights) {
                            *sum += weight * value;
                        }
                    }
                }
            }
            part
        })
        .collect();
    parts.iter().fold(zero(), Replicates::plus)
}

impl<const N: usize> Replicates<N> {
    /// Both together. A person who is in both is drawn equally often in each.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for ((point, sums), (other_point, others)) in
            self.point.iter_mut().zip(&mut self.sums).zip(other.point.iter().zip(&other.sums))
        {
            *point += other_point;
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        }
        self
    }

    /// The central interval of one of the sums that holds `level` of its replicates: percentiles, or below
    /// [`FEW_PERSONS`] persons Efron's `BCa` (Better bootstrap confidence intervals, JASA 82 (1987), 171-185). `persons` are
    /// what each one adds to this sum. `None` without a replicate, or for fewer than two persons who add anything.
    ///
    /// The acceleration is that of a sum over a random number of persons, sum x^3 / (6 (sum x^2)^1.5), because the
    /// number of persons is drawn too.
    #[must_use]
    pub fn interval(&self, sum: usize, persons: &[f64], level: f64) -> Option<(f64, f64)> {
        let mut sorted = self.sums[sum].clone();
        sorted.sort_unstable_by(f64::total_cmp);
        if persons.iter().filter(|value| **value != 0.0).count() < 2 {
            return None;
        }
        let tail = (1.0 - level) / 2.0;
        let shares =
            if persons.len() < FEW_PERSONS { self.corrected(sum, &sorted, persons, tail) } else { [tail, 1.0 - tail] };
        Some((quantile::linear(&sorted, shares[0])?, quantile::linear(&sorted, shares[1])?))
    }

    fn corrected(&self, sum: usize, sorted: &[f64], persons: &[f64], tail: f64) -> [f64; 2] {
        let normal = Normal::standard();
        let point = self.point[sum];
        let below = sorted.partition_point(|replicate| *replicate < point);
        let equal = sorted.partition_point(|replicate| *replicate <= point) - below;
        let n = sorted.len() as f64;
        let share = (below as f64 + equal as f64 / 2.0).clamp(0.5, n - 0.5) / n;
        let bias = normal.inverse_cdf(share);
        let (squares, cubes) =
            persons.iter().fold((0.0, 0.0), |(squares, cubes), x| (squares + x * x, cubes + x.powi(3)));
        let acceleration = cubes / (6.0 * squares.powf(1.5));
        [tail, 1.0 - tail].map(|share| {
            let z = bias + normal.inverse_cdf(share);
            normal.cdf(bias + z / (1.0 - acceleration * z)).clamp(0.0, 1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(count: u64) -> Vec<Unit<2>> {
        (0..count).map(|at| Unit { person: mix(at), values: [(at % 17) as f64, 1.0] }).collect()
    }

    #[test]
    fn a_draw_has_the_mean_and_the_variance_of_poissons() {
        let [sum, squares] = [1, 2].map(|power| DRAWS.iter().map(|draw| u32::from(*draw).pow(power)).sum::<u32>());
        assert_eq!((sum, squares), (256, 512));
        let mut poisson = (-1.0_f64).exp();
        for weight in 0..=5_u8 {
            let share = DRAWS.iter().map(|draw| u32::from(*draw == weight)).sum::<u32>();
            let share = f64::from(share) / 256.0;
            assert!((share - poisson).abs() < 0.005, "{weight}: {share} instead of {poisson}");
            poisson /= f64::from(weight) + 1.0;
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_the_number_of_threads_changes_a_bit() {
        let straight = units(10_000);
        let mut turned = straight.clone();
        turned.reverse();
        let of = |units: &[Unit<2>], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| resample(units, 1_000, 7))
        };
        let one = of(&straight, 1);
        assert_eq!(one, of(&straight, 2));
        assert_eq!(one, of(&turned, 8));
        let halves = resample(&straight[..4_000], 1_000, 7).plus(&resample(&straight[4_000..], 1_000, 7));
        assert_eq!(one, halves);
        assert_ne!(one, resample(&straight, 1_000, 8));
    }

    #[test]
    fn the_number_of_persons_varies_as_poissons_does() {
        let drawn = resample(&units(10_000), 1_000, 1);
        let mean = drawn.sums[1].iter().sum::<f64>() / 1_000.0;
        let variance = drawn.sums[1].iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / 999.0;
        assert!((mean - 10_000.0).abs() < 4.0 * 100.0 / 1_000.0_f64.sqrt(), "{mean}");
        assert!((variance / 10_000.0 - 1.0).abs() < 0.2, "{variance}");
        let (low, high) = drawn.interval(1, &vec![1.0; 10_000], 0.9).unwrap();
        assert!((low - (10_000.0 - 164.5)).abs() < 25.0 && (high - (10_000.0 + 164.5)).abs() < 25.0, "{low} {high}");
    }

    #[test]
    fn few_persons_with_a_long_tail_get_a_longer_upper_end() {
        let values: Vec<f64> = (0..400).map(|at| if at % 40 == 0 { 100.0 } else { 1.0 }).collect();
        let units: Vec<Unit<1>> =
            (0_u64..).zip(&values).map(|(at, value)| Unit { person: mix(at), values: [*value] }).collect();
        let drawn = resample(&units, 1_000, 3);
        let (low, high) = drawn.interval(0, &values, 0.9).unwrap();
        let mut sorted = drawn.sums[0].clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (plain_low, plain_high) =
            (quantile::linear(&sorted, 0.05).unwrap(), quantile::linear(&sorted, 0.95).unwrap());
        assert!(low > plain_low && high > plain_high, "{low} to {high} instead of {plain_low} to {plain_high}");
    }

    #[test]
    fn one_person_alone_has_no_interval() {
        let drawn = resample(&[Unit { person: 1, values: [5.0] }], 1_000, 3);
        assert_eq!(drawn.interval(0, &[5.0, 0.0], 0.9), None);
        assert_eq!(resample::<1>(&[], 1_000, 3).interval(0, &[], 0.9), None);
    }
}
