//! The follow-up list → sentences, and the file for the shop's own people.

use analysis::FollowUp;
use analysis::follow_up::{Row, Step};

use crate::queries::{field, line};
use crate::story::money;
use crate::words::{logged, quoted};
use crate::{number, words};

const COLUMNS: [&str; 16] = [
    "rank",
    "person_id",
    "last_order_id",
    "reason",
    "what_to_do",
    "channel",
    "value",
    "currency",
    "expected_recoverable",
    "base_currency",
    "cart_id",
    "opened_at",
    "last_activity_at",
    "last_contact_at",
    "contacts_in_period",
    "step",
];

/// `worklist.csv`: persons by their ids as they are stored. Moments are ISO 8601 in UTC; no cell is a formula.
pub(crate) fn csv(follow_up: &FollowUp, zone: &str) -> String {
    let mut text = line(COLUMNS.iter().map(|column| (*column).to_owned()));
    for (rank, row) in (1_u64..).zip(&follow_up.rows) {
        let cells = [
            Some(rank.to_string()),
            Some(harmless(&row.person_id)),
            row.last_order_id.as_deref().map(harmless),
            Some(reason(row, zone, &follow_up.base)),
            Some(to_do(row)),
            row.channel.as_deref().map(harmless),
            Some(row.value.to_string()),
            row.currency.clone(),
            row.recoverable.map(|amount| amount.to_string()),
            Some(follow_up.base.clone()),
            Some(row.cart_id.clone()),
            Some(events::time::format(row.opened_at)),
            Some(events::time::format(row.last_activity_at)),
            row.last_contact_at.map(events::time::format),
            Some(row.contacts.to_string()),
            Some(row.step.name().to_owned()),
        ];
        text.push_str(&line(cells.iter().map(|cell| field(cell.as_deref()))));
    }
    text
}

/// An id as it is, but for what would break a line: people look persons up by it.
fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Why this person, in one sentence.
pub(crate) fn reason(row: &Row, zone: &str, base: &str) -> String {
    let value = money(row.value, row.currency.as_deref());
    let on = number::date(number::local_date(row.opened_at, zone));
    let happened = match (&row.owed, &row.said) {
        (Some(owed), _) => {
            let code = owed
                .code
                .as_deref()
                .map_or_else(|| "an error".to_owned(), |code| format!("the error {}", logged(code)));
            let times = match owed.times {
                1 => String::new(),
                2 => " twice".to_owned(),
                times => format!(" {times} times"),
            };
            let read = owed.message.as_deref().map_or_else(String::new, |text| format!(" ({})", quoted(text)));
            format!("Wanted to buy for {value} on {on} and met {code}{times}{read}")
        }
        (None, Some(said)) => {
            let what = match (said.is_support, said.rating) {
                (true, _) => "asked for help".to_owned(),
                (false, Some(rating)) => format!("gave a rating of {rating}"),
                (false, None) => "wrote to us".to_owned(),
            };
            let words = said.comment.as_deref().map_or_else(String::new, |text| format!(" ({})", quoted(text)));
            format!("Left a cart of {value} on {on} and {what}{words}")
        }
        (None, None) => format!("{} a cart of {value} on {on}", came_to(&row.furthest_step)),
    };
    format!("{happened}; {}.", who(row, base))
}

fn came_to(step: &str) -> &'static str {
    match step {
        "begin_checkout" => "Went to checkout and stopped before giving an address, with",
        "add_shipping_info" => "Gave an address and stopped before paying, with",
        "add_payment_info" => "Chose how to pay and stopped before the last step, with",
        "view_cart" => "Looked it over and left",
        _ => "Left",
    }
}

/// What kind of customer this is.
fn who(row: &Row, base: &str) -> String {
    let standing = match (row.top1, row.segment.as_str()) {
        (true, _) => "one of the top hundredth of customers".to_owned(),
        (false, "d1") => "one of the top tenth of customers".to_owned(),
        (false, "new") => return "has not bought here before".to_owned(),
        (false, segment) => format!("one of {}", words::customers(segment)),
    };
    format!("{standing}, with {} for {} so far", number::counted(row.orders, "order"), number::money(row.spend, base))
}

/// What to do about it.
pub(crate) fn to_do(row: &Row) -> String {
    match row.step {
        Step::TellFix => {
            "Say sorry for what went wrong, tell them when it works again, and offer to place the order for them."
                .to_owned()
        }
        Step::Answer if row.said.as_ref().is_some_and(|said| said.is_support) => {
            "See whether their question was answered, and answer it; then offer to keep the cart for them.".to_owned()
        }
        Step::Answer => "Answer what they said, in person; no offer, no template.".to_owned(),
        Step::OfferHelp => {
            let with = match row.furthest_step.as_str() {
                "begin_checkout" => "address and delivery",
                "add_shipping_info" => "delivery costs and payment",
                _ => "the payment",
            };
            format!("Offer help with {with}, and ask what was missing.")
        }
        Step::Ask => "Ask how it went and whether anything was missing; no discount.".to_owned(),
    }
}

/// By which channel, and whether it is the person's own.
pub(crate) fn channel(row: &Row) -> (String, Option<String>) {
    match &row.channel {
        Some(channel) if row.channel_is_theirs => (logged(channel), Some("their own choice".to_owned())),
        Some(channel) => (logged(channel), None),
        None => ("–".to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::follow_up::{Owed, Word};
    use events::Amount;

    fn row() -> Row {
        Row {
            person_id: "c:ann".to_owned(),
            cart_id: "9f".to_owned(),
            opened_at: 1_772_452_800_000_000,
            last_activity_at: 1_772_452_800_000_000,
            furthest_step: "add_shipping_info".to_owned(),
            items: 2,
            payment_method: None,
            segment: "d1".to_owned(),
            top1: false,
            last_order_id: None,
            orders: 7,
            spend: Amount(23_400_000),
            owed: None,
            said: None,
            value: Amount(1_299_000),
            currency: Some("EUR".to_owned()),
            in_base: Amount(1_299_000),
            recoverable: None,
            step: Step::OfferHelp,
            channel: Some("email".to_owned()),
            channel_is_theirs: true,
            last_contact_at: None,
            contacts: 0,
        }
    }

    fn says(row: &Row) -> String {
        reason(row, "UTC", "EUR").replace('\u{a0}', " ")
    }

    #[test]
    fn every_row_is_explained_in_one_sentence() {
        assert_eq!(
            says(&row()),
            "Gave an address and stopped before paying, with a cart of 129.90 EUR on 2 Mar 2026; one of the top tenth of \
             customers, with 7 orders for 2,340.00 EUR so far."
        );
        let owed = Owed { code: Some("declined".to_owned()), message: Some("Card refused".to_owned()), times: 2 };
        assert_eq!(
            says(&Row { owed: Some(owed), top1: true, ..row() }),
            "Wanted to buy for 129.90 EUR on 2 Mar 2026 and met the error declined twice (“Card refused”); one of \
             the top hundredth of customers, with 7 orders for 2,340.00 EUR so far."
        );
        let said = Word { at: 0, is_support: false, rating: Some(2.0), comment: Some("too slow".to_owned()) };
        assert_eq!(
            says(&Row { said: Some(said), segment: "new".to_owned(), ..row() }),
            "Left a cart of 129.90 EUR on 2 Mar 2026 and gave a rating of 2 (“too slow”); has not bought here before."
        );
    }

    #[test]
    fn no_cell_of_the_list_is_a_formula_or_breaks_its_line() {
        let hostile = Row {
            person_id: "=cmd|'/c calc'!A1".to_owned(),
            channel: Some("@sms\nx".to_owned()),
            said: Some(Word { at: 0, is_support: true, rating: None, comment: Some("\"\r\n=1+1".to_owned()) }),
            ..row()
        };
        let follow_up = crate::testing::follow_up(vec![hostile]);
        let text = csv(&follow_up, "UTC");
        assert_eq!(text.matches("\r\n").count(), 2, "{text}");
        assert!(text.contains("\"'=cmd|'/c calc'!A1\"") && text.contains("\"'@sms\u{fffd}x\""), "{text}");
    }
}
