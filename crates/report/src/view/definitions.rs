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

const NAMES: [(&str, &str); 32] = [
    ("cart", "Cart"),
    ("abandoned", "Abandoned"),
    ("pending", "Pending"),
    ("share", "Share of carts abandoned"),
    ("interval", "95% interval"),
    ("matured", "Matured cart"),
    ("step", "Step"),
    ("curve", "Time to checkout"),
    ("after", "Bought after the window"),
    ("reason", "Reason"),
    ("confidence", "Confidence of a reason"),
    ("gross", "Gross loss"),
    ("recovered", "Bought later"),
    ("net", "Net loss"),
    ("elsewhere", "Bought elsewhere"),
    ("repeated", "Left again"),
    ("lost", "Lost in the end"),
    ("spread", "90% interval of a loss"),
    ("avoidable", "Avoidable"),
    ("segment", "Customer segment"),
    ("forecast", "Forecast"),
    ("range", "Range of a forecast"),
    ("risk", "Expected loss"),
    ("skill", "Better than simple forecasts"),
    ("calibration", "Calibration error"),
    ("blind", "Scored blind"),
    ("order", "Order"),
    ("gap", "Tracking gap"),
    ("row", "Row"),
    ("duplicate", "Duplicate"),
    ("quarantine", "Quarantine"),
    ("bot", "Program"),
];

fn anchor(term: &str) -> String {
    format!("def-{term}")
}

fn name(term: &str) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == term).map_or("", |(_, name)| name)
}

pub(super) fn link(term: &str) -> Link {
    Link { href: Sheet::Data.place(&anchor(term)), text: name(term).to_owned() }
}

pub(super) fn terms(analysis: &Analysis) -> Vec<Term> {
    let (window, expiry) = (number::span(analysis.window), number::span(analysis.expiry));
    let zone = words::logged(&analysis.zone);
    let base = words::logged(&analysis.base);
    NAMES
        .iter()
        .map(|(term, name)| Term { anchor: anchor(term), name, meaning: meaning(term, &window, &expiry, &zone, &base) })
        .collect()
}

fn meaning(term: &str, window: &str, expiry: &str, zone: &str, base: &str) -> String {
    let text = match term {
        "cart" => {
            "One person’s cart, from the first thing put into it (or from checkout, where nothing was put in before) until it is bought or {expiry} pass without a cart event. It stays the same cart across visits and devices."
        }
        "abandoned" => "Not bought within {window} of being opened. It stays so even if it is bought later.",
        "pending" => {
            "Opened less than {window} before the moment of this report and not bought yet. Pending carts are in no percentage."
        }
        "share" => {
            "Abandoned carts of those whose {window} have passed. A cart is bought if that happened within {window}; younger carts are in no percentage, also those that were bought already."
        }
        "interval" => {
            "The range that, with 95% confidence, holds the share that would be seen with endlessly many carts like these. For plain shares Wilson’s interval, for the curve Greenwood’s on the log(-log) scale. Below {few} carts no percentage is given."
        }
        "matured" => {
            "A cart opened at least {window} before the moment of this report: every one had the same chance to get on."
        }
        "step" => {
            "Opened, viewed, checkout started, shipping given, payment given, bought. A cart seen at a later step has passed the earlier ones. Steps that the logs never hold are left out."
        }
        "curve" => {
            "Share of carts bought by their age (Kaplan-Meier). A cart not bought yet counts for as long as it has been watched."
        }
        "after" => {
            "Share of all carts that are bought after {window} and before they expire: what comes back by itself or by reminders."
        }
        "gross" => {
            "What abandoned carts held {window} after they were opened: quantity times the last known price. It never changes afterwards."
        }
        "recovered" => {
            "The part of the gross loss in carts that were bought after {window}: the whole value of each such cart."
        }
        "net" => {
            "Gross loss less what was bought later. Currencies are never mixed; sums in {base} use the configured rates."
        }
        "elsewhere" => {
            "Products of an abandoned cart that the same person bought in another cart, up to 30 days after the window. Each piece of an order stands for one piece of one abandoned cart, the most recent one first, at the abandoned cart’s price."
        }
        "repeated" => {
            "Products put into a later abandoned cart again within 14 days: one wish, counted in the last cart only."
        }
        "lost" => {
            "Gross loss less what was bought later, bought elsewhere or left again, plus what refunds took back of it. Pending carts are not in it. It is not money that would have been earned: people who would never have bought are in it."
        }
        "spread" => {
            "Where nine of ten sums would lie if other customers of the same kind had come: a Poisson bootstrap over customers, corrected (BCa) below 5,000 of them. Where few carts decide the sum (Hill’s tail index below 2) none is given."
        }
        "avoidable" => {
            "What barriers found are said to have cost beyond what is lost anyway. A cart that met two of them counts once, and no cart with more than it lost: avoidable is at most net, and net at most gross."
        }
        "segment" => {
            "Customers with orders in the 365 days before the cart was opened, ranked by what they spent, in tenths; lapsed: orders, but none in those days; new: no order before."
        }
        "forecast" => {
            "The expected share of a day’s new carts that will not be bought within {window}: nothing for those bought already, and for each open cart its probability, from what is known of it tonight."
        }
        "range" => {
            "The range that should hold on nine of ten nights. It allows for what all carts of a day have in common, as past days have shown it, and is widened or narrowed after nights on which it failed or held."
        }
        "risk" => {
            "What is in an open cart times its probability not to be bought within {window}: before what will be bought later."
        }
        "skill" => {
            "By how much of the log-loss of a simple forecast the forecast used is better. Simple ones: the rate of the last seven matured days for carts as old; the rate of carts of the same segment, device and step; the time-to-checkout curve given the age."
        }
        "calibration" => {
            "Mean distance between forecast and outcome over 15 equally large groups of carts. Even a perfect forecast has a small one by chance."
        }
        "blind" => {
            "Each week’s carts are scored by a model trained on what was known when the week began, from what was known of the cart at that age. Persons are who they were known to be then."
        }
        "reason" => {
            "What the signs of an abandoned cart point to, by the first rule that holds: stopped at the till, emptied, kept for later, left where the costs of delivery first show, compared with others, left before the checkout. Judged by what happened within {window} of the opening, and by whether it was bought later."
        }
        "confidence" => {
            "How sure a reason is, from 0 to 1. Of an error: of those who left after it, the share that would not have left without it. Of what was kept for later: the share of carts with the same signs that is bought later. Of costs and comparisons: 0.6 with one sign, 0.8 with two. Emptied, and not having entered the checkout, are facts."
        }
        "order" => {
            "Purchase rows with the same order number of the same person; without a number, purchases no more than 30 minutes apart."
        }
        "gap" => {
            "Orders for which no cart was open: the events that would have opened it were not logged, or under another identity."
        }
        "row" => {
            "A line of a log. Every row read is either accepted, a duplicate, or quarantined. Days are those of {zone}."
        }
        "duplicate" => "A row with the identity and content of one accepted before, in this or an earlier file.",
        "quarantine" => "Rows that could not be used, kept apart with file, line and reason.",
        "bot" => {
            "A visitor whose user agent says that it is a program, or who on one day adds to carts as no hand can: too fast, too often, too evenly, or without looking at anything."
        }
        _ => "",
    };
    text.replace("{window}", window)
        .replace("{expiry}", expiry)
        .replace("{few}", &number::FEW.to_string())
        .replace("{base}", base)
        .replace("{zone}", zone)
}
