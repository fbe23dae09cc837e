//! What no page may say: the rules that keep a report honest, held against its HTML.
//!
//! ```text
//! page ──markup──> elements, texts ──> blocks (a paragraph, a heading, a cell) ──rules──> faults
//! ```
//!
//! Pages help with marks of their own: `data-n` (what a percentage rests on), `data-rung` (how strong the evidence of a
//! sentence is), `data-finding`, `data-first` (the page that is read first). A page that breaks a rule is a bug, not a
//! night's misfortune: tests hold every page against them, and `leftcart report --check` does so on the spot.
//!
//! Words are English ones, as those of the report are. What stands in quotation marks is somebody else's.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use crate::markup::{Document, Element};
use crate::number::FEW;
use crate::people;

/// Findings that the first page may have.
const MOST_FINDINGS: usize = 5;
/// The rung of evidence from which on a reason may be named.
const CAUSAL: u8 = 4;
/// Rungs of evidence that there are.
const RUNGS: std::ops::RangeInclusive<u8> = 1..=5;

/// What a page must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Name a reason on evidence below rung 4.
    Causal,
    /// Give a figure without the number it rests on, its range, or a way to ask for them.
    Bare,
    /// Give a percentage of fewer than 30.
    Few,
    /// Give a forecast without how often such forecasts held.
    Forecast,
    /// Open with more than five findings.
    Findings,
    /// Tell of a finding without saying how strong its evidence is, where it lies, or without the carts that show it.
    Evidence,
    /// Name a person by an id, an address or a number.
    Person,
}

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// The words that break it, shortened.
    pub words: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            Rule::Causal => "names a reason without the evidence for it",
            Rule::Bare => "gives a figure without n or range",
            Rule::Few => "gives a percentage of fewer than 30",
            Rule::Forecast => "gives a forecast without its hit rate",
            Rule::Findings => "opens with more than five findings",
            Rule::Evidence => "tells of a finding without what shows it",
            Rule::Person => "identifies a person",
        };
        write!(f, "{rule}: {}", self.words)
    }
}

/// Whom a page may name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Persons<'a> {
    /// Whether customers are shown by their ids (`report.show_customers`).
    pub shown: bool,
    /// Ids that must not occur, beside whatever looks like one.
    pub ids: Option<&'a BTreeSet<String>>,
}

/// Everything that is wrong with a page.
#[must_use]
pub fn page(html: &str, persons: Persons<'_>) -> Vec<Fault> {
    let document = Document::parse(html);
    let mut faults = Vec::new();
    let blocks = blocks(&document);
    for block in blocks.iter().filter(|block| !block.is_explanation) {
        faults.extend(causal(block));
        faults.extend(figures(block));
        faults.extend(forecast(&document, block));
    }
    faults.extend(unasked(&document));
    faults.extend(findings(&document));
    faults.extend(shown_by_nothing(&document));
    if !persons.shown {
        faults.extend(named(&document, persons.ids));
    }
    faults.sort();
    faults.dedup();
    faults
}

/// A paragraph, a heading or a cell: the text that is read in one go.
struct Block<'a> {
    /// Runs of text, each with what the element around it says it rests on.
    runs: Vec<(&'a str, Option<u64>)>,
    text: String,
    rung: u8,
    element: Option<usize>,
    /// Definitions, SQL and the explanations of figures say how things are done, not what was found.
    is_explanation: bool,
}

fn blocks(document: &Document) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for run in document.texts.iter().filter(|run| !run.text.trim().is_empty()) {
        if document.path(run.within).any(|around| around.name == "svg" || around.name == "title") {
            continue;
        }
        let element = document.nearest(run.within, is_block);
        let number = |name: &str| document.path(run.within).find_map(|around| around.attribute(name)?.parse().ok());
        let (n, text) = (number("data-n"), run.text.as_str());
        if let Some(block) = blocks.iter_mut().rev().take(8).find(|block| block.element == element) {
            block.runs.push((text, n));
            block.text.push_str(text);
        } else {
            // What is no rung bears no reason.
            let rung = number("data-rung").and_then(|rung| u8::try_from(rung).ok());
            let rung = rung.filter(|rung| RUNGS.contains(rung)).unwrap_or(0);
            let is_explanation = document.path(run.within).any(explains);
            blocks.push(Block { runs: vec![(text, n)], text: text.to_owned(), rung, element, is_explanation });
        }
    }
    blocks
}

fn is_block(element: &Element) -> bool {
    const BLOCKS: [&str; 14] =
        ["p", "h1", "h2", "h3", "h4", "li", "td", "th", "dt", "dd", "figcaption", "summary", "caption", "body"];
    BLOCKS.contains(&element.name.as_str())
}

fn explains(element: &Element) -> bool {
    let id = element.attribute("id");
    // Names of definitions and queries are no statements either.
    element.has("popover")
        || element.name == "pre"
        || element.has_class("links")
        || matches!(id, Some("definitions" | "sql"))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file")
}

static REASON: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b( because | caus(e|es|ed|ing) | due\ to | owing\ to | thanks\ to | as\ a\ (result|consequence)
        | (leads?|led)\ to | result(s|ed|ing)?\ in | (drives?|drove|driven) | trigger(s|ed)? | responsible\ for
        | the\ reason\ (why|for|is|was) | brings?\ (customers|people|carts) | does\ harm | makes?\ (customers|people|carts)
        | keeps\ (them|customers|people) | blame[sd]? | stems?\ from | attributable\ to )\b",
    )
});

/// A reason named below the rung that bears one.
fn causal(block: &Block<'_>) -> Option<Fault> {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex("“[^”]*”"));
    let own = QUOTED.replace_all(&block.text, "“”");
    (block.rung < CAUSAL && REASON.is_match(&own)).then(|| fault(Rule::Causal, &block.text))
}

/// Percentages and estimates that say nothing of what they rest on.
fn figures(block: &Block<'_>) -> Option<Fault> {
    static LEVEL: LazyLock<Regex> = LazyLock::new(|| regex(r"\d+(\.\d+)? ?% (interval|range|confidence|level)"));
    static PERCENT: LazyLock<Regex> = LazyLock::new(|| regex(r"\d ?%"));
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"[\d,]+ of ([\d,]*\d)|\bn = ([\d,]*\d)|\bof (?:the )?([\d,]*\d) [a-z]|\(([\d,]*\d) [a-z]+")
    });
    static RANGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\d ?%? (to|and) [+−-]?[\d.,]+ ?%|[\d.]+–[\d.]+%"));
    static ESTIMATE: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?i)\b(about|probably|roughly|approximately|(an )?estimated) [+−-]?\d[\d,.]*|\bsignificant(ly)?\b")
    });
    static RANGED: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(range|interval|at least|between)\b|\bn = \d"));
    let digits = |text: &str| text.replace(',', "").parse::<u64>().ok();
    let counted = COUNTED.captures_iter(&block.text);
    let counted: Vec<u64> =
        counted.filter_map(|found| digits(found.iter().skip(1).flatten().next()?.as_str())).collect();
    let text = LEVEL.replace_all(&block.text, "");
    if ESTIMATE.is_match(&text) && counted.is_empty() && !RANGED.is_match(&block.text) {
        return Some(fault(Rule::Bare, &block.text));
    }
    for (run, n) in &block.runs {
        if !PERCENT.is_match(&LEVEL.replace_all(run, "")) {
            continue;
        }
        match n.or_else(|| counted.iter().min().copied()) {
            Some(n) if n < FEW => return Some(fault(Rule::Few, &block.text)),
            None if !RANGE.is_match(&text) => return Some(fault(Rule::Bare, &block.text)),
            _ => {}
        }
    }
    None
}

/// A share that is expected, where nothing says how often such a share came true.
fn forecast(document: &Document, block: &Block<'_>) -> Option<Fault> {
    static EXPECTED: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)\bwill (not |probably |never )*be (bought|left|abandoned|lost)|\b(are|is) (expected|forecast) to be (left|abandoned|lost)",
        )
    });
    static HIT_RATE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?i)\b[\d,]+ of [\d,]+ (nights|forecasts)|no (night|forecast) can be judged yet"));
    if !EXPECTED.is_match(&block.text) {
        return None;
    }
    let holds = |element: &Element| {
        element.name == "section" || element.has_class("card") || (element.name == "td" && !element.has_class("n"))
    };
    let around = document.nearest(block.element, holds).map(|at| &document.elements[at]);
    let text = around.map_or_else(|| block.text.clone(), |around| document.text_of(around));
    (text.contains('%') && !HIT_RATE.is_match(&text)).then(|| fault(Rule::Forecast, &block.text))
}

/// Headline figures and columns of figures that cannot be asked how they are known.
fn unasked(document: &Document) -> Vec<Fault> {
    let is_asked = |element: &Element| {
        let within = |other: &&Element| document.is_within(other, element);
        document.elements.iter().filter(within).any(|button| button.has("popovertarget"))
    };
    let is_figure = |element: &&Element| {
        let column = element.name == "th" && element.attribute("scope") == Some("col") && element.has_class("n");
        column || (element.name == "p" && element.has_class("figure"))
    };
    let explained = |element: &Element| document.path(element.parent()).any(explains);
    let figures = document.elements.iter().filter(is_figure).filter(|element| !explained(element));
    figures
        .filter(|element| {
            let text = document.text_of(element);
            let counts = element.name == "th" || text.contains(|letter: char| letter.is_ascii_digit());
            counts && !is_asked(element)
        })
        .map(|element| fault(Rule::Bare, &document.text_of(element)))
        .collect()
}

fn findings(document: &Document) -> Option<Fault> {
    let is_first = document.elements.iter().any(|element| element.has("data-first"));
    let found: Vec<&Element> = document.elements.iter().filter(|element| element.has("data-finding")).collect();
    let beyond = found.get(MOST_FINDINGS).filter(|_| is_first)?;
    Some(fault(Rule::Findings, &document.text_of(beyond)))
}

/// Findings that do not say how strong their evidence is, or do not lead to it, or that are told in full without every
/// journey that there is.
fn shown_by_nothing(document: &Document) -> Vec<Fault> {
    static NONE: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\bno cart can be shown\b"));
    let is_first = document.elements.iter().any(|element| element.has("data-first"));
    let is_shown = |finding: &Element| {
        let within: Vec<&Element> =
            document.elements.iter().filter(|element| document.is_within(element, finding)).collect();
        let rung = within.iter().copied().chain([finding]).find_map(|element| element.attribute("data-rung"));
        let has_rung = rung.and_then(|rung| rung.parse::<u8>().ok()).is_some_and(|rung| RUNGS.contains(&rung));
        let leads = within.iter().any(|element| element.name == "a" && element.has("href"));
        let journeys = within.iter().filter(|element| element.has("data-journey")).count();
        // An article tells a finding in full; what stands elsewhere tells of it and leads there.
        let has_carts = if finding.name == "article" {
            let kept = finding.attribute("data-journeys").and_then(|kept| kept.parse::<usize>().ok());
            kept == Some(journeys) && (journeys > 0 || NONE.is_match(&document.text_of(finding)))
        } else {
            leads || !is_first
        };
        has_rung && has_carts
    };
    let findings = document.elements.iter().filter(|element| element.has("data-finding"));
    findings
        .filter(|finding| !is_shown(finding))
        .map(|finding| fault(Rule::Evidence, &document.text_of(finding)))
        .collect()
}

static PERSONAL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)
        \b[cv]:[\w.-]*\d[\w.-]* | \b[cv]:[a-z][\w.-]{2,}           # a person_id
        | \b\d{2,3}(\.\d{1,3}){3}\b                               # an address on the internet
        | \(order\ [^)]+\)                                         # an order
        | \b(customer|visitor|session|order)(_id|\ id|\ number|\ no\.)\s*[:=]?\s*[\w-]*\d",
    )
});

/// Ids, addresses and numbers of persons, in text or in attributes.
fn named(document: &Document, ids: Option<&BTreeSet<String>>) -> Vec<Fault> {
    let is_shown = |within: Option<usize>| !document.path(within).any(|element| element.name == "pre");
    let texts = document.texts.iter().filter(|text| is_shown(text.within)).map(|text| text.text.as_str());
    let titles = document.elements.iter().filter(|element| element.name != "meta").flat_map(Element::values);
    let is_known = |text: &str| {
        let word = |word: &str| ids.is_some_and(|ids| ids.contains(word));
        text.split(|letter: char| letter.is_whitespace() || ",;()“”\"".contains(letter))
            .any(|part| word(part.trim_end_matches(['.', ':'])))
    };
    let personal = texts.chain(titles).filter(|text| PERSONAL.is_match(text) || people::tells(text) || is_known(text));
    personal.map(|text| fault(Rule::Person, text)).collect()
}

fn fault(rule: Rule, words: &str) -> Fault {
    let words: Vec<&str> = words.split_whitespace().collect();
    Fault { rule, words: words.join(" ").chars().take(240).collect() }
}

#[cfg(test)]
mod tests;
