//! The columns of the export, in the order of its schema.

use serde::{Serialize, Serializer};

use crate::event::Money;

/// What GA4 writes where nothing was set.
pub(crate) const UNSET: &str = "(not set)";

/// An INT64, which an extract writes as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int(pub(crate) i64);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
pub(crate) struct Record<'e> {
    pub(crate) event_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_timestamp: Option<Int>,
    pub(crate) event_name: &'static str,
    pub(crate) event_params: Vec<Param>,
    pub(crate) event_bundle_sequence_id: Int,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_pseudo_id: Option<String>,
    pub(crate) privacy_info: Privacy,
    pub(crate) user_properties: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_first_touch_timestamp: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<Device>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) geo: Option<Geo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traffic_source: Option<TrafficSource>,
    pub(crate) stream_id: &'static str,
    pub(crate) platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_value_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ecommerce: Option<Ecommerce>,
    pub(crate) items: Vec<Line<'e>>,
    pub(crate) is_active_user: bool,
    pub(crate) batch_event_index: Int,
    pub(crate) batch_page_id: Int,
    pub(crate) batch_ordering_id: Int,
}

#[derive(Serialize)]
pub(crate) struct Param {
    pub(crate) key: &'static str,
    pub(crate) value: Value,
}

#[derive(Serialize)]
pub(crate) enum Value {
    #[serde(rename = "string_value")]
    Text(String),
    #[serde(rename = "int_value")]
    Int(Int),
    #[serde(rename = "double_value")]
    Double(f64),
}

#[derive(Serialize)]
pub(crate) struct Privacy {
    pub(crate) analytics_storage: &'static str,
    pub(crate) ads_storage: &'static str,
    pub(crate) uses_transient_token: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Device {
    pub(crate) category: &'static str,
    pub(crate) mobile_brand_name: &'static str,
    pub(crate) mobile_model_name: &'static str,
    pub(crate) mobile_marketing_name: &'static str,
    pub(crate) operating_system: &'static str,
    pub(crate) operating_system_version: &'static str,
    pub(crate) language: &'static str,
    pub(crate) is_limited_ad_tracking: &'static str,
    pub(crate) web_info: WebInfo,
}

#[derive(Serialize)]
pub(crate) struct WebInfo {
    pub(crate) browser: &'static str,
    pub(crate) browser_version: &'static str,
    pub(crate) hostname: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Geo {
    pub(crate) continent: &'static str,
    pub(crate) sub_continent: &'static str,
    pub(crate) country: &'static str,
    pub(crate) region: &'static str,
    pub(crate) city: &'static str,
    pub(crate) metro: &'static str,
}

#[derive(Serialize)]
pub(crate) struct TrafficSource {
    pub(crate) name: &'static str,
    pub(crate) medium: &'static str,
    pub(crate) source: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Ecommerce {
    pub(crate) total_item_quantity: Int,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purchase_revenue_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purchase_revenue: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refund_value_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refund_value: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_value_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_value: Option<Money>,
    pub(crate) tax_value: Money,
    pub(crate) unique_items: Int,
    pub(crate) transaction_id: String,
}

#[derive(Serialize)]
pub(crate) struct Line<'e> {
    pub(crate) item_id: &'e str,
    pub(crate) item_name: &'e str,
    pub(crate) item_brand: &'static str,
    pub(crate) item_variant: &'static str,
    pub(crate) item_category: &'static str,
    pub(crate) item_category2: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Money>,
    pub(crate) quantity: Int,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_revenue_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_revenue: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_refund_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_refund: Option<Money>,
    pub(crate) coupon: &'static str,
    pub(crate) item_list_name: &'static str,
    pub(crate) item_list_index: &'static str,
    pub(crate) item_params: [(); 0],
}
