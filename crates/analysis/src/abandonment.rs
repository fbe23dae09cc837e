//! carts → how many were not bought within `cart.window`, over all and by what is known of them.

use chrono::NaiveDate;
use polars::prelude::*;
use serde::Serialize;

use crate::source::{self, Rows, count};
use crate::stats::proportion::wilson;
use crate::{Error, Estimate, Settings, segment};

/// Values of a breakdown that a page has room for; [`Breakdown::others`] sums the rest.
pub const SHOWN: usize = 20;

/// Columns of the carts table by which the rate is broken down, in the order of [`Abandonment::by`].
pub const COLUMNS: [&str; 5] = ["device", "channel", "country", "top_category", "segment"];

/// How many carts were not bought within `cart.window`.
///
/// Every breakdown has each cart exactly once: its counts sum to `overall`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Abandonment {
    /// All carts.
    pub overall: Outcomes,
    /// Abandoned carts of `overall` from which everything had been removed by `as_of`. They count as not checked out.
    pub emptied: u64,
    /// By the day on which carts were opened, on the shop's clock; ascending, days without a cart left out.
    pub days: Vec<Day>,
    /// One breakdown for each of [`COLUMNS`].
    pub by: Vec<Breakdown>,
}

/// Carts by their outcome at the window: `carts` = `abandoned` + `purchased` + `pending`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outcomes {
    /// All of them.
    pub carts: u64,
    /// Not bought within the window, which has passed.
    pub abandoned: u64,
    /// Bought within the window.
    pub purchased: u64,
    /// Not bought yet, and the window is still open: in no rate's denominator.
    pub pending: u64,
    /// Those of `purchased` whose window is still open: had they not been bought yet, they would be pending.
    pub purchased_early: u64,
    /// Those whose window has passed: `abandoned` + `purchased` - `purchased_early`.
    pub matured: u64,
    /// `abandoned` of `matured`, Wilson interval; `None` where no cart is matured.
    ///
    /// Carts bought early are left out like pending ones: of the youngest carts only the quickly bought ones have an
    /// outcome, and with them the rate would lean to the low side.
    pub rate: Option<Estimate>,
}

/// Carts opened on one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Day {
    /// The day, on the shop's clock.
    pub day: NaiveDate,
    /// Its carts. The day is matured once none is pending.
    pub outcomes: Outcomes,
}

/// Carts by the values of one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    /// The column of the carts table.
    pub column: &'static str,
    /// Every value, most carts first, then by name, the unknown last; segments in their own order
    /// (d1 to d10, lapsed, new).
    pub values: Vec<Slice>,
    /// The sum of all values after the first [`SHOWN`]; `None` if there are no more than that.
    pub others: Option<Others>,
}

/// Carts with one value of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// The value; `None` where the logs do not say, which is not the same as a value spelled `unknown`.
    pub value: Option<String>,
    /// Its carts.
    pub outcomes: Outcomes,
}

/// The values of a breakdown that are not among the first [`SHOWN`], as one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Others {
    /// How many values these are.
    pub values: u64,
    /// Their carts.
    pub outcomes: Outcomes,
}

impl Breakdown {
    /// The values that a page has room for: the first [`SHOWN`].
    #[must_use]
    pub fn shown(&self) -> &[Slice] {
        &self.values[..self.values.len().min(SHOWN)]
    }
}

impl Outcomes {
    fn new(abandoned: u64, purchased: u64, pending: u64, purchased_early: u64) -> Self {
        Self {
            carts: abandoned + purchased + pending,
            abandoned,
            purchased,
            pending,
            purchased_early,
            matured: abandoned + purchased - purchased_early,
            rate: wilson(abandoned, abandoned + purchased - purchased_early),
        }
    }
}

impl std::ops::Add for Outcomes {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(
            self.abandoned + other.abandoned,
            self.purchased + other.purchased,
            self.pending + other.pending,
            self.purchased_early + other.purchased_early,
        )
    }
}

impl std::iter::Sum for Outcomes {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), std::ops::Add::add)
    }
}

/// Abandonment over all carts, by day and by each of [`COLUMNS`].
pub(crate) fn rates(carts: &LazyFrame, settings: &Settings) -> Result<Abandonment, Error> {
    const WHAT: &str = "the abandonment rate";
    let counts = counts(settings);
    let emptied = count(is("abandoned").and(col("emptied"))).alias("emptied");
    let all = Rows::collect(carts.clone().select([counts.as_slice(), &[emptied]].concat()), WHAT)?;

    let by_day = Rows::collect(carts.clone().group_by([col(source::DAY)]).agg(&counts), WHAT)?;
    let mut days: Vec<Day> = by_day
        .days(source::DAY)?
        .into_iter()
        .zip(outcomes(&by_day)?)
        .map(|(day, outcomes)| Day { day, outcomes })
        .collect();
    days.sort_by_key(|day| day.day);

    let breakdown = |column| {
        let groups = Rows::collect(carts.clone().group_by([col(column)]).agg(&counts), WHAT)?;
        let values = groups.texts(column)?.into_iter().zip(outcomes(&groups)?);
        let values = values.map(|(value, outcomes)| Slice { value: value.map(str::to_owned), outcomes }).collect();
        Ok(Breakdown::new(column, values))
    };
    Ok(Abandonment {
        overall: outcomes(&all)?.into_iter().sum(),
        emptied: all.counts("emptied")?.into_iter().sum(),
        days,
        by: COLUMNS.into_iter().map(breakdown).collect::<Result<_, Error>>()?,
    })
}

impl Breakdown {
    fn new(column: &'static str, mut values: Vec<Slice>) -> Self {
        // In the order of Option, the unknown would come first.
        let name = |slice: &Slice| (slice.value.is_none(), slice.value.clone());
        if column == "segment" {
            values.sort_by_key(|slice| (slice.value.as_deref().map(segment::rank), name(slice)));
        } else {
            values.sort_by_key(|slice| (std::cmp::Reverse(slice.outcomes.carts), name(slice)));
        }
        let rest = values.get(SHOWN..).filter(|rest| !rest.is_empty());
        let others = rest
            .map(|rest| Others { values: rest.len() as u64, outcomes: rest.iter().map(|slice| slice.outcomes).sum() });
        Self { column, values, others }
    }
}

fn is(outcome: &'static str) -> Expr {
    col("outcome").eq(lit(outcome))
}

/// What [`outcomes`] reads.
fn counts(settings: &Settings) -> Vec<Expr> {
    let young = col("opened_at").gt(lit(settings.as_of - settings.window));
    vec![
        count(is("abandoned")).alias("abandoned"),
        count(is("purchased")).alias("purchased"),
        count(is("pending")).alias("pending"),
        count(is("purchased").and(young)).alias("purchased_early"),
    ]
}

/// One per group. There `opened_at` is microseconds, see [`source::carts`].
fn outcomes(groups: &Rows) -> Result<Vec<Outcomes>, Error> {
    let [abandoned, purchased, pending, early] = [
        groups.counts("abandoned")?,
        groups.counts("purchased")?,
        groups.counts("pending")?,
        groups.counts("purchased_early")?,
    ];
    Ok((0..groups.height()).map(|at| Outcomes::new(abandoned[at], purchased[at], pending[at], early[at])).collect())
}

#[cfg(test)]
mod tests;
