//! Every way in which a loss is easily counted twice.

use std::fmt::Write as _;

use support::lake::Lake;
use support::table;

use super::{scaled, shop, sums};

/// Carts expire after four days, so that a person can leave several within two weeks.
const SHORT: &str = "[cart]\nexpiry = \"4d\"\n";
const LATE: &str = "2026-06-01T00:00:00Z";

/// Some columns of the revenue table in euros.
fn euros<const N: usize>(lake: &Lake, columns: [&str; N]) -> [i128; N] {
    let sums = sums(lake, "EUR");
    columns.map(|column| {
        assert_eq!(sums[column] % 10_000, 0, "{column}");
        sums[column] / 10_000
    })
}

#[test]
fn a_cart_that_a_login_merges_is_lost_once() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,phone,,cup,1,10,EUR,,
2,2026-03-02T11:00:00Z,page_view,phone,ann,,,,,,
3,2026-03-02T12:00:00Z,add_to_cart,desk,ann,pot,1,30,EUR,,
4,2026-03-02T13:00:00Z,add_to_cart,desk,ann,cup,1,10,EUR,,
";
    let lake = shop(rows, "", LATE);
    assert_eq!(lake.rows("carts").len(), 1);
    assert_eq!(euros(&lake, ["gross", "net", "lost"]), [50, 50, 50]);
}

#[test]
fn a_wish_left_in_three_carts_is_lost_once() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
2,2026-03-09T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
3,2026-03-16T10:00:00Z,add_to_cart,v,ann,cup,1,12,EUR,,
";
    let lake = shop(rows, SHORT, LATE);
    assert_eq!(lake.rows("carts").len(), 3);
    assert_eq!(euros(&lake, ["gross", "net", "repeated", "lost"]), [32, 32, 20, 12]);
}

#[test]
fn what_a_partial_checkout_leaves_behind_is_no_loss() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
2,2026-03-02T10:01:00Z,add_to_cart,v,ann,pot,1,30,EUR,,
3,2026-03-02T10:05:00Z,purchase,v,ann,cup,1,10,EUR,A1,10
";
    let lake = shop(rows, "", LATE);
    assert_eq!(lake.rows("carts")[0]["left_behind_value"].as_deref(), Some("30.0000"));
    assert_eq!(euros(&lake, ["gross", "lost"]), [0, 0]);
}

#[test]
fn an_order_cancelled_and_placed_again_is_no_loss_and_no_second_gain() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
2,2026-03-07T10:00:00Z,purchase,v,ann,cup,1,10,EUR,A1,10
3,2026-03-07T12:00:00Z,refund,v,ann,,,,EUR,A1,10
4,2026-03-08T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
5,2026-03-08T10:05:00Z,purchase,v,ann,cup,1,10,EUR,A2,10
";
    let lake = shop(rows, "", LATE);
    let columns = ["gross", "recovered", "elsewhere", "refunded", "lost"];
    assert_eq!(euros(&lake, columns), [10, 10, 10, 10, 0]);
}

#[test]
fn a_recovery_that_was_refunded_is_lost_again() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
2,2026-03-07T10:00:00Z,purchase,v,ann,cup,1,10,EUR,A1,20
3,2026-03-17T10:00:00Z,refund,v,ann,,,,EUR,A1,10
";
    let columns = ["gross", "recovered", "net", "refunded", "lost"];
    assert_eq!(euros(&shop(rows, "", LATE), columns), [10, 10, 0, 5, 5]);
    // Before the refund nobody could know of it.
    assert_eq!(euros(&shop(rows, "", "2026-03-16T00:00:00Z"), columns), [10, 10, 0, 0, 0]);
}

#[test]
fn a_cart_paid_by_gift_card_is_bought_whatever_was_charged() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
2,2026-03-07T10:00:00Z,purchase,v,ann,cup,1,10,EUR,A1,0
3,2026-03-02T10:00:00Z,add_to_cart,w,bob,cup,1,10,EUR,,
4,2026-03-07T10:00:00Z,purchase,w,bob,cup,1,10,EUR,A2,4
5,2026-03-08T10:00:00Z,refund,w,bob,,,,EUR,A2,4
";
    assert_eq!(euros(&shop(rows, "", LATE), ["gross", "recovered", "refunded", "lost"]), [20, 20, 10, 10]);
}

#[test]
fn a_quote_of_many_pieces_loses_only_those_that_no_order_has() {
    let rows = "\
1,2026-03-02T10:00:00Z,begin_checkout,v,firm,cup,100,10,EUR,,
2,2026-03-09T10:00:00Z,add_to_cart,v,firm,cup,40,8,EUR,,
3,2026-03-09T10:05:00Z,purchase,v,firm,cup,40,8,EUR,Q1,320
";
    let lake = shop(rows, SHORT, LATE);
    assert_eq!(euros(&lake, ["gross", "elsewhere", "lost"]), [1_000, 400, 600]);
}

#[test]
fn a_price_that_changes_after_the_window_changes_no_loss_and_no_gain() {
    let left = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,
";
    let after = "\
2,2026-03-05T12:00:00Z,view_cart,v,ann,cup,1,25,EUR,,
3,2026-03-10T10:00:00Z,add_to_cart,v,ann,cup,1,8,EUR,,
4,2026-03-10T10:05:00Z,purchase,v,ann,cup,1,8,EUR,A1,8
";
    assert_eq!(euros(&shop(left, SHORT, LATE), ["gross", "lost"]), [10, 10]);
    let both = format!("{left}{after}");
    assert_eq!(euros(&shop(&both, SHORT, LATE), ["gross", "elsewhere", "lost"]), [10, 10, 0]);
}

#[test]
fn days_of_23_and_25_hours_have_each_cart_once() {
    // Berlin: 29 March 2026 has 23 hours, 25 October 25.
    let mut rows = String::new();
    for (at, start) in [1_774_738_800_i64, 1_792_879_200].into_iter().enumerate() {
        for hour in 0..25 {
            let ts = start + hour * 3_600;
            let _ = writeln!(rows, "{at}-{hour},{ts},add_to_cart,{at}-{hour},,cup,1,10,EUR,,");
        }
    }
    let lake = shop(&rows, "[shop]\ntime_zone = \"Europe/Berlin\"\n", "2026-12-24T00:00:00Z");
    assert_eq!(euros(&lake, ["gross", "lost"]), [500, 500]);
    let summary = lake.json(&["report"]);
    assert!(summary.is_object());
    let days = lost_by_day(&lake);
    let of = |day: &str| days.iter().filter(|(other, _)| other == day).map(|(_, lost)| *lost).sum::<i128>();
    assert_eq!((of("2026-03-29"), of("2026-03-30"), of("2026-10-25"), of("2026-10-26")), (230, 20, 250, 0));
}

/// What `summary.json` says is lost on each day, in euros.
fn lost_by_day(lake: &Lake) -> Vec<(String, i128)> {
    let reports = lake.path().join("reports");
    let summary = table_of(&reports);
    let days = summary["analysis"]["revenue"]["detail"]["days"].as_array().expect("days");
    days.iter()
        .map(|day| {
            let lost = scaled(day["waterfall"]["lost"].as_str().expect("an amount"));
            (day["day"].as_str().expect("a day").to_owned(), lost / 10_000)
        })
        .collect()
}

fn table_of(reports: &std::path::Path) -> serde_json::Value {
    let folders = std::fs::read_dir(reports).expect("reports");
    let mut files: Vec<_> = folders.map(|entry| entry.expect("a folder").path().join("summary.json")).collect();
    files.retain(|file| file.is_file());
    let [file] = &files[..] else { panic!("one night, not {files:?}") };
    serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("JSON")
}

#[test]
fn two_currencies_of_one_customer_are_never_mixed() {
    let rows = "\
1,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,2,10,EUR,,
2,2026-03-09T10:00:00Z,add_to_cart,v,ann,cup,1,8,GBP,,
3,2026-03-09T10:05:00Z,purchase,v,ann,cup,1,8,GBP,A1,8
4,2026-03-20T10:00:00Z,add_to_cart,v,ann,pot,1,30,GBP,,
";
    let lake = shop(rows, "[cart]\nexpiry = \"4d\"\n[money]\nrates = { GBP = 0.8 }\n", LATE);
    assert_eq!(euros(&lake, ["gross", "elsewhere", "lost"]), [20, 10, 10]);
    assert_eq!((sums(&lake, "GBP")["gross"], sums(&lake, "GBP")["lost"]), (300_000, 300_000));
    let base = &table_of(&lake.path().join("reports"))["analysis"]["revenue"]["detail"]["in_base"];
    assert_eq!(base["total"]["lost"], "47.5000");
    assert_eq!(base["total"]["gross"], "57.5000");
}

#[test]
fn carts_of_programs_are_no_loss() {
    let mut rows = "0,2026-03-02T10:00:00Z,add_to_cart,v,ann,cup,1,10,EUR,,\n".to_owned();
    for second in 0..60 {
        let _ = writeln!(rows, "b{second},2026-03-02T10:00:{second:02}Z,add_to_cart,bot,,cup,1,1000,EUR,,");
    }
    assert_eq!(euros(&shop(&rows, "", LATE), ["gross", "lost"]), [10, 10]);
}

#[test]
fn a_pending_cart_is_expected_to_cost_and_not_lost_and_never_both() {
    // A cart a day that is left, and a few that are bought, so that there is something to expect.
    let mut rows = String::new();
    for day in 1..=28 {
        for cart in 0..20 {
            let _ = writeln!(
                rows,
                "{day}-{cart},2026-03-{day:02}T{cart:02}:00:00Z,add_to_cart,v{day}-{cart},,cup,1,10,EUR,,"
            );
            if cart < 8 {
                let _ = writeln!(
                    rows,
                    "p{day}-{cart},2026-03-{day:02}T{cart:02}:30:00Z,purchase,v{day}-{cart},,cup,1,10,EUR,o{day}-{cart},10"
                );
            }
        }
    }
    let lake = shop(&rows, "", "2026-03-28T20:00:00Z");
    let carts = lake.rows("carts");
    let of = |outcome: &str| carts.iter().filter(|cart| cart["outcome"].as_deref() == Some(outcome)).count();
    let sums = sums(&lake, "EUR");
    assert!(of("pending") > 20);
    let whole = |count: usize| i128::try_from(count).expect("few");
    assert_eq!(
        (sums["gross"], sums["pending_value"]),
        (whole(of("abandoned")) * 100_000, whole(of("pending")) * 100_000)
    );
    assert!(sums["expected_loss"] > 0 && sums["expected_loss"] <= sums["pending_value"]);
    let predicted = lake.rows("predictions");
    let expected: i128 = predicted.iter().map(|row| scaled(row["expected_loss"].as_deref().expect("an amount"))).sum();
    assert_eq!(sums["expected_loss"], expected);
    let pending = |id: &Option<String>| {
        carts.iter().any(|cart| cart["cart_id"] == *id && cart["outcome"].as_deref() == Some("pending"))
    };
    assert!(predicted.iter().all(|row| pending(&row["cart_id"])));
    assert_eq!(table::money(sums["lost"]), table::money(sums["gross"]));
}
