//! Everything that a lake holds of one person: what it is, where it lies, and whether any of it is left.
//!
//! ```text
//! events ──> trace ──> sweep ──> files without the person, beside those that had him
//!              └─────> mentions ──> proof: what is left in any text of any file
//! ```
//!
//! Nothing here puts a file in its place or knows what a generation is made of: that is the lake's and the caller's.

mod follow;
mod mention;
mod proof;
mod rows;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use mention::{Conceal, Mentions};
pub use proof::{Left, prove};
pub use sweep::{Swept, sweep};

/// What is known of a person's rows: enough to tell for any row of any table whether it is one of them. It can be
/// written down and taken up again, when the rows that it was learnt from are gone already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// As `person_id` has it. More than one where one account is stored under several spellings.
    persons: BTreeSet<String>,
    /// Visitors all of whose rows are the person's.
    visitors: BTreeSet<String>,
    /// Visitors that others were, too, with the sessions in which rows without a customer are the person's.
    shared: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Moments of such rows that a generation gave to somebody else, by generation and `person_id`: before a login told
    /// whose a visit was, its rows made carts of the visitor, or of the one customer that the visitor was seen with.
    elsewhere: BTreeMap<String, BTreeMap<String, BTreeSet<i64>>>,
    /// Hashes of the person's rows: ids of carts and orders that began with one of them.
    rows: BTreeSet<String>,
    /// Carts and orders that a generation ascribes to the person, by generation.
    ascribed: BTreeMap<String, BTreeSet<String>>,
    /// Others to whom rows of a visitor of this name belong.
    #[serde(skip)]
    namesakes: BTreeSet<String>,
    events: u64,
}

impl Trace {
    /// Nothing is known yet of this person but how `person_id` may have him: `c:` and a customer, or `v:` and a visitor.
    #[must_use]
    pub fn of(persons: &[String]) -> Self {
        Self { persons: persons.iter().cloned().collect(), ..Self::default() }
    }

    /// Adds what was known before.
    pub fn merge(&mut self, other: Self) {
        self.persons.extend(other.persons);
        self.visitors.extend(other.visitors);
        self.rows.extend(other.rows);
        self.namesakes.extend(other.namesakes);
        self.events += other.events;
        for (visitor, sessions) in other.shared {
            self.shared.entry(visitor).or_default().extend(sessions);
        }
        for (generation, persons) in other.elsewhere {
            let known = self.elsewhere.entry(generation).or_default();
            for (person, moments) in persons {
                known.entry(person).or_default().extend(moments);
            }
        }
        for (generation, ids) in other.ascribed {
            self.ascribed.entry(generation).or_default().extend(ids);
        }
    }

    /// Rows of event files that are the person's; copies of a row in several files count each.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Whether this is the id of a cart or order of the person, in any generation that was looked at.
    #[must_use]
    pub fn is_of_cart(&self, id: &str) -> bool {
        self.owns_id(id, self.ascribed.keys().map(String::as_str))
    }

    /// Browsers and devices that were the person's alone.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.visitors.len()
    }

    /// Others to whom rows of a visitor of the asked name belong: who asks for nobody may have meant one of these.
    pub fn namesakes(&self) -> impl Iterator<Item = &str> {
        self.namesakes.iter().map(String::as_str)
    }

    /// The person's ids, as they are stored. Visitors that are shared are not among them: they are others' ids, too.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let customers = self.persons.iter().filter_map(|person| person.strip_prefix("c:"));
        customers.chain(self.visitors.iter().map(String::as_str))
    }

    fn is_id(&self, id: &str) -> bool {
        self.is_customer(id) || self.visitors.contains(id)
    }

    fn is_customer(&self, id: &str) -> bool {
        self.persons.iter().any(|person| person.strip_prefix("c:") == Some(id))
    }

    /// Whether `person_id` is the person's, today or as an earlier night knew him.
    fn is_name(&self, person: &str) -> bool {
        self.persons.contains(person)
            || person.strip_prefix("v:").is_some_and(|visitor| self.visitors.contains(visitor))
    }

    /// Whether a row with these ids is the person's.
    fn owns(&self, customer: Option<&str>, visitor: Option<&str>) -> bool {
        match customer {
            Some(customer) => self.is_customer(customer),
            None => visitor.is_some_and(|visitor| self.visitors.contains(visitor)),
        }
    }

    /// Whether a row of no customer is the person's by its session.
    fn owns_by_session(&self, visitor: &str, session: Option<&str>) -> bool {
        self.shared.get(visitor).is_some_and(|sessions| sessions.contains(&session.map(str::to_owned)))
    }

    /// Whether a cart that this generation ascribes to somebody else has rows of the person in it.
    fn is_mixed(&self, generation: &str, person: &str, from: i64, to: i64) -> bool {
        let moments = self.elsewhere.get(generation).and_then(|persons| persons.get(person));
        moments.is_some_and(|moments| moments.range(from..=to.max(from)).next().is_some())
    }

    /// Whether this is the id of a cart or order of the person, in any of these generations.
    fn owns_id<'a>(&self, id: &str, mut generations: impl Iterator<Item = &'a str>) -> bool {
        self.rows.contains(id)
            || generations.any(|generation| self.ascribed.get(generation).is_some_and(|ids| ids.contains(id)))
    }
}
