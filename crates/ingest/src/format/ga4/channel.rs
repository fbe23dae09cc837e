//! Where GA4 keeps what it knows about a visit's source and medium.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Event, Scalar, text};
use crate::channel::group;

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
