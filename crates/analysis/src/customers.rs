//! carts + orders + events → one row per person: what was bought and left, what went wrong, what was said, and how the
//! person is best reached.
//!
//! ```text
//! carts, orders ──past──> persons, totals, segment          (all time)
//! events ──────who──────> whose an event is                 (the last 90 days, and what the carts tell)
//! events ──────seen─────> visits, voices, contacts          (the last 90 days, a day at a time)
//! ```
//!
//! A person is a row if there is a cart, an order, or anything said by or to the person within the span. Who only looked
//! around is none.

mod past;
mod seen;
pub(crate) mod tables;
#[cfg(test)]
pub(crate) mod testing;
mod trend;
mod who;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use events::Amount;
use events::time::{self, DAY};
use serde::Serialize;

use crate::follow_up::Rules;
use crate::{Error, Settings, Tables, segment, text};
pub(crate) use past::{PastCart, convert};
pub(crate) use seen::{Contact, Met, Voice};
pub use trend::Trend;

/// UTC days of events that are read, the last one included.
pub const SPAN_DAYS: i32 = 90;

/// A row of [`crate::schema::CUSTOMERS`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Customer {
    /// `c:<customer_id>` or `v:<visitor_id>`.
    pub person_id: String,
    /// Orders.
    pub orders: u64,
    /// Their amounts less refunds that name them, in the base currency.
    pub spend: Amount,
    /// When the last order was placed.
    pub last_order_at: Option<i64>,
    /// Whole days, on the shop's clock, from the last order's day to that of `as_of`.
    pub recency: Option<i64>,
    /// Orders in the 365 days before the day of `as_of`.
    pub frequency: u64,
    /// d1 to d10, lapsed or new, at 00:00 of the day of `as_of`.
    pub segment: String,
    /// Top 1 % of spend, likewise.
    pub top1: bool,
    /// Carts opened.
    pub carts: u64,
    /// Those bought within the window.
    pub purchased: u64,
    /// Those not bought within the window.
    pub abandoned: u64,
    /// Abandoned carts that were bought later.
    pub recovered: u64,
    /// Carts whose window is still open.
    pub pending: u64,
    /// Value at the window of the abandoned carts that were not bought later, in the base currency.
    pub lost_value: Amount,
    /// Checkout errors met in carts.
    pub errors: u64,
    /// Category most often looked at, put into carts or bought, within the span.
    pub favourite_category: Option<String>,
    /// Channel through which the person buys, answers and asks most often.
    pub channel_of_choice: Option<String>,
    /// Times the shop contacted the person, within the span.
    pub contacts: u64,
    /// Times the person asked for help, within the span.
    pub support_contacts: u64,
    /// When either was last.
    pub last_contact_at: Option<i64>,
    /// By which channel.
    pub last_contact_channel: Option<String>,
    /// Ratings given, within the span.
    pub ratings: u64,
    /// Their mean.
    pub satisfaction: Option<f64>,
    /// Visits in the last 30 days.
    pub visits: u64,
    /// Visits in the 30 days before these.
    pub visits_before: u64,
    /// How the two compare; `None` where there are too few visits.
    pub trend: Option<Trend>,
    /// The last event of any kind within the span, or cart event or order of any time.
    pub last_seen_at: Option<i64>,
    /// Whether the person asked not to be contacted.
    pub opted_out: bool,
}

/// Customers, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Customers {
    /// Persons with a cart, an order, or something said.
    pub persons: u64,
    /// Those with an account.
    pub accounts: u64,
    /// By segment, top first.
    pub segments: Vec<SegmentCustomers>,
    /// First moment of the events that were read.
    #[serde(serialize_with = "text::moment")]
    pub since: i64,
    /// The base currency.
    pub base: String,
    /// Units of the currencies of abandoned carts per one of the base currency, in billionths, where there is a rate.
    #[serde(skip)]
    pub rates: BTreeMap<String, i128>,
    /// Rows of the table.
    #[serde(skip)]
    pub rows: Vec<Customer>,
}

/// The customers of a segment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SegmentCustomers {
    /// d1 to d10, lapsed or new.
    pub segment: String,
    /// Persons in it.
    pub persons: u64,
    /// Their orders.
    pub orders: u64,
    /// What they spent, net of refunds, in the base currency.
    #[serde(serialize_with = "text::amount")]
    pub spend: Amount,
    /// Their carts.
    pub carts: u64,
    /// Their abandoned carts.
    pub abandoned: u64,
    /// What these held and was not bought later, in the base currency.
    #[serde(serialize_with = "text::amount")]
    pub lost_value: Amount,
    /// Persons that met a checkout error.
    pub met_errors: u64,
}

/// Everything known of persons, for the parts that ask about them.
pub(crate) struct People {
    /// By position: sorted by `person_id`.
    pub(crate) rows: Vec<Customer>,
    at: HashMap<Box<str>, u32>,
    /// Carts that were open within the span.
    pub(crate) carts: Vec<PastCart>,
    /// Every order: whose and when; sorted.
    pub(crate) orders: Vec<(u32, i64)>,
    /// What was said within the span, in order of time.
    pub(crate) voices: Vec<Voice>,
    /// Contacts by the shop within the span, in order of time.
    pub(crate) contacts: Vec<Contact>,
    /// The last checkout error that a person met within the span.
    pub(crate) met: HashMap<u32, Met>,
    /// The last order's id of persons without an account.
    pub(crate) order_ids: HashMap<u32, Box<str>>,
    /// Times each channel was bought through, answered or chosen, by person.
    pub(crate) channels: HashMap<u32, BTreeMap<String, u64>>,
    /// Currencies of abandoned carts.
    pub(crate) currencies: BTreeSet<String>,
    /// First moment of the span.
    pub(crate) since: i64,
    pub(crate) who: carts::persons::Links,
}

impl People {
    /// The position of a person.
    pub(crate) fn position(&self, person: &str) -> Option<u32> {
        self.at.get(person).copied()
    }

    /// Whether the person ordered between these moments, both included.
    pub(crate) fn ordered(&self, person: u32, from: i64, to: i64) -> bool {
        let first = self.orders.partition_point(|order| *order < (person, from));
        self.orders.get(first).is_some_and(|(whose, at)| *whose == person && *at <= to)
    }
}

/// Reads what the tables know of persons.
pub(crate) fn people(tables: &Tables, settings: &Settings, contacting: &Rules) -> Result<People, Error> {
    let first_day = time::utc_day(settings.as_of) - SPAN_DAYS + 1;
    let since = i64::from(first_day) * DAY;
    let past = past::read(tables, settings, since)?;
    let days = seen::days(&tables.events)?;
    let who = who::learn(&days, first_day, settings.as_of, &past.pairs)?;
    let seen = seen::read(&days, first_day, (settings, contacting), &who, &past.index)?;
    Ok(join(past, seen, who, since))
}

fn join(past: past::Past, seen: seen::Seen, who: carts::persons::Links, since: i64) -> People {
    let past::Past { mut rows, mut carts, mut orders, mut order_ids, order_channels, currencies, .. } = past;
    // Persons who are known by what they said alone come after those with a cart or an order.
    rows.extend(seen.persons[rows.len()..].iter().map(|person| Customer {
        person_id: person.to_string(),
        segment: "new".to_owned(),
        ..Customer::default()
    }));
    let mut channels: HashMap<u32, BTreeMap<String, u64>> = HashMap::new();
    for (person, channel) in order_channels {
        *channels.entry(person).or_default().entry(channel).or_default() += 1;
    }
    seen::fill(&mut rows, &mut channels, &seen);
    let mut order: Vec<u32> = (0_u32..).take(rows.len()).collect();
    order.sort_by(|a, b| rows[*a as usize].person_id.cmp(&rows[*b as usize].person_id));
    let mut place = vec![0_u32; rows.len()];
    for (to, from) in (0_u32..).zip(&order) {
        place[*from as usize] = to;
    }
    let mut sorted: Vec<Customer> = order.iter().map(|at| std::mem::take(&mut rows[*at as usize])).collect();
    let mut moved_channels: HashMap<u32, BTreeMap<String, u64>> = HashMap::with_capacity(channels.len());
    for (at, row) in (0_u32..).zip(&mut sorted) {
        if let Some(counted) = channels.remove(&order[at as usize]) {
            row.channel_of_choice = favourite(&counted);
            moved_channels.insert(at, counted);
        }
    }
    let moved = |person: u32| place[person as usize];
    for (person, _) in &mut orders {
        *person = moved(*person);
    }
    orders.sort_unstable();
    let at = sorted.iter().zip(0_u32..).map(|(row, at)| (row.person_id.as_str().into(), at)).collect();
    let seen::Seen { mut voices, mut contacts, mut met, .. } = seen;
    let order_ids = (0_u32..).zip(&order).filter_map(|(to, from)| Some((to, order_ids.remove(from)?.1))).collect();
    let met = (0_u32..).zip(&order).filter_map(|(to, from)| Some((to, met.remove(from)?))).collect();
    for voice in &mut voices {
        voice.person = moved(voice.person);
    }
    for contact in &mut contacts {
        contact.person = moved(contact.person);
    }
    for cart in &mut carts {
        cart.person = moved(cart.person);
    }
    carts.sort_by(|a, b| (a.person, a.opened_at, &a.cart_id).cmp(&(b.person, b.opened_at, &b.cart_id)));
    People {
        rows: sorted,
        at,
        carts,
        orders,
        voices,
        contacts,
        met,
        order_ids,
        channels: moved_channels,
        currencies,
        since,
        who,
    }
}

fn billionths(currency: &str, settings: &Settings) -> Option<i128> {
    Some(settings.rates.convert(Amount(1_000_000_000), settings.rates.base(), currency)?.0)
}

/// The word that was counted most often, the first in the alphabet of several.
pub(crate) fn favourite(counted: &BTreeMap<String, u64>) -> Option<String> {
    let most = counted.values().max()?;
    counted.iter().find(|(_, count)| *count == most).map(|(word, _)| word.clone())
}

/// The rows, and their sums.
pub(crate) fn summary(people: &People, settings: &Settings) -> Customers {
    let mut segments: BTreeMap<(u8, &str), SegmentCustomers> = BTreeMap::new();
    for row in &people.rows {
        let sum = segments.entry((segment::rank(&row.segment), &row.segment)).or_default();
        sum.segment.clone_from(&row.segment);
        sum.persons += 1;
        sum.orders += row.orders;
        sum.spend += row.spend;
        sum.carts += row.carts;
        sum.abandoned += row.abandoned;
        sum.lost_value += row.lost_value;
        sum.met_errors += u64::from(row.errors > 0);
    }
    Customers {
        persons: people.rows.len() as u64,
        accounts: people.rows.iter().filter(|row| row.person_id.starts_with("c:")).count() as u64,
        segments: segments.into_values().collect(),
        since: people.since,
        base: settings.rates.base().to_owned(),
        rates: people.currencies.iter().filter_map(|code| Some((code.clone(), billionths(code, settings)?))).collect(),
        rows: people.rows.clone(),
    }
}
