//! Access logs of web servers: Apache's and nginx' combined format, with or without fields behind it.
//!
//! ```text
//! 203.0.113.7 - u_77 [11/Mar/2026:10:06:39 +0100] "POST /cart/add?sku=SKU-1 HTTP/1.1" 302 0 "https://…" "Mozilla/5.0 …" 349
//! address     - user [moment]                     "request"                          status bytes "referrer" "agent" more
//! ```
//! Such a log knows nothing of carts: a map of routes says which requests mean what. A request that fits no route is a
//! `page_view`. One of a checkout route that is answered with 4xx or 5xx, which no route asks for, is a
//! `checkout_error`. Rows have no id: the row's hash is one.
//!
//! Addresses of clients are cut to /24 and /48 and then only hashed.

mod generic;
mod line;
mod request;
mod route;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use chrono_tz::Tz;
use events::{Kind, time};

pub use route::{BadRoute, Identity, Route};

use self::line::Line;
use self::request::Request;
use super::Sink;
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use crate::{channel, ids, network};

/// How the lines of an access log are to be read.
#[derive(Clone, Debug)]
pub struct AccessLog {
    /// The zone of moments that name none.
    pub zone: Tz,
    /// What the last field behind the combined format counts, if it is the time a request took.
    pub latency: Option<LatencyUnit>,
    /// Hosts of the shop: a referrer from there is no channel. Where none is named, referrers that are neither search
    /// engine nor social network nor mail tell nothing, because they may be the shop itself.
    pub hosts: Vec<String>,
    /// Where a visitor's id stands; a request that has none there is told by cut address and user agent.
    pub visitor: Identity,
    /// Where a session's id stands, if anywhere.
    pub session: Identity,
    /// What requests mean: the first counts that fits and asks for such an answer.
    pub routes: Vec<Route>,
}

/// The unit of a request's duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum LatencyUnit {
    /// Seconds, with decimals: nginx' `$request_time`, Apache's `%T`.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds: Apache's `%{ms}T`.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds: Apache's `%D`.
    #[serde(rename = "us")]
    Microseconds,
}

impl Default for AccessLog {
    /// Moments in UTC, visitors by address and agent, and the [generic routes](AccessLog::generic_routes).
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            latency: None,
            hosts: Vec::new(),
            visitor: Identity::default(),
            session: Identity::default(),
            routes: Self::generic_routes().to_vec(),
        }
    }
}

impl AccessLog {
    /// Routes that many shops have: `/cart/add`, `/checkout/shipping`, `/checkout/thank-you/…` and their like.
    #[must_use]
    pub fn generic_routes() -> &'static [Route] {
        &generic::ROUTES
    }

    /// The default, made once.
    pub(crate) fn shared_default() -> Arc<Self> {
        static DEFAULT: LazyLock<Arc<AccessLog>> = LazyLock::new(Arc::default);
        DEFAULT.clone()
    }

    /// Reads a line.
    pub(super) fn record<S: Sink>(&self, number: u64, text: &str, sink: &mut S) {
        match Line::parse(text) {
            Ok(line) => {
                let mut row = self.row(&line, sink);
                sink.record(number, text.as_bytes().into(), std::slice::from_mut(&mut row));
            }
            Err(what) => {
                sink.reject(number, text.as_bytes().into(), Reject::unreadable(format!("no access log line: {what}")));
            }
        }
    }

    fn row<'a>(&self, line: &'a Line<'a>, sink: &mut impl Sink) -> RawRow<'a> {
        let mut row = RawRow::default();
        let moment = line::moment(line.time, self.zone);
        row.set(Field::Ts, moment.map_or(Cow::Borrowed(line.time), |micros| Cow::Owned(time::format(micros))));
        row.set_some(Field::CustomerId, line.user.and_then(|user| ids::person(user.into())));
        if let Some(agent) = line.agent.as_deref().map(|text| sink.agent(text)) {
            row.set(Field::Device, agent.device);
            row.set_some(Field::Os, agent.os);
            row.set_some(Field::Browser, agent.browser);
            if agent.is_bot {
                row.mark_program();
            }
        }
        if line.status >= 400 {
            row.set(Field::HttpStatus, line.status.to_string());
        }
        row.set_some(Field::LatencyMs, self.latency(line));
        let request = Request::parse(&line.request);
        let visitor = self.visitor.pick(line, request.as_ref()).and_then(ids::person);
        row.set(Field::VisitorId, visitor.unwrap_or_else(|| Cow::Owned(network::id(line.host, line.agent.as_deref()))));
        row.set_some(Field::SessionId, self.session.pick(line, request.as_ref()).and_then(ids::person));
        let Some(request) = request else {
            row.set(Field::Kind, Kind::Other.name());
            sink.unmapped("(no request)");
            return row;
        };
        row.set(Field::Page, request.page.clone().into_owned());
        row.set_some(Field::Channel, self.channel(line, &request));
        self.meaning(line, &request, &mut row);
        row
    }

    /// Fills in what the first route says that fits.
    fn meaning<'a>(&self, line: &'a Line<'a>, request: &Request<'_>, row: &mut RawRow<'a>) {
        let fitting = |answer: fn(&Route, u16) -> bool| {
            self.routes.iter().find(|route| answer(route, line.status) && route.fits(request))
        };
        let route = fitting(Route::accepts).or_else(|| fitting(Route::fails));
        let kind = match route {
            Some(route) if route.accepts(line.status) => route.kind(),
            Some(_) => Kind::CheckoutError,
            None => Kind::PageView,
        };
        row.set(Field::Kind, kind.name());
        if kind == Kind::CheckoutError && line.status >= 400 {
            row.set(Field::ErrorCode, format!("HTTP {}", line.status));
        }
        let Some(route) = route else { return };
        let has_happened = route.accepts(line.status);
        for (field, text) in route.values(line, request) {
            match field {
                Field::CustomerId => row.set_some(field, ids::person(text)),
                // What a failed request asked for did not happen; how it was asked for may be why.
                _ if has_happened || OF_FAILURES.contains(&field) => row.set(field, text),
                _ => {}
            }
        }
    }

    fn latency(&self, line: &Line<'_>) -> Option<String> {
        let number: f64 = line.more.last()?.as_deref()?.trim().parse().ok()?;
        let milliseconds = match self.latency? {
            LatencyUnit::Seconds => number * 1_000.0,
            LatencyUnit::Milliseconds => number,
            LatencyUnit::Microseconds => number / 1_000.0,
        };
        Some(milliseconds.to_string())
    }

    fn channel(&self, line: &Line<'_>, request: &Request<'_>) -> Option<&'static str> {
        // Many requests of a visit leave their referrer out, so that none is no sign of a direct visit.
        let referrer = line.referrer.as_deref();
        let is_own = |host: &String| channel::from_url("", referrer, Some(host)).is_none();
        let referrer = referrer.filter(|_| !self.hosts.iter().any(is_own));
        let channel = channel::from_url(request.target, referrer, None)?;
        (channel != "referral" || !self.hosts.is_empty()).then_some(channel)
    }
}

/// What is known of a step of the checkout although it failed.
const OF_FAILURES: [Field; 5] =
    [Field::PaymentMethod, Field::ShippingMethod, Field::Coupon, Field::ErrorCode, Field::ErrorMessage];

/// Whether a line of a file is one of an access log.
pub(super) fn is_line(text: &str) -> bool {
    Line::parse(text).is_ok()
}

#[cfg(test)]
mod tests;
