//! Symmetric positive definite systems of linear equations.

/// The lower triangular L of A = L Lᵀ.
#[derive(Clone, Debug)]
pub struct Cholesky {
    n: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a symmetric positive definite A of `n` rows, given by its lower triangle, row after row (entries above the
    /// diagonal are not read). `None` where A is not positive definite. O(n³ / 6).
    ///
    /// # Panics
    /// If `a` does not have `n` x `n` entries.
    #[must_use]
    pub fn of(a: &[f64], n: usize) -> Option<Self> {
        assert_eq!(a.len(), n * n, "a square matrix");
        let mut lower = a.to_vec();
        for row in 0..n {
            for column in 0..=row {
                let (of_row, of_column) = (row * n, column * n);
                let dot: f64 = (0..column).map(|at| lower[of_row + at] * lower[of_column + at]).sum();
                let rest = lower[of_row + column] - dot;
                if row == column {
                    if rest.is_nan() || rest <= 0.0 {
                        return None;
                    }
                    lower[of_row + row] = rest.sqrt();
                } else {
                    lower[of_row + column] = rest / lower[of_column + column];
                }
            }
        }
        Some(Self { n, lower })
    }

    /// The x of A x = b. O(n²).
    ///
    /// # Panics
    /// If `b` does not have as many entries as A has rows.
    #[must_use]
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let Self { n, ref lower } = *self;
        assert_eq!(b.len(), n, "a right side as long as the matrix");
        let mut x = b.to_vec();
        for row in 0..n {
            let dot: f64 = (0..row).map(|at| lower[row * n + at] * x[at]).sum();
            x[row] = (x[row] - dot) / lower[row * n + row];
        }
        for row in (0..n).rev() {
            let dot: f64 = (row + 1..n).map(|at| lower[at * n + row] * x[at]).sum();
            x[row] = (x[row] - dot) / lower[row * n + row];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_system_is_solved() {
        // numpy.linalg.solve([[4, 2, 1], [2, 5, 3], [1, 3, 6]], [1, 2, 3])
        let a = Cholesky::of(&[4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0], 3).unwrap();
        let x = a.solve(&[1.0, 2.0, 3.0]);
        let expected = [6.0 / 67.0, 7.0 / 67.0, 29.0 / 67.0];
        assert!(x.iter().zip(expected).all(|(x, expected)| (x - expected).abs() < 1e-14), "{x:?}");
        assert!(Cholesky::of(&[], 0).unwrap().solve(&[]).is_empty());
    }

    #[test]
    fn what_is_not_positive_definite_has_no_answer() {
        assert!(Cholesky::of(&[1.0, 0.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::of(&[f64::NAN], 1).is_none());
    }
}
