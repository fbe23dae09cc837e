//! What follows an order, a failure or a cart left behind: resent purchases, returns, opinions, letters.

use crate::{
    calendar::{DAY, HOUR, MINUTE, SECOND},
    event::{Item, Kind, Money, Order, Voice},
    hostile,
    journey::{Motive, pen::Pen, voices},
    rng::{Dice, whole},
};

/// After a purchase.
pub(crate) fn bought(pen: &mut Pen, order: Order, items: &[Item]) {
    let at = pen.now;
    if pen.rng.chance(0.015) {
        resend(pen);
    }
    if pen.rng.chance(0.055) {
        pen.now = at + 3 * DAY + whole(pen.rng.exponential(6.0) * DAY as f64);
        refund(pen, order, items, at);
    }
    if pen.rng.chance(0.07) {
        pen.now = at + HOUR + whole(pen.rng.exponential(4.0) * DAY as f64);
        pen.step_outside(Some("email"));
        say(pen, Kind::Feedback, &voices::PRAISE);
    }
}

/// After giving up at the till, because of a planted barrier or an error, by its name or code.
pub(crate) fn gave_up(pen: &mut Pen, obstacle: &str) {
    let at = pen.now;
    let blame = voices::blame(obstacle);
    if pen.rng.chance(0.10) {
        pen.pause(15.0);
        say(pen, Kind::Feedback, blame);
    }
    if pen.rng.chance(0.22) {
        pen.now = at + 5 * MINUTE + whole(pen.rng.exponential(5.0) * HOUR as f64);
        let contact = pen.person.contact;
        pen.step_outside(Some(contact));
        say(pen, Kind::SupportContact, blame);
    }
}

/// After a cart was left behind: an opinion on leaving, a letter to those whose address is known.
pub(crate) fn left_behind(pen: &mut Pen, motive: Motive) {
    if pen.rng.chance(0.012) {
        pen.pause(15.0);
        say(pen, Kind::Feedback, voices::doubt(motive));
    }
    if pen.visit.customer.is_some() && pen.rng.chance(0.15) {
        pen.now += DAY + whole(pen.rng.exponential(1.0) * DAY as f64);
        let contact = pen.person.contact;
        pen.step_outside(Some(contact));
        pen.tell(Kind::Contact, None).voice =
            Some(Voice { rating: None, comment: Some("reminder: your cart is waiting") });
    }
}

/// The thank-you page is loaded again: the same order, another event.
fn resend(pen: &mut Pen) {
    let Some(mut event) = pen.events.iter().rfind(|event| event.kind == Kind::Purchase).cloned() else {
        return;
    };
    let later = pen.rng.lognormal(600.0, 1.8).clamp(10.0, 2.0 * 86_400.0);
    pen.now = event.ts + whole(later * SECOND as f64);
    let told = pen.tell(Kind::Purchase, event.page);
    event.id = told.id;
    event.ts = told.ts;
    event.resent = true;
    *told = event;
}

/// Everything goes back, or some of it.
fn refund(pen: &mut Pen, order: Order, items: &[Item], bought_at: i64) {
    pen.step_outside(None);
    let whole_order = pen.rng.chance(0.4) || (items.len() == 1 && items[0].quantity == 1);
    let mut lines = Vec::new();
    let value = if whole_order {
        // Some back offices name only the order.
        pen.rng.chance(0.6).then(|| order.total())
    } else {
        let line = pen.rng.below(items.len());
        let pieces = if items.len() == 1 { items[line].quantity - 1 } else { items[line].quantity };
        lines.push(Item { quantity: pieces, ..items[line].clone() });
        let value: Money = lines.iter().map(|line| line.paid(bought_at)).sum();
        // A line can be worth more than the order, where a coupon made the order cheaper.
        Some(value.min(order.goods))
    };
    let event = pen.tell(Kind::Refund, None);
    event.items = lines;
    event.order = Some(order);
    event.order_value = value;
}

/// An opinion; not all who write give stars, and not all who give stars write.
fn say(pen: &mut Pen, kind: Kind, words: &[(f32, &'static str)]) {
    let (rating, comment) = pen.rng.pick(words);
    let comment = if pen.world.hostile { hostile::comment(comment) } else { comment };
    let rated = kind == Kind::Feedback || pen.rng.chance(0.2);
    let written = kind == Kind::SupportContact || pen.rng.chance(0.6);
    pen.tell(kind, None).voice = Some(Voice { rating: rated.then_some(rating), comment: written.then_some(comment) });
}
