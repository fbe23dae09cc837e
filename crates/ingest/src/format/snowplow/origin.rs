//! Where an event came from: page, channel, device, country, release.

use std::borrow::Cow;

use super::atomic::{Atomic, Fields};
use super::entity::{Application, Entities, Mobile, Schema, ScreenView};
use crate::agent::Agent;
use crate::format::Sink;
use crate::format::commerce::text;
use crate::reject::Reject;
use crate::row::{Field, RawRow};
use crate::{channel, url};

/// Sets the columns that tell the origin.
pub(super) fn set<'a>(
    row: &mut RawRow<'a>,
    fields: &Fields<'a>,
    entities: &Entities<'a>,
    sink: &mut impl Sink,
) -> Result<(), Reject> {
    let path = fields.get(Atomic::PageUrlpath).or_else(|| fields.get(Atomic::PageUrl));
    let screen: ScreenView<'a> = entities.read(Schema::ScreenView)?;
    let path = path.map(|path| Cow::Owned(url::page(&path).into_owned()));
    row.set_some(Field::Page, text(screen.name).or(path));
    row.set_some(Field::Country, fields.get(Atomic::GeoCountry));
    row.set_some(Field::Channel, channel(fields));
    let application: Application<'a> = entities.read(Schema::Application)?;
    row.set_some(Field::Release, text(application.version));
    let agent = fields.get(Atomic::Useragent).map(|text| sink.agent(&text));
    device(row, fields, &entities.read(Schema::Mobile)?, agent);
    Ok(())
}

fn is_web(fields: &Fields<'_>) -> bool {
    fields.get(Atomic::Platform).as_deref() == Some("web")
}

/// What the campaign fields and the page's query say, else what the enrichment makes of the referrer, else the referrer
/// itself. A page on the web without one is direct: the tracker always sends it.
fn channel(fields: &Fields<'_>) -> Option<&'static str> {
    let get = |field| fields.get(field);
    let lower = |field| get(field).unwrap_or_default().trim().to_lowercase();
    let page = get(Atomic::PageUrl).unwrap_or_default();
    if get(Atomic::MktClickid).is_some() && lower(Atomic::MktNetwork).contains("google") {
        return Some("paid search");
    }
    if let Some(channel) = channel::from_url(&page, None, None) {
        return Some(channel);
    }
    let (source, medium) = (lower(Atomic::MktSource), lower(Atomic::MktMedium));
    if !(source.is_empty() && medium.is_empty()) {
        return Some(channel::group(&source, &medium));
    }
    match lower(Atomic::ReferrerMedium).as_str() {
        "search" => return Some("organic search"),
        "social" => return Some("organic social"),
        "email" => return Some("email"),
        "paid" => return Some("paid other"),
        "internal" => return None,
        _ => {}
    }
    let referrer = get(Atomic::PageReferrer);
    let says_so = is_web(fields) && !page.is_empty();
    channel::from_url(&page, referrer.as_deref().or(says_so.then_some("")), None)
}

/// Device, system and browser: by the enrichment where it ran, else by the user agent, else by what an app says.
fn device<'a>(row: &mut RawRow<'a>, fields: &Fields<'a>, mobile: &Mobile<'a>, agent: Option<Agent>) {
    let get = |field| fields.get(field);
    // The HTTP library of an app or a server is no crawler.
    let agent = agent.filter(|agent| is_web(fields) || !agent.is_bot);
    if agent.is_some_and(|agent| agent.is_bot) {
        row.mark_program();
        row.set(Field::Device, "other");
        return;
    }
    let known = |field| get(field).filter(|text| !text.trim().eq_ignore_ascii_case("unknown"));
    let os_type = text(mobile.os_type);
    let named = agent.filter(|agent| agent.os.is_some());
    let is_mobile = get(Atomic::DeviceIsMobile).is_some_and(|flag| matches!(flag.as_ref(), "1" | "true"));
    if let Some(device) = known(Atomic::DeviceType) {
        row.set(Field::Device, device);
    } else if let Some(agent) = named {
        row.set(Field::Device, agent.device);
    } else if os_type.is_some() || is_mobile {
        let model = text(mobile.device_model).unwrap_or_default().to_ascii_lowercase();
        row.set(Field::Device, if model.trim().starts_with("ipad") { "tablet" } else { "mobile" });
    } else {
        row.set_some(Field::Device, agent.map(|agent| agent.device));
    }
    let os = agent.and_then(|agent| agent.os).map(Cow::Borrowed);
    row.set_some(Field::Os, os.or_else(|| known(Atomic::OsFamily)).or(os_type));
    let browser = agent.and_then(|agent| agent.browser).map(Cow::Borrowed);
    row.set_some(Field::Browser, browser.or_else(|| known(Atomic::BrowserFamily)));
}
