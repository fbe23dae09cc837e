//! Customers of a made-up night: each cart is a person's own.

use std::collections::BTreeMap;

use analysis::customers::SegmentCustomers;
use analysis::follow_up::{Arm, Effect, LeftOut, Owed, Row, Rules, Step, Word};
use analysis::stats::difference::newcombe;
use analysis::stats::mean::student;
use analysis::stats::proportion::wilson;
use analysis::story::{Item, Moment, Story, Visit, What};
use analysis::voice::{ByError, Term, Week};
use analysis::{Customers, FollowUp, Voice};
use events::Amount;
use events::time::{self, DAY, MINUTE};

use super::{AS_OF, Cart, grouped};

/// In euros; nothing where there is no rate.
fn euros(cart: &Cart) -> Amount {
    let has_rate = cart.currency.as_deref().is_some_and(|code| ["EUR", "GBP"].contains(&code));
    if has_rate { cart.in_euros().value } else { Amount::ZERO }
}

const SINCE: i64 = AS_OF - 90 * DAY;

pub(super) fn customers(carts: &[Cart]) -> Customers {
    let segments = grouped(carts, |cart| cart.segment().to_owned()).into_iter().map(|(segment, carts)| {
        let left: Vec<&Cart> = carts.iter().filter(|cart| cart.abandoned()).collect();
        SegmentCustomers {
            segment,
            persons: carts.len() as u64,
            orders: carts.iter().filter(|cart| cart.bought.is_some()).count() as u64,
            spend: carts.iter().filter(|cart| cart.bought.is_some()).map(euros).sum(),
            carts: carts.len() as u64,
            abandoned: left.len() as u64,
            lost_value: left.iter().map(|cart| euros(cart)).sum(),
            met_errors: left.len() as u64 / 9,
        }
    });
    Customers {
        persons: carts.len() as u64,
        accounts: carts.len() as u64 / 2,
        segments: segments.collect(),
        since: SINCE,
        base: "EUR".to_owned(),
        rates: BTreeMap::new(),
        rows: Vec::new(),
    }
}

/// The top customers who left something within a fortnight; their words are those of the carts.
pub(super) fn rows(carts: &[Cart]) -> Vec<Row> {
    let top = carts.iter().filter(|cart| cart.abandoned() && cart.age < 14 * DAY && cart.segment() == "d1");
    let row = |(number, cart): (usize, &Cart)| Row {
        person_id: format!("c:{number}"),
        cart_id: format!("{number:032x}"),
        opened_at: AS_OF - cart.age,
        last_activity_at: AS_OF - cart.age + 9 * MINUTE,
        furthest_step: cart.furthest.name().to_owned(),
        items: 2,
        payment_method: None,
        segment: "d1".to_owned(),
        top1: cart.top1,
        last_order_id: None,
        orders: 7,
        spend: Amount(9_870_000),
        owed: (number % 3 == 0).then(|| Owed { code: cart.words[1].clone(), message: cart.words[0].clone(), times: 2 }),
        said: (number % 3 == 1).then(|| Word {
            at: AS_OF - DAY,
            is_support: false,
            rating: Some(2.0),
            comment: cart.words[2].clone(),
        }),
        value: cart.value,
        currency: cart.currency.clone(),
        in_base: euros(cart),
        recoverable: Some(Amount(euros(cart).0 / 12)),
        step: [Step::TellFix, Step::Answer, Step::OfferHelp][number % 3],
        channel: cart.words[1].clone(),
        channel_is_theirs: number % 2 == 0,
        last_contact_at: None,
        contacts: 0,
    };
    top.take(30).enumerate().map(row).collect()
}

pub(crate) fn follow_up(rows: Vec<Row>) -> FollowUp {
    let arm = |bought, persons| Arm { persons, bought, rate: wilson(bought, persons) };
    let (listed, held_out) = (arm(96, 412), arm(7, 48));
    let enough = rows.len() > 9;
    let difference = listed.rate.zip(held_out.rate).map(|(listed, held_out)| newcombe(listed, held_out));
    FollowUp {
        rules: Rules::default(),
        considered: rows.len() as u64 + 6,
        listed: rows.len() as u64,
        left_out: LeftOut { opted_out: 1, bought: 2, still_shopping: 1, courtesy: 1, held_out: 1, beyond: 0 },
        base: "EUR".to_owned(),
        value: rows.iter().map(|row| row.in_base).sum(),
        owed: rows.iter().filter(|row| row.owed.is_some()).count() as u64,
        effect: if enough {
            Effect { listed, held_out, difference, ..Effect::default() }
        } else {
            Effect { waiting: 3, ..Effect::default() }
        },
        stories: rows.iter().take(3).map(story).collect(),
        rows,
        listings: Vec::new(),
    }
}

fn story(row: &Row) -> Story {
    let moment = |minutes: i64, what| Moment { at: row.opened_at + minutes * MINUTE, what };
    let item =
        Item { product: row.channel.clone(), quantity: 2, price: Some(row.value), currency: row.currency.clone() };
    let error = What::MetError { code: row.channel.clone(), message: row.channel.clone(), status: Some(502), times: 2 };
    Story {
        person_id: row.person_id.clone(),
        devices: 2,
        visits: vec![Visit {
            from: row.opened_at,
            until: row.opened_at + 9 * MINUTE,
            device: row.channel.clone(),
            channel: None,
            is_known: true,
            is_visit: true,
            moments: vec![
                moment(0, What::Looked { products: vec!["Mug".to_owned()], pages: 3 }),
                moment(2, What::Added(vec![item])),
                moment(9, error),
            ],
        }],
    }
}

pub(super) fn voice(carts: &[Cart]) -> Voice {
    if carts.len() < 100 {
        return Voice { since: SINCE, ..Voice::default() };
    }
    let week = |weeks: i64| {
        let monday = time::local_date(AS_OF - weeks * 7 * DAY, chrono_tz::UTC);
        let ratings = [5.0, 4.0, 3.0, 4.0, (weeks % 4) as f64 + 1.0];
        Some(Week { monday, rating: student(&ratings)? })
    };
    let term = |word: &str, abandoned, bought| Term { word: word.to_owned(), abandoned, bought };
    Voice {
        since: SINCE,
        feedback: 812,
        support: 91,
        overall: student(&[4.0; 41]),
        weeks: (0..12).rev().filter_map(week).collect(),
        abandoned: student(&[2.0, 3.0, 1.0, 4.0, 2.0, 3.0].repeat(9)),
        bought: student(&[5.0, 4.0, 5.0, 4.0, 3.0].repeat(20)),
        comments: 120,
        comments_bought: 300,
        terms: vec![term("shipping", 31, 12), term("paypal", 22, 3)],
        by_error: vec![
            ByError { error_code: carts[0].words[1].clone(), carts: 120, rating: student(&[1.0, 2.0, 2.0]) },
            ByError { error_code: None, carts: 9_000, rating: student(&[3.0; 12]) },
        ],
    }
}
