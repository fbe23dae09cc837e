//! The SQL behind the figures, as one file to paste, and its answers as CSV.

use std::fmt::Write as _;

use analysis::{Analysis, Query};

use crate::{Provenance, number};

/// Rows of an answer that stand beside its SQL; all of them are in the CSV.
const SHOWN: usize = 12;

/// Every query with its title and its answer as comments.
pub(crate) fn sql(analysis: &Analysis, provenance: &Provenance, queries: &[Query]) -> String {
    let mut text = format!(
        "-- How to get every figure of this report again, with DuckDB.\n-- Night of {}, generation {}; the tables are in {}.\n",
        number::date(number::local_date(analysis.as_of, &analysis.zone)),
        comment(&provenance.generation),
        comment(&provenance.data),
    );
    for query in queries {
        let _ = write!(text, "\n-- {} ({})\n", comment(&query.title), comment(&query.id));
        let _ = writeln!(text, "-- Gives: {}", query.columns.join(" | "));
        for row in query.expected.iter().take(SHOWN) {
            let cells: Vec<String> = row.iter().map(|cell| comment(cell.as_deref().unwrap_or("NULL"))).collect();
            let _ = writeln!(text, "--        {}", cells.join(" | "));
        }
        if query.expected.len() > SHOWN {
            let _ = writeln!(text, "--        and so on: all {} rows are in {}", query.expected.len(), csv_path(query));
        }
        let _ = writeln!(text, "{};", query.sql);
    }
    text
}

/// Text within a comment: it must not end the line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') { ' ' } else { letter })
        .collect()
}

/// Where the answer lies, relative to the report.
pub(crate) fn csv_path(query: &Query) -> String {
    format!("tables/{}.csv", query.id)
}

/// The whole answer.
pub(crate) fn csv(query: &Query) -> String {
    let mut text = line(query.columns.iter().map(|column| (*column).to_owned()));
    for row in &query.expected {
        text.push_str(&line(row.iter().map(|cell| field(cell.as_deref()))));
    }
    text
}

pub(crate) fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\r\n"
}

/// One field: nothing for NULL; text that a spreadsheet would take for a formula is led by an apostrophe.
pub(crate) fn field(cell: Option<&str>) -> String {
    let Some(cell) = cell else { return String::new() };
    let is_number = cell.parse::<f64>().is_ok();
    let guard = if !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if cell.is_empty() || !guard.is_empty() || cell.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_and_are_no_formulas() {
        assert_eq!(field(None), "");
        assert_eq!(field(Some("")), "\"\"");
        assert_eq!(field(Some("-0.5000")), "-0.5000");
        assert_eq!(field(Some("a,\"b\"")), "\"a,\"\"b\"\"\"");
        assert_eq!(field(Some("=HYPERLINK(1)")), "\"'=HYPERLINK(1)\"");
    }

    #[test]
    fn comments_do_not_end_early() {
        assert_eq!(comment("a\ndrop table x;\r"), "a drop table x; ");
    }
}
