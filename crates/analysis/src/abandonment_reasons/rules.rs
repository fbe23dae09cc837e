//! Signs → a reason: the first rule that holds, in the order of [`Reason::ALL`].

use events::time;

use super::carts::Cart;
use super::lift::Lift;
use super::signals::Met;
use super::{BarrierFinding, CartReason, Chance, Reason};
use crate::Settings;
use crate::funnel::Step;

/// From so much on, an error or a barrier is taken for the reason: more than half of those who left after it would not
/// have left without.
const BLOCKED: f64 = 0.5;
/// From so much on, a cart that was neither bought nor saved is taken for a wish list.
const WISHED: f64 = 0.5;
/// The step after which the costs of delivery show.
pub(super) const COSTS_SHOW: Step = Step::AddShippingInfo;
/// So many others looked at, and twice as many as were put in, are a comparison.
const OTHERS: usize = 4;
/// And so many a clear one.
const MANY_OTHERS: usize = 8;

// Of rules that nothing in the shop's own carts can check: how sure they are with one sign, and with two.
const ONE_SIGN: f64 = 0.6;
const TWO_SIGNS: f64 = 0.8;

/// The reason of an abandoned cart.
pub(super) fn judge(
    cart: &Cart,
    lift: &Lift,
    chance: Chance,
    settings: &Settings,
    findings: &[BarrierFinding],
) -> CartReason {
    let (reason, confidence, evidence, barrier) = first(cart, lift, chance, settings, findings);
    CartReason { cart_id: cart.id.clone(), reason, confidence, evidence, barrier, p_later: chance.now }
}

type Verdict = (Reason, f64, String, Option<String>);

fn first(cart: &Cart, lift: &Lift, chance: Chance, settings: &Settings, findings: &[BarrierFinding]) -> Verdict {
    let signals = &cart.signals;
    let found = lift.of_findings(findings, cart).filter(|(_, sure)| *sure >= BLOCKED);
    let error = signals.stuck.as_ref().map(|met| (met, lift.of_error(&met.code)));
    let error = error.filter(|(_, sure)| *sure >= BLOCKED);
    let barrier = found.map(|(at, _)| findings[at].id.clone());
    if let Some((Met { code, step }, sure)) = error {
        let code = if code.is_empty() { "without code" } else { code };
        return (Reason::Barrier, sure, format!("error {code} at {}", step.name()), barrier);
    }
    if let (Some((at, sure)), Some(id)) = (found, barrier) {
        return (Reason::Barrier, sure, format!("barrier {id} at {}", findings[at].step.name()), Some(id));
    }
    let (reason, confidence, evidence) = if cart.emptied {
        (Reason::Emptied, 1.0, "everything was taken out".to_owned())
    } else if let Some(at) = cart.purchased_at {
        (Reason::WishList, 1.0, format!("bought {} after it was opened", span(at - cart.opened_at)))
    } else if signals.saved {
        (Reason::WishList, chance.at_window, "saved on a wish list while in the cart".to_owned())
    } else if chance.at_window >= WISHED {
        let evidence = format!("{} further visits within {}", signals.returns(), time::format_span(settings.window));
        (Reason::WishList, chance.at_window, evidence)
    } else if signals.furthest == Some(COSTS_SHOW) {
        let step = COSTS_SHOW.name();
        if signals.pondered {
            (Reason::Costs, TWO_SIGNS, format!("left after {step}, back to the cart or another delivery first"))
        } else {
            (Reason::Costs, ONE_SIGN, format!("left after {step}"))
        }
    } else if signals.furthest.is_some() {
        let step = signals.furthest.map_or("", Step::name);
        (Reason::Unknown, 0.0, format!("left after {step}"))
    } else if signals.others() >= OTHERS.max(2 * signals.products()) {
        let sure = if signals.others() >= MANY_OTHERS { TWO_SIGNS } else { ONE_SIGN };
        (Reason::Comparison, sure, format!("{} others looked at, {} put in", signals.others(), signals.products()))
    } else {
        (Reason::LeftBeforeCheckout, 1.0, "the checkout was not entered".to_owned())
    };
    (reason, confidence, evidence, None)
}

/// A span in whole days.
fn span(micros: i64) -> String {
    let days = micros / time::DAY;
    format!("{days} day{}", if days == 1 { "" } else { "s" })
}
