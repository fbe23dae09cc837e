//! Shares within sentences say what they rest on.
//!
//! A share as text carries the number of observations behind it through every sentence that it is put into, as an
//! interlinear annotation: U+FFF9, the share, U+FFFA, the number, U+FFFB. Pages turn it into an element with `data-n`, which
//! a reader can ask and the lint can judge; everything else drops it. Words from logs never hold these letters
//! (`words::logged`).

use std::fmt::Write as _;

const ANCHOR: char = '\u{fff9}';
const SEPARATOR: char = '\u{fffa}';
const END: char = '\u{fffb}';

/// A share, or an interval, of `n` observations.
pub(crate) fn resting_on(share: &str, n: u64) -> String {
    format!("{ANCHOR}{share}{SEPARATOR}{n}{END}")
}

/// Whether this letter marks what a share rests on.
pub(crate) const fn is_mark(letter: char) -> bool {
    matches!(letter, ANCHOR | SEPARATOR | END)
}

/// A piece of text: words, or a share and what it rests on.
enum Piece<'a> {
    Words(&'a str),
    Share(&'a str, u64),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, marked)) = rest.split_once(ANCHOR) {
        pieces.push(Piece::Words(before));
        let share = marked.split_once(END).and_then(|(inside, after)| {
            let (share, n) = inside.split_once(SEPARATOR)?;
            Some((share, n.parse().ok()?, after))
        });
        let Some((share, n, after)) = share else { break };
        pieces.push(Piece::Share(share, n));
        rest = after;
    }
    pieces.push(Piece::Words(rest.trim_start_matches(is_mark)));
    pieces
}

/// The text without marks.
pub(crate) fn plain(text: &str) -> String {
    pieces(text).into_iter().fold(String::with_capacity(text.len()), |plain, piece| match piece {
        Piece::Words(words) | Piece::Share(words, _) => plain + words,
    })
}

/// The text as HTML: escaped, each share in an element that says its `n`.
pub(crate) fn html(text: &str) -> String {
    pieces(text).into_iter().fold(String::with_capacity(text.len() + 32), |mut html, piece| {
        match piece {
            Piece::Words(words) => html.push_str(&escaped(words)),
            Piece::Share(share, n) => {
                let shown = crate::number::count(n);
                let _ = write!(html, "<span data-n=\"{n}\" title=\"n = {shown}\">{}</span>", escaped(share));
            }
        }
        html
    })
}

/// The number of observations behind the first share of a text.
pub(crate) fn n(text: &str) -> Option<u64> {
    pieces(text).into_iter().find_map(|piece| if let Piece::Share(_, n) = piece { Some(n) } else { None })
}

/// Text that means itself, in HTML, SVG and their attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_carts_carries_their_number_through_a_sentence() {
        let said = format!("{} of carts, <b>not</b> {}", resting_on("71%", 13_760), resting_on("70–72%", 13_760));
        assert_eq!(plain(&said), "71% of carts, <b>not</b> 70–72%");
        assert_eq!(n(&said), Some(13_760));
        assert_eq!(
            html(&said),
            "<span data-n=\"13760\" title=\"n = 13,760\">71%</span> of carts, &lt;b&gt;not&lt;/b&gt; \
             <span data-n=\"13760\" title=\"n = 13,760\">70–72%</span>"
        );
    }

    #[test]
    fn marks_that_do_not_match_are_dropped_and_no_text_with_them() {
        for broken in ["\u{fff9}71%", "\u{fff9}71%\u{fffa}many\u{fffb}", "\u{fffb}71%"] {
            assert!(plain(broken).contains("71%") && n(broken).is_none(), "{broken:?}");
        }
    }
}
