//! Each kind of barrier and decoy does what the truth says of it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::small;
use crate::{
    CartTruth, Config, Event, Kind, Scenario, Why, days,
    scenario::{Lure, Planted},
    shop,
};

fn large(scenario: Scenario) -> Config {
    Config { days: 24, carts_per_day: 250, ..small(scenario) }
}

fn carts(config: &Config) -> Vec<CartTruth> {
    days(config).flat_map(|day| day.carts).collect()
}

fn failures(config: &Config, code: &str) -> Vec<Event> {
    shop(config).filter(|event| event.failure.is_some_and(|failure| failure.code == code)).collect()
}

#[test]
fn every_barrier_stops_people_who_would_have_bought() {
    for scenario in [
        Scenario::Barrier,
        Scenario::TwoBarriers,
        Scenario::SilentStop,
        Scenario::Intermittent,
        Scenario::SlowRelease,
        Scenario::TopCustomers,
    ] {
        let config = large(scenario);
        for barrier in &Planted::new(&config).barriers {
            let found = carts(&config).into_iter().filter(|cart| cart.hit_barrier == Some(barrier.name));
            let hit: Vec<_> = found.filter(|cart| cart.counterfactual_purchased_at.is_some()).collect();
            assert!(hit.len() > 10, "{scenario}: {}", hit.len());
            assert!(hit.iter().all(|cart| cart.hit_at >= Some(barrier.span.from)), "{scenario}");
            let lost = hit.iter().filter(|cart| cart.purchased_at.is_none()).count();
            assert!(lost > hit.len() / 6, "{scenario}: {lost} of {}", hit.len());
        }
    }
}

#[test]
fn a_silent_stop_leaves_no_error_and_nobody_gets_on() {
    let config = large(Scenario::SilentStop);
    let stopped: Vec<_> =
        carts(&config).into_iter().filter(|cart| cart.why_barrier == Some("silent-belgium")).collect();
    assert!(stopped.len() > 10, "{}", stopped.len());
    assert!(stopped.iter().all(|cart| cart.why == Some(Why::Barrier)));
    let without_error = stopped.iter().filter(|cart| cart.last_error_code.is_none()).count();
    assert!(without_error * 20 > stopped.len() * 17, "{without_error} of {}", stopped.len());
    let never_bought = stopped.iter().filter(|cart| cart.purchased_at.is_none());
    assert!(never_bought.clone().count() > 5);
    assert!(never_bought.into_iter().all(|cart| cart.furthest_step == Kind::AddShippingInfo));
}

#[test]
fn an_intermittent_failure_spares_most_and_some_of_the_others_get_through() {
    let config = large(Scenario::Intermittent);
    let onset = Planted::new(&config).barriers[0].span.from;
    let paying = shop(&config).filter(|event| {
        event.kind == Kind::AddPaymentInfo && event.payment_method == Some("credit_card") && event.ts >= onset
    });
    let (paying, failed) = (paying.count(), failures(&config, "SVC-503").len());
    assert!((0.2..0.6).contains(&(failed as f64 / paying as f64)), "{failed} of {paying}");
    let hit: Vec<_> = carts(&config).into_iter().filter(|cart| cart.hit_barrier.is_some()).collect();
    assert!(hit.iter().any(|cart| cart.purchased_at.is_some()) && hit.iter().any(|cart| cart.purchased_at.is_none()));
}

#[test]
fn a_slow_release_answers_late_at_every_step_and_its_neighbours_do_not() {
    let config = large(Scenario::SlowRelease);
    let span = Planted::new(&config).barriers[0].span;
    let mut latencies = BTreeMap::<_, Vec<u32>>::new();
    for event in shop(&config).filter(|event| event.latency_ms.is_some()) {
        let inside = span.contains(event.visit.session.expect("a visit").started_at);
        latencies.entry((inside, event.kind)).or_default().extend(event.latency_ms);
    }
    for kind in [Kind::BeginCheckout, Kind::AddShippingInfo, Kind::AddPaymentInfo] {
        let median = |inside| {
            let mut of: Vec<u32> = latencies[&(inside, kind)].clone();
            of.sort_unstable();
            of[of.len() / 2]
        };
        assert!(median(true) > 5 * median(false), "{kind}: {} {}", median(true), median(false));
    }
    assert!(failures(&config, "REL-500").iter().all(|event| span.contains(event.ts)));
}

#[test]
fn stored_cards_are_those_of_loyal_customers() {
    let config = large(Scenario::TopCustomers);
    let failed = failures(&config, "TOK-410");
    assert!(failed.len() > 10, "{}", failed.len());
    for event in failed {
        assert_eq!(event.payment_method, Some("saved_card"));
        assert!(event.visit.person.customer().is_some());
    }
}

#[test]
fn a_harmless_error_is_shown_often_and_changes_no_purchase() {
    let config = large(Scenario::HarmlessError);
    assert!(failures(&config, "ADDR-WARN").len() > 100);
    let bought = |config: &Config| -> Vec<_> {
        carts(config).into_iter().map(|cart| (cart.opened_at, cart.purchased_at, cart.why)).collect()
    };
    assert_eq!(bought(&config), bought(&Config { scenario: Scenario::Calm, ..config.clone() }));
}

#[test]
fn a_stable_difference_is_there_from_the_first_day_and_only_in_its_slice() {
    let config = large(Scenario::StableDifference);
    let (there, calm) = (carts(&config), carts(&Config { scenario: Scenario::Calm, ..config.clone() }));
    let met: Vec<_> = there.iter().filter(|cart| cart.met_decoy.is_some()).collect();
    assert!(met.len() > 100 && met[0].opened_at < there[there.len() / 10].opened_at);
    let bought = met.iter().filter(|cart| cart.purchased_at.is_some()).count();
    let would_have = met.iter().filter(|cart| cart.without_decoy_purchased_at.is_some()).count();
    assert!(3 * bought < 2 * would_have, "{bought} {would_have}");
    // Carts of the same persons at other times may differ; nearly all others are as they were.
    let same = there.iter().filter(|cart| cart.met_decoy.is_none() && calm.contains(cart)).count();
    assert!(same * 100 > (there.len() - met.len()) * 95, "{same} of {}", there.len() - met.len());
}

#[test]
fn a_shift_of_traffic_moves_carts_to_another_channel_and_changes_no_channel() {
    let config = large(Scenario::TrafficMix);
    let onset = Planted::new(&config).decoys[0].span.from;
    let social = |config: &Config| {
        let mut opened = BTreeMap::new();
        for event in shop(config).filter(|event| event.kind == Kind::AddToCart && event.ts >= onset) {
            *opened.entry(event.visit.channel).or_insert(0_u32) += 1;
        }
        f64::from(opened[&Some("social")]) / f64::from(opened.values().sum::<u32>())
    };
    let calm = Config { scenario: Scenario::Calm, ..config.clone() };
    assert!(social(&config) > social(&calm) + 0.2, "{} {}", social(&config), social(&calm));
    assert!(carts(&config).iter().all(|cart| cart.met_decoy.is_none() || cart.opened_at >= onset));
}

#[test]
fn a_shop_has_a_barrier_or_a_decoy_and_never_both() {
    for scenario in Scenario::ALL {
        let Planted { barriers, decoys } = Planted::new(&small(scenario));
        let none = matches!(scenario, Scenario::Calm | Scenario::Hostile);
        assert_eq!(barriers.is_empty() && decoys.is_empty(), none, "{scenario}");
        assert!(barriers.is_empty() || decoys.is_empty(), "{scenario}");
        assert!(decoys.iter().all(|decoy| matches!(decoy.lure, Lure::Error(..)) == decoy.step.is_some()));
    }
}

#[test]
fn every_abandoned_cart_has_a_reason_and_no_other_cart_has() {
    let carts = carts(&large(Scenario::Barrier));
    let mut seen = BTreeMap::<Why, u32>::new();
    for cart in &carts {
        assert_eq!(cart.why.is_some(), cart.outcome == "abandoned", "{cart:?}");
        assert_eq!(cart.why == Some(Why::Barrier), cart.why_barrier.is_some());
        if let Some(why) = cart.why {
            *seen.entry(why).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert!(seen.values().all(|count| *count > 40), "{seen:?}");
}

#[test]
fn words_fit_what_happened() {
    let said = |scenario: Scenario| -> BTreeSet<&'static str> {
        let voices = shop(&large(scenario)).filter(|event| matches!(event.kind, Kind::Feedback | Kind::SupportContact));
        voices.filter_map(|event| event.voice?.comment).collect()
    };
    let (calm, silent, stored) = (said(Scenario::Calm), said(Scenario::SilentStop), said(Scenario::TopCustomers));
    assert!(silent.contains("Nothing happens when I press continue") && !calm.contains("De knop doet niets"));
    assert!(stored.contains("My saved card does not work any more"));
    assert!(calm.contains("Shipping is too expensive") && calm.contains("Everything fine, thank you!"));
}

#[test]
fn the_hostile_shop_is_the_calm_shop_in_other_words() {
    let (hostile, calm) = (large(Scenario::Hostile), large(Scenario::Calm));
    let told = |config: &Config| -> Vec<_> {
        let value = |event: &Event| event.items.iter().map(crate::event::Item::value).collect::<Vec<_>>();
        shop(config).map(|event| (event.ts, event.id, event.kind, value(&event), event.order_value)).collect()
    };
    assert!(told(&hostile) == told(&calm));
    let text: String = shop(&hostile)
        .flat_map(|event| {
            let names = event.items.iter().map(|item| item.product.name.clone()).collect::<String>();
            let voice = event.voice.and_then(|voice| voice.comment).unwrap_or_default();
            let message = event.failure.map_or("", |failure| failure.message);
            let visitor = event.visit.visitor.map(|visitor| visitor.to_string()).unwrap_or_default();
            let path = event.path().unwrap_or_default();
            [names, voice.to_owned(), message.to_owned(), visitor, path, event.coupon.unwrap_or_default().to_owned()]
        })
        .collect();
    for payload in ["<script>", "</script>", "onerror=", "<svg", "=cmd|", "\t=", "\u{202e}", "\u{200b}", "@SUM", "-2+3"]
    {
        assert!(text.contains(payload), "{payload}");
    }
    let longest = shop(&hostile).flat_map(|event| event.items).map(|item| item.product.name.chars().count()).max();
    assert_eq!(longest, Some(10_000));
}
