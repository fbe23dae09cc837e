//! Where a visit came from: GA4's default channel groups, lower-cased.
//!
//! The groups and their rules are those of Google's page "Default channel group" for GA4, shortened to what source,
//! medium, click id and referrer can tell.

use crate::url;

const SEARCH: [&str; 7] = ["google", "bing", "yahoo", "duckduckgo", "ecosia", "baidu", "yandex"];
const SOCIAL: [&str; 9] =
    ["facebook", "instagram", "tiktok", "pinterest", "twitter", "x.com", "linkedin", "youtube", "reddit"];

/// The group of a campaign's source and medium, both in lower case; GA4's `(direct)` and `(none)` are understood.
pub(crate) fn group(source: &str, medium: &str) -> &'static str {
    let is = |names: &[&str]| names.iter().any(|name| source.contains(name));
    let paid = medium == "cpc" || medium == "ppc" || medium == "retargeting" || medium.starts_with("paid");
    match medium {
        _ if paid && is(&SEARCH) => "paid search",
        _ if paid && is(&SOCIAL) => "paid social",
        _ if paid => "paid other",
        "display" | "banner" | "cpm" | "interstitial" | "expandable" => "display",
        "email" | "e-mail" | "e_mail" | "e mail" => "email",
        "organic" | "referral" | "" if is(&SOCIAL) => "organic social",
        "affiliate" => "affiliates",
        "sms" => "sms",
        "push" | "mobile" | "notification" => "push",
        "organic" => "organic search",
        "social" | "social-network" | "social-media" | "sm" | "social network" | "social media" => "organic social",
        "referral" | "app" | "link" => "referral",
        "(none)" | "none" | "" if matches!(source, "(direct)" | "direct" | "") => "direct",
        "" if is(&SEARCH) => "organic search",
        _ => "other",
    }
}

/// The group that the addresses of a page view tell.
///
/// In this order: `gclid` (paid search); `utm_source` and `utm_medium`; other click ids, of which `fbclid` says nothing
/// about money, because Facebook adds it to every link; the referrer's host. `referrer` is `None` where the source does
/// not say, and blank where it says that there was none: a page without referrer is direct. A referrer of the shop
/// itself (the page's host, `shop_host`, or a part of either) tells nothing: the visit came from elsewhere before.
pub(crate) fn from_url(page_url: &str, referrer: Option<&str>, shop_host: Option<&str>) -> Option<&'static str> {
    let given = |name: &str| url::parameter(page_url, name);
    if given("gclid").is_some() {
        return Some("paid search");
    }
    let (source, medium) = (given("utm_source"), given("utm_medium"));
    if source.is_some() || medium.is_some() {
        let lower = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().trim().to_lowercase();
        return Some(group(&lower(source), &lower(medium)));
    }
    for (click_id, channel) in [("msclkid", "paid search"), ("ttclid", "paid social"), ("fbclid", "organic social")] {
        if given(click_id).is_some() {
            return Some(channel);
        }
    }
    let referrer = referrer?.trim();
    if referrer.is_empty() {
        return Some("direct");
    }
    let from = url::host(referrer)?;
    let of_page = url::host(page_url);
    let own = [of_page.as_deref(), shop_host].into_iter().flatten().any(|own| same_site(&from, own));
    (!own).then(|| of_referrer(&from))
}

/// Whether one host is the other, or lies below it.
fn same_site(one: &str, other: &str) -> bool {
    let other = other.trim().to_ascii_lowercase();
    let other = other.strip_prefix("www.").unwrap_or(&other);
    let below = |inner: &str, outer: &str| inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'));
    one == other || below(one, other) || below(other, one)
}

/// The group of a host that a visit came from.
fn of_referrer(host: &str) -> &'static str {
    const MORE_SEARCH: [&str; 5] = ["qwant", "startpage", "search.brave.com", "naver", "seznam"];
    const MORE_SOCIAL: [&str; 8] =
        ["t.co", "lnkd.in", "youtu.be", "pin.it", "vk.com", "threads.net", "threads.com", "snapchat"];
    // Whole labels, so that "notgoogle.example" is no search engine.
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| if name.contains('.') { host == *name } else { host.split('.').any(|label| label == *name) })
    };
    let is_mail = host.starts_with("mail.") || host.starts_with("webmail.") || host.ends_with(".android.gm");
    match () {
        () if is_mail => "email",
        () if is(&SOCIAL) || is(&MORE_SOCIAL) => "organic social",
        () if is(&SEARCH) || is(&MORE_SEARCH) => "organic search",
        () => "referral",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_and_medium_tell_the_group() {
        let cases = [
            ("(direct)", "(none)", "direct"),
            ("google", "cpc", "paid search"),
            ("google", "organic", "organic search"),
            ("facebook.com", "paid_social", "paid social"),
            ("instagram", "referral", "organic social"),
            ("newsletter", "email", "email"),
            ("blog.example", "referral", "referral"),
            ("partner", "affiliate", "affiliates"),
            ("odd", "odd", "other"),
        ];
        for (source, medium, expected) in cases {
            assert_eq!(group(source, medium), expected, "{source} / {medium}");
        }
    }

    #[test]
    fn what_the_query_says_goes_before_the_referrer() {
        for (query, expected) in [
            ("gclid=1&utm_medium=email", "paid search"),
            ("utm_source=News%20letter&utm_medium=E-Mail", "email"),
            ("utm_source=Facebook&utm_medium=paid_social&fbclid=1", "paid social"),
            ("fbclid=1", "organic social"),
            ("msclkid=1", "paid search"),
            ("ttclid=1", "paid social"),
            ("utm_source=&gclid=", "referral"),
        ] {
            let page = format!("https://shop.example/p?{query}");
            assert_eq!(from_url(&page, Some("https://blog.example/"), None), Some(expected), "{query}");
        }
    }

    #[test]
    fn a_referrer_tells_search_social_mail_and_referral() {
        for (referrer, expected) in [
            ("https://www.google.co.uk/", Some("organic search")),
            ("android-app://com.google.android.googlequicksearchbox/", Some("organic search")),
            ("https://search.brave.com/search", Some("organic search")),
            ("https://l.instagram.com/", Some("organic social")),
            ("https://t.co/abc", Some("organic social")),
            ("https://mail.google.com/", Some("email")),
            ("https://notgoogle.example/", Some("referral")),
            ("about:blank", None),
        ] {
            assert_eq!(from_url("https://shop.example/p", Some(referrer), None), expected, "{referrer}");
        }
    }

    #[test]
    fn the_shop_itself_is_no_channel_and_no_referrer_is_direct_only_where_the_source_says_so() {
        let page = "https://www.shop.example/p";
        assert_eq!(from_url(page, Some("https://shop.example/cart"), None), None);
        assert_eq!(from_url(page, Some("https://pay.shop.example/"), None), None);
        assert_eq!(from_url("/p", Some("https://shop.example/"), Some("WWW.shop.example")), None);
        assert_eq!(from_url(page, Some("https://notshop.example/"), None), Some("referral"));
        assert_eq!((from_url(page, Some(" "), None), from_url(page, None, None)), (Some("direct"), None));
    }
}
