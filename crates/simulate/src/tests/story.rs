//! What happens in the shop, without any file.

use std::collections::BTreeSet;

use super::small;
use crate::{
    Config, Kind, Scenario,
    calendar::{DAY, HOUR, micros},
    days,
    event::Money,
    scenario::Planted,
    shop,
    truth::WINDOW,
};

fn seen(config: &Config) -> Vec<String> {
    shop(config).map(|event| format!("{event:?}")).collect()
}

#[test]
fn events_come_in_order_of_time_and_with_identifiers_of_their_own() {
    let events: Vec<_> = shop(&small(Scenario::Barrier)).collect();
    assert!(events.len() > 8_000, "{}", events.len());
    assert!(events.is_sorted_by_key(|event| event.ts));
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn a_longer_horizon_leaves_earlier_days_as_they_were() {
    let short = small(Scenario::Calm);
    let long = Config { days: short.days + 20, ..short.clone() };
    let (short, long) = (seen(&short), seen(&long));
    assert!(long.len() > short.len());
    assert_eq!(short[..], long[..short.len()]);
}

#[test]
fn another_seed_is_another_shop() {
    let one = small(Scenario::Calm);
    let other = Config { seed: one.seed + 1, ..one.clone() };
    assert_ne!(seen(&one), seen(&other));
}

#[test]
fn a_barrier_changes_nothing_before_its_onset_and_is_seen_only_after() {
    let config = small(Scenario::Barrier);
    let onset = Planted::new(&config).barriers[0].span.from;
    let until = |config: &Config| -> Vec<String> {
        shop(config).filter(|event| event.ts < onset).map(|event| format!("{event:?}")).collect()
    };
    assert_eq!(until(&config), until(&small(Scenario::Calm)));
    let code = |config: &Config| {
        shop(config).filter(|event| event.failure.is_some_and(|failure| failure.code == "PSP-502")).count()
    };
    assert!(code(&config) > 3, "{}", code(&config));
    assert_eq!(code(&small(Scenario::Calm)), 0);
}

#[test]
fn the_barrier_stops_only_its_slice() {
    let config = Config { carts_per_day: 300, ..small(Scenario::Barrier) };
    let mut failures = 0;
    for event in shop(&config).filter(|event| event.failure.is_some_and(|failure| failure.code == "PSP-502")) {
        assert_eq!(event.kind, Kind::CheckoutError);
        assert_eq!(event.payment_method, Some("paypal"));
        assert_eq!(event.visit.agent.map(|agent| agent.os), Some("iOS"));
        failures += 1;
    }
    assert!(failures > 30, "{failures}");
}

#[test]
fn carts_that_a_barrier_cost_would_have_been_bought() {
    let config = Config { carts_per_day: 300, ..small(Scenario::Barrier) };
    let carts: Vec<_> = days(&config).flat_map(|day| day.carts).collect();
    let hit: Vec<_> = carts.iter().filter(|cart| cart.hit_barrier.is_some()).collect();
    let lost = |cart: &&&_| {
        let cart: &crate::CartTruth = cart;
        cart.counterfactual_purchased_at.is_some() && cart.purchased_at.is_none()
    };
    let n_lost = hit.iter().filter(lost).count();
    assert!(2 * n_lost > hit.len(), "{n_lost} of {}", hit.len());
    // Without a barrier, what would have happened is what happened.
    assert!(
        carts
            .iter()
            .filter(|cart| cart.hit_barrier.is_none())
            .all(|cart| cart.counterfactual_purchased_at == cart.purchased_at)
    );
}

#[test]
fn shares_look_like_those_of_a_real_shop() {
    let config = Config { days: 40, carts_per_day: 200, ..small(Scenario::Calm) };
    let carts: Vec<_> = days(&config).flat_map(|day| day.carts).collect();
    let n_abandoned = carts.iter().filter(|cart| cart.outcome == "abandoned").count();
    let abandoned = n_abandoned as f64 / carts.len() as f64;
    assert!((0.68..=0.75).contains(&abandoned), "{abandoned}");
    let recovered = carts.iter().filter(|cart| cart.recovered).count() as f64 / n_abandoned as f64;
    assert!((0.08..=0.15).contains(&recovered), "{recovered}");
    let emptied = carts.iter().filter(|cart| cart.emptied).count() as f64 / carts.len() as f64;
    assert!((0.01..=0.10).contains(&emptied), "{emptied}");
}

#[test]
fn a_purchase_is_the_last_thing_that_happens_to_its_cart() {
    let config = Config { carts_per_day: 200, ..small(Scenario::Barrier) };
    let bought = days(&config).flat_map(|day| day.carts).filter_map(|cart| Some((cart.purchased_at?, cart)));
    for (at, cart) in bought {
        assert_eq!(cart.last_activity_at, at);
        assert_eq!(cart.furthest_step, Kind::Purchase);
        assert_eq!(cart.recovered, at > cart.opened_at + WINDOW);
        assert!(!cart.emptied && cart.value <= cart.peak_value);
    }
}

#[test]
fn some_customers_order_again_and_some_orders_have_no_cart() {
    let config = Config { days: 40, carts_per_day: 100, ..small(Scenario::Calm) };
    let mut orders = std::collections::BTreeMap::<_, u32>::new();
    let (mut express, mut resent, mut partial, mut whole) = (0, 0, 0, 0);
    for event in shop(&config) {
        match event.kind {
            Kind::Purchase if event.resent => resent += 1,
            Kind::Purchase => {
                assert!(event.order_value > Some(Money(0)));
                express += u32::from(event.express);
                *orders.entry(event.visit.person).or_default() += 1;
            }
            Kind::Refund if event.items.is_empty() => whole += 1,
            Kind::Refund => partial += 1,
            _ => {}
        }
    }
    let again = orders.values().filter(|orders| **orders > 1).count();
    assert!(again * 20 > orders.len(), "{again} of {}", orders.len());
    assert!(express > 20 && resent > 3 && partial > 3 && whole > 3, "{express} {resent} {partial} {whole}");
}

#[test]
fn bots_come_only_where_they_are_planted() {
    let bots = |scenario| days(&small(scenario)).map(|day| day.bots.len()).sum::<usize>();
    assert_eq!(bots(Scenario::Calm), 0);
    assert_eq!(bots(Scenario::Bots), 12);
}

#[test]
fn the_campaign_brings_more_carts_and_fewer_purchases_of_them() {
    let config = Config { carts_per_day: 200, ..small(Scenario::Promo) };
    let onset = config.start.and_hms_opt(0, 0, 0).map(|start| micros(start) + 8 * DAY + 14 * HOUR);
    let config =
        Config { onset: onset.map(|at| chrono::DateTime::from_timestamp_micros(at).unwrap().naive_utc()), ..config };
    let share = |config: &Config| {
        let carts = days(config).flat_map(|day| day.carts).filter(|cart| Some(cart.opened_at) >= onset);
        let (n, bought) =
            carts.fold((0, 0), |(n, bought), cart| (n + 1, bought + u32::from(cart.purchased_at.is_some())));
        (n, f64::from(bought) / f64::from(n))
    };
    let (n_promo, promo) = share(&config);
    let (n_calm, calm) = share(&Config { scenario: Scenario::Calm, ..config.clone() });
    assert!(n_promo > n_calm * 5 / 4, "{n_promo} {n_calm}");
    assert!(promo < calm - 0.02, "{promo} {calm}");
}
