//! The same number, wherever a report gives it: on its pages, in its CSV, in its summary and in the answer of its SQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::lake::Lake;
use support::tools;

use crate::{lake, sql};

/// A number as a page writes it, and how far its last digit lets it be from the truth.
struct Shown {
    value: f64,
    precision: f64,
    is_percent: bool,
}

/// The cells of a CSV file, without its header.
fn csv(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn demo() -> (Lake, PathBuf) {
    let lake = lake();
    let said = lake.json(&["demo", "--days", "40", "--carts-per-day", "60"]);
    let report = lake.path().join(said["report"].as_str().expect("the page"));
    let folder = report.parent().expect("a folder").to_path_buf();
    (lake, folder)
}

/// Each query of `queries.sql` by its name.
fn queries(folder: &Path, lake: &Lake) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder.join("queries.sql")).expect("queries.sql");
    let data = "data/demo/lake/current";
    let text = text.replace(data, &lake.path().join(data).display().to_string());
    let statements = text.split(";\n").filter(|statement| statement.contains("\n-- Gives: "));
    let named = |statement: &str| {
        let title = statement.lines().find(|line| line.starts_with("-- ") && line.ends_with(')')).expect("a title");
        let name = title.rsplit_once('(').expect("a name").1.trim_end_matches(')');
        (name.to_owned(), statement.to_owned())
    };
    statements.map(named).collect()
}

#[test]
fn every_table_of_carts_is_what_its_sql_answers() {
    let Some(python) = tools::duckdb() else { return };
    let (lake, folder) = demo();
    let queries = queries(&folder, &lake);
    let tables = std::fs::read_dir(folder.join("tables")).expect("tables").count();
    assert!(tables > 30 && tables == queries.len(), "{tables} tables of {} queries", queries.len());
    let texts: Vec<&str> = queries.values().map(String::as_str).collect();
    for ((name, _), answer) in queries.iter().zip(sql::answers(python, &lake, &texts)) {
        let file = csv(&folder.join(format!("tables/{name}.csv")));
        assert_eq!(file.len(), answer.len(), "{name}");
        for (row, answered) in file.iter().zip(&answer) {
            let is_same =
                row.len() == answered.len() && row.iter().zip(answered).all(|(cell, value)| same(cell, value));
            assert!(is_same, "{name}: {row:?} instead of {answered:?}");
        }
    }
}

/// Whether a field of a CSV file is this answer: floats up to a relative 1e-9, everything else to the letter but for the
/// apostrophe that defuses it.
fn same(field: &str, answer: &Value) -> bool {
    match answer {
        Value::Null => field.is_empty(),
        Value::String(text) => field == text || field.strip_prefix('\'') == Some(text.as_str()),
        _ => {
            let (found, wanted) =
                (field.parse::<f64>().unwrap_or(f64::NAN), answer["float"].as_f64().unwrap_or(f64::NAN));
            (found - wanted).abs() <= 1e-9 * wanted.abs()
        }
    }
}

/// Columns that no SQL gives: scores of forecasts and false discovery rates are worked out in Rust alone, customers of a
/// loss are those whom its interval draws, and shares of losses are of another table's amounts.
const NOT_IN_SQL: [&str; 5] = ["AUC", "Calibration error", "False discovery rate", "Customers", "of all losses"];

/// The files beside the pages: numbers row by row.
struct Tables(BTreeMap<String, Vec<Vec<f64>>>);

impl Tables {
    fn beside(folder: &Path) -> Self {
        let files = std::fs::read_dir(folder.join("tables")).expect("tables").map(|file| file.expect("a file").path());
        let numbers = |row: &Vec<String>| row.iter().filter_map(|cell| cell.parse().ok()).collect();
        let named = |path: PathBuf| (path.file_name().expect("a name").to_string_lossy().into_owned(), csv(&path));
        Self(files.map(named).map(|(name, rows)| (name, rows.iter().map(numbers).collect())).collect())
    }

    /// Whether a number is in the file; or, if it is a count or an amount, in that of another query; or, if it is a
    /// percentage, what two numbers of a row, or of a column and its sum, are to each other.
    fn have(&self, name: &str, shown: &Shown) -> bool {
        let is_it = |number: f64| (number - shown.value).abs() <= shown.precision;
        let rows = &self.0[name];
        if !shown.is_percent {
            return rows.iter().chain(self.0.values().flatten()).flatten().any(|number| is_it(*number));
        }
        let columns = (0..rows.iter().map(Vec::len).max().unwrap_or(0)).map(|at| {
            let column: Vec<f64> = rows.iter().filter_map(|row| row.get(at).copied()).collect();
            let sum = column.iter().sum();
            [column, vec![sum]].concat()
        });
        let is_ratio = |numbers: &[f64]| {
            numbers.iter().any(|a| numbers.iter().any(|b| *b != 0.0 && is_it(100.0 * a / b))) // A share of a whole.
        };
        rows.iter().flatten().any(|number| is_it(100.0 * number))
            || rows.iter().any(|row| is_ratio(row))
            || columns.into_iter().any(|column| is_ratio(&column))
    }
}

#[test]
fn every_number_of_carts_in_a_table_of_a_page_is_in_the_file_beside_it() {
    let (_lake, folder) = demo();
    let tables = Tables::beside(&folder);
    let mut compared = 0;
    for page in ["index", "barriers", "forecast", "revenue", "later", "customers", "data"] {
        let html = std::fs::read_to_string(folder.join(format!("{page}.html"))).expect("a page");
        let html = html.replace("&#x2f;", "/");
        for table in html.split("<table ").skip(1) {
            // Links of a table follow it, before the next one begins.
            let Some((table, after)) = table.split_once("</table>") else { continue };
            let after = after.split_once("</p>").map_or("", |(under, _)| under);
            let Some((_, link)) = after.split_once("href=\"tables/") else { continue };
            let name = link.split_once('"').expect("a link").0;
            let (head, body) = table.split_once("</thead>").expect("a head");
            let headings: Vec<&str> = head.split("<span class=\"name\">").skip(1).collect();
            for row in body.split("<tr").skip(1) {
                // The first cell names the row.
                for (heading, cell) in headings.iter().skip(1).zip(row.split("<td").skip(1)) {
                    let is_in_sql = !NOT_IN_SQL.iter().any(|name| heading.starts_with(name));
                    for shown in shown(cell).iter().filter(|_| is_in_sql && cell.starts_with(" class=\"n")) {
                        compared += 1;
                        assert!(tables.have(name, shown), "{} in {name} of {page}", shown.value);
                    }
                }
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// The numbers of a cell, but for intervals, which SQL does not give, and for spans of time.
fn shown(cell: &str) -> Vec<Shown> {
    let cell = cell.split_once('>').map_or("", |(_, text)| text);
    let cell = cell.split_once("</td>").map_or(cell, |(text, _)| text);
    let cell = cell.split_once("<span class=\"note\">").map_or(cell, |(text, _)| text);
    let text: String = cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    if text.contains([':', '<', '&', '+']) || text.split_whitespace().any(|word| ["s", "min", "h", "d"].contains(&word))
    {
        return Vec::new();
    }
    // Points are percentages of which one was taken from another.
    let is_percent = text.contains('%') || text.contains(" points");
    let words = text.split(|letter: char| letter.is_whitespace() || letter == '%');
    words
        .filter_map(|word| {
            let digits = word.replace(',', "").replace('−', "-");
            let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let precision = 0.5 / 10_f64.powi(i32::try_from(decimals).ok()?) + 1e-9;
            Some(Shown { value: digits.parse().ok()?, precision, is_percent })
        })
        .collect()
}

#[test]
fn the_summary_of_carts_is_what_the_tables_say() {
    let (_lake, folder) = demo();
    let text = std::fs::read_to_string(folder.join("summary.json")).expect("summary.json");
    let summary: Value = serde_json::from_str(&text).expect("JSON");
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("a number");
    let columns = |name: &str| {
        let path = folder.join(format!("tables/{name}.csv"));
        let mut reader = csv::Reader::from_path(&path).expect("a table");
        let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let row = reader.records().next().expect("a row").expect("a row");
        header.into_iter().zip(row.iter().map(str::to_owned)).collect::<BTreeMap<_, _>>()
    };
    let overall = columns("abandonment.overall");
    let headline = &summary["headlines"]["abandonment"];
    for name in ["carts", "abandoned", "pending"] {
        let told = number(&headline[name]);
        assert!((overall[name].parse::<f64>().expect("a number") - told).abs() < 1e-9, "{name}: {overall:?}");
    }
    let totals = columns("revenue.totals");
    let loss = &summary["headlines"]["revenue"][0]["loss"];
    for name in ["gross", "recovered", "net"] {
        let told = number(&loss[name]);
        assert!((totals[name].parse::<f64>().expect("a number") - told).abs() < 1e-4, "{name}: {totals:?}");
    }
}
