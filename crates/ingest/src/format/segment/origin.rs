//! Where a call came from: page, channel, device, country, release.

use std::borrow::Cow;

use super::call::{Call, Campaign, Context, Device, Page, Part, Properties};
use crate::agent::Agent;
use crate::format::Sink;
use crate::format::commerce::{Scalar, aside, text};
use crate::row::{Field, RawRow};
use crate::{channel, url};

/// Sets the columns that tell the origin.
pub(super) fn set<'a>(
    row: &mut RawRow<'a>,
    call: &Call<'a>,
    context: &Context<'a>,
    properties: &Properties<'a>,
    sink: &mut impl Sink,
) {
    let page: Page<'a> = aside(context.page).unwrap_or_default();
    let call_type = text(call.call_type).unwrap_or_default().trim().to_ascii_lowercase();
    // Of these calls, and of no other, the properties are the page's.
    let of_page = (call_type == "page").then_some(properties);
    let address = of_page.and_then(|page| text(page.url)).or_else(|| text(page.url));
    let path = address.clone().or_else(|| of_page.and_then(|page| text(page.path))).or_else(|| text(page.path));
    let screen = (call_type == "screen").then(|| text(call.name).or_else(|| text(properties.name))).flatten();
    row.set_some(Field::Page, screen.or_else(|| path.map(|path| Cow::Owned(url::page(&path).into_owned()))));
    let referrer = of_page.and_then(|page| referrer(page.referrer)).or_else(|| referrer(page.referrer));
    let initial = self::referrer(page.initial_referrer);
    let address = with_query(address.unwrap_or_default(), text(page.search));
    row.set_some(Field::Channel, channel_of(&address, context.campaign, referrer.as_deref(), initial.as_deref()));
    let agent = text(context.user_agent).map(|text| sink.agent(&text));
    device(row, call, context, agent);
    row.set_some(Field::Country, part(context.location).and_then(|place| text(place.country)));
    row.set_some(Field::Release, part(context.app).and_then(|app| text(app.version)));
}

fn part(value: Scalar<'_>) -> Option<Part<'_>> {
    aside(value)
}

/// A referrer; blank where the call says that there was none, `None` where it says nothing.
fn referrer(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    let given = crate::format::native_json::scalar(value?).ok().flatten()?;
    // RudderStack's word for none.
    Some(if given.trim() == "$direct" { Cow::Borrowed("") } else { given })
}

/// The page's URL, also where the library wrote its query apart.
fn with_query<'a>(address: Cow<'a, str>, search: Option<Cow<'_, str>>) -> Cow<'a, str> {
    match search {
        Some(search) if url::query(&address).is_empty() => {
            let search = search.trim();
            Cow::Owned(format!("{address}?{}", search.strip_prefix('?').unwrap_or(search)))
        }
        _ => address,
    }
}

/// What the page's query says, else the campaign, else the referrer, else where the visitor came from at first.
fn channel_of(
    address: &str,
    campaign: Scalar<'_>,
    referrer: Option<&str>,
    initial: Option<&str>,
) -> Option<&'static str> {
    let of_campaign = || {
        let campaign: Campaign<'_> = aside(campaign)?;
        let (source, medium) = (text(campaign.source), text(campaign.medium));
        let lower = |text: Option<Cow<'_, str>>| text.unwrap_or_default().trim().to_lowercase();
        (source.is_some() || medium.is_some()).then(|| channel::group(&lower(source), &lower(medium)))
    };
    channel::from_url(address, None, None)
        .or_else(of_campaign)
        .or_else(|| channel::from_url(address, referrer, None))
        .or_else(|| channel::from_url(address, initial, None))
}

/// Device, system and browser by the user agent; what it does not name, by what an app says of its device.
fn device<'a>(row: &mut RawRow<'a>, call: &Call<'a>, context: &Context<'a>, agent: Option<Agent>) {
    // A shop's server sends under its own name what people did.
    let is_server = matches!(text(call.channel).as_deref(), Some("server" | "sources"));
    let agent = agent.filter(|agent| !(is_server && agent.is_bot));
    if let Some(agent) = agent {
        row.set(Field::Device, agent.device);
        row.set_some(Field::Os, agent.os);
        row.set_some(Field::Browser, agent.browser);
        if agent.is_bot {
            row.mark_program();
        }
    }
    if agent.is_none_or(|agent| agent.os.is_none() && !agent.is_bot) {
        let device: Device<'a> = aside(context.device).unwrap_or_default();
        let named = text(device.device_type).unwrap_or_default().trim().to_ascii_lowercase();
        let is_tablet = text(device.model).is_some_and(|model| model.trim().to_ascii_lowercase().starts_with("ipad"));
        match named.as_str() {
            "ios" | "android" => row.set(Field::Device, if is_tablet { "tablet" } else { "mobile" }),
            "" => {}
            _ => row.set(Field::Device, named),
        }
        row.set_some(Field::Os, part(context.os).and_then(|os| text(os.name)));
    }
}
