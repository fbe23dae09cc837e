//! feedback + support contacts + carts → what customers say, and around which carts.
//!
//! What was said belongs to the person's latest cart that was opened before it, for a fortnight.

mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use events::time::{self, DAY};
use serde::Serialize;

use crate::customers::{PastCart, People, Voice as Said};
use crate::stats::mean::{Mean, student};
use crate::{Settings, text};
pub use terms::Term;

/// Days after the opening of a cart within which what is said belongs to it.
pub const AROUND_DAYS: i64 = 14;
/// Words that are shown.
const TERMS: usize = 15;
/// Error codes that are shown.
const CODES: usize = 10;

/// What customers say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Voice {
    /// First moment of the events that were read.
    #[serde(serialize_with = "text::moment")]
    pub since: i64,
    /// Pieces of feedback.
    pub feedback: u64,
    /// Requests for help.
    pub support: u64,
    /// All ratings.
    pub overall: Option<Mean>,
    /// Ratings by week, oldest first; weeks without any are left out.
    pub weeks: Vec<Week>,
    /// Ratings around carts that were abandoned.
    pub abandoned: Option<Mean>,
    /// Ratings around carts that were bought within the window.
    pub bought: Option<Mean>,
    /// Comments around abandoned carts.
    pub comments: u64,
    /// Comments around bought carts.
    pub comments_bought: u64,
    /// Words most often said around abandoned carts.
    pub terms: Vec<Term>,
    /// Ratings around abandoned carts by the last error met in them, most ratings first; `None`: no error.
    pub by_error: Vec<ByError>,
}

/// Ratings of a week.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Week {
    /// Its Monday, on the shop's clock.
    pub monday: NaiveDate,
    /// Their mean.
    pub rating: Mean,
}

/// Ratings of those who met an error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByError {
    /// The code; `None` where there was no error.
    pub error_code: Option<String>,
    /// Abandoned carts of the last 90 days that met it last, whether anything was said or not.
    pub carts: u64,
    /// Their mean rating; `None` where nobody rated.
    pub rating: Option<Mean>,
}

/// The week's Monday.
fn monday(at: i64, settings: &Settings) -> NaiveDate {
    let date = time::local_date(at, settings.zone);
    date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))).unwrap_or(date)
}

/// The cart that something was said about.
fn cart<'a>(people: &'a People, said: &Said) -> Option<&'a PastCart> {
    let after = people.carts.partition_point(|cart| (cart.person, cart.opened_at) <= (said.person, said.at));
    let cart = people.carts[..after].last()?;
    (cart.person == said.person && said.at - cart.opened_at <= AROUND_DAYS * DAY).then_some(cart)
}

/// What was said within the span.
pub(crate) fn voice(people: &People, settings: &Settings) -> Voice {
    let mut all = Vec::new();
    let mut weeks: BTreeMap<NaiveDate, Vec<f64>> = BTreeMap::new();
    let [mut abandoned, mut bought]: [Vec<f64>; 2] = Default::default();
    let [mut comments, mut comments_bought]: [Vec<&str>; 2] = Default::default();
    let mut codes: BTreeMap<Option<&str>, (u64, Vec<f64>)> = BTreeMap::new();
    for cart in people.carts.iter().filter(|cart| &*cart.outcome == "abandoned") {
        codes.entry(cart.last_error_code.as_deref()).or_default().0 += 1;
    }
    for said in &people.voices {
        let cart = cart(people, said);
        let outcome = cart.map(|cart| &*cart.outcome);
        if let Some(rating) = said.rating {
            all.push(rating);
            weeks.entry(monday(said.at, settings)).or_default().push(rating);
            match (outcome, cart) {
                (Some("abandoned"), Some(cart)) => {
                    abandoned.push(rating);
                    codes.entry(cart.last_error_code.as_deref()).or_default().1.push(rating);
                }
                (Some("purchased"), _) => bought.push(rating),
                _ => {}
            }
        }
        if let Some(comment) = said.comment.as_deref() {
            match outcome {
                Some("abandoned") => comments.push(comment),
                Some("purchased") => comments_bought.push(comment),
                _ => {}
            }
        }
    }
    let mut by_error: Vec<ByError> = codes
        .into_iter()
        .map(|(code, (carts, ratings))| ByError {
            error_code: code.map(str::to_owned),
            carts,
            rating: student(&ratings),
        })
        .collect();
    by_error.sort_by_key(|by| std::cmp::Reverse((by.rating.map_or(0, |rating| rating.n), by.carts)));
    by_error.truncate(CODES);
    Voice {
        since: people.since,
        feedback: people.voices.iter().filter(|said| !said.is_support).count() as u64,
        support: people.voices.iter().filter(|said| said.is_support).count() as u64,
        overall: student(&all),
        weeks: weeks
            .into_iter()
            .filter_map(|(monday, ratings)| Some(Week { monday, rating: student(&ratings)? }))
            .collect(),
        abandoned: student(&abandoned),
        bought: student(&bought),
        terms: terms::count(&comments, &comments_bought, TERMS),
        comments: comments.len() as u64,
        comments_bought: comments_bought.len() as u64,
        by_error,
    }
}
