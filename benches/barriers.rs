//! Barriers found in simulated shops, night by night, held against what was planted in them:
//! `cargo bench -p benches -p analysis --bench barriers -- [SCENARIO,…] [FROM..UNTIL] [CARTS_A_DAY]`
//!
//! A row for each planted barrier and each decoy of each seed. *Stopped* are the carts that were abandoned because of it;
//! *had 150* is when so many had been stopped, in hours after it began, and the other hours are the ends of the first
//! nights that told it as watched, as an alert, and under exactly its condition. *Else* counts findings and alerts, in all
//! nights, of which it is neither a part nor the whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use analysis::Tables;
use analysis::barriers::{self, Barrier, Level, Nature};
use events::time::{self, DAY, HOUR};
use serde_json::Value;
use shop::Shop;
use simulate::{Config, Format, Scenario};

const DAYS: u32 = 43;
const NIGHTS: i64 = 11;
/// A decoy is looked at for fewer nights.
const NIGHTS_OF_DECOYS: i64 = 6;
/// Carts stopped from which on it has to be found.
const MANY: usize = 150;

const SCENARIOS: [Scenario; 13] = [
    Scenario::Barrier,
    Scenario::TwoBarriers,
    Scenario::SilentStop,
    Scenario::Intermittent,
    Scenario::SlowRelease,
    Scenario::TopCustomers,
    Scenario::Calm,
    Scenario::StableDifference,
    Scenario::HarmlessError,
    Scenario::TrafficMix,
    Scenario::Promo,
    Scenario::Outage,
    Scenario::Bots,
];

/// A planted barrier, and when the search told of it first.
struct Planted {
    name: String,
    conditions: BTreeMap<String, String>,
    step: String,
    onset: i64,
    end: i64,
    stopped: usize,
    had_many: Option<i64>,
    watched: Option<i64>,
    alerted: Option<i64>,
    exact: Option<i64>,
}

fn moment(value: &Value) -> Option<i64> {
    value.as_str().and_then(time::parse)
}

fn planted(truth: &Path) -> (Vec<Planted>, Option<i64>) {
    let read = |name: &str| std::fs::read_to_string(truth.join(name)).expect("the truth");
    let carts = read("carts.ndjson");
    let mut stopped = BTreeMap::<String, Vec<i64>>::new();
    for line in carts.lines() {
        let cart: Value = serde_json::from_str(line).expect("JSON");
        let Some(name) = cart["hit_barrier"].as_str() else { continue };
        let in_time = moment(&cart["counterfactual_purchased_at"])
            .zip(moment(&cart["opened_at"]))
            .is_some_and(|(would, opened)| would <= opened + 3 * DAY);
        if in_time && cart["outcome"] == "abandoned" {
            stopped.entry(name.to_owned()).or_default().extend(moment(&cart["hit_at"]));
        }
    }
    let truth: Value = serde_json::from_str(&read("barriers.json")).expect("JSON");
    let list = |name: &str| truth[name].as_array().cloned().unwrap_or_default();
    let barriers = list("barriers").into_iter().map(|barrier| {
        let name = barrier["name"].as_str().expect("a name").to_owned();
        let mut hits = stopped.remove(&name).unwrap_or_default();
        hits.sort_unstable();
        let object = barrier["where"].as_object().expect("conditions");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Planted {
            conditions: object.iter().map(|(column, value)| (column.clone(), text(value))).collect(),
            step: text(&barrier["step"]),
            onset: moment(&barrier["onset"]).expect("a moment"),
            end: moment(&barrier["end"]).unwrap_or(i64::MAX),
            stopped: hits.len(),
            had_many: hits.get(MANY - 1).copied(),
            name,
            watched: None,
            alerted: None,
            exact: None,
        }
    });
    let decoy = list("decoys").first().and_then(|decoy| moment(&decoy["onset"]));
    (barriers.collect(), decoy)
}

/// How a finding stands to a planted barrier.
#[derive(PartialEq)]
enum Relation {
    Exact,
    /// One of the two holds the other.
    Related,
    None,
}

fn relation(planted: &Planted, found: &Barrier) -> Relation {
    if found.step.name() != planted.step || found.nature == Nature::Standing {
        return Relation::None;
    }
    let own: BTreeMap<&str, &str> =
        found.conditions.iter().map(|condition| (condition.column, condition.value.as_str())).collect();
    let truth: BTreeMap<&str, &str> =
        planted.conditions.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    let holds =
        |a: &BTreeMap<&str, &str>, b: &BTreeMap<&str, &str>| a.iter().all(|(key, value)| b.get(key) == Some(value));
    match (holds(&own, &truth), holds(&truth, &own)) {
        (true, true) => Relation::Exact,
        (false, false) => Relation::None,
        _ => Relation::Related,
    }
}

fn run(scenario: Scenario, seed: u64, carts_per_day: u32, out: &mut impl std::io::Write) {
    let config = Config { days: DAYS, carts_per_day, seed, scenario, ..Config::default() };
    let start = time::start_of_day(config.start, chrono_tz::UTC);
    let shop = Shop::new(config, Format::NativeCsv);
    assert!(shop.ingest().accepted <= shop.rows, "what is read is what was written");
    shop.carts();
    let (mut planted, decoy) = planted(&shop.logs().join("_truth"));
    let last = shop.settings().as_of;
    let onset = planted.iter().map(|barrier| barrier.onset).min().or(decoy).unwrap_or(last - NIGHTS * DAY);
    let nights = if planted.is_empty() { NIGHTS_OF_DECOYS } else { NIGHTS };
    let first = start + ((onset - start).div_euclid(DAY) + 1) * DAY;
    let before = tempfile::tempdir().expect("a folder");
    let (mut earlier, mut else_found, mut else_alerts, mut warned, mut told) = (None, 0, 0, 0, Vec::new());
    for night in (0..nights).map(|night| first + night * DAY).take_while(|as_of| *as_of <= last) {
        let settings = analysis::Settings { as_of: night, ..shop.settings() };
        let tables = Tables::of(&shop.tables()).after(earlier.as_deref());
        let found = barriers::find(&tables, &settings).expect("searched");
        let folder = before.path().join(night.to_string());
        barriers::write(&found, night, &folder).expect("written");
        earlier = Some(folder);
        warned += u32::from(found.data.iter().any(|warning| matches!(warning, barriers::DataWarning::Outage { .. })));
        for finding in &found.findings {
            let mut is_theirs = false;
            for barrier in &mut planted {
                let relation = relation(barrier, finding);
                if relation == Relation::None {
                    continue;
                }
                is_theirs = true;
                barrier.watched.get_or_insert(night);
                if finding.level == Level::Alert {
                    barrier.alerted.get_or_insert(night);
                }
                if relation == Relation::Exact {
                    barrier.exact.get_or_insert(night);
                }
            }
            if !is_theirs {
                else_found += 1;
                else_alerts += u32::from(finding.level == Level::Alert);
                told.push(format!(
                    "{} {:?} {:?} {} z {:.1} {:?}",
                    (night - start) / DAY,
                    finding.level,
                    finding.nature,
                    finding.step.name(),
                    finding.z,
                    finding.conditions.iter().map(|one| format!("{}={}", one.column, one.value)).collect::<Vec<_>>()
                ));
            }
        }
        let is_done = |barrier: &Planted| barrier.exact.is_some() && barrier.alerted.is_some();
        if !planted.is_empty() && planted.iter().all(is_done) {
            break;
        }
    }
    for barrier in &planted {
        let hours = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), |at| ((at - barrier.onset) / HOUR).to_string());
        let deadline = barrier.had_many.map(|at| at + 3 * DAY);
        let verdict = match (barrier.had_many, barrier.watched) {
            (None, None) => "small",
            (None, Some(_)) => "found, small",
            (Some(_), Some(at)) if Some(at) <= deadline => "found in time",
            (Some(_), Some(_)) => "late",
            // The logs, or the nights that were run, end before.
            (Some(_), None) if deadline > Some(last.min(barrier.end)) => "open",
            (Some(_), None) => "missed",
        };
        writeln!(
            out,
            "{scenario}\t{seed}\t{}\t{}\t{}\t{}\t{}\t{}\t{else_found}\t{else_alerts}\t{verdict}",
            barrier.name,
            barrier.stopped,
            hours(barrier.had_many),
            hours(barrier.watched),
            hours(barrier.alerted),
            hours(barrier.exact)
        )
        .expect("written");
    }
    if planted.is_empty() {
        writeln!(out, "{scenario}\t{seed}\tdecoy\t\t\t\t\t\t{else_found}\t{else_alerts}\twarned on {warned} nights")
            .expect("written");
    }
    for told in told {
        writeln!(out, "# {scenario} {seed}: day {told}").expect("written");
    }
    out.flush().expect("written");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let scenarios: Vec<Scenario> = match arguments.first() {
        Some(names) => names.split(',').map(|name| name.parse().expect("a scenario")).collect(),
        None => SCENARIOS.to_vec(),
    };
    let seeds = arguments.get(1).map_or("1..2", String::as_str);
    let (from, until) = seeds.split_once("..").expect("FROM..UNTIL");
    let carts_per_day = arguments.get(2).map_or(3_000, |carts| carts.parse().expect("a number"));
    let mut out = std::io::stdout().lock();
    writeln!(out, "scenario\tseed\twhat\tstopped\thad 150\twatched\talert\texactly\telse\telse alerts\tverdict")
        .expect("written");
    for seed in from.parse().expect("a seed")..until.parse().expect("a seed") {
        for scenario in &scenarios {
            run(*scenario, seed, carts_per_day, &mut out);
        }
    }
}
