//! Attempts of a shop that does not exist, with what is planted in them: the judge of the search.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of a small made-up world"
)]

use events::time::{DAY, HOUR};

use crate::barriers::attempts::{Attempts, Attribute, BLOCKS, Fact, Slice, Stage};
use crate::stats::logistic::{logit, sigmoid};

/// The end of every world's last night.
pub(super) const CUT: i64 = 20_000 * DAY;

/// Name and values of every attribute; the first two codes are nothing and all rare values.
const ATTRIBUTES: [(&str, usize); 11] = [
    ("device", 3),
    ("os", 5),
    ("browser", 5),
    ("country", 8),
    ("channel", 7),
    ("top_category", 8),
    ("price_band", 4),
    ("segment", 6),
    ("coupon", 2),
    ("shipping_method", 3),
    ("payment_method", 6),
];

/// Positions of attributes that something is done to.
pub(super) const BROWSER: usize = 2;
pub(super) const COUNTRY: usize = 3;
pub(super) const CHANNEL: usize = 4;
/// Behind all others, where there are releases.
pub(super) const RELEASE: u8 = ATTRIBUTES.len() as u8;
/// Codes of releases: the old one, and the new one.
const OLD: u8 = 2;
pub(super) const NEW: u8 = 3;
/// The number of the error that goes with a plant.
pub(super) const ERROR: u16 = 1;

/// Numbers that only depend on the seed.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    pub(super) fn normal(&mut self) -> f64 {
        let (a, b) = (self.uniform().max(1e-300), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// How the shop varies by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) per_night: usize,
    pub(super) nights: usize,
    pub(super) base: f64,
    /// Standard deviations, on the log-odds, of a night and of every value in a night.
    pub(super) day_sd: f64,
    pub(super) value_sd: f64,
    /// Amplitude of the week.
    pub(super) season: f64,
    /// From so many nights ago on a campaign brings a fifth of all attempts, by one channel and mostly on one device;
    /// they fail more often wherever they are. 0 for none.
    pub(super) campaign: usize,
    /// Programs that are not known as such: so many attempts within three hours of the last night, all with a browser of
    /// their own and from one country; none gets on. 0 for none.
    pub(super) programs: usize,
    /// Of nights, how much one is like the one before.
    pub(super) follows: f64,
    /// A new release: how many hours before the end it came, and the share of attempts that have it since.
    pub(super) release: Option<(f64, f64)>,
}

pub(super) const CALM: Weather = Weather {
    per_night: 10_000,
    nights: BLOCKS,
    base: 0.35,
    day_sd: 0.0,
    value_sd: 0.0,
    season: 0.0,
    campaign: 0,
    programs: 0,
    follows: 0.0,
    release: None,
};

/// A barrier: where, by how much, and between which moments before the end of the last night.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plant {
    pub(super) slice: Slice,
    pub(super) odds_ratio: f64,
    /// Hours before the end.
    pub(super) from: f64,
    pub(super) until: f64,
    /// Whether those whom it stops meet an error.
    pub(super) error: bool,
}

/// What the plants did: failures that would not have been, by plant.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) excess: Vec<f64>,
    pub(super) attempts: Vec<u64>,
}

/// Shares of the values of every attribute: a few are frequent, many are not.
fn shares(values: usize) -> Vec<f64> {
    let weights: Vec<f64> = (0..values).map(|value| 1.0 / (value as f64 + 1.0).powf(0.8)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

fn choose(dice: &mut Dice, cumulated: &[f64]) -> u8 {
    let at = dice.uniform();
    let value = cumulated.iter().position(|share| at < *share).unwrap_or(cumulated.len() - 1);
    u8::try_from(value + 2).unwrap()
}

fn cumulated(values: usize) -> Vec<f64> {
    shares(values)
        .into_iter()
        .scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        })
        .collect()
}

/// The share of attempts in a slice.
pub(super) fn share(slice: Slice) -> f64 {
    let own = |(at, code): (usize, u8)| ATTRIBUTES.get(at).map_or(1.0, |(_, n)| shares(*n)[usize::from(code) - 2]);
    slice.parts().map(own).product()
}

/// A slice of so many conditions with about this share of attempts.
pub(super) fn slice_of(dice: &mut Dice, order: usize, about: f64) -> Slice {
    let mut best = (f64::INFINITY, Slice::default());
    for _ in 0..4_000 {
        let mut at: Vec<usize> = Vec::new();
        while at.len() < order {
            let one = dice.below(ATTRIBUTES.len());
            if !at.contains(&one) {
                at.push(one);
            }
        }
        at.sort_unstable();
        let parts: Vec<(u8, u8)> = at.iter().map(|at| (*at as u8, (dice.below(ATTRIBUTES[*at].1) + 2) as u8)).collect();
        let slice = Slice::new(&parts);
        let distance = (share(slice) / about).ln().abs() + 0.05 * dice.uniform();
        if distance < best.0 {
            best = (distance, slice);
        }
    }
    best.1
}

/// The attributes of a shop, without attempts.
fn columns(weather: &Weather) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = ATTRIBUTES
        .iter()
        .map(|(name, values)| Attribute {
            name,
            words: (0..values + 2 + usize::from(*name == "browser" && weather.programs > 0))
                .map(|value| format!("{name}-{value}"))
                .collect(),
            codes: Vec::new(),
        })
        .collect();
    if weather.release.is_some() {
        let words = ["not recorded", "other", "web-1", "web-2"].map(str::to_owned).to_vec();
        attributes.push(Attribute { name: "release", words, codes: Vec::new() });
    }
    attributes
}

/// When attempts of a night are made, and whether by a program.
fn moments(dice: &mut Dice, weather: &Weather, night: usize) -> Vec<(i64, bool)> {
    let busy = weather.per_night as f64
        * (1.0 + 0.3 * (std::f64::consts::TAU * night as f64 / 7.0).cos() * f64::from(u8::from(weather.season > 0.0)));
    let mut moments: Vec<(i64, bool)> = (0..busy as usize)
        .map(|_| (CUT - night as i64 * DAY - ((dice.uniform() * DAY as f64) as i64), false))
        .collect();
    if night == 0 {
        let spread = 3.0 * HOUR as f64;
        moments.extend((0..weather.programs).map(|_| (CUT - 5 * HOUR - ((dice.uniform() * spread) as i64), true)));
    }
    moments.sort_unstable();
    moments
}

/// The attempts of a shop, and what was done to them.
pub(super) fn attempts(seed: u64, weather: &Weather, plants: &[Plant]) -> (Attempts, Truth) {
    let mut dice = Dice::new(seed);
    let effects: Vec<Vec<f64>> =
        ATTRIBUTES.iter().map(|(_, values)| (0..*values).map(|_| 0.25 * dice.normal()).collect()).collect();
    let tables: Vec<Vec<f64>> = ATTRIBUTES.iter().map(|(_, values)| cumulated(*values)).collect();
    let mut attributes = columns(weather);
    let has_errors = plants.iter().any(|plant| plant.error);
    let (mut at, mut block, mut failed, mut facts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut truth = Truth { excess: vec![0.0; plants.len()], attempts: vec![0; plants.len()] };
    let mut codes = [0_u8; ATTRIBUTES.len() + 1];
    // Dice of their own, so that a shop without a release is the same shop.
    let mut rollout = Dice::new(seed ^ 0x5eed);
    let mut wander = 0.0;
    for night in (0..weather.nights).rev() {
        let week = weather.season * (std::f64::consts::TAU * night as f64 / 7.0).sin();
        let luck = weather.day_sd * dice.normal();
        wander = weather.follows * wander + (1.0 - weather.follows.powi(2)).sqrt() * luck;
        let day = week + wander;
        let values: Vec<Vec<f64>> = ATTRIBUTES
            .iter()
            .map(|(_, values)| (0..*values).map(|_| weather.value_sd * dice.normal()).collect())
            .collect();
        for (moment, is_program) in moments(&mut dice, weather, night) {
            let is_campaign = night < weather.campaign && dice.uniform() < 0.2;
            for (code, table) in codes.iter_mut().zip(&tables) {
                *code = choose(&mut dice, table);
            }
            if is_campaign {
                codes[CHANNEL] = 6;
                if dice.uniform() < 0.9 {
                    codes[0] = 3;
                }
            }
            if is_program {
                codes[BROWSER] = (ATTRIBUTES[BROWSER].1 + 2) as u8;
                codes[COUNTRY] = 2;
            }
            let hours = (CUT - moment) as f64 / HOUR as f64;
            if let Some((from, share)) = weather.release {
                codes[usize::from(RELEASE)] = if hours <= from && rollout.uniform() < share { NEW } else { OLD };
            }
            let mut log_odds = logit(weather.base) + day;
            for (attribute, code) in codes.iter().enumerate().take(ATTRIBUTES.len()) {
                // Programs have a browser that nobody else has.
                let value = (usize::from(*code) - 2).min(ATTRIBUTES[attribute].1 - 1);
                log_odds += effects[attribute][value] + values[attribute][value];
            }
            // The channel of campaigns brings people who mostly look around, with or without one.
            if codes[CHANNEL] == 6 {
                log_odds += 1.2;
            }
            if is_program {
                log_odds += 100.0;
            }
            let usual = sigmoid(log_odds);
            let luck = dice.uniform();
            let (mut chance, mut error) = (usual, 0);
            for (number, plant) in plants.iter().enumerate() {
                let is_in = plant.slice.parts().all(|(attribute, code)| codes[attribute] == code);
                if is_in && hours <= plant.from && hours > plant.until {
                    log_odds += plant.odds_ratio.ln();
                    chance = sigmoid(log_odds);
                    if plant.error && (usual..chance).contains(&luck) {
                        error = ERROR;
                    }
                    truth.attempts[number] += 1;
                    truth.excess[number] += f64::from(u8::from(luck < chance)) - f64::from(u8::from(luck < usual));
                }
            }
            for (attribute, code) in attributes.iter_mut().zip(codes) {
                attribute.codes.push(code);
            }
            at.push(moment);
            block.push(Attempts::block_of(CUT, moment).unwrap().min(weather.nights as u8 - 1));
            failed.push(luck < chance);
            if has_errors {
                facts.push(Fact { error, ..Fact::default() });
            }
        }
    }
    let strata = Attempts::stratify(&attributes, at.len());
    let attempts = Attempts {
        stage: Stage::Payment,
        next: crate::funnel::Step::Purchase,
        cut: CUT,
        blocks: weather.nights,
        attributes,
        at,
        block,
        failed,
        strata,
        facts,
    };
    (attempts, truth)
}
