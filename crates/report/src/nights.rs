//! Every night's headlines → the list of all nights.
//!
//! ```text
//! summary.json ──short──> headlines.json, in the folder of each night ──nights──> index.html of all of them
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use analysis::Estimate;
use analysis::abandonment::{Day, Outcomes};
use events::{Amount, time};
use serde::{Deserialize, Serialize};

use crate::charts::{self, Drawing};
use crate::view::table::{Cell, OUTCOMES};
use crate::view::{Table, known};
use crate::{Error, folder, number, page, words};

/// What the list takes from a `summary.json`. Further names are left alone, so that nights of later versions can be
/// listed too.
#[derive(Serialize, Deserialize)]
struct Summary {
    headlines: Headlines,
    analysis: Analysis,
}

#[derive(Serialize, Deserialize)]
struct Analysis {
    as_of: String,
    zone: String,
    revenue: Revenue,
}

#[derive(Serialize, Deserialize)]
struct Revenue {
    in_base: Option<CurrencyLoss>,
}

#[derive(Serialize, Deserialize)]
struct Headlines {
    abandonment: Counts,
    revenue: Vec<CurrencyLoss>,
    biggest_drop: Option<Drop>,
}

#[derive(Serialize, Deserialize)]
struct Counts {
    carts: u64,
    abandoned: u64,
    pending: u64,
    rate: Option<Share>,
}

#[derive(Serialize, Deserialize)]
struct Share {
    point: f64,
    low: f64,
    high: f64,
    n: u64,
}

#[derive(Serialize, Deserialize)]
struct CurrencyLoss {
    currency: String,
    loss: Loss,
}

#[derive(Serialize, Deserialize)]
struct Loss {
    net: String,
}

#[derive(Serialize, Deserialize)]
struct Drop {
    from: String,
    to: String,
}

/// A folder with a summary.
struct Night {
    folder: String,
    /// `None` where the summary cannot be understood.
    summary: Option<Summary>,
}

/// What the list takes from a summary, as a file of its own: a list of many nights need not read all that they say.
pub(crate) fn short(summary: &str) -> Result<String, Error> {
    let summary: Summary = serde_json::from_str(summary).map_err(Error::Summary)?;
    let mut text = serde_json::to_string_pretty(&summary).map_err(Error::Summary)?;
    text.push('\n');
    Ok(text)
}

/// Writes `index.html` into `reports`: all nights found there, newest first, with their headlines.
///
/// A night is a folder with a `summary.json`. One that cannot be understood is listed by its name.
///
/// # Errors
/// When the disk refuses.
pub fn nights(reports: &Path) -> Result<(), Error> {
    let mut nights = find(reports)?;
    nights.sort_by_cached_key(|night| std::cmp::Reverse((as_of(night), night.folder.clone())));
    let columns = [&["Night"], &OUTCOMES[..], &["Net loss", "Most carts stop between"]].concat();
    let mut table = Table::new("nights", "Nights, newest first", &columns);
    for night in &nights {
        table.push(row(night));
    }
    // Nights of earlier versions define nothing that could be linked.
    let has_definitions = |night: &&Night| reports.join(&night.folder).join("data.html").is_file();
    let defined = nights
        .first()
        .filter(has_definitions)
        .map(|night| link(&night.folder).trim_end_matches(folder::INDEX).to_owned());
    let explained = defined.map_or_else(Vec::new, |folder| known::elsewhere(&mut table, &folder));
    let newest = nights.first().map(|night| link(&night.folder));
    let list = page::Nights { table: &table, newest, trend: trend(&nights)?, explained };
    folder::replace(&reports.join(folder::INDEX), &page::nights(&list)?)
}

/// How the share moved from night to night; `None` before there are two nights with enough carts.
fn trend(nights: &[Night]) -> Result<Option<page::Trend>, Error> {
    let told = |night: &Night| {
        let summary = night.summary.as_ref()?;
        let rate = estimate(summary.headlines.abandonment.rate.as_ref()?);
        let outcomes = Outcomes { rate: Some(rate), ..Outcomes::default() };
        Some(Day { day: number::local_date(as_of(night)?, &summary.analysis.zone), outcomes })
    };
    let mut days: Vec<Day> = nights.iter().filter_map(told).collect();
    // Reports that were made again under another name are the same night.
    days.dedup_by_key(|day| day.day);
    days.reverse();
    let shares = || days.iter().filter_map(|day| day.outcomes.rate).filter(|rate| rate.n >= number::FEW);
    let (Some(oldest), Some(newest)) = (shares().next(), shares().next_back()) else { return Ok(None) };
    let title = format!(
        "The share of carts abandoned went from {} to {}",
        number::percent(oldest.point, oldest.n),
        number::percent(newest.point, newest.n)
    );
    let caption = "Share of all carts abandoned, as each night saw it, with its 95% interval. Neighbouring nights have most of \
                   their carts in common: what is new is seen on each night's own page. The dashed line is the newest night."
        .to_owned();
    let words = charts::Words { name: "nights", title: &title, description: &caption };
    let drawing = charts::by_day(&days, ("newest", newest), words)?;
    Ok(drawing.map(|Drawing { wide, narrow, .. }| page::Trend { title, caption, wide, narrow }))
}

fn estimate(rate: &Share) -> Estimate {
    Estimate { point: rate.point, low: rate.low, high: rate.high, n: rate.n }
}

fn find(reports: &Path) -> Result<Vec<Night>, Error> {
    let mut nights = Vec::new();
    for entry in fs::read_dir(reports).map_err(Error::io("list", reports))? {
        let entry = entry.map_err(Error::io("list", reports))?;
        // A name that is not UTF-8 cannot be linked; one with a dot is a report in the making.
        let Some(folder) = entry.file_name().to_str().map(str::to_owned).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = entry.path().join(folder::SUMMARY);
        if !path.is_file() {
            continue;
        }
        let read = |path: &Path| serde_json::from_slice(&fs::read(path).ok()?).ok();
        // Nights of earlier versions have the whole summary only.
        let summary = match read(&entry.path().join(folder::HEADLINES)) {
            Some(summary) => Some(summary),
            None => serde_json::from_slice(&fs::read(&path).map_err(Error::io("read", &path))?).ok(),
        };
        nights.push(Night { folder, summary });
    }
    Ok(nights)
}

/// `None`, and so the oldest, where it is not known.
fn as_of(night: &Night) -> Option<i64> {
    time::parse(&night.summary.as_ref()?.analysis.as_of)
}

fn row(night: &Night) -> Vec<Cell> {
    let href = link(&night.folder);
    let Some((summary, as_of)) = night.summary.as_ref().zip(as_of(night)) else {
        let name = Cell::link(words::logged(&night.folder), href);
        let rest = std::iter::repeat_n(Cell::none(), 5).chain([Cell::text("its summary.json cannot be read").quiet()]);
        return std::iter::once(name).chain(rest).collect();
    };
    let Headlines { abandonment, revenue, biggest_drop } = &summary.headlines;
    let rate = abandonment.rate.as_ref().map(estimate);
    let date = number::date(number::local_date(as_of, &summary.analysis.zone));
    vec![
        Cell::link(date, href),
        rate.map_or_else(Cell::none, |rate| Cell::estimate(rate).without_mark()),
        rate.map_or_else(Cell::none, |rate| Cell::number(number::out_of(abandonment.abandoned, rate.n))),
        Cell::count(abandonment.carts),
        Cell::count(abandonment.pending),
        Cell::text(net(revenue, summary.analysis.revenue.in_base.as_ref())),
        biggest_drop.as_ref().map_or_else(
            || Cell::text("–").quiet(),
            |drop| Cell::text(format!("{} → {}", words::step_named(&drop.from), words::step_named(&drop.to))),
        ),
    ]
}

/// The net loss in the base currency, or of the largest currencies where they cannot be added up.
fn net(revenue: &[CurrencyLoss], in_base: Option<&CurrencyLoss>) -> String {
    let lines = match (revenue, in_base) {
        ([_, _, ..], Some(in_base)) => std::slice::from_ref(in_base),
        _ => &revenue[..revenue.len().min(3)],
    };
    let amounts = lines.iter().map(|line| match amount(&line.loss.net) {
        Some(net) => number::money_brief(net, &line.currency),
        None => words::logged(&line.loss.net),
    });
    let text = amounts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "–".to_owned() } else { text }
}

/// An amount as a summary writes it: with four decimals, and of any size.
fn amount(text: &str) -> Option<Amount> {
    let (whole, part) = text.split_once('.')?;
    if part.len() == 4 { format!("{whole}{part}").parse().ok().map(Amount) } else { None }
}

/// The page of a night, relative to the list. Folder names are percent-encoded: they may hold anything.
fn link(folder: &str) -> String {
    let mut link = String::with_capacity(folder.len() + 16);
    for byte in folder.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            link.push(char::from(byte));
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
    format!("{link}/{}", folder::INDEX)
}

#[cfg(test)]
mod tests;
