//! What plotters wrote → SVG that fits any width, has a name, and follows the reader's colour scheme.

use std::fmt::Write as _;

use super::{Words, theme};
use crate::told::{escaped, plain};

/// The chart as part of a page.
pub(super) fn inline(raw: &str, words: Words<'_>, class: &str) -> String {
    dressed(raw, words, &format!("chart {class}"), &format!("{}-{class}", words.name), "")
}

/// The chart as a file of its own.
pub(super) fn file(raw: &str, words: Words<'_>) -> String {
    let style = format!("<style>\n{}svg{{background:var(--paper)}}\n</style>\n", theme::style());
    dressed(raw, words, "chart", words.name, &style)
}

fn dressed(raw: &str, words: Words<'_>, class: &str, id: &str, style: &str) -> String {
    // The first tag is the root's: <svg width=… height=… viewBox="0 0 …" xmlns=…>.
    let (root, body) = raw.split_once('>').unwrap_or_default();
    let view_box = root.split_once("viewBox=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap_or_default().0;
    let mut text = String::with_capacity(body.len() + style.len() + 512);
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{view_box}\" class=\"{class}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">"
    );
    let _ = writeln!(text, "<title id=\"{id}-title\">{}</title>", escaped(&plain(words.title)));
    let _ = writeln!(text, "<desc id=\"{id}-desc\">{}</desc>", escaped(&plain(words.description)));
    text.push_str(style);
    // Attributes that say what holds anyway.
    text.push_str(&body.trim_start().replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", ""));
    text
}
