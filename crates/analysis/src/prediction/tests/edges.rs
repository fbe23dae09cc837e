//! Shops with hardly any carts, with only one kind of outcome, and words that were never seen before.

use events::time::{self, DAY, HOUR};

use super::predicted;
use super::shop::Shop;
use crate::prediction::{Method, Prediction, Why};

const START: i64 = 1_772_452_800 * time::SECOND;

/// So many carts over 40 days, of each ten so many bought after two hours; judged at the end of the last day.
fn shop(carts: i64, bought_of_ten: i64) -> Prediction {
    let names: Vec<String> = (0..carts).map(|at| format!("v{at}")).collect();
    let mut rows = Vec::new();
    for (at, name) in (0_i64..).zip(&names) {
        let opened_at = START + at * 40 * DAY / carts;
        rows.push((opened_at, "add_to_cart", name.as_str(), "", "a"));
        if at % 10 < bought_of_ten {
            rows.push((opened_at + 2 * HOUR, "purchase", name.as_str(), "", "a"));
        }
    }
    predicted(&Shop::of(&rows, START + 40 * DAY - 1))
}

#[test]
fn of_thirty_carts_the_rate_is_told_with_a_wide_range_and_the_reason() {
    let prediction = shop(30, 3);
    assert_eq!((prediction.method, prediction.why), (Method::AgeCurve, Why::TooLittleData));
    assert_eq!(prediction.fingerprint, None);
    let pending = prediction.pending_days.iter().find(|day| day.open > 0).expect("a cart of the last days is open");
    assert!((0.0..=1.0).contains(&pending.low) && pending.low <= pending.expected_rate);
    assert!(pending.expected_rate <= pending.high && pending.high <= 1.0, "{pending:?}");
    assert!(prediction.carts.iter().all(|cart| cart.reasons == "like all carts of its age"));
}

#[test]
fn where_every_cart_ended_alike_there_is_no_model_and_no_nonsense() {
    for (bought_of_ten, rate) in [(0, 1.0), (10, 0.0)] {
        let prediction = shop(600, bought_of_ten);
        assert_eq!(prediction.why, Why::TooLittleData, "{bought_of_ten} of ten");
        assert!(prediction.carts.iter().all(|cart| (0.0..=1.0).contains(&cart.p_abandon)));
        let tonight = prediction.tonight.expect("carts were opened on the last day");
        assert!((tonight.expected_rate - rate).abs() < 0.02, "{tonight:?}");
        assert!(tonight.low <= tonight.expected_rate && tonight.expected_rate <= tonight.high, "{tonight:?}");
    }
}
