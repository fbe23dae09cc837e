//! Each query with the head of its answer.

use analysis::Query;
use serde::Serialize;

use super::Sheet;
use super::table::{Cell, Table};
use crate::{queries, words};

/// Rows of an answer that stand below its SQL.
const SHOWN: usize = 5;

/// A query as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    anchor: String,
    title: String,
    sql: String,
    answer: Table,
}

/// Where a query stands, relative to the night's folder.
pub(super) fn href(query: &Query) -> String {
    Sheet::Data.place(&anchor(query))
}

fn anchor(query: &Query) -> String {
    format!("sql-{}", query.id.replace(['.', '_'], "-"))
}

pub(super) fn shown(query: &Query) -> Shown {
    // The first column tells the rows apart, the others are figures.
    let name = |(at, column): (usize, &&str)| if at == 0 { (*column).to_owned() } else { format!("#{column}") };
    let columns: Vec<String> = query.columns.iter().enumerate().map(name).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut answer =
        Table::new(format!("{}-answer", anchor(query)), format!("Answer: {}", query.title), &columns).csv(&query.id);
    debug_assert_eq!(queries::csv_path(query), format!("tables/{}.csv", query.id));
    for row in query.expected.iter().take(SHOWN) {
        let cell = |(at, cell): (usize, &Option<String>)| {
            let text = cell.as_deref().map_or_else(|| "NULL".to_owned(), words::logged);
            let shown = if at == 0 { Cell::text(text) } else { Cell::number(text) };
            if cell.is_some() { shown } else { shown.quiet() }
        };
        answer.push(row.iter().enumerate().map(cell).collect());
    }
    if query.expected.len() > SHOWN {
        answer = answer.note("The first rows; the file has all of them.");
    }
    Shown { anchor: anchor(query), title: query.title.clone(), sql: query.sql.clone(), answer }
}
