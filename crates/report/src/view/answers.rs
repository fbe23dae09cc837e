//! The first screen: how many, how much and where, for a reader with thirty seconds.

use analysis::abandonment::Outcomes;
use analysis::alerts::{Rule, Severity, Status};
use analysis::barriers::{self, Barrier, Level};
use analysis::headlines::Drop;
use analysis::prediction::CohortForecast;
use analysis::revenue::CurrencyLoss;
use analysis::{Analysis, Estimate, Revenue};
use events::Amount;
use serde::Serialize;

use super::barriers::place as place_of;
use super::known::Known;
use super::{changes, forecast, sheet};
use crate::{Provenance, number, words};

/// Alerts that the first screen has room for.
const TOLD: usize = 5;
/// Barriers among what is to be done first.
const BARRIERS: usize = 2;
/// Lines per currency that a card has room for.
const CURRENCIES: usize = 3;
/// From this share of orders without a cart on, the other answers are doubtful and the first screen says so.
const GAP: f64 = 0.05;
/// From this share of rows in quarantine on, likewise.
const REJECTED: f64 = 0.01;

/// The answers, and what casts doubt on them.
#[derive(Debug, Serialize)]
pub(crate) struct Answers {
    /// All of it in a few sentences.
    summary: Vec<String>,
    /// What somebody should be told, before all else.
    alerts: Vec<Alert>,
    /// That there are more of them.
    further: Option<String>,
    cards: Vec<Card>,
    /// What to do first, the most urgent before all else.
    tasks: Vec<Task>,
    /// What is other than before.
    changes: Vec<String>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
struct Alert {
    /// Its class in the style.
    kind: &'static str,
    /// How urgent it is, and since when.
    heading: String,
    what: String,
    /// How strong the evidence is for what it says of reasons, from 1 to 5.
    rung: u8,
    /// What its percentages are of, where they are of a count.
    n: Option<u64>,
    href: String,
    more: &'static str,
}

#[derive(Debug, Serialize)]
struct Card {
    question: &'static str,
    answer: String,
    /// How the answer is known; none where it is not a figure.
    known: Option<Known>,
    /// Completes the answer.
    unit: String,
    lines: Vec<String>,
    /// How an amount comes about, per currency.
    sums: Vec<Sum>,
    /// The section that says more, and what the link is called.
    href: String,
    more: &'static str,
}

#[derive(Debug, Serialize)]
struct Task {
    what: String,
    href: String,
    more: &'static str,
}

/// Gross loss, less what was bought later, in one currency.
#[derive(Debug, Serialize)]
struct Sum {
    currency: String,
    gross: String,
    recovered: String,
    net: String,
}

#[derive(Debug, Serialize)]
struct Warning {
    text: String,
    href: String,
    more: &'static str,
}

pub(super) fn answers(analysis: &Analysis, provenance: &Provenance) -> Answers {
    let headlines = analysis.headlines();
    let window = number::span(analysis.window);
    let drop = headlines.biggest_drop;
    let cards = if headlines.abandonment.carts == 0 {
        Vec::new()
    } else {
        let mut cards = vec![share(&headlines.abandonment, &window), cost(&analysis.revenue, &window), place(drop)];
        cards.extend(forecast::tonight(&analysis.prediction).map(|tonight| new_carts(analysis, tonight, &window)));
        cards
    };
    let summary = summary(&headlines.abandonment, &analysis.revenue, drop, &window);
    let alerts = analysis.alerts.iter().take(TOLD).map(|alert| told(alert, analysis)).collect();
    let further = match analysis.alerts.len().saturating_sub(TOLD) as u64 {
        0 => None,
        more => Some(number::counted(more, "further alert")),
    };
    let (tasks, changes) = (tasks(analysis, drop), changes::sentences(analysis));
    Answers { summary, alerts, further, cards, tasks, changes, warnings: warnings(analysis, provenance) }
}

/// What to do first: about what stands in the way, about data that cannot be trusted, for customers who were let down; and
/// where nothing of that is, where to look.
fn tasks(analysis: &Analysis, drop: Option<Drop>) -> Vec<Task> {
    let stands = |barrier: &&Barrier| barrier.level == Level::Alert && barrier.status != barriers::Status::Resolved;
    let mend = |barrier: &Barrier| Task {
        what: format!(
            "Have somebody go through the step after “{}” where {}: {} attempts did not get on.",
            words::step(barrier.step),
            place_of(&barrier.conditions),
            number::out_of(barrier.failed, barrier.attempts)
        ),
        href: super::barriers::href(barrier),
        more: "The evidence",
    };
    let mut tasks: Vec<Task> = analysis.barriers.findings.iter().filter(stands).take(BARRIERS).map(mend).collect();
    let raised = |rules: &[Rule]| analysis.alerts.iter().any(|alert| alert.is_raised() && rules.contains(&alert.rule));
    if raised(&[Rule::QuietSource, Rule::Rejected]) {
        tasks.push(Task {
            what: "See that the logs are complete: until then the figures are of a part of the shop.".to_owned(),
            href: sheet::section("quality"),
            more: "Data quality",
        });
    }
    if raised(&[Rule::TrackingGap]) {
        tasks.push(Task {
            what: "Have the tracking of carts mended: orders come for which no cart was seen.".to_owned(),
            href: sheet::section("orders"),
            more: "Orders without a cart",
        });
    }
    let follow_up = &analysis.follow_up;
    if follow_up.listed > 0 {
        let first = if follow_up.owed > 0 { ", first to those who met an error" } else { "" };
        tasks.push(Task {
            what: format!("Write to {}{first}.", number::counted(follow_up.listed, "top customer")),
            href: sheet::section("follow-up"),
            more: "The list",
        });
    }
    if let (true, Some(drop)) = (tasks.is_empty(), drop) {
        tasks.push(Task {
            what: format!(
                "Nothing is urgent. Look at what lies between “{}” and “{}”, where most carts stop.",
                words::step(drop.from),
                words::step(drop.to)
            ),
            href: sheet::section("funnel"),
            more: "The way to checkout",
        });
    }
    tasks
}

impl Answers {
    /// How each of its figures is known.
    pub(super) fn known(&mut self) -> impl Iterator<Item = &mut Known> {
        self.cards.iter_mut().filter_map(|card| card.known.as_mut())
    }
}

fn told(alert: &analysis::Alert, analysis: &Analysis) -> Alert {
    let since = number::date(number::local_date(alert.since, &analysis.zone));
    let (kind, heading) = match (alert.status, alert.severity) {
        (Status::Resolved, _) => ("resolved", format!("Resolved, open since {since}")),
        (Status::New, Severity::High) => ("high", "New, urgent".to_owned()),
        (Status::New, Severity::Medium) => ("medium", "New".to_owned()),
        (Status::Open, Severity::High) => ("high", format!("Urgent, open since {since}")),
        (Status::Open, Severity::Medium) => ("medium", format!("Open since {since}")),
    };
    let findings = &analysis.barriers.findings;
    let found = findings.iter().find(|barrier| alert.id.split_once(':').is_some_and(|(_, id)| id == barrier.id));
    let (href, more) = match alert.rule {
        Rule::Barrier => (found.map_or_else(|| sheet::section("barriers"), super::barriers::href), "The evidence"),
        Rule::QuietSource | Rule::Rejected => (sheet::section("quality"), "Data quality"),
        Rule::TrackingGap => (sheet::section("orders"), "Orders without a cart"),
        Rule::Forecast | Rule::Drift | Rule::Calibration => {
            (sheet::section("forecast"), "The forecasts and what they came to")
        }
    };
    let figure = |name: &str| alert.evidence.get(name)?.parse().ok();
    let n = ["attempts", "rows", "orders"].into_iter().find_map(figure);
    let rung = figure("rung").and_then(|rung| u8::try_from(rung).ok()).unwrap_or(1);
    // Said of a barrier as its page does; of all else as those are told it who are sent it, with figures as pages write them.
    let what = found.filter(|_| alert.is_raised()).map_or_else(
        || words::passage(&alert.what).replace(" %", "%"),
        |barrier| super::barriers::in_short(barrier, analysis),
    );
    Alert { kind, heading, what, rung, n, href, more }
}

fn summary(outcomes: &Outcomes, revenue: &Revenue, drop: Option<Drop>, window: &str) -> Vec<String> {
    if outcomes.carts == 0 {
        return vec![
            "There are no carts up to this night: nothing could be abandoned, and nothing was lost.".to_owned(),
            "If the shop did have visitors, the logs hold no add-to-cart or checkout events: see the page on data."
                .to_owned(),
        ];
    }
    let mut sentences = vec![match outcomes.rate {
        None => format!(
            "{} still pending: no cart is old enough yet to count as abandoned after {window}.",
            are(outcomes.pending, "cart")
        ),
        Some(rate) if rate.n < number::FEW => format!(
            "{} carts were abandoned: not bought within {window}. That is too few to give a percentage.",
            number::out_of(outcomes.abandoned, rate.n)
        ),
        Some(rate) => {
            format!("{} of carts are abandoned: not bought within {window}.", number::percent(rate.point, rate.n))
        }
    }];
    if let Some((net, currency)) = net(revenue).filter(|_| outcomes.abandoned > 0) {
        sentences.push(format!("That cost {}, net of what was bought later.", number::money_brief(net, currency)));
    }
    if let Some(drop) = drop {
        sentences.push(format!("Most carts stop between “{}” and “{}”.", words::step(drop.from), words::step(drop.to)));
    }
    sentences
}

/// The net loss in one currency: in the base currency, or in the only one there is.
fn net(revenue: &Revenue) -> Option<(Amount, &str)> {
    match (&revenue.in_base, revenue.totals.as_slice()) {
        (_, []) => None,
        (_, [only]) => Some((only.loss.net, &only.currency)),
        (Some(in_base), _) => Some((in_base.loss.net, &in_base.currency)),
        (None, _) => None,
    }
}

fn share(outcomes: &Outcomes, window: &str) -> Card {
    let pending = match outcomes.pending {
        0 => "No cart is pending: the window of every cart has passed.".to_owned(),
        n => format!("{} still pending: open for less than {window}, and in no percentage.", are(n, "further cart")),
    };
    let early = (outcomes.purchased_early > 0).then(|| {
        format!(
            "{} already bought, and will be counted once {window} have passed.",
            are(outcomes.purchased_early, "younger cart")
        )
    });
    let known = Known::by("share").query("abandonment.overall");
    let known = outcomes.rate.map(|rate| known.share(rate, "matured cart", "95% interval"));
    let (answer, unit, interval) = match outcomes.rate {
        None => ("No cart yet".to_owned(), format!("is older than {window}"), None),
        Some(rate) if rate.n < number::FEW => (
            number::out_of(outcomes.abandoned, rate.n),
            format!("carts were not bought within {window}: too few to say more"),
            None,
        ),
        Some(rate) => (
            number::percent(rate.point, rate.n),
            format!("of carts are not bought within {window}"),
            Some(format!(
                "{} carts; 95% interval {}.",
                number::out_of(outcomes.abandoned, rate.n),
                number::interval(rate)
            )),
        ),
    };
    Card {
        question: "How many are abandoned?",
        answer,
        known,
        unit,
        lines: interval.into_iter().chain([pending]).chain(early).collect(),
        sums: Vec::new(),
        href: sheet::section("abandonment"),
        more: "Abandonment by day",
    }
}

fn cost(revenue: &Revenue, window: &str) -> Card {
    let mut lines = Vec::new();
    let abandoned: u64 = revenue.totals.iter().map(|line| line.loss.abandoned).sum();
    let known = Known::by("net")
        .of(abandoned, "abandoned cart")
        .fact("A sum over these carts, not an estimate: it has no interval.")
        .query("revenue.totals");
    let (answer, unit) = match net(revenue) {
        Some((net, currency)) => {
            let converted =
                revenue.in_base.as_ref().is_some_and(|in_base| in_base.converted && in_base.currency == currency);
            let rates = if converted { ", all currencies at the configured rates" } else { "" };
            (number::money_brief(net, currency), format!("net: left in carts and not bought later{rates}"))
        }
        None if revenue.totals.is_empty() => ("No prices".to_owned(), "were logged for any cart".to_owned()),
        None => {
            lines.push(format!(
                "No exchange rate is configured for {}: currencies are not added up.",
                listed(&revenue.without_rate)
            ));
            (
                format!("{} currencies", number::count(revenue.totals.len() as u64)),
                "each with its own loss, net".to_owned(),
            )
        }
    };
    let sum = |CurrencyLoss { currency, loss }: &CurrencyLoss| Sum {
        currency: words::logged(currency),
        gross: number::amount(loss.gross, currency),
        recovered: number::amount(loss.recovered, currency),
        net: number::amount(loss.net, currency),
    };
    let sums = revenue.totals.iter().take(CURRENCIES).map(sum).collect();
    if revenue.totals.len() > CURRENCIES {
        lines.push("Further currencies are in the section on lost revenue.".to_owned());
    }
    lines.push(format!("Gross is what abandoned carts held after {window}. Counted from the carts, not estimated."));
    if revenue.unpriced.abandoned > 0 {
        lines.push(format!(
            "{} had no price and count as nothing.",
            number::counted(revenue.unpriced.abandoned, "abandoned cart")
        ));
    }
    Card {
        question: "What does it cost?",
        answer,
        known: (!revenue.totals.is_empty()).then_some(known),
        unit,
        lines,
        sums,
        href: sheet::section("revenue"),
        more: "Lost revenue by segment",
    }
}

fn place(drop: Option<Drop>) -> Card {
    let (answer, unit, lines) = match drop {
        None => ("Nowhere yet".to_owned(), "no cart that is old enough has stopped on its way".to_owned(), Vec::new()),
        Some(drop) => {
            let lines = vec![
                format!(
                    "{} of the carts that came to “{}” stop here.",
                    measured(drop.stopped, drop.of_reached),
                    words::step(drop.from)
                ),
                format!(
                    "{} of all carts that were never bought.",
                    words::sentence(&measured(drop.stopped, drop.of_stopped))
                ),
            ];
            (
                format!("{} → {}", words::step(drop.from), words::step(drop.to)),
                "is where most carts stop".to_owned(),
                lines,
            )
        }
    };
    Card {
        question: "Where are most lost?",
        answer,
        known: drop.map(|drop| Known::by("step").share(drop.of_reached, "cart", "95% interval").query("funnel.steps")),
        unit,
        lines,
        sums: Vec::new(),
        href: sheet::section("funnel"),
        more: "The way to checkout",
    }
}

fn new_carts(analysis: &Analysis, tonight: &CohortForecast, window: &str) -> Card {
    let prediction = &analysis.prediction;
    let range = forecast::range(tonight);
    let mut lines = vec![format!("{} range {}.", forecast::level(tonight), number::interval(range))];
    lines.extend(prediction.tonight_open_rate.filter(|_| tonight.open >= number::FEW).map(|rate| {
        format!(
            "{} not bought yet; of these, {}.",
            words::sentence(&are(tonight.open, "cart")),
            number::percent(rate, tonight.open)
        )
    }));
    lines.push(forecast::held(prediction));
    let interval = format!("{} range", forecast::level(tonight));
    let known = Known::by("forecast").share(range, "cart", &interval).fact(forecast::held(prediction));
    Card {
        question: "How many of today’s will be?",
        answer: number::percent(range.point, range.n),
        known: Some(known.query("forecast.days")),
        unit: format!(
            "of {} of {} will not be bought within {window}",
            number::counted(tonight.carts, "cart"),
            number::date(tonight.day)
        ),
        lines,
        sums: Vec::new(),
        href: sheet::section("forecast"),
        more: "The forecast",
    }
}

/// A share with its interval and counts, in the running text.
pub(super) fn measured(part: u64, estimate: Estimate) -> String {
    let counts = number::out_of(part, estimate.n);
    if estimate.n < number::FEW {
        return format!("{counts} (too few to say more)");
    }
    format!("{} ({}, 95% interval {})", number::percent(estimate.point, estimate.n), counts, number::interval(estimate))
}

fn warnings(analysis: &Analysis, provenance: &Provenance) -> Vec<Warning> {
    let mut warnings = Vec::new();
    // What an alert says is not said twice.
    let is_told = |rule: Rule| analysis.alerts.iter().any(|alert| alert.is_raised() && alert.rule == rule);
    let orders = &analysis.orders;
    if let Some(gap) = orders.without_cart_share.filter(|gap| gap.point >= GAP && !is_told(Rule::TrackingGap)) {
        warnings.push(Warning {
            text: format!(
                "Tracking gap: for {} of orders no cart was seen. Those sales are missing from the carts, so the true share of abandoned carts is lower.",
                measured(orders.without_cart, gap)
            ),
            href: sheet::section("orders"),
            more: "Orders without a cart",
        });
    }
    let rows = provenance.balance();
    let refused = rows.quarantined as f64 >= REJECTED * rows.rows as f64 && rows.quarantined > 0;
    if refused && !is_told(Rule::Rejected) {
        warnings.push(Warning {
            text: format!("{} rows of the logs could not be used.", number::out_of(rows.quarantined, rows.rows)),
            href: sheet::section("quality"),
            more: "Rows by reason",
        });
    }
    if provenance.inputs.iter().any(|input| !crate::Balance::of(input).adds_up()) {
        warnings.push(Warning {
            text: "The rows of a file do not add up: not every row read is accounted for.".to_owned(),
            href: sheet::section("quality"),
            more: "Rows by file",
        });
    }
    warnings
}

/// `1 cart was`, `12 carts were`.
pub(super) fn were(n: u64, noun: &str) -> String {
    format!("{} {}", number::counted(n, noun), if n == 1 { "was" } else { "were" })
}

/// `1 cart is`, `12 carts are`.
pub(super) fn are(n: u64, noun: &str) -> String {
    format!("{} {}", number::counted(n, noun), if n == 1 { "is" } else { "are" })
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| words::logged(name)).collect::<Vec<_>>().join(", ")
}
