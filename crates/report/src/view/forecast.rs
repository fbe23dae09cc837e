//! What percent of new carts will not be bought in time, which open carts are at risk, and how such forecasts turned out.

use analysis::prediction::drift::{BEFORE, Drift, RECENT};
use analysis::prediction::quality::{Group, Score};
use analysis::prediction::tiers::{Tier, TierForecast};
use analysis::prediction::{AtRisk, Bounds, CohortForecast, LEVELS, Method, Prediction, Why};
use analysis::{Analysis, Estimate, Query};

use super::table::{Cell, Table};
use super::{Figure, Section};
use crate::{Error, charts, number, words};

/// A method, as in "by the …".
pub(super) const fn method(method: Method) -> &'static str {
    match method {
        Method::SplineLogit => "logistic regression with splines",
        Method::Boosting => "boosted decision trees",
        Method::RecentRate => "rate of the last seven matured days",
        Method::GroupRate => "rate of similar carts",
        Method::AgeCurve => "time-to-checkout curve",
    }
}

/// Tonight's range as an estimate, for writing.
pub(super) fn range(forecast: &CohortForecast) -> Estimate {
    Estimate { point: forecast.expected_rate, low: forecast.low, high: forecast.high, n: forecast.carts }
}

/// The level of ranges, such as `90%`.
pub(super) fn level(forecast: &CohortForecast) -> String {
    number::level(forecast.level)
}

/// The forecast of the newest day, if it is of enough carts.
pub(super) fn tonight(prediction: &Prediction) -> Option<&CohortForecast> {
    prediction.tonight.as_ref().filter(|forecast| forecast.carts >= number::FEW)
}

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Result<Section, Error> {
    let prediction = &analysis.prediction;
    let window = number::span(analysis.window);
    let title = match tonight(prediction) {
        Some(forecast) => format!(
            "{} of the carts of {} will not be bought within {window}",
            number::percent(forecast.expected_rate, forecast.carts),
            number::date(forecast.day)
        ),
        None => "Too few carts for a forecast".to_owned(),
    };
    let mut section = Section::new("forecast", "Forecast", title);
    section.defines(&["forecast", "range", "risk"]);
    section
        .asks(queries, &["forecast.days", "forecast.at_risk", "forecast.track", "forecast.levels", "forecast.nights"]);
    if let Some(forecast) = tonight(prediction) {
        say_tonight(&mut section, prediction, forecast);
    }
    section.say(words::sentence(&because(prediction)));
    say_unusual(&mut section, prediction);
    let track = &prediction.track;
    section.say(held(prediction));
    if track.nights > 0 {
        section.say(levels(prediction));
    }
    let title = format!("On {} nights the range held", number::out_of(track.held, track.nights));
    let caption =
        "Expected share of each day’s new carts as forecast on that night (line), its range (band), and what it \
                   came to (dot; open where the range did not hold). Nights without a run of their own are worked out \
                   afterwards from what was known then."
            .to_owned();
    let name = charts::Words { name: "forecast", title: &title, description: &caption };
    let data = nights(&track.forecasts);
    match charts::nights(&track.forecasts, name)? {
        Some(drawing) => section.figure = Some(Figure::new("forecast", title, caption, drawing, data.folded())),
        None if data.is_empty() => {}
        None => section.tables.push(data.folded()),
    }
    let tables = [days(&prediction.pending_days), tiers(&prediction.tiers), at_risk(&prediction.at_risk)];
    section.tables.extend(tables.into_iter().filter(|table| !table.is_empty()));
    Ok(section)
}

fn say_tonight(section: &mut Section, prediction: &Prediction, forecast: &CohortForecast) {
    let estimate = range(forecast);
    section.say(format!(
        "Of {} opened on {}, {} are expected to be left ({} range {}{}). {} not bought yet{}.",
        number::counted(forecast.carts, "cart"),
        number::date(forecast.day),
        number::percent(estimate.point, estimate.n),
        level(forecast),
        number::interval(estimate),
        forecast.range_95.map_or_else(String::new, |Bounds { low, high }| format!(
            ", {} range {}",
            number::level(LEVELS[2]),
            number::interval(Estimate { low, high, ..estimate })
        )),
        super::answers::are(forecast.open, "cart"),
        prediction
            .tonight_open_rate
            .filter(|_| forecast.open >= number::FEW)
            .map_or_else(String::new, |rate| format!("; of these, {}", number::percent(rate, forecast.open)))
    ));
    if let Some(nowcast) = forecast.nowcast_rate {
        section.say(format!(
            "With the checkouts of the last day taken into account: {}.",
            number::percent(nowcast, forecast.carts)
        ));
    }
}

/// Where the probabilities come from, and why from there.
fn because(prediction: &Prediction) -> String {
    let name = method(prediction.method);
    let trained = number::counted(prediction.trained_on, "cart");
    match prediction.why {
        Why::BestOnFolds => format!(
            "forecast by {name}, trained on {trained}: it did best on the latest weeks, scored blind. The choice is made anew every Monday."
        ),
        Why::ModelNoBetter => {
            format!("forecast by the {name}: on the latest weeks no model did better, so none is used.")
        }
        Why::TooLittleData => format!(
            "forecast by the {name}: {trained} with a known outcome are too few for a model, or for judging one."
        ),
    }
}

fn say_unusual(section: &mut Section, prediction: &Prediction) {
    for slice in prediction.unusual.iter().take(3) {
        section.say(format!(
            "Unusual in the last day: {} {} had {} where {} were expected.",
            words::column(slice.column),
            words::logged(&slice.value),
            number::counted(slice.observed, "checkout"),
            number::about(slice.expected)
        ));
    }
}

/// How often the range held; no forecast is told without it.
pub(super) fn held(prediction: &Prediction) -> String {
    let track = &prediction.track;
    if track.nights == 0 {
        return "No night can be judged yet: how often the range holds is not known.".to_owned();
    }
    let replayed = match track.replayed {
        0 => String::new(),
        n => format!(" ({} of them worked out afterwards)", number::count(n)),
    };
    format!("On {} nights that can be judged{replayed} the range held.", number::out_of(track.held, track.nights))
}

/// The same for ranges of every level.
fn levels(prediction: &Prediction) -> String {
    let told = prediction.track.levels.iter().filter(|held| held.nights > 0);
    let held: Vec<String> = told
        .map(|held| format!("{} ({} ranges)", number::out_of(held.held, held.nights), number::level(held.level)))
        .collect();
    format!("By level, ranges held on {} nights.", held.join(", "))
}

fn nights(forecasts: &[CohortForecast]) -> Table {
    let columns = ["Day", "#Expected, with range", "#Came to", "#Carts", "Range held", "Made"];
    let mut table = Table::new("data-forecast", "Forecasts and what they came to", &columns).csv("forecast.nights");
    for forecast in forecasts.iter().rev() {
        let actual = forecast.actual_rate.filter(|_| forecast.carts >= number::FEW);
        table.push(vec![
            Cell::text(number::date(forecast.day)),
            Cell::estimate(range(forecast)),
            actual.map_or_else(Cell::none, |share| Cell::number(number::percent(share, forecast.carts))),
            Cell::count(forecast.carts),
            Cell::text(match forecast.held() {
                Some(true) => "yes",
                Some(false) => "no",
                None => "–",
            }),
            Cell::text(if forecast.replayed { "afterwards" } else { "on its night" }),
        ]);
    }
    table
}

fn days(forecasts: &[CohortForecast]) -> Table {
    let columns =
        ["Day opened", "#Expected to be left, with range", "#80% range", "#95% range", "#Carts", "#Not bought yet"];
    let mut table = Table::new("forecast-days", "Days that are still open", &columns).csv("forecast.days");
    for forecast in forecasts {
        table.push(vec![
            Cell::text(number::date(forecast.day)),
            Cell::estimate(range(forecast)),
            bounds(forecast, forecast.range_80),
            bounds(forecast, forecast.range_95),
            Cell::count(forecast.carts),
            Cell::count(forecast.open),
        ]);
    }
    table
}

fn tiers(forecasts: &[TierForecast]) -> Table {
    let columns =
        ["Customers", "#Open carts expected to be left, with range", "#Open carts", "#Nights on which the range held"];
    let mut table = Table::new("forecast-tiers", "Open carts of the newest day, by customers", &columns)
        .note("90% ranges. The nights before are worked out afterwards, from what was known on each.");
    for forecast in forecasts {
        let TierForecast { tier, open, expected_rate, low, high, nights, held } = *forecast;
        table.push(vec![
            Cell::text(match tier {
                Tier::Top => "Top tenth of spend",
                Tier::Known => "Ordered before",
                Tier::New => "No order before",
            }),
            Cell::estimate(Estimate { point: expected_rate, low, high, n: open }),
            Cell::count(open),
            Cell::number(number::out_of(held, nights)),
        ]);
    }
    table
}

/// Another range of a forecast, of enough carts.
fn bounds(forecast: &CohortForecast, ends: Option<Bounds>) -> Cell {
    match ends.filter(|_| forecast.carts >= number::FEW) {
        Some(Bounds { low, high }) => Cell::number(number::interval(Estimate { low, high, ..range(forecast) })),
        None => Cell::none(),
    }
}

fn at_risk(risk: &AtRisk) -> Table {
    let columns = ["Currency", "#Open carts", "#In them", "#Expected loss"];
    let mut table = Table::new("at-risk", "Open carts at risk", &columns).csv("forecast.at_risk").note(
        "Value times probability, cart by cart: before what will be bought after the window. Each cart with its reasons is in the table predictions.",
    );
    for line in &risk.by_currency {
        table.push(vec![
            Cell::text(words::logged(&line.currency)),
            Cell::count(line.carts),
            Cell::number(number::amount(line.value, &line.currency)),
            Cell::number(number::amount(line.expected_loss, &line.currency)),
        ]);
    }
    table
}

/// How good the probabilities of single carts were; `None` before there are any to judge.
pub(super) fn quality(analysis: &Analysis, queries: &[Query]) -> Result<Option<Section>, Error> {
    let Some(quality) = &analysis.prediction.quality else { return Ok(None) };
    if quality.overall.n < number::FEW {
        return Ok(None);
    }
    let overall = &quality.overall;
    let all_beaten = overall.skills.iter().all(|skill| skill.low > 0.0);
    let title = if all_beaten {
        "The forecasts of past weeks beat every simple one".to_owned()
    } else if overall.skills.iter().all(|skill| skill.skill > 0.0) {
        "The forecasts of past weeks were ahead of the simple ones, but not of all for certain".to_owned()
    } else {
        "The forecasts of past weeks were no better than simple ones".to_owned()
    };
    let mut section = Section::new("trust", "Forecast quality", title);
    section.defines(&["skill", "calibration", "blind"]);
    section.asks(queries, &["forecast.scores", "forecast.reliability"]);
    section.say(format!(
        "{} of the last weeks, each scored by a model that knew nothing of its week: {} were expected to be left, {} were.",
        number::counted(overall.n, "forecast"),
        number::percent(overall.mean, overall.n),
        number::percent(overall.abandoned as f64 / overall.n as f64, overall.n)
    ));
    for said in changed(&analysis.prediction.drift) {
        section.say(said);
    }
    let title = format!(
        "Forecasts said {} in the mean, and {} were left",
        number::percent(overall.mean, overall.n),
        number::percent(overall.abandoned as f64 / overall.n as f64, overall.n)
    );
    let caption =
        "Forecast probability of being left (across) and the share that was left (up), in steps of a twentieth, \
                   with 95% intervals; larger dots stand for more carts. On the dashed line both are equal."
            .to_owned();
    let name = charts::Words { name: "reliability", title: &title, description: &caption };
    let mut data = Table::new("data-reliability", "Probability and outcome", &["Probability", "#Left", "#Carts"])
        .csv("forecast.reliability");
    for bin in &quality.bins {
        data.push(vec![
            Cell::text(number::score(bin.predicted)),
            Cell::number(number::out_of(bin.happened, bin.n)),
            Cell::count(bin.n),
        ]);
    }
    if let Some(drawing) = charts::reliability(&quality.bins, name)? {
        section.figure = Some(Figure::new("reliability", title, caption, drawing, data.folded()));
    }
    section.tables.push(scores("scores", "By age at the forecast", "Age", &quality.by_age, |name| format!("{name} h")));
    section
        .tables
        .push(scores("segment-scores", "By customer segment", "Segment", &quality.by_segment, words::segment).folded());
    Ok(Some(section))
}

/// Whether carts of late are like those before, and whether forecasts of late came true.
fn changed(drift: &Drift) -> Vec<String> {
    let moved = drift
        .features
        .iter()
        .take(3)
        .map(|moved| format!("{} {}", words::column(moved.feature), number::rating(moved.psi)));
    let moved: Vec<String> = moved.collect();
    let features = (!moved.is_empty()).then(|| {
        format!(
            "Against the {BEFORE} days before, the carts of the last {RECENT} days have moved most in {} (population \
             stability index; up to 0.1 is usual).",
            moved.join(", ")
        )
    });
    let judged = drift.calibration.map(|off| {
        format!(
            "On the latest {} days that can be judged, {} were said to be left and {} were ({}).",
            off.days,
            number::percent(off.said, off.carts),
            number::percent(off.came, off.carts),
            number::counted(off.carts, "cart")
        )
    });
    features.into_iter().chain(judged).collect()
}

fn scores(id: &'static str, title: &str, first: &str, groups: &[Group], name: impl Fn(&str) -> String) -> Table {
    let columns = [
        first,
        "#Carts",
        "#Log-loss",
        "#Better than recent rate",
        "#than similar carts",
        "#than the curve",
        "#AUC",
        "#Calibration error",
    ];
    let mut table = Table::new(id, title, &columns);
    if id == "scores" {
        table = table
            .csv("forecast.scores")
            .note("Better: by how much of its log-loss, with a 90% interval; days are drawn as blocks.");
    }
    for group in groups.iter().filter(|group| group.score.n >= number::FEW) {
        let Score { n, log_loss, skills, auc, calibration_error, .. } = &group.score;
        let mut cells = vec![Cell::text(name(&group.name)), Cell::count(*n), Cell::number(number::score(*log_loss))];
        cells.extend(skills.iter().map(|skill| {
            Cell::number(number::signed_percent(skill.skill)).with_note(format!(
                "{} to {}",
                number::signed_percent(skill.low),
                number::signed_percent(skill.high)
            ))
        }));
        cells.push(auc.map_or_else(Cell::none, |auc| Cell::number(number::score(auc))));
        cells.push(Cell::number(number::score(*calibration_error)));
        table.push(cells);
    }
    table
}
