//! Nights to look at: analyses counted from made-up carts, so that their figures agree with each other as real ones do.

mod barriers;
mod forecast;
mod lost;
mod people;
mod shop;

use std::collections::{BTreeMap, BTreeSet};

use analysis::abandonment::{self, Breakdown, Day, Others, Outcomes, Slice};
use analysis::abandonment_reasons::{CartReason, Evidence, Reason, ReasonShare};
use analysis::automation::ByRule;
use analysis::checkout_curve::{CurvePoint, ShareByAge};
use analysis::funnel::{DeviceFunnel, Step, StepCount, Timing};
use analysis::orders::OrderTotal;
use analysis::revenue::{CurrencyLoss, DayLoss, InBase, Loss, Rate, SegmentLoss};
use analysis::stats::proportion::wilson;
use analysis::stats::survival::KaplanMeier;
use analysis::{
    Abandonment, AbandonmentReasons, Analysis, Automation, CheckoutCurve, Estimate, Funnel, OrderSummary, Revenue,
};
use events::Amount;
use events::lake::Input;
use events::time::{self, DAY, HOUR};

use crate::Provenance;

pub(crate) use barriers::with_findings;
#[cfg(test)]
pub(crate) use people::follow_up;
pub(crate) use shop::shop;

/// Half past four in the morning of 20 November 2026, in Berlin.
const AS_OF: i64 = 1_795_145_400_000_000;
const WINDOW: i64 = 3 * DAY;
const EXPIRY: i64 = 30 * DAY;

/// A cart; its age at the night decides whether it is pending.
#[derive(Clone, Debug)]
pub(crate) struct Cart {
    /// Microseconds before the night at which it was opened.
    pub(crate) age: i64,
    /// Microseconds after the opening at which it was bought.
    pub(crate) bought: Option<i64>,
    pub(crate) furthest: Step,
    /// By the columns of breakdowns, in their order; the last one is the segment.
    pub(crate) words: [Option<String>; 5],
    pub(crate) top1: bool,
    pub(crate) value: Amount,
    pub(crate) currency: Option<String>,
}

/// A cart of five days ago that was left with 20.00 EUR in it.
pub(crate) fn cart() -> Cart {
    Cart {
        age: 5 * DAY,
        bought: None,
        furthest: Step::BeginCheckout,
        words: [Some("mobile"), Some("paid search"), Some("DE"), Some("Shoes"), Some("new")]
            .map(|word| word.map(str::to_owned)),
        top1: false,
        value: Amount(200_000),
        currency: Some("EUR".to_owned()),
    }
}

impl Cart {
    fn abandoned(&self) -> bool {
        self.age >= WINDOW && self.bought.is_none_or(|bought| bought > WINDOW)
    }

    fn pending(&self) -> bool {
        self.age < WINDOW && self.bought.is_none()
    }

    fn day(&self) -> chrono::NaiveDate {
        time::local_date(AS_OF - self.age, chrono_tz::Europe::Berlin)
    }

    fn segment(&self) -> &str {
        self.words[4].as_deref().unwrap_or_default()
    }

    /// In euros, at 0.85 pounds each.
    fn in_euros(&self) -> Self {
        let value = if self.currency.as_deref() == Some("GBP") { Amount(self.value.0 * 100 / 85) } else { self.value };
        Self { value, currency: self.currency.as_ref().map(|_| "EUR".to_owned()), ..self.clone() }
    }
}

/// The night's analysis of these carts. Orders are those of the carts and as many more `without_cart`.
pub(crate) fn analysis_of(carts: &[Cart], without_cart: u64) -> Analysis {
    Analysis {
        as_of: AS_OF,
        window: WINDOW,
        expiry: EXPIRY,
        zone: "Europe/Berlin".to_owned(),
        base: "EUR".to_owned(),
        abandonment: abandonment(carts),
        changes: changes(carts),
        funnel: funnel(carts),
        checkout_curve: curve(carts),
        revenue: revenue(carts),
        orders: orders(carts, without_cart),
        prediction: forecast::prediction(carts),
        reasons: reasons(carts),
        automation: automation(carts),
        activity: Vec::new(),
        alerts: Vec::new(),
        customers: people::customers(carts),
        follow_up: people::follow_up(people::rows(carts)),
        voice: people::voice(carts),
        barriers: analysis::Barriers::default(),
    }
}

fn changes(carts: &[Cart]) -> analysis::Changes {
    analysis::changes::changes(&abandonment(carts), AS_OF, WINDOW, chrono_tz::Europe::Berlin)
}

fn grouped<K: Ord>(carts: &[Cart], key: impl Fn(&Cart) -> K) -> BTreeMap<K, Vec<Cart>> {
    let mut groups: BTreeMap<K, Vec<Cart>> = BTreeMap::new();
    for cart in carts {
        groups.entry(key(cart)).or_default().push(cart.clone());
    }
    groups
}

fn number(carts: &[Cart], is: impl Fn(&Cart) -> bool) -> u64 {
    carts.iter().filter(|cart| is(cart)).count() as u64
}

fn outcomes(carts: &[Cart]) -> Outcomes {
    let (abandoned, pending) = (number(carts, Cart::abandoned), number(carts, Cart::pending));
    let all = carts.len() as u64;
    let purchased_early = number(carts, |cart| cart.age < WINDOW && cart.bought.is_some());
    Outcomes {
        carts: all,
        abandoned,
        purchased: all - abandoned - pending,
        pending,
        purchased_early,
        matured: all - pending - purchased_early,
        rate: wilson(abandoned, all - pending - purchased_early),
    }
}

fn abandonment(carts: &[Cart]) -> Abandonment {
    let days = grouped(carts, Cart::day);
    let breakdown = |(at, column): (usize, &'static str)| {
        let mut values: Vec<Slice> = grouped(carts, |cart| cart.words[at].clone())
            .into_iter()
            .map(|(value, carts)| Slice { value, outcomes: outcomes(&carts) })
            .collect();
        values
            .sort_by_key(|slice| (std::cmp::Reverse(slice.outcomes.carts), slice.value.is_none(), slice.value.clone()));
        let rest = values.get(abandonment::SHOWN..).filter(|rest| !rest.is_empty());
        let others = rest.map(|rest| Others {
            values: rest.len() as u64,
            outcomes: rest.iter().map(|slice| slice.outcomes).fold(Outcomes::default(), std::ops::Add::add),
        });
        Breakdown { column, values, others }
    };
    Abandonment {
        overall: outcomes(carts),
        emptied: number(carts, Cart::abandoned) / 12,
        days: days.into_iter().map(|(day, carts)| Day { day, outcomes: outcomes(&carts) }).collect(),
        by: abandonment::COLUMNS.into_iter().enumerate().map(breakdown).collect(),
    }
}

fn funnel(carts: &[Cart]) -> Funnel {
    let matured: Vec<Cart> = carts.iter().filter(|cart| cart.age >= WINDOW).cloned().collect();
    let mut by_device: Vec<DeviceFunnel> = grouped(&matured, |cart| cart.words[0].clone())
        .into_iter()
        .map(|(device, carts)| DeviceFunnel { device, carts: carts.len() as u64, steps: steps(&carts) })
        .collect();
    by_device.sort_by_key(|device| std::cmp::Reverse(device.carts));
    Funnel {
        carts: matured.len() as u64,
        opened_until: AS_OF - WINDOW,
        purchased_late: number(&matured, |cart| cart.abandoned() && cart.bought.is_some()),
        steps: steps(&matured),
        by_device,
    }
}

/// The shop does not log payment details.
fn steps(carts: &[Cart]) -> Vec<StepCount> {
    let (opened, mut before) = (carts.len() as u64, carts.len() as u64);
    let mut timed = Step::AddToCart;
    let mut steps = Vec::new();
    for step in Step::ALL {
        let recorded = step != Step::AddPaymentInfo;
        let reached = number(carts, |cart| cart.furthest >= step);
        let follows = recorded && step != Step::AddToCart;
        let has_time = follows && step != Step::ViewCart && reached > 0;
        let timing =
            |from, scale: f64| Timing { from, n: reached, median_secs: 95.4 * scale, p90_secs: 1_871.0 * scale };
        steps.push(StepCount {
            step,
            recorded,
            carts: reached,
            of_opened: wilson(reached, opened),
            of_previous: if follows { wilson(reached, before) } else { None },
            stopped_before: if follows { before - reached } else { 0 },
            since_previous: has_time.then(|| timing(timed, 1.0 + f64::from(step as u8))),
            since_opened: has_time.then(|| timing(Step::AddToCart, 2.5 * f64::from(step as u8))),
        });
        if recorded {
            before = reached;
        }
        if has_time {
            timed = step;
        }
    }
    steps
}

fn curve(carts: &[Cart]) -> CheckoutCurve {
    let hours = |micros: i64| micros as f64 / HOUR as f64;
    let watched = |cart: &Cart| cart.bought.unwrap_or(cart.age).min(EXPIRY);
    let times: Vec<f64> = carts.iter().map(|cart| hours(watched(cart))).collect();
    let ended: Vec<bool> = carts.iter().map(|cart| cart.bought.is_some_and(|bought| bought <= EXPIRY)).collect();
    let curve = KaplanMeier::fit(&times, &ended);
    let (window, horizon) = (hours(WINDOW), hours(EXPIRY));
    let ages = [0.0, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0]
        .into_iter()
        .chain((4..=30_u8).map(|day| 24.0 * f64::from(day)));
    let point = |age_hours: f64| {
        let unbought = curve.survival(age_hours)?;
        Some(CurvePoint { age_hours, at_risk: curve.at_risk(age_hours), unbought, bought: unbought.complement() })
    };
    let later =
        |age_hours| ShareByAge { age_hours, share: curve.survival_after(window, age_hours).map(Estimate::complement) };
    CheckoutCurve {
        horizon_hours: horizon,
        window_hours: window,
        carts: curve.n(),
        purchased: ended.iter().filter(|bought| **bought).count() as u64,
        points: ages.filter_map(point).collect(),
        by_window: curve.survival(window).map(Estimate::complement),
        after_window: curve
            .last()
            .filter(|last| *last > window)
            .map(|last| ShareByAge { age_hours: last, share: curve.lost_between(window, last) }),
        later: [7.0 * 24.0, 14.0 * 24.0, 30.0 * 24.0].map(later).to_vec(),
    }
}

fn loss(carts: &[Cart]) -> Loss {
    let sum = |is: &dyn Fn(&Cart) -> bool| {
        carts.iter().filter(|cart| cart.currency.is_some() && is(cart)).map(|cart| cart.value).sum()
    };
    let late = |cart: &Cart| cart.abandoned() && cart.bought.is_some();
    let (gross, recovered): (Amount, Amount) = (sum(&Cart::abandoned), sum(&late));
    Loss {
        carts: carts.len() as u64,
        abandoned: number(carts, Cart::abandoned),
        recovered_carts: number(carts, late),
        pending: number(carts, Cart::pending),
        gross,
        recovered,
        net: gross - recovered,
        pending_value: sum(&Cart::pending),
    }
}

fn per_currency(carts: &[Cart]) -> Vec<CurrencyLoss> {
    let priced: Vec<Cart> = carts.iter().filter(|cart| cart.currency.is_some()).cloned().collect();
    let groups = grouped(&priced, |cart| cart.currency.clone().unwrap_or_default());
    groups.into_iter().map(|(currency, carts)| CurrencyLoss { currency, loss: loss(&carts) }).collect()
}

fn per_segment(carts: &[Cart]) -> Vec<SegmentLoss> {
    let place = |segment: &str| match segment {
        "lapsed" => 11,
        "new" => 12,
        tenth => tenth.trim_start_matches('d').parse().unwrap_or(13_u8),
    };
    let groups = grouped(carts, |cart| {
        (place(cart.segment()), cart.segment().to_owned(), cart.currency.is_none(), cart.currency.clone())
    });
    groups
        .into_iter()
        .map(|((_, segment, _, currency), carts)| SegmentLoss { segment, currency, loss: loss(&carts) })
        .collect()
}

fn per_day(carts: &[Cart]) -> Vec<DayLoss> {
    let days = grouped(carts, Cart::day).into_iter();
    days.flat_map(|(day, carts)| {
        per_currency(&carts).into_iter().map(move |CurrencyLoss { currency, loss }| DayLoss { day, currency, loss })
    })
    .collect()
}

fn revenue(carts: &[Cart]) -> Revenue {
    let known = ["EUR", "GBP"];
    let currencies: BTreeSet<&str> = carts.iter().filter_map(|cart| cart.currency.as_deref()).collect();
    let without_rate: Vec<String> =
        currencies.iter().filter(|currency| !known.contains(currency)).map(|currency| (*currency).to_owned()).collect();
    let of =
        |is: &dyn Fn(&Cart) -> bool, carts: &[Cart]| carts.iter().filter(|cart| is(cart)).cloned().collect::<Vec<_>>();
    let euros: Vec<Cart> = carts.iter().filter(|cart| cart.currency.is_some()).map(Cart::in_euros).collect();
    let top1 = |carts: &[Cart]| of(&|cart| cart.top1, carts);
    let rate = |code: &&str| Rate {
        currency: (*code).to_owned(),
        billionths_per_base: if *code == "GBP" { 850_000_000 } else { 1_000_000_000 },
    };
    Revenue {
        totals: per_currency(carts),
        unpriced: loss(&of(&|cart| cart.currency.is_none(), carts)),
        segments: per_segment(carts),
        top1: per_currency(&top1(carts)),
        days: per_day(carts),
        in_base: without_rate.is_empty().then(|| InBase {
            currency: "EUR".to_owned(),
            converted: currencies.contains("GBP"),
            loss: loss(&euros),
            segments: per_segment(&euros),
            top1: loss(&top1(&euros)),
            days: per_day(&euros),
            rates: currencies.iter().map(rate).collect(),
        }),
        without_rate,
        detail: lost::detail(carts),
    }
}

/// Of every cart an add on a day of its own, and one program with twelve.
fn automation(carts: &[Cart]) -> Automation {
    let people = carts.len() as u64;
    let by = |rule: Option<&str>, adds, visitor_days| ByRule { rule: rule.map(str::to_owned), adds, visitor_days };
    let last_day = time::date(time::utc_day(AS_OF));
    Automation {
        first_day: last_day - chrono::TimeDelta::days(6),
        last_day,
        adds: people + 12,
        automated_adds: 12,
        visitor_days: people + 1,
        automated_visitor_days: 1,
        automated_share: wilson(1, people + 1),
        by_rule: vec![by(None, people, people), by(Some("adds per day"), 12, 1)],
    }
}

/// Late ones were kept for later, those at the payment were stopped there, the others left before the checkout.
fn reasons(carts: &[Cart]) -> AbandonmentReasons {
    let of = |cart: &Cart| match cart.furthest {
        _ if cart.bought.is_some() => Reason::WishList,
        Step::AddPaymentInfo => Reason::Barrier,
        Step::AddToCart | Step::ViewCart => Reason::LeftBeforeCheckout,
        _ => Reason::Unknown,
    };
    let abandoned: Vec<Reason> = carts.iter().filter(|cart| cart.abandoned()).map(of).collect();
    let n = abandoned.len() as u64;
    let carts_of = |reason| abandoned.iter().filter(|other| **other == reason).count() as u64;
    let share = |reason| ReasonShare {
        reason,
        carts: carts_of(reason),
        share: wilson(carts_of(reason), n),
        confidence: (carts_of(reason) > 0).then_some(if reason == Reason::Unknown { 0.0 } else { 0.75 }),
    };
    let mut shares: Vec<ReasonShare> = Reason::ALL.map(share).to_vec();
    shares.sort_by_key(|share| (share.reason == Reason::Unknown, std::cmp::Reverse(share.carts)));
    let stopped = Evidence {
        evidence: "error PSP-502 at add_payment_info".to_owned(),
        carts: carts_of(Reason::Barrier),
        confidence: 0.75,
    };
    AbandonmentReasons {
        opened_from: AS_OF - 90 * DAY,
        carts: n,
        reasons: shares,
        barriers: Some(stopped).filter(|stopped| stopped.carts > 0).into_iter().collect(),
        expected_later: carts_of(Reason::WishList) as f64,
        rows: Vec::<CartReason>::new(),
    }
}

fn orders(carts: &[Cart], without_cart: u64) -> OrderSummary {
    let bought: Vec<Cart> = carts.iter().filter(|cart| cart.bought.is_some()).cloned().collect();
    let orders = bought.len() as u64 + without_cart;
    let groups = grouped(&bought, |cart| cart.currency.clone().unwrap_or_else(|| "EUR".to_owned()));
    let total = |(currency, carts): (String, Vec<Cart>)| OrderTotal {
        currency,
        orders: carts.len() as u64,
        value: carts.iter().map(|cart| cart.value).sum(),
    };
    let amount: Amount = bought.iter().map(|cart| cart.in_euros().value).sum();
    OrderSummary {
        orders,
        without_cart,
        without_cart_share: wilson(without_cart, orders),
        totals: groups.into_iter().map(total).collect(),
        base: "EUR".to_owned(),
        amount,
        refunded: Amount(amount.0 / 40),
        unconverted: 0,
    }
}

/// Where a made-up night comes from: two files, one with rejects.
pub(crate) fn provenance() -> Provenance {
    let input = |path: &str, format: &str, accepted, duplicates, quarantined: &[(&str, u64)]| Input {
        path: path.to_owned(),
        source: "shop".to_owned(),
        format: format.to_owned(),
        size: 48_120_331,
        blake3: "9f".repeat(32),
        rows: accepted + duplicates + quarantined.iter().map(|(_, rows)| rows).sum::<u64>(),
        accepted,
        duplicates,
        quarantined: quarantined.iter().map(|(reason, rows)| ((*reason).to_owned(), *rows)).collect(),
        ahead: 3,
        ..Input::default()
    };
    Provenance {
        generation: "2026-11-20T03-10-00Z-7f3a".to_owned(),
        code_version: "0.1.0".to_owned(),
        data: "data/current".to_owned(),
        inputs: vec![
            input("logs/2026-11-18.ndjson.gz", "ga4", 412_233, 0, &[]),
            input(
                "logs/2026-11-19.ndjson.gz",
                "ga4",
                398_120,
                312,
                &[("future timestamp", 4), ("unreadable line", 17)],
            ),
        ],
        unmapped: [("scroll", 88_211), ("promo_banner_click", 312)]
            .map(|(name, events)| (name.to_owned(), events))
            .into(),
        unused_columns: [("logs/2026-11-19.ndjson.gz".to_owned(), vec!["user_pseudo_group".to_owned()])].into(),
        show_customers: false,
        notes: vec!["2 visitors were taken for bots; their events are kept and make no carts.".to_owned()],
    }
}
