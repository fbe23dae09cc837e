//! Parts of a URL as logs hold them: cut, not validated, because a log's URL is whatever the browser was given.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The path, without host, query and fragment; `/` where the URL is a host alone. Not decoded.
pub(crate) fn path(url: &str) -> &str {
    let after_host = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    after_host.split(['?', '#']).next().unwrap_or_default()
}

/// The path as the `page` column keeps it: a part of it that holds an e-mail address becomes `*`.
pub(crate) fn page(url: &str) -> Cow<'_, str> {
    let path = path(url);
    let is_address = |part: &&str| decode(part).contains('@');
    if !path.contains(['@', '%']) || !path.split('/').any(|part| is_address(&part)) {
        return Cow::Borrowed(path);
    }
    let parts: Vec<&str> = path.split('/').map(|part| if is_address(&part) { "*" } else { part }).collect();
    Cow::Owned(parts.join("/"))
}

/// The host in lower case, without user, port and a leading `www.`; `None` where the URL names none.
pub(crate) fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://").or_else(|| url.starts_with("//").then(|| url.split_at(2)))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    // A port follows the last colon; the colons of an IPv6 address stand in brackets.
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let name = name.strip_prefix("www.").map(str::to_owned).unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

/// The query, without `?` and fragment; empty where there is none.
pub(crate) fn query(url: &str) -> &str {
    let before_fragment = url.split('#').next().unwrap_or_default();
    before_fragment.split_once('?').map_or("", |(_, query)| query)
}

/// Names and values of a query's parameters, in its order. Split first and decoded then, so that an encoded `&` stays
/// in its value; `+` is a blank; bytes that are not UTF-8 become `�`.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes())
}

/// The first value of this parameter that is not blank.
pub(crate) fn parameter<'a>(url: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let query = query(url);
    if query.is_empty() {
        return None;
    }
    parameters(query).find(|(key, value)| key == name && !value.trim().is_empty()).map(|(_, value)| value)
}

/// A part of a path with its percent signs decoded; bytes that are not UTF-8 become `�`. A `+` stays one.
pub(crate) fn decode(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_neither_host_nor_query_nor_fragment() {
        for (url, expected) in [
            ("https://shop.example/p/mug?a=1&b=2#x", "/p/mug"),
            ("https://shop.example", "/"),
            ("/cart?x", "/cart"),
            ("/cart#top", "/cart"),
            ("", ""),
        ] {
            assert_eq!(path(url), expected, "{url}");
        }
    }

    #[test]
    fn an_address_in_a_path_does_not_reach_the_page_column() {
        assert_eq!(page("https://shop.example/unsubscribe/x@example.com/now?a"), "/unsubscribe/*/now");
        assert_eq!(page("/u/x%40example.com"), "/u/*");
        assert_eq!(page("/p/mug%20blue"), "/p/mug%20blue");
    }

    #[test]
    fn a_host_is_compared_without_case_port_user_and_www() {
        for (url, expected) in [
            ("https://WWW.Shop.example:443/p", Some("shop.example")),
            ("https://user:secret@shop.example?x", Some("shop.example")),
            ("//cdn.shop.example/x", Some("cdn.shop.example")),
            ("http://[2001:db8::1]:8080/", Some("[2001:db8::1]")),
            ("http://[2001:db8::1]/", Some("[2001:db8::1]")),
            ("android-app://com.google.android.gm/", Some("com.google.android.gm")),
            ("/p/mug", None),
            ("about:blank", None),
            ("https:///p", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn parameters_are_split_first_and_decoded_then() {
        let url = "https://shop.example/?q=a%26b+c&empty=&q=second&bad=%ff&flag#x?q=no";
        let all: Vec<(String, String)> =
            parameters(query(url)).map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let expected = [("q", "a&b c"), ("empty", ""), ("q", "second"), ("bad", "\u{fffd}"), ("flag", "")];
        assert_eq!(all, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(parameter(url, "q").as_deref(), Some("a&b c"));
        assert_eq!((parameter(url, "empty"), parameter(url, "none"), parameter("/cart", "q")), (None, None, None));
    }

    #[test]
    fn a_part_of_a_path_is_decoded_with_its_plus_signs_kept() {
        assert_eq!(decode("a%20b+c%C3%A9"), "a b+cé");
        assert_eq!(decode("100%"), "100%");
    }
}
