//! The tables of the night before: which of their files are concerned tonight.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use carts::Rules;
use carts::aging;
use carts::columns::Text;
use carts::schema::{CARTS, ORDERS};
use carts::segments::Spender;
use chrono::NaiveDate;
use events::lake::parquet_files;
use events::parquet_io::Reader;
use events::time;
use rayon::prelude::*;

use super::made::moments;
use super::segments::{Ranked, position};
use crate::Error;

/// The night before.
pub(crate) struct Before<'a> {
    /// Its folder.
    pub(crate) generation: &'a Path,
    /// The persons whose rows are made anew.
    pub(crate) persons: &'a HashMap<String, Vec<u64>>,
}

/// What tonight means for the carts and orders of a day of the night before.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Carts of persons that are made anew, or that have matured or expired.
    pub(super) carts_change: bool,
    /// Orders of persons that are made anew.
    pub(super) orders_change: bool,
    /// The segments that carts are to be given again: for which day, and of whom by position.
    pub(super) asked: Vec<(NaiveDate, u32)>,
    /// The segment that each of these has now.
    standing: Vec<(String, bool)>,
}

impl Known {
    /// Whether somebody stands elsewhere than it says in the carts of this day.
    pub(super) fn has_moved(&self, ranked: &Ranked<'_>) -> bool {
        self.asked.iter().zip(&self.standing).any(|(asked, (segment, top1))| {
            let now = ranked.at(*asked);
            now.name() != segment || now.is_top1() != *top1
        })
    }
}

impl Before<'_> {
    pub(super) fn is_anew(&self, person: &str) -> bool {
        self.persons.contains_key(person)
    }

    /// Every day of its tables. Carts opened while spend that counted has changed are asked about.
    pub(super) fn days(
        &self,
        rules: &Rules,
        spenders: &[Spender],
        changed_since: i64,
    ) -> Result<HashMap<i32, Known>, Error> {
        let carts = self.list(CARTS.name)?;
        let known = carts.into_par_iter().map(|day| Ok((day, self.carts(day, rules, spenders, changed_since)?)));
        let mut known: HashMap<i32, Known> = known.collect::<Result<_, Error>>()?;
        let orders = self.list(ORDERS.name)?;
        let changes = orders.into_par_iter().map(|day| Ok((day, self.orders_change(day)?)));
        for (day, changes) in changes.collect::<Result<Vec<_>, Error>>()? {
            known.entry(day).or_default().orders_change = changes;
        }
        Ok(known)
    }

    fn list(&self, table: &str) -> Result<Vec<i32>, Error> {
        let files = parquet_files(&self.generation.join(table))?;
        Ok(files.iter().filter_map(|file| time::parse_day(file.file_stem()?.to_str()?)).collect())
    }

    fn carts(&self, day: i32, rules: &Rules, spenders: &[Spender], changed_since: i64) -> Result<Known, Error> {
        let mut known = Known::default();
        let mut columns = vec!["person_id", "segment", "top1"];
        columns.extend(aging::COLUMNS);
        for batch in Reader::open(&super::file(self.generation, CARTS.name, day), &columns)? {
            let batch = batch?;
            known.carts_change = known.carts_change || aging::is_due(&batch, rules)?.contains(&true);
            self.ask(&batch, rules, spenders, changed_since, &mut known)?;
        }
        Ok(known)
    }

    fn ask(
        &self,
        carts: &RecordBatch,
        rules: &Rules,
        spenders: &[Spender],
        changed_since: i64,
        known: &mut Known,
    ) -> Result<(), Error> {
        let (persons, segments) = (Text::of(carts, "person_id")?, Text::of(carts, "segment")?);
        let top1 = carts.column_by_name("top1").expect("asked for").as_boolean();
        let opened = moments(carts, "opened_at");
        for (row, opened_at) in opened.into_iter().enumerate() {
            let person = persons.get(row).unwrap_or_default();
            if self.is_anew(person) {
                known.carts_change = true;
                continue;
            }
            let date = time::local_date(opened_at, rules.zone);
            if time::start_of_day(date, rules.zone) > changed_since
                && let Some(at) = position(spenders, person)
            {
                known.asked.push((date, at));
                known.standing.push((segments.get(row).unwrap_or_default().to_owned(), top1.value(row)));
            }
        }
        Ok(())
    }

    fn orders_change(&self, day: i32) -> Result<bool, Error> {
        for batch in Reader::open(&super::file(self.generation, ORDERS.name, day), &["person_id"])? {
            if batch?.column(0).as_string::<i32>().iter().flatten().any(|person| self.is_anew(person)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
