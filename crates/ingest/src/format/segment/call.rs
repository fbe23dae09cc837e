//! The shape of a call. Values are kept as they are written; what is not named here is not read.
#![expect(clippy::struct_field_names, reason = "fields are named as in the calls")]

use serde::Deserialize;

use crate::format::commerce::Scalar;

/// The envelope that all calls share.
#[derive(Deserialize)]
pub(super) struct Call<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) call_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) event: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow, rename = "messageId")]
    pub(super) message_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Scalar<'a>,
    #[serde(borrow, rename = "anonymousId")]
    pub(super) anonymous_id: Scalar<'a>,
    #[serde(borrow, rename = "previousId")]
    pub(super) previous_id: Scalar<'a>,
    #[serde(borrow, rename = "userId")]
    pub(super) user_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) channel: Scalar<'a>,
    #[serde(borrow)]
    pub(super) context: Scalar<'a>,
    #[serde(borrow)]
    pub(super) properties: Scalar<'a>,
}

/// Properties of the e-commerce spec, version 2 and, where they differ, version 1.
#[derive(Default, Deserialize)]
pub(super) struct Properties<'a> {
    #[serde(borrow)]
    pub(super) product_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) sku: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) category: Scalar<'a>,
    #[serde(borrow)]
    pub(super) brand: Scalar<'a>,
    #[serde(borrow)]
    pub(super) price: Scalar<'a>,
    #[serde(borrow)]
    pub(super) quantity: Scalar<'a>,
    #[serde(borrow)]
    pub(super) products: Scalar<'a>,
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
    #[serde(borrow)]
    pub(super) order_id: Scalar<'a>,
    #[serde(borrow, rename = "orderId")]
    pub(super) order_id_v1: Scalar<'a>,
    #[serde(borrow)]
    pub(super) revenue: Scalar<'a>,
    #[serde(borrow)]
    pub(super) subtotal: Scalar<'a>,
    #[serde(borrow)]
    pub(super) total: Scalar<'a>,
    #[serde(borrow)]
    pub(super) value: Scalar<'a>,
    #[serde(borrow)]
    pub(super) step: Scalar<'a>,
    #[serde(borrow)]
    pub(super) payment_method: Scalar<'a>,
    #[serde(borrow)]
    pub(super) shipping_method: Scalar<'a>,
    #[serde(borrow)]
    pub(super) coupon: Scalar<'a>,
    #[serde(borrow)]
    pub(super) coupon_name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) coupon_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) error_code: Scalar<'a>,
    #[serde(borrow)]
    pub(super) error_message: Scalar<'a>,
    #[serde(borrow)]
    pub(super) http_status: Scalar<'a>,
    #[serde(borrow)]
    pub(super) latency_ms: Scalar<'a>,
    #[serde(borrow)]
    pub(super) rating: Scalar<'a>,
    #[serde(borrow)]
    pub(super) review_body: Scalar<'a>,
    #[serde(borrow)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow)]
    pub(super) path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) referrer: Scalar<'a>,
}

/// A product in a list of them. `id` is version 1's name for `product_id`.
#[derive(Default, Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) product_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) sku: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) category: Scalar<'a>,
    #[serde(borrow)]
    pub(super) brand: Scalar<'a>,
    #[serde(borrow)]
    pub(super) price: Scalar<'a>,
    #[serde(borrow)]
    pub(super) quantity: Scalar<'a>,
    #[serde(borrow)]
    pub(super) coupon: Scalar<'a>,
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
}

/// What the library knows about page, device and campaign. Shops put things of their own here, so each part is read by
/// itself and may be anything.
#[derive(Default, Deserialize)]
pub(super) struct Context<'a> {
    #[serde(borrow, rename = "sessionId")]
    pub(super) session_id: Scalar<'a>,
    #[serde(borrow, rename = "userAgent")]
    pub(super) user_agent: Scalar<'a>,
    #[serde(borrow)]
    pub(super) page: Scalar<'a>,
    #[serde(borrow)]
    pub(super) campaign: Scalar<'a>,
    #[serde(borrow)]
    pub(super) device: Scalar<'a>,
    #[serde(borrow)]
    pub(super) os: Scalar<'a>,
    #[serde(borrow)]
    pub(super) app: Scalar<'a>,
    #[serde(borrow)]
    pub(super) location: Scalar<'a>,
}

/// The page on which it happened.
#[derive(Default, Deserialize)]
pub(super) struct Page<'a> {
    #[serde(borrow)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow)]
    pub(super) path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) search: Scalar<'a>,
    #[serde(borrow)]
    pub(super) referrer: Scalar<'a>,
    /// `RudderStack`'s: where the visitor came from at first.
    #[serde(borrow)]
    pub(super) initial_referrer: Scalar<'a>,
}

/// The parameters `utm_source` and `utm_medium` of the page.
#[derive(Default, Deserialize)]
pub(super) struct Campaign<'a> {
    #[serde(borrow)]
    pub(super) source: Scalar<'a>,
    #[serde(borrow)]
    pub(super) medium: Scalar<'a>,
}

/// An app's device.
#[derive(Default, Deserialize)]
pub(super) struct Device<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) device_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) model: Scalar<'a>,
}

/// A part of which only name, version or country is wanted.
#[derive(Default, Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) version: Scalar<'a>,
    #[serde(borrow)]
    pub(super) country: Scalar<'a>,
}
