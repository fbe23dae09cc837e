//! The files of a night: what is made anew beside what stays.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use carts::aging;
use carts::columns::Text;
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use carts::segments::Segment;
use events::parquet_io::{BATCH_ROWS, Reader, Writer};
use events::schema::Table;
use events::time;
use rayon::prelude::*;

use super::before::Known;
use super::made::{Gone, Part, moments, text};
use super::merge::{Merge, Row, take};
use super::place::{DAY_GROUPS, GROUPS, OPEN, Place, group_of_day};
use super::segments::Ranked;
use super::{Tables, orders_file};
use crate::Error;

/// Writes or links all files, a group of places at a time.
pub(super) fn write(tables: &Tables<'_>, known: &HashMap<Place, Known>, ranked: &Ranked<'_>) -> Result<(), Error> {
    let gone = tables.made.gone();
    let writing = Writing { tables, known, ranked, gone: &gone };
    // Carts that time has settled leave the files of open ones, and so these come first.
    let settled: Vec<BTreeMap<Place, Part>> =
        (0..OPEN).into_par_iter().map(|part| writing.open(Place::Open(part))).collect::<Result<_, _>>()?;
    let days = match &tables.before {
        Some(before) => before.order_days()?,
        None => Vec::new(),
    };
    let settle = |group| writing.settled(group, &settled);
    let order = |group| writing.orders(group, &days);
    let (carts, orders) = rayon::join(
        || (OPEN..GROUPS).into_par_iter().try_for_each(settle),
        || (0..DAY_GROUPS).into_par_iter().try_for_each(order),
    );
    carts.and(orders)
}

struct Writing<'a> {
    tables: &'a Tables<'a>,
    known: &'a HashMap<Place, Known>,
    ranked: &'a Ranked<'a>,
    gone: &'a Gone,
}

impl Writing<'_> {
    /// Carts that can still change; returns those that cannot any more.
    fn open(&self, place: Place) -> Result<BTreeMap<Place, Part>, Error> {
        let made = self.tables.made.carts(place.group())?.remove(&place);
        self.place(place, made.map(|part| self.ranked(part)).transpose()?.into_iter().collect())
    }

    /// Carts of a group of places in which nothing moves any more but what came tonight: made anew, or `settled` by time.
    fn settled(&self, group: u32, settled: &[BTreeMap<Place, Part>]) -> Result<(), Error> {
        let mut came: BTreeMap<Place, Vec<Part>> = BTreeMap::new();
        for (place, part) in self.tables.made.carts(group)? {
            came.entry(place).or_default().push(self.ranked(part)?);
        }
        for (place, part) in settled.iter().flatten().filter(|(place, _)| place.group() == group) {
            came.entry(*place).or_default().push(part.clone());
        }
        let concerned = self.known.keys().chain(self.gone.carts.keys());
        let places: BTreeSet<Place> =
            concerned.copied().filter(|place| place.group() == group).chain(came.keys().copied()).collect();
        for place in places {
            self.place(place, came.remove(&place).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Writes or links the files of a place, with the carts that came; returns those that have to leave it.
    fn place(&self, place: Place, came: Vec<Part>) -> Result<BTreeMap<Place, Part>, Error> {
        let nothing = Known::default();
        let known = self.known.get(&place).unwrap_or(&nothing);
        let gone = self.gone.carts.get(&place);
        let (carts, items) = (place.file_of(&CARTS), place.file_of(&CART_ITEMS));
        let is_same = came.is_empty() && gone.is_none() && !known.is_due;
        let moved = known.moved(self.ranked);
        if is_same && moved.is_empty() {
            self.link(&carts)?;
            self.link(&items)?;
            return Ok(BTreeMap::new());
        }
        let mut merge = Merge { carts: Vec::new(), items: Vec::new() };
        let mut first = 0;
        for batch in self.before(&CARTS, &carts)? {
            let batch = with_segments(&batch, first, &moved)?;
            first += batch.num_rows();
            merge.carts.push(if known.is_due { aging::age(&batch, self.tables.rules)? } else { batch });
        }
        let old = merge.carts.len();
        let same_items = !known.is_due && self.same_items(gone, &came);
        if !same_items {
            merge.items = self.before(&CART_ITEMS, &items)?;
        }
        let old_items = merge.items.len();
        for part in came {
            merge.carts.push(part.carts);
            merge.items.push(part.items);
        }
        let sorted = merge.sort(place, gone, (old, old_items), self.tables.rules)?;
        if sorted.gone != gone.map_or(0, HashSet::len) {
            return Err(Error::Astray { path: self.night(&carts).unwrap_or(carts) });
        }
        let is_brief = matches!(place, Place::Open(_));
        self.publish(&CARTS, &carts, &merge.carts, &sorted.carts, is_brief)?;
        if same_items {
            self.link(&items)?;
        } else {
            self.publish(&CART_ITEMS, &items, &merge.items, &sorted.items, is_brief)?;
        }
        merge.elsewhere(&sorted)
    }

    /// Whether the carts that came are those that went, with the same items: none, or those of which a login told whose they are.
    fn same_items(&self, gone: Option<&HashSet<String>>, came: &[Part]) -> bool {
        let mut ids = came.iter().flat_map(|part| text(&part.carts, "cart_id").iter().flatten());
        let rows: usize = came.iter().map(|part| part.carts.num_rows()).sum();
        let is_back = |id: &str| gone.is_some_and(|gone| gone.contains(id)) && self.gone.is_back_with_its_items(id);
        rows == gone.map_or(0, HashSet::len) && ids.all(is_back)
    }

    fn orders(&self, group: u32, known: &[i32]) -> Result<(), Error> {
        let mut made = self.tables.made.orders(group)?;
        let concerned = known.iter().chain(self.gone.orders.keys()).copied();
        let days: BTreeSet<i32> =
            concerned.filter(|day| group_of_day(*day) == group).chain(made.keys().copied()).collect();
        for day in days {
            let file = orders_file(Path::new(""), day);
            let (came, gone) = (made.remove(&day), self.gone.orders.get(&day));
            if came.is_none() && gone.is_none() {
                self.link(&file)?;
                continue;
            }
            let mut batches = self.before(&ORDERS, &file)?;
            let old = batches.len();
            batches.extend(came);
            let mut found = 0;
            let mut rows: Vec<(i64, &str, Row)> = Vec::new();
            for (at, batch) in batches.iter().enumerate() {
                let keys = text(batch, "order_key").iter().flatten();
                for (row, (key, ordered_at)) in keys.zip(moments(batch, "ordered_at")).enumerate() {
                    if at < old && gone.is_some_and(|gone| gone.contains(key)) {
                        found += 1;
                    } else {
                        rows.push((ordered_at, key, (at, row)));
                    }
                }
            }
            if found != gone.map_or(0, HashSet::len) {
                return Err(Error::Astray { path: self.night(&file).unwrap_or(file) });
            }
            rows.sort_unstable();
            let rows: Vec<Row> = rows.into_iter().map(|(_, _, row)| row).collect();
            self.publish(&ORDERS, &file, &batches, &rows, false)?;
        }
        Ok(())
    }

    /// A file of the night before.
    fn night(&self, file: &Path) -> Option<PathBuf> {
        Some(self.tables.before.as_ref()?.generation.join(file))
    }

    /// The rows that it has; none if there is no such file.
    fn before(&self, table: &Table, file: &Path) -> Result<Vec<RecordBatch>, Error> {
        let Some(path) = self.night(file).filter(|path| path.exists()) else { return Ok(Vec::new()) };
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let schema = table.schema();
        Reader::open(&path, &names)?
            .map(|batch| Ok(RecordBatch::try_new(schema.clone(), batch?.columns().to_vec())?))
            .collect()
    }

    /// Carts that the kernel made, each with the segment of its person.
    fn ranked(&self, part: Part) -> Result<Part, Error> {
        let persons = Text::of(&part.carts, "person_id")?;
        let opened = moments(&part.carts, "opened_at");
        let segments: Vec<Segment> = opened
            .iter()
            .enumerate()
            .map(|(row, opened_at)| {
                let date = time::local_date(*opened_at, self.tables.rules.zone);
                self.ranked.of(persons.get(row).unwrap_or_default(), date)
            })
            .collect();
        Ok(Part { carts: carts::Tables::with_segments(&part.carts, &segments), items: part.items })
    }

    /// Writes a file of these rows; none where there is no row. One that is `brief` is soon written anew.
    fn publish(
        &self,
        table: &Table,
        file: &Path,
        batches: &[RecordBatch],
        rows: &[Row],
        is_brief: bool,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let path = self.tables.generation.join(file);
        let mut writer = if is_brief {
            Writer::create_brief(&path, table)?
        } else {
            Writer::create_for(rows.len(), &path, table, &[])?
        };
        for rows in rows.chunks(BATCH_ROWS) {
            writer.write(&take(batches, rows, || RecordBatch::new_empty(table.schema()))?)?;
        }
        writer.finish()?;
        Ok(())
    }

    /// Takes a file of the night before over, if there is one.
    fn link(&self, file: &Path) -> Result<(), Error> {
        let Some(from) = self.night(file).filter(|from| from.exists()) else { return Ok(()) };
        let to = self.tables.generation.join(file);
        let io = |source| Error::Link { path: to.clone(), source };
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        events::lake::share(&from, &to).map_err(io)
    }
}

/// Carts of which `moved` stand elsewhere now; these are rows of the file, of which `first` is the first of these.
fn with_segments(carts: &RecordBatch, first: usize, moved: &[(usize, Segment)]) -> Result<RecordBatch, Error> {
    let rows = first..first + carts.num_rows();
    let mut moved = moved.iter().skip_while(|(row, _)| *row < rows.start).peekable();
    if moved.peek().is_none_or(|(row, _)| !rows.contains(row)) {
        return Ok(carts.clone());
    }
    let segments = Text::of(carts, "segment")?;
    let top1 = carts.column_by_name("top1").expect("a column of carts").as_boolean();
    let mut now: Vec<(&str, bool)> = Vec::with_capacity(carts.num_rows());
    for row in 0..carts.num_rows() {
        now.push(match moved.next_if(|(at, _)| *at == first + row) {
            Some((_, segment)) => (segment.name(), segment.is_top1()),
            None => (segments.get(row).unwrap_or_default(), top1.value(row)),
        });
    }
    let words: StringArray = now.iter().map(|(segment, _)| Some(*segment)).collect();
    let columns = CARTS.columns.iter().zip(carts.columns()).map(|(column, stored)| {
        Ok(match column.name {
            "segment" => cast(&words, stored.data_type())?,
            "top1" => Arc::new(now.iter().map(|(_, top1)| Some(*top1)).collect::<BooleanArray>()) as ArrayRef,
            _ => stored.clone(),
        })
    });
    Ok(RecordBatch::try_new(CARTS.schema(), columns.collect::<Result<_, Error>>()?)?)
}
