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
use super::place::Place;
use super::segments::{Ranked, position};
use crate::Error;

/// The night before.
pub(crate) struct Before<'a> {
    /// Its folder.
    pub(crate) generation: &'a Path,
    /// The persons whose carts are made anew.
    pub(crate) persons: &'a HashMap<String, Vec<u64>>,
}

/// What time, and what others spent, mean tonight for the carts of a place of the night before.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Carts have matured or expired.
    pub(super) is_due: bool,
    /// The segments that carts are to be given again: for which day, and of whom by position.
    pub(super) asked: Vec<(NaiveDate, u32)>,
    /// The segment that each of these has now.
    standing: Vec<(String, bool)>,
}

impl Known {
    /// Whether somebody stands elsewhere than it says in the carts of this place.
    pub(super) fn has_moved(&self, ranked: &Ranked<'_>) -> bool {
        self.asked.iter().zip(&self.standing).any(|(asked, (segment, top1))| {
            let now = ranked.at(*asked);
            now.name() != segment || now.is_top1() != *top1
        })
    }
}

/// Whether the carts of a generation lie in places; those of earlier versions lie by the day on which they were opened.
pub(crate) fn is_laid_out(generation: &Path) -> Result<bool, Error> {
    // What stands for a table without a row is in no place.
    let is_placed = |file: &std::path::PathBuf| Place::of_file(file).is_some() || file.ends_with("part-0.parquet");
    Ok(parquet_files(&generation.join(CARTS.name))?.iter().all(is_placed))
}

impl Before<'_> {
    /// Every place of its carts. Carts opened while spend that counted has changed are asked about.
    pub(super) fn places(
        &self,
        rules: &Rules,
        spenders: &[Spender],
        changed_since: i64,
    ) -> Result<HashMap<Place, Known>, Error> {
        let files = parquet_files(&self.generation.join(CARTS.name))?;
        let places: Vec<Place> = files.iter().filter_map(|file| Place::of_file(file)).collect();
        let known = places.into_par_iter().map(|place| {
            // Most files need not be opened: no cart in them can have changed.
            let known = if place.opened_before(rules) > changed_since || matches!(place, Place::Open(_)) {
                self.look(place, rules, spenders, changed_since)?
            } else {
                Known::default()
            };
            Ok((place, known))
        });
        known.collect()
    }

    /// The days of its orders.
    pub(super) fn order_days(&self) -> Result<Vec<i32>, Error> {
        let files = parquet_files(&self.generation.join(ORDERS.name))?;
        Ok(files.iter().filter_map(|file| time::parse_day(file.file_stem()?.to_str()?)).collect())
    }

    fn look(&self, place: Place, rules: &Rules, spenders: &[Spender], changed_since: i64) -> Result<Known, Error> {
        let mut known = Known::default();
        let mut columns = vec!["person_id", "segment", "top1"];
        columns.extend(aging::COLUMNS);
        for batch in Reader::open(&self.generation.join(place.file_of(&CARTS)), &columns)? {
            let batch = batch?;
            known.is_due = known.is_due || aging::is_due(&batch, rules)?.contains(&true);
            ask(&batch, rules, spenders, changed_since, &mut known)?;
        }
        Ok(known)
    }
}

fn ask(
    carts: &RecordBatch,
    rules: &Rules,
    spenders: &[Spender],
    changed_since: i64,
    known: &mut Known,
) -> Result<(), Error> {
    let (persons, segments) = (Text::of(carts, "person_id")?, Text::of(carts, "segment")?);
    let top1 = carts.column_by_name("top1").expect("asked for").as_boolean();
    for (row, opened_at) in moments(carts, "opened_at").into_iter().enumerate() {
        // The day began before.
        if opened_at <= changed_since {
            continue;
        }
        let date = time::local_date(opened_at, rules.zone);
        if time::start_of_day(date, rules.zone) > changed_since
            && let Some(at) = position(spenders, persons.get(row).unwrap_or_default())
        {
            known.asked.push((date, at));
            known.standing.push((segments.get(row).unwrap_or_default().to_owned(), top1.value(row)));
        }
    }
    Ok(())
}
