//! Self-describing objects: what is attached to an event, and what an event without a field of its own is.
#![expect(clippy::struct_field_names, reason = "fields are named as in the schemas")]

use serde::Deserialize;

use super::{Data, Reject};
use crate::format::commerce::{self, Scalar};

/// A schema that is read, in its first model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Schema {
    Action,
    Product,
    Cart,
    CheckoutStep,
    Transaction,
    Refund,
    TransactionError,
    User,
    Session,
    Mobile,
    Application,
    LegacyAdd,
    LegacyRemove,
    SiteSearch,
    ScreenView,
}

const SCHEMAS: usize = Schema::ScreenView as usize + 1;

impl Schema {
    /// Vendor, name, and the SDKs' key without its prefix.
    const ALL: [(Self, &'static str, &'static str, &'static str); SCHEMAS] = [
        (
            Self::Action,
            ECOMMERCE,
            "snowplow_ecommerce_action",
            "com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1",
        ),
        (Self::Product, ECOMMERCE, "product", "com_snowplowanalytics_snowplow_ecommerce_product_1"),
        (Self::Cart, ECOMMERCE, "cart", "com_snowplowanalytics_snowplow_ecommerce_cart_1"),
        (Self::CheckoutStep, ECOMMERCE, "checkout_step", "com_snowplowanalytics_snowplow_ecommerce_checkout_step_1"),
        (Self::Transaction, ECOMMERCE, "transaction", "com_snowplowanalytics_snowplow_ecommerce_transaction_1"),
        (Self::Refund, ECOMMERCE, "refund", "com_snowplowanalytics_snowplow_ecommerce_refund_1"),
        (
            Self::TransactionError,
            ECOMMERCE,
            "transaction_error",
            "com_snowplowanalytics_snowplow_ecommerce_transaction_error_1",
        ),
        (Self::User, ECOMMERCE, "user", "com_snowplowanalytics_snowplow_ecommerce_user_1"),
        (Self::Session, SNOWPLOW, "client_session", "com_snowplowanalytics_snowplow_client_session_1"),
        (Self::Mobile, SNOWPLOW, "mobile_context", "com_snowplowanalytics_snowplow_mobile_context_1"),
        (Self::Application, MOBILE, "application", "com_snowplowanalytics_mobile_application_1"),
        (Self::LegacyAdd, SNOWPLOW, "add_to_cart", "com_snowplowanalytics_snowplow_add_to_cart_1"),
        (Self::LegacyRemove, SNOWPLOW, "remove_from_cart", "com_snowplowanalytics_snowplow_remove_from_cart_1"),
        (Self::SiteSearch, SNOWPLOW, "site_search", "com_snowplowanalytics_snowplow_site_search_1"),
        (Self::ScreenView, MOBILE, "screen_view", "com_snowplowanalytics_mobile_screen_view_1"),
    ];

    /// The schema of an address such as `iglu:com.acme/thing/jsonschema/1-0-2`; additions and revisions read alike.
    pub(super) fn at(address: &str) -> Option<Self> {
        let mut parts = address.strip_prefix("iglu:")?.split('/');
        let (vendor, name, version) = (parts.next()?, parts.next()?, parts.nth(1)?);
        let is_first = version.split('-').next() == Some("1");
        let found = Self::ALL.iter().find(|schema| is_first && schema.1 == vendor && schema.2 == name)?;
        Some(found.0)
    }

    /// The schema of an SDK's key, without its prefix `contexts_` or `unstruct_event_`.
    pub(super) fn keyed(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|schema| schema.3 == key).map(|schema| schema.0)
    }

    const fn name(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

const ECOMMERCE: &str = "com.snowplowanalytics.snowplow.ecommerce";
const SNOWPLOW: &str = "com.snowplowanalytics.snowplow";
const MOBILE: &str = "com.snowplowanalytics.mobile";

/// What is attached to an event, unread.
#[derive(Default)]
pub(super) struct Entities<'a> {
    first: [Option<Data<'a>>; SCHEMAS],
    products: Vec<Data<'a>>,
}

impl<'a> Entities<'a> {
    /// Adds an object. Of all but products the first one counts: an event has one.
    pub(super) fn add(&mut self, schema: Schema, data: Data<'a>) {
        if schema == Schema::Product {
            self.products.push(data);
        }
        self.first[schema as usize].get_or_insert(data);
    }

    pub(super) fn has(&self, schema: Schema) -> bool {
        self.first[schema as usize].is_some()
    }

    /// The object of a schema; an empty one where there is none.
    pub(super) fn read<T: Default + Deserialize<'a>>(&self, schema: Schema) -> Result<T, Reject> {
        self.first[schema as usize].map_or_else(|| Ok(T::default()), |data| read(schema, data))
    }

    /// All products, in their order.
    pub(super) fn products(&self) -> Result<Vec<Product<'a>>, Reject> {
        self.products.iter().map(|data| read(Schema::Product, data)).collect()
    }
}

fn read<'a, T: Deserialize<'a>>(schema: Schema, data: Data<'a>) -> Result<T, Reject> {
    commerce::object(schema.name(), data)
}

#[derive(Default, Deserialize)]
pub(super) struct Action<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) action_type: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
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
    pub(super) currency: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Cart<'a> {
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
}

/// Of the address nothing is kept but that it was given.
#[derive(Default, Deserialize)]
pub(super) struct CheckoutStep<'a> {
    #[serde(borrow)]
    pub(super) step: Scalar<'a>,
    #[serde(borrow)]
    pub(super) delivery_provider: Scalar<'a>,
    #[serde(borrow)]
    pub(super) delivery_method: Scalar<'a>,
    #[serde(borrow)]
    pub(super) shipping_postcode: Scalar<'a>,
    #[serde(borrow)]
    pub(super) shipping_full_address: Scalar<'a>,
    #[serde(borrow)]
    pub(super) coupon_code: Scalar<'a>,
    #[serde(borrow)]
    pub(super) payment_method: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Transaction<'a> {
    #[serde(borrow)]
    pub(super) transaction_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) revenue: Scalar<'a>,
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
    #[serde(borrow)]
    pub(super) payment_method: Scalar<'a>,
    #[serde(borrow)]
    pub(super) discount_code: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) transaction_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
    #[serde(borrow)]
    pub(super) refund_amount: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct TransactionError<'a> {
    #[serde(borrow)]
    pub(super) error_code: Scalar<'a>,
    #[serde(borrow)]
    pub(super) error_shortcode: Scalar<'a>,
    #[serde(borrow)]
    pub(super) error_description: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct User<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) is_guest: Scalar<'a>,
}

/// The visit of an app's user.
#[derive(Default, Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow, rename = "userId")]
    pub(super) user_id: Scalar<'a>,
    #[serde(borrow, rename = "sessionId")]
    pub(super) session_id: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Mobile<'a> {
    #[serde(borrow, rename = "osType")]
    pub(super) os_type: Scalar<'a>,
    #[serde(borrow, rename = "deviceModel")]
    pub(super) device_model: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Application<'a> {
    #[serde(borrow)]
    pub(super) version: Scalar<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct ScreenView<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
}

/// What `trackAddToCart` and `trackRemoveFromCart` sent before there were e-commerce actions.
#[derive(Default, Deserialize)]
pub(super) struct LegacyItem<'a> {
    #[serde(borrow)]
    pub(super) sku: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) category: Scalar<'a>,
    #[serde(borrow, rename = "unitPrice")]
    pub(super) unit_price: Scalar<'a>,
    #[serde(borrow)]
    pub(super) quantity: Scalar<'a>,
    #[serde(borrow)]
    pub(super) currency: Scalar<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_found_by_its_address_and_by_its_key() {
        for (place, (schema, vendor, name, key)) in Schema::ALL.into_iter().enumerate() {
            assert_eq!(schema as usize, place);
            assert_eq!(Schema::at(&format!("iglu:{vendor}/{name}/jsonschema/1-0-2")), Some(schema));
            assert_eq!(key, format!("{}_{name}_1", vendor.replace('.', "_")));
            assert_eq!(Schema::keyed(key), Some(schema));
        }
    }

    #[test]
    fn another_model_is_another_schema() {
        assert_eq!(Schema::at(&format!("iglu:{ECOMMERCE}/product/jsonschema/2-0-0")), None);
        assert_eq!(Schema::at(&format!("{ECOMMERCE}/product/jsonschema/1-0-0")), None);
        assert_eq!(Schema::keyed("com_snowplowanalytics_snowplow_ecommerce_product_2"), None);
    }
}
