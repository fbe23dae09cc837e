//! Logistic regression on the columns of a [`Design`], with a ridge penalty, by iteratively reweighted least squares.

use rayon::prelude::*;

use super::design::{Design, Sparse, nearness};
use super::features::{NUMBERS, Vocabularies, WORDS};
use super::landmark::{LANDMARKS, Purpose, Row};
use super::model::Model;
use crate::stats::cholesky;
use crate::stats::logistic::{log_loss, sigmoid};

/// Rows are summed in so many pieces, and the pieces in their order: the same sums on any number of threads.
const PIECES: usize = 32;
const MOST_STEPS: usize = 25;
/// Relative change of the log-likelihood at which it stands still.
const STILL: f64 = 1e-6;

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
            sums[*column as usize] += value;
        }
    }
    sums.map(|(sums, n)| sums.into_iter().map(|sum| sum / f64::max(n, 1.0)).collect())
}

fn dot(weights: &[f64], (columns, values): (&[u32], &[f64])) -> f64 {
    columns.iter().zip(values).map(|(column, value)| weights[*column as usize] * value).sum()
}

fn pieces(rows: usize) -> Vec<std::ops::Range<usize>> {
    let size = rows.div_ceil(PIECES).max(1);
    (0..rows).step_by(size).map(|from| from..(from + size).min(rows)).collect()
}

/// The penalised negative log-likelihood.
fn loss(sparse: &Sparse, outcomes: &[bool], penalty: &[f64], weights: &[f64]) -> f64 {
    let of_piece = |piece: std::ops::Range<usize>| -> f64 {
        piece.map(|row| log_loss(sigmoid(dot(weights, sparse.row(row))), outcomes[row])).sum()
    };
    let parts: Vec<f64> = pieces(sparse.len()).into_par_iter().map(of_piece).collect();
    parts.iter().sum::<f64>() + penalty.iter().zip(weights).map(|(p, w)| p * w * w / 2.0).sum::<f64>()
}

/// Curvature (lower triangle) and gradient of the log-likelihood.
fn derivatives(sparse: &Sparse, outcomes: &[bool], weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let width = weights.len();
    let of_piece = |piece: std::ops::Range<usize>| {
        let (mut curvature, mut gradient) = (vec![0.0; width * width], vec![0.0; width]);
        for row in piece {
            let (columns, values) = sparse.row(row);
            let p = sigmoid(dot(weights, (columns, values)));
            let (residual, weight) = (f64::from(u8::from(outcomes[row])) - p, p * (1.0 - p));
            for (at, (column, value)) in columns.iter().zip(values).enumerate() {
                let column = *column as usize;
                gradient[column] += residual * value;
                let weighted = weight * value;
                for (other, value) in columns[..=at].iter().zip(values) {
                    let other = *other as usize;
                    // Columns of a row need not rise: the entry belongs below the diagonal.
                    curvature[column.max(other) * width + column.min(other)] += weighted * value;
                }
            }
        }
        (curvature, gradient)
    };
    let parts: Vec<(Vec<f64>, Vec<f64>)> = pieces(sparse.len()).into_par_iter().map(of_piece).collect();
    let mut sums = (vec![0.0; width * width], vec![0.0; width]);
    for (curvature, gradient) in parts {
        sums.0.iter_mut().zip(curvature).for_each(|(sum, part)| *sum += part);
        sums.1.iter_mut().zip(gradient).for_each(|(sum, part)| *sum += part);
    }
    sums
}

fn newton(sparse: &Sparse, outcomes: &[bool], penalty: &[f64], start: &[f64]) -> Vec<f64> {
    let mut weights = start.to_vec();
    let mut before = loss(sparse, outcomes, penalty, &weights);
    for _ in 0..MOST_STEPS {
        let (mut curvature, mut gradient) = derivatives(sparse, outcomes, &weights);
        for (column, penalty) in penalty.iter().enumerate() {
            curvature[column * weights.len() + column] += penalty;
            gradient[column] -= penalty * weights[column];
        }
        let Some(step) = cholesky::solve(&curvature, &gradient) else { break };
        let mut share = 1.0;
        let mut taken = None;
        while share > 1e-4 {
            let moved: Vec<f64> = weights.iter().zip(&step).map(|(weight, step)| weight + share * step).collect();
            let now = loss(sparse, outcomes, penalty, &moved);
            if now <= before {
                taken = Some((moved, now));
                break;
            }
            share /= 2.0;
        }
        let Some((moved, now)) = taken else { break };
        weights = moved;
        let still = before - now <= STILL * before.abs();
        before = now;
        if still {
            break;
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
            values[*column as usize] += value;
        }
        let mut contributions = vec![0.0; NUMBERS.len() + WORDS.len()];
        for (column, (value, weight)) in values.iter().zip(&self.weights).enumerate() {
            if let Some(feature) = self.design.feature(column) {
                contributions[feature] += value * weight;
            }
        }
        contributions
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
        let (_, gradient) = derivatives(&sparse, &outcomes, &weights);
        for ((gradient, penalty), weight) in gradient.iter().zip(penalty).zip(&weights) {
            assert!((gradient - penalty * weight).abs() < 1e-5, "{gradient} {weight}");
        }
        let least = loss(&sparse, &outcomes, &penalty, &weights);
        for moved in [[0.01, 0.0, 0.0], [0.0, -0.01, 0.0], [0.0, 0.0, 0.01]] {
            let moved: Vec<f64> = weights.iter().zip(moved).map(|(weight, by)| weight + by).collect();
            assert!(loss(&sparse, &outcomes, &penalty, &moved) > least);
        }
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
