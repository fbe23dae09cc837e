//! Attempts at one step, column by column: what the search counts. Knows no files and no clock.

use events::time::{DAY, HOUR, MINUTE};

use crate::funnel::Step;

/// Nights that are looked at together, newest first, and the nights before that they are compared with.
pub(super) const WINDOWS: [usize; 4] = [1, 3, 7, 14];
/// Nights of history that a window is compared with.
pub(super) const BASELINE: usize = 28;
/// Blocks of 24 hours that are kept: the longest window and its history.
pub(super) const BLOCKS: usize = WINDOWS[3] + BASELINE;
/// Codes of an attribute that are no value.
pub(super) const MISSING: u8 = 0;
/// All rare values together.
pub(super) const OTHER: u8 = 1;
/// Values rarer than this are `OTHER`.
const RARE: f64 = 0.005;
/// Values kept of an attribute.
const MOST_VALUES: usize = 40;

/// A pair of steps: from the one, the other has to be reached in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// A cart was opened; checkout is to begin.
    Cart,
    /// Checkout was entered.
    Checkout,
    /// Shipping was given.
    Shipping,
    /// Payment was given.
    Payment,
}

impl Stage {
    pub(super) const ALL: [Self; 4] = [Self::Cart, Self::Checkout, Self::Shipping, Self::Payment];

    /// The step that was reached.
    pub(super) const fn step(self) -> Step {
        match self {
            Self::Cart => Step::AddToCart,
            Self::Checkout => Step::BeginCheckout,
            Self::Shipping => Step::AddShippingInfo,
            Self::Payment => Step::AddPaymentInfo,
        }
    }

    /// How long the next step may take, in microseconds.
    pub(super) const fn horizon(self) -> i64 {
        match self {
            Self::Cart => 6 * HOUR,
            Self::Checkout | Self::Shipping => 60 * MINUTE,
            Self::Payment => 30 * MINUTE,
        }
    }

    /// Attributes that are known when the attempt is made: so many of [`ATTRIBUTES`].
    pub(super) const fn attributes(self) -> usize {
        match self {
            Self::Cart => 10,
            Self::Checkout => 11,
            Self::Shipping => 12,
            Self::Payment => 13,
        }
    }
}

/// Attributes of attempts, by when they are known.
pub(super) const ATTRIBUTES: [&str; 13] = [
    "device",
    "os",
    "browser",
    "country",
    "channel",
    "release",
    "top_category",
    "price_band",
    "login",
    "segment",
    "coupon",
    "shipping_method",
    "payment_method",
];

/// Attributes whose mix is taken out of the day's shift, and within which odds are compared.
pub(super) const STRATA: [&str; 3] = ["device", "channel", "segment"];

/// An attribute with its values.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    /// By code; the first two stand for nothing and for all rare values.
    pub(super) words: Vec<String>,
    /// By attempt.
    pub(super) codes: Vec<u8>,
}

impl Attribute {
    /// Packs raw values, given as positions in `words` by attempt (`None` where nothing is logged): rare ones together.
    /// `is_recent` says which attempts are of the newest block: a value that is frequent only there is kept.
    pub(super) fn pack(name: &'static str, words: &[String], raw: &[Option<u16>], is_recent: &[bool]) -> Self {
        let mut counts = vec![[0_u64; 2]; words.len()];
        for (raw, recent) in raw.iter().zip(is_recent) {
            if let Some(at) = raw {
                counts[usize::from(*at)][usize::from(*recent)] += 1;
            }
        }
        let recent = is_recent.iter().filter(|recent| **recent).count();
        let is_rare = |n: u64, of: usize| (n as f64) < RARE * of as f64;
        let mut kept: Vec<usize> = (0..words.len())
            .filter(|at| {
                let [old, new] = counts[*at];
                old + new > 0 && !(is_rare(old + new, raw.len()) && is_rare(new, recent))
            })
            .collect();
        kept.sort_by(|a, b| {
            let total = |at: &usize| counts[*at][0] + counts[*at][1];
            total(b).cmp(&total(a)).then_with(|| words[*a].cmp(&words[*b]))
        });
        kept.truncate(MOST_VALUES);
        let mut code = vec![OTHER; words.len()];
        let mut names = vec!["not recorded".to_owned(), "other".to_owned()];
        for at in kept {
            code[at] = u8::try_from(names.len()).expect("few values are kept");
            names.push(words[at].clone());
        }
        let codes = raw.iter().map(|raw| raw.map_or(MISSING, |at| code[usize::from(at)])).collect();
        Self { name, words: names, codes }
    }
}

/// What an attempt is known by beyond its attributes; for evidence only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    /// Position among the carts; `u32::MAX` where the cart is not known.
    pub(super) cart: u32,
    /// Hashes of the visitor and of the account; 0 for none.
    pub(super) visitor: u64,
    pub(super) customer: u64,
    /// Value of the cart in the base currency, in ten-thousandths; negative where nothing has a price.
    pub(super) value: i64,
    /// Number of the error that was met first; 0 for none.
    pub(super) error: u16,
    /// When the person's cart was bought after the attempt, if it was.
    pub(super) bought_at: Option<i64>,
}

impl Default for Fact {
    fn default() -> Self {
        Self { cart: u32::MAX, visitor: 0, customer: 0, value: -1, error: 0, bought_at: None }
    }
}

/// All attempts at one step, in order of time.
#[derive(Clone, Debug)]
pub(super) struct Attempts {
    pub(super) stage: Stage,
    /// The step that has to follow: the next one that is logged.
    pub(super) next: Step,
    /// Attempts at or before this moment had their time.
    pub(super) cut: i64,
    /// Blocks of 24 hours with history, at most [`BLOCKS`].
    pub(super) blocks: usize,
    pub(super) attributes: Vec<Attribute>,
    pub(super) at: Vec<i64>,
    /// Block of each attempt: 0 is the newest.
    pub(super) block: Vec<u8>,
    pub(super) failed: Vec<bool>,
    /// Stratum of the mix; see [`STRATA`].
    pub(super) strata: Vec<u16>,
    /// Empty where no evidence is asked for.
    pub(super) facts: Vec<Fact>,
}

impl Attempts {
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// The block of a moment; `None` where it is out of reach.
    pub(super) fn block_of(cut: i64, at: i64) -> Option<u8> {
        let block = (cut - at).div_euclid(DAY);
        u8::try_from(block).ok().filter(|block| usize::from(*block) < BLOCKS)
    }

    /// Attempts of the newest block.
    pub(super) fn tonight(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|row| self.block[*row] == 0)
    }

    /// When a block began.
    pub(super) fn start_of_block(&self, block: usize) -> i64 {
        self.cut - i64::try_from(block + 1).expect("few blocks") * DAY
    }

    /// Numbers the strata of the attributes named in [`STRATA`].
    pub(super) fn stratify(attributes: &[Attribute], len: usize) -> Vec<u16> {
        let chosen: Vec<&Attribute> = attributes.iter().filter(|a| STRATA.contains(&a.name)).collect();
        let mut strata = vec![0_u16; len];
        for attribute in chosen {
            let width = u16::try_from(attribute.words.len()).expect("few values are kept");
            for (stratum, code) in strata.iter_mut().zip(&attribute.codes) {
                *stratum = stratum.saturating_mul(width).saturating_add(u16::from(*code));
            }
        }
        strata
    }

    /// Whether an attempt is in a slice.
    pub(super) fn is_in(&self, row: usize, slice: Slice) -> bool {
        slice.parts().all(|(attribute, code)| self.attributes[attribute].codes[row] == code)
    }
}

/// A conjunction of up to three attribute values. The empty one is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slice {
    order: u8,
    parts: [(u8, u8); 3],
}

impl Slice {
    /// The slice of these attributes (ascending, by position) and codes, at most three.
    pub(super) fn new(parts: &[(u8, u8)]) -> Self {
        let mut slice = Self { order: u8::try_from(parts.len()).expect("at most three parts"), parts: [(0, 0); 3] };
        slice.parts[..parts.len()].copy_from_slice(parts);
        slice
    }

    /// How many conditions it has.
    pub(super) fn order(self) -> usize {
        usize::from(self.order)
    }

    /// Attribute and code of each.
    pub(super) fn parts(self) -> impl Iterator<Item = (usize, u8)> {
        self.parts.into_iter().take(self.order()).map(|(attribute, code)| (usize::from(attribute), code))
    }

    /// The slice without this condition; `None` where it does not have it.
    pub(super) fn without(self, attribute: usize, code: u8) -> Option<Self> {
        let rest: Vec<(u8, u8)> = self.parts[..self.order()]
            .iter()
            .copied()
            .filter(|part| *part != (u8::try_from(attribute).expect("few attributes"), code))
            .collect();
        (rest.len() < self.order()).then(|| Self::new(&rest))
    }

    /// The slices with one condition less.
    pub(super) fn parents(self) -> impl Iterator<Item = Self> {
        let parts = self.parts[..self.order()].to_vec();
        (0..parts.len()).map(move |without| {
            let rest: Vec<_> = (0..parts.len()).filter(|at| *at != without).map(|at| parts[at]).collect();
            Self::new(&rest)
        })
    }
}
