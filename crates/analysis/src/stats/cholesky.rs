//! Symmetric positive definite systems of linear equations.

/// Solves A x = b for a symmetric positive definite A of `b.len()` rows, given by its lower triangle, row after row
/// (entries above the diagonal are not read). `None` where A is not positive definite. O(n³ / 6).
///
/// # Panics
/// If `a` does not have the square of `b.len()` entries.
#[must_use]
pub fn solve(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    assert_eq!(a.len(), n * n, "a matrix as large as the right side");
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
    let mut x = b.to_vec();
    for row in 0..n {
        let dot: f64 = (0..row).map(|at| lower[row * n + at] * x[at]).sum();
        x[row] = (x[row] - dot) / lower[row * n + row];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n).map(|at| lower[at * n + row] * x[at]).sum();
        x[row] = (x[row] - dot) / lower[row * n + row];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_system_is_solved() {
        // numpy.linalg.solve([[4, 2, 1], [2, 5, 3], [1, 3, 6]], [1, 2, 3])
        let x = solve(&[4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
        let expected = [6.0 / 67.0, 7.0 / 67.0, 29.0 / 67.0];
        assert!(x.iter().zip(expected).all(|(x, expected)| (x - expected).abs() < 1e-14), "{x:?}");
        assert_eq!(solve(&[], &[]), Some(Vec::new()));
    }

    #[test]
    fn what_is_not_positive_definite_has_no_answer() {
        assert_eq!(solve(&[1.0, 0.0, 1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(solve(&[f64::NAN], &[1.0]), None);
    }
}
