//! What customers say, and around which carts.

use analysis::stats::mean::Mean;
use analysis::{Analysis, Query};

use super::Section;
use super::table::{Cell, Table};
use crate::{number, words};

/// Ratings that an average needs to stand in a sentence.
const FEW: u64 = 10;

pub(super) fn section(analysis: &Analysis, queries: &[Query]) -> Option<Section> {
    let voice = &analysis.voice;
    if voice.feedback + voice.support == 0 {
        return None;
    }
    let title = match (voice.abandoned, voice.bought) {
        (Some(left), Some(bought)) if left.n.min(bought.n) >= FEW => format!(
            "Who left a cart rates the shop {}, who bought {}",
            number::rating(left.point),
            number::rating(bought.point)
        ),
        _ => "What customers say".to_owned(),
    };
    let mut section = Section::new("voice", "What customers say", title);
    section.defines(&["rating", "interval"]);
    section.asks(queries, &["voice."]);
    section.say(format!(
        "{} of feedback and {} since {}{}.",
        words::sentence(&number::counted(voice.feedback, "piece")),
        number::counted(voice.support, "request for help").replace("request for helps", "requests for help"),
        number::date_of(voice.since, &analysis.zone),
        voice.overall.map_or_else(String::new, |all| format!("; the mean rating is {}", mean(all)))
    ));
    if let (Some(left), Some(bought)) = (voice.abandoned, voice.bought) {
        section.say(format!(
            "Ratings around abandoned carts: {}; around bought ones: {}. Whoever rates is not everybody: this says what those \
             who speak say.",
            mean(left),
            mean(bought)
        ));
    }
    let mut weeks =
        Table::new("ratings", "Rating by week", &["Week from", "#Rating, 95% interval", "#Ratings"]).csv("voice.weeks");
    for week in voice.weeks.iter().rev() {
        weeks.push(vec![Cell::text(number::date(week.monday)), cell(Some(week.rating)), Cell::count(week.rating.n)]);
    }
    let mut codes = Table::new(
        "error-ratings",
        "Rating by the error met",
        &["Last error in the cart", "#Rating, 95% interval", "#Ratings", "#Abandoned carts"],
    )
    .note("Around abandoned carts of the last 90 days.");
    for by in &voice.by_error {
        codes.push(vec![
            by.error_code
                .as_deref()
                .map_or_else(|| Cell::text("no error").quiet(), |code| Cell::text(words::logged(code))),
            cell(by.rating),
            Cell::count(by.rating.map_or(0, |rating| rating.n)),
            Cell::count(by.carts),
        ]);
    }
    let columns = ["Word", "#Comments around abandoned carts", "#Around bought ones"];
    let mut terms = Table::new("terms", "Said most around abandoned carts", &columns).note(format!(
        "Comments that hold the word, of {} around abandoned and {} around bought carts; words of one comment alone are left out.",
        number::count(voice.comments),
        number::count(voice.comments_bought)
    ));
    for term in &voice.terms {
        terms.push(vec![Cell::text(words::logged(&term.word)), Cell::count(term.abandoned), Cell::count(term.bought)]);
    }
    section.tables.extend([weeks, codes, terms].into_iter().filter(|table| !table.is_empty()));
    Some(section)
}

/// `3.42 (95% interval 3.10–3.74, n = 41)`.
fn mean(mean: Mean) -> String {
    let point = number::rating(mean.point);
    match mean.low.zip(mean.high) {
        Some((low, high)) => {
            format!(
                "{point} (95% interval {}–{}, n = {})",
                number::rating(low),
                number::rating(high),
                number::count(mean.n)
            )
        }
        None => format!("{point} (n = {})", number::count(mean.n)),
    }
}

/// Ratings below which a mean has no interval in tables.
const HANDFUL: u64 = 10;

fn cell(mean: Option<Mean>) -> Cell {
    let Some(mean) = mean else { return Cell::none() };
    let point = Cell::number(number::rating(mean.point));
    // Of a handful, the interval reaches beyond any scale of ratings.
    match mean.low.zip(mean.high) {
        Some(_) if mean.n < HANDFUL => point.with_note("too few to say".to_owned()),
        Some((low, high)) => point.with_note(format!("{}–{}", number::rating(low), number::rating(high))),
        None => point,
    }
}
