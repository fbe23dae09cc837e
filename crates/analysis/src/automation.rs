//! events → how much of the latest days' cart creation was done by programs, by the rule that tells them.
//!
//! Read with arrow, not polars: of a few days' files three columns are counted, and a day that is looked at from within
//! has to be judged anew first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::NaiveDate;
use events::bots::{self, Rules};
use events::parquet_io::{self, Reader};
use events::{Kind, lake, time};
use serde::Serialize;

use crate::stats::proportion::wilson;
use crate::{Error, Estimate};

/// UTC days that are counted, the one of `as_of` included.
pub const DAYS: u8 = 7;

/// Who put things into carts in the last [`DAYS`] UTC days up to `as_of`. An add to cart is one event, whatever its item
/// lines; a visitor-day is a visitor (a customer, where a row names no visitor) on one UTC day with an add to cart.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Automation {
    /// The first UTC day counted.
    pub first_day: NaiveDate,
    /// The last one, that of `as_of`.
    pub last_day: NaiveDate,
    /// Adds to cart.
    pub adds: u64,
    /// Of these, by programs.
    pub automated_adds: u64,
    /// Visitor-days.
    pub visitor_days: u64,
    /// Of these, with an add by a program.
    pub automated_visitor_days: u64,
    /// `automated_visitor_days` of `visitor_days`; `None` where nobody added anything.
    pub automated_share: Option<Estimate>,
    /// People first, then each rule that took somebody for a program, by name.
    pub by_rule: Vec<ByRule>,
}

/// The adds that one rule says are automated, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ByRule {
    /// The rule in the `bot` column; `None` stands for people.
    pub rule: Option<String>,
    /// Adds to cart.
    pub adds: u64,
    /// Visitor-days with such an add.
    pub visitor_days: u64,
}

/// Counts in the events table in this folder. Rows later than `as_of` neither count nor judge.
///
/// # Errors
/// When a file cannot be read.
pub fn automation(folder: &Path, as_of: i64, rules: &Rules) -> Result<Automation, Error> {
    let last = time::utc_day(as_of);
    let days = last - i32::from(DAYS) + 1..=last;
    let mut counts = Counts::default();
    for file in days.clone().map(|day| of_day(folder, day)) {
        for file in file? {
            counts.add(&file, as_of, rules)?;
        }
    }
    let Counts { adds, visitor_days, automated_visitor_days, by_rule } = counts;
    let by_rule = by_rule.into_iter().map(|(rule, (adds, visitor_days))| ByRule { rule, adds, visitor_days });
    let by_rule: Vec<ByRule> = by_rule.collect();
    Ok(Automation {
        first_day: time::date(*days.start()),
        last_day: time::date(last),
        adds,
        automated_adds: by_rule.iter().filter(|counted| counted.rule.is_some()).map(|counted| counted.adds).sum(),
        visitor_days,
        automated_visitor_days,
        automated_share: wilson(automated_visitor_days, visitor_days),
        by_rule,
    })
}

/// The files of a UTC day.
fn of_day(folder: &Path, day: i32) -> Result<Vec<PathBuf>, Error> {
    Ok(lake::parquet_files(&folder.join(format!("day={}", time::day_name(day))))?)
}

/// What was counted so far. A visitor-day lies in one file, and so does an event.
#[derive(Default)]
struct Counts {
    adds: u64,
    visitor_days: u64,
    automated_visitor_days: u64,
    by_rule: BTreeMap<Option<String>, (u64, u64)>,
}

const COLUMNS: [&str; 7] = ["ts", "kind", "source", "event_id", "visitor_id", "customer_id", "bot"];

impl Counts {
    fn add(&mut self, file: &Path, as_of: i64, rules: &Rules) -> Result<(), Error> {
        let judged = bots::as_of(file, as_of, rules)?;
        let (mut adds, mut visitors) = (BTreeSet::new(), BTreeSet::new());
        let mut first = 0;
        for batch in Reader::open(file, &COLUMNS)? {
            let plain = parquet_io::plain(&batch?);
            let batch = plain.map_err(|source| parquet_io::Error::Arrow { path: file.to_path_buf(), source })?;
            let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
            for row in (0..batch.num_rows()).filter(|row| ts[*row] <= as_of) {
                if text(&batch, 1, row) != Some(Kind::AddToCart.name()) {
                    continue;
                }
                let rule = match &judged {
                    Some(rules) => rules[first + row],
                    None => text(&batch, 6, row),
                };
                let rule = rule.map(str::to_owned);
                let word = |at: usize| text(&batch, at, row).unwrap_or_default().to_owned();
                let who = text(&batch, 4, row).or_else(|| text(&batch, 5, row)).unwrap_or_default().to_owned();
                adds.insert((rule.clone(), word(2), word(3)));
                visitors.insert((who, rule));
            }
            first += batch.num_rows();
        }
        self.adds += adds.len() as u64;
        for (rule, ..) in adds {
            self.by_rule.entry(rule).or_default().0 += 1;
        }
        let who: BTreeSet<&String> = visitors.iter().map(|(who, _)| who).collect();
        let bots: BTreeSet<&String> = visitors.iter().filter(|(_, rule)| rule.is_some()).map(|(who, _)| who).collect();
        self.visitor_days += who.len() as u64;
        self.automated_visitor_days += bots.len() as u64;
        for (_, rule) in visitors {
            self.by_rule.entry(rule).or_default().1 += 1;
        }
        Ok(())
    }
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> Option<&str> {
    let column = batch.column(column).as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
mod tests;
