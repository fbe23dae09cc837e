//! Streams of events into the cart kernel and into the oracle, which have to make the same of them.
//!
//! Four bytes say how carts are judged; each further eight bytes are a row, of twelve at most. Rows are few and values come from short lists,
//! so that chance often strikes what is easy to get wrong: equal moments, spans of exactly three and thirty days, logins
//! that join visitors, orders told again, prices in currencies without a rate.

mod compare;
mod stream;

use std::collections::BTreeMap;

use carts::columns::Columns;
use carts::{Rules, reconstruct};
use chrono_tz::Tz;
use events::money::Rates;
use events::time::{self, DAY, HOUR};
use oracle::{Settings, World};

use self::stream::Given;

/// Rates that both know.
const RATES: [(&str, &str); 2] = [("GBP", "0.85"), ("SEK", "11.2")];
/// What the source of all rows is called.
const SOURCE: &str = "shop";

/// Carts, items and orders of a stream of events are those of the contract, in whatever order the rows come.
pub fn kernel(data: &[u8]) {
    let Some((judged, rows)) = data.split_first_chunk::<4>() else { return };
    let rows = stream::rows(rows);
    if rows.is_empty() {
        return;
    }
    let judged = Judged::of(*judged, &rows);
    let seen: Vec<&Given> = rows.iter().filter(|row| row.ts <= judged.as_of).collect();
    let world = judged.by_oracle(&rows);
    let made = judged.by_kernel(&seen);
    compare::tables(&made, &world);
    if judged.is_turned {
        let turned: Vec<&Given> = seen.iter().rev().copied().collect();
        let again = judged.by_kernel(&turned);
        assert!(again.carts == made.carts && again.orders == made.orders && again.cart_items == made.cart_items);
    }
}

/// How carts are judged.
struct Judged {
    as_of: i64,
    window: i64,
    expiry: i64,
    zone: Tz,
    /// Whether the same rows are taken the other way round as well.
    is_turned: bool,
}

impl Judged {
    fn of([as_of, span, window, zone]: [u8; 4], rows: &[Given]) -> Self {
        const WINDOWS: [(i64, i64); 4] = [(3 * DAY, 30 * DAY), (HOUR, 2 * HOUR), (30 * DAY, 3 * DAY), (1, 1)];
        let (window, expiry) = WINDOWS[usize::from(window) % WINDOWS.len()];
        let some = rows[usize::from(as_of) % rows.len()].ts;
        let latest = rows.iter().map(|row| row.ts).max().unwrap_or(some);
        // Often a moment at which something is just settled, or just not.
        let moments = [
            latest,
            latest + 4 * DAY,
            some,
            some - 1,
            some + window,
            some + window - 1,
            some + expiry,
            some + expiry + 1,
        ];
        let zones = [Tz::UTC, Tz::Europe__Berlin, Tz::America__Santiago];
        Self {
            as_of: moments[usize::from(span) % moments.len()],
            window,
            expiry,
            zone: zones[usize::from(zone) % zones.len()],
            is_turned: zone >= 192,
        }
    }

    fn by_oracle(&self, rows: &[Given]) -> World {
        let settings = Settings {
            base: "EUR".to_owned(),
            rates: RATES.map(|(code, rate)| (code.to_owned(), rate.to_owned())).into(),
            zone: self.zone,
            window_micros: self.window,
            expiry_micros: self.expiry,
            as_of: Some(self.as_of),
            clock: time::parse("2100-01-01").expect("a day"),
        };
        let fields: Vec<BTreeMap<String, String>> = rows.iter().map(Given::fields).collect();
        let world = oracle::run_rows(fields, SOURCE, &settings);
        assert_eq!(world.balance.accepted, rows.len() as u64, "every row is fine: {:?}", world.balance);
        world
    }

    fn by_kernel(&self, rows: &[&Given]) -> carts::Tables {
        let batch = stream::batch(rows);
        let columns = Columns::of(&batch).expect("all columns are there");
        let rules = Rules {
            as_of: self.as_of,
            window: self.window,
            expiry: self.expiry,
            zone: self.zone,
            rates: Rates::new("EUR", RATES).expect("rates"),
        };
        reconstruct(&columns, &rules).expect("columns are of their types")
    }
}
