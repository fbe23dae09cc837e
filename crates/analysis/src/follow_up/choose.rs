//! Whom to list, in which order, and with which step.

use std::cmp::Reverse;

use events::{Amount, hash};

use super::{LeftOut, Owed, Row, Step, Word};
use crate::checkout_curve::CheckoutCurve;
use crate::customers::{PastCart, People, convert};
use crate::{Settings, follow_up::Rules};

/// Ratings up to this are a complaint.
const LOW: f64 = 3.0;
const HOURS: f64 = 3.6e9;

#[derive(Default)]
pub(super) struct Choice {
    pub(super) considered: u64,
    pub(super) rows: Vec<Row>,
    pub(super) held_out: Vec<Row>,
    pub(super) left_out: LeftOut,
}

/// One row a person: of several carts the one for which most is owed.
pub(super) fn choose(people: &People, curve: &CheckoutCurve, settings: &Settings, rules: &Rules) -> Choice {
    let mut choice = Choice::default();
    for carts in people.carts.chunk_by(|a, b| a.person == b.person) {
        let reasons = carts.iter().filter(|cart| is_reason(cart, settings, rules));
        let rows = reasons.map(|cart| row(people, cart, curve, (settings, rules)));
        let Some(row) = rows.min_by_key(rank) else { continue };
        choice.considered += 1;
        let person = carts[0].person;
        let left_out = &mut choice.left_out;
        let known = &people.rows[person as usize];
        let is_shopping = |at: i64| at > settings.as_of - rules.quiet;
        if known.opted_out {
            left_out.opted_out += 1;
        } else if people.ordered(person, row.opened_at, settings.as_of) {
            left_out.bought += 1;
        } else if known.last_seen_at.is_some_and(is_shopping)
            || carts.iter().any(|cart| is_shopping(cart.last_activity_at))
        {
            left_out.still_shopping += 1;
        } else if row.contacts >= rules.max_contacts {
            left_out.courtesy += 1;
        } else if is_held_out(&row.person_id, rules.hold_out) {
            left_out.held_out += 1;
            choice.held_out.push(row);
        } else {
            choice.rows.push(row);
        }
    }
    choice.rows.sort_by_key(rank);
    let beyond = choice.rows.len().saturating_sub(rules.rows);
    choice.rows.truncate(rules.rows);
    choice.left_out.beyond = beyond as u64;
    choice
}

/// Whether a cart is a reason to write.
fn is_reason(cart: &PastCart, settings: &Settings, rules: &Rules) -> bool {
    let Rules { segments, within, min_value, .. } = rules;
    let is_top = |wanted: &String| *wanted == *cart.segment || wanted == "top1" && cart.top1;
    &*cart.outcome == "abandoned"
        && cart.purchased_at.is_none()
        && !cart.emptied
        && !cart.expired
        && cart.opened_at >= settings.as_of - within
        && segments.iter().any(is_top)
        && convert(&settings.rates, cart.value, cart.currency.as_deref()).unwrap_or_default() >= *min_value
}

/// What is owed first, then what may come back; then names, so that the order is one.
fn rank(row: &Row) -> (Reverse<(bool, bool, Amount, Amount)>, String) {
    let complained = row.said.is_some();
    let (likely, all) = (row.recoverable.unwrap_or(row.in_base), row.in_base);
    (Reverse((row.owed.is_some(), complained, likely, all)), row.cart_id.clone())
}

fn row(people: &People, cart: &PastCart, curve: &CheckoutCurve, (settings, rules): (&Settings, &Rules)) -> Row {
    let known = &people.rows[cart.person as usize];
    let owed = (cart.errors > 0).then(|| {
        let met = people.met.get(&cart.person).filter(|met| (cart.opened_at..=cart.last_activity_at).contains(&met.at));
        Owed {
            code: cart.last_error_code.as_deref().map(str::to_owned),
            message: met.and_then(|met| met.message.as_deref()).map(str::to_owned),
            times: cart.errors,
        }
    });
    let voices = people.voices.iter().rev().filter(|voice| voice.person == cart.person && voice.at >= cart.opened_at);
    let worth_an_answer = |rating: Option<f64>, comment: bool, support: bool| match rating {
        Some(rating) => rating <= LOW || support,
        None => comment || support,
    };
    let said = voices
        .into_iter()
        .find(|voice| worth_an_answer(voice.rating, voice.comment.is_some(), voice.is_support))
        .map(|voice| Word {
            at: voice.at,
            is_support: voice.is_support,
            rating: voice.rating,
            comment: voice.comment.as_deref().map(str::to_owned),
        });
    let in_checkout = ["begin_checkout", "add_shipping_info", "add_payment_info"].contains(&&*cart.furthest_step);
    let step = match (&owed, &said) {
        (Some(_), _) => Step::TellFix,
        (None, Some(_)) => Step::Answer,
        (None, None) if in_checkout => Step::OfferHelp,
        (None, None) => Step::Ask,
    };
    let in_base = convert(&settings.rates, cart.value, cart.currency.as_deref()).unwrap_or_default();
    let (channel, channel_is_theirs) = channel(people, cart.person, &rules.channels);
    let recent = |at: i64| at > settings.as_of - rules.per && at <= settings.as_of;
    let contacts = people.contacts.iter().filter(|contact| contact.person == cart.person && recent(contact.at)).count();
    Row {
        person_id: known.person_id.clone(),
        cart_id: cart.cart_id.to_string(),
        opened_at: cart.opened_at,
        last_activity_at: cart.last_activity_at,
        furthest_step: cart.furthest_step.to_string(),
        items: cart.items,
        payment_method: cart.payment_method.as_deref().map(str::to_owned),
        segment: cart.segment.to_string(),
        top1: cart.top1,
        last_order_id: people.order_ids.get(&cart.person).map(ToString::to_string),
        orders: known.orders,
        spend: known.spend,
        owed,
        said,
        value: cart.value,
        currency: cart.currency.as_deref().map(str::to_owned),
        in_base,
        recoverable: still_bought(curve, (settings.as_of - cart.opened_at) as f64 / HOURS)
            .map(|share| times(in_base, share)),
        step,
        channel,
        channel_is_theirs,
        last_contact_at: known.last_contact_at,
        contacts: contacts as u64,
    }
}

/// The channel that the person uses most, of those by which the shop can reach persons; else the usual one.
fn channel(people: &People, person: u32, channels: &[String]) -> (Option<String>, bool) {
    let used = people.channels.get(&person);
    let used = channels.iter().filter_map(|channel| Some((*used?.get(channel)?, channel)));
    // Of several that are used alike the one that the settings name first.
    let most = used.reduce(|best, next| if next.0 > best.0 { next } else { best });
    match most {
        Some((_, channel)) => (Some(channel.clone()), true),
        None => (channels.first().cloned(), false),
    }
}

/// Of carts not bought by this age, the share that is bought by the end of the curve.
fn still_bought(curve: &CheckoutCurve, age_hours: f64) -> Option<f64> {
    let now = curve.points.iter().rev().find(|point| point.age_hours <= age_hours)?;
    let end = curve.points.last()?;
    (end.age_hours > age_hours && now.unbought.point > 0.0).then(|| 1.0 - end.unbought.point / now.unbought.point)
}

fn times(amount: Amount, share: f64) -> Amount {
    #[expect(clippy::cast_possible_truncation, reason = "an amount times a share is no larger than the amount")]
    Amount((amount.0 as f64 * share).round() as i128)
}

/// Whether a person is in the hold-out: the same persons every night, and whatever the share, those of a smaller share
/// are in a larger one too.
pub(super) fn is_held_out(person: &str, share: f64) -> bool {
    let hash = hash::of_fields([Some(&b"follow-up hold-out"[..]), Some(person.as_bytes())]);
    #[expect(clippy::cast_possible_truncation, reason = "64 of the 128 bits")]
    let part = (hash as u64 >> 11) as f64 / (1_u64 << 53) as f64;
    part < share
}
