use statrs::distribution::{ContinuousCDF, Normal};

use super::*;

/// Carts of a customer after the first go on with this probability: 3 carts each on average.
const MORE: f64 = 2.0 / 3.0;
/// Share of customers whose carts come from the heavy tail, and its index.
const HEAVY: f64 = 0.03;
const INDEX: f64 = 2.5;
/// Spread of ordinary customers' and of one customer's carts, on the logarithm.
const CUSTOMERS: f64 = 0.8;
const CARTS: f64 = 0.3;
/// Share of abandoned carts that are bought later.
const LATER: f64 = 0.1;
/// Ten-thousandths of a euro in the value that is 1 above: 50 euros.
const UNIT: f64 = 500_000.0;

/// Numbers that look random, the same on every run.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1, neither of them.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    fn normal(&mut self) -> f64 {
        Normal::standard().inverse_cdf(self.share())
    }

    /// Poisson's distribution with a large mean, by its normal approximation.
    fn poisson(&mut self, mean: f64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = (mean + mean.sqrt() * self.normal()).round().max(2.0) as u64;
        count
    }
}

fn cart(cell: u32, person: u64, value: f64, is_recovered: bool) -> Drawn {
    #[expect(clippy::cast_possible_truncation, reason = "an amount")]
    let gross = Amount((value * UNIT).round() as i128);
    let recovered = if is_recovered { gross } else { Amount::ZERO };
    let lost = gross - recovered;
    Drawn { cell, person, waterfall: Waterfall { carts: 1, gross, recovered, lost, ..Waterfall::default() } }
}

/// The abandoned carts of a shop to which `customers` people come on average.
fn shop(customers: u32, seed: u64) -> Vec<Drawn> {
    let mut dice = Dice(seed << 32);
    let mut carts = Vec::new();
    for _ in 0..dice.poisson(f64::from(customers)) {
        let person = dice.0;
        let worth =
            if dice.share() < HEAVY { dice.share().powf(-1.0 / INDEX) } else { (CUSTOMERS * dice.normal()).exp() };
        loop {
            let value = worth * (CARTS * dice.normal()).exp();
            carts.push(cart(0, person, value, dice.share() < LATER));
            if dice.share() >= MORE {
                break;
            }
        }
    }
    carts
}

/// What such a shop loses on average.
fn expected(customers: u32) -> f64 {
    let worth = HEAVY * INDEX / (INDEX - 1.0) + (1.0 - HEAVY) * (CUSTOMERS * CUSTOMERS / 2.0).exp();
    let of_customer = worth * (CARTS * CARTS / 2.0).exp() * (1.0 - LATER) / (1.0 - MORE);
    f64::from(customers) * of_customer * UNIT
}

/// Of 300 shops, the share whose interval holds what such shops lose; and how many are said to hang on few carts.
fn coverage(customers: u32, prepare: impl Fn(&mut Vec<Drawn>)) -> (f64, u32) {
    let (mut held, mut dominated) = (0, 0);
    let truth = expected(customers);
    for seed in 0..300 {
        let mut carts = shop(customers, seed);
        prepare(&mut carts);
        let units = units(&sorted(carts.clone()), f64::INFINITY);
        let drawn = bootstrap::resample(&units, REPLICATES, SEED);
        let persons: Vec<f64> = units.iter().map(|unit| unit.values[NET]).collect();
        let (low, high) = drawn.interval(NET, &persons, LEVEL).expect("many customers");
        held += u32::from((low..=high).contains(&truth));
        dominated += u32::from(spread(&carts, &drawn, &units).is_dominated);
    }
    (f64::from(held) / 300.0, dominated)
}

fn sorted(mut carts: Vec<Drawn>) -> Vec<Drawn> {
    carts.sort_unstable_by_key(|cart| (cart.person, cart.waterfall.gross));
    carts
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are quoted in docs/revenue.md")]
fn intervals_over_customers_hold_in_85_of_100_shops_with_a_heavy_tail_and_intervals_over_carts_do_not() {
    for customers in [300, 2_000] {
        let (clustered, dominated) = coverage(customers, |_| ());
        let (by_row, _) = coverage(customers, |carts| {
            for (number, cart) in (0_u64..).zip(carts) {
                cart.person = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        });
        eprintln!(
            "{customers} customers, 300 shops: over customers {clustered:.3}, over carts {by_row:.3}; {dominated} dominated"
        );
        assert!(clustered >= 0.85, "{customers}: {clustered}");
        assert!(by_row < 0.85, "{customers}: {by_row}");
    }
}

#[test]
fn the_order_of_carts_does_not_matter_and_segments_are_drawn_together() {
    let mut carts = shop(400, 3);
    for (number, cart) in (0_u32..).zip(&mut carts) {
        cart.cell = number % 3;
    }
    let straight = spreads(&carts);
    carts.reverse();
    assert_eq!(straight, spreads(&carts));
    assert_eq!(straight.cells.len(), 3);
    for cart in &mut carts {
        cart.cell = 0;
    }
    // However carts are divided, everything together is the same.
    assert_eq!(straight.total, spreads(&carts).total);
    let (range, net) = (straight.total.unwrap().net.unwrap(), carts.iter().map(|cart| cart.waterfall.net()).sum());
    assert!(range.low < net && net < range.high);
}

#[test]
fn where_few_carts_dominate_there_is_no_interval_but_that_of_the_second_line() {
    let mut dice = Dice(9);
    let carts: Vec<Drawn> =
        (0..3_000).map(|number| cart(0, number << 20, dice.share().powf(-1.0 / 1.1), false)).collect();
    let spread = spreads(&carts).total.unwrap();
    assert!(spread.is_dominated && spread.tail_index.unwrap() < 1.5, "{spread:?}");
    assert_eq!((spread.gross, spread.net, spread.lost), (None, None, None));
    assert!(spread.top_ten_share > 0.05 && spread.winsorised_range.is_some());
    let all: Amount = carts.iter().map(|cart| cart.waterfall.lost).sum();
    assert!(spread.winsorised < all);
}

#[test]
fn one_customer_has_no_interval_and_carts_that_are_not_abandoned_add_nothing() {
    let pending = Drawn { waterfall: Waterfall::default(), ..cart(0, 2, 1.0, false) };
    let spread = spreads(&[cart(0, 1, 1.0, false), cart(0, 1, 2.0, false), pending]).total.unwrap();
    assert_eq!((spread.persons, spread.net, spread.tail_index), (1, None, None));
    assert_eq!(spreads(&[pending]), Spreads { cells: BTreeMap::new(), total: None });
}
