//! The parameters of an event.

use crate::{
    event::{Event, Item, Kind, Money},
    rng::mix,
    write::ga4::{
        HOST, session_second,
        shape::{Int, Param, Value},
        source,
    },
};

/// All parameters of the event.
pub(crate) fn of(event: &Event) -> Vec<Param> {
    let mut params = Params(Vec::with_capacity(16));
    let visit = &*event.visit;
    if let Some(session) = visit.session {
        params.int("ga_session_id", session_second(visit));
        params.int("ga_session_number", Some(i64::from(session.number)));
        params.text("session_engaged", Some("1"));
        let engaged = mix(event.id.0 ^ 1) % 30_000;
        params.int("engagement_time_msec", Some(engaged.cast_signed()));
        let (source, medium) = visit.channel.map_or(("(not set)", "(not set)"), source);
        params.text("source", Some(source));
        params.text("medium", Some(medium));
    } else {
        params.text("channel", visit.channel);
    }
    if let Some(path) = event.path() {
        params.text("page_location", Some(format!("https://{HOST}{path}")));
        let term = path.strip_prefix("/search?q=").map(|term| term.replace('+', " "));
        params.text("search_term", term);
    }
    params.text("release", visit.release);
    if let Some(value) = value(event) {
        params.text("currency", Some("EUR"));
        params.amount("value", value);
    }
    params.text("transaction_id", event.order.map(|order| order.id));
    if let Some(order) = event.order.filter(|_| event.kind == Kind::Purchase) {
        params.amount("shipping", order.shipping);
    }
    params.text("coupon", event.coupon);
    params.text("payment_type", event.payment_method);
    params.text("shipping_tier", event.shipping_method);
    if let Some(failure) = event.failure {
        params.text("error_code", Some(failure.code));
        params.text("error_message", Some(failure.message));
        params.int("http_status", Some(i64::from(failure.http_status)));
        params.int("latency_ms", Some(i64::from(failure.latency_ms)));
    }
    params.int("latency_ms", event.latency_ms.map(i64::from));
    if let Some(voice) = event.voice {
        params.double("rating", voice.rating.map(f64::from));
        params.text("comment", voice.comment);
    }
    params.0
}

/// What the event is worth: an order without shipping, else its priced items.
pub(crate) fn value(event: &Event) -> Option<Money> {
    match event.kind {
        Kind::Purchase => event.order.map(|order| order.goods),
        Kind::Refund => event.order_value,
        _ if event.items.iter().all(|item| item.price.is_none()) => None,
        _ => Some(event.items.iter().map(Item::value).sum()),
    }
}

struct Params(Vec<Param>);

impl Params {
    fn text(&mut self, key: &'static str, value: Option<impl ToString>) {
        self.push(key, value.map(|value| Value::Text(value.to_string())));
    }

    fn int(&mut self, key: &'static str, value: Option<i64>) {
        self.push(key, value.map(|value| Value::Int(Int(value))));
    }

    fn double(&mut self, key: &'static str, value: Option<f64>) {
        self.push(key, value.map(Value::Double));
    }

    /// Whole amounts arrive as integers, and others as doubles.
    fn amount(&mut self, key: &'static str, amount: Money) {
        if amount.0 % 100 == 0 {
            self.int(key, Some(amount.0 / 100));
        } else {
            self.double(key, Some(amount.euros()));
        }
    }

    fn push(&mut self, key: &'static str, value: Option<Value>) {
        self.0.extend(value.map(|value| Param { key, value }));
    }
}
