//! Forecasts of a made-up night: every open cart at its segment's rate, every day before as it might have been said.

use std::collections::BTreeMap;

use analysis::checkout_curve::ShareByAge;
use analysis::prediction::drift::{Drift, Moved, Off};
use analysis::prediction::later::behaviour::{Behaviour, Bought, Compared, Line};
use analysis::prediction::later::{BY_DAYS, LaterQuality};
use analysis::prediction::nowcast::Slice;
use analysis::prediction::quality::{Group, Quality, Score, Skill};
use analysis::prediction::tiers::{Tier, TierForecast};
use analysis::prediction::{
    AtRisk, Bounds, CohortForecast, ExpectedLoss, Held, LEVEL, LEVELS, Later, Method, Track, Why,
};
use analysis::stats::association::{Association, Interval};
use analysis::stats::scoring::Bin;
use analysis::{Estimate, Prediction};
use chrono::NaiveDate;
use events::Amount;
use events::time::{self, DAY};

use super::{AS_OF, Cart, WINDOW, grouped};

/// What became of carts after the window, as if each had two behaviours.
fn later(abandoned: u64) -> Later {
    let interval = |point: f64| Interval { point, low: point - 0.05, high: point + 0.05 };
    let share = |point: f64| Estimate { point, low: point - 0.02, high: point + 0.02, n: abandoned };
    let bought = |carts: u64, of: f64| Bought {
        carts,
        later: [(7.0, 0.5), (14.0, 0.8), (30.0, 1.0)]
            .map(|(days, part)| ShareByAge { age_hours: 24.0 * days, share: Some(share(of * part)) })
            .to_vec(),
    };
    let half = abandoned / 2;
    let line = |behaviour: Behaviour| Line {
        behaviour,
        with: bought(half, 0.3),
        without: bought(abandoned - half, 0.1),
        association: Some(Association {
            exposed: (half, half * 3 / 10),
            others: (abandoned - half, (abandoned - half) / 10),
            risk_ratio: Some(interval(3.0)),
            risk_difference: interval(0.2),
            phi: interval(0.25),
            odds_ratio: (behaviour != Behaviour::ErrorMet).then(|| interval(3.8)),
            p: 0.001,
        }),
        q: Some(if behaviour == Behaviour::Returned { 0.003 } else { 0.4 }),
    };
    let has_carts = abandoned >= FEW as u64;
    Later {
        opened_from: AS_OF - 90 * DAY,
        carts: abandoned,
        open: half,
        expected: half as f64 / 5.0,
        by_days: BY_DAYS.to_vec(),
        method: if has_carts { Method::SplineLogit } else { Method::GroupRate },
        why: if has_carts { Why::BestOnFolds } else { Why::TooLittleData },
        trained_on: abandoned,
        quality: has_carts.then_some(LaterQuality {
            carts: half,
            bought: half / 5,
            mean: 0.21,
            log_loss: 0.48,
            skill: Skill { over: Method::GroupRate, skill: 0.042, low: 0.021, high: 0.061 },
            auc: Some(0.71),
            calibration_error: 0.012,
        }),
        compared: has_carts.then(|| Compared {
            all: bought(abandoned, 0.2),
            by_days: Some(30),
            watched: abandoned,
            lines: Behaviour::ALL.map(line).to_vec(),
        }),
        rows: Vec::new(),
    }
}

/// Too few carts to expect anything of others.
const FEW: usize = 30;

pub(super) fn prediction(carts: &[Cart]) -> Prediction {
    let matured: Vec<&Cart> = carts.iter().filter(|cart| cart.age >= WINDOW).collect();
    let abandoned = matured.iter().filter(|cart| cart.abandoned()).count();
    let rate = (matured.len() >= FEW).then(|| abandoned as f64 / matured.len() as f64);
    let newest = time::local_date(AS_OF - DAY, chrono_tz::Europe::Berlin);
    let mut pending_days = Vec::new();
    let mut nights = Vec::new();
    for (day, carts) in grouped(carts, Cart::day).into_iter().rev().filter(|(day, _)| *day <= newest) {
        let Some(rate) = rate else { break };
        if carts.iter().any(Cart::pending) {
            pending_days.push(forecast(newest, day, &carts, rate));
        } else {
            nights.push(forecast(newest, day, &carts, rate));
        }
    }
    nights.reverse();
    let held = nights.iter().filter(|night| night.held() == Some(true)).count() as u64;
    Prediction {
        method: if rate.is_some() { Method::SplineLogit } else { Method::AgeCurve },
        why: if rate.is_some() { Why::BestOnFolds } else { Why::TooLittleData },
        trained_on: matured.len() as u64,
        fingerprint: None,
        tonight: pending_days.iter().find(|forecast| forecast.day == newest).cloned(),
        tonight_open_rate: rate,
        tiers: rate.map(tiers).unwrap_or_default(),
        pending_days,
        at_risk: at_risk(carts, rate),
        unusual: unusual(carts, rate),
        track: Track {
            nights: nights.len() as u64,
            held,
            replayed: nights.len() as u64 / 2,
            levels: LEVELS.map(|level| Held { level, nights: nights.len() as u64, held }).to_vec(),
            forecasts: nights,
        },
        quality: rate.map(|rate| quality(matured.len() as u64, abandoned as u64, rate)),
        later: later(abandoned as u64),
        drift: Drift {
            features: vec![Moved { feature: "device", psi: 0.31, by_chance: 0.002 }],
            calibration: Some(Off { days: 14, carts: 2_800, said: 0.6, came: 0.64, z: -4.2 }),
        },
        carts: Vec::new(),
        backtest: Vec::new(),
        models: Vec::new(),
        forecasts: Vec::new(),
    }
}

fn tiers(rate: f64) -> Vec<TierForecast> {
    let tier = |(tier, open): (Tier, u64)| TierForecast {
        tier,
        open,
        expected_rate: rate,
        low: (rate - 0.1).max(0.0),
        high: (rate + 0.1).min(1.0),
        nights: 60,
        held: 55,
    };
    [(Tier::Top, 12), (Tier::Known, 120), (Tier::New, 310)].map(tier).to_vec()
}

fn forecast(newest: NaiveDate, day: NaiveDate, carts: &[Cart], rate: f64) -> CohortForecast {
    let open = carts.iter().filter(|cart| cart.pending()).count() as u64;
    let is_known = open == 0;
    let actual = carts.iter().filter(|cart| cart.abandoned()).count() as f64 / carts.len() as f64;
    CohortForecast {
        day,
        made_at: AS_OF,
        replayed: is_known,
        age_days: i32::try_from((newest - day).num_days()).unwrap_or(0),
        carts: carts.len() as u64,
        open,
        expected_rate: rate,
        low: (rate - 0.04).max(0.0),
        high: (rate + 0.04).min(1.0),
        level: LEVEL,
        range_80: Some(Bounds { low: (rate - 0.03).max(0.0), high: (rate + 0.03).min(1.0) }),
        range_95: Some(Bounds { low: (rate - 0.05).max(0.0), high: (rate + 0.05).min(1.0) }),
        nowcast_rate: (!is_known).then_some((rate + 0.021).min(1.0)),
        actual_rate: is_known.then_some(actual),
    }
}

fn at_risk(carts: &[Cart], rate: Option<f64>) -> AtRisk {
    let Some(rate) = rate else { return AtRisk::default() };
    let pending: Vec<&Cart> = carts.iter().filter(|cart| cart.pending()).collect();
    let mut values: BTreeMap<&str, (u64, Amount)> = BTreeMap::new();
    for cart in &pending {
        if let Some(currency) = cart.currency.as_deref() {
            let line = values.entry(currency).or_default();
            *line = (line.0 + 1, line.1 + cart.value);
        }
    }
    let line = |(currency, (carts, value)): (&str, (u64, Amount))| ExpectedLoss {
        currency: currency.to_owned(),
        carts,
        value,
        expected_loss: Amount(value.0 * 3 / 4),
    };
    AtRisk {
        carts: pending.len() as u64,
        expected_abandoned: rate * pending.len() as f64,
        by_currency: values.into_iter().map(line).collect(),
    }
}

fn unusual(carts: &[Cart], rate: Option<f64>) -> Vec<Slice> {
    let device = carts.iter().find_map(|cart| cart.words[0].clone()).filter(|_| rate.is_some());
    let slice = |value| Slice { column: "device", value, observed: 61, expected: 127.4, theta: 0.55, z: -5.2 };
    device.map(slice).into_iter().collect()
}

fn quality(n: u64, abandoned: u64, rate: f64) -> Quality {
    let score = Score {
        n,
        abandoned,
        mean: rate,
        log_loss: 0.451_3,
        brier: 0.163_2,
        auc: Some(0.718),
        calibration_error: 0.011_7,
        debiased_calibration_error: 0.004_1,
        skills: Method::SIMPLE.map(|over| Skill { over, skill: 0.031_2, low: 0.012_4, high: 0.049_8 }).to_vec(),
    };
    let group = |name: &str| Group { name: name.to_owned(), score: score.clone() };
    let bin = |tenth: u64| Bin { n: 40 * tenth, predicted: tenth as f64 / 10.0 - 0.03, happened: 4 * tenth * tenth };
    Quality {
        overall: score.clone(),
        by_age: ["0", "1", "6", "24", "48"].map(group).to_vec(),
        by_segment: ["d1", "new"].map(group).to_vec(),
        bins: (3..10).map(bin).collect(),
    }
}
