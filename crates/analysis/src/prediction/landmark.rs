//! Which carts are asked for at which moments, and the answers: the rows on which models are trained and which they score.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use carts::columns::Text;
use carts::schema::{CARTS, ORDERS};
use carts::segments::{Spend, Spender, segments};
use events::parquet_io::Reader;
use events::time::{self, DAY, HOUR, MINUTE};
use events::{Amount, lake};

use super::features::{self, Features, Vocabularies};
use super::history::History;
use super::stream::{self, Id, Span};
use crate::{Error, Settings};

/// Days of events that are read: the cost of a night does not grow with the age of the lake.
pub(super) const SPAN_DAYS: i32 = 90;
/// Days for which the first of them stays where it is.
const BLOCK_DAYS: i32 = 28;
/// Carts that are asked for at landmarks; of more, an even share is.
const MOST_CARTS: usize = 60_000;

/// Ages in hours at which models are trained and judged.
pub const LANDMARKS: [f64; 5] = [0.0, 1.0, 6.0, 24.0, 48.0];
/// The first landmark is not the opening itself, but when the first visit has had a moment to go on.
const FIRST: i64 = 5 * MINUTE;

/// A cart of the carts table.
#[derive(Clone, Debug)]
pub(super) struct Cart {
    /// `cart_id` of the table.
    pub(super) name: String,
    pub(super) id: Id,
    pub(super) opened_at: i64,
    pub(super) purchased_at: Option<i64>,
    /// Pending at `as_of`.
    pub(super) is_pending: bool,
    /// Expired at `as_of`: it cannot be bought any more.
    pub(super) is_expired: bool,
    pub(super) value: Amount,
    pub(super) currency: Option<String>,
    pub(super) device: Option<String>,
    pub(super) release: Option<String>,
    /// Means of payment with the moment at which it was first given.
    pub(super) payment: Option<(String, i64)>,
}

impl Cart {
    /// Whether it was not bought within `window` of its opening, which must have passed.
    pub(super) fn is_abandoned(&self, window: i64) -> bool {
        self.purchased_at.is_none_or(|bought| bought - self.opened_at > window)
    }

    /// Whether it was not bought up to a moment.
    pub(super) fn is_unbought(&self, moment: i64) -> bool {
        self.purchased_at.is_none_or(|bought| bought > moment)
    }
}

/// Why a cart was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// At a landmark, by its position.
    Landmark(u8),
    /// As the forecast of the day on which it was opened was, or would have been, made.
    Forecast,
    /// Tonight.
    Tonight,
    /// At the end of the window, where it was not bought within it.
    Window,
}

/// A cart at a moment.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Position in [`Frame::carts`].
    pub(super) cart: u32,
    pub(super) moment: i64,
    pub(super) purpose: Purpose,
    pub(super) age_hours: f64,
    /// Number of its person, as known then.
    pub(super) person: u32,
    pub(super) features: Features,
}

/// All carts of the span, and those of them that could be found in the events at the moments asked.
#[derive(Debug)]
pub(super) struct Frame {
    /// By opening.
    pub(super) carts: Vec<Cart>,
    /// By moment.
    pub(super) rows: Vec<Row>,
    pub(super) vocabularies: Vocabularies,
    /// Of how many carts one was asked for at landmarks.
    pub(super) one_in: usize,
}

/// The landmarks within a window, in microseconds of age.
pub(super) fn landmarks(window: i64) -> Vec<i64> {
    let ages = LANDMARKS.iter().map(|hours| age(*hours));
    ages.filter(|age| *age < window).collect()
}

fn age(hours: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 48 hours")]
    let micros = (hours * HOUR as f64) as i64;
    micros.max(FIRST)
}

/// Where the folders of the tables lie that the frame is made from.
pub(super) struct Folders<'a> {
    pub(super) events: &'a Path,
    pub(super) carts: &'a Path,
    pub(super) orders: &'a Path,
}

/// Asks for the carts of the span at every landmark they reached, at the moment that `forecast_at` names for their
/// opening (if that lies before `as_of`), the pending ones at `as_of`, and all that were not bought within their window at
/// its end.
pub(super) fn frame(
    folders: &Folders<'_>,
    settings: &Settings,
    forecast_at: impl Fn(i64) -> i64,
) -> Result<Frame, Error> {
    let from = first_day(settings.as_of);
    let start = i64::from(from) * DAY;
    let carts = read_carts(folders.carts, start, settings.as_of)?;
    let one_in = one_in(&carts, start, settings.as_of);
    let questions = questions(&carts, one_in, settings, forecast_at);

    let mut history = History::new(settings.expiry);
    recall(folders.orders, start, &mut history)?;
    let mut answers = Answers { carts: &carts, rows: Vec::new(), settings, vocabularies: Vocabularies::default() };
    let mut next = 0;
    let span = Span { from, until: settings.as_of, rates: &settings.rates, bots: &settings.bots };
    stream::replay(folders.events, &span, |event| {
        // Whatever was asked for before this event is answered without it.
        while let Some(question) = questions.get(next).filter(|(moment, ..)| *moment < event.ts) {
            answers.answer(&history, *question);
            next += 1;
        }
        history.take(event);
    })?;
    for question in &questions[next..] {
        answers.answer(&history, *question);
    }
    let Answers { mut rows, mut vocabularies, .. } = answers;
    add_segments(&history, &carts, &mut rows, settings, &mut vocabularies);
    Ok(Frame { carts, rows, vocabularies, one_in })
}

/// The first day that is read: some [`SPAN_DAYS`] ago, and the same for [`BLOCK_DAYS`]. Where history begins decides a
/// little about what is known of old carts, and models are only made again if that has changed.
fn first_day(as_of: i64) -> i32 {
    let day = time::utc_day(as_of) - SPAN_DAYS;
    day - day.rem_euclid(BLOCK_DAYS)
}

/// Of how many carts one is asked for at landmarks. A power of two, by the carts of whole weeks, so that it seldom changes.
fn one_in(carts: &[Cart], start: i64, as_of: i64) -> usize {
    let weeks = start + (as_of - start) / (7 * DAY) * 7 * DAY;
    let of_weeks = carts.partition_point(|cart| cart.opened_at < weeks);
    of_weeks.div_ceil(MOST_CARTS).next_power_of_two()
}

type Question = (i64, u32, Purpose);

fn questions(carts: &[Cart], one_in: usize, settings: &Settings, forecast_at: impl Fn(i64) -> i64) -> Vec<Question> {
    let landmarks = landmarks(settings.window);
    let mut questions: Vec<Question> = Vec::new();
    for (at, cart) in (0_u32..).zip(carts) {
        if cart.is_pending {
            questions.push((settings.as_of, at, Purpose::Tonight));
        }
        let window_ends = cart.opened_at + settings.window;
        if window_ends <= settings.as_of && cart.is_unbought(window_ends) {
            questions.push((window_ends, at, Purpose::Window));
        }
        if cart.id % one_in as Id != 0 {
            continue;
        }
        let open = |moment: &i64| *moment < settings.as_of && cart.is_unbought(*moment);
        let ages = (0_u8..).zip(&landmarks).map(|(number, age)| (cart.opened_at + age, Purpose::Landmark(number)));
        let forecast = std::iter::once((forecast_at(cart.opened_at), Purpose::Forecast));
        let asked = ages.chain(forecast).filter(|(moment, _)| open(moment) && *moment > cart.opened_at);
        questions.extend(asked.map(|(moment, purpose)| (moment, at, purpose)));
    }
    questions.sort_unstable();
    questions
}

struct Answers<'a> {
    carts: &'a [Cart],
    rows: Vec<Row>,
    settings: &'a Settings,
    vocabularies: Vocabularies,
}

impl Answers<'_> {
    /// Adds the row of a cart that was known and open; others have none.
    fn answer(&mut self, history: &History, (moment, at, purpose): Question) {
        let cart = &self.carts[at as usize];
        let Some((journey, known, person)) = history.cart(cart.id, moment) else { return };
        let features = features::of(journey, known, moment, self.settings.zone, &mut self.vocabularies);
        let age_hours = (moment - cart.opened_at) as f64 / HOUR as f64;
        self.rows.push(Row { cart: at, moment, purpose, age_hours, person, features });
    }
}

/// Segments as of the opening day, of the person as known at the moment of the row.
fn add_segments(
    history: &History,
    carts: &[Cart],
    rows: &mut [Row],
    settings: &Settings,
    vocabularies: &mut Vocabularies,
) {
    let mut spent: BTreeMap<u32, Vec<Spend>> = BTreeMap::new();
    for spend in &history.spent {
        spent.entry(spend.person).or_default().push(Spend {
            known_at: spend.ts,
            counts_at: spend.ts,
            amount: spend.amount,
            is_order: spend.is_order,
        });
    }
    let width = history.persons().to_string().len();
    let spenders: Vec<Spender> =
        spent.into_iter().map(|(at, spend)| Spender { person: format!("{at:0width$}"), spend }).collect();
    let place: HashMap<u32, u32> =
        (0_u32..).zip(&spenders).filter_map(|(place, spender)| Some((spender.person.parse().ok()?, place))).collect();
    let mut asked = Vec::new();
    let mut askers = Vec::new();
    for row in rows {
        let day = time::local_date(carts[row.cart as usize].opened_at, settings.zone);
        match place.get(&row.person) {
            Some(place) => {
                asked.push((day, *place));
                askers.push(row);
            }
            None => row.features.words[features::at::SEGMENT] = vocabularies.code(features::at::SEGMENT, Some("new")),
        }
    }
    for (row, segment) in askers.into_iter().zip(segments(&spenders, &asked, settings.zone)) {
        row.features.words[features::at::SEGMENT] = vocabularies.code(features::at::SEGMENT, Some(segment.name()));
    }
}

/// Carts opened in the span, by opening.
fn read_carts(folder: &Path, start: i64, until: i64) -> Result<Vec<Cart>, Error> {
    const COLUMNS: [&str; 11] = [
        "cart_id",
        "opened_at",
        "purchased_at",
        "outcome",
        "value",
        "currency",
        "device",
        "release",
        "payment_method",
        "payment_info_at",
        "state",
    ];
    debug_assert!(COLUMNS.iter().all(|name| CARTS.columns.iter().any(|column| column.name == *name)));
    let mut carts = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &COLUMNS)? {
            let batch = batch?;
            let text = |name: &str| Text::of(&batch, name).expect("the carts table is ours");
            let (cart_id, outcome, currency) = (text("cart_id"), text("outcome"), text("currency"));
            let (device, release, payment) = (text("device"), text("release"), text("payment_method"));
            let state = text("state");
            let opened = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            let purchased = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            let value = batch.column(4).as_primitive::<Decimal128Type>();
            let paid = batch.column(9).as_primitive::<TimestampMicrosecondType>();
            for row in 0..batch.num_rows() {
                let opened_at = opened.value(row);
                let name = cart_id.get(row).unwrap_or_default();
                let Ok(id) = Id::from_str_radix(name, 16) else { continue };
                if opened_at < start || opened_at > until {
                    continue;
                }
                carts.push(Cart {
                    name: name.to_owned(),
                    id,
                    opened_at,
                    purchased_at: purchased.is_valid(row).then(|| purchased.value(row)),
                    is_pending: outcome.get(row) == Some("pending"),
                    is_expired: state.get(row) == Some("expired"),
                    value: Amount(value.value(row)),
                    currency: currency.get(row).map(str::to_owned),
                    device: device.get(row).map(str::to_owned),
                    release: release.get(row).map(str::to_owned),
                    payment: payment.get(row).filter(|_| paid.is_valid(row)).map(|by| (by.to_owned(), paid.value(row))),
                });
            }
        }
    }
    carts.sort_unstable_by_key(|cart| (cart.opened_at, cart.id));
    Ok(carts)
}

/// Orders of accounts from before the span, so that old customers are no strangers.
fn recall(folder: &Path, start: i64, history: &mut History) -> Result<(), Error> {
    debug_assert!(ORDERS.columns.iter().any(|column| column.name == "amount"));
    let mut orders: Vec<(i64, Id, Amount)> = Vec::new();
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &["person_id", "ordered_at", "amount"])? {
            let batch = batch?;
            let person = Text::of(&batch, "person_id").expect("the orders table is ours");
            let ordered: &ArrayRef = batch.column(1);
            let ordered = ordered.as_primitive::<TimestampMicrosecondType>();
            let amount = batch.column(2).as_primitive::<Decimal128Type>();
            for row in (0..batch.num_rows()).filter(|row| ordered.value(*row) < start) {
                if let Some(customer) = person.get(row).and_then(|person| person.strip_prefix("c:")) {
                    orders.push((ordered.value(row), stream::id(Some(customer)), Amount(amount.value(row))));
                }
            }
        }
    }
    orders.sort_unstable();
    for (ts, customer, amount) in orders {
        history.recall(customer, ts, amount);
    }
    Ok(())
}
