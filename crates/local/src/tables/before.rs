//! The tables of the night before: which of their files are concerned tonight.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use carts::Rules;
use carts::aging;
use carts::columns::Text;
use carts::schema::{CARTS, ORDERS};
use carts::segments::Segment;
use chrono::NaiveDate;
use events::lake::parquet_files;
use events::parquet_io::Reader;
use events::time;
use rayon::prelude::*;

use super::made::moments;
use super::place::Place;
use super::segments::{Ranked, Spenders};
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
    /// The carts whose segments are looked at again, in the order of the file.
    pub(super) asked: Vec<Asked>,
}

/// A cart whose segment is looked at again.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The row of the file.
    row: usize,
    /// For which day, and of whom by position.
    pub(super) question: (NaiveDate, u32),
    /// The segment that it has.
    segment: String,
    top1: bool,
}

impl Known {
    /// The carts whose persons stand elsewhere than they say: the row of the file, and where.
    pub(super) fn moved(&self, ranked: &Ranked<'_>) -> Vec<(usize, Segment)> {
        let moved = self.asked.iter().filter_map(|asked| {
            let now = ranked.at(asked.question);
            let stays = now.name() == asked.segment && now.is_top1() == asked.top1;
            (!stays).then_some((asked.row, now))
        });
        moved.collect()
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
        spenders: &Spenders<'_>,
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

    fn look(&self, place: Place, rules: &Rules, spenders: &Spenders<'_>, changed_since: i64) -> Result<Known, Error> {
        let mut known = Known::default();
        let mut columns = vec!["person_id", "segment", "top1"];
        columns.extend(aging::COLUMNS);
        let mut first = 0;
        for batch in Reader::open(&self.generation.join(place.file_of(&CARTS)), &columns)? {
            let batch = batch?;
            known.is_due = known.is_due || aging::is_due(&batch, rules)?.contains(&true);
            ask(&batch, first, rules, spenders, changed_since, &mut known)?;
            first += batch.num_rows();
        }
        Ok(known)
    }
}

/// Asks about the carts opened on days that began later than `changed_since`, of persons who bought anything.
fn ask(
    carts: &RecordBatch,
    first: usize,
    rules: &Rules,
    spenders: &Spenders<'_>,
    changed_since: i64,
    known: &mut Known,
) -> Result<(), Error> {
    let (persons, segments) = (Text::of(carts, "person_id")?, Text::of(carts, "segment")?);
    let top1 = carts.column_by_name("top1").expect("asked for").as_boolean();
    // Carts lie in the order of opening: most were opened on the same day as the one before.
    let mut day: Option<(NaiveDate, Range<i64>)> = None;
    for (row, opened_at) in moments(carts, "opened_at").into_iter().enumerate() {
        // The day began before.
        if opened_at <= changed_since {
            continue;
        }
        let (date, span) = match &day {
            Some((date, span)) if span.contains(&opened_at) => (*date, span.clone()),
            _ => {
                let date = time::local_date(opened_at, rules.zone);
                let next = date.succ_opt().map_or(i64::MAX, |next| time::start_of_day(next, rules.zone));
                let span = time::start_of_day(date, rules.zone)..next;
                day = Some((date, span.clone()));
                (date, span)
            }
        };
        if span.start > changed_since
            && let Some(at) = spenders.position(persons.get(row).unwrap_or_default())
        {
            let segment = segments.get(row).unwrap_or_default().to_owned();
            known.asked.push(Asked { row: first + row, question: (date, at), segment, top1: top1.value(row) });
        }
    }
    Ok(())
}
