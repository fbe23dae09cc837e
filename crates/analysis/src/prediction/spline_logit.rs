//! Logistic regression on the columns of a [`Design`], with a ridge penalty, by Newton's method.

use rayon::prelude::*;

use super::bytes::Bytes;
use super::design::{Design, Sparse, nearness};
use super::features::{NUMBERS, Vocabularies, WORDS};
use super::landmark::{LANDMARKS, Purpose, Row};
use super::model::Model;
use crate::stats::cholesky::Cholesky;
use crate::stats::logistic::sigmoid;

/// Rows are summed in so many pieces, and the pieces in their order: the same sums on any number of threads.
const PIECES: usize = 32;
const MOST_STEPS: usize = 40;
/// Relative change of the log-likelihood at which it stands still.
const STILL: f64 = 1e-6;
/// Rows that the curvature is taken from.
const CURVED_ROWS: usize = 10_000;
/// Relative change of the log-likelihood below which the curvature stays as it is.
const CURVED: f64 = 1e-2;

/// Features that matter in every shop, besides those that depend on the age.
const CORE: [&str; 6] = ["value", "account", "prior_orders", "segment", "device", "channel"];

/// A fitted model.
#[derive(Clone, Debug)]
pub(super) struct SplineLogit {
    design: Design,
    weights: Vec<f64>,
    /// Mean of each column over the rows that it was fitted on, by landmark: the average cart of that age.
    means: [Vec<f64>; LANDMARKS.len()],
}

/// Fits one model per penalty on the same rows, each beginning where the one before ended.
///
/// A penalty is half its value times the square of each weight but the levels of ages, and a tenth of that for what matters in
/// every shop.
pub(super) fn fit(
    rows: &[&Row],
    outcomes: &[bool],
    vocabularies: &Vocabularies,
    penalties: &[f64],
) -> Vec<SplineLogit> {
    let design = Design::of(rows, vocabularies);
    let sparse = design.encode_all(rows);
    let width = design.width();
    let means = means(rows, &sparse, width);
    let mut weights = vec![0.0; width];
    penalties
        .iter()
        .map(|penalty| {
            let penalty: Vec<f64> =
                (0..width).map(|column| design.feature(column).map_or(1e-4, |at| penalty * looseness(at))).collect();
            weights = newton(&sparse, outcomes, &penalty, &weights);
            SplineLogit { design: design.clone(), weights: weights.clone(), means: means.clone() }
        })
        .collect()
}

/// What [`Model::put`] wrote.
pub(super) fn take(from: &mut &[u8], vocabularies: &Vocabularies) -> Option<SplineLogit> {
    let (design, weights) = (Design::take(from, vocabularies)?, Vec::<f64>::take(from)?);
    let mut means: [Vec<f64>; LANDMARKS.len()] = Default::default();
    for means in &mut means {
        *means = Bytes::take(from)?;
    }
    let fits = |line: &Vec<f64>| line.len() == design.width();
    (fits(&weights) && means.iter().all(fits)).then_some(SplineLogit { design, weights, means })
}

/// What depends on the age, and who the person is, is believed more readily than the weekday or the browser.
fn looseness(feature: usize) -> f64 {
    let is_core = match feature.checked_sub(NUMBERS.len()) {
        None => NUMBERS[feature].by_age || CORE.contains(&NUMBERS[feature].name),
        Some(word) => WORDS[word].by_age || CORE.contains(&WORDS[word].name),
    };
    if is_core { 0.1 } else { 1.0 }
}

fn means(rows: &[&Row], sparse: &Sparse, width: usize) -> [Vec<f64>; LANDMARKS.len()] {
    let mut sums: [(Vec<f64>, f64); LANDMARKS.len()] = std::array::from_fn(|_| (vec![0.0; width], 0.0));
    for (at, row) in rows.iter().enumerate() {
        let Purpose::Landmark(landmark) = row.purpose else { continue };
        let (sums, n) = &mut sums[usize::from(landmark)];
        *n += 1.0;
        let (columns, values) = sparse.row(at);
        for (column, value) in columns.iter().zip(values) {
            sums[usize::from(*column)] += f64::from(*value);
        }
    }
    sums.map(|(sums, n)| sums.into_iter().map(|sum| sum / f64::max(n, 1.0)).collect())
}

fn dot(weights: &[f64], (columns, values): (&[u16], &[f32])) -> f64 {
    let term = |column: u16, value: f32| weights[usize::from(column)] * f64::from(value);
    // Four sums, because one would wait for itself.
    let mut sums = [0.0; 4];
    let (columns_by_four, last_columns) = columns.as_chunks::<4>();
    let (values_by_four, last_values) = values.as_chunks::<4>();
    for (columns, values) in columns_by_four.iter().zip(values_by_four) {
        for (sum, (column, value)) in sums.iter_mut().zip(columns.iter().zip(values)) {
            *sum += term(*column, *value);
        }
    }
    let last: f64 = last_columns.iter().zip(last_values).map(|(column, value)| term(*column, *value)).sum();
    sums.iter().sum::<f64>() + last
}

fn pieces(rows: usize) -> Vec<std::ops::Range<usize>> {
    let size = rows.div_ceil(PIECES).max(1);
    (0..rows).step_by(size).map(|from| from..(from + size).min(rows)).collect()
}

/// The penalised negative log-likelihood, and the gradient of the log-likelihood less that of the penalty.
fn slope(sparse: &Sparse, outcomes: &[bool], penalty: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
    let of_piece = |piece: std::ops::Range<usize>| {
        let (mut loss, mut gradient) = (0.0, vec![0.0; weights.len()]);
        for row in piece {
            let (columns, values) = sparse.row(row);
            let log_odds = dot(weights, (columns, values));
            let happened = f64::from(u8::from(outcomes[row]));
            // ln(1 + e^x) without overflow.
            loss += log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p() - happened * log_odds;
            let residual = happened - sigmoid(log_odds);
            for (column, value) in columns.iter().zip(values) {
                gradient[usize::from(*column)] += residual * f64::from(*value);
            }
        }
        (loss, gradient)
    };
    let parts: Vec<(f64, Vec<f64>)> = pieces(sparse.len()).into_par_iter().map(of_piece).collect();
    let mut loss = penalty.iter().zip(weights).map(|(p, w)| p * w * w / 2.0).sum::<f64>();
    let mut gradient: Vec<f64> = penalty.iter().zip(weights).map(|(p, w)| -p * w).collect();
    for (of_piece, part) in parts {
        loss += of_piece;
        gradient.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    (loss, gradient)
}

/// A place within a stride that looks random: what comes at regular intervals must not be missed, or met, each time.
fn jitter(row: usize, stride: usize) -> usize {
    let bits = (row as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    usize::try_from((bits >> 33) % stride.max(1) as u64).unwrap_or(0)
}

/// Curvature (lower triangle) of the penalised negative log-likelihood: of one row of every `stride`, scaled to all.
fn curvature(sparse: &Sparse, penalty: &[f64], weights: &[f64], stride: usize) -> Vec<f64> {
    let width = weights.len();
    let taken = sparse.len().div_ceil(stride);
    let scale = sparse.len() as f64 / taken.max(1) as f64;
    let of_piece = |piece: std::ops::Range<usize>| {
        let mut curvature = vec![0.0; width * width];
        for row in piece {
            let (columns, values) = sparse.row((row * stride + jitter(row, stride)).min(sparse.len() - 1));
            let p = sigmoid(dot(weights, (columns, values)));
            let weight = scale * p * (1.0 - p);
            for (at, (column, value)) in columns.iter().zip(values).enumerate() {
                // Columns of a row rise, so that the entry lies below the diagonal.
                let line = &mut curvature[usize::from(*column) * width..][..width];
                let weighted = weight * f64::from(*value);
                for (other, value) in columns[..=at].iter().zip(values) {
                    line[usize::from(*other)] += weighted * f64::from(*value);
                }
            }
        }
        curvature
    };
    let parts: Vec<Vec<f64>> = pieces(taken).into_par_iter().map(of_piece).collect();
    let mut sums = vec![0.0; width * width];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    for (column, penalty) in penalty.iter().enumerate() {
        sums[column * width + column] += penalty;
    }
    sums
}

/// The weights of least loss. The slope is always that of all rows, so the end does not depend on the curvature, which
/// only says where to look next: some thousands of rows know it well enough, and near the end it hardly changes.
fn newton(sparse: &Sparse, outcomes: &[bool], penalty: &[f64], start: &[f64]) -> Vec<f64> {
    let mut stride = sparse.len().div_ceil(CURVED_ROWS).max(1);
    let mut weights = start.to_vec();
    let (mut before, mut gradient) = slope(sparse, outcomes, penalty, &weights);
    let mut factor: Option<Cholesky> = None;
    for _ in 0..MOST_STEPS {
        let curved = match factor.take() {
            Some(factor) => factor,
            None => match Cholesky::of(&curvature(sparse, penalty, &weights, stride), weights.len()) {
                Some(factor) => factor,
                None => break,
            },
        };
        let step = curved.solve(&gradient);
        let mut share = 1.0;
        let mut taken = None;
        while share > 1e-4 {
            let moved: Vec<f64> = weights.iter().zip(&step).map(|(weight, step)| weight + share * step).collect();
            let (now, there) = slope(sparse, outcomes, penalty, &moved);
            if now <= before {
                taken = Some((moved, now, there));
                break;
            }
            share /= 2.0;
        }
        let Some((moved, now, there)) = taken else {
            if stride == 1 {
                break;
            }
            // The few rows have misled: all of them are looked at.
            stride = 1;
            continue;
        };
        (weights, gradient) = (moved, there);
        let gain = (before - now) / before.abs().max(f64::MIN_POSITIVE);
        before = now;
        if gain <= STILL {
            break;
        }
        if stride > 1 && gain < CURVED {
            factor = Some(curved);
        }
    }
    weights
}

impl Model for SplineLogit {
    fn log_odds(&self, row: &Row) -> f64 {
        let mut sparse = Sparse::default();
        self.design.encode(row, &mut sparse);
        dot(&self.weights, sparse.row(0))
    }

    fn contributions(&self, row: &Row) -> Vec<f64> {
        let mut sparse = Sparse::default();
        self.design.encode(row, &mut sparse);
        let mut values = vec![0.0; self.weights.len()];
        for (means, near) in self.means.iter().zip(nearness(row.age_hours)) {
            values.iter_mut().zip(means).for_each(|(value, mean)| *value -= near * mean);
        }
        let (columns, of_row) = sparse.row(0);
        for (column, value) in columns.iter().zip(of_row) {
            values[usize::from(*column)] += f64::from(*value);
        }
        let mut contributions = vec![0.0; NUMBERS.len() + WORDS.len()];
        for (column, (value, weight)) in values.iter().zip(&self.weights).enumerate() {
            if let Some(feature) = self.design.feature(column) {
                contributions[feature] += value * weight;
            }
        }
        contributions
    }

    fn put(&self, vocabularies: &Vocabularies, into: &mut Vec<u8>) {
        self.design.put(vocabularies, into);
        self.weights.put(into);
        self.means.iter().for_each(|means| means.put(into));
    }

    fn fingerprint(&self) -> u128 {
        let bytes: Vec<u8> = self.weights.iter().flat_map(|weight| weight.to_bits().to_le_bytes()).collect();
        events::hash::of_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a piece of data: an intercept and two columns.
    fn data() -> (Sparse, Vec<bool>) {
        let x = [0.5, -1.2, 2.0, 0.1, -0.4, 1.1, -2.2, 0.9, 0.3, -0.8];
        let z = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let mut sparse = Sparse::default();
        for (x, z) in x.iter().zip(z) {
            sparse.columns.extend([0, 1, 2]);
            sparse.values.extend([1.0, *x, z]);
            sparse.ends.push(sparse.columns.len());
        }
        (sparse, vec![true, false, true, true, false, false, false, true, false, false])
    }

    #[test]
    fn the_gradient_vanishes_at_the_solution() {
        let (sparse, outcomes) = data();
        let penalty = [0.0, 0.5, 0.5];
        let weights = newton(&sparse, &outcomes, &penalty, &[0.0; 3]);
        let (least, gradient) = slope(&sparse, &outcomes, &penalty, &weights);
        assert!(gradient.iter().all(|gradient| gradient.abs() < 1e-4), "{gradient:?}");
        for moved in [[0.01, 0.0, 0.0], [0.0, -0.01, 0.0], [0.0, 0.0, 0.01]] {
            let moved: Vec<f64> = weights.iter().zip(moved).map(|(weight, by)| weight + by).collect();
            assert!(slope(&sparse, &outcomes, &penalty, &moved).0 > least);
        }
    }

    #[test]
    fn a_curvature_of_few_rows_leads_to_the_same_weights() {
        let (few, outcomes_of_few) = data();
        let (mut sparse, mut outcomes) = (Sparse::default(), Vec::new());
        // Every fifth row is of the same kind, and so is every tenth.
        for at in 0..5 * CURVED_ROWS {
            let (columns, values) = few.row(at % 10);
            sparse.columns.extend(columns);
            sparse.values.extend(values);
            sparse.ends.push(sparse.columns.len());
            outcomes.push(outcomes_of_few[at % 10] ^ (at % 7 == 0));
        }
        let penalty = [0.0, 0.5, 0.5];
        let weights = newton(&sparse, &outcomes, &penalty, &[0.0; 3]);
        let (_, gradient) = slope(&sparse, &outcomes, &penalty, &weights);
        assert!(gradient.iter().all(|gradient| gradient.abs() < 1e-3 * outcomes.len() as f64), "{gradient:?}");
        let exact = Cholesky::of(&curvature(&sparse, &penalty, &weights, 1), 3).unwrap().solve(&gradient);
        assert!(exact.iter().all(|step| step.abs() < 1e-3), "{exact:?}");
    }

    #[test]
    fn where_one_column_tells_all_the_penalty_keeps_the_weight_finite() {
        let mut sparse = Sparse::default();
        for at in 0..40 {
            sparse.columns.extend([0, 1]);
            sparse.values.extend([1.0, if at < 20 { 1.0 } else { -1.0 }]);
            sparse.ends.push(sparse.columns.len());
        }
        let outcomes: Vec<bool> = (0..40).map(|at| at < 20).collect();
        let weights = newton(&sparse, &outcomes, &[1e-4, 1.0], &[0.0; 2]);
        assert!(weights[1] > 1.0 && weights[1] < 10.0, "{weights:?}");
    }
}
