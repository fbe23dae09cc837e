//! `leftcart customer`: one person's story.

use std::collections::BTreeSet;
use std::path::Path;

use analysis::schema::CUSTOMERS;
use analysis::story::{self, Story};
use anyhow::{Context, Result, bail};
use carts::schema::CARTS;
use events::lake::{Generation, Lake};
use events::schema::EVENTS;
use events::time;
use serde_json::{Map, Value, json};

use crate::args::CustomerArgs;
use crate::asked::Asked;
use crate::config::Config;
use crate::night::settings;
use crate::people::{self, amount, count, moment, text};
use crate::show;

pub(crate) fn run(args: &CustomerArgs) -> Result<()> {
    let config = Config::load(args.lake.config.as_deref())?;
    let generation = Lake::at(&args.lake.data).published()?;
    let as_of = as_of(&generation)?;
    config.privacy.check_lake(&generation.manifest().settings, &args.lake.data)?;
    let written = args.id.as_deref().unwrap_or_default();
    let whom = "whose story? give a customer id, or c: or v: and an id as in the column person_id";
    let asked = Asked::parse(written, &config.door()).context(whom)?;
    let mut candidates = asked.persons.clone();
    if !Asked::says_kind(written) {
        // Somebody without an account is known by the visitor.
        candidates.push(format!("v:{}", config.door().visitor(&asked.written)));
    }
    let analysis_settings = settings(&config, as_of);
    for person in &candidates {
        let mut carts = people::rows(&generation.table(CARTS.name), &CARTS, "person_id", |id| id == person)?;
        carts.sort_by_key(|cart| (moment(cart, "opened_at"), text(cart, "cart_id").map(str::to_owned)));
        let story = tell(&generation, person, &carts, (i64::MIN / 2, as_of), &analysis_settings)?;
        if story.visits.is_empty() && carts.is_empty() {
            continue;
        }
        let row = people::rows(&generation.table(CUSTOMERS.name), &CUSTOMERS, "person_id", |id| id == person)?.pop();
        if args.lake.json {
            show::json(&json!({ "person_id": person, "customer": row, "carts": carts, "story": story }));
        } else {
            print(person, row.as_ref(), &carts, &story, &config, args.visits);
        }
        return Ok(());
    }
    bail!(
        "nobody is known as {}: looked for in the carts and events of {} up to {}; ids are those of the column person_id \
         in the table customers",
        candidates.join(" or "),
        generation.path().display(),
        time::format(as_of)
    )
}

/// The moment as of which the carts of a generation were judged.
pub(super) fn as_of(generation: &Generation) -> Result<i64> {
    match generation.manifest().as_of.as_deref() {
        Some(as_of) => time::parse(as_of).with_context(|| format!("the manifest's as_of `{as_of}` is no moment")),
        None => bail!("the lake holds events but no carts yet; run `leftcart analyze` first"),
    }
}

/// What happened to a person between two moments.
pub(super) fn tell(
    generation: &Generation,
    person: &str,
    carts: &[Map<String, Value>],
    (from, until): (i64, i64),
    settings: &analysis::Settings,
) -> Result<Story> {
    let events = generation.table(EVENTS.name);
    let mut visitors: BTreeSet<String> =
        carts.iter().filter_map(|cart| text(cart, "visitor_id").map(str::to_owned)).collect();
    if let Some(customer) = person.strip_prefix("c:") {
        visitors.extend(devices(generation, &events, customer, until)?);
    }
    let asked = story::Asked { person_id: person, visitors, from, until };
    Ok(story::tell(&events, &asked, settings)?)
}

/// From the memory of the nights, if there is one; else every row's ids are looked at.
fn devices(generation: &Generation, events: &Path, customer: &str, until: i64) -> Result<BTreeSet<String>> {
    match local::devices(&generation.table(local::STATE), customer, until)? {
        Some(devices) => Ok(devices),
        None => Ok(story::devices(events, customer, until)?),
    }
}

fn print(
    person: &str,
    row: Option<&Map<String, Value>>,
    carts: &[Map<String, Value>],
    story: &Story,
    config: &Config,
    visits: usize,
) {
    let zone = config.zone.name();
    let say = |text: &str| show::line(&show::printable(text));
    say(person);
    if let Some(row) = row {
        for sentence in about(row, config.rates.base(), zone) {
            say(&sentence);
        }
    }
    if !carts.is_empty() {
        say("");
        say("Carts, the latest last:");
        for cart in carts {
            say(&format!("  {}  {}", text(cart, "cart_id").unwrap_or_default(), super::cart::outcome(cart, zone)));
        }
    }
    let told = report::story::story(story, zone);
    let skipped = if visits == 0 { 0 } else { told.len().saturating_sub(visits) };
    if skipped > 0 {
        say("");
        say(&format!("… {} earlier (--visits 0 tells all)", show::thousands(skipped as u64)));
    }
    for visit in &told[skipped..] {
        say("");
        tell_visit(visit);
    }
}

pub(super) fn tell_visit(visit: &report::story::Told) {
    show::line(&show::printable(&visit.heading));
    for (time, sentence) in &visit.lines {
        show::line(&show::printable(&format!("  {time}  {sentence}")));
    }
}

/// What is known of a person, in sentences.
fn about(row: &Map<String, Value>, base: &str, zone: &str) -> Vec<String> {
    let plural = |n: u64, noun: &str| format!("{} {noun}{}", show::thousands(n), if n == 1 { "" } else { "s" });
    let mut said = Vec::new();
    said.push(match (count(row, "orders"), moment(row, "last_order_at")) {
        (0, _) | (_, None) => "No order so far.".to_owned(),
        (orders, Some(last)) => format!(
            "{} for {}, the last one on {}; segment {}{}.",
            plural(orders, "order"),
            amount(row, "spend", Some(base)),
            report::date_of(last, zone),
            text(row, "segment").unwrap_or("new"),
            if row.get("top1") == Some(&Value::Bool(true)) { ", top 1 %" } else { "" }
        ),
    });
    said.push(format!(
        "{}: {} bought in time, {} abandoned ({} of them bought later), {} still open; {} left and not bought.",
        plural(count(row, "carts"), "cart"),
        count(row, "purchased"),
        count(row, "abandoned"),
        count(row, "recovered"),
        count(row, "pending"),
        amount(row, "lost_value", Some(base))
    ));
    if count(row, "errors") > 0 {
        said.push(format!("Met {} in carts.", plural(count(row, "errors"), "checkout error")));
    }
    if let Some(satisfaction) = row.get("satisfaction").and_then(Value::as_f64) {
        said.push(format!(
            "Rates the shop {satisfaction:.1} on average ({}).",
            plural(count(row, "ratings"), "rating")
        ));
    }
    if let Some(trend) = text(row, "trend") {
        let (now, before) = (count(row, "visits"), count(row, "visits_before"));
        let how = match trend {
            "rising" => "more often than",
            "falling" => "less often than",
            _ => "about as often as",
        };
        said.push(format!(
            "Comes {how} before: {} in the last 30 days, {before} in the 30 before.",
            plural(now, "visit")
        ));
    }
    if let Some(category) = text(row, "favourite_category") {
        said.push(format!("Looks for {category} most."));
    }
    if let Some(channel) = text(row, "channel_of_choice") {
        said.push(format!("Buys, answers and asks mostly by {channel}."));
    }
    if let Some(at) = moment(row, "last_contact_at") {
        let by = text(row, "last_contact_channel").map_or_else(String::new, |channel| format!(" by {channel}"));
        said.push(format!("Last in touch on {}{by}.", report::date_of(at, zone)));
    }
    if row.get("opted_out") == Some(&Value::Bool(true)) {
        said.push("Asked not to be contacted.".to_owned());
    }
    said
}
