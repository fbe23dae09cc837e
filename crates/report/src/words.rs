//! What tables call by short names, in the reader's words.

use analysis::funnel::Step;

/// A name for what the logs do not say.
pub(crate) const UNKNOWN: &str = "not recorded";

/// Characters of a logged word that a page shows at most.
const LONGEST: usize = 80;
/// Characters of what somebody said.
const LONGEST_QUOTE: usize = 240;

/// A word from the logs, fit to be shown: control characters and marks that turn the direction of text are made
/// visible, and what is very long is cut. Escaping is left to the templates and to the charts.
pub(crate) fn logged(text: &str) -> String {
    shortened(text, LONGEST)
}

/// A sentence with words from the logs in it, made harmless in the same way.
pub(crate) fn passage(text: &str) -> String {
    shortened(text, 5 * LONGEST)
}

/// What somebody said, or read, in quotation marks that it cannot end itself.
pub(crate) fn quoted(text: &str) -> String {
    format!("“{}”", shortened(text.trim(), LONGEST_QUOTE).replace(['“', '”'], "'"))
}

fn shortened(text: &str, longest: usize) -> String {
    let harmless = |letter: char| {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let splits = matches!(letter, '\u{2028}' | '\u{2029}');
        if letter.is_control() || turns || splits || crate::told::is_mark(letter) { '\u{fffd}' } else { letter }
    };
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(longest).map(harmless).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    if shown.trim().is_empty() { "(empty)".to_owned() } else { shown }
}

/// A logged word that may be missing.
pub(crate) fn logged_or_unknown(text: Option<&str>) -> String {
    text.map_or_else(|| UNKNOWN.to_owned(), logged)
}

/// A step of the checkout.
pub(crate) const fn step(step: Step) -> &'static str {
    match step {
        Step::AddToCart => "Cart opened",
        Step::ViewCart => "Cart viewed",
        Step::BeginCheckout => "Checkout started",
        Step::AddShippingInfo => "Shipping given",
        Step::AddPaymentInfo => "Payment given",
        Step::Purchase => "Bought",
    }
}

/// A step by its name in the tables, as a stored summary has it.
pub(crate) fn step_named(name: &str) -> String {
    Step::ALL
        .into_iter()
        .find(|known| known.name() == name)
        .map_or_else(|| logged(name), |known| step(known).to_owned())
}

/// A column by which carts are broken down, as in "by device".
pub(crate) fn column(name: &str) -> String {
    match name {
        "top_category" => "product category".to_owned(),
        "segment" => "customer segment".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A segment of customers: `d1` to `d10`, `lapsed`, `new`.
pub(crate) fn segment(name: &str) -> String {
    match name {
        "d1" => "Top tenth".to_owned(),
        "d2" => "2nd tenth".to_owned(),
        "d3" => "3rd tenth".to_owned(),
        "d10" => "Last tenth".to_owned(),
        "lapsed" => "Lapsed".to_owned(),
        "new" => "New".to_owned(),
        other => match other.strip_prefix('d').and_then(|tenth| tenth.parse::<u8>().ok()) {
            Some(tenth) if (4..=9).contains(&tenth) => format!("{tenth}th tenth"),
            _ => logged(other),
        },
    }
}

/// The customers of a segment, within a sentence.
pub(crate) fn customers(name: &str) -> String {
    match name {
        "lapsed" | "new" => format!("{name} customers"),
        "d1" => "the top tenth of customers".to_owned(),
        "d10" => "the last tenth of customers".to_owned(),
        other => format!("the {} of customers", segment(other)),
    }
}

/// The same text with its first letter in upper case.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logged_words_cannot_break_the_line_or_turn_the_text() {
        assert_eq!(logged("a\nb\u{202e}c\0"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(logged(" "), "(empty)");
        assert_eq!(logged(&"x".repeat(200)).chars().count(), LONGEST + 1);
        assert_eq!(logged_or_unknown(None), UNKNOWN);
    }

    #[test]
    fn segments_and_steps_have_names() {
        assert_eq!(
            ["d1", "d4", "d10", "new", "d77"].map(segment),
            ["Top tenth", "4th tenth", "Last tenth", "New", "d77"]
        );
        assert_eq!(step_named("view_cart"), "Cart viewed");
    }
}
