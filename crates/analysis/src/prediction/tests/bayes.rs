//! A shop whose carts follow a known chain, so that the best possible probability of every cart is known exactly.
//!
//! Behind every cart stands a kind of customer that nobody sees: one who buys, one who puts it off, one who never will.
//! Hour by hour the cart is idle, looked at, at checkout, at an error or bought, by the chain of its kind. What is seen of
//! that (and of device, account, value and weekday, which make kinds likelier) goes through the same tables, features and
//! models as any shop. The best probability weighs each kind by the likelihood of the hours so far, and follows its chain
//! to the end of the window.

use std::collections::{BTreeMap, VecDeque};

use events::time::{self, DAY, HOUR, MINUTE, SECOND};
use statrs::distribution::{ContinuousCDF, Normal};

use super::shop::{Shop, settings};
use super::synthetic::Dice;
use crate::prediction::landmark::LANDMARKS;

/// Hours of the window.
pub(super) const HOURS: usize = 72;
/// Hours by which carts are asked for a last time.
const LAST: usize = 30 * 24;
pub(super) const START: i64 = 1_767_571_200 * SECOND;

/// States of a cart in an hour.
const IDLE: usize = 0;
const ACTIVE: usize = 1;
const CHECKOUT: usize = 2;
const ERROR: usize = 3;
const CONVERTED: usize = 4;

type Chain = [[f64; 5]; 4];

/// Chances from hour to hour, by kind: who buys, who puts it off, who never will.
const CHAINS: [Chain; 3] = [
    [
        [0.93, 0.045, 0.025, 0.0, 0.0],
        [0.55, 0.20, 0.25, 0.0, 0.0],
        [0.25, 0.05, 0.05, 0.12, 0.53],
        [0.45, 0.10, 0.45, 0.0, 0.0],
    ],
    [
        [0.965, 0.03, 0.005, 0.0, 0.0],
        [0.75, 0.20, 0.05, 0.0, 0.0],
        [0.55, 0.12, 0.05, 0.10, 0.18],
        [0.80, 0.10, 0.10, 0.0, 0.0],
    ],
    [
        [0.992, 0.007, 0.001, 0.0, 0.0],
        [0.85, 0.13, 0.02, 0.0, 0.0],
        [0.80, 0.08, 0.02, 0.08, 0.02],
        [0.95, 0.03, 0.02, 0.0, 0.0],
    ],
];

/// How the shop is.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) days: u32,
    pub(super) carts_per_day: u32,
    /// Standard deviation of days on the log-odds, and how much of a day is left on the next.
    pub(super) day_effect: (f64, f64),
    pub(super) seed: u64,
}

/// A cart with the truth about it.
#[derive(Clone, Debug)]
pub(super) struct True {
    /// Best probability at each landmark; `None` once it is bought.
    pub(super) at: [Option<f64>; LANDMARKS.len()],
    /// At the end of the window, the best probability to be bought by 30 days of age; `None` once it is bought.
    pub(super) later: Option<f64>,
}

/// The shop, and the truth about its carts by the moment of their opening.
pub(super) struct Made {
    pub(super) shop: Shop,
    pub(super) truth: BTreeMap<i64, True>,
}

/// What anybody can see of a cart at its opening.
#[derive(Clone, Copy, Debug)]
struct Seen {
    is_mobile: bool,
    is_account: bool,
    log_value: f64,
    weekday: i64,
}

impl Seen {
    /// Chances of the kinds on a day with this effect.
    fn kinds(self, day_effect: f64) -> [f64; 3] {
        let weekend = if self.weekday >= 5 { 0.2 } else { 0.0 };
        let keen = -0.5 + if self.is_mobile { -0.45 } else { 0.25 } + if self.is_account { 0.7 } else { -0.2 }
            - 0.35 * (self.log_value - 4.0)
            + weekend
            - day_effect;
        let later = -0.3 + if self.is_account { 0.3 } else { -0.2 } + 0.3 * (self.log_value - 4.0) - day_effect;
        let weights = [keen.exp(), later.exp(), 1.0];
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }
}

/// Of each kind and state, the chance not to be bought in so many more hours.
pub(super) fn survival(hours: usize) -> Vec<[[f64; 5]; 3]> {
    let mut table = vec![[[1.0, 1.0, 1.0, 1.0, 0.0]; 3]];
    for hour in 1..=hours {
        let before = table[hour - 1];
        let mut now = before;
        for (kind, chain) in CHAINS.iter().enumerate() {
            for (from, chances) in chain.iter().enumerate() {
                now[kind][from] = chances.iter().zip(before[kind]).map(|(chance, left)| chance * left).sum();
            }
        }
        table.push(now);
    }
    table
}

fn draw(dice: &mut Dice, chances: &[f64]) -> usize {
    let mut at = dice.uniform();
    for (place, chance) in chances.iter().enumerate() {
        if at < *chance {
            return place;
        }
        at -= chance;
    }
    chances.len() - 1
}

/// A cart as it really is.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) opened_at: i64,
    seen: Seen,
    kinds: [f64; 3],
    /// State of each hour, from the opening on until it is bought.
    path: Vec<usize>,
}

impl Life {
    pub(super) fn device(&self) -> &'static str {
        if self.seen.is_mobile { "mobile" } else { "desktop" }
    }

    /// The moment of its purchase, if it is bought at all.
    pub(super) fn purchased_at(&self) -> Option<i64> {
        let last = self.path.len() - 1;
        (self.path[last] == CONVERTED).then(|| moment(self.opened_at, last))
    }

    /// The best probability after so many hours, for whoever does not know of any barrier; `None` once it is bought.
    pub(super) fn best(&self, hours: usize, table: &[[[f64; 5]; 3]]) -> Option<f64> {
        best(&self.path, self.kinds, hours, &table[HOURS - hours])
    }
}

/// When what happens in an hour of a cart is told: well within the hour that ends then.
fn moment(opened_at: i64, hour: usize) -> i64 {
    opened_at + i64::try_from(hour).expect("few hours") * HOUR - 30 * MINUTE
}

impl World {
    /// All carts of the shop. `barrier` says by what purchases are multiplied at a moment, on a device.
    pub(super) fn lives(&self, hours: usize, barrier: impl Fn(i64, bool) -> f64) -> Vec<Life> {
        let mut dice = Dice(self.seed);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let (deviation, persistence) = self.day_effect;
        let mut day_effect = 0.0;
        let mut lives = Vec::new();
        for day in 0..self.days {
            let shock = normal.inverse_cdf(dice.uniform().clamp(1e-9, 1.0 - 1e-9));
            day_effect = persistence * day_effect + (1.0 - persistence * persistence).sqrt() * deviation * shock;
            for number in 0..self.carts_per_day {
                let start = START + i64::from(day) * DAY;
                let opened_at = start + i64::from(number) * (DAY / i64::from(self.carts_per_day));
                let gauss = normal.inverse_cdf(dice.uniform().clamp(1e-9, 1.0 - 1e-9));
                let seen = Seen {
                    is_mobile: dice.uniform() < 0.6,
                    is_account: dice.uniform() < 0.4,
                    log_value: 4.0 + 0.8 * gauss,
                    weekday: (i64::from(time::utc_day(opened_at)) + 3).rem_euclid(7),
                };
                let kinds = seen.kinds(day_effect);
                let kind = draw(&mut dice, &kinds);
                let mut path = vec![ACTIVE];
                while path.len() <= hours && path[path.len() - 1] != CONVERTED {
                    let before = path[path.len() - 1];
                    let next = draw(&mut dice, &CHAINS[kind][before]);
                    let kept = barrier(moment(opened_at, path.len()), seen.is_mobile);
                    let is_stopped = next == CONVERTED && kept < 1.0 && dice.uniform() >= kept;
                    path.push(if is_stopped { ERROR } else { next });
                }
                lives.push(Life { opened_at, seen, kinds, path });
            }
        }
        lives
    }

    /// Makes the shop, judged three days after its last day. What happens after the window is not told.
    pub(super) fn make(&self) -> Made {
        self.made(HOURS)
    }

    /// The same with purchases up to an age of 30 days; of the days after the window nothing else is told.
    pub(super) fn make_with_late_purchases(&self) -> Made {
        self.made(LAST)
    }

    fn made(&self, hours: usize) -> Made {
        let table = survival(LAST);
        let mut dice = Dice(self.seed ^ 0xFACE);
        let (mut rows, mut truth) = (Vec::new(), BTreeMap::new());
        // Accounts that may open a cart, by the moment from which their last one is over.
        let mut accounts: VecDeque<(i64, u32)> = VecDeque::new();
        let mut known = 0;
        for life in self.lives(hours, |_, _| 1.0) {
            let kept = best(&life.path, life.kinds, HOURS, &table[LAST - HOURS]);
            let at = LANDMARKS.map(|hours| life.best(whole(hours), &table));
            truth.insert(life.opened_at, True { at, later: kept.map(|kept| 1.0 - kept) });
            let customer = life.seen.is_account.then(|| match accounts.front() {
                Some((free_from, _)) if *free_from < life.opened_at => accounts.pop_front().expect("there is one").1,
                _ => {
                    known += 1;
                    known
                }
            });
            let last = tell(&mut rows, &mut dice, &life, customer);
            if let Some(customer) = customer {
                accounts.push_back((last + 31 * DAY, customer));
            }
        }
        rows.sort_by_key(|(ts, _)| *ts);
        let as_of = START + i64::from(self.days + 3) * DAY + HOUR;
        Made { shop: Shop { rows: rows.into_iter().map(|(_, row)| row).collect(), settings: settings(as_of) }, truth }
    }
}

fn whole(hours: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "landmarks are whole hours")]
    let hours = hours as usize;
    hours
}

/// Each kind is weighed by its share and the likelihood of the hours so far, and followed as far as `left` goes.
fn best(path: &[usize], kinds: [f64; 3], hours: usize, left: &[[f64; 5]; 3]) -> Option<f64> {
    let so_far = path.get(..=hours)?;
    if so_far[hours] == CONVERTED {
        return None;
    }
    let mut weights = kinds;
    for step in so_far.windows(2) {
        for (weight, chain) in weights.iter_mut().zip(&CHAINS) {
            *weight *= chain[step[0]][step[1]];
        }
    }
    let all: f64 = weights.iter().sum();
    Some((0..3).map(|kind| weights[kind] / all * left[kind][so_far[hours]]).sum())
}

/// The events of a cart; returns the moment of the last one.
fn tell(rows: &mut Vec<(i64, super::shop::EventRow)>, dice: &mut Dice, life: &Life, customer: Option<u32>) -> i64 {
    let Life { opened_at, seen, ref path, .. } = *life;
    let visitor = customer.map_or_else(|| format!("v{opened_at}"), |customer| format!("vc{customer}"));
    let browser = ["chrome", "safari", "firefox"][draw(dice, &[0.5, 0.3, 0.2])];
    let channel = ["search", "direct", "social", "email"][draw(dice, &[0.4, 0.3, 0.2, 0.1])];
    let price = format!("{:.2}", seen.log_value.exp());
    let mut add = |ts: i64, kind: &str| {
        let value = serde_json::json!({
            "event_id": format!("{opened_at}-{}", ts - opened_at), "ts": time::format(ts), "kind": kind,
            "visitor_id": visitor, "customer_id": customer.map(|customer| format!("c{customer}")),
            "session_id": format!("{visitor}-{ts}"), "product_id": "p", "unit_price": price, "currency": "EUR",
            "device": life.device(), "browser": browser, "channel": channel,
        });
        rows.push((ts, value.as_object().expect("an object").clone()));
    };
    add(opened_at, "add_to_cart");
    let mut last = opened_at;
    for (hour, state) in path.iter().enumerate().skip(1) {
        let ts = moment(opened_at, hour);
        match *state {
            IDLE => continue,
            state if hour > HOURS && state != CONVERTED => continue,
            ACTIVE => add(ts, "view_cart"),
            CHECKOUT => add(ts, "begin_checkout"),
            ERROR => add(ts, "checkout_error"),
            _ => add(ts, "purchase"),
        }
        last = ts;
    }
    last
}

#[test]
fn the_best_probabilities_come_true() {
    let made = World { days: 30, carts_per_day: 400, day_effect: (0.0, 0.0), seed: 3 }.make();
    let folder = made.shop.publish();
    let frame = super::frame_of(&folder, &made.shop);
    assert_eq!(frame.carts.len(), 12_000, "every cart is one cart");
    for (landmark, hours) in LANDMARKS.iter().enumerate() {
        let pairs: Vec<(f64, bool)> = frame
            .carts
            .iter()
            .filter_map(|cart| Some((made.truth[&cart.opened_at].at[landmark]?, cart.is_abandoned(3 * DAY))))
            .collect();
        let n = pairs.len() as f64;
        let said = pairs.iter().map(|(p, _)| p).sum::<f64>() / n;
        let came = pairs.iter().filter(|(_, abandoned)| *abandoned).count() as f64 / n;
        let noise = pairs.iter().map(|(p, _)| p * (1.0 - p)).sum::<f64>().sqrt() / n;
        assert!((said - came).abs() < 3.5 * noise, "at {hours} h: {said} {came}");
        let steep = pairs.iter().map(|(p, abandoned)| (p - said) * (f64::from(u8::from(*abandoned)) - p)).sum::<f64>();
        let spread = pairs.iter().map(|(p, _)| (p - said).powi(2)).sum::<f64>();
        assert!((steep / spread).abs() < 0.1, "at {hours} h the slope is off by {}", steep / spread);
    }
}
