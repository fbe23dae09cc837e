//! Gradient boosting of decision trees on histograms (Friedman 2001; second-order steps as in Chen and Guestrin 2016).
//!
//! Written here because it is small. Gradients are whole numbers, so that sums are the same in any order and on any number
//! of threads, and gradient and curvature are added at once, as the halves of one number.

use rayon::prelude::*;

use super::bytes::Bytes;
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
/// Places for bins: a power of two, so that any byte less its upper bits is one.
const PLACES: usize = 64;
/// Rows whose quantiles are the ends of bins.
const BINNED_ROWS: usize = 10_000;
/// Rows from which a histogram is made in pieces.
const PIECE: usize = 8_192;
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
        let stride = rows.len().div_ceil(BINNED_ROWS).max(1);
        let sample = rows.iter().step_by(stride);
        let mut values: Vec<f32> = sample.map(|row| number(row, feature)).filter(|value| !value.is_nan()).collect();
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
        let mut codes: Vec<usize> = (0..counts.len()).filter(|code| counts[*code].1 > 0.0).collect();
        codes.sort_by(|a, b| {
            let of = |code: usize| vocabularies[word].word(u16::try_from(code).unwrap_or(u16::MAX));
            drawn(counts[*a]).total_cmp(&drawn(counts[*b])).then_with(|| of(*a).cmp(&of(*b)))
        });
        let bin = |place: usize| u8::try_from(place * MOST_BINS / codes.len().max(MOST_BINS)).unwrap_or(u8::MAX);
        // A word that was never seen is as good as an average one.
        let unseen = codes.iter().position(|code| drawn(counts[*code]) >= rate).map_or(0, bin);
        let mut bins = vec![unseen; counts.len()];
        for (place, code) in codes.iter().enumerate() {
            bins[*code] = bin(place);
        }
        Self::Word(bins, unseen)
    }

    fn put(&self, feature: usize, vocabularies: &Vocabularies, into: &mut Vec<u8>) {
        match self {
            Self::Number(ends) => ends.put(into),
            Self::Word(bins, unseen) => {
                let vocabulary = &vocabularies[is_word(feature).unwrap_or_default()];
                // Words in the bin of those never seen may as well not have been.
                let seen = (0_u16..).zip(bins).filter(|(_, bin)| *bin != unseen);
                let mut seen: Vec<(Option<String>, u8)> =
                    seen.map(|(code, bin)| (vocabulary.word(code).map(str::to_owned), *bin)).collect();
                seen.sort();
                (*unseen, seen).put(into);
            }
        }
    }

    fn take(feature: usize, from: &mut &[u8], vocabularies: &Vocabularies) -> Option<Self> {
        let Some(word) = is_word(feature) else { return Some(Self::Number(Bytes::take(from)?)) };
        let (unseen, seen): (u8, Vec<(Option<String>, u8)>) = Bytes::take(from)?;
        let mut bins = Vec::new();
        for (text, bin) in seen {
            let code = usize::from(vocabularies[word].known(text.as_deref())?);
            if code >= bins.len() {
                bins.resize(code + 1, unseen);
            }
            bins[code] = bin;
        }
        Some(Self::Word(bins, unseen))
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

/// A row's bins, and nothing more: a histogram is made row after row.
type Bins = [u8; FEATURES];

/// Sums by feature and bin: curvature in the lower half of the number, gradient in the upper.
type Histogram = Vec<[i64; PLACES]>;

/// How gradients and curvatures become whole numbers whose sums fit into half a number each.
#[derive(Clone, Copy)]
struct Scale {
    gradient: f64,
    curvature: f64,
}

impl Scale {
    /// For so many rows: gradients are within ±1, curvatures within 0..=1/4.
    fn of(rows: usize) -> Self {
        let bits = rows.max(2).next_power_of_two().trailing_zeros();
        Self {
            gradient: f64::from(1_u32 << 30_u32.saturating_sub(bits)),
            curvature: f64::from(1_u32 << (31_u32.saturating_sub(bits))),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the scale sees to it that both fit")]
    fn pack(self, gradient: f64, curvature: f64) -> i64 {
        (((gradient * self.gradient).round() as i64) << 32) + (curvature * self.curvature).round() as i64
    }

    fn unpack(self, sum: i64) -> (f64, f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the lower half")]
        let curvature = sum as u32;
        ((sum >> 32) as f64 / self.gradient, f64::from(curvature) / self.curvature)
    }
}

struct Grower<'a> {
    bins: &'a [Bins],
    /// Gradient and curvature of each row.
    packed: &'a [i64],
    scale: Scale,
}

struct Best {
    gain: f64,
    feature: usize,
    bin: u8,
}

fn zeros() -> Histogram {
    vec![[0; PLACES]; FEATURES]
}

impl Grower<'_> {
    fn histogram(&self, rows: &[u32]) -> Histogram {
        let of_piece = |rows: &[u32]| {
            let mut histogram = zeros();
            for row in rows {
                let packed = self.packed[*row as usize];
                for (sums, bin) in histogram.iter_mut().zip(self.bins[*row as usize]) {
                    sums[usize::from(bin) % PLACES] += packed;
                }
            }
            histogram
        };
        let add = |mut sums: Histogram, part: Histogram| {
            for (sum, part) in sums.as_flattened_mut().iter_mut().zip(part.as_flattened()) {
                *sum += part;
            }
            sums
        };
        if rows.len() <= PIECE { of_piece(rows) } else { rows.par_chunks(PIECE).map(of_piece).reduce(zeros, add) }
    }

    fn total(&self, histogram: &[[i64; PLACES]]) -> (f64, f64) {
        self.scale.unpack(histogram[0].iter().sum())
    }

    fn best(&self, histogram: &[[i64; PLACES]]) -> Option<Best> {
        let sum = self.total(histogram);
        let score = |(gradient, curvature): (f64, f64)| gradient * gradient / (curvature + RIDGE);
        let mut best: Option<Best> = None;
        for (feature, bins) in histogram.iter().enumerate() {
            let mut packed = 0;
            for (bin, of_bin) in (0_u8..).zip(bins) {
                packed += of_bin;
                let left = self.scale.unpack(packed);
                let right = (sum.0 - left.0, sum.1 - left.1);
                if *of_bin == 0 || left.1 < LEAST || right.1 < LEAST {
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
        let value = |(gradient, curvature): (f64, f64)| LEARNING_RATE * gradient / (curvature + RIDGE);
        let histogram = self.histogram(&rows);
        let mut nodes = vec![Node { split: None, value: value(self.total(&histogram)) }];
        let mut level = vec![(0_usize, rows, histogram)];
        for depth in 1..=DEPTH {
            let mut next = Vec::new();
            for (node, rows, mut histogram) in level {
                let Some(Best { feature, bin, .. }) = self.best(&histogram) else { continue };
                let (left, right): (Vec<u32>, Vec<u32>) =
                    rows.into_iter().partition(|row| self.bins[*row as usize][feature] <= bin);
                let first = nodes.len();
                nodes[node].split = Some((feature, bin, first, first + 1));
                if depth == DEPTH {
                    // Of leaves no more than the sums are asked.
                    let of_left = histogram[feature][..=usize::from(bin)].iter().sum::<i64>();
                    let all = histogram[feature].iter().sum::<i64>();
                    for sum in [of_left, all - of_left] {
                        nodes.push(Node { split: None, value: value(self.scale.unpack(sum)) });
                    }
                    continue;
                }
                // The larger side is what the smaller one leaves.
                let is_left_smaller = left.len() < right.len();
                let small = self.histogram(if is_left_smaller { &left } else { &right });
                for (all, part) in histogram.as_flattened_mut().iter_mut().zip(small.as_flattened()) {
                    *all -= part;
                }
                let (of_left, of_right) = if is_left_smaller { (small, histogram) } else { (histogram, small) };
                for (rows, histogram) in [(left, of_left), (right, of_right)] {
                    nodes.push(Node { split: None, value: value(self.total(&histogram)) });
                    next.push((nodes.len() - 1, rows, histogram));
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
    let bins: Vec<Bins> =
        rows.par_iter().map(|row| std::array::from_fn(|feature| binnings[feature].bin(row, feature))).collect();
    let scale = Scale::of(watched);
    let mut log_odds = vec![base; rows.len()];
    let loss = |log_odds: &[f64]| -> f64 {
        let later = log_odds.iter().zip(outcomes).skip(watched);
        later.map(|(log_odds, abandoned)| log_loss(sigmoid(*log_odds), *abandoned)).sum()
    };
    let first = rows.iter().map(|row| row.cart).min().unwrap_or(0);
    let mut trees: Vec<Vec<Node>> = Vec::new();
    let (mut least, mut kept) = (loss(&log_odds), 0);
    while trees.len() < MOST_TREES && trees.len() < kept + PATIENCE {
        let packed: Vec<i64> = log_odds[..watched]
            .par_iter()
            .zip(outcomes)
            .map(|(log_odds, abandoned)| {
                let p = sigmoid(*log_odds);
                scale.pack(f64::from(u8::from(*abandoned)) - p, p * (1.0 - p))
            })
            .collect();
        let drawn: Vec<u32> = (0_u32..)
            .zip(&rows[..watched])
            .filter(|(_, row)| is_drawn(row.cart - first, trees.len()))
            .map(|(at, _)| at)
            .collect();
        let tree = Grower { bins: &bins, packed: &packed, scale }.tree(drawn);
        log_odds.par_iter_mut().zip(&bins).for_each(|(log_odds, bins)| {
            *log_odds += leaf(&tree, |feature| bins[feature]).value;
        });
        trees.push(tree);
        let now = loss(&log_odds);
        if now < least {
            (least, kept) = (now, trees.len());
        }
    }
    trees.truncate(kept);
    Boosting { base, binnings, trees }
}

type Kept = (f64, Option<((usize, u8), (usize, usize))>);

/// What [`Model::put`] wrote.
pub(super) fn take(from: &mut &[u8], vocabularies: &Vocabularies) -> Option<Boosting> {
    let base = Bytes::take(from)?;
    let binnings = (0..FEATURES).map(|feature| Binning::take(feature, from, vocabularies)).collect::<Option<_>>()?;
    let mut trees = Vec::new();
    for _ in 0..usize::take(from)? {
        let nodes = Vec::<Kept>::take(from)?;
        let is_whole = |at: usize, (_, split): &Kept| {
            // Children come after their parent, so that every path ends.
            split.is_none_or(|((feature, _), children)| {
                feature < FEATURES && [children.0, children.1].iter().all(|child| (at + 1..nodes.len()).contains(child))
            })
        };
        if nodes.is_empty() || !nodes.iter().enumerate().all(|(at, node)| is_whole(at, node)) {
            return None;
        }
        let node = |(value, split): &Kept| Node {
            value: *value,
            split: split.map(|((feature, bin), (left, right))| (feature, bin, left, right)),
        };
        trees.push(nodes.iter().map(node).collect());
    }
    Some(Boosting { base, binnings, trees })
}

/// Whether a tree looks at a cart: each at another half of them (Friedman 2002), the same half every time.
fn is_drawn(cart: u32, tree: usize) -> bool {
    let bits = (u64::from(cart) << 32 | tree as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 63 == 1
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

    fn put(&self, vocabularies: &Vocabularies, into: &mut Vec<u8>) {
        self.base.put(into);
        for (feature, binning) in self.binnings.iter().enumerate() {
            binning.put(feature, vocabularies, into);
        }
        self.trees.len().put(into);
        for tree in &self.trees {
            let node = |node: &Node| {
                (node.value, node.split.map(|(feature, bin, left, right)| ((feature, bin), (left, right))))
            };
            tree.iter().map(node).collect::<Vec<_>>().put(into);
        }
    }

    fn fingerprint(&self) -> u128 {
        let values = self.trees.iter().flatten().map(|node| node.value).chain([self.base]);
        let bytes: Vec<u8> = values.flat_map(|value| value.to_bits().to_le_bytes()).collect();
        events::hash::of_bytes(&bytes)
    }
}
