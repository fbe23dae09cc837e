//! What abandoned carts were worth, by currency, segment and day.

mod lost;

use std::collections::BTreeSet;

use analysis::revenue::{DayLoss, Loss, SegmentLoss};
use analysis::{Analysis, Query, Revenue};

use super::known::Known;
use super::table::{Cell, Table};
use super::{Figure, Section};
use crate::{Error, charts, number, words};

/// Columns of [`amounts`].
const AMOUNTS: [&str; 6] = ["#Carts", "#Abandoned", "#Gross", "#Bought later", "#Net", "#Still pending"];

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Result<Section, Error> {
    let revenue = &analysis.revenue;
    let mut section = Section::new("revenue", "Lost revenue", title(revenue));
    section.defines(&["gross", "recovered", "net", "elsewhere", "repeated", "lost", "spread", "avoidable", "segment"]);
    section.asks(queries, &["revenue."]);
    let abandoned = revenue.totals.iter().map(|line| line.loss.abandoned).sum();
    section.knows(Known::by("net").of(abandoned, "abandoned cart").query("revenue.totals"));
    section.say(format!(
        "Amounts are sums over the carts themselves, not estimates. Gross is what abandoned carts held {} after they were opened.",
        number::span(analysis.window)
    ));
    say_what_is_missing(&mut section, revenue);
    if revenue.totals.is_empty() {
        return Ok(section);
    }
    if let Some(figure) = by_segment(revenue)? {
        section.figure = Some(figure);
    }
    section.tables.push(totals(revenue));
    lost::add(&mut section, &revenue.detail);
    section.tables.push(segments(revenue));
    section.tables.push(days(revenue));
    Ok(section)
}

/// Who holds what was earned and what was lost.
pub(super) fn held(analysis: &Analysis, queries: &[Query]) -> Result<Option<Section>, Error> {
    lost::held(&analysis.revenue.detail, queries)
}

fn title(revenue: &Revenue) -> String {
    match (&revenue.in_base, revenue.totals.as_slice()) {
        (_, []) => "No cart has a price".to_owned(),
        (_, [only]) => format!("{} lost, net", number::money_brief(only.loss.net, &only.currency)),
        (Some(in_base), _) => {
            format!("{} lost, net, in all currencies", number::money_brief(in_base.loss.net, &in_base.currency))
        }
        (None, _) => "What was lost, per currency".to_owned(),
    }
}

fn say_what_is_missing(section: &mut Section, revenue: &Revenue) {
    if let Some(in_base) = revenue.in_base.as_ref().filter(|in_base| in_base.converted) {
        let rates: Vec<String> = in_base
            .rates
            .iter()
            .filter(|rate| rate.currency != in_base.currency)
            .map(|rate| format!("{} {}", number::rate(rate.billionths_per_base), words::logged(&rate.currency)))
            .collect();
        section.say(format!("Converted at: 1 {} = {}.", words::logged(&in_base.currency), rates.join(" = ")));
    }
    if !revenue.without_rate.is_empty() {
        let missing: Vec<String> = revenue.without_rate.iter().map(|currency| words::logged(currency)).collect();
        section
            .say(format!("No exchange rate is configured for {}, so currencies are not added up.", missing.join(", ")));
    }
    if revenue.unpriced.carts > 0 {
        section.say(format!(
            "{} held nothing with a price ({} of them abandoned) and count as nothing.",
            number::counted(revenue.unpriced.carts, "cart"),
            number::count(revenue.unpriced.abandoned)
        ));
    }
}

/// The chart, in the base currency or else in the one with the largest loss.
fn by_segment(revenue: &Revenue) -> Result<Option<Figure>, Error> {
    let (currency, lines): (&str, Vec<&SegmentLoss>) = match (&revenue.in_base, revenue.totals.first()) {
        (Some(in_base), _) => (&in_base.currency, in_base.segments.iter().collect()),
        (None, Some(largest)) => {
            let of_it = |line: &&SegmentLoss| line.currency.as_deref() == Some(largest.currency.as_str());
            (&largest.currency, revenue.segments.iter().filter(of_it).collect())
        }
        (None, None) => return Ok(None),
    };
    let Some(worst) = lines.iter().max_by_key(|line| line.loss.net) else { return Ok(None) };
    let title = format!(
        "Most is lost on {}: {}, net",
        words::customers(&worst.segment),
        number::money_brief(worst.loss.net, currency)
    );
    let caption = format!(
        "Lost revenue by segment of customers, in {}. Filled, with its amount: net, still lost. Open: abandoned at first \
         and bought later. Both together are the gross loss. Tenths are of customers ranked by what they spent in the year before.",
        words::logged(currency)
    );
    let words = charts::Words { name: "revenue", title: &title, description: &caption };
    let Some(drawing) = charts::by_segment(&lines, currency, words)? else { return Ok(None) };
    let columns = [&["Segment"], &AMOUNTS[..]].concat();
    let title_of_data = format!("Lost revenue by segment, in {}", words::logged(currency));
    let mut data = Table::new("data-revenue", title_of_data, &columns).folded();
    for line in lines {
        data.push(amounts(vec![Cell::text(words::segment(&line.segment))], &line.loss, Some(currency)));
    }
    Ok(Some(Figure::new("revenue", title, caption, drawing, data)))
}

fn totals(revenue: &Revenue) -> Table {
    let columns = [&["Currency"], &AMOUNTS[..]].concat();
    let mut table = Table::new("totals", "Per currency", &columns).csv("revenue.totals");
    for line in &revenue.totals {
        table.push(amounts(vec![Cell::text(words::logged(&line.currency))], &line.loss, Some(&line.currency)));
    }
    if let Some(in_base) = revenue.in_base.as_ref().filter(|in_base| in_base.converted) {
        let first = Cell::text(format!("All, in {}", words::logged(&in_base.currency)));
        table.push_total(amounts(vec![first], &in_base.loss, Some(&in_base.currency)));
    }
    table
}

fn segments(revenue: &Revenue) -> Table {
    let lines = || revenue.segments.iter().filter_map(|line| Some((line, line.currency.as_deref()?)));
    let currencies = Currencies::of(lines().map(|(_, currency)| currency));
    let columns = [&["Segment"], currencies.column(), &AMOUNTS[..]].concat();
    let mut table = Table::new("segments", currencies.title("By segment"), &columns).csv("revenue.segment").note(
        "Customers by what they spent in the year before the cart was opened; the top hundredth are in the top tenth too. Carts \
         in which nothing had a price are in no row.",
    );
    for (line, currency) in lines() {
        let first = currencies.beside(Cell::text(words::segment(&line.segment)), currency);
        table.push(amounts(first, &line.loss, Some(currency)));
    }
    for line in &revenue.top1 {
        let first = currencies.beside(Cell::text("Top hundredth"), &line.currency);
        table.push_total(amounts(first, &line.loss, Some(&line.currency)));
    }
    table.folded()
}

fn days(revenue: &Revenue) -> Table {
    let currencies = Currencies::of(revenue.days.iter().map(|line| line.currency.as_str()));
    let columns = [&["Day opened"], currencies.column(), &AMOUNTS[..]].concat();
    let mut table = Table::new("revenue-days", currencies.title("By day"), &columns).folded().csv("revenue.day");
    for DayLoss { day, currency, loss } in &revenue.days {
        table.push(amounts(currencies.beside(Cell::text(number::date(*day)), currency), loss, Some(currency)));
    }
    table
}

/// How a table says the currencies of its lines: once in its title, where there is only one.
struct Currencies {
    only: Option<String>,
}

impl Currencies {
    fn of<'a>(currencies: impl Iterator<Item = &'a str>) -> Self {
        let mut known: BTreeSet<&str> = currencies.collect();
        let first = known.pop_first();
        Self { only: first.filter(|_| known.is_empty()).map(words::logged) }
    }

    fn title(&self, title: &str) -> String {
        self.only.as_ref().map_or_else(|| format!("{title} and currency"), |only| format!("{title}, in {only}"))
    }

    fn column(&self) -> &'static [&'static str] {
        if self.only.is_some() { &[] } else { &["Currency"] }
    }

    /// The first cells of a line.
    fn beside(&self, first: Cell, currency: &str) -> Vec<Cell> {
        let code = self.only.is_none().then(|| Cell::text(words::logged(currency)));
        std::iter::once(first).chain(code).collect()
    }
}

/// Counts and amounts of a line; without a currency there are no amounts.
fn amounts(mut cells: Vec<Cell>, loss: &Loss, currency: Option<&str>) -> Vec<Cell> {
    let sums = [loss.gross, loss.recovered, loss.net, loss.pending_value];
    cells.extend([Cell::count(loss.carts), Cell::count(loss.abandoned)]);
    cells.extend(sums.map(|sum| currency.map_or_else(Cell::none, |code| Cell::number(number::amount(sum, code)))));
    cells
}
