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
pub(crate) mod known;
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
use known::{Book, Known};
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
    /// Whether pages may say who somebody is.
    #[serde(skip)]
    pub(crate) show_customers: bool,
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
    /// How its figures are known.
    explained: Vec<known::Explained>,
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
    known: Option<Known>,
    lead: Vec<Paragraph>,
    figure: Option<Figure>,
    /// The table that all else explains.
    first: Option<Table>,
    findings: Vec<Finding>,
    tables: Vec<Table>,
    /// Definitions of what it speaks of.
    terms: Vec<Link>,
    /// Queries that give its figures again.
    queries: Vec<Link>,
    /// The first definition and the first query, by their names.
    #[serde(skip)]
    defined_by: Option<&'static str>,
    #[serde(skip)]
    given_by: Option<String>,
}

/// Some sentences of a section.
#[derive(Debug, Serialize)]
pub(crate) struct Paragraph {
    text: String,
    /// How strong the evidence is for what it says of reasons, from 1 to 5.
    rung: Option<u8>,
}

/// Something that was found, with all that shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// Its anchor.
    id: String,
    title: String,
    lead: Vec<Paragraph>,
    tables: Vec<Table>,
    /// Typical carts that there are to be shown.
    kept: usize,
    /// How they were chosen, or why there is none.
    chosen: String,
    /// What happened to each of them.
    journeys: Vec<Table>,
}

/// A chart with its words and its data.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// The finding.
    pub(crate) title: String,
    /// How to read it.
    caption: String,
    wide: String,
    pub(crate) narrow: String,
    /// The chart's file, relative to the page.
    pub(crate) href: String,
    #[serde(skip)]
    pub(crate) file: String,
    /// The picture's file, relative to the page.
    pub(crate) picture_href: String,
    #[serde(skip)]
    pub(crate) picture: Vec<u8>,
    data: Table,
}

/// A place on one of the pages.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

impl Night {
    /// The chart that the night in short shows: the first one of the first page.
    pub(crate) fn for_mail(&self) -> Option<&Figure> {
        self.pages.first()?.sections.iter().find_map(|section| section.figure.as_ref())
    }
}

impl Section {
    fn new(id: &'static str, name: &'static str, title: impl Into<String>) -> Self {
        Self {
            id,
            name,
            title: title.into(),
            known: None,
            lead: Vec::new(),
            figure: None,
            first: None,
            findings: Vec::new(),
            tables: Vec::new(),
            terms: Vec::new(),
            queries: Vec::new(),
            defined_by: None,
            given_by: None,
        }
    }

    fn say(&mut self, sentences: impl Into<String>) {
        self.lead.push(Paragraph { text: sentences.into(), rung: None });
    }

    /// Says something that may name a reason, on evidence of this rung.
    fn say_on_evidence(&mut self, rung: u8, sentences: impl Into<String>) {
        self.lead.push(Paragraph { text: sentences.into(), rung: Some(rung) });
    }

    /// How the figure of the title is known; by the first definition and query, where nothing is said here.
    fn knows(&mut self, known: Known) {
        self.known = Some(known);
    }

    fn defines(&mut self, terms: &[&'static str]) {
        self.defined_by = terms.first().copied();
        self.terms = terms.iter().map(|term| definitions::link(term)).collect();
    }

    /// Links the queries whose ids begin with one of these.
    fn asks(&mut self, queries: &[Query], beginnings: &[&str]) {
        let asked = queries.iter().filter(|query| beginnings.iter().any(|beginning| query.id.starts_with(beginning)));
        self.queries = asked.clone().map(|query| Link { href: sql::href(query), text: query.title.clone() }).collect();
        self.given_by = asked.map(|query| query.id.clone()).next();
    }
}

impl Section {
    /// Writes down how its figures are known.
    fn explain(&mut self, book: &mut Book<'_>) {
        let term = self.defined_by.unwrap_or("cart");
        let known = self.known.take().unwrap_or_else(|| self.given_by.iter().fold(Known::by(term), Known::query));
        book.explain(self.known.insert(known.resting_as_told(&self.title)));
        let charted = self.figure.iter_mut().map(|figure| &mut figure.data);
        let found = self.findings.iter_mut().flat_map(|finding| &mut finding.tables);
        let tables = charted.chain(&mut self.first).chain(found).chain(&mut self.tables);
        for known in tables.flat_map(|table| table.know(term)) {
            book.explain(known);
        }
    }
}

impl Figure {
    fn new(name: &'static str, title: String, caption: String, drawing: Drawing, data: Table) -> Self {
        let Drawing { wide, narrow, file, picture } = drawing;
        let (href, picture_href) = (format!("charts/{name}.svg"), format!("charts/{name}.png"));
        Self { title, caption, wide, narrow, href, file, picture_href, picture, data }
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
    let terms = definitions::terms(analysis);
    let mut answers = answers::answers(analysis, provenance);
    for page in &mut pages {
        let mut book = Book::new(&terms, queries);
        if page.sheet == Sheet::Overview {
            answers.known().for_each(|known| book.explain(known));
        }
        page.sections.iter_mut().for_each(|section| section.explain(&mut book));
        page.explained = book.close();
    }
    Ok(Night {
        date: number::date(number::local_date(analysis.as_of, &analysis.zone)),
        as_of: number::moment(analysis.as_of, &analysis.zone),
        zone: words::logged(&analysis.zone),
        generation: words::logged(&provenance.generation),
        code_version: words::logged(&provenance.code_version),
        show_customers: provenance.show_customers,
        answers,
        pages,
        terms,
        queries: queries.iter().map(sql::shown).collect(),
    })
}

impl Page {
    fn new(sheet: Sheet) -> Self {
        let (file, name, title) = (sheet.file(), sheet.name(), sheet.title());
        Self { sheet, file, name, title, sections: Vec::new(), explained: Vec::new() }
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
