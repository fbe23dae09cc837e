//! Comments → the words that most of them hold. Plain counts: no model, no stems.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Words that say nothing, in English and German, one a line.
const STOP_WORDS: &str = include_str!("stop_words.txt");
/// Letters that a word needs.
const SHORTEST: usize = 3;
/// Comments that a word has to be in: what one person says once is no theme, and may tell who it was.
const FEWEST: u64 = 2;

/// A word of comments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// The word, in lower case.
    pub word: String,
    /// Comments around abandoned carts that hold it.
    pub abandoned: u64,
    /// Comments around bought carts that hold it.
    pub bought: u64,
}

/// The words that most comments around abandoned carts hold; each comment counts once.
pub(super) fn count(abandoned: &[&str], bought: &[&str], most: usize) -> Vec<Term> {
    let stop: BTreeSet<&str> = STOP_WORDS.lines().map(str::trim).collect();
    let holding = |comments: &[&str]| {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for comment in comments {
            for word in words(comment).into_iter().filter(|word| !stop.contains(word.as_str())) {
                *counted.entry(word).or_default() += 1;
            }
        }
        counted
    };
    let elsewhere = holding(bought);
    let mut terms: Vec<Term> = holding(abandoned)
        .into_iter()
        .filter(|(_, count)| *count >= FEWEST)
        .map(|(word, abandoned)| Term { bought: elsewhere.get(&word).copied().unwrap_or(0), word, abandoned })
        .collect();
    terms.sort_by(|a, b| b.abandoned.cmp(&a.abandoned).then_with(|| a.word.cmp(&b.word)));
    terms.truncate(most);
    terms
}

/// The words of a comment, each once: letters alone, so that no number, address or order id is among them.
fn words(comment: &str) -> BTreeSet<String> {
    let lower = comment.to_lowercase();
    let pieces = lower.split_whitespace().filter(|piece| !piece.contains(['@', '/']));
    let words = pieces.flat_map(|piece| piece.split(|letter: char| !letter.is_alphanumeric()));
    let is_word = |word: &&str| word.chars().count() >= SHORTEST && word.chars().all(char::is_alphabetic);
    words.filter(is_word).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_counts_once_whatever_it_repeats_and_stop_words_not_at_all() {
        let abandoned =
            ["The shipping is slow, shipping!", "Shipping costs too much", "die Versandkosten", "Versandkosten?"];
        let bought = ["shipping was fast"];
        let terms = count(&abandoned, &bought, 5);
        let found: Vec<(&str, u64, u64)> =
            terms.iter().map(|term| (term.word.as_str(), term.abandoned, term.bought)).collect();
        assert_eq!(found, [("shipping", 2, 1), ("versandkosten", 2, 0)]);
    }

    #[test]
    fn numbers_and_addresses_are_no_words() {
        let words = words("mail ann@example.org about order A1234 or see https://shop.example/x <b>now</b>");
        assert_eq!(words.into_iter().collect::<Vec<_>>(), ["about", "mail", "order", "see"]);
    }

    #[test]
    fn stop_words_are_one_a_line_in_order_and_in_lower_case() {
        let lines: Vec<&str> = STOP_WORDS.lines().collect();
        assert!(lines.len() > 200 && lines.iter().all(|line| line.to_lowercase() == *line && !line.contains(' ')));
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
