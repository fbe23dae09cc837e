use super::*;
use crate::testing::{Cart, SOON, analysis_of, analysis_with, cart, settings};
use events::time::{DAY, HOUR};
use proptest::prelude::*;

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn sum<'a>(losses: impl IntoIterator<Item = &'a Loss>) -> Loss {
    let mut total = Loss::default();
    for loss in losses {
        total += *loss;
    }
    total
}

#[test]
fn what_was_bought_later_is_taken_out_of_the_net_loss_and_stays_in_the_gross() {
    let revenue = analysis_of(&[
        cart(0).abandoned().worth("100", "EUR"),
        cart(0).abandoned().worth("30.5", "EUR").bought(5 * DAY),
        cart(0).worth("999", "EUR").bought(SOON),
        cart(9 * DAY).worth("12.25", "EUR"),
    ])
    .revenue;
    let loss = revenue.totals[0].loss;
    assert_eq!((loss.carts, loss.abandoned, loss.recovered_carts, loss.pending), (4, 2, 1, 1));
    assert_eq!((loss.gross, loss.recovered, loss.net), (amount("130.5"), amount("30.5"), amount("100")));
    assert_eq!(loss.pending_value, amount("12.25"));
}

#[test]
fn amounts_of_different_currencies_are_never_added() {
    let revenue = analysis_of(&[
        cart(0).abandoned().worth("10", "EUR"),
        cart(0).abandoned().worth("8.5", "GBP"),
        cart(0).abandoned().worth("8.5", "GBP"),
    ])
    .revenue;
    let totals: Vec<(&str, Amount)> =
        revenue.totals.iter().map(|total| (total.currency.as_str(), total.loss.gross)).collect();
    assert_eq!(totals, [("GBP", amount("17")), ("EUR", amount("10"))]);
    let in_base = revenue.in_base.unwrap();
    assert_eq!((in_base.currency.as_str(), in_base.converted, in_base.loss.gross), ("EUR", true, amount("30")));
}

#[test]
fn each_amount_is_rounded_before_it_is_added() {
    // 1 / 0.85 is 1.17647…; rounded after adding, three of them would be 3.5294.
    let carts = [cart(0), cart(HOUR), cart(2 * HOUR)].map(|cart| cart.abandoned().worth("1", "GBP"));
    let in_base = analysis_of(&carts).revenue.in_base.unwrap();
    assert_eq!(in_base.loss.gross, amount("3.5295"));
    assert_eq!(in_base.rates, [Rate { currency: "GBP".to_owned(), billionths_per_base: 850_000_000 }]);
}

#[test]
fn without_a_rate_there_is_no_total_in_base_and_the_currency_is_named() {
    let revenue = analysis_of(&[
        cart(0).abandoned().worth("10", "EUR"),
        cart(0).abandoned().worth("500", "SEK"),
        cart(9 * DAY).worth("500", "NOK"),
    ])
    .revenue;
    assert_eq!((revenue.in_base, revenue.without_rate), (None, vec!["NOK".to_owned(), "SEK".to_owned()]));
    assert_eq!(revenue.totals.len(), 3);
}

#[test]
fn with_the_base_currency_alone_nothing_is_converted() {
    let revenue = analysis_of(&[cart(0).abandoned().worth("10", "EUR")]).revenue;
    let in_base = revenue.in_base.unwrap();
    assert_eq!((in_base.converted, in_base.loss), (false, revenue.totals[0].loss));
}

#[test]
fn carts_without_a_price_are_counted_apart() {
    let revenue = analysis_of(&[cart(0).abandoned(), cart(9 * DAY), cart(0).abandoned().worth("10", "EUR")]).revenue;
    assert_eq!((revenue.unpriced.carts, revenue.unpriced.abandoned, revenue.unpriced.pending), (2, 1, 1));
    assert_eq!((revenue.unpriced.gross, revenue.totals[0].loss.carts), (Amount::ZERO, 1));
    let segments: Vec<(&str, Option<&str>, u64)> = revenue
        .segments
        .iter()
        .map(|line| (line.segment.as_str(), line.currency.as_deref(), line.loss.carts))
        .collect();
    assert_eq!(segments, [("new", Some("EUR"), 1), ("new", None, 2)]);
}

#[test]
fn the_top_1_percent_are_part_of_their_segment() {
    let revenue = analysis_of(&[
        Cart { top1: true, ..cart(0).of("d1").abandoned().worth("400", "EUR") },
        cart(0).of("d1").abandoned().worth("100", "EUR"),
        cart(0).of("lapsed").abandoned().worth("7", "EUR"),
    ])
    .revenue;
    assert_eq!((revenue.segments[0].segment.as_str(), revenue.segments[0].loss.gross), ("d1", amount("500")));
    assert_eq!((revenue.top1.len(), revenue.top1[0].loss.gross), (1, amount("400")));
    assert_eq!(revenue.in_base.unwrap().top1.gross, amount("400"));
}

#[test]
fn sums_are_exact_where_floats_are_not() {
    // 0.1 three times, then an amount whose last digits a float or 64 bits would lose once it is added up.
    let mut carts = vec![cart(0).abandoned().worth("0.1", "EUR"); 3];
    assert_eq!(analysis_of(&carts).revenue.totals[0].loss.gross, amount("0.3"));
    let large = cart(0).abandoned().worth("99999999999999.9999", "EUR");
    carts.extend(vec![large; 2_000]);
    let gross = analysis_of(&carts).revenue.totals[0].loss.gross;
    assert_eq!(gross, Amount(3_000 + 2_000 * 999_999_999_999_999_999));
    assert!(gross.0 > i128::from(i64::MAX));
}

#[test]
fn no_carts_lose_nothing() {
    let revenue = analysis_of(&[]).revenue;
    assert!(revenue.totals.is_empty() && revenue.segments.is_empty() && revenue.days.is_empty());
    assert_eq!((revenue.unpriced, revenue.in_base.unwrap().loss), (Loss::default(), Loss::default()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn segments_and_days_sum_to_the_totals_in_every_currency(
        seeds in proptest::collection::vec((0..12 * DAY, 0..4_usize, 0..4_usize, 0..5_usize, 0..10_000_000_i128), 0..100),
    ) {
        let carts: Vec<Cart> = seeds
            .iter()
            .map(|(after, outcome, currency, segment, scaled)| {
                let mut cart = cart(*after).of(["d1", "d2", "d10", "lapsed", "new"][*segment]);
                cart.top1 = *segment == 0 && *scaled % 2 == 0;
                if let Some(currency) = [None, Some("EUR"), Some("GBP"), Some("SEK")][*currency] {
                    cart = cart.worth(&Amount(*scaled).to_string(), currency);
                }
                match outcome {
                    0 => cart,
                    1 => cart.bought(SOON),
                    2 => cart.abandoned(),
                    _ => cart.abandoned().bought(4 * DAY),
                }
            })
            .collect();
        let mut settings = settings();
        settings.rates = Rates::new("EUR", [("GBP", "0.85"), ("SEK", "11.2")]).unwrap();
        let revenue = analysis_with(&carts, &[], &settings).revenue;
        for CurrencyLoss { currency, loss } in &revenue.totals {
            prop_assert_eq!(loss.net, loss.gross - loss.recovered);
            let segments = revenue.segments.iter().filter(|line| line.currency.as_ref() == Some(currency));
            prop_assert_eq!(sum(segments.map(|line| &line.loss)), *loss);
            let days = revenue.days.iter().filter(|line| line.currency == *currency);
            prop_assert_eq!(sum(days.map(|line| &line.loss)), *loss);
        }
        let unpriced = revenue.segments.iter().filter(|line| line.currency.is_none());
        prop_assert_eq!(sum(unpriced.map(|line| &line.loss)), revenue.unpriced);
        let counted = sum(revenue.totals.iter().map(|line| &line.loss)).carts + revenue.unpriced.carts;
        prop_assert_eq!(counted, carts.len() as u64);
        let detail = &revenue.detail;
        let all = |lines: &mut dyn Iterator<Item = (Option<&str>, &Waterfall)>, currency: Option<&str>| {
            let mut total = Waterfall::default();
            lines.filter(|(other, _)| *other == currency).for_each(|(_, waterfall)| total += *waterfall);
            total
        };
        for LostPart { currency, waterfall, .. } in &detail.totals {
            let currency = currency.as_deref();
            for breakdown in [&detail.segments, &detail.steps] {
                let mut lines = breakdown.iter().map(|line| (line.currency.as_deref(), &line.waterfall));
                prop_assert_eq!(all(&mut lines, currency), *waterfall);
            }
            if currency.is_some() {
                let mut days = detail.days.iter().map(|day| (Some(day.currency.as_str()), &day.waterfall));
                prop_assert_eq!(all(&mut days, currency), *waterfall);
            }
            let contract = revenue.totals.iter().find(|line| Some(line.currency.as_str()) == currency);
            let contract = contract.map_or(revenue.unpriced, |line| line.loss);
            prop_assert_eq!((waterfall.carts, waterfall.gross, waterfall.net()), (contract.abandoned, contract.gross, contract.net));
        }
        let base = detail.in_base.as_ref().unwrap();
        prop_assert_eq!(base.total.gross, revenue.in_base.as_ref().unwrap().loss.gross);
        let mut lines = base.segments.iter().map(|line| (line.currency.as_deref(), &line.waterfall));
        prop_assert_eq!(all(&mut lines, Some("EUR")), base.total);
        let in_base = revenue.in_base.unwrap();
        prop_assert_eq!(sum(in_base.segments.iter().map(|line| &line.loss)), in_base.loss);
        prop_assert_eq!(sum(in_base.days.iter().map(|line| &line.loss)), in_base.loss);
    }
}

#[test]
fn carts_are_told_by_the_reasons_that_are_given_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let carts = [cart(0).abandoned().worth("10", "EUR"), cart(0).abandoned().worth("5", "EUR")];
    crate::testing::write(folder.path(), &carts, &[]);
    let tables = Tables::of(folder.path());
    let of = |reasons: &std::collections::HashMap<String, String>| {
        let known = Known { reasons: Some(reasons), ..Known::default() };
        let detail = detail::detail(&tables, &settings(), &known).unwrap();
        detail.reasons.into_iter().map(|line| (line.key, line.waterfall.lost)).collect::<Vec<_>>()
    };
    // Hand-made carts have no ids.
    assert_eq!(of(&[(String::new(), "declined card".to_owned())].into()), [("declined card".to_owned(), amount("15"))]);
    assert_eq!(of(&[].into()), [(detail::NO_REASON.to_owned(), amount("15"))]);
}

#[test]
fn what_is_still_expected_to_be_bought_is_a_part_of_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let bought = cart(0).abandoned().worth("100", "EUR").bought(5 * DAY);
    crate::testing::write(
        folder.path(),
        &[cart(0).abandoned().worth("10", "EUR"), cart(0).abandoned().worth("5", "EUR"), bought, cart(0)],
        &[],
    );
    // Hand-made carts have no ids: all of them are said to be bought later in a quarter of cases.
    let later = std::collections::HashMap::from([(String::new(), 0.25)]);
    let known = Known { later: Some(&later), ..Known::default() };
    let total = detail::detail(&Tables::of(folder.path()), &settings(), &known).unwrap().in_base.unwrap().total;
    assert_eq!((total.lost, total.expected_recovery), (amount("15"), amount("3.75")));
}

#[test]
fn what_barriers_claim_is_at_most_the_net_loss() {
    let folder = tempfile::tempdir().unwrap();
    let carts = [cart(0).abandoned().worth("8.5", "GBP")];
    crate::testing::write(folder.path(), &carts, &[]);
    let claim =
        Claim { id: "b".to_owned(), carts: Vec::new(), low: amount("4"), point: amount("9"), high: amount("30") };
    let known = Known { claims: &[claim], ..Known::default() };
    let detail = detail::detail(&Tables::of(folder.path()), &settings(), &known).unwrap();
    let (avoidable, total) = (detail.avoidable.unwrap(), detail.in_base.unwrap().total);
    assert_eq!((avoidable.low, avoidable.point, avoidable.high), (amount("4"), amount("9"), amount("10")));
    assert_eq!((total.gross, total.net(), total.lost), (amount("10"), amount("10"), amount("10")));
}
