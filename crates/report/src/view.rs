//! Analysis and provenance → the pages as strings and charts: everything that templates place, in reading order.

mod abandonment;
mod answers;
mod barriers;
mod changes;
mod checkout;
mod customers;
mod definitions;
mod follow_up;
mod forecast;
mod funnel;
mod orders;
mod quality;
mod reasons;
mod revenue;
mod sheet;
mod sql;
pub(crate) mod table;
mod voice;

use analysis::{Analysis, Query};
use serde::Serialize;

use crate::charts::Drawing;
use crate::{Error, Provenance, number, words};

pub(crate) use answers::Answers;
pub(crate) use sheet::Sheet;
pub(crate) use table::Table;

/// One night.
#[derive(Debug, Serialize)]
pub(crate) struct Night {
    date: String,
    as_of: String,
    zone: String,
    generation: String,
    code_version: String,
    answers: Answers,
    /// Every page in the order of the menu; the first one opens with the answers.
    pub(crate) pages: Vec<Page>,
    terms: Vec<definitions::Term>,
    queries: Vec<sql::Shown>,
}

/// One page of it.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    #[serde(skip)]
    pub(crate) sheet: Sheet,
    pub(crate) file: &'static str,
    name: &'static str,
    title: &'static str,
    sections: Vec<Section>,
}

/// A chapter: what was found, in words, then a chart, then tables.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    /// Its anchor.
    id: &'static str,
    /// Its name in the list of contents.
    name: &'static str,
    /// The finding.
    title: String,
    /// Paragraphs.
    lead: Vec<String>,
    figure: Option<Figure>,
    tables: Vec<Table>,
    /// Definitions of what it speaks of.
    terms: Vec<Link>,
    /// Queries that give its figures again.
    queries: Vec<Link>,
}

/// A chart with its words and its data.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// The finding.
    title: String,
    /// How to read it.
    caption: String,
    wide: String,
    narrow: String,
    /// The chart's file, relative to the page.
    pub(crate) href: String,
    #[serde(skip)]
    pub(crate) file: String,
    data: Table,
}

/// A place on one of the pages.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    href: String,
    text: String,
}

impl Night {
    /// Every chart of all pages.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        let sections = self.pages.iter().flat_map(|page| &page.sections);
        sections.filter_map(|section| section.figure.as_ref())
    }
}

impl Section {
    fn new(id: &'static str, name: &'static str, title: impl Into<String>) -> Self {
        let (lead, tables, terms, queries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { id, name, title: title.into(), lead, figure: None, tables, terms, queries }
    }

    fn say(&mut self, sentence: impl Into<String>) {
        self.lead.push(sentence.into());
    }

    fn defines(&mut self, terms: &[&str]) {
        self.terms = terms.iter().map(|term| definitions::link(term)).collect();
    }

    /// Links the queries whose ids begin with one of these.
    fn asks(&mut self, queries: &[Query], beginnings: &[&str]) {
        let asked = queries.iter().filter(|query| beginnings.iter().any(|beginning| query.id.starts_with(beginning)));
        self.queries = asked.map(|query| Link { href: sql::href(query), text: query.title.clone() }).collect();
    }
}

impl Figure {
    fn new(name: &'static str, title: String, caption: String, drawing: Drawing, data: Table) -> Self {
        let Drawing { wide, narrow, file } = drawing;
        Self { title, caption, wide, narrow, href: format!("charts/{name}.svg"), file, data }
    }
}

/// Everything that is said of a night.
pub(crate) fn night(analysis: &Analysis, provenance: &Provenance, queries: &[Query]) -> Result<Night, Error> {
    let sections = sections(analysis, provenance, queries)?;
    let mut pages: Vec<Page> = Sheet::ALL.into_iter().map(Page::new).collect();
    for section in sections {
        let sheet = Sheet::of(section.id);
        let page = pages.iter_mut().find(|page| page.sheet == sheet);
        page.expect("every page is among all").sections.push(section);
    }
    // A page without anything to say is no page, but the first answers and the last defines.
    pages.retain(|page| !page.sections.is_empty() || matches!(page.sheet, Sheet::Overview | Sheet::Data));
    Ok(Night {
        date: number::date(number::local_date(analysis.as_of, &analysis.zone)),
        as_of: number::moment(analysis.as_of, &analysis.zone),
        zone: words::logged(&analysis.zone),
        generation: words::logged(&provenance.generation),
        code_version: words::logged(&provenance.code_version),
        answers: answers::answers(analysis, provenance),
        pages,
        terms: definitions::terms(analysis),
        queries: queries.iter().map(sql::shown).collect(),
    })
}

impl Page {
    fn new(sheet: Sheet) -> Self {
        Self { sheet, file: sheet.file(), name: sheet.name(), title: sheet.title(), sections: Vec::new() }
    }
}

/// The chapters, in the order in which they stand on their pages.
fn sections(analysis: &Analysis, provenance: &Provenance, queries: &[Query]) -> Result<Vec<Section>, Error> {
    let mut sections = vec![
        abandonment::by_day(analysis, queries)?,
        barriers::section(analysis, queries),
        funnel::section(analysis, queries)?,
        reasons::section(analysis, queries),
        abandonment::breakdowns(analysis, queries),
        forecast::section(analysis, queries)?,
        revenue::section(analysis, queries)?,
        checkout::section(analysis, queries)?,
    ];
    sections.extend(revenue::held(analysis, queries)?);
    sections.extend(forecast::quality(analysis, queries)?);
    if analysis.abandonment.overall.carts == 0 {
        // Without a cart there is nothing to chart or break down: the answers say so once.
        sections.clear();
    }
    sections.extend(follow_up::section(analysis, provenance));
    sections.extend(customers::section(analysis, queries));
    sections.extend(voice::section(analysis, queries));
    sections.push(orders::section(analysis, queries));
    sections.push(quality::section(analysis, queries, provenance));
    Ok(sections)
}
