//! What every number of the pages means.

use analysis::Analysis;
use serde::Serialize;

use super::{Link, Sheet};
use crate::{number, words};

/// A word of the page and its meaning.
#[derive(Debug, Serialize)]
pub(crate) struct Term {
    anchor: String,
    name: &'static str,
    meaning: String,
}

/// Every word in the order of the page: its anchor, its name, and its meaning, with the settings in braces.
const TERMS: [(&str, &str, &str); 42] = [
    (
        "cart",
        "Cart",
        "One person’s cart, from the first thing put into it (or from checkout, where nothing was put in before) until it is bought or {expiry} pass without a cart event. It stays the same cart across visits and devices.",
    ),
    ("abandoned", "Abandoned", "Not bought within {window} of being opened. It stays so even if it is bought later."),
    (
        "pending",
        "Pending",
        "Opened less than {window} before the moment of this report and not bought yet. Pending carts are in no percentage.",
    ),
    (
        "share",
        "Share of carts abandoned",
        "Abandoned carts of those whose {window} have passed. A cart is bought if that happened within {window}; younger carts are in no percentage, also those that were bought already.",
    ),
    (
        "interval",
        "95% interval",
        "The range that, with 95% confidence, holds the share that would be seen with endlessly many carts like these. For plain shares Wilson’s interval, for the curve Greenwood’s on the log(-log) scale. Below {few} carts no percentage is given.",
    ),
    (
        "matured",
        "Matured cart",
        "A cart opened at least {window} before the moment of this report: every one had the same chance to get on.",
    ),
    (
        "step",
        "Step",
        "Opened, viewed, checkout started, shipping given, payment given, bought. A cart seen at a later step has passed the earlier ones. Steps that the logs never hold are left out.",
    ),
    (
        "curve",
        "Time to checkout",
        "Share of carts bought by their age (Kaplan-Meier). A cart not bought yet counts for as long as it has been watched.",
    ),
    (
        "after",
        "Bought after the window",
        "Share of all carts that are bought after {window} and before they expire: what comes back by itself or by reminders.",
    ),
    (
        "reason",
        "Reason",
        "What the signs of an abandoned cart point to, by the first rule that holds: stopped at the till, emptied, kept for later, left where the costs of delivery first show, compared with others, left before the checkout. Judged by what happened within {window} of the opening, and by whether it was bought later.",
    ),
    (
        "confidence",
        "Confidence of a reason",
        "How sure a reason is, from 0 to 1. Of an error: of those who left after it, the share that would not have left without it. Of what was kept for later: the share of carts with the same signs that is bought later. Of costs and comparisons: 0.6 with one sign, 0.8 with two. Emptied, and not having entered the checkout, are facts.",
    ),
    (
        "gross",
        "Gross loss",
        "What abandoned carts held {window} after they were opened: quantity times the last known price. It never changes afterwards.",
    ),
    (
        "recovered",
        "Bought later",
        "The part of the gross loss in carts that were bought after {window}: the whole value of each such cart.",
    ),
    (
        "net",
        "Net loss",
        "Gross loss less what was bought later. Currencies are never mixed; sums in {base} use the configured rates.",
    ),
    (
        "elsewhere",
        "Bought elsewhere",
        "Products of an abandoned cart that the same person bought in another cart, up to 30 days after the window. Each piece of an order stands for one piece of one abandoned cart, the most recent one first, at the abandoned cart’s price.",
    ),
    (
        "repeated",
        "Left again",
        "Products put into a later abandoned cart again within 14 days: one wish, counted in the last cart only.",
    ),
    (
        "lost",
        "Lost in the end",
        "Gross loss less what was bought later, bought elsewhere or left again, plus what refunds took back of it. Pending carts are not in it. It is not money that would have been earned: people who would never have bought are in it.",
    ),
    (
        "spread",
        "90% interval of a loss",
        "Where nine of ten sums would lie if other customers of the same kind had come: a Poisson bootstrap over customers, corrected (BCa) below 5,000 of them. Where few carts decide the sum (Hill’s tail index below 2) none is given.",
    ),
    (
        "avoidable",
        "Avoidable",
        "What barriers found are said to have cost beyond what is lost anyway. A cart that met two of them counts once, and no cart with more than it lost: avoidable is at most net, and net at most gross.",
    ),
    (
        "segment",
        "Customer segment",
        "Customers with orders in the 365 days before the cart was opened, ranked by what they spent, in tenths; lapsed: orders, but none in those days; new: no order before.",
    ),
    (
        "barrier",
        "Barrier",
        "A condition of up to three parts under which far more attempts fail than before, with what everybody fared taken out. Among the alerts of one night one in twenty may be false; what is only watched is unusual on one night.",
    ),
    (
        "attempt",
        "Attempt",
        "The first of a person at a step within an hour. It fails if the next step does not follow in time: 6 hours after the cart was opened, 60 minutes within checkout, 30 minutes after payment was given. Attempts that still have time are not judged.",
    ),
    (
        "excess",
        "Failed beyond those expected",
        "Failed attempts less those to be expected from the condition’s own nights before and everybody else’s nights since. “At least” is the lower end of its range: one time in ten there are fewer.",
    ),
    (
        "rung",
        "Evidence",
        "1: unusual. 2: concentrated in the smallest condition that explains it, and not by another mix of customers. 3: together with errors in the same attempts. 4: began with a release, and more with it than without. 5: tested, which logs alone cannot.",
    ),
    (
        "forecast",
        "Forecast",
        "The expected share of a day’s new carts that will not be bought within {window}: nothing for those bought already, and for each open cart its probability, from what is known of it tonight.",
    ),
    (
        "range",
        "Range of a forecast",
        "The range that should hold on nine of ten nights. It allows for what all carts of a day have in common, as past days have shown it, and is widened or narrowed after nights on which it failed or held.",
    ),
    (
        "association",
        "Goes together with",
        "Compared are carts of which something was seen within {window} with those of which it was not. Risk ratio: share bought of the first by that of the second; correlation: phi, -1 to 1; odds ratio: the same comparison among carts of one segment, device and third of value only. Not one of them says that the one leads to the other.",
    ),
    (
        "risk",
        "Expected loss",
        "What is in an open cart times its probability not to be bought within {window}: before what will be bought later.",
    ),
    (
        "skill",
        "Better than simple forecasts",
        "By how much of the log-loss of a simple forecast the forecast used is better. Simple ones: the rate of the last seven matured days for carts as old; the rate of carts of the same segment, device and step; the time-to-checkout curve given the age.",
    ),
    (
        "calibration",
        "Calibration error",
        "Mean distance between forecast and outcome over 15 equally large groups of carts. Even a perfect forecast has a small one by chance.",
    ),
    (
        "blind",
        "Scored blind",
        "Each week’s carts are scored by a model trained on what was known when the week began, from what was known of the cart at that age. Persons are who they were known to be then.",
    ),
    (
        "customer",
        "Customer",
        "A person with a cart, an order, or something said in the last 90 days. Spend is over all time, less refunds; the segment is that of tonight.",
    ),
    (
        "follow_up",
        "Follow-up list",
        "Top customers with a recent abandoned cart, whom somebody should write or call in person: first those whom an error on our side stopped, then those who complained, then by what may come back, which is the value of the cart times the share of carts as old that are still bought.",
    ),
    (
        "courtesy",
        "Courtesy rule",
        "Nobody is listed who asked not to be contacted, is still shopping, has ordered since, or was contacted as often as the settings allow.",
    ),
    (
        "held_out",
        "Hold-out",
        "A share of persons, always the same ones, who are never listed: what they buy is what would have been bought anyway.",
    ),
    (
        "rating",
        "Rating",
        "Mean of the ratings given with feedback and requests for help, with Student’s 95% interval. What is said belongs to the latest cart opened in the fortnight before it.",
    ),
    (
        "order",
        "Order",
        "Purchase rows with the same order number of the same person; without a number, purchases no more than 30 minutes apart.",
    ),
    (
        "gap",
        "Tracking gap",
        "Orders for which no cart was open: the events that would have opened it were not logged, or under another identity.",
    ),
    (
        "row",
        "Row",
        "A line of a log. Every row read is either accepted, a duplicate, or quarantined. Days are those of {zone}.",
    ),
    (
        "duplicate",
        "Duplicate",
        "A row with the identity and content of one accepted before, in this or an earlier file.",
    ),
    ("quarantine", "Quarantine", "Rows that could not be used, kept apart with file, line and reason."),
    (
        "bot",
        "Program",
        "A visitor whose user agent says that it is a program, or who on one day adds to carts as no hand can: too fast, too often, too evenly, or without looking at anything.",
    ),
];

fn anchor(term: &str) -> String {
    format!("def-{term}")
}

/// What a word is called.
pub(super) fn name(term: &str) -> &'static str {
    TERMS.iter().find(|(known, ..)| *known == term).map_or("", |(_, name, _)| name)
}

pub(super) fn link(term: &str) -> Link {
    Link { href: Sheet::Data.place(&anchor(term)), text: name(term).to_owned() }
}

/// What a word means, with the night's settings.
pub(super) fn meaning<'a>(terms: &'a [Term], term: &str) -> &'a str {
    let anchor = anchor(term);
    terms.iter().find(|term| term.anchor == anchor).map_or("", |term| &term.meaning)
}

pub(super) fn terms(analysis: &Analysis) -> Vec<Term> {
    let settings = [
        ("{window}", number::span(analysis.window)),
        ("{expiry}", number::span(analysis.expiry)),
        ("{few}", number::FEW.to_string()),
        ("{base}", words::logged(&analysis.base)),
        ("{zone}", words::logged(&analysis.zone)),
    ];
    let filled = |text: &str| settings.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    TERMS.iter().map(|(term, name, text)| Term { anchor: anchor(term), name, meaning: filled(text) }).collect()
}
