//! A checkout of `GET /admin/api/…/checkouts.json`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Text, joined};
use crate::format::few;
use crate::format::native_json::scalar;
use crate::format::shopify::sales_channel;
use crate::{channel, url};

type Scalar<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
pub(super) struct Checkout<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    token: Scalar<'a>,
    #[serde(borrow)]
    cart_token: Scalar<'a>,
    #[serde(borrow)]
    name: Scalar<'a>,
    #[serde(borrow)]
    email: Scalar<'a>,
    #[serde(borrow)]
    created_at: Scalar<'a>,
    #[serde(borrow)]
    updated_at: Scalar<'a>,
    #[serde(borrow)]
    completed_at: Scalar<'a>,
    #[serde(borrow)]
    currency: Scalar<'a>,
    #[serde(borrow)]
    total_price: Scalar<'a>,
    #[serde(borrow)]
    gateway: Scalar<'a>,
    #[serde(borrow)]
    source_name: Scalar<'a>,
    #[serde(borrow)]
    landing_site: Scalar<'a>,
    #[serde(borrow)]
    referring_site: Scalar<'a>,
    #[serde(borrow)]
    abandoned_checkout_url: Scalar<'a>,
    #[serde(borrow)]
    customer: Option<Customer<'a>>,
    #[serde(borrow)]
    shipping_address: Option<Address<'a>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    discount_codes: Option<Vec<Discount<'a>>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    shipping_lines: Option<Vec<ShippingLine<'a>>>,
    #[serde(borrow)]
    shipping_line: Option<ShippingLine<'a>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    line_items: Option<Vec<LineItem<'a>>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    email: Scalar<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    country_code: Scalar<'a>,
}

#[derive(Deserialize)]
struct Discount<'a> {
    #[serde(borrow)]
    code: Scalar<'a>,
}

#[derive(Deserialize)]
struct ShippingLine<'a> {
    #[serde(borrow)]
    title: Scalar<'a>,
    #[serde(borrow)]
    code: Scalar<'a>,
}

#[derive(Deserialize)]
struct LineItem<'a> {
    #[serde(borrow)]
    product_id: Scalar<'a>,
    #[serde(borrow)]
    sku: Scalar<'a>,
    #[serde(borrow)]
    title: Scalar<'a>,
    #[serde(borrow)]
    vendor: Scalar<'a>,
    #[serde(borrow)]
    quantity: Scalar<'a>,
    #[serde(borrow)]
    price: Scalar<'a>,
}

/// A value that is neither null nor blank. Objects and lists stand where Shopify never puts them: no value either.
fn text(value: Scalar<'_>) -> Text<'_> {
    value.and_then(|value| scalar(value).ok().flatten()).filter(|text| !text.trim().is_empty())
}

impl<'a> From<Checkout<'a>> for super::Checkout<'a> {
    fn from(checkout: Checkout<'a>) -> Self {
        let channel = channel(&checkout);
        let customer = checkout.customer.as_ref();
        let shipping = checkout.shipping_lines.unwrap_or_default().into_iter().next().or(checkout.shipping_line);
        let codes = checkout.discount_codes.unwrap_or_default().into_iter().filter_map(|discount| text(discount.code));
        Self {
            id: text(checkout.id).or_else(|| text(checkout.token)).unwrap_or_default(),
            name: text(checkout.name),
            cart_token: text(checkout.cart_token),
            customer_id: customer.and_then(|customer| text(customer.id)),
            email: text(checkout.email).or_else(|| customer.and_then(|customer| text(customer.email))),
            created_at: text(checkout.created_at),
            updated_at: text(checkout.updated_at),
            completed_at: text(checkout.completed_at),
            currency: text(checkout.currency),
            total: text(checkout.total_price),
            country: checkout.shipping_address.and_then(|address| text(address.country_code)),
            coupon: joined(codes.collect()),
            channel,
            has_shipping: shipping.is_some(),
            shipping_method: shipping.and_then(|line| text(line.title).or_else(|| text(line.code))),
            gateway: text(checkout.gateway),
            items: checkout.line_items.unwrap_or_default().into_iter().map(LineItem::item).collect(),
        }
    }
}

impl<'a> LineItem<'a> {
    fn item(self) -> super::Item<'a> {
        super::Item {
            product_id: text(self.sku).or_else(|| text(self.product_id)),
            name: text(self.title),
            brand: text(self.vendor),
            quantity: text(self.quantity),
            unit_price: text(self.price),
            currency: None,
        }
    }
}

/// The sales channel where it is not the online store; else what landing page and referrer tell of the visit.
fn channel<'a>(checkout: &Checkout<'a>) -> Text<'a> {
    if let Some(sales_channel) = text(checkout.source_name).and_then(|name| sales_channel(&name)) {
        return Some(sales_channel);
    }
    // A blank referrer says that there was none, a null that it is not known.
    let referrer = checkout.referring_site.and_then(|value| scalar(value).ok().flatten());
    let shop = text(checkout.abandoned_checkout_url).and_then(|address| url::host(&address));
    let landing = text(checkout.landing_site).unwrap_or_default();
    channel::from_url(&landing, referrer.as_deref(), shop.as_deref()).map(Cow::Borrowed)
}
