use std::collections::BTreeSet;

use events::time::{DAY, HOUR};
use proptest::prelude::*;

use super::choose::{choose, is_held_out};
use super::effect::effect;
use super::*;
use crate::customers::testing::{contacted, left, people, said};
use crate::customers::{Met, PastCart, People};
use crate::testing::{NOON, analysis_of, settings};

/// As of ten days after noon; nobody is held out.
fn rules() -> Rules {
    Rules { hold_out: 0.0, ..Rules::default() }
}

fn list(people: &People, rules: &Rules) -> choose::Choice {
    choose(people, &analysis_of(&[]).checkout_curve, &settings(), rules)
}

fn names(choice: &choose::Choice) -> Vec<&str> {
    choice.rows.iter().map(|row| row.person_id.as_str()).collect()
}

#[test]
fn who_met_an_error_comes_first_then_who_complained_then_who_left_most() {
    let mut people = people(&["c:ann", "c:bob", "c:cid", "c:dan"]);
    let worth = |cart: PastCart, value: i128| PastCart { value: Amount(value), ..cart };
    people.carts = vec![
        worth(left(0, 0), 9_000_000),
        PastCart { errors: 2, last_error_code: Some("declined".into()), ..worth(left(1, 0), 300_000) },
        worth(left(2, 0), 500_000),
        PastCart { furthest_step: "add_payment_info".into(), ..worth(left(3, 0), 9_500_000) },
    ];
    people.met.insert(1, Met { at: NOON + HOUR, code: Some("declined".into()), message: Some("Card refused".into()) });
    people.voices = vec![said(2, 2 * DAY, Some(1.0), Some("too slow")), said(3, 2 * DAY, Some(5.0), None)];
    let choice = list(&people, &rules());
    assert_eq!(names(&choice), ["c:bob", "c:cid", "c:dan", "c:ann"]);
    let steps: Vec<Step> = choice.rows.iter().map(|row| row.step).collect();
    assert_eq!(steps, [Step::TellFix, Step::Answer, Step::OfferHelp, Step::Ask]);
    let owed = choice.rows[0].owed.as_ref().unwrap();
    assert_eq!(
        (owed.times, owed.code.as_deref(), owed.message.as_deref()),
        (2, Some("declined"), Some("Card refused"))
    );
}

#[test]
fn nobody_is_listed_who_bought_is_still_shopping_or_asked_for_silence() {
    let mut people = people(&["c:bought", "c:here", "c:silent", "c:small", "c:tired", "c:todo"]);
    people.carts = (0..6).map(|person| left(person, 0)).collect();
    people.orders = vec![(0, NOON + 5 * DAY)];
    people.rows[1].last_seen_at = Some(NOON + 10 * DAY - HOUR);
    people.rows[2].opted_out = true;
    people.carts[3].value = Amount(199_999);
    people.contacts = vec![contacted(4, DAY), contacted(4, 2 * DAY), contacted(5, DAY), contacted(5, -25 * DAY)];
    let choice = list(&people, &rules());
    assert_eq!(names(&choice), ["c:todo"]);
    let expected = LeftOut { opted_out: 1, bought: 1, still_shopping: 1, courtesy: 1, ..LeftOut::default() };
    assert_eq!((choice.considered, choice.left_out), (5, expected));
}

#[test]
fn a_cart_that_is_young_emptied_expired_or_of_others_is_no_reason() {
    let mut people = people(&["c:a", "c:b", "c:c", "c:d", "c:e", "c:f"]);
    people.carts = vec![
        PastCart { outcome: "pending".into(), ..left(0, 9 * DAY) },
        PastCart { emptied: true, ..left(1, 0) },
        PastCart { expired: true, ..left(2, 0) },
        PastCart { segment: "d2".into(), ..left(3, 0) },
        left(4, -5 * DAY),
        PastCart { purchased_at: Some(NOON + 4 * DAY), ..left(5, 0) },
    ];
    assert_eq!(list(&people, &rules()).considered, 0);
    let second = Rules { segments: vec!["d2".to_owned()], ..rules() };
    assert_eq!(names(&list(&people, &second)), ["c:d"]);
}

#[test]
fn the_channel_is_the_one_that_the_person_uses_of_those_that_the_shop_can_use() {
    let mut people = people(&["c:ann", "c:bob"]);
    people.carts = vec![left(0, 0), left(1, 0)];
    let used = [("paid search", 9), ("phone", 2), ("sms", 2), ("email", 1)];
    people.channels.insert(0, used.map(|(channel, times)| (channel.to_owned(), times)).into());
    let choice = list(&people, &rules());
    let of = |name: &str| choice.rows.iter().find(|row| row.person_id == name).unwrap();
    assert_eq!((of("c:ann").channel.as_deref(), of("c:ann").channel_is_theirs), (Some("phone"), true));
    assert_eq!((of("c:bob").channel.as_deref(), of("c:bob").channel_is_theirs), (Some("email"), false));
}

#[test]
fn the_hold_out_is_its_share_always_the_same_and_part_of_any_larger_one() {
    let names: Vec<String> = (0..20_000).map(|number| format!("c:{number}")).collect();
    let held = |share: f64| names.iter().filter(|name| is_held_out(name, share)).collect::<BTreeSet<_>>();
    let (tenth, fifth) = (held(0.1), held(0.2));
    assert!((1_800..2_200).contains(&tenth.len()), "{}", tenth.len());
    assert!(tenth.is_subset(&fifth));
    assert_eq!((held(0.0).len(), held(1.0).len()), (0, names.len()));
}

fn listing(person: usize, held_out: bool, after: i64) -> Listing {
    Listing {
        cart_id: format!("x{person}"),
        person_id: format!("c:{person}"),
        listed_at: NOON + after,
        held_out,
        owed: false,
        step: "ask".to_owned(),
        channel: None,
        value: Amount::ZERO,
        recoverable: None,
    }
}

#[test]
fn who_was_listed_is_compared_with_who_was_held_out_once_a_fortnight_has_passed() {
    let names: Vec<String> = (0..200).map(|number| format!("c:{number}")).collect();
    let mut people = people(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // Of the first hundred, who are listed, forty buy; of the others, held out, ten do.
    people.orders =
        (0..40).chain(100..110).map(|person| (person, NOON + 3 * DAY)).chain([(150, NOON + 20 * DAY)]).collect();
    people.contacts = (0..50).map(|person| contacted(person, DAY)).collect();
    let listings: Vec<Listing> = (0..200).map(|person| listing(person, person >= 100, 0)).collect();
    let as_of = NOON + 14 * DAY;
    let found = effect(&listings, &people, as_of);
    assert_eq!((found.listed.persons, found.listed.bought), (100, 40));
    assert_eq!((found.contacted.persons, found.contacted.bought), (50, 40));
    assert_eq!((found.held_out.persons, found.held_out.bought), (100, 10), "an order after three weeks is too late");
    let difference = found.difference.unwrap();
    assert!((difference.point - 0.3).abs() < 1e-12 && difference.low > 0.17 && difference.high < 0.42);
    assert_eq!(effect(&listings, &people, as_of - 1).waiting, 200);
    let few = effect(&listings[80..129], &people, as_of);
    assert_eq!((few.held_out.persons, few.difference), (29, None));
    let again = [listings.clone(), (0..200).map(|person| listing(person, false, DAY)).collect()].concat();
    let repeated = effect(&again, &people, as_of + DAY);
    assert_eq!((repeated.listed.persons, repeated.held_out.persons), (100, 100), "each person counts once");
}

/// A person's history in days after noon, some of it later than the list.
#[derive(Clone, Debug)]
struct History {
    carts: Vec<(i64, i64, u64, bool)>,
    orders: Vec<i64>,
    contacts: Vec<i64>,
    seen: Option<i64>,
    opted_out: bool,
}

fn history() -> impl Strategy<Value = History> {
    let hours = || -400_i64..240;
    let carts = prop::collection::vec((hours(), 0_i64..200, 0_u64..3, any::<bool>()), 0..4);
    let times = || prop::collection::vec(hours(), 0..4);
    (carts, times(), times(), prop::option::of(hours()), prop::bool::weighted(0.1))
        .prop_map(|(carts, orders, contacts, seen, opted_out)| History { carts, orders, contacts, seen, opted_out })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happened_the_list_keeps_to_the_courtesy_rule(
        histories in prop::collection::vec(history(), 1..12),
        max_contacts in 0_u64..4,
        hold_out in 0.0..0.5_f64,
    ) {
        let names: Vec<String> = (10..10 + histories.len()).map(|number| format!("c:{number}")).collect();
        let mut people = people(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (person, history) in (0_u32..).zip(&histories) {
            for (number, (opened, open_for, errors, is_top)) in history.carts.iter().enumerate() {
                let cart = left(person, opened * HOUR);
                people.carts.push(PastCart {
                    // Several may be opened in one hour here.
                    cart_id: format!("{}-{number}", cart.cart_id).into(),
                    last_activity_at: (cart.opened_at + open_for * HOUR).min(settings().as_of),
                    errors: *errors,
                    segment: if *is_top { "d1" } else { "new" }.into(),
                    outcome: if cart.opened_at + 3 * DAY <= settings().as_of { "abandoned" } else { "pending" }.into(),
                    ..cart
                });
            }
            people.orders.extend(history.orders.iter().map(|at| (person, NOON + at * HOUR)));
            people.contacts.extend(history.contacts.iter().map(|at| contacted(person, at * HOUR)));
            let row = &mut people.rows[person as usize];
            row.last_seen_at = history.seen.map(|at| NOON + at * HOUR);
            row.opted_out = history.opted_out;
        }
        people.carts.sort_by_key(|cart| (cart.person, cart.opened_at));
        people.orders.sort_unstable();
        let rules = Rules { max_contacts, hold_out, rows: 5, ..rules() };
        let choice = list(&people, &rules);
        let as_of = settings().as_of;
        prop_assert!(choice.rows.len() <= 5);
        let persons: BTreeSet<&str> = choice.rows.iter().map(|row| row.person_id.as_str()).collect();
        prop_assert_eq!(persons.len(), choice.rows.len(), "nobody twice");
        for row in &choice.rows {
            let person = people.position(&row.person_id).unwrap();
            let known = &people.rows[person as usize];
            let contacts = people.contacts.iter().filter(|contact| {
                contact.person == person && contact.at > as_of - rules.per && contact.at <= as_of
            });
            prop_assert!((contacts.count() as u64) < max_contacts);
            prop_assert!(!known.opted_out);
            prop_assert!(!is_held_out(&row.person_id, hold_out));
            prop_assert!(known.last_seen_at.is_none_or(|at| at <= as_of - rules.quiet));
            let mut orders = people.orders.iter().filter(|(whose, _)| *whose == person);
            prop_assert!(orders.all(|(_, at)| *at < row.opened_at || *at > as_of));
            let mut carts = people.carts.iter().filter(|cart| cart.person == person);
            prop_assert!(carts.all(|cart| cart.last_activity_at <= as_of - rules.quiet));
            let cart = people.carts.iter().find(|cart| *cart.cart_id == *row.cart_id).unwrap();
            prop_assert!(&*cart.outcome == "abandoned" && &*cart.segment == "d1" && cart.purchased_at.is_none());
        }
        let LeftOut { opted_out, bought, still_shopping, courtesy, held_out, beyond } = choice.left_out;
        let all = choice.rows.len() as u64 + opted_out + bought + still_shopping + courtesy + held_out + beyond;
        prop_assert_eq!(all, choice.considered, "everybody is somewhere");
    }
}
