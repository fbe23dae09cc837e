//! The headline answers in plain words: how many, how much, where.

use analysis::funnel::Step;
use analysis::headlines::Forecast;
use analysis::{Analysis, Automation, Estimate};
use events::{Amount, money};

use crate::show::{printable, thousands};

/// Below this many carts a percentage says less than the counts.
const FEW: u64 = 30;

/// Three answers, a line or two each.
pub(crate) fn answers(analysis: &Analysis) -> Vec<String> {
    let headlines = analysis.headlines();
    let outcomes = headlines.abandonment;
    if outcomes.carts == 0 {
        return vec![
            "no cart was opened in these logs; `leftcart check` on them says what their rows are taken for".to_owned(),
        ];
    }
    let window = events::time::format_span(analysis.window);
    let mut lines = Vec::new();
    lines.push(match outcomes.rate {
        Some(rate) => format!(
            "abandoned within {window}: {} (of carts older than that; {} younger ones were not bought yet)",
            share(rate),
            thousands(outcomes.pending)
        ),
        None => format!(
            "abandoned within {window}: too early to say, every cart is younger (carts: {}, bought already: {}, not yet: {})",
            thousands(outcomes.carts),
            thousands(outcomes.purchased_early),
            thousands(outcomes.pending)
        ),
    });
    for total in &headlines.revenue {
        let amount = |amount: Amount| format!("{} {}", decimal(amount, &total.currency), total.currency);
        lines.push(format!(
            "lost revenue: {} net ({} abandoned, {} of it bought later); {} still pending",
            amount(total.loss.net),
            amount(total.loss.gross),
            amount(total.loss.recovered),
            amount(total.loss.pending_value)
        ));
    }
    if let Some(drop) = headlines.biggest_drop {
        lines.push(format!(
            "most stop between {} and {}: {} of those who came so far",
            step(drop.from),
            step(drop.to),
            share(drop.of_reached)
        ));
    }
    if let Some(forecast) = &headlines.forecast {
        lines.push(expected(forecast, &window));
    }
    let orders = &analysis.orders;
    if orders.without_cart > 0 {
        lines.push(format!(
            "tracking gap: {} of {} orders came without any cart in the logs",
            thousands(orders.without_cart),
            thousands(orders.orders)
        ));
    }
    lines
}

/// What is expected of the newest carts.
fn expected(forecast: &Forecast, window: &str) -> String {
    let day = &forecast.day;
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let track = match forecast.nights {
        0 => String::new(),
        nights => format!("; on {} of {nights} nights such a range held", forecast.held),
    };
    format!(
        "forecast: {} % of the {} carts of {} will not be bought within {window} ({:.0} % range {} to {} %; {} not bought yet{track})",
        percent(day.expected_rate),
        thousands(day.carts),
        day.day,
        100.0 * day.level,
        percent(day.low),
        percent(day.high),
        thousands(day.open)
    )
}

/// How much of the latest cart creation was automated, by rule.
pub(crate) fn automation(automation: &Automation) -> String {
    let Automation { first_day, last_day, adds, automated_adds, visitor_days, .. } = automation;
    let head = format!("adds to cart by programs, {first_day} to {last_day} (UTC)");
    let Some(automated) = automation.automated_share else { return format!("{head}: nothing was added to any cart") };
    let rules: Vec<String> = automation
        .by_rule
        .iter()
        .filter_map(|by| Some(format!("{} {}", printable(by.rule.as_deref()?), thousands(by.adds))))
        .collect();
    let rules = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join(", ")) };
    format!(
        "{head}: {} of {}{rules}; visitor-days with adds that were automated: {}",
        thousands(*automated_adds),
        thousands(*adds),
        if *visitor_days < FEW {
            share(automated)
        } else {
            format!(
                "{} of {}, {}",
                thousands(automation.automated_visitor_days),
                thousands(*visitor_days),
                share(automated)
            )
        }
    )
}

fn share(estimate: Estimate) -> String {
    let hits = (estimate.point * estimate.n as f64).round();
    if estimate.n < FEW {
        return format!("{hits} of {}", estimate.n);
    }
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    format!(
        "{} % (95 % interval {} to {} %, n = {})",
        percent(estimate.point),
        percent(estimate.low),
        percent(estimate.high),
        thousands(estimate.n)
    )
}

fn step(step: Step) -> &'static str {
    match step {
        Step::AddToCart => "opening a cart",
        Step::ViewCart => "viewing it",
        Step::BeginCheckout => "starting checkout",
        Step::AddShippingInfo => "giving an address",
        Step::AddPaymentInfo => "giving a means of payment",
        Step::Purchase => "buying",
    }
}

/// 1234567.8 as 1,234,567.80, with as many decimals as the currency has.
fn decimal(amount: Amount, currency: &str) -> String {
    let decimals = usize::from(money::display_decimals(currency)).min(4);
    let unit = 10_i128.pow(4 - u32::try_from(decimals).expect("at most 4"));
    let rounded = (amount.0.abs() + unit / 2) / unit;
    let scale = 10_i128.pow(u32::try_from(decimals).expect("at most 4"));
    let whole = thousands(u64::try_from(rounded / scale).unwrap_or(u64::MAX));
    let sign = if amount.0 < 0 && rounded > 0 { "-" } else { "" };
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{:0decimals$}", rounded % scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_the_currency_s_decimals() {
        let amount = |text: &str, currency| decimal(Amount::parse(text).unwrap(), currency);
        assert_eq!(amount("25553.33", "EUR"), "25,553.33");
        assert_eq!(amount("-0.005", "EUR"), "-0.01");
        assert_eq!(amount("-0.001", "EUR"), "0.00");
        assert_eq!((amount("1234.5", "JPY"), amount("1.2345", "KWD")), ("1,235".into(), "1.235".into()));
    }

    #[test]
    fn few_carts_are_counted_not_turned_into_percent() {
        let estimate = |n| Estimate { point: 0.5, low: 0.3, high: 0.7, n };
        assert_eq!(share(estimate(10)), "5 of 10");
        assert!(share(estimate(100)).starts_with("50.0 % (95 % interval 30.0 to 70.0 %, n = 100)"));
    }
}
