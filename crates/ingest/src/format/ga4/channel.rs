//! Where a visit came from: GA4's default channel groups, lower-cased, from source and medium.
//!
//! The groups and their rules are those of Google's page "Default channel group" for GA4, shortened to what source,
//! medium and click id can tell.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Event, Scalar, text};

/// The first touch of the user.
#[derive(Deserialize)]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    source: Scalar<'a>,
    #[serde(borrow)]
    medium: Scalar<'a>,
}

/// What was collected with this event.
#[derive(Deserialize)]
pub(super) struct Collected<'a> {
    #[serde(borrow)]
    manual_source: Scalar<'a>,
    #[serde(borrow)]
    manual_medium: Scalar<'a>,
    #[serde(borrow)]
    gclid: Scalar<'a>,
}

/// The session's last click.
#[derive(Deserialize)]
pub(super) struct LastClick<'a> {
    #[serde(borrow, default)]
    manual_campaign: Option<Source<'a>>,
}

/// The channel of an event: of the event itself, else of its session, else of its parameters, else of the user's first
/// touch; `None` where GA4 knows nothing.
pub(super) fn channel(event: &Event<'_>) -> Option<&'static str> {
    let collected = event.collected_traffic_source.as_ref();
    if collected.and_then(|collected| text(collected.gclid)).is_some() {
        return Some("paid search");
    }
    let of_event = collected.map(|collected| (text(collected.manual_source), text(collected.manual_medium)));
    let of_session = event
        .session_traffic_source_last_click
        .as_ref()
        .and_then(|click| click.manual_campaign.as_ref())
        .map(|campaign| (text(campaign.source), text(campaign.medium)));
    let of_params = Some((event.param("source"), event.param("medium")));
    let of_user = event.traffic_source.as_ref().map(|first| (text(first.source), text(first.medium)));
    let known = |pair: &(Option<Cow<'_, str>>, Option<Cow<'_, str>>)| pair.0.is_some() || pair.1.is_some();
    let (source, medium) = [of_event, of_session, of_params, of_user].into_iter().flatten().find(known)?;
    Some(group(&source.unwrap_or_default().to_lowercase(), &medium.unwrap_or_default().to_lowercase()))
}

fn group(source: &str, medium: &str) -> &'static str {
    const SEARCH: [&str; 7] = ["google", "bing", "yahoo", "duckduckgo", "ecosia", "baidu", "yandex"];
    const SOCIAL: [&str; 9] =
        ["facebook", "instagram", "tiktok", "pinterest", "twitter", "x.com", "linkedin", "youtube", "reddit"];
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

#[cfg(test)]
mod tests {
    use super::group;

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
}
