//! Tables as templates draw them.

use analysis::Estimate;
use analysis::abandonment::Outcomes;
use serde::Serialize;

use super::known::{self, Known};
use crate::number;

/// What a cell without a value shows.
const NOTHING: &str = "–";

/// A table with a heading of its own, or in the fold below a chart.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    /// Anchor, unique on the page.
    id: String,
    title: String,
    /// What else a reader should know.
    note: Option<String>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// Whether it is folded away at first.
    folded: bool,
    /// Whether its rows tell something in their order, and are not to be sorted.
    ordered: bool,
    /// The same unrounded as a file, relative to the page.
    csv: Option<String>,
    /// The query that gives it again.
    #[serde(skip)]
    query: Option<String>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    /// Aligned to the right.
    numeric: bool,
    /// What its figures mean.
    known: Option<Known>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// The first one names the row.
    cells: Vec<Cell>,
    /// Whether it sums the others.
    total: bool,
}

/// A cell.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    text: String,
    /// Beside it in second rank: an interval, or why there is none.
    note: Option<String>,
    /// A link, relative to the page.
    href: Option<String>,
    /// The interval as a drawing.
    mark: Option<Mark>,
    numeric: bool,
    quiet: bool,
}

/// An interval on a line from nothing to all, as CSS lengths.
#[derive(Clone, Debug, Serialize)]
struct Mark {
    from: String,
    width: String,
    point: String,
}

impl Table {
    /// A table without rows. Columns whose names begin with `#` are numbers.
    pub(crate) fn new(id: impl Into<String>, title: impl Into<String>, columns: &[&str]) -> Self {
        let column = |name: &&str| Column {
            name: name.trim_start_matches('#').to_owned(),
            numeric: name.starts_with('#'),
            known: None,
        };
        Self {
            id: id.into(),
            title: title.into(),
            note: None,
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            folded: false,
            ordered: false,
            csv: None,
            query: None,
        }
    }

    pub(crate) fn folded(self) -> Self {
        Self { folded: true, ..self }
    }

    pub(crate) fn in_order(self) -> Self {
        Self { ordered: true, ..self }
    }

    /// With the file that holds the same unrounded: the answer of this query.
    pub(crate) fn csv(self, query: &str) -> Self {
        Self { csv: Some(format!("tables/{query}.csv")), query: Some(query.to_owned()), ..self }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    pub(crate) fn push(&mut self, cells: Vec<Cell>) {
        self.add(cells, false);
    }

    pub(crate) fn push_total(&mut self, cells: Vec<Cell>) {
        self.add(cells, true);
    }

    fn add(&mut self, mut cells: Vec<Cell>, total: bool) {
        // Where there is nothing to say, it is not said on the other side of the column.
        for (cell, column) in cells.iter_mut().zip(&self.columns).filter(|(cell, _)| cell.text == NOTHING) {
            cell.numeric = column.numeric;
        }
        self.rows.push(Row { cells, total });
    }

    /// Without the columns in which no row has anything to say.
    pub(crate) fn without_empty_columns(mut self) -> Self {
        let is_told = |at: usize| {
            self.rows.is_empty()
                || self.rows.iter().any(|row| row.cells.get(at).is_some_and(|cell| cell.text != NOTHING))
        };
        let told: Vec<bool> = (0..self.columns.len()).map(is_told).collect();
        let mut kept = told.iter();
        self.columns.retain(|_| kept.next().is_none_or(|told| *told));
        for row in &mut self.rows {
            let mut kept = told.iter();
            row.cells.retain(|_| kept.next().is_none_or(|told| *told));
        }
        self
    }

    /// Says of every column of figures what they mean: by its heading, or else as `term` does.
    pub(crate) fn know(&mut self, term: &'static str) -> impl Iterator<Item = &mut Known> {
        let query = self.query.clone();
        self.columns.iter_mut().filter(|column| column.numeric).map(move |column| {
            let defined = known::of_column(&column.name).unwrap_or(term);
            let known = Known::by(defined).called(&column.name);
            column.known.insert(query.iter().fold(known, Known::query))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), note: None, href: None, mark: None, numeric: false, quiet: false }
    }

    pub(crate) fn link(text: impl Into<String>, href: String) -> Self {
        Self { href: Some(href), ..Self::text(text) }
    }

    pub(crate) fn number(text: impl Into<String>) -> Self {
        Self { numeric: true, ..Self::text(text) }
    }

    pub(crate) fn count(n: u64) -> Self {
        Self::number(number::count(n))
    }

    /// Nothing to say.
    pub(crate) fn none() -> Self {
        Self { quiet: true, ..Self::number(NOTHING) }
    }

    /// With something beside it in second rank.
    pub(crate) fn with_note(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// In second rank.
    pub(crate) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Without the drawing, where columns are narrow.
    pub(crate) fn without_mark(self) -> Self {
        Self { mark: None, ..self }
    }

    /// `part` of the observations of the estimate, as a percentage with its interval; as bare counts where these are
    /// too few for one.
    pub(crate) fn share(part: u64, estimate: Option<Estimate>) -> Self {
        let Some(estimate) = estimate else { return Self::none() };
        if estimate.n < number::FEW {
            let note = Some("too few to say".to_owned());
            return Self { note, ..Self::number(number::out_of(part, estimate.n)) };
        }
        Self::estimate(estimate)
    }

    /// A percentage with its interval; for shares that are no plain count of a whole, such as points of a curve.
    pub(crate) fn estimate(estimate: Estimate) -> Self {
        if estimate.n < number::FEW {
            return Self { quiet: true, ..Self::number("too few to say") };
        }
        let percent = |share: f64| format!("{:.2}%", share * 100.0);
        Self {
            note: Some(number::interval(estimate)),
            mark: Some(Mark {
                from: percent(estimate.low),
                width: percent(estimate.high - estimate.low),
                point: percent(estimate.point),
            }),
            ..Self::number(number::percent(estimate.point, estimate.n))
        }
    }
}

/// Columns of [`outcomes`]: the finding first, so that it is seen on a telephone too.
pub(crate) const OUTCOMES: [&str; 4] = ["#Share, 95% interval", "#Abandoned", "#Carts", "#Pending"];

/// Carts by outcome: the share of abandoned ones, their number of the matured, all, and the pending.
pub(crate) fn outcomes(first: Cell, outcomes: &Outcomes) -> Vec<Cell> {
    let share = outcomes.rate.map_or_else(Cell::none, Cell::estimate);
    outcomes_with(first, share, outcomes)
}

/// The same with something else in place of the share.
pub(crate) fn outcomes_with(first: Cell, share: Cell, outcomes: &Outcomes) -> Vec<Cell> {
    let abandoned =
        outcomes.rate.map_or_else(Cell::none, |rate| Cell::number(number::out_of(outcomes.abandoned, rate.n)));
    vec![first, share, abandoned, Cell::count(outcomes.carts), Cell::count(outcomes.pending)]
}
