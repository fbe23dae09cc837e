//! Why a cart is thought likely, or unlikely, to be left: the features that move its odds most, in words.

use super::features::{NUMBERS, Vocabularies, WORDS, at};
use super::landmark::Row;
use super::model::Method;

/// Reasons given for a cart.
const MOST: usize = 3;
/// Log-odds below which a feature is no reason.
const LEAST: f64 = 0.10;

/// The features that move the odds most, each as `+` (likelier to be left) or `-` (likelier to be bought) and what is
/// known of the cart, separated by semicolons. Empty where the cart is like all others.
pub(super) fn words(row: &Row, contributions: &[f64], vocabularies: &Vocabularies) -> String {
    let mut order: Vec<usize> = (0..contributions.len()).filter(|at| contributions[*at].abs() >= LEAST).collect();
    order.sort_by(|a, b| contributions[*b].abs().total_cmp(&contributions[*a].abs()).then(a.cmp(b)));
    let reason = |at: usize| {
        let sign = if contributions[at] > 0.0 { "+" } else { "-" };
        format!("{sign} {}", describe(row, at, vocabularies))
    };
    order.into_iter().take(MOST).map(reason).collect::<Vec<_>>().join("; ")
}

/// What a simple method goes by.
pub(super) fn simple(row: &Row, method: Method, vocabularies: &Vocabularies) -> String {
    if method != Method::GroupRate {
        return "like all carts of its age".to_owned();
    }
    let of = |word: usize| describe(row, NUMBERS.len() + word, vocabularies);
    format!("like carts of its age: {}, {}, {}", of(at::SEGMENT), of(at::DEVICE), of(at::STEP))
}

fn describe(row: &Row, feature: usize, vocabularies: &Vocabularies) -> String {
    match feature.checked_sub(NUMBERS.len()) {
        None => of_number(NUMBERS[feature].name, f64::from(row.features.numbers[feature])),
        Some(word) => of_word(WORDS[word].name, vocabularies[word].word(row.features.words[word])),
    }
}

fn of_number(name: &str, value: f64) -> String {
    if value.is_nan() {
        return match name {
            "value" | "dearest_share" => "nothing in it has a price",
            "hours_since_error" => "no error met",
            "prior_spend" | "days_since_order" => "never ordered before",
            "prior_bought_share" => "first cart",
            _ => "not known",
        }
        .to_owned();
    }
    let back = value.exp() - 1.0;
    let count = |one: &str, many: &str| match value {
        n if n < 0.5 => format!("no {many}"),
        n if n < 1.5 => format!("1 {one}"),
        n => format!("{n:.0} {many}"),
    };
    match name {
        "value" => format!("worth {back:.0}"),
        "dearest_share" => format!("one product is {:.0} % of its value", 100.0 * value),
        "items" => count("piece in it", "pieces in it"),
        "products" => count("product in it", "products in it"),
        "additions" => count("addition", "additions"),
        "removals" => count("removal", "removals"),
        "emptied" => if value > 0.5 { "everything was taken out" } else { "not emptied" }.to_owned(),
        "coupon" => if value > 0.5 { "has a coupon" } else { "no coupon" }.to_owned(),
        "cart_views" => count("look at the cart", "looks at the cart"),
        "checkouts" => count("start of checkout", "starts of checkout"),
        "errors" => count("error in checkout", "errors in checkout"),
        "hours_since_error" => format!("last error {} ago", span(back)),
        "hours_idle" => format!("cart untouched for {}", span(back)),
        "hours_seen_after" => format!("seen for {} after last touching the cart", span(value)),
        "visits" => count("further visit", "further visits"),
        "looks_before" => count("page seen before the cart", "pages seen before the cart"),
        "looks" => count("page seen since", "pages seen since"),
        "wishes" => count("wish-list entry", "wish-list entries"),
        "contacts" => count("message from the shop", "messages from the shop"),
        "complaints" => count("question or complaint", "questions or complaints"),
        "browsers" => count("browser", "browsers"),
        "account" => if value > 0.5 { "has an account" } else { "guest" }.to_owned(),
        "prior_orders" => count("earlier order", "earlier orders"),
        "prior_spend" => format!("spent {back:.0} before"),
        "days_since_order" => format!("last order {} ago", span(24.0 * back)),
        "prior_bought_share" => format!("earlier carts suggest {:.0} % bought", 100.0 * value),
        other => format!("{other} {value:.2}"),
    }
}

fn span(hours: f64) -> String {
    match hours {
        hours if hours < 1.0 => format!("{:.0} min", 60.0 * hours),
        hours if hours < 48.0 => format!("{hours:.0} h"),
        hours => format!("{:.0} days", hours / 24.0),
    }
}

fn of_word(name: &str, word: Option<&str>) -> String {
    let plain = name.replace('_', " ");
    let Some(word) = word else { return format!("{plain} not recorded") };
    match name {
        "step" => format!("came as far as {}", word.replace('_', " ")),
        "segment" => format!("customer segment {word}"),
        "weekday" => format!("opened on a {word}"),
        "hour" => format!("opened at {word} h"),
        "opened_by" => format!("opened by {}", word.replace('_', " ")),
        "error_code" => format!("last error {word}"),
        _ => format!("{plain} {word}"),
    }
}
