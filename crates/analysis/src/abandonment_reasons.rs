//! carts + events → why each abandoned cart was left, as far as logs can tell, and how sure that is.
//!
//! ```text
//! carts ────────> carts of the last 90 days ─┐
//! events ─links─> whose row it is ───────────┼─> signals of each cart, up to its window ──> lift   what an error keeps away
//!        ─rows──> a day at a time ───────────┘                 └────────> rules ─────────────> reasons
//! forecasts ──> chances: what is bought later ─────────────────────────────┘
//! ```
//!
//! A reason is what the signs point to, by rules that `docs/definitions.md` states one by one; it is no knowledge of
//! anybody's mind. What can be learnt from the shop's own carts is: how sure an error is to have been the reason follows
//! from how many more leave after it than without it, and how sure a wish list is from how likely the cart is to be
//! bought later.

mod carts;
mod lift;
mod rows;
mod rules;
mod signals;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use ::events::time::{self, DAY};
use serde::Serialize;

use crate::funnel::Step;
use crate::stats::proportion::wilson;
use crate::{Error, Estimate, Settings, Tables};
use lift::Lift;

/// Days of carts that are looked at: those opened before were judged on earlier nights.
pub const DAYS: i64 = 90;

/// Why a cart was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Stopped at the till: by an error after which more leave than without it, or at a barrier that was found.
    Barrier,
    /// Everything was taken out.
    Emptied,
    /// Kept for later: bought after the window, or saved on a wish list while in the cart.
    WishList,
    /// Left where the costs of delivery first show.
    Costs,
    /// Many others were looked at, and the checkout was not entered.
    Comparison,
    /// The checkout was not entered, and nothing else shows.
    LeftBeforeCheckout,
    /// The checkout was left, and nothing shows why.
    Unknown,
}

impl Reason {
    /// Every reason, in the order in which the rules are asked.
    pub const ALL: [Self; 7] = [
        Self::Barrier,
        Self::Emptied,
        Self::WishList,
        Self::Costs,
        Self::Comparison,
        Self::LeftBeforeCheckout,
        Self::Unknown,
    ];

    /// The word in the `reasons` table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Barrier => "barrier",
            Self::Emptied => "emptied",
            Self::WishList => "wish_list",
            Self::Costs => "costs",
            Self::Comparison => "comparison",
            Self::LeftBeforeCheckout => "left_before_checkout",
            Self::Unknown => "unknown",
        }
    }
}

/// A barrier that was found: carts that meet it are held against it, also where no error was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierFinding {
    /// Its id, as other tables name it.
    pub id: String,
    /// The last step that those who are stopped get to.
    pub step: Step,
    /// Columns of the carts table, or `error_code`, and their values; all have to hold. Other columns never do.
    pub conditions: Vec<(String, String)>,
    /// Since when it stands, microseconds since 1970.
    pub onset: i64,
    /// Until when; `None` where it still stands.
    pub end: Option<i64>,
}

/// Why carts were abandoned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AbandonmentReasons {
    /// Carts opened from this moment on are judged, microseconds since 1970.
    #[serde(serialize_with = "crate::text::moment")]
    pub opened_from: i64,
    /// Abandoned carts opened since then.
    pub carts: u64,
    /// All reasons, most carts first, then in the order of the rules; the unknown last.
    pub reasons: Vec<ReasonShare>,
    /// What carts were stopped by, most carts first, then by name.
    pub barriers: Vec<Evidence>,
    /// Carts that are expected to be bought after the window, those already bought included.
    pub expected_later: f64,
    /// Rows of [`crate::schema::REASONS`].
    #[serde(skip)]
    pub rows: Vec<CartReason>,
}

/// Carts that were left for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReasonShare {
    /// The reason.
    pub reason: Reason,
    /// Carts.
    pub carts: u64,
    /// Of all abandoned carts judged; `None` where there are none. The interval is that of counting, and says nothing of
    /// how often the rules are wrong.
    pub share: Option<Estimate>,
    /// Mean confidence, 0..=1; `None` where there are no such carts.
    pub confidence: Option<f64>,
}

/// Carts that were stopped by the same thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The error and its step, or the barrier.
    pub evidence: String,
    /// Carts.
    pub carts: u64,
    /// How sure, 0..=1.
    pub confidence: f64,
}

/// The reason of one cart: a row of [`crate::schema::REASONS`].
#[derive(Clone, Debug, PartialEq)]
pub struct CartReason {
    /// The cart.
    pub cart_id: String,
    /// What the signs point to.
    pub reason: Reason,
    /// How sure, 0..=1.
    pub confidence: f64,
    /// What shows it.
    pub evidence: String,
    /// The barrier finding, where one was met.
    pub barrier: Option<String>,
    /// Probability that it is bought after the window: 1 if it was, 0 once it cannot be any more.
    pub p_later: f64,
}

/// How likely an abandoned cart is to be bought after its window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    /// As known at the end of the window, 0..=1.
    pub at_window: f64,
    /// As known now: 1 if it was, 0 once it cannot be.
    pub now: f64,
}

/// Chances by `cart_id`.
pub type Chances = HashMap<String, Chance>;

/// A reason for every abandoned cart of the last [`DAYS`] days. `findings` are the barriers that were found; a cart without a
/// chance was not found in the events, and nothing is expected of it.
///
/// # Errors
/// When a table cannot be read, or is not of this version.
pub fn reasons(
    tables: &Tables,
    settings: &Settings,
    findings: &[BarrierFinding],
    chances: &Chances,
) -> Result<AbandonmentReasons, Error> {
    let opened_from = i64::from(time::utc_day(settings.as_of.saturating_sub(DAYS * DAY))) * DAY;
    let mut carts = carts::read(&tables.carts, opened_from)?;
    rows::replay(&tables.events, settings, opened_from, &mut carts)?;
    let lift = Lift::learn(&carts, settings, findings);
    let mut judged: Vec<CartReason> = Vec::new();
    for cart in carts.iter().filter(|cart| cart.abandoned) {
        let unknown = || Chance { at_window: 0.0, now: f64::from(u8::from(cart.purchased_at.is_some())) };
        let chance = chances.get(&cart.id).copied().unwrap_or_else(unknown);
        judged.push(rules::judge(cart, &lift, chance, settings, findings));
    }
    Ok(summary(opened_from, judged))
}

fn summary(opened_from: i64, rows: Vec<CartReason>) -> AbandonmentReasons {
    let n = rows.len() as u64;
    let mut reasons: Vec<ReasonShare> = Vec::new();
    for reason in Reason::ALL {
        let of: Vec<f64> = rows.iter().filter(|row| row.reason == reason).map(|row| row.confidence).collect();
        let carts = of.len() as u64;
        let confidence = (carts > 0).then(|| of.iter().sum::<f64>() / carts as f64);
        reasons.push(ReasonShare { reason, carts, share: wilson(carts, n), confidence });
    }
    reasons.sort_by_key(|share| (share.reason == Reason::Unknown, std::cmp::Reverse(share.carts), share.reason));
    let mut barriers: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.reason == Reason::Barrier) {
        let met = barriers.entry(&row.evidence).or_default();
        *met = (met.0 + 1, row.confidence);
    }
    let mut barriers: Vec<Evidence> = barriers
        .into_iter()
        .map(|(evidence, (carts, confidence))| Evidence { evidence: evidence.to_owned(), carts, confidence })
        .collect();
    barriers.sort_by_key(|met| std::cmp::Reverse(met.carts));
    let expected_later = rows.iter().map(|row| row.p_later).sum();
    AbandonmentReasons { opened_from, carts: n, reasons, barriers, expected_later, rows }
}
