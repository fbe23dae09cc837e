use super::*;
use crate::testing::{SOON, analysis_of, analysis_with, cart, order, settings};
use events::time::{DAY, HOUR};

fn analysis() -> Analysis {
    let carts = [
        cart(0).abandoned().worth("10", "EUR").on("mobile"),
        cart(HOUR).abandoned().worth("8.5", "GBP").of("d1").bought(5 * DAY),
        cart(DAY).came_to("begin_checkout", [Some(4), None, None]).worth("3.99", "EUR").bought(SOON),
        cart(9 * DAY),
    ];
    analysis_with(&carts, &[order()], &settings())
}

fn find(queries: &[Query], id: &str) -> Query {
    queries.iter().find(|query| query.id == id).unwrap().clone()
}

fn cells(cells: &[&str]) -> Vec<Option<String>> {
    cells.iter().map(|cell| (*cell != "null").then(|| (*cell).to_owned())).collect()
}

#[test]
fn every_query_has_an_id_of_its_own_and_one_cell_per_column() {
    let queries = analysis().queries("data/current");
    let mut ids: Vec<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), queries.len());
    for query in &queries {
        assert!(query.expected.iter().all(|row| row.len() == query.columns.len()), "{}", query.id);
        assert!(!query.sql.ends_with(';') && query.sql.contains("read_parquet('data/current/"), "{}", query.id);
    }
}

#[test]
fn answers_are_those_of_the_analysis() {
    let queries = analysis().queries("data/current");
    let expected = |id: &str| find(&queries, id).expected;
    assert_eq!(expected("abandonment.overall"), [cells(&["4", "2", "1", "1", "3", "0.6666666666666666", "0"])]);
    assert_eq!(
        expected("revenue.totals"),
        [
            cells(&["EUR", "2", "1", "0", "0", "10.0000", "0.0000", "10.0000", "0.0000"]),
            cells(&["GBP", "1", "1", "1", "0", "8.5000", "8.5000", "0.0000", "0.0000"]),
        ]
    );
    assert_eq!(expected("abandonment.device")[0], cells(&["null", "3", "1", "1", "1", "2", "0.5"]));
    assert_eq!(expected("orders.summary"), [cells(&["1", "1", "1.0", "1.0000", "0.0000", "0"])]);
    assert_eq!(
        expected("funnel.stopped"),
        [
            cells(&["add_to_cart", "0", "null"]),
            cells(&["begin_checkout", "1", "0.6666666666666666"]),
            cells(&["purchase", "0", "1.0"]),
        ]
    );
}

#[test]
fn the_sql_reads_as_an_analyst_would_write_it() {
    let queries = analysis().queries("data/current/");
    assert_eq!(
        find(&queries, "abandonment.device").sql,
        "select
  device,
  count(*) as carts,
  count(*) filter (where outcome = 'abandoned') as abandoned,
  count(*) filter (where outcome = 'purchased') as purchased,
  count(*) filter (where outcome = 'pending') as pending,
  count(*) filter (where opened_at <= timestamptz '2026-03-09T12:00:00Z') as matured,
  count(*) filter (where outcome = 'abandoned') / nullif(count(*) filter (where opened_at <= timestamptz '2026-03-09T12:00:00Z'), 0) as rate
from read_parquet('data/current/carts/*.parquet')
group by device
order by carts desc, device nulls last"
    );
}

#[test]
fn a_quote_in_the_name_of_the_folder_does_not_end_the_text() {
    let queries = analysis().queries("/shop's data");
    assert!(queries[0].sql.contains("read_parquet('/shop''s data/carts/*.parquet')"));
}

#[test]
fn without_carts_only_what_has_an_answer_is_asked() {
    let queries = analysis_of(&[]).queries("d");
    assert!(!queries.iter().any(|query| query.id.starts_with("checkout_curve") || query.id == "funnel.times"));
    assert_eq!(find(&queries, "abandonment.overall").expected, [cells(&["0", "0", "0", "0", "0", "null", "0"])]);
}
