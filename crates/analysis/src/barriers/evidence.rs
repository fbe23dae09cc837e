//! What the events say around failed attempts: messages as customers saw them, typical carts, and what was written.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, TimestampMicrosecondType, UInt16Type};
use carts::columns::Text;
use events::parquet_io::Reader;
use events::time::{DAY, HOUR};
use events::{Amount, Kind, bots, hash};
use rayon::prelude::*;

use super::assemble::Finding;
use super::attempts::{Attempts, Fact};
use super::finding::{Chosen, Journey, Moment, Words};
use super::gather::Night;
use super::stream::{self, primitive};
use crate::{Error, Settings};

/// Events of a journey that are told, and how far around the attempt.
const MOST_MOMENTS: usize = 20;
const AROUND: i64 = 6 * HOUR;
/// Texts of customers that are told of one finding.
const MOST_WORDS: usize = 5;
/// Journeys that are kept of one finding.
const JOURNEYS: usize = 5;

/// An event of somebody whose attempt failed.
struct Seen {
    at: i64,
    kind: Kind,
    event: u64,
    visitor: u64,
    customer: u64,
    details: [Option<String>; 3],
    message: Option<String>,
    comment: Option<String>,
    rating: Option<f32>,
}

/// Adds to each finding what the events of its failed attempts say.
pub(super) fn add(findings: &mut [Finding], night: &Night, events: &Path, settings: &Settings) -> Result<(), Error> {
    let mut asked: Vec<Asked> = findings.iter().map(|finding| Asked::of(finding, night)).collect();
    let Some(from) = asked.iter().filter_map(|asked| asked.from).min() else { return Ok(()) };
    let who: HashSet<u64> = asked.iter().flat_map(|asked| asked.who.keys().copied()).collect();
    for files in stream::days(events, from - AROUND, settings.as_of)?.into_values() {
        let parts: Vec<Vec<Seen>> =
            files.par_iter().map(|file| read(file, settings, &who)).collect::<Result<_, Error>>()?;
        let mut seen: Vec<Seen> = parts.into_iter().flatten().collect();
        seen.sort_unstable_by_key(|seen| (seen.at, seen.kind.rank(), seen.event));
        for asked in &mut asked {
            for seen in &seen {
                asked.take(seen);
            }
        }
    }
    for (finding, asked) in findings.iter_mut().zip(asked) {
        asked.answer(finding);
    }
    Ok(())
}

/// What is asked of the events for one finding.
struct Asked {
    /// The first failed attempt.
    from: Option<i64>,
    /// Moments of failed attempts by the hashes of who made them.
    who: BTreeMap<u64, Vec<(i64, Option<String>)>>,
    journeys: Vec<(Journey, Fact, i64)>,
    /// Messages by code, with how often each was seen.
    messages: BTreeMap<String, BTreeMap<String, u64>>,
    words: Vec<Words>,
}

impl Asked {
    fn of(finding: &Finding, night: &Night) -> Self {
        let attempts = night
            .attempts
            .iter()
            .find(|attempts| attempts.stage == finding.stage)
            .expect("a finding is of a step with attempts");
        let mut who: BTreeMap<u64, Vec<(i64, Option<String>)>> = BTreeMap::new();
        for row in &finding.failures {
            let fact = &attempts.facts[*row];
            for id in [fact.visitor, fact.customer].into_iter().filter(|id| *id != 0) {
                let cart = night.carts.get(fact.cart as usize).map(|cart| cart.id.clone());
                who.entry(id).or_default().push((attempts.at[*row], cart));
            }
        }
        Self {
            from: finding.failures.first().map(|row| attempts.at[*row]),
            who,
            journeys: journeys(finding, attempts, night),
            messages: BTreeMap::new(),
            words: Vec::new(),
        }
    }

    /// The attempt that failed within this time before, if the event is by somebody with such a one.
    fn follows(&self, seen: &Seen, within: i64) -> Option<&(i64, Option<String>)> {
        [seen.visitor, seen.customer]
            .iter()
            .filter_map(|id| self.who.get(id))
            .flatten()
            .find(|(at, _)| (0..=within).contains(&(seen.at - at)))
    }

    fn take(&mut self, seen: &Seen) {
        for (journey, fact, at) in &mut self.journeys {
            let is_theirs = (seen.visitor != 0 && seen.visitor == fact.visitor)
                || (seen.customer != 0 && seen.customer == fact.customer);
            let is_told = seen.kind.is_cart_event() || matches!(seen.kind, Kind::Feedback | Kind::SupportContact);
            let last = journey.events.last();
            let is_new = last.is_none_or(|last| last.at != seen.at || last.kind != seen.kind);
            if is_theirs && is_told && is_new && (seen.at - *at).abs() <= AROUND {
                let detail: Vec<&str> = seen.details.iter().flatten().map(String::as_str).collect();
                let detail = (!detail.is_empty()).then(|| detail.join(", "));
                journey.events.push(Moment { at: seen.at, kind: seen.kind, detail });
            }
        }
        if let ([_, _, Some(code)], Some(message)) = (&seen.details, &seen.message)
            && self.follows(seen, HOUR).is_some()
        {
            *self.messages.entry(code.clone()).or_default().entry(message.clone()).or_default() += 1;
        }
        if matches!(seen.kind, Kind::Feedback | Kind::SupportContact)
            && let Some(comment) = &seen.comment
            && self.words.len() < MOST_WORDS
            && let Some((_, cart_id)) = self.follows(seen, DAY)
            && !self.words.iter().any(|words| words.comment == *comment)
        {
            let (comment, rating, cart_id) = (comment.clone(), seen.rating, cart_id.clone());
            self.words.push(Words { at: seen.at, kind: seen.kind, cart_id, comment, rating });
        }
    }

    fn answer(self, finding: &mut Finding) {
        for error in &mut finding.barrier.errors {
            let seen = self.messages.get(&error.code);
            // The most frequent; of equals the first by name.
            let most =
                seen.and_then(|seen| seen.iter().max_by_key(|(text, n)| (**n, std::cmp::Reverse((*text).clone()))));
            error.message = most.map(|(text, _)| text.clone());
        }
        finding.barrier.words = self.words;
        finding.barrier.journeys = self
            .journeys
            .into_iter()
            .map(|(mut journey, _, at)| {
                // Those nearest to the attempt.
                while journey.events.len() > MOST_MOMENTS {
                    let (first, last) = (&journey.events[0], &journey.events[journey.events.len() - 1]);
                    let at = if at - first.at > last.at - at { 0 } else { journey.events.len() - 1 };
                    journey.events.remove(at);
                }
                journey
            })
            .collect();
    }
}

/// Carts to be shown: the one of the largest value, the one of the median value, and up to five in all by the hash of their ids.
fn journeys(finding: &Finding, attempts: &Attempts, night: &Night) -> Vec<(Journey, Fact, i64)> {
    let mut carts: BTreeMap<u32, usize> = BTreeMap::new();
    for row in &finding.failures {
        let cart = attempts.facts[*row].cart;
        if cart != u32::MAX {
            carts.entry(cart).or_insert(*row);
        }
    }
    let id = |row: &usize| &night.carts[attempts.facts[*row].cart as usize].id;
    let mut by_value: Vec<usize> = carts.values().copied().filter(|row| attempts.facts[*row].value > 0).collect();
    by_value.sort_by(|a, b| attempts.facts[*b].value.cmp(&attempts.facts[*a].value).then_with(|| id(a).cmp(id(b))));
    let mut by_hash: Vec<usize> = carts.into_values().collect();
    let hashed = |row: &usize| hash::of_fields([Some(finding.barrier.id.as_bytes()), Some(id(row).as_bytes())]);
    by_hash.sort_by_key(hashed);
    let mut chosen: Vec<(Chosen, usize)> = Vec::new();
    chosen.extend(by_value.first().map(|row| (Chosen::Largest, *row)));
    chosen.extend(by_value.get(by_value.len() / 2).map(|row| (Chosen::Median, *row)));
    let taken: BTreeSet<usize> = chosen.iter().map(|(_, row)| *row).collect();
    if taken.len() < chosen.len() {
        chosen.pop();
    }
    let rest = by_hash.into_iter().filter(|row| !taken.contains(row)).take(JOURNEYS - taken.len());
    chosen.extend(rest.map(|row| (Chosen::ByHash, row)));
    let journey = |(chosen, row): (Chosen, usize)| {
        let fact = attempts.facts[row];
        let cart = &night.carts[fact.cart as usize];
        let journey = Journey {
            cart_id: cart.id.clone(),
            chosen,
            value: (fact.value > 0).then(|| Amount(fact.value.into())),
            segment: (!cart.segment.is_empty()).then(|| cart.segment.clone()),
            bought: fact.bought_at.is_some(),
            events: Vec::new(),
        };
        (journey, fact, attempts.at[row])
    };
    chosen.into_iter().map(journey).collect()
}

const COLUMNS: [&str; 15] = [
    "event_id",
    "line",
    "ts",
    "kind",
    "source",
    "visitor_id",
    "customer_id",
    "payment_method",
    "shipping_method",
    "error_code",
    "error_message",
    "http_status",
    "comment",
    "rating",
    "bot",
];

/// Events of these people, up to `as_of`.
fn read(file: &Path, settings: &Settings, who: &HashSet<u64>) -> Result<Vec<Seen>, Error> {
    let judged = bots::as_of(file, settings.as_of, &settings.bots)?;
    let mut seen = Vec::new();
    let mut first = 0;
    for batch in Reader::open(file, &COLUMNS)? {
        let batch = batch?;
        let text = |name: &str| {
            Text::of(&batch, name).map_err(|source| Error::Query {
                what: "the evidence of barriers",
                source: format!("{}: {source}", file.display()).into(),
            })
        };
        let (kind, visitor, customer) = (text("kind")?, text("visitor_id")?, text("customer_id")?);
        let (event_id, source, bot) = (text("event_id")?, text("source")?, text("bot")?);
        let details = [text("payment_method")?, text("shipping_method")?, text("error_code")?];
        let (message, comment) = (text("error_message")?, text("comment")?);
        let ts = primitive::<TimestampMicrosecondType>(&batch, "ts");
        let line = primitive::<UInt16Type>(&batch, "line");
        let rating = batch.column_by_name("rating").expect("asked for").as_primitive::<Float32Type>().clone();
        for row in 0..batch.num_rows() {
            let is_bot = match &judged {
                Some(rules) => rules[first + row].is_some(),
                None => bot.get(row).is_some(),
            };
            let (visitor, customer) = (stream::id(visitor.get(row)), stream::id(customer.get(row)));
            let is_asked = who.contains(&visitor) || who.contains(&customer);
            if is_bot || !is_asked || line.value(row) > 0 || ts.value(row) > settings.as_of {
                continue;
            }
            let own = |text: &Text| text.get(row).map(str::to_owned);
            let name = [source.get(row), event_id.get(row)].map(|text| text.map(str::as_bytes));
            #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
            let event = hash::of_fields(name) as u64;
            seen.push(Seen {
                at: ts.value(row),
                kind: kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other),
                event,
                visitor,
                customer,
                details: details.each_ref().map(own),
                message: own(&message),
                comment: own(&comment),
                rating: rating.is_valid(row).then(|| rating.value(row)),
            });
        }
        first += batch.num_rows();
    }
    Ok(seen)
}
