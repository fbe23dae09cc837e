//! customers + carts → whom to write a personal word, why, and whether writing helps.
//!
//! A list, not a blast: top customers with a recent abandoned cart, ranked by what the shop owes them and by what may
//! come back; nobody against the courtesy rule. A share of those who would be on it is held out by the hash of the
//! person, always the same persons, so that the effect of contacting can be told from what would have happened anyway.

mod choose;
pub mod effect;
pub(crate) mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use events::Amount;
use events::time::{DAY, HOUR};
use serde::Serialize;

use crate::checkout_curve::CheckoutCurve;
use crate::customers::People;
use crate::story::Story;
use crate::{Error, Settings, Tables, text};
pub use effect::{Arm, Effect};

/// Rows whose story is told in the report.
pub const STORIES: usize = 5;

/// Whom to contact, and whom not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// Segments of carts: `d1` to `d10`, `lapsed`, `new`, and `top1`.
    pub segments: Vec<String>,
    /// Carts opened within this span before `as_of`, in microseconds.
    #[serde(serialize_with = "text::span")]
    pub within: i64,
    /// Who did anything within this span before `as_of` is still shopping, in microseconds.
    #[serde(serialize_with = "text::span")]
    pub quiet: i64,
    /// Contacts within `per` after which a person is left in peace.
    pub max_contacts: u64,
    /// The span of `max_contacts`, in microseconds.
    #[serde(serialize_with = "text::span")]
    pub per: i64,
    /// Share of persons, 0 to 1, that are never listed.
    pub hold_out: f64,
    /// Carts worth less, in the base currency, are no reason to write.
    #[serde(serialize_with = "text::amount")]
    pub min_value: Amount,
    /// Rows of the list, at most.
    pub rows: usize,
    /// Channels by which the shop can reach persons, the usual one first.
    pub channels: Vec<String>,
    /// Contacts that are not in the events.
    #[serde(skip)]
    pub contacts: Vec<LoggedContact>,
    /// `person_id` of everybody who asked not to be contacted, beside those who said so in the events.
    #[serde(skip)]
    pub opted_out: BTreeSet<String>,
}

/// A contact that a file tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedContact {
    /// `c:` and a customer, or `v:` and a visitor, as they are stored.
    pub person_id: String,
    /// When, microseconds since 1970, UTC.
    pub at: i64,
    /// By which channel.
    pub channel: Option<String>,
}

impl Default for Rules {
    /// As documented in the settings: the top tenth, a fortnight, two contacts a month, a tenth held out.
    fn default() -> Self {
        Self {
            segments: ["top1", "d1"].map(str::to_owned).into(),
            within: 14 * DAY,
            quiet: 24 * HOUR,
            max_contacts: 2,
            per: 30 * DAY,
            hold_out: 0.1,
            min_value: Amount(200_000),
            rows: 50,
            channels: ["email", "phone", "sms", "push", "chat"].map(str::to_owned).into(),
            contacts: Vec::new(),
            opted_out: BTreeSet::new(),
        }
    }
}

/// The list, and what it is good for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FollowUp {
    /// The rules by which it was made.
    pub rules: Rules,
    /// Persons with a cart that would be a reason to write.
    pub considered: u64,
    /// Those of them that are on the list.
    pub listed: u64,
    /// Those that are not, by the first reason that holds.
    pub left_out: LeftOut,
    /// The base currency.
    pub base: String,
    /// What the listed carts hold, in the base currency.
    #[serde(serialize_with = "text::amount")]
    pub value: Amount,
    /// Listed persons to whom an error on the shop's side happened.
    pub owed: u64,
    /// What contacting did.
    pub effect: Effect,
    /// The list, best first; in JSON without ids and without what anybody said.
    pub rows: Vec<Row>,
    /// The stories of the first rows, in their order.
    #[serde(skip)]
    pub stories: Vec<Story>,
    /// Rows of [`crate::schema::FOLLOW_UPS`], those of earlier nights included.
    #[serde(skip)]
    pub listings: Vec<Listing>,
}

/// Why persons are not on the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Asked not to be contacted.
    pub opted_out: u64,
    /// Ordered after the cart was opened.
    pub bought: u64,
    /// Did something a moment ago.
    pub still_shopping: u64,
    /// Contacted as often as courtesy allows.
    pub courtesy: u64,
    /// In the hold-out.
    pub held_out: u64,
    /// Beyond the length of the list.
    pub beyond: u64,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Tell them what went wrong, and that it is mended.
    TellFix,
    /// Answer what they said.
    Answer,
    /// Offer help with the step at which they stopped.
    OfferHelp,
    /// Ask how it went.
    Ask,
}

impl Step {
    /// Its word in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TellFix => "tell_fix",
            Self::Answer => "answer",
            Self::OfferHelp => "offer_help",
            Self::Ask => "ask",
        }
    }
}

/// An error that a person met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// Its code.
    pub code: Option<String>,
    /// The message that the person saw, where it is known.
    #[serde(skip)]
    pub message: Option<String>,
    /// Errors met in the cart.
    pub times: u64,
}

/// What a person said since the cart was opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Word {
    /// When.
    #[serde(serialize_with = "text::moment")]
    pub at: i64,
    /// Whether it was a request for help.
    pub is_support: bool,
    /// The rating given with it.
    pub rating: Option<f64>,
    /// In words.
    #[serde(skip)]
    pub comment: Option<String>,
}

/// A person to contact.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Who.
    #[serde(skip)]
    pub person_id: String,
    /// The cart that is the reason.
    #[serde(skip)]
    pub cart_id: String,
    /// When it was opened.
    #[serde(serialize_with = "text::moment")]
    pub opened_at: i64,
    /// Its last event.
    #[serde(serialize_with = "text::moment")]
    pub last_activity_at: i64,
    /// The furthest step that it reached.
    pub furthest_step: String,
    /// Pieces in it.
    pub items: u64,
    /// Means of payment chosen.
    pub payment_method: Option<String>,
    /// The person's segment when it was opened.
    pub segment: String,
    /// Whether the person was of the top 1 %.
    pub top1: bool,
    /// The last order of a person without an account, whom the shop knows by nothing else.
    #[serde(skip)]
    pub last_order_id: Option<String>,
    /// Orders so far.
    pub orders: u64,
    /// What they came to, in the base currency.
    #[serde(serialize_with = "text::amount")]
    pub spend: Amount,
    /// What went wrong on the shop's side.
    pub owed: Option<Owed>,
    /// What the person said last since then.
    pub said: Option<Word>,
    /// What the cart held, in `currency`.
    #[serde(serialize_with = "text::amount")]
    pub value: Amount,
    /// Its currency; `None` where nothing had a price.
    pub currency: Option<String>,
    /// `value` in the base currency; 0 without a rate.
    #[serde(serialize_with = "text::amount")]
    pub in_base: Amount,
    /// `in_base` times the share of carts as old that are still bought; `None` where that is not known.
    #[serde(serialize_with = "text::optional_amount")]
    pub recoverable: Option<Amount>,
    /// What to do.
    pub step: Step,
    /// By which channel.
    pub channel: Option<String>,
    /// Whether the person has used that channel before.
    pub channel_is_theirs: bool,
    /// When the person was last contacted or asked for help.
    #[serde(serialize_with = "text::optional_moment")]
    pub last_contact_at: Option<i64>,
    /// Contacts within the span of the courtesy rule.
    pub contacts: u64,
}

/// A row of [`crate::schema::FOLLOW_UPS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The cart.
    pub cart_id: String,
    /// Whose.
    pub person_id: String,
    /// `as_of` of the night.
    pub listed_at: i64,
    /// Whether it was held out.
    pub held_out: bool,
    /// Whether an error was met.
    pub owed: bool,
    /// What was suggested.
    pub step: String,
    /// By which channel.
    pub channel: Option<String>,
    /// What the cart held, in the base currency.
    pub value: Amount,
    /// What may come back of it.
    pub recoverable: Option<Amount>,
}

/// The list of tonight, with what earlier lists came to.
pub(crate) fn follow_up(
    tables: &Tables,
    people: &People,
    curve: &CheckoutCurve,
    settings: &Settings,
    contacting: &Rules,
) -> Result<FollowUp, Error> {
    let choice = choose::choose(people, curve, settings, contacting);
    let mut listings = match &tables.follow_ups {
        Some(folder) => tables::read(folder)?,
        None => Vec::new(),
    };
    // A night that is judged as of an earlier moment knows nothing of later lists.
    listings.retain(|listing| listing.listed_at <= settings.as_of);
    let known: BTreeSet<String> = listings.iter().map(|listing| listing.cart_id.clone()).collect();
    let tonight = |row: &Row, held_out: bool| Listing {
        cart_id: row.cart_id.clone(),
        person_id: row.person_id.clone(),
        listed_at: settings.as_of,
        held_out,
        owed: row.owed.is_some(),
        step: row.step.name().to_owned(),
        channel: row.channel.clone(),
        value: row.in_base,
        recoverable: row.recoverable,
    };
    let new = choice.rows.iter().map(|row| tonight(row, false));
    let new = new.chain(choice.held_out.iter().map(|row| tonight(row, true)));
    listings.extend(new.filter(|listing| !known.contains(&listing.cart_id)));
    listings.sort_by(|a, b| (a.listed_at, &a.cart_id).cmp(&(b.listed_at, &b.cart_id)));
    let persons: Vec<&Row> = choice.rows.iter().take(STORIES).collect();
    let stories = crate::story::of_rows(&tables.events, people, &persons, settings)?;
    Ok(FollowUp {
        rules: contacting.clone(),
        considered: choice.considered,
        listed: choice.rows.len() as u64,
        left_out: choice.left_out,
        base: settings.rates.base().to_owned(),
        value: choice.rows.iter().map(|row| row.in_base).sum(),
        owed: choice.rows.iter().filter(|row| row.owed.is_some()).count() as u64,
        effect: effect::effect(&listings, people, settings.as_of),
        rows: choice.rows,
        stories,
        listings,
    })
}
