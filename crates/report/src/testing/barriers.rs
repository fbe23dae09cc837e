//! Barriers of a made-up night, and the alerts that they raise: one that is sure, one that is only watched and whose carts are
//! not known, one that is over.

use std::collections::BTreeMap;

use analysis::barriers::{
    Barrier, Chosen, Comparison, Condition, Confounding, Control, ControlKind, Doubt, ErrorSeen, Journey, Level,
    Moment, MoneyRange, Nature, Onset, Range, Rung, Share, Status, Words,
};
use analysis::funnel::Step;
use analysis::stats::proportion::wilson;
use analysis::{Alert, Analysis, Barriers, Estimate, alerts};
use events::time::{DAY, HOUR, MINUTE};
use events::{Amount, Kind};

use super::AS_OF;

/// The night with findings, in whose texts `word` stands wherever logs have a say.
pub(crate) fn with_findings(analysis: Analysis, word: &str) -> Analysis {
    let sure = barrier(1, word);
    let watched = Barrier {
        id: "b".repeat(8),
        rank: 2,
        level: Level::Watch,
        rung: Rung::Unusual,
        onset: None,
        nature: Nature::Standing,
        conditions: Vec::new(),
        error_code: None,
        errors: Vec::new(),
        words: Vec::new(),
        journeys: Vec::new(),
        lost: None,
        ..barrier(2, word)
    };
    let over = Barrier { id: "c".repeat(8), rank: 3, status: Status::Resolved, end: Some(AS_OF), ..barrier(3, word) };
    let alert = |rule: alerts::Rule, id: String, evidence: &[(&str, &str)]| Alert {
        id,
        rule,
        severity: alerts::Severity::High,
        status: alerts::Status::New,
        what: format!("212 of 340 attempts with payment method {word} do not get on: 62 % instead of 18 %."),
        since: AS_OF,
        evidence: evidence
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        top_customers: 3,
    };
    Analysis {
        alerts: vec![
            alert(alerts::Rule::Barrier, format!("barrier:{}", sure.id), &[("attempts", "340"), ("rung", "4")]),
            alert(alerts::Rule::Rejected, "rejected".to_owned(), &[("rows", "340")]),
        ],
        barriers: Barriers { findings: vec![sure, watched, over], ..analysis.barriers },
        ..analysis
    }
}

fn barrier(rank: u32, word: &str) -> Barrier {
    let range = |low: f64, point: f64, high: f64| Range { low, point, high };
    let share = |attempts, failed, with_error| Share { attempts, failed, with_error };
    let condition = |column, value: &str| Condition { column, value: value.to_owned() };
    let carts: Vec<String> = (0..5).map(|at| format!("{at:032x}")).collect();
    Barrier {
        id: "a".repeat(8),
        rank,
        level: Level::Alert,
        status: Status::New,
        nature: Nature::Onset,
        rung: Rung::Aligned,
        first_seen: AS_OF,
        step: Step::AddShippingInfo,
        next_step: Step::AddPaymentInfo,
        conditions: vec![condition("payment_method", word), condition("os", "iOS")],
        error_code: Some(word.to_owned()),
        onset: Some(Onset { at: AS_OF - DAY, earliest: AS_OF - DAY - HOUR, latest: AS_OF - DAY + HOUR }),
        end: None,
        attempts: 340,
        failed: 212,
        rate: wilson(212, 340).unwrap_or(Estimate { point: 0.0, low: 0.0, high: 0.0, n: 340 }),
        expected_rate: 0.18,
        no_own_history: false,
        ratio: range(2.9, 3.4, 4.0),
        excess: range(131.0, 151.0, 170.0),
        excess_last_day: 140.0,
        lost_carts: range(88.0, 101.0, 120.0),
        recovered_share: 0.2,
        lost: Some(MoneyRange { low: Amount(61_000_000), point: Amount(74_000_000), high: Amount(90_000_000) }),
        q_value: 0.0001,
        z: 14.0,
        nights: 1,
        carts: 180,
        persons: 171,
        top_customer_carts: carts[..2].to_vec(),
        cart_ids: carts.clone(),
        comparison: Comparison {
            before: share(2_410, 430, 22),
            since: share(340, 212, 190),
            elsewhere_before: share(11_210, 1_900, 96),
            elsewhere_since: share(1_630, 290, 14),
        },
        errors: vec![ErrorSeen {
            code: word.to_owned(),
            message: Some(word.to_owned()),
            attempts: 190,
            before: 2,
            elsewhere: 4,
        }],
        journeys: carts.iter().zip(CHOSEN).map(|(cart, chosen)| journey(cart, chosen, word)).collect(),
        words: vec![Words {
            at: AS_OF - 2 * HOUR,
            kind: Kind::Feedback,
            cart_id: carts.first().cloned(),
            comment: word.to_owned(),
            rating: Some(1.0),
        }],
        confounding: Confounding {
            crude_odds_ratio: 7.6,
            odds_ratio: 7.4,
            odds_ratio_low: 5.9,
            odds_ratio_high: 9.3,
            strata: vec!["device", "channel", "segment"],
            placebo_nights: 28,
            ..Confounding::default()
        },
        controls: vec![Control { what: ControlKind::Attempts, ratio: 1.02, z: 0.4, quiet: true }],
        doubts: vec![Doubt::Provider, Doubt::Chance],
    }
}

const CHOSEN: [Chosen; 5] = [Chosen::Largest, Chosen::Median, Chosen::ByHash, Chosen::ByHash, Chosen::ByHash];

fn journey(cart: &str, chosen: Chosen, word: &str) -> Journey {
    let moment = |minutes: i64, kind, detail: Option<&str>| Moment {
        at: AS_OF - 5 * HOUR + minutes * MINUTE,
        kind,
        detail: detail.map(str::to_owned),
    };
    Journey {
        cart_id: cart.to_owned(),
        chosen,
        value: Some(Amount(1_299_000)),
        segment: Some("d1".to_owned()),
        bought: false,
        events: vec![
            moment(0, Kind::AddToCart, None),
            moment(2, Kind::BeginCheckout, None),
            moment(3, Kind::CheckoutError, Some(word)),
        ],
    }
}
