//! Pieces of SQL, and cells of the answers.

#![expect(clippy::unnecessary_wraps, reason = "every cell is optional, also where the kind of it never is missing")]

use events::{Amount, time};

use crate::Estimate;

/// A cell of an answer; `None` is SQL's NULL.
pub(super) type Cell = Option<String>;

/// The tables of a generation, as SQL reads them.
pub(super) struct Tables {
    data: String,
}

impl Tables {
    pub(super) fn new(data: &str) -> Self {
        Self { data: data.trim_end_matches('/').replace('\'', "''") }
    }

    pub(super) fn carts(&self) -> String {
        self.table(carts::schema::CARTS.name)
    }

    /// Partitioned by day and bucket; the folders' names are no columns.
    pub(super) fn events(&self) -> String {
        format!("read_parquet('{}/{}/**/*.parquet', hive_partitioning = false)", self.data, events::schema::EVENTS.name)
    }

    pub(super) fn orders(&self) -> String {
        self.table(carts::schema::ORDERS.name)
    }

    pub(super) fn cart_items(&self) -> String {
        self.table(carts::schema::CART_ITEMS.name)
    }

    pub(super) fn recoveries(&self) -> String {
        self.table(crate::schema::RECOVERIES.name)
    }

    /// Orders and refunds as they count for where persons stand.
    pub(super) fn spend(&self) -> String {
        self.table("state/spend")
    }

    pub(super) fn revenue(&self) -> String {
        self.table(crate::schema::REVENUE.name)
    }

    pub(super) fn customers(&self) -> String {
        self.table(crate::schema::CUSTOMERS.name)
    }

    pub(super) fn later(&self) -> String {
        self.table(crate::schema::LATER.name)
    }

    pub(super) fn predictions(&self) -> String {
        self.table(crate::schema::PREDICTIONS.name)
    }

    pub(super) fn backtest(&self) -> String {
        self.table(crate::schema::BACKTEST.name)
    }

    pub(super) fn forecasts(&self) -> String {
        self.table(crate::schema::FORECASTS.name)
    }

    pub(super) fn reasons(&self) -> String {
        self.table(crate::schema::REASONS.name)
    }

    pub(super) fn barriers(&self) -> String {
        self.table(crate::schema::BARRIERS.name)
    }

    pub(super) fn barrier_carts(&self) -> String {
        self.table(crate::schema::BARRIER_CARTS.name)
    }

    fn table(&self, name: &str) -> String {
        format!("read_parquet('{}/{name}/*.parquet')", self.data)
    }
}

/// The day, on the shop's clock, on which a cart was opened.
pub(super) fn day(zone: &str) -> String {
    format!("(opened_at at time zone '{zone}')::date")
}

/// A moment as a literal.
pub(super) fn moment(micros: i64) -> String {
    format!("timestamptz '{}'", time::format(micros))
}

/// The segments' own order.
pub(super) const SEGMENT_ORDER: &str =
    "case segment when 'lapsed' then 11 when 'new' then 12 else substr(segment, 2)::int end";

/// Text.
pub(super) fn text(text: &str) -> Cell {
    Some(text.to_owned())
}

/// Text that may be missing.
pub(super) fn word(word: Option<&str>) -> Cell {
    word.map(str::to_owned)
}

/// A count.
pub(super) fn count(count: u64) -> Cell {
    Some(count.to_string())
}

/// Money, with four decimals.
pub(super) fn money(amount: Amount) -> Cell {
    Some(amount.to_string())
}

/// A float in its shortest form, always with a point or an exponent.
pub(super) fn float(number: f64) -> Cell {
    Some(format!("{number:?}"))
}

/// The point of an estimate.
pub(super) fn share(estimate: Option<Estimate>) -> Cell {
    estimate.and_then(|estimate| float(estimate.point))
}
