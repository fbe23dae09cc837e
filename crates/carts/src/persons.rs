//! Whose event is it?
//!
//! An event belongs to (1) its own customer; else (2) the one customer that its visitor was ever seen with; else, if
//! the visitor was seen with several (a shared device), (3) the one customer of its session; else (4) the visitor.

use std::collections::HashMap;
use std::fmt;

/// The customers that a visitor or session was seen with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    One(Box<str>),
    Several,
}

impl Seen {
    fn observe(&mut self, customer: &str) {
        if matches!(self, Self::One(known) if **known != *customer) {
            *self = Self::Several;
        }
    }
}

/// What is known of who is who, as of one moment.
#[derive(Clone, Debug, Default)]
pub struct Links {
    visitors: HashMap<Box<str>, Seen>,
    sessions: HashMap<Box<str>, Option<Seen>>,
}

impl Links {
    /// A visitor was seen with a customer.
    pub fn observe_visitor(&mut self, visitor: &str, customer: &str) {
        match self.visitors.get_mut(visitor) {
            Some(seen) => seen.observe(customer),
            None => {
                self.visitors.insert(visitor.into(), Seen::One(customer.into()));
            }
        }
    }

    /// Whether the visitor was seen with several customers: then its sessions decide.
    #[must_use]
    pub fn is_shared(&self, visitor: &str) -> bool {
        self.visitors.get(visitor) == Some(&Seen::Several)
    }

    /// Whether any visitor is shared.
    #[must_use]
    pub fn any_shared(&self) -> bool {
        self.visitors.values().any(|seen| *seen == Seen::Several)
    }

    /// The customers of this session will be asked for. Only such sessions are remembered: they are few.
    pub fn want_session(&mut self, session: &str) {
        if !self.sessions.contains_key(session) {
            self.sessions.insert(session.into(), None);
        }
    }

    /// Whether this session will be asked for.
    #[must_use]
    pub fn is_wanted(&self, session: &str) -> bool {
        self.sessions.contains_key(session)
    }

    /// A session was seen with a customer.
    pub fn observe_session(&mut self, session: &str, customer: &str) {
        if let Some(slot) = self.sessions.get_mut(session) {
            match slot {
                Some(seen) => seen.observe(customer),
                None => *slot = Some(Seen::One(customer.into())),
            }
        }
    }

    /// Adds what another part of the events knows; parts may share visitors and sessions.
    pub fn merge(&mut self, other: Self) {
        for (visitor, seen) in sorted(other.visitors) {
            match self.visitors.get_mut(&visitor) {
                Some(known) => known.merge(seen),
                None => {
                    self.visitors.insert(visitor, seen);
                }
            }
        }
        for (session, seen) in sorted(other.sessions) {
            match (self.sessions.entry(session).or_default(), seen) {
                (Some(known), Some(seen)) => known.merge(seen),
                (slot, Some(seen)) => *slot = Some(seen),
                (_, None) => {}
            }
        }
    }

    /// Whose an event with these ids is; `None` if it has neither customer nor visitor.
    #[must_use]
    pub fn person<'a>(
        &'a self,
        customer: Option<&'a str>,
        visitor: Option<&'a str>,
        session: Option<&str>,
    ) -> Option<Person<'a>> {
        if let Some(customer) = customer {
            return Some(Person::Customer(customer));
        }
        let visitor = visitor?;
        let customer = match self.visitors.get(visitor) {
            Some(Seen::One(customer)) => Some(customer),
            Some(Seen::Several) => match session.and_then(|session| self.sessions.get(session)) {
                Some(Some(Seen::One(customer))) => Some(customer),
                _ => None,
            },
            None => None,
        };
        Some(customer.map_or(Person::Visitor(visitor), |customer| Person::Customer(customer)))
    }
}

impl Seen {
    fn merge(&mut self, other: Self) {
        match other {
            Self::One(customer) => self.observe(&customer),
            Self::Several => *self = Self::Several,
        }
    }
}

/// Hash order would not change the result here, but then nobody has to prove it.
fn sorted<V>(map: HashMap<Box<str>, V>) -> Vec<(Box<str>, V)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// A person, as far as logs can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person<'a> {
    /// An account.
    Customer(&'a str),
    /// A browser or device whose user is not known.
    Visitor(&'a str),
}

impl fmt::Display for Person<'_> {
    /// The `person_id` of every table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "c:{id}"),
            Self::Visitor(id) => write!(f, "v:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(links: &Links, customer: Option<&str>, visitor: &str, session: Option<&str>) -> String {
        links.person(customer, Some(visitor), session).unwrap().to_string()
    }

    #[test]
    fn a_login_gives_the_visitor_his_name_before_and_after() {
        let mut links = Links::default();
        assert_eq!(person(&links, None, "phone", None), "v:phone");
        links.observe_visitor("phone", "ann");
        assert_eq!(person(&links, None, "phone", None), "c:ann");
        assert_eq!(person(&links, Some("bob"), "phone", None), "c:bob");
    }

    #[test]
    fn a_shared_device_never_merges_people_but_a_session_can_tell_them_apart() {
        let mut links = Links::default();
        links.observe_visitor("tablet", "ann");
        links.observe_visitor("tablet", "bob");
        links.want_session("monday");
        links.want_session("both");
        links.observe_session("monday", "ann");
        links.observe_session("both", "ann");
        links.observe_session("both", "bob");
        links.observe_session("nobody asked", "ann");
        let of = |session| person(&links, None, "tablet", session);
        assert_eq!([of(Some("monday")), of(Some("both")), of(None)], ["c:ann", "v:tablet", "v:tablet"]);
        assert!(links.is_shared("tablet") && links.any_shared());
    }

    #[test]
    fn parts_know_together_what_the_whole_knows() {
        let (mut left, mut right) = (Links::default(), Links::default());
        left.observe_visitor("a", "ann");
        right.observe_visitor("a", "bob");
        right.observe_visitor("b", "bob");
        left.merge(right);
        assert!(left.is_shared("a"));
        assert_eq!(person(&left, None, "b", None), "c:bob");
        assert_eq!(left.person(None, None, None), None);
    }
}
