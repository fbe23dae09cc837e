//! How often logs say a name that means nothing here. Names are whoever writes logs' to choose, so few and short ones are kept:
//! the first by alphabet, which are the same however many threads there are, and the number of all others in one.

use std::collections::BTreeMap;

use crate::columns::short;

/// Names that are kept.
const NAMES: usize = 1_000;
/// What all others are called.
const FURTHER: &str = "(further names)";

/// Counts by name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    counts: BTreeMap<String, u64>,
    further: u64,
}

impl Names {
    /// Counts a name once more.
    pub(crate) fn count(&mut self, name: &str) {
        let name = short(name);
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else {
            self.counts.insert(name.to_owned(), 1);
            self.limit();
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.further += other.further;
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.limit();
    }

    /// A name that falls out never comes back: those before it only become more.
    fn limit(&mut self) {
        while self.counts.len() > NAMES
            && let Some((_, count)) = self.counts.pop_last()
        {
            self.further += count;
        }
    }

    /// The counts, those of further names in one.
    pub(crate) fn by_name(&self) -> BTreeMap<String, u64> {
        let further = (self.further > 0).then(|| (FURTHER.to_owned(), self.further));
        self.counts.clone().into_iter().chain(further).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_end_are_counted_in_one_whatever_their_order() {
        let names: Vec<String> = (0..3_000).map(|id| format!("event-{id:04}")).collect();
        let counted = |names: &mut dyn Iterator<Item = &String>| {
            let (mut left, mut right) = (Names::default(), Names::default());
            for (at, name) in names.enumerate() {
                if at % 3 == 0 { left.count(name) } else { right.count(name) }
            }
            left.merge(right);
            left.by_name()
        };
        let forward = counted(&mut names.iter().chain(&names[..10]));
        assert_eq!(forward, counted(&mut names[..10].iter().chain(names.iter().rev())));
        assert_eq!((forward.len(), forward[FURTHER], forward["event-0003"]), (NAMES + 1, 2_000, 2));
        assert_eq!(forward.values().sum::<u64>(), 3_010);
        let mut long = Names::default();
        long.count(&"x".repeat(1 << 20));
        assert_eq!(long.by_name().keys().map(String::len).collect::<Vec<_>>(), [200]);
    }
}
