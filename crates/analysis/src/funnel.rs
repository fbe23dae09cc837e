//! carts → how many reached each step of the checkout, where they stopped, and how long a step took.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Serialize;

use crate::headlines::Drop;
use crate::source::{Rows, count};
use crate::stats::proportion::wilson;
use crate::stats::quantile;
use crate::{Error, Estimate, Settings};

/// A step of the checkout, in the order of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The cart was opened (by `add_to_cart`, or by `begin_checkout` where nothing was added before).
    AddToCart,
    /// It was looked at.
    ViewCart,
    /// Checkout was entered.
    BeginCheckout,
    /// Shipping address or method was given.
    AddShippingInfo,
    /// A means of payment was given.
    AddPaymentInfo,
    /// It was bought.
    Purchase,
}

/// How far carts came, and where they stopped.
///
/// Over **matured carts only**: those opened at least `cart.window` before `as_of`, so that every one of them had the
/// same chance to get on. How far is judged at `as_of`: a purchase after the window (a recovered cart) has reached the
/// last step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Funnel {
    /// Matured carts.
    pub carts: u64,
    /// The last moment at which a cart could open and have matured: `as_of` - `cart.window`, microseconds since 1970.
    #[serde(serialize_with = "crate::text::moment")]
    pub opened_until: i64,
    /// Those of the carts at the last step that were bought only after the window.
    pub purchased_late: u64,
    /// All six steps in order.
    pub steps: Vec<StepCount>,
    /// The same for each device; most carts first, then by name, the unknown last.
    pub by_device: Vec<DeviceFunnel>,
}

/// The funnel of the carts opened on one kind of device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceFunnel {
    /// The device of the opening event; `None` where the logs do not say.
    pub device: Option<String>,
    /// Matured carts.
    pub carts: u64,
    /// All six steps in order; `recorded` is that of the whole shop.
    pub steps: Vec<StepCount>,
}

/// One step of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepCount {
    /// The step.
    pub step: Step,
    /// Whether any cart of the table, matured or not, bears a trace of this very step. A step without one is one that
    /// the shop does not log: the carts behind it passed it unseen. Always true of the first step.
    pub recorded: bool,
    /// Carts that reached at least this step: those seen at a later one have passed it.
    pub carts: u64,
    /// `carts` of all matured carts; `None` where there are none.
    pub of_opened: Option<Estimate>,
    /// `carts` of those that reached the recorded step before; `None` for the first step, for one that is not
    /// recorded, and where nobody reached the one before.
    pub of_previous: Option<Estimate>,
    /// Carts that reached the recorded step before and not this one; 0 for the first step and one not recorded.
    /// Over all steps this sums to the carts that were not bought.
    pub stopped_before: u64,
    /// Time since the timed and recorded step before (the opening, `begin_checkout`, `add_shipping_info` or
    /// `add_payment_info`); `None` where the table has no time of this step (`view_cart`, or nothing recorded).
    pub since_previous: Option<Timing>,
    /// Time since the cart was opened; `None` as above.
    pub since_opened: Option<Timing>,
}

/// How long carts took from one step to a later one: over matured carts with both times, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// The step from which time is counted.
    pub from: Step,
    /// Carts measured, at least 1.
    pub n: u64,
    /// Seconds that half of them stayed below (linear between order statistics, as SQL's `quantile_cont`).
    pub median_secs: f64,
    /// Seconds that nine of ten stayed below.
    pub p90_secs: f64,
}

impl Step {
    /// Every step, in the order of the funnel.
    pub const ALL: [Self; 6] = [
        Self::AddToCart,
        Self::ViewCart,
        Self::BeginCheckout,
        Self::AddShippingInfo,
        Self::AddPaymentInfo,
        Self::Purchase,
    ];

    /// The name in the tables: that of the event kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddToCart => "add_to_cart",
            Self::ViewCart => "view_cart",
            Self::BeginCheckout => "begin_checkout",
            Self::AddShippingInfo => "add_shipping_info",
            Self::AddPaymentInfo => "add_payment_info",
            Self::Purchase => "purchase",
        }
    }

    /// The column of the carts table that holds when a cart first reached it; `None` for `view_cart`.
    pub(crate) const fn time(self) -> Option<&'static str> {
        match self {
            Self::AddToCart => Some("opened_at"),
            Self::ViewCart => None,
            Self::BeginCheckout => Some("checkout_started_at"),
            Self::AddShippingInfo => Some("shipping_info_at"),
            Self::AddPaymentInfo => Some("payment_info_at"),
            Self::Purchase => Some("purchased_at"),
        }
    }
}

impl Funnel {
    /// The neighbouring recorded steps between which most carts stop.
    pub(crate) fn biggest_drop(&self) -> Option<Drop> {
        let recorded: Vec<&StepCount> = self.steps.iter().filter(|step| step.recorded).collect();
        let unbought = self.steps.iter().map(|step| step.stopped_before).sum();
        let drops = recorded.windows(2).filter_map(|pair| {
            let stopped = pair[1].stopped_before;
            Some(Drop {
                from: pair[0].step,
                to: pair[1].step,
                stopped,
                of_reached: wilson(stopped, pair[0].carts)?,
                of_stopped: wilson(stopped, unbought)?,
            })
        });
        // Of equals, `max_by_key` keeps the last: reversed, that is the earlier step.
        drops.rev().max_by_key(|drop| drop.stopped).filter(|drop| drop.stopped > 0)
    }
}

/// The funnel of matured carts, over all and by device.
pub(crate) fn steps(carts: &LazyFrame, settings: &Settings) -> Result<Funnel, Error> {
    const WHAT: &str = "the checkout funnel";
    let opened_until = settings.as_of - settings.window;
    let recorded = recorded(carts, WHAT)?;
    let matured = carts.clone().filter(col("opened_at").lt_eq(lit(opened_until)));
    let times = Step::ALL.into_iter().filter_map(Step::time).map(col);
    let columns: Vec<Expr> = times.chain([col("furthest_step"), col("device"), col("recovered")]).collect();
    let matured = Rows::collect(matured.select(columns), WHAT)?;

    let mut paths = Vec::with_capacity(matured.height());
    for step in matured.texts("furthest_step")? {
        paths.push(parse(step.unwrap_or_default())?);
    }
    let times = Step::ALL.map(|step| step.time().map(|column| matured.moments(column)));
    let times = times.into_iter().map(Option::transpose).collect::<Result<Vec<_>, _>>()?;
    let all = Paths { furthest: &paths, times: &times, recorded };

    let mut devices: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (row, device) in matured.texts("device")?.into_iter().enumerate() {
        devices.entry(device).or_default().push(row);
    }
    let mut by_device: Vec<DeviceFunnel> = devices
        .into_iter()
        .map(|(device, rows)| DeviceFunnel {
            device: device.map(str::to_owned),
            carts: rows.len() as u64,
            steps: all.steps(&rows),
        })
        .collect();
    by_device.sort_by_key(|funnel| (Reverse(funnel.carts), funnel.device.is_none(), funnel.device.clone()));
    Ok(Funnel {
        carts: matured.height() as u64,
        opened_until,
        purchased_late: matured.flags("recovered")?.into_iter().filter(|late| *late).count() as u64,
        steps: all.steps(&(0..matured.height()).collect::<Vec<_>>()),
        by_device,
    })
}

/// Which steps the shop logs, by the traces of all carts.
fn recorded(carts: &LazyFrame, what: &'static str) -> Result<[bool; 6], Error> {
    let traces = Step::ALL.map(|step| {
        let stopped_here = col("furthest_step").eq(lit(step.name()));
        let trace = match step.time() {
            Some(time) => stopped_here.or(col(time).is_not_null()),
            None => stopped_here,
        };
        count(trace).alias(step.name())
    });
    let counts = Rows::collect(carts.clone().select(traces), what)?;
    let mut recorded = [true; 6];
    for (step, recorded) in Step::ALL.into_iter().zip(&mut recorded).skip(1) {
        *recorded = counts.counts(step.name())?.into_iter().any(|carts| carts > 0);
    }
    Ok(recorded)
}

fn parse(name: &str) -> Result<Step, Error> {
    Step::ALL.into_iter().find(|step| step.name() == name).ok_or_else(|| Error::Word {
        table: "carts",
        column: "furthest_step",
        value: name.to_owned(),
    })
}

/// How far each matured cart came and when, by row.
struct Paths<'a> {
    furthest: &'a [Step],
    /// One list per step, where the table has its time.
    times: &'a [Option<Vec<Option<i64>>>],
    recorded: [bool; 6],
}

impl Paths<'_> {
    /// The funnel of some rows.
    fn steps(&self, rows: &[usize]) -> Vec<StepCount> {
        let opened = rows.len() as u64;
        let (mut before, mut timed_before) = (opened, Step::AddToCart);
        let mut steps = Vec::with_capacity(Step::ALL.len());
        for (step, recorded) in Step::ALL.into_iter().zip(self.recorded) {
            let carts = rows.iter().filter(|row| self.furthest[**row] >= step).count() as u64;
            let follows = recorded && step != Step::AddToCart;
            let timed = follows && step.time().is_some();
            steps.push(StepCount {
                step,
                recorded,
                carts,
                of_opened: wilson(carts, opened),
                of_previous: if follows { wilson(carts, before) } else { None },
                stopped_before: if follows { before - carts } else { 0 },
                since_previous: if timed { self.timing(rows, timed_before, step) } else { None },
                since_opened: if timed { self.timing(rows, Step::AddToCart, step) } else { None },
            });
            if recorded {
                before = carts;
            }
            if timed {
                timed_before = step;
            }
        }
        steps
    }

    fn timing(&self, rows: &[usize], from: Step, to: Step) -> Option<Timing> {
        let (starts, ends) = (self.times[from as usize].as_ref()?, self.times[to as usize].as_ref()?);
        let spans = rows.iter().filter_map(|row| Some(ends[*row]? - starts[*row]?)).filter(|span| *span >= 0);
        let mut secs: Vec<f64> = spans.map(|micros| micros as f64 / events::time::SECOND as f64).collect();
        secs.sort_by(f64::total_cmp);
        Some(Timing {
            from,
            n: secs.len() as u64,
            median_secs: quantile::linear(&secs, 0.5)?,
            p90_secs: quantile::linear(&secs, 0.9)?,
        })
    }
}

#[cfg(test)]
mod tests;
