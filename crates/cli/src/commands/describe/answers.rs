//! What logs can and cannot answer, by what is in them.

use std::collections::BTreeMap;

use events::Kind;
use events::schema::EVENTS;
use events::time::{self, DAY};

use super::Filled;
use super::scan::Seen;

/// Below this share of rows a column is too empty to lean on.
const SPARSE: f64 = 0.05;
/// Below this share of visitors who come back, ids do not seem to last.
const FEW_RETURN: f64 = 0.01;
/// Days over which customers are ranked.
const RANKED_DAYS: i64 = 365;

/// A question, and whether these logs can answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) can: bool,
    /// The question; where it cannot be answered, with the reason.
    pub(super) what: String,
}

/// What all of it is judged by.
pub(super) struct Grounds<'a> {
    pub(super) events: &'a Filled,
    pub(super) seen: &'a Seen,
    /// From the first event to the last, microseconds.
    pub(super) span: i64,
    /// How long a cart has until it counts as abandoned, microseconds.
    pub(super) window: i64,
}

impl Grounds<'_> {
    fn kinds(&self) -> &BTreeMap<Kind, u64> {
        &self.seen.kinds
    }

    fn count(&self, kind: Kind) -> u64 {
        self.kinds().get(&kind).copied().unwrap_or(0)
    }

    fn share(&self, column: &str) -> f64 {
        self.events.share(&EVENTS, column)
    }

    fn any(&self, column: &str) -> bool {
        self.share(column) > 0.0
    }

    fn has(&self, column: &str) -> bool {
        self.share(column) >= SPARSE
    }

    fn first_day(&self) -> Option<&i32> {
        self.seen.days.values().flat_map(BTreeMap::keys).min()
    }

    /// Every question, in the order of the report.
    pub(super) fn answers(&self) -> Vec<Answer> {
        [self.of_carts(), self.of_money(), self.of_people(), self.of_causes()].concat()
    }

    fn of_carts(&self) -> Vec<Answer> {
        let opened = self.count(Kind::AddToCart) + self.count(Kind::BeginCheckout) > 0;
        let steps = [Kind::BeginCheckout, Kind::AddShippingInfo, Kind::AddPaymentInfo];
        let missing: Vec<&str> = steps.into_iter().filter(|kind| self.count(*kind) == 0).map(Kind::name).collect();
        let stop = "where in checkout carts stop";
        let where_stop = match missing.len() {
            0 => yes(stop),
            3 => no(stop, "there are no checkout steps between cart and purchase"),
            _ => Answer { can: true, what: format!("{stop}, but for {}, which is not logged", missing.join(" and ")) },
        };
        vec![
            judge(
                opened && self.count(Kind::Purchase) > 0,
                "how many carts are abandoned",
                "there are no carts, or no purchases",
            ),
            judge(
                self.span >= self.window,
                "what becomes of carts in the end",
                &format!("the logs are shorter than {}, so that every cart is pending", time::format_span(self.window)),
            ),
            where_stop,
            judge(
                self.count(Kind::RemoveFromCart) > 0,
                "what is taken out of carts again",
                "there are no remove_from_cart events, so that carts only grow",
            ),
            judge(
                self.seen.added_with_product.of_one() >= SPARSE,
                "which products are left behind",
                "(nearly) nothing that is put into a cart has a product_id or product_name",
            ),
        ]
    }

    fn of_money(&self) -> Vec<Answer> {
        let prices = self.seen.added.of_one();
        let worth = "what abandoned carts are worth";
        let worth = match prices {
            share if share < SPARSE && self.count(Kind::AddToCart) > 0 => {
                no(worth, "(nearly) nothing that is put into a cart has a price: no revenue can be lost")
            }
            _ if !self.any("unit_price") => no(worth, "no row has a price: no revenue can be lost"),
            share if share < 1.0 - SPARSE && self.count(Kind::AddToCart) > 0 => Answer {
                can: true,
                what: format!("{worth}, at least: {:.0} % of what is put into carts has a price", 100.0 * share),
            },
            _ => yes(worth),
        };
        let purchases = self.count(Kind::Purchase) > 0;
        vec![
            worth,
            judge(
                purchases && self.seen.orders_with_amount.of_one() >= SPARSE,
                "what orders bring in, and with it who spends most",
                "(nearly) no purchase has an order_value or prices",
            ),
            judge(
                purchases && self.seen.orders_with_id.of_one() >= SPARSE,
                "which purchase rows are one order",
                "(nearly) none has an order_id, so that neighbouring ones count as one",
            ),
            judge(
                self.any("currency"),
                "in which currency",
                "no row names one: everything counts as the base currency",
            ),
            judge(
                self.count(Kind::Refund) > 0,
                "what is given back",
                "there are no refund events: spend is what was ordered, not what was kept",
            ),
        ]
    }

    fn of_people(&self) -> Vec<Answer> {
        let days = self.span / DAY;
        let later = if self.seen.days.values().flatten().all(|(day, _)| Some(day) == self.first_day()) {
            "these logs are of one day"
        } else {
            "(nearly) no visitor is seen on a second day, as if ids did not last: what is bought later looks lost"
        };
        vec![
            judge(
                self.has("customer_id"),
                "who comes back on another device",
                "(nearly) no row names an account, so a person is a browser",
            ),
            judge(self.seen.returning.of_one() >= FEW_RETURN, "which carts are bought later", later),
            judge(self.has("session_id"), "whether people return to their carts", "(nearly) no row names a visit"),
            judge(
                days >= RANKED_DAYS,
                "who the top customers are",
                &format!(
                    "they are ranked over {RANKED_DAYS} days, and these logs cover {days}: ranks are of that time only"
                ),
            ),
            judge(
                self.any("bot") || self.has("browser") || self.has("os"),
                "which rows are those of programs and not of people",
                "no user agent was read, and crawlers look like visitors",
            ),
        ]
    }

    fn of_causes(&self) -> Vec<Answer> {
        let filled = |column: &str, question: &str| {
            judge(self.has(column), question, &format!("(nearly) no row has a {column}"))
        };
        let means = ["payment_method", "shipping_method", "coupon"];
        let missing: Vec<&str> = means.into_iter().filter(|column| !self.any(column)).collect();
        let said = self.count(Kind::Feedback) + self.count(Kind::SupportContact) > 0;
        vec![
            judge(
                self.count(Kind::CheckoutError) > 0,
                "which errors stop checkout",
                "there are no checkout_error events, and what they stop is not seen as a barrier",
            ),
            judge(self.any("latency_ms"), "whether slow answers go with abandonment", "no row has a latency_ms"),
            filled("device", "whether it depends on the device"),
            filled("channel", "whether it depends on where the visit came from"),
            filled("country", "whether it depends on the country"),
            filled("release", "whether a release of the shop broke something"),
            judge(
                missing.is_empty(),
                "whether it depends on means of payment, way of delivery or coupon",
                &format!("no row has a {}", missing.join(" or a ")),
            ),
            judge(said, "what customers said", "there is no feedback and no support contact"),
        ]
    }
}

fn yes(question: &str) -> Answer {
    Answer { can: true, what: question.to_owned() }
}

fn no(question: &str, reason: &str) -> Answer {
    Answer { can: false, what: format!("{question}: {reason}") }
}

fn judge(can: bool, question: &str, reason: &str) -> Answer {
    if can { yes(question) } else { no(question, reason) }
}
