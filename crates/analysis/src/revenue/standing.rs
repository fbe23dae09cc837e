//! Where customers stand by what they spent: tenths, moves between segments, and RFM cells.
//!
//! Everything is as of 00:00 (the shop's clock) of the night's day: an order of that day or later moves nobody.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use carts::columns::Text;
use carts::segments::{Spend, Spender, segments};
use chrono::{Days, NaiveDate};
use events::parquet_io::Reader;
use events::{Amount, lake, time};
use serde::Serialize;

use crate::stats::proportion::wilson;
use crate::{Error, Estimate, Settings, segment};

/// Days of spend that count for a segment.
const YEAR: u64 = 365;
/// Days between the two standings that moves are told between.
pub const MOVES: u64 = 90;
/// Scores of recency, frequency and spend are 1 to this.
const SCORES: usize = 5;

/// Where customers stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Standing {
    /// The day at whose 00:00 they stand there; `None` without an order.
    pub day: Option<NaiveDate>,
    /// Tenths of customers by spend in the 365 days before: the ones that segments are made of.
    pub year: Vec<Tenth>,
    /// Tenths of customers by all they ever spent before.
    pub ever: Vec<Tenth>,
    /// Who stood where [`MOVES`] days before, and stands where now. Only customers who had ordered by the later day.
    pub moves: Vec<Move>,
    /// Customers with an order in the 365 days before, by recency, frequency and spend.
    pub rfm: Vec<RfmCell>,
}

/// A tenth of customers by spend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tenth {
    /// 1 is the top one.
    pub tenth: u8,
    /// Customers in it.
    pub customers: u64,
    /// What they spent, net of refunds, in the base currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub spend: Amount,
    /// Its share of everybody's spend; may be below 0 where refunds outweigh. `None` where that is not above 0.
    pub share: Option<f64>,
    /// Share of this and all higher tenths.
    pub cumulative: Option<f64>,
}

/// Customers who moved from one segment to another, or stayed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Move {
    /// Segment then.
    pub from: String,
    /// Segment now.
    pub to: String,
    /// Customers.
    pub customers: u64,
    /// Their share of all who were in `from`, with its 95 % interval.
    pub share: Estimate,
}

/// A cell of recency, frequency and spend, each scored 1 to 5 by fifths of customers; 5 is best, equal values score alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RfmCell {
    /// Score of the last order: 5 is the most recent fifth.
    pub recency: u8,
    /// Score of the number of orders.
    pub frequency: u8,
    /// Score of spend.
    pub monetary: u8,
    /// Customers in it.
    pub customers: u64,
    /// What they spent in the 365 days before, in the base currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub spend: Amount,
}

/// Everybody's orders and refunds, sorted by person; empty where the folder is not there.
pub(super) fn read(folder: &Path) -> Result<Vec<Spender>, Error> {
    const COLUMNS: [&str; 5] = ["person_id", "known_at", "counts_at", "amount", "is_order"];
    let mut all: BTreeMap<String, Vec<Spend>> = BTreeMap::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &COLUMNS)? {
            let batch = batch?;
            let persons = Text::of(&batch, "person_id").expect("it was asked for");
            let column = |name: &str| batch.column_by_name(name).expect("it was asked for");
            let [known, counts] =
                ["known_at", "counts_at"].map(|name| column(name).as_primitive::<TimestampMicrosecondType>());
            let (amounts, orders) =
                (column("amount").as_primitive::<Decimal128Type>(), column("is_order").as_boolean());
            for row in 0..batch.num_rows() {
                all.entry(persons.get(row).unwrap_or_default().to_owned()).or_default().push(Spend {
                    known_at: known.value(row),
                    counts_at: counts.value(row),
                    amount: Amount(amounts.value(row)),
                    is_order: orders.value(row),
                });
            }
        }
    }
    Ok(all.into_iter().map(|(person, spend)| Spender { person, spend }).collect())
}

/// A customer with an order in the span.
#[derive(Clone, Copy, Debug)]
struct Customer {
    spend: Amount,
    orders: u64,
    last: i64,
}

/// Where customers stand at 00:00 of the day of `as_of`.
pub(super) fn standing(spenders: &[Spender], settings: &Settings) -> Standing {
    let day = time::local_date(settings.as_of, settings.zone);
    let end = time::start_of_day(day, settings.zone);
    let year = customers(spenders, start(day, settings), end);
    let ever = customers(spenders, i64::MIN, end);
    if ever.is_empty() {
        return Standing::default();
    }
    Standing {
        day: Some(day),
        year: tenths(&year),
        ever: tenths(&ever),
        moves: moves(spenders, day, settings),
        rfm: rfm(&year),
    }
}

fn start(day: NaiveDate, settings: &Settings) -> i64 {
    let first = day.checked_sub_days(Days::new(YEAR)).unwrap_or(NaiveDate::MIN);
    time::start_of_day(first, settings.zone)
}

/// Customers with an order in [`from`, `until`), in the order of `spenders`; refunds count where their order does.
fn customers(spenders: &[Spender], from: i64, until: i64) -> Vec<Customer> {
    let mut found = Vec::new();
    for spender in spenders {
        let counts = |spend: &&Spend| spend.counts_at >= from && spend.counts_at < until && spend.known_at < until;
        let mut customer = Customer { spend: Amount::ZERO, orders: 0, last: i64::MIN };
        for spend in spender.spend.iter().filter(counts) {
            customer.spend += spend.amount;
            if spend.is_order {
                customer.orders += 1;
                customer.last = customer.last.max(spend.counts_at);
            }
        }
        if customer.orders > 0 {
            found.push(customer);
        }
    }
    found
}

/// Customers by falling spend (ties in their order, which is by person), in tenths as segments have them.
fn tenths(customers: &[Customer]) -> Vec<Tenth> {
    let mut spends: Vec<Amount> = customers.iter().map(|customer| customer.spend).collect();
    spends.sort_by_key(|spend| std::cmp::Reverse(*spend));
    let total: Amount = spends.iter().copied().sum();
    let share = |part: Amount| (total > Amount::ZERO).then(|| part.to_f64() / total.to_f64());
    let mut sums: BTreeMap<u8, (u64, Amount)> = BTreeMap::new();
    for (rank, spend) in spends.iter().enumerate() {
        let tenth = u8::try_from(1 + 10 * rank / spends.len()).expect("1 to 10");
        let sum = sums.entry(tenth).or_default();
        sum.0 += 1;
        sum.1 += *spend;
    }
    let mut above = Amount::ZERO;
    let line = |(tenth, (customers, spend)): (u8, (u64, Amount))| {
        above += spend;
        Tenth { tenth, customers, spend, share: share(spend), cumulative: share(above) }
    };
    sums.into_iter().map(line).collect()
}

fn moves(spenders: &[Spender], day: NaiveDate, settings: &Settings) -> Vec<Move> {
    let Some(then) = day.checked_sub_days(Days::new(MOVES)) else { return Vec::new() };
    let everybody = 0..u32::try_from(spenders.len()).expect("fewer customers than 2^32");
    let questions: Vec<(NaiveDate, u32)> = everybody.flat_map(|at| [(then, at), (day, at)]).collect();
    let answers = segments(spenders, &questions, settings.zone);
    let mut counts: BTreeMap<(u8, &str, u8, &str), u64> = BTreeMap::new();
    let mut all: HashMap<&str, u64> = HashMap::new();
    for pair in answers.chunks_exact(2) {
        let (from, to) = (pair[0].name(), pair[1].name());
        // Whoever is new at the end has not ordered at all by then.
        if to != "new" {
            *counts.entry((segment::rank(from), from, segment::rank(to), to)).or_default() += 1;
            *all.entry(from).or_default() += 1;
        }
    }
    let line = |((_, from, _, to), customers): ((u8, &str, u8, &str), u64)| {
        let share = wilson(customers, all[from])?;
        Some(Move { from: from.to_owned(), to: to.to_owned(), customers, share })
    };
    counts.into_iter().filter_map(line).collect()
}

fn rfm(customers: &[Customer]) -> Vec<RfmCell> {
    let scores = [
        scores(customers, |customer| i128::from(customer.last)),
        scores(customers, |customer| i128::from(customer.orders)),
        scores(customers, |customer| customer.spend.0),
    ];
    let mut cells: BTreeMap<[u8; 3], (u64, Amount)> = BTreeMap::new();
    for (at, customer) in customers.iter().enumerate() {
        let cell = cells.entry([scores[0][at], scores[1][at], scores[2][at]]).or_default();
        cell.0 += 1;
        cell.1 += customer.spend;
    }
    let line = |([recency, frequency, monetary], (customers, spend)): ([u8; 3], (u64, Amount))| RfmCell {
        recency,
        frequency,
        monetary,
        customers,
        spend,
    };
    cells.into_iter().rev().map(line).collect()
}

/// 5 for the best fifth down to 1: 5 less the number of fifths that are strictly better.
fn scores(customers: &[Customer], of: impl Fn(&Customer) -> i128) -> Vec<u8> {
    let mut sorted: Vec<i128> = customers.iter().map(&of).collect();
    sorted.sort_unstable();
    let score = |customer: &Customer| {
        let better = sorted.len() - sorted.partition_point(|value| *value <= of(customer));
        u8::try_from(SCORES - SCORES * better / sorted.len()).expect("1 to 5")
    };
    customers.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, settings};
    use events::time::DAY;

    fn order(days_ago: i64, amount: i128) -> Spend {
        let at = settings().as_of - days_ago * DAY;
        Spend { known_at: at, counts_at: at, amount: Amount(amount), is_order: true }
    }

    fn spenders(spend: &[&[Spend]]) -> Vec<Spender> {
        let spender = |(at, spend): (usize, &&[Spend])| Spender { person: format!("p{at:03}"), spend: spend.to_vec() };
        spend.iter().enumerate().map(spender).collect()
    }

    #[test]
    fn an_order_of_the_nights_own_day_moves_nobody() {
        let before: Vec<Vec<Spend>> = (1..=20).map(|amount| vec![order(3, amount * 100)]).collect();
        let mut after = before.clone();
        after[0].push(order(0, 1_000_000));
        let of = |spend: &[Vec<Spend>]| {
            standing(&spenders(&spend.iter().map(Vec::as_slice).collect::<Vec<_>>()), &settings())
        };
        assert_eq!(of(&before), of(&after));
        assert_eq!(of(&before).day, Some(time::local_date(NOON + 10 * DAY, settings().zone)));
    }

    #[test]
    fn tenths_hold_their_share_of_spend() {
        let customers: Vec<Vec<Spend>> = (1..=20).map(|amount| vec![order(3, amount)]).collect();
        let standing = standing(&spenders(&customers.iter().map(Vec::as_slice).collect::<Vec<_>>()), &settings());
        let top = &standing.year[0];
        assert_eq!((top.tenth, top.customers, top.spend), (1, 2, Amount(39)));
        assert!((top.share.unwrap() - 39.0 / 210.0).abs() < 1e-12);
        assert!((standing.year[9].cumulative.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(standing.year, standing.ever);
    }

    #[test]
    fn a_refund_known_by_the_night_lowers_spend_where_its_order_counts() {
        let at = settings().as_of;
        let back = |days_ago: i64| Spend {
            known_at: at - days_ago * DAY,
            counts_at: at - 400 * DAY,
            amount: Amount(-30),
            is_order: false,
        };
        let customers = spenders(&[&[order(400, 100), order(3, 50), back(2)], &[order(3, 60), back(0)]]);
        let standing = standing(&customers, &settings());
        let spend = |tenths: &[Tenth]| tenths.iter().map(|tenth| tenth.spend.0).collect::<Vec<_>>();
        assert_eq!((spend(&standing.year), spend(&standing.ever)), (vec![60, 50], vec![120, 60]));
    }

    #[test]
    fn customers_are_followed_from_where_they_stood_to_where_they_stand() {
        let customers =
            spenders(&[&[order(200, 10)], &[order(100, 20), order(3, 5)], &[order(5, 50)], &[order(500, 9)]]);
        let moves: Vec<(String, String, u64)> =
            standing(&customers, &settings()).moves.into_iter().map(|m| (m.from, m.to, m.customers)).collect();
        let line = |from: &str, to: &str| (from.to_owned(), to.to_owned(), 1);
        assert_eq!(moves, [line("d1", "d4"), line("d6", "d7"), line("lapsed", "lapsed"), line("new", "d1")]);
    }

    #[test]
    fn equal_customers_score_alike() {
        let customers =
            spenders(&[&[order(3, 10)], &[order(3, 10)], &[order(3, 10)], &[order(300, 1)], &[order(300, 1)]]);
        let cells: Vec<([u8; 3], u64)> = standing(&customers, &settings())
            .rfm
            .into_iter()
            .map(|cell| ([cell.recency, cell.frequency, cell.monetary], cell.customers))
            .collect();
        assert_eq!(cells, [([5, 5, 5], 3), ([2, 5, 2], 2)]);
    }
}
