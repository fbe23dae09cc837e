//! Google Analytics 4, as `bq extract` writes its daily tables: one object per event, integers as text, nulls left out.
//!
//! As in GA4 itself, the revenue of a purchase is without shipping, which stands beside it. What GA4 has no name for
//! (`checkout_error`, `feedback`, `support_contact`, `contact`) is a custom event with custom parameters.

mod params;
mod shape;

use crate::{
    calendar::{self, DAY},
    delivery::Damage,
    event::{Agent, Event, Item, Kind, Money, Visit, VisitorId},
    rng::{mix, whole},
    write::{MISSING_TS, NO_IDENTITY, json, truncate},
};
use shape::{Device, Ecommerce, Geo, Int, Line, Privacy, Record, TrafficSource, UNSET, WebInfo};

/// Dollars per euro in the `_in_usd` columns, as in the shop's own settings.
const DOLLARS: f64 = 1.09;

const STREAM: &str = "2300000001";
const HOST: &str = "shop.example";

/// First touches lie in the half year that begins here (2025-06-01).
const FIRST_TOUCH: i64 = 1_748_736_000_000_000;

/// Appends the event.
pub(crate) fn write(event: &Event, out: &mut Vec<u8>) -> u64 {
    json::extract(&record(event), out);
    1
}

/// Appends a broken copy. Prices and quantities sit inside of items, so there it is the line that breaks.
pub(crate) fn write_broken(event: &Event, damage: Damage, out: &mut Vec<u8>) -> &'static str {
    let mut record = record(event);
    let reason = match damage {
        Damage::Time => {
            record.event_timestamp = None;
            MISSING_TS
        }
        Damage::Identity => {
            record.user_pseudo_id = None;
            record.user_id = None;
            NO_IDENTITY
        }
        Damage::Price | Damage::Quantity | Damage::Kind => {
            let start = out.len();
            json::extract(&record, out);
            return truncate(out, start);
        }
    };
    json::extract(&record, out);
    reason
}

fn record(event: &Event) -> Record<'_> {
    let visit = &*event.visit;
    let value = params::value(event);
    Record {
        event_date: calendar::date(event.ts).format("%Y%m%d").to_string(),
        event_timestamp: Some(Int(event.ts)),
        event_name: event.kind.as_str(),
        event_params: params::of(event),
        event_bundle_sequence_id: Int(mix(event.id.0).cast_signed() >> 20),
        user_pseudo_id: visit.visitor.map(|visitor| visitor.to_string()),
        privacy_info: Privacy { analytics_storage: "Yes", ads_storage: "Yes", uses_transient_token: "No" },
        user_properties: [],
        user_first_touch_timestamp: visit.visitor.map(|visitor| first_touch(visitor, event.ts)),
        device: visit.agent.map(|agent| device(agent, visit.country)),
        geo: visit.country.map(geo),
        traffic_source: visit.session.and(visit.channel).map(traffic_source),
        stream_id: STREAM,
        platform: "WEB",
        user_id: visit.customer.map(|customer| customer.to_string()),
        event_value_in_usd: value.map(dollars),
        ecommerce: ecommerce(event),
        items: event.items.iter().map(|item| line(event, item)).collect(),
        is_active_user: true,
        batch_event_index: Int(1),
        batch_page_id: Int(event.ts / 1_000),
        batch_ordering_id: Int(1),
    }
}

fn first_touch(visitor: VisitorId, now: i64) -> Int {
    let days = (mix(visitor.0) % 180).cast_signed();
    Int((FIRST_TOUCH + days * DAY).min(now))
}

fn dollars(amount: Money) -> f64 {
    Money(whole(amount.0 as f64 * DOLLARS)).euros()
}

fn ecommerce(event: &Event) -> Option<Ecommerce> {
    let order = event.order?;
    let is_refund = event.kind == Kind::Refund;
    let revenue = (!is_refund).then_some(order.goods);
    let refund = event.order_value.filter(|_| is_refund);
    let shipping = (!is_refund).then_some(order.shipping);
    let pieces: u32 = event.items.iter().map(|item| item.quantity).sum();
    Some(Ecommerce {
        total_item_quantity: Int(i64::from(pieces)),
        purchase_revenue_in_usd: revenue.map(dollars),
        purchase_revenue: revenue,
        refund_value_in_usd: refund.map(dollars),
        refund_value: refund,
        shipping_value_in_usd: shipping.map(dollars),
        shipping_value: shipping,
        tax_value: Money(0),
        unique_items: Int(event.items.iter().zip(1..).last().map_or(0, |(_, count)| count)),
        transaction_id: order.id.to_string(),
    })
}

fn line<'e>(event: &Event, item: &'e Item) -> Line<'e> {
    let product = &*item.product;
    let amount = |kind| item.price.filter(|_| event.kind == kind).map(|price| price.times(item.quantity));
    let (revenue, refund) = (amount(Kind::Purchase), amount(Kind::Refund));
    Line {
        item_id: &product.sku,
        item_name: &product.name,
        item_brand: product.brand,
        item_variant: UNSET,
        item_category: product.category,
        item_category2: product.subcategory,
        price_in_usd: item.price.map(dollars),
        price: item.price,
        quantity: Int(i64::from(item.quantity)),
        item_revenue_in_usd: revenue.map(dollars),
        item_revenue: revenue,
        item_refund_in_usd: refund.map(dollars),
        item_refund: refund,
        coupon: event.coupon.unwrap_or(UNSET),
        item_list_name: UNSET,
        item_list_index: UNSET,
        item_params: [],
    }
}

fn device(agent: Agent, country: Option<&'static str>) -> Device {
    let (brand, model) = match (agent.device, agent.os) {
        ("mobile", "iOS") => ("Apple", "iPhone"),
        ("tablet", "iOS") => ("Apple", "iPad"),
        ("desktop", "macOS") => ("Apple", "Macintosh"),
        ("desktop", _) => ("(not set)", "(not set)"),
        _ => ("Samsung", "<Other>"),
    };
    let version = match agent.os {
        "iOS" => "17.5",
        "Android" => "14",
        "Windows" => "10",
        "macOS" => "14.4",
        _ => UNSET,
    };
    let browser_version = match agent.browser {
        "Safari" => "17.5",
        "Firefox" => "126.0",
        _ => "125.0.0.0",
    };
    Device {
        category: agent.device,
        mobile_brand_name: brand,
        mobile_model_name: model,
        mobile_marketing_name: "<Other>",
        operating_system: if agent.os == "macOS" { "MacOS" } else { agent.os },
        operating_system_version: version,
        language: match country {
            Some("FR") => "fr-fr",
            Some("NL" | "BE") => "nl-nl",
            Some("ES") => "es-es",
            Some("IT") => "it-it",
            _ => "de-de",
        },
        is_limited_ad_tracking: "No",
        web_info: WebInfo { browser: agent.browser, browser_version, hostname: HOST },
    }
}

fn geo(country: &'static str) -> Geo {
    let (region, name) = match country {
        "DE" => ("Western Europe", "Germany"),
        "AT" => ("Western Europe", "Austria"),
        "NL" => ("Western Europe", "Netherlands"),
        "FR" => ("Western Europe", "France"),
        "BE" => ("Western Europe", "Belgium"),
        "LU" => ("Western Europe", "Luxembourg"),
        "ES" => ("Southern Europe", "Spain"),
        "IT" => ("Southern Europe", "Italy"),
        other => ("(not set)", other),
    };
    Geo { continent: "Europe", sub_continent: region, country: name, region: "", city: "", metro: UNSET }
}

/// Source and medium of a channel.
fn source(channel: &str) -> (&'static str, &'static str) {
    match channel {
        "organic_search" => ("google", "organic"),
        "paid_search" => ("google", "cpc"),
        "social" => ("instagram", "social"),
        "paid_social" => ("instagram", "paid_social"),
        "email" => ("newsletter", "email"),
        "referral" => ("blog.example", "referral"),
        "affiliate" => ("partner", "affiliate"),
        _ => ("(direct)", "(none)"),
    }
}

fn traffic_source(channel: &str) -> TrafficSource {
    let (source, medium) = source(channel);
    TrafficSource { name: if medium == "(none)" { "(direct)" } else { UNSET }, medium, source }
}

/// Session number and identifier are parameters; the identifier is the second in which the session began.
fn session_second(visit: &Visit) -> Option<i64> {
    visit.session.map(|session| session.started_at.div_euclid(calendar::SECOND))
}
