//! What became of the gross loss of made-up carts: some of it bought elsewhere, some left again.

use analysis::revenue::avoidable::Avoided;
use analysis::revenue::detail::{Holder, LostInBase};
use analysis::revenue::spread::{Range, Spread};
use analysis::revenue::standing::{Move, RfmCell, Standing, Tenth};
use analysis::revenue::{Avoidable, Detail, LostPart, Waterfall};
use analysis::stats::proportion::wilson;
use events::Amount;

use super::{AS_OF, Cart, grouped, loss};

fn share(amount: Amount, percent: i128) -> Amount {
    Amount(amount.0 * percent / 100)
}

fn waterfall(carts: &[Cart]) -> Waterfall {
    let loss = loss(carts);
    let (elsewhere, repeated) = (share(loss.net, 4), share(loss.net, 1));
    let refunded = share(loss.recovered, 5);
    Waterfall {
        carts: loss.abandoned,
        gross: loss.gross,
        recovered: loss.recovered,
        elsewhere,
        repeated,
        refunded,
        lost: loss.gross - loss.recovered - elsewhere - repeated + refunded,
        expected_loss: share(loss.pending_value, 70),
        expected_recovery: share(loss.net, 3),
    }
}

/// Ten percent to either side; ten carts or fewer dominate.
fn spread(waterfall: &Waterfall) -> Spread {
    let is_dominated = waterfall.carts <= 10;
    let range = |amount: Amount| Range { low: share(amount, 90), high: share(amount, 110) };
    let told = |amount: Amount| (!is_dominated).then(|| range(amount));
    Spread {
        persons: waterfall.carts * 4 / 5,
        gross: told(waterfall.gross),
        net: told(waterfall.net()),
        lost: told(waterfall.lost),
        winsorised: share(waterfall.lost, 96),
        winsorised_range: Some(range(share(waterfall.lost, 96))),
        tail_index: Some(if is_dominated { 1.4 } else { 2.7 }),
        top_ten_share: if is_dominated { 1.0 } else { 0.03 },
        is_dominated,
    }
}

fn part(key: String, currency: Option<String>, carts: &[Cart]) -> LostPart {
    let waterfall = waterfall(carts);
    let spread = currency.is_some().then(|| spread(&waterfall));
    LostPart { key, currency, waterfall, spread }
}

fn parts(carts: &[Cart], key: impl Fn(&Cart) -> String) -> Vec<LostPart> {
    let groups = grouped(carts, |cart| (key(cart), cart.currency.clone()));
    groups.into_iter().map(|((key, currency), carts)| part(key, currency, &carts)).collect()
}

pub(super) fn detail(carts: &[Cart]) -> Detail {
    let euros: Vec<Cart> = carts.iter().filter(|cart| cart.currency.is_some()).map(Cart::in_euros).collect();
    let total = waterfall(&euros);
    let has_rates = carts.iter().all(|cart| cart.currency.as_deref().is_none_or(|code| ["EUR", "GBP"].contains(&code)));
    let point = share(total.lost, 8);
    let found = Avoided {
        id: "b1".to_owned(),
        carts: 40,
        claimed_before: 0,
        low: share(point, 80),
        point,
        high: share(point, 120),
    };
    Detail {
        totals: parts(carts, |cart| cart.currency.clone().unwrap_or_default()),
        segments: parts(carts, |cart| cart.segment().to_owned()),
        own_segments: parts(carts, |cart| if cart.top1 { "regulars" } else { "others" }.to_owned()),
        steps: parts(carts, |cart| cart.furthest.name().to_owned()),
        in_base: has_rates.then(|| LostInBase {
            currency: "EUR".to_owned(),
            total,
            spread: (total.carts > 0).then(|| spread(&total)),
            segments: parts(&euros, |cart| cart.segment().to_owned()),
        }),
        avoidable: has_rates.then(|| Avoidable {
            low: found.low,
            point: found.point,
            high: found.high,
            findings: if total.carts > 0 { vec![found] } else { Vec::new() },
        }),
        holders: if has_rates { holders(&euros) } else { Vec::new() },
        standing: standing(&euros),
        ..Detail::default()
    }
}

fn holders(carts: &[Cart]) -> Vec<Holder> {
    let lines = grouped(carts, |cart| cart.segment().to_owned()).into_iter();
    let lines = lines.map(|(segment, carts)| Holder {
        segment,
        customers: carts.len() as u64,
        carts: carts.len() as u64,
        revenue: carts.iter().filter(|cart| cart.bought.is_some()).map(|cart| cart.value).sum(),
        revenue_share: Some(0.25),
        lost: waterfall(&carts).lost,
        lost_share: Some(0.5),
    });
    lines.collect()
}

fn standing(carts: &[Cart]) -> Standing {
    let Some(share) = wilson(3, 40).filter(|_| carts.len() >= 30) else { return Standing::default() };
    let tenth = |tenth: u8| Tenth {
        tenth,
        customers: 40,
        spend: Amount(1_000_000 * i128::from(11 - tenth)),
        share: Some(f64::from(11 - tenth) / 55.0),
        cumulative: Some(f64::from((1..=tenth).map(|rank| 11 - rank).sum::<u8>()) / 55.0),
    };
    Standing {
        day: Some(events::time::local_date(AS_OF, chrono_tz::Europe::Berlin)),
        year: (1..=10).map(tenth).collect(),
        ever: (1..=10).map(tenth).collect(),
        moves: vec![Move { from: "d2".to_owned(), to: "d1".to_owned(), customers: 3, share }],
        rfm: vec![RfmCell { recency: 5, frequency: 4, monetary: 3, customers: 12, spend: Amount(120_000) }],
    }
}
