//! The list of programs that say in their user agent what they are: text, so that a shop can keep its own.

use std::sync::{Arc, LazyLock};

/// The list that comes with leftcart.
const BUILT_IN: &str = include_str!("programs.txt");
/// Shorter patterns would be found in half of all browsers.
const SHORTEST: usize = 3;

/// What gives programs away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programs {
    /// Parts of user agents, in lower case.
    parts: Vec<String>,
    /// Beginnings of user agents, in lower case.
    heads: Vec<String>,
    /// Parts that say nothing, in lower case.
    exceptions: Vec<String>,
}

/// A line of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{pattern}` is too short to tell programs from browsers; write at least {SHORTEST} characters")]
pub struct BadPattern {
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub pattern: String,
}

impl Programs {
    /// Reads a list: a pattern a line. Text that a user agent holds, or with `^` begins with, marks a program; `!` marks
    /// text in which no pattern is looked for. Case and blanks around do not count, and lines that begin with `#` are
    /// comments.
    ///
    /// # Errors
    /// For a pattern that would be found in nearly every user agent.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let mut programs = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (list, pattern) = match line.split_at_checked(1) {
                Some(("^", head)) => (&mut programs.heads, head.trim_start()),
                Some(("!", exception)) => (&mut programs.exceptions, exception.trim_start()),
                _ => (&mut programs.parts, line.as_str()),
            };
            if pattern.chars().count() < SHORTEST {
                return Err(BadPattern { line: at + 1, pattern: line });
            }
            list.push(pattern.to_owned());
        }
        Ok(programs)
    }

    /// The list that comes with leftcart.
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        static LIST: LazyLock<Arc<Programs>> =
            LazyLock::new(|| Arc::new(Programs::parse(BUILT_IN).expect("the list is read by a test")));
        LIST.clone()
    }

    /// Whether a user agent, in lower case, is a program's.
    pub(super) fn name(&self, agent: &str) -> bool {
        if self.exceptions.iter().any(|exception| agent.contains(exception.as_str())) {
            let rest =
                self.exceptions.iter().fold(agent.to_owned(), |rest, exception| rest.replace(exception.as_str(), " "));
            return self.finds(&rest);
        }
        self.finds(agent)
    }

    fn finds(&self, agent: &str) -> bool {
        self.heads.iter().any(|head| agent.starts_with(head.as_str()))
            || self.parts.iter().any(|part| agent.contains(part.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_can_be_read_and_says_nothing_twice() {
        let programs = Programs::parse(BUILT_IN).unwrap();
        let mut all: Vec<&String> = programs.parts.iter().chain(&programs.heads).collect();
        assert!(all.len() > 150);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        let repeated: Vec<_> = programs.parts.iter().filter(|part| programs.heads.contains(part)).collect();
        assert_eq!((all.len(), repeated), (count, vec![]));
    }

    #[test]
    fn a_list_of_one_s_own_takes_the_place_of_the_built_in_one() {
        let programs = Programs::parse("# ours\n\n  Nightly Export \n^probe/\n!export-o-matic\n").unwrap();
        for (agent, is_program) in [
            ("acme nightly export 2", true),
            ("probe/1", true),
            ("mozilla/5.0 probe/1", false),
            ("nightly export-o-matic phone", false),
            ("googlebot/2.1", false),
        ] {
            assert_eq!(programs.name(agent), is_program, "{agent}");
        }
        assert!(!Programs::parse("").unwrap().name("googlebot/2.1"), "an empty list switches the rule off");
    }

    #[test]
    fn a_pattern_that_would_take_everybody_is_named_with_its_line() {
        let error = Programs::parse("bot\n\n^a\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: `^a` is too short to tell programs from browsers; write at least 3 characters"
        );
    }
}
