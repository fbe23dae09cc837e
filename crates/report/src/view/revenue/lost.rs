//! From the gross loss to what is lost in the end and what of it was avoidable, with intervals; and who holds it.

use analysis::Query;
use analysis::abandonment_reasons::Reason;
use analysis::revenue::detail::{Detail, Holder};
use analysis::revenue::spread::{Range, Spread};
use analysis::revenue::standing::{MOVES, Tenth};
use analysis::revenue::{LostPart, Waterfall};
use events::Amount;

use super::super::table::{Cell, Table};
use super::super::{Figure, Section, reasons};
use super::Currencies;
use crate::{Error, charts, number, words};

/// What the tables of this file have in common: amounts of one line.
const LOST: [&str; 7] = [
    "#Abandoned",
    "#Gross",
    "#Bought later",
    "#Bought elsewhere",
    "#Left again",
    "#Lost in the end, 90% interval",
    "#Customers",
];

/// Sentences and tables, in reading order.
pub(super) fn add(section: &mut Section, detail: &Detail) {
    let Some(headline) = Headline::of(detail) else { return };
    headline.say(section, detail);
    section.tables.push(headline.waterfall(detail));
    section.tables.push(
        by("lost-segments", "Lost in the end, by segment", "Segment", &detail.segments, words::segment)
            .csv("revenue.lost.segment"),
    );
    if !detail.own_segments.is_empty() {
        let own = by("lost-own", "Lost in the end, by your own segments", "Segment", &detail.own_segments, |key| {
            words::logged(key)
        });
        section.tables.push(own.note("By the rules of leftcart.toml, as of the moment each cart was opened."));
    }
    section.tables.push(
        by("lost-steps", "Lost in the end, by the furthest step", "Furthest step", &detail.steps, |key| {
            words::step_named(key)
        })
        .folded()
        .csv("revenue.lost.step"),
    );
    if !detail.reasons.is_empty() {
        section.tables.push(by("lost-reasons", "Lost in the end, by reason", "Reason", &detail.reasons, |key| {
            let known = Reason::ALL.into_iter().find(|reason| reason.name() == key);
            known.map_or_else(|| words::logged(key), |reason| reasons::name(reason).to_owned())
        }));
    }
}

/// Who holds what was earned and what was lost; `None` where nothing was.
pub(super) fn held(detail: &Detail, queries: &[Query]) -> Result<Option<Section>, Error> {
    let Some(headline) = Headline::of(detail) else { return Ok(None) };
    if detail.holders.is_empty() && detail.standing.year.is_empty() {
        return Ok(None);
    }
    let customers: u64 = detail.standing.year.iter().map(|tenth| tenth.customers).sum();
    let share = detail.standing.year.first().and_then(|top| top.share).filter(|_| customers >= number::FEW);
    let title = match share {
        Some(share) => {
            format!("The top tenth of customers holds {} of what was spent", number::percent(share, customers))
        }
        None => "Who spends, and who leaves carts behind".to_owned(),
    };
    let mut section = Section::new("top-customers", "Top customers", title);
    section.defines(&["segment"]);
    section.asks(queries, &["standing."]);
    standing(&mut section, detail, &headline.currency)?;
    if !detail.holders.is_empty() {
        let table = holders(&detail.holders, &headline.currency);
        // Without an order nobody stands anywhere, and nothing is asked about it.
        let is_asked = detail.standing.day.is_some();
        section.tables.insert(0, if is_asked { table.csv("standing.holders") } else { table });
    }
    Ok(Some(section))
}

/// Everything in the base currency, or else the currency with the largest loss.
struct Headline<'a> {
    currency: String,
    waterfall: &'a Waterfall,
    spread: Option<&'a Spread>,
    is_base: bool,
}

impl<'a> Headline<'a> {
    fn of(detail: &'a Detail) -> Option<Self> {
        if let Some(base) = &detail.in_base {
            let spread = base.spread.as_ref();
            return Some(Self { currency: base.currency.clone(), waterfall: &base.total, spread, is_base: true });
        }
        let line = detail.totals.first()?;
        let currency = line.currency.clone()?;
        Some(Self { currency, waterfall: &line.waterfall, spread: line.spread.as_ref(), is_base: false })
    }

    fn say(&self, section: &mut Section, detail: &Detail) {
        let Some(spread) = self.spread else { return };
        let lost = number::money_brief(self.waterfall.lost, &self.currency);
        let is_few = self.waterfall.carts < number::FEW;
        let top = number::percent(spread.top_ten_share, self.waterfall.carts);
        let customers = number::counted(spread.persons, "customer");
        section.say(match (spread.lost.filter(|_| !is_few), spread.tail_index) {
            (Some(range), _) => format!(
                "In the end {lost} are lost, {} with other customers of the same kind (90% interval, {customers}). The ten \
                 largest carts hold {top} of it.",
                between(range, &self.currency)
            ),
            (None, Some(index)) if spread.is_dominated && !is_few => format!(
                "In the end {lost} are lost ({customers}). A few carts decide this sum (tail index {index:.1}, below 2; the ten \
                 largest hold {top}), so no interval can be given."
            ),
            _ => format!("In the end {lost} are lost, of {customers}: too few for an interval."),
        });
        if self.waterfall.expected_recovery > Amount::ZERO {
            section.say(format!(
                "Of it {} are expected to be bought all the same, in carts that have not expired; that is an expectation, and not \
                 taken off.",
                number::money_brief(self.waterfall.expected_recovery, &self.currency)
            ));
        }
        if let Some(range) = spread.winsorised_range.filter(|_| !is_few) {
            section.say(format!(
                "With the largest carts, one in two hundred, cut down to the size of the next: {} ({}).",
                number::money_brief(spread.winsorised, &self.currency),
                between(range, &self.currency)
            ));
        }
        if self.is_base && detail.avoidable.as_ref().is_some_and(|avoidable| !avoidable.findings.is_empty()) {
            section.say(
                "Avoidable is never more than net, and net never more than gross. Net is not money that would have been \
                 earned: people who would never have bought are in it.",
            );
        }
    }

    fn waterfall(&self, detail: &Detail) -> Table {
        let title = format!("From gross to what is lost in the end, in {}", words::logged(&self.currency));
        let mut table = Table::new("waterfall", title, &["Part", "#Amount", "#90% interval", "#n"]).note(
            "Intervals over customers: a Poisson bootstrap draws each customer with all their carts 1,000 times. Other customers \
             of the same kind would have left a sum within them nine times of ten.",
        );
        let w = self.waterfall;
        let amount = |amount: Amount| Cell::number(number::amount(amount, &self.currency));
        let range = |range: Option<Range>| range.map_or_else(Cell::none, |range| ends(range, &self.currency));
        let carts = || Cell::number(number::counted(w.carts, "cart"));
        let of = |pick: fn(&Spread) -> Option<Range>| range(self.spread.and_then(pick));
        table.push(vec![Cell::text("Gross: abandoned at the window"), amount(w.gross), of(|s| s.gross), carts()]);
        table.push(vec![
            Cell::text("less bought later in the same cart"),
            amount(w.recovered),
            Cell::none(),
            Cell::none(),
        ]);
        table.push_total(vec![Cell::text("Net"), amount(w.net()), of(|s| s.net), carts()]);
        table.push(vec![Cell::text("less bought in another cart"), amount(w.elsewhere), Cell::none(), Cell::none()]);
        table.push(vec![Cell::text("less left again in a later cart"), amount(w.repeated), Cell::none(), Cell::none()]);
        table.push(vec![Cell::text("plus given back by refunds"), amount(w.refunded), Cell::none(), Cell::none()]);
        table.push_total(vec![Cell::text("Lost in the end"), amount(w.lost), of(|s| s.lost), carts()]);
        let first = Cell::text("of which expected to be bought all the same");
        table.push(vec![first, amount(w.expected_recovery), Cell::none(), Cell::none()]);
        if let Some(avoidable) = detail.avoidable.as_ref().filter(|found| self.is_base && !found.findings.is_empty()) {
            let ends = Range { low: avoidable.low, high: avoidable.high };
            let found = number::counted(avoidable.findings.len() as u64, "barrier");
            let first = Cell::text("of which avoidable (80% interval)");
            table.push(vec![first, amount(avoidable.point), range(Some(ends)), Cell::number(found)]);
        }
        table
    }
}

fn between(range: Range, currency: &str) -> String {
    let low = number::money_beside(range.low, range.high, currency);
    format!("{low} to {}", number::money_brief(range.high, currency))
}

/// The same where the table has said the currency.
fn bare_between(range: Range, currency: &str) -> String {
    let bare = |amount: Amount| {
        let money = number::money_beside(amount, range.high, currency);
        money.split_once('\u{a0}').map_or_else(|| money.clone(), |(digits, _)| digits.to_owned())
    };
    format!("{} to {}", bare(range.low), bare(range.high))
}

fn ends(range: Range, currency: &str) -> Cell {
    Cell::number(format!("{} to {}", number::amount(range.low, currency), number::amount(range.high, currency)))
}

fn by(id: &str, title: &str, first: &str, lines: &[LostPart], name: impl Fn(&str) -> String) -> Table {
    // What has no price was not lost in any currency: a section says once how many carts these are.
    let lines = || {
        lines.iter().filter(|line| line.waterfall.carts > 0).filter_map(|line| Some((line, line.currency.as_deref()?)))
    };
    let currencies = Currencies::of(lines().map(|(_, currency)| currency));
    let columns = [&[first], currencies.column(), &LOST[..]].concat();
    let mut table = Table::new(id, currencies.title(title), &columns);
    for (line, currency) in lines() {
        let w = &line.waterfall;
        let amount = |amount: Amount| Cell::number(number::amount(amount, currency));
        let lost = match &line.spread {
            Some(Spread { lost: Some(range), .. }) => amount(w.lost).with_note(bare_between(*range, currency)),
            Some(Spread { is_dominated: true, .. }) => amount(w.lost).with_note("few carts decide".to_owned()),
            _ => amount(w.lost),
        };
        let persons = line.spread.as_ref().map_or_else(Cell::none, |spread| Cell::count(spread.persons));
        let sums = [w.gross, w.recovered, w.elsewhere, w.repeated].map(amount);
        let head = currencies.beside(Cell::text(name(&line.key)), currency);
        table.push([head, vec![Cell::count(w.carts)], sums.to_vec(), vec![lost, persons]].concat());
    }
    table.without_empty_columns()
}

fn holders(holders: &[Holder], currency: &str) -> Table {
    let columns =
        ["Segment", "#Customers", "#Carts", "#Revenue", "#of all revenue", "#Lost in the end", "#of all losses"];
    let title = format!("What segments bring and lose, in {}", words::logged(currency));
    let mut table = Table::new("holders", title, &columns)
        .note("Segments as of the day each cart was opened. Revenue is of orders whose cart was seen, less refunds.");
    for line in holders {
        let share = |share: Option<f64>| {
            share
                .filter(|_| line.carts >= number::FEW)
                .map_or_else(Cell::none, |share| Cell::number(number::percent(share, line.carts)))
        };
        table.push(vec![
            Cell::text(words::segment(&line.segment)),
            Cell::count(line.customers),
            Cell::count(line.carts),
            Cell::number(number::amount(line.revenue, currency)),
            share(line.revenue_share),
            Cell::number(number::amount(line.lost, currency)),
            share(line.lost_share),
        ]);
    }
    table
}

fn standing(section: &mut Section, detail: &Detail, currency: &str) -> Result<(), Error> {
    let standing = &detail.standing;
    let customers: u64 = standing.year.iter().map(|tenth| tenth.customers).sum();
    if let Some(top) = standing.year.first() {
        let data = tenths(&standing.year, currency);
        let second = standing.year.get(1).and_then(|tenth| tenth.cumulative).filter(|_| customers >= number::FEW);
        let title = second.map_or_else(
            || "Share of what was spent, from the best customers down".to_owned(),
            |share| format!("The best two tenths of customers spent {} of it", number::percent(share, customers)),
        );
        let caption = format!(
            "Customers with an order in the year before this night by what they spent less refunds, in {}, the best first. Each \
             dot adds a tenth of the customers. The further the line is above the dashed one, the more rests on few.",
            words::logged(currency)
        );
        let words = charts::Words { name: "pareto", title: &title, description: &caption };
        match charts::pareto(&standing.year, words)? {
            Some(drawing) => {
                section.say(format!(
                    "The top tenth are {} of {} customers with an order in the year before this night.",
                    number::count(top.customers),
                    number::count(customers)
                ));
                section.figure = Some(Figure::new("pareto", title, caption, drawing, data));
            }
            None => section.tables.push(data),
        }
    }
    if !standing.moves.is_empty() {
        let title = format!("Moves between segments within {MOVES} days");
        let mut table = Table::new("moves", title, &["From", "To", "#Customers", "#Share of those, 95% interval"])
            .folded()
            .csv("standing.moves");
        for line in &standing.moves {
            table.push(vec![
                Cell::text(words::segment(&line.from)),
                Cell::text(words::segment(&line.to)),
                Cell::count(line.customers),
                Cell::share(line.customers, Some(line.share)).without_mark(),
            ]);
        }
        section.tables.push(table);
    }
    if !standing.rfm.is_empty() {
        let columns = ["Recency", "#Frequency", "#Spend score", "#Customers", "#Spend"];
        let mut table =
            Table::new("rfm", "Customers by recency, frequency and spend", &columns).folded().csv("standing.rfm").note(
                "Of customers with an order in the year before this night. Scores are fifths, 5 the best; equal \
                 customers score alike.",
            );
        for cell in &standing.rfm {
            table.push(vec![
                Cell::text(cell.recency.to_string()),
                Cell::count(cell.frequency.into()),
                Cell::count(cell.monetary.into()),
                Cell::count(cell.customers),
                Cell::number(number::amount(cell.spend, currency)),
            ]);
        }
        section.tables.push(table);
    }
    Ok(())
}

fn tenths(tenths: &[Tenth], currency: &str) -> Table {
    let customers = tenths.iter().map(|tenth| tenth.customers).sum::<u64>();
    let is_few = customers < number::FEW;
    let columns = ["Tenth of customers", "#Customers", "#Spent", "#Share", "#This and all above"];
    let mut table = Table::new("tenths", "Who holds what was spent in the year before this night", &columns)
        .folded()
        .csv("standing.tenths.year");
    for line in tenths {
        // A percentage of a few people says nothing.
        let share = |share: Option<f64>| {
            let told = share.filter(|_| !is_few);
            told.map_or_else(Cell::none, |share| Cell::number(number::percent(share, customers)))
        };
        table.push(vec![
            Cell::text(words::segment(&format!("d{}", line.tenth))),
            Cell::count(line.customers),
            Cell::number(number::amount(line.spend, currency)),
            share(line.share),
            share(line.cumulative),
        ]);
    }
    table
}
