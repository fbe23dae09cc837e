//! `leftcart cart`: one cart, event by event, with its outcome and what is expected of it.

use analysis::schema::PREDICTIONS;
use analysis::story::What;
use anyhow::{Result, bail};
use carts::schema::{CART_ITEMS, CARTS};
use events::lake::Lake;
use events::time::DAY;
use serde_json::{Map, Value, json};

use super::customer::{as_of, tell, tell_visit};
use crate::args::CartArgs;
use crate::config::Config;
use crate::night::settings;
use crate::people::{self, amount, count, moment, text};
use crate::show;

/// Digits of an id that are enough to ask for it.
const SHORTEST: usize = 6;
/// What is said so long after a cart's last event belongs to its story.
const AFTERWARDS: i64 = 14 * DAY;

pub(crate) fn run(args: &CartArgs) -> Result<()> {
    let config = Config::load(args.lake.config.as_deref())?;
    let generation = Lake::at(&args.lake.data).published()?;
    let as_of = as_of(&generation)?;
    let id = args.id.as_deref().unwrap_or_default().trim().to_lowercase();
    if id.len() < SHORTEST {
        bail!("which cart? give at least {SHORTEST} digits of its cart_id");
    }
    let mut found = people::rows(&generation.table(CARTS.name), &CARTS, "cart_id", |cart| cart.starts_with(&id))?;
    let cart = match found.len() {
        0 => bail!(
            "no cart has an id that begins with {id}: looked for in the table carts of {}; `leftcart customer ID` lists a \
             person's carts",
            generation.path().display()
        ),
        1 => found.remove(0),
        n => bail!("{n} carts have ids that begin with {id}; give more digits"),
    };
    let id = text(&cart, "cart_id").unwrap_or_default().to_owned();
    let person = text(&cart, "person_id").unwrap_or_default().to_owned();
    let is_it = |other: &str| other == id;
    let items = people::rows(&generation.table(CART_ITEMS.name), &CART_ITEMS, "cart_id", is_it)?;
    let prediction = people::rows(&generation.table(PREDICTIONS.name), &PREDICTIONS, "cart_id", is_it)?.pop();
    let opened = moment(&cart, "opened_at").unwrap_or(as_of);
    let ended = moment(&cart, "purchased_at").or_else(|| moment(&cart, "last_activity_at")).unwrap_or(as_of);
    let span = (opened, (ended + AFTERWARDS).min(as_of));
    let mut story = tell(&generation, &person, std::slice::from_ref(&cart), span, &settings(&config, as_of))?;
    for visit in &mut story.visits {
        visit.moments.retain(|moment| match moment.what {
            What::Looked { .. } | What::Searched(_) | What::Other(_) | What::Wished(_) => false,
            What::Said { .. } | What::Contacted { .. } | What::Refunded { .. } => true,
            _ => moment.at <= ended,
        });
    }
    story.visits.retain(|visit| !visit.moments.is_empty());
    if args.lake.json {
        show::json(&json!({ "cart": cart, "items": items, "prediction": prediction, "story": story }));
        return Ok(());
    }
    let zone = config.zone.name();
    let say = |text: &str| show::line(&show::printable(text));
    say(&format!("Cart {id} of {person}"));
    say(&outcome(&cart, zone));
    if let Some(why) = went_wrong(&cart) {
        say(&why);
    }
    if let Some(prediction) = &prediction {
        say(&expected(prediction));
    }
    if !items.is_empty() {
        say("");
        say("In it:");
        for item in &items {
            say(&format!("  {}", item_line(item, text(&cart, "currency"))));
        }
    }
    for visit in report::story::story(&story, zone) {
        show::line("");
        tell_visit(&visit);
    }
    Ok(())
}

/// What became of a cart, in a sentence.
pub(super) fn outcome(cart: &Map<String, Value>, zone: &str) -> String {
    let on = |column: &str| moment(cart, column).map_or_else(String::new, |at| report::moment(at, zone));
    let currency = text(cart, "currency");
    let held = amount(
        cart,
        if cart.get("value_at_window") == Some(&Value::Null) { "value" } else { "value_at_window" },
        currency,
    );
    let opened = format!("opened {}", on("opened_at"));
    let became = match (text(cart, "outcome"), cart.get("recovered"), cart.get("emptied")) {
        (Some("purchased"), ..) => format!("bought {} ({held})", on("purchased_at")),
        (Some("abandoned"), Some(Value::Bool(true)), _) => {
            format!("abandoned with {held} in it, and bought later, {}", on("purchased_at"))
        }
        (Some("abandoned"), _, Some(Value::Bool(true))) => "emptied".to_owned(),
        (Some("abandoned"), ..) => {
            format!("abandoned with {held} in it after {}", step(text(cart, "furthest_step").unwrap_or_default()))
        }
        _ => format!("open with {held} in it, too young to judge"),
    };
    format!("{opened}, {became}.")
}

fn step(step: &str) -> &'static str {
    match step {
        "view_cart" => "viewing it",
        "begin_checkout" => "going to checkout",
        "add_shipping_info" => "giving an address",
        "add_payment_info" => "choosing how to pay",
        _ => "being filled",
    }
}

/// What stood in the way, as far as the cart tells.
fn went_wrong(cart: &Map<String, Value>) -> Option<String> {
    let errors = count(cart, "errors");
    let last = text(cart, "last_error_code").map_or_else(String::new, |code| format!(", the last one {code}"));
    (errors > 0)
        .then(|| format!("{} checkout error{} happened in it{last}.", errors, if errors == 1 { "" } else { "s" }))
}

fn expected(prediction: &Map<String, Value>) -> String {
    let percent = prediction.get("p_abandon").and_then(Value::as_f64).unwrap_or_default() * 100.0;
    let reasons = text(prediction, "reasons").filter(|reasons| !reasons.is_empty());
    let why = reasons.map_or_else(String::new, |reasons| format!("; what moves that most: {reasons}"));
    format!("It will not be bought in time with a probability of {percent:.0} %{why}.")
}

fn item_line(item: &Map<String, Value>, currency: Option<&str>) -> String {
    let name = text(item, "product_name").or_else(|| text(item, "product_id")).unwrap_or("a product");
    match count(item, "quantity") {
        0 => format!("{name}, taken out again"),
        pieces => format!("{pieces} × {name}, {}", amount(item, "value", currency)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_of_a_cart_is_a_sentence() {
        let cart = |more: Value| {
            let mut cart = json!({
                "opened_at": events::time::format(0), "outcome": "abandoned", "recovered": false, "emptied": false,
                "value": "10.0000", "value_at_window": "12.5000", "currency": "EUR", "furthest_step": "begin_checkout",
            });
            cart.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            outcome(cart.as_object().unwrap(), "UTC").replace('\u{a0}', " ")
        };
        assert_eq!(
            cart(json!({})),
            "opened 1 Jan 1970, 00:00, abandoned with 12.50 EUR in it after going to checkout."
        );
        assert_eq!(cart(json!({ "emptied": true })), "opened 1 Jan 1970, 00:00, emptied.");
        assert_eq!(
            cart(json!({ "outcome": "pending", "value_at_window": null })),
            "opened 1 Jan 1970, 00:00, open with 10.00 EUR in it, too young to judge."
        );
    }
}
