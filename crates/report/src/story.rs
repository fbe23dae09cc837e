//! Stories → sentences, for the terminal and for pages alike. What logs say is made harmless here, not escaped.

use analysis::story::{Item, Moment, Story, Visit, What};
use events::Amount;

use crate::number;
use crate::words::{logged, quoted};

/// Products that are named; of more their number is told.
const NAMED: usize = 4;

/// A visit, or something that came in between, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, on what, and from where.
    pub heading: String,
    /// The time of day and what happened then.
    pub lines: Vec<(String, String)>,
}

/// A person's story, on the clock of this zone.
#[must_use]
pub fn story(story: &Story, zone: &str) -> Vec<Told> {
    story.visits.iter().map(|visit| told(visit, zone)).collect()
}

fn told(visit: &Visit, zone: &str) -> Told {
    let from = number::moment(visit.from, zone);
    let date = |at: i64| number::local_date(at, zone);
    let heading = if visit.is_visit {
        let until = match visit.until - visit.from {
            0 => String::new(),
            _ if date(visit.from) == date(visit.until) => format!(" to {}", number::time_of_day(visit.until, zone)),
            _ => format!(" to {}", number::moment(visit.until, zone)),
        };
        let device = visit.device.as_deref().map_or_else(String::new, |device| format!(", on {}", logged(device)));
        let channel = visit.channel.as_deref().map_or_else(String::new, |from| format!(", came by {}", logged(from)));
        let known = if visit.is_known { "" } else { ", not logged in" };
        format!("{from}{until}{device}{channel}{known}")
    } else {
        from
    };
    let lines = visit.moments.iter().map(|moment| {
        let time = if date(moment.at) == date(visit.from) {
            number::time_of_day(moment.at, zone)
        } else {
            number::moment(moment.at, zone)
        };
        (time, sentence(moment))
    });
    Told { heading, lines: lines.collect() }
}

/// What happened, as a sentence about the person.
#[must_use]
pub fn sentence(moment: &Moment) -> String {
    match &moment.what {
        What::Looked { products, pages } => looked(products, *pages),
        What::Searched(1) => "Searched the shop.".to_owned(),
        What::Searched(times) => format!("Searched the shop {times} times."),
        What::Wished(items) => format!("Put {} on the wish list.", list(items)),
        What::Added(items) => format!("Put {} into the cart.", list(items)),
        What::Removed(items) => format!("Took {} out of the cart.", list(items)),
        What::ViewedCart => "Looked at the cart.".to_owned(),
        What::BeganCheckout => "Went to checkout.".to_owned(),
        What::GaveShipping(way) => format!("Gave an address{}.", by(", delivery by ", way.as_deref())),
        What::GavePayment(way) => format!("Chose how to pay{}.", by(": ", way.as_deref())),
        What::MetError { code, message, status, times } => {
            let code = code.as_deref().map_or_else(String::new, |code| format!(" {}", logged(code)));
            let status = status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
            let message = message.as_deref().map_or_else(String::new, |text| format!(", and read {}", quoted(text)));
            let times = if *times > 1 { format!(", {times} times") } else { String::new() };
            format!("Was stopped by the error{code}{status}{times}{message}.")
        }
        What::Bought { order, value, currency, items } => {
            let order = order.as_deref().map_or_else(String::new, |order| format!(" (order {})", logged(order)));
            let value = value.map_or_else(String::new, |value| format!(" for {}", money(value, currency.as_deref())));
            let what = if items.is_empty() { "Bought".to_owned() } else { format!("Bought {}", list(items)) };
            format!("{what}{value}{order}.")
        }
        What::Refunded { value, currency } => match value {
            Some(value) => format!("Was given back {}.", money(Amount(value.0.abs()), currency.as_deref())),
            None => "Was given money back.".to_owned(),
        },
        What::Said { is_support, rating, comment, channel } => {
            let way = by(" by ", channel.as_deref());
            let rating = rating.map_or_else(String::new, |rating| format!(" and rated it {rating}"));
            let words = comment.as_deref().map_or_else(String::new, |text| format!(": {}", quoted(text)));
            match (*is_support, rating.as_str(), words.as_str()) {
                (true, ..) => format!("Asked for help{way}{rating}{words}."),
                (false, "", "") => format!("Gave feedback{way}."),
                (false, "", words) => format!("Said{way}{words}."),
                (false, rating, words) => {
                    format!("Gave a rating of{}{way}{words}.", rating.trim_start_matches(" and rated it"))
                }
            }
        }
        What::Contacted { channel, comment } => {
            let words = comment.as_deref().map_or_else(String::new, |text| format!(": {}", quoted(text)));
            format!("Was contacted by the shop{}{words}.", by(" by ", channel.as_deref()))
        }
        What::Other(1) => "Did something that these logs have no word for.".to_owned(),
        What::Other(times) => format!("Did {times} things that these logs have no word for."),
    }
}

fn looked(products: &[String], pages: u64) -> String {
    let names: Vec<String> = products.iter().take(NAMED).map(|name| logged(name)).collect();
    let more = products.len().saturating_sub(NAMED) as u64;
    let mut parts = names;
    if more > 0 {
        parts.push(number::counted(more, "more product"));
    }
    if pages > 0 {
        parts.push(if products.is_empty() {
            number::counted(pages, "page")
        } else {
            number::counted(pages, "other page")
        });
    }
    if parts.is_empty() { "Looked at a product.".to_owned() } else { format!("Looked at {}.", and(&parts)) }
}

/// `2 × Mug (12.50 EUR each) and a Cup`.
fn list(items: &[Item]) -> String {
    let one = |item: &Item| {
        let name = item.product.as_deref().map_or_else(|| "a product".to_owned(), logged);
        let pieces = if item.quantity == 1 { String::new() } else { format!("{} × ", item.quantity) };
        let each = if item.quantity == 1 { "" } else { " each" };
        let price =
            item.price.map_or_else(String::new, |price| format!(" ({}{each})", money(price, item.currency.as_deref())));
        format!("{pieces}{name}{price}")
    };
    let mut parts: Vec<String> = items.iter().take(NAMED).map(one).collect();
    let more = items.len().saturating_sub(NAMED) as u64;
    if more > 0 {
        parts.push(number::counted(more, "more product"));
    }
    if parts.is_empty() { "something".to_owned() } else { and(&parts) }
}

/// `a, b and c`.
pub(crate) fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn by(before: &str, way: Option<&str>) -> String {
    way.map_or_else(String::new, |way| format!("{before}{}", logged(way)))
}

/// An amount with its currency, or without where it is not logged.
pub(crate) fn money(amount: Amount, currency: Option<&str>) -> String {
    match currency {
        Some(currency) => number::money(amount, currency),
        None => number::amount(amount, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(what: What) -> String {
        sentence(&Moment { at: 0, what }).replace('\u{a0}', " ")
    }

    fn item(product: &str, quantity: i64) -> Item {
        let price = Some(Amount(125_000));
        Item { product: Some(product.to_owned()), quantity, price, currency: Some("EUR".to_owned()) }
    }

    #[test]
    fn moments_are_plain_sentences() {
        assert_eq!(
            says(What::Added(vec![item("Mug", 2), item("Cup", 1)])),
            "Put 2 × Mug (12.50 EUR each) and Cup (12.50 EUR) into the cart."
        );
        let products = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        assert_eq!(
            says(What::Looked { products, pages: 1 }),
            "Looked at a, b, c, d, 2 more products and 1 other page."
        );
        let error = What::MetError {
            code: Some("declined".to_owned()),
            message: Some("Card refused".to_owned()),
            status: Some(402),
            times: 2,
        };
        assert_eq!(says(error), "Was stopped by the error declined (HTTP 402), 2 times, and read “Card refused”.");
        let said = |is_support, rating, comment: Option<&str>| {
            says(What::Said { is_support, rating, comment: comment.map(str::to_owned), channel: None })
        };
        assert_eq!(said(false, Some(2.0), Some("slow")), "Gave a rating of 2: “slow”.");
        assert_eq!(said(false, None, None), "Gave feedback.");
        assert_eq!(said(true, Some(1.5), Some("help!")), "Asked for help and rated it 1.5: “help!”.");
    }

    #[test]
    fn what_logs_say_stays_within_its_quotes_and_steers_nothing() {
        let hostile = "\u{1b}[2J<script>alert(1)</script>\u{202e}\n”";
        let said =
            says(What::Said { is_support: false, rating: None, comment: Some(hostile.to_owned()), channel: None });
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\n']) && said.matches('”').count() == 1, "{said:?}");
    }
}
