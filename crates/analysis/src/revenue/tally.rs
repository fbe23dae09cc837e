//! Adding losses up in all the ways that the report shows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{CurrencyLoss, DayLoss, Loss, SegmentLoss};
use crate::segment;

/// Sums by currency, `None` being that of carts without one; the keys borrow from the table.
#[derive(Default)]
pub(super) struct Tally<'a> {
    totals: BTreeMap<Option<&'a str>, Loss>,
    segments: BTreeMap<(&'a str, Option<&'a str>), Loss>,
    top1: BTreeMap<Option<&'a str>, Loss>,
    days: BTreeMap<(NaiveDate, Option<&'a str>), Loss>,
}

impl<'a> Tally<'a> {
    /// Adds what one cart adds.
    pub(super) fn add(&mut self, day: NaiveDate, segment: &'a str, top1: bool, currency: Option<&'a str>, loss: Loss) {
        *self.totals.entry(currency).or_default() += loss;
        *self.segments.entry((segment, currency)).or_default() += loss;
        *self.days.entry((day, currency)).or_default() += loss;
        if top1 {
            *self.top1.entry(currency).or_default() += loss;
        }
    }

    /// The sum of one currency.
    pub(super) fn total(&self, currency: Option<&str>) -> Loss {
        self.totals.get(&currency).copied().unwrap_or_default()
    }

    /// All currencies, largest gross first, then by code: the order of every list.
    pub(super) fn currencies(&self) -> Vec<&'a str> {
        let mut currencies: Vec<&str> = self.totals.keys().copied().flatten().collect();
        currencies.sort_by_key(|currency| Reverse(self.total(Some(*currency)).gross));
        currencies
    }

    /// One line per currency.
    pub(super) fn totals(&self, currencies: &[&str]) -> Vec<CurrencyLoss> {
        lines(&self.totals, currencies)
    }

    /// One line per currency in which the top 1 % of customers have a cart.
    pub(super) fn top1(&self, currencies: &[&str]) -> Vec<CurrencyLoss> {
        lines(&self.top1, currencies)
    }

    /// One line per segment and currency, carts without a currency last.
    pub(super) fn segments(&self, currencies: &[&str]) -> Vec<SegmentLoss> {
        let lines = self.segments.iter().map(|((segment, currency), loss)| SegmentLoss {
            segment: (*segment).to_owned(),
            currency: currency.map(str::to_owned),
            loss: *loss,
        });
        let mut lines: Vec<SegmentLoss> = lines.collect();
        let place = |code: Option<&str>| currencies.iter().position(|currency| Some(*currency) == code);
        lines.sort_by_key(|line| {
            let place = place(line.currency.as_deref()).unwrap_or(currencies.len());
            (segment::rank(&line.segment), line.segment.clone(), place)
        });
        lines
    }

    /// One line per day and currency.
    pub(super) fn days(&self, currencies: &[&str]) -> Vec<DayLoss> {
        let lines = self.days.iter().filter_map(|((day, currency), loss)| {
            let place = currencies.iter().position(|other| Some(*other) == *currency)?;
            Some(((*day, place), DayLoss { day: *day, currency: (*currency)?.to_owned(), loss: *loss }))
        });
        lines.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

fn lines(losses: &BTreeMap<Option<&str>, Loss>, currencies: &[&str]) -> Vec<CurrencyLoss> {
    let found = currencies.iter().filter_map(|currency| Some((*currency, *losses.get(&Some(*currency))?)));
    found.map(|(currency, loss)| CurrencyLoss { currency: currency.to_owned(), loss }).collect()
}
