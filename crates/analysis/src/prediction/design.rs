//! Features → columns of a linear model: curves, words as columns of their own, and what they tell at each age.

use super::bytes::Bytes;
use super::features::{NUMBERS, Shape, Vocabularies, WORDS, narrow};
use super::landmark::{LANDMARKS, Row};
use crate::stats::spline::Spline;

/// A word needs so many rows for a column of its own, and one of so many.
const MIN_ROWS: usize = 50;
const MIN_SHARE: usize = 250;
/// Rows whose quantiles are the knots of a curve.
const KNOT_ROWS: usize = 10_000;
/// Standard deviation that counts and flags have at least.
const LEAST_DEVIATION: f64 = 0.25;

/// The columns that were found worth having in some rows.
#[derive(Clone, Debug)]
pub(super) struct Design {
    numbers: Vec<NumberColumns>,
    words: Vec<WordColumns>,
    /// Feature of each column; `None` for the level of an age. Numbers first, then words.
    features: Vec<Option<usize>>,
}

#[derive(Clone, Debug)]
struct NumberColumns {
    first: u16,
    spline: Option<Spline>,
    /// Least and greatest value seen; beyond them nothing is known, and nothing more is said than at them.
    range: (f64, f64),
    /// Centre and standard deviation of each function of the basis.
    scales: Vec<(f64, f64)>,
    missing: Option<u16>,
    /// First of the columns by age.
    by_age: Option<u16>,
}

#[derive(Clone, Debug)]
struct WordColumns {
    /// The column of each code; `None` for rare words.
    columns: Vec<Option<u16>>,
    other: u16,
    /// First of the columns by age of each code, of as many as there are ages but the first.
    by_age: Vec<Option<u16>>,
}

/// A word with its column, and the first of those by age.
type OwnColumns = (Option<String>, (u16, Option<u16>));

/// Rows as columns with their values, one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    /// Rising within a row.
    pub(super) columns: Vec<u16>,
    pub(super) values: Vec<f32>,
    pub(super) ends: Vec<usize>,
}

impl Sparse {
    fn push(&mut self, column: u16, value: f64) {
        if value != 0.0 {
            self.columns.push(column);
            self.values.push(narrow(value));
        }
    }

    /// Columns and values of a row.
    pub(super) fn row(&self, at: usize) -> (&[u16], &[f32]) {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        (&self.columns[from..self.ends[at]], &self.values[from..self.ends[at]])
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// How near an age is to each landmark, on a logarithmic scale: two neighbours share it, their sum is 1.
pub(super) fn nearness(age_hours: f64) -> [f64; LANDMARKS.len()] {
    let place = age_hours.max(0.0).ln_1p();
    let mut near = [0.0; LANDMARKS.len()];
    let after = LANDMARKS.partition_point(|landmark| landmark.ln_1p() <= place);
    if after == LANDMARKS.len() {
        near[after - 1] = 1.0;
    } else {
        let (low, high) = (LANDMARKS[after - 1].ln_1p(), LANDMARKS[after].ln_1p());
        near[after] = (place - low) / (high - low);
        near[after - 1] = 1.0 - near[after];
    }
    near
}

impl Design {
    /// The columns for these rows.
    pub(super) fn of(rows: &[&Row], vocabularies: &Vocabularies) -> Self {
        let mut design = Self { numbers: Vec::new(), words: Vec::new(), features: vec![None; LANDMARKS.len()] };
        for at in 0..NUMBERS.len() {
            let columns = design.number(at, rows);
            design.numbers.push(columns);
        }
        for at in 0..WORDS.len() {
            let columns = design.word(at, rows, vocabularies);
            design.words.push(columns);
        }
        design
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.features.len()
    }

    /// The feature of a column: numbers first, then words; `None` for the level of an age, which is not penalised.
    pub(super) fn feature(&self, column: usize) -> Option<usize> {
        self.features[column]
    }

    fn add(&mut self, columns: usize, feature: usize) -> u16 {
        let first = u16::try_from(self.features.len()).expect("a word needs one row of 250, so columns are few");
        self.features.extend(std::iter::repeat_n(Some(feature), columns));
        first
    }

    fn number(&mut self, at: usize, rows: &[&Row]) -> NumberColumns {
        let declared = NUMBERS[at];
        let mut known: Vec<f64> = rows.iter().map(|row| f64::from(row.features.numbers[at])).collect();
        let all = known.len();
        known.retain(|value| !value.is_nan());
        let missing = all - known.len() >= MIN_ROWS;
        if declared.shape == Shape::Count {
            for value in &mut known {
                *value = log_count(*value);
            }
        }
        let spline = (declared.shape == Shape::Smooth).then(|| {
            let stride = known.len().div_ceil(KNOT_ROWS).max(1);
            let mut sample: Vec<f64> = known.iter().copied().step_by(stride).collect();
            sample.sort_by(f64::total_cmp);
            Spline::of(&sample)
        });
        let width = match declared.shape {
            Shape::Smooth => spline.as_ref().map_or(1, Spline::width),
            Shape::Count => 2,
            Shape::Flag => 1,
        };
        let least = known.iter().copied().reduce(f64::min).unwrap_or(0.0);
        let range = (least, known.iter().copied().fold(least, f64::max));
        let mut sums = vec![(0.0, 0.0); width];
        let mut basis = Vec::with_capacity(width);
        for value in &known {
            basis.clear();
            expand(declared.shape, spline.as_ref(), *value, &mut basis);
            for (sum, value) in sums.iter_mut().zip(&basis) {
                *sum = (sum.0 + value, sum.1 + value * value);
            }
        }
        let n = known.len().max(1) as f64;
        let scale = |(sum, squares): (f64, f64)| {
            let mean = sum / n;
            let mut deviation = (squares / n - mean * mean).max(0.0).sqrt();
            if declared.shape != Shape::Smooth && deviation > 1e-6 {
                // What hardly any cart has would be large where one has it, and so escape the penalty.
                deviation = deviation.max(LEAST_DEVIATION);
            }
            // Counts are mostly 0, and stay so: what is 0 costs nothing.
            let centre = if declared.shape == Shape::Smooth { mean } else { 0.0 };
            (centre, if deviation > 1e-6 { deviation } else { f64::INFINITY })
        };
        NumberColumns {
            first: self.add(width, at),
            range,
            scales: sums.into_iter().map(scale).collect(),
            spline,
            missing: missing.then(|| self.add(1, at)),
            by_age: declared.by_age.then(|| self.add(LANDMARKS.len() - 1, at)),
        }
    }

    fn word(&mut self, at: usize, rows: &[&Row], vocabularies: &Vocabularies) -> WordColumns {
        let feature = NUMBERS.len() + at;
        let mut counts: Vec<usize> = Vec::new();
        for row in rows {
            let code = usize::from(row.features.words[at]);
            if code >= counts.len() {
                counts.resize(code + 1, 0);
            }
            counts[code] += 1;
        }
        // In the order of the words themselves: codes follow the order of events.
        let least = MIN_ROWS.max(rows.len() / MIN_SHARE);
        let mut frequent: Vec<usize> = (0..counts.len()).filter(|code| counts[*code] >= least).collect();
        frequent.sort_by_key(|code| u16::try_from(*code).ok().and_then(|code| vocabularies[at].word(code)));
        let mut columns = vec![None; counts.len()];
        for code in &frequent {
            columns[*code] = Some(self.add(1, feature));
        }
        let mut by_age = vec![None; counts.len()];
        for code in frequent.iter().filter(|_| WORDS[at].by_age) {
            by_age[*code] = Some(self.add(LANDMARKS.len() - 1, feature));
        }
        WordColumns { columns, other: self.add(1, feature), by_age }
    }

    /// Appends a row.
    pub(super) fn encode(&self, row: &Row, into: &mut Sparse) {
        let near = nearness(row.age_hours);
        for (column, near) in (0..).zip(near) {
            into.push(column, near);
        }
        let by_age = |first: u16, value: f64, into: &mut Sparse| {
            for (at, near) in (0..).zip(&near[1..]) {
                into.push(first + at, value * near);
            }
        };
        let mut basis = Vec::with_capacity(4);
        for ((declared, columns), value) in NUMBERS.iter().zip(&self.numbers).zip(row.features.numbers) {
            if value.is_nan() {
                if let Some(missing) = columns.missing {
                    into.push(missing, 1.0);
                }
                continue;
            }
            let value = f64::from(value);
            let value = if declared.shape == Shape::Count { log_count(value) } else { value };
            let value = value.clamp(columns.range.0, columns.range.1);
            basis.clear();
            expand(declared.shape, columns.spline.as_ref(), value, &mut basis);
            for (at, (value, (centre, deviation))) in (0..).zip(basis.iter().zip(&columns.scales)) {
                into.push(columns.first + at, (value - centre) / deviation);
            }
            if let (Some(first), Some((centre, deviation))) = (columns.by_age, columns.scales.first()) {
                by_age(first, (value - centre) / deviation, into);
            }
        }
        for (columns, code) in self.words.iter().zip(row.features.words) {
            let column = columns.columns.get(usize::from(code)).copied().flatten();
            into.push(column.unwrap_or(columns.other), 1.0);
            if let Some(first) = columns.by_age.get(usize::from(code)).copied().flatten() {
                by_age(first, 1.0, into);
            }
        }
        into.ends.push(into.columns.len());
    }

    /// Appends all that is needed to make the same columns on another night.
    pub(super) fn put(&self, vocabularies: &Vocabularies, into: &mut Vec<u8>) {
        self.features.put(into);
        for columns in &self.numbers {
            columns.first.put(into);
            columns.spline.as_ref().map(|spline| spline.knots().to_vec()).put(into);
            columns.range.put(into);
            columns.scales.put(into);
            (columns.missing, columns.by_age).put(into);
        }
        for (at, columns) in self.words.iter().enumerate() {
            columns.other.put(into);
            let mut own: Vec<OwnColumns> = (0_u16..)
                .zip(columns.columns.iter().zip(&columns.by_age))
                .filter_map(|(code, (column, by_age))| {
                    Some((vocabularies[at].word(code).map(str::to_owned), ((*column)?, *by_age)))
                })
                .collect();
            // Codes differ from night to night.
            own.sort();
            own.put(into);
        }
    }

    /// What [`put`](Self::put) wrote; `None` where that is damaged or has words that nobody knows.
    pub(super) fn take(from: &mut &[u8], vocabularies: &Vocabularies) -> Option<Self> {
        let mut design = Self { features: Bytes::take(from)?, numbers: Vec::new(), words: Vec::new() };
        for _ in NUMBERS {
            let first = Bytes::take(from)?;
            let knots: Option<Vec<f64>> = Bytes::take(from)?;
            let (range, scales) = (Bytes::take(from)?, Bytes::take(from)?);
            let (missing, by_age) = Bytes::take(from)?;
            design.numbers.push(NumberColumns {
                first,
                spline: knots.map(Spline::with_knots),
                range,
                scales,
                missing,
                by_age,
            });
        }
        for at in 0..WORDS.len() {
            let other = Bytes::take(from)?;
            let (mut columns, mut by_age) = (Vec::new(), Vec::new());
            for (word, own) in Vec::<OwnColumns>::take(from)? {
                let code = usize::from(vocabularies[at].known(word.as_deref())?);
                if code >= columns.len() {
                    columns.resize(code + 1, None);
                    by_age.resize(code + 1, None);
                }
                (columns[code], by_age[code]) = (Some(own.0), own.1);
            }
            design.words.push(WordColumns { columns, other, by_age });
        }
        Some(design)
    }

    /// All rows.
    pub(super) fn encode_all(&self, rows: &[&Row]) -> Sparse {
        let mut sparse = Sparse::default();
        for row in rows {
            self.encode(row, &mut sparse);
        }
        sparse
    }
}

/// Most counts are 0, which needs no logarithm.
fn log_count(count: f64) -> f64 {
    if count <= 0.0 { 0.0 } else { count.ln_1p() }
}

/// The functions of a number; counts come as logarithms.
fn expand(shape: Shape, spline: Option<&Spline>, value: f64, into: &mut Vec<f64>) {
    match (shape, spline) {
        (Shape::Smooth, Some(spline)) => spline.push(value, into),
        (Shape::Count, _) => into.extend([value, f64::from(u8::from(value > 0.0))]),
        _ => into.push(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_lies_between_two_landmarks() {
        for (age, landmark) in [(0.0, 0), (24.0, 3), (70.0, 4)] {
            for (at, near) in nearness(age).into_iter().enumerate() {
                assert!((near - if at == landmark { 1.0 } else { 0.0 }).abs() < 1e-12, "{age} h");
            }
        }
        let near = nearness(12.0);
        assert!((near.iter().sum::<f64>() - 1.0).abs() < 1e-12 && near[2] > 0.3 && near[3] > 0.3);
    }
}
