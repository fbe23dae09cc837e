//! Each query with the head of its answer.

use analysis::Query;
use serde::Serialize;

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

pub(super) fn anchor(query: &Query) -> String {
    format!("sql-{}", query.id.replace(['.', '_'], "-"))
}

pub(super) fn shown(query: &Query) -> Shown {
    let columns: Vec<String> = query.columns.iter().map(|column| format!("#{column}")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut answer =
        Table::new(format!("{}-answer", anchor(query)), format!("Answer: {}", query.title), &columns).csv(&query.id);
    debug_assert_eq!(queries::csv_path(query), format!("tables/{}.csv", query.id));
    for row in query.expected.iter().take(SHOWN) {
        let cell = |cell: &Option<String>| match cell {
            Some(text) => Cell::number(words::logged(text)),
            None => Cell::number("NULL").quiet(),
        };
        answer.push(row.iter().map(cell).collect());
    }
    if query.expected.len() > SHOWN {
        answer = answer.note("The first rows; the file has all of them.");
    }
    Shown { anchor: anchor(query), title: query.title.clone(), sql: query.sql.clone(), answer }
}
