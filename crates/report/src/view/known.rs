//! How a figure is known: what it rests on, what it means, and the query that gives it again.
//!
//! Headline figures, titles of sections and columns of tables carry a [`Known`]. Once a page is put together, [`Book`]
//! writes each of them down once and gives every figure the anchor of its explanation, which the page shows where it is
//! asked for.

use analysis::{Estimate, Query};
use serde::Serialize;

use super::{Link, Table, definitions, sql};
use crate::{number, told};

/// How a figure is known.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Known {
    /// The anchor of its explanation; empty until the page is put together.
    id: String,
    /// What is explained.
    name: String,
    /// The number of observations, where a single one is behind the figure.
    n: Option<u64>,
    #[serde(skip)]
    term: &'static str,
    #[serde(skip)]
    facts: Vec<String>,
    #[serde(skip)]
    queries: Vec<String>,
}

/// An explanation as a page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Explained {
    id: String,
    name: String,
    /// What the figure rests on.
    facts: Vec<String>,
    meaning: String,
    definition: String,
    queries: Vec<Link>,
}

impl Known {
    /// Defined by this word of the definitions.
    pub(super) fn by(term: &'static str) -> Self {
        let name = definitions::name(term).to_owned();
        Self { id: String::new(), name, n: None, term, facts: Vec::new(), queries: Vec::new() }
    }

    /// Called so, where the word is not the figure's own name.
    pub(super) fn called(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Counted from so many of these.
    pub(super) fn of(mut self, n: u64, noun: &str) -> Self {
        self.facts.push(format!("n = {}.", number::counted(n, noun)));
        Self { n: Some(n), ..self }
    }

    /// A share with its interval, such as a 95% interval.
    pub(super) fn share(self, estimate: Estimate, noun: &str, interval: &str) -> Self {
        let mut known = self.of(estimate.n, noun);
        if estimate.n >= number::FEW {
            known.facts.push(format!("{interval} {}.", number::interval(estimate)));
        }
        known
    }

    /// Whatever else it rests on.
    pub(super) fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Given again by the query of this name, if there is one tonight.
    pub(super) fn query(mut self, id: impl Into<String>) -> Self {
        self.queries.push(id.into());
        self
    }

    /// The number of observations that a text says it rests on.
    pub(super) fn resting_as_told(self, text: &str) -> Self {
        match told::n(text) {
            Some(n) if self.n.is_none() => {
                let mut known = Self { n: Some(n), ..self };
                known.facts.push(format!("n = {}.", number::count(n)));
                known
            }
            _ => self,
        }
    }
}

/// The explanations of a page, each once.
pub(super) struct Book<'a> {
    terms: &'a [definitions::Term],
    queries: &'a [Query],
    explained: Vec<Explained>,
}

impl<'a> Book<'a> {
    pub(super) fn new(terms: &'a [definitions::Term], queries: &'a [Query]) -> Self {
        Self { terms, queries, explained: Vec::new() }
    }

    /// Writes the explanation down and says where.
    pub(super) fn explain(&mut self, known: &mut Known) {
        let asked = |id: &String| self.queries.iter().find(|query| query.id == *id);
        let link = |query: &Query| Link { href: sql::href(query), text: query.title.clone() };
        let mut explained = Explained {
            id: String::new(),
            name: known.name.clone(),
            facts: known.facts.clone(),
            meaning: definitions::meaning(self.terms, known.term).to_owned(),
            definition: definitions::link(known.term).href,
            queries: known.queries.iter().filter_map(asked).map(link).collect(),
        };
        let same = |other: &Explained| Explained { id: String::new(), ..other.clone() } == explained;
        if let Some(known_before) = self.explained.iter().find(|other| same(other)) {
            known.id.clone_from(&known_before.id);
            return;
        }
        explained.id = format!("known-{}", self.explained.len() + 1);
        known.id.clone_from(&explained.id);
        self.explained.push(explained);
    }

    pub(super) fn close(self) -> Vec<Explained> {
        self.explained
    }
}

/// What the figures of a table mean, for a page outside of the night's folder, where words are defined.
pub(crate) fn elsewhere(table: &mut Table, folder: &str) -> Vec<Explained> {
    let mut book = Book::new(&[], &[]);
    table.know("share").for_each(|known| book.explain(known));
    let mut explained = book.close();
    for known in &mut explained {
        known.definition.insert_str(0, folder);
    }
    explained
}

/// The word that defines a column, by its heading; `None` where headings are the reader's own, such as a step's.
pub(super) fn of_column(heading: &str) -> Option<&'static str> {
    let heading = heading.split_once(", ").map_or(heading, |(first, _)| first);
    let term = match heading {
        "Share" | "Abandoned" | "Left" => "share",
        "Carts" | "n" | "Open carts" | "In the cart" | "Spent in the cart" => "cart",
        "Pending" | "Still pending" | "Not bought yet" => "pending",
        "Gross" => "gross",
        "Bought later" => "recovered",
        "Net" | "Left and not bought" => "net",
        "Bought elsewhere" => "elsewhere",
        "Left again" => "repeated",
        "Lost in the end" | "of all losses" | "Amount" => "lost",
        "90% interval" => "spread",
        "Confidence" => "confidence",
        "Of all"
        | "Stopped before it"
        | "Went on from the step before"
        | "Carts measured"
        | "Half took less than"
        | "Nine of ten took less than" => "step",
        "Carts still watched" | "Bought by then" => "curve",
        "Expected" | "Came to" | "Expected to be left" | "Open carts expected to be left" => "forecast",
        "80% range" | "95% range" | "Nights on which the range held" => "range",
        "Risk ratio" | "Difference" | "Correlation" | "Odds ratio within like carts" | "False discovery rate" => {
            "association"
        }
        _ if heading.starts_with("Bought by ") && heading != "Bought by then" => "after",
        "Expected loss" | "In them" => "risk",
        "Better than recent rate" | "than similar carts" | "than the curve" | "Log-loss" | "AUC" => "skill",
        "Calibration error" => "calibration",
        "Failed" | "Attempts" | "Comparable others" | "With an error" | "Stopped" | "Here since" | "Here before"
        | "Elsewhere since" => "attempt",
        "At least lost" | "Excess" => "excess",
        "Conditions judged" | "Smallest that triples the odds" => "barrier",
        "Persons" | "Customers" | "Met an error" => "customer",
        "Spent"
        | "Revenue"
        | "of all revenue"
        | "Spend"
        | "This and all above"
        | "Top customers’ carts"
        | "Spend score"
        | "Frequency" => "segment",
        "Orders" | "Value" => "order",
        "May come back" => "follow_up",
        "Ordered" | "Of" | "Against held out" => "held_out",
        "Rating" | "Ratings" | "Abandoned carts" | "Comments around abandoned carts" | "Around bought ones" => "rating",
        "Rows" | "Rows read" | "Accepted" | "Events" | "Superseded" => "row",
        "Duplicates" => "duplicate",
        "Quarantined" => "quarantine",
        "Adds to cart" | "Visitor-days" => "bot",
        _ => return None,
    };
    Some(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_known_in_the_same_way_share_an_explanation() {
        let mut book = Book::new(&[], &[]);
        let mut share = Known::by("share").of(40, "cart");
        let mut same = share.clone();
        let mut other = Known::by("share").of(41, "cart");
        for known in [&mut share, &mut same, &mut other] {
            book.explain(known);
        }
        assert_eq!((share.id.as_str(), same.id.as_str(), other.id.as_str()), ("known-1", "known-1", "known-2"));
        assert_eq!(book.close().len(), 2);
    }

    #[test]
    fn columns_of_carts_are_defined_by_words_that_exist() {
        for heading in ["Share, 95% interval", "Carts", "Net", "Expected, with range", "Stopped, last 24 hours"] {
            assert!(of_column(heading).is_some_and(|term| !definitions::name(term).is_empty()), "{heading}");
        }
        assert_eq!(of_column("Shipping given"), None);
    }
}
