//! What a model may know of a cart: one declaration of every feature, and the one way in which all of them are made.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use events::Kind;
use events::time::{DAY, HOUR};

use super::history::Person;
use super::journey::{Journey, word};

/// How a number enters a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As a curve.
    Smooth,
    /// As its logarithm, and whether it is above 0.
    Count,
    /// Yes or no.
    Flag,
}

/// A feature that is a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Whether what it tells depends on the cart's age.
    pub(super) by_age: bool,
}

/// A feature that is a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// As in [`Number`].
    pub(super) by_age: bool,
}

const fn number(name: &'static str, shape: Shape) -> Number {
    Number { name, shape, by_age: false }
}

const fn number_by_age(name: &'static str, shape: Shape) -> Number {
    Number { name, shape, by_age: true }
}

const fn of_word(name: &'static str) -> Word {
    Word { name, by_age: false }
}

/// Features that are numbers. Hours, days and money are logarithms of 1 + x; what is not known is NaN.
pub(super) const NUMBERS: [Number; 26] = [
    number("value", Shape::Smooth),
    number("dearest_share", Shape::Smooth),
    number("items", Shape::Count),
    number("products", Shape::Count),
    number("additions", Shape::Count),
    number("removals", Shape::Count),
    number_by_age("emptied", Shape::Flag),
    number("coupon", Shape::Flag),
    number("cart_views", Shape::Count),
    number("checkouts", Shape::Count),
    number_by_age("errors", Shape::Count),
    number("hours_since_error", Shape::Smooth),
    number_by_age("hours_idle", Shape::Smooth),
    number("hours_seen_after", Shape::Count),
    number_by_age("visits", Shape::Count),
    number("looks_before", Shape::Count),
    number_by_age("looks", Shape::Count),
    number("wishes", Shape::Count),
    number("contacts", Shape::Count),
    number("complaints", Shape::Count),
    number("browsers", Shape::Count),
    number("account", Shape::Flag),
    number("prior_orders", Shape::Count),
    number("prior_spend", Shape::Smooth),
    number("days_since_order", Shape::Smooth),
    number("prior_bought_share", Shape::Smooth),
];

/// Features that are words.
pub(super) const WORDS: [Word; 15] = [
    Word { name: "step", by_age: true },
    of_word("segment"),
    of_word("device"),
    of_word("os"),
    of_word("browser"),
    of_word("country"),
    of_word("channel"),
    of_word("release"),
    of_word("payment_method"),
    of_word("shipping_method"),
    of_word("category"),
    of_word("error_code"),
    of_word("weekday"),
    of_word("hour"),
    of_word("opened_by"),
];

/// Positions in [`WORDS`] that are used by name.
pub(super) mod at {
    pub(in super::super) const STEP: usize = 0;
    pub(in super::super) const SEGMENT: usize = 1;
    pub(in super::super) const DEVICE: usize = 2;
    pub(in super::super) const RELEASE: usize = 7;
    pub(in super::super) const PAYMENT: usize = 8;
}

/// Positions in [`NUMBERS`] that are used by name.
pub(super) mod number_at {
    pub(in super::super) const VALUE: usize = 0;
    pub(in super::super) const ITEMS: usize = 2;
    pub(in super::super) const ERRORS: usize = 10;
    pub(in super::super) const HOURS_IDLE: usize = 12;
    pub(in super::super) const VISITS: usize = 14;
    pub(in super::super) const WISHES: usize = 17;
}

/// Words of one feature with their codes; 0 is none.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    words: Vec<std::sync::Arc<str>>,
    codes: std::collections::HashMap<std::sync::Arc<str>, u16>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self { words: vec!["".into()], codes: std::collections::HashMap::new() }
    }
}

impl Vocabulary {
    /// The code of a word. Words beyond the first 65,534 share the last code.
    fn code(&mut self, word: Option<&str>) -> u16 {
        let Some(word) = word else { return 0 };
        if let Some(code) = self.codes.get(word) {
            return *code;
        }
        let code = u16::try_from(self.words.len()).unwrap_or(u16::MAX - 1).min(u16::MAX - 1);
        if code < u16::MAX - 1 {
            let word: std::sync::Arc<str> = word.into();
            self.words.push(word.clone());
            self.codes.insert(word, code);
        }
        code
    }

    /// The code of a word that is known; `None` where it is not.
    pub(super) fn known(&self, word: Option<&str>) -> Option<u16> {
        word.map_or(Some(0), |word| self.codes.get(word).copied())
    }

    /// The word of a code; `None` for none.
    pub(super) fn word(&self, code: u16) -> Option<&str> {
        if code == 0 { None } else { self.words.get(usize::from(code)).map(|word| &**word) }
    }
}

/// The vocabularies of all [`WORDS`].
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabularies([Vocabulary; WORDS.len()]);

impl std::ops::Index<usize> for Vocabularies {
    type Output = Vocabulary;
    fn index(&self, at: usize) -> &Vocabulary {
        &self.0[at]
    }
}

impl Vocabularies {
    /// A hash of every word, by feature and code.
    pub(super) fn hashes(&self) -> Vec<Vec<u128>> {
        let of_words = |vocabulary: &Vocabulary| {
            let words = vocabulary.words.iter().enumerate();
            words.map(|(code, word)| if code == 0 { 0 } else { events::hash::of_bytes(word.as_bytes()) }).collect()
        };
        self.0.iter().map(of_words).collect()
    }

    /// The code of a word of one feature.
    pub(super) fn code(&mut self, at: usize, word: Option<&str>) -> u16 {
        self.0[at].code(word)
    }
}

/// A cart at a moment, as models see it.
#[derive(Clone, Debug)]
pub(super) struct Features {
    /// As [`NUMBERS`].
    pub(super) numbers: [f32; NUMBERS.len()],
    /// As [`WORDS`], by their vocabularies.
    pub(super) words: [u16; WORDS.len()],
}

/// Carts of a person that count as much as the prior when judging how the earlier ones ended: 2 bought, 5 not.
const PRIOR_CARTS: (f64, f64) = (2.0, 5.0);

/// Makes the features of a cart from what is known at `moment`. The segment is added once everybody's spend is known.
pub(super) fn of(
    journey: &Journey,
    person: &Person,
    moment: i64,
    zone: Tz,
    vocabularies: &mut Vocabularies,
) -> Features {
    let content = journey.content();
    let hours = |since: i64| ((moment - since).max(0) as f64 / HOUR as f64).ln_1p();
    let days = |since: i64| ((moment - since).max(0) as f64 / DAY as f64).ln_1p();
    let flag = |is: bool| f64::from(u8::from(is));
    let value = content.value.map_or(f64::NAN, |value| value.to_f64().max(0.0).ln_1p());
    let dearest = match (content.dearest, content.value) {
        (Some(dearest), Some(value)) if value.0 > 0 => dearest.to_f64() / value.to_f64(),
        _ => f64::NAN,
    };
    let (carts, bought) = (f64::from(person.carts), f64::from(person.carts_bought));
    let has_carts = person.carts > 0;
    let numbers = [
        value,
        dearest,
        content.items as f64,
        content.products as f64,
        f64::from(journey.additions),
        f64::from(journey.removals),
        flag(content.is_emptied),
        flag(journey.has_coupon()),
        f64::from(journey.cart_views),
        f64::from(journey.checkouts),
        f64::from(journey.errors),
        journey.last_error_at.map_or(f64::NAN, hours),
        hours(journey.last_activity_at),
        (journey.last_seen_at - journey.last_activity_at) as f64 / HOUR as f64,
        journey.visits() as f64,
        f64::from(journey.looks_before),
        f64::from(journey.looks),
        f64::from(journey.wishes),
        f64::from(journey.contacts),
        f64::from(journey.complaints),
        journey.visitors() as f64,
        flag(person.is_account),
        f64::from(person.orders),
        if person.orders > 0 { person.spend.to_f64().max(0.0).ln_1p() } else { f64::NAN },
        person.last_order_at.map_or(f64::NAN, days),
        if has_carts { (bought + PRIOR_CARTS.0) / (carts + PRIOR_CARTS.0 + PRIOR_CARTS.1) } else { f64::NAN },
    ];
    let local = DateTime::from_timestamp_micros(journey.opened_at).unwrap_or_default().with_timezone(&zone);
    let weekday = local.weekday().to_string();
    let from = local.hour() / 3 * 3;
    let hour = format!("{from:02}-{:02}", from + 3);
    let texts = [
        Some(step(journey.furthest)),
        None,
        journey.word(0).map(|word| &**word),
        journey.word(1).map(|word| &**word),
        journey.word(2).map(|word| &**word),
        journey.word(3).map(|word| &**word),
        journey.word(4).map(|word| &**word),
        journey.word(5).map(|word| &**word),
        journey.word(word::PAYMENT).map(|word| &**word),
        journey.word(word::SHIPPING).map(|word| &**word),
        journey.word(word::CATEGORY).map(|word| &**word),
        journey.word(word::ERROR).map(|word| &**word),
        Some(weekday.as_str()),
        Some(hour.as_str()),
        Some(journey.opened_by.name()),
    ];
    let mut words = [0; WORDS.len()];
    for (at, (code, text)) in words.iter_mut().zip(texts).enumerate() {
        *code = vocabularies.code(at, text);
    }
    Features { numbers: numbers.map(narrow), words }
}

/// The furthest step of the funnel, with errors and removals left out.
fn step(furthest: Kind) -> &'static str {
    match furthest {
        Kind::RemoveFromCart => Kind::AddToCart.name(),
        Kind::CheckoutError => Kind::AddPaymentInfo.name(),
        kind => kind.name(),
    }
}

/// Half the memory; the digits lost carry nothing.
#[expect(clippy::cast_possible_truncation, reason = "seven digits are enough for a feature")]
pub(super) const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_that_are_used_by_name_are_where_they_are_said_to_be() {
        use number_at::{ERRORS, HOURS_IDLE, ITEMS, VALUE, VISITS, WISHES};
        let named = [VALUE, ITEMS, ERRORS, HOURS_IDLE, VISITS, WISHES].map(|at| NUMBERS[at].name);
        assert_eq!(named, ["value", "items", "errors", "hours_idle", "visits", "wishes"]);
        let named = [at::STEP, at::SEGMENT, at::DEVICE, at::RELEASE, at::PAYMENT].map(|at| WORDS[at].name);
        assert_eq!(named, ["step", "segment", "device", "release", "payment_method"]);
    }
}
