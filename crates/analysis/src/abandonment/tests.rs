use super::*;
use crate::testing::{NOON, SOON, analysis_of, analysis_with, cart, settings};
use events::time::{DAY, HOUR};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn numbers(outcomes: &Outcomes) -> [u64; 4] {
    [outcomes.carts, outcomes.abandoned, outcomes.purchased, outcomes.pending]
}

#[test]
fn pending_carts_are_counted_beside_the_rate_and_not_in_it() {
    let carts = [
        cart(0).abandoned(),
        cart(HOUR).abandoned(),
        cart(2 * HOUR).abandoned(),
        cart(0).bought(SOON),
        cart(9 * DAY),
        cart(9 * DAY),
    ];
    let overall = analysis_of(&carts).abandonment.overall;
    assert_eq!(numbers(&overall), [6, 3, 1, 2]);
    assert_eq!(overall.rate, wilson(3, 4));
}

#[test]
fn a_cart_bought_while_its_window_is_open_is_in_no_rate_yet() {
    // As of ten days after the first cart, one opened exactly three days before has matured.
    let carts = [cart(0).abandoned(), cart(7 * DAY).bought(SOON), cart(7 * DAY + 1).bought(SOON), cart(8 * DAY)];
    let overall = analysis_of(&carts).abandonment.overall;
    assert_eq!((overall.purchased, overall.purchased_early), (2, 1));
    assert_eq!((overall.matured, overall.rate), (2, wilson(1, 2)));
}

#[test]
fn emptied_carts_count_as_not_checked_out() {
    let emptied = crate::testing::Cart { emptied: true, ..cart(0).abandoned() };
    let still_pending = crate::testing::Cart { emptied: true, ..cart(9 * DAY) };
    let abandonment = analysis_of(&[emptied, still_pending, cart(0).bought(SOON)]).abandonment;
    assert_eq!((abandonment.overall.abandoned, abandonment.emptied), (1, 1));
}

#[test]
fn a_cart_bought_after_the_window_stays_abandoned() {
    let overall = analysis_of(&[cart(0).abandoned().bought(5 * DAY)]).abandonment.overall;
    assert_eq!(numbers(&overall), [1, 1, 0, 0]);
}

#[test]
fn days_are_those_of_the_shop_and_ascend() {
    // 23:30 and 00:30 in Berlin, on both sides of the change to summer time on 2026-03-29.
    let spring = 27 * DAY;
    let carts = [
        cart(spring + 9 * HOUR + HOUR / 2),
        cart(10 * HOUR + HOUR / 2),
        cart(11 * HOUR + HOUR / 2),
        cart(spring + 10 * HOUR + HOUR / 2),
        cart(spring - HOUR),
    ];
    let days = analysis_of(&carts).abandonment.days;
    let carts: Vec<(NaiveDate, u64)> = days.iter().map(|day| (day.day, day.outcomes.carts)).collect();
    let expected = [("2026-03-02", 1), ("2026-03-03", 1), ("2026-03-29", 2), ("2026-03-30", 1)];
    assert_eq!(carts, expected.map(|(text, carts)| (day(text), carts)));
}

#[test]
fn a_missing_device_is_not_the_device_called_unknown() {
    let carts =
        [cart(0), cart(0), cart(0).on("unknown"), cart(0).on("mobile"), cart(0).on("desktop"), cart(0).on("mobile")];
    let by = analysis_of(&carts).abandonment.by;
    assert_eq!(by.iter().map(|breakdown| breakdown.column).collect::<Vec<_>>(), COLUMNS);
    let devices: Vec<(Option<&str>, u64)> =
        by[0].values.iter().map(|slice| (slice.value.as_deref(), slice.outcomes.carts)).collect();
    assert_eq!(devices, [(Some("mobile"), 2), (None, 2), (Some("desktop"), 1), (Some("unknown"), 1)]);
}

#[test]
fn segments_stand_in_their_own_order() {
    let carts = [
        cart(0).of("new"),
        cart(0).of("new"),
        cart(0).of("lapsed"),
        cart(0).of("d10"),
        cart(0).of("d2"),
        cart(0).of("d1"),
    ];
    let abandonment = analysis_of(&carts).abandonment;
    let segments = abandonment.by.last().unwrap().values.iter().filter_map(|slice| slice.value.as_deref());
    assert_eq!(segments.collect::<Vec<_>>(), ["d1", "d2", "d10", "lapsed", "new"]);
}

#[test]
fn values_beyond_the_first_twenty_are_kept_and_summed() {
    let mut carts: Vec<_> = (0..25).flat_map(|at| vec![cart(0).on(&format!("device {at:02}")); 30 - at]).collect();
    carts.iter_mut().step_by(2).for_each(|cart| cart.outcome = "abandoned");
    let by = analysis_of(&carts).abandonment.by;
    let devices = &by[0];
    assert_eq!((devices.values.len(), devices.shown().len()), (25, SHOWN));
    let others = devices.others.unwrap();
    assert_eq!((others.values, others.outcomes.carts), (5, 10 + 9 + 8 + 7 + 6));
    assert_eq!(
        devices.shown().iter().map(|slice| slice.outcomes.carts).sum::<u64>() + others.outcomes.carts,
        carts.len() as u64
    );
    assert_eq!(by[1].others, None);
}

#[test]
fn no_cart_at_all_gives_counts_of_zero_and_no_rate() {
    let abandonment = analysis_of(&[]).abandonment;
    assert_eq!(abandonment.overall, Outcomes::default());
    assert!(abandonment.days.is_empty() && abandonment.by.iter().all(|breakdown| breakdown.values.is_empty()));
}

#[test]
fn with_every_cart_pending_there_is_no_rate_yet() {
    let overall = analysis_of(&[cart(9 * DAY), cart(8 * DAY)]).abandonment.overall;
    assert_eq!((numbers(&overall), overall.matured, overall.rate), ([2, 0, 0, 2], 0, None));
}

#[test]
fn an_outcome_that_nobody_knows_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    crate::testing::write(folder.path(), &[crate::testing::Cart { outcome: "lost", ..cart(0) }], &[]);
    let error = crate::analyze(&crate::Tables::of(folder.path()), &settings()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the carts table holds the outcome `lost`, which this leftcart does not know; run with --rebuild to write it anew"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_parts_of_every_breakdown_sum_to_the_whole(
        seeds in proptest::collection::vec((0..10 * DAY, 0..3_usize, 0..30_u8), 0..120),
    ) {
        let carts: Vec<_> = seeds
            .iter()
            .map(|(after, outcome, device)| {
                let cart = if *device == 0 { cart(*after) } else { cart(*after).on(&format!("device {device}")) };
                match outcome {
                    0 => cart.abandoned(),
                    1 => cart.bought(SOON),
                    _ => cart,
                }
            })
            .collect();
        let settings = Settings { as_of: NOON + 12 * DAY, ..settings() };
        let abandonment = analysis_with(&carts, &[], &settings).abandonment;
        prop_assert_eq!(abandonment.overall.carts, carts.len() as u64);
        prop_assert_eq!(abandonment.days.iter().map(|day| day.outcomes).sum::<Outcomes>(), abandonment.overall);
        for breakdown in &abandonment.by {
            prop_assert_eq!(breakdown.values.iter().map(|slice| slice.outcomes).sum::<Outcomes>(), abandonment.overall);
            let shown = breakdown.shown().iter().map(|slice| slice.outcomes).sum::<Outcomes>();
            let others = breakdown.others.map(|others| others.outcomes).unwrap_or_default();
            prop_assert_eq!(shown + others, abandonment.overall);
        }
        for outcomes in abandonment.days.iter().map(|day| day.outcomes) {
            prop_assert_eq!(outcomes.carts, outcomes.abandoned + outcomes.purchased + outcomes.pending);
            prop_assert!(outcomes.rate.is_none_or(|rate| 0.0 <= rate.low && rate.low <= rate.point && rate.high <= 1.0));
        }
    }
}
