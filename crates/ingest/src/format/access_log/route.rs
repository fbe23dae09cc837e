//! What requests mean: routes, the conditions under which they fit, and where their values stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use events::Kind;
use regex::Regex;
use serde::Deserialize;

use super::line::Line;
use super::request::Request;
use crate::row::Field;

/// A setting of a route that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadRoute(String);

/// Requests that mean the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Table")]
pub struct Route {
    methods: Vec<String>,
    path: Regex,
    query: Vec<(String, Pattern)>,
    status: Statuses,
    kind: Kind,
    values: Vec<(Field, Places)>,
    captures: Vec<(Field, String)>,
}

/// A route as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// `POST`, or several with commas; any if not given.
    #[serde(default)]
    pub(super) method: String,
    /// A regular expression that is looked for in the decoded path.
    pub(super) path: String,
    /// Parameters that must be there with this value; `~` before it makes it a regular expression.
    #[serde(default)]
    pub(super) query: BTreeMap<String, Pattern>,
    #[serde(default)]
    pub(super) status: Statuses,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) product: Places,
    #[serde(default)]
    pub(super) product_name: Places,
    #[serde(default)]
    pub(super) category: Places,
    #[serde(default)]
    pub(super) quantity: Places,
    #[serde(default)]
    pub(super) price: Places,
    #[serde(default)]
    pub(super) order: Places,
    #[serde(default)]
    pub(super) value: Places,
    #[serde(default)]
    pub(super) currency: Places,
    #[serde(default)]
    pub(super) customer: Places,
    #[serde(default)]
    pub(super) coupon: Places,
    #[serde(default)]
    pub(super) payment_method: Places,
    #[serde(default)]
    pub(super) shipping_method: Places,
    #[serde(default)]
    pub(super) error_code: Places,
    #[serde(default)]
    pub(super) error_message: Places,
}

/// What a route calls the columns that it can fill; its path's captures have these names too.
const VALUES: [(&str, Field); 14] = [
    ("product", Field::ProductId),
    ("product_name", Field::ProductName),
    ("category", Field::Category),
    ("quantity", Field::Quantity),
    ("price", Field::UnitPrice),
    ("order", Field::OrderId),
    ("value", Field::OrderValue),
    ("currency", Field::Currency),
    ("customer", Field::CustomerId),
    ("coupon", Field::Coupon),
    ("payment_method", Field::PaymentMethod),
    ("shipping_method", Field::ShippingMethod),
    ("error_code", Field::ErrorCode),
    ("error_message", Field::ErrorMessage),
];

impl TryFrom<Table> for Route {
    type Error = BadRoute;

    fn try_from(table: Table) -> Result<Self, BadRoute> {
        let kind = Kind::parse(&table.kind).ok_or_else(|| {
            let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            BadRoute(format!("kind `{}` is none of {}", table.kind, names.join(", ")))
        })?;
        let path = regex(&table.path)?;
        let mut captures = Vec::new();
        for name in path.capture_names().flatten() {
            let field = VALUES.iter().find(|(value, _)| *value == name).map(|(_, field)| *field);
            let field = field.ok_or_else(|| {
                let names: Vec<&str> = VALUES.iter().map(|(name, _)| *name).collect();
                BadRoute(format!("path captures `{name}`, which is none of {}", names.join(", ")))
            })?;
            captures.push((field, name.to_owned()));
        }
        let places = [
            table.product,
            table.product_name,
            table.category,
            table.quantity,
            table.price,
            table.order,
            table.value,
            table.currency,
            table.customer,
            table.coupon,
            table.payment_method,
            table.shipping_method,
            table.error_code,
            table.error_message,
        ];
        let values = VALUES.iter().map(|(_, field)| *field).zip(places).filter(|(_, places)| !places.0.is_empty());
        Ok(Self {
            methods: table
                .method
                .split(',')
                .map(|method| method.trim().to_uppercase())
                .filter(|m| !m.is_empty())
                .collect(),
            path,
            query: table.query.into_iter().collect(),
            status: table.status,
            kind,
            values: values.collect(),
            captures,
        })
    }
}

fn regex(text: &str) -> Result<Regex, BadRoute> {
    Regex::new(text).map_err(|error| BadRoute(format!("`{text}` is no regular expression: {error}")))
}

impl Route {
    /// What a request means that fits.
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the route is for such requests, whatever became of them.
    pub(super) fn fits(&self, request: &Request<'_>) -> bool {
        let method = self.methods.is_empty() || self.methods.iter().any(|method| method == request.method);
        method
            && self.path.is_match(&request.path)
            && self.query.iter().all(|(name, pattern)| request.parameter(name).is_some_and(|text| pattern.fits(text)))
    }

    /// Whether a request that fits means what the route says if it is answered so.
    pub(super) fn accepts(&self, status: u16) -> bool {
        self.status.0.iter().any(|range| range.contains(&status))
    }

    /// Whether a request that fits is a failure of the checkout if it is answered so.
    pub(super) fn fails(&self, status: u16) -> bool {
        let steps = Kind::BeginCheckout.rank()..=Kind::Purchase.rank();
        status >= 400 && steps.contains(&self.kind.rank()) && !self.accepts(status)
    }

    /// The values of a request that fits: where the route says that they stand, else what its path captures.
    pub(super) fn values<'a>(&self, line: &'a Line<'a>, request: &Request<'_>) -> Vec<(Field, Cow<'a, str>)> {
        let found = |(field, places): &(Field, Places)| Some((*field, places.pick(line, Some(request))?));
        let mut values: Vec<(Field, Cow<'a, str>)> = self.values.iter().filter_map(found).collect();
        if self.captures.is_empty() {
            return values;
        }
        let Some(captures) = self.path.captures(&request.path) else { return values };
        for (field, name) in &self.captures {
            let text = captures.name(name).map(|found| found.as_str().trim()).filter(|text| !text.is_empty());
            if let Some(text) = text.filter(|_| values.iter().all(|(known, _)| known != field)) {
                values.push((*field, Cow::Owned(text.to_owned())));
            }
        }
        values
    }
}

/// A value that a parameter must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Pattern {
    Exactly(String),
    Matching(Regex),
}

impl TryFrom<String> for Pattern {
    type Error = BadRoute;

    fn try_from(text: String) -> Result<Self, BadRoute> {
        text.strip_prefix('~').map_or_else(|| Ok(Self::Exactly(text.clone())), |text| regex(text).map(Self::Matching))
    }
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exactly(exact) => exact == text,
            Self::Matching(regex) => regex.is_match(text),
        }
    }
}

/// Statuses such as `2xx,3xx,404`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Statuses(Vec<std::ops::RangeInclusive<u16>>);

impl Default for Statuses {
    /// Whatever is no error.
    fn default() -> Self {
        Self(vec![100..=399])
    }
}

impl TryFrom<String> for Statuses {
    type Error = BadRoute;

    fn try_from(text: String) -> Result<Self, BadRoute> {
        let range = |part: &str| {
            let part = part.trim();
            let class = part.strip_suffix("xx").or_else(|| part.strip_suffix("XX")).map(|class| (class, 100));
            let (number, count) = class.unwrap_or((part, 1));
            let first = number.parse::<u16>().ok().filter(|number| *number <= 999)? * count;
            (100..=999).contains(&first).then_some(first..=first + count - 1)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self).ok_or_else(|| BadRoute(format!("status `{text}` is no list such as 2xx,3xx,404")))
    }
}

/// Where a value stands; the first place that has one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Places(Vec<Place>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A parameter of the query.
    Query(String),
    /// A cookie, in a field behind the user agent that holds the `Cookie` header.
    Cookie(String),
    /// A field behind the user agent, from 1.
    Field(usize),
    /// The name by which the client logged in to the web server.
    User,
    /// Always this.
    Text(String),
}

impl TryFrom<String> for Places {
    type Error = BadRoute;

    fn try_from(text: String) -> Result<Self, BadRoute> {
        text.split(',').map(|part| place(part.trim())).collect::<Result<_, _>>().map(Self)
    }
}

fn place(text: &str) -> Result<Place, BadRoute> {
    let bad = || {
        BadRoute(format!(
            "`{text}` is no place: write query:NAME, cookie:NAME, field:NUMBER (behind the user agent, from 1), user or \
             =TEXT, several with commas"
        ))
    };
    let place = match text.split_once([':', '=']) {
        None if text == "user" => Place::User,
        Some(("query", name)) if !name.is_empty() => Place::Query(name.to_owned()),
        Some(("cookie", name)) if !name.is_empty() => Place::Cookie(name.to_owned()),
        Some(("field", number)) => Place::Field(number.parse().ok().filter(|number| *number > 0).ok_or_else(bad)?),
        Some(("", _)) if text.len() > 1 && text.starts_with('=') => Place::Text(text[1..].to_owned()),
        _ => return Err(bad()),
    };
    Ok(place)
}

impl Places {
    fn pick<'a>(&self, line: &'a Line<'a>, request: Option<&Request<'_>>) -> Option<Cow<'a, str>> {
        let at = |place: &Place| {
            let text: Cow<'a, str> = match place {
                Place::Query(name) => Cow::Owned(request?.parameter(name)?.to_owned()),
                Place::Cookie(name) => line.more.iter().flatten().find_map(|field| cookie(field, name))?.into(),
                Place::Field(number) => line.more.get(number - 1)?.as_deref()?.into(),
                Place::User => line.user?.into(),
                Place::Text(text) => Cow::Owned(text.clone()),
            };
            Some(text).filter(|text| !matches!(text.trim(), "" | "-"))
        };
        self.0.iter().find_map(at)
    }
}

/// The value of a cookie in a `Cookie` header.
fn cookie<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"')).find(|value| !value.is_empty())
}

/// Where an id stands; `ip+agent`, the default, is nowhere in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Identity(Places);

impl TryFrom<String> for Identity {
    type Error = BadRoute;

    fn try_from(text: String) -> Result<Self, BadRoute> {
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| *part != "ip+agent").collect();
        let places = parts.into_iter().map(place).collect::<Result<_, _>>();
        places.map(|places| Self(Places(places))).map_err(|BadRoute(words)| BadRoute(format!("{words}; or ip+agent")))
    }
}

impl Identity {
    pub(super) fn pick<'a>(&self, line: &'a Line<'a>, request: Option<&Request<'_>>) -> Option<Cow<'a, str>> {
        self.0.pick(line, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad<T: TryFrom<String, Error = BadRoute>>(text: &str) -> String {
        T::try_from(text.to_owned()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_in_words() {
        assert!(bad::<Statuses>("2xx,ok").contains("status `2xx,ok` is no list"));
        assert!(bad::<Statuses>("0xx").contains("is no list") && bad::<Statuses>("").contains("is no list"));
        assert!(bad::<Places>("querry:id").contains("`querry:id` is no place"));
        assert!(bad::<Places>("field:0").contains("is no place") && bad::<Places>("ip+agent").contains("is no place"));
        assert!(bad::<Identity>("ip").contains("or ip+agent"));
        assert!(bad::<Pattern>("~(").contains("is no regular expression"));
        let route = |path: &str, kind: &str| {
            let table = Table { path: path.to_owned(), kind: kind.to_owned(), ..Table::default() };
            Route::try_from(table).unwrap_err().to_string()
        };
        assert!(route("^/p", "buy").contains("kind `buy` is none of add_to_cart,"));
        assert!(route("^/p/(?P<sku>.*)", "purchase").contains("captures `sku`, which is none of product,"));
    }

    #[test]
    fn the_first_place_that_has_a_value_counts() {
        let text = r#"a - bob [x] "GET /?id=%20&sku=S HTTP/1.1" 200 1 "-" "-" 17 "x=1; y=\"2\"""#;
        let line = Line::parse(text).unwrap();
        let request = Request::parse(&line.request);
        let pick = |places: &str| {
            let places = Places::try_from(places.to_owned()).unwrap();
            places.pick(&line, request.as_ref()).map(Cow::into_owned)
        };
        for (places, expected) in [
            ("query:id, query:sku", Some("S")),
            ("query:none", None),
            ("cookie:y", Some("2")),
            ("field:1", Some("17")),
            ("field:9,user", Some("bob")),
            ("=EUR", Some("EUR")),
        ] {
            assert_eq!(pick(places).as_deref(), expected, "{places}");
        }
    }
}
