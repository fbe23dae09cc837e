use super::*;

#[test]
fn counts_have_thousands_separators() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(counted(1, "cart"), "1 cart");
    assert_eq!(counted(0, "cart"), "0 carts");
}

#[test]
fn percentages_have_the_digits_that_their_number_of_observations_bears() {
    assert_eq!(bare_percent(0.7132, 13_760), "71.3%");
    assert_eq!(bare_percent(0.7132, 999), "71%");
    assert_eq!(bare_percent(0.0, 5_000), "0.0%");
    assert_eq!(bare_percent(0.0004, 5_000), "<0.1%");
    assert_eq!(bare_percent(0.9999, 5_000), ">99.9%");
    assert_eq!(bare_percent(0.999, 100), ">99%");
    assert_eq!(bare_percent(1.0, 100), "100%");
}

#[test]
fn money_has_the_decimals_of_its_currency() {
    assert_eq!(money(Amount(12_345_000), "EUR"), "1,234.50\u{a0}EUR");
    assert_eq!(money(Amount(12_345_000), "JPY"), "1,235\u{a0}JPY");
    assert_eq!(money(Amount(12_345_678), "KWD"), "1,234.568\u{a0}KWD");
    assert_eq!(money(Amount(-50), "EUR"), "−0.01\u{a0}EUR");
    assert_eq!(money(Amount(-49), "EUR"), "0.00\u{a0}EUR");
    assert_eq!(money_brief(Amount(12_345_678_900), "EUR"), "1,234,568\u{a0}EUR");
    assert_eq!(money_brief(Amount(125_000), "EUR"), "12.50\u{a0}EUR");
}

#[test]
fn durations_have_two_units_at_most() {
    let cases = [
        (0.0, "0 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (725.0, "12 min 5 s"),
        (3_599.7, "1 h"),
        (8_040.0, "2 h 14 min"),
        (86_390.0, "1 d"),
        (273_700.0, "3 d 4 h"),
    ];
    for (secs, text) in cases {
        assert_eq!(duration(secs), text, "{secs}");
    }
}

#[test]
fn ages_spans_and_rates_are_written_out() {
    assert_eq!(
        [0.0, 1.0, 36.0, 72.0, 1.5].map(age),
        ["0\u{a0}hours", "1\u{a0}hour", "36\u{a0}hours", "3\u{a0}days", "1.5\u{a0}hours"]
    );
    assert_eq!([3 * DAY, DAY, 36 * HOUR, 30 * DAY].map(span), ["three days", "one day", "36 hours", "30 days"]);
    assert_eq!([850_000_000, 1_000_000_000, 11_200_000_000].map(rate), ["0.85", "1", "11.2"]);
}

#[test]
fn moments_are_on_the_shop_s_clock() {
    let moment_before_midnight = events::time::parse("2026-11-19T23:30:00Z").unwrap();
    assert_eq!(moment(moment_before_midnight, "Europe/Berlin"), "20 Nov 2026, 00:30");
    assert_eq!(date(local_date(moment_before_midnight, "Europe/Berlin")), "20 Nov 2026");
    assert_eq!(moment(moment_before_midnight, "nowhere"), "19 Nov 2026, 23:30");
}
