//! What was asked for: method, path and parameters of a request.

use std::borrow::Cow;

use crate::url;

/// A request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// As it was asked for, query included.
    pub(super) target: &'a str,
    /// The path as the table keeps it.
    pub(super) page: Cow<'a, str>,
    /// The path, decoded, without parameters.
    pub(super) path: Cow<'a, str>,
    /// Parameters of the query, and those that Java servers put behind a semicolon of the path.
    pub(super) parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Request<'a> {
    /// Reads `GET /cart?a=1 HTTP/1.1`, also without a version; `None` for `-` and for what is no request.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (method, rest) = text.split_once(' ')?;
        let target = rest.split(' ').next().filter(|target| !target.is_empty())?;
        let is_method = (1..=20).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !is_method {
            return None;
        }
        let whole = url::path(target);
        let (path, behind) = whole.split_once(';').unwrap_or((whole, ""));
        let page = url::page(&target[..target.find(';').filter(|_| !behind.is_empty()).unwrap_or(target.len())]);
        let of_path = behind.split([';', '/']).filter_map(|pair| pair.split_once('='));
        let mut parameters: Vec<_> = url::parameters(url::query(target)).collect();
        parameters.extend(of_path.map(|(name, value)| (url::decode(name), url::decode(value))));
        Some(Self { method, target, page, path: url::decode(path), parameters })
    }

    /// The first value of a parameter that is not blank.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let given = |(key, value): &&(Cow<'a, str>, Cow<'a, str>)| key == name && !value.trim().is_empty();
        self.parameters.iter().find(given).map(|(_, value)| value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_parameters_are_divided_before_they_are_decoded() {
        let request = Request::parse("GET /p/M%C3%BCg%3F;jsessionid=A1?a=1%262&b=x+y&a=3 HTTP/1.1").unwrap();
        assert_eq!(
            (request.method, request.path.as_ref(), request.page.as_ref()),
            ("GET", "/p/Müg?", "/p/M%C3%BCg%3F")
        );
        let get = |name: &str| request.parameter(name);
        assert_eq!([get("a"), get("b"), get("jsessionid"), get("c")], [Some("1&2"), Some("x y"), Some("A1"), None]);
    }

    #[test]
    fn odd_requests_are_read_as_far_as_they_are_requests() {
        let path = |text: &str| Request::parse(text).map(|request| request.path.into_owned());
        assert_eq!(path("GET show.do?x HTTP 1.1").as_deref(), Some("show.do"));
        assert_eq!(path("GET http://shop.example/a?b").as_deref(), Some("/a"));
        for text in ["-", "", "GET", "\u{16}\u{3}\u{1} x", "GET  HTTP/1.1"] {
            assert_eq!(path(text), None, "{text}");
        }
    }
}
