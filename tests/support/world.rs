//! Small worlds of a few small shops each, dense in what is easy to get wrong: equal moments, gaps of exactly three and thirty days, logins that
//! join visitors, shared devices, orders sent again or without an id, refunds, removals, missing prices, currencies
//! with and without a rate, clocks that change, rows told twice, in conflict, or broken.

mod dice;
mod text;

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;

use dice::Dice;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// The clock of every run: all but the rows that are meant to lie ahead lie behind it.
const CLOCK: &str = "2030-01-01T00:00:00Z";

/// The logs of some small shops in one, and how they ask to be judged.
#[derive(Clone, Debug)]
pub struct World {
    /// The files by name, in the order in which they are read.
    pub files: Vec<(String, String)>,
    /// Whether they are CSV rather than NDJSON.
    pub csv: bool,
    /// The shop's time zone.
    pub zone: Tz,
    /// Nothing later counts (microseconds since 1970, UTC); `None` stands for the latest row.
    pub as_of: Option<i64>,
}

/// A row by column, before it is written.
type Fields = BTreeMap<&'static str, String>;

impl World {
    /// The world of a seed, with so many shops. Shops share no customer, but everything that ranks customers.
    #[must_use]
    pub fn new(seed: u64, shops: usize) -> Self {
        let mut dice = Dice::new(seed);
        let mut maker = Maker { moments: SPECIAL.iter().map(|text| micros(text)).collect(), events: 0 };
        let mut rows = Vec::new();
        for shop in 0..shops {
            for _ in 0..30 + dice.below(70) {
                rows.extend(maker.event(&mut dice).into_iter().map(|row| of_shop(shop, row)));
            }
        }
        let as_of = as_of(&maker.moments, &mut dice);
        let rows = told_twice(rows, &mut dice);
        let csv = dice.one_in(3);
        let parts = 1 + dice.below(3);
        let size = rows.len().div_ceil(parts);
        let files = rows.chunks(size).enumerate().map(|(at, rows)| {
            let extension = if csv { "csv" } else { "ndjson" };
            let text = if csv { text::csv(rows, &mut dice) } else { text::ndjson(rows, &mut dice) };
            (format!("log-{at}.{extension}"), text)
        });
        let files = files.collect();
        let zone = dice.pick(&[Tz::UTC, Tz::Europe__Berlin, Tz::America__Santiago]);
        Self { files, csv, zone, as_of }
    }

    /// `leftcart.toml` for it. Whatever share of rows is broken, the run goes on.
    #[must_use]
    pub fn config(&self) -> String {
        format!(
            "[shop]\ntime_zone = \"{}\"\n[money]\nbase = \"EUR\"\nrates = {{ GBP = 0.85, SEK = 11.2 }}\n\
             [ingest]\nmax_rejected = 1.0\n",
            self.zone.name()
        )
    }

    /// The same for the oracle.
    #[must_use]
    pub fn settings(&self) -> oracle::Settings {
        oracle::Settings {
            base: "EUR".to_owned(),
            rates: [("GBP", "0.85"), ("SEK", "11.2")].map(|(code, rate)| (code.to_owned(), rate.to_owned())).into(),
            zone: self.zone,
            window_micros: 3 * DAY,
            expiry_micros: 30 * DAY,
            as_of: self.as_of,
            clock: micros(CLOCK),
        }
    }

    /// What the contract makes of it.
    #[must_use]
    pub fn judged(&self, source: &str) -> oracle::World {
        let run = if self.csv { oracle::run_csv } else { oracle::run_ndjson };
        run(&self.files, source, &self.settings())
    }
}

/// Microseconds since 1970 of an ISO 8601 moment.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn micros(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).expect("a moment").timestamp_micros()
}

/// Where days begin and clocks change in the zones above, and a year before that.
const SPECIAL: [&str; 9] = [
    "2025-03-28T23:00:00Z",
    "2025-03-29T22:59:59.999999Z",
    "2025-03-29T23:00:00Z",
    "2025-03-30T01:00:00Z",
    "2025-03-30T22:00:00Z",
    "2025-04-06T03:00:00Z",
    "2025-04-06T04:00:00Z",
    "2024-03-29T23:00:00Z",
    "2024-03-30T23:00:00Z",
];

const GAPS: [i64; 16] = [
    0,
    0,
    1,
    SECOND,
    30 * SECOND,
    1_799_999_999,
    1_800 * SECOND,
    1_800 * SECOND + 1,
    HOUR,
    7 * HOUR,
    DAY,
    3 * DAY,
    3 * DAY + 1,
    30 * DAY - 1,
    30 * DAY,
    30 * DAY + 1,
];

/// A moment from which to look back: often one at which something is just settled, or just not.
fn as_of(moments: &[i64], dice: &mut Dice) -> Option<i64> {
    let some = dice.pick(moments);
    let latest = moments.iter().copied().max().unwrap_or(some);
    match dice.below(8) {
        0 | 1 => None,
        2 | 3 => Some(latest + 4 * DAY),
        4 => Some(some),
        5 => Some(some - 1),
        6 => Some(some + 3 * DAY - i64::from(dice.one_in(2))),
        _ => Some(some + 30 * DAY + i64::from(dice.one_in(2))),
    }
}

/// Mixes the rows and tells some of them again: as they are, in another spelling, or with other content.
fn told_twice(mut rows: Vec<Fields>, dice: &mut Dice) -> Vec<Fields> {
    for at in 0..rows.len() {
        let with = at.saturating_sub(dice.below(6));
        rows.swap(at, with);
    }
    let mut all: Vec<Fields> = Vec::new();
    for row in rows {
        all.push(row);
        if dice.one_in(12) {
            let mut again = dice.pick_ref(&all).clone();
            match dice.below(3) {
                0 => {}
                1 => {
                    for column in ["kind", "currency", "device"] {
                        again.entry(column).and_modify(|text| *text = format!(" {} ", text.to_uppercase()));
                    }
                }
                _ => {
                    let (column, text) = dice.pick(&[("quantity", "7"), ("unit_price", "1.25"), ("coupon", "OTHER")]);
                    again.insert(column, text.to_owned());
                }
            }
            all.push(again);
        }
    }
    all
}

/// The row of one shop among several: whoever and whatever it names is of this shop alone.
fn of_shop(shop: usize, mut row: Fields) -> Fields {
    for column in ["event_id", "visitor_id", "customer_id", "session_id", "order_id"] {
        row.entry(column).and_modify(|text| {
            if !text.is_empty() {
                text.insert_str(0, &format!("w{shop}"));
            }
        });
    }
    row
}

/// Makes events one after the other, each at some distance of one before.
struct Maker {
    moments: Vec<i64>,
    events: usize,
}

impl Maker {
    /// The rows of one event.
    fn event(&mut self, dice: &mut Dice) -> Vec<Fields> {
        let recent = self.moments.len().saturating_sub(8);
        let anchor = if dice.one_in(4) { dice.pick(&self.moments) } else { dice.pick(&self.moments[recent..]) };
        let ts = anchor + dice.pick(&GAPS);
        self.moments.push(ts);
        self.events += 1;
        let kind = dice.pick(&KINDS);
        let mut head = Fields::from([("event_id", format!("e{:03}", self.events * 37 % 997)), ("kind", kind.into())]);
        let precise = DateTime::from_timestamp_micros(ts).expect("a moment");
        head.insert("ts", precise.format(dice.pick(&["%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M:%S%.6f"])).to_string());
        who(&mut head, dice);
        where_from(&mut head, dice);
        let may_have_lines = matches!(kind, "add_to_cart" | "view_cart" | "begin_checkout" | "purchase" | "refund");
        let lines = if may_have_lines && dice.one_in(3) { 2 + dice.below(2) } else { 1 };
        if matches!(kind, "purchase" | "refund") {
            some(&mut head, "order_id", 3, &["o0", "o1", "o2", "o3", "o4"], dice);
        }
        let mut rows = Vec::new();
        for line in 0..lines {
            let mut row = head.clone();
            if lines > 1 || dice.one_in(2) {
                row.insert("line", line.to_string());
            }
            what(&mut row, kind, line == 0, dice);
            if dice.one_in(25) {
                spoil(&mut row, dice);
            }
            rows.push(row);
        }
        rows
    }
}

const KINDS: [&str; 32] = [
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "add_to_cart",
    "Add_To_Cart",
    "remove_from_cart",
    "remove_from_cart",
    "remove_from_cart",
    "view_cart",
    "view_cart",
    "begin_checkout",
    "begin_checkout",
    "begin_checkout",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "checkout_error",
    "checkout_error",
    "purchase",
    "purchase",
    "purchase",
    "purchase",
    "purchase",
    "refund",
    "refund",
    "view_item",
    "support_contact",
    "other",
];

/// Sets a column in all but one of `absent` rows.
fn some(row: &mut Fields, column: &'static str, absent: usize, texts: &[&str], dice: &mut Dice) {
    if !dice.one_in(absent) {
        row.insert(column, dice.pick(texts).to_owned());
    }
}

/// Sets a column in one of `one_in` rows.
fn seldom(row: &mut Fields, column: &'static str, one_in: usize, texts: &[&str], dice: &mut Dice) {
    if dice.one_in(one_in) {
        row.insert(column, dice.pick(texts).to_owned());
    }
}

fn who(row: &mut Fields, dice: &mut Dice) {
    some(row, "visitor_id", 8, &["v0", "v1", "v2", "v3"], dice);
    if dice.one_in(5) || !row.contains_key("visitor_id") {
        row.insert("customer_id", dice.pick(&["c0", "c1", "c2"]).to_owned());
    }
    some(row, "session_id", 4, &["s0", "s1", "s2", "s3", "s4"], dice);
}

fn where_from(row: &mut Fields, dice: &mut Dice) {
    seldom(row, "device", 2, &["mobile", "Desktop", "tablet", "fridge"], dice);
    seldom(row, "os", 3, &["iOS", "android", "Windows"], dice);
    seldom(row, "browser", 3, &["Safari", "chrome", "Lynx"], dice);
    seldom(row, "country", 3, &["de", "AT", "Germany"], dice);
    seldom(row, "channel", 3, &["email", "Paid Search"], dice);
    seldom(row, "release", 3, &["r1", "r2"], dice);
    seldom(row, "payment_method", 5, &["card", "PayPal"], dice);
    seldom(row, "shipping_method", 5, &["standard", "express"], dice);
    seldom(row, "coupon", 6, &["TEN", "FREE"], dice);
}

fn what(row: &mut Fields, kind: &str, first_line: bool, dice: &mut Dice) {
    seldom(row, "category", 2, &["Kitchen", "Garden"], dice);
    some(row, "product_id", 4, &["p0", "p1", "p2"], dice);
    if !row.contains_key("product_id") || dice.one_in(6) {
        some(row, "product_name", 3, &["Mug, large", "Cup \"XL\"\nblue"], dice);
    }
    some(row, "quantity", 3, &["1", "2", "3", "2.0", "0", "5"], dice);
    some(row, "unit_price", 4, &["9.99995", "12.5", "0", "19.99", "100", "0.00005", "3.333333", "1e1"], dice);
    some(row, "currency", 4, &["EUR", "EUR", "EUR", "eur", "GBP", "SEK", "USD"], dice);
    if kind == "purchase" && first_line {
        seldom(row, "order_value", 2, &["25", "10.5", "0", "99999.99995"], dice);
    }
    if kind == "refund" && first_line {
        seldom(row, "order_value", 2, &["25", "-10.5", "-0.00005"], dice);
    }
    if kind == "checkout_error" {
        some(row, "error_code", 3, &["PSP-502", "CARD-01"], dice);
    }
}

fn spoil(row: &mut Fields, dice: &mut Dice) {
    let (column, text) = dice.pick(&[
        ("ts", ""),
        ("ts", "2025-02-30T10:00:00Z"),
        ("ts", "2030-01-02T00:00:00.000001Z"),
        ("kind", "zap"),
        ("kind", ""),
        ("unit_price", "12,50"),
        ("unit_price", "-1"),
        ("order_value", "100000000000000"),
        ("quantity", "1.5"),
        ("quantity", "-1"),
        ("quantity", "100001"),
        ("visitor_id", ""),
        (text::BROKEN, "x"),
    ]);
    if column == "visitor_id" {
        row.remove("customer_id");
    }
    row.insert(column, text.to_owned());
}
