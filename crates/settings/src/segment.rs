//! `[[segment]]`: the shop's own segments of customers.

use events::Amount;
use serde::Deserialize;

use super::{ConfigError, Number};

/// Names that segments of a shop's own cannot have: those of persons without an order, and of everybody else.
pub const TAKEN: [&str; 2] = ["new", "others"];

/// A named segment. A cart belongs to the first one of which every bound holds; a bound that is not given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentRule {
    /// Its name.
    pub name: String,
    /// At least so many orders before the cart was opened.
    pub min_orders: Option<i64>,
    /// At most so many.
    pub max_orders: Option<i64>,
    /// At least so much spent before, net of refunds, in the base currency.
    pub min_spend: Option<Amount>,
    /// At most so much.
    pub max_spend: Option<Amount>,
    /// The last order at least so many whole days before the cart was opened.
    pub min_days_since_order: Option<i64>,
    /// At most so many.
    pub max_days_since_order: Option<i64>,
}

/// A rule as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentTable {
    name: String,
    min_orders: Option<u32>,
    max_orders: Option<u32>,
    min_spend: Option<Number>,
    max_spend: Option<Number>,
    min_days_since_order: Option<u32>,
    max_days_since_order: Option<u32>,
}

impl SegmentTable {
    fn check(self, at: usize, name: &str) -> Result<SegmentRule, ConfigError> {
        let bad = |what: String| ConfigError(format!("{name}: segment {} `{}`: {what}", at + 1, self.name));
        if self.name.trim().is_empty() || TAKEN.contains(&self.name.trim()) {
            return Err(bad(format!("give it a name of its own, other than {}", TAKEN.join(" and "))));
        }
        let amount = |key: &str, number: Option<&Number>| {
            let Some(number) = number else { return Ok(None) };
            let text = number.text();
            Amount::parse(&text)
                .map(Some)
                .ok_or_else(|| bad(format!("{key} = `{text}` is no amount, such as 250 or 99.90")))
        };
        let rule = SegmentRule {
            name: self.name.trim().to_owned(),
            min_orders: self.min_orders.map(i64::from),
            max_orders: self.max_orders.map(i64::from),
            min_spend: amount("min_spend", self.min_spend.as_ref())?,
            max_spend: amount("max_spend", self.max_spend.as_ref())?,
            min_days_since_order: self.min_days_since_order.map(i64::from),
            max_days_since_order: self.max_days_since_order.map(i64::from),
        };
        let crossed = |low: Option<i128>, high: Option<i128>| low.zip(high).is_some_and(|(low, high)| low > high);
        let orders = (rule.min_orders.map(Into::into), rule.max_orders.map(Into::into));
        let spend = (rule.min_spend.map(|amount| amount.0), rule.max_spend.map(|amount| amount.0));
        let days = (rule.min_days_since_order.map(Into::into), rule.max_days_since_order.map(Into::into));
        for (what, (low, high)) in [("orders", orders), ("spend", spend), ("days_since_order", days)] {
            if crossed(low, high) {
                return Err(bad(format!("min_{what} is above max_{what}, so nobody can be in it")));
            }
        }
        if orders.1 == Some(0) && (orders.0 > Some(0) || days != (None, None)) {
            return Err(bad("max_orders = 0 is people without an order, who have no days since one".to_owned()));
        }
        Ok(rule)
    }
}

/// All rules of a file, in its order.
pub(super) fn check(tables: Vec<SegmentTable>, name: &str) -> Result<Vec<SegmentRule>, ConfigError> {
    let rules: Vec<SegmentRule> =
        tables.into_iter().enumerate().map(|(at, table)| table.check(at, name)).collect::<Result<_, _>>()?;
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| other.name == rule.name) {
            return Err(ConfigError(format!("{name}: segment {} `{}`: another one has this name", at + 1, rule.name)));
        }
    }
    Ok(rules)
}

/// A rule in one line, as a fingerprint of the settings.
pub(super) fn in_words(rules: &[SegmentRule]) -> String {
    let words = |rule: &SegmentRule| {
        let bounds = [
            ("min_orders", rule.min_orders.map(|bound| bound.to_string())),
            ("max_orders", rule.max_orders.map(|bound| bound.to_string())),
            ("min_spend", rule.min_spend.map(|bound| bound.to_string())),
            ("max_spend", rule.max_spend.map(|bound| bound.to_string())),
            ("min_days_since_order", rule.min_days_since_order.map(|bound| bound.to_string())),
            ("max_days_since_order", rule.max_days_since_order.map(|bound| bound.to_string())),
        ];
        let given = bounds.into_iter().filter_map(|(key, bound)| Some(format!(" {key}={}", bound?)));
        format!("{}:{}", rule.name, given.collect::<String>())
    };
    rules.iter().map(words).collect::<Vec<_>>().join("; ")
}
