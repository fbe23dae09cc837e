//! Gradient boosting of decision trees on histograms (Friedman 2001; second-order steps as in Chen and Guestrin 2016).
//!
//! Written here because it is small: a histogram is summed by one thread, row after row, so the same rows give the same
//! trees on any number of threads.

use rayon::prelude::*;

use super::features::{NUMBERS, Vocabularies, WORDS};
use super::landmark::Row;
use super::model::Model;
use crate::stats::logistic::{log_loss, logit, sigmoid};

const MOST_TREES: usize = 240;
const LEARNING_RATE: f64 = 0.1;
const DEPTH: usize = 4;
/// Trees without an improvement after which no more are grown.
const PATIENCE: usize = 15;
/// Share of the rows, the latest, that say when to stop.
const WATCH: usize = 7;
/// Least curvature in a leaf: some eighty rows at even odds.
const LEAST: f64 = 20.0;
const RIDGE: f64 = 1.0;
const MOST_BINS: usize = 48;
/// Rows of all words that count as much as those of one word.
const DRAW: f64 = 50.0;

/// Features, and the age.
const FEATURES: usize = NUMBERS.len() + WORDS.len() + 1;

/// How values become bins.
#[derive(Clone, Debug)]
enum Binning {
    /// Upper ends, ascending; what is not known is bin 0.
    Number(Vec<f32>),
    /// The bin of each code, by how often carts with that word were abandoned; words not seen are in the last entry.
    Word(Vec<u8>, u8),
}

#[derive(Clone, Debug)]
struct Node {
    /// Feature and highest bin of those that go left, with both children; `None` for a leaf.
    split: Option<(usize, u8, usize, usize)>,
    value: f64,
}

/// A fitted model.
#[derive(Clone, Debug)]
pub(super) struct Boosting {
    base: f64,
    binnings: Vec<Binning>,
    trees: Vec<Vec<Node>>,
}

fn number(row: &Row, feature: usize) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are enough for a feature")]
    let age = row.age_hours as f32;
    row.features.numbers.get(feature).copied().unwrap_or(age)
}

/// Numbers, the age, then words.
fn is_word(feature: usize) -> Option<usize> {
    feature.checked_sub(NUMBERS.len() + 1)
}

impl Binning {
    fn of(rows: &[&Row], outcomes: &[bool], feature: usize, base: f64, vocabularies: &Vocabularies) -> Self {
        if let Some(word) = is_word(feature) {
            return Self::of_word(rows, outcomes, word, base, vocabularies);
        }
        let mut values: Vec<f32> =
            rows.iter().map(|row| number(row, feature)).filter(|value| !value.is_nan()).collect();
        values.sort_by(f32::total_cmp);
        let mut ends: Vec<f32> = Vec::new();
        for bin in 1..MOST_BINS {
            if let Some(value) = values.get(values.len() * bin / MOST_BINS)
                && ends.last().is_none_or(|last| last < value)
            {
                ends.push(*value);
            }
        }
        Self::Number(ends)
    }

    fn of_word(rows: &[&Row], outcomes: &[bool], word: usize, base: f64, vocabularies: &Vocabularies) -> Self {
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for (row, abandoned) in rows.iter().zip(outcomes) {
            let code = usize::from(row.features.words[word]);
            if code >= counts.len() {
                counts.resize(code + 1, (0.0, 0.0));
            }
            counts[code].0 += f64::from(u8::from(*abandoned));
            counts[code].1 += 1.0;
        }
        let rate = sigmoid(base);
        let drawn = |(abandoned, n): (f64, f64)| (abandoned + DRAW * rate) / (n + DRAW);
        let mut codes: Vec<usize> = (0..counts.len()).collect();
        codes.sort_by(|a, b| {
            let of = |code: usize| vocabularies[word].word(u16::try_from(code).unwrap_or(u16::MAX));
            drawn(counts[*a]).total_cmp(&drawn(counts[*b])).then_with(|| of(*a).cmp(&of(*b)))
        });
        let mut bins = vec![0; counts.len()];
        for (place, code) in codes.iter().enumerate() {
            bins[*code] = u8::try_from(place * MOST_BINS / codes.len().max(MOST_BINS)).unwrap_or(u8::MAX);
        }
        // A word that was never seen is as good as an average one.
        let unseen = codes.iter().position(|code| drawn(counts[*code]) >= rate).map_or(0, |place| bins[codes[place]]);
        Self::Word(bins, unseen)
    }

    fn bin(&self, row: &Row, feature: usize) -> u8 {
        match self {
            Self::Number(ends) => {
                let value = number(row, feature);
                if value.is_nan() {
                    0
                } else {
                    u8::try_from(1 + ends.partition_point(|end| *end < value)).unwrap_or(u8::MAX)
                }
            }
            Self::Word(bins, unseen) => {
                let code = is_word(feature).map_or(0, |word| row.features.words[word]);
                bins.get(usize::from(code)).copied().unwrap_or(*unseen)
            }
        }
    }
}

/// Sums of gradient and curvature by bin.
type Histogram = Vec<(f64, f64)>;

struct Grower<'a> {
    /// By feature, then row.
    bins: &'a [Vec<u8>],
    gradients: &'a [(f64, f64)],
}

struct Best {
    gain: f64,
    feature: usize,
    bin: u8,
}

impl Grower<'_> {
    fn histograms(&self, rows: &[u32]) -> Vec<Histogram> {
        let of_feature = |bins: &Vec<u8>| {
            let mut histogram = vec![(0.0, 0.0); MOST_BINS + 2];
            for row in rows {
                let (gradient, curvature) = self.gradients[*row as usize];
                let sum = &mut histogram[usize::from(bins[*row as usize])];
                sum.0 += gradient;
                sum.1 += curvature;
            }
            histogram
        };
        self.bins.par_iter().map(of_feature).collect()
    }

    fn best(histograms: &[Histogram], sum: (f64, f64)) -> Option<Best> {
        let score = |(gradient, curvature): (f64, f64)| gradient * gradient / (curvature + RIDGE);
        let mut best: Option<Best> = None;
        for (feature, histogram) in histograms.iter().enumerate() {
            let mut left = (0.0, 0.0);
            for (bin, (gradient, curvature)) in (0_u8..).zip(histogram) {
                left = (left.0 + gradient, left.1 + curvature);
                let right = (sum.0 - left.0, sum.1 - left.1);
                if left.1 < LEAST || right.1 < LEAST {
                    continue;
                }
                let gain = score(left) + score(right) - score(sum);
                if gain > best.as_ref().map_or(1e-9, |best| best.gain) {
                    best = Some(Best { gain, feature, bin });
                }
            }
        }
        best
    }

    fn tree(&self, rows: Vec<u32>) -> Vec<Node> {
        let total =
            |histograms: &[Histogram]| histograms[0].iter().fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
        let value = |(gradient, curvature): (f64, f64)| LEARNING_RATE * gradient / (curvature + RIDGE);
        let histograms = self.histograms(&rows);
        let mut nodes = vec![Node { split: None, value: value(total(&histograms)) }];
        let mut level = vec![(0_usize, rows, histograms)];
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for (node, rows, histograms) in level {
                let Some(Best { feature, bin, .. }) = Self::best(&histograms, total(&histograms)) else { continue };
                let bins = &self.bins[feature];
                let (left, right): (Vec<u32>, Vec<u32>) = rows.into_iter().partition(|row| bins[*row as usize] <= bin);
                // The larger side is what the smaller one leaves.
                let is_left_smaller = left.len() < right.len();
                let small = self.histograms(if is_left_smaller { &left } else { &right });
                let rest = |(all, part): (&Histogram, &Histogram)| -> Histogram {
                    all.iter().zip(part).map(|(all, part)| (all.0 - part.0, all.1 - part.1)).collect()
                };
                let large: Vec<Histogram> = histograms.iter().zip(&small).map(rest).collect();
                let (of_left, of_right) = if is_left_smaller { (small, large) } else { (large, small) };
                let first = nodes.len();
                nodes[node].split = Some((feature, bin, first, first + 1));
                for (rows, histograms) in [(left, of_left), (right, of_right)] {
                    nodes.push(Node { split: None, value: value(total(&histograms)) });
                    next.push((nodes.len() - 1, rows, histograms));
                }
            }
            level = next;
        }
        nodes
    }
}

fn leaf(tree: &[Node], bin: impl Fn(usize) -> u8) -> &Node {
    let mut node = &tree[0];
    while let Some((feature, highest, left, right)) = node.split {
        node = &tree[if bin(feature) <= highest { left } else { right }];
    }
    node
}

/// Fits trees to rows in order of time; the latest of them say when more trees stop helping.
pub(super) fn fit(rows: &[&Row], outcomes: &[bool], vocabularies: &Vocabularies) -> Boosting {
    let watched = rows.len() - rows.len() / WATCH;
    let abandoned = outcomes[..watched].iter().filter(|abandoned| **abandoned).count();
    let base = logit(abandoned as f64 / watched.max(1) as f64);
    let binnings: Vec<Binning> = (0..FEATURES)
        .into_par_iter()
        .map(|feature| Binning::of(&rows[..watched], &outcomes[..watched], feature, base, vocabularies))
        .collect();
    let bins: Vec<Vec<u8>> = binnings
        .par_iter()
        .enumerate()
        .map(|(feature, binning)| rows.iter().map(|row| binning.bin(row, feature)).collect())
        .collect();
    let mut log_odds = vec![base; rows.len()];
    let loss = |log_odds: &[f64]| -> f64 {
        let later = log_odds.iter().zip(outcomes).skip(watched);
        later.map(|(log_odds, abandoned)| log_loss(sigmoid(*log_odds), *abandoned)).sum()
    };
    let mut trees: Vec<Vec<Node>> = Vec::new();
    let (mut least, mut kept) = (loss(&log_odds), 0);
    while trees.len() < MOST_TREES && trees.len() < kept + PATIENCE {
        let gradients: Vec<(f64, f64)> = log_odds[..watched]
            .iter()
            .zip(outcomes)
            .map(|(log_odds, abandoned)| {
                let p = sigmoid(*log_odds);
                (f64::from(u8::from(*abandoned)) - p, p * (1.0 - p))
            })
            .collect();
        let all = (0..u32::try_from(watched).expect("fewer rows than four billion")).collect();
        let tree = Grower { bins: &bins, gradients: &gradients }.tree(all);
        for (row, log_odds) in log_odds.iter_mut().enumerate() {
            *log_odds += leaf(&tree, |feature| bins[feature][row]).value;
        }
        trees.push(tree);
        let now = loss(&log_odds);
        if now < least {
            (least, kept) = (now, trees.len());
        }
    }
    trees.truncate(kept);
    Boosting { base, binnings, trees }
}

impl Model for Boosting {
    fn log_odds(&self, row: &Row) -> f64 {
        let bins: Vec<u8> =
            self.binnings.iter().enumerate().map(|(feature, binning)| binning.bin(row, feature)).collect();
        self.base + self.trees.iter().map(|tree| leaf(tree, |feature| bins[feature]).value).sum::<f64>()
    }

    /// Along the path through each tree, every split is credited with the change of value that it brings (Saabas 2014).
    fn contributions(&self, row: &Row) -> Vec<f64> {
        let mut contributions = vec![0.0; NUMBERS.len() + WORDS.len()];
        for tree in &self.trees {
            let mut node = &tree[0];
            while let Some((feature, highest, left, right)) = node.split {
                let next = &tree[if self.binnings[feature].bin(row, feature) <= highest { left } else { right }];
                let place = is_word(feature).map_or(feature, |word| NUMBERS.len() + word);
                // The age is no feature of its own.
                if feature != NUMBERS.len() {
                    contributions[place] += next.value - node.value;
                }
                node = next;
            }
        }
        contributions
    }

    fn fingerprint(&self) -> u128 {
        let values = self.trees.iter().flatten().map(|node| node.value).chain([self.base]);
        let bytes: Vec<u8> = values.flat_map(|value| value.to_bits().to_le_bytes()).collect();
        events::hash::of_bytes(&bytes)
    }
}
