//! The fields of the event itself.

use std::borrow::Cow;

/// Fields of an enriched event. Fewer come from a pipeline too old or a line cut short.
pub(super) const COLUMNS: usize = 131;

/// A field that is read; the discriminant is its place in an enriched line, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Atomic {
    Platform = 1,
    CollectorTstamp = 3,
    Event = 5,
    EventId = 6,
    UserId = 12,
    DomainUserid = 15,
    NetworkUserid = 17,
    GeoCountry = 18,
    PageUrl = 29,
    PageReferrer = 31,
    PageUrlpath = 35,
    ReferrerMedium = 44,
    MktMedium = 47,
    MktSource = 48,
    Contexts = 52,
    SeAction = 54,
    UnstructEvent = 58,
    TrOrderid = 59,
    TrTotal = 61,
    TiOrderid = 67,
    TiSku = 68,
    TiName = 69,
    TiCategory = 70,
    TiPrice = 71,
    TiQuantity = 72,
    Useragent = 77,
    BrowserFamily = 79,
    OsFamily = 98,
    DeviceType = 101,
    DeviceIsMobile = 102,
    TrCurrency = 108,
    TiCurrency = 112,
    MktClickid = 116,
    MktNetwork = 117,
    DerivedContexts = 122,
    DomainSessionid = 123,
    DerivedTstamp = 124,
    EventName = 126,
    TrueTstamp = 130,
}

impl Atomic {
    /// Every field, with the name that Snowplow gives it.
    pub(super) const ALL: [(Self, &'static str); 39] = [
        (Self::Platform, "platform"),
        (Self::CollectorTstamp, "collector_tstamp"),
        (Self::Event, "event"),
        (Self::EventId, "event_id"),
        (Self::UserId, "user_id"),
        (Self::DomainUserid, "domain_userid"),
        (Self::NetworkUserid, "network_userid"),
        (Self::GeoCountry, "geo_country"),
        (Self::PageUrl, "page_url"),
        (Self::PageReferrer, "page_referrer"),
        (Self::PageUrlpath, "page_urlpath"),
        (Self::ReferrerMedium, "refr_medium"),
        (Self::MktMedium, "mkt_medium"),
        (Self::MktSource, "mkt_source"),
        (Self::Contexts, "contexts"),
        (Self::SeAction, "se_action"),
        (Self::UnstructEvent, "unstruct_event"),
        (Self::TrOrderid, "tr_orderid"),
        (Self::TrTotal, "tr_total"),
        (Self::TiOrderid, "ti_orderid"),
        (Self::TiSku, "ti_sku"),
        (Self::TiName, "ti_name"),
        (Self::TiCategory, "ti_category"),
        (Self::TiPrice, "ti_price"),
        (Self::TiQuantity, "ti_quantity"),
        (Self::Useragent, "useragent"),
        (Self::BrowserFamily, "br_family"),
        (Self::OsFamily, "os_family"),
        (Self::DeviceType, "dvce_type"),
        (Self::DeviceIsMobile, "dvce_ismobile"),
        (Self::TrCurrency, "tr_currency"),
        (Self::TiCurrency, "ti_currency"),
        (Self::MktClickid, "mkt_clickid"),
        (Self::MktNetwork, "mkt_network"),
        (Self::DerivedContexts, "derived_contexts"),
        (Self::DomainSessionid, "domain_sessionid"),
        (Self::DerivedTstamp, "derived_tstamp"),
        (Self::EventName, "event_name"),
        (Self::TrueTstamp, "true_tstamp"),
    ];

    /// The field of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }
}

/// An event's fields by their place.
pub(super) struct Fields<'a>([Option<Cow<'a, str>>; COLUMNS]);

impl Default for Fields<'_> {
    fn default() -> Self {
        Self([const { None }; COLUMNS])
    }
}

impl<'a> Fields<'a> {
    pub(super) fn set(&mut self, column: usize, text: Cow<'a, str>) {
        self.0[column] = (!text.trim().is_empty()).then_some(text);
    }

    /// A field's text; `None` where it is blank.
    pub(super) fn get(&self, field: Atomic) -> Option<Cow<'a, str>> {
        self.0[field as usize].clone()
    }

    /// A field that holds JSON, which is to outlive the fields; `None` where it is blank.
    pub(super) fn borrowed(&self, field: Atomic) -> Option<&'a str> {
        match &self.0[field as usize] {
            Some(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_the_enriched_line() {
        let places: Vec<usize> = Atomic::ALL.iter().map(|(field, _)| *field as usize).collect();
        assert!(places.is_sorted() && places.last() == Some(&(COLUMNS - 1)));
        // The last name of each block of the published header, counted there.
        for (name, place) in
            [("geo_country", 18), ("contexts", 52), ("ti_quantity", 72), ("dvce_type", 101), ("event_name", 126)]
        {
            assert_eq!(Atomic::named(name).map(|field| field as usize), Some(place), "{name}");
        }
    }
}
