//! How far carts come, where they stop, and how long a step takes.

use analysis::funnel::{StepCount, Timing};
use analysis::{Analysis, Funnel, Query};

use super::table::{Cell, Table};
use super::{Figure, Section};
use crate::{Error, charts, number, words};

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Result<Section, Error> {
    let funnel = &analysis.funnel;
    let drop = analysis.headlines().biggest_drop;
    let title = match drop {
        Some(drop) => format!("Most carts stop before “{}”", words::step(drop.to)),
        None => "How far carts come".to_owned(),
    };
    let mut section = Section::new("funnel", "The way to checkout", title);
    section.defines(&["matured", "step", "interval"]);
    section.asks(queries, &["funnel."]);
    if funnel.carts == 0 {
        section.say(format!(
            "No cart is older than {} yet, so none has had its full chance to get on.",
            number::span(analysis.window)
        ));
        return Ok(section);
    }
    section.say(format!(
        "{} opened until {}, so that each had at least {} to get on. How far they came is judged at the moment of this report.",
        words::sentence(&number::counted(funnel.carts, "cart")),
        number::moment(funnel.opened_until, &analysis.zone),
        number::span(analysis.window)
    ));
    if funnel.purchased_late > 0 {
        section.say(format!(
            "{} only after {}: here they count as bought, in the share of abandoned carts they do not.",
            if funnel.purchased_late == 1 {
                "One was bought".to_owned()
            } else {
                format!("{} were bought", number::count(funnel.purchased_late))
            },
            number::span(analysis.window)
        ));
    }
    let missing: Vec<&str> =
        funnel.steps.iter().filter(|step| !step.recorded).map(|step| words::step(step.step)).collect();
    if !missing.is_empty() {
        section.say(format!("The logs hold no trace of: {}. Carts pass these steps unseen.", missing.join(", ")));
    }
    let title = match drop {
        Some(drop) => format!(
            "{} carts stop between “{}” and “{}”",
            number::count(drop.stopped),
            words::step(drop.from),
            words::step(drop.to)
        ),
        None => "No cart stopped on its way".to_owned(),
    };
    let caption =
        "Filled: the share of all carts that came at least to this step. Open: those that stopped just before it; \
                   the largest such loss is tinted. The table has intervals and times."
            .to_owned();
    let words = charts::Words { name: "funnel", title: &title, description: &caption };
    if let Some(drawing) = charts::steps(&funnel.steps, drop.map(|drop| drop.to), words)? {
        section.figure = Some(Figure::new("funnel", title, caption, drawing, steps(funnel).folded()));
    } else {
        section.say("Too few carts for a chart.");
        section.tables.push(steps(funnel));
    }
    section.tables.extend(times(funnel));
    if funnel.by_device.iter().any(|device| device.device.is_some()) {
        section.tables.push(devices(funnel));
    }
    Ok(section)
}

fn steps(funnel: &Funnel) -> Table {
    let columns = [
        "Step",
        "#Carts",
        "#Of all, 95% interval",
        "#Stopped before it",
        "#Went on from the step before, 95% interval",
    ];
    let mut table = Table::new("data-funnel", "Carts by step", &columns).csv("funnel.steps");
    for step in &funnel.steps {
        let first = Cell::text(words::step(step.step));
        if step.recorded {
            let stopped = if step.of_previous.is_some() { Cell::count(step.stopped_before) } else { Cell::none() };
            let went_on = Cell::share(step.carts, step.of_previous);
            table.push(vec![first, Cell::count(step.carts), Cell::share(step.carts, step.of_opened), stopped, went_on]);
        } else {
            table.push(vec![
                first.quiet(),
                Cell::number("not in the logs").quiet(),
                Cell::none(),
                Cell::none(),
                Cell::none(),
            ]);
        }
    }
    table
}

/// `None` where no step has a time.
fn times(funnel: &Funnel) -> Option<Table> {
    let columns = ["To", "From", "#Carts measured", "#Half took less than", "#Nine of ten took less than"];
    let mut table = Table::new("times", "How long the steps take", &columns)
        .csv("funnel.times")
        .note("Carts that reached both steps. The last row is the whole way.");
    let row = |step: &StepCount, timing: &Timing| {
        let (half, most) = (number::duration(timing.median_secs), number::duration(timing.p90_secs));
        let few = timing.n < number::FEW;
        let spans = if few {
            [Cell::number("too few to say").quiet(), Cell::none()]
        } else {
            [Cell::number(half), Cell::number(most)]
        };
        let mut cells =
            vec![Cell::text(words::step(step.step)), Cell::text(words::step(timing.from)), Cell::count(timing.n)];
        cells.extend(spans);
        cells
    };
    for step in &funnel.steps {
        if let Some(timing) = &step.since_previous {
            table.push(row(step, timing));
        }
    }
    if let Some((step, timing)) = funnel.steps.last().and_then(|step| Some((step, step.since_opened.as_ref()?))) {
        table.push_total(row(step, timing));
    }
    (!table.is_empty()).then_some(table)
}

fn devices(funnel: &Funnel) -> Table {
    let recorded: Vec<usize> = (1..funnel.steps.len()).filter(|at| funnel.steps[*at].recorded).collect();
    let names: Vec<String> = recorded.iter().map(|at| format!("#{}", words::step(funnel.steps[*at].step))).collect();
    let columns: Vec<&str> = ["Device", "#Carts"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new("funnel-device", "How far carts come, by device", &columns)
        .csv("funnel.device")
        .note("Share of the device’s carts that came at least to the step, with its 95% interval.");
    for device in &funnel.by_device {
        let first = Cell::text(words::logged_or_unknown(device.device.as_deref()));
        let first = if device.device.is_some() { first } else { first.quiet() };
        let steps = recorded.iter().filter_map(|at| device.steps.get(*at));
        let shares = steps.map(|step| Cell::share(step.carts, step.of_opened).without_mark());
        table.push([first, Cell::count(device.carts)].into_iter().chain(shares).collect());
    }
    table
}
