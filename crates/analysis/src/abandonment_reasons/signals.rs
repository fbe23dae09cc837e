//! What is remembered of a cart's way, up to its window: enough for the rules, and no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::Kind;

use crate::funnel::Step;

/// Products remembered of a cart, put in and looked at each.
const PRODUCTS: usize = 64;
/// Visits remembered.
const VISITS: usize = 8;
/// Different errors remembered.
const ERRORS: usize = 8;

/// A row of the events table, as far as it can be a sign.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) ts: i64,
    pub(super) kind: Kind,
    /// Hash of the event, which orders what happened at the same moment.
    pub(super) event: u128,
    pub(super) line: u16,
    /// Position of the person among those with carts.
    pub(super) person: u32,
    /// Hashes; 0 stands for none.
    pub(super) session: u64,
    pub(super) product: u64,
    pub(super) error_code: Option<Arc<str>>,
}

/// An error at a step of the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// Its code; empty where the log has none.
    pub(super) code: Arc<str>,
    /// The last step before it.
    pub(super) step: Step,
}

/// The signs.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    added: BTreeSet<u64>,
    seen: BTreeSet<u64>,
    visits: Vec<u64>,
    /// Whether something that lay in the cart was put on a wish list.
    pub(super) saved: bool,
    /// The latest step of the till (`begin_checkout` to `purchase`), and when.
    pub(super) last_step: Option<(Step, i64)>,
    /// The furthest step of the till.
    pub(super) furthest: Option<Step>,
    /// Whether, after delivery was given, it was given otherwise, or the cart was looked at again.
    pub(super) pondered: bool,
    /// Different errors that were met.
    pub(super) errors: Vec<Met>,
    /// The error that nothing has come after: neither the same step again nor a later one.
    pub(super) stuck: Option<Met>,
}

impl Signals {
    /// Takes in the next row of the cart's person, between the opening and the window.
    pub(super) fn take(&mut self, row: &Row) {
        if row.session != 0 && !self.visits.contains(&row.session) && self.visits.len() < VISITS {
            self.visits.push(row.session);
        }
        match row.kind {
            Kind::ViewItem => remember(&mut self.seen, row.product),
            Kind::AddToCart => remember(&mut self.added, row.product),
            Kind::AddToWishlist => self.saved |= self.added.contains(&row.product),
            Kind::ViewCart => self.pondered |= self.is_at_costs(),
            Kind::BeginCheckout => self.step(Step::BeginCheckout, row.ts),
            Kind::AddShippingInfo => {
                self.pondered |= self.is_at_costs() && self.last_step.is_some_and(|(_, at)| at < row.ts);
                self.step(Step::AddShippingInfo, row.ts);
            }
            Kind::AddPaymentInfo => self.step(Step::AddPaymentInfo, row.ts),
            Kind::Purchase => self.step(Step::Purchase, row.ts),
            Kind::CheckoutError => self.fail(row.error_code.clone().unwrap_or_default()),
            _ => {}
        }
    }

    /// Visits besides the first.
    pub(super) fn returns(&self) -> usize {
        self.visits.len().saturating_sub(1)
    }

    /// Products that were put in.
    pub(super) fn products(&self) -> usize {
        self.added.len()
    }

    /// Products that were looked at after the cart was opened and never put in.
    pub(super) fn others(&self) -> usize {
        self.seen.difference(&self.added).count()
    }

    fn is_at_costs(&self) -> bool {
        self.last_step.is_some_and(|(step, _)| step == Step::AddShippingInfo) && self.stuck.is_none()
    }

    fn step(&mut self, step: Step, ts: i64) {
        if self.stuck.as_ref().is_some_and(|met| step >= met.step) {
            self.stuck = None;
        }
        self.last_step = Some((step, ts));
        self.furthest = self.furthest.max(Some(step));
    }

    fn fail(&mut self, code: Arc<str>) {
        let step = self.last_step.map_or(Step::BeginCheckout, |(step, _)| step);
        // Errors that are logged after the order concern nobody's decision.
        if step == Step::Purchase {
            return;
        }
        let met = Met { code, step };
        if !self.errors.contains(&met) && self.errors.len() < ERRORS {
            self.errors.push(met.clone());
        }
        self.stuck = Some(met);
    }
}

fn remember(products: &mut BTreeSet<u64>, product: u64) {
    if product != 0 && products.len() < PRODUCTS {
        products.insert(product);
    }
}
