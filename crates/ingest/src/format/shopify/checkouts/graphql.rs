//! An `AbandonedCheckout` of the GraphQL admin API. It names neither cart, gateway, shipping method nor referrer.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Text, joined, number};
use crate::format::few;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkout<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    updated_at: Text<'a>,
    #[serde(borrow)]
    completed_at: Text<'a>,
    #[serde(borrow)]
    customer: Option<Customer<'a>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    discount_codes: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow)]
    total_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow)]
    shipping_address: Option<Address<'a>>,
    #[serde(borrow)]
    line_items: Option<Connection<'a>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    email: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow, alias = "countryCode")]
    country_code_v2: Text<'a>,
}

/// An amount in the shop's currency and in the customer's; the first is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MoneyBag<'a> {
    #[serde(borrow)]
    shop_money: Option<Money<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money<'a> {
    #[serde(borrow)]
    amount: Text<'a>,
    #[serde(borrow)]
    currency_code: Text<'a>,
}

/// A list as `nodes` or as `edges`, whichever was asked for.
#[derive(Deserialize)]
struct Connection<'a> {
    #[serde(borrow, default, deserialize_with = "few::few")]
    nodes: Option<Vec<LineItem<'a>>>,
    #[serde(borrow, default, deserialize_with = "few::few")]
    edges: Option<Vec<Edge<'a>>>,
}

#[derive(Deserialize)]
struct Edge<'a> {
    #[serde(borrow)]
    node: LineItem<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineItem<'a> {
    #[serde(borrow)]
    sku: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    quantity: Option<i64>,
    #[serde(borrow)]
    original_unit_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow)]
    product: Option<Product<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    vendor: Text<'a>,
}

fn given(text: Text<'_>) -> Text<'_> {
    text.filter(|text| !text.trim().is_empty())
}

fn money(bag: Option<MoneyBag<'_>>) -> (Text<'_>, Text<'_>) {
    bag.and_then(|bag| bag.shop_money).map_or((None, None), |money| (given(money.amount), given(money.currency_code)))
}

impl<'a> From<Checkout<'a>> for super::Checkout<'a> {
    fn from(checkout: Checkout<'a>) -> Self {
        let (total, currency) = money(checkout.total_price_set);
        let (customer, email) =
            checkout.customer.map_or((None, None), |customer| (given(customer.id), given(customer.email)));
        let country = checkout.shipping_address.map(|address| given(address.country_code_v2));
        let lines = checkout.line_items.map_or_else(Vec::new, |lines| {
            let of_edges = lines.edges.unwrap_or_default().into_iter().map(|edge| edge.node);
            lines.nodes.unwrap_or_default().into_iter().chain(of_edges).collect()
        });
        Self {
            id: given(checkout.id).map(number).unwrap_or_default(),
            name: given(checkout.name),
            customer_id: customer.map(number),
            email,
            created_at: given(checkout.created_at),
            updated_at: given(checkout.updated_at),
            completed_at: given(checkout.completed_at),
            currency,
            total,
            has_shipping: country.is_some(),
            country: country.flatten(),
            coupon: joined(checkout.discount_codes.unwrap_or_default()),
            items: lines.into_iter().map(LineItem::item).collect(),
            ..Self::default()
        }
    }
}

impl<'a> LineItem<'a> {
    fn item(self) -> super::Item<'a> {
        let (unit_price, currency) = money(self.original_unit_price_set);
        let (id, brand) = self.product.map_or((None, None), |product| (given(product.id), given(product.vendor)));
        super::Item {
            product_id: given(self.sku).or_else(|| id.map(number)),
            name: given(self.title),
            brand,
            quantity: self.quantity.map(|quantity| Cow::Owned(quantity.to_string())),
            unit_price,
            currency,
        }
    }
}
